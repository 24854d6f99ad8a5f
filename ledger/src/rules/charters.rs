//! Charters: how a room is founded, what may follow upon the charter in force, and who must sign it.
//!
//! Specification: `docs/spec.md`, section 6.2. Who must sign is a function of the difference between
//! the old charter and the new.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{
    CheckedEntry, Effect, Refusal,
    acts::{Judged, quorum},
    state::{Change, Constitution, RoomState},
};
use crate::{
    charter::{Charter, Member},
    id::RoomId,
    merkle::TreeSize,
    name::{MemberName, Org, Role},
    statement::Act,
};

/// What a new charter changes in the one in force.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) added: BTreeSet<MemberName>,
    pub(super) removed: BTreeSet<MemberName>,
    /// In keys, custodianship or endorsement.
    pub(super) changed: BTreeSet<MemberName>,
    /// Quorum, limits, log key, service or succession.
    pub(super) terms: bool,
}

impl Difference {
    pub(super) fn between(old: &Charter, new: &Charter) -> Self {
        let mut out = Self {
            terms: old.quorum != new.quorum
                || old.limits != new.limits
                || old.log_vkey != new.log_vkey
                || old.service != new.service
                || new.succession,
            ..Self::default()
        };
        for member in &new.members {
            match old.member(&member.name) {
                None => out.added.insert(member.name.clone()),
                Some(before) if !before.same_but_wrap(member) => out.changed.insert(member.name.clone()),
                Some(_) => false,
            };
        }
        let gone = old.members.iter().filter(|member| new.member(&member.name).is_none());
        out.removed = gone.map(|member| member.name.clone()).collect();
        out
    }

    /// The party of which it removes members and does nothing else.
    fn only_removes_members_of(&self) -> Option<&Org> {
        let first = self.removed.first()?;
        let same = |name: &MemberName| name.role() == Role::Party && name.org() == first.org();
        let nothing_else = self.added.is_empty() && self.changed.is_empty() && !self.terms;
        (nothing_else && self.removed.iter().all(same)).then(|| first.org())
    }
}

/// Judges a room's first entry: the state, the signers, and whether it needs an enacted proposal.
pub(super) fn found(entry: &CheckedEntry) -> Result<(RoomState, Vec<MemberName>, bool), Refusal> {
    let signed = entry.checked.signed();
    let statement = &signed.statement;
    let Act::Charter(charter) = &statement.act else {
        return Err(Refusal::Charter("is missing: a room's first entry is its founding charter"));
    };
    let Some(founding) = &charter.founding else {
        return Err(Refusal::Charter("founds no room, but a room's first entry does"));
    };
    if statement.not_after.is_some_and(|end| entry.accepted_at > end) {
        return Err(Refusal::TooLate);
    }
    if charter.succession {
        return Err(Refusal::Charter("claims a succession, but nobody came before"));
    }
    let room = RoomId(signed.identity().0);
    let constitution = Constitution::enter(
        None,
        room,
        (founding.domain.clone(), founding.name.clone()),
        (**charter).clone(),
        (0, signed.envelope.payload().clone()),
    )?;
    let signers = constitution.signers(signed)?;
    let chamber = founding.name.is_chamber();
    if chamber {
        if constitution.has_party() {
            return Err(Refusal::Charter("names a party in the chamber, which is the mediators' own"));
        }
        let all: BTreeSet<_> = charter.mediators().map(|member| &member.name).collect();
        if signers.iter().map(|member| &member.name).collect::<BTreeSet<_>>() != all {
            return Err(Refusal::Charter(
                "founds the chamber, so all its mediators sign it, and no one else",
            ));
        }
    }
    quorum("a founding charter", charter.quorum, statement.id, &signers)?;
    let names = signers.iter().map(|member| member.name.clone()).collect();
    let state = RoomState {
        constitution: Arc::new(constitution),
        proposals: Arc::default(),
        size: TreeSize(1),
        last_accepted_at: entry.accepted_at,
    };
    Ok((state, names, !chamber))
}

/// Judges a charter that follows upon the one in force.
pub(super) fn succeed(
    state: &RoomState,
    entry: &CheckedEntry,
    new: &Charter,
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let constitution = state.constitution();
    let old = constitution.charter();
    let signed = entry.checked.signed();
    if new.founding.is_some() {
        return Err(Refusal::Charter("founds a room that exists"));
    }
    if new.epoch != old.epoch + 1 {
        return Err(Refusal::Charter("does not follow: its epoch is not one more than that in force"));
    }
    if new.log_vkey.name().as_str() != constitution.domain().as_str() {
        return Err(Refusal::Charter("is of another domain"));
    }
    if new.key_commitment == old.key_commitment {
        return Err(Refusal::Charter("keeps the old room key; every charter brings a fresh one"));
    }
    if state.name().is_chamber() && !new.parties().is_empty() {
        return Err(Refusal::Charter("names a party in the chamber, which is the mediators' own"));
    }
    let difference = Difference::between(old, new);
    let by_custodian = may_remove(old, &difference, signers);
    if !by_custodian {
        quorum("a charter", old.quorum, signed.statement.id, signers)?;
        endorsed(constitution, new, &difference)?;
    }
    let names = (constitution.domain().clone(), constitution.name().clone());
    let place = (state.size().0, signed.envelope.payload().clone());
    let next = Constitution::enter(Some(constitution), state.room(), names, new.clone(), place)?;
    Ok(Judged {
        by_quorum: !by_custodian,
        effect: Effect::Chartered,
        change: Change::Constitution(Box::new(next)),
    })
}

/// One custodian alone may remove members of its own party, and do nothing else.
fn may_remove(old: &Charter, difference: &Difference, signers: &[&Member]) -> bool {
    let Some(org) = difference.only_removes_members_of() else { return false };
    let [signer] = signers else { return false };
    old.custodians(org).any(|custodian| custodian.name == signer.name)
}

/// A party's new members and keys carry a custodian's word, if the party ever had a custodian.
fn endorsed(constitution: &Constitution, new: &Charter, difference: &Difference) -> Result<(), Refusal> {
    let old = constitution.charter();
    let mut orphaned = false;
    for name in difference.added.union(&difference.changed) {
        if name.role() != Role::Party || !constitution.had_custodian(name.org()) {
            continue;
        }
        let Some(member) = new.member(name) else { continue };
        if old.custodians(name.org()).next().is_none() {
            orphaned = true;
            continue;
        }
        let card = member.card();
        let good = member.endorsement.as_ref().is_some_and(|endorsement| {
            old.custodians(name.org()).any(|custodian| card.is_signed_by(endorsement, &custodian.sign_key))
        });
        if !good {
            return Err(Refusal::NotEndorsed(name.desk().to_owned()));
        }
    }
    match (orphaned, new.succession) {
        (true, false) => Err(Refusal::Charter(
            "changes a party whose custodians are all gone, which only a succession may do",
        )),
        (false, true) => Err(Refusal::Charter("claims a succession, but a custodian is left")),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "charters_tests.rs"]
mod tests;
