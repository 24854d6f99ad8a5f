//! Which complete nodes a proof is made of, so that a store can fetch them and nothing else.
//!
//! Specification: RFC 9162, sections 2.1.3.1 and 2.1.4.1. No I/O: the caller fetches `nodes()` and
//! hands the hashes to `resolve`. At most one hash of a proof, on the right edge, is not itself a
//! complete node; it is folded from several.

use super::{NodeId, ProofError, TreeSize, complete_nodes, fold};
use crate::digest::Digest;

/// How to prove that a leaf is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionPlan(Plan);

impl InclusionPlan {
    /// The plan for leaf `index` in the tree of this size.
    pub fn new(index: u64, size: TreeSize) -> Result<Self, ProofError> {
        if index >= size.0 {
            return Err(ProofError::NotInTree { index, size: size.0 });
        }
        let mut plan = Plan::default();
        plan.climb(NodeId { level: 0, index }, size.0);
        Ok(Self(plan))
    }

    /// The complete nodes to fetch, in the order in which [`Self::resolve`] takes them.
    pub fn nodes(&self) -> &[NodeId] {
        &self.0.nodes
    }

    /// The proof, from leaf to root.
    pub fn resolve(&self, nodes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        self.0.resolve(nodes)
    }
}

/// How to prove that a tree continues an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyPlan(Plan);

impl ConsistencyPlan {
    /// The plan for a tree of `size` leaves that continues one of `old`, which is at least 1.
    pub fn new(old: TreeSize, size: TreeSize) -> Result<Self, ProofError> {
        if old.0 == 0 {
            return Err(ProofError::FromEmpty);
        }
        if size < old {
            return Err(ProofError::Shrunk { old: old.0, new: size.0 });
        }
        let mut plan = Plan::default();
        if old < size {
            let level = old.0.trailing_zeros();
            let last = NodeId { level, index: (old.0 - 1) >> level };
            if !old.0.is_power_of_two() {
                plan.add(vec![last]);
            }
            plan.climb(last, size.0);
        }
        Ok(Self(plan))
    }

    /// The complete nodes to fetch, in the order in which [`Self::resolve`] takes them.
    pub fn nodes(&self) -> &[NodeId] {
        &self.0.nodes
    }

    /// The proof; empty for trees of one size.
    pub fn resolve(&self, nodes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        self.0.resolve(nodes)
    }
}

/// The nodes of a proof, and how many of them make each of its hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Plan {
    nodes: Vec<NodeId>,
    groups: Vec<usize>,
}

impl Plan {
    fn add(&mut self, nodes: Vec<NodeId>) {
        self.groups.push(nodes.len());
        self.nodes.extend(nodes);
    }

    /// Adds the siblings on the way from `node` to the root of a tree of `size` leaves.
    fn climb(&mut self, node: NodeId, size: u64) {
        let mut index = node.index;
        for level in node.level..u64::BITS {
            let sibling = index ^ 1;
            // A sibling that would begin past the last leaf does not exist: the node is carried up.
            if let Some(start) = sibling.checked_mul(1 << level).filter(|start| *start < size) {
                self.add(complete_nodes(start, (size - start).min(1 << level)));
            }
            index >>= 1;
        }
    }

    fn resolve(&self, nodes: &[Digest]) -> Result<Vec<Digest>, ProofError> {
        let count = ProofError::NodeCount { expected: self.nodes.len(), found: nodes.len() };
        if nodes.len() != self.nodes.len() {
            return Err(count);
        }
        let mut rest = nodes;
        self.groups
            .iter()
            .map(|length| {
                let (group, after) = rest.split_at_checked(*length).ok_or_else(|| count.clone())?;
                rest = after;
                fold(group).ok_or_else(|| count.clone())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Tree, leaf_hash, verify_consistency, verify_inclusion};

    #[test]
    fn only_the_right_edge_is_folded() {
        let node = |level, index| NodeId { level, index };
        let plan = InclusionPlan::new(0, TreeSize(7)).unwrap();
        assert_eq!(plan.nodes(), [node(0, 1), node(1, 1), node(1, 2), node(0, 6)]);
        assert_eq!(plan.0.groups, [1, 1, 2]);
        let plan = InclusionPlan::new(6, TreeSize(7)).unwrap();
        assert_eq!(plan.nodes(), [node(1, 2), node(2, 0)]);
        let plan = ConsistencyPlan::new(TreeSize(6), TreeSize(7)).unwrap();
        assert_eq!(plan.nodes(), [node(1, 2), node(0, 6), node(2, 0)]);
    }

    #[test]
    fn what_is_planned_verifies_up_to_130_leaves() {
        let mut tree = Tree::new();
        for n in 1..=130 {
            tree.append(leaf_hash(&[n]));
            let size = TreeSize(n.into());
            let root = tree.root_at(size).unwrap();
            let fetch = |nodes: &[NodeId]| -> Vec<Digest> {
                nodes.iter().map(|id| tree.node(*id).unwrap()).collect()
            };
            for m in 0..u64::from(n) {
                let plan = InclusionPlan::new(m, size).unwrap();
                let proof = plan.resolve(&fetch(plan.nodes())).unwrap();
                verify_inclusion(&tree.leaf(m).unwrap(), m, size, &proof, &root).unwrap();

                let old = TreeSize(m + 1);
                let plan = ConsistencyPlan::new(old, size).unwrap();
                let proof = plan.resolve(&fetch(plan.nodes())).unwrap();
                verify_consistency(old, &tree.root_at(old).unwrap(), size, &root, &proof).unwrap();
            }
        }
    }

    #[test]
    fn impossible_proofs_are_not_planned() {
        assert_eq!(InclusionPlan::new(3, TreeSize(3)), Err(ProofError::NotInTree { index: 3, size: 3 }));
        assert_eq!(ConsistencyPlan::new(TreeSize(0), TreeSize(3)), Err(ProofError::FromEmpty));
        assert_eq!(
            ConsistencyPlan::new(TreeSize(4), TreeSize(3)),
            Err(ProofError::Shrunk { old: 4, new: 3 })
        );
        let plan = InclusionPlan::new(0, TreeSize(7)).unwrap();
        assert_eq!(plan.resolve(&[Digest([0; 32])]), Err(ProofError::NodeCount { expected: 4, found: 1 }));
    }

    #[test]
    fn the_greatest_sizes_are_planned() {
        let greatest = TreeSize(u64::MAX);
        for index in [0, 1, 1 << 62, (1 << 63) - 1, 1 << 63, u64::MAX - 1] {
            let plan = InclusionPlan::new(index, greatest).unwrap();
            let nodes = vec![Digest([3; 32]); plan.nodes().len()];
            assert!(plan.resolve(&nodes).unwrap().len() <= 64);
            let plan = ConsistencyPlan::new(TreeSize(index.max(1)), greatest).unwrap();
            assert!(!plan.nodes().is_empty());
        }
    }
}
