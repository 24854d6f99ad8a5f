//! Access logs: how they are named and identified.
//!
//! Specification: `docs/spec.md`, section 12. What their entries may be is in `entry` and `replay`.

use crate::{digest::frame_digest, id::RoomId, name::Org, rules::RoomState};

/// Begins the name of every access log, and of no room.
pub const ACCESS_PREFIX: &str = "access/";

/// The name of an organisation's access log.
pub fn access_log_name(org: &Org) -> String {
    format!("{ACCESS_PREFIX}{}", org.as_str())
}

/// The organisation whose access log has this name; `None` if it is not the name of one.
pub fn access_log_org(name: &str) -> Option<Org> {
    name.strip_prefix(ACCESS_PREFIX)?.parse().ok()
}

/// The id of an organisation's access log; `home` is the party's own room, or else the chamber.
pub fn access_log_id(home: RoomId, org: &Org) -> RoomId {
    RoomId(frame_digest(&[b"tearline/v1/access", home.as_bytes(), org.as_str().as_bytes()]))
}

/// The room whose charter holds the keys of an access log: of these, the one that its name and id name.
pub fn access_log_home<'a>(rooms: &'a [RoomState], name: &str, log: RoomId) -> Option<&'a RoomState> {
    let org = access_log_org(name)?;
    rooms.iter().find(|room| {
        let may_be = room.name().is_chamber() || room.name().as_str() == org.as_str();
        may_be && access_log_id(room.room(), &org) == log
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn an_access_log_is_named_for_its_organisation() {
        let org: Org = "drc".parse().unwrap();
        assert_eq!(access_log_name(&org), "access/drc");
        assert_eq!(access_log_org("access/drc"), Some(org));
        assert_eq!(access_log_org("access/"), None);
        assert_eq!(access_log_org("access/Drc"), None);
        assert_eq!(access_log_org("drc"), None);
    }

    #[test]
    fn the_id_of_an_access_log_is_the_hash_of_home_and_organisation() {
        let id = access_log_id(RoomId(Digest([7; 32])), &"drc".parse().unwrap());
        assert_eq!(id.to_string(), "9b845720615603fd0869c1443795dc723f363c9a403a8841ddda2c59a8878bca");
    }
}
