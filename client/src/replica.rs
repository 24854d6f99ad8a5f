//! A replica: the verified local copy of one log, kept up to date and readable offline.
//!
//! Specification: `docs/spec.md`, sections 5, 6 and 12. It holds nothing that was not verified and
//! covered by a checkpoint. It refuses to know where rows come from, and opens no content.

pub mod disk;
mod read;
pub mod verify;

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use bytes::Bytes;
use tearline_ledger::{
    charter::Charter,
    checkpoint::SignedCheckpoint,
    entry::Entry,
    keys::KeyId,
    name::MemberName,
    note::VerifierKey,
    replay::{AccessReplay, Replay},
    rules::SnapshotError,
    statement::Act,
};
use tearline_proto::v1;

pub use self::read::{Counts, Line, Witnessed};
use self::{
    disk::{Disk, DiskError, State},
    verify::{CLOCK_SECONDS, Fresh, Identity, Log, Verifier, names_content},
};
use crate::{
    alarm::Alarm,
    evidence::{Exhibit, Raised},
    witness::{Witness, witnesses},
};

/// Why a replica cannot be used or brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// Its files cannot be used.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The state in its files is damaged.
    #[error("the local copy of {room} is damaged: {error}; move {dir} away and fetch again")]
    Snapshot {
        /// The room's name.
        room: String,
        /// The replica's folder.
        dir: String,
        /// What is wrong.
        error: Box<SnapshotError>,
    },
    /// The files contradict the checkpoint that is kept with them.
    #[error(
        "the local copy of {room} does not match its own checkpoint: {reason}; move {dir} away and fetch again"
    )]
    Mismatch {
        /// The room's name.
        room: String,
        /// The replica's folder.
        dir: String,
        /// What is wrong.
        reason: String,
    },
    /// The room has no entry of this index here.
    #[error("{room}#{index} is not known here: the room has {size} entries; `tearline fetch` may bring more")]
    NoEntry {
        /// The room's name.
        room: String,
        /// The index.
        index: u64,
        /// Entries known.
        size: u64,
    },
    /// Nothing of the room is known here yet.
    #[error("nothing of {0} is known here yet: run `tearline fetch`")]
    Empty(String),
    /// What came is wrong. Boxed, for it holds evidence.
    #[error("{}", .0.alarm)]
    Raised(Box<Raised>),
}

impl From<Raised> for ReplicaError {
    fn from(raised: Raised) -> Self {
        Self::Raised(Box::new(raised))
    }
}

/// Which log a replica is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A room.
    Room,
    /// An access log, with the log key in force in its home room.
    Access(VerifierKey),
}

/// Whether sealed content belongs into a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Every post and proposal must come with it, but for the recalled and expired.
    Expected,
    /// An auditor's replica has none.
    Without,
}

/// What taking one message did.
#[derive(Debug, Default)]
pub struct Progress {
    /// New entries, with their content.
    pub fresh: Vec<Fresh>,
    /// Whether a checkpoint covers everything so far and all of it is durable.
    pub complete: bool,
    /// What must be shown, but spoils nothing that was verified.
    pub warnings: Vec<Alarm>,
}

/// The verified local copy of one log.
#[derive(Debug)]
pub struct Replica {
    disk: Disk,
    kind: Kind,
    content: Content,
    verifier: Verifier,
    state: State,
    facts: Facts,
    /// Posts of the entries since the last commit that came without content.
    new_missing: Vec<u64>,
}

/// What is gathered from entries as they pass.
#[derive(Debug, Default)]
struct Facts {
    charters: Vec<(u64, VerifierKey)>,
    names: HashMap<KeyId, MemberName>,
}

impl Facts {
    fn observe(&mut self, index: u64, entry: &Entry) {
        let Some(signed) = entry.statement() else { return };
        if let Act::Charter(charter) = &signed.statement.act {
            self.charters.push((index, charter.log_vkey.clone()));
            let names = charter.members.iter().map(|member| (member.sign_key.key_id(), member.name.clone()));
            self.names.extend(names);
        }
    }
}

impl Replica {
    /// Opens the replica in a folder, making it if need be.
    pub fn open(dir: &Path, identity: Identity, kind: Kind, content: Content) -> Result<Self, ReplicaError> {
        let (mut disk, state) = Disk::open(dir)?;
        let (room, name) = (identity.room, identity.name.clone());
        let shown = || dir.display().to_string();
        let snapshot = hex::decode(&state.snapshot).unwrap_or_default();
        let (log, facts) = disk.scan(&state, |entries| {
            let mut facts = Facts::default();
            let mut observed = (0..).zip(entries).map(|(index, entry)| {
                facts.observe(index, &entry);
                entry
            });
            let log = match &kind {
                Kind::Room => {
                    Replay::resume(room, &snapshot, observed).map(|replay| Log::Room(Box::new(replay)))
                }
                Kind::Access(key) => {
                    let mut replay = AccessReplay::default();
                    let pushed = observed.try_for_each(|entry| replay.push(&entry));
                    let damaged = |_| SnapshotError::Damaged("an access record is not as it was verified");
                    pushed.map_err(damaged).map(|()| Log::Access { replay, key: key.clone() })
                }
            };
            (log, facts)
        })?;
        let log = log.map_err(|error| ReplicaError::Snapshot {
            room: name.clone(),
            dir: shown(),
            error: Box::new(error),
        })?;
        let mut verifier = Verifier::new(identity, log, facts.charters.clone());
        if state.size > 0 {
            let mismatch = |raised: Raised| ReplicaError::Mismatch {
                room: name.clone(),
                dir: shown(),
                reason: raised.alarm.to_string(),
            };
            verifier.keep(state.checkpoint.as_bytes()).map_err(mismatch)?;
        }
        Ok(Self { disk, kind, content, verifier, state, facts, new_missing: Vec::new() })
    }

    /// Takes the next message of a stream that began at or before the end of this replica.
    ///
    /// Nothing is kept for good before a checkpoint covers it. After an error the replica is as it was
    /// at its last checkpoint. `now` is this desk's clock, in seconds since 1970.
    pub fn take(&mut self, rows: v1::Rows, now: u64) -> Result<Progress, ReplicaError> {
        self.begin()?;
        let taken = self.take_unguarded(rows, now);
        taken.map_err(|error| {
            self.disk.roll_back();
            // What was caught matters more than a disk that fails just then.
            let _ = self.reopen();
            self.with_kept(error)
        })
    }

    /// Adds to the evidence of an altered entry the one that was verified before.
    fn with_kept(&self, error: ReplicaError) -> ReplicaError {
        match error {
            ReplicaError::Raised(mut raised) => {
                if let Alarm::Altered { index, .. } = raised.alarm
                    && let Ok(Some(entry)) = self.disk.entry(index)
                {
                    raised.exhibits.push(Exhibit::entry("kept here", index, entry.bytes()));
                }
                ReplicaError::Raised(raised)
            }
            other => other,
        }
    }

    /// Judges a checkpoint, received otherwise than with rows, whose size these entries reach; keeps the
    /// cosignatures on it. `now` is this desk's clock, in seconds since 1970.
    pub fn take_checkpoint(&mut self, note: &[u8], now: u64) -> Result<SignedCheckpoint, ReplicaError> {
        let checkpoint = self.verifier.open(note)?;
        self.verifier.agree(&checkpoint)?;
        let between_streams = self.verifier.size().0 == self.state.size;
        let covered = checkpoint.size() <= self.verifier.size();
        if between_streams && covered && self.newly_witnessed(&checkpoint, now)?.is_some() {
            self.begin()?;
            // Another command may have kept it meanwhile.
            match self.newly_witnessed(&checkpoint, now) {
                Ok(witnessed) => {
                    let mut state = self.state.clone();
                    state.witnessed = witnessed.or(state.witnessed);
                    self.state = self.disk.commit(state)?;
                }
                Err(error) => {
                    self.disk.roll_back();
                    return Err(error);
                }
            }
        }
        Ok(checkpoint)
    }

    /// A stream ended before its checkpoint came: what it brought is dropped.
    pub fn abandon(&mut self) -> Result<(), ReplicaError> {
        self.disk.roll_back();
        if self.verifier.size().0 == self.state.size { Ok(()) } else { self.reopen() }
    }

    /// Posts whose content should be here and is not, neither recalled nor expired at `now`.
    pub fn withheld(&self, now: u64) -> Result<Vec<u64>, ReplicaError> {
        let mut out = Vec::new();
        for index in &self.state.missing {
            if !self.may_lack_content(*index, now)? {
                out.push(*index);
            }
        }
        Ok(out)
    }

    fn take_unguarded(&mut self, rows: v1::Rows, now: u64) -> Result<Progress, ReplicaError> {
        let taken = self.verifier.take(rows, now)?;
        for fresh in &taken.fresh {
            self.facts.observe(fresh.index, &fresh.entry);
            self.disk.append(fresh.entry.bytes(), fresh.content.as_deref())?;
            let sealed = fresh.entry.statement().is_some_and(|signed| signed.statement.sealed().is_some());
            if sealed && fresh.content.is_none() && self.content == Content::Expected {
                self.new_missing.push(fresh.index);
            }
        }
        let mut late = Vec::new();
        for (index, content) in taken.repeated {
            if let Some(content) = content.filter(|_| self.state.missing.contains(&index)) {
                self.put_late(index, &content)?;
                late.push(index);
            }
        }
        let complete = taken.checkpoint.is_some();
        if let Some(checkpoint) = taken.checkpoint {
            self.commit(&checkpoint, &late, now)?;
        } else if self.verifier.size().0 == self.state.size {
            let mut state = self.state.clone();
            state.missing.retain(|index| !late.contains(index));
            self.state = self.disk.commit(state)?;
        }
        Ok(Progress { fresh: taken.fresh, complete, warnings: taken.warnings })
    }

    fn commit(&mut self, checkpoint: &SignedCheckpoint, late: &[u64], now: u64) -> Result<(), ReplicaError> {
        let note = checkpoint.note().to_string();
        let witnessed = self.newly_witnessed(checkpoint, now)?;
        let mut state = self.state.clone();
        state.missing.retain(|index| !late.contains(index));
        state.missing.append(&mut self.new_missing);
        let replayed = self.verifier.replay().and_then(Replay::state);
        state.snapshot = replayed.map(|state| hex::encode(state.snapshot())).unwrap_or_default();
        state.witnessed = witnessed.or(state.witnessed);
        state.checkpoint = note;
        self.state = self.disk.commit(state)?;
        Ok(())
    }

    fn put_late(&self, index: u64, content: &Bytes) -> Result<(), ReplicaError> {
        let entry = self.require_entry(index)?;
        if !names_content(&entry, content) {
            let alarm = Alarm::WrongContent { room: self.name().to_owned(), index };
            return Err(Raised::from(alarm).with(Exhibit::entry("kept here", index, entry.bytes())).into());
        }
        Ok(self.disk.put_late(index, content)?)
    }

    /// What is kept of each witness, if a known one confirms more by this checkpoint than by what is kept of it.
    fn newly_witnessed(
        &self,
        checkpoint: &SignedCheckpoint,
        now: u64,
    ) -> Result<Option<BTreeMap<String, String>>, ReplicaError> {
        let Some(state) = self.verifier.replay().and_then(Replay::state) else { return Ok(None) };
        let found = cosignatures(checkpoint, state.charter(), self.name(), now)?;
        let before = self.witnesses()?;
        let more = |it: &Witness| {
            let known = before.iter().find(|known| known.member == it.member);
            known.is_none_or(|known| (known.size, known.at) < (it.size, it.at))
        };
        let mut kept = self.state.witnessed.clone().unwrap_or_default();
        let (note, had) = (checkpoint.note().to_string(), kept.clone());
        for witness in found.into_iter().filter(more) {
            kept.insert(witness.member.as_str().to_owned(), note.clone());
        }
        Ok((kept != had).then_some(kept))
    }

    /// Content is missing for a good reason: recalled, or past its signed end.
    fn may_lack_content(&self, index: u64, now: u64) -> Result<bool, ReplicaError> {
        if self.verifier.replay().is_some_and(|replay| replay.is_recalled(index)) {
            return Ok(true);
        }
        let entry = self.require_entry(index)?;
        let end = entry.statement().and_then(|signed| signed.statement.sealed()?.content_until);
        Ok(end.is_some_and(|end| end < now.saturating_add(CLOCK_SECONDS)))
    }

    /// Waits to be the only one that appends, with everything that others have appended before.
    fn begin(&mut self) -> Result<(), ReplicaError> {
        while !self.disk.begin()? {
            let floor = self.verifier.floor();
            self.reopen()?;
            self.verifier.set_floor(floor);
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), ReplicaError> {
        let dir = self.disk.dir().to_owned();
        *self = Self::open(&dir, self.verifier.identity().clone(), self.kind.clone(), self.content)?;
        Ok(())
    }
}

/// The cosignatures on a checkpoint of the witnesses that a room knows. One that does not fit, or that is dated
/// ahead of this desk's clock, is an alarm. `now` is that clock, in seconds since 1970.
pub fn cosignatures(
    checkpoint: &SignedCheckpoint,
    charter: &Charter,
    name: &str,
    now: u64,
) -> Result<Vec<Witness>, Raised> {
    let served =
        |alarm: Alarm| Raised::from(alarm).with(Exhibit::checkpoint("served", &checkpoint.to_bytes()));
    let room = || name.to_owned();
    let found = witnesses(checkpoint, charter)
        .map_err(|error| served(Alarm::BadCosignature { room: room(), witness: error.to_string() }))?;
    if let Some(ahead) = found.iter().find(|it| it.at > now.saturating_add(CLOCK_SECONDS)) {
        let (witness, seconds) = (ahead.member.desk().to_owned(), ahead.at - now);
        return Err(served(Alarm::CosignedAhead { room: room(), witness, seconds }));
    }
    Ok(found)
}

#[cfg(test)]
#[path = "replica/replica_tests.rs"]
mod tests;
