//! A whole tree in memory, for those who verify a log: every complete node, by level.
//!
//! Specification: RFC 9162, section 2.1. Any root and proof up to its size takes a logarithmic number
//! of hashes. It holds 64 bytes a leaf and knows nothing of storage.

use super::{ConsistencyPlan, Frontier, InclusionPlan, NodeId, ProofError, TreeSize, fold_root, root_nodes};
use crate::digest::Digest;

/// A tree of which all complete nodes are kept. It only grows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// `levels[l][k]` is the node of level `l` and index `k`.
    levels: Vec<Vec<Digest>>,
    frontier: Frontier,
}

impl Tree {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the hash of a leaf.
    pub fn append(&mut self, leaf: Digest) {
        let completed = self.frontier.append(leaf);
        self.levels.resize_with(self.levels.len().max(completed.len()), Vec::new);
        for (level, node) in self.levels.iter_mut().zip(completed) {
            level.push(node);
        }
    }

    /// The number of leaves.
    pub fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Digest {
        self.frontier.root()
    }

    /// The root that the tree had at this size; `None` if it never had so many leaves.
    pub fn root_at(&self, size: TreeSize) -> Option<Digest> {
        if size > self.size() {
            return None;
        }
        fold_root(size, &self.fetch(&root_nodes(size))).ok()
    }

    /// The hash of the leaf at `index`.
    pub fn leaf(&self, index: u64) -> Option<Digest> {
        self.node(NodeId { level: 0, index })
    }

    /// A node, if it is complete.
    pub fn node(&self, id: NodeId) -> Option<Digest> {
        let level = self.levels.get(usize::try_from(id.level).ok()?)?;
        level.get(usize::try_from(id.index).ok()?).copied()
    }

    /// The proof that leaf `index` is in the tree as it was at `size`.
    pub fn inclusion(&self, index: u64, size: TreeSize) -> Result<Vec<Digest>, ProofError> {
        self.reaches(size)?;
        let plan = InclusionPlan::new(index, size)?;
        plan.resolve(&self.fetch(plan.nodes()))
    }

    /// The proof that the tree as it was at `size` continues the tree as it was at `old`.
    pub fn consistency(&self, old: TreeSize, size: TreeSize) -> Result<Vec<Digest>, ProofError> {
        self.reaches(size)?;
        let plan = ConsistencyPlan::new(old, size)?;
        plan.resolve(&self.fetch(plan.nodes()))
    }

    fn reaches(&self, size: TreeSize) -> Result<(), ProofError> {
        if size <= self.size() {
            return Ok(());
        }
        Err(ProofError::NotInTree { index: size.0 - 1, size: self.size().0 })
    }

    /// The nodes, all of which are complete within the tree's size.
    fn fetch(&self, nodes: &[NodeId]) -> Vec<Digest> {
        nodes.iter().filter_map(|id| self.node(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{empty_root, leaf_hash, node_hash};

    /// The definition of RFC 9162, section 2.1.1, word for word.
    fn defined(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    #[test]
    fn every_root_that_it_ever_had_is_the_defined_one() {
        let leaves: Vec<_> = (0..130).map(|n| leaf_hash(&[n])).collect();
        let mut tree = Tree::new();
        for leaf in &leaves {
            tree.append(*leaf);
        }
        for n in 0..=130 {
            assert_eq!(tree.root_at(TreeSize(n)), Some(defined(&leaves[..usize::try_from(n).unwrap()])));
        }
        assert_eq!(tree.root(), defined(&leaves));
    }

    #[test]
    fn what_is_beyond_its_size_is_refused() {
        let mut tree = Tree::new();
        tree.append(leaf_hash(b"a"));
        assert_eq!(tree.root_at(TreeSize(2)), None);
        assert_eq!(tree.leaf(1), None);
        let beyond = ProofError::NotInTree { index: 1, size: 1 };
        assert_eq!(tree.inclusion(0, TreeSize(2)), Err(beyond.clone()));
        assert_eq!(tree.consistency(TreeSize(1), TreeSize(2)), Err(beyond));
    }
}
