//! `tearline`: one command for every role. This file parses, runs one command and says how it ended.

#![forbid(unsafe_code)]

mod cli;
mod commands;
mod context;
mod report;

use std::process::ExitCode;

use clap::Parser as _;
use serde_json::json;
use tearline_client::process;

use crate::{cli::Arguments, context::Context};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(error) = process::forbid_core_dumps() {
        eprintln!("tearline: core dumps, which would hold keys, cannot be forbidden ({error})");
        return ExitCode::FAILURE;
    }
    let context = Context::new(arguments.global);
    match commands::run(&context, arguments.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let (code, message) = (failure.exit_code(), failure.to_string());
            if context.json {
                eprintln!("{}", json!({"error": message, "exit_code": code, "reason": failure.reason()}));
            } else {
                eprintln!("tearline: {message}");
            }
            ExitCode::from(code)
        }
    }
}
