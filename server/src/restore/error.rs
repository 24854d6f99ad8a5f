//! Why nothing is restored, and what to do about it.

use std::{io, path::PathBuf};

use tearline_audit::BundleFault;
use tearline_ledger::{audit::AuditFault, checkpoint::CheckpointError, note::VerifierKey};

use crate::{files::FilesError, store::StoreError};

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There is a store.
    #[error("{}: there is a store already: move it away first, and keep it", .0.display())]
    Exists(PathBuf),
    /// A bundle cannot be read, or is not whole.
    #[error("{}: {error}", path.display())]
    Source {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: BundleFault,
    },
    /// What is in the bundles is not in order.
    #[error("what is in {} is not in order, and nothing was restored: {fault}", listed(.bundles))]
    Audit {
        /// Those that were read together.
        bundles: Vec<PathBuf>,
        /// The first thing that is wrong.
        fault: AuditFault,
    },
    /// A part of a room, or an empty one.
    #[error("{}: only a part of room {room} is in it: export the whole of it", path.display())]
    Incomplete {
        /// Which bundle.
        path: PathBuf,
        /// The room.
        room: String,
    },
    /// Two bundles have different entries at one place: neither room is the beginning of the other.
    #[error(
        "{} and {} differ at {room}#{index}, so neither has what the other has and more. Nothing was restored. Run \
         `tearline verify-bundle` on each: one that fails was altered. If both pass, the server kept two histories of \
         this room, and the two files prove it: keep both, and tell the mediators and every auditor",
        one.display(), other.display()
    )]
    Differ {
        /// One bundle.
        one: PathBuf,
        /// Another.
        other: PathBuf,
        /// The room.
        room: String,
        /// The first entry that they do not have in common.
        index: u64,
    },
    /// A shorter room's checkpoint is of another tree than its entries.
    #[error("{}: the checkpoint of {room} is not that of its entries: leave this bundle out, and keep it", path.display())]
    OtherTree {
        /// Which bundle.
        path: PathBuf,
        /// The room.
        room: String,
    },
    /// A bundle is of another instance.
    #[error(
        "{}: the bundle is of {found}, and the configuration of {expected}: see `domain` and `chamber` in it", path.display()
    )]
    OtherInstance {
        /// Which bundle.
        path: PathBuf,
        /// Domain and chamber of the bundle.
        found: String,
        /// Those of the configuration.
        expected: String,
    },
    /// The charters name another log key.
    #[error(
        "the charter of {room} names the log key {named}, but `log_key` holds {held}: put back the file of that key"
    )]
    OtherLogKey {
        /// The room.
        room: String,
        /// What its charter says.
        named: Box<VerifierKey>,
        /// What the configuration leads to.
        held: Box<VerifierKey>,
    },
    /// Content is missing for no reason.
    #[error(
        "there is no content of {count} posts and proposals that were neither recalled nor have expired, the first of them {first}: \
         add a bundle made with `tearline export --content` or `tearlined backup`, or say --without-content and let their readers see an alarm"
    )]
    WithoutContent {
        /// How many.
        count: u64,
        /// As in `drc#4`.
        first: String,
    },
    /// The checkpoint cannot be taken apart.
    #[error("the checkpoint of {room}: {error}")]
    Checkpoint {
        /// The room.
        room: String,
        /// What is wrong.
        error: CheckpointError,
    },
    /// Attachments cannot be written.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The new store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was written is not what was read.
    #[error("what was written is damaged: {0}: see whether the disk is well, then try again")]
    Damaged(String),
    /// The folder cannot be put in its place.
    #[error("{}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

fn listed(bundles: &[PathBuf]) -> String {
    bundles.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
}
