//! Why a proposal must not be shown, signed or sent.
//!
//! Each variant is one rule of `docs/spec.md`, section 9.5, and says where it is broken and what
//! to do. Texts that were sealed are never repeated here.

mod target;

use crate::{mark::MarkError, name::NameError, seal::SealError};

pub use target::{PortionFault, TargetFault};

/// What is wrong with a proposal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseFault {
    /// The sealed part holds another number of statements than the proposal lists.
    #[error("the proposal lists {listed} statements but holds {sealed}: reject it")]
    TargetCount {
        /// Identities listed.
        listed: usize,
        /// Statements held.
        sealed: usize,
    },
    /// A target breaks a rule.
    #[error("target {target} ({room}): {fault}")]
    Target {
        /// Its position, from 1.
        target: usize,
        /// Its room's name, or id if the room is not known.
        room: String,
        /// The rule.
        fault: Box<TargetFault>,
    },
    /// The chamber is not among the rooms.
    #[error("the chamber has not been fetched, so nothing can be checked: run tearline fetch")]
    NoChamber,
    /// The proposal names a briefing that is not at hand.
    #[error("the briefing that the proposal names is not at hand: run tearline fetch, then try again")]
    BriefingMissing,
    /// The briefing is none, another, or not in the chamber.
    #[error("the proposal names no briefing of the chamber: reject it and propose anew")]
    BriefingRef,
    /// The briefing was recalled.
    #[error("the briefing chamber#{index} was recalled: reject the proposal")]
    BriefingRecalled {
        /// Its index in the chamber.
        index: u64,
    },
    /// Downgrades without a briefing.
    #[error("the proposal downgrades portions but names no briefing: reject it and propose anew")]
    NoBriefing,
    /// A downgrade breaks a rule.
    #[error(transparent)]
    Downgrade(#[from] DowngradeFault),
    /// ORCON without the originator.
    #[error(
        "a portion is ORCON and its originator {originator} has not signed: the last approval must be its own"
    )]
    Originator {
        /// The desk.
        originator: String,
    },
    /// ORCON on an attachment, and no briefing that says who its originator is.
    #[error("an attachment is ORCON and the proposal names no briefing: release it with its briefing")]
    OrconAttachment,
    /// Commitments to restate, and no post that restates them.
    #[error("the proposal names commitments that it restates, but holds no commitment: reject it")]
    UndertakingsUnused,
    /// A seed is missing, superfluous or of the wrong length.
    #[error("the proposal must carry a seed of 32 bytes if it holds a charter, and else none: reject it")]
    Seed,
    /// A grant that belongs to no charter of the proposal, or is there twice.
    #[error("the grant of earlier keys to {member} belongs to no charter in the proposal: reject it")]
    GrantUnused {
        /// The name as given.
        member: String,
    },
    /// A charter leaves the mediators of two rooms different.
    #[error(
        "the mediators of {room} would not be those of the chamber: propose charters for all rooms together"
    )]
    Mediators {
        /// The room.
        room: String,
    },
    /// The certificate key of someone admitted is not there.
    #[error("the certificate key of {member} is not in the proposal: propose anew from the card")]
    TlsKeyMissing {
        /// The desk.
        member: String,
    },
    /// A certificate key of nobody whom the proposal admits.
    #[error("certificate key {number} is of nobody whom the proposal admits: reject it")]
    TlsKeyUnused {
        /// Its position, from 1.
        number: usize,
    },
    /// A signature on a target does not hold.
    #[error("the signature of {signer} on target {target} does not hold: reject the proposal")]
    Signature {
        /// The desk.
        signer: String,
        /// The target's position, from 1.
        target: usize,
    },
}

/// What is wrong with a downgrade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DowngradeFault {
    /// The briefing has no such portion.
    #[error("a downgrade names portion {0}, which the briefing does not have: propose anew")]
    NoSuchPortion(u32),
    /// Two downgrades of one portion.
    #[error("portion {0} is downgraded twice: leave one")]
    Twice(u32),
    /// From another mark than the recorded one.
    #[error("the downgrade of portion {portion} is not from ({recorded}), its recorded mark: propose anew")]
    From {
        /// The portion.
        portion: u32,
        /// As recorded.
        recorded: String,
    },
    /// To something that is no mark.
    #[error("the downgrade of portion {portion}: {error}")]
    Mark {
        /// The portion.
        portion: u32,
        /// What is wrong.
        error: MarkError,
    },
    /// To a higher classification.
    #[error("the downgrade of portion {0} would raise its classification: propose anew")]
    Higher(u32),
    /// Without a reason.
    #[error("the downgrade of portion {0} gives no reason: write one")]
    NoReason(u32),
    /// The portion goes nowhere that needs a downgrade.
    #[error("the downgrade of portion {0} is needed for no room of the proposal: leave it out")]
    Superfluous(u32),
}

/// Why content is not the recorded briefing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BriefingFault {
    /// Content of another kind.
    #[error("it is a {0}, not a briefing: name a briefing of the chamber")]
    Kind(&'static str),
    /// A portion's mark is none.
    #[error("the mark of portion {portion} in the recorded briefing: {error}")]
    Mark {
        /// The portion.
        portion: u32,
        /// What is wrong.
        error: MarkError,
    },
    /// The originator's name is none.
    #[error("the briefing's originator: {0}")]
    Originator(#[from] NameError),
    /// The seed is not 32 bytes.
    #[error("the briefing's seed is not 32 bytes: publish it anew")]
    Seed,
}

/// Why sealed content cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenFault {
    /// The statement carries nothing sealed.
    #[error("it carries no content")]
    NothingSealed,
    /// Sealed before this desk was admitted, or for those who read content.
    #[error("it is sealed under the key of epoch {0}, which this desk was not given")]
    NoKey(u64),
    /// It does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It opens to something else than what belongs there.
    #[error("{0}: reject the proposal")]
    Encoding(#[from] crate::encoding::EncodingError),
}
