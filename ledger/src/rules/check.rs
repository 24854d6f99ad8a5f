//! Signatures, verified in batches. A key id is the hash of its key, so keys may come from anywhere:
//! whether a key's holder may sign is decided later, by the charter in force.

use crate::{
    keys::{Batch, KeyId, PublicKey},
    statement::Signed,
};

/// Why a statement's signatures do not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A signature by a key that no charter of the room has held.
    #[error("it is signed by a key that no member of the room has: {0}")]
    UnknownKey(KeyId),
    /// A signature that does not verify.
    #[error("a signature does not verify: the text or the signature was altered")]
    Bad,
}

impl SignatureError {
    /// The short, stable name that section 6.5 gives it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownKey(_) => "UNKNOWN_KEY",
            Self::Bad => "BAD_SIGNATURE",
        }
    }
}

/// A statement all of whose signatures verify under the keys that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedStatement(Signed);

impl CheckedStatement {
    /// The statement.
    pub fn signed(&self) -> &Signed {
        &self.0
    }

    pub(super) fn into_signed(self) -> Signed {
        self.0
    }
}

/// Verifies all signatures of all statements, each of which gets its own answer. `key` finds the keys
/// that a statement's signatures name.
pub fn check(
    statements: Vec<Signed>,
    key: impl Fn(&Signed, &KeyId) -> Option<PublicKey>,
) -> Vec<Result<CheckedStatement, SignatureError>> {
    let mut batch = Batch::new();
    let mut owner = Vec::new();
    let mut faults: Vec<Option<SignatureError>> = vec![None; statements.len()];
    for ((at, signed), fault) in statements.iter().enumerate().zip(&mut faults) {
        let message = signed.envelope.pae();
        for signature in signed.envelope.signatures() {
            match key(signed, &signature.key_id) {
                Some(public) => {
                    batch.push(&public, &signature.bytes, &message);
                    owner.push(at);
                }
                None => *fault = Some(SignatureError::UnknownKey(signature.key_id)),
            }
        }
    }
    if let Err(bad) = batch.verify() {
        for at in bad.iter().filter_map(|item| owner.get(*item)) {
            if let Some(fault) = faults.get_mut(*at) {
                fault.get_or_insert(SignatureError::Bad);
            }
        }
    }
    statements
        .into_iter()
        .zip(faults)
        .map(|(signed, fault)| fault.map_or(Ok(CheckedStatement(signed)), Err))
        .collect()
}
