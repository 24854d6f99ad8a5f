//! What a courier carries between a desk that is cut off and a server: the desk's [`letter`], and the
//! [`answer`] to it.
//!
//! Specification: `docs/spec.md`, section 15. Nobody on the way need be trusted: what a letter holds its
//! authors signed and sealed, and what an answer holds its reader verifies as what a network brings.

pub mod answer;
pub mod letter;

use bytes::Bytes;

use crate::{encoding::EncodingError, framing::FrameError, id::RoomId, name::NameError};

/// The longest letter, in bytes.
pub const LETTER_MAX: usize = 64 << 20;
/// Units of one letter, and so outcomes of one answer.
pub const UNITS_MAX: usize = 1024;
/// Submissions of one unit: what one Append takes.
pub const SUBMISSIONS_MAX: usize = 64;
/// Certificates of one desk: its own, and any between it and the authority.
pub const CERTIFICATES_MAX: usize = 4;
/// The longest certificate, in bytes.
pub const CERTIFICATE_MAX: usize = 16 << 10;

/// Whether these can be the certificates of one desk, by their number and lengths alone.
pub fn are_certificates(certificates: &[Bytes]) -> bool {
    (1..=CERTIFICATES_MAX).contains(&certificates.len())
        && certificates.iter().all(|it| (1..=CERTIFICATE_MAX).contains(&it.len()))
}

/// Which of the two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// From a desk.
    Letter,
    /// To a desk.
    Answer,
}

impl Paper {
    fn magic(self) -> &'static [u8] {
        match self {
            Self::Letter => letter::MAGIC,
            Self::Answer => answer::MAGIC,
        }
    }
}

impl std::fmt::Display for Paper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Letter => "letter",
            Self::Answer => "answer",
        })
    }
}

/// Why bytes are not what a courier carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CourierError {
    /// Does not begin as it does.
    #[error(
        "this is no {paper} that a courier carries: it does not begin with `{}`",
        String::from_utf8_lossy(paper.magic()).trim_end()
    )]
    Magic {
        /// Which file was expected.
        paper: Paper,
    },
    /// Longer than any can be.
    #[error("the letter has more than 64 MiB: no desk writes one")]
    LetterTooLong,
    /// A row is longer than any can be.
    #[error("row {row} of the {paper} claims {length} bytes; no row is longer than 16 MiB")]
    TooLong {
        /// Which file.
        paper: Paper,
        /// Counted from 0.
        row: u64,
        /// The claim.
        length: usize,
    },
    /// A row does not decode.
    #[error("row {row} of the {paper}: {error}")]
    Encoding {
        /// Which file.
        paper: Paper,
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        error: EncodingError,
    },
    /// A name that is not one.
    #[error("row {row} of the {paper}: {error}")]
    Name {
        /// Which file.
        paper: Paper,
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        error: NameError,
    },
    /// A unit that no Append takes.
    #[error("row {row} of the letter: {what}")]
    Unit {
        /// Counted from 0.
        row: u64,
        /// What is wrong, and in which submission.
        what: String,
    },
    /// A row that does not belong where it stands, or says what cannot be.
    #[error("row {row} of the {paper}: {what}")]
    Row {
        /// Which file.
        paper: Paper,
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Altered on the way.
    #[error("the {0} was altered on the way, or is damaged: its digest does not match; copy it again")]
    Altered(Paper),
    /// Something is behind its end.
    #[error("bytes follow the end of the {0}: copy it again, and alone")]
    AfterEnd(Paper),
    /// Ends before its last row.
    #[error("the {paper} is cut off after row {rows}; copy it again")]
    CutOff {
        /// Which file.
        paper: Paper,
        /// How many rows were whole.
        rows: u64,
    },
}

impl CourierError {
    fn framed(paper: Paper, error: FrameError) -> Self {
        match error {
            FrameError::Magic => Self::Magic { paper },
            FrameError::TooLong { row, length } => Self::TooLong { paper, row, length },
            FrameError::Encoding { row, error } => Self::Encoding { paper, row, error },
            FrameError::AfterEnd { .. } => Self::AfterEnd(paper),
            FrameError::Digest { .. } => Self::Altered(paper),
            FrameError::CutOff { rows } => Self::CutOff { paper, rows },
        }
    }
}

/// Refuses a row of one of the two.
#[derive(Clone, Copy)]
struct At {
    paper: Paper,
    row: u64,
}

impl At {
    fn wrong(self, what: &'static str) -> CourierError {
        CourierError::Row { paper: self.paper, row: self.row, what }
    }

    fn name(self, error: NameError) -> CourierError {
        CourierError::Name { paper: self.paper, row: self.row, error }
    }

    fn room(self, bytes: &[u8]) -> Result<RoomId, CourierError> {
        RoomId::from_slice(bytes).ok_or(self.wrong("a room id is not 32 bytes"))
    }

    /// Rooms ascend, each once.
    fn next_room(self, last: &mut Option<RoomId>, bytes: &[u8]) -> Result<RoomId, CourierError> {
        let room = self.room(bytes)?;
        if last.is_some_and(|last| last >= room) {
            return Err(self.wrong("rooms do not ascend by id"));
        }
        *last = Some(room);
        Ok(room)
    }
}

#[cfg(test)]
mod tests;
