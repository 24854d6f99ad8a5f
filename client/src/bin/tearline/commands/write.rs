//! `write`: posts that one signature makes; what needs a quorum becomes a proposal.

use serde_json::json;
use tearline_client::{
    compose::PostTerms,
    desk::{Desk, Room, now},
    refs::EntryRef,
    show::content::{body, precedence},
    submit, write as files,
};
use tearline_ledger::{content::Content, name::Role};
use tearline_proto::v1;

use super::{attach::Files, read::own_room, sync_all};
use crate::{
    cli::{Draft, Write},
    context::{Context, Failure, Lift as _, text_of},
    report::say,
};

#[expect(clippy::similar_names, reason = "a command's context and a post's content are what they are called")]
pub(crate) fn write(context: &Context, args: &Write) -> Result<(), Failure> {
    let (Write::Concern(draft) | Write::Assessment(draft) | Write::Note(draft)) = args;
    let text = text_of(&draft.file)?;
    let (runtime, mut desk, session) = context.online()?;
    runtime.block_on(sync_all(context, &session, &mut desk))?;
    let named = |error| Failure::refused(format!("{}: {error}", draft.file.display()));
    let content = match args {
        Write::Concern(_) => files::concern(&text, now()).map_err(named)?,
        Write::Note(_) => files::note(&text, now()).map_err(named)?,
        Write::Assessment(_) => {
            files::assessment(&text, now(), |entry| resolve(&desk, entry)).map_err(named)?
        }
    };
    let room = target(&desk, draft)?;
    let by_quorum = desk.member().role() == Role::Mediator
        && room.replica.state().is_ok_and(|state| state.constitution().has_party());
    if by_quorum {
        return super::propose::post(context, (&runtime, &session, &desk), &room, &content, &draft.attach);
    }
    let mut files = Files::seal(context, &desk, &room, None, &draft.attach)?;
    let content = files.put_into(content)?;
    show(context, &room, &content)?;
    let question = format!("Type yes to send this to {}: ", room.replica.name());
    if !context.confirm(&question, "yes")? {
        return Err(Failure::refused("not sent"));
    }
    files.send(context, (&runtime, &session))?;
    let member = desk.member().clone();
    let writer = room.writer(&member, now()).lift()?;
    let terms = PostTerms { attachments: files.named(), ..PostTerms::default() };
    let post = writer.post(&room.keys, &content, terms).lift()?;
    let submission = post.sign(desk.vault().lift()?.sign_key()).lift()?;
    let receipts = runtime.block_on(submit::submit(&session, &desk, &[submission], now())).lift()?;
    let entry = receipts.first().map(|it| format!("{}#{}", it.name, it.index)).unwrap_or_default();
    let mut json = json!({"entry": entry, "kind": content.kind_name()});
    files.done_into(&mut json)?;
    say(context, &json, &format!("Posted {entry}.\n"))
}

fn resolve(desk: &Desk, entry: &str) -> Result<v1::Ref, String> {
    let entry: EntryRef = entry.parse().map_err(|error| format!("{error}"))?;
    desk.resolve(&entry).map(|resolved| resolved.to_ref().to_message()).map_err(|error| error.to_string())
}

fn target(desk: &Desk, draft: &Draft) -> Result<Room, Failure> {
    match (&draft.to, desk.member().role()) {
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
