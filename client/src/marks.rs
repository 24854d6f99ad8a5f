//! Read marks: which entries were shown to somebody at this desk, in `marks.json`.
//!
//! A convenience of this folder: losing it loses nothing but what counts as unread.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    durable::{self, FileError},
    profile::{Profile, ProfileError},
};

/// What the marks of a profile may take, in bytes.
const MARKS_MAX: u64 = 256 << 20;

/// Which posts this desk has read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// Entries that were shown, as in `drc#42`.
    pub read: BTreeSet<String>,
}

impl Profile {
    /// Which posts have been read.
    pub fn marks(&self) -> Result<Marks, ProfileError> {
        let path = self.dir().join("marks.json");
        match durable::read(&path, MARKS_MAX) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| ProfileError::Marks { path, reason: error.to_string() }),
            Err(FileError::Missing(_)) => Ok(Marks::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes which posts have been read; two commands at once do not undo each other.
    pub fn change_marks(&self, change: impl FnOnce(&mut Marks)) -> Result<(), ProfileError> {
        let _lock = self.lock()?;
        let mut marks = self.marks()?;
        change(&mut marks);
        let path = self.dir().join("marks.json");
        let text = serde_json::to_vec_pretty(&marks)
            .map_err(|error| ProfileError::Marks { path: path.clone(), reason: error.to_string() })?;
        Ok(durable::replace(&path, &text)?)
    }
}
