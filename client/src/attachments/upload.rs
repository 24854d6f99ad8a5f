//! Sending sealed bytes: asked first whether they may come, then from where the server has them.
//!
//! A broken connection is tried again a few times; what the server has by then is not sent twice. What is sent was
//! sealed before; nothing here opens it.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use bytes::Bytes;
use tearline_ledger::id::RoomId;
use tearline_proto::v1;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::{AttachmentError, Progress, error::io_error, names, outgoing::Outgoing};
use crate::{
    connect::ConnectError,
    error::Error,
    session::{CALL_TIMEOUT, Session, id_bytes},
};

/// Bytes in a message.
const CHUNK: usize = 64 << 10;
/// Messages that are read ahead.
const AHEAD: usize = 4;
/// How long is waited before each further attempt, in seconds.
const AGAIN: [u64; 5] = [1, 2, 4, 8, 16];

/// What was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Bytes that the server had already, before the first attempt.
    pub before: u64,
    /// Bytes that were sent, over all attempts.
    pub sent: u64,
}

/// Sends an attachment for a room, from where the server has it.
pub async fn upload(
    session: &Session,
    room: RoomId,
    file: &Outgoing,
    progress: &mut Progress<'_>,
) -> Result<Sent, Error> {
    let mut done = Sent { before: 0, sent: 0 };
    let mut waits = AGAIN.iter();
    let mut first = true;
    loop {
        let attempt = attempt(session, room, file, &mut done, &mut first, progress).await;
        let error = match attempt {
            Ok(()) => return Ok(done),
            Err(error) => error,
        };
        let Some(wait) = waits.next().filter(|_| worth_another(&error)) else { return Err(error) };
        tokio::time::sleep(Duration::from_secs(*wait)).await;
    }
}

/// Whether the next attempt may go better: the connection was lost, or an earlier one is not closed yet.
fn worth_another(error: &Error) -> bool {
    match error {
        Error::Connect(ConnectError::Lost { .. } | ConnectError::Unreachable { .. }) => true,
        Error::Refused(refused) => matches!(refused.reason.as_str(), "ATTACHMENT_BUSY"),
        _ => false,
    }
}

async fn attempt(
    session: &Session,
    room: RoomId,
    file: &Outgoing,
    done: &mut Sent,
    first: &mut bool,
    progress: &mut Progress<'_>,
) -> Result<(), Error> {
    let (digest, size) = (file.handed.named.digest, file.handed.named.size);
    let received = session.offer(room, digest, size).await?;
    if std::mem::take(first) {
        done.before = received;
    }
    progress(received, size);
    if received >= size {
        return Ok(());
    }
    let (chunks, stream) = mpsc::channel(AHEAD);
    let (told, mut sent) = mpsc::channel(AHEAD);
    let head = v1::Chunk {
        room: id_bytes(room),
        digest: Bytes::copy_from_slice(digest.as_bytes()),
        size,
        ..v1::Chunk::default()
    };
    let reading = tokio::task::spawn_blocking({
        let path = file.path().to_owned();
        move || read(&path, received, head, &chunks, &told)
    });
    let mut client = session.attachments()?;
    let call = client.put(ReceiverStream::new(stream));
    tokio::pin!(call);
    let mut at = received;
    let answer = loop {
        tokio::select! {
            answer = &mut call => break answer,
            told = timeout(CALL_TIMEOUT, sent.recv()) => match told {
                Ok(Some(bytes)) => {
                    (done.sent, at) = (done.sent + bytes, at + bytes);
                    progress(at, size);
                }
                // All is handed over; the server makes it durable.
                Ok(None) => break timeout(2 * CALL_TIMEOUT, &mut call).await.map_err(|_| session.timed_out())?,
                Err(_) => return Err(session.timed_out()),
            },
        }
    };
    while let Ok(bytes) = sent.try_recv() {
        done.sent += bytes;
    }
    // So that its reader ends if the server has answered early.
    drop(sent);
    let answer = answer.map_err(|status| session.refused(&status));
    reading.await.map_err(|_| broken(file.path()))??;
    let received = answer?.into_inner().received;
    if received == size {
        return Ok(());
    }
    let name = names::to_save(&file.handed.key.name);
    Err(AttachmentError::NotAll { name, received, size }.into())
}

/// Reads the sealed file from an offset into messages, until it ends or nobody takes them any more.
fn read(
    path: &Path,
    mut offset: u64,
    head: v1::Chunk,
    chunks: &mpsc::Sender<v1::Chunk>,
    told: &mpsc::Sender<u64>,
) -> Result<(), AttachmentError> {
    let mut file = File::open(path).map_err(io_error("open", path))?;
    file.seek(SeekFrom::Start(offset)).map_err(io_error("read", path))?;
    let mut head = Some(head);
    loop {
        let mut data = Vec::with_capacity(CHUNK);
        (&mut file).take(CHUNK as u64).read_to_end(&mut data).map_err(io_error("read", path))?;
        if data.is_empty() {
            return Ok(());
        }
        let length = data.len() as u64;
        let chunk = v1::Chunk { offset, data: data.into(), ..head.take().unwrap_or_default() };
        if chunks.blocking_send(chunk).is_err() || told.blocking_send(length).is_err() {
            return Ok(());
        }
        offset += length;
    }
}

fn broken(path: &Path) -> AttachmentError {
    io_error("read", path)(std::io::Error::other("its reader stopped"))
}
