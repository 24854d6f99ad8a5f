//! Where a matter stands, for a program.

use serde_json::{Map, Value, json};
use tearline_client::{
    matters::{
        CommitmentState, Compliant, ConcernState, IncidentState, Phase, RequestState, Said, SessionState,
        State,
    },
    show::{time::iso, words::Scale as _},
};
use tearline_proto::v1::{Compliance, Finding, Stance};

/// The keys of a state: `state`, `state_words` and `overdue` always, then those of its kind.
pub(super) fn state_json(state: &State) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("state".to_owned(), json!(state.word()));
    map.insert("state_words".to_owned(), json!(state.words()));
    map.insert("overdue".to_owned(), json!(state.overdue()));
    let more = match state {
        State::Concern(concern) => of_concern(concern),
        State::Request(request) => of_request(request),
        State::Commitment(commitment) => of_commitment(commitment),
        State::Incident(incident) => of_incident(incident),
        State::Session(SessionState::Minutes { entry }) => json!({"minutes": entry.to_string()}),
        State::Session(SessionState::AgendaOnly { begins, .. }) => json!({"begins": iso(*begins)}),
        _ => json!({}),
    };
    if let Value::Object(more) = more {
        map.extend(more);
    }
    map
}

fn of_concern(concern: &ConcernState) -> Value {
    match concern {
        ConcernState::Unanswered { reply_by } => json!({"reply_by": reply_by.map(iso)}),
        ConcernState::Overdue { since } => json!({"reply_by": iso(*since)}),
        ConcernState::Answered { finding, by } => {
            json!({"finding": Finding::word((*finding).into()), "answered_by": by.to_string()})
        }
    }
}

fn of_request(request: &RequestState) -> Value {
    let asked: Vec<Value> = request
        .asked
        .iter()
        .map(|(side, replied)| {
            json!({
                "side": side.to_string(),
                "stance": replied.as_ref().map(|it| Stance::word(it.stance.into())),
                "entry": replied.as_ref().map(|it| it.entry.to_string()),
                "late": replied.as_ref().is_some_and(|it| it.late),
            })
        })
        .collect();
    json!({"reply_by": request.reply_by.map(iso), "asked": asked})
}

fn of_commitment(commitment: &CommitmentState) -> Value {
    let (from, to) = match commitment.phase {
        Phase::NotYet { from } => (Some(from), None),
        Phase::InForce { to } => (None, to),
        Phase::Ended { at } => (None, Some(at)),
    };
    let incidents: Vec<Value> = commitment
        .incidents
        .iter()
        .map(|(entry, state)| json!({"entry": entry.to_string(), "state": state.word()}))
        .collect();
    let rests_on: Vec<Value> = commitment
        .rests_on
        .iter()
        .map(|it| json!({"organisation": it.organisation, "commitment": it.commitment.to_string()}))
        .collect();
    json!({
        "begins": from.map(iso),
        "ends": to.map(iso),
        "compliance": commitment.compliance.iter().map(of_compliance).collect::<Vec<_>>(),
        "incidents": incidents,
        "restated_by": commitment.restated_by.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "rests_on": rests_on,
    })
}

fn of_compliance(compliant: &Compliant) -> Value {
    let said = |said: &Said| {
        json!({
            "side": said.side.to_string(),
            "state": Compliance::word(said.state.into()),
            "entry": said.entry.to_string(),
        })
    };
    let time = |at: u64| (at != 0).then(|| iso(at));
    json!({
        "obligor": compliant.obligor,
        "from": time(compliant.from),
        "to": time(compliant.to),
        "said": compliant.said.iter().map(said).collect::<Vec<_>>(),
        "disputed": compliant.disputed.iter().map(said).collect::<Vec<_>>(),
    })
}

fn of_incident(incident: &IncidentState) -> Value {
    let out_of_order: Vec<String> = incident.out_of_order.iter().map(|it| it.entry.to_string()).collect();
    json!({
        "stage_by": incident.entry.as_ref().map(ToString::to_string),
        "attributed_to": incident.attributed_to,
        "out_of_order": out_of_order,
    })
}
