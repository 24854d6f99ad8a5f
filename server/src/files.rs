//! Attachments: sealed bytes of any length as files, received and served in chunks, never whole in memory.
//!
//! An upload goes to a temporary file that survives a broken connection and a restart; it gets its name, its digest,
//! when it is complete, right and durable. Refuses to know members, rooms' rules and keys; limits of size are the
//! caller's. Specification: `docs/spec.md`, annex E.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tearline_ledger::digest::Digest;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::private_file;

pub use self::error::FilesError;

mod error;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Ends the name of a file that is not yet complete.
const PART: &str = "part";

/// All attachments, each under its room and digest.
#[derive(Debug, Clone)]
pub struct Attachments {
    dir: PathBuf,
    /// Held by whoever enters posts that name attachments, and alone by whoever removes some.
    naming: Arc<RwLock<()>>,
}

/// How an upload begins.
#[derive(Debug)]
pub enum Put {
    /// It is here already.
    Complete,
    /// Send the bytes.
    Upload(Upload),
}

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

/// An attachment that is being served.
#[derive(Debug)]
pub struct Download {
    path: PathBuf,
    /// Absent after a failed read.
    file: Option<File>,
    size: u64,
}

impl Attachments {
    /// Attachments in `dir`, which is made if it is not there.
    pub async fn open(dir: &Path) -> Result<Self, FilesError> {
        let dir = dir.to_owned();
        blocking(move || {
            make_folder(&dir)?;
            Ok(Self { dir, naming: Arc::default() })
        })
        .await
    }

    /// Begins or resumes an upload at `offset`. What an earlier attempt left beyond `offset` is dropped.
    pub async fn put(
        &self,
        room: &Digest,
        digest: &Digest,
        size: u64,
        offset: u64,
    ) -> Result<Put, FilesError> {
        let (folder, name, digest) = (self.folder(room), self.name(room, digest), *digest);
        blocking(move || {
            if name.try_exists().map_err(at(&name))? {
                return Ok(Put::Complete);
            }
            if offset > size {
                return Err(FilesError::Beyond { size, offset });
            }
            make_folder(&folder)?;
            let part = Part::open(name.with_extension(PART), offset)?;
            Ok(Put::Upload(Upload { part: Some(Box::new(part)), name, digest, size }))
        })
        .await
    }

    /// How many bytes of an upload are here: where to resume.
    pub async fn received(&self, room: &Digest, digest: &Digest) -> Result<u64, FilesError> {
        let name = self.name(room, digest);
        blocking(move || {
            for path in [name.clone(), name.with_extension(PART)] {
                match fs::metadata(&path) {
                    Ok(found) => return Ok(found.len()),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(at(&path)(error)),
                }
            }
            Ok(0)
        })
        .await
    }

    /// Begins to serve an attachment at `offset`; `None` if it is not here, or not complete.
    pub async fn get(
        &self,
        room: &Digest,
        digest: &Digest,
        offset: u64,
    ) -> Result<Option<Download>, FilesError> {
        let path = self.name(room, digest);
        blocking(move || {
            let mut file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(at(&path)(error)),
            };
            let size = file.metadata().map_err(at(&path))?.len();
            if offset > size {
                return Err(FilesError::Beyond { size, offset });
            }
            file.seek(SeekFrom::Start(offset)).map_err(at(&path))?;
            Ok(Some(Download { path, file: Some(file), size }))
        })
        .await
    }

    /// While this is held no attachment is purged: from before one is found to be here until the post that
    /// names it stands.
    pub async fn hold(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.naming).read_owned().await
    }

    /// While this is held no post comes to name an attachment.
    pub async fn alone(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.naming).write_owned().await
    }

    /// Removes an attachment, complete or not, durably. Does nothing if it is not here.
    pub async fn purge(&self, room: &Digest, digest: &Digest) -> Result<(), FilesError> {
        let (folder, name) = (self.folder(room), self.name(room, digest));
        blocking(move || {
            let part = remove(&name.with_extension(PART))?;
            if remove(&name)? || part {
                sync(&folder)?;
            }
            Ok(())
        })
        .await
    }

    /// Whether an attachment is here, whole and as it was received. Reads all of it.
    pub async fn verify(&self, room: &Digest, digest: &Digest) -> Result<bool, FilesError> {
        let (name, digest) = (self.name(room, digest), *digest);
        blocking(move || match File::open(&name) {
            Ok(mut file) => {
                let mut hash = Context::new(&SHA256);
                hash_from(&mut file, u64::MAX, &mut hash).map_err(at(&name))?;
                Ok(hash.finish().as_ref() == digest.as_bytes())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(&name)(error)),
        })
        .await
    }

    /// The complete attachments of a room, in no order.
    pub async fn list(&self, room: &Digest) -> Result<Vec<Digest>, FilesError> {
        let folder = self.folder(room);
        blocking(move || Ok(names(&folder)?.iter().filter_map(|name| Digest::from_hex(name)).collect())).await
    }

    /// Removes uploads of a room that nobody has gone on with for `age`; says how many.
    pub async fn expire(&self, room: &Digest, age: Duration) -> Result<usize, FilesError> {
        let folder = self.folder(room);
        blocking(move || {
            let mut removed = 0;
            for name in names(&folder)?.into_iter().filter(|name| name.ends_with(PART)) {
                let path = folder.join(name);
                // Gone, or in use: not ours to remove.
                let Ok(file) = File::open(&path) else { continue };
                let Ok(()) = file.try_lock() else { continue };
                let changed = file.metadata().and_then(|found| found.modified()).map_err(at(&path))?;
                if SystemTime::now().duration_since(changed).is_ok_and(|since| since >= age) {
                    removed += usize::from(remove(&path)?);
                }
            }
            Ok(removed)
        })
        .await
    }

    fn folder(&self, room: &Digest) -> PathBuf {
        self.dir.join(room.to_hex())
    }

    fn name(&self, room: &Digest, digest: &Digest) -> PathBuf {
        self.folder(room).join(digest.to_hex())
    }
}

impl Upload {
    /// How many bytes are here.
    pub fn received(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.received)
    }

    /// Takes the bytes at `offset`, which must be the next ones.
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
            part.file.write_all(&bytes).map_err(at(&part.path))?;
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

impl Download {
    /// The size of the whole attachment in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes, up to 64 KiB; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FilesError> {
        let mut file = self.file.take().ok_or(FilesError::Broken)?;
        let path = self.path.clone();
        let (file, bytes) = blocking(move || {
            let mut bytes = Vec::with_capacity(CHUNK);
            let limit = u64::try_from(CHUNK).unwrap_or(u64::MAX);
            (&mut file).take(limit).read_to_end(&mut bytes).map_err(at(&path))?;
            Ok((file, bytes))
        })
        .await?;
        self.file = Some(file);
        Ok((!bytes.is_empty()).then(|| Bytes::from(bytes)))
    }
}

/// Hashes up to `limit` bytes from where the file stands.
fn hash_from(file: &mut File, limit: u64, hash: &mut Context) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut file = file.take(limit);
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            None | Some([]) => return Ok(()),
            Some(bytes) => hash.update(bytes),
        }
    }
}

/// The names of the files in a folder; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, FilesError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(at(folder)(error)),
    };
    let name =
        |entry: io::Result<fs::DirEntry>| Ok(entry.map_err(at(folder))?.file_name().into_string().ok());
    entries.filter_map(|entry| name(entry).transpose()).collect()
}

fn make_folder(folder: &Path) -> Result<(), FilesError> {
    if folder.try_exists().map_err(at(folder))? {
        return Ok(());
    }
    private_file::folder(folder).map_err(at(folder))?;
    let whole = folder.canonicalize().map_err(at(folder))?;
    whole.parent().map_or(Ok(()), sync)
}

fn remove(path: &Path) -> Result<bool, FilesError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(path)(error)),
    }
}

fn sync(folder: &Path) -> Result<(), FilesError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(FilesError::Broken))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> FilesError {
    let path = path.to_owned();
    |source| FilesError::Files { path, source }
}

#[cfg(test)]
mod tests;
