//! The store that is embedded in the server: sled, one tree, one writing thread.
//!
//! Small reads run where they are called, because they cost less than a change of threads; large ones and scrubs
//! run on blocking threads. Refuses to know what it stores. Layout: `docs/spec.md`, annex D.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use bytes::Bytes;
use tearline_ledger::digest::Digest;
use tearline_ledger::merkle::NodeId;
use tokio::sync::{mpsc, oneshot};

use super::directory::{Directory, Room};
use super::start::{self, Opened};
use super::writer::{Answer, Request, Write, Writer};
use super::{Commit, Head, Mark, RoomId, Scrubbed, Store, StoreError, StoredRow, read, scrub};

/// Up to so many rows or nodes are read on the caller's thread.
const SMALL: usize = 16;

/// What may be chosen about an embedded store.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The engine's page cache, in bytes; at least 1 MiB.
    pub cache_bytes: u64,
    /// Requests that may wait for the writing thread; later ones wait to be queued.
    pub queue: usize,
    /// Rows after which a durable write takes no further commits.
    pub group_rows: usize,
    /// Bytes after which a durable write takes no further commits.
    pub group_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 192 << 20, queue: 1024, group_rows: 256, group_bytes: 4 << 20 }
    }
}

/// A store in a folder of its own. Dropping it finishes what is queued.
#[derive(Debug)]
pub struct SledStore {
    shared: Arc<Shared>,
    /// There until the store is dropped.
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    tree: ::sled::Db,
    directory: Arc<Directory>,
    /// Released last.
    _lock: File,
}

impl SledStore {
    /// Opens the store in `dir`, or makes one. Blocks: it reads the end of every room.
    ///
    /// Refuses a store that is in use, incomplete, damaged at the end of a room, or that holds less than was
    /// acknowledged.
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        let Opened { tree, file, mark, lock, directory, tail } = start::open(dir, options)?;
        let directory = Arc::new(directory);
        let writer = Writer {
            tree: tree.clone(),
            file,
            mark,
            directory: Arc::clone(&directory),
            tail,
            group_rows: options.group_rows,
            group_bytes: options.group_bytes,
        };
        let (queue, requests) = mpsc::channel(options.queue.max(1));
        let thread = Builder::new().name("store".to_owned()).spawn(move || writer.run(requests));
        let thread = thread.map_err(|source| StoreError::Files { path: dir.to_owned(), source })?;
        let shared = Arc::new(Shared { tree, directory, _lock: lock });
        Ok(Self { shared, queue: Some(queue), thread: Some(thread) })
    }

    /// Puts the store into the state after a failed write.
    #[cfg(test)]
    pub(super) fn fail_for_test(&self, reason: &str) {
        self.shared.directory.fail(reason);
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, StoreError> {
        let gone = || StoreError::Failed { reason: Arc::from("the writing thread has ended") };
        let (answer, answered) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(request(answer)).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    async fn write(&self, write: Write) -> Result<(), StoreError> {
        self.ask(|answer| Request::Write(write, answer)).await
    }

    /// Runs `read` here if it is small, on a blocking thread otherwise.
    async fn read<T: Send + 'static>(
        &self,
        room: &RoomId,
        small: bool,
        read: impl FnOnce(&::sled::Tree, &Room) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let room = self.shared.directory.room(room)?;
        if small {
            return read(&self.shared.tree, &room);
        }
        let shared = Arc::clone(&self.shared);
        let task = tokio::task::spawn_blocking(move || read(&shared.tree, &room));
        task.await.map_err(|error| StoreError::Engine { reason: error.to_string() })?
    }
}

impl Store for SledStore {
    async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        self.write(Write::Commit(commit)).await
    }

    async fn head(&self, room: &RoomId) -> Result<Option<Head>, StoreError> {
        self.ask(|answer| Request::Head(*room, answer)).await
    }

    async fn rooms(&self) -> Result<Vec<(RoomId, String)>, StoreError> {
        self.shared.directory.working()?;
        Ok(self.shared.directory.list())
    }

    async fn rooms_of(&self, member: &str) -> Result<Vec<RoomId>, StoreError> {
        self.ask(|answer| Request::RoomsOf(member.to_owned(), answer)).await
    }

    async fn rows(
        &self,
        room: &RoomId,
        from: u64,
        limit: u64,
        max_bytes: usize,
        content: bool,
    ) -> Result<Vec<StoredRow>, StoreError> {
        let small = usize::try_from(limit).is_ok_and(|limit| limit <= SMALL);
        self.read(room, small, move |tree, room| read::rows(tree, room, from, limit, max_bytes, content))
            .await
    }

    async fn hashes(&self, room: &RoomId, nodes: &[NodeId]) -> Result<Vec<Digest>, StoreError> {
        if nodes.len() <= 4 * SMALL {
            return read::hashes(&self.shared.tree, &*self.shared.directory.room(room)?, nodes);
        }
        let nodes = nodes.to_vec();
        self.read(room, false, move |tree, room| read::hashes(tree, room, &nodes)).await
    }

    async fn find(&self, room: &RoomId, id: &[u8; 16]) -> Result<Option<u64>, StoreError> {
        let room = self.shared.directory.room(room)?;
        let found = read::find(&self.shared.tree, &room, id)?;
        Ok(found.filter(|index| *index < room.head.size))
    }

    async fn marks(&self, room: &RoomId, from: u64, limit: usize) -> Result<Vec<Mark>, StoreError> {
        self.read(room, limit <= SMALL, move |tree, room| read::marks(tree, room, from, limit)).await
    }

    async fn purge(&self, room: &RoomId, index: u64) -> Result<(), StoreError> {
        self.write(Write::Purge(*room, index)).await
    }

    async fn cosignatures(&self, room: &RoomId) -> Result<Vec<Bytes>, StoreError> {
        self.read(room, true, read::cosignatures).await
    }

    async fn put_cosignature(
        &self,
        room: &RoomId,
        witness: &str,
        cosignature: Bytes,
    ) -> Result<(), StoreError> {
        let witness = witness.to_owned();
        self.write(Write::Cosignature { room: *room, witness, bytes: cosignature }).await
    }

    async fn scrub(&self, room: &RoomId, from: u64, limit: u64) -> Result<Scrubbed, StoreError> {
        self.read(room, false, move |tree, room| Ok(scrub::scrub(tree, room, from, limit))).await
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writing thread panicked");
        }
    }
}
