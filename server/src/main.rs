//! `tearlined`, the server's command.
//!
//! Exit codes: 0 done; 1 refused or failed; 2 wrong usage.

use std::{
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use anyhow::anyhow;
use clap::{CommandFactory as _, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tearline_ledger::name::{Domain, NameError};
use tearline_manual::{Completions, Man};
use tearline_server::{
    backup,
    check::{self, Fault},
    config::Config,
    files::Attachments,
    init, logging,
    logkey::LogKey,
    post, process,
    purge::{self, Why},
    restore::{self, Expected},
    run::{Bound, LogKeys},
    store::{Options, SledStore},
};
use tokio::signal::unix::{SignalKind, signal};

/// The engine frees on its own threads what others allocated.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The server of Tearline.
#[derive(Parser)]
#[command(
    name = "tearlined",
    version,
    arg_required_else_help = true,
    after_help = "Example: tearlined run --config server/tearlined.toml\n\nExit codes: 0 done; 1 refused or failed; 2 wrong usage."
)]
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
    /// Remove from the disk, with the server stopped, the content of posts that were recalled or have expired.
    #[command(after_help = "Example: tearlined purge --config server/tearlined.toml --dry-run")]
    Purge {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Only say what would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Save all rooms, with their sealed content and attachments, into a bundle: from a running server, or from a stopped one.
    #[command(after_help = "Example: tearlined backup --config server/tearlined.toml kivu.bundle")]
    Backup {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The bundle to write.
        bundle: PathBuf,
    },
    /// Build the store anew from bundles, to the same roots, with the server stopped and the old store moved away.
    #[command(
        after_help = "Example: tearlined restore --config server/tearlined.toml kivu.bundle older.bundle"
    )]
    Restore {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Bundles: auditors' (`tearline export --content`), or backups. Of each room the longest log counts, and
        /// content and attachments are taken from whichever has them.
        #[arg(required = true)]
        bundles: Vec<PathBuf>,
        /// Restore the logs though content is missing that was neither recalled nor has expired.
        #[arg(long)]
        without_content: bool,
    },
    /// Take in the letter of a desk without a network, and write the answer that goes back to it; the server runs.
    #[command(after_help = "Example: tearlined courier --config server/tearlined.toml drc.letter drc.answer")]
    Courier {
        /// The configuration.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// The letter, as `tearline courier out` wrote it.
        letter: PathBuf,
        /// The answer to write.
        answer: PathBuf,
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
    /// Write the script by which a shell completes commands and options.
    #[command(
        after_help = "Example: tearlined completions bash > /usr/share/bash-completion/completions/tearlined"
    )]
    Completions(Completions),
    /// Write man pages, one for each command.
    #[command(after_help = "Example: tearlined man /usr/local/share/man/man1")]
    Man(Man),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Init { folder, domain } => make(&folder, &domain),
        Command::CheckConfig { file } => check_config(&file),
        Command::Check { config } => check_store(&config),
        Command::Purge { config, dry_run } => purge_store(&config, dry_run),
        Command::Completions(Completions { shell }) => {
            let script = tearline_manual::script(Arguments::command(), shell);
            io::stdout().write_all(script.as_bytes()).map(|()| ExitCode::SUCCESS).map_err(Into::into)
        }
        Command::Man(Man { dir }) => man(&dir),
        Command::Backup { config, bundle } => save(&config, &bundle),
        Command::Restore { config, bundles, without_content } => build(&config, &bundles, without_content),
        Command::Courier { config, letter, answer } => take_letter(&config, &letter, &answer),
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

fn man(dir: &std::path::Path) -> anyhow::Result<ExitCode> {
    let pages = tearline_manual::pages(Arguments::command(), dir)?;
    println!("{} pages in {}", pages.len(), dir.display());
    Ok(ExitCode::SUCCESS)
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
    let whole = runtime.block_on(check::check(&store, Some(&files), |checked| match &checked.fault {
        None => println!("{:<24} {:>9} entries  whole", checked.name, checked.size),
        Some(Fault { index: Some(index), what }) => println!("{}#{index}  DAMAGED: {what}", checked.name),
        Some(Fault { index: None, what }) => println!("{}  DAMAGED: {what}", checked.name),
    }))?;
    if whole {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow!("the store is damaged: see \"A damaged store\" in the operator's guide before any start"))
}

fn purge_store(file: &std::path::Path, dry_run: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let folder = config.store_folder();
    if !folder.is_dir() {
        return Err(anyhow!("{}: there is no store to purge", folder.display()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let store = SledStore::open(&folder, Options::default())?;
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    let gone = runtime.block_on(purge::once(&store, &files, dry_run))?;
    for post in &gone {
        let why = if post.why == Why::Recalled { "recalled" } else { "expired" };
        let content = if post.content { "content" } else { "" };
        let attachments = counted(post.attachments, "attachment");
        let attachments = if post.attachments == 0 { "" } else { attachments.as_str() };
        let what = [content, attachments].iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>();
        println!("{:<24} {why:<9} {}", format!("{}#{}", post.room, post.index), what.join(", "));
    }
    let contents = counted(gone.iter().filter(|post| post.content).count(), "content");
    let attachments = counted(gone.iter().map(|post| post.attachments).sum(), "attachment");
    if dry_run {
        println!("{contents} and {attachments} would be purged. Nothing was changed.");
    } else {
        println!("{contents} and {attachments} purged. The log is as it was and still verifies.");
        println!("The store may keep the sealed bytes in freed space until that is written over.");
    }
    Ok(ExitCode::SUCCESS)
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn save(file: &std::path::Path, bundle: &std::path::Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let bar = progress("saving");
    let saved = backup::backup(&config, bundle, |bytes| bar.set_position(bytes))?;
    bar.finish_and_clear();
    let of = if saved.running { "the running server" } else { "the stopped server's store" };
    println!(
        "Saved {} rooms and access logs of {of}, {} entries, {}.",
        saved.rooms,
        saved.entries,
        counted(saved.attachments, "attachment")
    );
    if saved.without_attachments > 0 {
        println!(
            "{} missing, or not as received: see `tearlined check`.",
            counted(saved.without_attachments, "attachment")
        );
    }
    println!("Next: tearline verify-bundle {}", bundle.display());
    Ok(ExitCode::SUCCESS)
}

fn build(file: &std::path::Path, bundles: &[PathBuf], without_content: bool) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let log_key = LogKey::load(&config.log_key, &config.domain)?.verifier_key().parse()?;
    let expected =
        Expected { domain: &config.domain, chamber: config.chamber, log_key: &log_key, without_content };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bar = progress("restoring");
    let folder = config.store_folder();
    let files = Attachments::existing(&config.attachments_folder(), config.limits.uploads());
    let told = |bytes| bar.set_position(bytes);
    let restored = restore::restore(&runtime, (&folder, &files), bundles, &expected, told)?;
    bar.finish_and_clear();
    for room in &restored.rooms {
        println!("{:<24} {:>9} entries  root {}", room.name, room.entries, room.root);
    }
    if restored.without_content > 0 {
        println!("{} contents are missing: their readers will see an alarm.", restored.without_content);
    }
    if restored.attachments > 0 {
        println!("{} put back.", counted(restored.attachments, "attachment"));
    }
    if let Some(first) = &restored.first_attachment {
        println!(
            "{} missing, or not as received, the first of {first}: these bundles do not have them. Put back the folder {}, or restore from a backup too; without them their readers will see an alarm.",
            counted(restored.without_attachments, "attachment"),
            config.attachments_folder().display()
        );
    }
    println!("Restored into {}. Next: tearlined check --config {}", folder.display(), file.display());
    Ok(ExitCode::SUCCESS)
}

fn take_letter(
    file: &std::path::Path,
    letter: &std::path::Path,
    answer: &std::path::Path,
) -> anyhow::Result<ExitCode> {
    let posted = post::post(&Config::load(file)?, letter, answer)?;
    let units = &posted.letter.units;
    println!("The letter of {}: {}.", posted.letter.sender.member.desk(), counted(units.len(), "statement"));
    for (number, unit) in (1..).zip(units) {
        let acts: Vec<_> = unit.statements().iter().map(|signed| signed.statement.act.name()).collect();
        println!("{number:>3}  {:<16} {}", acts.join(", "), posted.tell(&unit.digest()));
    }
    for room in &posted.rooms {
        println!("     {:<16} {} entries go back", room.name.as_str(), room.size);
    }
    println!("Attachments are not carried.");
    println!("Next: bring {} to the desk, for `tearline courier in`", answer.display());
    Ok(ExitCode::SUCCESS)
}

/// Shows that something is going on, if a person is watching.
fn progress(what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner().with_message(what);
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} {bytes}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_an_example_that_it_takes() {
        Arguments::command().debug_assert();
        assert_eq!(tearline_manual::faults(&Arguments::command()), Vec::<String>::new());
    }
}
