//! `access`: the access logs, for those who may read them; it needs no keys, and opens no content.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_client::{
    access::{self, Access, AccessLog, Asked, Filter},
    find::span::Span,
    show::{
        WIDTH, hang,
        time::{dtg, iso},
        wrap,
    },
};
use tearline_ledger::name::RoomName;

use super::{
    outlook::{completeness, heading},
    policy,
    served::SERVED_MEANS,
};
use crate::{
    cli,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn access(context: &Context, args: &cli::Access) -> Result<(), Failure> {
    let asked = Asked {
        org: args.organisation.clone(),
        member: args.member.clone(),
        rooms: args.room.clone(),
        entry: args.entry.as_deref().map(str::parse).transpose().lift()?,
        span: Span::new(args.from.as_deref(), args.to.as_deref()).map_err(Failure::usage)?,
    };
    let desk = context.offline()?;
    let known = desk.profile().rooms().lift()?;
    let logs = access::logs(&desk, &desk.rooms().lift()?).lift()?;
    let filter = Filter::new(&asked, &logs, &known).map_err(Failure::refused)?;
    let shown: Vec<&AccessLog> = logs.iter().filter(|log| filter.wants(log)).collect();
    if shown.is_empty() {
        return Err(Failure::refused(
            "no access log is here: `tearline fetch` brings those that you may read",
        ));
    }
    // The headings say what warns of each log; what refuses is refused here.
    policy::hold(&desk, shown.iter().map(|log| &log.replica))?;
    let records = access::records(&desk, &logs, &known, &filter).lift()?;
    let mut text = String::new();
    for log in &shown {
        text.push_str(&heading(&desk, &log.replica)?);
    }
    text.push_str(&table(&records));
    let logs =
        shown.iter().map(|log| completeness(&desk, &log.replica)).collect::<Result<Vec<Value>, _>>()?;
    let records: Vec<Value> = records.iter().map(to_json).collect();
    say(context, &json!({"logs": logs, "records": records}), &text)
}

fn table(records: &[Access]) -> String {
    if records.is_empty() {
        return "\n     Nothing.\n".to_owned();
    }
    let wide = |length: &dyn Fn(&Access) -> usize| records.iter().map(length).max().unwrap_or(0);
    let place = wide(&|it| it.place().len()).max(14);
    let desk = wide(&|it| it.record.member.desk().len()).max(14);
    let mut out = format!("\n  {:<place$} {:<15} {:<desk$} ENTRIES\n", "RECORD", "SERVED", "DESK");
    for it in records {
        let left = format!("  {:<place$} {:<15} {:<desk$} ", it.place(), dtg(it.at), it.record.member.desk());
        out.push_str(&hang(&left, &entries(it)));
    }
    let (count, desks) = (records.len(), access::desks(records));
    let records = if count == 1 { "record" } else { "records" };
    let of = if desks == 1 { "desk" } else { "desks" };
    let _ = writeln!(out, "\n {count} {records} of {desks} {of}");
    out.push_str(&wrap(SERVED_MEANS, 1, WIDTH));
    out
}

/// `drc#4`, or `drc#0 to drc#17`.
fn entries(it: &Access) -> String {
    let (first, count) = (it.record.first, it.record.count);
    let last = first.saturating_add(count.saturating_sub(1));
    let room = it.room.as_ref().map_or_else(
        || format!("(a room not known here, {:.8})", it.record.room.to_string()),
        |room| room.as_str().to_owned(),
    );
    match count {
        0 => format!("{room}: none"),
        1 => format!("{room}#{first}"),
        _ => format!("{room}#{first} to {room}#{last}"),
    }
}

fn to_json(it: &Access) -> Value {
    json!({
        "record": it.place(),
        "served_at": iso(it.at),
        "desk": it.record.member.desk(),
        "room": it.room.as_ref().map(RoomName::as_str),
        "room_id": it.record.room.to_string(),
        "first": it.record.first,
        "count": it.record.count,
    })
}
