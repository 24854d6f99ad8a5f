//! A briefing, with all its portions and its source: for mediators alone.

use serde_json::{Value, json};
use tearline_proto::v1::{Briefing, Reliability};

use super::fields::{Fields, Object};
use crate::show::{time::dtg, words::Scale as _};

pub(super) fn text(briefing: &Briefing) -> String {
    let mut fields = Fields::default();
    if let Some(source) = &briefing.source {
        let grade = format!("{}{}", Reliability::word(source.reliability), source.credibility);
        let described = match source.description.as_str() {
            "" => grade,
            description => format!("{grade}, {description}"),
        };
        fields = fields.follow(&format!("Source {described} (never leaves the chamber)"));
    }
    if briefing.information_until != 0 {
        fields = fields.follow(&format!("Information up to {}", dtg(briefing.information_until)));
    }
    if !briefing.originator.is_empty() {
        fields = fields.follow(&format!("Originator {}", briefing.originator));
    }
    for (number, portion) in (1..).zip(&briefing.portions) {
        fields = fields.paragraph(&format!("{number}. ({})  {}", portion.mark, portion.text));
    }
    fields.to_string()
}

pub(super) fn json(briefing: &Briefing, out: &mut Object) {
    let portions = briefing.portions.iter().map(|it| json!({"mark": it.mark, "text": it.text}));
    out.set("portions", portions.collect());
    let source = briefing.source.as_ref().map_or(Value::Null, |source| {
        json!({
            "reliability": Reliability::word(source.reliability),
            "credibility": source.credibility,
            "description": source.description,
        })
    });
    out.set("source", source);
    out.time("information_until", briefing.information_until);
    out.text("originator", &briefing.originator);
}
