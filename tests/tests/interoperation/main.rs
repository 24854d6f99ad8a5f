//! Notes, checkpoints, cosignatures, trees, proofs and policies against implementations that others wrote: theirs
//! are accepted here, ours there, and what is broken by neither.
//!
//! `fixed` reads what Go modules made once (`tests/foreign`); `live` lets Rust crates judge a running server.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fixed;
mod live;

use anyhow::{Context as _, Result, ensure};
use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Checkpoint, Hash};

/// What the crate `signed_note` says of a note by these keys; its text if it holds.
fn foreign_text(note: &[u8], keys: &[&str]) -> Result<String> {
    let verifiers = keys.iter().map(|key| {
        let verifier = StandardVerifier::new(key).map_err(|error| anyhow::anyhow!("{key}: {error}"))?;
        Ok(Box::new(verifier) as Box<dyn signed_note::Verifier>)
    });
    let known = VerifierList::new(verifiers.collect::<Result<_>>()?);
    let note = Note::from_bytes(note)?;
    let (verified, _) = note.verify(&known)?;
    ensure!(!verified.is_empty(), "nobody known signed it");
    Ok(String::from_utf8(note.text().to_vec())?)
}

/// What the crate `tlog_tiles` reads in the text of a checkpoint.
fn foreign_checkpoint(text: &str) -> Result<Checkpoint> {
    Checkpoint::from_bytes(text.as_bytes()).ok().context("tlog_tiles refuses the checkpoint")
}

fn hash(hex: &str) -> Result<Hash> {
    let bytes: [u8; 32] = hex::decode(hex)?.try_into().ok().context("a hash has 32 bytes")?;
    Ok(Hash(bytes))
}
