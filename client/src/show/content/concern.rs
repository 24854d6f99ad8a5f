//! A concern, the assessment that answers it, and a party's opinion of that.

use serde_json::json;
use tearline_proto::v1::{
    Activity, Agreement, AnswerUse, Assessment, Concern, Confidence, Finding, Likelihood, Opinion,
};

use super::fields::{Fields, Object, place};
use crate::show::{
    time::dtg,
    words::{Scale as _, likelihood_range},
};

pub(super) fn text(concern: &Concern) -> String {
    Fields::default()
        .line("ACTIVITY", Activity::word(concern.activity))
        .place("PLACE", concern.place.as_ref())
        .window("SEEN", concern.observed_from, concern.observed_to)
        .said("FORCE", &concern.force_seen)
        .said("EVIDENCE", &concern.evidence)
        .time("REPLY BY", concern.reply_by)
        .line("ANSWER", &format!("may be used {}", AnswerUse::word(concern.answer_use)))
        .paragraph(&concern.text)
        .to_string()
}

pub(super) fn json(concern: &Concern, out: &mut Object) {
    out.text("text", &concern.text);
    out.text("activity", Activity::word(concern.activity));
    out.set("place", place(concern.place.as_ref()));
    out.time("seen_from", concern.observed_from);
    out.time("seen_to", concern.observed_to);
    out.text("force_seen", &concern.force_seen);
    out.time("reply_by", concern.reply_by);
    out.text("evidence", &concern.evidence);
    out.text("answer_use", AnswerUse::word(concern.answer_use));
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

pub(super) fn assessment_text(assessment: &Assessment) -> String {
    let mut fields = Fields::default().headline(&verdict(assessment)).paragraph(&assessment.text);
    for (name, texts) in [("Assumes", &assessment.assumptions), ("Or else", &assessment.alternatives)] {
        fields = texts.iter().fold(fields, |fields, text| fields.paragraph(&format!("{name}: {text}")));
    }
    if assessment.information_until != 0 {
        fields = fields.paragraph(&format!("Information up to {}", dtg(assessment.information_until)));
    }
    match fields.to_string() {
        text if text.ends_with("\n\n") => text,
        text => format!("{text}\n"),
    }
}

pub(super) fn assessment_json(assessment: &Assessment, out: &mut Object) {
    out.text("finding", Finding::word(assessment.finding));
    out.text("activity", Activity::word(assessment.activity));
    out.text("likelihood", Likelihood::word(assessment.likelihood));
    out.text("confidence", Confidence::word(assessment.confidence));
    out.text("text", &assessment.text);
    out.set("assumptions", json!(assessment.assumptions));
    out.set("alternatives", json!(assessment.alternatives));
    out.time("information_until", assessment.information_until);
}

pub(super) fn opinion_text(opinion: &Opinion) -> String {
    let agreement = Agreement::word(opinion.agreement).to_uppercase();
    Fields::default().headline(&agreement).paragraph(&opinion.text).to_string()
}

pub(super) fn opinion_json(opinion: &Opinion, out: &mut Object) {
    out.text("agreement", Agreement::word(opinion.agreement));
    out.text("text", &opinion.text);
}
