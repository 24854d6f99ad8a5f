//! `write`: posts that one signature makes; what needs a quorum becomes a proposal.

use serde_json::json;
use tearline_client::{
    compose::PostTerms,
    desk::{Desk, Room, now},
    refs::EntryRef,
    show::content::{body, precedence},
    template::Template,
    write as files,
};
use tearline_ledger::{
    content::Content,
    name::{Role, RoomName},
};
use tearline_proto::v1;

use super::{
    compose::{Paper, Ready, compose},
    propose,
    read::own_room,
    show,
};
use crate::{
    cli::{Draft, Write},
    context::{Context, Failure, Lift as _},
};

pub(crate) fn write(context: &Context, args: &Write) -> Result<(), Failure> {
    let (kind, draft): (_, &Draft) = match args {
        Write::Concern(draft) => ("concern", draft),
        Write::Assessment(draft) => ("assessment", draft),
        Write::Note(draft) => ("note", draft),
    };
    let room = draft.to.as_ref().map(|name| name.parse().map_err(Failure::usage)).transpose()?;
    let template = Template::of(kind).ok_or_else(|| Failure::usage(format!("there is no kind {kind}")))?;
    compose(context, &draft.composing, room, &Post { template })
}

/// A post of some kind.
struct Post {
    template: &'static Template,
}

impl Post {
    fn content(&self, desk: &Desk, text: &str) -> Result<Content, Failure> {
        let content = match self.template.kind {
            "concern" => files::concern(text, now()),
            "assessment" => files::assessment(text, now(), |entry| resolve(desk, entry)),
            _ => files::note(text, now()),
        };
        content.map_err(|error| Failure::Text(error.to_string()))
    }
}

impl Paper for Post {
    fn template(&self) -> &'static Template {
        self.template
    }

    fn begin(&self, desk: &Desk, room: Option<&RoomName>) -> Result<(), Failure> {
        target(desk, room).map(drop)
    }

    fn check(&self, desk: &Desk, text: &str) -> Result<(), Failure> {
        self.content(desk, text).map(drop)
    }

    #[expect(
        clippy::similar_names,
        reason = "a post's content and its room's context are what they are called"
    )]
    fn prepare(&self, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure> {
        let content = self.content(desk, text)?;
        let room = target(desk, room)?;
        let by_quorum = desk.member().role() == Role::Mediator
            && room.replica.state().is_ok_and(|state| state.constitution().has_party());
        if by_quorum {
            let proposed = propose::of_post(desk, &room, &content)?;
            return Ok(Ready {
                shown: show::proposal(&proposed.shown, &[]),
                act: "propose this to the other officers".to_owned(),
                submission: proposed.submission,
                said: Box::new(propose::said),
            });
        }
        let member = desk.member().clone();
        let writer = room.writer(&member, now()).lift()?;
        let post = writer.post(&room.keys, &content, PostTerms::default()).lift()?;
        let kind = content.kind_name();
        Ok(Ready {
            shown: shown(&room, &content),
            act: format!("send this to {}", room.replica.name()),
            submission: post.sign(desk.vault().lift()?.sign_key()).lift()?,
            said: Box::new(move |entry| {
                (json!({"entry": entry, "kind": kind}), format!("Posted {entry}.\n"))
            }),
        })
    }
}

fn resolve(desk: &Desk, entry: &str) -> Result<v1::Ref, String> {
    let entry: EntryRef = entry.parse().map_err(|error| format!("{error}"))?;
    desk.resolve(&entry).map(|resolved| resolved.to_ref().to_message()).map_err(|error| error.to_string())
}

fn target(desk: &Desk, room: Option<&RoomName>) -> Result<Room, Failure> {
    match (room, desk.member().role()) {
        (Some(name), _) => desk.room(name).lift(),
        (None, Role::Party) => own_room(desk),
        (None, _) => Err(Failure::usage("say to which room with --to ROOM")),
    }
}

/// What is about to be sent, with misleading characters made visible.
fn shown(room: &Room, content: &Content) -> String {
    let misleading = content.misleading().len();
    let hidden =
        if misleading == 0 { "none".to_owned() } else { format!("{misleading}, shown as ⟨…⟩") };
    format!(
        "TO {}   {} {}\n{}\nHIDDEN CHARACTERS {hidden}\n",
        room.replica.name(),
        precedence(content),
        content.kind_name().to_uppercase(),
        body(content)
    )
}
