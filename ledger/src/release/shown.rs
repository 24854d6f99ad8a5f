//! All that a proposal would send, laid out for the screen of the one who is asked to sign.
//!
//! Specification: `docs/spec.md`, section 9.5. Only [`super::check`] makes one, so what is shown has passed
//! every rule. How it looks on a screen is not known here.

use super::Lowered;
use crate::{
    charter::Charter,
    content::Content,
    digest::Digest,
    id::{Identity, RoomId, StatementId},
    mark::Mark,
    misleading::{self, Misleading},
    name::{MemberName, Org, RoomName},
    statement::Basis,
};

/// A proposal that breaks no rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Who proposes.
    pub author: MemberName,
    /// The proposer's words to the other officers; not sent.
    pub note: String,
    /// Whether the signature of whoever asked is the last that is needed.
    pub last: bool,
    /// All that would be sent, in order.
    pub targets: Vec<ShownTarget>,
    /// Portions shown under a lower mark than recorded, with the reasons.
    pub downgrades: Vec<ShownDowngrade>,
    /// Whose signature ORCON asks for, if a portion is ORCON.
    pub originator: Option<Originator>,
    /// Texts with characters that mislead.
    pub warnings: Vec<Warning>,
}

/// One statement that would be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownTarget {
    /// The room.
    pub room: RoomId,
    /// Its name.
    pub name: RoomName,
    /// Which statement.
    pub identity: Identity,
    /// Its id.
    pub id: StatementId,
    /// The history that it is made upon.
    pub basis: Basis,
    /// When it can no longer be accepted, in seconds since 1970.
    pub not_after: Option<u64>,
    /// What it does.
    pub act: ShownAct,
}

impl ShownTarget {
    /// The portions that it releases.
    pub fn portions(&self) -> &[ShownPortion] {
        match &self.act {
            ShownAct::Post(post) => &post.portions,
            _ => &[],
        }
    }

    /// The attachments whose keys it hands on.
    pub fn attachments(&self) -> &[ShownAttachment] {
        match &self.act {
            ShownAct::Post(post) => &post.attachments,
            _ => &[],
        }
    }

    /// The charter that it puts in force.
    pub fn charter(&self) -> Option<&ShownCharter> {
        match &self.act {
            ShownAct::Charter(charter) => Some(charter),
            _ => None,
        }
    }
}

/// What a target does.
#[derive(Debug, Clone, PartialEq)]
pub enum ShownAct {
    /// Content that parties will read.
    Post(Box<ShownPost>),
    /// A new constitution.
    Charter(Box<ShownCharter>),
    /// A mediators' post taken back.
    Recall(Box<ShownRecall>),
}

/// Content that parties will read.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownPost {
    /// The parties' desks that will read it. Every mediator's desk does too.
    pub readers: Vec<MemberName>,
    /// The parties.
    pub parties: Vec<Org>,
    /// All of it.
    pub content: Content,
    /// The released portions.
    pub portions: Vec<ShownPortion>,
    /// How many portions the briefing has; 0 if there is none.
    pub portions_recorded: usize,
    /// What it answers.
    pub answers: Option<ShownRef>,
    /// What it refers to.
    pub refers: Vec<ShownRef>,
    /// The commitments that it restates.
    pub undertakings: Vec<ShownUndertaking>,
    /// Attachments whose keys it hands on.
    pub attachments: Vec<ShownAttachment>,
    /// When the content may be dropped, in seconds since 1970.
    pub content_until: Option<u64>,
}

/// A released portion, word for word as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPortion {
    /// Its number in the briefing, from 1.
    pub number: u32,
    /// The mark as recorded.
    pub recorded: Mark,
    /// The mark as its readers see it.
    pub shown: Mark,
    /// Whether the mark follows from a downgrade instead of the recorded one.
    pub lowered: bool,
    /// Whether this room would not do without the downgrade.
    pub needs_downgrade: bool,
    /// The text.
    pub text: String,
}

/// An entry that a post refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRef {
    /// The room's name.
    pub room: RoomName,
    /// Its index there.
    pub index: u64,
}

/// A commitment that mediators restate, as its obligor signed it. Its readers learn its identity alone.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownUndertaking {
    /// Whose.
    pub organisation: Org,
    /// Where it stands.
    pub entry: ShownRef,
    /// What it says.
    pub content: Content,
}

/// An attachment whose key is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownAttachment {
    /// The file's name.
    pub name: String,
    /// As the author says.
    pub media_type: String,
    /// Bytes of the plain file.
    pub size: u64,
    /// SHA-256 of the sealed attachment.
    pub digest: Digest,
    /// The mark as its readers see it, without parentheses; empty if it has none.
    pub mark: String,
    /// Whether a mark under which the chamber has it is ORCON.
    pub orcon: bool,
}

/// A new constitution, and what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCharter {
    /// The new one.
    pub charter: Charter,
    /// The one in force; `None` if the room is founded.
    pub before: Option<Charter>,
    /// Members that come.
    pub added: Vec<ShownMember>,
    /// Members that go.
    pub removed: Vec<ShownMember>,
    /// Members whose keys, custodianship or endorsement change.
    pub changed: Vec<MemberChange>,
    /// Earlier keys that are handed on.
    pub grants: Vec<ShownGrant>,
}

impl ShownCharter {
    /// Whether members of this name are new here or have a new key to open wraps with.
    pub fn needs_history(&self, name: &MemberName) -> bool {
        self.added.iter().any(|member| member.name == *name)
            || self.changed.iter().any(|change| change.after.name == *name && change.new_seal_key)
    }
}

/// A member with what is compared over the telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownMember {
    /// Full name.
    pub name: MemberName,
    /// Whether it may endorse and remove members of its party.
    pub custodian: bool,
    /// Of its card.
    pub fingerprint: Digest,
    /// Whether a custodian's word comes with it.
    pub endorsed: bool,
}

/// A member before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberChange {
    /// In the charter in force.
    pub before: ShownMember,
    /// In the new one.
    pub after: ShownMember,
    /// Whether its key to open wraps is another.
    pub new_seal_key: bool,
}

/// Earlier keys that a member is given: it will read the room's history from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownGrant {
    /// Who.
    pub member: MemberName,
    /// From this epoch on.
    pub from_epoch: u64,
}

/// A mediators' post taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownRecall {
    /// Where the post stands.
    pub index: u64,
    /// Who wrote it.
    pub author: MemberName,
    /// Its content; `None` if it is gone already.
    pub content: Option<Content>,
}

/// A portion's downgrade, for all rooms of the proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDowngrade {
    /// The portion, from 1.
    pub portion: u32,
    /// From, to and why.
    pub lowered: Lowered,
}

/// Whose signature ORCON asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Originator {
    /// The originator.
    pub name: MemberName,
    /// Whether it is among those who signed or are about to.
    pub signed: bool,
}

/// A text with characters that make it read otherwise than it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The target's position, from 1; `None` for the proposal's own words.
    pub target: Option<usize>,
    /// The field that has the text.
    pub field: &'static str,
    /// The text with these characters made visible.
    pub visible: String,
    /// The characters.
    pub characters: Vec<Misleading>,
}

impl Warning {
    fn of(target: Option<usize>, field: &'static str, text: &str) -> Option<Self> {
        let characters = misleading::find(text);
        let visible = || misleading::visible(text);
        (!characters.is_empty()).then(|| Self { target, field, visible: visible(), characters })
    }
}

/// Every text with misleading characters, in the order of the screen.
pub(super) fn warnings(note: &str, downgrades: &[ShownDowngrade], targets: &[ShownTarget]) -> Vec<Warning> {
    let mut out: Vec<Warning> = Warning::of(None, "note", note).into_iter().collect();
    let reason = |it: &ShownDowngrade| Warning::of(None, "reason", &it.lowered.reason);
    out.extend(downgrades.iter().filter_map(reason));
    for (number, target) in (1..).zip(targets) {
        let of = |(field, text): (&'static str, &str)| Warning::of(Some(number), field, text);
        match &target.act {
            ShownAct::Post(post) => {
                out.extend(post.content.texts().into_iter().filter_map(of));
                let types = post.attachments.iter().map(|it| ("media type", it.media_type.as_str()));
                out.extend(types.filter_map(of));
            }
            ShownAct::Recall(recall) => {
                let texts = recall.content.iter().flat_map(Content::texts);
                out.extend(texts.filter_map(of));
            }
            ShownAct::Charter(_) => {}
        }
    }
    out
}
