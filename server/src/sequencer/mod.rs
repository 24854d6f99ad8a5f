//! The sequencer: one task that orders all rooms.
//!
//! It takes all calls that are waiting, tries each by the rules, commits what stands in one durable
//! write, publishes it as a whole and answers. Nothing is answered before it is durable. It refuses to
//! know who may call; statements reach it with their signatures verified.

mod batch;
mod checker;
mod history;
mod working;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tearline_ledger::{
    id::RoomId,
    name::MemberName,
    rules::{CheckedStatement, Refusal, SignatureError},
    statement::Signed,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    logkey::LogKey,
    registry::{Registry, RegistryError, RoomView},
    store::{Store, StoreError},
};

/// Calls that may wait; beyond it, callers wait to be let in.
const WAITING: usize = 1024;
/// Statements of one commit.
const COMMIT_MAX: usize = 512;

/// One statement of a call, with the sealed content that belongs to it.
#[derive(Debug)]
pub struct Submission<T> {
    /// The room; for a founding charter, the one that it founds.
    pub room: RoomId,
    /// The statement.
    pub statement: T,
    /// Sealed content, of the digest and size that the statement names.
    pub content: Option<Bytes>,
}

/// A statement that is in its room.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The room.
    pub room: RoomId,
    /// Where it stands.
    pub index: u64,
    /// The encoded entry.
    pub entry: Bytes,
    /// The room as the commit left it.
    pub view: Arc<RoomView>,
}

/// Why a call was not taken.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The rules refuse a statement.
    #[error("submission {at}: {refusal}")]
    Rule {
        /// Which, counted from 0.
        at: usize,
        /// Why.
        refusal: Refusal,
    },
    /// A signature does not hold.
    #[error("submission {at}: {error}")]
    Signature {
        /// Which, counted from 0.
        at: usize,
        /// Why.
        error: SignatureError,
    },
    /// A charter names another log key than the server's.
    #[error("submission {at}: the charter names another log key than this server's, {key}")]
    LogKey {
        /// Which, counted from 0.
        at: usize,
        /// The server's.
        key: String,
    },
    /// A room of this name exists.
    #[error("submission {at}: a room of this name exists; choose another")]
    NameTaken {
        /// Which, counted from 0.
        at: usize,
    },
    /// Another chamber than the configured one.
    #[error("submission {at}: this server is configured for another chamber")]
    OtherChamber {
        /// Which, counted from 0.
        at: usize,
    },
    /// The call would leave a room with other mediators than the chamber's.
    #[error("the call would leave room {0} with other mediators than the chamber")]
    MediatorsDiffer(String),
    /// No such room; said only to those who may know.
    #[error("submission {at}: no such room")]
    NoSuchRoom {
        /// Which, counted from 0.
        at: usize,
    },
    /// The server can no longer write.
    #[error(
        "the server cannot write and is stopping; nothing of this call was taken unless you find it later"
    )]
    CannotWrite,
}

/// A range of a room about to be served to a member, or all that comes to it from now on.
#[derive(Debug)]
pub struct Serve {
    /// The room.
    pub room: RoomId,
    /// To whom.
    pub member: MemberName,
    /// First index.
    pub first: u64,
    /// How many at the most.
    pub limit: u64,
    /// Whether all later entries are to be recorded as they are committed.
    pub follow: bool,
}

type AppendAnswer = oneshot::Sender<Result<Vec<Accepted>, Refused>>;
type ServeAnswer = oneshot::Sender<Result<Arc<RoomView>, Refused>>;

#[derive(Debug)]
enum Call {
    Append(Vec<Submission<CheckedStatement>>, AppendAnswer),
    /// Answered with the room up to whose size, within the limit, the record goes.
    Serve(Serve, ServeAnswer),
    Unfollow(RoomId, MemberName),
}

/// Where calls are handed in.
#[derive(Debug, Clone)]
pub struct Sequencer {
    unchecked: mpsc::Sender<(Vec<Submission<Signed>>, AppendAnswer)>,
    calls: mpsc::Sender<Call>,
}

/// Stops following when dropped.
#[derive(Debug)]
pub struct Following {
    calls: mpsc::Sender<Call>,
    room: RoomId,
    member: MemberName,
}

impl Drop for Following {
    fn drop(&mut self) {
        let call = Call::Unfollow(self.room, self.member.clone());
        if let Err(mpsc::error::TrySendError::Full(call)) = self.calls.try_send(call) {
            let calls = self.calls.clone();
            tokio::spawn(async move { calls.send(call).await });
        }
    }
}

impl Sequencer {
    /// Starts the sequencer. The future is done when it can no longer write, or when every handle is gone.
    pub fn start<S: Store>(
        registry: Arc<Registry<S>>,
        log_key: Arc<LogKey>,
    ) -> (Self, impl Future<Output = Result<(), SequencerError>> + Send) {
        let (calls, waiting) = mpsc::channel(WAITING);
        let unchecked = checker::start(Arc::clone(&registry), calls.clone());
        let task = Task { registry, log_key, followers: HashMap::new() };
        (Self { unchecked, calls }, task.run(waiting))
    }

    /// Enters all statements of a call, or none.
    pub async fn append(&self, call: Vec<Submission<Signed>>) -> Result<Vec<Accepted>, Refused> {
        let (answer, answered) = oneshot::channel();
        self.unchecked.send((call, answer)).await.map_err(|_| Refused::CannotWrite)?;
        answered.await.map_err(|_| Refused::CannotWrite)?
    }

    /// Records that a range is about to be served. When this returns, the record is durable.
    pub async fn serve(&self, serve: Serve) -> Result<(Arc<RoomView>, Option<Following>), Refused> {
        let (room, member, follow) = (serve.room, serve.member.clone(), serve.follow);
        let (answer, answered) = oneshot::channel();
        self.calls.send(Call::Serve(serve, answer)).await.map_err(|_| Refused::CannotWrite)?;
        // Not before it was handed in: a call given up until then would end another stream's following.
        let following = follow.then(|| Following { calls: self.calls.clone(), room, member });
        let view = answered.await.map_err(|_| Refused::CannotWrite)??;
        Ok((view, following))
    }
}

/// Why the sequencer stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SequencerError {
    /// A write failed. What is on disk is known only after a restart.
    #[error("the store cannot write any more: {0}; mend the disk and start again")]
    Store(#[from] StoreError),
    /// A stored room cannot be taken up.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A checkpoint could not be signed.
    #[error("a checkpoint could not be signed: {0}")]
    Checkpoint(#[from] tearline_ledger::checkpoint::CheckpointError),
    /// A new access log could not be named.
    #[error("a record could not be made: {0}")]
    Record(&'static str),
}

struct Task<S> {
    registry: Arc<Registry<S>>,
    log_key: Arc<LogKey>,
    /// How many streams of each member follow each room.
    followers: HashMap<RoomId, HashMap<MemberName, usize>>,
}

impl<S: Store> Task<S> {
    async fn run(mut self, mut waiting: mpsc::Receiver<Call>) -> Result<(), SequencerError> {
        let mut history = history::Histories::new();
        let mut calls = Vec::new();
        // A call that equals one of the same commit is left over, and answered in the next.
        while !calls.is_empty() || waiting.recv_many(&mut calls, COMMIT_MAX).await > 0 {
            self.batch(&mut history, &mut calls).await?;
        }
        Ok(())
    }
}

/// Whole seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
