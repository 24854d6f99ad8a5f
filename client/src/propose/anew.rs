//! A proposal made anew, when its rooms have new charters or it has run out.
//!
//! Specification: `docs/spec.md`, section 6. The same words, sealed for those who read the rooms now; the
//! old proposal stays as it is until someone rejects it.

use tearline_ledger::{
    content::Content,
    id::Ref,
    release::{open_proposal, open_sealed},
    statement::{Act, Statement},
};
use tearline_proto::v1;

use super::{
    Mediator, ProposeError,
    draft::{ProposalTerms, Proposed},
};
use crate::{
    compose::{Draft, PostTerms},
    refs::EntryRef,
};

impl Mediator<'_> {
    /// Proposes once more what this entry of the chamber proposes. Charters are not made anew: they
    /// follow from what is in force, so propose the admission or loss again.
    pub fn propose_anew(&self, entry: &EntryRef, terms: &ProposalTerms) -> Result<Proposed, ProposeError> {
        let (chamber, line) = self.entry(entry)?;
        let statement = &line.signed.statement;
        if !matches!(statement.act, Act::Proposal(_)) {
            return Err(ProposeError::NotOpen);
        }
        let sealed = chamber.replica.sealed_content(entry.index)?;
        let sealed = sealed.ok_or_else(|| ProposeError::NoContent(entry.to_string()))?;
        let old = open_proposal(chamber.replica.room(), chamber.keys, statement, &sealed)?;
        let drafts = old.targets.iter().map(|target| self.again(target)).collect::<Result<Vec<_>, _>>()?;
        let named = old.briefing.as_ref().and_then(Ref::from_message);
        let briefing = named.map(|named| self.briefing(&named)).transpose()?;
        let sealed = v1::Proposed {
            briefing: old.briefing,
            downgrades: old.downgrades,
            undertakings: old.undertakings,
            ..v1::Proposed::default()
        };
        self.propose(&drafts, sealed, briefing.as_ref(), terms)
    }

    fn again(&self, target: &v1::Target) -> Result<Draft, ProposeError> {
        let statement =
            Statement::parse(&target.statement).map_err(crate::compose::ComposeError::Statement)?;
        let room = statement.room.and_then(|room| self.rooms.get(&room));
        let room = room.ok_or(ProposeError::NotAnew)?;
        let writer = self.writer(room)?;
        match &statement.act {
            Act::Post(post) => {
                let plain = open_sealed(room.replica.room(), room.keys, &statement, &target.content)?;
                let mut content = Content::parse(&plain)?.message().clone();
                content.written_at = self.written_at();
                let terms = PostTerms {
                    attachments: post.attachments.clone(),
                    content_until: post.content_until,
                    manifests: post.manifests.clone(),
                    not_after: None,
                };
                Ok(writer.post(room.keys, &Content::new(content)?, terms)?)
            }
            Act::Recall { post, id } => {
                let reference = Ref { room: room.replica.room(), statement: *post, id: *id };
                Ok(writer.recall_by_quorum(&reference)?)
            }
            _ => Err(ProposeError::NotAnew),
        }
    }
}
