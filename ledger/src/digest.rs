//! Digests and frames: what every hash and derivation of the protocol runs over.
//!
//! Specification: `docs/spec.md`, section 1. This file knows nothing of what is hashed.

use std::fmt;

use ring::digest::{Context, SHA256, digest};

/// A SHA-256 digest, or an identifier that is one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_ring(&digest(&SHA256, bytes))
    }

    /// SHA-256 of the parts, one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from_ring(&context.finish())
    }

    fn from_ring(value: &ring::digest::Digest) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(value.as_ref());
        Self(out)
    }

    /// The digest that these 32 bytes are; `None` for any other length.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The digest that these 64 lower-case hexadecimal digits spell.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut out = [0; 32];
        hex::decode_to_slice(text, &mut out).ok()?;
        (hex::encode(out) == text).then_some(Self(out))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Each field as its length (u32, big-endian) and its bytes; the first field is the label.
///
/// A field longer than `u32::MAX` bytes cannot occur: every field is bounded by a message limit.
pub fn frame(fields: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(field);
    }
    out
}

/// SHA-256 of the frame of `fields`.
pub fn frame_digest(fields: &[&[u8]]) -> Digest {
    Digest::of(&frame(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_length_and_bytes_of_each_field() {
        assert_eq!(frame(&[b"ab", b"", b"c"]), b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c");
    }

    #[test]
    fn only_lower_case_hexadecimal_of_the_right_length_is_a_digest() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::from_hex(&digest.to_hex().to_uppercase()), None);
        assert_eq!(Digest::from_hex("00"), None);
        assert_eq!(Digest::from_slice(&[0; 31]), None);
    }
}
