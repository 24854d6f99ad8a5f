//! What an audit of a bundle found, gathered for a reader: rooms, keys, witnesses, what was enacted, what is wrong.
//!
//! It needs no server, no key and no trust, and opens nothing. Everything in it comes from entries that the audit
//! verified; the first fault ends the audit and heads the report. How it looks is `html`'s affair.

mod chart;
mod html;

use std::{collections::BTreeMap, io::Read};

use bytes::Bytes;
use tearline_audit::{BundleFault, Rows, audit};
use tearline_ledger::{
    access::access_log_home,
    audit::{Audit, Audited, AuditedBody, AuditedEntry, Step},
    bundle::Begin,
    checkpoint::{Origin, SignedCheckpoint},
    id::RoomId,
    rules::{Effect, RoomState, VerifiedEntry},
    statement::Act,
};

pub use html::html;

use crate::witness::{Witness, witnesses};

/// What is told of a bundle.
#[derive(Debug, Default)]
pub struct Report {
    /// Where the bundle comes from; `None` if it does not even begin as one.
    pub begin: Option<Begin>,
    /// The rooms that were verified, in the bundle's order, and the one in which the fault is.
    pub rooms: Vec<RoomReport>,
    /// Releases, charters, recalls, rejections and proposals, in order of time.
    pub events: Vec<Event>,
    /// The first thing that is wrong; what follows it was not looked at.
    pub fault: Option<String>,
}

/// A room or access log.
#[derive(Debug)]
pub struct RoomReport {
    /// Its name.
    pub name: String,
    /// Its id.
    pub room: RoomId,
    /// Whether all of it was verified; `None` until it was read to its end.
    pub whole: Option<Whole>,
    /// When each of its verified entries was accepted, in seconds since 1970.
    pub accepted: Vec<u64>,
    /// What was served of it to whom: member and entries; of an access log only.
    pub served: BTreeMap<(String, RoomId), u64>,
}

/// A room that is whole.
#[derive(Debug)]
pub struct Whole {
    /// Counts and root.
    pub audited: Audited,
    /// The log key in force; that of the home room for an access log, and then not repeated here.
    pub log_key: Option<String>,
    /// Who confirmed its checkpoint; `None` of an access log whose home room was not verified.
    pub witnesses: Option<Vec<Witness>>,
    /// Members by the charter in force: desk, role, fingerprint of the signing key.
    pub members: Vec<(String, &'static str, String)>,
}

/// Something that officers decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// As in `drc#4`.
    pub entry: String,
    /// What it is.
    pub kind: EventKind,
    /// Who wrote it.
    pub author: String,
    /// Who signed, by name.
    pub signers: Vec<String>,
    /// What else there is to say.
    pub detail: String,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// A post that a quorum released to a party.
    Release,
    /// A room was founded.
    Founding,
    /// A charter.
    Charter,
    /// A post was taken back.
    Recall,
    /// A proposal ended by rejection or withdrawal.
    Rejection,
    /// A proposal was enacted.
    Enactment,
}

impl EventKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Founding => "founding",
            Self::Charter => "charter",
            Self::Recall => "recall",
            Self::Rejection => "rejection",
            Self::Enactment => "enactment",
        }
    }
}

impl Report {
    /// Audits a bundle and gathers what is to be told of it. A bundle that is wrong makes a report too.
    ///
    /// # Errors
    ///
    /// Only if the file cannot be read.
    pub fn of(bundle: impl Read, progress: impl FnMut(u64)) -> Result<Self, std::io::Error> {
        let (mut report, mut judge) = (Self::default(), Audit::new());
        let mut standing = Standing::default();
        let done = audit(&mut judge, Rows::of(bundle, progress), |step| {
            report.take(step, &mut standing);
            Ok::<_, BundleFault>(())
        });
        report.witness_access_logs(&standing);
        report.begin = judge.begin().cloned();
        match done {
            Ok(()) => {}
            Err(BundleFault::Io(error)) => return Err(error),
            Err(fault) => report.fault = Some(fault.to_string()),
        }
        report.events.sort_by_key(|event| event.accepted_at);
        Ok(report)
    }

    fn take(&mut self, step: Step, standing: &mut Standing) {
        match step {
            Step::Entries { room, name, entries } => {
                // The rows of a room follow one another.
                if self.rooms.last().is_none_or(|last| last.room != room) {
                    self.rooms.push(RoomReport::new(room, &name));
                }
                for entry in entries {
                    self.events.extend(entry.verified().and_then(|it| event(&name, it)));
                    if let Some(last) = self.rooms.last_mut() {
                        last.note(&entry);
                    }
                }
            }
            Step::Room { audited, state, checkpoint } => {
                let room = audited.room;
                let log = self.rooms.iter_mut().find(|known| known.room == room);
                if let Some(log) = log {
                    log.whole = Some(Whole::of(audited, state.as_deref(), &checkpoint));
                }
                match state {
                    Some(state) => standing.rooms.push(*state),
                    None => standing.access.push((room, checkpoint)),
                }
            }
            Step::Piece { .. } | Step::End => {}
        }
    }

    /// The auditors of its home room are the witnesses of an access log, and that room may come after it.
    fn witness_access_logs(&mut self, standing: &Standing) {
        for (log, checkpoint) in &standing.access {
            let Some(room) = self.rooms.iter_mut().find(|room| room.room == *log) else { continue };
            let home = access_log_home(&standing.rooms, &room.name, *log);
            if let (Some(whole), Some(home)) = (&mut room.whole, home) {
                whole.witnesses = Some(confirmed(*log, checkpoint, home));
            }
        }
    }
}

/// What stands at the end of the bundle's logs.
#[derive(Default)]
struct Standing {
    rooms: Vec<RoomState>,
    access: Vec<(RoomId, Bytes)>,
}

/// Who confirmed the checkpoint of a log, by the keys in a room's charter.
fn confirmed(log: RoomId, note: &[u8], room: &RoomState) -> Vec<Witness> {
    let charter = room.charter();
    let key = Origin::new(room.constitution().domain().clone(), log.0).log_key(&charter.log_vkey);
    let checkpoint = SignedCheckpoint::open(note, &key).ok();
    checkpoint.and_then(|checkpoint| witnesses(&checkpoint, charter).ok()).unwrap_or_default()
}

impl RoomReport {
    fn new(room: RoomId, name: &str) -> Self {
        Self { name: name.to_owned(), room, whole: None, accepted: Vec::new(), served: BTreeMap::new() }
    }

    fn note(&mut self, entry: &AuditedEntry) {
        self.accepted.push(entry.accepted_at);
        if let AuditedBody::Access(record) = &entry.body {
            *self.served.entry((record.member.desk().to_owned(), record.room)).or_default() += record.count;
        }
    }
}

impl Whole {
    fn of(audited: Audited, state: Option<&RoomState>, note: &[u8]) -> Self {
        let charter = state.map(RoomState::charter);
        let witnesses = state.map(|state| confirmed(audited.room, note, state));
        let member = |member: &tearline_ledger::charter::Member| {
            let key = member.sign_key.key_id().to_string();
            (member.name.desk().to_owned(), member.name.role().as_str(), key)
        };
        Self {
            log_key: charter.map(|charter| charter.log_vkey.to_string()),
            witnesses,
            members: charter.map(|it| it.members.iter().map(member).collect()).unwrap_or_default(),
            audited,
        }
    }
}

fn event(room: &str, entry: &VerifiedEntry) -> Option<Event> {
    let statement = &entry.signed().statement;
    let (kind, detail) = match (entry.effect(), &statement.act) {
        (Effect::Founded, Act::Charter(charter)) => (EventKind::Founding, of_charter(charter)),
        (Effect::Chartered, Act::Charter(charter)) => (EventKind::Charter, of_charter(charter)),
        (Effect::Posted, Act::Post(post)) if entry.by_quorum() => {
            let portions = if post.manifests.is_empty() { "" } else { ", portions of a recorded briefing" };
            (EventKind::Release, format!("{} bytes sealed{portions}", post.size))
        }
        (Effect::Recalled(index), _) => (EventKind::Recall, format!("of {room}#{index}")),
        (Effect::Rejected(proposal), _) => (EventKind::Rejection, format!("of proposal {proposal}")),
        (Effect::Enacted { proposal, targets }, _) => {
            (EventKind::Enactment, format!("{} statements of proposal {proposal}", targets.len()))
        }
        _ => return None,
    };
    let mut signers: Vec<String> = entry.signers().iter().map(|name| name.desk().to_owned()).collect();
    signers.sort_unstable();
    Some(Event {
        accepted_at: entry.accepted_at(),
        entry: format!("{room}#{}", entry.index()),
        kind,
        author: statement.author.desk().to_owned(),
        signers,
        detail,
    })
}

fn of_charter(charter: &tearline_ledger::charter::Charter) -> String {
    let succession = if charter.succession { ", SUCCESSION" } else { "" };
    let members = charter.members.len();
    format!("epoch {}, {members} members, quorum {}{succession}", charter.epoch, charter.quorum)
}
