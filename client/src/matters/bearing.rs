//! What a post does to the matter in whose thread it stands.

use std::{collections::HashMap, fmt};

use tearline_proto::v1::{IncidentStage, SessionPhase, content::Kind};

use super::{Matters, Side, incident::OutOfOrder, links::Reached};
use crate::{refs::EntryRef, show::words::Scale as _};

/// What a post does to a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearing {
    /// The matter is about it.
    Head,
    /// It answers, or adds to, what it names.
    Counts,
    /// It refers to the matter, and changes nothing in it.
    Refers,
    /// It was recalled: what it did has lapsed. What was read cannot be unread.
    Recalled,
    /// What it says is not here, so nor can be said what it does.
    Absent,
    /// A post of its kind does not answer one of that kind.
    WrongKind {
        /// Its kind.
        kind: &'static str,
        /// The kind of what it names.
        of: &'static str,
    },
    /// It would correct a post of another side.
    OtherSide(Side),
    /// A stage of an incident that does not follow on the one before.
    OutOfOrder {
        /// The stage.
        stage: IncidentStage,
        /// The stage at which the incident stood.
        after: IncidentStage,
    },
    /// A compliance note about somebody who has promised nothing.
    OtherObligor(String),
}

impl Bearing {
    /// Whether it has an effect where it stands.
    pub fn counts(&self) -> bool {
        matches!(self, Self::Head | Self::Counts)
    }

    /// The short name of it, for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Counts => "counts",
            Self::Refers => "refers",
            Self::Recalled => "recalled",
            Self::Absent => "absent",
            Self::WrongKind { .. } => "wrong kind",
            Self::OtherSide(_) => "other side",
            Self::OutOfOrder { .. } => "out of order",
            Self::OtherObligor(_) => "other obligor",
        }
    }
}

impl fmt::Display for Bearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head | Self::Counts | Self::Refers => Ok(()),
            Self::Recalled => f.write_str("Recalled: it has no effect any more. What was read cannot be unread."),
            Self::Absent => f.write_str("What it says is not here, so nor is what it does."),
            Self::WrongKind { kind, of } => write!(f, "Does not apply: a post of the kind {kind} does not answer one of the kind {of}."),
            Self::OtherSide(side) => {
                write!(f, "Does not apply: only {side} may correct what {side} wrote.")
            }
            Self::OutOfOrder { stage, after } => write!(
                f,
                "Out of order, not applied: {} does not follow on {}.",
                IncidentStage::word((*stage).into()),
                IncidentStage::word((*after).into())
            ),
            Self::OtherObligor(org) => write!(f, "Does not apply: {org} promised nothing in this commitment."),
        }
    }
}

/// Whether a post of one kind answers one of the other, so that it has an effect on it.
pub(super) fn fits(answer: &Kind, answered: &Kind) -> bool {
    match (answer, answered) {
        (Kind::Assessment(_), Kind::Concern(_))
        | (Kind::ComplianceNote(_), Kind::Commitment(_))
        | (Kind::Opinion(_), Kind::Assessment(_)) => true,
        (Kind::Incident(stage), Kind::Incident(first)) => {
            let firsts = [IncidentStage::Alleged, IncidentStage::Registered].map(i32::from);
            firsts.contains(&first.stage) && stage.stage != i32::from(IncidentStage::Alleged)
        }
        (Kind::Session(minutes), Kind::Session(agenda)) => {
            minutes.phase == i32::from(SessionPhase::Minutes)
                && agenda.phase == i32::from(SessionPhase::Agenda)
        }
        (
            Kind::Assessment(_)
            | Kind::ComplianceNote(_)
            | Kind::Opinion(_)
            | Kind::Incident(_)
            | Kind::Session(_),
            _,
        ) => false,
        // Replies, corrections, notes, requests and whatever else may answer anything.
        _ => true,
    }
}

/// Incidents that were replayed already, by the position of their first post.
pub(super) type Replayed = HashMap<usize, HashMap<EntryRef, OutOfOrder>>;

impl Matters<'_> {
    /// What the post at `at` does in the thread of the matter at `head`, reached in this way.
    pub(super) fn bearing(&self, head: usize, (at, reached): (usize, Reached), replayed: &mut Replayed) -> Bearing {
        let Some(post) = self.posts.get(at) else { return Bearing::Absent };
        match &post.content {
            _ if at == head => return Bearing::Head,
            _ if post.recalled => return Bearing::Recalled,
            Err(_) => return Bearing::Absent,
            Ok(_) if reached == Reached::Refers => return Bearing::Refers,
            Ok(_) => (),
        }
        let above = self.links.above(at).and_then(|above| Some((above, self.posts.get(above)?)));
        let (Some((above, answered)), Ok(content)) = (above, &post.content) else { return Bearing::Refers };
        let Ok(of) = &answered.content else { return Bearing::Counts };
        let (Some(kind), Some(answered_kind)) = (content.kind(), of.kind()) else { return Bearing::Absent };
        if !fits(kind, answered_kind) {
            return Bearing::WrongKind { kind: content.kind_name(), of: of.kind_name() };
        }
        match (kind, answered_kind) {
            (Kind::Correction(_), _) => {
                let (own, corrected) = (Side::of(&post.author), Side::of(&answered.author));
                if own == corrected { Bearing::Counts } else { Bearing::OtherSide(corrected) }
            }
            (Kind::Incident(_), _) => {
                let ignored = replayed.entry(above).or_insert_with(|| {
                    let ignored = self.incident(above).out_of_order.into_iter();
                    ignored.map(|it| (it.entry.clone(), it)).collect()
                });
                ignored.get(&post.entry).map_or(Bearing::Counts, |it| Bearing::OutOfOrder {
                    stage: it.stage,
                    after: it.after,
                })
            }
            (Kind::ComplianceNote(note), Kind::Commitment(promise))
                if !note.obligor.is_empty() && !promise.obligors.contains(&note.obligor) =>
            {
                Bearing::OtherObligor(note.obligor.clone())
            }
            _ => Bearing::Counts,
        }
    }
}
