//! Keys of members: what signs, what is signed with, what content keys are wrapped for.
//!
//! Specification: `docs/spec.md`, sections 1.3 and 13. A public key of this module was admitted: its
//! bytes are the one encoding of a safe key. Whose key it is, the charters say, not this module.

mod batch;
mod derive;
mod random;
mod sealing;
mod signing;

use std::fmt;

use crate::digest::{Digest, frame_digest};

pub use batch::Batch;
pub(crate) use derive::derive;
pub(crate) use random::ByteStream;
pub use random::{NoRandomness, fresh};
pub use sealing::{GenerateError, SEAL_PUBLIC_KEY_LEN, SealPublicKey, SealingKey};
pub(crate) use sealing::{X25519_LEN, x25519_is_low_order};
pub use signing::{BadSignature, PublicKey, SIGNATURE_LEN, SigningKey};

/// The identifier of a public key: SHA-256(frame("tearline/v1/key", algorithm, key)).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub Digest);

impl KeyId {
    fn of(algorithm: &str, key: &[u8]) -> Self {
        Self(frame_digest(&[b"tearline/v1/key", algorithm.as_bytes(), key]))
    }

    /// The identifier that these 32 bytes are; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Digest::from_slice(bytes).map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl AsRef<[u8]> for KeyId {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why bytes are not admitted as a public key. Whoever made the key is at fault: the remedy is always
/// a new key, made by `tearline init`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Wrong length.
    #[error("the {algorithm} key has {actual} bytes instead of {expected}: make a new key")]
    Length {
        /// `ed25519` or `x-wing`.
        algorithm: &'static str,
        /// Bytes that such a key has.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// The 32 bytes encode no point of the curve.
    #[error("the ed25519 key is no point of the curve: make a new key")]
    NotAPoint,
    /// Another encoding of the point is the canonical one.
    #[error("the {0} key is not in canonical encoding: make a new key")]
    NotCanonical(&'static str),
    /// A point under which a signature says nothing.
    #[error("the ed25519 key has small order, so that anyone could sign for it: make a new key")]
    SmallOrder,
    /// A point outside the prime-order group.
    #[error("the ed25519 key has mixed order, so that one signer could have eight keys: make a new key")]
    MixedOrder,
    /// One of the two halves is zero.
    #[error("the {0} half of the x-wing key is all zeros: make a new key")]
    Zero(&'static str),
    /// The X25519 half forces a known shared secret.
    #[error("the X25519 half of the x-wing key has low order: make a new key")]
    LowOrder,
    /// FIPS 203, section 7.2: a coefficient is not below 3329.
    #[error("the ML-KEM half of the x-wing key fails the modulus check of FIPS 203: make a new key")]
    Modulus,
    /// The library refused a key for a reason of its own.
    #[error("the x-wing key was refused by the library: make a new key")]
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_depends_on_the_algorithm() {
        assert_ne!(KeyId::of("ed25519", &[1; 32]), KeyId::of("x-wing", &[1; 32]));
        assert_eq!(KeyId::from_slice(&[0; 31]), None);
    }
}
