//! Files of rows, read once and in order: first bytes that name the format, then rows, each a length and a
//! message, the last with the digest of all before it.
//!
//! Specification: `docs/spec.md`, section 11. It refuses to know what the rows are.

use bytes::{Buf as _, Bytes, BytesMut};
use prost::Message;
use ring::digest::{Context, SHA256};
use tearline_proto::v1;

use crate::{
    digest::Digest,
    encoding::{self, EncodingError},
};

/// The longest row: an entry and its content, with room to spare.
pub(crate) const ROW_MAX: usize = 16 << 20;

/// Why bytes are not such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// Begins otherwise.
    Magic,
    /// A row is longer than any can be.
    TooLong { row: u64, length: usize },
    /// A row does not decode.
    Encoding { row: u64, error: EncodingError },
    /// Bytes follow the last row.
    AfterEnd { row: u64 },
    /// Its last row does not tell of the rows before it.
    Digest { row: u64 },
    /// Ends before its last row.
    CutOff { rows: u64 },
}

/// Writes such a file, row by row.
pub(crate) struct FrameWriter {
    hash: Context,
    rows: u64,
}

impl FrameWriter {
    /// A file that begins with these bytes, which its writer writes.
    pub(crate) fn new(magic: &[u8]) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(magic);
        Self { hash, rows: 0 }
    }

    /// The bytes of a row.
    pub(crate) fn row(&mut self, row: &impl Message) -> Bytes {
        let row = row.encode_to_vec();
        let mut out = BytesMut::with_capacity(row.len() + 4);
        out.extend_from_slice(&u32::try_from(row.len()).unwrap_or(u32::MAX).to_be_bytes());
        out.extend_from_slice(&row);
        self.hash.update(&out);
        self.rows += 1;
        out.freeze()
    }

    /// SHA-256 of every byte so far.
    pub(crate) fn digest(&self) -> Digest {
        digest(&self.hash)
    }

    /// What the last row says.
    pub(crate) fn end(&self) -> v1::BundleEnd {
        v1::BundleEnd { rows: self.rows, sha256: Bytes::copy_from_slice(self.digest().as_bytes()) }
    }
}

/// A row, and the digest of every byte before its length.
pub(crate) struct Framed<M> {
    pub(crate) at: u64,
    pub(crate) before: Digest,
    pub(crate) message: M,
}

/// Reads such a file from bytes as they come.
pub(crate) struct FrameReader {
    magic: &'static [u8],
    buffer: BytesMut,
    hash: Context,
    rows: u64,
    begun: bool,
    ended: bool,
}

impl FrameReader {
    /// A reader that has seen nothing of a file that begins with these bytes.
    pub(crate) fn new(magic: &'static [u8]) -> Self {
        let hash = Context::new(&SHA256);
        Self { magic, buffer: BytesMut::new(), hash, rows: 0, begun: false, ended: false }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next row; `None` if more bytes are needed for it.
    pub(crate) fn next_row<M: Message + Default>(
        &mut self,
        what: &'static str,
    ) -> Result<Option<Framed<M>>, FrameError> {
        if !self.begun && !self.begin()? {
            return Ok(None);
        }
        let at = self.rows;
        if self.ended {
            return if self.buffer.is_empty() { Ok(None) } else { Err(FrameError::AfterEnd { row: at }) };
        }
        let Some(prefix) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let prefix = *prefix;
        let length = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
        if length > ROW_MAX {
            return Err(FrameError::TooLong { row: at, length });
        }
        if self.buffer.len() < length + 4 {
            return Ok(None);
        }
        self.buffer.advance(4);
        let bytes = self.buffer.split_to(length).freeze();
        let before = digest(&self.hash);
        self.hash.update(&prefix);
        self.hash.update(&bytes);
        let message =
            encoding::decode_shared(what, &bytes).map_err(|error| FrameError::Encoding { row: at, error })?;
        self.rows += 1;
        Ok(Some(Framed { at, before, message }))
    }

    /// The row that was read last is the file's last, and says this.
    pub(crate) fn end(&mut self, before: Digest, end: &v1::BundleEnd) -> Result<(), FrameError> {
        let row = self.rows.saturating_sub(1);
        if end.rows != row || Digest::from_slice(&end.sha256) != Some(before) {
            return Err(FrameError::Digest { row });
        }
        self.ended = true;
        Ok(())
    }

    /// The file is over: it must have had its last row.
    pub(crate) fn finish(&self) -> Result<(), FrameError> {
        if self.ended && self.buffer.is_empty() {
            Ok(())
        } else if !self.begun {
            Err(FrameError::Magic)
        } else {
            Err(FrameError::CutOff { rows: self.rows })
        }
    }

    fn begin(&mut self) -> Result<bool, FrameError> {
        let seen = self.buffer.len().min(self.magic.len());
        if self.buffer.get(..seen) != self.magic.get(..seen) {
            return Err(FrameError::Magic);
        }
        if seen < self.magic.len() {
            return Ok(false);
        }
        self.hash.update(self.magic);
        self.buffer.advance(seen);
        self.begun = true;
        Ok(true)
    }
}

fn digest(hash: &Context) -> Digest {
    Digest::from_slice(hash.clone().finish().as_ref()).unwrap_or_default()
}
