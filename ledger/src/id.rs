//! Identifiers of rooms and statements, and references between them.
//!
//! Specification: `docs/spec.md`, section 2.

use std::fmt;

use tearline_proto::v1;

use crate::digest::Digest;

/// A room: SHA-256 of the pre-authentication encoding of its founding charter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomId(pub Digest);

impl RoomId {
    /// The room id that these 32 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Digest::from_slice(bytes).map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A statement's identity: SHA-256 of its pre-authentication encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub Digest);

impl Identity {
    /// The identity that these 32 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        Digest::from_slice(bytes).map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A statement's id: its time (u48 seconds, big-endian), then 10 random bytes. Unique in its room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementId([u8; 16]);

/// An hour: the grain of the ids of statements that need K signatures.
pub const HOUR: u64 = 3600;

impl StatementId {
    /// The id of `time` (seconds, at most 48 bits are kept) and `random`.
    pub fn new(time: u64, random: [u8; 10]) -> Self {
        let mut out = [0; 16];
        let (head, tail) = out.split_at_mut(6);
        let [_, _, seconds @ ..] = time.to_be_bytes();
        head.copy_from_slice(&seconds);
        tail.copy_from_slice(&random);
        Self(out)
    }

    /// The id that these 16 bytes are.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Seconds since 1970, as the author's clock had it.
    pub fn time(&self) -> u64 {
        self.0.iter().take(6).fold(0, |time, byte| (time << 8) | u64::from(*byte))
    }

    /// Whether the time tells no more than the hour.
    pub fn is_whole_hour(&self) -> bool {
        self.time().is_multiple_of(HOUR)
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for StatementId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A statement in some room, by what no later statement can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ref {
    /// The room that it stands in.
    pub room: RoomId,
    /// Its identity.
    pub statement: Identity,
    /// Its id, by which it is found.
    pub id: StatementId,
}

impl Ref {
    /// The reference in a message; `None` if a field has the wrong length.
    pub fn from_message(message: &v1::Ref) -> Option<Self> {
        Some(Self {
            room: RoomId::from_slice(&message.room)?,
            statement: Identity::from_slice(&message.statement)?,
            id: StatementId::from_slice(&message.id)?,
        })
    }

    /// As a message.
    pub fn to_message(&self) -> v1::Ref {
        v1::Ref {
            room: self.room.as_bytes().to_vec().into(),
            statement: self.statement.as_bytes().to_vec().into(),
            id: self.id.as_bytes().to_vec().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_six_bytes_of_time_and_ten_of_chance() {
        let id = StatementId::new(0x0102_0304_0506, [7; 10]);
        assert_eq!(id.to_string(), "01020304050607070707070707070707");
        assert_eq!(id.time(), 0x0102_0304_0506);
        assert!(!id.is_whole_hour());
        assert!(StatementId::new(7200, [0; 10]).is_whole_hour());
        assert_eq!(StatementId::from_slice(&[0; 15]), None);
    }
}
