//! What a party has been given: everything that mediators posted where it reads.
//!
//! Answered offline, from what was verified; what cannot be opened is listed all the same.

use tearline_ledger::{
    content::Content,
    id::Ref,
    name::{MemberName, Org, Role},
    statement::{Act, Statement},
};

use super::{Mediator, ProposeError};
use crate::refs::EntryRef;

/// A mediators' post that a party can read, or could.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Where it stands.
    pub entry: EntryRef,
    /// The same, as statements refer to it.
    pub reference: Ref,
    /// The statement.
    pub statement: Statement,
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// Who signed.
    pub signers: Vec<MemberName>,
    /// Whether it was recalled since; what was read cannot be unread.
    pub recalled: bool,
    /// What it says; `None` if it is not here any more.
    pub content: Option<Content>,
}

impl Mediator<'_> {
    /// Everything that mediators posted into rooms that this party reads or once read, by room and in
    /// the order of each.
    pub fn given(&self, party: &Org) -> Result<Vec<Given>, ProposeError> {
        let mut out = Vec::new();
        for room in self.rooms.values() {
            let state = room.replica.state()?;
            if !state.constitution().parties().any(|org| org == party) {
                continue;
            }
            for index in 0..room.replica.size() {
                let line = room.replica.line(index)?;
                let by_mediator = line.signed.statement.author.role() == Role::Mediator;
                if !by_mediator || !matches!(line.signed.statement.act, Act::Post(_)) {
                    continue;
                }
                out.push(Given {
                    entry: EntryRef { room: state.name().clone(), index },
                    reference: room.replica.resolve(index)?.to_ref(),
                    accepted_at: line.accepted_at,
                    signers: line.signers,
                    statement: line.signed.statement,
                    recalled: line.recalled,
                    content: self.content(room, index).ok(),
                });
            }
        }
        out.sort_by(|one, two| one.entry.cmp(&two.entry));
        Ok(out)
    }
}
