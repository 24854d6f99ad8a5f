//! What can go wrong in the store, each a fact with what to do about it.
//!
//! Refuses to know of clients: nothing here is sent to one. Specification: `docs/operations.md`, "A damaged store".

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::RoomId;

/// Why the store refused, or could not do, what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused a file or folder of the store; the operator's to mend.
    #[error("cannot use {path} for the store: {source}; check that it exists, is writable and has room", path = .path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process has this store open.
    #[error("the store in {dir} is in use by another process; stop that one first", dir = .dir.display())]
    Locked {
        /// The store's folder.
        dir: PathBuf,
    },
    /// The engine keeps values in files that it never makes durable.
    #[error("{dir} is not empty, and what is in it was never durable; restore the store from a backup", dir = .dir.display())]
    Blobs {
        /// The folder that must be empty.
        dir: PathBuf,
    },
    /// A file that belongs to the store is missing or unreadable, others are there.
    #[error("{path} is missing or damaged beside the rest of the store; restore the whole folder from one backup", path = .path.display())]
    HalfCopied {
        /// What is missing.
        path: PathBuf,
    },
    /// The store was written in another format.
    #[error("the store has format {found}, this program reads {known}; run the version that wrote it", known = super::layout::FORMAT)]
    Format {
        /// The store's format.
        found: u32,
    },
    /// The store holds less than was acknowledged.
    #[error(
        "the store ends at commit {found}, but commit {acknowledged}, which brought room {room} to index {size}, was acknowledged; \
         restore the store from a backup or from what clients and auditors hold"
    )]
    LostCommits {
        /// The last commit that is there.
        found: u64,
        /// The last commit that was acknowledged.
        acknowledged: u64,
        /// A room that this commit was about.
        room: RoomId,
        /// The size that it gave to that room.
        size: u64,
    },
    /// The engine could not open or read its file.
    #[error(
        "the store's engine refuses its file: {reason}; restore the store from a backup or from what clients and auditors hold"
    )]
    Engine {
        /// What the engine said.
        reason: String,
    },
    /// Something stored is not as it was written.
    #[error("the store is damaged: {0}; restore it from a backup or from what clients and auditors hold")]
    Damaged(Damage),
    /// An earlier write failed, so that what is on the disk is unknown; a restart finds out.
    #[error(
        "the store failed to write ({reason}) and does nothing more; mend the disk and restart the server"
    )]
    Failed {
        /// What failed first.
        reason: Arc<str>,
    },
    /// No such room.
    #[error("room {0} is not in the store")]
    UnknownRoom(RoomId),
    /// The room that was to be created is there.
    #[error("room {0} exists already")]
    RoomExists(RoomId),
    /// One commit names a room twice; the caller's mistake.
    #[error("room {0} occurs twice in one commit")]
    DoubledRoom(RoomId),
    /// Somebody else was first.
    #[error("room {room} has size {found}, not {expected}; read its head and try again")]
    Fenced {
        /// The room.
        room: RoomId,
        /// The size that the commit expected.
        expected: u64,
        /// The size that the room has.
        found: u64,
    },
    /// The row's id is taken in its room.
    #[error("the id of the new row {index} is already in room {room}")]
    DuplicateId {
        /// The room.
        room: RoomId,
        /// The index at which the row was to be entered.
        index: u64,
    },
    /// The number of tree nodes does not fit the row's index; the caller's mistake.
    #[error("row {index} of room {room} completes {expected} tree nodes, not {found}")]
    Nodes {
        /// The room.
        room: RoomId,
        /// The row's index.
        index: u64,
        /// What the index demands.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A row or node that the room does not have, or not yet.
    #[error("room {room} has no row {index}")]
    NoSuchRow {
        /// The room.
        room: RoomId,
        /// The index.
        index: u64,
    },
    /// A value over its limit, or a name with a character that no name has.
    #[error("{what} of room {room} is too long or malformed")]
    Unfit {
        /// The room.
        room: RoomId,
        /// Which value.
        what: &'static str,
    },
}

/// A place in the store that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The room concerned, if it could be told.
    pub room: Option<RoomId>,
    /// The row concerned; absent if it is the room as a whole.
    pub index: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(room) = self.room {
            write!(f, "room {room}, ")?;
        }
        if let Some(index) = self.index {
            write!(f, "index {index}, ")?;
        }
        f.write_str(&self.what)
    }
}
