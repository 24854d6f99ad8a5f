//! The operator's door to a running server: a socket in the data folder that only its owner can open.
//!
//! It answers one question, for a cut of all rooms, and changes nothing. What the operator may read here is what
//! the disk holds anyway: sealed content and no key. Specification: `docs/operations.md`, "Backup".

use std::{
    fs,
    io::{self, BufWriter},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tearline_ledger::{bundle::Begin, name::Domain};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use crate::{
    cut::{self, CutError, CutRoom},
    files::Attachments,
    registry::Registry,
    sequencer::now,
    store::Store,
};

/// What asks for a backup.
pub const BACKUP: &str = "backup\n";
/// How long a question may take to come.
const QUESTION: Duration = Duration::from_secs(5);
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
pub async fn serve<S: Store>(
    listener: UnixListener,
    registry: Arc<Registry<S>>,
    files: Attachments,
    domain: Domain,
) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = answer(stream, (&registry, &files), &domain).await {
                    tracing::warn!(%error, "a backup was not finished");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot be listened on");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer<S: Store>(
    stream: UnixStream,
    (registry, files): (&Arc<Registry<S>>, &Attachments),
    domain: &Domain,
) -> Result<(), CutError> {
    let (read, write) = stream.into_split();
    let (mut read, mut question) = (BufReader::new(read), String::new());
    let asked = timeout(QUESTION, read.read_line(&mut question)).await;
    if !matches!(asked, Ok(Ok(_))) || question != BACKUP {
        return Ok(());
    }
    let ids: Vec<_> = registry.all().into_iter().map(|(_, room)| room).collect();
    let views = registry.cut(&ids).await.map_err(|error| io::Error::other(error.to_string()))?;
    let rooms = views.into_iter().map(|(room, view)| CutRoom {
        room,
        name: view.name.to_string(),
        size: view.size().0,
        checkpoint: view.checkpoint.clone(),
    });
    let begin = Begin { domain: domain.clone(), chamber: registry.chamber(), written_at: now() };
    let (store, files) = (Arc::clone(registry.store()), files.clone());
    let rooms: Vec<_> = rooms.collect();
    let count = rooms.len();
    let stream = read.into_inner().reunite(write).map_err(io::Error::other)?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(SILENCE))?;
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
