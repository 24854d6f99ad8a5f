//! The public key of a member's or server's certificate.
//!
//! Its SHA-256, over the DER of the SubjectPublicKeyInfo, is the `tls_key_sha256` of charters
//! (`docs/spec.md`, section 4). Knows the two kinds of key in their one encoding, and no others.

use std::fmt;

use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PublicKeyData, SignatureAlgorithm};
use tearline_ledger::digest::Digest;

/// DER up to the 32 bytes of an Ed25519 key (RFC 8410).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// DER up to the 64 bytes of an uncompressed P-256 point (RFC 5480), with the point's leading 4.
const P256_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const P256_POINT: usize = 64;
const ED25519_POINT: usize = 32;

/// A public key that can go into a certificate: Ed25519 or ECDSA P-256.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TlsKey {
    spki: Vec<u8>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Ed25519,
    P256,
}

/// The bytes are not such a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not an Ed25519 or ECDSA P-256 public key (DER SubjectPublicKeyInfo): `tearline init` makes one"
)]
pub struct TlsKeyError;

impl TlsKey {
    /// Reads the DER of a SubjectPublicKeyInfo.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, TlsKeyError> {
        let has = |prefix: &[u8], point| spki.strip_prefix(prefix).is_some_and(|rest| rest.len() == point);
        let kind = if has(&ED25519_PREFIX, ED25519_POINT) {
            Kind::Ed25519
        } else if has(&P256_PREFIX, P256_POINT) {
            Kind::P256
        } else {
            return Err(TlsKeyError);
        };
        Ok(Self { spki: spki.to_vec(), kind })
    }

    /// The DER of the SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo: the `tls_key_sha256` of charters.
    pub fn sha256(&self) -> Digest {
        Digest::of(&self.spki)
    }
}

impl fmt::Debug for TlsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsKey({:?}, {})", self.kind, self.sha256())
    }
}

impl PublicKeyData for TlsKey {
    fn der_bytes(&self) -> &[u8] {
        let start = match self.kind {
            Kind::Ed25519 => ED25519_PREFIX.len(),
            // The point's leading 4 is part of the key.
            Kind::P256 => P256_PREFIX.len() - 1,
        };
        self.spki.get(start..).unwrap_or_default()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            Kind::Ed25519 => &PKCS_ED25519,
            Kind::P256 => &PKCS_ECDSA_P256_SHA256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384};

    #[test]
    fn a_key_goes_into_the_certificate_byte_for_byte() {
        for algorithm in [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256] {
            let spki = KeyPair::generate_for(algorithm).unwrap().subject_public_key_info();
            let key = TlsKey::from_spki_der(&spki).unwrap();
            assert_eq!(key.subject_public_key_info(), spki);
            assert_eq!(key.sha256(), Digest::of(&spki));
        }
    }

    #[test]
    fn other_kinds_and_trailing_bytes_are_refused() {
        let other = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap().subject_public_key_info();
        let mut longer = KeyPair::generate().unwrap().subject_public_key_info();
        longer.push(0);
        for wrong in [&other[..], &longer, &longer[..50], b""] {
            assert_eq!(TlsKey::from_spki_der(wrong), Err(TlsKeyError));
        }
    }
}
