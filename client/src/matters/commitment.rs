//! A commitment: whether it is in force, and how it was kept, by obligor and period.
//!
//! What the mediators say of a period is never overwritten by what a party says of it, nor either by a
//! dispute: they stand beside each other.

use std::collections::BTreeMap;

use tearline_ledger::id::Identity;
use tearline_proto::v1::{self, Commitment, Compliance, content::Kind};

use super::{Link, Matters, Side, State};
use crate::refs::EntryRef;

/// Whether a commitment binds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It begins later.
    NotYet {
        /// In seconds since 1970.
        from: u64,
    },
    /// It binds.
    InForce {
        /// Until when, in seconds since 1970.
        to: Option<u64>,
    },
    /// Its time is over.
    Ended {
        /// In seconds since 1970.
        at: u64,
    },
}

/// What a side says of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who says so.
    pub side: Side,
    /// What it says.
    pub state: Compliance,
    /// Where it stands.
    pub entry: EntryRef,
}

/// How an obligor kept a commitment in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compliant {
    /// Whose part it is.
    pub obligor: String,
    /// In seconds since 1970; 0: not said.
    pub from: u64,
    /// In seconds since 1970; 0: without an end.
    pub to: u64,
    /// The newest word of each side that stands, the mediators' first.
    pub said: Vec<Said>,
    /// The newest dispute of each side that stands.
    pub disputed: Vec<Said>,
}

/// What a restatement rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undertaken {
    /// The organisation that promised.
    pub organisation: String,
    /// Its own commitment.
    pub commitment: Link,
}

/// Where a commitment stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitmentState {
    /// Whether it binds now.
    pub phase: Phase,
    /// By obligor, the latest period first.
    pub compliance: Vec<Compliant>,
    /// Incidents that refer to it, each with where it stands.
    pub incidents: Vec<(EntryRef, State)>,
    /// Mediators' restatements of it that stand.
    pub restated_by: Vec<EntryRef>,
    /// If it is a restatement: what each obligor signed.
    pub rests_on: Vec<Undertaken>,
}

impl Matters<'_> {
    pub(super) fn commitment(&self, at: usize, commitment: &Commitment, now: u64) -> CommitmentState {
        CommitmentState {
            phase: phase(commitment, now),
            compliance: self.compliance(at, commitment),
            incidents: self.incidents_under(at, now),
            restated_by: self.restated_by(at),
            rests_on: commitment.undertakings.iter().map(|it| self.undertaken(it)).collect(),
        }
    }

    fn compliance(&self, at: usize, commitment: &Commitment) -> Vec<Compliant> {
        type Words = (BTreeMap<Side, Said>, BTreeMap<Side, Said>);
        let mut all: BTreeMap<(&str, u64, u64), Words> = BTreeMap::new();
        for (_, post, kind) in self.answers_to(at) {
            let Kind::ComplianceNote(note) = kind else { continue };
            let Ok(state) = Compliance::try_from(note.state) else { continue };
            let obligors = commitment.obligors.iter();
            for obligor in obligors.filter(|org| note.obligor.is_empty() || **org == note.obligor) {
                let words = all.entry((obligor, note.from, note.to)).or_default();
                let side = Side::of(&post.author);
                let said = Said { side: side.clone(), state, entry: post.entry.clone() };
                let place = if state == Compliance::Disputed { &mut words.1 } else { &mut words.0 };
                place.insert(side, said);
            }
        }
        let mut out: Vec<Compliant> = all
            .into_iter()
            .map(|((obligor, from, to), (said, disputed))| Compliant {
                obligor: obligor.to_owned(),
                from,
                to,
                said: said.into_values().collect(),
                disputed: disputed.into_values().collect(),
            })
            .collect();
        // The end of a period without one is later than any.
        let end = |it: &Compliant| if it.to == 0 { u64::MAX } else { it.to };
        out.sort_by(|one, two| {
            let later = (end(two), two.from).cmp(&(end(one), one.from));
            one.obligor.cmp(&two.obligor).then(later)
        });
        out
    }

    fn incidents_under(&self, at: usize, now: u64) -> Vec<(EntryRef, State)> {
        let referring = self.links.referrers(at).iter().filter(|named| self.links.is_head(**named));
        let incidents = referring.filter_map(|named| {
            let post = self.posts.get(*named)?;
            let incident = matches!(post.content.as_ref().ok()?.kind(), Some(Kind::Incident(_)));
            incident.then(|| (post.entry.clone(), self.state(*named, now)))
        });
        incidents.collect()
    }

    fn restated_by(&self, at: usize) -> Vec<EntryRef> {
        let Some(own) = self.posts.get(at) else { return Vec::new() };
        let restating = self.links.restating(&own.reference.statement).iter();
        let standing = restating.filter_map(|at| self.posts.get(*at)).filter(|post| !post.recalled);
        standing.map(|post| post.entry.clone()).collect()
    }

    fn undertaken(&self, it: &v1::Undertaking) -> Undertaken {
        let found = Identity::from_slice(&it.statement).and_then(|identity| self.links.anywhere(&identity));
        let found = found.and_then(|at| self.posts.get(at));
        let commitment = found.map_or(Link::Elsewhere, |post| Link::Here(post.entry.clone()));
        Undertaken { organisation: it.organisation.clone(), commitment }
    }
}

/// Both ends are within.
fn phase(commitment: &Commitment, now: u64) -> Phase {
    let (from, to) = (commitment.from, commitment.to);
    if now < from {
        Phase::NotYet { from }
    } else if to != 0 && now > to {
        Phase::Ended { at: to }
    } else {
        Phase::InForce { to: (to != 0).then_some(to) }
    }
}
