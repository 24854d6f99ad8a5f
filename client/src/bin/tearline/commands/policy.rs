//! `policy`: what this desk demands of witnesses, shown or set; and what it means for a listing.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, now},
    policy::{Policy, Quorum, Unmet, Verdict, stranger},
    replica::Replica,
    show::{WIDTH, paint, wrap},
    witness::witness_key,
};
use tearline_ledger::{charter::Charter, note::VerifierKey};

use crate::{
    cli::{self, PolicyArgs},
    context::{Context, Failure, Lift as _, text_of},
    report::say,
};

pub(crate) fn policy(context: &Context, args: &PolicyArgs) -> Result<(), Failure> {
    let mut desk = context.offline()?;
    let replicas = replicas(&desk)?;
    let charters: Vec<&Charter> =
        replicas.iter().filter_map(|replica| Some(replica.state().ok()?.charter())).collect();
    let mut policy = desk.profile().policy().clone();
    let before = policy.clone();
    if args.none {
        policy = Policy::default();
    }
    if let Some(file) = &args.file {
        policy.quorum = Some(quorum(file, &charters)?);
    }
    if let Some(witnesses) = args.witnesses {
        policy.witnesses = witnesses;
    }
    policy.fresh_minutes = args.fresh.unwrap_or(policy.fresh_minutes);
    policy.receipt_minutes = args.receipts.unwrap_or(policy.receipt_minutes);
    policy.unmet = match args.unmet {
        Some(cli::Unmet::Refuse) => Unmet::Refuse,
        Some(cli::Unmet::Warn) => Unmet::Warn,
        None => policy.unmet,
    };
    if policy.unmet == Unmet::Refuse && !policy.demands() {
        return Err(Failure::usage(
            "there is nothing to refuse for: give a FILE or --witnesses too, which say whose cosignatures you demand",
        ));
    }
    let auditors = auditors(&charters);
    if usize::try_from(policy.witnesses).unwrap_or(usize::MAX) > auditors.len() {
        return Err(Failure::refused(format!(
            "{} witnesses can never confirm: the rooms that are known here have {} auditors",
            policy.witnesses,
            auditors.len()
        )));
    }
    if policy != before {
        desk.profile_mut().set_policy(policy.clone()).lift()?;
    }
    let text = told(&policy, &auditors, &charters, &replicas)?;
    say(context, &as_json(&policy, &replicas)?, &text)
}

/// A policy whose every key stands in a charter that is known here.
fn quorum(file: &Path, charters: &[&Charter]) -> Result<Quorum, Failure> {
    let name = file.display();
    let read =
        Quorum::try_from(text_of(file)?).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    if charters.is_empty() {
        return Err(Failure::refused(
            "no room is known here yet, so no key in a policy is: run `tearline fetch`",
        ));
    }
    match stranger(read.policy(), charters) {
        Some(stranger) => Err(Failure::refused(format!("{name}: {stranger}"))),
        None => Ok(read),
    }
}

fn replicas(desk: &Desk) -> Result<Vec<Replica>, Failure> {
    let rooms = desk.profile().rooms().lift()?;
    rooms.into_iter().map(|(id, name)| desk.replica(id, &name).lift()).collect()
}

/// Every auditor's key, once, by desk.
fn auditors(charters: &[&Charter]) -> Vec<VerifierKey> {
    let mut out: Vec<VerifierKey> = Vec::new();
    for key in charters.iter().flat_map(|charter| &charter.members).filter_map(witness_key) {
        if !out.contains(&key) {
            out.push(key);
        }
    }
    out.sort();
    out
}

fn told(
    policy: &Policy,
    auditors: &[VerifierKey],
    charters: &[&Charter],
    replicas: &[Replica],
) -> Result<String, Failure> {
    let mut out = String::new();
    match (policy.witnesses, &policy.quorum) {
        (0, None) => out.push_str(" No cosignature is demanded.\n"),
        (0, Some(_)) => {}
        (1, _) => out.push_str(" One auditor of each room must have cosigned it.\n"),
        (count, _) => {
            let _ = writeln!(out, " {count} auditors of each room must have cosigned it.");
        }
    }
    if let Some(quorum) = &policy.quorum {
        let _ = writeln!(out, " The quorum of this policy must have cosigned:\n");
        quorum.text().lines().for_each(|line| {
            let _ = writeln!(out, "    {line}");
        });
        out.push('\n');
    }
    let unmet = match policy.unmet {
        Unmet::Refuse => "nothing of the room is shown, and commands end with 3",
        Unmet::Warn => "a line above all that is shown says so",
    };
    out.push_str(&wrap(
        &format!(
            "Fresh: at most {} minutes old. Receipts: confirmed within {} minutes. Where that is not met, {unmet}.",
            policy.fresh_minutes, policy.receipt_minutes
        ),
        1,
        WIDTH,
    ));
    for replica in replicas {
        let verdict = match replica.staleness(policy, now()).map_err(Failure::refused)? {
            Some(_) => "✗ not met",
            None if policy.demands() => "✓ met",
            None => "· nothing demanded",
        };
        let _ = writeln!(out, "   {:<16} {verdict}", replica.name());
    }
    if policy.quorum.is_none() && !auditors.is_empty() {
        out.push_str("\n Keys for a policy of your own (C2SP tlog-policy), of the rooms known here:\n\n");
        let mut logs: Vec<&VerifierKey> = charters.iter().map(|charter| &charter.log_vkey).collect();
        logs.sort();
        logs.dedup();
        for key in logs {
            let _ = writeln!(out, "    log {key}");
        }
        for key in auditors {
            let _ = writeln!(out, "    witness {} {key}", key.name());
        }
    }
    Ok(out)
}

fn as_json(policy: &Policy, replicas: &[Replica]) -> Result<Value, Failure> {
    let mut rooms = Vec::new();
    for replica in replicas {
        let unmet = replica.staleness(policy, now()).map_err(Failure::refused)?;
        rooms.push(json!({
            "room": replica.name(),
            "met": unmet.is_none(),
            "alarm": unmet.map(|alarm| alarm.to_string()),
        }));
    }
    Ok(json!({
        "witnesses": policy.witnesses,
        "quorum": policy.quorum.as_ref().map(Quorum::text),
        "fresh_minutes": policy.fresh_minutes,
        "receipt_minutes": policy.receipt_minutes,
        "unmet": match policy.unmet { Unmet::Refuse => "refuse", Unmet::Warn => "warn" },
        "rooms": rooms,
    }))
}

/// What must stand above what is shown of logs that witnesses do not confirm as this desk's policy demands.
#[derive(Debug, Default)]
pub(super) struct Held(Vec<String>);

impl Held {
    /// A line each, or nothing.
    pub(super) fn text(&self) -> String {
        self.0.iter().map(|warning| paint::alerts(&wrap(&format!("! {warning}"), 1, WIDTH))).collect()
    }

    /// Each as a text.
    pub(super) fn warnings(&self) -> &[String] {
        &self.0
    }

    /// The value of the key `warnings`.
    pub(super) fn json(&self) -> Value {
        json!(self.0)
    }
}

/// Holds what is to be shown of any room that is known here to the desk's policy, as [`hold`].
pub(super) fn hold_all(desk: &Desk) -> Result<Held, Failure> {
    hold(desk, &replicas(desk)?)
}

/// Holds what is to be shown of these logs to the desk's policy: what warns is returned, and where it refuses
/// nothing may be shown.
pub(super) fn hold<'a>(
    desk: &Desk,
    replicas: impl IntoIterator<Item = &'a Replica>,
) -> Result<Held, Failure> {
    let mut held = Held::default();
    for replica in replicas {
        let verdict = replica.verdict(desk.profile().policy(), now());
        match verdict.map_err(|error| Failure::Library(desk.alarmed(replica.room(), error)))? {
            Verdict::Proceed => {}
            Verdict::Warn(alarm) => held.0.push(alarm.to_string()),
            Verdict::Refuse(alarm) => {
                return Err(Failure::Alarm(format!(
                    "{alarm}\nThe policy of this desk says that nothing is shown then: see `tearline policy`, and fetch again."
                )));
            }
        }
    }
    Ok(held)
}
