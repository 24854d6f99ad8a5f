//! `cosign`: an auditor's desk as a witness, once or for ever.

use std::{fmt::Write as _, thread, time::Duration};

use serde_json::{Value, json};
use tearline_client::{
    cosigning,
    desk::{Desk, now},
    error::{EXIT_ALARM, Error},
    replica::Replica,
    session::Session,
    show::{
        WIDTH,
        time::{dtg, iso},
        wrap,
    },
    sync::{self, Cut},
};
use tearline_ledger::{checkpoint::SignedCheckpoint, name::Role};
use tokio::runtime::Runtime;

use crate::{
    cli::Cosign,
    context::{Context, Failure, Lift as _},
    report::say,
};

/// Seconds.
const MINUTE: u64 = 60;

pub(crate) fn cosign(context: &Context, args: &Cosign) -> Result<(), Failure> {
    if context.profile()?.member().role() != Role::Auditor {
        return Err(Failure::refused("only an auditor cosigns: everyone else sees it in `tearline status`"));
    }
    let Some(minutes) = args.every else { return round(context) };
    loop {
        // Rooms that are sound go on being confirmed while one that is not is looked into, and a server that
        // is away comes back; each round says what it found.
        if let Err(failure) = round(context) {
            eprintln!("tearline: {failure}");
        }
        thread::sleep(Duration::from_secs(minutes.saturating_mul(MINUTE)));
    }
}

/// What one round did.
#[derive(Default)]
struct Round {
    text: String,
    cosigned: Vec<Value>,
    alarms: Vec<String>,
}

fn round(context: &Context) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    let cut = runtime.block_on(sync::list(&session, &desk)).lift()?;
    let mut round = Round::default();
    // The chamber's mediators vouch for rooms that are new here.
    let mut order: Vec<usize> = (0..cut.rooms.len()).collect();
    order.sort_by_key(|at| {
        cut.rooms.get(*at).map(|(id, name, _)| (!desk.profile().trusts(*id), name.as_str().to_owned()))
    });
    for at in order {
        let done = room(&runtime, &session, &mut desk, &cut, at);
        let name = cut.rooms.get(at).map_or("", |(_, name, _)| name.as_str());
        round.note(name, done)?;
    }
    let mut access: Vec<usize> = (0..cut.access.len()).collect();
    access.sort_by_key(|at| cut.access.get(*at).map(|(_, name, _)| name.as_str()));
    for at in access {
        let done = log(&runtime, &session, &desk, &cut, at);
        let name = cut.access.get(at).map_or("", |(_, name, _)| name.as_str());
        round.note(name, done)?;
    }
    say(context, &json!({"cosigned": round.cosigned, "alarms": round.alarms}), &round.text)?;
    match round.alarms.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Alarm(format!("not everything was cosigned: {first}"))),
    }
}

fn room(
    runtime: &Runtime,
    session: &Session,
    desk: &mut Desk,
    cut: &Cut,
    at: usize,
) -> Result<Option<(SignedCheckpoint, Option<u64>)>, Error> {
    let Some((id, name, _)) = cut.rooms.get(at) else { return Ok(None) };
    runtime.block_on(sync::sync_room(session, desk, cut, at, &mut |_, _| ()))?;
    let replica = desk.replica(*id, name)?;
    hand_over(runtime, session, desk, &replica).map(Some)
}

fn log(
    runtime: &Runtime,
    session: &Session,
    desk: &Desk,
    cut: &Cut,
    at: usize,
) -> Result<Option<(SignedCheckpoint, Option<u64>)>, Error> {
    let log = runtime.block_on(sync::sync_log(session, desk, cut, at))?;
    // Nothing was served to that organisation yet: there is nothing to confirm.
    let log = log.filter(|log| log.size() > 0);
    log.map(|log| hand_over(runtime, session, desk, &log)).transpose()
}

fn hand_over(
    runtime: &Runtime,
    session: &Session,
    desk: &Desk,
    replica: &Replica,
) -> Result<(SignedCheckpoint, Option<u64>), Error> {
    let last = replica.last_accepted_at().map_err(|error| desk.alarmed(replica.room(), error))?;
    let checkpoint = runtime.block_on(cosigning::cosign(session, desk, replica))?;
    Ok((checkpoint, last))
}

impl Round {
    /// An alarm is of its room alone; anything else ends the round.
    fn note(
        &mut self,
        name: &str,
        done: Result<Option<(SignedCheckpoint, Option<u64>)>, Error>,
    ) -> Result<(), Failure> {
        match done {
            Ok(None) => {}
            Ok(Some((checkpoint, last))) => {
                let (size, root) = (checkpoint.size().0, checkpoint.root().to_hex());
                let complete = last.map_or_else(String::new, |at| format!("   complete to {}", dtg(at)));
                let entries = if size == 1 { "entry" } else { "entries" };
                let _ = writeln!(self.text, " ✓ {name:<16} {size:>6} {entries:<7} cosigned{complete}");
                self.cosigned.push(json!({
                    "room": name,
                    "size": size,
                    "root": root,
                    "complete_to": last.map(iso),
                    "at": iso(now()),
                }));
            }
            Err(error) if error.exit_code() == EXIT_ALARM => {
                let _ = write!(self.text, " ✗ {name}   not cosigned\n{}", wrap(&error.to_string(), 3, WIDTH));
                self.alarms.push(error.to_string());
            }
            Err(error) => return Err(Failure::Library(error)),
        }
        Ok(())
    }
}
