//! Opening a store: its folder and lock, the engine, and the checks before anything is served.
//!
//! Checked are the format, that no acknowledged commit is lost, every head, the last row and the root of each room,
//! and that nothing lies beyond. The rest is the scrub's. Refuses to know what rows mean.
//! Specification: `docs/spec.md`, annex D.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::directory::{Directory, Room};
use super::layout::{self, FORMAT, HeadRow, Place, Tail};
use super::mark::{Acknowledged, MarkFile};
use super::read::{self, Fault, check, fetch, guarded};
use super::{Damage, Options, StoreError, tree};
use crate::private_file;

/// A store that passed the checks.
pub(super) struct Opened {
    pub(super) tree: ::sled::Db,
    pub(super) file: File,
    pub(super) mark: MarkFile,
    /// Holds the lock on the folder for as long as it lives.
    pub(super) lock: File,
    pub(super) directory: Directory,
    pub(super) tail: Tail,
}

pub(super) fn open(dir: &Path, options: Options) -> Result<Opened, StoreError> {
    private_file::folder(dir).map_err(files(dir))?;
    let lock = lock(dir)?;
    let rows = dir.join("rows");
    let blobs = rows.join("blobs");
    let (mark, acknowledged) = open_mark(dir, &rows)?;
    refuse_blobs(&blobs)?;
    let tree = open_engine(&rows, options)?;
    let db = rows.join("db");
    let file = File::open(&db).map_err(files(&db))?;
    let known = fetch(&tree, layout::FORMAT_KEY, "the format").map_err(|fault| damaged(&fault))?;
    let tail = match known {
        Some(format) => {
            let format = format.body().try_into().map(u32::from_be_bytes);
            let format = format.map_err(|_| damaged(&Fault::Malformed("the format")))?;
            if format != FORMAT {
                return Err(StoreError::Format { found: format });
            }
            let tail = fetch(&tree, layout::TAIL_KEY, "the tail").map_err(|fault| damaged(&fault))?;
            let tail = tail.ok_or_else(|| damaged(&Fault::Missing("the tail")))?;
            Tail::decode(tail.body()).ok_or_else(|| damaged(&Fault::Malformed("the tail")))?
        }
        None if acknowledged.commits == 0 && tree.is_empty() => {
            initialise(&tree, &file).map_err(files(&db))?;
            for folder in [&blobs, &rows, dir] {
                sync_folder(folder)?;
            }
            sync_folder(&rows.join("conf"))?;
            Tail::default()
        }
        None => Tail::default(),
    };
    let Acknowledged { commits, room, size } = acknowledged;
    if tail.commits < commits {
        return Err(StoreError::LostCommits { found: tail.commits, acknowledged: commits, room, size });
    }
    let directory = load(&tree, tail)?;
    Ok(Opened { tree, file, mark, lock, directory, tail })
}

fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(files(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::Files { path, source }),
    }
}

/// The mark, made if the store is new: it is there before the engine's file and never without it.
fn open_mark(dir: &Path, rows: &Path) -> Result<(MarkFile, Acknowledged), StoreError> {
    let path = dir.join("mark");
    let exists = |path: &Path| path.try_exists().map_err(files(path));
    let (known, engine) = (exists(&path)?, exists(&rows.join("db"))?);
    if known {
        let (mark, acknowledged) = MarkFile::open(&path).map_err(files(&path))?;
        match acknowledged {
            Some(acknowledged) if engine || acknowledged.commits == 0 => return Ok((mark, acknowledged)),
            Some(_) => return Err(StoreError::HalfCopied { path: rows.join("db") }),
            None if engine => return Err(StoreError::HalfCopied { path }),
            None => {}
        }
    } else if engine {
        return Err(StoreError::HalfCopied { path });
    }
    let mark = MarkFile::create(&path).map_err(files(&path))?;
    sync_folder(dir)?;
    if let Some(parent) = dir.canonicalize().map_err(files(dir))?.parent() {
        sync_folder(parent)?;
    }
    Ok((mark, Acknowledged::default()))
}

fn refuse_blobs(blobs: &Path) -> Result<(), StoreError> {
    match fs::read_dir(blobs) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(StoreError::Blobs { dir: blobs.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(files(blobs)(error)),
    }
}

fn open_engine(rows: &Path, options: Options) -> Result<::sled::Db, StoreError> {
    let config = ::sled::Config::new()
        .path(rows)
        .cache_capacity(options.cache_bytes.max(1 << 20))
        .flush_every_ms(None);
    // The engine's threads may hold its own lock for a moment after a store in this process was dropped; ours,
    // which is held already, keeps other processes out.
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        match guarded(|| config.open()) {
            Ok(tree) => return Ok(tree),
            Err(reason) if reason.contains("could not acquire lock") && Instant::now() < deadline => {
                sleep(Duration::from_millis(20));
            }
            Err(reason) => return Err(StoreError::Engine { reason }),
        }
    }
}

fn initialise(tree: &::sled::Db, file: &File) -> io::Result<()> {
    let mut batch = ::sled::Batch::default();
    let rows =
        [(layout::FORMAT_KEY, FORMAT.to_be_bytes().to_vec()), (layout::TAIL_KEY, Tail::default().encode())];
    for (key, body) in rows {
        batch.insert(key, layout::with_checksum(key, &body));
    }
    tree.apply_batch(batch).map_err(io::Error::other)?;
    tree.flush().map_err(io::Error::other)?;
    file.sync_all()
}

/// Reads all rooms and checks the end of each.
fn load(tree: &::sled::Db, tail: Tail) -> Result<Directory, StoreError> {
    let mut rooms = Vec::new();
    for (key, value) in read::scan(tree, layout::ROOMS, usize::MAX).map_err(|fault| damaged(&fault))? {
        let value = check(&key, value, "a room's name").map_err(|fault| damaged(&fault))?;
        let id = layout::number_at_end(&key).map(tearline_ledger::digest::Digest);
        let (id, (number, name)) = id
            .zip(layout::decode_room(value.body()))
            .ok_or_else(|| damaged(&Fault::Malformed("a room's name")))?;
        let at = |fault: Fault| fault.at(id, None);
        let head = fetch(tree, &layout::head_key(number), "the head").map_err(at)?;
        let head = head.ok_or_else(|| at(Fault::Missing("the head")))?;
        let head = HeadRow::decode(head.body()).ok_or_else(|| at(Fault::Malformed("the head")))?;
        rooms.push(Room { id, number, name: name.into(), head });
    }
    rooms.sort_by_key(|room| room.number);
    let numbered = (0..tail.rooms).eq(rooms.iter().map(|room| room.number));
    if !numbered {
        let what = format!("{} of {} rooms are there", rooms.len(), tail.rooms);
        return Err(StoreError::Damaged(Damage { room: None, index: None, what }));
    }
    rooms.iter().try_for_each(|room| check_end(tree, room, tail))?;
    let beyond = guarded(|| tree.contains_key(layout::body_key(tail.sequence)));
    if beyond.map_err(Fault::Engine).map_err(|fault| damaged(&fault))? {
        return Err(damaged(&Fault::Malformed("the end of the rows' bodies")));
    }
    let directory = Directory::default();
    directory.publish(rooms);
    Ok(directory)
}

/// That the room's last row is whole, none lies beyond it, and the tree has the root that the head says.
fn check_end(tree: &::sled::Db, room: &Room, tail: Tail) -> Result<(), StoreError> {
    let size = room.head.size;
    let orphan = guarded(|| tree.get_gt(layout::link_key(room.number, size.saturating_sub(1))));
    let orphan = orphan.map_err(|reason| Fault::Engine(reason).at(room.id, None))?;
    let first = layout::link_key(room.number, 0);
    if let Some((key, _)) = orphan
        && key.len() == first.len()
        && key.get(..5) == first.get(..5)
        && let Some(index) = layout::number_at_end(&key).map(u64::from_be_bytes)
    {
        return Err(Fault::Malformed("the row beyond the head").at(room.id, Some(index)));
    }
    if let Some(last) = size.checked_sub(1) {
        let at = |fault: Fault| fault.at(room.id, Some(last));
        let link = read::link(tree, room.number, last).map_err(at)?;
        if matches!(link.place, Place::Body(sequence) if sequence >= tail.sequence) {
            return Err(at(Fault::Malformed("the row's link")));
        }
        let body = read::body(tree, &link, true).map_err(at)?;
        if link.nodes.first() != Some(&tree::leaf(&body.entry)) {
            return Err(at(Fault::Malformed("the leaf's hash")));
        }
    }
    let hashes = read::hashes(tree, room, &tree::frontier(size))?;
    if tree::root(&hashes) != room.head.root {
        return Err(Fault::Malformed("the root").at(room.id, size.checked_sub(1)));
    }
    Ok(())
}

fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(files(path))
}

fn files(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = PathBuf::from(path);
    |source| StoreError::Files { path, source }
}

fn damaged(fault: &Fault) -> StoreError {
    StoreError::Damaged(Damage { room: None, index: None, what: fault.to_string() })
}
