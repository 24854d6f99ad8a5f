//! A briefing, with all its portions and its source: for mediators alone.

use serde_json::{Value, json};
use tearline_proto::v1::{Briefing, Reliability};

use super::{
    fields::{Fields, Object},
    safe,
};
use crate::show::{time::dtg, words::Scale as _};

pub(super) fn text(briefing: &Briefing) -> String {
    let mut out = String::new();
    if let Some(source) = &briefing.source {
        let grade = format!("{}{}", Reliability::word(source.reliability), source.credibility);
        let described = match source.description.as_str() {
            "" => grade,
            description => format!("{grade}, {}", safe(description)),
        };
        out.push_str(&crate::show::wrap(
            &format!("Source {described} (never leaves the chamber)"),
            1,
            crate::show::WIDTH,
        ));
    }
    if briefing.information_until != 0 {
        out.push_str(&format!(" Information up to {}\n", dtg(briefing.information_until)));
    }
    if !briefing.originator.is_empty() {
        out.push_str(&format!(" Originator {}\n", safe(&briefing.originator)));
    }
    for (number, portion) in (1..).zip(&briefing.portions) {
        let portion = format!("{number}. ({})  {}", portion.mark, portion.text);
        out.push('\n');
        out.push_str(&Fields::default().paragraph(&portion).to_string());
    }
    out
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
