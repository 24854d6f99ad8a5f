//! What the rules look up in a room's past, fetched before they are asked.
//!
//! The newest roots and times of rooms in use are kept in memory; older ones come from the store.

use std::collections::{HashMap, VecDeque};

use tearline_ledger::{
    digest::Digest,
    entry::Entry,
    id::{RoomId, StatementId},
    merkle::{TreeSize, fold_root, root_nodes},
    rules::{Found, Past},
    statement::{Act, Signed},
};

use crate::{
    registry::RegistryError,
    store::{Store, StoreError},
};

/// Sizes of one room whose roots are kept.
const RECENT: usize = 2048;
/// Rooms whose newest roots are kept.
const ROOMS: usize = 512;

/// The newest roots and times of rooms in use.
#[derive(Debug, Default)]
pub(super) struct Histories {
    rooms: HashMap<RoomId, Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    /// Size after each entry, its root, and when the entry was accepted; ascending without gaps.
    rows: VecDeque<(u64, Digest, u64)>,
}

impl Recent {
    fn at_size(&self, size: u64) -> Option<&(u64, Digest, u64)> {
        let first = self.rows.front()?.0;
        self.rows.get(usize::try_from(size.checked_sub(first)?).ok()?)
    }
}

impl Histories {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Remembers what a commit added to a room.
    pub(super) fn note(&mut self, room: RoomId, rows: impl Iterator<Item = (u64, Digest, u64)>) {
        if self.rooms.len() >= ROOMS && !self.rooms.contains_key(&room) {
            self.rooms.clear();
        }
        let recent = self.rooms.entry(room).or_default();
        for row in rows {
            let follows = recent.rows.back().is_none_or(|last| last.0 + 1 == row.0);
            if !follows {
                recent.rows.clear();
            }
            recent.rows.push_back(row);
            if recent.rows.len() > RECENT {
                recent.rows.pop_front();
            }
        }
    }

    /// What the rules will ask about this statement, of the log of `size` entries that is durable.
    pub(super) async fn facts<S: Store>(
        &self,
        store: &S,
        room: RoomId,
        size: u64,
        signed: &Signed,
    ) -> Result<Facts, RegistryError> {
        let basis = signed.statement.basis.size.0;
        let mut facts = Facts { basis, ..Facts::default() };
        if basis <= size && basis > 0 {
            facts.root = Some(self.root(store, room, basis).await?);
        }
        if basis < size {
            facts.uncovered_at = self.accepted_at(store, room, basis).await?;
        }
        let mut ids = vec![signed.statement.id];
        match &signed.statement.act {
            Act::Recall { id, .. } => ids.push(*id),
            Act::Acknowledgement(posts) => {
                ids.extend(posts.iter().filter(|post| post.room == room).map(|post| post.id));
            }
            _ => {}
        }
        for id in ids {
            if let Some(found) = find(store, room, &id).await? {
                facts.found.insert(id, found);
            }
        }
        Ok(facts)
    }

    async fn root<S: Store>(&self, store: &S, room: RoomId, size: u64) -> Result<Digest, RegistryError> {
        if let Some(row) = self.rooms.get(&room).and_then(|recent| recent.at_size(size)) {
            return Ok(row.1);
        }
        let nodes = store.hashes(&room.0, &root_nodes(TreeSize(size))).await?;
        fold_root(TreeSize(size), &nodes)
            .map_err(|_| RegistryError::Damaged { room, what: "a stored tree node is missing" })
    }

    async fn accepted_at<S: Store>(
        &self,
        store: &S,
        room: RoomId,
        index: u64,
    ) -> Result<Option<u64>, RegistryError> {
        if let Some(row) = self.rooms.get(&room).and_then(|recent| recent.at_size(index + 1)) {
            return Ok(Some(row.2));
        }
        Ok(entry(store, room, index).await?.map(|(entry, _)| entry.accepted_at()))
    }
}

/// The statement of this id in a room's durable log.
pub(super) async fn find<S: Store>(
    store: &S,
    room: RoomId,
    id: &StatementId,
) -> Result<Option<Found>, RegistryError> {
    let index = match store.find(&room.0, id.as_bytes()).await {
        // A room that is being founded.
        Err(StoreError::UnknownRoom(_)) => None,
        found => found?,
    };
    let Some(index) = index else { return Ok(None) };
    let Some((entry, recalled)) = entry(store, room, index).await? else { return Ok(None) };
    Ok(entry.statement().map(|signed| Found {
        index,
        identity: signed.identity(),
        post_author: matches!(signed.statement.act, Act::Post(_)).then(|| signed.statement.author.clone()),
        recalled,
    }))
}

async fn entry<S: Store>(
    store: &S,
    room: RoomId,
    index: u64,
) -> Result<Option<(Entry, bool)>, RegistryError> {
    let rows = store.rows(&room.0, index, 1, usize::MAX, false).await.map_err(RegistryError::from)?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let recalled = row.recalled;
    let entry = Entry::parse(row.entry)
        .map_err(|_| RegistryError::Damaged { room, what: "a stored entry does not parse" })?;
    Ok(Some((entry, recalled)))
}

/// Answers to what the rules ask about one statement.
#[derive(Debug, Default)]
pub(super) struct Facts {
    basis: u64,
    root: Option<Digest>,
    uncovered_at: Option<u64>,
    found: HashMap<StatementId, Found>,
}

impl Facts {
    /// Adds what earlier statements of the same commit put into the room.
    pub(super) fn overlay(
        &mut self,
        pending: &HashMap<StatementId, Found>,
        recalled: &[u64],
        ids: impl Iterator<Item = StatementId>,
    ) {
        for id in ids {
            if let Some(found) = pending.get(&id) {
                self.found.insert(id, found.clone());
            }
        }
        for found in self.found.values_mut() {
            found.recalled |= recalled.contains(&found.index);
        }
    }

    /// The time of the first uncovered entry, if it is one of the same commit.
    pub(super) fn uncovered_by_pending(&mut self, accepted_at: u64) {
        self.uncovered_at.get_or_insert(accepted_at);
    }
}

impl Past for Facts {
    fn root_at(&self, size: TreeSize) -> Option<Digest> {
        self.root.filter(|_| size.0 == self.basis)
    }

    fn accepted_at(&self, index: u64) -> Option<u64> {
        self.uncovered_at.filter(|_| index == self.basis)
    }

    fn find(&self, id: &StatementId) -> Option<Found> {
        self.found.get(id).cloned()
    }
}

impl From<StoreError> for super::Refused {
    fn from(_: StoreError) -> Self {
        Self::CannotWrite
    }
}
