//! `quickstart`: the Kivu scenario, played through the real commands against a real server.

mod build;
mod house;
mod papers;
mod play;

use std::time::Instant;

use serde_json::json;

use self::house::House;
use crate::{
    cli::Quickstart,
    context::{Context, Failure},
    report::say,
};

pub(crate) fn quickstart(context: &Context, args: &Quickstart) -> Result<(), Failure> {
    let begun = Instant::now();
    let tell = |text: &str| {
        if !context.json {
            println!("{text}");
        }
    };
    let mut house = House::new(&args.folder)?;
    tell(&format!("Building in {}:", house.dir.display()));
    build::build(&mut house, &|what| tell(&format!("  ✓ {what}")))?;
    play::play(&house, &tell)?;
    let seconds = begun.elapsed().as_secs_f64();
    let folder = house.dir.display().to_string();
    let text = if args.once {
        format!("\nPlayed in {seconds:.1} s. Everything is in {folder}.\n")
    } else {
        next(&folder, &house.address, seconds)
    };
    let json = json!({"folder": folder, "address": house.address, "seconds": seconds});
    say(context, &json, &text)?;
    if args.once { Ok(()) } else { house.wait() }
}

fn next(folder: &str, address: &str, seconds: f64) -> String {
    format!(
        "
Played in {seconds:.1} s. The server is up at {address}; press Ctrl-C to stop it.
In another terminal:

  export TEARLINE_PROFILE={folder}/desks/drc-liaison
  tearline --passphrase-file {folder}/passphrase inbox
  tearline --passphrase-file {folder}/passphrase fetch --follow

As a mediator:

  export TEARLINE_PROFILE={folder}/desks/us-kinshasa
  tearline --passphrase-file {folder}/passphrase given drc
  tearline --passphrase-file {folder}/passphrase pending
"
    )
}
