//! Durable writes: a file is whole and on disk, or it is not there.
//!
//! Knows nothing of what the bytes mean. New files are never written over old ones unless
//! `replace` is asked to.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::{entry::Serial, error::Error};

/// Permission bits of a private file.
pub const PRIVATE: u32 = 0o600;
/// Permission bits of a file that anyone may read.
pub const PUBLIC: u32 = 0o644;

/// Writes a new file and makes it durable. A file that is there already is an error and stays as it is.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    create(path, bytes, mode).map_err(|source| failed("write", path, source))?;
    sync_folder(path)
}

/// Puts a file in the place of the one that is there, if any: readers see the old or the new, whole.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", Serial::random()?));
    let beside = path.with_file_name(name);
    let written = create(&beside, bytes, mode).and_then(|()| fs::rename(&beside, path));
    if let Err(source) = written {
        // The half-written file is of no use; if it cannot be removed either, the cause is the same.
        let _ = fs::remove_file(&beside);
        return Err(failed("write", path, source));
    }
    sync_folder(path)
}

/// Reads a private key; refuses one that others may read. The caller wipes the bytes.
pub(crate) fn read_private(path: &Path) -> Result<Vec<u8>, Error> {
    let read = |source| failed("read", path, source);
    let mut file = File::open(path).map_err(read)?;
    let about = file.metadata().map_err(read)?;
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode });
    }
    // Room for all from the start: a buffer that grows leaves copies of itself behind.
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or_default() + 1);
    file.read_to_end(&mut bytes).map_err(read)?;
    Ok(bytes)
}

pub(crate) fn failed(doing: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Io { doing, path: path.to_owned(), source }
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    // The umask may have taken bits away that readers of a published file need.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(bytes)?;
    file.sync_all()
}

pub(crate) fn sync_folder(path: &Path) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    File::open(&folder).and_then(|dir| dir.sync_all()).map_err(|source| failed("sync", &folder, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_never_replaces_an_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        write_new(&path, b"one", PRIVATE).unwrap();
        assert!(matches!(write_new(&path, b"two", PRIVATE), Err(Error::Io { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_replacement_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("list");
        replace(&path, b"one", PUBLIC).unwrap();
        replace(&path, b"two", PUBLIC).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(replace(&dir.path().join("no/list"), b"", PUBLIC).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
