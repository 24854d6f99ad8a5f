//! Sealing of content: a post's or a proposal's, for all who hold the room key of its epoch.
//!
//! Specification: `docs/spec.md`, section 7.2. Each sealing has a key of its own, bound to the statement
//! that carries it and committed to in it. Knows no statement: its fields come as [`Context`] and
//! [`Claim`].

use zeroize::Zeroizing;

use crate::{
    digest::{Digest, frame},
    keys::{NoRandomness, derive, fresh},
    stream::{CHUNK_LEN, ChunkCipher, Cut, StreamError, TAG_LEN},
    wrap::RoomKey,
};

/// Bytes of a salt.
pub const SALT_LEN: usize = 32;

/// The statement that carries the sealed content; all of it is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The room's id.
    pub room: &'a Digest,
    /// The epoch whose room key seals.
    pub epoch: u64,
    /// The statement's `id`.
    pub id: &'a [u8; 16],
    /// The author's full name.
    pub author: &'a str,
}

/// What the statement says of its sealed content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Drawn at random for this sealing.
    pub salt: [u8; SALT_LEN],
    /// Binds the content to one key, so that no two keys open it differently.
    pub key_commitment: [u8; 32],
    /// SHA-256 of the sealed bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
}

/// Sealed content, and what its statement has to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The sealed bytes.
    pub bytes: Vec<u8>,
    /// What the statement says.
    pub claim: Claim,
}

/// Why content cannot be sealed, or bytes are not the content that a statement claims.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Other bytes than the statement names: whoever stores them is at fault.
    #[error(
        "the sealed bytes are not those that the statement names: fetch them again; if they stay so, raise the alarm"
    )]
    Digest,
    /// Another key than the one that sealed: the reader lacks the right one, or the author lied.
    #[error("the room key of this epoch is not the one that sealed this content: tell the author")]
    KeyCommitment,
    /// No content has this length when sealed.
    #[error("{0} bytes are the sealed form of no content: the author did not follow the protocol")]
    Length(u64),
    /// The padding is not the one that the length gives.
    #[error("the padding of the content is wrong: the author did not follow the protocol")]
    Padding,
    /// A chunk cannot be sealed or does not open.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// A fresh salt: one for each sealing, never used again.
pub fn fresh_salt() -> Result<[u8; SALT_LEN], NoRandomness> {
    fresh().map(|salt| *salt)
}

/// Seals `plain` under `key`. The salt must be fresh: two contents under one salt in one context
/// would share all nonces.
pub fn seal(
    key: &RoomKey,
    salt: &[u8; SALT_LEN],
    context: &Context<'_>,
    plain: &[u8],
) -> Result<Sealed, SealError> {
    let (cipher, key_commitment) = derived(key, salt, context)?;
    let size = plain.len() as u64;
    let cut = Cut::of_content(size).ok_or(StreamError::TooLarge(size))?;
    let mut bytes = Vec::with_capacity(usize::try_from(cut.sealed_len()).unwrap_or_default());
    let mut rest = plain;
    for index in 0..cut.chunks() {
        let (next, after) = rest.split_at_checked(cut.content_len(index, size)).unwrap_or((rest, &[]));
        let mut chunk = cut.pad(index, size, next);
        cipher.seal(index, cut.is_last(index), &mut chunk)?;
        bytes.append(&mut chunk);
        rest = after;
    }
    let claim = Claim { salt: *salt, key_commitment, digest: Digest::of(&bytes), size: cut.sealed_len() };
    Ok(Sealed { bytes, claim })
}

/// The content of `sealed`, if it is what `claim` says: digest and key commitment first, then every
/// chunk, then the padding.
pub fn open(
    key: &RoomKey,
    context: &Context<'_>,
    claim: &Claim,
    sealed: &[u8],
) -> Result<Vec<u8>, SealError> {
    let size = sealed.len() as u64;
    if size != claim.size || Digest::of(sealed) != claim.digest {
        return Err(SealError::Digest);
    }
    let (cipher, key_commitment) = derived(key, &claim.salt, context)?;
    if !same(&key_commitment, &claim.key_commitment) {
        return Err(SealError::KeyCommitment);
    }
    let cut = Cut::of_sealed(size).ok_or(SealError::Length(size))?;
    let mut padded = Vec::with_capacity(sealed.len());
    for (index, chunk) in (0u64..).zip(sealed.chunks(CHUNK_LEN + TAG_LEN)) {
        let mut chunk = chunk.to_vec();
        cipher.open(index, cut.is_last(index), &mut chunk)?;
        padded.append(&mut chunk);
    }
    let length = cut.content_size(&padded).ok_or(SealError::Padding)?;
    padded.truncate(length);
    Ok(padded)
}

/// The cipher of one sealing and the commitment to its key. The frame is both info and associated data.
fn derived(
    key: &RoomKey,
    salt: &[u8; SALT_LEN],
    context: &Context<'_>,
) -> Result<(ChunkCipher, [u8; 32]), SealError> {
    let frame = frame(&[
        b"tearline/v1/seal",
        context.room.as_ref(),
        &context.epoch.to_be_bytes(),
        context.id,
        context.author.as_bytes(),
    ]);
    let both: Zeroizing<[u8; 64]> = derive(salt, key.expose(), &frame);
    let (mut cipher_key, mut commitment) = (Zeroizing::new([0; 32]), [0; 32]);
    let (first, second) = both.split_at(32);
    cipher_key.copy_from_slice(first);
    commitment.copy_from_slice(second);
    Ok((ChunkCipher::new(&cipher_key, frame)?, commitment))
}

/// Compares without stopping at the first difference.
fn same(one: &[u8; 32], two: &[u8; 32]) -> bool {
    one.iter().zip(two).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: Digest = Digest([1; 32]);
    const CONTEXT: Context<'static> =
        Context { room: &ROOM, epoch: 3, id: &[2; 16], author: "spiffe://kivu.example/mediator/us/kinshasa" };

    fn key() -> RoomKey {
        RoomKey::from_bytes(&[4; 32])
    }

    fn sealed(content: &[u8]) -> Sealed {
        seal(&key(), &[5; 32], &CONTEXT, content).unwrap()
    }

    #[test]
    fn the_sealed_layout_is_unchanged() {
        let sealed = sealed(b"A column of about 40 vehicles");
        assert_eq!(hex::encode(&sealed.bytes), SEALED);
        assert_eq!(hex::encode(sealed.claim.key_commitment), KEY_COMMITMENT);
        assert_eq!(sealed.claim.size, sealed.bytes.len() as u64);
        assert_eq!(sealed.claim.digest, Digest::of(&sealed.bytes));
    }

    #[test]
    fn content_opens_at_every_interesting_size() {
        for size in [0, 1, 1024, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 3 * CHUNK_LEN] {
            let content = vec![0x80; size];
            let sealed = sealed(&content);
            assert_eq!(open(&key(), &CONTEXT, &sealed.claim, &sealed.bytes), Ok(content), "{size}");
        }
    }

    #[test]
    fn content_opens_in_its_own_context_only() {
        let sealed = sealed(b"text");
        let other_room = Digest([9; 32]);
        for context in [
            Context { room: &other_room, ..CONTEXT },
            Context { epoch: 4, ..CONTEXT },
            Context { id: &[9; 16], ..CONTEXT },
            Context { author: "spiffe://kivu.example/mediator/us/goma", ..CONTEXT },
        ] {
            assert_eq!(open(&key(), &context, &sealed.claim, &sealed.bytes), Err(SealError::KeyCommitment));
        }
        let other_key = RoomKey::from_bytes(&[6; 32]);
        assert_eq!(open(&other_key, &CONTEXT, &sealed.claim, &sealed.bytes), Err(SealError::KeyCommitment));
        let other_salt = Claim { salt: [6; 32], ..sealed.claim };
        assert_eq!(open(&key(), &CONTEXT, &other_salt, &sealed.bytes), Err(SealError::KeyCommitment));
    }

    #[test]
    fn bytes_that_the_statement_does_not_name_are_refused() {
        let mut sealed = sealed(b"text");
        let shorter = Claim { size: sealed.claim.size - 1, ..sealed.claim };
        assert_eq!(open(&key(), &CONTEXT, &shorter, &sealed.bytes), Err(SealError::Digest));
        sealed.bytes[0] ^= 1;
        assert_eq!(open(&key(), &CONTEXT, &sealed.claim, &sealed.bytes), Err(SealError::Digest));
    }

    /// A claim that an author made true of other bytes.
    fn claim_of(bytes: &[u8], claim: &Claim) -> Claim {
        Claim { digest: Digest::of(bytes), size: bytes.len() as u64, ..*claim }
    }

    #[test]
    fn truncated_reordered_and_extended_content_is_refused_even_if_named() {
        let sealed = sealed(&vec![1; 200_000]);
        let refused = |bytes: &[u8]| open(&key(), &CONTEXT, &claim_of(bytes, &sealed.claim), bytes);
        let step = CHUNK_LEN + TAG_LEN;
        let cut = |index| StreamError::DoesNotOpen(index).into();
        assert_eq!(refused(&sealed.bytes[..step]), Err(cut(0)));
        assert_eq!(refused(&sealed.bytes[..2 * step]), Err(cut(1)));
        let swapped =
            [&sealed.bytes[step..2 * step], &sealed.bytes[..step], &sealed.bytes[2 * step..]].concat();
        assert_eq!(refused(&swapped), Err(cut(0)));
        let extended = [sealed.bytes.as_slice(), &sealed.bytes[..step]].concat();
        assert!(refused(&extended).is_err());
        assert_eq!(refused(b""), Err(SealError::Length(0)));
        assert_eq!(refused(&[0; 16]), Err(SealError::Length(16)));
    }

    #[test]
    fn content_with_another_padding_is_refused() {
        let (cipher, key_commitment) = derived(&key(), &[5; 32], &CONTEXT).unwrap();
        for padded in [&b"text"[..], b"text\x80\0\0\0\0\0\0\0\0", b"\0\0\0", b"text\x80\x01"] {
            let mut bytes = padded.to_vec();
            cipher.seal(0, true, &mut bytes).unwrap();
            let claim = Claim { salt: [5; 32], key_commitment, digest: Digest::of(&bytes), size: 0 };
            let refused = open(&key(), &CONTEXT, &claim_of(&bytes, &claim), &bytes);
            assert_eq!(refused, Err(SealError::Padding), "{padded:?}");
        }
    }

    #[test]
    fn salts_are_fresh() {
        assert_ne!(fresh_salt().unwrap(), fresh_salt().unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_sealed_opens(content: Vec<u8>, salt: [u8; 32], id: [u8; 16], epoch: u64) {
            let context = Context { id: &id, epoch, ..CONTEXT };
            let sealed = seal(&key(), &salt, &context, &content).unwrap();
            prop_assert_eq!(open(&key(), &context, &sealed.claim, &sealed.bytes), Ok(content));
        }

        #[test]
        fn any_flipped_bit_is_refused_even_if_named(size in 0usize..140_000, at: prop::sample::Index, bit in 0..8u8) {
            let mut sealed = sealed(&vec![7; size]);
            let at = at.index(sealed.bytes.len());
            sealed.bytes[at] ^= 1 << bit;
            prop_assert!(open(&key(), &CONTEXT, &sealed.claim, &sealed.bytes).is_err());
            let claim = claim_of(&sealed.bytes, &sealed.claim);
            prop_assert!(open(&key(), &CONTEXT, &claim, &sealed.bytes).is_err());
        }
    }

    const SEALED: &str =
        "156b7adaa58664ed1624eee490b45467a3ac407fdaf451b4fe81628a9a8940eb70464b55591466c5370472d6aa3f";
    const KEY_COMMITMENT: &str = "404050c2a3ae9a8d943b34fb8064810aa096302d167f1ed9709b5c9d1e8d4f3b";
}
