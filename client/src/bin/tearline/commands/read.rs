//! `read` and `ack`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, Room, now},
    error::{EXIT_ALARM, Error},
    reading::{Reading, reading, referent},
    record::{Held, held_before},
    refs::EntryRef,
    replica::Line,
    show::{
        WIDTH,
        attachments::how_to_save,
        content::{answering, body, precedence, to_json},
        ends,
        standing::{banner, to_json as standing_to_json},
        time::{dtg, iso},
        wrap,
    },
    standing::{Standing, Standings},
    sync,
};
use tearline_ledger::{
    content::Content,
    id::Ref,
    name::{MemberName, Role},
};
use tearline_proto::v1;

use super::{
    courier, policy,
    propose::{self, Sent},
    sync_all,
};
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
    let rooms = desk.rooms().lift()?;
    let room = desk.room(&reference.room).lift()?;
    let warned = policy::hold(&desk, [&room.replica])?;
    let standings = Standings::gather(&desk, &rooms).lift()?;
    let reading = match reading(&desk, &room, reference.index) {
        // Recalled or expired, or it would be an alarm: how it stands is what is left to read.
        Err(Error::NoContent { .. }) => {
            return gone(context, (&desk, &room, &warned), &reference, &standings);
        }
        reading => reading.lift()?,
    };
    let Reading { line, content, required, portions, .. } = &reading;
    let standing = standings.of(&reading.reference, &line.signed.statement, now());
    let held = held_before(&desk, &room, &reading).lift()?;
    let answers = located(&desk, content.message().answers.as_ref())?;
    let of = answers.as_ref().map(|entry| answered(&desk, content, entry)).transpose()?.unwrap_or_default();
    let refers = content.message().refers.iter().map(|reference| located(&desk, Some(reference)));
    let refers: Vec<String> =
        refers.collect::<Result<Vec<_>, _>>()?.iter().flatten().map(ToString::to_string).collect();
    let text = warned.text() + &render(&reading, (&of, &refers), (&standing, held.first()));
    let mut json = to_json(content);
    if let Some(map) = json.as_object_mut() {
        map.insert("entry".to_owned(), json!(reference.to_string()));
        map.insert("accepted_at".to_owned(), json!(iso(line.accepted_at)));
        map.insert("author".to_owned(), json!(line.signed.statement.author.desk()));
        map.insert("signed_by".to_owned(), json!(signers(line)));
        map.insert("content_here".to_owned(), json!(true));
        map.insert("required".to_owned(), json!(required));
        map.insert("portions_match_manifest".to_owned(), json!(portions));
        map.insert("answers".to_owned(), json!(answers.as_ref().map(ToString::to_string)));
        map.insert("already_in_record".to_owned(), json!(held.first().map(|it| it.entry.to_string())));
        map.insert("already_in_record_at".to_owned(), json!(held.first().map(|it| iso(it.at))));
        map.extend(standing_to_json(&standing).into_iter().map(|(key, value)| (key.to_owned(), value)));
        map.insert("refers".to_owned(), json!(refers));
        map.insert("warnings".to_owned(), warned.json());
    }
    mark_read(&desk, &reference)?;
    say(context, &json, &text)
}

fn mark_read(desk: &Desk, reference: &EntryRef) -> Result<(), Failure> {
    let read = reference.to_string();
    let marked = desk.profile().change_marks(|marks| {
        marks.read.insert(read);
    });
    marked.lift()
}

/// A post whose content may be gone, and is.
fn gone(
    context: &Context,
    (desk, room, warned): (&Desk, &Room, &policy::Held),
    reference: &EntryRef,
    standings: &Standings,
) -> Result<(), Failure> {
    let line = super::line(desk, room, reference.index)?;
    let statement = &line.signed.statement;
    let named = Ref { room: room.replica.room(), statement: line.signed.identity(), id: statement.id };
    let standing = standings.of(&named, statement, now());
    let signers = signers(&line);
    let mut text = warned.text();
    text += &ends(&format!(" POST by {}", statement.author.desk()), &dtg(line.accepted_at));
    let _ = writeln!(text, " Signed by   {}\n", signers.join(", "));
    text.push_str(&banner(&standing));
    text.push_str("\n Its content is not here.\n\n ✓ signatures ✓ place in record\n");
    let mut json = json!({
        "entry": reference.to_string(),
        "accepted_at": iso(line.accepted_at),
        "author": statement.author.desk(),
        "signed_by": signers,
        "content_here": false,
        "warnings": warned.json(),
    });
    if let Some(map) = json.as_object_mut() {
        map.extend(standing_to_json(&standing).into_iter().map(|(key, value)| (key.to_owned(), value)));
    }
    mark_read(desk, reference)?;
    say(context, &json, &text)
}

/// Where what a post refers to stands, as far as it is known here.
fn located(desk: &Desk, reference: Option<&v1::Ref>) -> Result<Option<EntryRef>, Failure> {
    match reference.and_then(Ref::from_message) {
        Some(reference) => desk.locate(&reference).lift(),
        None => Ok(None),
    }
}

/// What the heading says of what a post answers, as in ` of your concern drc#3`.
fn answered(desk: &Desk, content: &Content, entry: &EntryRef) -> Result<String, Failure> {
    let found = referent(desk, entry).lift()?;
    let own = desk.member().role() == Role::Party && found.author.org() == desk.member().org();
    let kind = found.content.as_ref().map_or("post", Content::kind_name);
    Ok(format!(" {}", answering(content, own, kind, &entry.to_string())))
}

/// The desks that signed, by name.
fn signers(line: &Line) -> Vec<&str> {
    let mut signers: Vec<&str> = line.signers.iter().map(MemberName::desk).collect();
    signers.sort_unstable();
    signers
}

fn render(
    reading: &Reading,
    (of, refers): (&str, &[String]),
    (standing, held): (&Standing, Option<&Held>),
) -> String {
    let Reading { line, content, required, portions, .. } = reading;
    let kind = content.kind_name().to_uppercase();
    let mut out = ends(&format!(" {:<11} {kind}{of}", precedence(content)), &dtg(line.accepted_at));
    let signers = signers(line);
    let _ = writeln!(out, " Signed by   {} ({} of {required} required)\n", signers.join(", "), signers.len());
    if !refers.is_empty() {
        out.push_str(&wrap(&format!("Refers to   {}", refers.join(", ")), 1, WIDTH));
        out.push('\n');
    }
    let banner = banner(standing);
    if !banner.is_empty() {
        let _ = writeln!(out, "{banner}");
    }
    out.push_str(body(content).trim_end_matches('\n'));
    out.push_str("\n\n ✓ signatures ✓ place in record");
    if let Some(count) = portions {
        let matched = if *count == 1 { "portion matches" } else { "portions match" };
        let _ = writeln!(out, " ✓ {count} {matched} manifest");
        if let Some(held) = held {
            let _ = writeln!(out, " ✓ already in the record of {} ({})", dtg(held.at), held.entry);
        }
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
    let mut room = own_room(&desk)?;
    let posts = references.iter().map(|entry| owed(&desk, entry)).collect::<Result<Vec<Ref>, _>>()?;
    let member = desk.member().clone();
    let draft = room.writer(&member, now()).lift()?.acknowledgement(posts).lift()?;
    let submission = draft.sign(desk.vault().lift()?.sign_key()).lift()?;
    let sent = propose::send((&runtime, &session, &desk), &[submission], ("acknowledgement", None))?;
    let entry = match sent {
        Sent::Entered(mut entries) => entries.pop().unwrap_or_default(),
        Sent::Waiting(waiting) => return courier::say_waits(context, &waiting),
    };
    let said: Vec<Value> = references.iter().map(|entry| json!(entry.to_string())).collect();
    // So that it is not due here any more. It is sent, whatever comes of this, unless the server lies.
    let after = runtime.block_on(sync::sync(&session, &desk, &mut room.replica, &mut |_| ()));
    let text = format!("Acknowledged {} ({entry}).\n", args.references.join(", "));
    say(context, &json!({"entry": entry, "acknowledged": said}), &text)?;
    match after {
        Err(error) if error.exit_code() == EXIT_ALARM => Err(error).lift(),
        _ => Ok(()),
    }
}

/// What can be acknowledged: a post of another side.
fn owed(desk: &Desk, entry: &EntryRef) -> Result<Ref, Failure> {
    let found = referent(desk, entry).lift()?;
    if !found.post {
        return Err(Failure::refused(format!("{entry} is no post: there is nothing to acknowledge")));
    }
    if found.author.org() == desk.member().org() {
        return Err(Failure::refused(format!(
            "{entry} is by {}, of your own side: acknowledge what others posted",
            found.author.desk()
        )));
    }
    Ok(found.reference)
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
