//! Reading and writing of bundles.

use super::*;

fn sample() -> Vec<u8> {
    let room = |byte| RoomId(Digest([byte; 32]));
    let begin =
        Begin { domain: "kivu.example".parse().unwrap(), chamber: room(1), written_at: 1_700_000_000 };
    let (mut writer, first) = Writer::begin(&begin);
    let mut out = first.to_vec();
    for byte in [1, 2] {
        out.extend_from_slice(&writer.room(&BundleRoom {
            room: room(byte),
            name: format!("room-{byte}"),
            first: 0,
            size: 1,
            checkpoint: Bytes::from_static(b"note"),
        }));
        out.extend_from_slice(&writer.entry(BundleEntry {
            entry: Bytes::from_static(b"entry"),
            content: (byte == 2).then(|| Bytes::from_static(b"")),
        }));
    }
    out.extend_from_slice(&writer.end());
    out
}

fn read(bytes: &[u8], step: usize) -> Result<Vec<Row>, BundleError> {
    let mut reader = Reader::new();
    let mut rows = Vec::new();
    for chunk in bytes.chunks(step) {
        reader.feed(chunk);
        while let Some(row) = reader.next_row()? {
            rows.push(row);
        }
    }
    reader.finish()?;
    Ok(rows)
}

#[test]
fn a_bundle_reads_back_whatever_the_pieces() {
    let bytes = sample();
    let rows = read(&bytes, bytes.len()).unwrap();
    assert_eq!(rows.len(), 6);
    assert_eq!(read(&bytes, 1), Ok(rows));
}

#[test]
fn any_changed_byte_any_cut_and_anything_added_is_refused() {
    let bytes = sample();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(read(&changed, 4096).is_err(), "byte {at}");
        assert!(read(&bytes[..at], 4096).is_err(), "cut at {at}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(read(&longer, 4096).is_err());
}

fn with_pieces(pieces: &[(u8, u64, &'static [u8])]) -> Vec<u8> {
    let room = RoomId(Digest([1; 32]));
    let begin = Begin { domain: "kivu.example".parse().unwrap(), chamber: room, written_at: 1 };
    let (mut writer, first) = Writer::begin(&begin);
    let mut out = first.to_vec();
    let checkpoint = Bytes::from_static(b"note");
    out.extend(writer.room(&BundleRoom { room, name: "one".to_owned(), first: 0, size: 0, checkpoint }));
    for (digest, offset, data) in pieces {
        let data = Bytes::from_static(data);
        out.extend(writer.piece(BundlePiece { digest: Digest([*digest; 32]), offset: *offset, data }));
    }
    out.extend(writer.end());
    out
}

#[test]
fn the_pieces_of_an_attachment_follow_one_another() {
    let bytes = with_pieces(&[(7, 0, b"abc"), (7, 3, b"d"), (8, 0, b"e")]);
    let rows = read(&bytes, 1).unwrap();
    assert_eq!(rows.len(), 6);
    assert!(matches!(&rows[3], Row::Piece(BundlePiece { offset: 3, data, .. }) if data.as_ref() == b"d"));
    let refused = |pieces: &[(u8, u64, &'static [u8])]| {
        assert!(matches!(read(&with_pieces(pieces), 4096), Err(BundleError::Order { .. })), "{pieces:?}");
    };
    refused(&[(7, 1, b"abc")]);
    refused(&[(7, 0, b"abc"), (7, 2, b"d")]);
    refused(&[(7, 0, b"abc"), (8, 3, b"d")]);
    refused(&[(7, 0, b"")]);
    assert_eq!(
        Digest::of(&bytes).to_hex(),
        "5c8e45332a7e3a8c50939c2b53f19c867e81fe4ada5a17d0120f9d212ea7a052"
    );
}

#[test]
fn the_bytes_of_a_bundle_do_not_change() {
    assert_eq!(
        Digest::of(&sample()).to_hex(),
        "87c0a17e37c85aaa095a12cafe8bca3f14bc45f4f0218b15644b25f2f79ffd34"
    );
}
