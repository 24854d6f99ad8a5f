//! `courier`: a desk without a network.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};
use tearline_client::{
    courier::{self, Outbox, Settled, Waiting, Written},
    desk::Desk,
    receipts::Receipt,
    show::{
        WIDTH,
        content::safe,
        time::{dtg, iso},
        wrap,
    },
};
use tearline_ledger::courier::answer::Refusal;

use super::Fetched;
use crate::{
    cli::OfCourier,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn courier(context: &Context, what: &OfCourier) -> Result<(), Failure> {
    match what {
        OfCourier::Out { letter } => out(context, letter),
        OfCourier::In { answer } => take_in(context, answer),
        OfCourier::Carry { letter, answer } => carry(context, letter, answer),
        OfCourier::List => list(context),
        OfCourier::Drop { number } => forget(context, number),
    }
}

/// The rooms as this desk knows them: nothing is fetched.
pub(super) fn as_known(desk: &Desk) -> Result<Fetched, Failure> {
    let mut rooms = Vec::new();
    for room in desk.rooms().lift()? {
        rooms.push((room.replica.name().to_owned(), 0, room.replica.size()));
    }
    Ok(Fetched { rooms, warnings: Vec::new(), unconfirmed: Vec::new() })
}

/// JSON and text of what waits now.
pub(super) fn waits(waiting: &Waiting) -> (Value, String) {
    let draft =
        waiting.draft.as_ref().map(|draft| format!(" Its text is draft {draft} until it is entered."));
    let text = format!(
        "Signed, and not sent: {} {} for {} waits for a courier.{}\nNext: tearline courier out FILE\n",
        waiting.number,
        waiting.what,
        waiting.rooms.join(", "),
        draft.unwrap_or_default()
    );
    (json!({"waiting": of_waiting(waiting)}), text)
}

pub(super) fn say_waits(context: &Context, waiting: &Waiting) -> Result<(), Failure> {
    let (json, text) = waits(waiting);
    say(context, &json, &text)
}

fn of_waiting(waiting: &Waiting) -> Value {
    json!({
        "number": waiting.number.to_string(),
        "what": waiting.what,
        "rooms": waiting.rooms,
        "signed_at": iso(waiting.kept_at),
        "draft": waiting.draft,
        "refused": waiting.refused.as_ref().map(of_refusal),
    })
}

fn of_refusal(refusal: &Refusal) -> Value {
    json!({"reason": refusal.reason, "message": refusal.message})
}

fn out(context: &Context, path: &Path) -> Result<(), Failure> {
    let desk = context.desk()?;
    let Written { units, left, refused, rooms, old, lapses } = courier::write(&desk, path).lift()?;
    let mut text = format!("Letter of {}: {}\n", desk.member().desk(), path.display());
    for waiting in &units {
        text.push_str(&row(waiting));
    }
    if units.is_empty() {
        text.push_str(" Nothing waits. It asks for what is new in your rooms.\n");
    }
    for number in &old {
        let warning = format!(
            "! {number} was signed longer ago than its room allows (basis_age). If anything was entered there since, \
             the server refuses it: take an answer in, then write it again."
        );
        text.push_str(&wrap(&warning, 1, WIDTH));
    }
    if lapses {
        let warning = "! This desk's certificate has lapsed or does within 14 days, by this clock; once it has, the \
                       letter is refused. Ask the operator for a new one, take it here (`tearline renew`), and write \
                       the letter again.";
        text.push_str(&wrap(warning, 0, WIDTH));
    }
    if left > 0 {
        let _ = writeln!(text, "! The letter is full: {left} more wait for the next one.");
    }
    if refused > 0 {
        let _ = writeln!(text, "! {refused} were refused and do not go: see `tearline courier list`.");
    }
    let next = "Next: the operator runs `tearlined courier`, or a connected desk that is in the same rooms \
                `tearline courier carry`; then `tearline courier in` with the answer";
    text.push_str(&wrap(next, 0, WIDTH));
    let rooms: Vec<Value> = rooms.iter().map(|(room, size)| json!({"room": room, "size": size})).collect();
    let json = json!({
        "letter": path.display().to_string(),
        "units": units.iter().map(of_waiting).collect::<Vec<_>>(),
        "rooms": rooms,
        "left": left,
        "refused": refused,
        "old": old.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "certificate_lapses": lapses,
    });
    say(context, &json, &text)
}

fn row(waiting: &Waiting) -> String {
    let (number, what) = (waiting.number, &waiting.what);
    format!("{number:>3}  {what:<16} to {:<18} {}\n", waiting.rooms.join(", "), dtg(waiting.kept_at))
}

fn take_in(context: &Context, path: &Path) -> Result<(), Failure> {
    let mut desk = context.desk()?;
    let came = courier::import(&mut desk, path).lift()?;
    let mut text = format!("Answer of {}\n", dtg(came.written_at));
    for Settled { waiting, result } in &came.settled {
        match result {
            Ok(receipts) => {
                let _ = writeln!(
                    text,
                    "{:>3}  {:<16} entered as {}",
                    waiting.number,
                    waiting.what,
                    places(receipts)
                );
            }
            Err(refusal) => text.push_str(&refused(waiting, refusal)),
        }
    }
    for (name, fresh, size) in &came.rooms {
        let _ = writeln!(text, "{name:<24} {size} entries, {fresh} new");
    }
    for warning in &came.warnings {
        let _ = writeln!(text, "! {warning}");
    }
    // What has come may meet the desk's policy where it was not met before, or no longer meet it.
    let held = super::policy::hold_all(&desk);
    text.push_str(&held.as_ref().map(super::policy::Held::text).unwrap_or_default());
    if came.nothing_new {
        text.push_str("Nothing in it is new: it was taken in before, or an answer that is newer was.\n");
    }
    text.push_str("Attachments are not carried. Next: tearline inbox\n");
    let settled: Vec<Value> = came.settled.iter().map(of_settled).collect();
    let rooms = came.rooms.iter().map(|(room, new, size)| json!({"room": room, "new": new, "size": size}));
    let missed = held.iter().flat_map(super::policy::Held::warnings).cloned();
    let json = json!({
        "written_at": iso(came.written_at),
        "nothing_new": came.nothing_new,
        "settled": settled,
        "rooms": rooms.collect::<Vec<_>>(),
        "warnings": came.warnings.iter().map(ToString::to_string).chain(missed).collect::<Vec<_>>(),
    });
    say(context, &json, &text)?;
    // Wraps that do not open are an alarm, whatever is read next.
    desk.rooms().lift()?;
    held.map(drop)
}

fn places(receipts: &[Receipt]) -> String {
    let places = receipts.iter().map(|receipt| format!("{}#{}", receipt.name, receipt.index));
    places.collect::<Vec<_>>().join(", ")
}

fn of_settled(settled: &Settled) -> Value {
    let mut out = of_waiting(&settled.waiting);
    let (entries, refused) = match &settled.result {
        Ok(receipts) => {
            let places = receipts.iter().map(|receipt| format!("{}#{}", receipt.name, receipt.index));
            (json!(places.collect::<Vec<_>>()), Value::Null)
        }
        Err(refusal) => (json!([]), of_refusal(refusal)),
    };
    if let Some(map) = out.as_object_mut() {
        map.insert("entries".to_owned(), entries);
        map.insert("refused".to_owned(), refused);
    }
    out
}

/// What an answer says is a stranger's word: nothing was proven.
fn refused(waiting: &Waiting, refusal: &Refusal) -> String {
    let after = match refusal.reason.as_str() {
        _ if (Waiting { refused: Some(refusal.clone()), ..waiting.clone() }).goes() => {
            "It goes with the next letter again.".to_owned()
        }
        reason => {
            let why = match reason {
                "BASIS_TOO_OLD" => "It was too long on its way, and the room went on meanwhile. ",
                "BASIS_LEAVES_OUT" | "EPOCH" | "CHARTER" => "The room has changed since it was written. ",
                _ => "",
            };
            let again = waiting.draft.as_ref().map_or_else(
                || "do it again".to_owned(),
                |draft| format!("write it again from draft {draft}"),
            );
            format!("{why}What is new is here now: {again}, then `tearline courier drop {}`.", waiting.number)
        }
    };
    let head = format!(
        "{:>3}  {:<16} NOT entered: {} ({})",
        waiting.number,
        waiting.what,
        safe(&refusal.message),
        refusal.reason
    );
    format!("{}{}", wrap(&head, 5, WIDTH), wrap(&format!("     {after}"), 5, WIDTH))
}

fn carry(context: &Context, letter: &Path, answer: &Path) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    let carried = runtime.block_on(courier::carry(&session, &mut desk, letter, answer)).lift()?;
    let member = carried.letter.sender.member.desk().to_owned();
    let mut text = format!("The letter of {member}, handed to the server\n");
    let mut units = Vec::new();
    for (number, (unit, outcome)) in (1..).zip(carried.letter.units.iter().zip(&carried.outcomes)) {
        let acts: Vec<&str> = unit.statements().iter().map(|signed| signed.statement.act.name()).collect();
        let (entries, refusal) = match outcome {
            Ok(places) => (places.iter().map(|(room, index)| format!("{room}#{index}")).collect(), None),
            Err(refusal) => (Vec::new(), Some(refusal)),
        };
        let told = refusal.map_or_else(
            || format!("entered as {}", entries.join(", ")),
            |refusal| format!("refused ({}): {}", refusal.reason, safe(&refusal.message)),
        );
        text.push_str(&wrap(&format!("{number:>3}  {:<16} {told}", acts.join(", ")), 5, WIDTH));
        units.push(json!({"acts": acts, "entries": entries, "refused": refusal.map(of_refusal)}));
    }
    for (room, size) in &carried.rooms {
        let entries = if *size == 1 { "entry goes" } else { "entries go" };
        let _ = writeln!(text, "{room:<24} {size} {entries} back");
    }
    let _ = writeln!(
        text,
        "Attachments are not carried.\nNext: bring {} to the desk of {member}",
        answer.display()
    );
    let rooms: Vec<Value> =
        carried.rooms.iter().map(|(room, size)| json!({"room": room, "entries": size})).collect();
    let json = json!({
        "member": carried.letter.sender.member.as_str(),
        "answer": answer.display().to_string(),
        "units": units,
        "rooms": rooms,
    });
    say(context, &json, &text)
}

fn list(context: &Context) -> Result<(), Failure> {
    let all = Outbox::of(&context.offline()?).list().lift()?;
    let mut text = String::new();
    for waiting in &all {
        text.push_str(&row(waiting));
        if let Some(refusal) = &waiting.refused {
            text.push_str(&refused(waiting, refusal));
        }
    }
    text.push_str(if all.is_empty() {
        "Nothing waits for a courier.\n"
    } else {
        "Next: tearline courier out FILE\n"
    });
    say(context, &json!({"waiting": all.iter().map(of_waiting).collect::<Vec<_>>()}), &text)
}

fn forget(context: &Context, number: &str) -> Result<(), Failure> {
    let outbox = Outbox::of(&context.offline()?);
    let waiting = outbox.get(number).lift()?;
    let question = format!("Type yes to forget {number}, {} to {}: ", waiting.what, waiting.rooms.join(", "));
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("it still waits"));
    }
    outbox.remove(waiting.number).lift()?;
    let text =
        format!("Forgotten: {number}. If a letter has left with it, it may be entered all the same.\n");
    say(context, &json!({"dropped": number}), &text)
}
