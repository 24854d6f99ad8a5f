//! One log as the liar has it: rows in order and the checkpoint that it gives out for them.

use anyhow::Result;
use bytes::Bytes;
use tearline_ledger::{
    bundle::{BundleEntry, BundleRoom},
    checkpoint::{Checkpoint, Origin},
    id::RoomId,
    merkle::{Tree, leaf_hash},
    name::Domain,
    note::NoteSigner,
};

/// A room or an access log.
#[derive(Debug, Clone)]
pub struct Log {
    /// Its id.
    pub room: RoomId,
    /// As people say it.
    pub name: String,
    /// Its entries, with their sealed content.
    pub rows: Vec<BundleEntry>,
    /// The signed note that goes with them, true or not.
    pub checkpoint: Bytes,
    /// What its lists say instead of that.
    pub listed: Option<Bytes>,
    /// Other checkpoints with cosignatures, true or not, that its lists add.
    pub cosigned: Vec<Bytes>,
}

impl Log {
    /// A log whose entries are still to come.
    pub(super) fn of(room: BundleRoom) -> Self {
        Self {
            room: room.room,
            name: room.name,
            rows: Vec::new(),
            checkpoint: room.checkpoint,
            listed: None,
            cosigned: Vec::new(),
        }
    }

    /// The tree of its entries.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        self.rows.iter().for_each(|row| tree.append(leaf_hash(&row.entry)));
        tree
    }

    /// A checkpoint of its entries by this key.
    pub fn signed(&self, domain: &Domain, key: &dyn NoteSigner) -> Result<Bytes> {
        let tree = self.tree();
        let origin = Origin::new(domain.clone(), self.room.0);
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        Ok(checkpoint.sign(key)?.to_bytes().into())
    }

    /// Leaves out its last entries.
    pub fn cut(&mut self, entries: usize) {
        self.rows.truncate(self.rows.len().saturating_sub(entries));
    }
}
