//! What follows from a table of commands: completions for shells, man pages, and the proof that each
//! command's help has an example that its own parser takes.
//!
//! The three programs share it. It refuses to know what their commands do.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic))]

mod examples;
mod pages;

use std::path::PathBuf;

use clap::{
    Args, Command,
    builder::{PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;

pub use examples::faults;
pub use pages::{PageError, pages};

/// Of `completions`: which shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell that is to complete commands, options and their values.
    #[arg(value_parser = shells())]
    pub shell: Shell,
}

/// Of `man`: where to.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder; it is made if need be. Pages that are there are replaced.
    pub dir: PathBuf,
}

/// The shells of the systems that the programs run on.
fn shells() -> impl TypedValueParser<Value = Shell> {
    PossibleValuesParser::new(["bash", "zsh", "fish", "elvish"]).try_map(|name| name.parse::<Shell>())
}

/// The script by which a shell completes the command, for the file or line that its users keep such in.
pub fn script(mut command: Command, shell: Shell) -> String {
    let mut out = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_names_the_command() {
        let command = || Command::new("tool").subcommand(Command::new("write").about("Write."));
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish] {
            let script = script(command(), shell);
            assert!(script.contains("tool") && script.contains("write"), "{shell}: {script}");
        }
    }
}
