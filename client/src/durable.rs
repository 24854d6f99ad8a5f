//! Private folders and files that are either wholly there or not at all.
//!
//! Folders are made with mode 0700 and files with 0600. A file is replaced by writing another, syncing
//! it, renaming it and syncing the folder. What is in a file is for others to know.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufWriter, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Why a file of the profile cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file to be made is there already.
    #[error("{} exists and is not overwritten: move it away, or choose another folder", .0.display())]
    Exists(PathBuf),
    /// The file is not there.
    #[error("{} does not exist: is this the right profile folder?", .0.display())]
    Missing(PathBuf),
    /// Others than its owner may read a private file.
    #[error("{} can be read by others: run `chmod 600` on it and consider whether it is still secret", .0.display())]
    Exposed(PathBuf),
    /// The file is longer than any such file can be.
    #[error("{} is longer than {max} bytes: it is not the file that belongs there", path.display())]
    TooLong {
        /// Which file.
        path: PathBuf,
        /// The bound, in bytes.
        max: u64,
    },
    /// The system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |error| match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path),
        io::ErrorKind::AlreadyExists => FileError::Exists(path),
        _ => FileError::Io { action, path, error },
    }
}

/// Makes a folder that only its owner may enter; one that is there already is left as it is.
pub fn make_folder(path: &Path) -> Result<(), FileError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(io_error("make folder", path)(error)),
    }
}

/// Writes a file that is not there yet, durably.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = write_temporary(path, bytes)?;
    // A link, unlike a rename, refuses to take the place of a file.
    let linked = fs::hard_link(&temporary, path).map_err(io_error("create", path));
    let removed = fs::remove_file(&temporary).map_err(io_error("remove", &temporary));
    linked.and(removed)?;
    sync_parent(path)
}

/// Writes a file in the place of the one that may be there, durably and all at once.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let temporary = write_temporary(path, bytes)?;
    fs::rename(&temporary, path).map_err(io_error("replace", path))?;
    sync_parent(path)
}

/// A file that is written piece by piece onto whatever medium (a stick may know no links), and is there once it is
/// whole and durable. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Delivery {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    done: bool,
}

impl Delivery {
    /// Begins a file that is not there yet.
    pub fn begin(path: &Path) -> Result<Self, FileError> {
        if path.symlink_metadata().is_ok() {
            return Err(FileError::Exists(path.to_owned()));
        }
        let temporary = temporary(path)?;
        let file = create_temporary(&temporary)?;
        Ok(Self { path: path.to_owned(), temporary, file: BufWriter::new(file), done: false })
    }

    /// Writes the next piece.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.file.write_all(bytes).map_err(io_error("write", &self.path))
    }

    /// The file is whole.
    pub fn finish(mut self) -> Result<(), FileError> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.map_err(io_error("write", &self.path))?;
        fs::rename(&self.temporary, &self.path).map_err(io_error("create", &self.path))?;
        self.done = true;
        sync_parent(&self.path)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.done {
            // Whoever began it is told why it did not end.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Reads a file of at most `max` bytes.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(io_error("open", path))?;
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(io_error("read", path))?;
    if bytes.len() as u64 > max {
        return Err(FileError::TooLong { path: path.to_owned(), max });
    }
    Ok(bytes)
}

/// Refuses a file that its group or others may read.
pub fn require_private(path: &Path) -> Result<(), FileError> {
    let mode = fs::metadata(path).map_err(io_error("look at", path))?.mode();
    let exposed = [0o070, 0o007].iter().any(|others| mode & others != 0);
    if exposed { Err(FileError::Exposed(path.to_owned())) } else { Ok(()) }
}

/// Opens a private file for reading and writing, making it if need be.
pub fn open_private(path: &Path) -> Result<File, FileError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io_error("open", path))
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> Result<(), FileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(io_error("sync", path))
}

/// Held while files are changed that two commands must not change at once; released when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until no other command holds the lock of this file.
    pub fn take(path: &Path) -> Result<Self, FileError> {
        let file = open_private(path)?;
        file.lock().map_err(io_error("lock", path))?;
        Ok(Self { _file: file })
    }
}

fn write_temporary(path: &Path, bytes: &[u8]) -> Result<PathBuf, FileError> {
    let temporary = temporary(path)?;
    let mut file = create_temporary(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(io_error("write", &temporary))?;
    Ok(temporary)
}

/// The name of a file's first writing; what another left under it is gone.
fn temporary(path: &Path) -> Result<PathBuf, FileError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &temporary)(error)),
        _ => Ok(temporary),
    }
}

fn create_temporary(temporary: &Path) -> Result<File, FileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(temporary).map_err(io_error("create", temporary))
}

/// Makes a file's name durable.
pub fn sync_parent(path: &Path) -> Result<(), FileError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_never_takes_the_place_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        create(&path, b"one").unwrap();
        assert!(matches!(create(&path, b"two"), Err(FileError::Exists(_))));
        assert_eq!(read(&path, 10).unwrap(), b"one");
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path, 10).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn folders_and_files_are_for_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("profile");
        make_folder(&folder).unwrap();
        make_folder(&folder).unwrap();
        let path = folder.join("keys");
        create(&path, b"").unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        require_private(&path).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        assert!(matches!(require_private(&path), Err(FileError::Exposed(_))));
    }

    #[test]
    fn a_file_that_is_too_long_or_missing_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(matches!(read(&path, 3), Err(FileError::Missing(_))));
        create(&path, b"four").unwrap();
        assert!(matches!(read(&path, 3), Err(FileError::TooLong { max: 3, .. })));
    }

    #[test]
    fn a_lock_is_held_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = Lock::take(&path).unwrap();
        let other = open_private(&path).unwrap();
        assert!(other.try_lock().is_err());
        drop(lock);
        assert!(other.try_lock().is_ok());
    }
}
