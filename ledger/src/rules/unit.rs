//! A call of several statements: taken whole or not at all, with each proposal's targets right behind
//! the approval that enacts it.
//!
//! Specification: `docs/spec.md`, section 6.4. Statements that need K signatures are taken in no other
//! way, but for the chamber's founding.

use std::collections::VecDeque;

use super::{Effect, EnactedTarget, Refusal, VerifiedEntry};

/// Follows the statements of one call.
#[derive(Debug, Default)]
pub struct Unit {
    targets: VecDeque<EnactedTarget>,
}

impl Unit {
    /// A call of which nothing has been seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the call's next statement, which the rules of its room admit.
    pub fn step(&mut self, entry: &VerifiedEntry) -> Result<(), Refusal> {
        if let Some(target) = self.targets.pop_front() {
            let envelope = &entry.signed().envelope;
            if envelope.identity() != target.identity || envelope.signatures() != target.signatures {
                return Err(Refusal::NotTheTarget);
            }
            if !entry.by_quorum() {
                return Err(Refusal::NotAllowed("a proposal enacts only what needs a quorum"));
            }
            return Ok(());
        }
        if entry.by_quorum() {
            return Err(Refusal::NotEnacted);
        }
        if let Effect::Enacted { targets, .. } = entry.effect() {
            self.targets.extend(targets.iter().cloned());
        }
        Ok(())
    }

    /// The call is over: nothing that it enacts may be missing.
    pub fn finish(self) -> Result<(), Refusal> {
        if self.targets.is_empty() { Ok(()) } else { Err(Refusal::TargetsMissing(self.targets.len())) }
    }
}
