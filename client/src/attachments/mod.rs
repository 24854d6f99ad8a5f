//! Attachments: maps, imagery, documents, sealed in chunks on the way out and opened on the way in.
//!
//! Specification: `docs/spec.md`, section 7.3 and annex E. Neither is ever whole in memory, and both go on where
//! they were broken off: what is on its way waits, sealed, in the profile's folder `attachments`. What an attachment
//! says is not known here.

pub mod download;
mod error;
mod journal;
pub mod media;
pub mod names;
pub mod outgoing;
pub mod save;
pub mod upload;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use tearline_ledger::{
    content::Content,
    digest::Digest,
    statement::Attachment,
    stream::{AttachmentKey, StreamError, StreamOpener, sealed_size},
};
use tearline_proto::v1;

pub use error::AttachmentError;

use crate::durable::{self, FileError};

/// Told how many bytes are done, and of how many.
pub type Progress<'a> = dyn FnMut(u64, u64) + Send + 'a;

/// The folder of a profile in which attachments wait that are on their way.
#[derive(Debug, Clone)]
pub struct Waiting(PathBuf);

impl Waiting {
    /// In this profile's folder.
    pub fn of(profile: &Path) -> Result<Self, FileError> {
        let folder = profile.join("attachments");
        durable::make_folder(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// An attachment as a post hands it on: what the statement says of the sealed bytes, and what opens them.
#[derive(Clone, PartialEq)]
pub struct HandedOn {
    /// Digest and size of the sealed bytes.
    pub named: Attachment,
    /// The key, with name, media type and size of the plain file.
    pub key: v1::AttachmentKey,
}

impl fmt::Debug for HandedOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandedOn")
            .field("named", &self.named)
            .field("name", &self.key.name)
            .finish_non_exhaustive()
    }
}

impl HandedOn {
    /// As content hands it on; `None` if digest or size are none, which content that was parsed cannot have.
    pub fn of(key: &v1::AttachmentKey) -> Option<Self> {
        let digest = Digest::from_slice(&key.digest)?;
        let size = sealed_size(key.size)?;
        Some(Self { named: Attachment { digest, size }, key: key.clone() })
    }

    /// All attachments of a content, in order.
    pub fn all(content: &Content) -> Vec<Self> {
        content.message().attachments.iter().filter_map(Self::of).collect()
    }

    fn opener(&self) -> Result<StreamOpener, AttachmentError> {
        let key: &[u8; 32] = self.key.key.as_ref().try_into().map_err(|_| AttachmentError::Key)?;
        StreamOpener::new(&AttachmentKey::from_bytes(key), self.key.size).map_err(stream)
    }
}

fn stream(error: StreamError) -> AttachmentError {
    AttachmentError::Sealing(error)
}
