//! A session: its agenda or its minutes.

use serde_json::json;
use tearline_proto::v1::{Session, SessionPhase};

use super::fields::{Fields, Object, window};
use crate::show::words::Scale as _;

pub(super) fn text(session: &Session) -> String {
    let when = window(session.begins, session.ends).unwrap_or_default();
    let mut fields = Fields::default()
        .headline(&format!("{} · {when}", SessionPhase::word(session.phase)))
        .each("WITH", &session.participants);
    for (label, lines) in [("ITEM", &session.items), ("DECIDED", &session.decisions)] {
        for (number, line) in (1..).zip(lines) {
            fields = fields.said(&format!("{label} {number}"), line);
        }
    }
    fields.paragraph(&session.text).to_string()
}

pub(super) fn json(session: &Session, out: &mut Object) {
    out.text("phase", SessionPhase::word(session.phase));
    out.time("begins", session.begins);
    out.time("ends", session.ends);
    out.set("participants", json!(session.participants));
    out.set("items", json!(session.items));
    out.set("decisions", json!(session.decisions));
    out.text("text", &session.text);
}
