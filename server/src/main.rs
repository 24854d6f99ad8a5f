//! `tearlined`, the server's command.
//!
//! Exit codes: 0 done; 1 refused or failed; 2 wrong usage.

use std::{path::PathBuf, process::ExitCode};

use anyhow::anyhow;
use clap::{Parser, Subcommand};
use tearline_ledger::name::{Domain, NameError};
use tearline_server::{
    check::{self, Fault},
    config::Config,
    files::Attachments,
    init, logging, process,
    run::{Bound, LogKeys},
    store::{Options, SledStore},
};
use tokio::signal::unix::{SignalKind, signal};

/// The server of Tearline.
#[derive(Parser)]
#[command(name = "tearlined", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the data folder, the log key and a configuration to complete.
    #[command(after_help = "Example: tearlined init server --domain kivu.example")]
    Init {
        /// The folder; it is made if need be. Nothing in it is overwritten.
        folder: PathBuf,
        /// The instance's name, the domain of every member.
        #[arg(long, value_parser = |text: &str| text.parse::<Domain>().map_err(|error: NameError| error.to_string()))]
        domain: Domain,
    },
    /// Say whether a server could start with a configuration, and if not, everything that is wrong.
    #[command(after_help = "Example: tearlined check-config server/tearlined.toml")]
    CheckConfig {
        /// The configuration.
        file: PathBuf,
    },
    /// Verify all that is stored, with the server stopped: every row, signature, rule, content and checkpoint.
    #[command(after_help = "Example: tearlined check --config server/tearlined.toml")]
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Run the server until SIGTERM or SIGINT. SIGHUP reloads certificates and revocation lists.
    #[command(after_help = "Example: tearlined run --config server/tearlined.toml")]
    Run {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Start although the charters in force name another log key, because the next call changes them.
        #[arg(long)]
        changing_log_key: bool,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init { folder, domain } => make(&folder, &domain),
        Command::CheckConfig { file } => check_config(&file),
        Command::Check { config } => check_store(&config),
        Command::Run { config, changing_log_key } => {
            serve(&config, if changing_log_key { LogKeys::Changing } else { LogKeys::Named })
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

fn make(folder: &std::path::Path, domain: &Domain) -> anyhow::Result<ExitCode> {
    let made = init::init(folder, domain)?;
    println!("Log key        {}", made.verifier_key);
    println!("Configuration  {}", made.config.display());
    println!("Next: give the log key to the mediators who found the chamber, then set `chamber` and [tls].");
    Ok(ExitCode::SUCCESS)
}

fn check_config(file: &std::path::Path) -> anyhow::Result<ExitCode> {
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

fn check_store(file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(anyhow!("{}: there is no store to check", folder.display()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = SledStore::open(&folder, Options::default())?;
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    let whole = runtime.block_on(check::check(&store, &files, |checked| match &checked.fault {
        None => println!("{:<24} {:>9} entries  whole", checked.name, checked.size),
        Some(Fault { index: Some(index), what }) => println!("{}#{index}  DAMAGED: {what}", checked.name),
        Some(Fault { index: None, what }) => println!("{}  DAMAGED: {what}", checked.name),
    }))?;
    if whole {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow!("the store is damaged: see \"A damaged store\" in the operator's guide before any start"))
}

fn serve(file: &std::path::Path, log_keys: LogKeys) -> anyhow::Result<ExitCode> {
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
