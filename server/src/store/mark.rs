//! A small file beside the engine that remembers the last acknowledged commit.
//!
//! The engine takes damage in its log for the end of it and then opens an older store. The mark is written after
//! each commit is durable and is itself not synced: so it is never ahead of a sound store, and ahead of one that
//! lost its end. Refuses to know the engine. Layout: `docs/spec.md`, annex D.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tearline_ledger::digest::Digest;

use super::RoomId;
use super::layout::{checked, with_checksum};

const MAGIC: &[u8; 8] = b"tearline";

/// The last acknowledged commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Acknowledged {
    /// Durable writes so far.
    pub(super) commits: u64,
    /// A room that the last one was about.
    pub(super) room: RoomId,
    /// The size that it gave to that room.
    pub(super) size: u64,
}

/// The open file.
#[derive(Debug)]
pub(super) struct MarkFile(File);

impl MarkFile {
    /// Makes the file durable with no commit in it, whatever it held.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let mark = Self(file);
        mark.write(Acknowledged::default())?;
        mark.sync()?;
        Ok(mark)
    }

    /// The file and what it says; no statement if it is damaged.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Option<Acknowledged>)> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut bytes = [0; 60];
        let whole = file.metadata()?.len() == 60;
        let known = if whole {
            file.read_exact_at(&mut bytes, 0)?;
            Acknowledged::decode(&bytes)
        } else {
            None
        };
        Ok((Self(file), known))
    }

    /// Replaces the statement, in one write within one sector.
    pub(super) fn write(&self, acknowledged: Acknowledged) -> io::Result<()> {
        self.0.write_all_at(&acknowledged.encode(), 0)
    }

    /// Makes the statement durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

impl Acknowledged {
    fn encode(self) -> Vec<u8> {
        let body =
            [&self.commits.to_be_bytes(), self.room.as_bytes().as_slice(), &self.size.to_be_bytes()].concat();
        [MAGIC.as_slice(), &with_checksum(MAGIC, &body)].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let body = checked(MAGIC, bytes.strip_prefix(MAGIC)?)?;
        let (commits, body) = body.split_first_chunk()?;
        let (room, size) = body.split_first_chunk()?;
        Some(Self {
            commits: u64::from_be_bytes(*commits),
            room: Digest(*room),
            size: u64::from_be_bytes(size.try_into().ok()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_mark_do_not_change() {
        let mark = Acknowledged { commits: 5, room: Digest([0xab; 32]), size: 258 };
        let hex =
            format!("{}{}{}{}", "746561726c696e65", "0000000000000005", "ab".repeat(32), "0000000000000102");
        assert_eq!(hex::encode(mark.encode()), format!("{hex}e0202d02"));
        assert_eq!(Acknowledged::decode(&mark.encode()), Some(mark));
    }

    #[test]
    fn a_damaged_mark_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mark");
        MarkFile::create(&path).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[12] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(MarkFile::open(&path).unwrap().1, None);
        std::fs::write(&path, &bytes[..59]).unwrap();
        assert_eq!(MarkFile::open(&path).unwrap().1, None);
    }
}
