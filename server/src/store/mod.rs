//! What the sequencer and the services ask of durable storage: one narrow trait and its types.
//!
//! Refuses to know what an entry, a checkpoint or a state means, and which engine keeps them. The trait holds
//! nothing that PostgreSQL could not do with one transaction a commit. Specification: `docs/spec.md`, annex D.

use std::future::Future;

use bytes::Bytes;
use tearline_ledger::digest::Digest;
use tearline_ledger::merkle::NodeId;

pub use self::error::{Damage, StoreError};
pub use self::sled::{Options, SledStore};

mod directory;
mod error;
mod group;
mod layout;
mod mark;
mod read;
mod scrub;
mod sled;
mod start;
mod tree;
mod writer;

/// Names a room: the digest of its founding charter.
pub type RoomId = Digest;

/// Durable storage of all rooms.
///
/// Every method answers [`StoreError::Failed`] once a write has failed: what is on the disk is then known only
/// after a restart.
pub trait Store: Send + Sync + 'static {
    /// Enters all of `commit` or nothing of it; it is durable when this returns.
    ///
    /// Refused, with no effect, if a room's size is not the expected one, if an id is taken, or if a part of the
    /// commit is malformed. A caller that drops the future does not undo the commit.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The durable head of `room` with its state, in the order of commits; `None` if there is no such room.
    fn head(&self, room: &RoomId) -> impl Future<Output = Result<Option<Head>, StoreError>> + Send;

    /// Every room and its name, in the order of their creation.
    fn rooms(&self) -> impl Future<Output = Result<Vec<(RoomId, String)>, StoreError>> + Send;

    /// The rooms whose newest membership names `member`, in the order of their creation.
    fn rooms_of(&self, member: &str) -> impl Future<Output = Result<Vec<RoomId>, StoreError>> + Send;

    /// Rows from index `from` on: at most `limit` of them and at most `max_bytes` of entries and content, but
    /// always one if there is one. Empty at the end of the room.
    fn rows(
        &self,
        room: &RoomId,
        from: u64,
        limit: u64,
        max_bytes: usize,
        content: bool,
    ) -> impl Future<Output = Result<Vec<StoredRow>, StoreError>> + Send;

    /// The hashes of complete tree nodes, in the order asked.
    fn hashes(
        &self,
        room: &RoomId,
        nodes: &[NodeId],
    ) -> impl Future<Output = Result<Vec<Digest>, StoreError>> + Send;

    /// The index of the row with this id in `room`.
    fn find(
        &self,
        room: &RoomId,
        id: &[u8; 16],
    ) -> impl Future<Output = Result<Option<u64>, StoreError>> + Send;

    /// Rows from index `from` on that were recalled or whose content was purged, at most `limit` of them.
    fn marks(
        &self,
        room: &RoomId,
        from: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Mark>, StoreError>> + Send;

    /// Removes the content of one row, durably; its entry stays. Done again, or without content, it does nothing.
    ///
    /// The engine may keep the sealed bytes in freed space until that is written over.
    fn purge(&self, room: &RoomId, index: u64) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The newest cosignature of each witness of `room`, in the order of their names.
    fn cosignatures(&self, room: &RoomId) -> impl Future<Output = Result<Vec<Bytes>, StoreError>> + Send;

    /// Replaces the cosignature of `witness` (up to 128 bytes), durably; up to 6 KiB.
    fn put_cosignature(
        &self,
        room: &RoomId,
        witness: &str,
        cosignature: Bytes,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads `limit` rows from index `from` on and all that hangs on them, and says what is damaged.
    fn scrub(
        &self,
        room: &RoomId,
        from: u64,
        limit: u64,
    ) -> impl Future<Output = Result<Scrubbed, StoreError>> + Send;
}

/// What enters several rooms at once.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// Each room at most once.
    pub rooms: Vec<RoomCommit>,
}

/// What enters one room.
#[derive(Debug, Clone, Default)]
pub struct RoomCommit {
    /// The room.
    pub room: RoomId,
    /// The room's size just before; the commit is refused if it is another.
    pub expected_size: u64,
    /// The name under which the room is created (up to 256 bytes); absent if it exists.
    pub create: Option<String>,
    /// The new rows, from index `expected_size` on.
    pub rows: Vec<NewRow>,
    /// The signed checkpoint of the new size, up to 4 KiB.
    pub checkpoint: Bytes,
    /// The root of the new size.
    pub root: Digest,
    /// The new snapshot of the room's rules; absent if it stays as it is.
    pub state: Option<Bytes>,
    /// The new membership, names of up to 255 bytes; absent if it stays as it is.
    pub members: Option<Vec<String>>,
    /// Indices that are recalled from now on, new rows included.
    pub recalled: Vec<u64>,
}

/// A row that is to be entered.
#[derive(Debug, Clone, Default)]
pub struct NewRow {
    /// Unique in the room; absent in access logs.
    pub id: Option<[u8; 16]>,
    /// The bytes that the leaf hashes.
    pub entry: Bytes,
    /// The sealed content beside it.
    pub content: Option<Bytes>,
    /// The complete tree nodes that this leaf completes, level 0 first.
    pub nodes: Vec<Digest>,
}

/// A room as of its last durable commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The name given at its creation.
    pub name: String,
    /// The number of rows.
    pub size: u64,
    /// The root of the tree of this size.
    pub root: Digest,
    /// The signed checkpoint of this size.
    pub checkpoint: Bytes,
    /// The last snapshot of the room's rules; empty if none was ever given.
    pub state: Bytes,
    /// The last membership.
    pub members: Vec<String>,
}

/// A row as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Its place in the room.
    pub index: u64,
    /// The bytes that the leaf hashes.
    pub entry: Bytes,
    /// The content, if it was asked for and is there.
    pub content: Option<Bytes>,
    /// Whether the content is there, asked for or not.
    pub content_state: ContentState,
    /// Whether the row was recalled.
    pub recalled: bool,
}

/// What became of a row's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentState {
    /// It is stored.
    Present,
    /// The row never had content.
    Absent,
    /// It was stored and was removed.
    Purged,
}

/// What happened to a row after it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The row's place in the room.
    pub index: u64,
    /// It was recalled.
    pub recalled: bool,
    /// Its content was removed.
    pub purged: bool,
}

/// What one step of a scrub found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed {
    /// Where to go on; `None` when the room is done.
    pub next: Option<u64>,
    /// Everything that is not as it was written.
    pub damage: Vec<Damage>,
}

#[cfg(test)]
mod tests;
