//! `write`: posts that one signature makes; what needs a quorum becomes a proposal.

use serde_json::json;
use tearline_client::{
    compose::PostTerms,
    desk::{Desk, Room, now},
    reading::referent,
    refs::EntryRef,
    show::{
        content::{body, precedence},
        time::dtg,
    },
    template::Template,
    write::{Author, Kind, Written, parse},
};
use tearline_ledger::{
    content::Content,
    name::{Role, RoomName},
};

use super::{
    compose::{Paper, Ready, compose, send_at_once},
    propose,
    read::own_room,
    show,
};
use crate::{
    cli::Write,
    context::{Context, Failure, Lift as _},
};

pub(crate) fn write(context: &Context, args: &Write) -> Result<(), Failure> {
    let end = super::until(args.until())?;
    let (kind, composing, to) = args.parts();
    kind.check_role(context.profile()?.member().role()).map_err(Failure::refused)?;
    let room: Option<RoomName> = to.map(|name| name.parse().map_err(Failure::usage)).transpose()?;
    match (composing, Template::of(kind.command())) {
        (Some(composing), Some(template)) => compose(context, composing, room, &Post { kind, template, end }),
        _ => send_at_once(context, |desk| prepare((kind, end), desk, room.as_ref(), "")),
    }
}

/// A post of some kind.
struct Post {
    kind: Kind,
    template: &'static Template,
    /// When its content expires.
    end: Option<u64>,
}

impl Paper for Post {
    fn template(&self) -> &'static Template {
        self.template
    }

    fn begin(&self, desk: &Desk, room: Option<&RoomName>) -> Result<(), Failure> {
        target(desk, room).map(drop)
    }

    fn check(&self, desk: &Desk, text: &str) -> Result<(), Failure> {
        written(self.kind, desk, text).map(drop)
    }

    fn prepare(&self, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure> {
        prepare((self.kind, self.end), desk, room, text)
    }
}

fn written(kind: Kind, desk: &Desk, text: &str) -> Result<Written, Failure> {
    let find = |entry: &EntryRef| referent(desk, entry).map_err(|error| error.to_string());
    let author = Author { name: desk.member(), now: now(), find: &find };
    parse(kind, text, &author).map_err(|error| Failure::Text(error.to_string()))
}

fn prepare(
    (kind, end): (Kind, Option<u64>),
    desk: &Desk,
    room: Option<&RoomName>,
    text: &str,
) -> Result<Ready, Failure> {
    let written = written(kind, desk, text)?;
    let room = target(desk, room)?;
    let by_quorum = desk.member().role() == Role::Mediator
        && room.replica.state().is_ok_and(|state| state.constitution().has_party());
    if by_quorum {
        let (proposed, given) = propose::of_post(desk, &room, (&written, end))?;
        return Ok(Ready {
            shown: show::proposal(&proposed.shown, &given),
            act: "propose this to the other officers".to_owned(),
            submission: proposed.submission,
            said: Box::new(propose::said),
        });
    }
    let content = &written.content;
    let writer = room.writer(desk.member(), now()).lift()?;
    let post =
        writer.post(&room.keys, content, PostTerms { content_until: end, ..PostTerms::default() }).lift()?;
    let word = content.kind_name();
    Ok(Ready {
        shown: shown(&room, content, end),
        act: format!("send this to {}", room.replica.name()),
        submission: post.sign(desk.vault().lift()?.sign_key()).lift()?,
        said: Box::new(move |entry| (json!({"entry": entry, "kind": word}), format!("Posted {entry}.\n"))),
    })
}

fn target(desk: &Desk, room: Option<&RoomName>) -> Result<Room, Failure> {
    match (room, desk.member().role()) {
        (Some(name), _) => desk.room(name).lift(),
        (None, Role::Party) => own_room(desk),
        (None, _) => Err(Failure::usage("say to which room with --to ROOM")),
    }
}

/// What is about to be sent, with misleading characters made visible.
fn shown(room: &Room, content: &Content, end: Option<u64>) -> String {
    let misleading = content.misleading().len();
    let hidden =
        if misleading == 0 { "none".to_owned() } else { format!("{misleading}, shown as ⟨…⟩") };
    let expires = end.map(|end| format!("EXPIRES {}: the server serves it no longer then\n", dtg(end)));
    let expires = expires.unwrap_or_default();
    format!(
        "TO {}   {} {}\n{}\nHIDDEN CHARACTERS {hidden}\n{expires}",
        room.replica.name(),
        precedence(content),
        content.kind_name().to_uppercase(),
        body(content)
    )
}
