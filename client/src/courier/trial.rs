//! An answer on trial: everything in it is verified against what is known here, and nothing is written.
//!
//! What it finds wrong is what the network's path finds wrong: the same verifier, rules and alarms.

use std::{collections::BTreeMap, path::Path};

use tearline_ledger::{
    bundle::BundleEntry,
    checkpoint::SignedCheckpoint,
    courier::answer::{Begin, Outcome, Refusal, Room, Row},
    id::RoomId,
    instance::mediators_agree,
    replay::Replay,
    rules::RoomState,
};
use tearline_proto::v1;

use super::{CourierFault, Outbox, Waiting, outbox::Sent, shown::shown_tree};
use crate::{
    alarm::Alarm,
    desk::{Desk, now},
    error::Error,
    evidence::{Exhibit, Raised},
    receipts::{self, Receipt},
    replica::{
        cosignatures,
        verify::{Identity, Log, Verifier},
    },
    sync,
};

/// Rows that are judged together.
const ROWS: usize = 1024;
/// Bytes of rows that are judged together, about.
const BYTES: usize = 1 << 20;

/// What became of a unit that waits here.
#[derive(Debug)]
pub struct Settled {
    /// The unit.
    pub waiting: Waiting,
    /// Its receipts, verified; or why it was not entered, as the answer says.
    pub result: Result<Vec<Receipt>, Refusal>,
}

/// What an answer brings, if it passes.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) begin: Begin,
    /// Names, new entries, and entries in all.
    pub(super) rooms: Vec<(String, u64, u64)>,
    pub(super) warnings: Vec<Alarm>,
    pub(super) settled: Vec<Settled>,
}

/// An answer on trial.
pub(super) struct Trial<'a> {
    desk: &'a Desk,
    path: &'a Path,
    begin: Option<Begin>,
    letter: Option<Sent>,
    outcomes: Vec<Outcome>,
    open: Option<Open>,
    judged: BTreeMap<RoomId, Verifier>,
    rooms: Vec<(String, u64, u64)>,
    warnings: Vec<Alarm>,
}

/// A room whose entries come.
struct Open {
    room: Room,
    verifier: Verifier,
    had: u64,
    next: u64,
    rows: Vec<v1::Row>,
    bytes: usize,
    warnings: Vec<Alarm>,
}

impl<'a> Trial<'a> {
    /// The trial of the answer in this file, by a desk.
    pub(super) fn new(desk: &'a Desk, path: &'a Path) -> Self {
        Self {
            desk,
            path,
            begin: None,
            letter: None,
            outcomes: Vec::new(),
            open: None,
            judged: BTreeMap::new(),
            rooms: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Judges the next row.
    pub(super) fn take(&mut self, row: Row) -> Result<(), Error> {
        match row {
            Row::Begin(begin) => self.begin(begin),
            Row::Outcome(outcome) => {
                self.outcomes.push(outcome);
                Ok(())
            }
            Row::Room(room) => {
                self.close()?;
                self.open = Some(self.enter(room)?);
                Ok(())
            }
            Row::Entry(entry) => match &mut self.open {
                Some(open) => open.push(entry).map_err(|raised| self.raise(raised)),
                None => Ok(()),
            },
            Row::End => self.close(),
        }
    }

    /// All rows were judged: what the answer brings.
    pub(super) fn finish(mut self) -> Result<Verdict, Error> {
        self.vouch()?;
        let settled = settle(self.desk, &self.outcomes, |room| self.judged.get(&room).cloned())?;
        let clocks = settled.iter().filter_map(|it| it.result.as_ref().ok());
        self.warnings.extend(clocks.flatten().filter_map(|receipt| receipt.clock.clone()));
        let begin = self.begin.take().ok_or_else(|| Error::Incomplete("the answer".to_owned()))?;
        Ok(Verdict { begin, rooms: self.rooms, warnings: self.warnings, settled })
    }

    fn begin(&mut self, begin: Begin) -> Result<(), Error> {
        if begin.member != *self.desk.member() {
            let (found, own) = (begin.member.as_str().to_owned(), self.desk.member().as_str().to_owned());
            return Err(CourierFault::OtherDesk { found, own }.into());
        }
        self.letter = Outbox::of(self.desk).letter(&begin.letter)?;
        self.begin = Some(begin);
        Ok(())
    }

    fn enter(&self, room: Room) -> Result<Open, Error> {
        let (desk, id) = (self.desk, room.room);
        let name = room.name.as_str().to_owned();
        if desk.profile().rooms()?.iter().any(|(known, named)| (*known == id) != (*named == room.name)) {
            let reason = "a room of this name, or of this id under another name, is known here".to_owned();
            return Err(desk.raise(id, Alarm::OtherRoom { room: name, reason }.into()));
        }
        let verifier = verifier(desk, &room)?;
        let (had, end) = (verifier.size().0, room.first + room.size);
        if room.first > had {
            return Err(CourierFault::Gap { room: name, first: room.first, has: had }.into());
        }
        // Whoever answers a letter has read in it how much of the room is here.
        if let Some(stated) = self.letter.as_ref().map(|sent| sent.size(id)).filter(|stated| *stated > end) {
            let alarm = Alarm::Shrunk { room: name, had: stated, has: end };
            let kept = verifier.kept().map(|kept| Exhibit::checkpoint("kept here", &kept.to_bytes()));
            let mut raised = Raised::from(alarm).with(Exhibit::checkpoint("in the answer", &room.checkpoint));
            raised.exhibits.extend(kept);
            return Err(desk.raise(id, raised));
        }
        let next = room.first;
        Ok(Open { room, verifier, had, next, rows: Vec::new(), bytes: 0, warnings: Vec::new() })
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let closed = open.close();
        closed.map_err(|raised| self.raise(raised))?;
        if let Some(Open { room, verifier, had, warnings, .. }) = self.open.take() {
            self.warnings.extend(warnings);
            let size = verifier.size().0;
            self.rooms.push((room.name.as_str().to_owned(), size - had, size));
            self.judged.insert(room.room, verifier);
        }
        Ok(())
    }

    /// A room that came neither with an invitation nor before is accepted only if its mediators are those of one
    /// that did.
    fn vouch(&self) -> Result<(), Error> {
        let (profile, state) =
            (self.desk.profile(), |verifier: &Verifier| verifier.replay().and_then(Replay::state).cloned());
        let mut known: Vec<RoomState> = Vec::new();
        for (id, name) in profile.rooms()? {
            known.extend(self.desk.replica(id, &name)?.state().ok().cloned());
        }
        let trusted = self.judged.iter().filter(|(id, _)| profile.trusts(**id));
        known.extend(trusted.filter_map(|(_, verifier)| state(verifier)));
        for (id, verifier) in self.judged.iter().filter(|(id, _)| !profile.trusts(**id)) {
            let Some(state) = state(verifier) else { continue };
            let judged = known.first().map(|other| mediators_agree(other, &state));
            if let Some(reason) = sync::not_vouched(judged) {
                let room = verifier.identity().name.clone();
                return Err(self.desk.raise(*id, Alarm::OtherRoom { room, reason }.into()));
            }
        }
        Ok(())
    }

    fn raise(&self, mut raised: Raised) -> Error {
        let Some(open) = &self.open else { return Error::Incomplete("the answer".to_owned()) };
        // An alarm without this is still an alarm.
        if let Alarm::Altered { index, .. } = raised.alarm
            && let Ok(Some(exhibits)) = shown_tree(self.desk, self.path, &open.room, index)
        {
            let new = |it: &Exhibit| !raised.exhibits.iter().any(|other| other.shows_the_same(it));
            let exhibits: Vec<Exhibit> = exhibits.into_iter().filter(new).collect();
            raised.exhibits.extend(exhibits);
        }
        self.desk.raise(open.room.room, raised)
    }
}

impl Open {
    fn push(&mut self, entry: BundleEntry) -> Result<(), Raised> {
        self.bytes += entry.entry.len() + entry.content.as_ref().map_or(0, bytes::Bytes::len);
        self.rows.push(v1::Row { index: self.next, entry: entry.entry, content: entry.content });
        self.next += 1;
        if self.rows.len() >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Raised> {
        self.bytes = 0;
        let rows = v1::Rows { rows: std::mem::take(&mut self.rows), ..v1::Rows::default() };
        self.warnings.extend(self.verifier.take(rows, now())?.warnings);
        Ok(())
    }

    /// The entries are all there: the checkpoint must cover them, and witnesses' cosignatures must fit.
    fn close(&mut self) -> Result<(), Raised> {
        self.flush()?;
        let end = self.room.first + self.room.size;
        let checkpoint = if end < self.had {
            older(&self.verifier, &self.room.checkpoint, end)?
        } else {
            self.verifier.cover(&self.room.checkpoint)?
        };
        self.fits(&checkpoint)?;
        for note in &self.room.cosigned {
            let checkpoint = self.verifier.open(note)?;
            self.verifier.agree(&checkpoint)?;
            let (had, has) = (checkpoint.size().0, self.verifier.size().0);
            if had > has {
                let alarm = Alarm::Shrunk { room: self.room.name.as_str().to_owned(), had, has };
                return Err(Raised::from(alarm).with(Exhibit::checkpoint("in the answer", note)));
            }
            self.fits(&checkpoint)?;
        }
        Ok(())
    }

    fn fits(&self, checkpoint: &SignedCheckpoint) -> Result<(), Raised> {
        let state = self.verifier.replay().and_then(Replay::state);
        state.map_or(Ok(()), |state| {
            cosignatures(checkpoint, state.charter(), self.room.name.as_str(), now()).map(drop)
        })
    }
}

/// A checkpoint of fewer entries than are here: an answer that was long on its way. It must agree.
pub(super) fn older(verifier: &Verifier, note: &[u8], end: u64) -> Result<SignedCheckpoint, Raised> {
    let checkpoint = verifier.open(note)?;
    verifier.agree(&checkpoint)?;
    let size = checkpoint.size().0;
    if size == end {
        return Ok(checkpoint);
    }
    let alarm = Alarm::NotCovered { room: verifier.identity().name.clone(), size };
    Err(Raised::from(alarm).with(Exhibit::checkpoint("in the answer", note)))
}

/// The room as it is known here, or a room of which nothing is.
fn verifier(desk: &Desk, room: &Room) -> Result<Verifier, Error> {
    if desk.profile().room_dir(room.room).exists() {
        return Ok(desk.replica(room.room, &room.name)?.verifier().clone());
    }
    let (name, domain) = (room.name.as_str().to_owned(), desk.member().domain().clone());
    let identity = Identity { room: room.room, name, domain };
    Ok(Verifier::new(identity, Log::Room(Box::new(Replay::new(room.room))), Vec::new()))
}

/// Judges the outcomes of units that wait here, with the rooms as `verifier` gives them; others are passed over.
pub(super) fn settle(
    desk: &Desk,
    outcomes: &[Outcome],
    verifier: impl Fn(RoomId) -> Option<Verifier>,
) -> Result<Vec<Settled>, Error> {
    let (waiting, came) = (Outbox::of(desk).list()?, now());
    let mut out = Vec::new();
    for waiting in waiting {
        let digest = waiting.unit.digest();
        let Some(outcome) = outcomes.iter().find(|outcome| outcome.unit == digest) else { continue };
        let receipts = match &outcome.result {
            Ok(receipts) => receipts,
            Err(refusal) => {
                out.push(Settled { waiting, result: Err(refusal.clone()) });
                continue;
            }
        };
        let sent = waiting.submissions();
        let mut proven = Vec::with_capacity(sent.len());
        for (at, sent) in sent.iter().enumerate() {
            let room = sent.signed.room();
            let known = verifier(room);
            let lie = |reason: String| {
                let named = known.as_ref().map(|verifier| verifier.identity().name.clone());
                let alarm = Alarm::FalseReceipt { room: named.unwrap_or_else(|| room.to_string()), reason };
                desk.raise(room, alarm.into())
            };
            let count = waiting.unit.submissions().len();
            let (Some(verifier), Some(receipt), true) = (&known, receipts.get(at), receipts.len() == count)
            else {
                let came = receipts.len();
                return Err(lie(format!(
                    "{came} receipts came for {count} statements, or without their room"
                )));
            };
            let checked = receipts::check(verifier, sent, receipt, (waiting.kept_at, came));
            proven.push(checked.map_err(|raised| desk.raise(room, raised))?);
        }
        out.push(Settled { waiting, result: Ok(proven) });
    }
    Ok(out)
}
