//! `commitments`: who promised what to whom, from when to when, and how it stands.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use tearline_client::{
    holdings::Filed,
    matters::{Matter, Matters, State},
    show::{
        WIDTH,
        content::safe,
        hang, paint,
        time::{dtg, iso},
        words::Scale as _,
        wrap,
    },
};
use tearline_proto::v1::{Commitment, CommitmentKind, content::Kind};

use super::{outlook::Outlook, state::state_json};
use crate::{
    cli::Commitments,
    context::{Context, Failure},
};

pub(crate) fn commitments(context: &Context, args: &Commitments) -> Result<(), Failure> {
    let outlook = Outlook::open(context)?;
    let filter = outlook.filter(&args.filters)?;
    let all = Matters::of(&outlook.holdings);
    let matters: Vec<Matter<'_>> =
        all.all(outlook.now).filter(|matter| filter.lets(matter.head, &outlook.holdings)).collect();
    let found: Vec<(&Matter<'_>, &Commitment)> =
        matters.iter().filter_map(|matter| Some((matter, promise(matter.head)?))).collect();
    let mut text = outlook.headings(&filter)?;
    for (matter, commitment) in &found {
        text.push_str(&shown(&outlook, matter, commitment));
    }
    let in_force = found.iter().filter(|(matter, _)| matter.state.word() == "in force").count();
    let how_many = match found.len() {
        0 => "No commitment.".to_owned(),
        1 => format!("1 commitment, {in_force} in force"),
        count => format!("{count} commitments, {in_force} in force"),
    };
    let _ = writeln!(text, "\n {how_many}");
    let list: Vec<Value> =
        found.iter().map(|(matter, commitment)| Value::Object(to_json(matter, commitment))).collect();
    let json = json!({"rooms": outlook.completeness(&filter)?, "commitments": list});
    outlook.say(context, &json, &text)
}

fn promise(post: &Filed) -> Option<&Commitment> {
    match post.content.as_ref().ok()?.kind()? {
        Kind::Commitment(commitment) => Some(commitment),
        _ => None,
    }
}

fn shown(outlook: &Outlook, matter: &Matter<'_>, commitment: &Commitment) -> String {
    let unread = matter.parts.iter().any(|part| outlook.is_unread(part.post));
    let bullet = if unread { paint::strong("●") } else { " ".to_owned() };
    let names = |names: &[String]| names.iter().map(|name| safe(name)).collect::<Vec<_>>().join(", ");
    let to = if commitment.beneficiaries.is_empty() {
        String::new()
    } else {
        format!(" to {}", names(&commitment.beneficiaries))
    };
    let who = format!("{}{to} · {}", names(&commitment.obligors), CommitmentKind::word(commitment.kind));
    let width = matter.head.entry.to_string().len().max(11);
    let mut out = String::from("\n");
    out.push_str(&hang(&format!("  {bullet}  {:<width$} ", matter.head.entry.to_string()), &who));
    let indent = width + 6;
    let mut line = |text: &str| out.push_str(&wrap(text, indent, WIDTH));
    line(&matter.head.subject());
    let from = if commitment.from == 0 { matter.head.accepted_at } else { commitment.from };
    let until =
        if commitment.to == 0 { "without an end".to_owned() } else { format!("to {}", dtg(commitment.to)) };
    line(&format!("from {} {until}", dtg(from)));
    if !commitment.depends_on.is_empty() {
        line(&format!("depends on: {}", safe(&commitment.depends_on)));
    }
    let mut own = vec![matter.state.words()];
    match &matter.state {
        State::Commitment(state) if state.compliance.is_empty() && state.rests_on.is_empty() => {
            own.push("no compliance note yet".to_owned());
        }
        _ => (),
    }
    own.extend(matter.state.details());
    for text in own {
        out.push_str(&paint::alerts(&wrap(&text, indent, WIDTH)));
    }
    out
}

fn to_json(matter: &Matter<'_>, commitment: &Commitment) -> Map<String, Value> {
    let time = |at: u64| (at != 0).then(|| iso(at));
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    set("entry", json!(matter.head.entry.to_string()));
    set("accepted_at", json!(iso(matter.head.accepted_at)));
    set("subject", json!(matter.head.content.as_ref().ok().map(|it| it.message().subject.clone())));
    set("kind", json!(CommitmentKind::word(commitment.kind)));
    set("obligors", json!(commitment.obligors));
    set("beneficiaries", json!(commitment.beneficiaries));
    set("from", json!(time(commitment.from)));
    set("to", json!(time(commitment.to)));
    set("depends_on", json!(commitment.depends_on));
    map.extend(state_json(&matter.state));
    map
}
