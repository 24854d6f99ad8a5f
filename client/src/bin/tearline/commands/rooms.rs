//! `fetch`, `status`, `who` and `inbox`: the rooms as this desk has verified them.

use std::fmt::Write as _;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, Room},
    replica::{Line, Replica},
    show::{
        WIDTH,
        content::{precedence, safe},
        standing::{phrase, to_json as standing_to_json},
        time::{ago, clock, dtg, iso},
        wrap,
    },
    standing::{Standing, Standings},
    sync, words,
};
use tearline_ledger::{content::Content, id::Ref, name::Role, statement::Act};

use crate::{
    cli::{Fetch, Who},
    context::{Context, Failure, Lift as _, now},
    report::say,
};

/// Seconds.
const DAY: u64 = 24 * 3600;

pub(crate) fn fetch(context: &Context, args: &Fetch) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    let (rooms, warnings) = runtime.block_on(super::sync_all(context, &session, &mut desk))?;
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
    if args.follow { runtime.block_on(follow(context, &session, &desk)) } else { Ok(()) }
}

/// Shows each post as it comes, in whatever room, until the server ends it.
async fn follow(
    context: &Context,
    session: &tearline_client::session::Session,
    desk: &Desk,
) -> Result<(), Failure> {
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
                for index in new {
                    show_new(context, desk, id, &name, index)?;
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

fn show_new(
    context: &Context,
    desk: &Desk,
    id: tearline_ledger::id::RoomId,
    name: &tearline_ledger::name::RoomName,
    index: u64,
) -> Result<(), Failure> {
    let room = desk.open_room(id, name).lift()?;
    let line = room.replica.line(index).map_err(|error| Failure::Library(desk.alarmed(id, error)))?;
    if !matches!(line.signed.statement.act, Act::Post(_)) {
        return Ok(());
    }
    let standings = Standings::gather(desk, [&room]).lift()?;
    let item = item(&room, &line, &standings);
    let json = item.to_json();
    say(context, &json, &item.to_text(false))
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

/// ` drc/liaison · complete to 14:02Z, witnessed by un/monitor-1 (3 min ago)`.
fn heading(desk: &Desk, replica: &Replica) -> Result<String, Failure> {
    let complete = replica.complete_to().map_or_else(
        || "nothing fetched yet".to_owned(),
        |to| {
            let today = to / DAY == now() / DAY;
            format!("complete to {}", if today { clock(to) } else { dtg(to) })
        },
    );
    let witnessed =
        replica.witnessed().map_err(|error| Failure::Library(desk.alarmed(replica.room(), error)))?;
    let by = witnessed.map_or_else(
        || "witnessed by nobody".to_owned(),
        |witnessed| {
            let who: Vec<String> = witnessed
                .by
                .iter()
                .map(|witness| format!("{} ({})", witness.member.desk(), ago(witness.at, now())))
                .collect();
            format!("witnessed by {}", who.join(", "))
        },
    );
    Ok(wrap(&format!("{} · {} · {complete}, {by}", replica.name(), desk.member().desk()), 1, WIDTH))
}

pub(crate) fn who(context: &Context, args: &Who) -> Result<(), Failure> {
    let desk = context.offline()?;
    let (mut text, mut list) = (String::new(), Vec::new());
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
    say(context, &json!({"members": list}), &text)
}

/// A post in a listing.
struct Item {
    entry: String,
    from: String,
    accepted_at: u64,
    standing: Standing,
    content: Result<Content, String>,
}

fn item(room: &Room, line: &Line, standings: &Standings) -> Item {
    let content = room.content(line).map_err(|error| error.to_string());
    let statement = &line.signed.statement;
    let reference = Ref { room: room.replica.room(), statement: line.signed.identity(), id: statement.id };
    Item {
        entry: format!("{}#{}", room.replica.name(), line.index),
        from: line.signed.statement.author.org().as_str().to_owned(),
        accepted_at: line.accepted_at,
        standing: standings.of(&reference, statement, now()),
        content,
    }
}

impl Item {
    fn subject(&self) -> String {
        match &self.content {
            Ok(content) => safe(&content.message().subject),
            Err(_) if self.standing.may_be_gone() => "(its content is not here)".to_owned(),
            Err(_) => "(does not open here)".to_owned(),
        }
    }

    fn to_text(&self, unread: bool) -> String {
        let precedence = self.content.as_ref().map_or("", precedence);
        let left = format!(
            "  {}  {:<11} {:<10} {:<8} {:<15} ",
            if unread { "●" } else { " " },
            self.entry,
            precedence,
            self.from,
            dtg(self.accepted_at)
        );
        let phrase = phrase(&self.standing);
        let below = if phrase.is_empty() { phrase } else { wrap(&phrase, 5, WIDTH) };
        hang(&left, &self.subject()) + &below
    }

    fn to_json(&self) -> Value {
        let mut json = json!({
            "entry": self.entry.clone(),
            "from": self.from,
            "accepted_at": iso(self.accepted_at),
            "precedence": self.content.as_ref().ok().map(precedence),
            "kind": self.content.as_ref().ok().map(Content::kind_name),
            "subject": self.content.as_ref().ok().map(|content| content.message().subject.clone()),
        });
        if let Some(map) = json.as_object_mut() {
            let standing = standing_to_json(&self.standing).into_iter();
            map.extend(standing.map(|(key, value)| (key.to_owned(), value)));
        }
        json
    }
}

pub(crate) fn inbox(context: &Context) -> Result<(), Failure> {
    let desk = context.desk()?;
    if desk.member().role() == Role::Auditor {
        return Err(Failure::refused(super::AUDITOR_READS_NOTHING));
    }
    let read = desk.profile().marks().lift()?.read;
    let rooms = desk.rooms().lift()?;
    let acknowledged = acknowledged(&desk, &rooms)?;
    let standings = Standings::gather(&desk, &rooms).lift()?;
    let (mut text, mut list, mut unread_count, mut due) = (String::new(), Vec::new(), 0, Vec::new());
    for room in &rooms {
        text.push_str(&heading(&desk, &room.replica)?);
        text.push_str("\n     REF         PREC       FROM     DTG             SUBJECT\n");
        for index in (0..room.replica.size()).rev() {
            let line = super::line(&desk, room, index)?;
            let own = line.signed.statement.author.org() == desk.member().org();
            if own || !matches!(line.signed.statement.act, Act::Post(_)) {
                continue;
            }
            let reference = Ref {
                room: room.replica.room(),
                statement: line.signed.identity(),
                id: line.signed.statement.id,
            };
            let item = item(room, &line, &standings);
            if matches!(&item.content, Ok(post) if matches!(post.kind_name(), "decoy" | "manifest notice")) {
                continue;
            }
            let unread = !read.contains(&item.entry);
            let ack_by = item.content.as_ref().map_or(0, |content| content.message().ack_by);
            if ack_by != 0 && !acknowledged.contains(&reference) {
                due.push((ack_by, item.entry.clone()));
            }
            unread_count += usize::from(unread);
            text.push_str(&item.to_text(unread));
            let mut json = item.to_json();
            if let Some(map) = json.as_object_mut() {
                map.insert("unread".to_owned(), json!(unread));
            }
            list.push(json);
        }
        text.push('\n');
    }
    due.sort();
    let mut summary = format!(" {unread_count} unread");
    for (by, entry) in &due {
        let _ = write!(summary, " · acknowledgement due by {} ({entry})", dtg(*by));
    }
    let _ = writeln!(text, "{summary}");
    if let Some(first) = list.iter().find(|item| item.get("unread") == Some(&json!(true))) {
        let entry = first.get("entry").and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(text, " Next: tearline read {entry}");
    }
    let due: Vec<Value> = due.iter().map(|(by, entry)| json!({"entry": entry, "by": iso(*by)})).collect();
    say(context, &json!({"posts": list, "unread": unread_count, "acknowledgements_due": due}), &text)
}

/// Text behind what stands at its left, going on below itself where the line is full.
fn hang(left: &str, text: &str) -> String {
    let indent = left.chars().count();
    let block = wrap(text, indent, WIDTH);
    if block.is_empty() { format!("{left}\n") } else { format!("{left}{}", block.trim_start_matches(' ')) }
}

/// Posts that somebody of this organisation has acknowledged.
fn acknowledged(desk: &Desk, rooms: &[Room]) -> Result<BTreeSet<Ref>, Failure> {
    let mut out = BTreeSet::new();
    for room in rooms {
        for index in 0..room.replica.size() {
            let line = super::line(desk, room, index)?;
            if line.signed.statement.author.org() != desk.member().org() {
                continue;
            }
            if let Act::Acknowledgement(posts) = &line.signed.statement.act {
                out.extend(posts.iter().copied());
            }
        }
    }
    Ok(out)
}
