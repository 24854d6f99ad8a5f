//! The audit of a bundle: every log by the rules, each checkpoint over its entries, then the rules across rooms.
//!
//! Specification: `docs/spec.md`, sections 6, 8, 11 and 12. It needs no server, no key and no trust. It is fed
//! bytes in order and gives back what it has verified, so that whoever reads a bundle, or restores a store from
//! one, keeps what it wants of it. Memory grows by about 250 bytes an entry, and by [`WAITING_BYTES`]; where they
//! come from is not known here.

use std::mem;

use bytes::Bytes;

use crate::{
    access::{ACCESS_PREFIX, access_log_home},
    bundle::{Begin, BundleEntry, BundleError, BundleRoom, Reader, Row},
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    entry::{Entry, EntryError},
    id::RoomId,
    instance::{Instance, InstanceFault},
    name::{Domain, RoomName},
    note::VerifierKey,
    replay::{AccessReplay, CheckSignatures, Replay, ReplayError},
    rules::{RoomState, VerifiedEntry},
    statement::Signed,
};

/// Entries that are verified together.
const WAITING: usize = 4096;
/// Bytes of entries and content that wait to be verified together, at the most, but for the last row.
pub const WAITING_BYTES: usize = 8 << 20;

/// The first thing that is wrong with a bundle's rooms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFault {
    /// The file is not a whole bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// An entry is not one.
    #[error("{room}#{index} is not well-formed: {error}")]
    Entry {
        /// The room's name.
        room: String,
        /// The entry's index.
        index: u64,
        /// What is wrong.
        error: Box<EntryError>,
    },
    /// An entry breaks a rule.
    #[error("{room}#{} breaks a rule: {}", error.index, error.fault)]
    Rule {
        /// The room's name.
        room: String,
        /// Where, and which.
        error: Box<ReplayError>,
    },
    /// Content is not the one that the entry names.
    #[error("the content of {room}#{index} is not the one that the entry names")]
    Content {
        /// The room's name.
        room: String,
        /// The entry's index.
        index: u64,
    },
    /// A room does not begin at its beginning, or under another name.
    #[error("room {room}: {what}")]
    Room {
        /// The room's name.
        room: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The checkpoint does not cover the entries.
    #[error("the checkpoint of {room} does not cover its {size} entries: {what}")]
    Checkpoint {
        /// The room's name.
        room: String,
        /// How many entries there are.
        size: u64,
        /// What is wrong.
        what: String,
    },
    /// The rules across rooms.
    #[error(transparent)]
    Instance(#[from] InstanceFault),
}

/// A room that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audited {
    /// Its name, or an access log's.
    pub name: String,
    /// Its id.
    pub room: RoomId,
    /// Entries.
    pub entries: u64,
    /// Signatures on statements.
    pub signatures: u64,
    /// The root of its tree.
    pub root: Digest,
    /// Members by the charter in force; none for an access log.
    pub members: usize,
}

/// An entry that was verified, with its content if it came.
#[derive(Debug, Clone)]
pub struct AuditedEntry {
    /// The entry.
    pub entry: Entry,
    /// What the rules make of it; `None` in an access log.
    pub verified: Option<VerifiedEntry>,
    /// Its sealed content, which is the one that it names.
    pub content: Option<Bytes>,
}

/// What the audit has got done.
#[derive(Debug)]
pub enum Step {
    /// The next entries of a room, in order.
    Entries {
        /// The room, or access log.
        room: RoomId,
        /// Its name, as the bundle has it.
        name: String,
        /// At least one.
        entries: Vec<AuditedEntry>,
    },
    /// A room is whole. The checkpoint of an access log is judged at the end.
    Room {
        /// What it is.
        audited: Audited,
        /// After its last entry; `None` of an access log.
        state: Option<Box<RoomState>>,
        /// Of all its entries.
        checkpoint: Bytes,
    },
    /// All of it is verified.
    End,
}

struct Head {
    room: BundleRoom,
    entries: u64,
    root: Digest,
}

enum Log {
    Room(Box<Replay>),
    Access(AccessReplay),
}

struct Current {
    room: BundleRoom,
    log: Log,
    waiting: Vec<(Entry, Option<Bytes>)>,
    bytes: usize,
    signatures: u64,
}

/// An audit under way.
pub struct Audit {
    reader: Reader,
    check: CheckSignatures,
    begin: Option<Begin>,
    current: Option<Current>,
    instance: Instance,
    states: Vec<RoomState>,
    access: Vec<Head>,
}

impl Audit {
    /// An audit whose signatures are checked so.
    pub fn new(check: CheckSignatures) -> Self {
        Self {
            reader: Reader::new(),
            check,
            begin: None,
            current: None,
            instance: Instance::new(),
            states: Vec::new(),
            access: Vec::new(),
        }
    }

    /// Where the bundle comes from, once its first row was taken.
    pub fn begin(&self) -> Option<&Begin> {
        self.begin.as_ref()
    }

    /// Takes the next bytes of the bundle and judges every row that is whole by now. `each` is given what has
    /// got done, also before a fault.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; nothing can be fed after it.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Step)) -> Result<(), AuditFault> {
        self.reader.feed(bytes);
        let mut steps = Vec::new();
        while let Some(row) = self.reader.next_row()? {
            self.row(row, &mut steps)?;
            steps.drain(..).for_each(&mut each);
        }
        Ok(())
    }

    /// Nothing more comes: the bundle must be whole.
    pub fn finish(&self) -> Result<&Begin, AuditFault> {
        self.reader.finish()?;
        self.begin.as_ref().ok_or(AuditFault::Bundle(BundleError::Magic))
    }

    fn row(&mut self, row: Row, steps: &mut Vec<Step>) -> Result<(), AuditFault> {
        match row {
            Row::Begin(begin) => self.begin = Some(begin),
            Row::Room(room) => {
                self.finish_room(steps)?;
                self.begin_room(room)?;
            }
            Row::Entry(entry) => self.entry(entry, steps)?,
            Row::End => {
                self.finish_room(steps)?;
                self.judge_together()?;
                steps.push(Step::End);
            }
        }
        Ok(())
    }

    fn begin_room(&mut self, room: BundleRoom) -> Result<(), AuditFault> {
        if room.first != 0 {
            let what = "only a part of its log is here; export the whole of it";
            return Err(AuditFault::Room { room: room.name, what });
        }
        let log = if room.name.starts_with(ACCESS_PREFIX) {
            Log::Access(AccessReplay::default())
        } else {
            Log::Room(Box::new(Replay::new(room.room)))
        };
        self.current = Some(Current { room, log, waiting: Vec::new(), bytes: 0, signatures: 0 });
        Ok(())
    }

    fn entry(&mut self, row: BundleEntry, steps: &mut Vec<Step>) -> Result<(), AuditFault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let name = || current.room.name.clone();
        let index = current.size() + current.waiting.len() as u64;
        let bytes = row.entry.len() + row.content.as_ref().map_or(0, Bytes::len);
        let entry = Entry::parse(row.entry).map_err(|error| AuditFault::Entry {
            room: name(),
            index,
            error: Box::new(error),
        })?;
        if !content_fits(entry.statement(), row.content.as_deref()) {
            return Err(AuditFault::Content { room: name(), index });
        }
        let signatures = entry.statement().map_or(0, |signed| signed.envelope.signatures().len() as u64);
        current.signatures += signatures;
        current.bytes += bytes;
        current.waiting.push((entry, row.content));
        if current.waiting.len() >= WAITING || current.bytes >= WAITING_BYTES {
            self.verify(steps)?;
        }
        Ok(())
    }

    /// Verifies what waits, and shows it to the rules across rooms.
    fn verify(&mut self, steps: &mut Vec<Step>) -> Result<(), AuditFault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let (entries, contents): (Vec<_>, Vec<_>) = mem::take(&mut current.waiting).into_iter().unzip();
        current.bytes = 0;
        if entries.is_empty() {
            return Ok(());
        }
        let rule = |error| AuditFault::Rule { room: current.room.name.clone(), error: Box::new(error) };
        let verified: Vec<Option<VerifiedEntry>> = match &mut current.log {
            Log::Access(log) => {
                entries.iter().try_for_each(|entry| log.push(entry)).map_err(rule)?;
                vec![None; entries.len()]
            }
            Log::Room(replay) => {
                let verified = replay.push_by(entries.clone(), self.check).map_err(rule)?;
                let bad = |_| AuditFault::Room { room: current.room.name.clone(), what: "its name is none" };
                let name: RoomName = current.room.name.parse().map_err(bad)?;
                for entry in &verified {
                    self.instance.observe(&name, entry);
                }
                verified.into_iter().map(Some).collect()
            }
        };
        let audited = entries.into_iter().zip(verified).zip(contents);
        let entries =
            audited.map(|((entry, verified), content)| AuditedEntry { entry, verified, content }).collect();
        steps.push(Step::Entries { room: current.room.room, name: current.room.name.clone(), entries });
        Ok(())
    }

    fn finish_room(&mut self, steps: &mut Vec<Step>) -> Result<(), AuditFault> {
        self.verify(steps)?;
        let Some(Current { room, log, signatures, .. }) = self.current.take() else { return Ok(()) };
        let fault = |what| AuditFault::Room { room: room.name.clone(), what };
        let (tree, state) = match &log {
            Log::Access(log) => (log.tree(), None),
            Log::Room(replay) => {
                let state = replay.state().ok_or_else(|| fault("it has no entry"))?;
                if state.name().as_str() != room.name {
                    return Err(fault("its founding charter names it otherwise"));
                }
                (replay.tree(), Some(state.clone()))
            }
        };
        let head = Head { entries: tree.size().0, root: tree.root(), room };
        if let Some(state) = &state {
            covered(state.constitution().domain(), &head, &state.charter().log_vkey)?;
            self.states.push(state.clone());
        }
        let audited = Audited {
            name: head.room.name.clone(),
            room: head.room.room,
            entries: head.entries,
            signatures,
            root: head.root,
            members: state.as_ref().map_or(0, |state| state.charter().members.len()),
        };
        let checkpoint = head.room.checkpoint.clone();
        if state.is_none() {
            self.access.push(head);
        }
        steps.push(Step::Room { audited, state: state.map(Box::new), checkpoint });
        Ok(())
    }

    /// The rules across rooms, and the checkpoints of access logs, whose key is their home room's.
    fn judge_together(&self) -> Result<(), AuditFault> {
        if let Some(fault) = self.instance.check(&self.states).into_iter().next() {
            return Err(AuditFault::Instance(fault));
        }
        for head in &self.access {
            let home = access_log_home(&self.states, &head.room.name, head.room.room);
            let home = home.ok_or_else(|| AuditFault::Room {
                room: head.room.name.clone(),
                what: "it is the access log of no room in the bundle",
            })?;
            covered(home.constitution().domain(), head, &home.charter().log_vkey)?;
        }
        Ok(())
    }
}

impl Current {
    /// Entries that were verified.
    fn size(&self) -> u64 {
        match &self.log {
            Log::Room(replay) => replay.size().0,
            Log::Access(replay) => replay.tree().size().0,
        }
    }
}

fn content_fits(signed: Option<&Signed>, content: Option<&[u8]>) -> bool {
    let Some(content) = content else { return true };
    let sealed = signed.and_then(|signed| signed.statement.sealed());
    sealed.is_some_and(|post| post.size == content.len() as u64 && post.digest == Digest::of(content))
}

fn covered(domain: &Domain, head: &Head, key: &VerifierKey) -> Result<(), AuditFault> {
    let fault =
        |what: String| AuditFault::Checkpoint { room: head.room.name.clone(), size: head.entries, what };
    let key = Origin::new(domain.clone(), head.room.room.0).log_key(key);
    let checkpoint =
        SignedCheckpoint::open(&head.room.checkpoint, &key).map_err(|error| fault(error.to_string()))?;
    if checkpoint.size().0 != head.entries || checkpoint.root() != head.root {
        return Err(fault(format!("it is of another tree, of {} entries", checkpoint.size().0)));
    }
    Ok(())
}
