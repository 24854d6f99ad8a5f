//! `served` and `given`: who was served what, has acknowledged it, or is overdue.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    access,
    holdings::Filed,
    matters::Matters,
    refs::EntryRef,
    served::{Acknowledgements, DeskServed, Received, Served, SideOwes},
    show::{
        WIDTH,
        content::{body, precedence, to_json},
        ends, hang, paint,
        standing::{banner, to_json as standing_to_json},
        time::{dtg, iso},
        together, wrap,
    },
};
use tearline_ledger::{
    content::Content,
    name::{MemberName, Org, Role},
};

use super::{outlook::Outlook, policy, propose::Office};
use crate::{
    cli::{Given, Reference},
    context::{Context, Failure, Lift as _},
};

/// Said under every list of who was served.
pub(super) const SERVED_MEANS: &str =
    "Served: the server was about to send it. Whether it was read, only an acknowledgement says.";

pub(crate) fn served(context: &Context, args: &Reference) -> Result<(), Failure> {
    let entry: EntryRef = args.reference.parse().lift()?;
    let outlook = Outlook::open(context)?;
    let room = outlook.desk.room(&entry.room).lift()?;
    let line = super::line(&outlook.desk, &room, entry.index)?;
    let post = outlook.holdings.posts.iter().find(|post| post.entry == entry);
    let known = outlook.holdings.room(&entry.room);
    let (Some(post), Some(known)) = (post, known) else {
        let act = line.signed.statement.act.name();
        return Err(Failure::refused(format!("{entry} is no post that anybody would read: it is a {act}")));
    };
    let (served, warned) = gathered(&outlook)?;
    let acknowledgements = Acknowledgements::of(&outlook.holdings);
    let received = Received::of(post, known, &served, &acknowledgements, outlook.now);
    let kind = post.content.as_ref().map_or("post", Content::kind_name).to_uppercase();
    let urgency = post.content.as_ref().map_or("", precedence);
    let mut text = warned.text();
    text += &ends(&format!(" {urgency:<11} {kind} {entry}"), &dtg(post.accepted_at));
    text.push_str(&wrap(&post.subject(), 1, WIDTH));
    text.push_str(&table(&received));
    text.push('\n');
    text.push_str(&owed(&received.owed, 1));
    text.push_str(&wrap(SERVED_MEANS, 1, WIDTH));
    let mut json = outlook.listed(post);
    if let Some(map) = json.as_object_mut() {
        map.remove("unread");
        map.insert("warnings".to_owned(), warned.json());
        map.extend(received_json(&received));
    }
    outlook.say(context, &json, &text)
}

/// What the access logs say, and what must stand above it: they are held to the desk's policy as the rooms are.
fn gathered(outlook: &Outlook) -> Result<(Served, policy::Held), Failure> {
    let logs = access::logs(&outlook.desk, &outlook.rooms).lift()?;
    let rooms = outlook.rooms.iter().map(|room| &room.replica);
    let warned = policy::hold(&outlook.desk, rooms.chain(logs.iter().map(|log| &log.replica)))?;
    Ok((Served::of(&outlook.desk, &logs, &outlook.rooms).lift()?, warned))
}

fn table(received: &Received) -> String {
    let width = received.desks.iter().map(|it| it.desk.desk().len()).max().unwrap_or(0).max(20);
    let mut out = format!("\n     {:<width$} {:<16} ACKNOWLEDGED\n", "DESK", "SERVED");
    for desk in &received.desks {
        let acknowledged = desk.acknowledged.as_ref();
        let acknowledged =
            acknowledged.map_or_else(|| "no".to_owned(), |(entry, at)| format!("{} ({entry})", dtg(*at)));
        let left = format!("     {:<width$} {:<16} ", desk.desk.desk(), when(desk));
        out.push_str(&hang(&left, &acknowledged));
    }
    out
}

fn when(desk: &DeskServed) -> String {
    match desk.at {
        Some(at) => dtg(at),
        None if desk.known => "not yet".to_owned(),
        None => "not known here".to_owned(),
    }
}

/// What each side owes, or has done.
fn owed(owed: &[SideOwes], indent: usize) -> String {
    let lines = owed.iter().map(|it| {
        let (side, by) = (&it.side, dtg(it.by));
        match (&it.acknowledged, it.overdue) {
            (Some((entry, at)), _) => {
                let late = if *at > it.by { ", late" } else { "" };
                format!("Acknowledged by {side} {} ({entry}{late})", dtg(*at))
            }
            (None, true) => format!("Acknowledgement by {side} OVERDUE since {by}"),
            (None, false) => format!("Acknowledgement by {side} due by {by}"),
        }
    });
    lines.map(|line| paint::alerts(&wrap(&line, indent, WIDTH))).collect()
}

fn received_json(received: &Received) -> serde_json::Map<String, Value> {
    let done = |done: &Option<(EntryRef, u64)>| {
        let at = done.as_ref().map(|(_, at)| iso(*at));
        (done.as_ref().map(|(entry, _)| entry.to_string()), at)
    };
    let desks: Vec<Value> = received
        .desks
        .iter()
        .map(|it| {
            let (entry, at) = done(&it.acknowledged);
            json!({
                "desk": it.desk.desk(),
                "known": it.known,
                "served_at": it.at.map(iso),
                "acknowledged": entry,
                "acknowledged_at": at,
            })
        })
        .collect();
    let owed: Vec<Value> = received
        .owed
        .iter()
        .map(|it| {
            let (entry, at) = done(&it.acknowledged);
            json!({
                "side": it.side.to_string(),
                "by": iso(it.by),
                "acknowledged": entry,
                "acknowledged_at": at,
                "overdue": it.overdue,
            })
        })
        .collect();
    [("served".to_owned(), json!(desks)), ("acknowledgements".to_owned(), json!(owed))].into_iter().collect()
}

/// All that mediators posted where a party reads, or once read, matter by matter.
pub(crate) fn given(context: &Context, args: &Given) -> Result<(), Failure> {
    let party: Org = args.organisation.parse().map_err(Failure::usage)?;
    let office = Office::open(context)?;
    let outlook = Outlook::of(office.desk, office.rooms)?;
    let filter = outlook.filter(&args.filters)?;
    let (served, warned) = gathered(&outlook)?;
    let acknowledgements = Acknowledgements::of(&outlook.holdings);
    let holdings = &outlook.holdings;
    if !holdings.parties().contains(&party) {
        return Err(Failure::refused(format!(
            "no party {} is in any room that is known here: see `tearline who`",
            party.as_str()
        )));
    }
    let reads = |post: &&Filed| {
        let room = holdings.room(&post.entry.room);
        post.author.role() == Role::Mediator
            && room.is_some_and(|room| room.parties.contains(&party))
            && filter.lets(post, holdings)
    };
    let roots = Matters::of(holdings).roots();
    // By matter, in the order in which each was first given something of.
    let mut matters: Vec<(&Filed, Vec<(&Filed, Received)>)> = Vec::new();
    let mut places: BTreeMap<&EntryRef, usize> = BTreeMap::new();
    for (post, root) in holdings.posts.iter().zip(roots).filter(|(post, _)| reads(post)) {
        let Some(room) = holdings.room(&post.entry.room) else { continue };
        let mut received = Received::of(post, room, &served, &acknowledgements, outlook.now);
        received.desks.retain(|it| *it.desk.org() == party);
        received.owed.retain(|it| it.side.to_string() == party.as_str());
        let at = *places.entry(&root.entry).or_insert_with(|| {
            matters.push((root, Vec::new()));
            matters.len() - 1
        });
        if let Some((_, posts)) = matters.get_mut(at) {
            posts.push((post, received));
        }
    }
    let mut text = warned.text();
    let (mut list, mut overdue) = (Vec::new(), 0);
    for (root, posts) in &matters {
        text.push_str(if text.is_empty() { "" } else { "\n\n" });
        text.push_str(&hang(&format!(" {} · ", root.entry), &root.subject()));
        for (post, received) in posts {
            overdue += received.owed.iter().filter(|it| it.overdue).count();
            text.push_str(&one(&outlook, post, received));
            list.push(one_json(&outlook, (root, post), received));
        }
    }
    if matters.is_empty() {
        let _ = write!(text, "{} has been given nothing", party.as_str());
        text.push_str(if filter == tearline_client::find::Filter::default() { ".\n" } else { " of this.\n" });
    } else {
        text.push('\n');
        text.push_str(&wrap(SERVED_MEANS, 1, WIDTH));
    }
    if overdue > 0 {
        text.push_str(&paint::alerts(&wrap(&format!("{overdue} acknowledgement(s) OVERDUE"), 1, WIDTH)));
    }
    let json = json!({
        "party": party.as_str(),
        "given": list,
        "overdue": overdue,
        "warnings": warned.json(),
    });
    outlook.say(context, &json, &text)
}

fn one(outlook: &Outlook, post: &Filed, received: &Received) -> String {
    let signers: Vec<&str> = post.signers.iter().map(MemberName::desk).collect();
    let mut out = String::from("\n");
    out.push_str(&hang(&format!(" {}  {}  ", post.entry, dtg(post.accepted_at)), &signers.join(", ")));
    let standing = outlook.holdings.standing(post, outlook.now);
    out.push_str(&banner(&standing));
    match &post.content {
        Ok(content) => out.push_str(body(content).trim_end_matches('\n')),
        Err(_) if standing.may_be_gone() => out.push_str(" Its content is not here any more."),
        Err(absent) => {
            let _ = write!(out, " {}", absent.words());
        }
    }
    out.push_str("\n\n");
    let desks: Vec<String> =
        received.desks.iter().map(|desk| together(&format!("{} {}", desk.desk.desk(), when(desk)))).collect();
    let desks = if desks.is_empty() { "no desk".to_owned() } else { desks.join("; ") };
    out.push_str(&hang(" Served to    ", &desks));
    let acknowledged: Vec<String> = received
        .desks
        .iter()
        .filter_map(|it| it.acknowledged.as_ref().map(|(entry, at)| (it, entry, at)))
        .map(|(it, entry, at)| together(&format!("{} {} ({entry})", it.desk.desk(), dtg(*at))))
        .collect();
    if !acknowledged.is_empty() {
        out.push_str(&hang(" Acknowledged ", &acknowledged.join("; ")));
    }
    out.push_str(&owed(&received.owed, 1));
    out
}

fn one_json(outlook: &Outlook, (root, post): (&Filed, &Filed), received: &Received) -> Value {
    let mut json = post.content.as_ref().map_or_else(|_| json!({}), to_json);
    let Some(map) = json.as_object_mut() else { return json };
    let signers: Vec<&str> = post.signers.iter().map(MemberName::desk).collect();
    map.insert("entry".to_owned(), json!(post.entry.to_string()));
    map.insert("matter".to_owned(), json!(root.entry.to_string()));
    map.insert("accepted_at".to_owned(), json!(iso(post.accepted_at)));
    map.insert("signed_by".to_owned(), json!(signers));
    let standing = standing_to_json(&outlook.holdings.standing(post, outlook.now));
    map.extend(standing.into_iter().map(|(key, value)| (key.to_owned(), value)));
    map.extend(received_json(received));
    json
}
