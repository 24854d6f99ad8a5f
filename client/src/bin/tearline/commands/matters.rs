//! `matters`: a list with where each stands, or one whole thread, on the screen or as a file.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};
use tearline_client::{
    desk::Room,
    dossier::{self, Dossier},
    durable,
    find::{Filter, geojson},
    matters::{Matter, Matters as All, Part, State},
    refs::EntryRef,
    show::{
        WIDTH,
        content::{body, precedence, to_json},
        hang, paint,
        standing::{banner, to_json as standing_to_json},
        time::{dtg, iso},
        together, wrap,
    },
};
use tearline_ledger::name::MemberName;

use super::{
    outlook::{Outlook, complete},
    state::state_json,
};
use crate::{
    cli::Matters,
    context::{Context, Failure, Lift as _},
};

pub(crate) fn matters(context: &Context, args: &Matters) -> Result<(), Failure> {
    let entry: Option<EntryRef> = args.reference.as_deref().map(str::parse).transpose().lift()?;
    let outlook = Outlook::open(context)?;
    let filter = outlook.filter(&args.filters)?;
    let all = All::of(&outlook.holdings);
    match entry {
        Some(entry) => one(context, args, (&outlook, &filter), &all, &entry),
        None => list(context, args, (&outlook, &filter), &all),
    }
}

fn list(
    context: &Context,
    args: &Matters,
    (outlook, filter): (&Outlook, &Filter),
    all: &All<'_>,
) -> Result<(), Failure> {
    let passes = |matter: &Matter<'_>| {
        let mut parts = matter.parts.iter();
        filter.lets_kind(matter.head)
            && parts.any(|part| filter.lets_but_for_kind(part.post, &outlook.holdings))
    };
    let mut found: Vec<Matter<'_>> = all.all(outlook.now).filter(passes).collect();
    found.sort_by(|one, two| two.last().cmp(&one.last()));
    let mut text = outlook.headings(filter)?;
    let width =
        |length: &dyn Fn(&Matter<'_>) -> usize, least| found.iter().map(length).max().unwrap_or(0).max(least);
    let entry = width(&|matter| matter.head.entry.to_string().len(), 11);
    let kind = width(&|matter| matter.kind_name().len(), 11);
    let _ = writeln!(text, "\n     {:<entry$} {:<kind$} SUBJECT AND STATE", "REF", "MATTER");
    for matter in &found {
        text.push_str(&row(outlook, matter, (entry, kind)));
    }
    let overdue = found.iter().filter(|matter| matter.state.overdue()).count();
    let late = if overdue == 0 { String::new() } else { format!(" · {overdue} OVERDUE") };
    let how_many = if found.len() == 1 { "1 matter".to_owned() } else { format!("{} matters", found.len()) };
    text.push_str(&paint::alerts(&format!("\n {how_many}{late}\n")));
    if let Some(first) = found.first() {
        let _ = writeln!(text, " Next: tearline matters {}", first.head.entry);
    }
    let mut json = json!({
        "rooms": outlook.completeness(filter)?,
        "matters": found.iter().map(|matter| Value::Object(summary(outlook, matter))).collect::<Vec<_>>(),
    });
    if let Some(path) = &args.geojson {
        let posts = found.iter().flat_map(|matter| matter.parts.iter().map(move |part| (part.post, matter)));
        write(path, &geojson::collection(posts).to_string(), &mut text)?;
        note(&mut json, "geojson", path);
    }
    outlook.say(context, &json, &text)
}

fn row(outlook: &Outlook, matter: &Matter<'_>, (entry, kind): (usize, usize)) -> String {
    let unread = unread(outlook, matter);
    let bullet = if unread > 0 { paint::strong("●") } else { " ".to_owned() };
    let left =
        format!("  {bullet}  {:<entry$} {:<kind$} ", matter.head.entry.to_string(), matter.kind_name());
    let indent = paint::columns(&left);
    let count = matter.parts.len();
    let posts = if count == 1 { "1 post".to_owned() } else { format!("{count} posts") };
    let unread = if unread == 0 { String::new() } else { format!(", {unread} unread") };
    let state = match &matter.state {
        State::Posted => String::new(),
        state => format!("{} · ", state.words()),
    };
    let last = together(&format!("last {}", dtg(matter.last_at())));
    let state = format!("{state}{posts}{unread}, {last}");
    let indent = if indent + 24 > WIDTH { 17 } else { indent };
    hang(&left, &matter.head.subject()) + &paint::alerts(&wrap(&state, indent, WIDTH))
}

fn unread(outlook: &Outlook, matter: &Matter<'_>) -> usize {
    matter.parts.iter().filter(|part| outlook.is_unread(part.post)).count()
}

fn summary(outlook: &Outlook, matter: &Matter<'_>) -> Map<String, Value> {
    let head = matter.head;
    let content = head.content.as_ref().ok();
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    set("entry", json!(head.entry.to_string()));
    set("kind", json!(content.map(tearline_ledger::content::Content::kind_name)));
    set("from", json!(head.author.org().as_str()));
    set("precedence", json!(content.map(precedence)));
    set("subject", json!(content.map(|content| content.message().subject.clone())));
    set("began_at", json!(iso(head.accepted_at)));
    set("last_at", json!(iso(matter.last_at())));
    set("posts", json!(matter.parts.len()));
    set("unread", json!(unread(outlook, matter)));
    set("under", json!(matter.under.as_ref().map(ToString::to_string)));
    map.extend(state_json(&matter.state));
    map
}

fn one(
    context: &Context,
    args: &Matters,
    (outlook, filter): (&Outlook, &Filter),
    all: &All<'_>,
    entry: &EntryRef,
) -> Result<(), Failure> {
    // A room or an entry that is not there is said as everywhere; what else it is, too.
    let Some(mut matter) = all.find(entry, outlook.now) else {
        let room = outlook.desk.room(&entry.room).lift()?;
        let line = super::line(&outlook.desk, &room, entry.index)?;
        let act = line.signed.statement.act.name();
        let why = if act == "post" { "says nothing" } else { "is no post" };
        return Err(Failure::refused(format!(
            "{entry} {why}, and is in no matter: it is a statement of the kind `{act}`"
        )));
    };
    matter.parts.retain(|part| filter.lets(part.post, &outlook.holdings));
    let details = matter.state.details();
    let mut text = outlook.headings(filter)?;
    text.push('\n');
    text.push_str(&thread(outlook, &matter, &details));
    let mut map = summary(outlook, &matter);
    map.insert("thread".to_owned(), matter.parts.iter().map(|part| part_json(outlook, part)).collect());
    map.insert("rooms".to_owned(), json!(outlook.completeness(filter)?));
    let mut json = Value::Object(map);
    files(args, (outlook, filter), (&matter, &details), (&mut text, &mut json))?;
    let shown: Vec<String> = matter.parts.iter().map(|part| part.post.entry.to_string()).collect();
    outlook.desk.profile().change_marks(|marks| marks.read.extend(shown)).lift()?;
    outlook.say(context, &json, &text)
}

fn thread(outlook: &Outlook, matter: &Matter<'_>, details: &[String]) -> String {
    let title = format!(" {} {}", matter.kind_name().to_uppercase(), matter.head.entry);
    let mut out = hang(&format!("{title} · "), &matter.state.words());
    out = paint::alerts(&out);
    out.push_str(&wrap(&matter.head.subject(), 1, WIDTH));
    for detail in details {
        out.push_str(&paint::alerts(&wrap(detail, 3, WIDTH)));
    }
    if let Some(under) = &matter.under {
        out.push_str(&wrap(&format!("In the thread of {under}"), 1, WIDTH));
    }
    for part in &matter.parts {
        out.push_str(&section(outlook, part));
    }
    out
}

fn section(outlook: &Outlook, part: &Part<'_>) -> String {
    let post = part.post;
    let (left, right) = (format!(" ─── {} ", post.entry), format!(" {}", dtg(post.accepted_at)));
    let used = paint::columns(&left) + paint::columns(&right);
    let mut out = format!("\n{left}{}{right}\n", "─".repeat(WIDTH.saturating_sub(used)));
    out.push_str(&wrap(&part.title(), 1, WIDTH));
    for (name, value) in part.facts() {
        out.push_str(&hang(&format!(" {name:<13} "), &value));
    }
    out.push('\n');
    out.push_str(&banner(&outlook.holdings.standing(post, outlook.now)));
    match &post.content {
        Ok(content) => out.push_str(body(content).trim_end_matches('\n')),
        Err(absent) => {
            let _ = write!(out, " {}", absent.words());
        }
    }
    out.push('\n');
    out
}

fn part_json(outlook: &Outlook, part: &Part<'_>) -> Value {
    let post = part.post;
    let mut json = post.content.as_ref().map_or_else(|_| json!({}), to_json);
    let Some(map) = json.as_object_mut() else { return json };
    let mut set = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    let desks: Vec<&str> = post.signers.iter().map(MemberName::desk).collect();
    set("entry", json!(post.entry.to_string()));
    set("accepted_at", json!(iso(post.accepted_at)));
    set("author", json!(post.author.desk()));
    set("signed_by", json!(desks));
    set("required", json!(post.required));
    set("content_here", json!(post.content.is_ok()));
    set("statement", json!(post.reference.statement.to_string()));
    set("digest", json!(post.digest.to_string()));
    set("bearing", json!(part.bearing.word()));
    set("bearing_words", json!(part.bearing.to_string()));
    set("answers", json!(part.answers.as_ref().map(ToString::to_string)));
    set("refers", json!(part.refers.iter().map(ToString::to_string).collect::<Vec<_>>()));
    for (key, value) in standing_to_json(&outlook.holdings.standing(post, outlook.now)) {
        set(key, value);
    }
    json
}

/// Writes what was asked for; a file that is there is not overwritten.
fn files(
    args: &Matters,
    (outlook, filter): (&Outlook, &Filter),
    (matter, details): (&Matter<'_>, &[String]),
    (text, json): (&mut String, &mut Value),
) -> Result<(), Failure> {
    // Whoever is handed the file learns of no room but those that it speaks of.
    let holds = |room: &&Room| {
        let mut parts = matter.parts.iter();
        parts.any(|part| part.post.entry.room.as_str() == room.replica.name())
    };
    let rooms = outlook.asked(filter).filter(holds);
    let complete: Result<Vec<String>, Failure> =
        rooms.map(|room| complete(&outlook.desk, &room.replica).map(|it| it.line())).collect();
    let complete = complete?;
    let by = outlook.desk.member().desk();
    let dossier = Dossier { matter, details, by, complete: &complete, now: outlook.now };
    if let Some(path) = &args.html {
        write(path, &dossier::html(&dossier), text)?;
        note(json, "html", path);
    }
    if let Some(path) = &args.markdown {
        write(path, &dossier::markdown(&dossier), text)?;
        note(json, "markdown", path);
    }
    if let Some(path) = &args.geojson {
        let posts = matter.parts.iter().map(|part| (part.post, matter));
        write(path, &geojson::collection(posts).to_string(), text)?;
        note(json, "geojson", path);
    }
    Ok(())
}

fn write(path: &std::path::Path, file: &str, text: &mut String) -> Result<(), Failure> {
    durable::create(path, file.as_bytes()).lift()?;
    text.push_str(&wrap(
        &format!("Written: {} (not encrypted: keep it as its mark says)", path.display()),
        1,
        WIDTH,
    ));
    Ok(())
}

fn note(json: &mut Value, key: &str, path: &std::path::Path) {
    if let Some(map) = json.as_object_mut() {
        map.insert(key.to_owned(), json!(path.display().to_string()));
    }
}
