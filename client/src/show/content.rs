//! An opened post as an officer reads it, and as a program does: one file for each concern.

mod briefing;
mod commitment;
mod concern;
mod fields;
mod incident;
mod request;
mod session;

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_ledger::{content::Content, misleading};
use tearline_proto::v1::{Precedence, content::Kind};

use self::fields::{Fields, Object};
use super::{WIDTH, attachments, time::dtg, words::Scale as _, wrap};

pub use concern::verdict;
pub use fields::place;

/// Text that others wrote, with every character that misleads made visible.
pub fn safe(text: &str) -> String {
    misleading::visible(text)
}

/// The precedence of a post.
pub fn precedence(content: &Content) -> &'static str {
    Precedence::word(content.message().precedence)
}

/// The body of a post: everything but the heading lines.
pub fn body(content: &Content) -> String {
    let message = content.message();
    let mut out = String::new();
    if !message.subject.is_empty() {
        out.push_str(&wrap(&safe(&message.subject), 1, WIDTH));
        out.push('\n');
    }
    out.push_str(&content.kind().map(of_kind).unwrap_or_default());
    if let Some(tearline) = &message.tearline {
        for portion in &tearline.portions {
            out.push_str(&wrap(&format!("({})  {}", safe(&portion.mark), safe(&portion.text)), 1, WIDTH));
            out.push('\n');
        }
    }
    out.push_str(&attachments::list(&message.attachments));
    if message.ack_by != 0 {
        let _ = writeln!(out, " Acknowledgement due by {}", dtg(message.ack_by));
    }
    out
}

fn of_kind(kind: &Kind) -> String {
    match kind {
        Kind::Briefing(it) => briefing::text(it),
        Kind::Release(it) if it.note.is_empty() => String::new(),
        Kind::Release(it) => format!("{}\n", Fields::default().paragraph(&it.note)),
        Kind::Concern(it) => concern::text(it),
        Kind::Assessment(it) => concern::assessment_text(it),
        Kind::Opinion(it) => concern::opinion_text(it),
        Kind::Request(it) => request::text(it),
        Kind::Reply(it) => request::reply_text(it),
        Kind::Commitment(it) => commitment::text(it),
        Kind::ComplianceNote(it) => commitment::note_text(it),
        Kind::Incident(it) => incident::text(it),
        Kind::ActivityNotice(it) => incident::activity_text(it),
        Kind::Session(it) => session::text(it),
        Kind::Note(it) => Fields::default().paragraph(&it.text).to_string(),
        Kind::Correction(it) => Fields::default().paragraph(&it.text).to_string(),
        Kind::Decoy(_) => " This post says nothing: it keeps the room's cadence.\n".to_owned(),
        Kind::ManifestNotice(_) => {
            " It adds a briefing's manifest for a room that was founded later.\n".to_owned()
        }
    }
}

/// The content for a program. Texts are as they were written.
pub fn to_json(content: &Content) -> Value {
    let message = content.message();
    let mut out = Object::default();
    out.set("kind", json!(content.kind_name()));
    out.set("precedence", json!(precedence(content)));
    out.text("subject", &message.subject);
    out.time("written_at", message.written_at);
    if message.ack_by != 0 {
        out.time("ack_by", message.ack_by);
    }
    if let Some(tearline) = &message.tearline {
        let portions = tearline.portions.iter();
        out.set("portions", portions.map(|it| json!({"mark": it.mark, "text": it.text})).collect());
    }
    if !message.attachments.is_empty() {
        out.set("attachments", attachments::to_json(&message.attachments));
    }
    match content.kind() {
        Some(Kind::Briefing(it)) => briefing::json(it, &mut out),
        Some(Kind::Release(it)) => out.text("note", &it.note),
        Some(Kind::Concern(it)) => concern::json(it, &mut out),
        Some(Kind::Assessment(it)) => concern::assessment_json(it, &mut out),
        Some(Kind::Opinion(it)) => concern::opinion_json(it, &mut out),
        Some(Kind::Request(it)) => request::json(it, &mut out),
        Some(Kind::Reply(it)) => request::reply_json(it, &mut out),
        Some(Kind::Commitment(it)) => commitment::json(it, &mut out),
        Some(Kind::ComplianceNote(it)) => commitment::note_json(it, &mut out),
        Some(Kind::Incident(it)) => incident::json(it, &mut out),
        Some(Kind::ActivityNotice(it)) => incident::activity_json(it, &mut out),
        Some(Kind::Session(it)) => session::json(it, &mut out),
        Some(Kind::Note(it)) => out.text("text", &it.text),
        Some(Kind::Correction(it)) => out.text("text", &it.text),
        Some(Kind::Decoy(_) | Kind::ManifestNotice(_)) | None => {}
    }
    out.into()
}

/// How a post's heading says what it answers, as in `of your concern drc#3`. `own` is whether that is of
/// the reader's own side.
pub fn answering(content: &Content, own: bool, answered: &str, entry: &str) -> String {
    let join = match content.kind() {
        Some(Kind::Assessment(_) | Kind::Opinion(_) | Kind::Correction(_)) => "of",
        Some(Kind::Reply(_)) => "to",
        Some(Kind::ComplianceNote(_) | Kind::Incident(_)) => "on",
        _ => "in answer to",
    };
    let your = if own { "your " } else { "" };
    format!("{join} {your}{answered} {entry}")
}

#[cfg(test)]
mod tests;
