//! Reading a replica: its entries, who signed them, how far it is complete and who confirms that.
//!
//! Everything here is answered offline, from what was verified before.

use bytes::Bytes;
use tearline_ledger::{
    charter::Charter,
    checkpoint::SignedCheckpoint,
    entry::{Body, Entry},
    id::{RoomId, StatementId},
    merkle::Tree,
    name::MemberName,
    replay::Replay,
    rules::{Past as _, RoomState, VerifiedEntry},
    statement::{Act, Basis, Signed},
};

use super::{
    Kind, Replica, ReplicaError,
    verify::{Log, names_content},
};
use crate::{
    alarm::Alarm,
    evidence::{Exhibit, Raised},
    policy::{Policy, Verdict},
    refs::{EntryRef, Resolved},
    witness::{Witness, witnesses},
};

/// Entries that are replayed together.
const BATCH: usize = 1024;

/// An entry as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its index.
    pub index: u64,
    /// When the server accepted it, in seconds since 1970.
    pub accepted_at: u64,
    /// The statement.
    pub signed: Signed,
    /// Who signed, in the order of key ids.
    pub signers: Vec<MemberName>,
    /// Whether it is a post that was recalled.
    pub recalled: bool,
}

impl Line {
    /// Whether the end that its author gave its content is past. `now` is this desk's clock, in seconds since
    /// 1970.
    pub fn is_expired(&self, now: u64) -> bool {
        self.signed.statement.sealed().and_then(|post| post.content_until).is_some_and(|end| end <= now)
    }
}

/// What witnesses confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Entries that the one who saw most of them confirms.
    pub size: u64,
    /// When the last of these was accepted, in seconds since 1970.
    pub complete_to: u64,
    /// Who, and when; at least one.
    pub by: Vec<Witness>,
}

/// What a full verification looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Entries.
    pub entries: u64,
    /// Signatures on statements.
    pub signatures: u64,
    /// Bases.
    pub bases: u64,
    /// Charters.
    pub charters: u64,
    /// Sealed contents.
    pub contents: u64,
}

impl Replica {
    /// The room, or access log.
    pub fn room(&self) -> RoomId {
        self.verifier.identity().room
    }

    /// As people say it.
    pub fn name(&self) -> &str {
        &self.verifier.identity().name
    }

    /// Verified entries.
    pub fn size(&self) -> u64 {
        self.verifier.size().0
    }

    /// Their tree.
    pub fn tree(&self) -> &Tree {
        self.verifier.tree()
    }

    /// When the last entry or record was accepted, in seconds since 1970; `None` if there is none.
    pub fn last_accepted_at(&self) -> Result<Option<u64>, ReplicaError> {
        let last = self.size().checked_sub(1);
        last.map(|last| Ok(self.require_entry(last)?.accepted_at())).transpose()
    }

    /// The room's log; `None` of an access log.
    pub fn replay(&self) -> Option<&Replay> {
        self.verifier.replay()
    }

    /// The room after its last entry.
    pub fn state(&self) -> Result<&RoomState, ReplicaError> {
        let state = self.verifier.replay().and_then(Replay::state);
        state.ok_or_else(|| ReplicaError::Empty(self.name().to_owned()))
    }

    /// The charter in force: whose log key signs this log, and whose auditors are its witnesses. An access log
    /// has none of its own; its home room's stands for it.
    pub fn charter(&self) -> Result<&Charter, ReplicaError> {
        match &self.kind {
            Kind::Room => Ok(self.state()?.charter()),
            Kind::Access(home) => Ok(home),
        }
    }

    /// The newest verified head: what a new statement is made upon.
    pub fn basis(&self) -> Result<Basis, ReplicaError> {
        let size = self.verifier.size();
        let root = self.tree().root();
        if size.0 == 0 { Err(ReplicaError::Empty(self.name().to_owned())) } else { Ok(Basis { size, root }) }
    }

    /// The newest checkpoint, which covers every entry.
    pub fn checkpoint(&self) -> Option<&SignedCheckpoint> {
        self.verifier.kept()
    }

    /// The verifier, for checkpoints that come by other ways.
    pub fn verifier(&self) -> &super::Verifier {
        &self.verifier
    }

    /// What known witnesses confirm; `None` if nobody ever did.
    pub fn witnessed(&self) -> Result<Option<Witnessed>, ReplicaError> {
        let by = self.witnesses()?;
        let size = by.iter().map(|witness| witness.size).max().unwrap_or_default();
        if size == 0 {
            return Ok(None);
        }
        Ok(Some(Witnessed { size, complete_to: self.require_entry(size - 1)?.accepted_at(), by }))
    }

    /// The newest cosignature of each witness that the charter in force knows.
    pub fn witnesses(&self) -> Result<Vec<Witness>, ReplicaError> {
        let mut out = Vec::new();
        for (member, checkpoint) in self.cosigned()? {
            let found = witnesses(&checkpoint, self.charter()?).unwrap_or_default();
            out.extend(found.into_iter().filter(|it| it.member.as_str() == member));
        }
        Ok(out)
    }

    /// The newest checkpoint that each witness cosigned, by its full name.
    pub fn cosigned(&self) -> Result<Vec<(String, SignedCheckpoint)>, ReplicaError> {
        let kept = self.state.witnessed.iter().flatten();
        kept.map(|(member, note)| Ok((member.clone(), self.verifier.open(note.as_bytes())?))).collect()
    }

    /// An alarm if witnesses have not confirmed the log as the policy demands, or not lately enough. `now` is
    /// this desk's clock, in seconds since 1970.
    pub fn staleness(&self, policy: &Policy, now: u64) -> Result<Option<Alarm>, ReplicaError> {
        if self.size() == 0 || !policy.demands() {
            return Ok(None);
        }
        let (room, allowed) = (self.name().to_owned(), policy.fresh_minutes);
        let Some(at) = policy.confirmed_at(self.charter()?, &self.witnesses()?) else {
            return Ok(Some(Alarm::Unwitnessed { room }));
        };
        let minutes = now.saturating_sub(at) / 60;
        Ok((minutes > allowed).then_some(Alarm::StaleBeyond { room, minutes, allowed }))
    }

    /// What a desk with this policy does with this log. `now` is its clock, in seconds since 1970.
    pub fn verdict(&self, policy: &Policy, now: u64) -> Result<Verdict, ReplicaError> {
        Ok(policy.verdict(self.staleness(policy, now)?))
    }

    /// When the last entry or record was accepted, in seconds since 1970.
    pub fn complete_to(&self) -> Option<u64> {
        match self.verifier.log() {
            Log::Room(replay) => replay.state().map(RoomState::last_accepted_at),
            Log::Access { replay, .. } => replay.last_accepted_at(),
        }
    }

    /// The entry at this index.
    pub fn require_entry(&self, index: u64) -> Result<Entry, ReplicaError> {
        let (room, size) = (self.name().to_owned(), self.size());
        self.disk.entry(index)?.ok_or(ReplicaError::NoEntry { room, index, size })
    }

    /// The statement at this index, as a reader sees it.
    pub fn line(&self, index: u64) -> Result<Line, ReplicaError> {
        let entry = self.require_entry(index)?;
        let (room, size) = (self.name().to_owned(), self.size());
        let Body::Statement(signed) = entry.body() else {
            return Err(ReplicaError::NoEntry { room, index, size });
        };
        let ids = signed.envelope.signatures().iter().map(|signature| signature.key_id);
        let signers = ids.filter_map(|id| self.facts.names.get(&id).cloned()).collect();
        let recalled = self.verifier.replay().is_some_and(|replay| replay.is_recalled(index));
        Ok(Line { index, accepted_at: entry.accepted_at(), signed: (**signed).clone(), signers, recalled })
    }

    /// The sealed content of the post or proposal at this index, if it is here.
    pub fn sealed_content(&self, index: u64) -> Result<Option<Bytes>, ReplicaError> {
        let Some(content) = self.disk.content(index)? else { return Ok(None) };
        let entry = self.require_entry(index)?;
        if names_content(&entry, &content) {
            return Ok(Some(content));
        }
        Err(ReplicaError::Mismatch {
            room: self.name().to_owned(),
            dir: self.disk.dir().display().to_string(),
            reason: format!("the content of {}#{index} is not the one that was fetched", self.name()),
        })
    }

    /// Indices of all charters, ascending.
    pub fn charter_indices(&self) -> impl Iterator<Item = u64> {
        self.facts.charters.iter().map(|(index, _)| *index)
    }

    /// The charter that stands at this index.
    pub fn charter_at(&self, index: u64) -> Result<Charter, ReplicaError> {
        let entry = self.require_entry(index)?;
        match entry.statement().map(|signed| &signed.statement.act) {
            Some(Act::Charter(charter)) => Ok((**charter).clone()),
            _ => Err(ReplicaError::NoEntry { room: self.name().to_owned(), index, size: self.size() }),
        }
    }

    /// The charter in force just before the entry at `index`: the one that says who might sign it.
    /// For the founding charter, itself.
    pub fn charter_before(&self, index: u64) -> Result<Charter, ReplicaError> {
        let before = |(at, _): &&(u64, _)| *at < index.max(1);
        let at = self.facts.charters.iter().rev().find(before).map_or(0, |(at, _)| *at);
        self.charter_at(at)
    }

    /// Where the statement of this id stands.
    pub fn find(&self, id: &StatementId) -> Option<u64> {
        self.verifier.replay()?.past().find(id).map(|found| found.index)
    }

    /// The statement at this index, as others refer to it.
    pub fn resolve(&self, index: u64) -> Result<Resolved, ReplicaError> {
        let line = self.line(index)?;
        Ok(Resolved {
            entry: EntryRef { room: self.state()?.name().clone(), index },
            room: self.room(),
            identity: line.signed.identity(),
            id: line.signed.statement.id,
        })
    }

    /// Verifies everything that is here again from the first entry, content digests included, and gives
    /// each verified entry to `each`.
    pub fn verify_all(&self, mut each: impl FnMut(&VerifiedEntry)) -> Result<Counts, ReplicaError> {
        let mut counts = Counts::default();
        if self.verifier.replay().is_none() {
            // An access log's records are all that its tree is made of, and were hashed when it was opened.
            counts.entries = self.size();
            return Ok(counts);
        }
        let mut replay = Replay::new(self.room());
        let mut next = 0;
        while next < self.size() {
            let end = self.size().min(next + BATCH as u64);
            let entries =
                (next..end).map(|index| self.require_entry(index)).collect::<Result<Vec<_>, _>>()?;
            let verified = replay.push(entries).map_err(|error| {
                let (room, index) = (self.name().to_owned(), error.index);
                Raised::from(Alarm::RuleBroken { room, index, fault: error.fault })
            })?;
            for entry in &verified {
                counts.entries += 1;
                counts.signatures += entry.signed().envelope.signatures().len() as u64;
                counts.bases += u64::from(entry.signed().statement.basis.size.0 > 0);
                counts.charters += u64::from(matches!(entry.signed().statement.act, Act::Charter(_)));
                if entry.signed().statement.sealed().is_some() {
                    counts.contents += u64::from(self.sealed_content(entry.index())?.is_some());
                }
                each(entry);
            }
            next = end;
        }
        let Some(kept) = self.checkpoint() else { return Ok(counts) };
        if replay.tree().root_at(kept.size()) == Some(kept.root()) {
            return Ok(counts);
        }
        let alarm = Alarm::NotCovered { room: self.name().to_owned(), size: kept.size().0 };
        Err(Raised::from(alarm).with(Exhibit::checkpoint("kept here", &kept.to_bytes())).into())
    }
}
