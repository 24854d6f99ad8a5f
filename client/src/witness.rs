//! Witnesses: which cosignatures of a room's checkpoint count, and what they say of its age.
//!
//! Specification: `docs/spec.md`, section 5. A room's auditors are its witnesses: each cosigns with its
//! signing key, under its desk's name. Whether a checkpoint fits a room is not judged here.

pub use tearline_ledger::cosign::witness_key;
use tearline_ledger::{
    charter::Charter,
    checkpoint::SignedCheckpoint,
    cosign::{CosignError, Standing, cosignatures},
    keys::SigningKey,
    name::MemberName,
    note::NoteSigner,
};

/// An auditor's signing key, as what cosigns.
#[derive(Debug)]
pub struct Cosigner<'a>(pub &'a SigningKey);

impl NoteSigner for Cosigner<'_> {
    fn public_key(&self) -> [u8; 32] {
        self.0.public().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

/// An auditor's word that it had verified a room up to a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Who.
    pub member: MemberName,
    /// When, by its own clock, in seconds since 1970.
    pub at: u64,
    /// How many entries it had verified.
    pub size: u64,
}

/// The verified cosignatures by the charter's auditors, the newest of each. A bad one is an error.
pub fn witnesses(checkpoint: &SignedCheckpoint, charter: &Charter) -> Result<Vec<Witness>, CosignError> {
    let mut out = Vec::new();
    for member in &charter.members {
        let Some(key) = witness_key(member) else { continue };
        let found = cosignatures(checkpoint, std::slice::from_ref(&key))?;
        let times = found.iter().filter_map(|one| match one.standing {
            Standing::At(at) => Some(at),
            Standing::Unverified => None,
        });
        let size = checkpoint.size().0;
        out.extend(times.map(|at| Witness { member: member.name.clone(), at, size }));
    }
    Ok(out)
}
