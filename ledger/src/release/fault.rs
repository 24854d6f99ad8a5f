//! Why a proposal must not be shown, signed or sent.
//!
//! Each variant is one rule of `docs/spec.md`, section 9.5, and says where it is broken and what
//! to do. Texts that were sealed are never repeated here.

use crate::{
    charter::CharterError,
    content::ContentError,
    id::RoomId,
    manifest::ManifestError,
    mark::MarkError,
    name::{MemberName, NameError},
    roomkey::RoomKeyError,
    seal::SealError,
    statement::StatementError,
};

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

/// What is wrong with one target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// The payload is another than the proposal lists at this position.
    #[error("the statement is not the one that the proposal lists here: reject it")]
    Identity,
    /// The payload is no statement.
    #[error("{0}: reject the proposal")]
    Statement(#[from] StatementError),
    /// The target says another room than its statement.
    #[error("the statement belongs in another room: reject the proposal")]
    Room,
    /// The room is not known.
    #[error("the room {0} is not known here: run tearline fetch; if it stays unknown, reject the proposal")]
    UnknownRoom(RoomId),
    /// Another author than the proposer.
    #[error("the statement is {0}'s, not the proposer's: reject the proposal")]
    Author(MemberName),
    /// A party could read the hour of deliberation from the id.
    #[error("the time in the statement's id is not a whole hour: reject it and propose anew")]
    NotWholeHour,
    /// The id is another statement's.
    #[error("the statement's id is that of entry {index}: reject it and propose anew")]
    IdTaken {
        /// The other's index.
        index: u64,
    },
    /// The basis is no state of the room, or does not cover the charter in force.
    #[error("the basis of {size} entries is no state of the room under its charter in force: propose anew")]
    Basis {
        /// Entries that it claims to cover.
        size: u64,
    },
    /// It could have been posted without a proposal.
    #[error("a {act} of this kind needs no approval: send it without a proposal")]
    NotByQuorum {
        /// The act.
        act: &'static str,
    },
    /// The room needs more signatures than the proposal gathers.
    #[error("the room needs {needed} signatures, the proposal gathers {given}: propose anew")]
    Quorum {
        /// K of the room.
        needed: u32,
        /// K of the proposal.
        given: u32,
    },
    /// A signer is no mediator of the room.
    #[error("{0} signs, but is no mediator of the room: reject the proposal")]
    Signer(MemberName),
    /// Sealed for, or following on, another epoch than the one in force.
    #[error("it is for epoch {found}, the room is in {current}: the room has a new charter, so propose anew")]
    Epoch {
        /// As the statement says.
        found: u64,
        /// Of the charter in force.
        current: u64,
    },
    /// It comes after a charter of the same room in this proposal.
    #[error("it follows a charter of the same room in the proposal and could not stand: propose it later")]
    AfterCharter,
    /// Content beside a statement that has none.
    #[error("content comes with a statement that has none: reject the proposal")]
    ContentUnasked,
    /// The sealed content does not open.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// The content is not well-formed, or does not belong here.
    #[error("{0}: reject the proposal")]
    Content(#[from] ContentError),
    /// A party could read the time of deliberation from the content.
    #[error("the time of writing (written_at) is not a whole hour: reject it and propose anew")]
    WrittenAt,
    /// The sealed attachments are not those whose keys the content hands on.
    #[error("the attachments named are not those whose keys it hands on: reject the proposal")]
    Attachments,
    /// An attachment's mark does not name all who would read it.
    #[error(
        "attachment {attachment}: ({mark}) is not releasable to {parties}: leave it out, or attach what may go to them anew, under its own mark"
    )]
    AttachmentNotReleasable {
        /// Its position, from 1.
        attachment: usize,
        /// The mark.
        mark: String,
        /// The parties.
        parties: String,
    },
    /// An attachment's mark is not shown as it must be.
    #[error("attachment {attachment}: {fault}")]
    AttachmentMark {
        /// Its position, from 1.
        attachment: usize,
        /// The rule.
        fault: PortionFault,
    },
    /// The same sealed bytes in two rooms: their readers could match them without opening anything.
    #[error(
        "attachment {attachment} is, or would be, in another room too, sealed under the same key: reject it and propose anew, which seals another copy"
    )]
    AttachmentShared {
        /// Its position, from 1.
        attachment: usize,
    },
    /// Nobody of a party would read it.
    #[error("no party's desk reads this room now, so nothing would be released: reject the proposal")]
    NoReader,
    /// A reference that tells the readers of a room that they do not read.
    #[error("it refers to an entry of {room}, which its readers do not read: leave the reference out")]
    ReferenceLeaks {
        /// The other room.
        room: String,
    },
    /// A reference to nothing.
    #[error("it refers to an entry of {room} that is not there: run tearline fetch, or propose anew")]
    ReferenceUnknown {
        /// The room.
        room: String,
    },
    /// Released portions without a briefing.
    #[error("it carries portions, but the proposal names no briefing: reject it and propose anew")]
    NoBriefing,
    /// A manifest named without portions, or another than the portions'.
    #[error("the post must name the manifest of the portions that it carries, and no other: propose anew")]
    Manifests,
    /// The manifest or blind is not what the briefing gives for this room.
    #[error("the manifest is not the one that the briefing gives for this room: reject the proposal")]
    Manifest,
    /// The chamber's record of the briefing does not list the manifest.
    #[error(
        "the briefing was recorded without a manifest for this room: post a manifest notice in the chamber first"
    )]
    NotRecorded,
    /// No manifest can be made.
    #[error(transparent)]
    NoManifest(#[from] ManifestError),
    /// A portion breaks a rule.
    #[error("portion {portion}: {fault}")]
    Portion {
        /// Its number in the briefing, or its place in the release if the briefing has none such.
        portion: u32,
        /// The rule.
        fault: PortionFault,
    },
    /// A charter that founds a second chamber, or a room whose name is taken.
    #[error("the name is taken: found the room under another")]
    NameTaken,
    /// A charter that cannot be made.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A room key that cannot be derived, or an earlier one that is not known.
    #[error(transparent)]
    RoomKey(#[from] RoomKeyError),
    /// The commitment is not what the seed gives.
    #[error("the commitment to the room key is not what the proposal's seed gives: reject the proposal")]
    Commitment,
    /// A wrap is not what the seed gives.
    #[error("the room key for {0} is not what the proposal's seed gives: reject the proposal")]
    Wrap(MemberName),
    /// Earlier keys for someone who is neither new nor has a new key.
    #[error("{0} is given earlier keys, but is neither new nor has a new key: reject the proposal")]
    GrantUnneeded(MemberName),
    /// A grant that is not well-formed.
    #[error("the grant of earlier keys to {member} names no epoch before this charter: reject the proposal")]
    GrantEpoch {
        /// The member.
        member: MemberName,
    },
    /// The post to be recalled is not there.
    #[error("the post to be recalled is not there: run tearline fetch, or reject the proposal")]
    NoSuchPost,
    /// The post was recalled before.
    #[error("entry {index} is already recalled: reject the proposal")]
    AlreadyRecalled {
        /// Its index.
        index: u64,
    },
}

/// What is wrong with a released portion.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PortionFault {
    /// The briefing has no portion of this number.
    #[error("the briefing has only {0} portions: choose one of them")]
    NoSuch(usize),
    /// The text is no portion of the briefing.
    #[error("the text is not word for word a portion of the briefing: reject the proposal")]
    Text,
    /// The salt is not that of the portion with this text.
    #[error("the salt is not the portion's own for this room: reject the proposal")]
    Salt,
    /// Not in the briefing's order, or twice.
    #[error("it stands out of order or twice: list portions once, in the briefing's order")]
    Order,
    /// The mark is not the one that its readers may see.
    #[error("it would be shown as ({found}), but must be shown as ({wanted}): propose anew")]
    Mark {
        /// As in the release, escaped.
        found: String,
        /// As it has to be.
        wanted: String,
    },
    /// Not releasable to all who would read it.
    #[error("({mark}) is not releasable to {parties}: propose with a downgrade, or leave it out")]
    NotReleasable {
        /// As recorded, or as downgraded.
        mark: String,
        /// Those to whom it may not go.
        parties: String,
    },
    /// A code of the list names two parties.
    #[error("`{code}` names both {first} and {second}: downgrade to a mark that writes the name out")]
    Ambiguous {
        /// The code.
        code: String,
        /// One party.
        first: String,
        /// Another.
        second: String,
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
