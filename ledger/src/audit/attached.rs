//! The attachments of a bundle: each is one that a post before it names, whole, and there once.
//!
//! Bytes are hashed as they come and kept by nobody here. Specification: `docs/spec.md`, section 11.1.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{Context, SHA256};

use crate::{bundle::BundlePiece, digest::Digest, statement::Post};

/// What has come of attachments. Memory: some 100 bytes for each that a post of the room under way names, and some 40
/// for each that has come.
#[derive(Default)]
pub(super) struct Attached {
    named: BTreeMap<Digest, u64>,
    came: BTreeSet<Digest>,
    under_way: Option<UnderWay>,
}

struct UnderWay {
    digest: Digest,
    size: u64,
    received: u64,
    hash: Context,
}

impl Attached {
    /// A post of the room names these.
    pub(super) fn name(&mut self, post: &Post) {
        self.named.extend(post.attachments.iter().map(|it| (it.digest, it.size)));
    }

    /// Takes the next bytes; true if the attachment is whole with them.
    pub(super) fn take(&mut self, piece: &BundlePiece) -> Result<bool, &'static str> {
        if piece.offset == 0 {
            self.between()?;
            let size = *self.named.get(&piece.digest).ok_or("no post of the room names it")?;
            if !self.came.insert(piece.digest) {
                return Err("it is there twice");
            }
            let hash = Context::new(&SHA256);
            self.under_way = Some(UnderWay { digest: piece.digest, size, received: 0, hash });
        }
        let Some(mut file) = self.under_way.take().filter(|file| file.digest == piece.digest) else {
            return Err("its beginning is missing");
        };
        file.received += piece.data.len() as u64;
        file.hash.update(&piece.data);
        if file.received < file.size {
            self.under_way = Some(file);
            return Ok(false);
        }
        if file.received > file.size || file.hash.finish().as_ref() != file.digest.as_bytes() {
            return Err("it is not the one that the post names");
        }
        Ok(true)
    }

    /// No attachment may be half there.
    pub(super) fn between(&self) -> Result<(), &'static str> {
        if self.under_way.is_none() { Ok(()) } else { Err("its end is missing") }
    }

    /// Which one has begun.
    pub(super) fn under_way(&self) -> Option<Digest> {
        self.under_way.as_ref().map(|file| file.digest)
    }

    /// The next room's posts name others.
    pub(super) fn next_room(&mut self) {
        self.named.clear();
    }
}
