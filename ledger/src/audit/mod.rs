//! The audit of a bundle: every log by the rules, each checkpoint over its entries, then the rules across rooms.
//!
//! Specification: `docs/spec.md`, sections 6, 8, 11 and 12. It needs no server, no key and no trust. It is given the
//! parts of a bundle in order and gives back what it has verified, so that whoever reads a bundle, or restores a
//! store from one, keeps what it wants of it. Memory grows with the number of entries (`docs/operations.md` has the
//! figure), not with their content. Where bytes come from, and on how many threads the dear work is done, is not
//! known here.

mod attached;
mod batch;
mod fault;

use std::sync::Arc;

use bytes::Bytes;

use self::{
    attached::Attached,
    batch::{Held, Line},
};
pub use self::{
    batch::{BATCH, BATCH_BYTES, Batch, Checked, Gather, Parsed, Part, Unchecked},
    fault::AuditFault,
};
use crate::{
    access::{ACCESS_PREFIX, access_log_id, access_log_org},
    bundle::{Begin, BundlePiece, BundleRoom, Row},
    checkpoint::{Origin, SignedCheckpoint},
    cosign::{cosignatures, witness_key},
    digest::Digest,
    entry::AccessRecord,
    id::RoomId,
    instance::Instance,
    note::VerifierKey,
    replay::{AccessReplay, Keys, Replay},
    rules::{RoomState, VerifiedEntry},
};

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
    /// Entries whose sealed content was there.
    pub contents: u64,
    /// Attachments that were there.
    pub attachments: u64,
    /// The root of its tree.
    pub root: Digest,
    /// Members by the charter in force; none for an access log.
    pub members: usize,
}

/// An entry that was verified, with its content if it came.
#[derive(Debug, Clone)]
pub struct AuditedEntry {
    /// Its one encoding.
    pub bytes: Bytes,
    /// The hash of its leaf.
    pub leaf: Digest,
    /// Seconds since 1970.
    pub accepted_at: u64,
    /// What it holds.
    pub body: AuditedBody,
    /// Its sealed content, which is the one that it names.
    pub content: Option<Bytes>,
}

/// What a verified entry holds.
#[derive(Debug, Clone)]
pub enum AuditedBody {
    /// A statement, and what the rules make of it.
    Statement(Box<VerifiedEntry>),
    /// A record of an access log.
    Access(AccessRecord),
}

impl AuditedEntry {
    /// What the rules make of it; `None` in an access log.
    pub fn verified(&self) -> Option<&VerifiedEntry> {
        match &self.body {
            AuditedBody::Statement(verified) => Some(verified),
            AuditedBody::Access(_) => None,
        }
    }
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
    /// Bytes of an attachment that a post of the room names; they are its own only once it is whole.
    Piece {
        /// The room.
        room: RoomId,
        /// The bytes.
        piece: BundlePiece,
        /// Whether the attachment is whole with them, and the one that the post names.
        whole: bool,
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
    signatures: u64,
    contents: u64,
    attachments: u64,
}

/// An audit under way.
#[derive(Default)]
pub struct Audit {
    begin: Option<Begin>,
    keys: Option<(RoomId, Arc<Keys>)>,
    current: Option<Current>,
    attached: Attached,
    instance: Instance,
    states: Vec<RoomState>,
    access: Vec<Head>,
}

impl Audit {
    /// An audit that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the bundle comes from, once its first row was taken.
    pub fn begin(&self) -> Option<&Begin> {
        self.begin.as_ref()
    }

    /// Gives a batch the keys that its room has named so far, and learns those that it names. Batches are shown in
    /// order, each before it is checked; those before it need not have been taken yet.
    pub fn show_keys(&mut self, parsed: Parsed) -> Unchecked {
        let room = parsed.room().room;
        let known = self.keys.take().filter(|(known, _)| *known == room).map(|(_, keys)| keys);
        let mut keys = known.unwrap_or_default();
        parsed.teach(&mut keys);
        self.keys = Some((room, Arc::clone(&keys)));
        parsed.with(keys)
    }

    /// Judges the next part of the bundle. `each` is given what has got done, also before a fault.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong; nothing may be given to it afterwards.
    pub fn take(&mut self, part: Part<Checked>, mut each: impl FnMut(Step)) -> Result<(), AuditFault> {
        match part {
            Part::Entries(entries) => self.entries(entries, &mut each),
            Part::Row(Row::Begin(begin)) => {
                self.begin = Some(begin);
                Ok(())
            }
            Part::Row(Row::Room(room)) => {
                self.finish_room(&mut each)?;
                self.begin_room(room)
            }
            Part::Row(Row::Piece(piece)) => self.piece(piece, &mut each),
            // Entries come as batches.
            Part::Row(Row::Entry(_)) => Ok(()),
            Part::Row(Row::End) => {
                self.finish_room(&mut each)?;
                self.judge_together()?;
                each(Step::End);
                Ok(())
            }
        }
    }

    fn begin_room(&mut self, room: BundleRoom) -> Result<(), AuditFault> {
        if room.first != 0 {
            return Err(AuditFault::Incomplete { room: room.name });
        }
        let log = if room.name.starts_with(ACCESS_PREFIX) {
            Log::Access(AccessReplay::default())
        } else {
            Log::Room(Box::new(Replay::new(room.room)))
        };
        self.current = Some(Current { room, log, signatures: 0, contents: 0, attachments: 0 });
        Ok(())
    }

    /// Judges entries by the rules, and shows them to the rules across rooms.
    fn entries(&mut self, batch: Checked, each: &mut impl FnMut(Step)) -> Result<(), AuditFault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let mut entries = Vec::with_capacity(batch.lines.len());
        let rule = |error| AuditFault::Rule { room: current.room.name.clone(), error: Box::new(error) };
        let mut done = Ok(());
        match (&mut current.log, batch.held) {
            (Log::Room(replay), Held::Statements(checked)) => {
                for (line, checked) in batch.lines.into_iter().zip(checked) {
                    match replay.push_checked(line.accepted_at, line.leaf, checked) {
                        Ok(verified) => {
                            let signed = verified.signed();
                            current.signatures += signed.envelope.signatures().len() as u64;
                            if let Some(post) = signed.statement.sealed() {
                                self.attached.name(post);
                            }
                            if let Some(state) = replay.state() {
                                self.instance.observe(state.name(), &verified);
                            }
                            entries.push(entry(line, AuditedBody::Statement(Box::new(verified))));
                        }
                        Err(error) => {
                            done = Err(rule(error));
                            break;
                        }
                    }
                }
            }
            (Log::Access(log), Held::Records(records)) => {
                for (line, record) in batch.lines.into_iter().zip(records) {
                    if let Err(error) = log.push_record(line.accepted_at, line.leaf) {
                        done = Err(rule(error));
                        break;
                    }
                    entries.push(entry(line, AuditedBody::Access(record)));
                }
            }
            // A batch is of the kind that its room's name says.
            _ => {}
        }
        current.contents += entries.iter().filter(|entry| entry.content.is_some()).count() as u64;
        if !entries.is_empty() {
            each(Step::Entries { room: current.room.room, name: current.room.name.clone(), entries });
        }
        done?;
        batch.fault.map_or(Ok(()), Err)
    }

    fn piece(&mut self, piece: BundlePiece, each: &mut impl FnMut(Step)) -> Result<(), AuditFault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let fault =
            |what| AuditFault::Attachment { room: current.room.name.clone(), digest: piece.digest, what };
        let whole = self.attached.take(&piece).map_err(fault)?;
        current.attachments += u64::from(whole);
        each(Step::Piece { room: current.room.room, piece, whole });
        Ok(())
    }

    fn finish_room(&mut self, each: &mut impl FnMut(Step)) -> Result<(), AuditFault> {
        let Some(Current { room, log, signatures, contents, attachments }) = self.current.take() else {
            return Ok(());
        };
        if let (Err(what), Some(digest)) = (self.attached.between(), self.attached.under_way()) {
            return Err(AuditFault::Attachment { room: room.name, digest, what });
        }
        self.attached.next_room();
        let (tree, state) = match &log {
            Log::Access(log) => (log.tree(), None),
            Log::Room(replay) => {
                let state =
                    replay.state().ok_or_else(|| AuditFault::Incomplete { room: room.name.clone() })?;
                self.named_rightly(&room, state)?;
                (replay.tree(), Some(state.clone()))
            }
        };
        let head = Head { entries: tree.size().0, root: tree.root(), room };
        if let Some(state) = &state {
            covered(state, &head)?;
            self.states.push(state.clone());
        }
        let audited = Audited {
            name: head.room.name.clone(),
            room: head.room.room,
            entries: head.entries,
            signatures,
            contents,
            attachments,
            root: head.root,
            members: state.as_ref().map_or(0, |state| state.charter().members.len()),
        };
        let checkpoint = head.room.checkpoint.clone();
        if state.is_none() {
            self.access.push(head);
        }
        each(Step::Room { audited, state: state.map(Box::new), checkpoint });
        Ok(())
    }

    fn named_rightly(&self, room: &BundleRoom, state: &RoomState) -> Result<(), AuditFault> {
        let fault = |what| Err(AuditFault::Name { room: room.name.clone(), what });
        if state.name().as_str() != room.name {
            return fault("its founding charter names it otherwise");
        }
        if self.begin.as_ref().is_some_and(|begin| begin.domain != *state.constitution().domain()) {
            return fault("its founding charter is of another domain than the bundle");
        }
        Ok(())
    }

    /// The chamber, the checkpoints of access logs, whose key is their home room's, and the rules across rooms.
    fn judge_together(&self) -> Result<(), AuditFault> {
        let Some(chamber) = self.begin.as_ref().map(|begin| begin.chamber) else { return Ok(()) };
        let is_chamber = |state: &&RoomState| state.room() == chamber && state.name().is_chamber();
        let found = self.states.iter().find(is_chamber).ok_or(AuditFault::NoChamber(chamber))?;
        for head in &self.access {
            self.judge_access(found, head)?;
        }
        self.instance.check(&self.states).into_iter().next().map_or(Ok(()), |fault| Err(fault.into()))
    }

    fn judge_access(&self, chamber: &RoomState, head: &Head) -> Result<(), AuditFault> {
        let fault = |what| AuditFault::Name { room: head.room.name.clone(), what };
        let org = access_log_org(&head.room.name).ok_or(fault("it is the access log of no organisation"))?;
        let own = |state: &&RoomState| {
            state.name().as_str() == org.as_str() && state.constitution().own_room_of() == Some(&org)
        };
        let home = self.states.iter().find(own).unwrap_or(chamber);
        if access_log_id(home.room(), &org) != head.room.room {
            return Err(fault("its id is that of another access log"));
        }
        covered(home, head)
    }
}

fn entry(line: Line, body: AuditedBody) -> AuditedEntry {
    let Line { bytes, leaf, accepted_at, content } = line;
    AuditedEntry { bytes, leaf, accepted_at, body, content }
}

/// That the checkpoint of a log covers its entries, by the keys in the charter of this room, and that no line on it
/// claims to be by one of its auditors and is not.
fn covered(home: &RoomState, head: &Head) -> Result<(), AuditFault> {
    let fault =
        |what: String| AuditFault::Checkpoint { room: head.room.name.clone(), size: head.entries, what };
    let charter = home.charter();
    let origin = Origin::new(home.constitution().domain().clone(), head.room.room.0);
    let key = origin.log_key(&charter.log_vkey);
    let checkpoint =
        SignedCheckpoint::open(&head.room.checkpoint, &key).map_err(|error| fault(error.to_string()))?;
    if *checkpoint.origin() != origin {
        return Err(fault("it is of another log".to_owned()));
    }
    if checkpoint.size().0 != head.entries || checkpoint.root() != head.root {
        return Err(fault(format!("it is of another tree, of {} entries", checkpoint.size().0)));
    }
    let witnesses: Vec<VerifierKey> = charter.members.iter().filter_map(witness_key).collect();
    cosignatures(&checkpoint, &witnesses).map(drop).map_err(|error| fault(error.to_string()))
}
