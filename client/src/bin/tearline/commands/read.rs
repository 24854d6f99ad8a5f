//! `read` and `ack`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, Room, now},
    reading::{Reading, reading},
    refs::EntryRef,
    replica::Line,
    show::{
        attachments::how_to_save,
        content::{body, precedence, to_json},
        ends,
        time::{dtg, iso},
    },
    submit,
};
use tearline_ledger::{
    content::Content,
    id::Ref,
    name::{MemberName, Role},
};

use super::sync_all;
use crate::{
    cli::{Ack, Reference},
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn read(context: &Context, args: &Reference) -> Result<(), Failure> {
    let reference: EntryRef = args.reference.parse().lift()?;
    let desk = context.desk()?;
    if desk.member().role() == Role::Auditor {
        return Err(Failure::refused(super::AUDITOR_READS_NOTHING));
    }
    let room = desk.room(&reference.room).lift()?;
    let reading = reading(&desk, &room, reference.index).lift()?;
    let Reading { line, content, required, portions, .. } = &reading;
    let answers = answered(&desk, content)?;
    let whose = if desk.member().role() == Role::Party { "your concern" } else { "concern" };
    let of = answers.as_ref().map(|entry| format!(" of {whose} {entry}")).unwrap_or_default();
    let text = render(&reading, &of);
    let mut json = to_json(content);
    if let Some(map) = json.as_object_mut() {
        map.insert("entry".to_owned(), json!(reference.to_string()));
        map.insert("accepted_at".to_owned(), json!(iso(line.accepted_at)));
        map.insert("author".to_owned(), json!(line.signed.statement.author.desk()));
        map.insert("signed_by".to_owned(), json!(signers(line)));
        map.insert("required".to_owned(), json!(required));
        map.insert("portions_match_manifest".to_owned(), json!(portions));
        map.insert("answers".to_owned(), json!(answers.as_ref().map(ToString::to_string)));
    }
    let read = reference.to_string();
    desk.profile()
        .change_marks(|marks| {
            marks.read.insert(read);
        })
        .lift()?;
    say(context, &json, &text)
}

fn answered(desk: &Desk, content: &Content) -> Result<Option<EntryRef>, Failure> {
    match content.message().answers.as_ref().and_then(Ref::from_message) {
        Some(reference) => desk.locate(&reference).lift(),
        None => Ok(None),
    }
}

/// The desks that signed, by name.
fn signers(line: &Line) -> Vec<&str> {
    let mut signers: Vec<&str> = line.signers.iter().map(MemberName::desk).collect();
    signers.sort_unstable();
    signers
}

fn render(reading: &Reading, of: &str) -> String {
    let Reading { line, content, required, portions, .. } = reading;
    let kind = content.kind_name().to_uppercase();
    let mut out = ends(&format!(" {:<11} {kind}{of}", precedence(content)), &dtg(line.accepted_at));
    let signers = signers(line);
    let _ = writeln!(out, " Signed by   {} ({} of {required} required)\n", signers.join(", "), signers.len());
    out.push_str(body(content).trim_end_matches('\n'));
    out.push_str("\n\n ✓ signatures ✓ place in record");
    if let Some(count) = portions {
        let matched = if *count == 1 { "portion matches" } else { "portions match" };
        let _ = writeln!(out, " ✓ {count} {matched} manifest");
        out.push_str(" Any other portions were withheld. How many cannot be known.");
    }
    out.push('\n');
    out.push_str(&how_to_save(&reading.entry.to_string(), content.message().attachments.len()));
    out
}

pub(crate) fn acknowledge(context: &Context, args: &Ack) -> Result<(), Failure> {
    let references: Vec<EntryRef> =
        args.references.iter().map(|text| text.parse().lift()).collect::<Result<_, _>>()?;
    let (runtime, mut desk, session) = context.online()?;
    runtime.block_on(sync_all(context, &session, &mut desk))?;
    let room = own_room(&desk)?;
    let posts = references
        .iter()
        .map(|entry| desk.resolve(entry).map(|resolved| resolved.to_ref()).lift())
        .collect::<Result<Vec<Ref>, _>>()?;
    let member = desk.member().clone();
    let draft = room.writer(&member, now()).lift()?.acknowledgement(posts).lift()?;
    let submission = draft.sign(desk.vault().lift()?.sign_key()).lift()?;
    let receipts = runtime.block_on(submit::submit(&session, &desk, &[submission], now())).lift()?;
    let entry = receipts.first().map(|it| format!("{}#{}", it.name, it.index)).unwrap_or_default();
    let said: Vec<Value> = references.iter().map(|entry| json!(entry.to_string())).collect();
    let text = format!("Acknowledged {} ({entry}).\n", args.references.join(", "));
    say(context, &json!({"entry": entry, "acknowledged": said}), &text)
}

/// The room that has this desk's party, and no other, in it.
pub(super) fn own_room(desk: &Desk) -> Result<Room, Failure> {
    let org = desk.member().org();
    for room in desk.rooms().lift()? {
        let own = room.replica.state().is_ok_and(|state| state.constitution().own_room_of() == Some(org));
        if own {
            return Ok(room);
        }
    }
    Err(Failure::refused(format!("{} has no room of its own here: say which with --to", org.as_str())))
}
