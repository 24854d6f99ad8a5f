//! What a file of evidence proves to somebody who has nothing else, and what it does not.
//!
//! Specification: `docs/spec.md`, section 14.2. A contradiction is proven if the log's key signed for two
//! histories of one room; whatever else a file tells is the word of the desk that wrote it. It is pure.

use tearline_ledger::{
    access::{access_log_id, access_log_org},
    checkpoint::SignedCheckpoint,
    cosign::{Standing, cosignatures},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    merkle::{TreeSize, verify_consistency, verify_inclusion},
};

use super::{
    Exhibit, File,
    chain::{Broken, Chain},
};
use crate::witness::witness_key;

/// No honest file holds more: pairs of them are compared.
const EXHIBITS_MAX: usize = 64;

/// How the log's key contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contradiction {
    /// Two roots at one size.
    TwoRoots {
        /// Entries.
        size: u64,
    },
    /// Two entries at one index.
    TwoEntries {
        /// Where.
        index: u64,
        /// The sizes of the two checkpoints.
        sizes: (u64, u64),
    },
    /// A smaller tree that is not the beginning of a larger.
    NotABeginning {
        /// Entries of the smaller.
        size: u64,
        /// Entries of the larger.
        of: u64,
    },
}

impl Contradiction {
    /// In words; `room` is the room's name.
    pub fn words(&self, room: &str) -> String {
        match self {
            Self::TwoRoots { size } => {
                format!("the log's key signed two different histories of {room} at {size} entries")
            }
            Self::TwoEntries { index, sizes: (one, other) } => format!(
                "the log's key signed two different entries as {room}#{index}: one under its checkpoint of {one} entries, \
                 another under that of {other}"
            ),
            Self::NotABeginning { size, of } => format!(
                "the log's key signed a history of {room} of {size} entries with which that of {of} entries, which it \
                 signed too, does not begin"
            ),
        }
    }

    /// A short name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::TwoRoots { .. } => "two-roots",
            Self::TwoEntries { .. } => "two-entries",
            Self::NotABeginning { .. } => "not-a-beginning",
        }
    }
}

/// A checkpoint in the file that the log's key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where the file says that it comes from.
    pub what: String,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
    /// Desks of auditors whose cosignatures of it are valid, with their times.
    pub cosigned: Vec<(String, u64)>,
}

/// What a file proves.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// That the log's key signed for two histories, if it does.
    pub contradiction: Option<Contradiction>,
    /// Checkpoints that the log's key signed.
    pub checkpoints: Vec<Seen>,
    /// Checkpoints in the file that it did not sign, or that are not of this log.
    pub foreign: usize,
    /// Auditors that cosigned both sides of two roots at one size.
    pub two_faced: Vec<String>,
    /// Whether the log had more than one key.
    pub key_changed: bool,
}

/// Why nothing in a file can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfounded {
    /// Its room id is none.
    #[error("`{}` is not a room id", .0.escape_debug())]
    RoomId(String),
    /// More than any honest file holds.
    #[error("it holds {0} exhibits, more than {EXHIBITS_MAX}")]
    TooMany(usize),
    /// Its charters do not prove the log's key.
    #[error(transparent)]
    Key(#[from] Broken),
}

/// Judges a file by itself.
pub fn judge(file: &File) -> Result<Judgement, Unfounded> {
    if file.exhibits.len() > EXHIBITS_MAX {
        return Err(Unfounded::TooMany(file.exhibits.len()));
    }
    let log = Digest::from_hex(&file.room_id).map(RoomId);
    let log = log.ok_or_else(|| Unfounded::RoomId(file.room_id.clone()))?;
    let chain = Chain::verify(home_of(file, log), &file.charters)?;
    let (mut checkpoints, mut foreign) = (Vec::new(), 0);
    for exhibit in &file.exhibits {
        if let Exhibit::Checkpoint { what, note } = exhibit {
            match chain.open(log, note.as_bytes()) {
                Some(checkpoint) => {
                    let cosigned = cosigned(&checkpoint, &chain);
                    checkpoints.push(Seen { what: what.clone(), checkpoint, cosigned });
                }
                None => foreign += 1,
            }
        }
    }
    let roots = two_roots(&checkpoints);
    let two_faced = roots.map(|(one, other)| both(one, other)).unwrap_or_default();
    let contradiction = roots
        .map(|(one, _)| Contradiction::TwoRoots { size: one.checkpoint.size().0 })
        .or_else(|| two_entries(file, &checkpoints))
        .or_else(|| not_a_beginning(file, &checkpoints));
    Ok(Judgement { contradiction, checkpoints, foreign, two_faced, key_changed: chain.key_changed() })
}

/// The room whose charters give the log its key: itself, or the home room of an access log.
fn home_of(file: &File, log: RoomId) -> RoomId {
    let first = file.charters.first().and_then(|charter| hex::decode(&charter.entry).ok());
    let entry = first.and_then(|bytes| Entry::parse(bytes.into()).ok());
    let home = entry.and_then(|entry| Some(RoomId(entry.statement()?.identity().0)));
    match (home, access_log_org(&file.room)) {
        (Some(home), Some(org)) if access_log_id(home, &org) == log => home,
        _ => log,
    }
}

fn cosigned(checkpoint: &SignedCheckpoint, chain: &Chain) -> Vec<(String, u64)> {
    let mut out = Vec::new();
    for key in chain.charter().members.iter().filter_map(witness_key) {
        for one in cosignatures(checkpoint, std::slice::from_ref(&key)).unwrap_or_default() {
            if let Standing::At(at) = one.standing {
                out.push((key.name().to_string(), at));
            }
        }
    }
    out
}

fn two_roots(checkpoints: &[Seen]) -> Option<(&Seen, &Seen)> {
    let differ = |one: &Seen, other: &Seen| {
        let (one, other) = (&one.checkpoint, &other.checkpoint);
        one.size() == other.size() && one.root() != other.root()
    };
    checkpoints.iter().find_map(|one| Some((one, checkpoints.iter().find(|other| differ(one, other))?)))
}

fn both(one: &Seen, other: &Seen) -> Vec<String> {
    let also = |name: &&String| other.cosigned.iter().any(|(its, _)| its == *name);
    one.cosigned.iter().map(|(name, _)| name).filter(also).cloned().collect()
}

fn digests(hashes: &[String]) -> Option<Vec<Digest>> {
    hashes.iter().map(|hash| Digest::from_hex(hash)).collect()
}

/// Two entries at one index, each under a checkpoint.
fn two_entries(file: &File, checkpoints: &[Seen]) -> Option<Contradiction> {
    let proofs = file.exhibits.iter().filter_map(|exhibit| match exhibit {
        Exhibit::Proof { hashes, .. } => digests(hashes),
        _ => None,
    });
    let proofs: Vec<Vec<Digest>> = proofs.collect();
    let under = |leaf: &Digest, index: u64| {
        let holds = |seen: &&Seen| {
            let (size, root) = (seen.checkpoint.size(), seen.checkpoint.root());
            proofs.iter().any(|proof| verify_inclusion(leaf, index, size, proof, &root).is_ok())
        };
        checkpoints.iter().find(holds).map(|seen| seen.checkpoint.size().0)
    };
    let entries = file.exhibits.iter().filter_map(|exhibit| match exhibit {
        Exhibit::Entry { index, entry, .. } => {
            let leaf = tearline_ledger::merkle::leaf_hash(&hex::decode(entry).ok()?);
            Some((*index, leaf, under(&leaf, *index)?))
        }
        _ => None,
    });
    let entries: Vec<(u64, Digest, u64)> = entries.collect();
    entries.iter().find_map(|(index, leaf, size)| {
        let other = entries.iter().find(|(its, other, _)| its == index && other != leaf)?;
        Some(Contradiction::TwoEntries { index: *index, sizes: (*size, other.2) })
    })
}

/// A checkpoint whose root is not that of the first so many entries under a larger one.
fn not_a_beginning(file: &File, checkpoints: &[Seen]) -> Option<Contradiction> {
    file.exhibits.iter().find_map(|exhibit| {
        let Exhibit::Prefix { size, root, hashes, .. } = exhibit else { return None };
        let (root, hashes) = (Digest::from_hex(root)?, digests(hashes)?);
        let begins = |larger: &&Seen| {
            let (of, its) = (larger.checkpoint.size(), larger.checkpoint.root());
            verify_consistency(TreeSize(*size), &root, of, &its, &hashes).is_ok()
        };
        let larger = checkpoints.iter().find(begins)?;
        let other =
            |smaller: &&Seen| smaller.checkpoint.size().0 == *size && smaller.checkpoint.root() != root;
        checkpoints.iter().find(other)?;
        Some(Contradiction::NotABeginning { size: *size, of: larger.checkpoint.size().0 })
    })
}

/// What the alarm of a file says that no file can prove to a stranger, and why.
pub fn caveat(alarm: &str) -> &'static str {
    match alarm {
        "shrunk" => {
            "That the server signed for more and for less proves no lie: every log was shorter once. That it \
             showed the shorter one later is the word of the desk that wrote this file."
        }
        "withheld" => {
            "That content was not served leaves no signature: it is the word of the desk that wrote this file. \
             The entry that names the content is in the log; ask for it yourself."
        }
        "false-receipt" => {
            "A receipt's proof that leads nowhere is signed by nobody: that the server sent it is the word of the \
             desk that wrote this file."
        }
        "bad-cosignature" | "cosigned-ahead" => {
            "A cosignature that does not fit was made by nobody who can be named; one that fits but is dated ahead \
             is its witness's. Who passed it on is the word of the desk that wrote this file."
        }
        "bad-checkpoint" => {
            "A checkpoint that the log's key did not sign can have been made by anyone, this file's author included."
        }
        "rule-broken" | "across-rooms" | "malformed" | "bad-post" => {
            "Whether an entry breaks a rule is judged by the room's whole log: ask an auditor for a bundle, and run \
             `tearline verify-bundle`."
        }
        "attachment-withheld" | "wrong-attachment" => {
            "What was served of an attachment leaves no signature: it is the word of the desk that wrote this file. \
             The entry that names the attachment's digest is in the log; ask for it yourself."
        }
        "altered" | "forked" | "not-covered" | "wrong-content" => {
            "The file does not hold two signatures of the log that contradict each other. What the server served \
             without signing for it is the word of the desk that wrote this file."
        }
        _ => "What the alarm says is the word of the desk that wrote this file.",
    }
}
