//! `save`: an attachment of a post, or of an open proposal, into a file.

use std::{fmt::Write as _, path::PathBuf};

use serde_json::json;
use tearline_client::{
    attachments::{
        AttachmentError, HandedOn, Waiting,
        download::{Fetched, Wanted, fetch},
        media,
        save::{choose, target},
    },
    desk::{Desk, Room, now},
    propose::Mediator,
    reading::reading,
    refs::EntryRef,
    session::Session,
    show::{attachments::size, content::safe},
};
use tearline_ledger::{name::Role, statement::Act};
use tokio::runtime::Runtime;

use crate::{
    cli::Save,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn save(context: &Context, args: &Save) -> Result<(), Failure> {
    let entry: EntryRef = args.reference.parse().lift()?;
    let (runtime, mut desk, session) = context.online()?;
    if desk.member().role() == Role::Auditor {
        return Err(Failure::refused(super::AUDITOR_READS_NOTHING));
    }
    // What was recalled a minute ago is not withheld.
    runtime.block_on(super::sync_all(context, &session, &mut desk))?;
    let room = desk.room(&entry.room).lift()?;
    let warned = super::policy::hold(&desk, [&room.replica])?;
    let line = super::line(&desk, &room, entry.index)?;
    let chosen = if matches!(line.signed.statement.act, Act::Proposal(_)) {
        proposed(&desk, &entry, args.which.as_deref())?
    } else if line.recalled {
        return Err(Failure::Library(AttachmentError::Recalled(entry.to_string()).into()));
    } else {
        let all = HandedOn::all(&reading(&desk, &room, entry.index).lift()?.content);
        let (number, handed) = choose(&entry, &all, args.which.as_deref()).lift()?;
        Chosen { number, index: entry.index, handed: handed.clone() }
    };
    let Chosen { number, index, handed } = chosen;
    let target = place(args, &handed)?;
    let wanted = Wanted { room: &room, index, handed: handed.clone() };
    let fetched = bring(context, (&runtime, &session, &desk), &wanted)?;
    let (before, received) = (fetched.before, fetched.received);
    let saved = fetched.save(&target, args.overwrite).lift()?;
    let key = &handed.key;
    let path = saved.path.display().to_string();
    let mut text = warned.text();
    let _ = writeln!(
        text,
        "Saved {} ({}, {}) as {}\n SHA-256 {}",
        safe(&key.name),
        safe(&key.media_type),
        size(key.size),
        safe(&path),
        saved.plain.to_hex()
    );
    let looks_like = media::contradicts(&key.media_type, &saved.head);
    if let Some(other) = looks_like {
        let _ = writeln!(
            text,
            " ! Its author calls it {}, and its first bytes are those of {other}. Take care.",
            safe(&key.media_type)
        );
    }
    let json = json!({
        "entry": entry.to_string(),
        "number": number,
        "name": key.name,
        "media_type": key.media_type,
        "looks_like": looks_like,
        "size": key.size,
        "sha256": saved.plain.to_hex(),
        "file": path,
        "there_before": before,
        "received": received,
        "warnings": warned.json(),
    });
    say(context, &json, &text)
}

/// An attachment, and the post by which it is served.
struct Chosen {
    number: usize,
    index: u64,
    handed: HandedOn,
}

/// An attachment that an open proposal would hand on: the chamber has it.
fn proposed(desk: &Desk, entry: &EntryRef, which: Option<&str>) -> Result<Chosen, Failure> {
    let rooms: Vec<Room> = desk.rooms().lift()?;
    let mediator = Mediator::new(desk, &rooms, now()).lift()?;
    let judged = |error| Failure::Library(desk.proposing(error));
    let identity = mediator.proposal_at(entry).map_err(judged)?;
    let all = mediator.attachments_proposed(&identity).map_err(judged)?;
    let (number, handed) = choose(entry, &all, which).lift()?;
    let index = mediator.in_chamber(&handed.named.digest).map_err(judged)?;
    let missing = || AttachmentError::NotInChamber(safe(&handed.key.name));
    Ok(Chosen { number, index: index.ok_or_else(missing).lift()?, handed: handed.clone() })
}

/// Where it goes; refused before all of it is fetched in vain.
fn place(args: &Save, handed: &HandedOn) -> Result<PathBuf, Failure> {
    let target = target(&args.out, &handed.key.name);
    if !args.overwrite && target.symlink_metadata().is_ok() {
        return Err(Failure::Library(AttachmentError::Exists(target).into()));
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    if target.is_dir() || target.file_name().is_none() || folder.is_some_and(|folder| !folder.is_dir()) {
        return Err(Failure::refused(format!(
            "{}: there is no folder to save it in: make it first, or name another",
            target.display()
        )));
    }
    Ok(target)
}

/// Fetches an attachment with a bar that shows how far it is.
pub(super) fn bring(
    context: &Context,
    (runtime, session, desk): (&Runtime, &Session, &Desk),
    wanted: &Wanted<'_>,
) -> Result<Fetched, Failure> {
    let waiting = Waiting::of(desk.profile().dir()).lift()?;
    let bar = context.bytes(format!("Fetching {}", safe(&wanted.handed.key.name)));
    let mut told = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let fetched = runtime.block_on(fetch(session, desk, &waiting, wanted, &mut told));
    bar.finish_and_clear();
    fetched.lift()
}
