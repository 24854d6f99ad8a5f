//! Why one target of a proposal must not be shown, signed or sent.
//!
//! Each variant is one rule of `docs/spec.md`, section 9.5. Texts that were sealed are never repeated here.

use super::OpenFault;
use crate::{
    charter::CharterError, content::ContentError, id::RoomId, manifest::ManifestError, name::MemberName,
    release::UndertakingFault, roomkey::RoomKeyError, statement::StatementError,
};

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
    /// It answers an act that is no post.
    #[error("it answers an entry that is no post: name the post that it answers, and propose anew")]
    AnswersNoPost,
    /// The commitments that the proposal says it restates are not those that the post names.
    #[error("the commitments that it restates are not those that the proposal names: reject the proposal")]
    UndertakingsDiffer,
    /// One of the commitments that it restates is not what it is said to be.
    #[error("undertaking {number}, of {organisation}: {fault}")]
    Undertaking {
        /// Its position, from 1.
        number: usize,
        /// Whose it is said to be.
        organisation: String,
        /// The rule.
        fault: UndertakingFault,
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
