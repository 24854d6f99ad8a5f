//! Files on their way out: sealed in chunks into the profile, with what lets an interrupted sending go on.
//!
//! Each file is sealed under a fresh random key. Until the post that hands on the key is entered, the key lies in a
//! journal beside the sealed bytes, itself sealed under the room's key; a file that is attached again before that, and
//! is still what it was, goes on from there. Whom it is for is not known here.

use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ring::digest::{Context, SHA256};
use tearline_ledger::{
    digest::Digest,
    keys::fresh,
    statement::Attachment,
    stream::{StreamSealer, sealed_size},
};
use tearline_proto::v1;
use zeroize::Zeroizing;

use super::{
    AttachmentError, HandedOn, Progress, Waiting,
    error::io_error,
    journal::{Facts, Secret, close, facts, find},
    media, names, stream,
};
use crate::{
    desk::Room,
    durable::{self, FileError},
};

/// How long a file waits that nobody goes on with.
const WAITS: Duration = Duration::from_hours(48);
/// A file, sealed and ready to be sent.
#[derive(Debug)]
pub struct Outgoing {
    /// What the post says of it.
    pub handed: HandedOn,
    /// SHA-256 of the plain file.
    pub plain: Digest,
    /// Whether an earlier attempt had sealed it.
    pub resumed: bool,
    pub(super) sealed: PathBuf,
    pub(super) journal: PathBuf,
}

impl Outgoing {
    /// The sealed bytes.
    pub fn path(&self) -> &Path {
        &self.sealed
    }

    /// Forgets what was kept in order to go on: the post is entered.
    pub fn done(self) -> Result<(), AttachmentError> {
        for path in [&self.journal, &self.sealed] {
            remove(path)?;
        }
        Ok(())
    }
}

/// Refuses a file that could be attached nowhere, before anybody writes what it is to go with.
pub fn look(path: &Path) -> Result<(), AttachmentError> {
    names::of_path(path)?;
    open(path).map(drop)
}

/// Seals a file for a room, or finds what an earlier attempt sealed.
pub fn seal_file(
    waiting: &Waiting,
    room: &Room,
    (path, mark): (&Path, &str),
    progress: &mut Progress<'_>,
) -> Result<Outgoing, AttachmentError> {
    expire(waiting)?;
    let name = names::of_path(path)?;
    let mut file = open(path)?;
    let before = file.metadata().map_err(io_error("look at", path))?;
    require_size(room, path, before.len())?;
    let known = facts(path, &before)?;
    if let Some(mut found) = find(waiting, room, &known)? {
        mark.clone_into(&mut found.handed.key.mark);
        let (hash, _) = hash(&mut file, path, before.len(), progress)?;
        if hash == found.plain {
            return Ok(found);
        }
        found.done()?;
        file = open(path)?;
    }
    let head = head_of(path)?;
    let media_type = media::guess(&name, &head).to_owned();
    let sealed = seal_from(waiting, &mut file, before.len(), path, progress)?;
    let after = file.metadata().map_err(io_error("look at", path))?;
    let ended = file.read(&mut [0]).map_err(io_error("read", path))? == 0;
    if !ended || facts(path, &after)? != known {
        remove(&sealed.path)?;
        return Err(AttachmentError::Changed(path.to_owned()));
    }
    let told = Told { name, media_type, mark: mark.to_owned() };
    keep(waiting, room, sealed, Some(known), told)
}

/// Seals again, under a fresh key, what `plain` reads: `size` bytes that another attachment opens to.
pub fn seal_again(
    waiting: &Waiting,
    room: &Room,
    plain: &mut dyn Read,
    old: &HandedOn,
    progress: &mut Progress<'_>,
) -> Result<Outgoing, AttachmentError> {
    let name = PathBuf::from(names::to_save(&old.key.name));
    let sealed = seal_from(waiting, plain, old.key.size, &name, progress)?;
    let v1::AttachmentKey { name, media_type, mark, .. } = old.key.clone();
    keep(waiting, room, sealed, None, Told { name, media_type, mark })
}

/// What readers are told of a file.
struct Told {
    name: String,
    media_type: String,
    mark: String,
}

/// Sealed bytes that have no journal yet.
struct Sealed {
    path: PathBuf,
    named: Attachment,
    plain: Digest,
    size: u64,
    key: Zeroizing<[u8; 32]>,
}

fn seal_from(
    waiting: &Waiting,
    plain: &mut dyn Read,
    size: u64,
    path: &Path,
    progress: &mut Progress<'_>,
) -> Result<Sealed, AttachmentError> {
    let temporary = waiting.path(&format!("{}.sealing", hex::encode(*fresh::<8>()?)));
    let sealed = seal_into(&temporary, plain, size, path, progress);
    if sealed.is_err() {
        remove(&temporary)?;
    }
    let (named, plain, key) = sealed?;
    let target = waiting.path(&format!("{}.sealed", named.digest));
    fs::rename(&temporary, &target).map_err(io_error("rename", &temporary))?;
    Ok(Sealed { path: target, named, plain, size, key })
}

fn seal_into(
    temporary: &Path,
    plain: &mut dyn Read,
    size: u64,
    path: &Path,
    progress: &mut Progress<'_>,
) -> Result<(Attachment, Digest, Zeroizing<[u8; 32]>), AttachmentError> {
    let options = File::options().write(true).create_new(true).mode(0o600).open(temporary);
    let mut out = options.map_err(io_error("create", temporary))?;
    let (mut sealer, key) = StreamSealer::new(size).map_err(stream)?;
    let mut hash = Context::new(&SHA256);
    let (mut buffer, mut done) = (Vec::new(), 0);
    while let Some(wants) = sealer.wants() {
        buffer.clear();
        let limit = u64::try_from(wants).unwrap_or(u64::MAX);
        (&mut *plain).take(limit).read_to_end(&mut buffer).map_err(io_error("read", path))?;
        if buffer.len() != wants {
            return Err(AttachmentError::Changed(path.to_owned()));
        }
        hash.update(&buffer);
        let chunk = sealer.push(&buffer).map_err(stream)?;
        out.write_all(&chunk).map_err(io_error("write", temporary))?;
        done += limit;
        progress(done, size);
    }
    out.sync_all().map_err(io_error("write", temporary))?;
    let whole = sealer.finish().map_err(stream)?;
    let plain = Digest::from_slice(hash.finish().as_ref()).unwrap_or_default();
    let named = Attachment { digest: whole.digest, size: whole.size };
    Ok((named, plain, Zeroizing::new(*key.expose())))
}

/// Writes the journal, and so makes the sealed bytes ones to go on with. Without facts nothing finds it again.
fn keep(
    waiting: &Waiting,
    room: &Room,
    sealed: Sealed,
    facts: Option<Facts>,
    told: Told,
) -> Result<Outgoing, AttachmentError> {
    let journal = waiting.path(&format!("{}.journal", sealed.named.digest));
    if let Some(facts) = facts {
        let secret = Secret {
            facts,
            plain: sealed.plain.to_hex(),
            key: hex::encode(sealed.key.as_slice()),
            name: told.name.clone(),
            media_type: told.media_type.clone(),
            mark: told.mark.clone(),
            digest: sealed.named.digest.to_hex(),
        };
        durable::replace(&journal, &close(room, &secret)?)?;
    }
    let key = v1::AttachmentKey {
        digest: sealed.named.digest.as_bytes().to_vec().into(),
        size: sealed.size,
        key: sealed.key.to_vec().into(),
        name: told.name,
        media_type: told.media_type,
        mark: told.mark,
    };
    let handed = HandedOn { named: sealed.named, key };
    Ok(Outgoing { handed, plain: sealed.plain, resumed: false, sealed: sealed.path, journal })
}

/// Removes what nobody has gone on with for two days.
fn expire(waiting: &Waiting) -> Result<(), AttachmentError> {
    for (path, modified) in files(waiting)? {
        if SystemTime::now().duration_since(modified).is_ok_and(|since| since >= WAITS) {
            remove(&path)?;
        }
    }
    Ok(())
}

pub(super) fn files(waiting: &Waiting) -> Result<Vec<(PathBuf, SystemTime)>, AttachmentError> {
    let folder = &waiting.0;
    let entries = fs::read_dir(folder).map_err(io_error("look into", folder))?;
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry.map_err(io_error("look into", folder))?;
        // Gone meanwhile: another command's.
        let Ok(found) = entry.metadata() else { continue };
        out.push((entry.path(), found.modified().unwrap_or(SystemTime::UNIX_EPOCH)));
    }
    Ok(out)
}

fn open(path: &Path) -> Result<File, AttachmentError> {
    // Looked at first: to open a pipe would wait for its other end.
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => AttachmentError::Missing(path.to_owned()),
        _ => io_error("look at", path)(error),
    })?;
    let kind = found.file_type();
    let what = match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("folder"),
        () if kind.is_fifo() || kind.is_socket() => Some("pipe"),
        () => Some("device"),
    };
    if let Some(what) = what {
        return Err(AttachmentError::NotAFile { path: path.to_owned(), what });
    }
    if found.len() == 0 {
        return Err(AttachmentError::Empty(path.to_owned()));
    }
    File::open(path).map_err(io_error("open", path))
}

/// Refuses what the room would refuse, before it is read.
fn require_size(room: &Room, path: &Path, size: u64) -> Result<(), AttachmentError> {
    let most = room.replica.state().map_or(0, |state| state.charter().limits.attachment_bytes);
    let sealed = sealed_size(size).unwrap_or(u64::MAX);
    if sealed <= most {
        return Ok(());
    }
    let room = room.replica.name().to_owned();
    Err(AttachmentError::TooLarge { path: path.to_owned(), room, size: sealed, most })
}

fn head_of(path: &Path) -> Result<Vec<u8>, AttachmentError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(io_error("open", path))?;
    file.take(media::HEAD as u64).read_to_end(&mut head).map_err(io_error("read", path))?;
    Ok(head)
}

/// SHA-256 of a file, and how many bytes it had.
fn hash(
    file: &mut File,
    path: &Path,
    size: u64,
    progress: &mut Progress<'_>,
) -> Result<(Digest, u64), AttachmentError> {
    let (mut hash, mut buffer, mut done) = (Context::new(&SHA256), vec![0; 64 << 10], 0);
    loop {
        let read = file.read(&mut buffer).map_err(io_error("read", path))?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        done += bytes.len() as u64;
        progress(done, size);
    }
    Ok((Digest::from_slice(hash.finish().as_ref()).unwrap_or_default(), done))
}

fn remove(path: &Path) -> Result<(), AttachmentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(FileError::Io { action: "remove", path: path.to_owned(), error }.into())
        }
        _ => Ok(()),
    }
}
