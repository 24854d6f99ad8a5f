//! An opened post as an officer reads it, and as a program does.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_ledger::{content::Content, misleading};
use tearline_proto::v1::{
    Activity, AnswerUse, Assessment, Briefing, Concern, Confidence, Finding, Likelihood, Precedence,
    Reliability, content::Kind,
};

use super::{
    WIDTH, attachments,
    time::{dtg, iso},
    words::{Scale, likelihood_range},
    wrap,
};

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
    let mut out = String::new();
    let message = content.message();
    out.push_str(&wrap(&safe(&message.subject), 1, WIDTH));
    out.push('\n');
    match content.kind() {
        Some(Kind::Briefing(briefing)) => out.push_str(&briefing_body(briefing)),
        Some(Kind::Release(release)) if !release.note.is_empty() => {
            out.push_str(&wrap(&safe(&release.note), 1, WIDTH));
            out.push('\n');
        }
        Some(Kind::Concern(concern)) => out.push_str(&concern_body(concern)),
        Some(Kind::Assessment(assessment)) => out.push_str(&assessment_body(assessment)),
        Some(Kind::Note(note)) => out.push_str(&wrap(&safe(&note.text), 1, WIDTH)),
        _ => {}
    }
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

fn briefing_body(briefing: &Briefing) -> String {
    let mut out = String::new();
    if let Some(source) = &briefing.source {
        let grade = format!("{}{}", Reliability::word(source.reliability), source.credibility);
        let described = if source.description.is_empty() {
            grade
        } else {
            format!("{grade}, {}", safe(&source.description))
        };
        out.push_str(&wrap(&format!("Source {described} (never leaves the chamber)"), 1, WIDTH));
    }
    if briefing.information_until != 0 {
        let _ = writeln!(out, " Information up to {}", dtg(briefing.information_until));
    }
    if !briefing.originator.is_empty() {
        let _ = writeln!(out, " Originator {}", safe(&briefing.originator));
    }
    for (number, portion) in briefing.portions.iter().enumerate() {
        let text = format!("{}. ({})  {}", number + 1, safe(&portion.mark), safe(&portion.text));
        out.push('\n');
        out.push_str(&wrap(&text, 1, WIDTH));
    }
    out
}

fn concern_body(concern: &Concern) -> String {
    let mut out = String::new();
    let mut line = |name: &str, text: String| out.push_str(&wrap(&format!("{name:<12}{text}"), 1, WIDTH));
    line("ACTIVITY", Activity::word(concern.activity).to_owned());
    if let Some(place) = &concern.place {
        let degrees = |value: i64| {
            let sign = if value < 0 { "-" } else { "" };
            let value = value.unsigned_abs();
            format!("{sign}{}.{:07}", value / 10_000_000, value % 10_000_000)
        };
        let position = format!(
            "{} ({}, {}; within {} m)",
            safe(&place.name),
            degrees(place.longitude_e7),
            degrees(place.latitude_e7),
            place.precision_m
        );
        line("PLACE", position);
    }
    if concern.observed_from != 0 {
        let until = if concern.observed_to == 0 {
            String::new()
        } else {
            format!(" to {}", dtg(concern.observed_to))
        };
        line("SEEN", format!("{}{until}", dtg(concern.observed_from)));
    }
    if !concern.force_seen.is_empty() {
        line("FORCE", safe(&concern.force_seen));
    }
    if !concern.evidence.is_empty() {
        line("EVIDENCE", safe(&concern.evidence));
    }
    if concern.reply_by != 0 {
        line("REPLY BY", dtg(concern.reply_by));
    }
    line("ANSWER", format!("may be used {}", AnswerUse::word(concern.answer_use)));
    out.push('\n');
    out.push_str(&wrap(&safe(&concern.text), 1, WIDTH));
    out
}

/// `PARTLY CORROBORATED · OFFENSIVE · likely (55–80 %) · confidence moderate`.
pub fn verdict(assessment: &Assessment) -> String {
    format!(
        "{} · {} · {} ({}) · confidence {}",
        Finding::word(assessment.finding),
        Activity::word(assessment.activity),
        Likelihood::word(assessment.likelihood),
        likelihood_range(assessment.likelihood),
        Confidence::word(assessment.confidence)
    )
}

fn assessment_body(assessment: &Assessment) -> String {
    let mut out = format!(" {}\n\n", verdict(assessment));
    if !assessment.text.is_empty() {
        out.push_str(&wrap(&safe(&assessment.text), 1, WIDTH));
        out.push('\n');
    }
    for (name, texts) in [("Assumes", &assessment.assumptions), ("Or else", &assessment.alternatives)] {
        for text in texts {
            out.push_str(&wrap(&format!("{name}: {}", safe(text)), 1, WIDTH));
        }
    }
    if assessment.information_until != 0 {
        let _ = writeln!(out, " Information up to {}", dtg(assessment.information_until));
    }
    out
}

/// The content for a program. Texts are as they were written.
pub fn to_json(content: &Content) -> Value {
    let message = content.message();
    let mut out = json!({
        "kind": content.kind_name(),
        "precedence": precedence(content),
        "subject": message.subject,
        "written_at": iso(message.written_at),
    });
    let Some(map) = out.as_object_mut() else { return out };
    let mut set = |key: &str, value: Value| map.insert(key.to_owned(), value);
    if message.ack_by != 0 {
        set("ack_by", json!(iso(message.ack_by)));
    }
    if let Some(tearline) = &message.tearline {
        let portions = tearline.portions.iter();
        set("portions", portions.map(|it| json!({"mark": it.mark, "text": it.text})).collect());
    }
    if !message.attachments.is_empty() {
        set("attachments", attachments::to_json(&message.attachments));
    }
    match content.kind() {
        Some(Kind::Briefing(briefing)) => {
            let portions = briefing.portions.iter();
            set("portions", portions.map(|it| json!({"mark": it.mark, "text": it.text})).collect());
        }
        Some(Kind::Release(release)) => drop(set("note", json!(release.note))),
        Some(Kind::Concern(concern)) => {
            set("text", json!(concern.text));
            set("activity", json!(Activity::word(concern.activity)));
            set("force_seen", json!(concern.force_seen));
            set("evidence", json!(concern.evidence));
            set("answer_use", json!(AnswerUse::word(concern.answer_use)));
        }
        Some(Kind::Assessment(assessment)) => {
            set("finding", json!(Finding::word(assessment.finding)));
            set("activity", json!(Activity::word(assessment.activity)));
            set("likelihood", json!(Likelihood::word(assessment.likelihood)));
            set("confidence", json!(Confidence::word(assessment.confidence)));
            set("text", json!(assessment.text));
            set("assumptions", json!(assessment.assumptions));
            set("alternatives", json!(assessment.alternatives));
        }
        Some(Kind::Note(note)) => drop(set("text", json!(note.text))),
        _ => {}
    }
    out
}
