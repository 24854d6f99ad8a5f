//! Chunked sealing: the one format of all sealed bytes, and attachments sealed without being whole in
//! memory.
//!
//! Specification: `docs/spec.md`, section 7. Chunks of 64 KiB under AES-256-GCM; the nonce is the
//! index of the chunk (11 bytes, big-endian) and a last-flag (1 byte), so no chunk can be moved,
//! dropped or added. Knows no files: chunks come and go one by one.

mod cut;

use std::fmt;

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest::{Context, SHA256},
};
use zeroize::Zeroizing;

use crate::{
    digest::{Digest, frame},
    keys::{NoRandomness, derive, fresh},
};

pub(crate) use cut::Cut;
pub use cut::{CHUNK_LEN, MAX_PLAIN_SIZE, TAG_LEN, sealed_size};

/// Why bytes cannot be sealed, or are not what was sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The machine is at fault.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// More bytes than the format carries.
    #[error("{0} bytes are more than can be sealed at once ({MAX_PLAIN_SIZE}): split the file")]
    TooLarge(u64),
    /// The caller gave a chunk of the wrong length: a file that changed, or a truncated download.
    #[error("chunk {index} has {actual} bytes instead of {expected}: read the file again from its beginning")]
    ChunkLength {
        /// Index of the chunk, from 0.
        index: u64,
        /// Bytes that it has to have.
        expected: usize,
        /// Bytes that were given.
        actual: usize,
    },
    /// A chunk came after the last.
    #[error("there are bytes after the last chunk: discard them, and fetch the attachment again")]
    AfterTheEnd,
    /// The chunks ended before the last.
    #[error("the bytes end at chunk {next} of {chunks}: nothing of them counts; fetch the rest")]
    Truncated {
        /// Index of the chunk that is missing.
        next: u64,
        /// How many there are in all.
        chunks: u64,
    },
    /// A chunk that is not from this sealing, not in its place, or altered.
    #[error("chunk {0} does not open: it was altered, or is not in its place; fetch it again")]
    DoesNotOpen(u64),
    /// The padding is not the one that the size gives.
    #[error("the padding of chunk {0} is wrong: whoever sealed it did not follow the protocol")]
    Padding(u64),
    /// The cipher itself refused to work.
    #[error("the cipher failed at chunk {0}: use a released build")]
    Cipher(u64),
}

/// The key of one attachment, carried in sealed content; wiped when dropped.
#[derive(Clone)]
pub struct AttachmentKey(Zeroizing<[u8; 32]>);

impl AttachmentKey {
    /// The key that these 32 bytes, from sealed content, are.
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The 32 bytes, to be put into sealed content and nowhere else.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Result<ChunkCipher, StreamError> {
        let info = frame(&[b"tearline/v1/attachment"]);
        ChunkCipher::new(&derive(b"", self.expose(), &info), info)
    }
}

impl fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachmentKey(secret)")
    }
}

/// What a statement says of a sealed attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedAttachment {
    /// SHA-256 of the sealed bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
}

/// Seals one attachment of a known size, chunk by chunk.
///
/// Each has a key of its own and runs once from beginning to end: a sealing that was interrupted is
/// begun anew under another key, for sealing other bytes at an index twice would break the cipher.
/// What is resumed is the upload of the sealed bytes.
pub struct StreamSealer {
    cipher: ChunkCipher,
    cut: Cut,
    size: u64,
    next: u64,
    digest: Context,
}

impl StreamSealer {
    /// A sealer for `size` bytes, and the fresh key that will open them.
    pub fn new(size: u64) -> Result<(Self, AttachmentKey), StreamError> {
        let key = AttachmentKey(fresh()?);
        Ok((Self::with_key(&key, size)?, key))
    }

    fn with_key(key: &AttachmentKey, size: u64) -> Result<Self, StreamError> {
        let cut = Cut::of_content(size).ok_or(StreamError::TooLarge(size))?;
        Ok(Self { cipher: key.cipher()?, cut, size, next: 0, digest: Context::new(&SHA256) })
    }

    /// How many plain bytes the next chunk takes (possibly none); `None` after the last.
    pub fn wants(&self) -> Option<usize> {
        (self.next < self.cut.chunks()).then(|| self.cut.content_len(self.next, self.size))
    }

    /// Seals the next `wants()` plain bytes.
    pub fn push(&mut self, plain: &[u8]) -> Result<Vec<u8>, StreamError> {
        let expected = self.wants().ok_or(StreamError::AfterTheEnd)?;
        check_length(self.next, expected, plain.len())?;
        let mut chunk = self.cut.pad(self.next, self.size, plain);
        self.cipher.seal(self.next, self.cut.is_last(self.next), &mut chunk)?;
        self.digest.update(&chunk);
        self.next += 1;
        Ok(chunk)
    }

    /// Digest and size of all that was sealed, once all of it was.
    pub fn finish(self) -> Result<SealedAttachment, StreamError> {
        check_complete(self.next, self.cut)?;
        let digest = self.digest.finish();
        let digest = Digest::from_slice(digest.as_ref()).ok_or(StreamError::Cipher(self.next))?;
        Ok(SealedAttachment { digest, size: self.cut.sealed_len() })
    }
}

/// Opens one attachment, chunk by chunk. Nothing that it gave counts before `finish` says so.
pub struct StreamOpener {
    cipher: ChunkCipher,
    cut: Cut,
    size: u64,
    next: u64,
}

impl StreamOpener {
    /// An opener of an attachment that has `size` plain bytes.
    pub fn new(key: &AttachmentKey, size: u64) -> Result<Self, StreamError> {
        let cut = Cut::of_content(size).ok_or(StreamError::TooLarge(size))?;
        Ok(Self { cipher: key.cipher()?, cut, size, next: 0 })
    }

    /// Goes on at the chunk with this index, those before having been opened earlier.
    #[must_use]
    pub fn resume_at(mut self, index: u64) -> Self {
        self.next = index;
        self
    }

    /// How many sealed bytes the next chunk has; `None` after the last.
    pub fn wants(&self) -> Option<usize> {
        (self.next < self.cut.chunks()).then(|| self.cut.chunk_len(self.next) + TAG_LEN)
    }

    /// Opens the next `wants()` sealed bytes.
    pub fn push(&mut self, mut sealed: Vec<u8>) -> Result<Vec<u8>, StreamError> {
        let expected = self.wants().ok_or(StreamError::AfterTheEnd)?;
        check_length(self.next, expected, sealed.len())?;
        self.cipher.open(self.next, self.cut.is_last(self.next), &mut sealed)?;
        let mut plain = sealed.clone();
        plain.truncate(self.cut.content_len(self.next, self.size));
        if self.cut.pad(self.next, self.size, &plain) != sealed {
            return Err(StreamError::Padding(self.next));
        }
        self.next += 1;
        Ok(plain)
    }

    /// Says whether all chunks, the last too, were opened.
    pub fn finish(self) -> Result<(), StreamError> {
        check_complete(self.next, self.cut)
    }
}

fn check_length(index: u64, expected: usize, actual: usize) -> Result<(), StreamError> {
    if expected == actual { Ok(()) } else { Err(StreamError::ChunkLength { index, expected, actual }) }
}

fn check_complete(next: u64, cut: Cut) -> Result<(), StreamError> {
    let chunks = cut.chunks();
    if next == chunks { Ok(()) } else { Err(StreamError::Truncated { next, chunks }) }
}

/// AES-256-GCM over the chunks of one sealing.
pub(crate) struct ChunkCipher {
    key: LessSafeKey,
    associated: Vec<u8>,
}

impl ChunkCipher {
    pub(crate) fn new(key: &[u8; 32], associated: Vec<u8>) -> Result<Self, StreamError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| StreamError::Cipher(0))?;
        Ok(Self { key: LessSafeKey::new(key), associated })
    }

    /// Replaces the padded chunk by its ciphertext and tag.
    pub(crate) fn seal(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> Result<(), StreamError> {
        self.key
            .seal_in_place_append_tag(nonce(index, last), Aad::from(&self.associated), chunk)
            .map_err(|_| StreamError::Cipher(index))
    }

    /// Replaces ciphertext and tag by the padded chunk.
    pub(crate) fn open(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> Result<(), StreamError> {
        let length = self
            .key
            .open_in_place(nonce(index, last), Aad::from(&self.associated), chunk)
            .map_err(|_| StreamError::DoesNotOpen(index))?
            .len();
        chunk.truncate(length);
        Ok(())
    }
}

fn nonce(index: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    if let Some(place) = bytes.get_mut(3..11) {
        place.copy_from_slice(&index.to_be_bytes());
    }
    if let Some(flag) = bytes.last_mut() {
        *flag = u8::from(last);
    }
    Nonce::assume_unique_for_key(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> AttachmentKey {
        AttachmentKey::from_bytes(&[9; 32])
    }

    fn plain(size: usize) -> Vec<u8> {
        (0..=250u8).cycle().take(size).collect()
    }

    fn seal(plain: &[u8]) -> (Vec<Vec<u8>>, SealedAttachment) {
        let mut sealer = StreamSealer::with_key(&key(), plain.len() as u64).unwrap();
        let (mut chunks, mut rest) = (Vec::new(), plain);
        while let Some(wanted) = sealer.wants() {
            let (next, after) = rest.split_at(wanted);
            chunks.push(sealer.push(next).unwrap());
            rest = after;
        }
        assert!(rest.is_empty());
        (chunks, sealer.finish().unwrap())
    }

    fn open(size: usize, chunks: &[Vec<u8>]) -> Result<Vec<u8>, StreamError> {
        let mut opener = StreamOpener::new(&key(), size as u64)?;
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend(opener.push(chunk.clone())?);
        }
        opener.finish().map(|()| out)
    }

    #[test]
    fn the_sealed_layout_is_unchanged() {
        let (chunks, sealed) = seal(b"map");
        assert_eq!(hex::encode(chunks.concat()), SEALED_MAP);
        assert_eq!(sealed, SealedAttachment { digest: Digest::of(&chunks.concat()), size: 20 });
        let (_, sealed) = seal(&plain(200_000));
        assert_eq!((sealed.digest.to_hex().as_str(), sealed.size), (SEALED_200_000_SHA256, 200_768));
    }

    #[test]
    fn the_nonce_is_the_index_and_the_last_flag() {
        assert_eq!(nonce(0x0102, true).as_ref(), &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1]);
        assert_eq!(nonce(u64::MAX, false).as_ref()[..4], [0, 0, 0, 0xff]);
    }

    #[test]
    fn what_was_sealed_opens_at_every_interesting_size() {
        for size in [0, 1, 2, 1024, CHUNK_LEN - 1, CHUNK_LEN, CHUNK_LEN + 1, 2 * CHUNK_LEN, 200_000] {
            let (chunks, sealed) = seal(&plain(size));
            assert_eq!(open(size, &chunks).unwrap(), plain(size), "{size}");
            assert_eq!(Some(sealed.size), sealed_size(size as u64));
            assert_eq!(sealed.digest, Digest::of(&chunks.concat()));
        }
    }

    #[test]
    fn opening_resumes_at_a_chunk() {
        let (chunks, _) = seal(&plain(200_000));
        let mut opener = StreamOpener::new(&key(), 200_000).unwrap().resume_at(2);
        let mut out = Vec::new();
        for chunk in &chunks[2..] {
            out.extend(opener.push(chunk.clone()).unwrap());
        }
        opener.finish().unwrap();
        assert_eq!(out, plain(200_000)[2 * CHUNK_LEN..]);
    }

    #[test]
    fn chunks_out_of_order_are_refused() {
        let (mut chunks, _) = seal(&plain(200_000));
        chunks.swap(0, 1);
        assert_eq!(open(200_000, &chunks), Err(StreamError::DoesNotOpen(0)));
    }

    #[test]
    fn truncated_and_extended_attachments_are_refused() {
        let (mut chunks, _) = seal(&plain(200_000));
        let short = &chunks[..chunks.len() - 1];
        assert_eq!(open(200_000, short), Err(StreamError::Truncated { next: 3, chunks: 4 }));
        assert_eq!(open(0, &[]), Err(StreamError::Truncated { next: 0, chunks: 1 }));
        chunks.push(chunks[0].clone());
        assert_eq!(open(200_000, &chunks), Err(StreamError::AfterTheEnd));
        chunks.pop();
        chunks[3].pop();
        assert!(matches!(open(200_000, &chunks), Err(StreamError::ChunkLength { index: 3, .. })));
    }

    #[test]
    fn an_attachment_cut_at_a_chunk_does_not_pass_for_a_shorter_one() {
        let (chunks, _) = seal(&plain(2 * CHUNK_LEN + 10));
        // A size whose only chunk is as long as the first one here.
        assert_eq!(open(CHUNK_LEN - 1, &chunks[..1]), Err(StreamError::DoesNotOpen(0)));
    }

    #[test]
    fn another_size_is_refused_by_the_padding() {
        let (chunks, _) = seal(b"a map of Sake, and more");
        assert_eq!(open(22, &chunks), Err(StreamError::Padding(0)));
    }

    #[test]
    fn a_file_that_shrank_or_grew_while_sealing_is_refused() {
        let mut sealer = StreamSealer::with_key(&key(), 10).unwrap();
        assert!(matches!(sealer.push(b"short"), Err(StreamError::ChunkLength { expected: 10, .. })));
        sealer.push(b"ten bytes.").unwrap();
        assert_eq!(sealer.push(b"more"), Err(StreamError::AfterTheEnd));
        let unfinished = StreamSealer::with_key(&key(), 10).unwrap().finish();
        assert_eq!(unfinished, Err(StreamError::Truncated { next: 0, chunks: 1 }));
    }

    #[test]
    fn each_sealer_has_a_key_of_its_own_which_is_not_shown() {
        let (_, one) = StreamSealer::new(1).unwrap();
        let (_, two) = StreamSealer::new(1).unwrap();
        assert_ne!(one.expose(), two.expose());
        assert_eq!(format!("{one:?}"), "AttachmentKey(secret)");
        assert_eq!(StreamSealer::new(u64::MAX).err(), Some(StreamError::TooLarge(u64::MAX)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_flipped_bit_is_refused(size in 0usize..140_000, at: prop::sample::Index, bit in 0..8u8) {
            let (mut chunks, sealed) = seal(&plain(size));
            let at = at.index(usize::try_from(sealed.size).unwrap());
            chunks[at / (CHUNK_LEN + TAG_LEN)][at % (CHUNK_LEN + TAG_LEN)] ^= 1 << bit;
            prop_assert!(open(size, &chunks).is_err());
        }
    }

    const SEALED_MAP: &str = "f3599c3f49dbeff66ae4b623fb0368902e797ad3";
    const SEALED_200_000_SHA256: &str = "f15742dd92ff96a4873d11a248f06316ef45145b0a906a798a14ff2a182f6cf7";
}
