//! What a careful client checks of the server's answers: receipts, checkpoints, proofs.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use tearline_ledger::{
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    merkle::verify_inclusion,
    note::VerifierKey,
};
use tearline_proto::v1;

use crate::desk::domain;

/// How far a server's clock may be from ours, in seconds, before that is an alarm.
const CLOCKS_APART: u64 = 300;

/// Opens a room's checkpoint, signed by the log of this key.
pub fn checkpoint(bytes: &[u8], room: RoomId, log: &VerifierKey) -> Result<SignedCheckpoint> {
    let key = Origin::new(domain()?, room.0).log_key(log);
    Ok(SignedCheckpoint::open(bytes, &key)?)
}

/// A receipt is of the very envelope that was sent, and its entry is in the tree that was signed.
pub fn verify(receipt: &v1::Receipt, room: RoomId, envelope: &Bytes, log: &VerifierKey) -> Result<Entry> {
    let checkpoint = checkpoint(&receipt.checkpoint, room, log)?;
    verify_in(receipt, &checkpoint, envelope)
}

/// As [`verify`], in a checkpoint that was opened before.
pub fn verify_in(receipt: &v1::Receipt, checkpoint: &SignedCheckpoint, envelope: &Bytes) -> Result<Entry> {
    let entry = Entry::parse(receipt.entry.clone())?;
    let signed = entry.statement().context("the receipt is of an access record")?;
    ensure!(signed.envelope.encode() == *envelope, "the receipt is of another envelope than was sent");
    let apart = now().abs_diff(entry.accepted_at());
    ensure!(apart <= CLOCKS_APART, "the server's clock is {apart} s away from ours");
    let proof = digests(&receipt.proof)?;
    verify_inclusion(&entry.leaf(), receipt.index, checkpoint.size(), &proof, &checkpoint.root())?;
    Ok(entry)
}

/// Hashes of a proof.
pub fn digests(hashes: &[Bytes]) -> Result<Vec<Digest>> {
    hashes.iter().map(|hash| Digest::from_slice(hash).context("a hash has 32 bytes")).collect()
}

/// Whole seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
