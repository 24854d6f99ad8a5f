//! Some entries of one room on their way through an audit: as they came, parsed, and with their signatures checked.
//!
//! All that is dear is done here and asks for nothing but the batch itself: it may be done anywhere, and for many
//! batches at once. Whether an entry may stand where it stands is not known here.

use std::{mem, sync::Arc};

use bytes::Bytes;

use super::AuditFault;
use crate::{
    access::ACCESS_PREFIX,
    bundle::{BundleEntry, BundleRoom, Row},
    digest::Digest,
    entry::{AccessRecord, Body, Entry},
    replay::{Fault, Keys, ReplayError, learn_keys},
    rules::{self, CheckedStatement, SignatureError},
    statement::{Act, Signed},
};

/// Entries of a batch, at the most.
pub const BATCH: usize = 1024;
/// Bytes of entries and content of a batch, at the most, but for its last entry.
pub const BATCH_BYTES: usize = 2 << 20;

/// What a bundle comes apart into, in order.
#[derive(Debug)]
pub enum Part<E> {
    /// Some entries of a room, at least one.
    Entries(E),
    /// Any other row.
    Row(Row),
}

/// Gathers the rows of a bundle into parts.
#[derive(Debug, Default)]
pub struct Gather {
    room: Option<Arc<BundleRoom>>,
    first: u64,
    rows: Vec<BundleEntry>,
    bytes: usize,
}

impl Gather {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next row; `each` is given what is complete with it.
    pub fn take(&mut self, row: Row, mut each: impl FnMut(Part<Batch>)) {
        if let Row::Entry(entry) = row {
            self.bytes += entry.entry.len() + entry.content.as_ref().map_or(0, Bytes::len);
            self.rows.push(entry);
            if self.rows.len() >= BATCH || self.bytes >= BATCH_BYTES {
                each_batch(self.batch(), &mut each);
            }
            return;
        }
        each_batch(self.batch(), &mut each);
        if let Row::Room(room) = &row {
            (self.room, self.first) = (Some(Arc::new(room.clone())), 0);
        }
        each(Part::Row(row));
    }

    /// Nothing more comes; `each` is given the entries that wait.
    pub fn finish(&mut self, mut each: impl FnMut(Part<Batch>)) {
        each_batch(self.batch(), &mut each);
    }

    fn batch(&mut self) -> Option<Batch> {
        let (rows, first) = (mem::take(&mut self.rows), self.first);
        let room = self.room.clone().filter(|_| !rows.is_empty())?;
        self.first += rows.len() as u64;
        self.bytes = 0;
        Some(Batch { room, first, rows })
    }
}

fn each_batch(batch: Option<Batch>, each: &mut impl FnMut(Part<Batch>)) {
    if let Some(batch) = batch {
        each(Part::Entries(batch));
    }
}

/// Entries as they came.
#[derive(Debug)]
pub struct Batch {
    room: Arc<BundleRoom>,
    first: u64,
    rows: Vec<BundleEntry>,
}

/// What stays of an entry beside what it holds.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) bytes: Bytes,
    pub(super) leaf: Digest,
    pub(super) accepted_at: u64,
    pub(super) content: Option<Bytes>,
}

/// What the entries of a batch hold, one for each line.
#[derive(Debug)]
pub(super) enum Held<S> {
    Statements(Vec<S>),
    Records(Vec<AccessRecord>),
}

/// Entries that are well-formed, up to the first that is not, or whose content is not its own.
#[derive(Debug)]
pub struct Parsed {
    room: Arc<BundleRoom>,
    lines: Vec<Line>,
    held: Held<Signed>,
    fault: Option<AuditFault>,
}

impl Batch {
    /// Bytes of entries and content.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.entry.len() + row.content.as_ref().map_or(0, Bytes::len)).sum()
    }

    /// Parses the entries, hashes their leaves and their contents.
    pub fn parse(self) -> Parsed {
        let held = if self.room.name.starts_with(ACCESS_PREFIX) {
            Held::Records(Vec::with_capacity(self.rows.len()))
        } else {
            Held::Statements(Vec::with_capacity(self.rows.len()))
        };
        let lines = Vec::with_capacity(self.rows.len());
        let mut parsed = Parsed { room: self.room, lines, held, fault: None };
        for (index, row) in (self.first..).zip(self.rows) {
            if let Err(fault) = parsed.push(index, row) {
                parsed.fault = Some(fault);
                break;
            }
        }
        parsed
    }
}

impl Parsed {
    fn push(&mut self, index: u64, row: BundleEntry) -> Result<(), AuditFault> {
        let room = || self.room.name.clone();
        let entry = Entry::parse(row.entry).map_err(|error| AuditFault::Entry {
            room: room(),
            index,
            error: Box::new(error),
        })?;
        let whole = content_fits(entry.statement(), row.content.as_deref());
        let content = whole.then_some(row.content).flatten();
        let (leaf, accepted_at) = (entry.leaf(), entry.accepted_at());
        let (bytes, body) = entry.into_parts();
        match (&mut self.held, body) {
            (Held::Statements(statements), Body::Statement(signed)) => statements.push(*signed),
            (Held::Records(records), Body::Access(record)) => records.push(record),
            _ => {
                let error = Box::new(ReplayError { index, fault: Fault::WrongKind });
                return Err(AuditFault::Rule { room: room(), error });
            }
        }
        self.lines.push(Line { bytes, leaf, accepted_at, content });
        if whole { Ok(()) } else { Err(AuditFault::Content { room: self.room.name.clone(), index }) }
    }

    /// Of which room the entries are.
    pub(super) fn room(&self) -> &BundleRoom {
        &self.room
    }

    /// Learns the keys of its charters.
    pub(super) fn teach(&self, keys: &mut Arc<Keys>) {
        let Held::Statements(statements) = &self.held else { return };
        for signed in statements {
            if matches!(signed.statement.act, Act::Charter(_)) {
                learn_keys(Arc::make_mut(keys), signed);
            }
        }
    }

    pub(super) fn with(self, keys: Arc<Keys>) -> Unchecked {
        Unchecked { parsed: self, keys }
    }
}

/// Well-formed entries, with the keys that the log has named up to them.
#[derive(Debug)]
pub struct Unchecked {
    parsed: Parsed,
    keys: Arc<Keys>,
}

/// Entries whose signatures have been checked; each has its own answer.
#[derive(Debug)]
pub struct Checked {
    pub(super) lines: Vec<Line>,
    pub(super) held: Held<Result<CheckedStatement, SignatureError>>,
    pub(super) fault: Option<AuditFault>,
}

impl Unchecked {
    /// Checks all signatures in one batch.
    pub fn check(self) -> Checked {
        let Parsed { lines, held, fault, .. } = self.parsed;
        let held = match held {
            Held::Statements(statements) => {
                Held::Statements(rules::check(statements, |_, id| self.keys.get(id).copied()))
            }
            Held::Records(records) => Held::Records(records),
        };
        Checked { lines, held, fault }
    }
}

fn content_fits(signed: Option<&Signed>, content: Option<&[u8]>) -> bool {
    let Some(content) = content else { return true };
    let sealed = signed.and_then(|signed| signed.statement.sealed());
    sealed.is_some_and(|post| post.size == content.len() as u64 && post.digest == Digest::of(content))
}
