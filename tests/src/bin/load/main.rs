//! `load SUITE`: how fast the shipped server is, as a ratio to a floor that is measured in the same run.
//!
//! The floor is a bare tonic echo over the same TLS, in a process of its own, with the same payload and
//! as many calls in flight. Rounds of floor and suite alternate, so that both meet the same machine.
//! Specification: `docs/measurements.md`.

mod audit;
mod author;
mod bare;
mod drive;
mod floor;
mod report;
mod suites;

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Measures the shipped server against a floor in the same run.
#[derive(Parser)]
#[command(name = "load", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    suite: Suite,
    /// Write the figures as JSON into this file, too.
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
    /// Seconds of each round.
    #[arg(long, default_value_t = 2.0, global = true)]
    seconds: f64,
    /// Rounds, of which the median counts.
    #[arg(long, default_value_t = 5, global = true)]
    rounds: usize,
    /// Calls in flight.
    #[arg(long, default_value_t = 64, global = true)]
    in_flight: usize,
    /// Connections that they go over.
    #[arg(long, default_value_t = 4, global = true)]
    connections: usize,
}

#[derive(Subcommand, Clone)]
enum Suite {
    /// Durable appends, one a call.
    Publish,
    /// Durable appends, 16 a call.
    Publish16,
    /// Reads of one entry with its content, recorded before the answer.
    Fetch,
    /// Publish and fetch as one room grows tenfold from 1,000 entries on.
    Growth {
        /// Entries of the largest room.
        #[arg(long, default_value_t = 100_000)]
        to: u64,
    },
    /// Statements verified from a bundle, beside nothing but their signatures; and the memory that it takes.
    Audit {
        /// Statements of the bundle.
        #[arg(long, default_value_t = 50_000)]
        statements: u64,
    },
    /// Publish, publish16 and fetch, one after the other.
    Speed,
    /// The engine's own process.
    #[command(hide = true)]
    Bare {
        /// The engine's files.
        folder: PathBuf,
        /// The room to read.
        room: String,
    },
    /// The floor's own process.
    #[command(hide = true)]
    Echo {
        /// The configuration whose TLS files are used.
        config: PathBuf,
    },
}

/// How long and how hard each suite is measured.
#[derive(Debug, Clone, Copy)]
struct Effort {
    round: Duration,
    rounds: usize,
    in_flight: usize,
    connections: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(run(arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let effort = Effort {
        round: Duration::from_secs_f64(arguments.seconds),
        rounds: arguments.rounds.max(1),
        in_flight: arguments.in_flight.max(1),
        connections: arguments.connections.max(1),
    };
    let figures = match arguments.suite {
        Suite::Bare { folder, room } => return bare::run(&folder, &room, effort.round),
        Suite::Echo { config } => return floor::serve(&config).await,
        Suite::Publish => Box::pin(suites::speed(effort, &["publish"])).await?,
        Suite::Publish16 => Box::pin(suites::speed(effort, &["publish16"])).await?,
        Suite::Fetch => Box::pin(suites::speed(effort, &["fetch"])).await?,
        Suite::Speed => Box::pin(suites::speed(effort, &["publish", "publish16", "fetch"])).await?,
        Suite::Audit { statements } => audit::audit(effort, statements).await?,
        Suite::Growth { to } => Box::pin(suites::growth(effort, to)).await?,
    };
    println!("{}", report::table(&figures));
    if let Some(file) = arguments.json {
        fs::write(file, report::json(&figures, effort)? + "\n")?;
    }
    Ok(())
}
