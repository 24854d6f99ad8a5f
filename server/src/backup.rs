//! `tearlined backup`: a bundle of all rooms in a file, from a running server or from a stopped one's store.
//!
//! The file is whole or not there. Specification: `docs/operations.md`, "Backup".

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read as _, Write as _},
    os::unix::{fs::OpenOptionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use tearline_ledger::{
    bundle::{Begin, BundleEntry, BundleError, Reader, Row},
    digest::Digest,
    entry::Entry,
    id::{RoomId, StatementId},
    statement::{Act, Post},
};

use crate::{
    config::Config,
    control,
    cut::{self, CutError},
    files::Attachments,
    sequencer::now,
    store::{Options, SledStore, StoreError},
};

const READ: usize = 1 << 20;
/// How long a running server may be silent.
const SILENCE: Duration = Duration::from_mins(2);

/// What was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Saved {
    /// Rooms and access logs.
    pub rooms: u64,
    /// Their entries.
    pub entries: u64,
    /// Attachments.
    pub attachments: usize,
    /// Attachments that posts name, which stand and have no end that is past, and that are not in it.
    pub without_attachments: usize,
    /// Whether a running server gave them.
    pub running: bool,
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file is there.
    #[error("{}: exists: give another name", .0.display())]
    Exists(PathBuf),
    /// The file cannot be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// There is nothing to save.
    #[error("{}: there is no store to save", .0.display())]
    NoStore(PathBuf),
    /// The store of a stopped server cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cut cannot be written.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// The running server broke off.
    #[error("the server broke off ({0}): see its log, then try again")]
    Server(io::Error),
    /// What came is no whole bundle.
    #[error("what the server gave is not whole ({0}): see its log, then try again")]
    Bundle(#[from] BundleError),
}

/// Saves all rooms as they stand into `file`, which must not be there. `progress` is told how many bytes are
/// written.
pub fn backup(config: &Config, file: &Path, progress: impl FnMut(u64)) -> Result<Saved, BackupError> {
    if file.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let part = file.with_extension("part");
    let saved = save(config, &part, progress);
    if saved.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    let saved = saved?;
    let at = |source| BackupError::File { path: file.to_owned(), source };
    fs::rename(&part, file).map_err(at)?;
    let folder = file.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at)?;
    Ok(saved)
}

fn save(config: &Config, part: &Path, progress: impl FnMut(u64)) -> Result<Saved, BackupError> {
    let at = |source| BackupError::File { path: part.to_owned(), source };
    let file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part).map_err(at)?;
    let mut out = Counted { out: BufWriter::new(file), written: 0, progress, read: ReadBack::default() };
    let running = match UnixStream::connect(control::socket(&config.data)) {
        Ok(server) => from_server(server, &mut out, part).map(|()| true)?,
        Err(_) => from_store(config, &mut out).map(|()| false)?,
    };
    out.out.flush().map_err(at)?;
    out.out.get_ref().sync_all().map_err(at)?;
    Ok(Saved { running, ..out.read.finish()? })
}

fn from_server<P: FnMut(u64)>(
    mut server: UnixStream,
    out: &mut Counted<P>,
    part: &Path,
) -> Result<(), BackupError> {
    let ask = |server: &mut UnixStream| {
        server.set_read_timeout(Some(SILENCE))?;
        server.write_all(control::BACKUP.as_bytes())
    };
    ask(&mut server).map_err(BackupError::Server)?;
    let mut buffer = vec![0; READ];
    loop {
        let read = server.read(&mut buffer).map_err(BackupError::Server)?;
        if read == 0 {
            return Ok(());
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        out.write_all(bytes).map_err(|source| BackupError::File { path: part.to_owned(), source })?;
    }
}

fn from_store<P: FnMut(u64)>(config: &Config, out: &mut Counted<P>) -> Result<(), BackupError> {
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(BackupError::NoStore(folder));
    }
    let store = SledStore::open(&folder, Options::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| BackupError::File { path: folder.clone(), source })?;
    let begin = Begin { domain: config.domain.clone(), chamber: RoomId(config.chamber), written_at: now() };
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    runtime.block_on(async {
        let rooms = cut::of_store(&store).await?;
        cut::write((&store, &files), &begin, rooms, out, |_| ()).await
    })?;
    Ok(())
}

/// Counts what is written, and reads it.
struct Counted<P> {
    out: BufWriter<File>,
    written: u64,
    progress: P,
    read: ReadBack,
}

impl<P: FnMut(u64)> io::Write for Counted<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.read.feed(bytes.get(..written).unwrap_or_default());
        self.written += written as u64;
        (self.progress)(self.written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What is in the bundle that is written, by its own rows.
#[derive(Default)]
struct ReadBack {
    reader: Reader,
    broken: Option<BundleError>,
    saved: Saved,
    /// Attachments of each post of the room under way, by the post's id.
    named: HashMap<StatementId, Vec<Digest>>,
    wanted: BTreeSet<Digest>,
    came: BTreeSet<Digest>,
}

impl ReadBack {
    fn feed(&mut self, bytes: &[u8]) {
        if self.broken.is_some() {
            return;
        }
        self.reader.feed(bytes);
        loop {
            match self.reader.next_row() {
                Ok(Some(row)) => self.take(row),
                Ok(None) => return,
                Err(error) => {
                    self.broken = Some(error);
                    return;
                }
            }
        }
    }

    fn take(&mut self, row: Row) {
        match row {
            Row::Room(_) => {
                self.saved.rooms += 1;
                self.wanted.extend(self.named.drain().flat_map(|(_, digests)| digests));
            }
            Row::Entry(entry) => {
                self.saved.entries += 1;
                self.name(entry);
            }
            Row::Piece(piece) => drop(self.came.insert(piece.digest)),
            Row::End => self.wanted.extend(self.named.drain().flat_map(|(_, digests)| digests)),
            Row::Begin(_) => {}
        }
    }

    fn name(&mut self, entry: BundleEntry) {
        let entry = Entry::parse(entry.entry).ok();
        let Some(statement) = entry.as_ref().and_then(|it| it.statement()).map(|it| &it.statement) else {
            return;
        };
        if let Act::Recall { id, .. } = &statement.act {
            self.named.remove(id);
        }
        let live = |post: &&Post| post.content_until.is_none_or(|end| end > now());
        if let Some(post) = statement.sealed().filter(live)
            && !post.attachments.is_empty()
        {
            let digests = post.attachments.iter().map(|it| it.digest).collect();
            self.named.insert(statement.id, digests);
        }
    }

    fn finish(self) -> Result<Saved, BundleError> {
        self.broken.map_or(Ok(()), Err)?;
        self.reader.finish()?;
        let without_attachments = self.wanted.difference(&self.came).count();
        Ok(Saved { attachments: self.came.len(), without_attachments, ..self.saved })
    }
}
