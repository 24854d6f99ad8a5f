//! A party's members and keys: a custodian's word, succession, and keys that serve one purpose for ever.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    charter::{Charter, Member},
    digest::Digest,
    id::RoomId,
    keys::KeyId,
    name::Role,
    rules::{Refusal, VerifiedEntry},
};
use tearline_tests::{
    desk::{Desk, Desks},
    world::World,
};

fn kivu() -> (World, Desks) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    (world, desks)
}

fn replace(charter: &mut Charter, member: Member) {
    charter.members.retain(|other| other.name != member.name);
    charter.members.push(member);
}

fn remove(charter: &mut Charter, desk: &Desk) {
    charter.members.retain(|member| member.name != *desk.name());
}

fn room(world: &World) -> RoomId {
    world.room("drc").unwrap()
}

/// What the rules say to a charter of drc with this change, signed by two mediators.
fn refusal(world: &mut World, change: impl FnOnce(&mut Charter)) -> Refusal {
    let desks = world.desks.clone();
    let charter = world.charter(room(world), &desks.washington, change).unwrap();
    world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap()
}

fn enact(world: &mut World, change: impl FnOnce(&mut Charter)) -> VerifiedEntry {
    let desks = world.desks.clone();
    let charter = world.charter(room(world), &desks.washington, change).unwrap();
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).unwrap().pop().unwrap()
}

fn envoy() -> Desk {
    Desk::new(Role::Party, "drc/envoy").unwrap()
}

fn not_endorsed(desk: &str) -> Refusal {
    Refusal::NotEndorsed(desk.to_owned())
}

#[test]
fn a_partys_new_member_is_endorsed_by_its_custodian() {
    let (mut world, desks) = kivu();
    for member in [
        envoy().member(),
        envoy().member_endorsed_by(&desks.drc_liaison),
        envoy().member_endorsed_by(&desks.rwanda_delegation),
        envoy().member_endorsed_by(&desks.washington),
        envoy().member_endorsed_by(&envoy()),
        envoy().member_endorsed_by(&desks.drc_delegation.renewed(1).unwrap()),
    ] {
        assert_eq!(refusal(&mut world, |charter| replace(charter, member)), not_endorsed("drc/envoy"));
    }
    enact(&mut world, |charter| replace(charter, envoy().member_endorsed_by(&desks.drc_delegation)));
}

#[test]
fn an_endorsement_is_of_this_very_card() {
    let (mut world, desks) = kivu();
    let endorsement = desks.drc_delegation.endorse(&envoy());
    let custodian = Desk::custodian("drc/envoy").unwrap();
    for card in [envoy().renewed(1).unwrap().card().clone(), custodian.card().clone()] {
        let member = card.into_member(Some(endorsement), None);
        assert_eq!(refusal(&mut world, |charter| replace(charter, member)), not_endorsed("drc/envoy"));
    }
    let mut forged = envoy().member_endorsed_by(&desks.drc_delegation);
    forged.endorsement.as_mut().unwrap().bytes[0] ^= 1;
    assert_eq!(refusal(&mut world, |charter| replace(charter, forged)), not_endorsed("drc/envoy"));
}

#[test]
fn a_partys_new_key_is_endorsed_and_a_custodian_endorses_its_own() {
    let (mut world, desks) = kivu();
    let Desks { drc_liaison, drc_delegation, .. } = &desks;
    let key = drc_liaison.renewed(1).unwrap();
    assert_eq!(refusal(&mut world, |it| replace(it, key.member())), not_endorsed("drc/liaison"));
    enact(&mut world, |it| replace(it, key.member_endorsed_by(drc_delegation)));
    let own = drc_delegation.renewed(1).unwrap();
    let by_itself = own.member_endorsed_by(&own);
    assert_eq!(refusal(&mut world, |it| replace(it, by_itself)), not_endorsed("drc/delegation"));
    enact(&mut world, |it| replace(it, own.member_endorsed_by(drc_delegation)));
}

#[test]
fn mediators_neither_make_nor_unmake_a_custodian() {
    let (mut world, desks) = kivu();
    let mut promoted = desks.drc_liaison.member();
    promoted.custodian = true;
    assert_eq!(refusal(&mut world, |it| replace(it, promoted)), not_endorsed("drc/liaison"));
    let mut demoted = desks.drc_delegation.member();
    demoted.custodian = false;
    assert_eq!(refusal(&mut world, |it| replace(it, demoted)), not_endorsed("drc/delegation"));
}

#[test]
fn a_party_that_never_had_a_custodian_needs_no_endorsement() {
    let (mut world, _) = kivu();
    let newcomer = Desk::new(Role::Party, "burundi/delegation").unwrap();
    enact(&mut world, |charter| replace(charter, newcomer.member()));
    let custodian = Desk::custodian("burundi/custodian").unwrap();
    enact(&mut world, |charter| replace(charter, custodian.member()));
    let third = Desk::new(Role::Party, "burundi/liaison").unwrap();
    assert_eq!(refusal(&mut world, |it| replace(it, third.member())), not_endorsed("burundi/liaison"));
}

#[test]
fn mediators_and_auditors_need_no_endorsement() {
    let (mut world, _) = kivu();
    let third = Desk::new(Role::Auditor, "un/monitor-3").unwrap();
    enact(&mut world, |charter| replace(charter, third.member()));
}

#[test]
fn a_party_without_custodians_is_changed_by_a_succession_only() {
    let (mut world, desks) = kivu();
    enact(&mut world, |charter| remove(charter, &desks.drc_delegation));
    let why = "changes a party whose custodians are all gone, which only a succession may do";
    for member in [envoy().member(), envoy().member_endorsed_by(&desks.drc_delegation)] {
        assert_eq!(refusal(&mut world, |charter| replace(charter, member)), Refusal::Charter(why));
    }
    let next = Desk::custodian("drc/embassy").unwrap();
    enact(&mut world, |charter| {
        replace(charter, next.member());
        charter.succession = true;
    });
    // The new custodian's word counts from now on, and the flag is not carried on.
    enact(&mut world, |charter| replace(charter, envoy().member_endorsed_by(&next)));
    assert!(!world.state(room(&world)).unwrap().charter().succession);
}

#[test]
fn a_custodian_removed_and_replaced_in_one_charter_is_not_gone() {
    let (mut world, desks) = kivu();
    let usurper = Desk::custodian("drc/usurper").unwrap();
    for succession in [false, true] {
        let refusal = refusal(&mut world, |charter| {
            remove(charter, &desks.drc_delegation);
            replace(charter, usurper.member());
            charter.succession = succession;
        });
        assert_eq!(refusal, not_endorsed("drc/usurper"));
    }
}

#[test]
fn a_succession_is_claimed_only_where_there_is_one() {
    let (mut world, desks) = kivu();
    let why = Refusal::Charter("claims a succession, but a custodian is left");
    assert_eq!(refusal(&mut world, |charter| charter.succession = true), why);
    let refusal = refusal(&mut world, |charter| {
        replace(charter, envoy().member_endorsed_by(&desks.drc_delegation));
        charter.succession = true;
    });
    assert_eq!(refusal, why);
}

#[test]
fn a_key_belongs_to_one_member_for_ever() {
    let (mut world, desks) = kivu();
    let liaison = &desks.drc_liaison;
    enact(&mut world, |charter| remove(charter, liaison));
    let mut thief = envoy().card().clone();
    thief.sign_key = liaison.card().sign_key;
    let mut sealed = envoy().card().clone();
    sealed.seal_key = liaison.card().seal_key.clone();
    let mut certified = envoy().card().clone();
    certified.tls_key = liaison.card().tls_key;
    let seal_id = liaison.card().seal_key.as_ref().unwrap().key_id();
    for (card, key) in
        [(thief, liaison.key_id()), (sealed, seal_id), (certified, KeyId(liaison.card().tls_key))]
    {
        let endorsement = card.sign(desks.drc_delegation.sign_key());
        let member = card.into_member(Some(endorsement), None);
        assert_eq!(refusal(&mut world, |charter| replace(charter, member)), Refusal::KeyReused(key));
    }
    enact(&mut world, |charter| replace(charter, liaison.member_endorsed_by(&desks.drc_delegation)));
}

#[test]
fn a_key_serves_one_purpose_for_ever() {
    let (mut world, desks) = kivu();
    let mut card = desks.drc_liaison.renewed(1).unwrap().card().clone();
    card.tls_key = desks.drc_liaison.key_id().0;
    let endorsement = card.sign(desks.drc_delegation.sign_key());
    let member = card.into_member(Some(endorsement), None);
    let key = desks.drc_liaison.key_id();
    assert_eq!(refusal(&mut world, |charter| replace(charter, member)), Refusal::KeyReused(key));
}

#[test]
fn a_key_that_signs_statements_has_no_certificate() {
    let (mut world, desks) = kivu();
    let spki = |desk: &Desk| {
        let prefix = hex::decode("302a300506032b6570032100").unwrap();
        Digest::of_parts(&[&prefix, &desk.card().sign_key.to_bytes()])
    };
    for other in [&envoy(), &desks.washington] {
        let mut card = envoy().card().clone();
        card.tls_key = spki(other);
        let endorsement = card.sign(desks.drc_delegation.sign_key());
        let member = card.into_member(Some(endorsement), None);
        let refusal = refusal(&mut world, |charter| replace(charter, member));
        assert_eq!(refusal, Refusal::KeyReused(KeyId(spki(other))));
    }
}
