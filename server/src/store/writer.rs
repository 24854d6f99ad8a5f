//! The one thread that writes: takes what is waiting, makes it durable in one go, then answers.
//!
//! The engine's flush is not an fsync, so its file is synced here after each. A write that fails is never tried
//! again: the store is failed for good, because what reached the disk is unknown. Refuses to know what it writes.
//! Specification: `docs/spec.md`, annex D.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::directory::Directory;
use super::group::{Group, Ready};
use super::layout::Tail;
use super::mark::MarkFile;
use super::{Commit, Head, RoomId, StoreError, read};

/// Where an answer goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the thread does. Reads that must not see what is not yet durable stand in the same queue.
pub(super) enum Request {
    Write(Write, Answer<()>),
    Head(RoomId, Answer<Option<Head>>),
    RoomsOf(String, Answer<Vec<RoomId>>),
}

/// What becomes durable.
pub(super) enum Write {
    Commit(Commit),
    Purge(RoomId, u64),
    Cosignature { room: RoomId, witness: String, bytes: Bytes },
}

/// The state of the thread.
pub(super) struct Writer {
    pub(super) tree: ::sled::Db,
    /// The engine's own file, open for syncing it.
    pub(super) file: File,
    pub(super) mark: MarkFile,
    pub(super) directory: Arc<Directory>,
    pub(super) tail: Tail,
    /// A group takes no more once it has so many rows or bytes.
    pub(super) group_rows: usize,
    pub(super) group_bytes: usize,
}

impl Writer {
    /// Serves the queue until its last sender is gone.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut carried = None;
        while let Some(request) = carried.take().or_else(|| queue.blocking_recv()) {
            match request {
                Request::Write(write, answer) => carried = self.write_group(write, answer, &mut queue),
                Request::Head(room, answer) => answer_with(answer, || self.head(&room)),
                Request::RoomsOf(member, answer) => answer_with(answer, || self.rooms_of(&member)),
            }
        }
        // The mark is not needed for durability; synced, it also guards against a copy of a stopped store.
        if self.directory.working().is_ok()
            && let Err(error) = self.mark.sync()
        {
            tracing::warn!(%error, "the store's mark could not be synced");
        }
    }

    /// Writes `first` and all that waits behind it; gives back the first request that did not fit.
    fn write_group(
        &mut self,
        first: Write,
        answer: Answer<()>,
        queue: &mut mpsc::Receiver<Request>,
    ) -> Option<Request> {
        let mut group = Group::new(&self.tree, &self.directory, self.tail);
        let mut committed = matches!(first, Write::Commit(_));
        let mut answers = vec![(answer, admit(&mut group, first))];
        let mut carried = None;
        loop {
            let (rows, bytes) = group.weight();
            if rows >= self.group_rows || bytes >= self.group_bytes {
                break;
            }
            match queue.try_recv() {
                // A purge reads what is durable, so it cannot follow a commit in one group.
                Ok(Request::Write(write, answer)) if !(committed && matches!(write, Write::Purge(..))) => {
                    committed |= matches!(write, Write::Commit(_));
                    answers.push((answer, admit(&mut group, write)));
                }
                Ok(other) => {
                    carried = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        if let Some(ready) = group.finish() {
            self.make_durable(ready);
        }
        for (answer, admitted) in answers {
            // Nobody waits for the answer any more: the write stands all the same.
            let _ = answer.send(self.directory.working().and(admitted));
        }
        carried
    }

    fn make_durable(&mut self, ready: Ready) {
        if self.directory.working().is_err() {
            return;
        }
        let acknowledged = ready.acknowledged();
        let Ready { batch, tail, rooms, .. } = ready;
        let written = catch_unwind(AssertUnwindSafe(|| {
            self.tree.apply_batch(batch).map_err(io::Error::other)?;
            self.tree.flush().map_err(io::Error::other)?;
            self.file.sync_data()?;
            self.mark.write(acknowledged)
        }));
        let failure = match written {
            Ok(Ok(())) => {
                self.tail = tail;
                self.directory.publish(rooms);
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the engine gave up".to_owned(),
        };
        tracing::error!(reason = failure, "the store failed to write and does nothing more");
        self.directory.fail(&failure);
    }

    fn head(&self, room: &RoomId) -> Result<Option<Head>, StoreError> {
        self.directory.get(room)?.map(|room| read::head(&self.tree, &room)).transpose()
    }

    fn rooms_of(&self, member: &str) -> Result<Vec<RoomId>, StoreError> {
        self.directory.working()?;
        let numbers = read::rooms_of(&self.tree, member)
            .map_err(|fault| StoreError::Engine { reason: fault.to_string() })?;
        Ok(numbers.into_iter().filter_map(|number| self.directory.by_number(number)).collect())
    }
}

fn admit(group: &mut Group<'_>, write: Write) -> Result<(), StoreError> {
    match write {
        Write::Commit(commit) => group.commit(commit),
        Write::Purge(room, index) => group.purge(&room, index),
        Write::Cosignature { room, witness, bytes } => group.cosignature(&room, &witness, &bytes),
    }
}

fn answer_with<T>(answer: Answer<T>, find: impl FnOnce() -> Result<T, StoreError>) {
    let _ = answer.send(find());
}
