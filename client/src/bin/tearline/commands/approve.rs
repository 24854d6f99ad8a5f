//! `approve`, `reject` and `withdraw`.

use std::fmt::Write as _;

use serde_json::json;
use tearline_client::{
    durable,
    propose::{approve::Approval, examine::Examined},
    refs::EntryRef,
};
use tearline_ledger::release::ShownAct;

use super::{
    courier,
    propose::{Office, Sent},
    show,
};
use crate::{
    cli::{Approve, Proposal},
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn approve(context: &Context, args: &Approve) -> Result<(), Failure> {
    let entry: EntryRef = args.proposal.parse().lift()?;
    let office = Office::open(context)?;
    let warned = super::policy::hold_all(&office.desk)?;
    let mediator = office.mediator()?;
    let identity = office.judged(mediator.proposal_at(&entry))?;
    let examined = office.judged(mediator.examine(&identity))?;
    if !context.json {
        let shown = show::proposal(&examined.shown, &examined.already_given);
        say(context, &json!(null), &(warned.text() + &shown))?;
    }
    let wanted = show::password(&examined);
    if !context.confirm(&question(&examined, &wanted), &wanted)? {
        return Err(Failure::refused("left pending; nothing was signed"));
    }
    let approval = office.judged(mediator.approve(&examined))?;
    let entries = match office.send(&approval.submissions, "approval")? {
        Sent::Entered(entries) => entries,
        Sent::Waiting(waiting) => return courier::say_waits(context, &waiting),
    };
    let admission = keep_admission(args, &approval)?;
    let mut text = if approval.enacts {
        format!("Signed and sent: {}\n", entries.join(", "))
    } else {
        format!("Signed: {}. More signatures are needed.\n", entries.join(", "))
    };
    if let Some(file) = &admission {
        let _ = writeln!(text, "Admission   {file}\nNext: the operator runs `tearline-certs issue {file}`");
    }
    let json = json!({
        "entries": entries,
        "enacted": approval.enacts,
        "admission": admission,
        "warnings": warned.json(),
    });
    say(context, &json, &text)
}

fn question(examined: &Examined, wanted: &str) -> String {
    let sends = examined.shown.targets.iter().any(|target| matches!(target.act, ShownAct::Post(_)));
    let last = match (examined.shown.last, sends) {
        (true, true) => " Yours is the last signature needed. It cannot be unread.\n",
        (true, false) => " Yours is the last signature needed. It is final.\n",
        (false, _) => " More signatures are needed after yours.\n",
    };
    format!("{last} Type {wanted} to sign, or Enter to leave it pending: ")
}

fn keep_admission(args: &Approve, approval: &Approval) -> Result<Option<String>, Failure> {
    let Some(admission) = &approval.admission else { return Ok(None) };
    let names: Vec<String> =
        admission.admitted().iter().map(|(member, _)| member.name.desk().replace('/', "-")).collect();
    let path = args.admission.clone().unwrap_or_else(|| format!("{}.admission", names.join("+")).into());
    durable::create(&path, admission.to_text(&format!("Admission of {}", names.join(", "))).as_bytes())
        .lift()?;
    Ok(Some(path.display().to_string()))
}

/// Rejects another desk's proposal, or takes back one's own.
pub(crate) fn reject(context: &Context, args: &Proposal, own: bool) -> Result<(), Failure> {
    let entry: EntryRef = args.proposal.parse().lift()?;
    let office = Office::open(context)?;
    let mediator = office.mediator()?;
    let identity = office.judged(mediator.proposal_at(&entry))?;
    let all = office.judged(mediator.pending())?;
    let author = all.iter().find(|pending| pending.identity == identity).map(|pending| &pending.author);
    if own && author != Some(office.desk.member()) {
        return Err(Failure::refused(format!(
            "{entry} is not your own proposal: use `tearline reject {entry}`"
        )));
    }
    if !context.confirm(&format!("Type yes to end {entry} for good: "), "yes")? {
        return Err(Failure::refused("left as it is"));
    }
    let submission = office.judged(mediator.reject(&identity))?;
    let entries = match office.send(&[submission], "rejection")? {
        Sent::Entered(entries) => entries,
        Sent::Waiting(waiting) => return courier::say_waits(context, &waiting),
    };
    let by = entries.into_iter().next().unwrap_or_default();
    let verb = if own { "Withdrawn" } else { "Rejected" };
    say(context, &json!({"proposal": entry.to_string(), "entry": by}), &format!("{verb} {entry} ({by}).\n"))
}
