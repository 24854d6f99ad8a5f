//! `read` and `ack`.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, Room, now},
    refs::EntryRef,
    replica::Line,
    show::{
        content::{body, precedence, to_json},
        ends,
        time::{dtg, iso},
    },
    submit,
};
use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::Ref,
    manifest::Manifest,
    name::{MemberName, Role},
    statement::Act,
};

use super::sync_all;
use crate::{
    cli::{Ack, Reference},
    context::{Context, Failure, Lift as _},
    report::say,
};

#[expect(clippy::similar_names, reason = "a command's context and a post's content are what they are called")]
pub(crate) fn read(context: &Context, args: &Reference) -> Result<(), Failure> {
    let reference: EntryRef = args.reference.parse().lift()?;
    let desk = context.desk()?;
    if desk.member().role() == Role::Auditor {
        return Err(Failure::refused(super::AUDITOR_READS_NOTHING));
    }
    let room = desk.room(&reference.room).lift()?;
    let line = super::line(&desk, &room, reference.index)?;
    let Act::Post(post) = &line.signed.statement.act else {
        let act = line.signed.statement.act.name();
        return Err(Failure::refused(format!("{reference} is no post but a statement of the kind `{act}`")));
    };
    let content = room.content(&line).lift()?;
    let chamber = reference.room.is_chamber();
    content
        .check_place(line.signed.statement.author.role(), chamber)
        .map_err(|error| Failure::Alarm(format!("{reference} breaks a rule: {error}; call the mediators")))?;
    let portions = manifest_of(&reference, &content, &post.manifests)?;
    let needed = match line.signed.statement.author.role() {
        Role::Mediator if room.replica.state().is_ok_and(|it| it.constitution().has_party()) => {
            let charter = room
                .replica
                .charter_before(line.index)
                .map_err(|error| Failure::Library(desk.alarmed(room.replica.room(), error)))?;
            charter.quorum
        }
        _ => 1,
    };
    let answers = answered(&desk, &content)?;
    let whose = if desk.member().role() == Role::Party { "your concern" } else { "concern" };
    let of = answers.as_ref().map(|entry| format!(" of {whose} {entry}")).unwrap_or_default();
    let text = render(&line, &content, (needed, portions), &of);
    let mut json = to_json(&content);
    if let Some(map) = json.as_object_mut() {
        map.insert("entry".to_owned(), json!(reference.to_string()));
        map.insert("accepted_at".to_owned(), json!(iso(line.accepted_at)));
        map.insert("author".to_owned(), json!(line.signed.statement.author.desk()));
        map.insert("signed_by".to_owned(), json!(signers(&line)));
        map.insert("required".to_owned(), json!(needed));
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

/// How many released portions there are, all of which are in the manifest that the post commits to.
fn manifest_of(
    reference: &EntryRef,
    content: &Content,
    committed: &[Digest],
) -> Result<Option<usize>, Failure> {
    let Some(tearline) = &content.message().tearline else { return Ok(None) };
    let altered =
        |what: &str| Failure::Alarm(format!("{reference}: {what}; do not act on it, call another desk"));
    let manifest = Manifest::from_bytes(&tearline.manifest)
        .map_err(|error| altered(&format!("its manifest is damaged ({error})")))?;
    let blind = tearline.blind.as_ref().try_into().map_err(|_| altered("its manifest's blind is damaged"))?;
    if committed != [manifest.digest(blind)] {
        return Err(altered("its manifest is not the one that was signed"));
    }
    for (number, portion) in tearline.portions.iter().enumerate() {
        let inside = <&[u8; 32]>::try_from(portion.salt.as_ref())
            .is_ok_and(|salt| manifest.contains(salt, &portion.text));
        if !inside {
            return Err(altered(&format!("portion {} is not in the record's manifest", number + 1)));
        }
    }
    Ok(Some(tearline.portions.len()))
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

fn render(line: &Line, content: &Content, (needed, portions): (u32, Option<usize>), of: &str) -> String {
    let kind = content.kind_name().to_uppercase();
    let mut out = ends(&format!(" {:<11} {kind}{of}", precedence(content)), &dtg(line.accepted_at));
    let signers = signers(line);
    let _ = writeln!(out, " Signed by   {} ({} of {needed} required)\n", signers.join(", "), signers.len());
    out.push_str(body(content).trim_end_matches('\n'));
    out.push_str("\n\n ✓ signatures ✓ place in record");
    if let Some(count) = portions {
        let matched = if count == 1 { "portion matches" } else { "portions match" };
        let _ = writeln!(out, " ✓ {count} {matched} manifest");
        out.push_str(" Any other portions were withheld. How many cannot be known.");
    }
    out.push('\n');
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
