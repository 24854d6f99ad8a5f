//! A commitment in all its languages, and a note on how it was kept.

use serde_json::{Value, json};
use tearline_proto::v1::{Commitment, CommitmentKind, Compliance, ComplianceNote, LanguageText};

use super::{
    fields::{Fields, Object, place, window},
    safe,
};
use crate::show::words::Scale as _;

pub(super) fn text(it: &Commitment) -> String {
    let obligors: Vec<String> = it.obligors.iter().map(|org| safe(org)).collect();
    let mut fields = Fields::default()
        .headline(&format!("{} by {}", CommitmentKind::word(it.kind), obligors.join(" and ")))
        .each("TOWARDS", &it.beneficiaries)
        .place("AREA", it.area.as_ref())
        .window("TIME", it.from, it.to)
        .said("VERIFIED", &it.verification)
        .said("DEPENDS ON", &it.depends_on);
    for undertaking in &it.undertakings {
        let digest = hex::encode(&undertaking.statement);
        let short = digest.get(..16).unwrap_or_default();
        let what = format!("what {} signed (statement {short}…)", safe(&undertaking.organisation));
        fields = fields.line("RESTATES", &what);
    }
    let several = it.texts.len() > 1;
    let (first, others): (Vec<_>, Vec<_>) = it.texts.iter().partition(|text| text.authoritative);
    for text in first.into_iter().chain(others) {
        if several {
            let authoritative = if text.authoritative { ", authoritative" } else { "" };
            fields = fields.paragraph(&format!("[{}{authoritative}]", text.language));
        }
        fields = if several { fields.follow(&text.text) } else { fields.paragraph(&text.text) };
    }
    fields.to_string()
}

pub(super) fn json(it: &Commitment, out: &mut Object) {
    out.text("commitment", CommitmentKind::word(it.kind));
    out.set("obligors", json!(it.obligors));
    out.set("beneficiaries", json!(it.beneficiaries));
    let text = |it: &LanguageText| json!({"language": it.language, "text": it.text, "authoritative": it.authoritative});
    out.set("texts", it.texts.iter().map(text).collect());
    let authoritative = it.texts.iter().find(|text| text.authoritative);
    out.text("text", authoritative.map_or("", |text| &text.text));
    out.set("area", place(it.area.as_ref()));
    out.time("from", it.from);
    out.time("to", it.to);
    out.text("verification", &it.verification);
    out.text("depends_on", &it.depends_on);
    let undertaking = |it: &tearline_proto::v1::Undertaking| json!({"organisation": it.organisation, "statement": hex::encode(&it.statement)});
    out.set("undertakings", it.undertakings.iter().map(undertaking).collect());
}

pub(super) fn note_text(note: &ComplianceNote) -> String {
    let whose = if note.obligor.is_empty() { "all obligors".to_owned() } else { safe(&note.obligor) };
    let when = window(note.from, note.to).map(|window| format!(" · {window}")).unwrap_or_default();
    let headline = format!("{} · {whose}{when}", Compliance::word(note.state));
    Fields::default().headline(&headline).paragraph(&note.text).to_string()
}

pub(super) fn note_json(note: &ComplianceNote, out: &mut Object) {
    out.text("state", Compliance::word(note.state));
    out.set("obligor", if note.obligor.is_empty() { Value::Null } else { json!(note.obligor) });
    out.time("from", note.from);
    out.time("to", note.to);
    out.text("text", &note.text);
}
