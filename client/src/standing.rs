//! How a post stands now: taken back, run out, corrected; and by whom and when.
//!
//! A pure function of verified statements and of posts that [`reading`](crate::reading) has judged. It
//! refuses to know whether the content is still here: what was read cannot be unread, so nothing is hidden
//! on its word. Specification: `docs/spec.md`, sections 6.3, 7.4 and 9.2.

use std::collections::{BTreeSet, HashMap};

use tearline_ledger::{
    content::Content,
    id::{Identity, Ref, RoomId},
    name::MemberName,
    statement::{Act, Statement},
};
use tearline_proto::v1::content::Kind;

use crate::{
    desk::{Desk, Room},
    error::Error,
    matters::Side,
    reading::{Reading, reading_of},
    refs::EntryRef,
    replica::Line,
};

/// Who took a post back, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recall {
    /// Where the recall stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub at: u64,
    /// Who signed it, by name.
    pub signers: Vec<MemberName>,
}

/// A later post by the same side that corrects a post.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// Where it stands.
    pub entry: EntryRef,
    /// The same, as statements refer to it.
    pub reference: Ref,
    /// When it was accepted, in seconds since 1970.
    pub at: u64,
    /// Who wrote it.
    pub author: MemberName,
    /// Who signed it, by name.
    pub signers: Vec<MemberName>,
    /// What it says.
    pub content: Content,
}

/// How one post stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// Who took it back.
    pub recall: Option<Recall>,
    /// The end that its author gave its content, in seconds since 1970.
    pub ends: Option<u64>,
    /// Whether that end is past.
    pub expired: bool,
    /// What corrects it, and what corrects that, in the order of acceptance.
    pub corrections: Vec<Correction>,
}

impl Standing {
    /// Whether the server may rightly not have its content any more.
    pub fn may_be_gone(&self) -> bool {
        self.recall.is_some() || self.expired
    }
}

/// What happened to posts of all rooms since they were made.
#[derive(Debug, Clone, Default)]
pub struct Standings {
    recalls: HashMap<(RoomId, Identity), Recall>,
    corrections: HashMap<Ref, Vec<Correction>>,
}

impl Standings {
    /// From what was verified and judged: recalls are found among `lines`, corrections among `readings`.
    /// A correction that was itself taken back corrects nothing.
    pub fn new<'a>(
        lines: impl IntoIterator<Item = (EntryRef, &'a Line)>,
        readings: impl IntoIterator<Item = &'a Reading>,
    ) -> Self {
        let mut out = Self::default();
        for (entry, line) in lines {
            out.note_recall(entry, line);
        }
        for reading in readings {
            out.note_correction(reading);
        }
        out
    }

    /// The same from all rooms of this desk, opening what it can.
    ///
    /// A post that does not open, or that breaks a rule of content, corrects nothing; whoever reads or
    /// lists it says so.
    pub fn gather<'a>(desk: &Desk, rooms: impl IntoIterator<Item = &'a Room>) -> Result<Self, Error> {
        let mut out = Self::default();
        for room in rooms {
            let (id, name) = (room.replica.room(), room.name()?);
            for index in 0..room.replica.size() {
                let line = room.replica.line(index).map_err(|error| desk.alarmed(id, error))?;
                out.note_recall(EntryRef { room: name.clone(), index }, &line);
                if let Act::Post(_) = line.signed.statement.act
                    && !line.recalled
                    && room.content(&line).is_ok_and(|content| is_correction(&content))
                    && let Ok(reading) = reading_of(desk, room, line)
                {
                    out.note_correction(&reading);
                }
            }
        }
        Ok(out)
    }

    /// How a post stands. `now` is this desk's clock, in seconds since 1970.
    pub fn of(&self, reference: &Ref, statement: &Statement, now: u64) -> Standing {
        let ends = statement.sealed().and_then(|post| post.content_until);
        self.of_post(reference, &statement.author, ends, now)
    }

    /// The same by what matters of the statement: its author and the end of its content.
    pub fn of_post(&self, reference: &Ref, author: &MemberName, ends: Option<u64>, now: u64) -> Standing {
        Standing {
            recall: self.recalls.get(&(reference.room, reference.statement)).cloned(),
            ends,
            expired: ends.is_some_and(|end| end <= now),
            corrections: self.corrections_of(reference, author),
        }
    }

    fn corrections_of(&self, reference: &Ref, author: &MemberName) -> Vec<Correction> {
        let (mut out, mut seen) = (Vec::new(), BTreeSet::from([*reference]));
        let mut open = vec![*reference];
        while let Some(corrected) = open.pop() {
            for correction in self.corrections.get(&corrected).into_iter().flatten() {
                if same_side(author, &correction.author) && seen.insert(correction.reference) {
                    open.push(correction.reference);
                    out.push(correction.clone());
                }
            }
        }
        out.sort_by(|one, two| (one.at, &one.entry).cmp(&(two.at, &two.entry)));
        out
    }

    /// Takes a statement into account, in the order of its room: a recall.
    pub(crate) fn note_recall(&mut self, entry: EntryRef, line: &Line) {
        let Act::Recall { post, .. } = line.signed.statement.act else { return };
        let recall = Recall { entry, at: line.accepted_at, signers: by_name(line) };
        // The rules take one recall of a post.
        self.recalls.entry((line.signed.room(), post)).or_insert(recall);
    }

    /// Takes a judged post into account, in the order of its room: a correction.
    pub(crate) fn note_correction(&mut self, reading: &Reading) {
        let answers = reading.content.message().answers.as_ref();
        let Some(corrected) = answers.and_then(Ref::from_message) else { return };
        if !is_correction(&reading.content) || reading.line.recalled {
            return;
        }
        self.corrections.entry(corrected).or_default().push(Correction {
            entry: reading.entry.clone(),
            reference: reading.reference,
            at: reading.line.accepted_at,
            author: reading.line.signed.statement.author.clone(),
            signers: by_name(&reading.line),
            content: reading.content.clone(),
        });
    }
}

fn is_correction(content: &Content) -> bool {
    matches!(content.kind(), Some(Kind::Correction(_)))
}

/// Mediators speak as one; a party for itself. Nobody corrects what another said.
fn same_side(one: &MemberName, other: &MemberName) -> bool {
    Side::of(one) == Side::of(other)
}

fn by_name(line: &Line) -> Vec<MemberName> {
    let mut signers = line.signers.clone();
    signers.sort_unstable_by(|one, two| one.desk().cmp(two.desk()));
    signers
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
