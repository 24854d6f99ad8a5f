//! Changed seeds for all that parses what others wrote, for as long as one likes; and the seeds for a fuzzer.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use tearline_tests::parsing::{TARGETS, Target, seeds, soak, target};

/// Feeds parsers with what is nearly right.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Change seeds at random, the same in every run.
    Run {
        /// Which parsers; else all.
        targets: Vec<String>,
        /// Seconds for each.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Write the seeds into a folder, one for each target, for `cargo fuzz`.
    Seeds {
        /// The folder, as in fuzz/corpus.
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Run { targets, seconds } => {
            let chosen: Vec<&Target> = if targets.is_empty() {
                TARGETS.iter().collect()
            } else {
                targets.iter().map(|name| target(name)).collect::<Result<_>>()?
            };
            for target in chosen {
                let end = Instant::now() + Duration::from_secs(seconds);
                let done = soak(target, |_| Instant::now() < end)?;
                println!("{:<12} {done} inputs, none panicked or was taken in two spellings", target.name);
            }
        }
        Command::Seeds { folder } => {
            for target in TARGETS {
                let folder = folder.join(target.name);
                fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
                for (number, seed) in seeds(target)?.iter().enumerate() {
                    fs::write(folder.join(format!("seed-{number:03}")), seed)?;
                }
            }
        }
    }
    Ok(())
}
