//! Saving: what was fetched, opened into the file wanted, which appears only when all of it is there and opens.
//!
//! Takes no file's place unasked, and follows no name that came from others. Where the sealed bytes come from is not
//! known here.

use std::{
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use ring::digest::{Context, SHA256};
use tearline_ledger::{
    digest::Digest,
    stream::{CHUNK_LEN, StreamError, StreamOpener},
};

use super::{AttachmentError, HandedOn, download::Fetched, error::io_error, media, names};
use crate::{durable, refs::EntryRef};

/// A file that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where.
    pub path: PathBuf,
    /// SHA-256 of the plain file.
    pub plain: Digest,
    /// Its first bytes.
    pub head: Vec<u8>,
}

impl Fetched {
    /// The plain bytes, opened as they are read.
    pub fn reader(&mut self) -> Result<impl Read + '_, AttachmentError> {
        let path = &self.part.path;
        self.part.file.seek(SeekFrom::Start(0)).map_err(io_error("read", path))?;
        let opener = self.handed.opener()?;
        Ok(Opening { file: &mut self.part.file, opener, plain: io::Cursor::new(Vec::new()) })
    }

    /// Opens it into a file that appears only when it is whole. `overwrite`: take the place of one that is there.
    pub fn save(mut self, target: &Path, overwrite: bool) -> Result<Saved, AttachmentError> {
        let exists = || AttachmentError::Exists(target.to_owned());
        if !overwrite && fs::symlink_metadata(target).is_ok() {
            return Err(exists());
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.part"));
        let written = self.write(&temporary);
        let (plain, head) = written.inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        let moved = if overwrite { fs::rename(&temporary, target) } else { take_place(&temporary, target) };
        moved.map_err(|error| {
            drop(fs::remove_file(&temporary));
            if error.kind() == io::ErrorKind::AlreadyExists {
                exists()
            } else {
                io_error("create", target)(error)
            }
        })?;
        durable::sync_folder(parent(target))?;
        self.part.remove()?;
        Ok(Saved { path: target.to_owned(), plain, head })
    }

    /// Forgets the sealed bytes.
    pub fn forget(self) -> Result<(), AttachmentError> {
        self.part.remove()
    }

    fn write(&mut self, temporary: &Path) -> Result<(Digest, Vec<u8>), AttachmentError> {
        // What an attempt that was killed left; never what a link leads to.
        match fs::remove_file(temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove", temporary)(error));
            }
            _ => {}
        }
        let out = File::options().write(true).create_new(true).mode(0o600).open(temporary);
        let mut out = out.map_err(io_error("create", temporary))?;
        let (entry, name) = (self.entry.clone(), names::to_save(&self.handed.key.name));
        let mut plain = self.reader()?;
        let (mut hash, mut head, mut buffer) = (Context::new(&SHA256), Vec::new(), vec![0; CHUNK_LEN]);
        loop {
            let read = plain.read(&mut buffer).map_err(|error| does_not_open(&entry, &name, error))?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            if head.is_empty() {
                head = bytes.get(..bytes.len().min(media::HEAD)).unwrap_or_default().to_vec();
            }
            hash.update(bytes);
            out.write_all(bytes).map_err(io_error("write", temporary))?;
        }
        out.sync_all().map_err(io_error("write", temporary))?;
        Ok((Digest::from_slice(hash.finish().as_ref()).unwrap_or_default(), head))
    }
}

fn does_not_open(entry: &str, name: &str, error: io::Error) -> AttachmentError {
    match error.downcast::<StreamError>() {
        Ok(error) => AttachmentError::DoesNotOpen { entry: entry.to_owned(), name: name.to_owned(), error },
        Err(error) => io_error("read", Path::new(name))(error),
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file its name, unless another has it. A link refuses that by itself; where there are no links, as on many
/// memory sticks, it is looked at just before.
fn take_place(temporary: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, target) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) if fs::symlink_metadata(target).is_ok() => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(temporary, target),
    }
}

/// Plain bytes out of sealed ones. The error at its end, if the last chunk did not come, is the opener's.
struct Opening<'a> {
    file: &'a mut File,
    opener: StreamOpener,
    plain: io::Cursor<Vec<u8>>,
}

impl Read for Opening<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.plain.read(out)?;
            let Some(wants) = self.opener.wants().filter(|_| read == 0 && !out.is_empty()) else {
                return Ok(read);
            };
            let mut sealed = Vec::with_capacity(wants);
            (&mut *self.file).take(wants as u64).read_to_end(&mut sealed)?;
            self.plain = io::Cursor::new(self.opener.push(sealed).map_err(io::Error::other)?);
        }
    }
}

/// Where a file is saved: in a folder under its own name, made fit; else as the path says.
pub fn target(out: &Path, name: &str) -> PathBuf {
    if out.is_dir() { out.join(names::to_save(name)) } else { out.to_owned() }
}

/// The attachment that a number, from 1, or a name means. If there is only one, it need not be said.
pub fn choose<'a>(
    entry: &EntryRef,
    all: &'a [HandedOn],
    wanted: Option<&str>,
) -> Result<(usize, &'a HandedOn), AttachmentError> {
    let none = |wanted: &str| {
        let shown: Vec<String> = (1..)
            .zip(all)
            .map(|(number, it)| format!("{number} ({})", names::to_save(&it.key.name)))
            .collect();
        let has = if shown.is_empty() { "none".to_owned() } else { shown.join(", ") };
        AttachmentError::NoSuch { entry: entry.to_string(), wanted: wanted.escape_debug().to_string(), has }
    };
    let Some(wanted) = wanted else {
        return match all {
            [only] => Ok((1, only)),
            [] => Err(none("at all")),
            _ => Err(none("of its own")),
        };
    };
    let by_number = wanted
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_sub(1).and_then(|at| all.get(at)).map(|found| (number, found)));
    let mut by_name =
        (1..).zip(all).filter(|(_, it)| it.key.name == wanted || names::to_save(&it.key.name) == wanted);
    match (by_number, by_name.next(), by_name.next()) {
        (Some(found), ..) | (None, Some(found), None) => Ok(found),
        _ => Err(none(wanted)),
    }
}
