//! Ed25519 keys: signing as in RFC 8032, verifying as in ZIP 215.
//!
//! Specification: `docs/spec.md`, section 1.3. ZIP 215 makes single and batch checks agree; admission
//! refuses the keys under which it would accept what no one signed.

use std::{cmp::Ordering, fmt, hash};

use curve25519_dalek::edwards::CompressedEdwardsY;
use ed25519_zebra::{Signature, VerificationKey};
use zeroize::Zeroizing;

use super::{KeyError, KeyId, NoRandomness, fresh};

const ALGORITHM: &str = "ed25519";
const PUBLIC_KEY_LEN: usize = 32;
/// Bytes of a signature.
pub const SIGNATURE_LEN: usize = 64;

/// The signature does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature is not of this key over these bytes: do not act on them")]
pub struct BadSignature;

/// A private Ed25519 key; wiped when dropped.
pub struct SigningKey(Zeroizing<ed25519_zebra::SigningKey>);

impl SigningKey {
    /// The key of a 32-byte seed, as in RFC 8032.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Zeroizing::new(ed25519_zebra::SigningKey::from(*seed)))
    }

    /// A fresh random key.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_seed(&*fresh::<32>()?))
    }

    /// The seed that `from_seed` takes.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(*self.0.as_bytes())
    }

    /// The public key.
    pub fn public(&self) -> PublicKey {
        // A clamped scalar times the base point is canonical, of prime order and never the identity.
        PublicKey(self.0.verification_key())
    }

    /// The signature over `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {:?})", self.public())
    }
}

/// An admitted public Ed25519 key, decompressed once.
#[derive(Clone, Copy)]
pub struct PublicKey(VerificationKey);

impl PublicKey {
    /// The key that these 32 bytes are, if they are the canonical encoding of a point of prime order.
    pub fn admit(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; PUBLIC_KEY_LEN] = bytes.try_into().map_err(|_| KeyError::Length {
            algorithm: ALGORITHM,
            expected: PUBLIC_KEY_LEN,
            actual: bytes.len(),
        })?;
        let point = CompressedEdwardsY(bytes).decompress().ok_or(KeyError::NotAPoint)?;
        if point.compress().0 != bytes {
            return Err(KeyError::NotCanonical(ALGORITHM));
        }
        if point.is_small_order() {
            return Err(KeyError::SmallOrder);
        }
        if !point.is_torsion_free() {
            return Err(KeyError::MixedOrder);
        }
        VerificationKey::try_from(bytes).map(Self).map_err(|_| KeyError::NotAPoint)
    }

    /// The 32 bytes.
    pub fn to_bytes(&self) -> [u8; PUBLIC_KEY_LEN] {
        self.0.into()
    }

    /// SHA-256(frame("tearline/v1/key", "ed25519", key)).
    pub fn key_id(&self) -> KeyId {
        KeyId::of(ALGORITHM, self.as_ref())
    }

    /// Checks one signature by ZIP 215. For many, see [`super::Batch`].
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), BadSignature> {
        self.0.verify(&Signature::from_bytes(signature), message).map_err(|_| BadSignature)
    }
}

impl AsRef<[u8]> for PublicKey {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(other.as_ref())
    }
}

impl hash::Hash for PublicKey {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM}:{}", hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::{constants::EIGHT_TORSION, edwards::EdwardsPoint, scalar::Scalar};
    use proptest::prelude::*;
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

    use super::*;

    #[test]
    fn the_first_vector_of_rfc_8032_comes_out() {
        let mut seed = [0; 32];
        hex::decode_to_slice("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", &mut seed)
            .unwrap();
        let key = SigningKey::from_seed(&seed);
        assert_eq!(
            hex::encode(key.public().to_bytes()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
        assert_eq!(
            hex::encode(key.sign(b"")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b\
             d25bf5f0595bbe24655141438e7a100b"
        );
        assert_eq!(*key.seed(), seed);
    }

    #[test]
    fn the_key_id_layout_is_unchanged() {
        let key = SigningKey::from_seed(&[7; 32]).public();
        assert_eq!(key.key_id().to_string(), KEY_ID_OF_SEED_7);
    }

    #[test]
    fn ring_signs_and_verifies_the_same() {
        let key = SigningKey::from_seed(&[7; 32]);
        let other = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        assert_eq!(other.public_key().as_ref(), key.public().as_ref());
        assert_eq!(other.sign(b"text").as_ref(), key.sign(b"text"));
        UnparsedPublicKey::new(&ED25519, key.public()).verify(b"text", &key.sign(b"text")).unwrap();
    }

    #[test]
    fn a_signature_over_other_bytes_or_of_another_key_is_refused() {
        let key = SigningKey::generate().unwrap();
        let signature = key.sign(b"text");
        assert_eq!(key.public().verify(b"text", &signature), Ok(()));
        assert_eq!(key.public().verify(b"test", &signature), Err(BadSignature));
        assert_eq!(SigningKey::generate().unwrap().public().verify(b"text", &signature), Err(BadSignature));
    }

    #[test]
    fn keys_of_wrong_length_and_non_points_are_refused() {
        for length in [0, 31, 33, 64] {
            let refused = PublicKey::admit(&vec![1; length]);
            assert_eq!(refused, Err(KeyError::Length { algorithm: "ed25519", expected: 32, actual: length }));
        }
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(PublicKey::admit(&no_point), Err(KeyError::NotAPoint));
    }

    #[test]
    fn keys_of_small_and_mixed_order_are_refused() {
        let good = SigningKey::from_seed(&[7; 32]).public();
        let point = CompressedEdwardsY(good.to_bytes()).decompress().unwrap();
        assert_eq!(PublicKey::admit(good.as_ref()), Ok(good));
        for torsion in EIGHT_TORSION {
            assert_eq!(PublicKey::admit(&torsion.compress().0), Err(KeyError::SmallOrder));
            if torsion != EdwardsPoint::default() {
                assert_eq!(PublicKey::admit(&(point + torsion).compress().0), Err(KeyError::MixedOrder));
            }
        }
    }

    #[test]
    fn non_canonical_encodings_of_keys_are_refused() {
        // y = p .. p + 18, with either sign: some decode to points, none is canonical.
        for low in 0xed..=0xffu8 {
            for sign in [0x7f, 0xff] {
                let mut bytes = [0xff; 32];
                bytes[0] = low;
                bytes[31] = sign;
                let expected = match CompressedEdwardsY(bytes).decompress() {
                    Some(_) => KeyError::NotCanonical("ed25519"),
                    None => KeyError::NotAPoint,
                };
                assert_eq!(PublicKey::admit(&bytes), Err(expected));
            }
        }
        // x = 0 with the sign bit set.
        let mut minus_zero = EdwardsPoint::default().compress().0;
        minus_zero[31] |= 0x80;
        assert_eq!(PublicKey::admit(&minus_zero), Err(KeyError::NotCanonical("ed25519")));
    }

    #[test]
    fn a_private_key_shows_only_its_public_half() {
        let text = format!("{:?}", SigningKey::from_seed(&[0xab; 32]));
        assert!(!text.contains("abab") && !text.contains("171, 171"), "{text}");
    }

    proptest! {
        #[test]
        fn every_key_that_signs_is_admitted(seed: [u8; 32]) {
            let key = SigningKey::from_seed(&seed).public();
            prop_assert_eq!(PublicKey::admit(key.as_ref()), Ok(key));
        }

        #[test]
        fn a_point_of_prime_order_and_nothing_else_is_admitted(bytes: [u8; 32]) {
            if let Ok(key) = PublicKey::admit(&bytes) {
                let point = CompressedEdwardsY(key.to_bytes()).decompress().unwrap();
                prop_assert!(point.is_torsion_free() && point != EdwardsPoint::default());
                prop_assert!(point * Scalar::from(8u8) != EdwardsPoint::default());
            }
        }
    }

    const KEY_ID_OF_SEED_7: &str = "28bee28acfd508887370f5bd997abeabb3957b97309b7a5e41177002bc5289bc";
}
