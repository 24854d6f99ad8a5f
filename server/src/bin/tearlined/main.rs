//! `tearlined`, the server's command.
//!
//! Exit codes: 0 done; 1 refused or failed; 2 wrong usage.

mod carried;
mod cli;
mod setup;
mod stored;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};
use tearline_manual::{Completions, Man};
use tearline_server::run::LogKeys;

use self::cli::{Arguments, Command};

/// The engine frees on its own threads what others allocated.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init { folder, domain } => setup::make(&folder, &domain),
        Command::CheckConfig { file } => setup::check_config(&file),
        Command::Check { config } => stored::check_store(&config),
        Command::Purge { config, dry_run } => stored::purge_store(&config, dry_run),
        Command::Completions(Completions { shell }) => {
            let script = tearline_manual::script(Arguments::command(), shell);
            io::stdout().write_all(script.as_bytes()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::Man(Man { dir }) => setup::man(&dir),
        Command::Backup { config, bundle } => carried::save(&config, &bundle),
        Command::Restore { config, bundles, without_content } => {
            carried::build(&config, &bundles, without_content)
        }
        Command::Courier { config, letter, answer } => carried::take_letter(&config, &letter, &answer),
        Command::Run { config, changing_log_key } => {
            setup::serve(&config, if changing_log_key { LogKeys::Changing } else { LogKeys::Named })
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("tearlined: {error}");
            ExitCode::FAILURE
        }
    }
}
