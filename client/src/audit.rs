//! Verifying a bundle with no server, no key and no trust: every log by the rules, then the rules
//! across rooms.
//!
//! Specification: `docs/spec.md`, sections 6, 8 and 11. Memory grows by about 250 bytes an entry; sealed
//! content is checked against its digest and dropped.

use std::{collections::BTreeMap, io::Read};

use tearline_ledger::{
    access::{ACCESS_PREFIX, access_log_id, access_log_org},
    bundle::{Begin, BundleEntry, BundleError, BundleRoom, Reader, Row},
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    entry::{Entry, EntryError},
    id::RoomId,
    instance::{Instance, InstanceFault},
    name::{Domain, RoomName},
    note::VerifierKey,
    replay::{AccessReplay, Replay, ReplayError},
    rules::RoomState,
    statement::Signed,
};

/// Entries that are replayed together.
const BATCH: usize = 1024;
const READ: usize = 1 << 20;

/// The first thing that is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The file cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Io(#[from] std::io::Error),
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
    Instance(InstanceFault),
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

struct Head {
    room: BundleRoom,
    entries: u64,
    root: Digest,
}

enum Log {
    Room(Box<Replay>, Vec<Entry>),
    Access(AccessReplay),
}

struct Current {
    room: BundleRoom,
    log: Log,
    signatures: u64,
}

/// Verifies bundles as they are read.
#[derive(Default)]
struct Audit {
    begin: Option<Begin>,
    current: Option<Current>,
    instance: Instance,
    states: Vec<RoomState>,
    access: Vec<Head>,
    audited: BTreeMap<RoomId, Audited>,
}

/// Verifies a bundle; every room in it, or the first thing that is wrong. `progress` is told how many
/// bytes have been read.
pub fn verify_bundle(
    mut file: impl Read,
    mut progress: impl FnMut(u64),
) -> Result<(Begin, Vec<Audited>), BundleFault> {
    let (mut reader, mut audit) = (Reader::new(), Audit::default());
    let mut buffer = vec![0; READ];
    let mut total = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        reader.feed(buffer.get(..read).unwrap_or_default());
        total += read as u64;
        progress(total);
        while let Some(row) = reader.next_row()? {
            audit.row(row)?;
        }
    }
    reader.finish()?;
    let begin = audit.begin.take().ok_or(BundleError::Magic)?;
    Ok((begin, audit.audited.into_values().collect()))
}

impl Audit {
    fn row(&mut self, row: Row) -> Result<(), BundleFault> {
        match row {
            Row::Begin(begin) => self.begin = Some(begin),
            Row::Room(room) => {
                self.finish_room()?;
                self.begin_room(room)?;
            }
            Row::Entry(entry) => self.entry(entry)?,
            Row::End => {
                self.finish_room()?;
                self.finish()?;
            }
        }
        Ok(())
    }

    fn begin_room(&mut self, room: BundleRoom) -> Result<(), BundleFault> {
        if room.first != 0 {
            let what = "only a part of its log is here; export the whole of it";
            return Err(BundleFault::Room { room: room.name, what });
        }
        let log = if room.name.starts_with(ACCESS_PREFIX) {
            Log::Access(AccessReplay::default())
        } else {
            Log::Room(Box::new(Replay::new(room.room)), Vec::new())
        };
        self.current = Some(Current { room, log, signatures: 0 });
        Ok(())
    }

    fn entry(&mut self, row: BundleEntry) -> Result<(), BundleFault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let name = current.room.name.clone();
        match &mut current.log {
            Log::Access(log) => {
                let index = log.tree().size().0;
                let entry = Entry::parse(row.entry).map_err(|error| BundleFault::Entry {
                    room: name.clone(),
                    index,
                    error: Box::new(error),
                })?;
                log.push(&entry).map_err(|error| BundleFault::Rule { room: name, error: Box::new(error) })
            }
            Log::Room(replay, waiting) => {
                let index = replay.size().0 + waiting.len() as u64;
                let entry = Entry::parse(row.entry).map_err(|error| BundleFault::Entry {
                    room: name.clone(),
                    index,
                    error: Box::new(error),
                })?;
                if !content_fits(entry.statement(), row.content.as_deref()) {
                    return Err(BundleFault::Content { room: name, index });
                }
                current.signatures +=
                    entry.statement().map_or(0, |signed| signed.envelope.signatures().len() as u64);
                waiting.push(entry);
                if waiting.len() >= BATCH { self.replay() } else { Ok(()) }
            }
        }
    }

    /// Replays what waits, and shows it to the rules across rooms.
    fn replay(&mut self) -> Result<(), BundleFault> {
        let Some(Current { room, log: Log::Room(replay, waiting), .. }) = &mut self.current else {
            return Ok(());
        };
        let entries = replay
            .push(std::mem::take(waiting))
            .map_err(|error| BundleFault::Rule { room: room.name.clone(), error: Box::new(error) })?;
        let bad_name = |_| BundleFault::Room { room: room.name.clone(), what: "its name is none" };
        let name: RoomName = room.name.parse().map_err(bad_name)?;
        for entry in &entries {
            self.instance.observe(&name, entry);
        }
        Ok(())
    }

    fn finish_room(&mut self) -> Result<(), BundleFault> {
        self.replay()?;
        let Some(Current { room, log, signatures }) = self.current.take() else { return Ok(()) };
        let (tree, members) = match &log {
            Log::Access(log) => (log.tree(), 0),
            Log::Room(replay, _) => {
                let state = replay
                    .state()
                    .ok_or_else(|| BundleFault::Room { room: room.name.clone(), what: "it has no entry" })?;
                if state.name().as_str() != room.name {
                    let what = "its founding charter names it otherwise";
                    return Err(BundleFault::Room { room: room.name, what });
                }
                (replay.tree(), state.charter().members.len())
            }
        };
        let head = Head { entries: tree.size().0, root: tree.root(), room };
        let audited = Audited {
            name: head.room.name.clone(),
            room: head.room.room,
            entries: head.entries,
            signatures,
            root: head.root,
            members,
        };
        self.audited.insert(audited.room, audited);
        match log {
            Log::Access(_) => self.access.push(head),
            Log::Room(replay, _) => {
                if let Some(state) = replay.state() {
                    covered(state.constitution().domain(), &head, &state.charter().log_vkey)?;
                    self.states.push(state.clone());
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BundleFault> {
        if let Some(fault) = self.instance.check(&self.states).into_iter().next() {
            return Err(BundleFault::Instance(fault));
        }
        for head in &self.access {
            let org = access_log_org(&head.room.name);
            let homes = |state: &&RoomState| {
                org.as_ref().is_some_and(|org| {
                    let home = state.name().is_chamber() || state.name().as_str() == org.as_str();
                    home && access_log_id(state.room(), org) == head.room.room
                })
            };
            let home = self.states.iter().find(homes).ok_or_else(|| BundleFault::Room {
                room: head.room.name.clone(),
                what: "it is the access log of no room in the bundle",
            })?;
            covered(home.constitution().domain(), head, &home.charter().log_vkey)?;
        }
        Ok(())
    }
}

fn content_fits(signed: Option<&Signed>, content: Option<&[u8]>) -> bool {
    let Some(content) = content else { return true };
    let sealed = signed.and_then(|signed| signed.statement.sealed());
    sealed.is_some_and(|post| post.size == content.len() as u64 && post.digest == Digest::of(content))
}

fn covered(domain: &Domain, head: &Head, key: &VerifierKey) -> Result<(), BundleFault> {
    let fault =
        |what: String| BundleFault::Checkpoint { room: head.room.name.clone(), size: head.entries, what };
    let key = Origin::new(domain.clone(), head.room.room.0).log_key(key);
    let checkpoint =
        SignedCheckpoint::open(&head.room.checkpoint, &key).map_err(|error| fault(error.to_string()))?;
    if checkpoint.size().0 != head.entries || checkpoint.root() != head.root {
        return Err(fault(format!("it is of another tree, of {} entries", checkpoint.size().0)));
    }
    Ok(())
}
