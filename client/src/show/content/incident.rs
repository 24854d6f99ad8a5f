//! An incident with the stage that it has come to, and a movement that is announced.

use serde_json::{Value, json};
use tearline_proto::v1::{Activity, ActivityNotice, Incident, IncidentStage};

use super::{
    fields::{Fields, Object, place},
    safe,
};
use crate::show::words::Scale as _;

pub(super) fn text(incident: &Incident) -> String {
    let stage = IncidentStage::word(incident.stage);
    let headline = match incident.attributed_to.as_str() {
        "" => stage.to_owned(),
        whom => format!("{stage} to {}", safe(whom)),
    };
    Fields::default()
        .headline(&headline)
        .place("PLACE", incident.place.as_ref())
        .window("WHEN", incident.from, incident.to)
        .paragraph(&incident.text)
        .to_string()
}

pub(super) fn json(incident: &Incident, out: &mut Object) {
    out.text("stage", IncidentStage::word(incident.stage));
    out.set("place", place(incident.place.as_ref()));
    out.time("from", incident.from);
    out.time("to", incident.to);
    let whom = &incident.attributed_to;
    out.set("attributed_to", if whom.is_empty() { Value::Null } else { json!(whom) });
    out.text("text", &incident.text);
}

pub(super) fn activity_text(notice: &ActivityNotice) -> String {
    Fields::default()
        .headline(Activity::word(notice.activity))
        .place("PLACE", notice.place.as_ref())
        .window("WHEN", notice.from, notice.to)
        .said("FORCE", &notice.force)
        .paragraph(&notice.text)
        .to_string()
}

pub(super) fn activity_json(notice: &ActivityNotice, out: &mut Object) {
    out.text("activity", Activity::word(notice.activity));
    out.set("place", place(notice.place.as_ref()));
    out.time("from", notice.from);
    out.time("to", notice.to);
    out.text("force", &notice.force);
    out.text("text", &notice.text);
}
