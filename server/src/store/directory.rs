//! The rooms as of the last durable commit, in memory: what every read is bounded by.
//!
//! The engine shows a write before it is durable; a read must not. Refuses to know the engine, and holds no rows.
//! Specification: `docs/spec.md`, annex D.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::layout::HeadRow;
use super::{RoomId, StoreError};

/// One room.
#[derive(Debug, Clone)]
pub(super) struct Room {
    pub(super) id: RoomId,
    /// What stands for the room in keys.
    pub(super) number: u32,
    pub(super) name: Arc<str>,
    pub(super) head: HeadRow,
}

/// All rooms, and whether the store still works.
#[derive(Debug, Default)]
pub(super) struct Directory {
    rooms: RwLock<Rooms>,
    failed: OnceLock<Arc<str>>,
}

#[derive(Debug, Default)]
struct Rooms {
    by_id: HashMap<RoomId, Arc<Room>>,
    /// By number.
    ids: Vec<RoomId>,
}

impl Directory {
    /// The room, or that there is none.
    pub(super) fn room(&self, id: &RoomId) -> Result<Arc<Room>, StoreError> {
        self.get(id)?.ok_or(StoreError::UnknownRoom(*id))
    }

    pub(super) fn get(&self, id: &RoomId) -> Result<Option<Arc<Room>>, StoreError> {
        self.working()?;
        Ok(self.rooms.read().unwrap_or_else(PoisonError::into_inner).by_id.get(id).cloned())
    }

    pub(super) fn by_number(&self, number: u32) -> Option<RoomId> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        rooms.ids.get(usize::try_from(number).ok()?).copied()
    }

    pub(super) fn list(&self) -> Vec<(RoomId, String)> {
        let rooms = self.rooms.read().unwrap_or_else(PoisonError::into_inner);
        let name = |id: &RoomId| rooms.by_id.get(id).map_or_else(String::new, |room| room.name.to_string());
        rooms.ids.iter().map(|id| (*id, name(id))).collect()
    }

    /// Takes over rooms that have become durable; new ones in the order of their numbers.
    pub(super) fn publish(&self, mut changed: Vec<Room>) {
        changed.sort_by_key(|room| room.number);
        let mut rooms = self.rooms.write().unwrap_or_else(PoisonError::into_inner);
        for room in changed {
            if usize::try_from(room.number) == Ok(rooms.ids.len()) {
                rooms.ids.push(room.id);
            }
            rooms.by_id.insert(room.id, Arc::new(room));
        }
    }

    /// That no write has failed yet.
    pub(super) fn working(&self) -> Result<(), StoreError> {
        match self.failed.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Failed { reason: Arc::clone(reason) }),
        }
    }

    /// From now on everything is refused.
    pub(super) fn fail(&self, reason: &str) {
        self.failed.get_or_init(|| Arc::from(reason));
    }
}
