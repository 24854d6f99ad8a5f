//! A desk without a network: what it signs waits in its outbox, leaves in a letter, and comes back answered.
//!
//! Specification: `docs/spec.md`, section 15. An answer is verified as what a network brings: nothing of it is
//! believed because of who carried it. It is taken in as a whole or not at all.

mod apply;
mod carry;
mod import;
mod letter;
mod outbox;
mod shown;
mod source;
mod trial;

use std::path::PathBuf;

use tearline_ledger::courier::CourierError;

pub use self::{
    carry::{Carried, carry},
    import::{Imported, finish, import},
    letter::{Written, write},
    outbox::{Outbox, Waiting},
    trial::Settled,
};

/// Why a courier's file is not taken, or not made. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CourierFault {
    /// Not what a courier carries, or damaged.
    #[error("{}: {error}", path.display())]
    Paper {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: CourierError,
    },
    /// For another desk.
    #[error("this answer is for {found}, and this is the desk of {own}: bring it there")]
    OtherDesk {
        /// Whom it is for.
        found: String,
        /// Whose desk this is.
        own: String,
    },
    /// Of another instance.
    #[error("this letter is for {found}, and this desk is one of {own}")]
    OtherInstance {
        /// The letter's.
        found: String,
        /// This desk's.
        own: String,
    },
    /// What comes before is not here.
    #[error(
        "this answer goes on from {room}#{first}, and only {has} entries of {room} are here: send a new letter (`tearline courier out`) and take in the answer to that"
    )]
    Gap {
        /// The room's name.
        room: String,
        /// The first entry in it.
        first: u64,
        /// Entries here.
        has: u64,
    },
    /// No such unit waits.
    #[error("nothing of number {0} waits here: see `tearline courier list`")]
    NotWaiting(String),
    /// A unit that is damaged.
    #[error("{}: {what}; move it away, and write again what it was", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A unit that no letter takes.
    #[error("it cannot go by courier: {0}")]
    Unfit(String),
    /// Attachments are not carried.
    #[error("attachments do not go by courier: leave them out, or send this when the desk is connected")]
    Attachments,
    /// The letter's desk is in no room of the one that carries.
    #[error(
        "no room that this desk is in has {0} as a member with the key that signed the letter and that of its certificate: let the operator, or another desk, take it in"
    )]
    NotAMember(String),
    /// The server would not let the letter's desk in.
    #[error("{desk} is not let in: {why}")]
    NotLetIn {
        /// The letter's.
        desk: String,
        /// What the server says.
        why: String,
    },
    /// A desk that has no content.
    #[error(
        "an auditor's desk has no content, and {0} reads content: let the operator, or another desk, take the letter in"
    )]
    NoContent(String),
}
