//! Where a matter stands, as people speak of it.

use tearline_proto::v1::{Finding, IncidentStage, Stance};

use super::{
    commitment::{CommitmentState, Phase},
    concern::ConcernState,
    incident::IncidentState,
    request::{Replied, RequestState},
    session::SessionState,
};
use crate::show::{content::safe, time::dtg, words::Scale as _};

/// Where a matter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// A concern.
    Concern(ConcernState),
    /// A request.
    Request(RequestState),
    /// A commitment.
    Commitment(Box<CommitmentState>),
    /// An incident.
    Incident(IncidentState),
    /// A session.
    Session(SessionState),
    /// Anything else: it was posted.
    Posted,
    /// Its first post was recalled.
    Recalled,
    /// What its first post says is not here.
    Absent,
}

impl State {
    /// The short name of it, for programs.
    pub fn word(&self) -> String {
        match self {
            Self::Concern(ConcernState::Unanswered { .. }) => "unanswered".to_owned(),
            Self::Concern(ConcernState::Answered { .. }) => "answered".to_owned(),
            Self::Concern(ConcernState::Overdue { .. }) => "overdue".to_owned(),
            Self::Request(request) => request.word().to_owned(),
            Self::Commitment(commitment) => commitment.phase.word().to_owned(),
            Self::Incident(incident) => IncidentStage::word(incident.stage.into()).to_lowercase(),
            Self::Session(SessionState::AgendaOnly { .. }) => "agenda only".to_owned(),
            Self::Session(SessionState::Minutes { .. }) => "minutes there".to_owned(),
            Self::Posted => "posted".to_owned(),
            Self::Recalled => "recalled".to_owned(),
            Self::Absent => "not here".to_owned(),
        }
    }

    /// As people speak of it, safe to show.
    pub fn words(&self) -> String {
        match self {
            Self::Concern(ConcernState::Unanswered { reply_by: Some(by) }) => {
                format!("unanswered, an answer is asked for by {}", dtg(*by))
            }
            Self::Concern(ConcernState::Overdue { since }) => {
                format!("unanswered, OVERDUE since {}", dtg(*since))
            }
            Self::Concern(ConcernState::Answered { finding, by }) => {
                format!("answered: {} ({by})", Finding::word((*finding).into()))
            }
            Self::Request(request) => request.words(),
            Self::Commitment(commitment) => commitment.phase.words(),
            Self::Incident(IncidentState { stage: IncidentStage::Attributed, attributed_to, .. }) => {
                format!("attributed to {}", safe(attributed_to.as_deref().unwrap_or("nobody")))
            }
            Self::Session(SessionState::AgendaOnly { begins, past: false }) => {
                format!("agenda only, to be held {}", dtg(*begins))
            }
            Self::Session(SessionState::AgendaOnly { begins, past: true }) => {
                format!("agenda only, was to be held {}", dtg(*begins))
            }
            Self::Session(SessionState::Minutes { entry }) => format!("minutes there ({entry})"),
            other => other.word(),
        }
    }

    /// Whether somebody is late.
    pub fn overdue(&self) -> bool {
        match self {
            Self::Concern(ConcernState::Overdue { .. }) => true,
            Self::Request(request) => request.overdue,
            _ => false,
        }
    }
}

fn stance(stance: Stance) -> &'static str {
    match stance {
        Stance::Accepted => "accepted",
        Stance::PartlyAccepted => "partly accepted",
        Stance::Declined => "declined",
        _ => "taken note of",
    }
}

impl RequestState {
    fn word(&self) -> &'static str {
        let mut stances = self.asked.values().map(|replied| replied.as_ref().map(|it| it.stance));
        let first = stances.next().flatten();
        if self.open_with().next().is_some() || first.is_none() {
            return if self.overdue { "overdue" } else { "open" };
        }
        if stances.any(|stance| stance != first) {
            return "answered differently";
        }
        first.map_or("open", stance)
    }

    fn words(&self) -> String {
        let late = |replied: &Replied| if replied.late { ", late" } else { "" };
        let mut said: Vec<String> = self
            .asked
            .iter()
            .filter_map(|(side, replied)| Some((side, replied.as_ref()?)))
            .map(|(side, it)| format!("{} by {side} ({}{})", stance(it.stance), it.entry, late(it)))
            .collect();
        let open: Vec<String> = self.open_with().map(ToString::to_string).collect();
        let by = self.reply_by.map(dtg).unwrap_or_default();
        match (open.is_empty(), self.overdue, self.reply_by) {
            (true, ..) => (),
            (_, true, _) => said.push(format!("open with {}, OVERDUE since {by}", open.join(", "))),
            (_, false, Some(_)) => {
                said.push(format!("open with {}, a reply is asked for by {by}", open.join(", ")));
            }
            (_, false, None) => said.push(format!("open with {}", open.join(", "))),
        }
        if said.is_empty() { "open".to_owned() } else { said.join("; ") }
    }
}

impl Phase {
    fn word(&self) -> &'static str {
        match self {
            Self::NotYet { .. } => "not yet in force",
            Self::InForce { .. } => "in force",
            Self::Ended { .. } => "ended",
        }
    }

    fn words(&self) -> String {
        match self {
            Self::NotYet { from } => format!("not yet in force, from {}", dtg(*from)),
            Self::InForce { to: Some(to) } => format!("in force until {}", dtg(*to)),
            Self::InForce { to: None } => "in force".to_owned(),
            Self::Ended { at } => format!("ended {}", dtg(*at)),
        }
    }
}

impl CommitmentState {
    /// How each obligor stands with it: the mediators' word on its latest period, or else another's.
    pub fn latest(&self) -> impl Iterator<Item = &super::Compliant> {
        let mut seen = std::collections::BTreeSet::new();
        self.compliance.iter().filter(move |it| seen.insert(it.obligor.as_str()))
    }
}
