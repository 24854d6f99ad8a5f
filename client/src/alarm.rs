//! Alarms: what a server, or a member through it, did that no honest one does.
//!
//! Specification: `docs/spec.md`, sections 5 and 6. Each variant is a fact with its room and entry, and
//! says what to do. The evidence of it is kept by `evidence`; this module raises none itself.

use tearline_ledger::{checkpoint::CheckpointError, instance::InstanceFault, replay::Fault};

/// What was caught.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Alarm {
    /// An entry is not what it was when this desk verified it.
    #[error(
        "{room}#{index} was altered after the server signed for it. Do not act on {room}#{index} or later. Call another desk, then an auditor."
    )]
    Altered {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
    },
    /// The server signed two histories of one room.
    #[error(
        "the server has signed two different histories of {room} at {size} entries. Do not act on anything in it. Call another desk and compare, then an auditor."
    )]
    Forked {
        /// The room's name.
        room: String,
        /// At which size they differ; the smaller of two sizes if they differ in size too.
        size: u64,
    },
    /// Entries that the server had signed for are gone.
    #[error(
        "{room} had {had} entries and the server now shows {has}: it hides or has lost the rest. Call the operator, then an auditor."
    )]
    Shrunk {
        /// The room's name.
        room: String,
        /// Verified here.
        had: u64,
        /// Shown now.
        has: u64,
    },
    /// Entries were left out, doubled or put in another order.
    #[error(
        "the server sent {room}#{found} where {room}#{expected} belongs: an entry was left out, doubled or moved. Fetch again; if it stays so, call an auditor."
    )]
    OutOfOrder {
        /// The room's name.
        room: String,
        /// The next index.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// Content is not served, and was neither recalled nor has it expired.
    #[error(
        "the server withholds the content of {}: it was neither recalled nor has it expired. Ask the author for it, and call an auditor.",
        list(room, indices)
    )]
    Withheld {
        /// The room's name.
        room: String,
        /// The posts.
        indices: Vec<u64>,
    },
    /// Other content than the statement names.
    #[error(
        "the server served other content for {room}#{index} than its author signed. Do not act on it. Call another desk, then an auditor."
    )]
    WrongContent {
        /// The room's name.
        room: String,
        /// The post.
        index: u64,
    },
    /// An attachment is not served, and its post was neither recalled nor has it expired.
    #[error(
        "the server withholds an attachment of {room}#{index}: the post was neither recalled nor has it expired. Ask the author for it, and call an auditor."
    )]
    AttachmentWithheld {
        /// The room's name.
        room: String,
        /// The post.
        index: u64,
    },
    /// Other bytes than the attachment that the statement names.
    #[error(
        "the server served other bytes for an attachment of {room}#{index} than its author signed; nothing of it was saved. Do not act on it. Call another desk, then an auditor."
    )]
    WrongAttachment {
        /// The room's name.
        room: String,
        /// The post.
        index: u64,
    },
    /// A checkpoint that the room's log key did not sign, or that is not one.
    #[error("{room}: {error}. The server cannot prove what it shows. Call the operator, then an auditor.")]
    BadCheckpoint {
        /// The room's name.
        room: String,
        /// What is wrong.
        error: CheckpointError,
    },
    /// A signed checkpoint over other entries than the server sent with it.
    #[error(
        "the server's checkpoint of {room} at {size} entries does not cover the entries that it sent. Do not act on what is new in it. Fetch again; if it stays so, call an auditor."
    )]
    NotCovered {
        /// The room's name.
        room: String,
        /// The checkpoint's size.
        size: u64,
    },
    /// A known witness's cosignature does not fit the checkpoint.
    #[error(
        "{room}: the cosignature of {witness} does not fit the checkpoint that carries it. Call the auditor named."
    )]
    BadCosignature {
        /// The room's name.
        room: String,
        /// Whose.
        witness: String,
    },
    /// An entry that the rules do not admit.
    #[error(
        "{room}#{index} breaks the rules: {fault}. No honest server admits it. Do not act on it or later entries. Call an auditor."
    )]
    RuleBroken {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
        /// Which rule.
        fault: Fault,
    },
    /// Rooms of one cut that contradict each other.
    #[error(
        "{fault}. The rooms of one moment contradict each other: the server entered part of what was signed, or forged the rest. Call another desk, then an auditor."
    )]
    AcrossRooms {
        /// The room that the fault is found in, by name.
        room: String,
        /// Which rule.
        fault: InstanceFault,
    },
    /// An entry that is not well-formed.
    #[error("{room}#{index} is not well-formed: {reason}. No honest server admits it. Call an auditor.")]
    Malformed {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
        /// What is wrong.
        reason: String,
    },
    /// Another room's log than was asked for.
    #[error("the server answers for another room than {room}: {reason}. Call the operator, then an auditor.")]
    OtherRoom {
        /// The room's name, or id.
        room: String,
        /// What it answered.
        reason: String,
    },
    /// A post whose content no honest author of it writes.
    #[error(
        "{room}#{index} breaks a rule of what may be posted: {reason}. Do not act on it. Those who signed it are at fault: call another desk, then the mediators."
    )]
    BadPost {
        /// The room's name.
        room: String,
        /// The post.
        index: u64,
        /// Which rule.
        reason: String,
    },
    /// A member's wrap does not open to the key that the charter commits to.
    #[error(
        "the charter {room}#{index} gives this desk no room key: {reason}. The mediators who signed it are at fault. Call one of them."
    )]
    NoRoomKey {
        /// The room's name.
        room: String,
        /// The charter's index.
        index: u64,
        /// What is wrong.
        reason: String,
    },
    /// A party's keys were replaced though no custodian of it was left to agree.
    #[error(
        "the charter {room}#{index} replaced the keys of a party that had no custodian left. Ask that party by other means whether it agrees."
    )]
    Succession {
        /// The room's name.
        room: String,
        /// The charter's index.
        index: u64,
    },
    /// The server's clock and this desk's differ too much.
    #[error(
        "the server's clock and this machine's differ by {seconds} seconds on {room}#{index}. Check this machine's clock; if it is right, call the operator."
    )]
    ClockDiffers {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
        /// By how much.
        seconds: u64,
    },
    /// A receipt that does not prove what was sent.
    #[error(
        "the server's receipt for a statement in {room} is false: {reason}. Count it as not sent. Call the operator, then an auditor."
    )]
    FalseReceipt {
        /// The room's name.
        room: String,
        /// What is wrong.
        reason: String,
    },
    /// No witness has confirmed a receipt in time.
    #[error(
        "no cosigned checkpoint covers {room}#{index}, accepted {minutes} minutes ago: the server may hide it from the witnesses. Call an auditor."
    )]
    ReceiptNotCovered {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
        /// How long ago.
        minutes: u64,
    },
    /// Witnesses have not confirmed a room for too long.
    #[error(
        "the newest state of {room} that enough witnesses confirm is {minutes} minutes old, more than the {allowed} allowed here. Call an auditor."
    )]
    StaleBeyond {
        /// The room's name.
        room: String,
        /// How old.
        minutes: u64,
        /// What the profile's policy allows.
        allowed: u64,
    },
}

impl Alarm {
    /// A short name for files and programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "altered",
            Self::Forked { .. } => "forked",
            Self::Shrunk { .. } => "shrunk",
            Self::OutOfOrder { .. } => "out-of-order",
            Self::Withheld { .. } => "withheld",
            Self::WrongContent { .. } => "wrong-content",
            Self::AttachmentWithheld { .. } => "attachment-withheld",
            Self::WrongAttachment { .. } => "wrong-attachment",
            Self::BadCheckpoint { .. } => "bad-checkpoint",
            Self::NotCovered { .. } => "not-covered",
            Self::BadCosignature { .. } => "bad-cosignature",
            Self::RuleBroken { .. } => "rule-broken",
            Self::AcrossRooms { .. } => "across-rooms",
            Self::Malformed { .. } => "malformed",
            Self::OtherRoom { .. } => "other-room",
            Self::BadPost { .. } => "bad-post",
            Self::NoRoomKey { .. } => "no-room-key",
            Self::Succession { .. } => "succession",
            Self::ClockDiffers { .. } => "clock-differs",
            Self::FalseReceipt { .. } => "false-receipt",
            Self::ReceiptNotCovered { .. } => "receipt-not-covered",
            Self::StaleBeyond { .. } => "stale",
        }
    }

    /// The room's name.
    pub fn room(&self) -> &str {
        match self {
            Self::Altered { room, .. }
            | Self::Forked { room, .. }
            | Self::Shrunk { room, .. }
            | Self::OutOfOrder { room, .. }
            | Self::Withheld { room, .. }
            | Self::WrongContent { room, .. }
            | Self::AttachmentWithheld { room, .. }
            | Self::WrongAttachment { room, .. }
            | Self::BadCheckpoint { room, .. }
            | Self::NotCovered { room, .. }
            | Self::BadCosignature { room, .. }
            | Self::RuleBroken { room, .. }
            | Self::AcrossRooms { room, .. }
            | Self::Malformed { room, .. }
            | Self::OtherRoom { room, .. }
            | Self::BadPost { room, .. }
            | Self::NoRoomKey { room, .. }
            | Self::Succession { room, .. }
            | Self::ClockDiffers { room, .. }
            | Self::FalseReceipt { room, .. }
            | Self::ReceiptNotCovered { room, .. }
            | Self::StaleBeyond { room, .. } => room,
        }
    }

    /// The entry that it is about, if it is about one.
    pub fn index(&self) -> Option<u64> {
        match self {
            Self::Altered { index, .. }
            | Self::WrongContent { index, .. }
            | Self::AttachmentWithheld { index, .. }
            | Self::WrongAttachment { index, .. }
            | Self::RuleBroken { index, .. }
            | Self::Malformed { index, .. }
            | Self::BadPost { index, .. }
            | Self::NoRoomKey { index, .. }
            | Self::Succession { index, .. }
            | Self::ClockDiffers { index, .. }
            | Self::ReceiptNotCovered { index, .. } => Some(*index),
            Self::OutOfOrder { expected, .. } => Some(*expected),
            Self::Withheld { indices, .. } => indices.first().copied(),
            _ => None,
        }
    }
}

fn list(room: &str, indices: &[u64]) -> String {
    let shown: Vec<String> = indices.iter().take(8).map(|index| format!("{room}#{index}")).collect();
    match indices.len().checked_sub(shown.len()) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}
