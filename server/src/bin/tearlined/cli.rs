//! The command line: every command, flag and example in one table, from which help, man pages and completions follow.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tearline_ledger::name::{Domain, NameError};
use tearline_manual::{Completions, Man};

/// The server of Tearline.
#[derive(Parser)]
#[command(
    name = "tearlined",
    version,
    arg_required_else_help = true,
    after_help = "Example: tearlined run --config server/tearlined.toml\n\nExit codes: 0 done; 1 refused or failed; 2 wrong usage."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_command_has_an_example_that_it_takes() {
        Arguments::command().debug_assert();
        assert_eq!(tearline_manual::faults(&Arguments::command()), Vec::<String>::new());
    }
}
