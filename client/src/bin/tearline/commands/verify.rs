//! `verify`, `export` and `verify-bundle`: what an auditor does, and everybody may.

use std::fmt::Write as _;

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
};

use indicatif::ProgressBar;
use serde_json::{Value, json};
use tearline_client::{
    alarm::Alarm,
    audit,
    desk::{Desk, now},
    evidence::{Exhibit, Raised},
    replica::{Progress, Replica, ReplicaError},
    session::Session,
    show::time::iso,
    sync::{self, Cut},
};
use tearline_ledger::{
    access::{access_log_id, access_log_org},
    bundle::{Begin, BundleEntry, BundleRoom, Writer},
    checkpoint::Checkpoint,
    digest::Digest,
    id::RoomId,
    instance::{Instance, InstanceFault},
    name::{Role, RoomName},
    note::Note,
};
use tokio::runtime::Runtime;

use crate::{
    cli::{Export, Verify, VerifyBundle},
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

pub(crate) fn export(context: &Context, args: &Export) -> Result<(), Failure> {
    if args.file.exists() {
        return Err(Failure::refused(format!("{} exists: give another name", args.file.display())));
    }
    let (runtime, mut desk, session) = context.online()?;
    let bar = context.progress("fetching");
    let mut told = |_: &RoomName, progress: &Progress| bar.inc(progress.fresh.len() as u64);
    let (cut, _) = runtime.block_on(sync::sync_rooms(&session, &mut desk, &mut told)).lift()?;
    bar.set_message("writing");
    let logs = runtime.block_on(sync::sync_access(&session, &desk, &cut)).lift()?;
    let part = args.file.with_extension("part");
    // An auditor keeps no content; what others keep need not be sent again.
    let source = match desk.member().role() {
        _ if !args.content => Contents::None,
        Role::Auditor => Contents::Server(&runtime, &session),
        Role::Mediator | Role::Party => Contents::Replica,
    };
    let written = write_bundle(&desk, &cut, &logs, (&source, &bar), &part);
    let rooms = written.inspect_err(|_| drop(fs::remove_file(&part)))?;
    fs::rename(&part, &args.file)
        .map_err(|error| Failure::refused(format!("{}: {error}", args.file.display())))?;
    bar.finish_and_clear();
    let text = format!(
        "Wrote {} rooms and access logs to {}.\nNext: tearline verify-bundle {}\n",
        rooms,
        args.file.display(),
        args.file.display()
    );
    say(context, &json!({"file": args.file, "rooms": rooms}), &text)
}

fn write_bundle(
    desk: &Desk,
    cut: &Cut,
    logs: &[Replica],
    (contents, bar): (&Contents<'_>, &ProgressBar),
    part: &std::path::Path,
) -> Result<usize, Failure> {
    let io = |error: std::io::Error| Failure::refused(format!("{}: {error}", part.display()));
    let chamber = cut.rooms.iter().find(|(_, name, _)| name.is_chamber()).map(|(id, ..)| *id);
    let first = cut.rooms.first().map(|(id, ..)| *id);
    let chamber = chamber
        .or(first)
        .ok_or_else(|| Failure::refused("there is no room to export: this desk is in none"))?;
    let begin = Begin { domain: desk.member().domain().clone(), chamber, written_at: now() };
    let mut out = BufWriter::new(File::create_new(part).map_err(io)?);
    let (mut writer, bytes) = Writer::begin(&begin);
    out.write_all(&bytes).map_err(io)?;
    let mut rooms: Vec<(Replica, &bytes::Bytes)> = Vec::new();
    for (id, name, checkpoint) in &cut.rooms {
        rooms.push((desk.replica(*id, name).lift()?, checkpoint));
    }
    for (id, name, checkpoint) in &cut.access {
        if let Some(log) = logs.iter().find(|log| log.room() == *id) {
            let home = cut.rooms.iter().find_map(|(room, room_name, _)| {
                let org = access_log_org(name)?;
                (access_log_id(*room, &org) == log.room()).then_some((*room, room_name))
            });
            if let Some((home, home_name)) = home {
                let home = desk.replica(home, home_name).lift()?;
                rooms.push((desk.access_log(*id, name, &home).lift()?, checkpoint));
            }
        }
    }
    rooms.sort_by_key(|(replica, _)| replica.room());
    for (replica, checkpoint) in &rooms {
        write_room((&mut writer, &mut out), desk, (replica, checkpoint), contents)?;
        bar.inc(replica.size());
    }
    out.write_all(&writer.end()).map_err(io)?;
    out.flush().map_err(io)?;
    out.into_inner().map_err(|error| io(error.into_error()))?.sync_all().map_err(io)?;
    Ok(rooms.len())
}

/// Where sealed content comes from.
enum Contents<'a> {
    /// It is left out.
    None,
    /// From what is kept here.
    Replica,
    /// From the server, in order; compared with what the entries name.
    Server(&'a Runtime, &'a Session),
}

/// A room's entries up to its head in the cut.
fn write_room(
    (writer, out): (&mut Writer, &mut (impl std::io::Write + Send)),
    desk: &Desk,
    (replica, checkpoint): (&Replica, &bytes::Bytes),
    contents: &Contents<'_>,
) -> Result<(), Failure> {
    let io = |error: std::io::Error| Failure::refused(format!("the bundle cannot be written: {error}"));
    let refused = |error: ReplicaError| Failure::refused(error.to_string());
    let size = size_of(checkpoint)?;
    let room = BundleRoom {
        room: replica.room(),
        name: replica.name().to_owned(),
        first: 0,
        size,
        checkpoint: checkpoint.clone(),
    };
    out.write_all(&writer.room(&room)).map_err(io)?;
    let mut write = |index, content| {
        let entry = replica.require_entry(index).map_err(refused)?.bytes().clone();
        out.write_all(&writer.entry(BundleEntry { entry, content })).map_err(io)
    };
    match contents {
        Contents::Server(runtime, session) if replica.replay().is_some() => {
            runtime.block_on(sync::contents(session, desk, replica, size, &mut write))
        }
        Contents::Replica if replica.replay().is_some() => (0..size).try_for_each(|index| {
            let content = replica.sealed_content(index).map_err(refused)?;
            write(index, content)
        }),
        _ => (0..size).try_for_each(|index| write(index, None)),
    }
}

/// Of a checkpoint that was verified when it came.
fn size_of(note: &[u8]) -> Result<u64, Failure> {
    let note = Note::parse(note).map_err(Failure::refused)?;
    Ok(Checkpoint::parse(note.unverified_text()).map_err(Failure::refused)?.size.0)
}

pub(crate) fn verify_bundle(context: &Context, args: &VerifyBundle) -> Result<(), Failure> {
    let name = args.file.display();
    let file = File::open(&args.file).map_err(|error| Failure::refused(format!("{name}: {error}")))?;
    let bar = context.progress("verifying");
    let (begin, mut rooms) =
        audit::verify_bundle(file, |read| bar.set_position(read)).map_err(|fault| match fault {
            audit::BundleFault::Io(error) => Failure::refused(format!("{name}: {error}")),
            fault => Failure::Alarm(format!("{name}: {fault}")),
        })?;
    bar.finish_and_clear();
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
    let list: Vec<Value> = rooms
        .iter()
        .map(|room| {
            json!({
                "room": room.name,
                "id": room.room.to_string(),
                "entries": room.entries,
                "signatures": room.signatures,
                "root": room.root.to_string(),
                "members": room.members,
            })
        })
        .collect();
    say(context, &json!({"ok": true, "domain": begin.domain.as_str(), "rooms": list}), &text)
}
