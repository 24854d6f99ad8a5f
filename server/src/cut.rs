//! All rooms as they stood at one moment, written as a bundle: what `tearlined backup` saves.
//!
//! Entries with their sealed content and attachments, but for what was recalled or has expired: a copy must not keep
//! what the rooms have given up. An attachment that several rooms have stands once, after the first of them. It refuses to know where the bundle goes. Specification: `docs/spec.md`, section 11.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use bytes::{Bytes, BytesMut};
use tearline_ledger::{
    bundle::{Begin, BundleEntry, BundlePiece, BundleRoom, Writer},
    digest::Digest,
    entry::Entry,
    id::RoomId,
};

use crate::{
    files::{Attachments, FilesError},
    sequencer::now,
    store::{Store, StoreError, StoredRow},
};

/// Rows that are read together.
const ROWS: u64 = 256;
/// Bytes that are read together, at the most.
const BYTES: usize = 1 << 20;

/// Bytes of an attachment in one row.
const PIECE: usize = 1 << 20;

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
    /// The attachments cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
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
    (store, files): (&S, &Attachments),
    begin: &Begin,
    mut rooms: Vec<CutRoom>,
    out: &mut impl Write,
    mut told: impl FnMut(&CutRoom),
) -> Result<(), CutError> {
    rooms.retain(|room| room.size > 0);
    rooms.sort_by_key(|room| room.room);
    let (mut writer, first) = Writer::begin(begin);
    out.write_all(&first)?;
    let mut given = BTreeSet::new();
    for room in &rooms {
        let mut named = Vec::new();
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
                let kept = kept(row);
                named.extend(kept.attachments.into_iter().filter(|digest| given.insert(*digest)));
                out.write_all(&writer.entry(kept.entry))?;
            }
        }
        for digest in named {
            attachment(files, (&room.room.0, digest), (&mut writer, out)).await?;
        }
        told(room);
    }
    out.write_all(&writer.end())?;
    Ok(out.flush()?)
}

/// One attachment, whole. One that is not there, or not as it was received, is left out: whoever reads the bundle sees
/// that it is.
async fn attachment(
    files: &Attachments,
    (room, digest): (&Digest, Digest),
    (writer, out): (&mut Writer, &mut impl Write),
) -> Result<(), CutError> {
    if !files.verify(room, &digest).await? {
        tracing::warn!(room = %RoomId(*room), %digest, "an attachment is missing, or not as it was received");
        return Ok(());
    }
    // Recalled and purged meanwhile.
    let Some(mut file) = files.get(room, &digest, 0).await? else { return Ok(()) };
    let (mut offset, mut data) = (0, BytesMut::with_capacity(PIECE));
    loop {
        let next = file.next().await?;
        let last = next.is_none();
        data.extend_from_slice(&next.unwrap_or_default());
        if !data.is_empty() && (last || data.len() >= PIECE) {
            let data = data.split().freeze();
            let length = data.len() as u64;
            out.write_all(&writer.piece(BundlePiece { digest, offset, data }))?;
            offset += length;
        }
        if last {
            return Ok(());
        }
    }
}

/// What the rooms have not given up of a row.
pub(crate) struct Kept {
    pub(crate) entry: BundleEntry,
    attachments: Vec<Digest>,
}

/// What goes out of a stored row.
pub(crate) fn kept(row: StoredRow) -> Kept {
    let parsed = Entry::parse(row.entry.clone()).ok();
    let post = parsed.as_ref().and_then(|entry| entry.statement()?.statement.sealed());
    let standing = post.filter(|post| !row.recalled && post.content_until.is_none_or(|end| end > now()));
    let attachments = standing.map(|post| post.attachments.iter().map(|it| it.digest).collect());
    let content = row.content.filter(|_| standing.is_some());
    Kept { attachments: attachments.unwrap_or_default(), entry: BundleEntry { entry: row.entry, content } }
}
