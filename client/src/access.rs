//! The access logs that are here, and their records as they are asked for.
//!
//! A record means that the server was about to send; whether somebody read it cannot be known. The logs are
//! the server's word alone. Which there are follows from the rooms that they belong to; whose this desk may
//! read is the server's to say, and what it does not hand over is not here.

use tearline_ledger::{
    access::{ACCESS_PREFIX, access_log_id, access_log_name},
    entry::{AccessRecord, Body},
    id::RoomId,
    name::{MemberName, Org, Role, RoomName},
};

use crate::{
    desk::{Desk, Room},
    error::Error,
    find::span::Span,
    refs::EntryRef,
    replica::Replica,
};

/// Of one organisation.
#[derive(Debug)]
pub struct AccessLog {
    /// Whose members were served.
    pub org: Org,
    /// The verified copy.
    pub replica: Replica,
}

/// Every access log that was fetched, by organisation.
pub fn logs(desk: &Desk, rooms: &[Room]) -> Result<Vec<AccessLog>, Error> {
    let mut out = Vec::new();
    for room in rooms {
        for org in at_home(desk, room)? {
            let id = access_log_id(room.replica.room(), &org);
            // Opening makes the folder; none is made of a log that the server did not hand over.
            if desk.profile().access_dir(id).is_dir() {
                let replica = desk.access_log(id, &access_log_name(&org), &room.replica)?;
                out.push(AccessLog { org, replica });
            }
        }
    }
    out.sort_by(|one, other| one.org.cmp(&other.org));
    Ok(out)
}

/// The organisations whose access log this room is the home of: in a party's own room the party; in the
/// chamber all others that ever had a desk in it.
fn at_home(desk: &Desk, room: &Room) -> Result<Vec<Org>, Error> {
    let replica = &room.replica;
    let Ok(state) = replica.state() else { return Ok(Vec::new()) };
    if !room.name()?.is_chamber() {
        return Ok(state.constitution().own_room_of().into_iter().cloned().collect());
    }
    let mut orgs = Vec::new();
    for index in replica.charter_indices() {
        let charter = replica.charter_at(index).map_err(|error| desk.alarmed(replica.room(), error))?;
        let members = charter.members.iter().filter(|member| member.name.role() != Role::Party);
        orgs.extend(members.map(|member| member.name.org().clone()));
    }
    orgs.sort();
    orgs.dedup();
    Ok(orgs)
}

/// A record where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Whose log it is in.
    pub org: Org,
    /// Its index there.
    pub index: u64,
    /// When it was made, in seconds since 1970.
    pub at: u64,
    /// Who was about to be sent what.
    pub record: AccessRecord,
    /// The room's name; `None` if this desk does not know the room.
    pub room: Option<RoomName>,
}

impl Access {
    /// Where it stands, as in `access/drc#12`.
    pub fn place(&self) -> String {
        format!("{}#{}", access_log_name(&self.org), self.index)
    }
}

/// Why no records can be asked for so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// There is none of this organisation, or none that this desk may read: nobody is told which.
    #[error("no access log of {} is here; {here}", org.escape_debug())]
    NoLog {
        /// As typed.
        org: String,
        /// Those that are.
        here: String,
    },
    /// Not a desk.
    #[error("`{}` is no desk: write ORG/MEMBER, as in drc/liaison", .0.escape_debug())]
    Desk(String),
    /// Not a room known here.
    #[error("no room named {} is known here: see `tearline status`", .0.escape_debug())]
    Room(String),
}

/// As it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Whose log; all that are here if it is absent.
    pub org: Option<String>,
    /// One desk, as in `drc/liaison`.
    pub member: Option<String>,
    /// Room names.
    pub rooms: Vec<String>,
    /// An entry that must have been among what was served.
    pub entry: Option<EntryRef>,
    /// When.
    pub span: Span,
}

/// Which records are let through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    org: Option<Org>,
    member: Option<String>,
    rooms: Vec<RoomId>,
    entry: Option<(RoomId, u64)>,
    span: Span,
}

impl Filter {
    /// The filter that was asked for, of the logs and rooms that are here.
    pub fn new(asked: &Asked, logs: &[AccessLog], rooms: &[(RoomId, RoomName)]) -> Result<Self, AccessError> {
        let log = |typed: &str| {
            let name = typed.strip_prefix(ACCESS_PREFIX).unwrap_or(typed);
            let found = logs.iter().find(|log| log.org.as_str() == name);
            found
                .map(|log| log.org.clone())
                .ok_or_else(|| AccessError::NoLog { org: typed.to_owned(), here: here(logs) })
        };
        let room = |name: &str| {
            let found = rooms.iter().find(|(_, other)| other.as_str() == name);
            found.map(|(id, _)| *id).ok_or_else(|| AccessError::Room(name.to_owned()))
        };
        let of_member = |typed: &String| match typed.split_once('/') {
            Some((org, member)) if !member.is_empty() && !member.contains('/') => log(org),
            _ => Err(AccessError::Desk(typed.clone())),
        };
        let org = asked.org.as_deref().map(log).transpose()?;
        let of_member = asked.member.as_ref().map(of_member).transpose()?;
        let entry = asked.entry.as_ref();
        Ok(Self {
            org: org.or(of_member),
            member: asked.member.clone(),
            rooms: asked.rooms.iter().map(|name| room(name)).collect::<Result<_, _>>()?,
            entry: entry.map(|it| room(it.room.as_str()).map(|room| (room, it.index))).transpose()?,
            span: asked.span,
        })
    }

    /// Whether it asks for this organisation's log.
    pub fn wants(&self, log: &AccessLog) -> bool {
        self.org.as_ref().is_none_or(|org| *org == log.org)
    }

    fn lets(&self, at: u64, record: &AccessRecord) -> bool {
        let holds = |(room, index): (RoomId, u64)| {
            record.room == room && index.checked_sub(record.first).is_some_and(|ahead| ahead < record.count)
        };
        self.span.holds(at)
            && self.member.as_ref().is_none_or(|member| record.member.desk() == member)
            && (self.rooms.is_empty() || self.rooms.contains(&record.room))
            && self.entry.is_none_or(holds)
    }
}

fn here(logs: &[AccessLog]) -> String {
    let names: Vec<&str> = logs.iter().map(|log| log.org.as_str()).collect();
    match names.as_slice() {
        [] => "`tearline fetch` brings those that this desk may read".to_owned(),
        [one] => format!("there is that of {one}"),
        all => format!("there are those of {}", all.join(", ")),
    }
}

/// The records that a filter lets through, the newest last.
pub fn records(
    desk: &Desk,
    logs: &[AccessLog],
    rooms: &[(RoomId, RoomName)],
    filter: &Filter,
) -> Result<Vec<Access>, Error> {
    let mut out = Vec::new();
    for log in logs.iter().filter(|log| filter.wants(log)) {
        for_each(desk, &log.replica, |index, at, record| {
            if filter.lets(at, record) {
                let room = rooms.iter().find(|(id, _)| *id == record.room).map(|(_, name)| name.clone());
                out.push(Access { org: log.org.clone(), index, at, record: record.clone(), room });
            }
        })?;
    }
    out.sort_by(|one, other| (one.at, &one.org, one.index).cmp(&(other.at, &other.org, other.index)));
    Ok(out)
}

/// Every record of a log in its order, with its index and when it was made.
pub fn for_each(
    desk: &Desk,
    log: &Replica,
    mut each: impl FnMut(u64, u64, &AccessRecord),
) -> Result<(), Error> {
    for index in 0..log.size() {
        let entry = log.require_entry(index).map_err(|error| desk.alarmed(log.room(), error))?;
        if let Body::Access(record) = entry.body() {
            each(index, entry.accepted_at(), record);
        }
    }
    Ok(())
}

/// How many different desks these records are of.
pub fn desks(records: &[Access]) -> usize {
    let mut all: Vec<&MemberName> = records.iter().map(|it| &it.record.member).collect();
    all.sort();
    all.dedup();
    all.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matters::sample::member;

    fn record(desk: &str, room: u8, first: u64, count: u64) -> AccessRecord {
        let room = RoomId(tearline_ledger::digest::Digest([room; 32]));
        AccessRecord { member: member(desk), room, first, count }
    }

    fn rooms() -> Vec<(RoomId, RoomName)> {
        [(1, "drc"), (2, "plenary")]
            .map(|(id, name)| (record("drc/liaison", id, 0, 1).room, name.parse().unwrap()))
            .into()
    }

    fn filter(asked: &Asked) -> Result<Filter, AccessError> {
        Filter::new(asked, &[], &rooms())
    }

    #[test]
    fn an_entry_was_served_if_a_range_holds_it() {
        let asked = |entry: &str| Asked { entry: Some(entry.parse().unwrap()), ..Asked::default() };
        let served = |entry: &str| filter(&asked(entry)).unwrap().lets(0, &record("drc/liaison", 1, 3, 2));
        assert_eq!(
            ["drc#2", "drc#3", "drc#4", "drc#5", "plenary#3"].map(served),
            [false, true, true, false, false]
        );
        // A range that a lying server made as long as it likes ends nowhere.
        let endless = record("drc/liaison", 1, u64::MAX, u64::MAX);
        assert!(filter(&asked(&format!("drc#{}", u64::MAX))).unwrap().lets(0, &endless));
        assert_eq!(filter(&asked("annexe#1")).unwrap_err(), AccessError::Room("annexe".to_owned()));
    }

    #[test]
    fn rooms_and_times_are_filtered() {
        let span = Span::new(Some("2024-01-14"), Some("2024-01-14")).unwrap();
        let of_drc = filter(&Asked { rooms: vec!["drc".to_owned()], span, ..Asked::default() }).unwrap();
        let noon = tearline_ledger::portion::parse_utc("2024-01-14T12:00:00Z").unwrap();
        assert!(of_drc.lets(noon, &record("drc/liaison", 1, 0, 1)));
        assert!(!of_drc.lets(noon + 86_400, &record("drc/liaison", 1, 0, 1)));
        assert!(!of_drc.lets(noon, &record("drc/liaison", 2, 0, 1)));
        assert!(filter(&Asked { rooms: vec!["annexe".to_owned()], ..Asked::default() }).is_err());
    }

    #[test]
    fn a_log_that_is_not_here_and_one_that_is_nowhere_are_refused_alike() {
        let refused = |org: &str| {
            filter(&Asked { org: Some(org.to_owned()), ..Asked::default() }).unwrap_err().to_string()
        };
        assert_eq!(refused("rwanda").replace("rwanda", "atlantis"), refused("atlantis"));
        let member =
            |desk: &str| filter(&Asked { member: Some(desk.to_owned()), ..Asked::default() }).unwrap_err();
        assert!(matches!(member("rwanda/liaison"), AccessError::NoLog { .. }));
        for bad in ["liaison", "drc/", "drc/a/b"] {
            assert_eq!(member(bad), AccessError::Desk(bad.to_owned()));
        }
    }
}
