//! The witnesses' cosignatures of rooms, in memory as they are in the store: every answer with a
//! checkpoint carries them.
//!
//! It refuses to know what a cosignature says. Specification: `docs/spec.md`, section 6.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use tearline_ledger::id::RoomId;
use tokio::sync::Mutex;

use crate::store::{Store, StoreError};

/// The newest cosignature of each witness, of each room that was asked for.
#[derive(Debug, Default)]
pub struct Witnessed {
    lines: RwLock<HashMap<RoomId, Arc<[Bytes]>>>,
    keeping: Mutex<()>,
}

impl Witnessed {
    /// The newest cosignature of each witness of a room.
    pub(super) async fn lines<S: Store>(&self, store: &S, room: RoomId) -> Result<Arc<[Bytes]>, StoreError> {
        if let Some(lines) = self.lines.read().unwrap_or_else(PoisonError::into_inner).get(&room) {
            return Ok(Arc::clone(lines));
        }
        let stored: Arc<[Bytes]> = store.cosignatures(&room.0).await?.into();
        let mut lines = self.lines.write().unwrap_or_else(PoisonError::into_inner);
        // What was kept meanwhile is newer than what was read.
        Ok(Arc::clone(lines.entry(room).or_insert(stored)))
    }

    /// Keeps a witness's newest cosignature, durably.
    pub(super) async fn keep<S: Store>(
        &self,
        store: &S,
        room: RoomId,
        witness: &str,
        note: Bytes,
    ) -> Result<(), StoreError> {
        // One after the other, so that what is in memory last was read last.
        let _alone = self.keeping.lock().await;
        store.put_cosignature(&room.0, witness, note).await?;
        let stored = store.cosignatures(&room.0).await?.into();
        self.lines.write().unwrap_or_else(PoisonError::into_inner).insert(room, stored);
        Ok(())
    }
}
