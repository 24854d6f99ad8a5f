//! `write`: posts that one signature makes; what needs a quorum becomes a proposal.

use serde_json::json;
use tearline_client::{
    compose::PostTerms,
    desk::{Desk, Room, now},
    reading::referent,
    refs::EntryRef,
    show::content::{body, precedence},
    submit,
    write::{Author, parse},
};
use tearline_ledger::{content::Content, name::Role};

use super::{read::own_room, sync_all};
use crate::{
    cli::Write,
    context::{Context, Failure, Lift as _, text_of},
    report::say,
};

#[expect(clippy::similar_names, reason = "a command's context and a post's content are what they are called")]
pub(crate) fn write(context: &Context, args: &Write) -> Result<(), Failure> {
    let (kind, file, to) = args.parts();
    kind.check_role(context.profile()?.member().role()).map_err(Failure::refused)?;
    let text = file.map(text_of).transpose()?.unwrap_or_default();
    let (runtime, mut desk, session) = context.online()?;
    runtime.block_on(sync_all(context, &session, &mut desk))?;
    let named = |error| match file {
        Some(file) => Failure::refused(format!("{}: {error}", file.display())),
        None => Failure::refused(error),
    };
    let find = |entry: &EntryRef| referent(&desk, entry).map_err(|error| error.to_string());
    let author = Author { name: desk.member(), now: now(), find: &find };
    let written = parse(kind, &text, &author).map_err(named)?;
    let content = &written.content;
    let room = target(&desk, to)?;
    let by_quorum = desk.member().role() == Role::Mediator
        && room.replica.state().is_ok_and(|state| state.constitution().has_party());
    if by_quorum {
        return super::propose::post(context, (&runtime, &session, &desk), &room, &written);
    }
    show(context, &room, content)?;
    let question = format!("Type yes to send this to {}: ", room.replica.name());
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("not sent"));
    }
    let member = desk.member().clone();
    let writer = room.writer(&member, now()).lift()?;
    let post = writer.post(&room.keys, content, PostTerms::default()).lift()?;
    let submission = post.sign(desk.vault().lift()?.sign_key()).lift()?;
    let receipts = runtime.block_on(submit::submit(&session, &desk, &[submission], now())).lift()?;
    let entry = receipts.first().map(|it| format!("{}#{}", it.name, it.index)).unwrap_or_default();
    say(context, &json!({"entry": entry, "kind": content.kind_name()}), &format!("Posted {entry}.\n"))
}

fn target(desk: &Desk, to: Option<&str>) -> Result<Room, Failure> {
    match (to, desk.member().role()) {
        (Some(name), _) => desk.room(&name.parse().map_err(Failure::usage)?).lift(),
        (None, Role::Party) => own_room(desk),
        (None, _) => Err(Failure::usage("say to which room with --to ROOM")),
    }
}

/// What is about to be sent, with misleading characters made visible.
#[expect(clippy::similar_names, reason = "a command's context and a post's content are what they are called")]
fn show(context: &Context, room: &Room, content: &Content) -> Result<(), Failure> {
    if context.json {
        return Ok(());
    }
    let misleading = content.misleading().len();
    let hidden =
        if misleading == 0 { "none".to_owned() } else { format!("{misleading}, shown as ⟨…⟩") };
    let text = format!(
        "TO {}   {} {}\n{}\nHIDDEN CHARACTERS {hidden}\n",
        room.replica.name(),
        precedence(content),
        content.kind_name().to_uppercase(),
        body(content)
    );
    say(context, &json!(null), &text)
}
