//! What is pending, and what a proposal would send: opened, judged and laid out.
//!
//! Specification: `docs/spec.md`, section 9.5. Signs nothing.

use std::collections::BTreeSet;

use tearline_ledger::{
    id::{Identity, Ref},
    name::MemberName,
    release::{self, Question, Shown, check_signatures, open_proposal},
    rules::OpenProposal,
    statement::Act,
};
use tearline_proto::v1;

use super::{Mediator, ProposeError, matter::AlreadyGiven};
use crate::refs::EntryRef;

/// A proposal that can still be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Where it stands.
    pub entry: EntryRef,
    /// Which one it is.
    pub identity: Identity,
    /// Who proposes.
    pub author: MemberName,
    /// Who has signed, the proposer first.
    pub signers: Vec<MemberName>,
    /// How many must sign.
    pub quorum: u32,
    /// When it runs out, in seconds since 1970.
    pub not_after: u64,
    /// Whether this desk has signed.
    pub signed_here: bool,
    /// The rooms that it is about: by name, or by id if they are to be founded. Empty if it does not open.
    pub rooms: Vec<String>,
    /// The proposer's words; empty if it does not open.
    pub note: String,
}

/// A proposal that breaks no rule, as approved by this desk if it approves.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// Where it stands.
    pub entry: EntryRef,
    /// Which one it is.
    pub identity: Identity,
    /// As the chamber has it.
    pub open: OpenProposal,
    /// The opened part, whose very bytes are signed.
    pub proposed: v1::Proposed,
    /// All that would be sent.
    pub shown: Shown,
    /// What each party was already given on the matter.
    pub already_given: AlreadyGiven,
}

impl Mediator<'_> {
    /// All open proposals, in the order of the chamber.
    pub fn pending(&self) -> Result<Vec<Pending>, ProposeError> {
        let chamber = self.chamber()?;
        let state = chamber.replica.state()?;
        let mut out = Vec::new();
        for (identity, open) in state.proposals() {
            if open.not_after < self.now {
                continue;
            }
            let opened = self.opened(open).ok();
            let signers: Vec<MemberName> = open.signatures.iter().map(|(name, ..)| name.clone()).collect();
            out.push(Pending {
                entry: EntryRef { room: state.name().clone(), index: open.index },
                identity: *identity,
                author: open.author.clone(),
                signed_here: signers.contains(self.name),
                signers,
                quorum: open.quorum,
                not_after: open.not_after,
                rooms: opened.as_ref().map(|it| self.rooms_of(it)).unwrap_or_default(),
                note: opened.map(|it| it.note).unwrap_or_default(),
            });
        }
        out.sort_by_key(|pending| pending.entry.index);
        Ok(out)
    }

    /// The open proposal at this entry of the chamber.
    pub fn proposal_at(&self, entry: &EntryRef) -> Result<Identity, ProposeError> {
        let (room, line) = self.entry(entry)?;
        let identity = line.signed.identity();
        if room.replica.room() != self.chamber()?.replica.room() {
            return Err(ProposeError::NotOpen);
        }
        self.open_proposal(&identity).map(|_| identity)
    }

    /// Opens a proposal and judges it by every rule on sealed text and by every signature on it.
    pub fn examine(&self, identity: &Identity) -> Result<Examined, ProposeError> {
        let open = self.open_proposal(identity)?;
        let proposed = self.opened(open)?;
        let shown = self.judged(open, &proposed)?;
        let named = proposed.briefing.as_ref().and_then(Ref::from_message);
        let already_given = self.given_on_matter(&shown, named)?;
        let entry = EntryRef { room: self.chamber()?.replica.state()?.name().clone(), index: open.index };
        Ok(Examined { entry, identity: *identity, open: open.clone(), proposed, shown, already_given })
    }

    /// What a proposal would send, judged as by [`Self::examine`], without what was given on the matter.
    pub fn look_at(&self, identity: &Identity) -> Result<Shown, ProposeError> {
        let open = self.open_proposal(identity)?;
        self.judged(open, &self.opened(open)?)
    }

    fn judged(&self, open: &OpenProposal, proposed: &v1::Proposed) -> Result<Shown, ProposeError> {
        let chamber = self.chamber()?;
        let rooms = self.known();
        let room = rooms.get(&chamber.replica.room()).ok_or(release::ReleaseFault::NoChamber)?;
        check_signatures(open, proposed, room)?;
        let named = proposed.briefing.as_ref().and_then(Ref::from_message);
        let briefing = named.map(|named| self.briefing(&named)).transpose()?;
        let mut signers: BTreeSet<MemberName> =
            open.signatures.iter().map(|(name, ..)| name.clone()).collect();
        signers.insert(self.name.clone());
        let line = chamber.replica.line(open.index)?;
        let Act::Proposal(proposal) = &line.signed.statement.act else { return Err(ProposeError::NotOpen) };
        let attached = self.attached()?;
        let shown = release::check(&Question {
            author: &open.author,
            proposal,
            proposed,
            rooms: &rooms,
            briefing: briefing.as_ref(),
            attached: &|digest| attached.get(digest).cloned().unwrap_or_default(),
            content: &|reference: &Ref| self.content_of(reference),
            signers: &signers,
        })?;
        self.require_unexpired(&shown)?;
        Ok(shown)
    }

    pub(super) fn opened(&self, open: &OpenProposal) -> Result<v1::Proposed, ProposeError> {
        let chamber = self.chamber()?;
        let line = chamber.replica.line(open.index)?;
        let missing = || ProposeError::NoContent(format!("{}#{}", chamber.replica.name(), open.index));
        let sealed = chamber.replica.sealed_content(open.index)?.ok_or_else(missing)?;
        Ok(open_proposal(chamber.replica.room(), chamber.keys, &line.signed.statement, &sealed)?)
    }

    fn rooms_of(&self, proposed: &v1::Proposed) -> Vec<String> {
        let name = |target: &v1::Target| {
            let mut known = self.rooms.values();
            known
                .find(|room| room.replica.room().as_bytes() == target.room.as_ref())
                .map_or_else(|| hex::encode(&target.room), |room| room.replica.name().to_owned())
        };
        proposed.targets.iter().map(name).collect()
    }
}
