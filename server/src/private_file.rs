//! Files that hold secrets: read only if nobody else could, written once, never overwritten; and folders
//! that nobody else enters.
//!
//! This file refuses to know what the secret is.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// No key file is larger.
const MAX: u64 = 64 << 10;

/// Why a secret cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrivateFileError {
    /// The system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("{0}: holds a private key that others can read (mode {1:04o}): run `chmod 600 {0}`, and change the key if they may have", .path.display(), .mode)]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no plain file, or far too large.
    #[error("{}: is not a key file: it is no plain file, or larger than 64 KiB", .0.display())]
    NotAKey(PathBuf),
}

/// The content of a file that only its owner can read.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, PrivateFileError> {
    let io = |source| PrivateFileError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    if !metadata.is_file() || metadata.len() > MAX {
        return Err(PrivateFileError::NotAKey(path.to_owned()));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(PrivateFileError::Mode { path: path.to_owned(), mode });
    }
    // Room for all of it, so that growing leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(MAX).unwrap_or(0) + 1));
    (&mut file).take(MAX).read_to_end(&mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Makes a file that only its owner can read, durably; refuses if there is one.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), PrivateFileError> {
    let io = |source| PrivateFileError::Io { path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

/// Makes a folder that only its owner can enter, and those above it, if they are not there.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_once_and_read_only_while_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        create(&path, b"secret").unwrap();
        assert_eq!(read(&path).unwrap().as_slice(), b"secret");
        assert!(matches!(create(&path, b"other"), Err(PrivateFileError::Io { .. })));
        assert_eq!(read(&path).unwrap().as_slice(), b"secret");

        for mode in [0o640, 0o604, 0o622, 0o644] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let error = read(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && !error.contains("secret"), "{error}");
        }
        assert!(matches!(read(folder.path()), Err(PrivateFileError::NotAKey(_))));
    }
}
