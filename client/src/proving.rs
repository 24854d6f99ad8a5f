//! Proofs for a third person: that an entry is in a room's log, written and checked.
//!
//! Specification: C2SP tlog-proof and `docs/spec.md`, section 14.1. A proof shows inclusion, and neither
//! opens content nor says who had the standing to sign.

use std::fmt::Write as _;

use tearline_ledger::{
    checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint},
    cosign::{self, CosignError, Standing, cosignatures, verified_witnesses},
    entry::{Entry, EntryError},
    note::{KeyName, VerifierKey},
    policy::Policy,
    proof::{MAX_PROOF_SIZE, TlogProof, TlogProofError},
};

use crate::{
    replica::{Replica, ReplicaError},
    witness::witness_key,
};

/// A proof and the keys to check it by, each as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// C2SP tlog-proof, with the entry as its extra data.
    pub proof: Vec<u8>,
    /// C2SP tlog-policy.
    pub policy: String,
    /// Desks of the auditors that cosigned its checkpoint.
    pub cosigned: Vec<String>,
    /// Entries under its checkpoint.
    pub size: u64,
}

/// Why an entry that is here cannot be proven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the entry has {0} bytes, too many for a proof, which has at most {MAX_PROOF_SIZE}: hand over a bundle instead"
)]
pub struct TooLong(usize);

/// Proves that the entry at this index is in the log, under the checkpoint that most witnesses cosigned.
pub fn prove(replica: &Replica, index: u64) -> Result<Result<Proved, TooLong>, ReplicaError> {
    let entry = replica.require_entry(index)?;
    let charter = replica.state()?.charter();
    let keys: Vec<VerifierKey> = charter.members.iter().filter_map(witness_key).collect();
    let empty = || ReplicaError::Empty(replica.name().to_owned());
    let kept = replica.checkpoint().ok_or_else(empty)?;
    let (checkpoint, cosigned) = best(kept, replica.cosigned()?, index, &keys);
    let mismatch = |error: &dyn std::fmt::Display| ReplicaError::Mismatch {
        room: replica.name().to_owned(),
        dir: replica.name().to_owned(),
        reason: error.to_string(),
    };
    let hashes = replica.tree().inclusion(index, checkpoint.size()).map_err(|error| mismatch(&error))?;
    let size = checkpoint.size().0;
    let proof = TlogProof::new(index, hashes, &checkpoint).with_extra(entry.bytes().to_vec()).to_bytes();
    if proof.len() > MAX_PROOF_SIZE {
        return Ok(Err(TooLong(entry.bytes().len())));
    }
    let log = replica.verifier().log_key(checkpoint.size()).ok_or_else(empty)?;
    let policy = policy(&log, &keys, &cosigned);
    let cosigned = cosigned.iter().map(|key| key.name().to_string()).collect();
    Ok(Ok(Proved { proof, policy, cosigned, size }))
}

/// Of the checkpoints that cover the entry, the one that most witnesses cosigned; of several the largest.
fn best(
    kept: &SignedCheckpoint,
    older: Vec<(String, SignedCheckpoint)>,
    index: u64,
    keys: &[VerifierKey],
) -> (SignedCheckpoint, Vec<VerifierKey>) {
    let mut all = vec![kept.clone()];
    for checkpoint in older.into_iter().map(|(_, checkpoint)| checkpoint).filter(|it| it.size().0 > index) {
        match all.iter_mut().find(|other| other.checkpoint() == checkpoint.checkpoint()) {
            Some(same) => gather(same, &checkpoint, keys),
            None => all.push(checkpoint),
        }
    }
    let signed = |checkpoint: &SignedCheckpoint| {
        verified_witnesses(&cosignatures(checkpoint, keys).unwrap_or_default())
    };
    let best = all.into_iter().max_by_key(|it| (signed(it).len(), it.size()));
    let best = best.unwrap_or_else(|| kept.clone());
    let by = signed(&best);
    (best, by)
}

/// Puts the valid cosignatures of one copy of a checkpoint on another.
fn gather(onto: &mut SignedCheckpoint, from: &SignedCheckpoint, keys: &[VerifierKey]) {
    for key in keys {
        if let Ok(Some((line, _))) = cosign::newest(from, key) {
            // A checkpoint that is full of lines has witnesses enough.
            let _ = cosign::attach(onto, line.clone(), key);
        }
    }
}

/// The log's key as it is named for the room, the room's auditors, and as many of them as cosigned.
fn policy(log: &VerifierKey, auditors: &[VerifierKey], cosigned: &[VerifierKey]) -> String {
    let mut out = String::from(
        "# Keys to check a proof of Tearline by. They came with it: compare them with what you know by other\n\
         # means (the log's key with the operator, the auditors' keys with the auditors).\n",
    );
    let _ = writeln!(out, "log {log}");
    for key in auditors {
        let _ = writeln!(out, "witness {} {key}", key.name());
    }
    if cosigned.is_empty() {
        out.push_str("# No auditor has cosigned this checkpoint.\nquorum none\n");
    } else {
        let names: Vec<&str> = auditors.iter().map(|key| key.name().as_str()).collect();
        let _ = writeln!(out, "group auditors {} {}\nquorum auditors", cosigned.len(), names.join(" "));
    }
    out
}

/// Whose keys a proof is checked by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The log's, under the name of its domain or of the room; it goes before the policy's.
    pub log: Option<VerifierKey>,
    /// Logs, witnesses and their quorum.
    pub policy: Option<Policy>,
}

/// A proof that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The entry.
    pub entry: Entry,
    /// Where it stands.
    pub index: u64,
    /// The checkpoint that it is under.
    pub checkpoint: SignedCheckpoint,
    /// The policy's witnesses that cosigned it, and when, in seconds since 1970.
    pub cosigned: Vec<(String, u64)>,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untrue {
    /// It says nothing of what is proven.
    #[error("the proof does not hold the entry that it is about (its `extra` line)")]
    NoEntry,
    /// What it holds is no entry.
    #[error("what the proof holds is no entry: {0}")]
    Entry(#[from] EntryError),
    /// Its checkpoint is none.
    #[error("the proof's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// No key is known for its log.
    #[error("the proof is of the log `{0}`, of which neither --log-key nor the policy names a key")]
    OtherLog(KeyName),
    /// It leads nowhere.
    #[error(transparent)]
    Proof(#[from] TlogProofError),
    /// A cosignature does not fit.
    #[error(transparent)]
    Cosignature(#[from] CosignError),
    /// Not enough witnesses.
    #[error(
        "the proof's checkpoint is not cosigned as the policy demands: {}", if .0.is_empty() {
            "by none of its witnesses".to_owned()
        } else {
            format!("by {} alone", .0.join(", "))
        }
    )]
    NotCosigned(Vec<String>),
}

/// Checks a proof by these keys and nothing else.
pub fn check(proof: &TlogProof, keys: &Keys) -> Result<Checked, Untrue> {
    let extra = proof.extra().ok_or(Untrue::NoEntry)?;
    let entry = Entry::parse(bytes::Bytes::copy_from_slice(extra))?;
    let origin = Checkpoint::parse(proof.checkpoint().unverified_text())?.origin;
    let logs = keys.policy.iter().flat_map(Policy::logs).map(|log| &log.key);
    let logs = keys.log.iter().chain(logs.filter(|_| keys.log.is_none()));
    let of_this = |key: &&VerifierKey| {
        let name = key.name().as_str();
        name == origin.domain().as_str() || *key.name() == KeyName::from(&origin)
    };
    let known: Vec<&VerifierKey> = logs.filter(of_this).collect();
    let mut refused = Untrue::OtherLog(KeyName::from(&origin));
    for log in known {
        match proof.verify(&entry.leaf(), &Origin::log_key(&origin, log)) {
            Ok(checkpoint) => {
                let cosigned = cosigned(&checkpoint, keys.policy.as_ref())?;
                return Ok(Checked { entry, index: proof.index(), checkpoint, cosigned });
            }
            Err(error) => refused = error.into(),
        }
    }
    Err(refused)
}

fn cosigned(checkpoint: &SignedCheckpoint, policy: Option<&Policy>) -> Result<Vec<(String, u64)>, Untrue> {
    let Some(policy) = policy else { return Ok(Vec::new()) };
    let found = cosignatures(checkpoint, &policy.witness_keys())?;
    let times = found.iter().filter_map(|one| match one.standing {
        Standing::At(at) => Some((one.witness.name().to_string(), at)),
        Standing::Unverified => None,
    });
    let times: Vec<(String, u64)> = times.collect();
    if policy.satisfied_by(&verified_witnesses(&found)) {
        Ok(times)
    } else {
        Err(Untrue::NotCosigned(times.into_iter().map(|(name, _)| name).collect()))
    }
}
