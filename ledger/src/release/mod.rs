//! The rules on sealed text: what a proposal would enact, opened, judged and laid out for a screen.
//!
//! Specification: `docs/spec.md`, section 9.5. Run by proposer, approvers and any verifying
//! mediator; nobody else can. Pure: it neither fetches, nor signs, nor decides for an officer. Rules
//! that need no opening are in `rules` and are not repeated here.

mod attachments;
mod charters;
mod fault;
mod marks;
mod opening;
mod portions;
mod posts;
mod shown;
mod targets;
mod undertakings;

use std::collections::{BTreeMap, BTreeSet};

use tearline_proto::v1;

pub use attachments::shown_attachment_mark;
pub use charters::complete_charter;
pub use fault::{BriefingFault, DowngradeFault, OpenFault, PortionFault, ReleaseFault, TargetFault};
pub use marks::{Downgrades, Lowered, MarkShown};
pub use opening::{open_proposal, open_sealed};
pub use portions::{Audience, RecordedBriefing, build_tearline, manifest_digests};
pub use shown::{
    MemberChange, Originator, Shown, ShownAct, ShownAttachment, ShownCharter, ShownDowngrade, ShownGrant,
    ShownMember, ShownPortion, ShownPost, ShownRecall, ShownRef, ShownTarget, ShownUndertaking, Warning,
};
pub use targets::check_signatures;
pub use undertakings::UndertakingFault;

use crate::{
    content::Content,
    digest::Digest,
    id::{Ref, RoomId},
    name::{MemberName, Org},
    roomkey::RoomKeys,
    rules::{Past, RoomState},
    statement::Proposal,
};

/// A room as whoever checks has verified it.
#[derive(Clone, Copy)]
pub struct Room<'a> {
    /// As of the newest verified entry.
    pub state: &'a RoomState,
    /// The room's keys.
    pub keys: &'a RoomKeys,
    /// The room's verified history.
    pub past: &'a dyn Past,
}

/// All rooms that whoever checks has verified, the chamber among them.
pub type Rooms<'a> = BTreeMap<RoomId, Room<'a>>;

/// What is to be judged, and all that is needed for it.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who proposes.
    pub author: &'a MemberName,
    /// The proposal.
    pub proposal: &'a Proposal,
    /// Its sealed part, opened.
    pub proposed: &'a v1::Proposed,
    /// All rooms.
    pub rooms: &'a Rooms<'a>,
    /// The briefing that the proposal names, if it names one.
    pub briefing: Option<&'a RecordedBriefing>,
    /// The opened content of a post; `None` if it is gone.
    pub content: &'a dyn Fn(&Ref) -> Option<Content>,
    /// What the rooms say of a sealed attachment, by its digest.
    pub attached: &'a dyn Fn(&Digest) -> Attached,
    /// Everyone who has signed or is about to: the proposer, approvers, and whoever asks.
    pub signers: &'a BTreeSet<MemberName>,
}

/// What the rooms say of a sealed attachment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attached {
    /// Rooms other than the chamber in which a post names it, recalled or not.
    pub rooms: BTreeSet<RoomId>,
    /// The marks under which posts of the chamber have it, without parentheses; none if it has none there.
    pub marks: BTreeSet<String>,
}

impl<'a> Question<'a> {
    /// The mediators' own room.
    fn chamber(&self) -> Result<&'a Room<'a>, ReleaseFault> {
        self.rooms.values().find(|room| room.state.name().is_chamber()).ok_or(ReleaseFault::NoChamber)
    }

    /// The briefing, if the proposal itself names one.
    fn named_briefing(&self) -> Option<&'a RecordedBriefing> {
        self.briefing.filter(|_| self.proposed.briefing.is_some())
    }

    /// Whether nobody else has to sign.
    fn is_last(&self) -> bool {
        u32::try_from(self.signers.len()).is_ok_and(|count| count >= self.proposal.quorum)
    }

    /// Every party of the instance, present or past: a code in a mark may name only one of them.
    fn parties(&self) -> Vec<Org> {
        let all: BTreeSet<Org> =
            self.rooms.values().flat_map(|room| room.state.constitution().parties().cloned()).collect();
        all.into_iter().collect()
    }
}

/// Judges every rule on what a proposal has sealed, and lays out all that it would send.
///
/// # Errors
///
/// The first rule that it breaks. Misleading characters break none: they are among what is shown.
pub fn check(question: &Question<'_>) -> Result<Shown, ReleaseFault> {
    let (listed, sealed) = (question.proposal.targets.len(), question.proposed.targets.len());
    if listed != sealed {
        return Err(ReleaseFault::TargetCount { listed, sealed });
    }
    let chamber = question.chamber()?;
    if let Some(named) = &question.proposed.briefing {
        let named = Ref::from_message(named).ok_or(ReleaseFault::BriefingRef)?;
        check_briefing(question, chamber, named)?;
    }
    let downgrades = match question.named_briefing() {
        Some(briefing) => Downgrades::parse(briefing, &question.proposed.downgrades)?,
        None if question.proposed.downgrades.is_empty() => Downgrades::default(),
        None => return Err(ReleaseFault::NoBriefing),
    };
    let targets = targets::check_all(question, &downgrades)?;
    undertakings::require_used(question, &targets)?;
    let portions = || targets.iter().flat_map(ShownTarget::portions);
    let lowered: BTreeSet<u32> =
        portions().filter(|portion| portion.needs_downgrade).map(|portion| portion.number).collect();
    downgrades.require_needed(&lowered)?;
    charters::check_seed_and_grants(question, &targets)?;
    charters::check_mediators(question, chamber, &targets)?;
    charters::check_tls_keys(question, &targets)?;
    let orcon = portions().any(|portion| portion.recorded.orcon())
        || targets.iter().flat_map(ShownTarget::attachments).any(|it| it.orcon);
    let originator = match (orcon, question.named_briefing()) {
        (true, Some(briefing)) => Some(originator(question, chamber, briefing)?),
        (true, None) => return Err(ReleaseFault::OrconAttachment),
        (false, _) => None,
    };
    let downgrades = downgrades.shown();
    let warnings = shown::warnings(&question.proposed.note, &downgrades, &targets);
    Ok(Shown {
        author: question.author.clone(),
        note: question.proposed.note.clone(),
        last: question.is_last(),
        targets,
        downgrades,
        originator,
        warnings,
    })
}

/// The briefing is the one that the proposal names; it stands in the chamber and was not recalled.
fn check_briefing(question: &Question<'_>, chamber: &Room<'_>, named: Ref) -> Result<(), ReleaseFault> {
    let briefing = question.briefing.ok_or(ReleaseFault::BriefingMissing)?;
    if briefing.reference() != named || named.room != chamber.state.room() {
        return Err(ReleaseFault::BriefingRef);
    }
    let found = chamber.past.find(&named.id).filter(|found| found.identity == named.statement);
    match found {
        None => Err(ReleaseFault::BriefingRef),
        Some(found) if found.recalled => Err(ReleaseFault::BriefingRecalled { index: found.index }),
        Some(_) => Ok(()),
    }
}

/// ORCON: the originator must be among those who sign, at the latest as the last.
fn originator(
    question: &Question<'_>,
    chamber: &Room<'_>,
    briefing: &RecordedBriefing,
) -> Result<Originator, ReleaseFault> {
    let name = briefing.originator().clone();
    let signed = question.signers.contains(&name);
    let gone = chamber.state.charter().member(&name).is_none();
    if !signed && (gone || question.is_last()) {
        return Err(ReleaseFault::Originator { originator: name.desk().to_owned() });
    }
    Ok(Originator { name, signed })
}

#[cfg(test)]
mod tests;
