//! Why a mediator's desk does not do what was asked: facts, with the remedy.

use tearline_ledger::{
    admission::AdmissionError,
    charter::CharterError,
    content::ContentError,
    keys::NoRandomness,
    manifest::ManifestError,
    name::NameError,
    release::{BriefingFault, DowngradeFault, OpenFault, ReleaseFault, TargetFault},
    roomkey::RoomKeyError,
};

use crate::{
    compose::{ComposeError, OpenError},
    error::{EXIT_ALARM, EXIT_FAILED},
    replica::ReplicaError,
};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// No such room here.
    #[error("there is no room {0} here: run tearline fetch, or check the name")]
    NoRoom(String),
    /// A local copy cannot be used.
    #[error(transparent)]
    Replica(Box<ReplicaError>),
    /// A statement cannot be made.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The rules on sealed text refuse it.
    #[error(transparent)]
    Release(#[from] ReleaseFault),
    /// A portion cannot be released so.
    #[error("{room}: {fault}")]
    Portions {
        /// The room.
        room: String,
        /// The rule.
        fault: Box<TargetFault>,
    },
    /// A downgrade breaks a rule.
    #[error(transparent)]
    Downgrade(#[from] DowngradeFault),
    /// Not a briefing, or one that cannot be read.
    #[error(transparent)]
    Briefing(#[from] BriefingFault),
    /// The reference leads to no briefing of the chamber.
    #[error("this is no briefing of the chamber: name one, as in chamber#12")]
    NotABriefing,
    /// The content is not in order.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The proposal's sealed part does not open.
    #[error("the proposal: {0}")]
    Proposal(#[from] OpenFault),
    /// The content of an entry does not open.
    #[error("{entry}: {error}")]
    Open {
        /// As in `drc#42`.
        entry: String,
        /// What is wrong.
        error: OpenError,
    },
    /// The content of an entry is not here.
    #[error("the content of {0} is not here: run tearline fetch")]
    NoContent(String),
    /// The end of its content is past before it is sent.
    #[error("the content that would be sent has expired already: propose it anew with a later end")]
    Expired,
    /// The proposal is enacted, rejected, past its time or was never made.
    #[error("the proposal is not open: it was enacted, rejected or has run out; run tearline pending")]
    NotOpen,
    /// This desk has signed already.
    #[error("this desk has signed the proposal already: another desk's approval is needed")]
    AlreadySigned,
    /// The proposal changed between examination and approval.
    #[error("the proposal is not what it was when it was examined: examine it again")]
    Changed,
    /// A charter cannot be made anew from an old proposal.
    #[error("a charter follows from what is in force now: propose the admission, loss or founding again")]
    NotAnew,
    /// Not a mediators' post.
    #[error("{0} is no mediators' post: name one")]
    NotAPost(String),
    /// A proposal without any statement.
    #[error("nothing is proposed: name at least one room")]
    Nothing,
    /// The member is nowhere.
    #[error("{0} is a member of none of these rooms: check the name")]
    NotAMember(String),
    /// A party's desk for the mediators' own room.
    #[error("{0} is a party's desk, and no party is ever in the chamber: admit it to its own room")]
    PartyInChamber(String),
    /// A party's desk for the room of another party.
    #[error(
        "{room} is the room of {party} alone, and {desk} would read all that comes into it: found a room for both with `tearline admit`"
    )]
    OthersRoom {
        /// The room's name.
        room: String,
        /// The one whose room it is.
        party: String,
        /// The desk on the card.
        desk: String,
    },
    /// A card in one of the rooms already, with these keys.
    #[error("{0} is a member of all these rooms already, with these keys")]
    MemberAlready(String),
    /// A card of another member than the one that lost its keys.
    #[error("the card is {card}'s, not {member}'s: ask for the right card")]
    OtherCard {
        /// The desk on the card.
        card: String,
        /// The desk meant.
        member: String,
    },
    /// The party has a custodian and the card no word of it.
    #[error(
        "the card of {0} is endorsed by no custodian of its party: have one run tearline endorse; if it is the lost one itself, remove that first"
    )]
    NotEndorsed(String),
    /// A charter that is not one.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// Keys cannot be wrapped.
    #[error(transparent)]
    RoomKey(#[from] RoomKeyError),
    /// The admission cannot be made.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// No manifest can be made.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// A name in the briefing's front matter.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl ProposeError {
    /// The code that a command exits with: 3 if a local copy gave an alarm.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Replica(error) if matches!(**error, ReplicaError::Raised(_)) => EXIT_ALARM,
            _ => EXIT_FAILED,
        }
    }
}

impl From<ReplicaError> for ProposeError {
    fn from(error: ReplicaError) -> Self {
        Self::Replica(Box::new(error))
    }
}
