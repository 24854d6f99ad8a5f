//! What may be wrong with a bundle, with the room, the index and the rule.

use crate::{
    bundle::BundleError, digest::Digest, entry::EntryError, id::RoomId, instance::InstanceFault,
    replay::ReplayError,
};

/// The first thing that is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFault {
    /// The file is not a whole bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A room does not begin at its beginning, or has no entry.
    #[error("room {room}: only a part of its log is here; export the whole of it")]
    Incomplete {
        /// The room's name.
        room: String,
    },
    /// An entry is not one.
    #[error("{room}#{index} is not well-formed: {error}")]
    Entry {
        /// The room's name.
        room: String,
        /// The entry's index.
        index: u64,
        /// What is wrong.
        error: Box<EntryError>,
    },
    /// An entry breaks a rule.
    #[error("{room}#{} breaks a rule: {}", error.index, error.fault)]
    Rule {
        /// The room's name.
        room: String,
        /// Where, and which.
        error: Box<ReplayError>,
    },
    /// Content is not the one that the entry names.
    #[error("the content of {room}#{index} is not the one that the entry names")]
    Content {
        /// The room's name.
        room: String,
        /// The entry's index.
        index: u64,
    },
    /// An attachment is not one that a post names.
    #[error("the attachment {digest} in room {room}: {what}")]
    Attachment {
        /// The room's name.
        room: String,
        /// SHA-256 of the sealed attachment, as the bundle has it.
        digest: Digest,
        /// What is wrong.
        what: &'static str,
    },
    /// A room under another name or domain than its own.
    #[error("room {room}: {what}")]
    Name {
        /// The name in the bundle.
        room: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The checkpoint does not cover the entries.
    #[error("the checkpoint of {room} does not cover its {size} entries: {what}")]
    Checkpoint {
        /// The room's name.
        room: String,
        /// How many entries there are.
        size: u64,
        /// What is wrong.
        what: String,
    },
    /// The chamber that the bundle says it has is not in it.
    #[error(
        "the chamber {0} that the bundle names is not in it: only who sees every room exports all of them"
    )]
    NoChamber(RoomId),
    /// The rules across rooms.
    #[error(transparent)]
    Instance(#[from] InstanceFault),
}

impl AuditFault {
    /// The short, stable name that sections 6.5, 8 and 11.1 give it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "BUNDLE",
            Self::Incomplete { .. } => "INCOMPLETE",
            Self::Entry { .. } => "ENTRY",
            Self::Rule { error, .. } => error.fault.code(),
            Self::Content { .. } => "CONTENT",
            Self::Attachment { .. } => "ATTACHMENT",
            Self::Name { .. } => "NAME",
            Self::Checkpoint { .. } => "CHECKPOINT",
            Self::NoChamber(_) => "CHAMBERS",
            Self::Instance(fault) => fault.code(),
        }
    }

    /// The name, in the bundle, of the room that it is found in; `None` if it is of the file, or between rooms.
    pub fn room(&self) -> Option<&str> {
        match self {
            Self::Incomplete { room }
            | Self::Entry { room, .. }
            | Self::Rule { room, .. }
            | Self::Content { room, .. }
            | Self::Attachment { room, .. }
            | Self::Name { room, .. }
            | Self::Checkpoint { room, .. } => Some(room),
            Self::Bundle(_) | Self::NoChamber(_) | Self::Instance(_) => None,
        }
    }

    /// The index of the entry that it is found at, if it is one entry's.
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Entry { index, .. } | Self::Content { index, .. } => Some(*index),
            Self::Rule { error, .. } => Some(error.index),
            _ => None,
        }
    }
}
