//! Why the rules refuse an entry. Each variant is a fact about the statement; the message tells its
//! author, or who reads a forged log, what to do.

use crate::keys::KeyId;

/// Why the rules refuse an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It names another room.
    #[error("the statement is for another room")]
    OtherRoom,
    /// The same statement already stands in the room.
    #[error("the same statement already stands at index {index}")]
    Repeated {
        /// Where.
        index: u64,
    },
    /// Another statement has this id.
    #[error("another statement with this id stands at index {index}; draw a new id")]
    IdTaken {
        /// Where.
        index: u64,
    },
    /// Accepted before the entry before it.
    #[error("the time of acceptance goes back")]
    TimeGoesBack,
    /// Past its own end.
    #[error("the statement came after its own end (not_after); make a new one")]
    TooLate,
    /// A basis beyond the log's end.
    #[error("the basis has {basis} entries, but the room has {size}")]
    BasisInFuture {
        /// The basis.
        basis: u64,
        /// The log.
        size: u64,
    },
    /// A basis that is no head this log ever had.
    #[error("the room never had this history: basis of {basis} entries has another root")]
    BasisNeverWas {
        /// The basis.
        basis: u64,
    },
    /// A basis older than the room accepts.
    #[error("the basis of {basis} entries is too old for this room; fetch and sign again")]
    BasisTooOld {
        /// The basis.
        basis: u64,
    },
    /// A basis that leaves out what the act depends on.
    #[error("the basis leaves out entry {index}, on which the statement depends; fetch and sign again")]
    BasisLeavesOut {
        /// What it leaves out.
        index: u64,
    },
    /// A signer that the charter in force does not name.
    #[error("key {0} is no member's in the charter in force")]
    NotAMember(KeyId),
    /// The author did not sign.
    #[error("the author is not among the signers")]
    AuthorDidNotSign,
    /// A role that may not do this here.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Not the number of signatures that the act requires.
    #[error("{act} needs exactly one signature, and has {count}")]
    NotOneSigner {
        /// The act.
        act: &'static str,
        /// How many signed.
        count: usize,
    },
    /// Fewer mediators than the quorum, or somebody who is none.
    #[error(
        "{act} needs {needed} mediators' signatures here, and no one else's; it has {mediators} of {count}"
    )]
    NoQuorum {
        /// The act.
        act: &'static str,
        /// The room's quorum.
        needed: u32,
        /// How many mediators signed.
        mediators: usize,
        /// How many signed.
        count: usize,
    },
    /// The id of a statement that needs K signatures tells more than the hour.
    #[error("the time in the id of a statement that needs a quorum must be a whole hour")]
    NotWholeHour,
    /// Sealed for an epoch that is not the charter's.
    #[error("it is sealed for epoch {found}, but the room is in epoch {current}; fetch and seal again")]
    Epoch {
        /// The statement's.
        found: u64,
        /// The charter's.
        current: u64,
    },
    /// Larger or more than the charter's limits.
    #[error("{0} is over the room's limit")]
    OverLimit(&'static str),
    /// A value that the act may not have.
    #[error("{0}")]
    Value(&'static str),
    /// A charter that may not follow the one in force.
    #[error("the new charter {0}")]
    Charter(&'static str),
    /// A key that belongs to another, or to another purpose.
    #[error("key {0} has belonged to another member or served another purpose; make new keys")]
    KeyReused(KeyId),
    /// A party's new member or key without a custodian's word.
    #[error("{0} is not endorsed by a custodian of its party; ask the party's custodian to endorse the card")]
    NotEndorsed(String),
    /// No open proposal of this identity.
    #[error(
        "the proposal is not open: it is unknown, was enacted, rejected or withdrawn, or is past its time"
    )]
    ProposalNotOpen,
    /// Somebody who has already signed it.
    #[error("its proposer, and who has already approved, cannot approve again")]
    AlreadySigned,
    /// No such post.
    #[error("the post that it refers to does not stand in this room")]
    NoSuchPost,
    /// Recalled already.
    #[error("the post was already recalled")]
    AlreadyRecalled,
    /// Needs K signatures, but no proposal was enacted for it.
    #[error("it needs a quorum, so it is taken only together with the approval that enacts it")]
    NotEnacted,
    /// Not the statement, or not the signatures, that the enacted proposal names next.
    #[error("it is not the statement, with the signatures, that the enacted proposal names next")]
    NotTheTarget,
    /// Targets of an enacted proposal are missing.
    #[error("the approval enacts the proposal, but {0} of its statements are missing from the call")]
    TargetsMissing(usize),
}

impl Refusal {
    /// A short name for programs: stable, upper-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OtherRoom => "OTHER_ROOM",
            Self::Repeated { .. } => "REPEATED",
            Self::IdTaken { .. } => "ID_TAKEN",
            Self::TimeGoesBack => "TIME_GOES_BACK",
            Self::TooLate => "TOO_LATE",
            Self::BasisInFuture { .. } => "BASIS_IN_FUTURE",
            Self::BasisNeverWas { .. } => "BASIS_NEVER_WAS",
            Self::BasisTooOld { .. } => "BASIS_TOO_OLD",
            Self::BasisLeavesOut { .. } => "BASIS_LEAVES_OUT",
            Self::NotAMember(_) => "NOT_A_MEMBER",
            Self::AuthorDidNotSign => "AUTHOR_DID_NOT_SIGN",
            Self::NotAllowed(_) => "NOT_ALLOWED",
            Self::NotOneSigner { .. } => "NOT_ONE_SIGNER",
            Self::NoQuorum { .. } => "NO_QUORUM",
            Self::NotWholeHour => "NOT_WHOLE_HOUR",
            Self::Epoch { .. } => "EPOCH",
            Self::OverLimit(_) => "OVER_LIMIT",
            Self::Value(_) => "VALUE",
            Self::Charter(_) => "CHARTER",
            Self::KeyReused(_) => "KEY_REUSED",
            Self::NotEndorsed(_) => "NOT_ENDORSED",
            Self::ProposalNotOpen => "PROPOSAL_NOT_OPEN",
            Self::AlreadySigned => "ALREADY_SIGNED",
            Self::NoSuchPost => "NO_SUCH_POST",
            Self::AlreadyRecalled => "ALREADY_RECALLED",
            Self::NotEnacted => "NOT_ENACTED",
            Self::NotTheTarget => "NOT_THE_TARGET",
            Self::TargetsMissing(_) => "TARGETS_MISSING",
        }
    }
}
