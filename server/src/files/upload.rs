//! An attachment that is being received: a temporary file that survives a broken connection and a restart.
//!
//! It gets its name when it is whole, right and durable. Refuses to know who sends it and what becomes of it.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tearline_ledger::digest::Digest;

use super::{FilesError, PART, at, blocking, hash_from, names, remove, sync};

/// An attachment that is being received. Dropped, it can be resumed.
#[derive(Debug)]
pub struct Upload {
    /// Absent after a failed write.
    part: Option<Box<Part>>,
    name: PathBuf,
    digest: Digest,
    size: u64,
}

struct Part {
    path: PathBuf,
    file: File,
    hash: Context,
    received: u64,
}

/// Refuses a further upload if the folder of its organisation has as many others as it may.
pub(super) fn require_place(name: &Path, most: usize) -> Result<(), FilesError> {
    let Some(folder) = name.parent() else { return Ok(()) };
    let own = name.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let others = names(folder)?.into_iter().filter(|other| !other.starts_with(own)).count();
    if others < most { Ok(()) } else { Err(FilesError::TooMany { most }) }
}

/// Removes an upload that nobody has gone on with for `age`; says whether it did.
pub(super) fn expire(path: &Path, age: Duration) -> Result<bool, FilesError> {
    // Gone, or in use: not ours to remove.
    let Ok(file) = File::open(path) else { return Ok(false) };
    let Ok(()) = file.try_lock() else { return Ok(false) };
    let changed = file.metadata().and_then(|found| found.modified()).map_err(at(path))?;
    let old = SystemTime::now().duration_since(changed).is_ok_and(|since| since >= age);
    if old { remove(path) } else { Ok(false) }
}

impl Upload {
    pub(super) fn open(name: PathBuf, digest: Digest, size: u64, offset: u64) -> Result<Self, FilesError> {
        let part = Part::open(name.with_extension(PART), offset)?;
        Ok(Self { part: Some(Box::new(part)), name, digest, size })
    }

    /// How many bytes are here.
    pub fn received(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.received)
    }

    /// Takes the bytes at `offset`, which must be the next ones. If the disk is full, all of the upload goes, so that
    /// it keeps no room from the log.
    pub async fn write(&mut self, offset: u64, bytes: Bytes) -> Result<(), FilesError> {
        let received = self.received();
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if end > self.size {
            return Err(FilesError::Beyond { size: self.size, offset: end });
        }
        if offset != received {
            return Err(FilesError::Gap { offset, received });
        }
        let mut part = self.part.take().ok_or(FilesError::Broken)?;
        let part = blocking(move || {
            if let Err(error) = part.file.write_all(&bytes).map_err(at(&part.path)) {
                if matches!(error, FilesError::Full { .. }) {
                    remove(&part.path)?;
                }
                return Err(error);
            }
            part.hash.update(&bytes);
            part.received = end;
            Ok(part)
        });
        self.part = Some(part.await?);
        Ok(())
    }

    /// Makes durable what is here, to be resumed later; says how many bytes.
    pub async fn suspend(self) -> Result<u64, FilesError> {
        let part = self.part.ok_or(FilesError::Broken)?;
        blocking(move || {
            part.file.sync_all().map_err(at(&part.path))?;
            part.path.parent().map_or(Ok(()), sync)?;
            Ok(part.received)
        })
        .await
    }

    /// Checks size and digest and gives the attachment its name; it is durable when this returns.
    ///
    /// What has another digest than announced is thrown away.
    pub async fn finish(self) -> Result<(), FilesError> {
        let Self { part, name, digest, size } = self;
        let part = part.ok_or(FilesError::Broken)?;
        if part.received != size {
            return Err(FilesError::Incomplete { received: part.received, size });
        }
        blocking(move || {
            if part.hash.finish().as_ref() != digest.as_bytes() {
                remove(&part.path)?;
                return Err(FilesError::Mismatch { digest });
            }
            part.file.sync_all().map_err(at(&part.path))?;
            fs::rename(&part.path, &name).map_err(at(&name))?;
            name.parent().map_or(Ok(()), sync)
        })
        .await
    }
}

impl Part {
    fn open(path: PathBuf, offset: u64) -> Result<Self, FilesError> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.map_err(at(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FilesError::Busy),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        let found = file.metadata().map_err(at(&path))?;
        // Whoever held the lock may have given the file its name, or removed it, just before we got the lock.
        if fs::metadata(&path).map(|named| named.ino()).ok() != Some(found.ino()) {
            return Err(FilesError::Busy);
        }
        if offset > found.len() {
            return Err(FilesError::Gap { offset, received: found.len() });
        }
        file.set_len(offset).map_err(at(&path))?;
        let mut hash = Context::new(&SHA256);
        hash_from(&mut file, offset, &mut hash).map_err(at(&path))?;
        Ok(Self { path, file, hash, received: offset })
    }
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Part")
            .field("path", &self.path)
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
