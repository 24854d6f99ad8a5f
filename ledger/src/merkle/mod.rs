//! Merkle trees of RFC 9162: hashes, and which complete nodes make a root.
//!
//! Specification: `docs/spec.md`, section 5.2. Storage keeps complete nodes only, so everything here is
//! said in terms of them. This module knows neither what a leaf means nor where nodes are kept.

mod frontier;
mod plan;
mod proof;
mod tree;

pub use frontier::{Frontier, FrontierError};
pub use plan::{ConsistencyPlan, InclusionPlan};
pub use proof::{ProofError, verify_consistency, verify_inclusion};
pub use tree::Tree;

use crate::digest::Digest;

/// The number of leaves of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreeSize(pub u64);

/// A complete node of a tree: the hash over leaves `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// 0 for leaves.
    pub level: u32,
    /// Counted from the left within the level.
    pub index: u64,
}

/// The hash of a leaf that holds `data`.
pub fn leaf_hash(data: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], data])
}

/// The hash of a node over its two children.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_ref(), right.as_ref()])
}

/// The root of the tree without leaves.
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The complete nodes that make the root of a tree of this size, from left to right; none for the
/// empty tree, at most 64. They are also the nodes of its [`Frontier`].
pub fn root_nodes(size: TreeSize) -> Vec<NodeId> {
    complete_nodes(0, size.0)
}

/// The root of a tree of this size from its [`root_nodes`], in their order.
pub fn fold_root(size: TreeSize, nodes: &[Digest]) -> Result<Digest, ProofError> {
    let expected = size.0.count_ones() as usize;
    if nodes.len() != expected {
        return Err(ProofError::NodeCount { expected, found: nodes.len() });
    }
    Ok(fold(nodes).unwrap_or_else(empty_root))
}

/// The complete nodes that cover `length` leaves from `start`, from left to right. `start` is a
/// multiple of the smallest power of two that is not below `length`.
fn complete_nodes(start: u64, length: u64) -> Vec<NodeId> {
    let mut covered = 0_u64;
    (0..u64::BITS)
        .rev()
        .filter(|level| length >> level & 1 == 1)
        .map(|level| {
            let node = NodeId { level, index: (start | covered) >> level };
            covered |= 1 << level;
            node
        })
        .collect()
}

/// One hash over neighbouring nodes that shrink from left to right; `None` if there are none.
fn fold(nodes: &[Digest]) -> Option<Digest> {
    nodes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_of_the_rfc() {
        assert_eq!(empty_root().to_hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(
            leaf_hash(b"").to_hex(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            node_hash(&Digest([0; 32]), &Digest([1; 32])),
            Digest::of(&[[1].as_slice(), &[0; 32], &[1; 32]].concat())
        );
    }

    #[test]
    fn root_nodes_are_the_set_bits_of_the_size() {
        let node = |level, index| NodeId { level, index };
        assert_eq!(root_nodes(TreeSize(0)), []);
        assert_eq!(root_nodes(TreeSize(7)), [node(2, 0), node(1, 2), node(0, 6)]);
        assert_eq!(root_nodes(TreeSize(u64::MAX)).len(), 64);
        assert_eq!(root_nodes(TreeSize(u64::MAX)).last(), Some(&node(0, u64::MAX - 1)));
    }

    #[test]
    fn the_wrong_number_of_nodes_makes_no_root() {
        assert_eq!(fold_root(TreeSize(0), &[]), Ok(empty_root()));
        assert_eq!(
            fold_root(TreeSize(7), &[empty_root(); 2]),
            Err(ProofError::NodeCount { expected: 3, found: 2 })
        );
    }
}
