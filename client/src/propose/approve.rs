//! Approval and rejection of a proposal that was examined.
//!
//! Specification: `docs/spec.md`, section 6. What is signed is the very bytes that were shown; the last
//! approver's desk sends all targets with everyone's signatures in one call.

use tearline_ledger::{
    admission::Admission,
    envelope::Signature,
    id::Identity,
    statement::{Act, Signed},
};
use tearline_proto::v1;

use super::{Mediator, ProposeError, examine::Examined};
use crate::compose::{Draft, Grain, Submission, new_id};

/// An approval ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// To be sent in one call, in this order: the approval and, if it is the last, every target.
    pub submissions: Vec<Submission>,
    /// Whether it is the last.
    pub enacts: bool,
    /// What the operator issues certificates on, if the proposal admits someone.
    pub admission: Option<Admission>,
}

impl Mediator<'_> {
    /// Signs every target of a proposal as it was examined.
    pub fn approve(&self, examined: &Examined) -> Result<Approval, ProposeError> {
        if self.examine(&examined.identity)? != *examined {
            return Err(ProposeError::Changed);
        }
        let open = &examined.open;
        if open.signatures.iter().any(|(name, ..)| name == self.name) {
            return Err(ProposeError::AlreadySigned);
        }
        let drafts = examined.proposed.targets.iter().map(draft).collect::<Result<Vec<_>, _>>()?;
        let own: Vec<Signature> = drafts.iter().map(|draft| draft.signature(self.key)).collect();
        let chamber = self.chamber()?;
        let signatures = own.iter().map(|signature| signature.bytes).collect();
        let act = Act::Approval { proposal: examined.identity, signatures };
        let approval = self.writer(&chamber)?.draft(new_id(self.now, Grain::Second)?, None, act, None)?;
        let mut submissions = vec![approval.sign(self.key)?];
        let enacts = examined.shown.last;
        if enacts {
            for (at, (draft, own)) in drafts.into_iter().zip(own).enumerate() {
                let mut all = vec![own];
                all.extend(open.signatures.iter().filter_map(|(_, key_id, made)| {
                    made.get(at).map(|bytes| Signature { key_id: *key_id, bytes: *bytes })
                }));
                submissions.push(draft.with_signatures(all)?);
            }
        }
        let admission = if enacts { admission(&submissions, &examined.proposed)? } else { None };
        Ok(Approval { submissions, enacts, admission })
    }

    /// Ends a proposal: another desk's is rejected, the desk's own withdrawn.
    pub fn reject(&self, proposal: &Identity) -> Result<Submission, ProposeError> {
        self.open_proposal(proposal)?;
        let chamber = self.chamber()?;
        Ok(self.writer(&chamber)?.rejection(*proposal)?.sign(self.key)?)
    }
}

fn draft(target: &v1::Target) -> Result<Draft, ProposeError> {
    let content = (!target.content.is_empty()).then(|| target.content.clone());
    Ok(Draft::parse(target.statement.clone(), content)?)
}

fn admission(submissions: &[Submission], proposed: &v1::Proposed) -> Result<Option<Admission>, ProposeError> {
    if proposed.tls_keys.is_empty() {
        return Ok(None);
    }
    let is_charter = |signed: &&Signed| matches!(signed.statement.act, Act::Charter(_));
    let charters = submissions.iter().map(|submission| &submission.signed).filter(is_charter).cloned();
    Ok(Some(Admission::new(charters.collect(), proposed.tls_keys.clone())?))
}
