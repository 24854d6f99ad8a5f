//! An answer that has passed its trial, written: rooms, receipts, outbox. Doing it again changes nothing, so that
//! what a crash cut off is finished later.

use std::path::Path;

use tearline_ledger::{
    courier::answer::{Outcome, Room, Row},
    id::RoomId,
    name::RoomName,
};
use tearline_proto::v1;

use super::{Outbox, Settled, source::Source, trial::settle};
use crate::{
    alarm::Alarm,
    desk::{Desk, now},
    drafts::Drafts,
    error::Error,
    evidence::{Exhibit, Raised},
    receipts,
    replica::Replica,
    sync,
};

/// Rows that are written together.
const ROWS: usize = 256;

/// Writes an answer's rooms, then what follows from them.
pub(super) fn apply(desk: &mut Desk, path: &Path) -> Result<Vec<Alarm>, Error> {
    let mut source = Source::open(path, None)?;
    let (mut outcomes, mut rooms, mut open) = (Vec::new(), Vec::new(), None);
    while let Some(row) = source.next()? {
        match row {
            Row::Outcome(outcome) => outcomes.push(outcome),
            Row::Room(room) => {
                close(desk, open.take())?;
                rooms.push((room.room, room.name.clone()));
                let replica = desk.replica(room.room, &room.name)?;
                let next = room.first;
                open = Some(Open { room, replica, next, rows: Vec::new() });
            }
            Row::Entry(entry) => {
                if let Some(open) = &mut open {
                    open.rows.push(v1::Row { index: open.next, entry: entry.entry, content: entry.content });
                    open.next += 1;
                    if open.rows.len() >= ROWS {
                        open.flush(desk)?;
                    }
                }
            }
            Row::Begin(_) => {}
            Row::End => close(desk, open.take())?,
        }
    }
    // Rooms that are trusted come first: their mediators vouch for the others.
    rooms.sort_by_key(|(id, _)| !desk.profile().trusts(*id));
    for (id, name) in &rooms {
        let replica = desk.replica(*id, name)?;
        sync::accept_room(desk, &replica)?;
    }
    follow_up(desk, &outcomes, &rooms)
}

struct Open {
    room: Room,
    replica: Replica,
    next: u64,
    rows: Vec<v1::Row>,
}

impl Open {
    fn flush(&mut self, desk: &Desk) -> Result<(), Error> {
        let rows = v1::Rows { rows: std::mem::take(&mut self.rows), ..v1::Rows::default() };
        let taken = self.replica.take(rows, now());
        taken.map(drop).map_err(|error| desk.alarmed(self.room.room, error))
    }
}

fn close(desk: &Desk, open: Option<Open>) -> Result<(), Error> {
    let Some(mut open) = open else { return Ok(()) };
    let id = open.room.room;
    open.flush(desk)?;
    let end = open.room.first + open.room.size;
    let alarmed = |error| desk.alarmed(id, error);
    if end < open.replica.size() {
        open.replica.take_checkpoint(&open.room.checkpoint, now()).map_err(alarmed)?;
    } else {
        let rows = v1::Rows { rows: Vec::new(), checkpoint: open.room.checkpoint.clone() };
        open.replica.take(rows, now()).map_err(alarmed)?;
    }
    for note in &open.room.cosigned {
        open.replica.take_checkpoint(note, now()).map_err(alarmed)?;
    }
    Ok(())
}

/// Keeps receipts, empties the outbox of what was entered, and looks after what should have come and did not.
fn follow_up(desk: &Desk, outcomes: &[Outcome], rooms: &[(RoomId, RoomName)]) -> Result<Vec<Alarm>, Error> {
    let known = desk.profile().rooms()?;
    let verifier = |room: RoomId| {
        let (id, name) = known.iter().find(|(id, _)| *id == room)?;
        desk.replica(*id, name).ok().map(|replica| replica.verifier().clone())
    };
    let outbox = Outbox::of(desk);
    for Settled { waiting, result } in settle(desk, outcomes, verifier)? {
        match result {
            Ok(receipts) => {
                for receipt in &receipts {
                    receipts::keep(desk, receipt)?;
                }
                outbox.remove(waiting.number)?;
                drop_draft(desk, waiting.draft.as_deref());
            }
            Err(refusal) => outbox.refuse(&waiting, &refusal)?,
        }
    }
    let (mut warnings, mut withheld) = (Vec::new(), None);
    for (id, name) in rooms {
        let replica = desk.replica(*id, name)?;
        warnings.extend(receipts::review(desk, &replica, &receipts::kept(desk, *id)?, now())?);
        let indices = replica.withheld(now()).map_err(|error| desk.alarmed(*id, error))?;
        if !indices.is_empty() {
            let alarm = Alarm::Withheld { room: name.as_str().to_owned(), indices };
            let kept = replica.checkpoint().map(|kept| Exhibit::checkpoint("kept here", &kept.to_bytes()));
            withheld = withheld.or(Some((*id, Raised { alarm, exhibits: kept.into_iter().collect() })));
        }
    }
    match withheld {
        Some((id, raised)) => Err(desk.raise(id, raised)),
        None => Ok(warnings),
    }
}

/// The text of what was entered need be kept no longer. A draft that stays is a nuisance and no failure.
fn drop_draft(desk: &Desk, draft: Option<&str>) {
    let Some(name) = draft.and_then(|draft| draft.parse().ok()) else { return };
    if let Ok(drafts) = Drafts::of(desk) {
        let _ = drafts.remove(name);
    }
}
