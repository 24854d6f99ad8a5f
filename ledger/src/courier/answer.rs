//! The answer to a letter: what became of each unit, and what is new in the desk's rooms.
//!
//! Read once, in order, in bounded memory. What its rows mean is for whoever replays them.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use tearline_proto::v1::{self, answer_row::Row as Message};

use super::{At, CourierError, Paper, SUBMISSIONS_MAX, UNITS_MAX};
use crate::{
    bundle::BundleEntry,
    digest::Digest,
    framing::{FrameReader, FrameWriter},
    id::RoomId,
    name::{Domain, MemberName, RoomName},
};

/// The first bytes of every answer.
pub const MAGIC: &[u8] = b"tearline-answer/v1\n";

/// The longest short name of a refusal.
const REASON_MAX: usize = 64;
/// The longest message of a refusal, in bytes.
const MESSAGE_MAX: usize = 4096;
/// Older checkpoints of one room: one for each witness, and a room has at most 256 members.
const COSIGNED_MAX: usize = 256;

/// Whose letter is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The instance.
    pub domain: Domain,
    /// Whom it is for.
    pub member: MemberName,
    /// Seconds since 1970, by the writer's clock.
    pub written_at: u64,
    /// The letter's digest.
    pub letter: Digest,
}

/// What became of a unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The unit's digest.
    pub unit: Digest,
    /// What became of it.
    pub result: Result<Vec<v1::Receipt>, Refusal>,
}

/// Why a unit was not entered, as whoever answered says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A short name, as in `BASIS_TOO_OLD`.
    pub reason: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Refusal {
    /// A refusal, its message cut to what an answer holds.
    pub fn new(reason: &str, message: &str) -> Self {
        let cut = (0..=MESSAGE_MAX.min(message.len())).rev().find(|at| message.is_char_boundary(*at));
        let message = message.get(..cut.unwrap_or(0)).unwrap_or_default().to_owned();
        let reason = if is_reason(reason) { reason } else { "REFUSED" };
        Self { reason: reason.to_owned(), message }
    }
}

/// A room, whose entries follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Room id.
    pub room: RoomId,
    /// As people say it.
    pub name: RoomName,
    /// Index of the first entry that follows.
    pub first: u64,
    /// How many entries follow.
    pub size: u64,
    /// A signed note over all entries up to `first + size`.
    pub checkpoint: Bytes,
    /// Older checkpoints that witnesses cosigned last.
    pub cosigned: Vec<Bytes>,
}

/// A row of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// The first.
    Begin(Begin),
    /// Before all rooms.
    Outcome(Outcome),
    /// Before each room's entries.
    Room(Room),
    /// One entry.
    Entry(BundleEntry),
    /// The last.
    End,
}

/// Writes an answer, row by row.
pub struct Writer(FrameWriter);

impl Writer {
    /// An answer, and its first bytes.
    pub fn begin(begin: &Begin) -> (Self, Bytes) {
        let mut writer = Self(FrameWriter::new(MAGIC));
        let row = writer.row(Message::Begin(v1::AnswerBegin {
            domain: begin.domain.as_str().to_owned(),
            member: begin.member.as_str().to_owned(),
            written_at: begin.written_at,
            letter: Bytes::copy_from_slice(begin.letter.as_bytes()),
        }));
        let mut out = BytesMut::from(MAGIC);
        out.extend_from_slice(&row);
        (writer, out.freeze())
    }

    /// The bytes of an outcome's row.
    pub fn outcome(&mut self, outcome: Outcome) -> Bytes {
        let unit = Bytes::copy_from_slice(outcome.unit.as_bytes());
        let message = match outcome.result {
            Ok(receipts) => v1::AnswerOutcome { unit, receipts, ..v1::AnswerOutcome::default() },
            Err(Refusal { reason, message }) => {
                v1::AnswerOutcome { unit, reason, message, ..v1::AnswerOutcome::default() }
            }
        };
        self.row(Message::Outcome(message))
    }

    /// The bytes of a room's row.
    pub fn room(&mut self, room: &Room) -> Bytes {
        self.row(Message::Room(v1::AnswerRoom {
            room: Bytes::copy_from_slice(room.room.as_bytes()),
            name: room.name.as_str().to_owned(),
            first: room.first,
            size: room.size,
            checkpoint: room.checkpoint.clone(),
            cosigned: room.cosigned.clone(),
        }))
    }

    /// The bytes of an entry's row.
    pub fn entry(&mut self, entry: BundleEntry) -> Bytes {
        self.row(Message::Entry(v1::BundleEntry { entry: entry.entry, content: entry.content }))
    }

    /// The last bytes.
    pub fn end(mut self) -> Bytes {
        let end = self.0.end();
        self.row(Message::End(end))
    }

    fn row(&mut self, row: Message) -> Bytes {
        self.0.row(&v1::AnswerRow { row: Some(row) })
    }
}

/// Reads an answer from bytes as they come.
pub struct Reader {
    frames: FrameReader,
    left: u64,
    last_room: Option<RoomId>,
    units: BTreeSet<Digest>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self { frames: FrameReader::new(MAGIC), left: 0, last_room: None, units: BTreeSet::new() }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    /// The next row; `None` if more bytes are needed for it.
    pub fn next_row(&mut self) -> Result<Option<Row>, CourierError> {
        let framed = |error| CourierError::framed(Paper::Answer, error);
        let row = self.frames.next_row::<v1::AnswerRow>("answer's row").map_err(framed)?;
        let Some(row) = row else { return Ok(None) };
        let at = At { paper: Paper::Answer, row: row.at };
        let message = row.message.row.ok_or(at.wrong("it is empty"))?;
        if (at.row == 0) != matches!(message, Message::Begin(_)) {
            return Err(at.wrong("the first row, and only the first, says whom it is for"));
        }
        Ok(Some(match message {
            Message::Begin(begin) => Row::Begin(begun(at, &begin)?),
            Message::Outcome(outcome) => Row::Outcome(self.outcome(at, outcome)?),
            Message::Room(room) => Row::Room(self.room(at, room)?),
            Message::Entry(entry) => {
                self.left = self.left.checked_sub(1).ok_or(at.wrong("it is one entry too many"))?;
                Row::Entry(BundleEntry { entry: entry.entry, content: entry.content })
            }
            Message::End(end) => {
                self.whole(at)?;
                self.frames.end(row.before, &end).map_err(framed)?;
                Row::End
            }
        }))
    }

    /// The file is over: it must have had its last row.
    pub fn finish(&self) -> Result<(), CourierError> {
        self.frames.finish().map_err(|error| CourierError::framed(Paper::Answer, error))
    }

    fn whole(&self, at: At) -> Result<(), CourierError> {
        if self.left > 0 { Err(at.wrong("the room before it lacks entries")) } else { Ok(()) }
    }

    fn outcome(&mut self, at: At, outcome: v1::AnswerOutcome) -> Result<Outcome, CourierError> {
        let v1::AnswerOutcome { unit, receipts, reason, message } = outcome;
        if self.last_room.is_some() {
            return Err(at.wrong("an outcome follows a room"));
        }
        let unit = Digest::from_slice(&unit).ok_or(at.wrong("a digest is not 32 bytes"))?;
        if !self.units.insert(unit) || self.units.len() > UNITS_MAX {
            return Err(at.wrong("it is an outcome too many"));
        }
        let result = match (receipts.len(), reason.as_str()) {
            (1..=SUBMISSIONS_MAX, "") if message.is_empty() => Ok(receipts),
            (0, name) if is_reason(name) && message.len() <= MESSAGE_MAX => Err(Refusal { reason, message }),
            _ => return Err(at.wrong("it is neither 1 to 64 receipts nor a refusal")),
        };
        Ok(Outcome { unit, result })
    }

    fn room(&mut self, at: At, room: v1::AnswerRoom) -> Result<Room, CourierError> {
        self.whole(at)?;
        let id = at.next_room(&mut self.last_room, &room.room)?;
        if room.first.checked_add(room.size).is_none() {
            return Err(at.wrong("the room's size is impossible"));
        }
        if room.cosigned.len() > COSIGNED_MAX {
            return Err(at.wrong("it has more cosigned checkpoints than a room has members"));
        }
        self.left = room.size;
        let name = room.name.parse().map_err(|error| at.name(error))?;
        let v1::AnswerRoom { first, size, checkpoint, cosigned, .. } = room;
        Ok(Room { room: id, name, first, size, checkpoint, cosigned })
    }
}

fn begun(at: At, begin: &v1::AnswerBegin) -> Result<Begin, CourierError> {
    let domain: Domain = begin.domain.parse().map_err(|error| at.name(error))?;
    let member: MemberName = begin.member.parse().map_err(|error| at.name(error))?;
    if *member.domain() != domain {
        return Err(at.wrong("the desk is of another instance than the answer"));
    }
    let letter = Digest::from_slice(&begin.letter).ok_or(at.wrong("a digest is not 32 bytes"))?;
    Ok(Begin { domain, member, written_at: begin.written_at, letter })
}

fn is_reason(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=REASON_MAX).contains(&text.len()) && text.bytes().all(known)
}
