//! Vectors of trees and proofs (section 5.2).

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tearline_ledger::{
    digest::Digest,
    merkle::{Tree, TreeSize, leaf_hash, verify_consistency, verify_inclusion},
};

use super::{Answer, Case, Input, code};

const SIZES: [u64; 9] = [1, 2, 3, 4, 5, 7, 8, 11, 16];

fn tree() -> Tree {
    let mut tree = Tree::new();
    (0..16_u8).for_each(|leaf| tree.append(leaf_hash(&[leaf])));
    tree
}

fn hashes(list: &[Digest]) -> Vec<String> {
    list.iter().map(Digest::to_hex).collect()
}

pub(super) fn merkle() -> Result<Vec<Case>> {
    let tree = tree();
    let root = |size| tree.root_at(TreeSize(size)).map(|root| root.to_hex()).context("no root");
    let mut out = vec![Case::good("root of 0 leaves", json!({ "check": "root", "leaves": [] }))];
    for size in SIZES {
        let leaves: Vec<String> = (0..size).map(|leaf| format!("{leaf:02x}")).collect();
        out.push(Case::good(format!("root of {size} leaves"), json!({ "check": "root", "leaves": leaves })));
    }
    for size in SIZES {
        for index in [0, size / 2, size - 1] {
            let proof = hashes(&tree.inclusion(index, TreeSize(size))?);
            let name = format!("leaf {index} of {size}");
            let leaf = tree.leaf(index).context("no leaf")?.to_hex();
            let input = inclusion(&leaf, index, size, &root(size)?, &proof);
            if !out.iter().any(|case| case.name == name) {
                out.push(Case::good(name, input));
            }
        }
    }
    for (old, size) in [(1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (4, 8), (6, 8), (7, 11), (8, 16), (15, 16)] {
        let proof = hashes(&tree.consistency(TreeSize(old), TreeSize(size))?);
        let input = consistency(old, &root(old)?, size, &root(size)?, &proof);
        out.push(Case::good(format!("{old} to {size}"), input));
    }
    let (leaf, proof) = (tree.leaf(3).context("no leaf")?.to_hex(), hashes(&tree.inclusion(3, TreeSize(7))?));
    let root7 = root(7)?;
    let longer = [proof.as_slice(), std::slice::from_ref(&root7)].concat();
    let shorter = proof.get(1..).unwrap_or_default();
    let reversed: Vec<String> = proof.iter().rev().cloned().collect();
    out.extend([
        Case::bad("another index", inclusion(&leaf, 2, 7, &root7, &proof)),
        Case::bad("an index beyond the tree", inclusion(&leaf, 7, 7, &root7, &proof)),
        Case::bad("another size", inclusion(&leaf, 3, 4, &root7, &proof)),
        Case::bad("an empty tree", inclusion(&leaf, 0, 0, &root7, &[])),
        Case::bad("another leaf", inclusion(&root7, 3, 7, &root7, &proof)),
        Case::bad("another root", inclusion(&leaf, 3, 7, &leaf, &proof)),
        Case::bad("a hash too many", inclusion(&leaf, 3, 7, &root7, &longer)),
        Case::bad("a hash too few", inclusion(&leaf, 3, 7, &root7, shorter)),
        Case::bad("hashes in another order", inclusion(&leaf, 3, 7, &root7, &reversed)),
    ]);
    let proof = hashes(&tree.consistency(TreeSize(3), TreeSize(7))?);
    let (root3, shorter) = (root(3)?, proof.get(1..).unwrap_or_default());
    out.extend([
        Case::bad("from nothing", consistency(0, &root(1)?, 7, &root7, &[])),
        Case::bad("shrunk", consistency(7, &root7, 3, &root3, &proof)),
        Case::bad("one size, two roots", consistency(7, &root7, 7, &root3, &[])),
        Case::bad("one size, with a hash", consistency(7, &root7, 7, &root7, std::slice::from_ref(&root7))),
        Case::bad("another old root", consistency(3, &root7, 7, &root7, &proof)),
        Case::bad("another new root", consistency(3, &root3, 7, &root3, &proof)),
        Case::bad("consistency: a hash too few", consistency(3, &root3, 7, &root7, shorter)),
        Case::bad("consistency: another old size", consistency(4, &root3, 7, &root7, &proof)),
    ]);
    Ok(out)
}

fn inclusion(leaf: &str, index: u64, size: u64, root: &str, proof: &[String]) -> Value {
    json!({ "check": "inclusion", "leaf": leaf, "index": index, "size": size, "root": root, "proof": proof })
}

fn consistency(old: u64, old_root: &str, size: u64, root: &str, proof: &[String]) -> Value {
    json!({
        "check": "consistency", "old_size": old, "old_root": old_root, "size": size, "root": root, "proof": proof
    })
}

pub(super) fn judge_merkle(input: Input<'_>) -> Result<Answer> {
    let digest = |name| Ok::<_, anyhow::Error>(Digest(input.array(name)?));
    let size = |name| Ok::<_, anyhow::Error>(TreeSize(input.number(name)?));
    let proof = || {
        let list = input.byte_lists("proof")?;
        list.iter()
            .map(|hash| Digest::from_slice(hash).context("a hash is not 32 bytes"))
            .collect::<Result<Vec<_>>>()
    };
    let verified = match input.text("check")? {
        "root" => {
            let mut tree = Tree::new();
            input.byte_lists("leaves")?.iter().for_each(|leaf| tree.append(leaf_hash(leaf)));
            return Ok(Ok(json!({ "root": tree.root().to_hex() })));
        }
        "inclusion" => verify_inclusion(
            &digest("leaf")?,
            input.number("index")?,
            size("size")?,
            &proof()?,
            &digest("root")?,
        ),
        "consistency" => verify_consistency(
            size("old_size")?,
            &digest("old_root")?,
            size("size")?,
            &digest("root")?,
            &proof()?,
        ),
        other => bail!("`{other}` is no check"),
    };
    Ok(verified.map(|()| json!({})).map_err(|error| code(&error)))
}
