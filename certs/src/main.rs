//! `tearline-certs`: the operator's command for the certificate authority.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage. What the words mean is in `cli`, what
//! they do in `commands`, what is printed in `show`.

mod cli;
mod commands;
mod show;

use std::process::ExitCode;

use clap::Parser;
use tearline_certs::process;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let json = cli.json;
    if let Err(error) = process::forbid_core_dumps() {
        eprintln!("tearline-certs: core dumps, which would hold keys, cannot be forbidden ({error})");
        return ExitCode::FAILURE;
    }
    match commands::run(cli) {
        Ok(done) => show::print(&done, json),
        Err(error) => {
            show::failure(&error, json);
            ExitCode::FAILURE
        }
    }
}
