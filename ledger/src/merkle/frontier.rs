//! The right edge of a growing tree: all that is needed to append to it and to know its root.
//!
//! Specification: RFC 9162, section 2.1. It names the nodes that each leaf completes, so that a store
//! can write exactly those; it does not know the store.

use super::{TreeSize, empty_root, fold, node_hash};
use crate::digest::Digest;

/// Why stored nodes are not the right edge of a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontierError {
    /// The store is at fault: nodes are missing, or there are too many.
    #[error(
        "the right edge of a tree of {size} leaves has {expected} nodes, not {found}: check the stored tree"
    )]
    NodeCount {
        /// Leaves in the tree.
        size: u64,
        /// As the size requires.
        expected: u32,
        /// As given.
        found: usize,
    },
    /// The store is at fault: no log has so many leaves.
    #[error("{0} leaves are more than a tree can hold: check the stored size")]
    TooLarge(u64),
}

/// The right edge of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Complete subtrees from left to right; each is smaller than the one before.
    nodes: Vec<Digest>,
}

impl Frontier {
    /// The most leaves of a tree that can be loaded: far beyond use, so that appending never overflows.
    pub const MAX_SIZE: TreeSize = TreeSize(1 << 62);

    /// The edge of the empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The edge of the tree of this size, from its [`super::root_nodes`] in their order.
    pub fn from_nodes(size: TreeSize, nodes: &[Digest]) -> Result<Self, FrontierError> {
        let TreeSize(size) = size;
        if size > Self::MAX_SIZE.0 {
            return Err(FrontierError::TooLarge(size));
        }
        let expected = size.count_ones();
        if nodes.len() != expected as usize {
            return Err(FrontierError::NodeCount { size, expected, found: nodes.len() });
        }
        Ok(Self { size, nodes: nodes.to_vec() })
    }

    /// Appends a leaf and returns the nodes which it completes: itself, then its parents. The one of
    /// level `l` has the index `leaf >> l`, `leaf` being the size before.
    pub fn append(&mut self, leaf: Digest) -> Vec<Digest> {
        let mut node = leaf;
        let mut completed = vec![node];
        // Each low bit that is set is a complete subtree on the left, as large as the node.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                node = node_hash(&left, &node);
                completed.push(node);
            }
        }
        self.nodes.push(node);
        self.size += 1;
        completed
    }

    /// The number of leaves.
    pub fn size(&self) -> TreeSize {
        TreeSize(self.size)
    }

    /// The root of the tree.
    pub fn root(&self) -> Digest {
        fold(&self.nodes).unwrap_or_else(empty_root)
    }

    /// The nodes, in the order of [`super::root_nodes`].
    pub fn nodes(&self) -> &[Digest] {
        &self.nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{NodeId, Tree, fold_root, leaf_hash, root_nodes};

    #[test]
    fn it_agrees_with_the_whole_tree_and_can_be_reloaded() {
        let (mut frontier, mut tree) = (Frontier::new(), Tree::new());
        assert_eq!(frontier.root(), empty_root());
        for n in 0..=130_u8 {
            let size = TreeSize(n.into());
            let nodes: Vec<_> = root_nodes(size).into_iter().map(|id| tree.node(id).unwrap()).collect();
            assert_eq!((frontier.size(), frontier.nodes()), (size, nodes.as_slice()));
            assert_eq!(fold_root(size, &nodes).unwrap(), frontier.root());
            assert_eq!(tree.root_at(size), Some(frontier.root()));
            assert_eq!(Frontier::from_nodes(size, &nodes).unwrap(), frontier);

            let completed = frontier.append(leaf_hash(&[n]));
            tree.append(leaf_hash(&[n]));
            for (level, hash) in (0..).zip(&completed) {
                assert_eq!(tree.node(NodeId { level, index: u64::from(n) >> level }), Some(*hash));
                assert_eq!((((u64::from(n) >> level) + 1) << level) - 1, n.into());
            }
            assert_eq!(completed.len(), u64::from(n).trailing_ones() as usize + 1);
        }
    }

    #[test]
    fn nodes_that_do_not_fit_the_size_are_refused() {
        let node = Digest([1; 32]);
        assert_eq!(
            Frontier::from_nodes(TreeSize(3), &[node]),
            Err(FrontierError::NodeCount { size: 3, expected: 2, found: 1 })
        );
        assert_eq!(
            Frontier::from_nodes(TreeSize(u64::MAX), &[node; 64]),
            Err(FrontierError::TooLarge(u64::MAX))
        );
        let mut last = Frontier::from_nodes(Frontier::MAX_SIZE, &[node]).unwrap();
        assert_eq!(last.append(node), [node]);
    }
}
