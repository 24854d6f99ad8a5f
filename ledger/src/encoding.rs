//! The one encoding: a message is accepted only as the bytes that encoding it again gives.
//!
//! Specification: `docs/spec.md`, section 1. So unknown and doubled fields, long varints and explicit
//! defaults are refused before anything is interpreted.

use bytes::Bytes;
use prost::Message;

/// Why bytes are not a message in the one encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Not protobuf of this message at all.
    #[error("{what} is not well-formed: {reason}")]
    Malformed {
        /// The message.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
    /// Decodes, but encodes to other bytes.
    #[error(
        "{what} is not in the one encoding (an unknown or doubled field, a long number or a written-out default)"
    )]
    NotCanonical {
        /// The message.
        what: &'static str,
    },
}

/// Decodes `bytes` as `what`, and refuses them unless encoding again gives the same bytes.
pub fn decode<M: Message + Default>(what: &'static str, bytes: &[u8]) -> Result<M, EncodingError> {
    let message = M::decode(bytes);
    checked(what, bytes, message)
}

/// As [`decode`]; the message's own bytes are parts of the buffer, and keep all of it in memory.
pub fn decode_shared<M: Message + Default>(what: &'static str, bytes: &Bytes) -> Result<M, EncodingError> {
    checked(what, bytes, M::decode(bytes.clone()))
}

fn checked<M: Message>(
    what: &'static str,
    bytes: &[u8],
    message: Result<M, prost::DecodeError>,
) -> Result<M, EncodingError> {
    let message = message.map_err(|error| EncodingError::Malformed { what, reason: error.to_string() })?;
    if message.encoded_len() == bytes.len() && message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(EncodingError::NotCanonical { what })
    }
}

#[cfg(test)]
mod tests {
    use tearline_proto::v1::{Access, Member};

    use super::*;

    fn access(bytes: &[u8]) -> Result<Access, EncodingError> {
        decode("access record", bytes)
    }

    #[test]
    fn the_one_encoding_is_accepted() {
        let message = Access { member: "m".into(), room: vec![1].into(), first: 3, count: 300 };
        assert_eq!(access(&message.encode_to_vec()), Ok(message));
    }

    #[test]
    fn every_other_encoding_is_refused() {
        for (why, bytes) in [
            ("unknown field", &b"\x18\x03\x28\x01"[..]),
            ("doubled field", b"\x18\x03\x18\x03"),
            ("long varint", b"\x18\x83\x00"),
            ("written-out default", b"\x18\x00"),
            ("fields out of order", b"\x20\x01\x18\x03"),
            ("truncated", b"\x0a\x05ab"),
            ("wrong wire type", b"\x1a\x01a"),
            ("not UTF-8", b"\x0a\x01\xff"),
        ] {
            assert!(access(bytes).is_err(), "{why}");
        }
        assert!(decode::<Member>("member", b"\x10\x02").is_err(), "a flag that is neither 0 nor 1");
    }
}
