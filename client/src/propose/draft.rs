//! A proposal in the making: its targets signed, its sealed part sealed, all of it checked.
//!
//! Specification: `docs/spec.md`, sections 3 and 6. Nothing leaves here that `release::check` refuses.

use std::collections::BTreeSet;

use prost::Message as _;
use tearline_ledger::{
    id::Ref,
    release::{self, Question, RecordedBriefing, Shown, ShownAct},
    statement::{Act, Proposal},
};
use tearline_proto::v1;
use zeroize::Zeroizing;

use super::{Mediator, ProposeError};
use crate::compose::{Draft, Grain, Submission, new_id};

/// The longest time for which a proposal may be open, in seconds, less an hour for clocks that differ.
pub const OPEN_FOR_MAX: u64 = 7 * 24 * 3600 - 3600;

/// What every proposal says, whatever it proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalTerms {
    /// Words to the other officers; never sent to a party.
    pub note: String,
    /// For how long it may be approved, in seconds.
    pub open_for: u64,
    /// How many must sign; `None` for as many as the rooms ask for.
    pub quorum: Option<u32>,
}

impl Default for ProposalTerms {
    fn default() -> Self {
        Self { note: String::new(), open_for: OPEN_FOR_MAX, quorum: None }
    }
}

/// A proposal ready to be sent, and what its approvers will be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// To be sent.
    pub submission: Submission,
    /// As approvers will see it.
    pub shown: Shown,
}

impl Mediator<'_> {
    /// A proposal of these statements. `sealed` holds what belongs to them; targets and note are filled
    /// in here.
    pub(super) fn propose(
        &self,
        drafts: &[Draft],
        mut sealed: v1::Proposed,
        briefing: Option<&RecordedBriefing>,
        terms: &ProposalTerms,
    ) -> Result<Proposed, ProposeError> {
        if drafts.is_empty() {
            return Err(ProposeError::Nothing);
        }
        sealed.targets = drafts.iter().map(target).collect();
        sealed.note.clone_from(&terms.note);
        let chamber = self.chamber()?;
        let writer = self.writer(&chamber)?;
        let id = new_id(self.now, Grain::Second)?;
        let plain = Zeroizing::new(sealed.encode_to_vec());
        let (post, content) = writer.seal(chamber.keys, id, &plain)?;
        let signed = drafts.iter().map(|draft| (draft.identity(), draft.signature(self.key).bytes));
        let proposal =
            Proposal { targets: signed.collect(), sealed: post, quorum: self.quorum(drafts, terms)? };
        let attached = self.attached()?;
        let shown = release::check(&Question {
            author: self.name,
            proposal: &proposal,
            proposed: &sealed,
            rooms: &self.known(),
            briefing,
            attached: &|digest| attached.get(digest).cloned().unwrap_or_default(),
            content: &|reference: &Ref| self.content_of(reference),
            signers: &BTreeSet::from([self.name.clone()]),
        })?;
        self.require_unexpired(&shown)?;
        let not_after = self.now.saturating_add(terms.open_for.min(OPEN_FOR_MAX));
        let draft = writer.draft(id, Some(not_after), Act::Proposal(proposal), Some(content))?;
        Ok(Proposed { submission: draft.sign(self.key)?, shown })
    }

    /// Nothing that would be sent has run out already.
    pub(super) fn require_unexpired(&self, shown: &Shown) -> Result<(), ProposeError> {
        let ends = shown.targets.iter().filter_map(|target| match &target.act {
            ShownAct::Post(post) => post.content_until,
            _ => None,
        });
        if ends.into_iter().any(|end| end <= self.now) { Err(ProposeError::Expired) } else { Ok(()) }
    }

    /// The largest K of the rooms concerned, unless more are asked for.
    fn quorum(&self, drafts: &[Draft], terms: &ProposalTerms) -> Result<u32, ProposeError> {
        let mut needed = self.chamber()?.replica.state()?.charter().quorum;
        for draft in drafts {
            if let Act::Charter(charter) = &draft.statement().act {
                needed = needed.max(charter.quorum);
            }
            if let Some(room) = self.rooms.get(&draft.room()) {
                needed = needed.max(room.replica.state()?.charter().quorum);
            }
        }
        Ok(terms.quorum.map_or(needed, |asked| asked.max(needed)))
    }
}

fn target(draft: &Draft) -> v1::Target {
    v1::Target {
        room: draft.room().as_bytes().to_vec().into(),
        statement: draft.payload().clone(),
        content: draft.content().cloned().unwrap_or_default(),
    }
}
