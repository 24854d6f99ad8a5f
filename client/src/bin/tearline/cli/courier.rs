//! Arguments of what goes by courier.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum OfCourier {
    /// Write a letter: all that waits, and how far this desk has each room.
    #[command(after_help = "Example: tearline courier out /media/stick/drc.letter")]
    Out {
        /// The letter to write.
        letter: PathBuf,
    },
    /// Take an answer in: verified as what a network brings, as a whole or not at all.
    #[command(after_help = "Example: tearline courier in /media/stick/drc.answer")]
    In {
        /// The answer.
        answer: PathBuf,
    },
    /// Hand another desk's letter to the server, and write the answer from the rooms that both desks are in.
    #[command(after_help = "Example: tearline courier carry drc.letter drc.answer")]
    Carry {
        /// The letter.
        letter: PathBuf,
        /// The answer to write.
        answer: PathBuf,
    },
    /// What waits for a courier, and what was refused.
    #[command(after_help = "Example: tearline courier list")]
    List,
    /// Forget what waits. If a letter has left with it, it may be entered all the same.
    #[command(after_help = "Example: tearline courier drop 3")]
    Drop {
        /// Its number, as in `tearline courier list`.
        number: String,
    },
}
