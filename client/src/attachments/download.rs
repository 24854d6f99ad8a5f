//! Fetching an attachment: sealed bytes into the profile, verified as they come; then opened into the file wanted.
//!
//! What came before a connection broke stays, and is where the next attempt goes on. The file wanted appears only when
//! all of it is there, is what the author signed, and opens. Other bytes than were signed, or none though the post
//! stands, are the server's doing: an alarm.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use ring::digest::{Context, SHA256};
use tearline_ledger::{
    digest::Digest,
    statement::Post,
    stream::{CHUNK_LEN, StreamError, StreamOpener, TAG_LEN},
};
use tearline_proto::v1;
use tokio::time::timeout;

use super::{AttachmentError, HandedOn, Progress, Waiting, error::io_error, names};
use crate::{
    alarm::Alarm,
    connect::ConnectError,
    desk::{Desk, Room, now},
    durable,
    error::Error,
    evidence::{Exhibit, Raised},
    refs::EntryRef,
    session::{CALL_TIMEOUT, Session, id_bytes},
};

/// By how much the server's clock may be ahead of this one, in seconds, when content ends.
const CLOCKS_DIFFER: u64 = 300;
/// How long is waited before each further attempt, in seconds.
const AGAIN: [u64; 5] = [1, 2, 4, 8, 16];

/// An attachment and the post that serves it.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The post's room.
    pub room: &'a Room,
    /// The post's index.
    pub index: u64,
    /// The attachment.
    pub handed: HandedOn,
}

/// An attachment that is here, sealed, and is what its author signed.
#[derive(Debug)]
pub struct Fetched {
    /// The attachment.
    pub handed: HandedOn,
    /// Sealed bytes that were here before.
    pub before: u64,
    /// Sealed bytes that came.
    pub received: u64,
    part: Part,
    entry: String,
}

/// The local copy of the sealed bytes; no other command touches it meanwhile.
#[derive(Debug)]
struct Part {
    path: PathBuf,
    file: File,
}

/// Fetches an attachment, from where an earlier attempt was broken off.
pub async fn fetch(
    session: &Session,
    desk: &Desk,
    waiting: &Waiting,
    wanted: &Wanted<'_>,
    progress: &mut Progress<'_>,
) -> Result<Fetched, Error> {
    let entry = format!("{}#{}", wanted.room.replica.name(), wanted.index);
    require_live(wanted, &entry)?;
    let mut part = Part::open(waiting, &wanted.handed)?;
    let before = part.length()?;
    let (mut received, mut waits) = (0, AGAIN.iter());
    loop {
        let mut receiver = Receiver::resume(&mut part, wanted)?;
        let resumed = receiver.received > 0;
        let came = receive(session, wanted, &mut receiver, &mut received, progress).await;
        match came {
            Ok(()) => {}
            Err(error) if worth_another(&error) => {
                let Some(wait) = waits.next() else { return Err(error) };
                tokio::time::sleep(Duration::from_secs(*wait)).await;
                continue;
            }
            Err(Error::Refused(refused)) if refused.reason == "NO_SUCH_ATTACHMENT" => {
                return Err(withheld(desk, wanted));
            }
            Err(error) => return Err(error),
        }
        let (digest, fault) = receiver.finish();
        if digest == wanted.handed.named.digest {
            return match fault {
                None => Ok(Fetched { handed: wanted.handed.clone(), before, received, part, entry }),
                Some(error) => {
                    part.remove()?;
                    let name = names::to_save(&wanted.handed.key.name);
                    Err(AttachmentError::DoesNotOpen { entry, name, error }.into())
                }
            };
        }
        if !resumed {
            return Err(wrong(desk, wanted, part, digest));
        }
        // What lay here may be what is wrong: nobody is accused before all has come in one piece.
        part.empty()?;
    }
}

fn worth_another(error: &Error) -> bool {
    match error {
        Error::Connect(ConnectError::Lost { .. } | ConnectError::Unreachable { .. }) => true,
        Error::Attachment(error) => matches!(**error, AttachmentError::BrokenOff { .. }),
        _ => false,
    }
}

/// What was taken back or has ended is not asked for.
fn require_live(wanted: &Wanted<'_>, entry: &str) -> Result<(), Error> {
    let line = wanted.room.replica.line(wanted.index).map_err(Error::Replica)?;
    if line.recalled {
        return Err(AttachmentError::Recalled(entry.to_owned()).into());
    }
    let until = line.signed.statement.sealed().and_then(|post: &Post| post.content_until);
    if until.is_some_and(|until| until <= now() + CLOCKS_DIFFER) {
        return Err(AttachmentError::Expired(entry.to_owned()).into());
    }
    Ok(())
}

async fn receive(
    session: &Session,
    wanted: &Wanted<'_>,
    receiver: &mut Receiver<'_>,
    received: &mut u64,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let named = wanted.handed.named;
    progress(receiver.received, named.size);
    if receiver.received == named.size {
        return Ok(());
    }
    let request = v1::GetRequest {
        room: id_bytes(wanted.room.replica.room()),
        digest: Bytes::copy_from_slice(named.digest.as_bytes()),
        offset: receiver.received,
        index: wanted.index,
    };
    let mut client = session.attachments();
    let answer = timeout(CALL_TIMEOUT, client.get(request)).await.map_err(|_| session.timed_out())?;
    let mut chunks = answer.map_err(|status| session.refused(&status))?.into_inner();
    loop {
        let next = timeout(CALL_TIMEOUT, chunks.message()).await.map_err(|_| session.timed_out())?;
        let Some(chunk) = next.map_err(|status| session.refused(&status))? else { break };
        *received += chunk.data.len() as u64;
        let more = receiver.take(&chunk.data)?;
        progress(receiver.received.min(named.size), named.size);
        if !more {
            return Ok(());
        }
    }
    if receiver.received == named.size {
        return Ok(());
    }
    let name = names::to_save(&wanted.handed.key.name);
    Err(AttachmentError::BrokenOff { name, received: receiver.received, size: named.size }.into())
}

/// Takes sealed bytes in order: into the part, the digest and, chunk by chunk, the opener.
struct Receiver<'a> {
    part: &'a mut Part,
    hash: Context,
    opener: StreamOpener,
    chunk: Vec<u8>,
    received: u64,
    size: u64,
    /// The first chunk that did not open.
    fault: Option<StreamError>,
    /// More bytes came than there are.
    beyond: bool,
}

impl<'a> Receiver<'a> {
    /// Goes on after the last whole chunk of what is here.
    fn resume(part: &'a mut Part, wanted: &Wanted<'_>) -> Result<Self, AttachmentError> {
        const SEALED_CHUNK: u64 = (CHUNK_LEN + TAG_LEN) as u64;
        let size = wanted.handed.named.size;
        let found = part.length()?;
        let whole =
            if found >= size { size * u64::from(found == size) } else { found - found % SEALED_CHUNK };
        let mut hash = Context::new(&SHA256);
        part.rewind(whole, &mut hash)?;
        let opener = wanted.handed.opener()?.resume_at(whole.div_ceil(SEALED_CHUNK));
        let (chunk, fault) = (Vec::with_capacity(CHUNK_LEN + TAG_LEN), None);
        Ok(Self { part, hash, opener, chunk, received: whole, size, fault, beyond: false })
    }

    /// Whether more is to come.
    fn take(&mut self, mut bytes: &[u8]) -> Result<bool, AttachmentError> {
        self.part.write(bytes)?;
        self.hash.update(bytes);
        self.received += bytes.len() as u64;
        self.beyond = self.received > self.size;
        while let (Some(wants), None) = (self.opener.wants(), &self.fault) {
            let (next, rest) = bytes.split_at_checked(wants - self.chunk.len()).unwrap_or((bytes, &[]));
            self.chunk.extend_from_slice(next);
            bytes = rest;
            if self.chunk.len() < wants {
                break;
            }
            self.fault = self.opener.push(std::mem::take(&mut self.chunk)).err();
        }
        Ok(!self.beyond)
    }

    /// The digest of all that came, and why it does not open, if it does not.
    fn finish(self) -> (Digest, Option<StreamError>) {
        let digest = Digest::from_slice(self.hash.finish().as_ref()).unwrap_or_default();
        let fault = self.fault.or_else(|| self.opener.finish().err());
        (digest, fault)
    }
}

impl Part {
    fn open(waiting: &Waiting, handed: &HandedOn) -> Result<Self, AttachmentError> {
        let path = waiting.path(&format!("{}.incoming", handed.named.digest));
        let file = durable::open_private(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file }),
            Err(TryLockError::WouldBlock) => Err(AttachmentError::InUse(names::to_save(&handed.key.name))),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &path)(error)),
        }
    }

    fn length(&self) -> Result<u64, AttachmentError> {
        Ok(self.file.metadata().map_err(io_error("look at", &self.path))?.len())
    }

    /// Keeps the first `length` bytes, hashes them, and stands at their end.
    fn rewind(&mut self, length: u64, hash: &mut Context) -> Result<(), AttachmentError> {
        self.file.set_len(length).map_err(io_error("write", &self.path))?;
        self.file.seek(SeekFrom::Start(0)).map_err(io_error("read", &self.path))?;
        let mut buffer = vec![0; CHUNK_LEN];
        loop {
            let read = self.file.read(&mut buffer).map_err(io_error("read", &self.path))?;
            match buffer.get(..read) {
                None | Some([]) => return Ok(()),
                Some(bytes) => hash.update(bytes),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), AttachmentError> {
        self.file.write_all(bytes).map_err(io_error("write", &self.path))
    }

    fn empty(&mut self) -> Result<(), AttachmentError> {
        self.file.set_len(0).map_err(io_error("write", &self.path))
    }

    fn remove(self) -> Result<(), AttachmentError> {
        fs::remove_file(&self.path).map_err(io_error("remove", &self.path))
    }
}

fn withheld(desk: &Desk, wanted: &Wanted<'_>) -> Error {
    let (room, index) = (wanted.room.replica.name().to_owned(), wanted.index);
    raise(desk, wanted, Alarm::AttachmentWithheld { room, index }.into())
}

/// Keeps what was served beside the evidence, and accuses.
fn wrong(desk: &Desk, wanted: &Wanted<'_>, part: Part, served: Digest) -> Error {
    let (room, index) = (wanted.room.replica.name().to_owned(), wanted.index);
    let size = match part.length() {
        Ok(size) => size,
        Err(error) => return error.into(),
    };
    let file = format!("{served}.served");
    let folder = desk.profile().evidence_dir();
    let kept = durable::make_folder(&folder)
        .map_err(AttachmentError::from)
        .and_then(|()| fs::rename(&part.path, folder.join(&file)).map_err(io_error("move", &part.path)));
    if let Err(error) = kept {
        return error.into();
    }
    let exhibit = Exhibit::Attachment {
        what: "served in its place".to_owned(),
        named: wanted.handed.named.digest.to_hex(),
        served: served.to_hex(),
        size,
        file,
    };
    raise(desk, wanted, Raised::from(Alarm::WrongAttachment { room, index }).with(exhibit))
}

fn raise(desk: &Desk, wanted: &Wanted<'_>, raised: Raised) -> Error {
    let id = wanted.room.replica.room();
    match wanted.room.replica.require_entry(wanted.index) {
        Ok(kept) => desk.raise(id, raised.with(Exhibit::entry("kept here", wanted.index, kept.bytes()))),
        Err(error) => desk.alarmed(id, error),
    }
}

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
        use std::os::unix::fs::OpenOptionsExt as _;
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
                head = bytes.get(..bytes.len().min(super::media::HEAD)).unwrap_or_default().to_vec();
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
        (Some(found), ..) => Ok(found),
        (None, Some(found), None) => Ok(found),
        _ => Err(none(wanted)),
    }
}
