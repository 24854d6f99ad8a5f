//! Why a file cannot be attached, sent, fetched or saved: facts, with the remedy.

use std::{io, path::PathBuf};

use tearline_ledger::{keys::NoRandomness, seal::SealError, stream::StreamError};

use crate::durable::FileError;

/// Why not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// The file is not there.
    #[error("{}: there is no such file to attach: check the path", .0.display())]
    Missing(PathBuf),
    /// A folder, a device or a pipe.
    #[error("{}: is no file but a {what}: attach files, one by one (pack a folder into an archive first)", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Nothing in it.
    #[error("{}: is empty: there is nothing to attach", .0.display())]
    Empty(PathBuf),
    /// Larger than the room accepts.
    #[error("{}: takes {size} bytes sealed, and {room} accepts {most}: split it, or make it smaller", path.display())]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// The room's name.
        room: String,
        /// Sealed, in bytes.
        size: u64,
        /// What the room accepts.
        most: u64,
    },
    /// More files than a post may have.
    #[error("{count} files, and a post in {room} may have {most}: leave some out, or send another post")]
    TooMany {
        /// The room's name.
        room: String,
        /// How many were given.
        count: usize,
        /// How many it may have.
        most: u32,
    },
    /// A name that others cannot be given.
    #[error("{}: its name {why}: rename the file first", path.display())]
    Name {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is not what it was when the reading began.
    #[error("{}: was changed while it was read; nothing of it was sent: try again when nobody writes to it", .0.display())]
    Changed(PathBuf),
    /// The system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file of the profile.
    #[error(transparent)]
    File(#[from] FileError),
    /// Chunks that cannot be sealed or opened.
    #[error(transparent)]
    Sealing(StreamError),
    /// What is kept of an attachment on its way.
    #[error(transparent)]
    Journal(#[from] SealError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The content's key is no key.
    #[error("its key is damaged: whoever wrote the post did not follow the protocol; tell the author")]
    Key,
    /// The desk has no key of the room.
    #[error("this desk has no key of {0}: run tearline fetch")]
    NoRoomKey(String),
    /// Another command of this desk is at it.
    #[error("another command of this desk is fetching {0} already: wait for it to end")]
    InUse(String),
    /// The server went on before all was sent, or said something else than what it has.
    #[error(
        "the server says that it has {received} of {size} bytes of {name} after all were sent: try again, and it goes on from there"
    )]
    NotAll {
        /// The file's name.
        name: String,
        /// What the server has.
        received: u64,
        /// What there is.
        size: u64,
    },
    /// The stream ended early.
    #[error(
        "the server broke off at {received} of {size} bytes of {name}; what came is kept: try again, and it goes on from there"
    )]
    BrokenOff {
        /// The file's name, safe to be shown.
        name: String,
        /// What came, sealed.
        received: u64,
        /// What there is, sealed.
        size: u64,
    },
    /// There is a file of that name already.
    #[error("{} exists and is not overwritten: say --overwrite if you mean it, or choose another name", .0.display())]
    Exists(PathBuf),
    /// No attachment is called so.
    #[error("{entry} has no attachment {wanted}: it has {has}")]
    NoSuch {
        /// As in `drc#42`.
        entry: String,
        /// Number or name.
        wanted: String,
        /// What it has instead.
        has: String,
    },
    /// It was taken back.
    #[error(
        "{0} was recalled: its attachments are no longer served; what was saved before cannot be unsaved"
    )]
    Recalled(String),
    /// Its time is over.
    #[error("{0} has expired: its attachments are no longer served")]
    Expired(String),
    /// The author sealed it wrongly.
    #[error(
        "attachment {name} of {entry} is what its author signed, and does not open ({error}): the author did not follow the protocol; tell the author"
    )]
    DoesNotOpen {
        /// As in `drc#42`.
        entry: String,
        /// The file's name, safe to be shown.
        name: String,
        /// At which chunk.
        error: StreamError,
    },
    /// No chamber post has what the proposal hands on.
    #[error(
        "{0} stands in no post of the chamber that was fetched: run tearline fetch; if it stays so, reject the proposal"
    )]
    NotInChamber(String),
}

pub(super) fn io_error(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(io::Error) -> AttachmentError {
    let path = path.to_owned();
    move |error| AttachmentError::Io { action, path, error }
}
