//! An incident: alleged, registered, verified or not, attributed or not, answered, closed.
//!
//! Each stage follows on the one before. What could not be verified or attributed may be later; mediators may
//! close an incident at any stage once it is registered. A stage that does not follow is shown and not
//! applied.

use tearline_proto::v1::{IncidentStage, content::Kind};

use super::Matters;
use crate::refs::EntryRef;

/// Where an incident stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentState {
    /// The last stage that followed on the one before.
    pub stage: IncidentStage,
    /// The post that brought it there.
    pub entry: Option<EntryRef>,
    /// To whom it is attributed.
    pub attributed_to: Option<String>,
    /// Stages that were not applied, oldest first.
    pub out_of_order: Vec<OutOfOrder>,
}

/// A stage that does not follow on the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfOrder {
    /// Where it stands.
    pub entry: EntryRef,
    /// The stage.
    pub stage: IncidentStage,
    /// The stage at which the incident stood.
    pub after: IncidentStage,
}

impl Matters<'_> {
    /// Replays the stages of the incident whose first post is at `at`.
    pub(super) fn incident(&self, at: usize) -> IncidentState {
        let stage_of = |kind: &Kind| match kind {
            Kind::Incident(incident) => IncidentStage::try_from(incident.stage).ok(),
            _ => None,
        };
        let first = self.posts.get(at);
        let head = first.and_then(|post| stage_of(post.content.as_ref().ok()?.kind()?));
        let mut state = IncidentState {
            stage: head.unwrap_or_default(),
            entry: first.map(|post| post.entry.clone()),
            attributed_to: None,
            out_of_order: Vec::new(),
        };
        for (_, post, kind) in self.answers_to(at) {
            let (Some(next), Kind::Incident(incident)) = (stage_of(kind), kind) else { continue };
            if !follows(state.stage, next) {
                let (entry, after) = (post.entry.clone(), state.stage);
                state.out_of_order.push(OutOfOrder { entry, stage: next, after });
                continue;
            }
            (state.stage, state.entry) = (next, Some(post.entry.clone()));
            if next == IncidentStage::Attributed {
                state.attributed_to = Some(incident.attributed_to.clone());
            }
        }
        state
    }
}

/// Whether the one stage follows on the other.
fn follows(on: IncidentStage, stage: IncidentStage) -> bool {
    use IncidentStage::{
        Alleged, Answered, Attributed, Closed, NotAttributed, NotVerified, Registered, Verified,
    };
    match stage {
        Registered => on == Alleged,
        Verified => matches!(on, Registered | NotVerified),
        NotVerified => on == Registered,
        Attributed => matches!(on, Verified | NotAttributed),
        NotAttributed => on == Verified,
        Answered => matches!(on, Attributed | NotAttributed),
        Closed => !matches!(on, Alleged | Closed),
        _ => false,
    }
}
