//! `backup`, `restore` and `courier`: what goes out in a file, and comes in by one.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use tearline_server::{
    backup,
    config::Config,
    files::Attachments,
    logkey::LogKey,
    post,
    restore::{self, Expected},
};

use crate::stored::counted;

pub(crate) fn save(file: &Path, bundle: &Path) -> anyhow::Result<ExitCode> {
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

pub(crate) fn build(file: &Path, bundles: &[PathBuf], without_content: bool) -> anyhow::Result<ExitCode> {
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

pub(crate) fn take_letter(file: &Path, letter: &Path, answer: &Path) -> anyhow::Result<ExitCode> {
    let posted = post::post(&Config::load(file)?, letter, answer)?;
    let units = &posted.letter.units;
    println!("The letter of {}: {}.", posted.letter.sender.member.desk(), counted(units.len(), "statement"));
    for (number, unit) in (1..).zip(units) {
        let acts: Vec<_> = unit.statements().iter().map(|signed| signed.statement.act.name()).collect();
        println!("{number:>3}  {:<16} {}", acts.join(", "), posted.tell(&unit.digest()));
    }
    for room in &posted.rooms {
        let entries = if room.size == 1 { "entry goes" } else { "entries go" };
        println!("     {:<16} {} {entries} back", room.name.as_str(), room.size);
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
