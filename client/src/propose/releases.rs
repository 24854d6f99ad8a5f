//! Proposals to release: portions, assessments and other posts into one room or several; recalls.
//!
//! Specification: `docs/spec.md`, sections 9.3 to 9.5. What a release must satisfy is judged in the ledger;
//! here it is made.

use std::collections::BTreeSet;

use tearline_ledger::{
    content::Content,
    id::Ref,
    name::{Org, RoomName},
    release::{Audience, Downgrades, RecordedBriefing, build_tearline},
    statement::Act,
};
use tearline_proto::v1::{self, content::Kind};

use super::{
    Mediator, OpenRoom, ProposeError,
    draft::{ProposalTerms, Proposed},
};
use crate::{
    attachments::HandedOn,
    compose::{Draft, PostTerms},
    refs::EntryRef,
};

/// What is to be released.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseOrder {
    /// Into which rooms: several are released jointly, or not at all.
    pub to: Vec<RoomName>,
    /// The portions.
    pub portions: Option<Portions>,
    /// A release, an assessment, or any other kind that mediators write into a party's room.
    pub kind: Kind,
    /// One line.
    pub subject: String,
    /// How urgent it is.
    pub precedence: v1::Precedence,
    /// By when its readers are asked to acknowledge it, in seconds since 1970.
    pub ack_by: Option<u64>,
    /// What it answers, as an assessment answers a concern.
    pub answers: Option<Ref>,
    /// What it refers to.
    pub refers: Vec<Ref>,
    /// The commitments that a commitment restates, in the order of its obligors.
    pub undertakings: Vec<Ref>,
    /// Attachments that the chamber has, or is given with the proposal, under the marks that it has them under.
    pub attachments: Vec<ToRoom>,
    /// When the content may be dropped, in seconds since 1970.
    pub content_until: Option<u64>,
}

/// An attachment for one of the rooms. Each room has its own, under a key of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct ToRoom {
    /// The room.
    pub room: RoomName,
    /// The attachment.
    pub file: HandedOn,
}

/// Portions of a recorded briefing.
#[derive(Debug, Clone, PartialEq)]
pub struct Portions {
    /// The briefing.
    pub briefing: Ref,
    /// Their numbers, from 1.
    pub numbers: BTreeSet<u32>,
    /// Marks to be lowered for this proposal.
    pub lower: Vec<Lower>,
}

/// A mark to be lowered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lower {
    /// The portion, from 1.
    pub portion: u32,
    /// The new mark, without parentheses.
    pub to: String,
    /// Why.
    pub reason: String,
}

impl Mediator<'_> {
    /// Proposes a release.
    pub fn propose_release(
        &self,
        order: &ReleaseOrder,
        terms: &ProposalTerms,
    ) -> Result<Proposed, ProposeError> {
        let undertakings = order.undertakings.iter().map(Ref::to_message).collect();
        let mut sealed = v1::Proposed { undertakings, ..v1::Proposed::default() };
        let mut briefing = None;
        if let Some(portions) = &order.portions {
            let recorded = self.briefing(&portions.briefing)?;
            sealed.briefing = Some(portions.briefing.to_message());
            sealed.downgrades = downgrades(&recorded, &portions.lower)?;
            briefing = Some((recorded, &portions.numbers));
        }
        let lowered = match &briefing {
            Some((recorded, _)) => Downgrades::parse(recorded, &sealed.downgrades)?,
            None => Downgrades::default(),
        };
        let mut drafts = Vec::new();
        for name in order.to.iter().collect::<BTreeSet<_>>() {
            let room = self.room(name.as_str())?;
            let torn = briefing.as_ref().map(|(recorded, numbers)| (recorded, *numbers));
            drafts.push(self.release_into(&room, order, torn, &lowered)?);
        }
        self.propose(&drafts, sealed, briefing.as_ref().map(|(recorded, _)| recorded), terms)
    }

    /// Proposes to take a mediators' post back.
    pub fn propose_recall(&self, post: &EntryRef, terms: &ProposalTerms) -> Result<Proposed, ProposeError> {
        let (room, line) = self.entry(post)?;
        if !matches!(line.signed.statement.act, Act::Post(_)) {
            return Err(ProposeError::NotAPost(post.to_string()));
        }
        let reference = room.replica.resolve(post.index)?.to_ref();
        let draft = self.writer(&room)?.recall_by_quorum(&reference)?;
        self.propose(&[draft], v1::Proposed::default(), None, terms)
    }

    fn release_into(
        &self,
        room: &OpenRoom<'_>,
        order: &ReleaseOrder,
        torn: Option<(&RecordedBriefing, &BTreeSet<u32>)>,
        lowered: &Downgrades,
    ) -> Result<Draft, ProposeError> {
        let state = room.replica.state()?;
        let parties: Vec<Org> = state.charter().parties().into_iter().collect();
        let instance = self.parties();
        let audience = Audience { parties: &parties, instance: &instance };
        let fault = |fault| {
            let room = state.name().as_str().to_owned();
            ProposeError::Portions { room, fault: Box::new(fault) }
        };
        let tearline = torn
            .map(|(briefing, numbers)| build_tearline(briefing, state.room(), numbers, lowered, &audience))
            .transpose()
            .map_err(fault)?;
        let own = order.attachments.iter().filter(|it| it.room == *state.name());
        let files: Vec<HandedOn> = own.map(|it| it.file.clone()).collect();
        let (attachments, keys) = self.shown_to(room, &files)?;
        let (tearline, manifests) = tearline.map(|(torn, digest)| (torn, vec![digest])).unzip();
        let content = Content::new(v1::Content {
            written_at: self.written_at(),
            precedence: order.precedence.into(),
            subject: order.subject.clone(),
            ack_by: order.ack_by.unwrap_or(0),
            answers: order.answers.as_ref().map(Ref::to_message),
            refers: order.refers.iter().map(Ref::to_message).collect(),
            tearline,
            attachments: keys,
            kind: Some(order.kind.clone()),
        })?;
        let terms = PostTerms {
            attachments,
            content_until: order.content_until,
            manifests: manifests.unwrap_or_default(),
            not_after: None,
        };
        Ok(self.writer(room)?.post(room.keys, &content, terms)?)
    }

    /// The hour, as in the ids of what K sign: a party reads no deliberation from it.
    pub(super) fn written_at(&self) -> u64 {
        self.now - self.now % tearline_ledger::id::HOUR
    }
}

fn downgrades(briefing: &RecordedBriefing, lower: &[Lower]) -> Result<Vec<v1::Downgrade>, ProposeError> {
    let downgrade = |lower: &Lower| {
        let recorded = briefing.portion(lower.portion);
        let (from, _) =
            recorded.ok_or(tearline_ledger::release::DowngradeFault::NoSuchPortion(lower.portion))?;
        Ok(v1::Downgrade {
            portion: lower.portion,
            from: from.to_string(),
            to: lower.to.clone(),
            reason: lower.reason.clone(),
        })
    };
    lower.iter().map(downgrade).collect()
}
