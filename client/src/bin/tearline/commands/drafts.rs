//! `drafts`: what was written and not sent.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    drafts::{Draft, DraftError, DraftName, Drafts},
    show::{
        WIDTH,
        content::safe,
        time::{dtg, iso},
        wrap,
    },
};

use tearline_ledger::name::RoomName;

use crate::{
    cli::OfDrafts,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn drafts(context: &Context, what: Option<&OfDrafts>) -> Result<(), Failure> {
    let drafts = Drafts::of(&context.desk()?).lift()?;
    match what {
        None => list(context, &drafts),
        Some(OfDrafts::Show { draft }) => show(context, &drafts, name(draft)?),
        Some(OfDrafts::Drop { drafts: names }) => drop_all(context, &drafts, names),
    }
}

/// A draft's number, as it is typed.
pub(super) fn name(text: &str) -> Result<DraftName, Failure> {
    text.parse().map_err(|error: DraftError| Failure::usage(error))
}

fn list(context: &Context, drafts: &Drafts) -> Result<(), Failure> {
    let all = drafts.list().lift()?;
    let mut text = String::from(if all.is_empty() {
        "There are no drafts.\n"
    } else {
        " DRAFT  KIND        ROOM        KEPT             SUBJECT\n"
    });
    for (name, draft) in &all {
        let line = match draft {
            Ok(draft) => format!(
                "{:<6} {:<11} {:<11} {:<16} {}",
                name.to_string(),
                draft.template.kind,
                draft.room.as_ref().map_or("", |room| room.as_str()),
                dtg(draft.kept_at),
                safe(draft.subject())
            ),
            Err(error) => format!("{:<6} {error}", name.to_string()),
        };
        text.push_str(&wrap(&line, 1, WIDTH));
    }
    if let Some((name, draft)) = all.iter().find_map(|(name, draft)| Some((name, draft.as_ref().ok()?))) {
        let _ = writeln!(text, " Next: tearline {} --draft {name}", draft.template.command());
    }
    let all: Vec<Value> = all
        .iter()
        .map(|(name, draft)| match draft {
            Ok(draft) => to_json(*name, draft, None),
            Err(error) => to_json_fault(*name, error),
        })
        .collect();
    say(context, &json!({"drafts": all}), &text)
}

fn show(context: &Context, drafts: &Drafts, name: DraftName) -> Result<(), Failure> {
    let draft = drafts.get(name).lift()?;
    say(context, &to_json(name, &draft, Some(&draft.text)), &safe(&draft.text))
}

/// All of them, or none if there is one that is not there.
fn drop_all(context: &Context, drafts: &Drafts, names: &[String]) -> Result<(), Failure> {
    let mut names: Vec<DraftName> = names.iter().map(|text| name(text)).collect::<Result<_, _>>()?;
    names.sort_unstable();
    names.dedup();
    for name in &names {
        if let Err(error @ DraftError::NoSuch(_)) = drafts.get(*name) {
            return Err(error).lift();
        }
    }
    for name in &names {
        drafts.remove(*name).lift()?;
    }
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let text = format!("Deleted: draft {}\n", names.join(", "));
    say(context, &json!({"dropped": names}), &text)
}

fn to_json(name: DraftName, draft: &Draft, text: Option<&str>) -> Value {
    let mut out = json!({
        "draft": name.to_string(),
        "kind": draft.template.kind,
        "room": draft.room.as_ref().map(RoomName::as_str),
        "kept_at": iso(draft.kept_at),
        "subject": draft.subject(),
    });
    match (text, out.as_object_mut()) {
        (Some(text), Some(map)) => drop(map.insert("text".to_owned(), json!(text))),
        (None, Some(map)) => drop(map.insert("fault".to_owned(), Value::Null)),
        _ => {}
    }
    out
}

fn to_json_fault(name: DraftName, error: &DraftError) -> Value {
    json!({
        "draft": name.to_string(),
        "kind": null,
        "room": null,
        "kept_at": null,
        "subject": null,
        "fault": error.to_string(),
    })
}
