//! `fetch`, `status` and `who`: the rooms as this desk has verified them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    desk::Desk, holdings::Filed, policy::Unmet, session::Session, show::time::iso, standing::Standing, sync,
    words,
};
use tearline_ledger::{id::RoomId, name::RoomName};

use super::{
    Fetched,
    inbox::Columns,
    outlook::{heading, listed},
    policy,
};
use crate::{
    cli::{Fetch, Who},
    context::{Context, Failure, Lift as _, now},
    report::say,
};

pub(crate) fn fetch(context: &Context, args: &Fetch) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    let Fetched { rooms, mut warnings, unconfirmed } =
        runtime.block_on(super::sync_all(context, &session, &mut desk))?;
    let held = policy::hold_all(&desk);
    warnings.extend(held.iter().flat_map(policy::Held::warnings).cloned());
    let mut text = String::new();
    for (name, fresh, size) in &rooms {
        let _ = writeln!(text, "{name:<24} {size} entries, {fresh} new");
    }
    for warning in &warnings {
        let _ = writeln!(text, "! {warning}");
    }
    if !args.follow {
        text.push_str("Next: tearline inbox\n");
    }
    let list: Vec<Value> =
        rooms.iter().map(|(name, fresh, size)| json!({"room": name, "new": fresh, "size": size})).collect();
    say(context, &json!({"rooms": list, "warnings": warnings}), &text)?;
    held?;
    if let (Some(first), Unmet::Refuse) = (unconfirmed.into_iter().next(), desk.profile().policy().unmet) {
        return Err(Failure::Alarm(first));
    }
    if args.follow { runtime.block_on(follow(context, &session, &desk)) } else { Ok(()) }
}

/// Shows each post as it comes, in whatever room, until the server ends it.
async fn follow(context: &Context, session: &Session, desk: &Desk) -> Result<(), Failure> {
    let mut streams = tokio::task::JoinSet::new();
    let (sender, mut came) = tokio::sync::mpsc::unbounded_channel();
    let rooms = desk.profile().rooms().lift()?;
    for (id, name) in rooms {
        let (session, sender) = (session.clone(), sender.clone());
        let desk = context.desk()?;
        streams.spawn(async move {
            let mut replica = desk.replica(id, &name)?;
            let mut waiting = Vec::new();
            let mut told = |progress: &tearline_client::replica::Progress| {
                waiting.extend(progress.fresh.iter().map(|fresh| fresh.index));
                if progress.complete {
                    // The receiver lives as long as this command.
                    let _ = sender.send((id, name.clone(), std::mem::take(&mut waiting)));
                }
            };
            sync::follow(&session, &desk, &mut replica, &mut told).await.map(|_| ())
        });
    }
    drop(sender);
    loop {
        tokio::select! {
            Some((id, name, new)) = came.recv() => {
                let warned = confirmed(context, session, desk, (id, &name)).await?;
                for index in new {
                    show_new(context, (desk, &warned), id, &name, index)?;
                }
            }
            Some(ended) = streams.join_next() => match ended {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => return Err(Failure::Library(error)),
                Err(error) => return Err(Failure::refused(error)),
            },
            else => return Ok(()),
        }
    }
}

/// What must stand above what has just come. While a room is followed nobody hands over what witnesses confirm of
/// it: it is asked for, before the desk's policy is said to be unmet.
async fn confirmed(
    context: &Context,
    session: &Session,
    desk: &Desk,
    (id, name): (RoomId, &RoomName),
) -> Result<policy::Held, Failure> {
    let held = policy::hold(desk, [&desk.replica(id, name).lift()?]);
    if held.as_ref().is_ok_and(|held| held.warnings().is_empty()) {
        return held;
    }
    super::sync_all(context, session, &mut context.desk()?).await?;
    policy::hold(desk, [&desk.replica(id, name).lift()?])
}

fn show_new(
    context: &Context,
    (desk, warned): (&Desk, &policy::Held),
    id: RoomId,
    name: &RoomName,
    index: u64,
) -> Result<(), Failure> {
    let room = desk.open_room(id, name).lift()?;
    let line = super::line(desk, &room, index)?;
    let Some(post) = Filed::of(desk, &room, line, now()).lift()? else { return Ok(()) };
    let standing = Standing { ends: post.content_until, ..Standing::default() };
    let text = warned.text() + &Columns::of(std::iter::once(&post)).row(&post, &standing, false);
    let mut json = listed(&post, &standing);
    if let Some(map) = json.as_object_mut() {
        map.insert("warnings".to_owned(), warned.json());
    }
    say(context, &json, &text)
}

pub(crate) fn status(context: &Context) -> Result<(), Failure> {
    let desk = context.offline()?;
    let (mut text, mut list) = (String::new(), Vec::new());
    for (id, name) in desk.profile().rooms().lift()? {
        let replica = desk.replica(id, &name).lift()?;
        text.push_str(&heading(&desk, &replica)?);
        let epoch = replica.state().map_or(0, |state| state.charter().epoch);
        let _ = writeln!(text, "    {} entries, charter {epoch}", replica.size());
        list.push(json!({
            "room": name.as_str(),
            "id": id.to_string(),
            "size": replica.size(),
            "root": replica.tree().root().to_string(),
            "complete_to": replica.complete_to().map(iso),
        }));
    }
    if list.is_empty() {
        text.push_str("No room is known here yet. Next: tearline fetch\n");
    }
    say(context, &json!({"member": desk.member().as_str(), "rooms": list}), &text)
}

pub(crate) fn who(context: &Context, args: &Who) -> Result<(), Failure> {
    let desk = context.offline()?;
    let warned = policy::hold_all(&desk)?;
    let (mut text, mut list) = (warned.text(), Vec::new());
    for (id, name) in desk.profile().rooms().lift()? {
        if args.room.as_ref().is_some_and(|room| room != name.as_str()) {
            continue;
        }
        let replica = desk.replica(id, &name).lift()?;
        let Ok(state) = replica.state() else { continue };
        let charter = state.charter();
        let _ = writeln!(
            text,
            "{}   quorum {} of {}",
            name.as_str(),
            charter.quorum,
            charter.mediators().count()
        );
        for member in &charter.members {
            let fingerprint = words::fingerprint(&member.card().fingerprint());
            let custodian = if member.custodian { " (custodian)" } else { "" };
            let (role, desk) = (member.name.role().as_str(), member.name.desk());
            let _ = writeln!(text, "  {role:<9} {desk}{custodian}\n            {fingerprint}");
            list.push(json!({
                "room": name.as_str(),
                "member": member.name.as_str(),
                "custodian": member.custodian,
                "fingerprint": fingerprint,
            }));
        }
    }
    if list.is_empty() {
        return Err(Failure::refused(match &args.room {
            Some(room) => format!("no room {room} is known here: see `tearline status`"),
            None => "no room is known here yet: run `tearline fetch`".to_owned(),
        }));
    }
    say(context, &json!({"members": list, "warnings": warned.json()}), &text)
}
