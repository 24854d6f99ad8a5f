//! Evidence: files that show others what was caught.
//!
//! Specification: `docs/spec.md`, section 14. An alarm is saved before anyone is told of it. What is an
//! alarm, and when, is not decided here; what a file proves to a stranger is judged in `judge`.

pub mod chain;
pub mod judge;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tearline_ledger::{checkpoint::Checkpoint, id::RoomId, merkle::Tree, note::Note};

use crate::{
    alarm::Alarm,
    durable::{self, FileError},
};

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Exhibit {
    /// A signed note.
    Checkpoint {
        /// Where it comes from.
        what: String,
        /// The note.
        note: String,
    },
    /// An encoded entry.
    Entry {
        /// Where it comes from.
        what: String,
        /// Its index.
        index: u64,
        /// The entry in hexadecimal.
        entry: String,
    },
    /// A statement's envelope that was sent.
    Envelope {
        /// What became of it.
        what: String,
        /// The envelope in hexadecimal.
        envelope: String,
    },
    /// An attachment's bytes that were served.
    Attachment {
        /// What became of them.
        what: String,
        /// The digest that the statement names.
        named: String,
        /// SHA-256 of the bytes that came.
        served: String,
        /// Their number.
        size: u64,
        /// The file beside this one that holds them.
        file: String,
    },
    /// Hashes that prove that an entry is under a checkpoint.
    Proof {
        /// What it proves.
        what: String,
        /// Each in hexadecimal.
        hashes: Vec<String>,
    },
    /// The root of the first entries under a checkpoint, and the hashes that prove that it is.
    Prefix {
        /// Of what.
        what: String,
        /// How many entries.
        size: u64,
        /// In hexadecimal.
        root: String,
        /// Each in hexadecimal.
        hashes: Vec<String>,
    },
}

impl Exhibit {
    /// A checkpoint, as it was received.
    pub fn checkpoint(what: &str, note: &[u8]) -> Self {
        Self::Checkpoint { what: what.to_owned(), note: String::from_utf8_lossy(note).into_owned() }
    }

    /// An entry, as it was received.
    pub fn entry(what: &str, index: u64, entry: &[u8]) -> Self {
        Self::Entry { what: what.to_owned(), index, entry: hex::encode(entry) }
    }

    /// Whether nothing but the label differs.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Checkpoint { note, .. }, Self::Checkpoint { note: other, .. }) => note == other,
            (Self::Entry { index, entry, .. }, Self::Entry { index: other_index, entry: other, .. }) => {
                (index, entry) == (other_index, other)
            }
            _ => self == other,
        }
    }

    /// A proof.
    pub fn proof(what: &str, hashes: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        Self::Proof { what: what.to_owned(), hashes: hashes.into_iter().map(hex::encode).collect() }
    }

    /// An entry as it was served, the checkpoint that was served with it, and the proof that leads from the one to the
    /// other; `None` if the checkpoint is not of the tree that was served.
    pub fn of_served_tree(tree: &Tree, index: u64, entry: &[u8], checkpoint: &[u8]) -> Option<Vec<Self>> {
        let note = Note::parse(checkpoint).ok()?;
        let stated = Checkpoint::parse(note.unverified_text()).ok()?;
        let covers = stated.size == tree.size() && stated.root == tree.root();
        let proof = tree.inclusion(index, tree.size()).ok().filter(|_| covers)?;
        Some(vec![
            Self::entry("served with the checkpoint that follows", index, entry),
            Self::checkpoint("served with that entry", checkpoint),
            Self::proof("the served entry is in the served checkpoint", proof),
        ])
    }
}

/// An alarm with its evidence, not yet saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// What was caught.
    pub alarm: Alarm,
    /// What shows it.
    pub exhibits: Vec<Exhibit>,
}

impl From<Alarm> for Raised {
    fn from(alarm: Alarm) -> Self {
        Self { alarm, exhibits: Vec::new() }
    }
}

impl Raised {
    /// Adds a piece of evidence.
    #[must_use]
    pub fn with(mut self, exhibit: Exhibit) -> Self {
        self.exhibits.push(exhibit);
        self
    }

    /// Saves the evidence with the charters that prove the log's key, and only then gives the alarm. The same
    /// evidence is kept once.
    pub fn save(
        self,
        dir: &Path,
        room: RoomId,
        charters: Vec<Charter>,
        now: u64,
    ) -> Result<Caught, FileError> {
        let file = File {
            format: FORMAT.to_owned(),
            alarm: self.alarm.kind().to_owned(),
            room: self.alarm.room().to_owned(),
            room_id: room.to_string(),
            message: self.alarm.to_string(),
            found_at: now,
            charters,
            exhibits: self.exhibits,
        };
        let place = self.alarm.index().map(|index| format!("-{index}")).unwrap_or_default();
        let stem = format!("{}{place}-{}", safe(self.alarm.room()), self.alarm.kind());
        let path = file.write(dir, &stem)?;
        Ok(Caught { alarm: self.alarm, evidence: path })
    }
}

/// An alarm whose evidence is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{alarm}\nEvidence: {0}\nAnyone can check it: tearline check-proof {0}", evidence.display())]
pub struct Caught {
    /// What was caught.
    pub alarm: Alarm,
    /// The file that shows it.
    pub evidence: PathBuf,
}

const FORMAT: &str = "tearline evidence v1";
/// The longest file of evidence.
pub const EVIDENCE_MAX: u64 = 256 << 20;

/// A file of evidence (JSON).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// `tearline evidence v1`.
    pub format: String,
    /// The alarm's kind.
    pub alarm: String,
    /// The room's name.
    pub room: String,
    /// The room's id.
    pub room_id: String,
    /// The alarm in words.
    pub message: String,
    /// Seconds since 1970, by this desk's clock.
    pub found_at: u64,
    /// The founding charter of the room, or of an access log's home room, and those that gave the log another
    /// key; the newest is the last. None if the room's log was not known here.
    #[serde(default)]
    pub charters: Vec<Charter>,
    /// What shows it.
    pub exhibits: Vec<Exhibit>,
}

/// A charter as it stands in the room's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charter {
    /// Its index.
    pub index: u64,
    /// The entry in hexadecimal.
    pub entry: String,
}

impl File {
    /// Reads a file of evidence.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let file: Self = serde_json::from_slice(bytes)?;
        if file.format == FORMAT {
            Ok(file)
        } else {
            Err(serde::de::Error::custom("it is not a file of `tearline evidence v1`"))
        }
    }

    fn write(&self, dir: &Path, stem: &str) -> Result<PathBuf, FileError> {
        durable::make_folder(dir)?;
        let text = Bytes::from(serde_json::to_vec_pretty(self).unwrap_or_default());
        for number in 1u32.. {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = dir.join(format!("{stem}{suffix}.tearline"));
            match durable::create(&path, &text) {
                Ok(()) => return Ok(path),
                Err(FileError::Exists(_)) if self.is_in(&path) => return Ok(path),
                Err(FileError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(FileError::Exists(dir.join(stem)))
    }

    /// Whether the file there holds the same, found at whatever time.
    fn is_in(&self, path: &Path) -> bool {
        let there = durable::read(path, EVIDENCE_MAX).ok().and_then(|bytes| Self::parse(&bytes).ok());
        there.is_some_and(|other| Self { found_at: self.found_at, ..other } == *self)
    }
}

/// A room's name as part of a file's name.
fn safe(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tearline_ledger::digest::Digest;

    fn raised(note: &str) -> Raised {
        Raised::from(Alarm::Forked { room: "access/drc".to_owned(), size: 3 })
            .with(Exhibit::checkpoint("kept here", note.as_bytes()))
    }

    #[test]
    fn evidence_is_kept_once_and_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let room = RoomId(Digest([1; 32]));
        let first = raised("one\n").save(dir.path(), room, Vec::new(), 10).unwrap();
        assert_eq!(first.evidence.file_name().unwrap(), "access-drc-forked.tearline");
        assert_eq!(raised("one\n").save(dir.path(), room, Vec::new(), 20).unwrap(), first);
        let second = raised("two\n").save(dir.path(), room, Vec::new(), 30).unwrap();
        assert_eq!(second.evidence.file_name().unwrap(), "access-drc-forked-2.tearline");
        let read = File::parse(&std::fs::read(&first.evidence).unwrap()).unwrap();
        assert_eq!((read.found_at, read.exhibits), (10, raised("one\n").exhibits));
    }

    #[test]
    fn an_alarm_names_a_few_posts_of_many() {
        let alarm = Alarm::Withheld { room: "drc".to_owned(), indices: (0..20).collect() };
        assert!(alarm.to_string().contains("drc#7 and 12 more"), "{alarm}");
        assert!(File::parse(b"{}").is_err());
    }
}
