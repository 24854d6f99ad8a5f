//! Charters of a proposal.

use super::super::*;
use super::world::*;
use crate::{
    charter::{Charter, Member},
    name::Role,
    statement::{Act, Statement},
};

const NEW_SEED: [u8; 32] = [77; 32];

fn newcomer() -> Desk {
    Desk::new(Role::Party, "drc/military", 30)
}

/// The next charter of drc's room, with these members more.
fn next(held: &Held, more: &[&Desk], grants: &[(&Desk, u64)]) -> Charter {
    let mut charter = held.state().charter().clone();
    charter.founding = None;
    charter.epoch += 1;
    charter.members.extend(more.iter().map(|desk| desk.member()));
    charter.members.sort_by(|one, two| one.name.cmp(&two.name));
    let grants = grants.iter().map(|(desk, from)| (desk.name.clone(), *from)).collect();
    complete_charter(&mut charter, Some(held.id()), &NEW_SEED, &held.keys, &grants).unwrap();
    charter
}

fn statement(held: &Held, charter: Charter) -> Statement {
    held.statement(&world().mediators[0].name, 50, Act::Charter(Box::new(charter)))
}

fn proposal(charters: &[(&Held, Charter)], tls_keys: &[&Desk]) -> Draft {
    let mut draft = Draft::new();
    draft.proposed.briefing = None;
    draft.proposed.seed = NEW_SEED.to_vec().into();
    draft.proposed.tls_keys = tls_keys.iter().map(|desk| desk.tls.clone()).collect();
    for (held, charter) in charters {
        draft.add(&statement(held, charter.clone()), vec![]);
    }
    draft
}

fn admission(change: impl FnOnce(&mut Charter)) -> Draft {
    let desk = newcomer();
    let mut charter = next(&world().drc_room, &[&desk], &[]);
    change(&mut charter);
    proposal(&[(&world().drc_room, charter)], &[&desk])
}

fn grant(member: &str, from_epoch: u64) -> v1::Grant {
    v1::Grant {
        room: world().drc_room.id().as_bytes().to_vec().into(),
        member: member.to_owned(),
        from_epoch,
    }
}

#[test]
fn an_admission_is_shown_with_the_fingerprint_of_the_card() {
    let shown = admission(|_| {}).check().unwrap();
    let charter = shown.targets[0].charter().unwrap();
    assert_eq!(charter.added[0].fingerprint, newcomer().member().card().fingerprint());
    assert!(charter.removed.is_empty() && charter.changed.is_empty() && charter.grants.is_empty());
}

#[test]
fn commitment_and_wraps_must_follow_from_the_seed() {
    let other = admission(|it| it.key_commitment = crate::digest::Digest([5; 32]));
    assert_eq!(other.fault(), TargetFault::Commitment);
    let name = newcomer().name;
    let swapped = admission(|it| {
        let other = it.members[4].wrap.clone();
        it.members[3].wrap = other;
    });
    assert!(matches!(swapped.fault(), TargetFault::Wrap(_)));
    let mut seeded = admission(|_| {});
    seeded.proposed.seed = vec![78; 32].into();
    assert_eq!(seeded.fault(), TargetFault::Commitment);
    let unasked = admission(|it| {
        let grants = [(name.clone(), 1)].into();
        complete_charter(it, Some(world().drc_room.id()), &NEW_SEED, &world().drc_room.keys, &grants)
            .unwrap();
    });
    assert_eq!(unasked.fault(), TargetFault::Wrap(name));
}

#[test]
fn a_seed_comes_with_a_charter_and_only_then() {
    let mut without = Draft::new();
    without.release(&world().drc_room, &world().release(&world().drc_room, &[3], &[]));
    without.proposed.seed = NEW_SEED.to_vec().into();
    assert_eq!(without.check(), Err(ReleaseFault::Seed));
    let mut missing = admission(|_| {});
    missing.proposed.seed.clear();
    assert_eq!(missing.fault(), TargetFault::Commitment);
}

#[test]
fn earlier_keys_are_granted_to_newcomers_only_and_shown() {
    let desk = newcomer();
    let charter = next(&world().drc_room, &[&desk], &[(&desk, 1)]);
    let mut draft = proposal(&[(&world().drc_room, charter)], &[&desk]);
    draft.proposed.grants = vec![grant(desk.name.as_str(), 1)];
    let shown = draft.check().unwrap();
    assert_eq!(shown.targets[0].charter().unwrap().grants[0].from_epoch, 1);
    for from in [0, 2, 3] {
        draft.proposed.grants = vec![grant(desk.name.as_str(), from)];
        assert!(matches!(draft.fault(), TargetFault::GrantEpoch { .. }), "{from}");
    }
    let old = &world().drc.name;
    draft.proposed.grants = vec![grant(old.as_str(), 1)];
    assert_eq!(draft.fault(), TargetFault::GrantUnneeded(old.clone()));
    draft.proposed.grants = vec![grant(desk.name.as_str(), 1), grant(desk.name.as_str(), 1)];
    assert!(matches!(draft.check(), Err(ReleaseFault::GrantUnused { .. })));
    draft.proposed.grants = vec![grant(desk.name.as_str(), 1), grant("nobody", 1)];
    assert!(matches!(draft.check(), Err(ReleaseFault::GrantUnused { .. })));
}

#[test]
fn certificate_keys_are_those_of_the_admitted_and_no_others() {
    let desk = newcomer();
    let charter = next(&world().drc_room, &[&desk], &[]);
    let none = proposal(&[(&world().drc_room, charter.clone())], &[]);
    assert_eq!(none.check(), Err(ReleaseFault::TlsKeyMissing { member: "drc/military".to_owned() }));
    let more = proposal(&[(&world().drc_room, charter)], &[&desk, &world().drc]);
    assert_eq!(more.check(), Err(ReleaseFault::TlsKeyUnused { number: 2 }));
}

#[test]
fn a_charter_of_another_epoch_is_refused() {
    let late = admission(|it| it.epoch = 3);
    assert_eq!(late.fault(), TargetFault::Epoch { found: 3, current: 1 });
}

#[test]
fn nothing_can_follow_a_charter_of_its_room_in_one_proposal() {
    let mut draft = admission(|_| {});
    draft.proposed.briefing = Some(world().briefing.reference().to_message());
    draft.release(&world().drc_room, &world().release(&world().drc_room, &[3], &[]));
    assert_eq!(draft.fault(), TargetFault::AfterCharter);
}

#[test]
fn mediators_change_in_all_rooms_or_in_none() {
    let world = world();
    let desk = Desk::new(Role::Mediator, "us/paris", 31);
    let charter = |held| (held, next(held, &[&desk], &[]));
    let alone = proposal(&[charter(&world.drc_room)], &[&desk]);
    assert_eq!(alone.check(), Err(ReleaseFault::Mediators { room: "drc".to_owned() }));
    let most = [charter(&world.chamber), charter(&world.drc_room), charter(&world.rwanda_room)];
    let most = proposal(&most, &[&desk]);
    assert_eq!(most.check(), Err(ReleaseFault::Mediators { room: "plenary".to_owned() }));
    let all = [&world.chamber, &world.drc_room, &world.rwanda_room, &world.plenary].map(charter);
    assert!(proposal(&all, &[&desk]).check().is_ok());
}

#[test]
fn a_changed_key_is_shown_as_a_change() {
    let fresh = Desk::new(Role::Party, "drc/liaison", 33);
    let mut charter = next(&world().drc_room, &[], &[]);
    let place = |member: &&mut Member| member.name == fresh.name;
    *charter.members.iter_mut().find(place).unwrap() = fresh.member();
    let held = &world().drc_room;
    complete_charter(&mut charter, Some(held.id()), &NEW_SEED, &held.keys, &BTreeMap::new()).unwrap();
    let shown = proposal(&[(held, charter)], &[&fresh]).check().unwrap();
    let changed = &shown.targets[0].charter().unwrap().changed;
    assert!(changed.len() == 1 && changed[0].new_seal_key);
    assert_ne!(changed[0].before.fingerprint, changed[0].after.fingerprint);
}

fn founding(name: &str, change: impl FnOnce(&mut Charter)) -> Draft {
    let [one, two, three] = &world().mediators;
    let desk = newcomer();
    let mut charter = founding_charter(name, &[one, two, three, &desk]);
    complete_charter(&mut charter, None, &NEW_SEED, &RoomKeys::new(), &BTreeMap::new()).unwrap();
    change(&mut charter);
    let mut draft = proposal(&[], &[&desk]);
    draft.add(&founding_statement(&one.name, charter), vec![]);
    draft
}

#[test]
fn a_founding_follows_from_seed_and_nonce() {
    let shown = founding("uganda", |_| {}).check().unwrap();
    assert_eq!(shown.targets[0].name.as_str(), "uganda");
    assert_eq!(shown.targets[0].charter().unwrap().added.len(), 4);
    assert_eq!(shown.targets[0].charter().unwrap().charter.key_commitment.to_hex(), COMMITMENT);
    let other_nonce = founding("uganda", |it| it.founding.as_mut().unwrap().nonce = [4; 32]);
    assert_eq!(other_nonce.fault(), TargetFault::Commitment);
}

#[test]
fn a_second_room_of_a_name_is_not_founded() {
    assert_eq!(founding("drc", |_| {}).fault(), TargetFault::NameTaken);
    assert_eq!(founding("chamber", |_| {}).fault(), TargetFault::NameTaken);
}

const COMMITMENT: &str = "a1acbc11d021a72ddb19591466f66a4cabb512d93e6d694218cd54f335754edb";
