//! A room's log replayed in memory: entries in, verified entries, tree and state out.
//!
//! Specification: `docs/spec.md`, section 6. Takes about 250 bytes of memory an entry. It refuses to
//! know where entries come from.

use std::collections::HashMap;

use crate::{
    digest::Digest,
    entry::{Body, Entry},
    id::{RoomId, StatementId},
    keys::{KeyId, PublicKey},
    merkle::{Tree, TreeSize},
    rules::{
        self, CheckedEntry, CheckedStatement, Effect, Found, Past, Refusal, RoomState, SignatureError,
        SnapshotError, VerifiedEntry,
    },
    statement::{Act, Signed},
};

/// Statements whose signatures are verified together.
const BATCH: usize = 2048;

/// What is wrong with an entry of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Signatures that do not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The rules refuse it.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// An access record in a room, or a statement in an access log.
    #[error("it is an entry of another kind of log")]
    WrongKind,
    /// The first entry founds another room.
    #[error("the log is another room's: it founds {0}")]
    OtherRoom(RoomId),
}

impl Fault {
    /// The short, stable name that section 6.5 gives it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.code(),
            Self::Refusal(refusal) => refusal.code(),
            Self::WrongKind => "WRONG_KIND",
            Self::OtherRoom(_) => "FOUNDS_OTHER_ROOM",
        }
    }
}

/// The first entry of a log that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {index}: {fault}")]
pub struct ReplayError {
    /// Its index.
    pub index: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// The keys that a log has named so far, by their ids.
pub type Keys = HashMap<KeyId, PublicKey>;

/// Learns the keys of a charter before anything is known of its standing: a key id is the hash of its key.
pub fn learn_keys(keys: &mut Keys, signed: &Signed) {
    if let Act::Charter(charter) = &signed.statement.act {
        let members = charter.members.iter().map(|member| &member.sign_key);
        keys.extend(members.map(|key| (key.key_id(), *key)));
    }
}

/// A room's log, replayed.
#[derive(Debug, Clone)]
pub struct Replay {
    room: RoomId,
    state: Option<RoomState>,
    history: History,
    keys: Keys,
}

#[derive(Debug, Clone, Default)]
struct History {
    tree: Tree,
    accepted: Vec<u64>,
    ids: HashMap<StatementId, Found>,
    by_index: Vec<StatementId>,
}

impl Past for History {
    fn root_at(&self, size: TreeSize) -> Option<Digest> {
        self.tree.root_at(size)
    }

    fn accepted_at(&self, index: u64) -> Option<u64> {
        self.accepted.get(usize::try_from(index).ok()?).copied()
    }

    fn find(&self, id: &StatementId) -> Option<Found> {
        self.ids.get(id).cloned()
    }
}

impl History {
    fn push(&mut self, entry: &VerifiedEntry, leaf: Digest) {
        if let Effect::Recalled(index) = entry.effect() {
            self.mark_recalled(*index);
        }
        let id = entry.signed().statement.id;
        self.tree.append(leaf);
        self.accepted.push(entry.accepted_at());
        self.ids.insert(id, entry.found());
        self.by_index.push(id);
    }

    fn mark_recalled(&mut self, index: u64) {
        let id = usize::try_from(index).ok().and_then(|at| self.by_index.get(at));
        if let Some(found) = id.and_then(|id| self.ids.get_mut(id)) {
            found.recalled = true;
        }
    }
}

impl Replay {
    /// An empty log of this room.
    pub fn new(room: RoomId) -> Self {
        Self { room, state: None, history: History::default(), keys: Keys::new() }
    }

    /// Resumes from entries that this same program verified before, and the state that it kept of them.
    pub fn resume(
        room: RoomId,
        snapshot: &[u8],
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<Self, SnapshotError> {
        let mut out = Self::new(room);
        for entry in entries {
            let leaf = entry.leaf();
            let Body::Statement(signed) = entry.body() else {
                return Err(SnapshotError::Damaged("an entry of another kind of log"));
            };
            learn_keys(&mut out.keys, signed);
            let history = &mut out.history;
            let statement = &signed.statement;
            if let Act::Recall { id, .. } = &statement.act
                && let Some(found) = history.ids.get_mut(id)
            {
                found.recalled = true;
            }
            let is_post = matches!(statement.act, Act::Post(_));
            let found = Found {
                index: history.tree.size().0,
                identity: signed.identity(),
                post_author: is_post.then(|| statement.author.clone()),
                recalled: false,
            };
            history.tree.append(leaf);
            history.accepted.push(entry.accepted_at());
            history.ids.insert(statement.id, found);
            history.by_index.push(statement.id);
        }
        if let Some(last) = out.history.accepted.last() {
            out.state = Some(RoomState::restore(snapshot, out.history.tree.size(), *last)?);
        }
        Ok(out)
    }

    /// Verifies entries and applies them in order. On a fault, those before it have been applied.
    pub fn push(&mut self, entries: Vec<Entry>) -> Result<Vec<VerifiedEntry>, ReplayError> {
        let mut out = Vec::with_capacity(entries.len());
        let mut entries = entries.into_iter().peekable();
        while entries.peek().is_some() {
            let batch: Vec<Entry> = entries.by_ref().take(BATCH).collect();
            self.push_batch(&batch, &mut out)?;
        }
        Ok(out)
    }

    fn push_batch(&mut self, batch: &[Entry], out: &mut Vec<VerifiedEntry>) -> Result<(), ReplayError> {
        let statements: Vec<Signed> = batch.iter().map_while(Entry::statement).cloned().collect();
        for signed in &statements {
            learn_keys(&mut self.keys, signed);
        }
        let checked = rules::check(statements, |_, id| self.keys.get(id).copied());
        let count = checked.len();
        for (entry, checked) in batch.iter().zip(checked) {
            out.push(self.push_checked(entry.accepted_at(), entry.leaf(), checked)?);
        }
        if count < batch.len() {
            return Err(ReplayError { index: self.size().0, fault: Fault::WrongKind });
        }
        Ok(())
    }

    /// Applies the next entry, whose leaf this is and whose signatures were checked elsewhere.
    pub fn push_checked(
        &mut self,
        accepted_at: u64,
        leaf: Digest,
        checked: Result<CheckedStatement, SignatureError>,
    ) -> Result<VerifiedEntry, ReplayError> {
        let index = self.size().0;
        self.judge(accepted_at, checked)
            .inspect(|verified| self.history.push(verified, leaf))
            .map_err(|fault| ReplayError { index, fault })
    }

    fn judge(
        &mut self,
        accepted_at: u64,
        checked: Result<CheckedStatement, SignatureError>,
    ) -> Result<VerifiedEntry, Fault> {
        let checked = CheckedEntry { accepted_at, checked: checked? };
        if let Some(state) = &mut self.state {
            return Ok(rules::apply_owned(state, checked, &self.history)?);
        }
        let (state, verified) = rules::found(&checked)?;
        if state.room() != self.room {
            return Err(Fault::OtherRoom(state.room()));
        }
        self.state = Some(state);
        Ok(verified)
    }

    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Entries so far.
    pub fn size(&self) -> TreeSize {
        self.history.tree.size()
    }

    /// The state after them; `None` before the first.
    pub fn state(&self) -> Option<&RoomState> {
        self.state.as_ref()
    }

    /// Their tree.
    pub fn tree(&self) -> &Tree {
        &self.history.tree
    }

    /// The room's history, as the rules look at it.
    pub fn past(&self) -> &impl Past {
        &self.history
    }

    /// Whether the post at this index was recalled.
    pub fn is_recalled(&self, index: u64) -> bool {
        let id = usize::try_from(index).ok().and_then(|at| self.history.by_index.get(at));
        id.and_then(|id| self.history.ids.get(id)).is_some_and(|found| found.recalled)
    }
}

/// An access log, replayed: the server's records, in order of time.
#[derive(Debug, Clone, Default)]
pub struct AccessReplay {
    tree: Tree,
    last_accepted_at: u64,
}

impl AccessReplay {
    /// Applies the log's next entry.
    pub fn push(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        if entry.statement().is_some() {
            return Err(ReplayError { index: self.tree.size().0, fault: Fault::WrongKind });
        }
        self.push_record(entry.accepted_at(), entry.leaf())
    }

    /// Applies the log's next record, whose leaf this is.
    pub fn push_record(&mut self, accepted_at: u64, leaf: Digest) -> Result<(), ReplayError> {
        if accepted_at < self.last_accepted_at {
            return Err(ReplayError { index: self.tree.size().0, fault: Refusal::TimeGoesBack.into() });
        }
        self.last_accepted_at = accepted_at;
        self.tree.append(leaf);
        Ok(())
    }

    /// When the newest record was made, in seconds since 1970; `None` if there is none.
    pub fn last_accepted_at(&self) -> Option<u64> {
        (self.tree.size().0 > 0).then_some(self.last_accepted_at)
    }

    /// The records' tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }
}
