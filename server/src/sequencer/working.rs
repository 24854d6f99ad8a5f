//! A room while a commit is being put together: what is new in it, and how to take a call's part back.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use tearline_ledger::{
    checkpoint::{Checkpoint, CheckpointError, Origin},
    digest::Digest,
    entry::{AccessRecord, Entry},
    id::{RoomId, StatementId},
    merkle::{Frontier, NodeId, TreeSize, root_nodes},
    name::Domain,
    note::NoteSigner,
    rules::{Effect, Found, RoomState, VerifiedEntry},
};

use crate::{
    registry::RoomView,
    store::{NewRow, RoomCommit},
};

/// A room with what this commit adds to it.
#[derive(Debug)]
pub(super) struct Working {
    pub(super) room: RoomId,
    pub(super) name: Arc<str>,
    pub(super) state: Option<RoomState>,
    pub(super) ids: HashMap<StatementId, Found>,
    pub(super) recalled: Vec<u64>,
    base: u64,
    created: bool,
    chartered: bool,
    changed: bool,
    /// The tree's right edge in the store.
    edge: Vec<Digest>,
    frontier: Frontier,
    last_accepted_at: u64,
    rows: Vec<NewRow>,
    /// Size after each new row, its root, and when it was accepted.
    pub(super) history: Vec<(u64, Digest, u64)>,
}

/// A room as it was before a call.
#[derive(Debug)]
pub(super) struct Before {
    state: Option<RoomState>,
    frontier: Frontier,
    last_accepted_at: u64,
    rows: usize,
    recalled: usize,
    chartered: bool,
    changed: bool,
    ids: Vec<StatementId>,
}

impl Working {
    /// An existing room.
    pub(super) fn of(room: RoomId, view: &RoomView) -> Self {
        Self {
            room,
            name: Arc::clone(&view.name),
            state: view.state.clone(),
            ids: HashMap::new(),
            recalled: Vec::new(),
            base: view.size().0,
            created: false,
            chartered: false,
            changed: false,
            edge: view.frontier.nodes().to_vec(),
            frontier: view.frontier.clone(),
            last_accepted_at: view.last_accepted_at,
            rows: Vec::new(),
            history: Vec::new(),
        }
    }

    /// A room that this commit creates.
    pub(super) fn new(room: RoomId, name: Arc<str>) -> Self {
        Self {
            room,
            name,
            state: None,
            ids: HashMap::new(),
            recalled: Vec::new(),
            base: 0,
            created: true,
            chartered: false,
            changed: false,
            edge: Vec::new(),
            frontier: Frontier::new(),
            last_accepted_at: 0,
            rows: Vec::new(),
            history: Vec::new(),
        }
    }

    /// Entries in the store.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// New entries.
    pub(super) fn added(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether any new entry has content.
    pub(super) fn has_content(&self) -> bool {
        self.rows.iter().any(|row| row.content.is_some())
    }

    /// When an entry that comes now is accepted.
    pub(super) fn accepted_at(&self, now: u64) -> u64 {
        now.max(self.last_accepted_at)
    }

    /// When the first new entry was accepted.
    pub(super) fn first_accepted_at(&self) -> Option<u64> {
        self.history.first().map(|row| row.2)
    }

    /// Remembers the room for [`Self::undo`].
    pub(super) fn mark(&self) -> Before {
        Before {
            state: self.state.clone(),
            frontier: self.frontier.clone(),
            last_accepted_at: self.last_accepted_at,
            rows: self.rows.len(),
            recalled: self.recalled.len(),
            chartered: self.chartered,
            changed: self.changed,
            ids: Vec::new(),
        }
    }

    /// Takes back all since the mark.
    pub(super) fn undo(&mut self, before: Before) {
        self.state = before.state;
        self.frontier = before.frontier;
        self.last_accepted_at = before.last_accepted_at;
        self.rows.truncate(before.rows);
        self.history.truncate(before.rows);
        self.recalled.truncate(before.recalled);
        self.chartered = before.chartered;
        self.changed = before.changed;
        for id in before.ids {
            self.ids.remove(&id);
        }
    }

    /// Whether nothing is left of a room that was to be created.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a verified entry; `state` already has it.
    pub(super) fn push(
        &mut self,
        before: &mut Before,
        verified: &VerifiedEntry,
        content: Option<Bytes>,
    ) -> Bytes {
        let entry = verified.to_entry();
        let id = verified.signed().statement.id;
        before.ids.push(id);
        self.ids.insert(id, verified.found());
        match verified.effect() {
            Effect::Founded | Effect::Chartered => self.chartered = true,
            Effect::Recalled(index) => self.recalled.push(*index),
            _ => {}
        }
        self.changed |= verified.changes_state();
        self.push_row(&entry, Some(*id.as_bytes()), content);
        // Bases name the roots of rooms; nobody asks for those of an access log.
        self.history.push((self.frontier.size().0, self.frontier.root(), entry.accepted_at()));
        entry.bytes().clone()
    }

    /// Adds an access record.
    pub(super) fn record(&mut self, now: u64, record: AccessRecord) {
        let entry = Entry::of_access(self.accepted_at(now), record);
        self.push_row(&entry, None, None);
    }

    fn push_row(&mut self, entry: &Entry, id: Option<[u8; 16]>, content: Option<Bytes>) {
        let nodes = self.frontier.append(entry.leaf());
        self.last_accepted_at = entry.accepted_at();
        self.rows.push(NewRow { id, entry: entry.bytes().clone(), content, nodes });
    }

    fn newest_nodes(&self) -> HashMap<NodeId, Digest> {
        let mut nodes: HashMap<NodeId, Digest> =
            root_nodes(TreeSize(self.base)).into_iter().zip(self.edge.iter().copied()).collect();
        for (leaf, row) in (self.base..).zip(&self.rows) {
            let completed = (0..).zip(&row.nodes);
            nodes.extend(completed.map(|(level, hash)| (NodeId { level, index: leaf >> level }, *hash)));
        }
        nodes
    }

    /// What the store is to commit, and what is to be published then.
    pub(super) fn finish(
        self,
        domain: &Domain,
        log_key: &dyn NoteSigner,
    ) -> Result<(RoomCommit, Arc<RoomView>), CheckpointError> {
        let root = self.frontier.root();
        let origin = Origin::new(domain.clone(), self.room.0);
        let checkpoint = Checkpoint { origin, size: self.frontier.size(), root };
        let checkpoint = Bytes::from(checkpoint.sign(log_key)?.to_bytes());
        let newest_nodes = self.state.as_ref().map(|_| self.newest_nodes()).unwrap_or_default();
        let state = self.state.as_ref();
        let members = |state: &RoomState| {
            state.charter().members.iter().map(|member| member.name.as_str().to_owned()).collect()
        };
        let commit = RoomCommit {
            room: self.room.0,
            expected_size: self.base,
            create: self.created.then(|| self.name.to_string()),
            rows: self.rows,
            checkpoint: checkpoint.clone(),
            root,
            state: state.filter(|_| self.changed).map(RoomState::snapshot),
            members: state.filter(|_| self.chartered).map(members),
            recalled: self.recalled,
        };
        let view = RoomView {
            name: self.name,
            state: self.state,
            frontier: self.frontier,
            last_accepted_at: self.last_accepted_at,
            checkpoint,
            newest_nodes,
        };
        Ok((commit, Arc::new(view)))
    }
}
