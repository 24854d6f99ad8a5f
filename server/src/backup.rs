//! `tearlined backup`: a bundle of all rooms in a file, from a running server or from a stopped one's store.
//!
//! The file is whole or not there. Specification: `docs/operations.md`, "Backup".

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read as _, Write as _},
    os::unix::{fs::OpenOptionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use tearline_ledger::{
    bundle::{Begin, BundleError, Reader, Row},
    id::RoomId,
};

use crate::{
    config::Config,
    control,
    cut::{self, CutError},
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
    let mut out = Counted { out: BufWriter::new(file), written: 0, progress };
    let saved = match UnixStream::connect(control::socket(&config.data)) {
        Ok(server) => from_server(server, &mut out, part)?,
        Err(_) => from_store(config, &mut out)?,
    };
    out.out.flush().map_err(at)?;
    out.out.get_ref().sync_all().map_err(at)?;
    Ok(saved)
}

fn from_server<P: FnMut(u64)>(
    mut server: UnixStream,
    out: &mut Counted<P>,
    part: &Path,
) -> Result<Saved, BackupError> {
    let ask = |server: &mut UnixStream| {
        server.set_read_timeout(Some(SILENCE))?;
        server.write_all(control::BACKUP.as_bytes())
    };
    ask(&mut server).map_err(BackupError::Server)?;
    let mut saved = Saved { running: true, ..Saved::default() };
    let (mut reader, mut buffer) = (Reader::new(), vec![0; READ]);
    loop {
        let read = server.read(&mut buffer).map_err(BackupError::Server)?;
        if read == 0 {
            break;
        }
        let bytes = buffer.get(..read).unwrap_or_default();
        out.write_all(bytes).map_err(|source| BackupError::File { path: part.to_owned(), source })?;
        reader.feed(bytes);
        while let Some(row) = reader.next_row()? {
            match row {
                Row::Room(_) => saved.rooms += 1,
                Row::Entry(_) => saved.entries += 1,
                Row::Begin(_) | Row::End => {}
            }
        }
    }
    reader.finish()?;
    Ok(saved)
}

fn from_store<P: FnMut(u64)>(config: &Config, out: &mut Counted<P>) -> Result<Saved, BackupError> {
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(BackupError::NoStore(folder));
    }
    let store = SledStore::open(&folder, Options::default())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| BackupError::File { path: folder.clone(), source })?;
    let begin = Begin { domain: config.domain.clone(), chamber: RoomId(config.chamber), written_at: now() };
    let mut saved = Saved::default();
    runtime.block_on(async {
        let rooms = cut::of_store(&store).await?;
        let told = |room: &cut::CutRoom| {
            saved.rooms += 1;
            saved.entries += room.size;
        };
        cut::write(&store, &begin, rooms, out, told).await
    })?;
    Ok(saved)
}

/// Counts what is written.
struct Counted<P> {
    out: BufWriter<File>,
    written: u64,
    progress: P,
}

impl<P: FnMut(u64)> io::Write for Counted<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += written as u64;
        (self.progress)(self.written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
