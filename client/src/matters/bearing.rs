//! What a post does to the matter in whose thread it stands.

use std::{collections::HashMap, fmt};

use tearline_ledger::content::{Authored, Content, ContentError};
use tearline_proto::v1::{IncidentStage, content::Kind};

use super::{Matters, incident::OutOfOrder, links::Reached};
use crate::{holdings::Filed, refs::EntryRef, show::words::Scale as _};

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
    /// It may not answer what it names, and the rule that it breaks.
    Refused(ContentError),
    /// A stage of an incident that does not follow on the one before.
    OutOfOrder {
        /// The stage.
        stage: IncidentStage,
        /// The stage at which the incident stood.
        after: IncidentStage,
    },
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
            Self::Refused(_) => "refused",
            Self::OutOfOrder { .. } => "out of order",
        }
    }
}

impl fmt::Display for Bearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head | Self::Counts | Self::Refers => Ok(()),
            Self::Recalled => {
                f.write_str("Recalled: it has no effect any more. What was read cannot be unread.")
            }
            Self::Absent => f.write_str("What it says is not here, so nor is what it does."),
            Self::Refused(rule) => write!(f, "Does not apply: a {rule}."),
            Self::OutOfOrder { stage, after } => write!(
                f,
                "Out of order, not applied: {} does not follow on {}.",
                IncidentStage::word((*stage).into()),
                IncidentStage::word((*after).into())
            ),
        }
    }
}

/// Whether a post may answer another, so that it has an effect on it.
pub(super) fn may_answer(answer: &Filed, answered: &Filed) -> Result<(), ContentError> {
    match (&answer.content, &answered.content) {
        (Ok(content), Ok(other)) => {
            let post = Authored { content, author: &answer.author };
            post.may_answer(&Authored { content: other, author: &answered.author })
        }
        _ => Ok(()),
    }
}

/// Incidents that were replayed already, by the position of their first post.
pub(super) type Replayed = HashMap<usize, HashMap<EntryRef, OutOfOrder>>;

impl Matters<'_> {
    /// What the post at `at` does in the thread of the matter at `head`, reached in this way.
    pub(super) fn bearing(
        &self,
        head: usize,
        (at, reached): (usize, Reached),
        replayed: &mut Replayed,
    ) -> Bearing {
        let Some(post) = self.posts.get(at) else { return Bearing::Absent };
        match &post.content {
            _ if at == head => return Bearing::Head,
            _ if post.recalled => return Bearing::Recalled,
            Err(_) => return Bearing::Absent,
            Ok(_) if reached == Reached::Refers => return Bearing::Refers,
            Ok(_) => (),
        }
        let above = self.links.above(at).and_then(|above| Some((above, self.posts.get(above)?)));
        let Some((above, answered)) = above else { return Bearing::Refers };
        if let Err(rule) = may_answer(post, answered) {
            return Bearing::Refused(rule);
        }
        if !is_incident(post) || !is_incident(answered) {
            return Bearing::Counts;
        }
        let ignored = replayed.entry(above).or_insert_with(|| {
            let ignored = self.incident(above).out_of_order.into_iter();
            ignored.map(|it| (it.entry.clone(), it)).collect()
        });
        let ignored = ignored.get(&post.entry);
        ignored.map_or(Bearing::Counts, |it| Bearing::OutOfOrder { stage: it.stage, after: it.after })
    }
}

fn is_incident(post: &Filed) -> bool {
    matches!(post.content.as_ref().map(Content::kind), Ok(Some(Kind::Incident(_))))
}
