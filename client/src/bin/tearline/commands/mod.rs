//! The commands, one file each or one for a few that belong together.

mod desk;
mod found;

use tearline_client::error::EXIT_DONE;

use crate::{
    cli::Command,
    context::{Context, Failure},
};

/// Runs one command; the exit code.
pub(crate) fn run(context: &Context, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Init(args) => desk::init(context, &args)?,
        Command::Endorse(args) => desk::endorse(context, &args)?,
        _ => return Err(Failure::refused("not built")),
    }
    Ok(EXIT_DONE)
}
