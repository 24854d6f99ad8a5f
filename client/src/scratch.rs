//! The file that an editor works on: readable by its owner only, and gone when the editing is over.
//!
//! It lies in memory where the system offers that (`XDG_RUNTIME_DIR`), else in the profile, in a folder of
//! its own, so that what an editor puts beside it goes with it. What a kill left behind is found at the next
//! start. Knows no editor and no drafts.

use std::{
    env, fmt,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::{
        ffi::OsStrExt as _,
        fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

use rustix::io::{FdFlags, fcntl_setfd};
use tearline_ledger::{digest::Digest, keys::fresh, name::RoomName};
use zeroize::Zeroizing;

use crate::{
    drafts::TEXT_MAX,
    durable::{self, FileError, Lock},
    template::Template,
};

const LOCK: &str = "lock";
const ENDING: &str = ".md";

/// Why a text cannot be edited, or not be read again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScratchError {
    /// A file or folder cannot be made, read or removed.
    #[error(transparent)]
    File(#[from] FileError),
    /// Saved in another encoding.
    #[error("the text was not saved as UTF-8: save it as UTF-8")]
    NotUtf8,
    /// No randomness for a name.
    #[error(transparent)]
    NoRandomness(#[from] tearline_ledger::keys::NoRandomness),
}

/// A text that is being edited; its folder is removed when this is dropped.
pub struct Scratch {
    folder: PathBuf,
    file: PathBuf,
    /// Held by this process and by its editor: whoever can lock it finds what both left behind.
    lock: File,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scratch({})", self.file.display())
    }
}

impl Scratch {
    /// Puts a text where an editor can work on it. `profile` is the desk's folder.
    pub fn make(
        profile: &Path,
        template: &Template,
        room: Option<&RoomName>,
        text: &str,
    ) -> Result<Self, ScratchError> {
        let place = usable_place(profile)?;
        let _others_wait = Lock::take(&place.join(LOCK))?;
        let folder = place.join(hex::encode(*fresh::<8>()?));
        DirBuilder::new().mode(0o700).create(&folder).map_err(durable::io_error("make folder", &folder))?;
        let lock = folder.join(LOCK);
        let taken = durable::open_private(&lock)
            .and_then(|file| file.try_lock().map(|()| file).map_err(|error| locked(&lock, error)));
        let name = match room {
            Some(room) => format!("{}.{}{ENDING}", room.as_str(), template.kind),
            None => format!("{}{ENDING}", template.kind),
        };
        let file = folder.join(name);
        let written = taken.and_then(|lock| write(&file, text).map(|()| lock));
        match written {
            Ok(lock) => Ok(Self { folder, file, lock }),
            Err(error) => {
                let _ = fs::remove_dir_all(&folder);
                Err(error.into())
            }
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Lets the processes that are started from now on hold the lock too.
    pub fn share(&self) -> Result<(), ScratchError> {
        let shared = fcntl_setfd(&self.lock, FdFlags::empty());
        Ok(shared.map_err(|error| durable::io_error("share", &self.file)(error.into()))?)
    }

    /// What is in the file now.
    pub fn read(&self) -> Result<Zeroizing<String>, ScratchError> {
        let bytes = Zeroizing::new(durable::read(&self.file, TEXT_MAX)?);
        let text = str::from_utf8(&bytes).map_err(|_| ScratchError::NotUtf8)?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// What is in the file now, whatever its encoding: for keeping it, not for sending it.
    pub fn read_anyway(&self) -> Result<Zeroizing<String>, ScratchError> {
        let bytes = Zeroizing::new(durable::read(&self.file, TEXT_MAX)?);
        Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// Of what kind it is and for which room, by the file's name.
    pub fn about(&self) -> Option<(&'static Template, Option<RoomName>)> {
        let name = self.file.file_name()?.to_str()?.strip_suffix(ENDING)?;
        match name.rsplit_once('.') {
            Some((room, kind)) => Some((Template::of(kind)?, Some(room.parse().ok()?))),
            None => Some((Template::of(name)?, None)),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What killed commands of this desk left behind. Texts that are still being edited are not among them.
pub fn leftovers(profile: &Path) -> Result<Vec<Scratch>, ScratchError> {
    let mut out = Vec::new();
    for place in places(profile) {
        if !place.is_dir() {
            continue;
        }
        let _others_wait = Lock::take(&place.join(LOCK))?;
        for entry in fs::read_dir(&place).map_err(durable::io_error("list", &place))? {
            let folder = entry.map_err(durable::io_error("list", &place))?.path();
            if !folder.is_dir() {
                continue;
            }
            let lock = durable::open_private(&folder.join(LOCK))?;
            if lock.try_lock().is_err() {
                continue;
            }
            match text_in(&folder)? {
                Some(file) => out.push(Scratch { folder, file, lock }),
                None => fs::remove_dir_all(&folder).map_err(durable::io_error("remove", &folder))?,
            }
        }
    }
    Ok(out)
}

/// The file of ours in a folder that was left behind.
fn text_in(folder: &Path) -> Result<Option<PathBuf>, FileError> {
    for entry in fs::read_dir(folder).map_err(durable::io_error("list", folder))? {
        let path = entry.map_err(durable::io_error("list", folder))?.path();
        if path.to_str().is_some_and(|path| path.ends_with(ENDING)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Where the texts of a desk are edited: in memory if the system has such a place for its user.
fn places(profile: &Path) -> Vec<PathBuf> {
    let id = fs::canonicalize(profile).unwrap_or_else(|_| profile.to_owned());
    let id: String = Digest::of(id.as_os_str().as_bytes()).to_hex().chars().take(16).collect();
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| is_ours_alone(dir));
    runtime
        .map(|dir| dir.join(format!("tearline-{id}")))
        .into_iter()
        .chain([profile.join("editing")])
        .collect()
}

fn usable_place(profile: &Path) -> Result<PathBuf, ScratchError> {
    for place in places(profile) {
        if durable::make_folder(&place).is_ok() && is_ours_alone(&place) {
            return Ok(place);
        }
    }
    let place = profile.join("editing");
    durable::make_folder(&place)?;
    Ok(durable::require_private(&place).map(|()| place)?)
}

fn is_ours_alone(dir: &Path) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|meta| {
        let others = [0o070, 0o007].iter().any(|others| meta.mode() & others != 0);
        meta.is_dir() && meta.uid() == rustix::process::geteuid().as_raw() && !others
    })
}

fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(durable::io_error("write", path))
}

fn locked(path: &Path, error: fs::TryLockError) -> FileError {
    durable::io_error("lock", path)(io::Error::from(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note() -> &'static Template {
        Template::of("note").unwrap()
    }

    fn make(profile: &Path, room: Option<&str>) -> Scratch {
        let room: Option<RoomName> = room.map(|room| room.parse().unwrap());
        Scratch::make(profile, note(), room.as_ref(), "text").unwrap()
    }

    #[test]
    fn the_file_is_its_owners_alone_and_goes_with_all_that_lies_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = make(dir.path(), Some("drc"));
        let path = scratch.path().to_owned();
        assert!(path.ends_with("drc.note.md"), "{}", path.display());
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        fs::write(path.with_extension("md~"), "an editor's copy").unwrap();
        fs::write(&path, "more").unwrap();
        assert_eq!(scratch.read().unwrap().as_str(), "more");
        drop(scratch);
        assert!(!path.parent().unwrap().exists());
        assert!(leftovers(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn what_a_kill_left_behind_is_found_and_what_is_being_edited_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let (live, killed) = (make(dir.path(), None), make(dir.path(), Some("plenary")));
        let path = killed.path().to_owned();
        drop(File::open(&killed.folder).unwrap());
        // As the system does with a process that is killed.
        killed.lock.unlock().unwrap();
        std::mem::forget(killed);
        let found = leftovers(dir.path()).unwrap();
        assert_eq!(found.iter().map(Scratch::path).collect::<Vec<_>>(), [path.as_path()]);
        let (template, room) = found[0].about().unwrap();
        assert_eq!((template.kind, room), ("note", Some("plenary".parse().unwrap())));
        drop(found);
        assert!(!path.exists() && live.path().exists());
    }

    #[test]
    fn a_text_that_was_saved_in_another_encoding_is_refused_and_can_still_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let scratch = make(dir.path(), None);
        fs::write(scratch.path(), b"caf\xe9").unwrap();
        assert!(matches!(scratch.read(), Err(ScratchError::NotUtf8)));
        assert_eq!(scratch.read_anyway().unwrap().as_str(), "caf\u{fffd}");
    }
}
