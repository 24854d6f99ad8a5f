//! All rooms as they stood at one moment, written as a bundle: what `tearlined backup` saves.
//!
//! Entries with their sealed content, but for content that was recalled or has expired: a copy must not keep what
//! the rooms have given up. It refuses to know where the bundle goes. Specification: `docs/spec.md`, section 11.

use std::io::{self, Write};

use bytes::Bytes;
use tearline_ledger::{
    bundle::{Begin, BundleEntry, BundleRoom, Writer},
    entry::Entry,
    id::RoomId,
};

use crate::{
    sequencer::now,
    store::{Store, StoreError, StoredRow},
};

/// Rows that are read together.
const ROWS: u64 = 256;
/// Bytes that are read together, at the most.
const BYTES: usize = 1 << 20;

/// A room at the moment of the cut.
#[derive(Debug, Clone)]
pub struct CutRoom {
    /// The room, or access log.
    pub room: RoomId,
    /// Its name.
    pub name: String,
    /// Its entries.
    pub size: u64,
    /// Its signed checkpoint of that size.
    pub checkpoint: Bytes,
}

/// Why a cut is not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored room ends before its head says.
    #[error("{0} ends before its head says: stop the server and run `tearlined check`")]
    Short(String),
    /// The bundle cannot be written.
    #[error("the bundle cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// The rooms of a store that nobody writes to.
pub async fn of_store<S: Store>(store: &S) -> Result<Vec<CutRoom>, CutError> {
    let mut out = Vec::new();
    for (room, name) in store.rooms().await? {
        let head = store.head(&room).await?.ok_or_else(|| CutError::Short(name.clone()))?;
        out.push(CutRoom { room: RoomId(room), name, size: head.size, checkpoint: head.checkpoint });
    }
    Ok(out)
}

/// Writes a cut. `told` is told of each room once it is written.
pub async fn write<S: Store>(
    store: &S,
    begin: &Begin,
    mut rooms: Vec<CutRoom>,
    out: &mut impl Write,
    mut told: impl FnMut(&CutRoom),
) -> Result<(), CutError> {
    rooms.retain(|room| room.size > 0);
    rooms.sort_by_key(|room| room.room);
    let (mut writer, first) = Writer::begin(begin);
    out.write_all(&first)?;
    for room in &rooms {
        let row = BundleRoom {
            room: room.room,
            name: room.name.clone(),
            first: 0,
            size: room.size,
            checkpoint: room.checkpoint.clone(),
        };
        out.write_all(&writer.room(&row))?;
        let mut next = 0;
        while next < room.size {
            let limit = ROWS.min(room.size - next);
            let rows = store.rows(&room.room.0, next, limit, BYTES, true).await?;
            if rows.is_empty() {
                return Err(CutError::Short(room.name.clone()));
            }
            next += rows.len() as u64;
            for row in rows {
                out.write_all(&writer.entry(kept(row)))?;
            }
        }
        told(room);
    }
    out.write_all(&writer.end())?;
    Ok(out.flush()?)
}

/// What goes out of a stored row.
pub(crate) fn kept(row: StoredRow) -> BundleEntry {
    let gone = row.recalled || expired(&row.entry);
    BundleEntry { entry: row.entry, content: row.content.filter(|_| !gone) }
}

fn expired(entry: &Bytes) -> bool {
    let entry = Entry::parse(entry.clone()).ok();
    let end = entry.as_ref().and_then(|entry| entry.statement()?.statement.sealed()?.content_until);
    end.is_some_and(|end| end <= now())
}
