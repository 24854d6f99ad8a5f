//! Entries: what a log stores, and what a leaf of its tree is the hash of.
//!
//! Specification: `docs/spec.md`, section 5. An entry that parses has not been verified; `rules` does
//! that, and alone can make a `VerifiedEntry`.

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1::{self, entry::Body as BodyMessage};

use crate::{
    digest::Digest,
    encoding::{self, EncodingError},
    id::RoomId,
    merkle::leaf_hash,
    name::{MemberName, NameError},
    statement::{Signed, StatementError},
};

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Not in the one encoding.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The statement inside is not well-formed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The member that an access record names is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A field that is missing or of the wrong length.
    #[error("the entry's {0}")]
    Field(&'static str),
}

/// The server was about to send entries with their content to a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRecord {
    /// To whom.
    pub member: MemberName,
    /// From which room.
    pub room: RoomId,
    /// The first entry's index.
    pub first: u64,
    /// How many entries.
    pub count: u64,
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A member's statement.
    Statement(Box<Signed>),
    /// The server's record, in access logs only.
    Access(AccessRecord),
}

/// A well-formed entry with the bytes that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    bytes: Bytes,
    accepted_at: u64,
    body: Body,
}

impl Entry {
    /// Parses an encoded entry.
    pub fn parse(bytes: Bytes) -> Result<Self, EntryError> {
        let message: v1::Entry = encoding::decode("entry", &bytes)?;
        let body = match message.body.ok_or(EntryError::Field("body is missing"))? {
            BodyMessage::Envelope(envelope) => Body::Statement(Box::new(Signed::parse(&envelope)?)),
            BodyMessage::Access(access) => Body::Access(AccessRecord {
                member: access.member.parse()?,
                room: RoomId::from_slice(&access.room).ok_or(EntryError::Field("room is not 32 bytes"))?,
                first: access.first,
                count: access.count,
            }),
        };
        Ok(Self { bytes, accepted_at: message.accepted_at, body })
    }

    /// The entry that accepts a statement at a time (seconds since 1970).
    pub fn of_statement(accepted_at: u64, signed: Signed) -> Self {
        let bytes = encode(accepted_at, BodyMessage::Envelope(signed.envelope.encode()));
        Self { bytes, accepted_at, body: Body::Statement(Box::new(signed)) }
    }

    /// The entry that records an access.
    pub fn of_access(accepted_at: u64, record: AccessRecord) -> Self {
        let message = v1::Access {
            member: record.member.as_str().to_owned(),
            room: Bytes::copy_from_slice(record.room.as_bytes()),
            first: record.first,
            count: record.count,
        };
        Self {
            bytes: encode(accepted_at, BodyMessage::Access(message)),
            accepted_at,
            body: Body::Access(record),
        }
    }

    /// The entry's one encoding.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Seconds since 1970.
    pub fn accepted_at(&self) -> u64 {
        self.accepted_at
    }

    /// What it holds.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// Its one encoding and what it holds.
    pub fn into_parts(self) -> (Bytes, Body) {
        (self.bytes, self.body)
    }

    /// The statement in it, if it holds one.
    pub fn statement(&self) -> Option<&Signed> {
        match &self.body {
            Body::Statement(signed) => Some(signed),
            Body::Access(_) => None,
        }
    }

    /// The hash of its leaf.
    pub fn leaf(&self) -> Digest {
        leaf_hash(&self.bytes)
    }
}

fn encode(accepted_at: u64, body: BodyMessage) -> Bytes {
    v1::Entry { accepted_at, body: Some(body) }.encode_to_vec().into()
}
