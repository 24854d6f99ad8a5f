//! Bundles: a cut of rooms as a stream of rows, for export, restore and courier.
//!
//! Specification: `docs/spec.md`, section 11. A bundle is read once, in order, in bounded memory; what
//! its rows mean is for whoever replays them.

use bytes::{Bytes, BytesMut};
use tearline_proto::v1::{self, bundle_row::Row as RowMessage};

use crate::{
    digest::Digest,
    encoding::EncodingError,
    framing::{self, FrameError, FrameReader, FrameWriter},
    id::RoomId,
    name::{Domain, NameError},
};

/// The first bytes of every bundle.
pub const MAGIC: &[u8] = b"tearline-bundle/v1\n";
/// The longest row: an entry and its content, with room to spare.
pub const ROW_MAX: usize = framing::ROW_MAX;

/// Why bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// Does not begin as a bundle does.
    #[error("this is not a bundle: it does not begin with `tearline-bundle/v1`")]
    Magic,
    /// A row is longer than any can be.
    #[error("row {row} claims {length} bytes; no row is longer than 16 MiB")]
    TooLong {
        /// Counted from 0.
        row: u64,
        /// The claim.
        length: usize,
    },
    /// A row does not decode.
    #[error("row {row}: {error}")]
    Encoding {
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        error: EncodingError,
    },
    /// A name that is not one.
    #[error("row {row}: {error}")]
    Name {
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        error: NameError,
    },
    /// A row that does not belong where it stands.
    #[error("row {row}: {what}")]
    Order {
        /// Counted from 0.
        row: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// Ends before its last row.
    #[error("the bundle is cut off after row {rows}; copy it again")]
    CutOff {
        /// How many rows were whole.
        rows: u64,
    },
}

impl From<FrameError> for BundleError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Magic => Self::Magic,
            FrameError::TooLong { row, length } => Self::TooLong { row, length },
            FrameError::Encoding { row, error } => Self::Encoding { row, error },
            FrameError::AfterEnd { row } => order(row, "bytes follow its end"),
            FrameError::Digest { row } => order(row, "the bundle was altered: its digest does not match"),
            FrameError::CutOff { rows } => Self::CutOff { rows },
        }
    }
}

/// Where a bundle comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// The instance.
    pub domain: Domain,
    /// The mediators' own room.
    pub chamber: RoomId,
    /// Seconds since 1970, by the writer's clock.
    pub written_at: u64,
}

/// A room, whose entries follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRoom {
    /// Room id, or an access log's.
    pub room: RoomId,
    /// As people say it.
    pub name: String,
    /// Index of the first entry that follows.
    pub first: u64,
    /// How many entries follow.
    pub size: u64,
    /// A signed note over all entries up to `first + size`.
    pub checkpoint: Bytes,
}

/// An entry, perhaps with its sealed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleEntry {
    /// An encoded entry.
    pub entry: Bytes,
    /// Sealed content.
    pub content: Option<Bytes>,
}

/// Bytes of a sealed attachment that a post of the room names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePiece {
    /// SHA-256 of the whole sealed attachment.
    pub digest: Digest,
    /// Where in it these bytes stand.
    pub offset: u64,
    /// At least one byte.
    pub data: Bytes,
}

/// A row of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The first.
    Begin(Begin),
    /// Before each room's entries.
    Room(BundleRoom),
    /// One entry.
    Entry(BundleEntry),
    /// Of an attachment, after the room's entries.
    Piece(BundlePiece),
    /// The last.
    End,
}

/// Writes a bundle, row by row.
pub struct Writer(FrameWriter);

impl Writer {
    /// A bundle, and its first bytes.
    pub fn begin(begin: &Begin) -> (Self, Bytes) {
        let mut writer = Self(FrameWriter::new(MAGIC));
        let row = writer.row(RowMessage::Begin(v1::BundleBegin {
            domain: begin.domain.as_str().to_owned(),
            chamber: Bytes::copy_from_slice(begin.chamber.as_bytes()),
            written_at: begin.written_at,
        }));
        let mut out = BytesMut::from(MAGIC);
        out.extend_from_slice(&row);
        (writer, out.freeze())
    }

    /// The bytes of a room's row.
    pub fn room(&mut self, room: &BundleRoom) -> Bytes {
        self.row(RowMessage::Room(v1::BundleRoom {
            room: Bytes::copy_from_slice(room.room.as_bytes()),
            name: room.name.clone(),
            first: room.first,
            size: room.size,
            checkpoint: room.checkpoint.clone(),
        }))
    }

    /// The bytes of an entry's row.
    pub fn entry(&mut self, entry: BundleEntry) -> Bytes {
        self.row(RowMessage::Entry(v1::BundleEntry { entry: entry.entry, content: entry.content }))
    }

    /// The bytes of a row with a part of an attachment.
    pub fn piece(&mut self, piece: BundlePiece) -> Bytes {
        self.row(RowMessage::Piece(v1::BundlePiece {
            digest: Bytes::copy_from_slice(piece.digest.as_bytes()),
            offset: piece.offset,
            data: piece.data,
        }))
    }

    /// The last bytes.
    pub fn end(mut self) -> Bytes {
        let end = self.0.end();
        self.row(RowMessage::End(end))
    }

    fn row(&mut self, row: RowMessage) -> Bytes {
        self.0.row(&v1::BundleRow { row: Some(row) })
    }
}

/// Reads a bundle from bytes as they come.
pub struct Reader {
    frames: FrameReader,
    left: u64,
    last_room: Option<RoomId>,
    /// The attachment whose pieces come, and how much of it has.
    piece: Option<(Digest, u64)>,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self { frames: FrameReader::new(MAGIC), left: 0, last_room: None, piece: None }
    }

    /// Takes the next bytes of the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.frames.feed(bytes);
    }

    /// The next row; `None` if more bytes are needed for it.
    pub fn next_row(&mut self) -> Result<Option<Row>, BundleError> {
        let Some(framed) = self.frames.next_row::<v1::BundleRow>("bundle row")? else { return Ok(None) };
        let row = framed.at;
        let message = framed.message.row.ok_or(order(row, "it is empty"))?;
        self.interpret(row, message, framed.before).map(Some)
    }

    /// The file is over: it must have had its last row.
    pub fn finish(&self) -> Result<(), BundleError> {
        Ok(self.frames.finish()?)
    }

    fn interpret(&mut self, row: u64, message: RowMessage, before: Digest) -> Result<Row, BundleError> {
        if (row == 0) != matches!(message, RowMessage::Begin(_)) {
            return Err(order(row, "the first row, and only the first, says where the bundle comes from"));
        }
        if !matches!(message, RowMessage::Piece(_)) {
            self.piece = None;
        }
        match message {
            RowMessage::Begin(begin) => Ok(Row::Begin(Begin {
                domain: begin.domain.parse().map_err(|error| BundleError::Name { row, error })?,
                chamber: room_id(row, &begin.chamber)?,
                written_at: begin.written_at,
            })),
            RowMessage::Room(room) => {
                let id = room_id(row, &room.room)?;
                if self.left > 0 {
                    return Err(order(row, "the room before it lacks entries"));
                }
                if self.last_room.is_some_and(|last| last >= id) {
                    return Err(order(row, "rooms do not ascend by id"));
                }
                if room.first.checked_add(room.size).is_none() {
                    return Err(order(row, "the room's size is impossible"));
                }
                self.left = room.size;
                self.last_room = Some(id);
                let v1::BundleRoom { name, first, size, checkpoint, .. } = room;
                Ok(Row::Room(BundleRoom { room: id, name, first, size, checkpoint }))
            }
            RowMessage::Entry(entry) => {
                self.left = self.left.checked_sub(1).ok_or(order(row, "it is one entry too many"))?;
                Ok(Row::Entry(BundleEntry { entry: entry.entry, content: entry.content }))
            }
            RowMessage::Piece(piece) => Ok(Row::Piece(self.piece(row, piece)?)),
            RowMessage::End(end) => {
                if self.left > 0 {
                    return Err(order(row, "the room before it lacks entries"));
                }
                self.frames.end(before, &end)?;
                Ok(Row::End)
            }
        }
    }
}

impl Reader {
    fn piece(&mut self, row: u64, piece: v1::BundlePiece) -> Result<BundlePiece, BundleError> {
        if self.left > 0 {
            return Err(order(row, "the room before it lacks entries"));
        }
        if self.last_room.is_none() {
            return Err(order(row, "it is of an attachment of no room"));
        }
        let digest = Digest::from_slice(&piece.digest).ok_or(order(row, "a digest is not 32 bytes"))?;
        let expected = self.piece.filter(|(before, _)| *before == digest).map_or(0, |(_, came)| came);
        let end = piece.offset.checked_add(piece.data.len() as u64);
        let Some(end) = end.filter(|_| piece.offset == expected && !piece.data.is_empty()) else {
            return Err(order(row, "it is not the attachment's next bytes"));
        };
        self.piece = Some((digest, end));
        Ok(BundlePiece { digest, offset: piece.offset, data: piece.data })
    }
}

fn order(row: u64, what: &'static str) -> BundleError {
    BundleError::Order { row, what }
}

fn room_id(row: u64, bytes: &[u8]) -> Result<RoomId, BundleError> {
    RoomId::from_slice(bytes).ok_or(order(row, "a room id is not 32 bytes"))
}

#[cfg(test)]
mod tests;
