//! What a room already held of a briefing's record when more of it came: word for word the same manifest.
//!
//! A pure comparison of one release with those before it in its room. It refuses to know how many portions
//! a briefing has: nobody outside the chamber does. Specification: `docs/spec.md`, section 9.4.

use tearline_ledger::{manifest::Manifest, statement::Act};
use tearline_proto::v1;

use crate::{
    alarm::Alarm,
    desk::{Desk, Room},
    error::Error,
    evidence::{Exhibit, Raised},
    reading::Reading,
    refs::EntryRef,
};

/// An earlier release of the same briefing into the same room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Where it stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub at: u64,
}

/// The earlier releases of the briefing that a judged post releases portions of, oldest first; none if it
/// releases none, or is the first.
///
/// # Errors
///
/// An alarm if one of them, under the same signed digest, holds another manifest.
pub fn held_before(desk: &Desk, room: &Room, reading: &Reading) -> Result<Vec<Held>, Error> {
    let (id, mut out) = (room.replica.room(), Vec::new());
    let (Some(tearline), Act::Post(post)) =
        (&reading.content.message().tearline, &reading.line.signed.statement.act)
    else {
        return Ok(out);
    };
    for index in 0..reading.line.index {
        let line = room.replica.line(index).map_err(|error| desk.alarmed(id, error))?;
        let Act::Post(earlier) = &line.signed.statement.act else { continue };
        if earlier.manifests.is_empty() || earlier.manifests != post.manifests {
            continue;
        }
        let entry = EntryRef { room: reading.entry.room.clone(), index };
        // Its content may be gone; that the digest was signed then is enough.
        if let Ok(content) = room.content(&line)
            && let Some(held) = &content.message().tearline
            && let Err(reason) = compare(tearline, held)
        {
            let (name, index) = (room.replica.name().to_owned(), reading.line.index);
            let reason = format!("{reason} than {entry}, of the same record");
            let raised = Raised::from(Alarm::BadPost { room: name, index, reason });
            let kept = |at: u64| room.replica.require_entry(at).map_err(|error| desk.alarmed(id, error));
            let (one, other) = (kept(line.index)?, kept(index)?);
            let raised = raised.with(Exhibit::entry("held before", line.index, one.bytes()));
            return Err(desk.raise(id, raised.with(Exhibit::entry("came later", index, other.bytes()))));
        }
        out.push(Held { entry, at: line.accepted_at });
    }
    Ok(out)
}

/// That the later release shows the manifest that is held, and every portion of it is in there.
fn compare(later: &v1::Tearline, held: &v1::Tearline) -> Result<(), String> {
    if later.manifest != held.manifest || later.blind != held.blind {
        return Err("it shows another manifest".to_owned());
    }
    let manifest = Manifest::from_bytes(&held.manifest).map_err(|error| error.to_string())?;
    for (number, portion) in (1..).zip(&later.portions) {
        let salt = <&[u8; 32]>::try_from(portion.salt.as_ref());
        if !salt.is_ok_and(|salt| manifest.contains(salt, &portion.text)) {
            return Err(format!("its portion {number} is in another record"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tearline_ledger::{digest::Digest, manifest::RoomManifest};

    use super::*;

    const TEXTS: [&str; 3] = ["one", "two", "three"];

    fn released(seed: u8, numbers: &[usize]) -> v1::Tearline {
        let manifest = RoomManifest::new(&[seed; 32], &Digest([6; 32]), &TEXTS).unwrap();
        v1::Tearline {
            manifest: manifest.manifest().to_bytes().into(),
            blind: manifest.blind().to_vec().into(),
            portions: numbers
                .iter()
                .map(|at| v1::ReleasedPortion {
                    mark: "U".to_owned(),
                    text: TEXTS[*at].to_owned(),
                    salt: manifest.salt(*at).unwrap().to_vec().into(),
                })
                .collect(),
        }
    }

    #[test]
    fn what_is_released_later_is_in_the_manifest_that_is_held() {
        assert_eq!(compare(&released(7, &[2]), &released(7, &[0, 1])), Ok(()));
        assert_eq!(compare(&released(7, &[0]), &released(7, &[0])), Ok(()));
    }

    #[test]
    fn another_manifest_blind_text_or_salt_is_not_of_the_same_record() {
        let held = released(7, &[0]);
        let another = compare(&released(8, &[1]), &held).unwrap_err();
        assert!(another.contains("another manifest"), "{another}");
        let mut blind = released(7, &[1]);
        blind.blind = vec![1; 32].into();
        assert!(compare(&blind, &held).is_err());
        let mut text = released(7, &[1]);
        text.portions[0].text = "two, but not as recorded".to_owned();
        assert!(compare(&text, &held).unwrap_err().contains("portion 1"));
        let mut salt = released(7, &[0, 1]);
        salt.portions[1].salt = salt.portions[0].salt.clone();
        assert!(compare(&salt, &held).unwrap_err().contains("portion 2"));
        let mut short = released(7, &[1]);
        short.portions[0].salt = vec![1; 31].into();
        assert!(compare(&short, &held).is_err());
    }
}
