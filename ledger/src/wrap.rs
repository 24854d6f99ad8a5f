//! Room keys: derived from a seed, committed to, and wrapped for each member by HPKE with X-Wing.
//!
//! Specification: `docs/spec.md`, section 7.1. Everything is a pure function of the seed, so that an
//! approver recomputes a whole charter. What is wrapped is bytes here; who may have it, rules say.

use std::fmt;

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, aead::ChaCha20Poly1305, kdf::HkdfSha256, kem::XWing,
    setup_receiver, setup_sender_with_rng,
};
use zeroize::Zeroizing;

use crate::{
    digest::{Digest, frame, frame_digest},
    keys::{
        ByteStream, KeyError, NoRandomness, SealPublicKey, SealingKey, X25519_LEN, derive, fresh,
        x25519_is_low_order,
    },
    name::MemberName,
};

/// Bytes of an encapsulation: ML-KEM-768 ciphertext ‖ X25519 share.
pub const ENCAPSULATION_LEN: usize = 1120;
/// Bytes that a wrap has beyond its plaintext.
pub const WRAP_OVERHEAD: usize = ENCAPSULATION_LEN + 16;
/// What X-Wing draws for an encapsulation: 32 bytes for each half.
const ENCAPSULATION_RANDOMNESS: usize = 64;

/// The key of a room in one epoch; wiped when dropped.
#[derive(Clone)]
pub struct RoomKey(Zeroizing<[u8; 32]>);

impl RoomKey {
    /// The key that these 32 bytes are.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// A fresh random key, for the charters that have no seed.
    pub fn generate() -> Result<Self, NoRandomness> {
        fresh().map(Self)
    }

    /// The 32 bytes, to be put into what is wrapped and nowhere else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey(secret)")
    }
}

/// A fresh seed, for the proposal of a charter or for wraps that nobody recomputes.
pub fn fresh_seed() -> Result<Zeroizing<[u8; 32]>, NoRandomness> {
    fresh()
}

/// The room key that `seed` gives: HKDF-SHA256(salt empty, seed, frame("tearline/v1/room-key", room
/// id or founding nonce, epoch)).
pub fn room_key(seed: &[u8; 32], room_or_nonce: &[u8], epoch: u64) -> RoomKey {
    RoomKey(derive(b"", seed, &frame(&[b"tearline/v1/room-key", room_or_nonce, &epoch.to_be_bytes()])))
}

/// What a charter says of its room key: SHA-256(frame("tearline/v1/epoch", room id or founding nonce,
/// epoch, key)).
pub fn commitment(room_or_nonce: &[u8], epoch: u64, key: &RoomKey) -> Digest {
    frame_digest(&[b"tearline/v1/epoch", room_or_nonce, &epoch.to_be_bytes(), key.expose()])
}

/// The charter that wraps belong to.
#[derive(Debug, Clone, Copy)]
pub struct EpochContext<'a> {
    /// The room id; in a founding charter, which has none yet, its nonce.
    pub room_or_nonce: &'a [u8],
    /// The charter's epoch.
    pub epoch: u64,
    /// The commitment to the room key of that epoch.
    pub commitment: Digest,
}

/// Why nothing was wrapped, or a wrap does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrapError {
    /// Too short to hold an encapsulation and a tag.
    #[error(
        "the wrap has {0} bytes, fewer than any wrap has: tell the mediators, who must renew the charter"
    )]
    Length(usize),
    /// An encapsulation, or a half of it, is all zeros.
    #[error("the wrap's encapsulation is zero: tell the mediators, who must renew the charter")]
    Zero,
    /// The X25519 half of an encapsulation forces a known secret.
    #[error(
        "the wrap's encapsulation has low order: whoever made this charter weakened it; tell the mediators"
    )]
    LowOrder,
    /// Not wrapped for this member, key, room, epoch and commitment, or altered.
    #[error(
        "the wrap does not open with this member's key: it was altered or made for another; tell the mediators"
    )]
    DoesNotOpen,
    /// The library took more randomness than is derived for it.
    #[error("the library asked for more randomness than the protocol derives: use a released build")]
    Randomness,
    /// The library could not seal.
    #[error("the library could not wrap the key: use a released build")]
    Seal,
    /// A key that the library refuses.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// `plaintext` (an encoded `RoomKeys`) for one member: encapsulation ‖ ciphertext.
///
/// The same arguments give the same bytes. The derived randomness covers the plaintext, so that one
/// seed used for two different plaintexts does not encrypt both under one key.
pub fn wrap(
    seed: &[u8; 32],
    context: &EpochContext<'_>,
    member: &MemberName,
    key: &SealPublicKey,
    plaintext: &[u8],
) -> Result<Vec<u8>, WrapError> {
    let mut randomness =
        ByteStream::new(encapsulation_randomness(seed, context, member, plaintext).as_slice());
    let (encapsulation, mut sealer) = setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeS::Base,
        &key.to_hpke()?,
        &info(context, member, key),
        &mut randomness,
    )
    .map_err(|_| WrapError::Seal)?;
    if randomness.ran_out() {
        return Err(WrapError::Randomness);
    }
    let ciphertext = sealer.seal(plaintext, b"").map_err(|_| WrapError::Seal)?;
    Ok([encapsulation.to_bytes().as_slice(), &ciphertext].concat())
}

/// What `wrap` wrapped for the member who holds `key`.
pub fn unwrap(
    key: &SealingKey,
    context: &EpochContext<'_>,
    member: &MemberName,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, WrapError> {
    if wrapped.len() < WRAP_OVERHEAD {
        return Err(WrapError::Length(wrapped.len()));
    }
    let (encapsulation, ciphertext) =
        wrapped.split_first_chunk::<ENCAPSULATION_LEN>().ok_or(WrapError::Length(wrapped.len()))?;
    check_encapsulation(encapsulation)?;
    let encapsulation =
        <XWing as Kem>::EncappedKey::from_bytes(encapsulation).map_err(|_| WrapError::DoesNotOpen)?;
    let mut opener = setup_receiver::<ChaCha20Poly1305, HkdfSha256, XWing>(
        &OpModeR::Base,
        &key.to_hpke()?,
        &encapsulation,
        &info(context, member, key.public()),
    )
    .map_err(|_| WrapError::DoesNotOpen)?;
    opener.open(ciphertext, b"").map(Zeroizing::new).map_err(|_| WrapError::DoesNotOpen)
}

fn info(context: &EpochContext<'_>, member: &MemberName, key: &SealPublicKey) -> Vec<u8> {
    frame(&[
        b"tearline/v1/wrap",
        context.room_or_nonce,
        &context.epoch.to_be_bytes(),
        member.as_str().as_bytes(),
        Digest::of(key.as_bytes()).as_ref(),
        context.commitment.as_ref(),
    ])
}

fn encapsulation_randomness(
    seed: &[u8; 32],
    context: &EpochContext<'_>,
    member: &MemberName,
    plaintext: &[u8],
) -> Zeroizing<[u8; ENCAPSULATION_RANDOMNESS]> {
    let info = frame(&[
        b"tearline/v1/encap",
        context.room_or_nonce,
        &context.epoch.to_be_bytes(),
        member.as_str().as_bytes(),
        Digest::of(plaintext).as_ref(),
    ]);
    derive(b"", seed, &info)
}

fn check_encapsulation(bytes: &[u8; ENCAPSULATION_LEN]) -> Result<(), WrapError> {
    let (ml_kem, x25519) = bytes.split_last_chunk::<X25519_LEN>().ok_or(WrapError::Zero)?;
    if ml_kem.iter().all(|byte| *byte == 0) || *x25519 == [0; X25519_LEN] {
        return Err(WrapError::Zero);
    }
    if x25519_is_low_order(x25519) { Err(WrapError::LowOrder) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; 32] = [3; 32];

    fn context() -> EpochContext<'static> {
        let key = room_key(&[5; 32], &NONCE, 2);
        EpochContext { room_or_nonce: &NONCE, epoch: 2, commitment: commitment(&NONCE, 2, &key) }
    }

    fn member() -> MemberName {
        "spiffe://kivu.example/party/drc/liaison".parse().unwrap()
    }

    fn sealing_key() -> SealingKey {
        SealingKey::from_seed(&[7; 32]).unwrap()
    }

    fn wrapped() -> Vec<u8> {
        wrap(&[5; 32], &context(), &member(), sealing_key().public(), b"room keys").unwrap()
    }

    #[test]
    fn key_commitment_and_wrap_layouts_are_unchanged() {
        assert_eq!(hex::encode(room_key(&[5; 32], &NONCE, 2).expose()), ROOM_KEY);
        assert_eq!(context().commitment.to_hex(), COMMITMENT);
        let wrapped = wrapped();
        assert_eq!(wrapped.len(), WRAP_OVERHEAD + 9);
        assert_eq!(Digest::of(&wrapped).to_hex(), WRAP_SHA256);
        assert_eq!(hex::encode(&wrapped[ENCAPSULATION_LEN..]), WRAP_CIPHERTEXT);
    }

    #[test]
    fn a_wrap_opens_for_its_member_and_is_the_same_each_time() {
        assert_eq!(
            unwrap(&sealing_key(), &context(), &member(), &wrapped()).unwrap().as_slice(),
            b"room keys"
        );
        assert_eq!(wrapped(), wrapped());
    }

    #[test]
    fn room_keys_differ_by_seed_room_and_epoch() {
        let key = |seed, nonce, epoch| *room_key(&[seed; 32], &[nonce; 32], epoch).expose();
        assert_ne!(key(1, 1, 1), key(2, 1, 1));
        assert_ne!(key(1, 1, 1), key(1, 2, 1));
        assert_ne!(key(1, 1, 1), key(1, 1, 2));
    }

    #[test]
    fn another_plaintext_under_the_same_seed_has_another_encapsulation() {
        let other = wrap(&[5; 32], &context(), &member(), sealing_key().public(), b"room keyz").unwrap();
        assert_ne!(other[..ENCAPSULATION_LEN], wrapped()[..ENCAPSULATION_LEN]);
    }

    #[test]
    fn a_wrap_opens_in_its_own_context_only() {
        let key = sealing_key();
        let refused = |context: EpochContext<'_>, member: &str, key: &SealingKey| {
            unwrap(key, &context, &member.parse().unwrap(), &wrapped()).map(drop)
        };
        let name = "spiffe://kivu.example/party/drc/liaison";
        let good = context();
        assert_eq!(refused(good, name, &key), Ok(()));
        let does_not_open = Err(WrapError::DoesNotOpen);
        let other_room = EpochContext { room_or_nonce: &[4; 32], ..good };
        assert_eq!(refused(other_room, name, &key), does_not_open);
        assert_eq!(refused(EpochContext { epoch: 3, ..good }, name, &key), does_not_open);
        let other_commitment = EpochContext { commitment: Digest([1; 32]), ..good };
        assert_eq!(refused(other_commitment, name, &key), does_not_open);
        assert_eq!(refused(good, "spiffe://kivu.example/party/drc/envoy", &key), does_not_open);
        assert_eq!(refused(good, name, &SealingKey::from_seed(&[8; 32]).unwrap()), does_not_open);
    }

    #[test]
    fn an_altered_or_shortened_wrap_is_refused() {
        let good = wrapped();
        for at in [0, 500, 1087, 1088, 1119, 1120, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(unwrap(&sealing_key(), &context(), &member(), &bad).is_err(), "byte {at}");
        }
        for length in [0, 1119, 1120, WRAP_OVERHEAD - 1] {
            let refused = unwrap(&sealing_key(), &context(), &member(), &good[..length]);
            assert_eq!(refused, Err(WrapError::Length(length)));
        }
        let refused = unwrap(&sealing_key(), &context(), &member(), &good[..good.len() - 1]);
        assert_eq!(refused, Err(WrapError::DoesNotOpen));
    }

    #[test]
    fn degenerate_encapsulations_are_refused() {
        let refused = |change: fn(&mut Vec<u8>)| {
            let mut bad = wrapped();
            change(&mut bad);
            unwrap(&sealing_key(), &context(), &member(), &bad)
        };
        assert_eq!(refused(|wrap| wrap[..1120].fill(0)), Err(WrapError::Zero));
        assert_eq!(refused(|wrap| wrap[..1088].fill(0)), Err(WrapError::Zero));
        assert_eq!(refused(|wrap| wrap[1088..1120].fill(0)), Err(WrapError::Zero));
        let low_order = refused(|wrap| {
            wrap[1088..1120].fill(0);
            wrap[1088] = 1;
        });
        assert_eq!(low_order, Err(WrapError::LowOrder));
    }

    #[test]
    fn a_room_key_is_not_shown() {
        assert_eq!(format!("{:?}", RoomKey::from_bytes(&[1; 32])), "RoomKey(secret)");
        assert_ne!(*fresh_seed().unwrap(), *RoomKey::generate().unwrap().expose());
    }

    const ROOM_KEY: &str = "d9fbf2e7e6fb3be5a0f419c5d43a3d3a2dd731f5f1ec897cce6e8d59bc8a3d66";
    const COMMITMENT: &str = "dd85b55307d5b13575b89b7ee060c6a292e67a981b182eda63d148e24aeceff0";
    const WRAP_SHA256: &str = "87cf4dfdf006a146b0c1383346e3d5a0038fb89d065662ad029b6a902dbaf07f";
    const WRAP_CIPHERTEXT: &str = "a81e7b4c692395bbb390ebf08a4ea310e7a0b84d12e1c6dc6a";
}
