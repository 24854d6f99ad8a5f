//! Attachments: sealed bytes of any length as files, received and served in chunks, never whole in memory.
//!
//! What an organisation sends stays among its own uploads, whole or not, until a statement names it; then it is
//! entered in the statement's room. So nobody learns from an upload what others have sent. Refuses to know members,
//! rooms' rules and keys; limits of size are the caller's. Specification: `docs/spec.md`, annex E.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tearline_ledger::{digest::Digest, name::Org};
use tokio::sync::OwnedMutexGuard;

use crate::private_file;

pub use self::error::FilesError;
pub use self::upload::Upload;

mod error;
mod upload;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// Ends the name of a file that is not yet complete.
const PART: &str = "part";

/// The folder of uploads that no statement names yet. No room's id is called so.
const UPLOADS: &str = "uploads";

/// All attachments: in each room those that were entered in it, and each organisation's uploads.
#[derive(Debug, Clone)]
pub struct Attachments {
    dir: PathBuf,
    /// How many uploads of one organisation may wait.
    uploads: usize,
    /// Held while uploads are counted and one is begun.
    counting: Arc<Mutex<()>>,
    /// Held by whoever enters attachments with the posts that name them, and by whoever removes some.
    naming: Arc<tokio::sync::Mutex<()>>,
}

/// How an upload begins.
#[derive(Debug)]
pub enum Put {
    /// It is here already.
    Complete,
    /// Send the bytes.
    Upload(Upload),
}

/// An attachment of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// Its size in bytes.
    pub size: u64,
    /// Whether it was not there before.
    pub fresh: bool,
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
    /// Attachments in `dir`, which is made if it is not there. `uploads`: how many files one organisation may have
    /// sent, whole or in part, that no statement names.
    pub async fn open(dir: &Path, uploads: usize) -> Result<Self, FilesError> {
        let attachments = Self::existing(dir, uploads);
        let dir = dir.to_owned();
        blocking(move || make_folder(&dir)).await?;
        Ok(attachments)
    }

    /// The same, to be looked at: nothing is made.
    pub fn existing(dir: &Path, uploads: usize) -> Self {
        Self { dir: dir.to_owned(), uploads, counting: Arc::default(), naming: Arc::default() }
    }

    /// How much of an attachment for this room is here: where its sender begins or resumes. Refused if the organisation
    /// has too many others waiting.
    pub async fn offer(&self, from: &Org, room: &Digest, digest: &Digest) -> Result<u64, FilesError> {
        let (entered, upload, uploads) =
            (self.name(room, digest), self.upload(from, room, digest), self.uploads);
        blocking(move || {
            for path in [entered, upload.clone(), upload.with_extension(PART)] {
                if let Some(size) = size_of(&path)? {
                    return Ok(size);
                }
            }
            upload::require_place(&upload, uploads)?;
            Ok(0)
        })
        .await
    }

    /// Begins or resumes an upload at `offset`. What an earlier attempt left beyond `offset` is dropped.
    pub async fn put(
        &self,
        from: &Org,
        room: &Digest,
        digest: &Digest,
        size: u64,
        offset: u64,
    ) -> Result<Put, FilesError> {
        let (entered, name, digest) = (self.name(room, digest), self.upload(from, room, digest), *digest);
        let (uploads, counting) = (self.uploads, Arc::clone(&self.counting));
        let above = self.dir.join(UPLOADS);
        blocking(move || {
            if size_of(&entered)?.is_some() || size_of(&name)?.is_some() {
                return Ok(Put::Complete);
            }
            if offset > size {
                return Err(FilesError::Beyond { size, offset });
            }
            make_folder(&above)?;
            name.parent().map_or(Ok(()), make_folder)?;
            let _counting = counting.lock().unwrap_or_else(PoisonError::into_inner);
            upload::require_place(&name, uploads)?;
            Ok(Put::Upload(Upload::open(name, digest, size, offset)?))
        })
        .await
    }

    /// Enters an organisation's whole upload in its room, durably; `None` if it is neither in the room nor an upload.
    /// The upload stays until it is settled.
    pub async fn enter(
        &self,
        from: &Org,
        room: &Digest,
        digest: &Digest,
    ) -> Result<Option<Entered>, FilesError> {
        self.link(self.upload(from, room, digest), room, digest).await
    }

    /// Makes an attachment of one room one of another, durably, without a copy of its bytes; `None` if neither has it.
    pub async fn hand_on(
        &self,
        source: &Digest,
        room: &Digest,
        digest: &Digest,
    ) -> Result<Option<Entered>, FilesError> {
        self.link(self.name(source, digest), room, digest).await
    }

    async fn link(
        &self,
        source: PathBuf,
        room: &Digest,
        digest: &Digest,
    ) -> Result<Option<Entered>, FilesError> {
        let (folder, name) = (self.folder(room), self.name(room, digest));
        blocking(move || {
            if let Some(size) = size_of(&name)? {
                return Ok(Some(Entered { size, fresh: false }));
            }
            let Some(size) = size_of(&source)? else { return Ok(None) };
            make_folder(&folder)?;
            fs::hard_link(&source, &name).map_err(at(&name))?;
            sync(&folder)?;
            Ok(Some(Entered { size, fresh: true }))
        })
        .await
    }

    /// Makes a whole file the attachment of a room, durably, in the place of what is there.
    pub async fn put_back(&self, whole: &Path, room: &Digest, digest: &Digest) -> Result<(), FilesError> {
        let (above, folder, name) = (self.dir.clone(), self.folder(room), self.name(room, digest));
        let whole = whole.to_owned();
        blocking(move || {
            make_folder(&above)?;
            make_folder(&folder)?;
            remove(&name)?;
            fs::hard_link(&whole, &name).map_err(at(&name))?;
            sync(&folder)
        })
        .await
    }

    /// Where they are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Forgets an upload that was entered.
    pub async fn settle(&self, from: &Org, room: &Digest, digest: &Digest) -> Result<(), FilesError> {
        let upload = self.upload(from, room, digest);
        blocking(move || remove(&upload).map(drop)).await
    }

    /// Begins to serve an attachment of a room at `offset`; `None` if it is not there.
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

    /// While this is held nobody else enters attachments in rooms, with the posts that name them, or removes some.
    pub async fn alone(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.naming).lock_owned().await
    }

    /// Removes an attachment from a room, durably. Does nothing if it is not there. The same bytes may still be another
    /// room's.
    pub async fn purge(&self, room: &Digest, digest: &Digest) -> Result<(), FilesError> {
        let (folder, name) = (self.folder(room), self.name(room, digest));
        blocking(move || if remove(&name)? { sync(&folder) } else { Ok(()) }).await
    }

    /// Whether an attachment is in a room, whole and as it was received. Reads all of it.
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

    /// The attachments of a room, in no order.
    pub async fn list(&self, room: &Digest) -> Result<Vec<Digest>, FilesError> {
        let folder = self.folder(room);
        blocking(move || Ok(names(&folder)?.iter().filter_map(|name| Digest::from_hex(name)).collect())).await
    }

    /// The rooms that have attachments, in no order.
    pub async fn rooms(&self) -> Result<Vec<Digest>, FilesError> {
        let dir = self.dir.clone();
        blocking(move || Ok(names(&dir)?.iter().filter_map(|name| Digest::from_hex(name)).collect())).await
    }

    /// Whether an attachment of a room has been still for `age`: not entered, in this room or another, nor taken out of one.
    pub async fn rests(&self, room: &Digest, digest: &Digest, age: Duration) -> Result<bool, FilesError> {
        let name = self.name(room, digest);
        blocking(move || match fs::metadata(&name) {
            // A link changes the time of the file's own record.
            Ok(found) => {
                let changed =
                    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(found.ctime()).unwrap_or(0));
                Ok(SystemTime::now().duration_since(changed).is_ok_and(|since| since >= age))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(at(&name)(error)),
        })
        .await
    }

    /// Removes uploads, whole or not, that nobody has gone on with for `age`; says how many.
    pub async fn expire(&self, age: Duration) -> Result<usize, FilesError> {
        let above = self.dir.join(UPLOADS);
        blocking(move || {
            let mut removed = 0;
            for organisation in names(&above)? {
                let folder = above.join(organisation);
                for name in names(&folder)? {
                    removed += usize::from(upload::expire(&folder.join(name), age)?);
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

    fn upload(&self, from: &Org, room: &Digest, digest: &Digest) -> PathBuf {
        let name = format!("{}-{}", room.to_hex(), digest.to_hex());
        self.dir.join(UPLOADS).join(from.as_str()).join(name)
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

/// The size of a file; `None` if it is not there.
fn size_of(path: &Path) -> Result<Option<u64>, FilesError> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path)(error)),
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
    |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FilesError::Full { path },
        _ => FilesError::Files { path, source },
    }
}

#[cfg(test)]
mod tests;
