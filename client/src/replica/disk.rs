//! A replica's files: `rows`, to which entries and sealed content are only ever appended, and `state`,
//! replaced as a whole once what was appended is verified and durable.
//!
//! Whatever `rows` holds beyond what `state` tells is a torn or unverified tail and is cut off. Private
//! to this program; nothing here verifies anything but that the disk gives back what was written.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tearline_ledger::{digest::Digest, entry::Entry};

use crate::durable::{self, FileError, Lock, io_error};

/// The longest entry or sealed content of one row.
const PART_MAX: u32 = 64 << 20;
/// A row's head: length of its entry, length of its content or [`NO_CONTENT`], checksum.
const HEAD_LEN: usize = 16;
const HEAD_LEN_U32: u32 = 16;
const NO_CONTENT: u32 = u32::MAX;
const STATE_MAX: u64 = 1 << 30;
/// Rows are written to the file once this much has gathered.
const GATHERED_MAX: usize = 1 << 20;

/// Why a replica's files cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The disk gave back other bytes than were written.
    #[error("the local copy in {} is damaged: {what}; move that folder away and fetch again", path.display())]
    Damaged {
        /// The replica's folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// An entry or content that no row can hold.
    #[error("an entry or content of {0} bytes is longer than any can be")]
    TooLong(usize),
}

/// What has been verified and is durable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Version of both files: 1.
    pub format: u32,
    /// Entries.
    pub size: u64,
    /// Bytes of `rows` that hold them.
    pub bytes: u64,
    /// The rules' state after them, in hexadecimal; empty in an access log.
    pub snapshot: String,
    /// The newest checkpoint over all of them.
    pub checkpoint: String,
    /// For each witness by its full name, the newest checkpoint that it cosigned, perhaps an older one.
    pub witnessed: Option<BTreeMap<String, String>>,
    /// Posts whose content should have been served and was not.
    pub missing: Vec<u64>,
}

/// The version of both files.
pub const FORMAT: u32 = 1;

/// A replica's folder.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    rows: File,
    offsets: Vec<u64>,
    end: u64,
    /// What is in `offsets` and `rows` but not in `state` yet begins here.
    committed: (usize, u64),
    gathered: Vec<u8>,
    lock: Option<Lock>,
}

impl Disk {
    /// Opens the folder, making it if need be, and reads what is known to be verified. Each entry is
    /// given to the returned scan's reader in order; see [`Disk::scan`].
    pub fn open(dir: &Path) -> Result<(Self, State), DiskError> {
        durable::make_folder(dir)?;
        let rows = durable::open_private(&dir.join("rows"))?;
        let state = read_state(dir)?.unwrap_or_else(|| State { format: FORMAT, ..State::default() });
        let (offsets, end) = (Vec::new(), 0);
        let gathered = Vec::new();
        Ok((Self { dir: dir.to_owned(), rows, offsets, end, committed: (0, 0), gathered, lock: None }, state))
    }

    /// Reads all rows that `state` tells of; must be done once, before anything else.
    pub fn scan<T>(
        &mut self,
        state: &State,
        read: impl FnOnce(&mut dyn Iterator<Item = Entry>) -> T,
    ) -> Result<T, DiskError> {
        let file = self.rows.try_clone().map_err(io_error("open", &self.dir))?;
        let mut scan = Scan {
            reader: BufReader::with_capacity(GATHERED_MAX, file),
            at: 0,
            left: state.size,
            bytes: state.bytes,
            offsets: Vec::new(),
            fault: None,
        };
        scan.reader.seek(SeekFrom::Start(0)).map_err(io_error("read", &self.dir))?;
        let out = read(&mut scan);
        scan.by_ref().for_each(drop);
        if let Some(what) = scan.fault {
            return Err(self.damaged(what));
        }
        if scan.at != state.bytes {
            return Err(self.damaged(format!("{} bytes hold {} entries", state.bytes, state.size)));
        }
        self.offsets = scan.offsets;
        self.end = scan.at;
        self.committed = (self.offsets.len(), self.end);
        Ok(out)
    }

    /// Rows, those not committed yet included.
    pub fn len(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Begins to append, as the only one; cuts off a torn tail. `false` if another command has added
    /// to the replica since it was opened: open it again.
    pub fn begin(&mut self) -> Result<bool, DiskError> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let lock = Lock::take(&self.dir.join("lock"))?;
        let durable = read_state(&self.dir)?.map_or(0, |state| state.bytes);
        if durable != self.committed.1 {
            return Ok(false);
        }
        self.rows.set_len(durable).map_err(io_error("cut", &self.dir))?;
        self.lock = Some(lock);
        Ok(true)
    }

    /// Appends a row. It counts for nothing until [`Disk::commit`].
    pub fn append(&mut self, entry: &[u8], content: Option<&[u8]>) -> Result<(), DiskError> {
        let head = head(entry, content)?;
        let length = HEAD_LEN + entry.len() + content.map_or(0, <[u8]>::len);
        self.gathered.extend_from_slice(&head);
        self.gathered.extend_from_slice(entry);
        self.gathered.extend_from_slice(content.unwrap_or_default());
        self.offsets.push(self.end);
        self.end += length as u64;
        if self.gathered.len() >= GATHERED_MAX { self.write_gathered() } else { Ok(()) }
    }

    /// Makes the rows durable, then the state that tells of them, and lets others append.
    pub fn commit(&mut self, mut state: State) -> Result<State, DiskError> {
        self.write_gathered()?;
        self.rows.sync_data().map_err(io_error("sync", &self.dir))?;
        (state.format, state.size, state.bytes) = (FORMAT, self.len(), self.end);
        let text = serde_json::to_vec(&state).map_err(|error| self.damaged(error.to_string()))?;
        durable::replace(&self.dir.join("state"), &text)?;
        self.committed = (self.offsets.len(), self.end);
        self.lock = None;
        Ok(state)
    }

    /// Forgets what was appended and not committed, and lets others append.
    pub fn roll_back(&mut self) {
        self.gathered.clear();
        self.offsets.truncate(self.committed.0);
        self.end = self.committed.1;
        self.lock = None;
    }

    /// The entry at this index; `None` if there is none.
    pub fn entry(&self, index: u64) -> Result<Option<Entry>, DiskError> {
        let Some((offset, head)) = self.head(index)? else { return Ok(None) };
        let bytes = self.read_at(offset + HEAD_LEN as u64, head.entry)?;
        head.check(&bytes).map_err(|what| self.damaged(format!("entry {index}: {what}")))?;
        let entry = Entry::parse(bytes).map_err(|error| self.damaged(format!("entry {index}: {error}")))?;
        Ok(Some(entry))
    }

    /// The sealed content beside the entry at this index, if it was served then or later.
    pub fn content(&self, index: u64) -> Result<Option<Bytes>, DiskError> {
        let Some((offset, head)) = self.head(index)? else { return Ok(None) };
        match head.content {
            Some(length) => self.read_at(offset + HEAD_LEN as u64 + u64::from(head.entry), length).map(Some),
            None => match durable::read(&self.late_path(index), u64::from(PART_MAX)) {
                Ok(bytes) => Ok(Some(bytes.into())),
                Err(FileError::Missing(_)) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Keeps content that came later than its entry.
    pub fn put_late(&self, index: u64, content: &[u8]) -> Result<(), DiskError> {
        durable::make_folder(&self.dir.join("late"))?;
        Ok(durable::replace(&self.late_path(index), content)?)
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn late_path(&self, index: u64) -> PathBuf {
        self.dir.join("late").join(index.to_string())
    }

    fn write_gathered(&mut self) -> Result<(), DiskError> {
        let start = self.end - self.gathered.len() as u64;
        let written =
            self.rows.seek(SeekFrom::Start(start)).and_then(|_| self.rows.write_all(&self.gathered));
        written.map_err(io_error("write", &self.dir))?;
        self.gathered.clear();
        Ok(())
    }

    fn head(&self, index: u64) -> Result<Option<(u64, Head)>, DiskError> {
        let offset = usize::try_from(index).ok().and_then(|at| self.offsets.get(at)).copied();
        let Some(offset) = offset else { return Ok(None) };
        let mut bytes = [0; HEAD_LEN];
        bytes.copy_from_slice(&self.read_at(offset, HEAD_LEN_U32)?);
        let head = Head::parse(&bytes).map_err(|what| self.damaged(format!("entry {index}: {what}")))?;
        Ok(Some((offset, head)))
    }

    fn read_at(&self, offset: u64, length: u32) -> Result<Bytes, DiskError> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        let gathered_from = self.end - self.gathered.len() as u64;
        if let Some(start) = offset.checked_sub(gathered_from) {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let part = self.gathered.get(start..start.saturating_add(bytes.len()));
            bytes.copy_from_slice(part.ok_or_else(|| self.damaged("a row is cut off".to_owned()))?);
        } else {
            self.rows.read_exact_at(&mut bytes, offset).map_err(io_error("read", &self.dir))?;
        }
        Ok(bytes.into())
    }

    fn damaged(&self, what: String) -> DiskError {
        DiskError::Damaged { path: self.dir.clone(), what }
    }
}

fn read_state(dir: &Path) -> Result<Option<State>, DiskError> {
    let damaged = |what: String| DiskError::Damaged { path: dir.to_owned(), what };
    let bytes = match durable::read(&dir.join("state"), STATE_MAX) {
        Ok(bytes) => bytes,
        Err(FileError::Missing(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let state: State = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
    if state.format == FORMAT {
        Ok(Some(state))
    } else {
        Err(damaged(format!("it has format {}, and this program knows {FORMAT}", state.format)))
    }
}

struct Head {
    entry: u32,
    content: Option<u32>,
    checksum: [u8; 8],
}

impl Head {
    fn parse(bytes: &[u8; HEAD_LEN]) -> Result<Self, String> {
        let (lengths, checksum) = bytes.split_at(8);
        let word = |part: &[u8]| part.try_into().map_or(u32::MAX, u32::from_be_bytes);
        let (entry, content) = lengths.split_at(4);
        let (entry, content) = (word(entry), word(content));
        let checksum = checksum.try_into().unwrap_or_default();
        if entry > PART_MAX || (content > PART_MAX && content != NO_CONTENT) {
            return Err("its length is impossible".to_owned());
        }
        Ok(Self { entry, content: (content != NO_CONTENT).then_some(content), checksum })
    }

    fn check(&self, entry: &[u8]) -> Result<(), String> {
        let lengths = lengths(self.entry, self.content.unwrap_or(NO_CONTENT));
        if checksum(lengths, entry) == self.checksum {
            Ok(())
        } else {
            Err("its checksum does not match".to_owned())
        }
    }
}

fn head(entry: &[u8], content: Option<&[u8]>) -> Result<[u8; HEAD_LEN], DiskError> {
    let length = |part: &[u8]| {
        let length = u32::try_from(part.len()).ok().filter(|length| *length <= PART_MAX);
        length.ok_or(DiskError::TooLong(part.len()))
    };
    let lengths = lengths(length(entry)?, content.map(length).transpose()?.unwrap_or(NO_CONTENT));
    let mut out = [0; HEAD_LEN];
    let (first, second) = out.split_at_mut(8);
    first.copy_from_slice(&lengths);
    second.copy_from_slice(&checksum(lengths, entry));
    Ok(out)
}

fn lengths(entry: u32, content: u32) -> [u8; 8] {
    (u64::from(entry) << 32 | u64::from(content)).to_be_bytes()
}

fn checksum(lengths: [u8; 8], entry: &[u8]) -> [u8; 8] {
    Digest::of_parts(&[&lengths, entry]).0.first_chunk().copied().unwrap_or_default()
}

struct Scan {
    reader: BufReader<File>,
    at: u64,
    left: u64,
    bytes: u64,
    offsets: Vec<u64>,
    fault: Option<String>,
}

impl Scan {
    fn row(&mut self) -> Result<Entry, String> {
        let index = self.offsets.len();
        let fault = |what: String| format!("entry {index}: {what}");
        let io = |error: std::io::Error| fault(error.to_string());
        let mut bytes = [0; HEAD_LEN];
        self.reader.read_exact(&mut bytes).map_err(io)?;
        let head = Head::parse(&bytes).map_err(fault)?;
        let mut entry = vec![0; usize::try_from(head.entry).unwrap_or(usize::MAX)];
        self.reader.read_exact(&mut entry).map_err(io)?;
        head.check(&entry).map_err(fault)?;
        let content = head.content.unwrap_or(0);
        self.reader.seek_relative(i64::from(content)).map_err(io)?;
        let next = self.at + HEAD_LEN as u64 + u64::from(head.entry) + u64::from(content);
        if next > self.bytes {
            return Err(fault("it is cut off".to_owned()));
        }
        self.offsets.push(self.at);
        self.at = next;
        Entry::parse(entry.into()).map_err(|error| fault(error.to_string()))
    }
}

impl Iterator for Scan {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.left == 0 || self.fault.is_some() {
            return None;
        }
        self.left -= 1;
        self.row().map_err(|fault| self.fault = Some(fault)).ok()
    }
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
