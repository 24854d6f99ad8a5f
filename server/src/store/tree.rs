//! The arithmetic of RFC 9162 that the store needs to check what it kept: which row holds a node, and roots.
//!
//! Refuses to know proofs, checkpoints and the engine. Specification: `docs/spec.md`, section 5.2.

use tearline_ledger::digest::Digest;
use tearline_ledger::merkle::NodeId;

/// The index of the row whose leaf completes `node`; `None` beyond what 64 bits number.
pub(super) fn row_of(node: NodeId) -> Option<u64> {
    let end = node.index.checked_add(1)?;
    let row = end.checked_shl(node.level)?;
    (row >> node.level == end).then(|| row - 1)
}

/// How many nodes the leaf at `index` completes, itself included.
pub(super) fn completed_by(index: u64) -> usize {
    // At most 65.
    index.trailing_ones() as usize + 1
}

/// The complete nodes that make up a tree of `size` leaves, the largest first.
pub(super) fn frontier(size: u64) -> Vec<NodeId> {
    (0..u64::BITS)
        .rev()
        .filter(|level| size >> level & 1 == 1)
        .map(|level| NodeId { level, index: (size >> level) - 1 })
        .collect()
}

/// The root over the hashes of a frontier, the largest first.
pub(super) fn root(frontier: &[Digest]) -> Digest {
    let mut nodes = frontier.iter().rev();
    match nodes.next() {
        None => Digest::of(b""),
        Some(smallest) => nodes.fold(*smallest, |right, left| parent(left, &right)),
    }
}

/// The hash of a leaf.
pub(super) fn leaf(entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], entry])
}

/// The hash over two nodes.
pub(super) fn parent(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_lies_in_the_row_of_its_last_leaf() {
        let row = |level, index| row_of(NodeId { level, index });
        assert_eq!(row(0, 5), Some(5));
        assert_eq!(row(1, 0), Some(1));
        assert_eq!(row(2, 1), Some(7));
        assert_eq!(row(63, 0), Some((1 << 63) - 1));
        assert_eq!(row(64, 0), None);
        assert_eq!(row(63, 1), None);
        assert_eq!(row(0, u64::MAX), None);
    }

    #[test]
    fn a_leaf_completes_itself_and_each_subtree_that_it_ends() {
        assert_eq!([0, 1, 2, 3, 7].map(completed_by), [1, 2, 1, 3, 4]);
    }

    #[test]
    fn roots_are_those_of_rfc_9162() {
        assert_eq!(root(&[]), Digest::of(b""));
        let leaves = [b"a", b"b", b"c"].map(|entry| leaf(entry));
        let two = parent(&leaves[0], &leaves[1]);
        assert_eq!(root(&[two, leaves[2]]), parent(&two, &leaves[2]));
        assert_eq!(frontier(6), [NodeId { level: 2, index: 0 }, NodeId { level: 1, index: 2 }]);
    }
}
