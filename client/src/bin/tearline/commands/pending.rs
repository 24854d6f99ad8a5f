//! `pending`: what waits for signatures, what each would do, and what nobody should sign.

use std::fmt::Write as _;

use serde_json::json;
use tearline_client::{
    propose::{Mediator, examine::Pending},
    show::{
        WIDTH,
        content::safe,
        hang, paint,
        time::{dtg, iso},
        together, wrap,
    },
};
use tearline_ledger::{
    name::MemberName,
    release::{ShownAct, ShownMember, ShownTarget},
};

use super::propose::Office;
use crate::{
    context::{Context, Failure},
    report::say,
};

pub(crate) fn pending(context: &Context) -> Result<(), Failure> {
    let office = Office::open(context)?;
    let warned = super::policy::hold_all(&office.desk)?;
    let mediator = office.mediator()?;
    let all = office.judged(mediator.pending())?;
    let (mut text, mut list) = (warned.text(), Vec::new());
    for pending in &all {
        let about = About::of(&mediator, pending);
        text.push_str(&line(pending, &about));
        list.push(json!({
            "proposal": pending.entry.to_string(),
            "author": pending.author.desk(),
            "signed": pending.signers.iter().map(MemberName::desk).collect::<Vec<_>>(),
            "quorum": pending.quorum,
            "not_after": iso(pending.not_after),
            "rooms": pending.rooms,
            "about": about.acts,
            "fault": about.fault,
            "signed_here": pending.signed_here,
        }));
    }
    if all.is_empty() {
        text.push_str("No proposal is waiting.\n");
    }
    if let Some(next) = all.iter().find(|pending| !pending.signed_here) {
        let _ = writeln!(text, "Next: tearline approve {}", next.entry);
    }
    say(context, &json!({"proposals": list, "warnings": warned.json()}), &text)
}

/// What a proposal is about, in a few words; or why nobody should sign it.
struct About {
    acts: Vec<String>,
    fault: Option<String>,
}

impl About {
    fn of(mediator: &Mediator<'_>, pending: &Pending) -> Self {
        match mediator.look_at(&pending.identity) {
            Ok(shown) => {
                let mut acts: Vec<String> = shown.targets.iter().map(act).collect();
                // A joint release says the same in each room.
                acts.dedup();
                Self { acts, fault: None }
            }
            Err(error) => Self { acts: Vec::new(), fault: Some(error.to_string()) },
        }
    }
}

fn act(target: &ShownTarget) -> String {
    match &target.act {
        ShownAct::Post(post) => {
            let kind = post.content.kind_name().to_uppercase();
            format!("{kind}: {}", safe(&post.content.message().subject))
        }
        ShownAct::Recall(recall) => format!("RECALL of {}#{}", target.name.as_str(), recall.index),
        ShownAct::Charter(charter) => {
            let names = |members: &[ShownMember]| {
                members.iter().map(|it| it.name.desk().to_owned()).collect::<Vec<_>>().join(", ")
            };
            let mut out = if charter.before.is_none() { "FOUNDING".to_owned() } else { "CHARTER".to_owned() };
            if !charter.added.is_empty() {
                out = format!("{out}, in: {}", names(&charter.added));
            }
            if !charter.removed.is_empty() {
                out = format!("{out}, out: {}", names(&charter.removed));
            }
            out
        }
    }
}

fn line(pending: &Pending, about: &About) -> String {
    let signers: Vec<&str> = pending.signers.iter().map(MemberName::desk).collect();
    let mark = if pending.signed_here { " " } else { "●" };
    let state = format!(
        "signed by {} ({} of {}), {}",
        signers.join(", "),
        signers.len(),
        pending.quorum,
        together(&format!("open until {}", dtg(pending.not_after)))
    );
    let mut out = hang(
        &format!(" {mark} {:<12} ", pending.entry.to_string()),
        &format!("to {}", pending.rooms.join(", ")),
    );
    for act in &about.acts {
        out.push_str(&wrap(act, 16, WIDTH));
    }
    if let Some(fault) = &about.fault {
        out.push_str(&paint::alerts(&wrap(&format!("! It cannot be approved: {fault}"), 16, WIDTH)));
    }
    out.push_str(&wrap(&state, 16, WIDTH));
    out
}
