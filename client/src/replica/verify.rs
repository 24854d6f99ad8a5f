//! What a server sends of a log, judged: pure functions from rows and checkpoints to verified entries
//! or an alarm.
//!
//! Specification: `docs/spec.md`, sections 5, 6 and 12. Refuses to know of networks and disks. After an
//! alarm the verifier has gone astray and must be dropped: what is on disk is still as it was.

use bytes::Bytes;
use tearline_ledger::{
    checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    merkle::{Tree, TreeSize, leaf_hash},
    name::Domain,
    note::{Note, VerifierKey},
    replay::{AccessReplay, Fault, Replay, ReplayError},
    rules::VerifiedEntry,
    statement::Act,
};
use tearline_proto::v1;

use crate::{
    alarm::Alarm,
    evidence::{Exhibit, Raised},
};

/// By how much the clocks of server and desk may differ, in seconds.
pub const CLOCK_SECONDS: u64 = 300;

/// A log replayed so far.
#[derive(Debug, Clone)]
pub enum Log {
    /// A room's, by the rules of rooms.
    Room(Box<Replay>),
    /// An access log's, whose checkpoints its home room's log key signs.
    Access {
        /// The records.
        replay: AccessReplay,
        /// The log key in force in the home room.
        key: VerifierKey,
    },
}

/// Which log, and under which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Room id, or an access log's.
    pub room: RoomId,
    /// As people say it.
    pub name: String,
    /// The instance.
    pub domain: Domain,
}

/// An entry that was new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    /// Its index.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// As the rules judged it; `None` in an access log.
    pub verified: Option<VerifiedEntry>,
    /// Its sealed content, if it was sent; it is what the statement names.
    pub content: Option<Bytes>,
}

/// What one message held.
#[derive(Debug, Default)]
pub struct Taken {
    /// Entries that were new, in order.
    pub fresh: Vec<Fresh>,
    /// Entries that were known, the same as ever, with content that came along.
    pub repeated: Vec<(u64, Option<Bytes>)>,
    /// A checkpoint over all entries so far.
    pub checkpoint: Option<SignedCheckpoint>,
    /// What must be shown, but spoils nothing that was verified.
    pub warnings: Vec<Alarm>,
}

/// A log that is verified entry by entry.
#[derive(Debug, Clone)]
pub struct Verifier {
    identity: Identity,
    log: Log,
    /// From which entry on each log key was in force.
    keys: Vec<(u64, VerifierKey)>,
    kept: Option<SignedCheckpoint>,
    /// The server has shown so many entries to this command before.
    floor: TreeSize,
}

impl Verifier {
    /// A verifier of a log so far, and the log keys of the charters in it, with their indices.
    pub fn new(identity: Identity, log: Log, keys: Vec<(u64, VerifierKey)>) -> Self {
        Self { identity, log, keys, kept: None, floor: TreeSize(0) }
    }

    /// Which log it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The log so far.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The room's log so far; `None` of an access log.
    pub fn replay(&self) -> Option<&Replay> {
        match &self.log {
            Log::Room(replay) => Some(replay),
            Log::Access { .. } => None,
        }
    }

    /// Its tree.
    pub fn tree(&self) -> &Tree {
        match &self.log {
            Log::Room(replay) => replay.tree(),
            Log::Access { replay, .. } => replay.tree(),
        }
    }

    /// Entries so far.
    pub fn size(&self) -> TreeSize {
        self.tree().size()
    }

    /// The newest checkpoint that covered all entries.
    pub fn kept(&self) -> Option<&SignedCheckpoint> {
        self.kept.as_ref()
    }

    /// Judges the next message of a stream. `now` is this desk's clock, in seconds since 1970.
    pub fn take(&mut self, rows: v1::Rows, now: u64) -> Result<Taken, Raised> {
        let mut out = Taken::default();
        let (mut entries, mut contents) = (Vec::new(), Vec::new());
        for row in rows.rows {
            let next = self.size().0 + entries.len() as u64;
            if row.index < self.size().0 {
                self.compare(&row)?;
                out.repeated.push((row.index, row.content));
            } else if row.index == next {
                entries.push(self.parse(next, &row.entry)?);
                contents.push(row.content);
            } else {
                let room = self.name();
                return Err(Alarm::OutOfOrder { room, expected: next, found: row.index }.into());
            }
        }
        self.push(entries, contents, &mut out)?;
        self.warn(&mut out, now);
        if !rows.checkpoint.is_empty() {
            out.checkpoint = Some(self.cover(&rows.checkpoint)?);
        }
        Ok(out)
    }

    /// Judges a checkpoint that must cover exactly the entries so far. Where another command has
    /// fetched more since this one asked, the newer checkpoint that is kept stands for it.
    pub fn cover(&mut self, note: &[u8]) -> Result<SignedCheckpoint, Raised> {
        let checkpoint = self.open(note)?;
        self.agree(&checkpoint)?;
        let (has, size) = (checkpoint.size(), self.size());
        if has < self.floor {
            let alarm = Alarm::Shrunk { room: self.name(), had: self.floor.0, has: has.0 };
            return Err(self.contradiction(alarm, &checkpoint));
        }
        if let Some(kept) = self.kept.as_ref().filter(|kept| kept.size() == size && has < size) {
            return Ok(kept.clone());
        }
        if has != size {
            let alarm = Alarm::NotCovered { room: self.name(), size: has.0 };
            return Err(self.contradiction(alarm, &checkpoint));
        }
        self.kept = Some(checkpoint.clone());
        self.floor = has;
        Ok(checkpoint)
    }

    /// Opens a checkpoint of this log by the log key in force at its size, whatever its size is.
    pub fn open(&self, note: &[u8]) -> Result<SignedCheckpoint, Raised> {
        self.open_with(note, None)
    }

    /// As [`Self::open`]; a checkpoint beyond the entries so far may be signed by `next` instead.
    pub fn open_with(&self, note: &[u8], next: Option<&VerifierKey>) -> Result<SignedCheckpoint, Raised> {
        let bad = |error: CheckpointError| {
            let alarm = Alarm::BadCheckpoint { room: self.name(), error };
            Raised::from(alarm).with(Exhibit::checkpoint("served", note))
        };
        let parsed = Note::parse(note).map_err(|error| bad(error.into()))?;
        let size = Checkpoint::parse(parsed.unverified_text()).map_err(bad)?.size;
        let beyond = next.filter(|_| size > self.size());
        let nothing = || Raised::from(Alarm::NotCovered { room: self.name(), size: size.0 });
        let key = beyond.or_else(|| self.key_at(size)).ok_or_else(nothing)?;
        let origin = Origin::new(self.identity.domain.clone(), self.identity.room.0);
        SignedCheckpoint::from_note(parsed, &origin.log_key(key)).map_err(bad)
    }

    /// Refuses a checkpoint that contradicts the entries so far; one of a larger size cannot yet.
    pub fn agree(&self, checkpoint: &SignedCheckpoint) -> Result<(), Raised> {
        match self.tree().root_at(checkpoint.size()) {
            Some(verified) if verified != checkpoint.root() => {
                let (room, size) = (self.name(), checkpoint.size().0);
                let alarm = if self.kept.as_ref().is_some_and(|kept| size <= kept.size().0) {
                    Alarm::Forked { room, size }
                } else {
                    Alarm::NotCovered { room, size }
                };
                Err(self.contradiction(alarm, checkpoint))
            }
            _ => Ok(()),
        }
    }

    /// Takes a checkpoint that this same program verified before, for entries that it verified before.
    pub fn keep(&mut self, note: &[u8]) -> Result<(), Raised> {
        let checkpoint = self.open(note)?;
        self.agree(&checkpoint)?;
        self.floor = checkpoint.size();
        self.kept = Some(checkpoint);
        Ok(())
    }

    /// What the server has shown to this command, whatever others have fetched since.
    pub fn floor(&self) -> TreeSize {
        self.floor
    }

    /// Goes on for a command to which the server had shown no more than this.
    pub fn set_floor(&mut self, floor: TreeSize) {
        self.floor = floor.min(self.floor);
    }

    /// The key that signs this log's checkpoints of a size, under the name that it signs them by.
    pub fn log_key(&self, size: TreeSize) -> Option<VerifierKey> {
        let origin = Origin::new(self.identity.domain.clone(), self.identity.room.0);
        self.key_at(size).map(|key| origin.log_key(key))
    }

    fn name(&self) -> String {
        self.identity.name.clone()
    }

    fn key_at(&self, size: TreeSize) -> Option<&VerifierKey> {
        match &self.log {
            Log::Access { key, .. } => Some(key),
            Log::Room(_) => self.keys.iter().rev().find(|(index, _)| *index < size.0).map(|(_, key)| key),
        }
    }

    fn compare(&self, row: &v1::Row) -> Result<(), Raised> {
        if self.tree().leaf(row.index) == Some(leaf_hash(&row.entry)) {
            return Ok(());
        }
        let alarm = Alarm::Altered { room: self.name(), index: row.index };
        let mut raised = Raised::from(alarm).with(Exhibit::entry("served now", row.index, &row.entry));
        if let Some(kept) = &self.kept {
            raised = raised.with(Exhibit::checkpoint("kept here", &kept.to_bytes()));
            if let Ok(proof) = self.tree().inclusion(row.index, kept.size()) {
                raised = raised.with(Exhibit::proof("the kept entry is in the kept checkpoint", proof));
            }
        }
        Err(raised)
    }

    fn parse(&self, index: u64, bytes: &Bytes) -> Result<Entry, Raised> {
        Entry::parse(bytes.clone()).map_err(|error| {
            let alarm = Alarm::Malformed { room: self.name(), index, reason: error.to_string() };
            Raised::from(alarm).with(Exhibit::entry("served", index, bytes))
        })
    }

    fn push(
        &mut self,
        entries: Vec<Entry>,
        contents: Vec<Option<Bytes>>,
        taken: &mut Taken,
    ) -> Result<(), Raised> {
        let first = self.size().0;
        let verified: Vec<Option<VerifiedEntry>> = match &mut self.log {
            Log::Room(replay) => {
                let verified =
                    replay.push(entries.clone()).map_err(|error| self.broken(&entries, first, error))?;
                verified.into_iter().map(Some).collect()
            }
            Log::Access { replay, .. } => {
                let pushed = entries.iter().try_for_each(|entry| replay.push(entry));
                pushed.map_err(|error| self.broken(&entries, first, error))?;
                vec![None; entries.len()]
            }
        };
        let parts = entries.into_iter().zip(verified).zip(contents);
        for (index, ((entry, verified), content)) in (first..).zip(parts) {
            if content.as_ref().is_some_and(|content| !names_content(&entry, content)) {
                let alarm = Alarm::WrongContent { room: self.name(), index };
                return Err(Raised::from(alarm).with(Exhibit::entry("served", index, entry.bytes())));
            }
            self.note_charter(index, &entry)?;
            taken.fresh.push(Fresh { index, entry, verified, content });
        }
        Ok(())
    }

    fn note_charter(&mut self, index: u64, entry: &Entry) -> Result<(), Raised> {
        let Some(Act::Charter(charter)) = entry.statement().map(|signed| &signed.statement.act) else {
            return Ok(());
        };
        if let Some(founding) = &charter.founding
            && (founding.name.as_str() != self.identity.name || founding.domain != self.identity.domain)
        {
            let reason = format!("the log founds {} of {}", founding.name.as_str(), founding.domain.as_str());
            let alarm = Alarm::OtherRoom { room: self.name(), reason };
            return Err(Raised::from(alarm).with(Exhibit::entry("served", index, entry.bytes())));
        }
        self.keys.push((index, charter.log_vkey.clone()));
        Ok(())
    }

    fn warn(&self, taken: &mut Taken, now: u64) {
        for fresh in &taken.fresh {
            let ahead = fresh.entry.accepted_at().saturating_sub(now);
            if ahead > CLOCK_SECONDS {
                let alarm = Alarm::ClockDiffers { room: self.name(), index: fresh.index, seconds: ahead };
                taken.warnings.push(alarm);
            }
            let act = fresh.entry.statement().map(|signed| &signed.statement.act);
            if matches!(act, Some(Act::Charter(charter)) if charter.succession) {
                taken.warnings.push(Alarm::Succession { room: self.name(), index: fresh.index });
            }
        }
    }

    fn broken(&self, entries: &[Entry], first: u64, error: ReplayError) -> Raised {
        let ReplayError { index, fault } = error;
        let room = self.name();
        let alarm = match fault {
            Fault::OtherRoom(other) => {
                Alarm::OtherRoom { room, reason: format!("its log founds room {other}") }
            }
            fault => Alarm::RuleBroken { room, index, fault },
        };
        let at = index.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        match at.and_then(|at| entries.get(at)) {
            Some(entry) => Raised::from(alarm).with(Exhibit::entry("served", index, entry.bytes())),
            None => alarm.into(),
        }
    }

    /// An alarm with both checkpoints, and the proof that leads from the smaller to what is kept.
    fn contradiction(&self, alarm: Alarm, served: &SignedCheckpoint) -> Raised {
        let mut raised = Raised::from(alarm).with(Exhibit::checkpoint("served now", &served.to_bytes()));
        if let Some(kept) = &self.kept {
            raised = raised.with(Exhibit::checkpoint("kept here", &kept.to_bytes()));
            if served.size().0 > 0
                && served.size() < kept.size()
                && let Ok(proof) = self.tree().consistency(served.size(), kept.size())
                && let Some(root) = self.tree().root_at(served.size())
            {
                raised = raised.with(Exhibit::Prefix {
                    what: "the kept checkpoint's own beginning, of the served size".to_owned(),
                    size: served.size().0,
                    root: root.to_hex(),
                    hashes: proof.iter().map(Digest::to_hex).collect(),
                });
            }
        }
        raised
    }
}

/// Whether these bytes are the content that the entry's statement names.
pub fn names_content(entry: &Entry, content: &[u8]) -> bool {
    let post = entry.statement().and_then(|signed| signed.statement.sealed());
    post.is_some_and(|post| content.len() as u64 == post.size && Digest::of(content) == post.digest)
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
