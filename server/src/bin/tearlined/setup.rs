//! `init`, `check-config`, `run` and `man`: a server that is made, judged and started.

use std::{path::Path, process::ExitCode};

use anyhow::anyhow;
use clap::CommandFactory as _;
use tearline_ledger::name::Domain;
use tearline_server::{
    config::Config,
    init, logging, process,
    run::{Bound, LogKeys},
};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Arguments;

pub(crate) fn man(dir: &Path) -> anyhow::Result<ExitCode> {
    let pages = tearline_manual::pages(Arguments::command(), dir)?;
    println!("{} pages in {}", pages.len(), dir.display());
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn make(folder: &Path, domain: &Domain) -> anyhow::Result<ExitCode> {
    let made = init::init(folder, domain)?;
    println!("Log key        {}", made.verifier_key);
    println!("Configuration  {}", made.config.display());
    println!("Next: give the log key to the mediators who found the chamber, then set `chamber` and [tls].");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn check_config(file: &Path) -> anyhow::Result<ExitCode> {
    let problems = tearline_server::config::check::problems(&Config::load(file)?);
    for problem in &problems {
        eprintln!("tearlined: {problem}");
    }
    if problems.is_empty() {
        println!("{}: a server can start with it", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

pub(crate) fn serve(file: &Path, log_keys: LogKeys) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    logging::start(&config.log);
    process::forbid_core_dumps()
        .map_err(|error| anyhow!("core dumps, which would hold keys, cannot be forbidden ({error})"))?;
    process::raise_open_files()
        .map_err(|error| anyhow!("the limit of open files cannot be raised ({error})"))?;
    process::enough_files(&config.limits).map_err(anyhow::Error::msg)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        Bound::bind_with(config, log_keys).await?.serve(stop).await?;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}
