//! What a party has been given: everything that mediators posted where it reads.
//!
//! Answered offline, from what was verified; what cannot be opened is listed all the same.

use tearline_ledger::{
    content::Content,
    name::{MemberName, Org, Role},
    release::RecordedBriefing,
    statement::Act,
};

use super::{Mediator, ProposeError};
use crate::refs::EntryRef;

/// A mediators' post that a party can read, or could.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Where it stands.
    pub entry: EntryRef,
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
                    accepted_at: line.accepted_at,
                    signers: line.signers,
                    recalled: line.recalled,
                    content: self.content(room, index).ok(),
                });
            }
        }
        out.sort_by(|one, two| one.entry.cmp(&two.entry));
        Ok(out)
    }

    /// Posts that released portions of this briefing, in any room.
    pub fn given_of(&self, briefing: &RecordedBriefing) -> Result<Vec<EntryRef>, ProposeError> {
        let mut out = Vec::new();
        for room in self.rooms.values() {
            let state = room.replica.state()?;
            if !state.constitution().has_party() {
                continue;
            }
            let digest = briefing.manifest(state.room())?.digest();
            for index in 0..room.replica.size() {
                let line = room.replica.line(index)?;
                if matches!(&line.signed.statement.act, Act::Post(post) if post.manifests.contains(&digest)) {
                    out.push(EntryRef { room: state.name().clone(), index });
                }
            }
        }
        out.sort();
        Ok(out)
    }
}
