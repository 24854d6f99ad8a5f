//! `quickstart`: the Kivu scenario, played through the real commands against a real server.

mod build;
mod house;
mod scenes;
mod stage;
mod stop;

use std::time::Instant;

use serde_json::json;

use self::{house::House, stage::Stage};
use crate::{
    cli::Quickstart,
    context::{Context, Failure},
    report::say,
};

pub(crate) fn quickstart(context: &Context, args: &Quickstart) -> Result<(), Failure> {
    let begun = Instant::now();
    let house = House::new(&args.folder)?;
    let stage = Stage::new(&house, context.json);
    let folder = house.dir.display().to_string();
    stage.line(&format!("Building in {folder}:"));
    build::build(&house, &|what| stage.line(&format!("  ✓ {what}")))?;
    scenes::play(&stage, &args.until)?;
    let seconds = begun.elapsed().as_secs_f64();
    let text = if args.once {
        format!("\nPlayed in {seconds:.1} s. Everything is in {folder}.\n")
    } else {
        next(&folder, &house.address, seconds)
    };
    let json = json!({
        "folder": folder,
        "address": house.address,
        "seconds": seconds,
        "played": stage.played(),
    });
    say(context, &json, &text)?;
    if args.once { Ok(()) } else { house.wait() }
}

fn next(folder: &str, address: &str, seconds: f64) -> String {
    format!(
        "
Played in {seconds:.1} s. The server is up at {address}; press Ctrl-C to stop it.

To look around, in another terminal, as a party:

  cd {folder}
  export TEARLINE_PROFILE=desks/drc-liaison
  tearline --passphrase-file passphrase inbox
  tearline --passphrase-file passphrase matters
  tearline --passphrase-file passphrase timeline --room plenary
  tearline --passphrase-file passphrase fetch --follow

As a mediator:

  export TEARLINE_PROFILE=desks/us-kinshasa
  tearline --passphrase-file passphrase commitments
  tearline --passphrase-file passphrase matters --kind incident
  tearline --passphrase-file passphrase search \"armed drones\"
  tearline --passphrase-file passphrase given drc

Where `tearline` is not on the PATH, it is beside this program.
"
    )
}
