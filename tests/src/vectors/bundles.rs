//! Vectors of bundles as files (section 11); what their rows mean is in `logs`.

use anyhow::Result;
use bytes::Bytes;
use serde_json::{Value, json};
use tearline_ledger::{
    bundle::{Begin, BundleEntry, BundleError, BundlePiece, BundleRoom, MAGIC, Reader, Row, Writer},
    digest::Digest,
    id::RoomId,
};

use super::{Answer, Case, Input, code, fixture::TIME};
use crate::desk::domain;

enum Part {
    Room(u8, u64, u64),
    Entry(Option<&'static [u8]>),
    /// Of the attachment with this digest, from there on.
    Piece(u8, u64, &'static [u8]),
}

fn bundle(parts: &[Part]) -> Result<Vec<u8>> {
    let room_id = |byte| RoomId(Digest([byte; 32]));
    let begin = Begin { domain: domain()?, chamber: room_id(1), written_at: TIME };
    let (mut writer, first) = Writer::begin(&begin);
    let mut out = first.to_vec();
    for part in parts {
        out.extend_from_slice(&match *part {
            Part::Room(byte, first, size) => writer.room(&BundleRoom {
                room: room_id(byte),
                name: format!("room-{byte}"),
                first,
                size,
                checkpoint: Bytes::from_static(b"note"),
            }),
            Part::Entry(content) => writer.entry(BundleEntry {
                entry: Bytes::from_static(b"entry"),
                content: content.map(Bytes::from_static),
            }),
            Part::Piece(byte, offset, data) => writer.piece(BundlePiece {
                digest: Digest([byte; 32]),
                offset,
                data: Bytes::from_static(data),
            }),
        });
    }
    out.extend_from_slice(&writer.end());
    Ok(out)
}

pub(super) fn bundles() -> Result<Vec<Case>> {
    use Part::{Entry, Piece, Room};
    let input = |bytes: &[u8]| json!({ "bytes": hex::encode(bytes) });
    let full =
        bundle(&[Room(1, 0, 1), Entry(None), Room(2, 5, 2), Entry(Some(b"")), Entry(Some(b"sealed"))])?;
    let last = full.len() - 1;
    let flipped = |at: usize| {
        let mut bytes = full.clone();
        bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        input(&bytes)
    };
    let of = |parts: &[Part]| -> Result<Value> { Ok(input(&bundle(parts)?)) };
    let long = [MAGIC, &0x0100_0001_u32.to_be_bytes()].concat();
    let empty_row = [MAGIC, &[0; 4]].concat();
    let mut twice = full.clone();
    twice.extend_from_slice(&full);
    let mut trailing = full.clone();
    trailing.push(0);
    Ok(vec![
        Case::good("two rooms", input(&full)),
        Case::good("no room", of(&[])?),
        Case::good("a room of nothing", of(&[Room(1, 0, 0)])?),
        Case::good(
            "attachments",
            of(&[
                Room(1, 0, 1),
                Entry(None),
                Piece(7, 0, b"ab"),
                Piece(7, 2, b"c"),
                Piece(8, 0, b"d"),
                Room(2, 0, 0),
            ])?,
        ),
        Case::bad("an attachment of no room", of(&[Piece(7, 0, b"a")])?),
        Case::bad(
            "an attachment before the last entry",
            of(&[Room(1, 0, 1), Piece(7, 0, b"a"), Entry(None)])?,
        ),
        Case::bad("an attachment without its beginning", of(&[Room(1, 0, 0), Piece(7, 1, b"a")])?),
        Case::bad("an attachment with a gap", of(&[Room(1, 0, 0), Piece(7, 0, b"a"), Piece(7, 2, b"b")])?),
        Case::bad(
            "an attachment that goes on after another",
            of(&[Room(1, 0, 0), Piece(7, 0, b"a"), Piece(8, 0, b"b"), Piece(7, 1, b"c")])?,
        ),
        Case::bad(
            "an attachment that goes on in another room",
            of(&[Room(1, 0, 0), Piece(7, 0, b"a"), Room(2, 0, 0), Piece(7, 1, b"b")])?,
        ),
        Case::bad("a piece of nothing", of(&[Room(1, 0, 0), Piece(7, 0, b"")])?),
        Case::bad("nothing at all", input(b"")),
        Case::bad("another version", flipped(MAGIC.len() - 2)),
        Case::bad("a changed byte in the first row", flipped(MAGIC.len() + 10)),
        Case::bad("a changed byte in the last row", flipped(last)),
        Case::bad("cut in the last row", input(full.get(..last).unwrap_or_default())),
        Case::bad("cut after the first bytes", input(MAGIC)),
        Case::bad("a byte too many", input(&trailing)),
        Case::bad("two bundles", input(&twice)),
        Case::bad("a row of more than 16 MiB", input(&long)),
        Case::bad("an empty row", input(&empty_row)),
        Case::bad("rooms that descend", of(&[Room(2, 0, 0), Room(1, 0, 0)])?),
        Case::bad("a room twice", of(&[Room(1, 0, 0), Room(1, 0, 0)])?),
        Case::bad("an entry too few", of(&[Room(1, 0, 2), Entry(None), Room(2, 0, 0)])?),
        Case::bad("an entry too few at the end", of(&[Room(1, 0, 2), Entry(None)])?),
        Case::bad("an entry too many", of(&[Room(1, 0, 1), Entry(None), Entry(None)])?),
        Case::bad("an entry of no room", of(&[Entry(None)])?),
        Case::bad("a size beyond all numbers", of(&[Room(1, u64::MAX, 1), Entry(None)])?),
    ])
}

pub(super) fn judge_bundle(input: Input<'_>) -> Result<Answer> {
    let rows = read(&input.bytes("bytes")?);
    Ok(rows.map(|rows| json!({ "rows": rows })).map_err(|error| code(&error)))
}

fn read(bytes: &[u8]) -> std::result::Result<Vec<Value>, BundleError> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(match row {
            Row::Begin(begin) => json!({
                "begin": begin.domain.as_str(),
                "chamber": begin.chamber.to_string(),
                "written_at": begin.written_at,
            }),
            Row::Room(room) => json!({
                "room": room.room.to_string(),
                "name": room.name,
                "first": room.first,
                "size": room.size,
                "checkpoint": hex::encode(&room.checkpoint),
            }),
            Row::Entry(entry) => json!({
                "entry": hex::encode(&entry.entry),
                "content": entry.content.map(hex::encode),
            }),
            Row::Piece(piece) => json!({
                "digest": piece.digest.to_hex(),
                "offset": piece.offset,
                "data": hex::encode(piece.data),
            }),
            Row::End => json!({ "end": rows.len() }),
        });
    }
    reader.finish()?;
    Ok(rows)
}
