//! Verifying that a leaf is in a tree, and that a tree continues an older one.
//!
//! Specification: RFC 9162, sections 2.1.3.2 and 2.1.4.2. Total: no index, size or proof makes it
//! panic. How a proof is made is in `plan` and `tree`.

use super::{TreeSize, node_hash};
use crate::digest::Digest;

/// Why a proof does not hold, or cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The asker is at fault: there is no such leaf.
    #[error("leaf {index} is not in a tree of {size} leaves: ask for an index below the size")]
    NotInTree {
        /// Counted from 0.
        index: u64,
        /// Leaves in the tree.
        size: u64,
    },
    /// A tree cannot get smaller: the log is at fault, or the trees are given in the wrong order.
    #[error("a tree of {new} leaves cannot continue one of {old}: give the older tree first")]
    Shrunk {
        /// Leaves in the older tree.
        old: u64,
        /// Leaves in the newer tree.
        new: u64,
    },
    /// The asker is at fault: every tree continues the empty one, so there is nothing to prove.
    #[error("nothing can be proved from the empty tree: begin with a tree that has a leaf")]
    FromEmpty,
    /// The prover is at fault: the proof has more or fewer hashes than its place requires.
    #[error("the proof has {found} hashes where {expected} are required: refuse it and ask again")]
    Length {
        /// As index and sizes require.
        expected: usize,
        /// As given.
        found: usize,
    },
    /// The prover is at fault: the proof leads to another root.
    #[error("the proof does not lead to the {which} root: keep both checkpoints as evidence")]
    WrongRoot {
        /// `newer` or `older` for consistency; `tree's` for inclusion.
        which: &'static str,
    },
    /// The storage is at fault: it gave another number of nodes than the plan names.
    #[error("{found} nodes were given where the plan names {expected}: check the stored tree")]
    NodeCount {
        /// As planned.
        expected: usize,
        /// As given.
        found: usize,
    },
}

/// Verifies that the leaf with this hash is at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf_hash: &Digest,
    index: u64,
    size: TreeSize,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size.0 {
        return Err(ProofError::NotInTree { index, size: size.0 });
    }
    let path = Path::new(index, size.0 - 1);
    let (inner, border) = path.split(proof)?;
    let hash = inner.iter().enumerate().fold(*leaf_hash, |hash, (level, sibling)| {
        if index >> level & 1 == 0 { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) }
    });
    lead_to(&climb(hash, border), root, "tree's")
}

/// Verifies that the tree `new` begins with the tree `old`: that nothing was altered or dropped.
///
/// The older tree must have a leaf. Trees of one size take no proof and must have one root.
pub fn verify_consistency(
    old: TreeSize,
    old_root: &Digest,
    new: TreeSize,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if new < old {
        return Err(ProofError::Shrunk { old: old.0, new: new.0 });
    }
    if old.0 == 0 {
        return Err(ProofError::FromEmpty);
    }
    if old == new {
        return match proof {
            [] => lead_to(old_root, new_root, "newer"),
            _ => Err(ProofError::Length { expected: 0, found: proof.len() }),
        };
    }
    let level = old.0.trailing_zeros();
    let index = (old.0 - 1) >> level;
    let path = Path::new(index, (new.0 - 1) >> level);
    let (seed, rest) = match proof.split_first() {
        // A complete older tree is a node of the newer one, so its root need not be sent.
        _ if old.0.is_power_of_two() => (old_root, proof),
        Some((seed, rest)) => (seed, rest),
        None => return Err(ProofError::Length { expected: path.length() + 1, found: 0 }),
    };
    let (inner, border) = path.split(rest)?;
    let mut old_hash = *seed;
    let mut new_hash = *seed;
    for (step, sibling) in inner.iter().enumerate() {
        if index >> step & 1 == 1 {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
    }
    lead_to(&climb(old_hash, border), old_root, "older")?;
    lead_to(&climb(new_hash, border), new_root, "newer")
}

/// The way from a node to the root: below where it meets the way from the last node of its level,
/// and above, where every sibling is on the left.
struct Path {
    inner: u32,
    border: u32,
}

impl Path {
    fn new(index: u64, last: u64) -> Self {
        let inner = u64::BITS - (index ^ last).leading_zeros();
        Self { inner, border: index.checked_shr(inner).unwrap_or(0).count_ones() }
    }

    fn length(&self) -> usize {
        (self.inner + self.border) as usize
    }

    fn split<'a>(&self, proof: &'a [Digest]) -> Result<(&'a [Digest], &'a [Digest]), ProofError> {
        let length = ProofError::Length { expected: self.length(), found: proof.len() };
        if proof.len() != self.length() {
            return Err(length);
        }
        proof.split_at_checked(self.inner as usize).ok_or(length)
    }
}

fn climb(hash: Digest, border: &[Digest]) -> Digest {
    border.iter().fold(hash, |hash, left| node_hash(left, &hash))
}

fn lead_to(hash: &Digest, root: &Digest, which: &'static str) -> Result<(), ProofError> {
    if hash == root { Ok(()) } else { Err(ProofError::WrongRoot { which }) }
}

#[cfg(test)]
mod tests {
    use ct_merkle::{ConsistencyProof, InclusionProof, RootHash, mem_backed_tree::MemoryBackedTree};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::merkle::{Tree, leaf_hash};

    const LEAVES: u8 = 130;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        for leaf in 0..LEAVES {
            tree.append(leaf_hash(&[leaf]));
        }
        tree
    }

    /// Every proof with one bit changed, one hash less or one more.
    fn spoilt(proof: &[Digest]) -> Vec<Vec<Digest>> {
        let mut out: Vec<_> = (0..proof.len() * 256)
            .map(|bit| {
                let mut proof = proof.to_vec();
                proof[bit / 256].0[bit / 8 % 32] ^= 1 << (bit % 8);
                proof
            })
            .collect();
        if let Some((_, shorter)) = proof.split_last() {
            out.push(shorter.to_vec());
            out.push(proof[1..].to_vec());
        }
        out.push([proof, &[Digest([0; 32])]].concat());
        out.push([&[Digest([0; 32])], proof].concat());
        out
    }

    fn line(a: u64, b: u64, proof: &[Digest]) -> String {
        proof.iter().fold(format!("{a} {b}"), |line, hash| line + " " + &hash.to_hex()) + "\n"
    }

    #[test]
    fn all_proofs_up_to_130_leaves_are_the_published_ones() {
        let tree = tree();
        let (mut inclusion, mut consistency) = (String::new(), String::new());
        for n in 1..=u64::from(LEAVES) {
            for i in 0..n {
                inclusion += &line(i, n, &tree.inclusion(i, TreeSize(n)).unwrap());
                consistency += &line(i + 1, n, &tree.consistency(TreeSize(i + 1), TreeSize(n)).unwrap());
            }
        }
        assert_eq!(
            Digest::of(inclusion.as_bytes()).to_hex(),
            "893ce6eea61adc33c22c0e3a952498b76dfa3c282e78ac659f6fcc0ea44f9983"
        );
        assert_eq!(
            Digest::of(consistency.as_bytes()).to_hex(),
            "2498232e1aebe8d1aa8d339d897fc471f4495fe0b8a55ac08f7dae3d88bc4c2a"
        );
    }

    #[test]
    fn every_inclusion_proof_holds_and_agrees_with_another_implementation() {
        let tree = tree();
        let mut other = MemoryBackedTree::<Sha256, [u8; 1]>::new();
        for n in 1..=LEAVES {
            other.push([n - 1]);
            let size = TreeSize(n.into());
            let root = tree.root_at(size).unwrap();
            assert_eq!(other.root().as_bytes().as_slice(), root.as_ref());
            for i in 0..n {
                let proof = tree.inclusion(i.into(), size).unwrap();
                assert_eq!(other.prove_inclusion(i.into()).as_bytes(), proof.concat_bytes());
                verify_inclusion(&leaf_hash(&[i]), i.into(), size, &proof, &root).unwrap();
            }
        }
    }

    #[test]
    fn every_consistency_proof_holds_and_agrees_with_another_implementation() {
        let tree = tree();
        let mut other = MemoryBackedTree::<Sha256, [u8; 1]>::new();
        for n in 1..=LEAVES {
            other.push([n - 1]);
            let (new, root) = (TreeSize(n.into()), tree.root_at(TreeSize(n.into())).unwrap());
            for m in 1..=n {
                let (old, old_root) = (TreeSize(m.into()), tree.root_at(TreeSize(m.into())).unwrap());
                let proof = tree.consistency(old, new).unwrap();
                if m < n {
                    let theirs = other.prove_consistency((n - m).into());
                    assert_eq!(theirs.as_bytes(), proof.concat_bytes());
                }
                verify_consistency(old, &old_root, new, &root, &proof).unwrap();
            }
        }
    }

    trait ConcatBytes {
        fn concat_bytes(&self) -> Vec<u8>;
    }

    impl ConcatBytes for [Digest] {
        fn concat_bytes(&self) -> Vec<u8> {
            self.iter().flat_map(|hash| hash.0).collect()
        }
    }

    #[test]
    fn no_other_hash_index_size_leaf_or_root_passes_for_an_included_leaf() {
        let tree = tree();
        for n in (1..=34).chain([63, 64, 65, 127, 128, 129, 130]) {
            let (size, root) = (TreeSize(n), tree.root_at(TreeSize(n)).unwrap());
            for i in [0, n / 3, n / 2, n - 1] {
                let leaf = tree.leaf(i).unwrap();
                let proof = tree.inclusion(i, size).unwrap();
                for bad in spoilt(&proof) {
                    assert!(verify_inclusion(&leaf, i, size, &bad, &root).is_err(), "{i} {n}");
                }
                for other in (0..=n + 1).filter(|other| *other != i) {
                    assert!(verify_inclusion(&leaf, other, size, &proof, &root).is_err(), "{i} {n}");
                }
                let other = Digest([7; 32]);
                assert!(verify_inclusion(&other, i, size, &proof, &root).is_err());
                assert!(verify_inclusion(&leaf, i, size, &proof, &other).is_err());
            }
        }
    }

    #[test]
    fn an_inclusion_proof_does_not_pass_for_a_size_of_another_shape() {
        // Sizes in which the path has the same shape prove the same fact, given the same root.
        let tree = tree();
        let (root, leaf) = (tree.root_at(TreeSize(70)).unwrap(), tree.leaf(3).unwrap());
        let proof = tree.inclusion(3, TreeSize(70)).unwrap();
        for size in (0..=64).chain([129, 1 << 20, u64::MAX]) {
            assert!(verify_inclusion(&leaf, 3, TreeSize(size), &proof, &root).is_err(), "{size}");
        }
    }

    #[test]
    fn no_other_hash_size_or_root_passes_for_a_continued_tree() {
        let tree = tree();
        for n in [2, 3, 7, 8, 9, 33, 64, 65, 130] {
            let (new, root) = (TreeSize(n), tree.root_at(TreeSize(n)).unwrap());
            for m in 1..n {
                let (old, old_root) = (TreeSize(m), tree.root_at(TreeSize(m)).unwrap());
                let proof = tree.consistency(old, new).unwrap();
                let check = |m, n, proof: &[Digest]| {
                    verify_consistency(TreeSize(m), &old_root, TreeSize(n), &root, proof)
                };
                if m % 5 == 1 || m.is_power_of_two() {
                    for bad in spoilt(&proof) {
                        assert!(check(m, n, &bad).is_err(), "{m} {n}");
                    }
                }
                for other in (0..=n + 1).filter(|other| *other != m) {
                    assert!(check(other, n, &proof).is_err(), "{m} as {other} of {n}");
                }
                let other = Digest([7; 32]);
                assert!(verify_consistency(old, &other, new, &root, &proof).is_err());
                assert!(verify_consistency(old, &old_root, new, &other, &proof).is_err());
            }
        }
    }

    #[test]
    fn trees_of_one_size_have_one_root_and_no_proof() {
        let (root, other) = (Digest([1; 32]), Digest([2; 32]));
        let size = TreeSize(5);
        assert_eq!(verify_consistency(size, &root, size, &root, &[]), Ok(()));
        assert_eq!(
            verify_consistency(size, &root, size, &other, &[]),
            Err(ProofError::WrongRoot { which: "newer" })
        );
        assert_eq!(
            verify_consistency(size, &root, size, &root, &[root]),
            Err(ProofError::Length { expected: 0, found: 1 })
        );
        assert_eq!(verify_consistency(TreeSize(0), &root, size, &root, &[]), Err(ProofError::FromEmpty));
        assert_eq!(
            verify_consistency(size, &root, TreeSize(4), &root, &[]),
            Err(ProofError::Shrunk { old: 5, new: 4 })
        );
    }

    #[test]
    fn the_greatest_sizes_do_not_panic() {
        let hash = Digest([9; 32]);
        let edges = [0, 1, 2, 3, (1 << 63) - 1, 1 << 63, (1 << 63) + 1, u64::MAX - 1, u64::MAX];
        for a in edges {
            for b in edges {
                for length in 0..=65 {
                    let proof = vec![hash; length];
                    assert!(verify_inclusion(&hash, a, TreeSize(b), &proof, &hash).is_err() || b == 1);
                    let consistent = verify_consistency(TreeSize(a), &hash, TreeSize(b), &hash, &proof);
                    assert!(consistent.is_err() || a == b);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_another_implementation_accepts_is_accepted(
            n in 1..=u64::from(LEAVES), m in 1..=u64::from(LEAVES),
            bit in proptest::option::of(0..9_usize * 256), cut in 0..9_usize,
        ) {
            let tree = tree();
            let (m, n) = (m.min(n), m.max(n));
            let spoil = |mut proof: Vec<Digest>| {
                if cut == 0 { proof.pop(); }
                if let Some(bit) = bit
                    && let Some(hash) = proof.get_mut(bit / 256) { hash.0[bit / 8 % 32] ^= 1 << (bit % 8); }
                proof
            };
            let root = |size| tree.root_at(TreeSize(size)).unwrap();
            let other = |size| RootHash::<Sha256>::new(root(size).0.into(), size);

            let proof = spoil(tree.inclusion(m - 1, TreeSize(n)).unwrap());
            let theirs = other(n).verify_inclusion(
                &[u8::try_from(m - 1).unwrap()], m - 1, &InclusionProof::from_bytes(proof.concat_bytes()));
            let ours =
                verify_inclusion(&tree.leaf(m - 1).unwrap(), m - 1, TreeSize(n), &proof, &root(n));
            prop_assert_eq!(theirs.is_ok(), ours.is_ok());

            prop_assume!(m < n);
            let proof = spoil(tree.consistency(TreeSize(m), TreeSize(n)).unwrap());
            let theirs = other(n).verify_consistency(
                &other(m), &ConsistencyProof::try_from_bytes(proof.concat_bytes()).unwrap());
            let ours = verify_consistency(TreeSize(m), &root(m), TreeSize(n), &root(n), &proof);
            prop_assert_eq!(theirs.is_ok(), ours.is_ok());
        }
    }
}
