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
    attach::{Carried, Files},
    compose::{Paper, Ready, compose, send_at_once},
    propose::{self, OfPost},
    read::own_room,
    show,
};
use crate::{
    cli::{Attach, Write},
    context::{Context, Failure, Lift as _},
};

pub(crate) fn write(context: &Context, args: &Write) -> Result<(), Failure> {
    let end = super::until(args.until())?;
    let (kind, composing, to) = args.parts();
    let none = Attach::default();
    let attach = composing.map_or(&none, |composing| &composing.attach);
    let terms = Terms { context, kind, end, attach };
    kind.check_role(context.profile()?.member().role()).map_err(Failure::refused)?;
    let room: Option<RoomName> = to.map(|name| name.parse().map_err(Failure::usage)).transpose()?;
    match (composing, Template::of(kind.command())) {
        (Some(composing), Some(template)) => compose(context, composing, room, &Post { terms, template }),
        _ => send_at_once(context, |desk| prepare(&terms, desk, room.as_ref(), "")),
    }
}

/// What the command line says of a post.
#[derive(Clone, Copy)]
struct Terms<'a> {
    context: &'a Context,
    kind: Kind,
    /// When its content expires.
    end: Option<u64>,
    attach: &'a Attach,
}

/// A post of some kind.
struct Post<'a> {
    terms: Terms<'a>,
    template: &'static Template,
}

impl Paper for Post<'_> {
    fn template(&self) -> &'static Template {
        self.template
    }

    fn begin(&self, desk: &Desk, room: Option<&RoomName>) -> Result<(), Failure> {
        target(desk, room).map(drop)
    }

    fn check(&self, desk: &Desk, text: &str) -> Result<(), Failure> {
        written(self.terms.kind, desk, text).map(drop)
    }

    fn prepare(&self, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure> {
        prepare(&self.terms, desk, room, text)
    }
}

fn written(kind: Kind, desk: &Desk, text: &str) -> Result<Written, Failure> {
    let find = |entry: &EntryRef| referent(desk, entry).map_err(|error| error.to_string());
    let author = Author { name: desk.member(), now: now(), find: &find };
    parse(kind, text, &author).map_err(|error| Failure::Text(error.to_string()))
}

fn prepare(terms: &Terms<'_>, desk: &Desk, room: Option<&RoomName>, text: &str) -> Result<Ready, Failure> {
    let Terms { context, kind, attach, .. } = *terms;
    let written = written(kind, desk, text)?;
    let end = match (terms.end, written.until) {
        (Some(_), Some(_)) => {
            let twice = "it says `until` itself, and so does --until: say it once";
            return Err(Failure::Text(twice.to_owned()));
        }
        (option, key) => option.or(key),
    };
    let room = target(desk, room)?;
    let by_quorum = desk.member().role() == Role::Mediator
        && room.replica.state().is_ok_and(|state| state.constitution().has_party());
    if by_quorum {
        let warned = super::policy::hold_all(desk)?;
        let OfPost { proposed, given, carried } =
            propose::of_post(context, (desk, &room), (&written, end), attach)?;
        return Ok(Ready {
            shown: warned.text() + &show::proposal(&proposed.shown, &given),
            act: "propose this to the other officers".to_owned(),
            carried,
            submission: proposed.submission,
            said: Box::new(propose::said),
        });
    }
    let files = Files::seal(context, desk, &room, None, attach)?;
    let content = files.put_into(written.content)?;
    let writer = room.writer(desk.member(), now()).lift()?;
    let terms = PostTerms { attachments: files.named(), content_until: end, ..PostTerms::default() };
    let post = writer.post(&room.keys, &content, terms).lift()?;
    let word = content.kind_name();
    Ok(Ready {
        shown: shown(&room, &content, end),
        act: format!("send this to {}", room.replica.name()),
        carried: Carried::only(files),
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
