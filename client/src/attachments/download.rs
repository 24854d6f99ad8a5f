//! Fetching an attachment: sealed bytes into the profile, verified as they come.
//!
//! What came before a connection broke stays, and is where the next attempt goes on. Other bytes than were signed, or
//! none though the post stands, are the server's doing: an alarm. What becomes of the bytes is `save`'s affair.

use std::{
    fs::{self, File, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
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
    pub(super) part: Part,
    /// The post, as in `drc#42`.
    pub(super) entry: String,
}

/// The local copy of the sealed bytes; no other command touches it meanwhile.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) path: PathBuf,
    pub(super) file: File,
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
        let mut taking = Receiver::resume(&mut part, wanted)?;
        let resumed = taking.received > 0;
        let came = receive(session, wanted, &mut taking, &mut received, progress).await;
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
        let (digest, fault) = taking.finish();
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
            return Err(wrong(desk, wanted, &part, digest));
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
    taking: &mut Receiver<'_>,
    received: &mut u64,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let named = wanted.handed.named;
    progress(taking.received, named.size);
    if taking.received == named.size {
        return Ok(());
    }
    let request = v1::GetRequest {
        room: id_bytes(wanted.room.replica.room()),
        digest: Bytes::copy_from_slice(named.digest.as_bytes()),
        offset: taking.received,
        index: wanted.index,
    };
    let mut client = session.attachments()?;
    let answer = timeout(CALL_TIMEOUT, client.get(request)).await.map_err(|_| session.timed_out())?;
    let mut chunks = answer.map_err(|status| session.refused(&status))?.into_inner();
    loop {
        let next = timeout(CALL_TIMEOUT, chunks.message()).await.map_err(|_| session.timed_out())?;
        let Some(chunk) = next.map_err(|status| session.refused(&status))? else { break };
        *received += chunk.data.len() as u64;
        let more = taking.take(&chunk.data)?;
        progress(taking.received.min(named.size), named.size);
        if !more {
            return Ok(());
        }
    }
    if taking.received == named.size {
        return Ok(());
    }
    let name = names::to_save(&wanted.handed.key.name);
    Err(AttachmentError::BrokenOff { name, received: taking.received, size: named.size }.into())
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

    pub(super) fn remove(self) -> Result<(), AttachmentError> {
        fs::remove_file(&self.path).map_err(io_error("remove", &self.path))
    }
}

fn withheld(desk: &Desk, wanted: &Wanted<'_>) -> Error {
    let (room, index) = (wanted.room.replica.name().to_owned(), wanted.index);
    raise(desk, wanted, Alarm::AttachmentWithheld { room, index }.into())
}

/// Keeps what was served beside the evidence, and accuses.
fn wrong(desk: &Desk, wanted: &Wanted<'_>, part: &Part, served: Digest) -> Error {
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
