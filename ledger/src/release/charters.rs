//! Charters of a proposal: that their keys follow from its seed, and what they change.
//!
//! Specification: `docs/spec.md`, sections 4, 6.2 and 7.1. Who must sign a charter is in `rules`; here is
//! only what needs the seed, and what must hold between the rooms of one proposal.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::{
    MemberChange, Question, ReleaseFault, Room, ShownCharter, ShownGrant, ShownMember, ShownTarget,
    TargetFault,
};
use crate::{
    charter::{Charter, Member},
    digest::Digest,
    id::RoomId,
    keys::KeyId,
    name::{MemberName, RoomName},
    roomkey::{NewEpoch, RoomKeyError, RoomKeys, room_or_nonce},
};

/// Fills in what follows from the seed: the commitment, and a wrap for each member that reads content.
/// `room` is absent in a founding charter.
pub fn complete_charter(
    charter: &mut Charter,
    room: Option<RoomId>,
    seed: &[u8; 32],
    earlier: &RoomKeys,
    grants: &BTreeMap<MemberName, u64>,
) -> Result<(), RoomKeyError> {
    let epoch =
        NewEpoch { seed, room_or_nonce: room_or_nonce(room, charter), epoch: charter.epoch, earlier, grants };
    charter.key_commitment = epoch.key().1;
    epoch.wrap_for(&mut charter.members)
}

/// Judges the charter of a room that is to be founded.
pub(super) fn check_founding(
    question: &Question<'_>,
    charter: &Charter,
) -> Result<(ShownCharter, RoomName), TargetFault> {
    let name = charter.founding.as_ref().map(|founding| founding.name.clone());
    let name = name.ok_or(TargetFault::NameTaken)?;
    if name.is_chamber() || question.rooms.values().any(|room| *room.state.name() == name) {
        return Err(TargetFault::NameTaken);
    }
    let shown = ShownCharter {
        charter: charter.clone(),
        before: None,
        added: charter.members.iter().map(shown_member).collect(),
        removed: Vec::new(),
        changed: Vec::new(),
        grants: Vec::new(),
    };
    check_keys(question, None, charter, &RoomKeys::new(), &BTreeMap::new())?;
    Ok((shown, name))
}

/// Judges a charter that follows upon the one in force.
pub(super) fn check_next(
    question: &Question<'_>,
    room: &Room<'_>,
    charter: &Charter,
) -> Result<ShownCharter, TargetFault> {
    let before = room.state.charter();
    if before.epoch.checked_add(1) != Some(charter.epoch) {
        return Err(TargetFault::Epoch { found: charter.epoch, current: before.epoch });
    }
    let mut shown = ShownCharter {
        charter: charter.clone(),
        before: Some(before.clone()),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        grants: Vec::new(),
    };
    for member in &charter.members {
        match before.member(&member.name) {
            None => shown.added.push(shown_member(member)),
            Some(old) if !old.same_but_wrap(member) => shown.changed.push(MemberChange {
                before: shown_member(old),
                after: shown_member(member),
                new_seal_key: old.seal_key != member.seal_key,
            }),
            Some(_) => {}
        }
    }
    let gone = before.members.iter().filter(|member| charter.member(&member.name).is_none());
    shown.removed = gone.map(shown_member).collect();
    let grants = grants(question, room.state.room(), charter, &shown)?;
    check_keys(question, Some(room.state.room()), charter, room.keys, &grants)?;
    shown.grants = grants.into_iter().map(|(member, from_epoch)| ShownGrant { member, from_epoch }).collect();
    Ok(shown)
}

/// Grants for this room: each to someone who could not have the earlier keys yet.
fn grants(
    question: &Question<'_>,
    room: RoomId,
    charter: &Charter,
    shown: &ShownCharter,
) -> Result<BTreeMap<MemberName, u64>, TargetFault> {
    let mut out = BTreeMap::new();
    let of_room = question.proposed.grants.iter().filter(|grant| grant.room.as_ref() == room.as_bytes());
    for grant in of_room {
        // A name that no member has is refused where grants are counted.
        let Ok(name) = grant.member.parse::<MemberName>() else { continue };
        let Some(member) = charter.member(&name) else { continue };
        if member.seal_key.is_none() || !shown.needs_history(&name) {
            return Err(TargetFault::GrantUnneeded(name));
        }
        if grant.from_epoch == 0 || grant.from_epoch >= charter.epoch {
            return Err(TargetFault::GrantEpoch { member: name });
        }
        out.insert(name, grant.from_epoch);
    }
    Ok(out)
}

/// Commitment and wraps are, byte for byte, what the seed gives.
fn check_keys(
    question: &Question<'_>,
    room: Option<RoomId>,
    charter: &Charter,
    earlier: &RoomKeys,
    grants: &BTreeMap<MemberName, u64>,
) -> Result<(), TargetFault> {
    // A seed of another length is found where the whole proposal is judged; no charter fits it.
    let seed = seed(question).ok_or(TargetFault::Commitment)?;
    let mut wanted = charter.clone();
    complete_charter(&mut wanted, room, &seed, earlier, grants)?;
    if wanted.key_commitment != charter.key_commitment {
        return Err(TargetFault::Commitment);
    }
    let mut pairs = wanted.members.iter().zip(&charter.members);
    match pairs.find(|(wanted, found)| wanted.wrap != found.wrap) {
        Some((member, _)) => Err(TargetFault::Wrap(member.name.clone())),
        None => Ok(()),
    }
}

fn seed(question: &Question<'_>) -> Option<Zeroizing<[u8; 32]>> {
    question.proposed.seed.as_ref().try_into().ok().map(Zeroizing::new)
}

fn shown_member(member: &Member) -> ShownMember {
    ShownMember {
        name: member.name.clone(),
        custodian: member.custodian,
        fingerprint: member.card().fingerprint(),
        endorsed: member.endorsement.is_some(),
    }
}

/// A seed if and only if there is a charter; every grant belongs to one of them, once.
pub(super) fn check_seed_and_grants(
    question: &Question<'_>,
    targets: &[ShownTarget],
) -> Result<(), ReleaseFault> {
    let any = targets.iter().any(|target| target.charter().is_some());
    if any != seed(question).is_some() || (!any && !question.proposed.seed.is_empty()) {
        return Err(ReleaseFault::Seed);
    }
    let mut seen = BTreeSet::new();
    for grant in &question.proposed.grants {
        let shown = targets.iter().any(|target| {
            let same =
                |it: &ShownGrant| it.member.as_str() == grant.member && it.from_epoch == grant.from_epoch;
            target.room.as_bytes() == grant.room.as_ref()
                && target.charter().is_some_and(|charter| charter.grants.iter().any(same))
        });
        if !shown || !seen.insert((grant.room.clone(), &grant.member)) {
            return Err(ReleaseFault::GrantUnused { member: grant.member.escape_debug().to_string() });
        }
    }
    Ok(())
}

/// Mediators are the same in all rooms, before and after.
pub(super) fn check_mediators(
    question: &Question<'_>,
    chamber: &Room<'_>,
    targets: &[ShownTarget],
) -> Result<(), ReleaseFault> {
    let new: BTreeMap<RoomId, (&RoomName, &Charter)> = targets
        .iter()
        .filter_map(|target| Some((target.room, (&target.name, &target.charter()?.charter))))
        .collect();
    let chamber_id = chamber.state.room();
    let wanted = mediators(new.get(&chamber_id).map_or(chamber.state.charter(), |(_, charter)| charter));
    let touched = |room: &RoomId| new.contains_key(&chamber_id) || new.contains_key(room);
    let known = question
        .rooms
        .iter()
        .filter(|(room, _)| touched(room) && !new.contains_key(room))
        .map(|(_, room)| (room.state.name(), room.state.charter()));
    let differs = new.values().copied().chain(known).find(|(_, charter)| mediators(charter) != wanted);
    match differs {
        Some((name, _)) => Err(ReleaseFault::Mediators { room: name.as_str().to_owned() }),
        None => Ok(()),
    }
}

fn mediators(charter: &Charter) -> BTreeSet<(&MemberName, Vec<KeyId>)> {
    charter.mediators().map(|member| (&member.name, member.key_ids())).collect()
}

/// The certificate keys are of those whom the proposal admits, and of nobody else.
pub(super) fn check_tls_keys(question: &Question<'_>, targets: &[ShownTarget]) -> Result<(), ReleaseFault> {
    let given: Vec<Digest> = question.proposed.tls_keys.iter().map(|key| Digest::of(key)).collect();
    let mut admitted = BTreeSet::new();
    for shown in targets.iter().filter_map(ShownTarget::charter) {
        let names = shown.added.iter().chain(shown.changed.iter().map(|change| &change.after));
        for member in names.filter_map(|member| shown.charter.member(&member.name)) {
            admitted.insert(member.tls_key);
            if !is_known(question, member) && !given.contains(&member.tls_key) {
                return Err(ReleaseFault::TlsKeyMissing { member: member.name.desk().to_owned() });
            }
        }
    }
    match given.iter().position(|key| !admitted.contains(key)) {
        Some(at) => Err(ReleaseFault::TlsKeyUnused { number: at + 1 }),
        None => Ok(()),
    }
}

/// Whether some room's charter in force has this member with this certificate key.
fn is_known(question: &Question<'_>, member: &Member) -> bool {
    let charters = question.rooms.values().map(|room| room.state.charter());
    charters.filter_map(|charter| charter.member(&member.name)).any(|known| known.tls_key == member.tls_key)
}
