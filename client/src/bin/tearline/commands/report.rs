//! `report`: an audit of a bundle as a file for readers.

use std::fs::File;

use serde_json::json;
use tearline_client::{
    durable,
    report::{Report, html},
};

use crate::{
    cli::AuditReport,
    context::{Context, Failure, Lift as _, now},
    report::say,
};

pub(crate) fn report(context: &Context, args: &AuditReport) -> Result<(), Failure> {
    let name = args.bundle.display().to_string();
    let refused = |error: std::io::Error| Failure::refused(format!("{name}: {error}"));
    if args.file.symlink_metadata().is_ok() {
        return Err(Failure::refused(format!("{} exists: give another name", args.file.display())));
    }
    let bundle = File::open(&args.bundle).map_err(refused)?;
    let bar = context.bytes("Verifying".to_owned());
    bar.set_length(bundle.metadata().map_or(0, |found| found.len()));
    let found = Report::of(bundle, |read| bar.set_position(read)).map_err(refused)?;
    bar.finish_and_clear();
    durable::create(&args.file, html(&found, &name, now()).as_bytes()).lift()?;
    let json = json!({
        "file": args.file,
        "ok": found.fault.is_none(),
        "fault": found.fault,
        "rooms": found.rooms.len(),
        "events": found.events.len(),
    });
    let text = format!(
        "Wrote {}: {} rooms and access logs, {} releases, charters, recalls and rejections.\n",
        args.file.display(),
        found.rooms.len(),
        found.events.len()
    );
    say(context, &json, &text)?;
    match found.fault {
        None => Ok(()),
        Some(fault) => Err(Failure::Alarm(format!("{name}: {fault}\nThe report says so at its top."))),
    }
}
