//! What an answer shows of a log that it has altered: evidence that the server signed two histories, if it did.

use std::path::Path;

use tearline_ledger::{
    courier::answer::{Room, Row},
    merkle::{Tree, leaf_hash},
};

use super::source::Source;
use crate::{desk::Desk, error::Error, evidence::Exhibit};

/// An altered entry as the answer has it, with the checkpoint that it carries for it and the proof that leads from
/// the one to the other; `None` if its checkpoint does not cover what it holds.
pub(super) fn shown_tree(
    desk: &Desk,
    path: &Path,
    altered: &Room,
    index: u64,
) -> Result<Option<Vec<Exhibit>>, Error> {
    let replica = desk.replica(altered.room, &altered.name)?;
    let mut tree = Tree::new();
    for leaf in (0..altered.first).filter_map(|index| replica.tree().leaf(index)) {
        tree.append(leaf);
    }
    let (mut source, mut inside, mut entry) = (Source::open(path, None)?, false, None);
    while let Some(row) = source.next()? {
        match row {
            Row::Room(room) => inside = room.room == altered.room,
            Row::Entry(found) if inside => {
                if tree.size().0 == index {
                    entry = Some(found.entry.clone());
                }
                tree.append(leaf_hash(&found.entry));
            }
            _ => {}
        }
    }
    Ok(entry.and_then(|entry| Exhibit::of_served_tree(&tree, index, &entry, &altered.checkpoint)))
}
