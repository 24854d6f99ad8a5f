//! X-Wing keys (X25519 and ML-KEM-768): what room keys are wrapped for.
//!
//! Specification: `docs/spec.md`, section 1.3. The library accepts degenerate keys; admission here does
//! not. How a key is used is `wrap`'s affair.

use std::{fmt, sync::Arc};

use curve25519_dalek::montgomery::MontgomeryPoint;
use hpke::{Deserializable, Kem, Serializable, kem::XWing};
use zeroize::Zeroizing;

use super::{KeyError, KeyId, NoRandomness, fresh};

const ALGORITHM: &str = "x-wing";
const ML_KEM: &str = "ML-KEM";
const X25519: &str = "X25519";
/// Bytes of an ML-KEM-768 encapsulation key: 768 coefficients of 12 bits and a 32-byte seed.
const ML_KEM_LEN: usize = 1184;
/// Bytes of those coefficients.
const ML_KEM_COEFFICIENTS_LEN: usize = 1152;
/// FIPS 203's modulus.
const Q: u16 = 3329;
/// Bytes of an X25519 public key.
pub(crate) const X25519_LEN: usize = 32;
/// Bytes of an X-Wing public key.
pub const SEAL_PUBLIC_KEY_LEN: usize = ML_KEM_LEN + X25519_LEN;

/// A private X-Wing key; wiped when dropped.
pub struct SealingKey {
    seed: Zeroizing<[u8; 32]>,
    public: SealPublicKey,
}

impl SealingKey {
    /// The key of a 32-byte seed, which is X-Wing's decapsulation key itself.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let private = private_key(seed)?;
        let public = SealPublicKey::admit(&XWing::sk_to_pk(&private).to_bytes())?;
        Ok(Self { seed: Zeroizing::new(*seed), public })
    }

    /// A fresh random key. The error is either missing randomness or a refused key.
    pub fn generate() -> Result<Self, GenerateError> {
        Ok(Self::from_seed(&*fresh::<32>()?)?)
    }

    /// The seed that `from_seed` takes.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        self.seed.clone()
    }

    /// The public key.
    pub fn public(&self) -> &SealPublicKey {
        &self.public
    }

    /// The key as the library wants it.
    pub(crate) fn to_hpke(&self) -> Result<<XWing as Kem>::PrivateKey, KeyError> {
        private_key(&self.seed)
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey(of {:?})", self.public)
    }
}

/// Why no sealing key was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The machine is at fault.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The key that came out is not admissible.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// An admitted public X-Wing key: ML-KEM-768 key ‖ X25519 key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SealPublicKey(Arc<[u8; SEAL_PUBLIC_KEY_LEN]>);

impl SealPublicKey {
    /// The key that these 1216 bytes are, if both halves are canonical and neither is degenerate.
    pub fn admit(bytes: &[u8]) -> Result<Self, KeyError> {
        let length =
            KeyError::Length { algorithm: ALGORITHM, expected: SEAL_PUBLIC_KEY_LEN, actual: bytes.len() };
        let bytes: [u8; SEAL_PUBLIC_KEY_LEN] = bytes.try_into().map_err(|_| length.clone())?;
        let (ml_kem, x25519) = bytes.split_last_chunk::<X25519_LEN>().ok_or_else(|| length.clone())?;
        let (coefficients, _) = ml_kem.split_at_checked(ML_KEM_COEFFICIENTS_LEN).ok_or(length)?;
        check_ml_kem(coefficients)?;
        check_x25519(x25519)?;
        Ok(Self(Arc::new(bytes)))
    }

    /// The 1216 bytes.
    pub fn as_bytes(&self) -> &[u8; SEAL_PUBLIC_KEY_LEN] {
        &self.0
    }

    /// SHA-256(frame("tearline/v1/key", "x-wing", key)).
    pub fn key_id(&self) -> KeyId {
        KeyId::of(ALGORITHM, self.as_bytes())
    }

    /// The key as the library wants it.
    pub(crate) fn to_hpke(&self) -> Result<<XWing as Kem>::PublicKey, KeyError> {
        <XWing as Kem>::PublicKey::from_bytes(self.as_bytes()).map_err(|_| KeyError::Refused)
    }
}

impl AsRef<[u8]> for SealPublicKey {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for SealPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} key with id {}", self.key_id())
    }
}

/// Whether every private key shares one and the same secret with this X25519 key.
pub(crate) fn x25519_is_low_order(key: &[u8; X25519_LEN]) -> bool {
    // A clamped scalar is a multiple of 8, so the low orders, and only they, end at the identity.
    MontgomeryPoint(*key).mul_clamped([0; 32]).0 == [0; 32]
}

fn private_key(seed: &[u8; 32]) -> Result<<XWing as Kem>::PrivateKey, KeyError> {
    <XWing as Kem>::PrivateKey::from_bytes(seed).map_err(|_| KeyError::Refused)
}

/// FIPS 203, section 7.2: each of the coefficients, two in three bytes, is below the modulus.
fn check_ml_kem(coefficients: &[u8]) -> Result<(), KeyError> {
    if coefficients.iter().all(|byte| *byte == 0) {
        return Err(KeyError::Zero(ML_KEM));
    }
    let (pairs, _) = coefficients.as_chunks::<3>();
    let reduced = pairs.iter().all(|&[low, middle, high]| {
        let first = u16::from(low) | u16::from(middle & 0x0f) << 8;
        let second = u16::from(middle >> 4) | u16::from(high) << 4;
        first < Q && second < Q
    });
    if reduced { Ok(()) } else { Err(KeyError::Modulus) }
}

/// Not zero, below 2^255 - 19 (so that one key has one key id), and not of low order.
fn check_x25519(key: &[u8; X25519_LEN]) -> Result<(), KeyError> {
    if *key == [0; X25519_LEN] {
        return Err(KeyError::Zero(X25519));
    }
    if x25519_is_low_order(key) {
        return Err(KeyError::LowOrder);
    }
    let mut big_endian = *key;
    big_endian.reverse();
    let mut prime = [0xff; X25519_LEN];
    (prime[0], prime[31]) = (0x7f, 0xed);
    if big_endian < prime { Ok(()) } else { Err(KeyError::NotCanonical(X25519)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Vec<u8> {
        SealingKey::from_seed(&[7; 32]).unwrap().public().as_bytes().to_vec()
    }

    fn with_x25519(half: [u8; 32]) -> Result<SealPublicKey, KeyError> {
        let mut bytes = key();
        bytes[ML_KEM_LEN..].copy_from_slice(&half);
        SealPublicKey::admit(&bytes)
    }

    #[test]
    fn the_key_of_a_seed_is_unchanged() {
        let key = SealingKey::from_seed(&[7; 32]).unwrap();
        assert_eq!(key.public().key_id().to_string(), KEY_ID_OF_SEED_7);
        assert_eq!(SealPublicKey::admit(key.public().as_bytes()).as_ref(), Ok(key.public()));
        assert_eq!(*key.seed(), [7; 32]);
    }

    #[test]
    fn the_first_vector_of_the_x_wing_draft_comes_out() {
        let mut seed = [0; 32];
        hex::decode_to_slice("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26", &mut seed)
            .unwrap();
        let public = SealingKey::from_seed(&seed).unwrap().public().clone();
        assert_eq!(
            hex::encode(&public.as_bytes()[..32]),
            "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5"
        );
        assert_eq!(
            hex::encode(&public.as_bytes()[ML_KEM_LEN..]),
            "859edb06eff389b27dce59844570216223593d4ba32d9abac8cd049040ef6534"
        );
    }

    #[test]
    fn fresh_keys_are_admitted_and_differ() {
        let (one, two) = (SealingKey::generate().unwrap(), SealingKey::generate().unwrap());
        assert_ne!(one.public(), two.public());
        assert!(SealPublicKey::admit(one.public().as_bytes()).is_ok());
    }

    #[test]
    fn wrong_lengths_and_zeros_are_refused() {
        for length in [0, 32, 1215, 1217] {
            let refused = SealPublicKey::admit(&vec![1; length]);
            assert_eq!(
                refused,
                Err(KeyError::Length { algorithm: "x-wing", expected: 1216, actual: length })
            );
        }
        assert_eq!(SealPublicKey::admit(&[0; 1216]), Err(KeyError::Zero("ML-KEM")));
        assert_eq!(with_x25519([0; 32]), Err(KeyError::Zero("X25519")));
        let mut bytes = key();
        bytes[..ML_KEM_COEFFICIENTS_LEN].fill(0);
        assert_eq!(SealPublicKey::admit(&bytes), Err(KeyError::Zero("ML-KEM")));
    }

    #[test]
    fn every_low_order_x25519_half_is_refused() {
        // The points of low order of the curve and of its twist, with what encodes them a second time.
        for hex in [
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        ] {
            let mut half = [0; 32];
            hex::decode_to_slice(hex, &mut half).unwrap();
            assert_eq!(with_x25519(half), Err(KeyError::LowOrder), "{hex}");
            half[31] |= 0x80;
            assert_eq!(with_x25519(half), Err(KeyError::LowOrder), "{hex} with the top bit");
        }
    }

    #[test]
    fn a_second_encoding_of_an_x25519_half_is_refused() {
        let mut half = [0; 32];
        half.copy_from_slice(&key()[ML_KEM_LEN..]);
        half[31] |= 0x80;
        assert_eq!(with_x25519(half), Err(KeyError::NotCanonical("X25519")));
        let mut nine = [0xff; 32];
        (nine[0], nine[31]) = (0xed + 9, 0x7f);
        assert_eq!(with_x25519(nine), Err(KeyError::NotCanonical("X25519")));
    }

    #[test]
    fn a_coefficient_that_is_not_reduced_is_refused() {
        for at in [0, 3, ML_KEM_COEFFICIENTS_LEN - 3] {
            // 3329 as the first and as the second of a pair; 3328 is the largest that may be.
            for (pair, good) in
                [([0x01, 0x0d, 0], false), ([0, 0x10, 0xd0], false), ([0x00, 0x0d, 0xd0], true)]
            {
                let mut bytes = key();
                bytes[at..at + 3].copy_from_slice(&pair);
                let expected = if good { Ok(()) } else { Err(KeyError::Modulus) };
                assert_eq!(SealPublicKey::admit(&bytes).map(drop), expected, "{at} {pair:?}");
            }
        }
    }

    #[test]
    fn a_private_key_shows_only_its_public_half() {
        let text = format!("{:?}", SealingKey::from_seed(&[0xab; 32]).unwrap());
        assert!(text.starts_with("SealingKey(of x-wing key with id ") && !text.contains("abab"), "{text}");
    }

    const KEY_ID_OF_SEED_7: &str = "d6f098bb77dd92516ec79825819ee7c6ff84d9a11880a36bebeff0288689b5da";
}
