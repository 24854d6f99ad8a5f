//! References as people write them: `drc#42` is the entry at index 42 of room drc.
//!
//! What a reference leads to is for whoever has the room's verified log.

use std::{fmt, str::FromStr};

use tearline_ledger::{
    id::{Identity, Ref, RoomId, StatementId},
    name::{NameError, RoomName},
};

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefError {
    /// Not `ROOM#INDEX`.
    #[error("`{}` is not a reference: write ROOM#INDEX, as in drc#42", .0.escape_debug())]
    Shape(String),
    /// The part before `#` is no room name.
    #[error("`{}` is not a reference: {error}", text.escape_debug())]
    Room {
        /// As given.
        text: String,
        /// What is wrong with the name.
        error: NameError,
    },
}

/// A room's name and an index in its log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    /// The room.
    pub room: RoomName,
    /// The entry's index.
    pub index: u64,
}

impl FromStr for EntryRef {
    type Err = RefError;
    fn from_str(text: &str) -> Result<Self, RefError> {
        let shape = || RefError::Shape(text.to_owned());
        let (room, digits) = text.split_once('#').ok_or_else(shape)?;
        let index: u64 = digits.parse().map_err(|_| shape())?;
        if index.to_string() != digits {
            return Err(shape());
        }
        let room = room.parse().map_err(|error| RefError::Room { text: text.to_owned(), error })?;
        Ok(Self { room, index })
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.room.as_str(), self.index)
    }
}

/// A statement that was found in a verified log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// As people write it.
    pub entry: EntryRef,
    /// The room.
    pub room: RoomId,
    /// The statement's identity.
    pub identity: Identity,
    /// Its id.
    pub id: StatementId,
}

impl Resolved {
    /// As statements and content refer to it.
    pub fn to_ref(&self) -> Ref {
        Ref { room: self.room, statement: self.identity, id: self.id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_as_it_was_written() {
        let entry: EntryRef = "drc#42".parse().unwrap();
        assert_eq!((entry.room.as_str(), entry.index, entry.to_string()), ("drc", 42, "drc#42".to_owned()));
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        for text in
            ["", "drc", "#", "#42", "drc#", "drc#042", "drc#+1", "drc#-1", "DRC#1", "drc#1#2", "drc# 1"]
        {
            assert!(text.parse::<EntryRef>().is_err(), "{text}");
        }
        assert!("drc#18446744073709551616".parse::<EntryRef>().is_err());
    }
}
