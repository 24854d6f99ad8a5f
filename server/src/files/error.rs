//! Why an attachment was not taken or not served, each a fact with what to do about it.
//!
//! Refuses to know of the wire. Specification: `docs/spec.md`, annex E.

use std::io;
use std::path::PathBuf;

use tearline_ledger::digest::Digest;
use thiserror::Error;

/// Why an attachment was not taken or not served.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The operating system refused a file or folder; the operator's to mend.
    #[error("cannot use {path} for attachments: {source}; check that it is writable and has room", path = .path.display())]
    Files {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full; nothing of the attachment was kept. The operator's to mend.
    #[error(
        "the server's disk is full, and nothing of this attachment was kept; tell the operator, then send it again"
    )]
    Full {
        /// The file that had no room.
        path: PathBuf,
    },
    /// The organisation has sent as many files as may wait for a statement.
    #[error(
        "your organisation has sent {most} files that no statement names yet; go on with one of these, or wait: what nobody goes on with is dropped after a day"
    )]
    TooMany {
        /// How many may wait.
        most: usize,
    },
    /// The organisation is sending the same attachment already.
    #[error("this attachment is being received already; wait for that to end, then try again")]
    Busy,
    /// An upload goes on beyond what was received, or with a hole.
    #[error("received are {received} bytes, so the next cannot be at offset {offset}; go on at {received}")]
    Gap {
        /// What the sender said.
        offset: u64,
        /// How far the temporary file goes.
        received: u64,
    },
    /// More was sent than was announced, or asked for than there is.
    #[error("the attachment has {size} bytes; offset {offset} is beyond its end")]
    Beyond {
        /// The announced size.
        size: u64,
        /// Where the bytes would be.
        offset: u64,
    },
    /// The upload is not complete.
    #[error("{received} of {size} bytes were received; send the rest")]
    Incomplete {
        /// What was received.
        received: u64,
        /// The announced size.
        size: u64,
    },
    /// What was received is something else than announced; it was thrown away.
    #[error("what was received is not {digest}; send it again from the beginning")]
    Mismatch {
        /// The announced digest.
        digest: Digest,
    },
    /// An earlier chunk of this upload could not be written.
    #[error("this upload broke off; begin it again")]
    Broken,
}
