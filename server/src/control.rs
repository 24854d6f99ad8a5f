//! The operator's door to a running server: a socket in the data folder that only its owner can open.
//!
//! It answers with a cut of all rooms, which changes nothing, and with the answer to a desk's letter, which enters
//! what the letter holds as if the desk had called. What the operator may read here is what the disk holds anyway:
//! sealed content and no key. Specification: `docs/operations.md`, "Backup" and "Desks without a network".

use std::{
    fs,
    io::{self, BufWriter},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tearline_ledger::{bundle::Begin, courier::LETTER_MAX};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::{
    courier,
    cut::{self, CutError, CutRoom},
    sequencer::now,
    service::rooms::House,
    store::Store,
};

/// What asks for a backup.
pub const BACKUP: &str = "backup\n";
/// What asks for the answer to a letter: its length in decimal, an end of line and its bytes follow.
pub const LETTER: &str = "letter ";
/// Before the answer to a letter. Anything else is one line that says why there is none.
pub const ANSWER: &str = "answer\n";
/// How long a question may take to come.
const QUESTION: Duration = Duration::from_secs(5);
/// The longest question, in bytes.
const QUESTION_MAX: u64 = 64;
/// How long whoever asked may take nothing.
const SILENCE: Duration = Duration::from_mins(2);
/// Bytes that are written together.
const PIECE: usize = 256 << 10;

/// Where the socket of a server with this data folder is.
pub fn socket(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Listens; whoever holds the store's lock may take the place of a socket that another left.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers, one after the other, until it is dropped.
pub async fn serve<S: Store>(listener: UnixListener, house: Arc<House<S>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, &house).await {
                    tracing::warn!(%error, "what the operator asked for was not finished");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot be listened on");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer<S: Store>(stream: UnixStream, house: &Arc<House<S>>) -> Result<(), CutError> {
    let (mut stream, mut question) = (BufReader::new(stream), String::new());
    let asked = timeout(QUESTION, (&mut stream).take(QUESTION_MAX).read_line(&mut question)).await;
    if !matches!(asked, Ok(Ok(_))) {
        return Ok(());
    }
    if question == BACKUP {
        return backup(stream.into_inner(), house).await;
    }
    let length = question.strip_prefix(LETTER).and_then(|rest| rest.trim_end().parse::<usize>().ok());
    let Some(length) = length.filter(|length| *length <= LETTER_MAX) else { return Ok(()) };
    let mut letter = vec![0; length];
    timeout(SILENCE, stream.read_exact(&mut letter)).await.map_err(io::Error::other)??;
    reply(stream.into_inner(), house, &letter).await
}

async fn backup<S: Store>(stream: UnixStream, house: &Arc<House<S>>) -> Result<(), CutError> {
    let registry = &house.registry;
    let ids: Vec<_> = registry.all().into_iter().map(|(_, room)| room).collect();
    let views = registry.cut(&ids).await.map_err(|error| io::Error::other(error.to_string()))?;
    let rooms = views.into_iter().map(|(room, view)| CutRoom {
        room,
        name: view.name.to_string(),
        size: view.size().0,
        checkpoint: view.checkpoint.clone(),
    });
    let begin = Begin { domain: house.domain.clone(), chamber: registry.chamber(), written_at: now() };
    let (store, files) = (Arc::clone(registry.store()), house.files.clone());
    let rooms: Vec<_> = rooms.collect();
    let count = rooms.len();
    let stream = patient(stream)?;
    let runtime = tokio::runtime::Handle::current();
    // On a thread of its own, for it waits for the other side's disk.
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, stream);
        runtime.block_on(cut::write((store.as_ref(), &files), &begin, rooms, &mut out, |_| ()))
    });
    writing.await.map_err(io::Error::other)??;
    tracing::info!(rooms = count, "a backup was taken");
    Ok(())
}

async fn reply<S: Store>(
    mut stream: UnixStream,
    house: &Arc<House<S>>,
    letter: &[u8],
) -> Result<(), CutError> {
    let reply = match courier::take(house, letter).await {
        Ok(reply) => reply,
        Err(refused) => {
            let line = format!("{}\n", refused.to_string().replace('\n', " "));
            return Ok(stream.write_all(line.as_bytes()).await?);
        }
    };
    let (desk, units) = (reply.member().desk().to_owned(), reply.units());
    let (store, stream) = (Arc::clone(house.registry.store()), patient(stream)?);
    let runtime = tokio::runtime::Handle::current();
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, stream);
        io::Write::write_all(&mut out, ANSWER.as_bytes())?;
        runtime.block_on(reply.write(store.as_ref(), &mut out))
    });
    writing.await.map_err(io::Error::other)??;
    tracing::info!(desk, units, "a letter was answered");
    Ok(())
}

/// A stream that a thread may wait for.
fn patient(stream: UnixStream) -> io::Result<std::os::unix::net::UnixStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(SILENCE))?;
    Ok(stream)
}
