//! What every command that looks around begins with: all that this desk holds, and how far it is complete.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tearline_client::{
    desk::{Desk, Room, now},
    find::{Filter, filter::Asked},
    holdings::{Filed, Holdings},
    policy::Policy,
    replica::Replica,
    show::{
        WIDTH,
        content::precedence,
        paint,
        standing::to_json as standing_to_json,
        time::{ago, clock, dtg, iso},
        together, wrap,
    },
    standing::Standing,
    witness::{Witness, witness_key},
};
use tearline_ledger::{content::Content, name::Role};

use crate::{
    cli::Filters,
    context::{Context, Failure, Lift as _},
    report::say,
};

/// Seconds.
const DAY: u64 = 24 * 3600;

/// A desk and all that it holds.
pub(super) struct Outlook {
    pub(super) desk: Desk,
    pub(super) rooms: Vec<Room>,
    pub(super) holdings: Holdings,
    /// Entries that were read at this desk, as in `drc#42`.
    pub(super) read: BTreeSet<String>,
    pub(super) now: u64,
}

impl Outlook {
    /// Offline, from what was fetched and verified.
    pub(super) fn open(context: &Context) -> Result<Self, Failure> {
        let desk = context.desk()?;
        if desk.member().role() == Role::Auditor {
            return Err(Failure::refused(super::AUDITOR_READS_NOTHING));
        }
        let rooms = desk.rooms().lift()?;
        Self::of(desk, rooms)
    }

    /// Of rooms that are open already.
    pub(super) fn of(desk: Desk, rooms: Vec<Room>) -> Result<Self, Failure> {
        let now = now();
        // The headings say what warns of each room; what refuses is refused here.
        super::policy::hold(&desk, rooms.iter().map(|room| &room.replica))?;
        let holdings = Holdings::gather(&desk, &rooms, now).lift()?;
        let read = desk.profile().marks().lift()?.read;
        Ok(Self { desk, rooms, holdings, read, now })
    }

    pub(super) fn filter(&self, filters: &Filters) -> Result<Filter, Failure> {
        let asked = Asked {
            from: filters.from.clone(),
            to: filters.to.clone(),
            place: filters.place.clone(),
            near: filters.near.clone(),
            within: filters.within.clone(),
            party: filters.party.clone(),
            rooms: filters.room.clone(),
            kinds: filters.kind.clone(),
            precedence: filters.precedence.clone(),
            unread: filters.unread,
        };
        Filter::new(&asked, &self.holdings, &self.read).map_err(Failure::usage)
    }

    /// The rooms that a filter asks for, by name.
    pub(super) fn asked<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = &'a Room> {
        let wanted = |room: &&Room| {
            filter.rooms().is_empty()
                || filter.rooms().iter().any(|name| name.as_str() == room.replica.name())
        };
        self.rooms.iter().filter(wanted)
    }

    /// How far each room that a filter asks for is complete, a paragraph each.
    pub(super) fn headings(&self, filter: &Filter) -> Result<String, Failure> {
        self.asked(filter).map(|room| heading(&self.desk, &room.replica)).collect()
    }

    pub(super) fn completeness(&self, filter: &Filter) -> Result<Vec<Value>, Failure> {
        self.asked(filter).map(|room| completeness(&self.desk, &room.replica)).collect()
    }

    pub(super) fn is_unread(&self, post: &Filed) -> bool {
        let own = post.author.org() == self.desk.member().org();
        !own && !self.read.contains(&post.entry.to_string())
    }

    /// The keys that every listed post has for a program.
    pub(super) fn listed(&self, post: &Filed) -> Value {
        let mut json = listed(post, &self.holdings.standing(post, self.now));
        if let Some(map) = json.as_object_mut() {
            map.insert("unread".to_owned(), json!(self.is_unread(post)));
        }
        json
    }

    /// Says it; then, if a post breaks a rule of content, gives the alarm.
    pub(super) fn say(&self, context: &Context, json: &Value, text: &str) -> Result<(), Failure> {
        say(context, json, text)?;
        let alarms: Vec<&str> = self.holdings.alarms().collect();
        if alarms.is_empty() { Ok(()) } else { Err(Failure::Alarm(alarms.join("\n"))) }
    }
}

/// A listed post, but for whether it was read.
pub(super) fn listed(post: &Filed, standing: &Standing) -> Value {
    let content = post.content.as_ref().ok();
    let mut json = json!({
        "entry": post.entry.to_string(),
        "from": post.author.org().as_str(),
        "accepted_at": iso(post.accepted_at),
        "precedence": content.map(precedence),
        "kind": content.map(Content::kind_name),
        "subject": content.map(|content| content.message().subject.clone()),
    });
    if let Some(map) = json.as_object_mut() {
        map.extend(standing_to_json(standing).into_iter().map(|(key, value)| (key.to_owned(), value)));
    }
    json
}

/// How far a room is complete, who witnessed that, and what is to be said against it.
pub(super) struct Complete {
    line: String,
    warning: Option<String>,
}

impl Complete {
    /// All of it as one line, however long.
    pub(super) fn line(&self) -> String {
        let warning = self.warning.as_ref().map(|it| format!("; {it}"));
        let line = [self.line.as_str(), warning.as_deref().unwrap_or_default()].concat();
        wrap(&line, 0, usize::MAX).trim_end().to_owned()
    }
}

/// ` drc · drc/liaison · complete to 14:02Z, witnessed by un/monitor-1 (3 min ago)`; a line more if that is
/// staler than this desk's policy allows.
pub(super) fn heading(desk: &Desk, replica: &Replica) -> Result<String, Failure> {
    let Complete { line, warning } = complete(desk, replica)?;
    let mut out = wrap(&line, 1, WIDTH);
    if let Some(warning) = warning {
        out.push_str(&paint::alerts(&wrap(&format!("! {warning}"), 1, WIDTH)));
    }
    Ok(out)
}

pub(super) fn complete(desk: &Desk, replica: &Replica) -> Result<Complete, Failure> {
    let to = replica.complete_to().map_or_else(
        || "nothing fetched yet".to_owned(),
        |to| {
            let today = to / DAY == now() / DAY;
            together(&format!("complete to {}", if today { clock(to) } else { dtg(to) }))
        },
    );
    let alarmed = |error| Failure::Library(desk.alarmed(replica.room(), error));
    let witnesses = replica.witnesses().map_err(alarmed)?;
    let by = witnessed(&witnesses, replica);
    let line = format!("{} · {} · {to}, {by}", replica.name(), desk.member().desk());
    let policy = desk.profile().policy();
    let stale = replica.staleness(policy, now()).map_err(alarmed)?.map(|alarm| alarm.to_string());
    Ok(Complete { line, warning: stale.or_else(|| unconfirmed(&witnesses, policy, replica)) })
}

/// `witnessed by un/monitor-1 (3 min ago)`, and up to where if the room has gone on since.
fn witnessed(witnesses: &[Witness], replica: &Replica) -> String {
    let one = |witness: &Witness| {
        let (who, ago) = (witness.member.desk(), ago(witness.at, now()));
        together(&match witness.size.checked_sub(1) {
            Some(last) if witness.size < replica.size() => {
                format!("{who} ({ago}, up to {}#{last})", replica.name())
            }
            _ => format!("{who} ({ago})"),
        })
    };
    let who: Vec<String> = witnesses.iter().map(one).collect();
    if who.is_empty() {
        together("witnessed by nobody")
    } else {
        [together("witnessed by "), who.join(", ")].concat()
    }
}

/// What a desk that demands nothing should know all the same: that nobody confirms a room that has auditors.
fn unconfirmed(witnesses: &[Witness], policy: &Policy, replica: &Replica) -> Option<String> {
    let charter = replica.charter().ok()?;
    charter.members.iter().find_map(witness_key)?;
    let Some(newest) = witnesses.iter().map(|witness| witness.at).max() else {
        return Some("No auditor has confirmed this to you yet.".to_owned());
    };
    let minutes = now().saturating_sub(newest) / 60;
    (!policy.demands() && minutes > policy.fresh_minutes)
        .then(|| format!("No auditor has confirmed this to you for {minutes} minutes."))
}

pub(super) fn completeness(desk: &Desk, replica: &Replica) -> Result<Value, Failure> {
    let alarmed = |error| Failure::Library(desk.alarmed(replica.room(), error));
    let witnesses = replica.witnesses().map_err(alarmed)?;
    let by: Vec<&str> = witnesses.iter().map(|it| it.member.desk()).collect();
    let stale = replica.staleness(desk.profile().policy(), now()).map_err(alarmed)?;
    Ok(json!({
        "room": replica.name(),
        "complete_to": replica.complete_to().map(iso),
        "witnessed_by": by,
        "stale": stale.is_some(),
    }))
}
