//! The attachments of a restored store: bytes as they come into a folder of their own, then into the rooms that name
//! them.
//!
//! What is in the attachments' folder already, and is as it was received, stays. Whether bytes are the right ones is the
//! audit's to say. Memory: some 100 bytes for each attachment that a post names.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tearline_ledger::{bundle::BundlePiece, digest::Digest, id::RoomId};

use super::Restored;
use crate::{
    files::{Attachments, FilesError},
    private_file,
};

/// Attachments that come from bundles.
pub(super) struct Attached<'a> {
    files: &'a Attachments,
    staged: PathBuf,
    under_way: Option<File>,
    came: BTreeSet<Digest>,
    named: BTreeMap<(RoomId, Digest), String>,
}

impl<'a> Attached<'a> {
    /// Into the rooms of `files`, by way of the folder `staged`, which is made when the first comes.
    pub(super) fn new(files: &'a Attachments, staged: PathBuf) -> Self {
        Self { files, staged, under_way: None, came: BTreeSet::new(), named: BTreeMap::new() }
    }

    /// Writes the next bytes of an attachment; `whole` with its last, and only if all were right.
    pub(super) fn take(&mut self, piece: &BundlePiece, whole: bool) -> Result<(), FilesError> {
        let path = self.staged.join(piece.digest.to_hex());
        if piece.offset == 0 {
            if !self.staged.is_dir() {
                private_file::folder(&self.staged).map_err(at(&self.staged))?;
            }
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path);
            self.under_way = Some(file.map_err(at(&path))?);
        }
        let mut file = self.under_way.take().ok_or(FilesError::Broken)?;
        file.write_all(&piece.data).map_err(at(&path))?;
        if whole {
            file.sync_all().map_err(at(&path))?;
            self.came.insert(piece.digest);
        } else {
            self.under_way = Some(file);
        }
        Ok(())
    }

    /// A post that stands names this attachment; `entry` is how people name the post.
    pub(super) fn name(&mut self, room: RoomId, digest: Digest, entry: impl FnOnce() -> String) {
        self.named.entry((room, digest)).or_insert_with(entry);
    }

    /// Puts each into the rooms whose posts name it, and says which are missing.
    pub(super) async fn place(&mut self, done: &mut Restored) -> Result<(), FilesError> {
        for ((room, digest), entry) in &self.named {
            if self.came.contains(digest) {
                let staged = self.staged.join(digest.to_hex());
                self.files.put_back(&staged, &room.0, digest).await?;
                done.attachments += 1;
            // One that cannot be read is none; what to do is the same.
            } else if !self.files.verify(&room.0, digest).await.unwrap_or(false) {
                done.without_attachments += 1;
                done.first_attachment.get_or_insert_with(|| entry.clone());
            }
        }
        Ok(())
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    |source| FilesError::Files { path, source }
}
