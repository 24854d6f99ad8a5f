//! Receipts: what a server answers to statements, verified, and kept until witnesses cover them.
//!
//! Specification: `docs/spec.md`, section 5. A receipt proves that a statement stands in the log that
//! its checkpoint is of; that this is the log that everybody sees, later checkpoints must show.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tearline_ledger::{
    checkpoint::SignedCheckpoint, digest::Digest, entry::Entry, id::RoomId, merkle::verify_inclusion,
};
use tearline_proto::v1;

use crate::{
    alarm::Alarm,
    compose::Submission,
    desk::Desk,
    durable::{self, FileError, io_error},
    error::Error,
    evidence::{Exhibit, Raised},
    replica::{
        Replica,
        verify::{CLOCK_SECONDS, Verifier},
    },
};

const RECEIPT_MAX: u64 = 64 << 20;

/// A verified receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The room.
    pub room: RoomId,
    /// Its name.
    pub name: String,
    /// Where the statement stands.
    pub index: u64,
    /// The entry.
    pub entry: Entry,
    /// The checkpoint that covers it.
    pub checkpoint: SignedCheckpoint,
    /// The proof that it does.
    pub proof: Vec<Digest>,
    /// Whether the server's clock and this desk's differ too much.
    pub clock: Option<Alarm>,
}

/// Judges a receipt: the entry holds exactly what was sent, and stands under the checkpoint.
///
/// `first_sent` is when the statement was first sent and `now` when the answer came, by this desk's
/// clock, in seconds since 1970. `verifier` knows the room so far, or nothing of it if it is founded.
pub fn check(
    verifier: &Verifier,
    sent: &Submission,
    receipt: &v1::Receipt,
    (first_sent, now): (u64, u64),
) -> Result<Receipt, Raised> {
    let name = verifier.identity().name.clone();
    let lie = |reason: &str| {
        Raised::from(Alarm::FalseReceipt { room: name.clone(), reason: reason.to_owned() })
            .with(Exhibit::Envelope {
                what: "sent".to_owned(),
                envelope: hex::encode(sent.signed.envelope.encode()),
            })
            .with(Exhibit::entry("in the receipt", receipt.index, &receipt.entry))
            .with(Exhibit::checkpoint("in the receipt", &receipt.checkpoint))
            .with(Exhibit::proof("in the receipt", &receipt.proof))
    };
    let entry = Entry::parse(receipt.entry.clone()).map_err(|_| lie("its entry is not well-formed"))?;
    if entry.statement().map(|signed| &signed.envelope) != Some(&sent.signed.envelope) {
        return Err(lie("its entry does not hold what was sent"));
    }
    let next = match &sent.signed.statement.act {
        tearline_ledger::statement::Act::Charter(charter) => Some(&charter.log_vkey),
        _ => None,
    };
    let checkpoint = verifier.open_with(&receipt.checkpoint, None).or_else(|raised| {
        if next.is_some() { verifier.open_with(&receipt.checkpoint, next) } else { Err(raised) }
    })?;
    verifier.agree(&checkpoint)?;
    let proof = receipt.proof.iter().map(|hash| Digest::from_slice(hash)).collect::<Option<Vec<_>>>();
    let proof = proof.ok_or_else(|| lie("its proof has a hash that is not 32 bytes"))?;
    verify_inclusion(&entry.leaf(), receipt.index, checkpoint.size(), &proof, &checkpoint.root())
        .map_err(|_| lie("its proof does not lead to its checkpoint"))?;
    let accepted_at = entry.accepted_at();
    let seconds = accepted_at.saturating_sub(now).max(first_sent.saturating_sub(accepted_at));
    let (room, index) = (verifier.identity().room, receipt.index);
    let clock = (seconds > CLOCK_SECONDS).then(|| Alarm::ClockDiffers { room: name.clone(), index, seconds });
    Ok(Receipt { room, name, index, entry, checkpoint, proof, clock })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    index: u64,
    entry: String,
    checkpoint: String,
    /// Hashes in hexadecimal.
    #[serde(default)]
    proof: Vec<String>,
}

impl Kept {
    fn entry(&self) -> Option<Entry> {
        Entry::parse(hex::decode(&self.entry).ok()?.into()).ok()
    }
}

/// Keeps a receipt until enough witnesses cover it.
pub fn keep(desk: &Desk, receipt: &Receipt) -> Result<(), FileError> {
    let room = desk.profile().room_dir(receipt.room);
    let folder = folder(desk, receipt.room);
    durable::make_folder(&room)?;
    durable::make_folder(&folder)?;
    let kept = Kept {
        index: receipt.index,
        entry: hex::encode(receipt.entry.bytes()),
        checkpoint: receipt.checkpoint.note().to_string(),
        proof: receipt.proof.iter().map(Digest::to_hex).collect(),
    };
    let text = serde_json::to_vec(&kept).unwrap_or_default();
    durable::replace(&folder.join(receipt.index.to_string()), &text)
}

/// Receipts of a room that are kept now. Asked for before fetching, so that [`review`] does not expect
/// what another command sent meanwhile.
pub fn kept(desk: &Desk, room: RoomId) -> Result<Vec<PathBuf>, FileError> {
    paths(&folder(desk, room))
}

/// Compares kept receipts with a replica that was fetched since. One that it contradicts is an alarm; one
/// that witnesses have not covered in time is a warning; one that is covered is kept no longer.
pub fn review(desk: &Desk, replica: &Replica, kept: &[PathBuf], now: u64) -> Result<Vec<Alarm>, Error> {
    let (room, mut warnings) = (replica.room(), Vec::new());
    let policy = desk.profile().policy();
    for path in kept {
        let Some((receipt, entry)) = read(path)? else { continue };
        let (name, has, index) = (replica.name().to_owned(), replica.size(), receipt.index);
        let show = |alarm: Alarm| desk.raise(room, shown(alarm, &receipt, replica));
        match replica.tree().leaf(index) {
            None => return Err(show(Alarm::Shrunk { room: name, had: index + 1, has })),
            Some(leaf) if leaf != entry.leaf() => {
                return Err(show(Alarm::Forked { room: name, size: index + 1 }));
            }
            Some(_) => {}
        }
        let checkpoint = replica
            .verifier()
            .open(receipt.checkpoint.as_bytes())
            .map_err(|raised| desk.raise(room, raised))?;
        replica.verifier().agree(&checkpoint).map_err(|raised| desk.raise(room, raised))?;
        let alarmed = |error| desk.alarmed(room, error);
        let witnesses = replica.witnesses().map_err(alarmed)?;
        let charter = replica.state().map_err(alarmed)?.charter();
        let minutes = now.saturating_sub(entry.accepted_at()) / 60;
        if !policy.demands() || policy.covers(charter, &witnesses, index) {
            remove(path)?;
        } else if minutes > policy.receipt_minutes {
            warnings.push(Alarm::ReceiptNotCovered { room: name, index, minutes });
        }
    }
    Ok(warnings)
}

/// What shows that a receipt contradicts the log: both entries, each under a signed checkpoint.
fn shown(alarm: Alarm, receipt: &Kept, replica: &Replica) -> Raised {
    let hash = |hash: &String| hex::decode(hash).ok();
    let hashes: Option<Vec<Vec<u8>>> = receipt.proof.iter().map(hash).collect();
    let mut raised = Raised::from(alarm)
        .with(Exhibit::Entry {
            what: "in the receipt".to_owned(),
            index: receipt.index,
            entry: receipt.entry.clone(),
        })
        .with(Exhibit::checkpoint("in the receipt", receipt.checkpoint.as_bytes()))
        .with(Exhibit::proof("the entry is in the receipt's checkpoint", hashes.unwrap_or_default()));
    if let Some(kept) = replica.checkpoint() {
        raised = raised.with(Exhibit::checkpoint("kept here", &kept.to_bytes()));
        if let (Ok(entry), Ok(proof)) =
            (replica.require_entry(receipt.index), replica.tree().inclusion(receipt.index, kept.size()))
        {
            raised = raised
                .with(Exhibit::entry("kept here", receipt.index, entry.bytes()))
                .with(Exhibit::proof("the kept entry is in the kept checkpoint", proof));
        }
    }
    raised
}

fn folder(desk: &Desk, room: RoomId) -> PathBuf {
    desk.profile().room_dir(room).join("receipts")
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io_error("read", folder)(error)),
    };
    let names = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = names.filter(|path| path.extension().is_none()).collect();
    paths.sort();
    Ok(paths)
}

/// Removes a receipt, unless another command has already.
fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<(Kept, Entry)>, FileError> {
    let bytes = match durable::read(path, RECEIPT_MAX) {
        Ok(bytes) => bytes,
        Err(FileError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let kept = serde_json::from_slice::<Kept>(&bytes).ok();
    Ok(kept.and_then(|kept| kept.entry().map(|entry| (kept, entry))))
}

#[cfg(test)]
#[path = "receipts_tests.rs"]
mod tests;
