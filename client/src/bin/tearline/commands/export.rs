//! `export`: all rooms as they stand at one moment, as a bundle. An export that was broken off goes on.

use std::fmt::Write as _;

use serde_json::json;
use tearline_client::{
    export::{Contents, Export, Plan},
    replica::Progress,
    sync,
};
use tearline_ledger::name::{Role, RoomName};

use crate::{
    cli,
    context::{Context, Failure, Lift as _},
    report::say,
};

pub(crate) fn export(context: &Context, args: &cli::Export) -> Result<(), Failure> {
    let (runtime, mut desk, session) = context.online()?;
    // An auditor keeps no content; what others keep need not be sent again.
    let contents = match desk.member().role() {
        _ if !args.content => Contents::None,
        Role::Auditor => Contents::Server,
        Role::Mediator | Role::Party => Contents::Kept,
    };
    let mut export = Export::at(&args.file, &desk, contents).lift()?;
    let went_on = export.goes_on();
    if !went_on {
        let bar = context.progress("fetching");
        let mut told = |room: &RoomName, progress: &Progress| {
            bar.inc(progress.fresh.len() as u64);
            bar.set_message(format!("fetching {}: {} new entries", room.as_str(), bar.position()));
        };
        let (cut, _) = runtime.block_on(sync::sync_rooms(&session, &mut desk, &mut told)).lift()?;
        runtime.block_on(sync::sync_access(&session, &desk, &cut)).lift()?;
        bar.finish_and_clear();
        export.begin(Plan::of(&desk, &cut, contents).lift()?).lift()?;
    }
    let whole = export.is_whole();
    let part = export.part().display().to_string();
    let bar = context.entries("Writing");
    let written = runtime.block_on(export.run(&session, &desk, &mut |done| {
        bar.set_length(done.all);
        bar.set_position(done.entries);
    }));
    bar.finish_and_clear();
    let done = written.lift().map_err(|failure| Failure::Kept {
        failure: Box::new(failure),
        kept: format!(
            "What was written is in {part}: run the same command again, and it goes on from there."
        ),
    })?;
    let file = args.file.display();
    let mut text = format!("Wrote {} rooms and access logs to {file}.\n", done.rooms);
    if went_on {
        let _ = writeln!(text, "{} of {} entries had been written before.", done.before, done.all);
    }
    if whole {
        let _ = writeln!(text, "Next: tearline verify-bundle {file}");
    } else {
        text += "It has this desk's rooms only: who is to verify the rules across rooms needs a mediator's or an auditor's.\n";
    }
    let json = json!({
        "file": args.file,
        "rooms": done.rooms,
        "entries": done.entries,
        "entries_before": done.before,
        "bytes": done.bytes,
    });
    say(context, &json, &text)
}
