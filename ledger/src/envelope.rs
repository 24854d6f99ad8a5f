//! DSSE envelopes with one or several signatures.
//!
//! Specification: DSSE v1 (`docs/spec.md`, section 3). An envelope says who signed which bytes; whether
//! they may is for `rules`.

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1;

use crate::{
    digest::Digest,
    encoding::{self, EncodingError},
    id::Identity,
    keys::{KeyId, SigningKey},
};

/// What an envelope's payload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadType {
    /// A statement of a room.
    Statement,
    /// A desk's card.
    Card,
    /// A letter that a courier carries.
    Letter,
}

impl PayloadType {
    /// The text in the envelope.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "application/vnd.tearline.statement.v1+protobuf",
            Self::Card => "application/vnd.tearline.card.v1+protobuf",
            Self::Letter => "application/vnd.tearline.letter.v1+sha256",
        }
    }

    /// DSSE's pre-authentication encoding of a payload of this type.
    pub fn pae(self, payload: &[u8]) -> Vec<u8> {
        let kind = self.as_str();
        let mut out = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
        out.extend_from_slice(payload);
        out
    }

    /// SHA-256 of the pre-authentication encoding.
    pub fn identity(self, payload: &[u8]) -> Identity {
        Identity(Digest::of(&self.pae(payload)))
    }
}

/// Members of a room, and so signatures of one statement, are at most this many.
pub const SIGNATURES_MAX: usize = 256;

/// One signature, not yet verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// Which key it claims to be of.
    pub key_id: KeyId,
    /// Ed25519.
    pub bytes: [u8; 64],
}

impl Signature {
    /// `key`'s signature over a payload.
    pub fn make(kind: PayloadType, payload: &[u8], key: &SigningKey) -> Self {
        Self { key_id: key.public().key_id(), bytes: key.sign(&kind.pae(payload)) }
    }

    /// The signature in a message; `None` if a field has the wrong length.
    pub fn from_message(message: &v1::Signature) -> Option<Self> {
        Some(Self {
            key_id: KeyId::from_slice(&message.keyid)?,
            bytes: message.sig.as_ref().try_into().ok()?,
        })
    }

    /// As a message.
    pub fn to_message(&self) -> v1::Signature {
        v1::Signature { keyid: self.key_id.as_bytes().to_vec().into(), sig: self.bytes.to_vec().into() }
    }
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not in the one encoding.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Another payload type than the one that belongs here.
    #[error("the envelope holds `{}`, not `{wanted}`", found.escape_debug())]
    PayloadType {
        /// What belongs here.
        wanted: &'static str,
        /// What the envelope says.
        found: String,
    },
    /// A key id that is not 32 bytes or a signature that is not 64.
    #[error("signature {0} has a key id or a signature of the wrong length")]
    Length(usize),
    /// No signature, or more than a room has members.
    #[error("the envelope has {0} signatures; from 1 to {SIGNATURES_MAX} are allowed")]
    Count(usize),
    /// Signatures not strictly ascending by key id.
    #[error("the signatures are not in ascending order of distinct key ids")]
    Order,
}

/// A well-formed envelope. Its signatures are not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    kind: PayloadType,
    payload: Bytes,
    signatures: Vec<Signature>,
    identity: Identity,
}

impl Envelope {
    /// Parses an envelope of this payload type.
    pub fn parse(kind: PayloadType, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let message: v1::Envelope = encoding::decode("envelope", bytes)?;
        if message.payload_type != kind.as_str() {
            return Err(EnvelopeError::PayloadType { wanted: kind.as_str(), found: message.payload_type });
        }
        let signatures = message
            .signatures
            .iter()
            .enumerate()
            .map(|(at, signature)| Signature::from_message(signature).ok_or(EnvelopeError::Length(at)))
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(kind, message.payload, signatures)
    }

    /// The envelope of a payload and its signatures, in any order.
    pub fn of(
        kind: PayloadType,
        payload: Bytes,
        mut signatures: Vec<Signature>,
    ) -> Result<Self, EnvelopeError> {
        signatures.sort_by_key(|signature| signature.key_id);
        Self::new(kind, payload, signatures)
    }

    fn new(kind: PayloadType, payload: Bytes, signatures: Vec<Signature>) -> Result<Self, EnvelopeError> {
        if signatures.is_empty() || signatures.len() > SIGNATURES_MAX {
            return Err(EnvelopeError::Count(signatures.len()));
        }
        let ascending = signatures.iter().zip(signatures.iter().skip(1)).all(|(a, b)| a.key_id < b.key_id);
        if !ascending {
            return Err(EnvelopeError::Order);
        }
        let identity = kind.identity(&payload);
        Ok(Self { kind, payload, signatures, identity })
    }

    /// The envelope of a payload that one key signs.
    pub fn sign(kind: PayloadType, payload: Bytes, key: &SigningKey) -> Self {
        let signatures = vec![Signature::make(kind, &payload, key)];
        let identity = kind.identity(&payload);
        Self { kind, payload, signatures, identity }
    }

    /// What was signed.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The signatures, ascending by key id.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// SHA-256 of the pre-authentication encoding.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The bytes that every signature is over.
    pub fn pae(&self) -> Vec<u8> {
        self.kind.pae(&self.payload)
    }

    /// The envelope's one encoding.
    pub fn encode(&self) -> Bytes {
        v1::Envelope {
            payload_type: self.kind.as_str().to_owned(),
            payload: self.payload.clone(),
            signatures: self.signatures.iter().map(Signature::to_message).collect(),
        }
        .encode_to_vec()
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_keys() -> [SigningKey; 2] {
        [SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32])]
    }

    fn both() -> Envelope {
        let payload = Bytes::from_static(b"payload");
        let signatures =
            two_keys().iter().map(|key| Signature::make(PayloadType::Statement, &payload, key)).collect();
        Envelope::of(PayloadType::Statement, payload, signatures).unwrap()
    }

    #[test]
    fn pre_authentication_encoding_is_as_dsse_says() {
        assert_eq!(
            PayloadType::Card.pae(b"hello world"),
            b"DSSEv1 41 application/vnd.tearline.card.v1+protobuf 11 hello world"
        );
    }

    #[test]
    fn an_envelope_reads_back_as_it_was_written() {
        let envelope = both();
        assert_eq!(Envelope::parse(PayloadType::Statement, &envelope.encode()), Ok(envelope));
    }

    #[test]
    fn unsorted_doubled_missing_or_short_signatures_are_refused() {
        let bytes = both().encode();
        let good: v1::Envelope = encoding::decode("envelope", &bytes).unwrap();
        let parse =
            |message: &v1::Envelope| Envelope::parse(PayloadType::Statement, &message.encode_to_vec());
        let change = |f: fn(&mut v1::Envelope)| {
            let mut message = good.clone();
            f(&mut message);
            parse(&message)
        };
        assert_eq!(change(|m| m.signatures.reverse()), Err(EnvelopeError::Order));
        assert_eq!(change(|m| m.signatures = vec![m.signatures[0].clone(); 2]), Err(EnvelopeError::Order));
        assert_eq!(change(|m| m.signatures.clear()), Err(EnvelopeError::Count(0)));
        assert_eq!(
            change(|m| m.signatures[1].sig = Bytes::from_static(&[0; 63])),
            Err(EnvelopeError::Length(1))
        );
        assert_eq!(
            change(|m| m.signatures[0].keyid = Bytes::from_static(&[0; 31])),
            Err(EnvelopeError::Length(0))
        );
        assert!(matches!(change(|m| m.payload_type.push('x')), Err(EnvelopeError::PayloadType { .. })));
    }
}
