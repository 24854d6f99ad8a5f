//! `verify` and `verify-bundle`: what an auditor does, and everybody may.

use std::fmt::Write as _;

use std::fs::File;

use serde_json::{Value, json};
use tearline_audit::{BundleFault, Verified};
use tearline_client::{
    alarm::Alarm,
    desk::Desk,
    evidence::{Exhibit, Raised},
    replica::Progress,
    show::time::iso,
    sync,
};
use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    instance::{Instance, InstanceFault},
    name::{Role, RoomName},
};

use crate::{
    cli::{Verify, VerifyBundle},
    context::{Context, Failure, Lift as _},
    report::say,
};

/// Hexadecimal digits of a root that a person sees; `--json` has all 64.
const ROOT_SHOWN: usize = 16;

pub(crate) fn verify(context: &Context, args: &Verify) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    if args.all && desk.member().role() == Role::Party {
        return Err(Failure::usage(
            "the rules across rooms are for mediators and auditors, who see them all: leave --all out",
        ));
    }
    let bar = context.progress("fetching");
    let mut told = |_: &RoomName, progress: &Progress| bar.inc(progress.fresh.len() as u64);
    let (cut, _) = runtime.block_on(sync::sync_rooms(&session, &mut desk, &mut told)).lift()?;
    bar.set_message("verifying");
    let (mut text, mut list, mut alarms) = (String::new(), Vec::new(), Vec::new());
    let mut instance = Instance::new();
    let (mut states, mut heads) = (Vec::new(), Vec::new());
    let mut rooms: Vec<_> = cut.rooms.iter().collect();
    rooms.sort_by(|(_, one, _), (_, other, _)| one.as_str().cmp(other.as_str()));
    for (id, name, _) in rooms {
        let mut replica = desk.replica(*id, name).lift()?;
        let outcome =
            runtime.block_on(sync::verify_again(&session, &desk, &mut replica)).lift().and_then(|_| {
                let counts = replica.verify_all(|entry| instance.observe(name, entry));
                counts.map_err(|error| Failure::Library(desk.alarmed(*id, error)))
            });
        match outcome {
            Ok(counts) => {
                let _ = writeln!(
                    text,
                    " ✓ {:<16} {:>6} entries {:>6} signatures {:>6} bases {:>4} charter{}",
                    name.as_str(),
                    counts.entries,
                    counts.signatures,
                    counts.bases,
                    counts.charters,
                    if counts.charters == 1 { "" } else { "s" }
                );
                list.push(json!({
                    "room": name.as_str(),
                    "ok": true,
                    "entries": counts.entries,
                    "signatures": counts.signatures,
                    "charters": counts.charters,
                    "root": replica.tree().root().to_string(),
                }));
                states.extend(replica.state().ok().cloned());
                heads.extend(replica.checkpoint().map(|head| (*id, name.clone(), head.to_bytes())));
            }
            Err(failure) if failure.exit_code() == tearline_client::error::EXIT_ALARM => {
                let _ = writeln!(text, " ✗ {}\n   {failure}", name.as_str());
                list.push(json!({"room": name.as_str(), "ok": false, "alarm": failure.to_string()}));
                alarms.push(failure.to_string());
            }
            Err(failure) => return Err(failure),
        }
    }
    let mut logs = runtime.block_on(sync::sync_access(&session, &desk, &cut)).lift()?;
    logs.sort_by(|one, other| one.name().cmp(other.name()));
    for log in &logs {
        let _ = writeln!(text, " ✓ {:<16} {:>6} records", log.name(), log.size());
        list.push(json!({"room": log.name(), "ok": true, "entries": log.size()}));
    }
    if args.all && alarms.is_empty() {
        for fault in instance.check(&states) {
            let _ = writeln!(text, " ✗ {fault}");
            alarms.push(across_rooms(&desk, &heads, fault).to_string());
        }
        if alarms.is_empty() {
            text.push_str(" ✓ rules across rooms\n");
        }
    }
    bar.finish_and_clear();
    say(context, &json!({"ok": alarms.is_empty(), "rooms": list, "alarms": alarms}), &text)?;
    match alarms.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(Failure::Alarm(format!(
            "verification failed: {first}\nDo not act on what is marked ✗. Call another desk, then an auditor."
        ))),
    }
}

/// The alarm of rooms that contradict each other, with the checkpoints of all of them as its evidence.
fn across_rooms(
    desk: &Desk,
    heads: &[(RoomId, RoomName, Vec<u8>)],
    fault: InstanceFault,
) -> tearline_client::error::Error {
    let room = heads.iter().find(|(_, name, _)| name.as_str() == fault.room());
    let room = room.or(heads.first()).map_or(RoomId(Digest::default()), |(id, ..)| *id);
    let alarm = Alarm::AcrossRooms { room: fault.room().to_owned(), fault };
    let shown = heads.iter().fold(Raised::from(alarm), |raised, (_, name, head)| {
        raised.with(Exhibit::checkpoint(name.as_str(), head))
    });
    desk.raise(room, shown)
}

pub(crate) fn verify_bundle(context: &Context, args: &VerifyBundle) -> Result<(), Failure> {
    let name = args.file.display();
    let file = File::open(&args.file).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let size = file.metadata().map_or(0, |found| found.len());
    let bar = context.bytes("Verifying".to_owned());
    bar.set_length(size);
    let verified = tearline_audit::verify(file, |read| bar.set_position(read));
    bar.finish_and_clear();
    let Verified { begin, mut rooms } = verified.map_err(|fault| match fault {
        BundleFault::Audit(fault) => Failure::Alarm(format!("{name}: {fault} [{}]", fault.code())),
        other => Failure::refused(format!("{name}: {other}")),
    })?;
    // Rooms first, then access logs.
    rooms.sort_by_key(|room| (room.name.contains('/'), room.name.clone()));
    let mut text = format!(" Bundle of {}, written {}\n", begin.domain.as_str(), iso(begin.written_at));
    for room in &rooms {
        let root: String = room.root.to_string().chars().take(ROOT_SHOWN).collect();
        let _ = writeln!(
            text,
            " ✓ {:<16} {:>6} entries {:>6} signatures   root {root}…",
            room.name, room.entries, room.signatures
        );
    }
    text.push_str(" ✓ rules across rooms\n");
    let contents: u64 = rooms.iter().map(|room| room.contents).sum();
    let attachments: u64 = rooms.iter().map(|room| room.attachments).sum();
    let _ = if contents + attachments == 0 {
        writeln!(text, " – entries alone: it has no content")
    } else {
        writeln!(text, " ✓ {contents} contents, {attachments} attachments, as the entries name them")
    };
    let list: Vec<Value> = rooms
        .iter()
        .map(|room| {
            json!({
                "room": room.name,
                "id": room.room.to_string(),
                "entries": room.entries,
                "signatures": room.signatures,
                "contents": room.contents,
                "attachments": room.attachments,
                "root": room.root.to_string(),
                "members": room.members,
            })
        })
        .collect();
    say(context, &json!({"ok": true, "domain": begin.domain.as_str(), "rooms": list}), &text)
}
