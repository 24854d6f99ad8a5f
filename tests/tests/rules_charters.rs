//! How a room is founded, what may follow upon the charter in force, and who must sign it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    charter::Charter,
    id::RoomId,
    name::Role,
    rules::{Effect, Refusal, VerifiedEntry},
    statement::{Act, Statement},
};
use tearline_tests::{
    desk::{Desk, Desks},
    house::{House, NotTaken},
    world::{World, sign, submission},
};

fn kivu() -> (World, Desks, RoomId) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    let drc = world.room("drc").unwrap();
    (world, desks, drc)
}

fn remove(charter: &mut Charter, desk: &Desk) {
    charter.members.retain(|member| member.name != *desk.name());
}

/// What the rules say to a charter of drc with this change, signed by two mediators.
fn by_mediators(world: &mut World, change: impl FnOnce(&mut Charter)) -> Refusal {
    let (desks, drc) = (world.desks.clone(), world.room("drc").unwrap());
    let charter = world.charter(drc, &desks.washington, change).unwrap();
    world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap()
}

fn enact(world: &mut World, change: impl FnOnce(&mut Charter)) -> VerifiedEntry {
    let (desks, drc) = (world.desks.clone(), world.room("drc").unwrap());
    let charter = world.charter(drc, &desks.washington, change).unwrap();
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).unwrap().pop().unwrap()
}

#[test]
fn the_chamber_is_founded_by_all_its_mediators_together() {
    let mut world = World::chamber_only().unwrap();
    let desks = world.desks.clone();
    let members = world.members_with(&[]);
    let founding = world.founding("chamber", 2, members, &desks.washington).unwrap();
    let all = desks.mediators();
    let refused = Refusal::Charter("founds the chamber, so all its mediators sign it, and no one else");
    for (signers, refusal) in [
        (vec![all[0], all[1], all[2]], None),
        (vec![all[0], all[1]], Some(refused.clone())),
        (vec![all[0], all[1], all[2], &desks.monitor_1], Some(refused)),
        (vec![all[1], all[2]], Some(Refusal::AuthorDidNotSign)),
    ] {
        let signed = sign(&founding, &signers).unwrap();
        let mut house = House::new(signed.room(), world.house.now());
        let answer = house.append(&[submission(&signed)]);
        assert_eq!(answer.as_ref().err().and_then(NotTaken::refusal), refusal.as_ref());
        assert_eq!(answer.is_ok(), refusal.is_none());
    }
}

#[test]
fn no_party_is_in_the_chamber() {
    let (mut world, desks, _) = kivu();
    let members = world.members_with(&["drc"]);
    let founding = world.founding("chamber", 2, members, &desks.washington).unwrap();
    let why = Refusal::Charter("names a party in the chamber, which is the mediators' own");
    assert_eq!(world.refusal(&founding, &desks.mediators()).unwrap(), why);
    let chamber = world.house.chamber();
    let charter = world
        .charter(chamber, &desks.washington, |charter| charter.members.push(desks.drc_liaison.member()))
        .unwrap();
    assert_eq!(world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap(), why);
}

#[test]
fn a_second_chamber_is_not_founded() {
    let (mut world, desks, _) = kivu();
    let members = world.members_with(&[]);
    let founding = world.founding("chamber", 2, members, &desks.washington).unwrap();
    let answer = world.send(&founding, &desks.mediators()).unwrap();
    assert!(matches!(answer, Err(NotTaken::Instance(_))), "{answer:?}");
    let refused = world.enact(vec![founding], &desks.washington, &[&desks.kinshasa]).unwrap_err();
    assert!(refused.is::<NotTaken>(), "{refused}");
}

#[test]
fn a_room_is_founded_by_a_proposal_only() {
    let (mut world, desks, _) = kivu();
    let members = world.members_with(&["drc"]);
    let founding = world.founding("drc-2", 2, members, &desks.washington).unwrap();
    let two = [&desks.washington, &desks.kinshasa];
    assert_eq!(world.refusal(&founding, &two).unwrap(), Refusal::NotEnacted);
    let refusal = world.refusal(&founding, &[&desks.washington]).unwrap();
    let act = "a founding charter";
    assert_eq!(refusal, Refusal::NoQuorum { act, needed: 2, mediators: 1, count: 1 });
    let entry = world.enact(vec![founding], two[0], &two[1..]).unwrap().pop().unwrap();
    assert_eq!((entry.effect(), entry.by_quorum()), (&Effect::Founded, true));
}

#[test]
fn a_room_whose_name_is_taken_is_not_founded() {
    let (mut world, desks, _) = kivu();
    let members = world.members_with(&["drc"]);
    let founding = world.founding("drc", 2, members, &desks.washington).unwrap();
    let refused = world.enact(vec![founding], &desks.washington, &[&desks.kinshasa]).unwrap_err();
    assert_eq!(refused.to_string(), "two rooms are named drc");
}

#[test]
fn a_room_begins_with_its_founding_charter_and_without_succession() {
    let (mut world, desks, _) = kivu();
    let two = [&desks.washington, &desks.kinshasa];
    let nowhere = RoomId(tearline_ledger::digest::Digest([9; 32]));
    let mut post = world.post(world.house.chamber(), two[0], "first").unwrap();
    post.room = Some(nowhere);
    let refusal = world.refusal(&post, &two[..1]).unwrap();
    assert_eq!(refusal, Refusal::Charter("is missing: a room's first entry is its founding charter"));
    let mut charter = world.charter(world.house.chamber(), two[0], |_| ()).unwrap();
    charter.room = Some(nowhere);
    let refusal = world.refusal(&charter, &two).unwrap();
    assert_eq!(refusal, Refusal::Charter("founds no room, but a room's first entry does"));
    let members = world.members_with(&["drc"]);
    let mut founding = world.founding("other", 2, members, two[0]).unwrap();
    if let Act::Charter(charter) = &mut founding.act {
        charter.succession = true;
    }
    let refusal = world.refusal(&founding, &two).unwrap();
    assert_eq!(refusal, Refusal::Charter("claims a succession, but nobody came before"));
}

#[test]
fn a_founding_charter_tells_only_the_hour() {
    let (mut world, desks, _) = kivu();
    world.pass(1);
    let members = world.members_with(&["drc"]);
    let mut founding = world.founding("other", 2, members, &desks.washington).unwrap();
    founding.id = world.id(false);
    let refusal = world.refusal(&founding, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotWholeHour);
}

#[test]
fn any_change_is_a_charter_by_a_quorum_of_the_old_one() {
    let (mut world, desks, drc) = kivu();
    let entry = enact(&mut world, |charter| charter.quorum = 3);
    assert_eq!((entry.effect(), entry.by_quorum()), (&Effect::Chartered, true));
    assert_eq!(world.state(drc).unwrap().charter().epoch, 2);
    let refusal = by_mediators(&mut world, |charter| charter.quorum = 2);
    assert_eq!(refusal, Refusal::NoQuorum { act: "a charter", needed: 3, mediators: 2, count: 2 });
    let charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    let party = [&desks.washington, &desks.kinshasa, &desks.kigali, &desks.drc_delegation];
    let refusal = world.refusal(&charter, &party).unwrap();
    assert_eq!(refusal, Refusal::NoQuorum { act: "a charter", needed: 3, mediators: 3, count: 4 });
}

#[test]
fn a_charter_does_not_skip_or_repeat_an_epoch() {
    let (mut world, desks, drc) = kivu();
    enact(&mut world, |_| ());
    for epoch in [2, 4] {
        let mut charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
        if let Act::Charter(charter) = &mut charter.act {
            charter.epoch = epoch;
        }
        let refusal = world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap();
        assert_eq!(
            refusal,
            Refusal::Charter("does not follow: its epoch is not one more than that in force")
        );
    }
}

#[test]
fn a_charter_brings_a_fresh_key() {
    let (mut world, desks, drc) = kivu();
    let old = world.state(drc).unwrap().charter().key_commitment;
    let mut charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    if let Act::Charter(charter) = &mut charter.act {
        charter.key_commitment = old;
    }
    let refusal = world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::Charter("keeps the old room key; every charter brings a fresh one"));
}

#[test]
fn a_charter_of_another_domain_does_not_follow() {
    let (mut world, desks, drc) = kivu();
    let mut charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    if let Act::Charter(charter) = &mut charter.act {
        charter.log_vkey = charter.log_vkey.renamed("other.example".parse().unwrap());
        for member in &mut charter.members {
            member.name = member.name.as_str().replace("kivu.example", "other.example").parse().unwrap();
            member.endorsement = None;
        }
    }
    let refusal = world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::Charter("is of another domain"));
}

#[test]
fn a_charter_tells_only_the_hour() {
    let (mut world, desks, drc) = kivu();
    world.pass(1);
    let mut charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    charter.id = world.id(false);
    let refusal = world.refusal(&charter, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotWholeHour);
}

#[test]
fn who_is_no_member_signs_no_charter() {
    let (mut world, desks, drc) = kivu();
    let stranger = Desk::new(Role::Mediator, "us/goma").unwrap();
    let charter =
        world.charter(drc, &desks.washington, |charter| charter.members.push(stranger.member())).unwrap();
    let refusal = world.refusal(&charter, &[&desks.washington, &stranger]).unwrap();
    assert_eq!(refusal, Refusal::NotAMember(stranger.key_id()));
}

#[test]
fn a_custodian_alone_removes_members_of_its_party_itself_too() {
    for removed in [1, 2] {
        let (mut world, desks, drc) = kivu();
        world.pass(1);
        let gone = [&desks.drc_liaison, &desks.drc_delegation];
        let charter = world
            .charter(drc, &desks.drc_delegation, |charter| {
                gone[..removed].iter().for_each(|desk| remove(charter, desk));
            })
            .unwrap();
        let entry = world.take(&charter, &[&desks.drc_delegation]).unwrap();
        assert_eq!((entry.effect(), entry.by_quorum()), (&Effect::Chartered, false));
    }
}

type Change<'a> = Box<dyn Fn(&mut Charter) + 'a>;

#[test]
fn a_custodian_alone_does_nothing_else() {
    let (mut world, desks, _) = kivu();
    let plenary = world.room("plenary").unwrap();
    let Desks { drc_liaison, drc_delegation, rwanda_liaison, monitor_1, kigali, .. } = &desks;
    let stranger = Desk::new(Role::Party, "drc/envoy").unwrap();
    let limits = |charter: &mut Charter| charter.limits.attachments += 1;
    let changes: Vec<Change<'_>> = vec![
        Box::new(|_| ()),
        Box::new(|charter| remove(charter, rwanda_liaison)),
        Box::new(|charter| remove(charter, monitor_1)),
        Box::new(|charter| remove(charter, kigali)),
        Box::new(|charter| charter.members.push(stranger.member_endorsed_by(drc_delegation))),
        Box::new(|charter| (remove(charter, drc_liaison), remove(charter, rwanda_liaison)).1),
        Box::new(|charter| (remove(charter, drc_liaison), charter.quorum = 3).1),
        Box::new(|charter| (remove(charter, drc_liaison), limits(charter)).1),
        Box::new(|charter| (remove(charter, drc_liaison), charter.succession = true).1),
        Box::new(|charter| {
            remove(charter, drc_liaison);
            charter.service.address = "localhost:7444".to_owned();
        }),
        Box::new(|charter| {
            remove(charter, drc_liaison);
            charter.members.push(drc_liaison.renewed(1).unwrap().member_endorsed_by(drc_delegation));
        }),
        Box::new(|charter| {
            remove(charter, drc_liaison);
            charter.members.push(stranger.member_endorsed_by(drc_delegation));
        }),
    ];
    for (at, change) in changes.iter().enumerate() {
        let charter = world.charter(plenary, drc_delegation, change).unwrap();
        let refusal = world.refusal(&charter, &[drc_delegation]).unwrap();
        let act = "a charter";
        assert_eq!(refusal, Refusal::NoQuorum { act, needed: 2, mediators: 0, count: 1 }, "change {at}");
    }
}

#[test]
fn nobody_else_removes_alone() {
    let (mut world, desks, drc) = kivu();
    let change = |charter: &mut Charter| remove(charter, &desks.drc_delegation);
    let signers: [&[&Desk]; 4] = [
        &[&desks.drc_liaison],
        &[&desks.washington],
        &[&desks.drc_liaison, &desks.drc_delegation],
        &[&desks.washington, &desks.drc_delegation],
    ];
    for signers in signers {
        let charter: Statement = world.charter(drc, signers[0], change).unwrap();
        let refusal = world.refusal(&charter, signers).unwrap();
        assert!(matches!(refusal, Refusal::NoQuorum { .. }), "{refusal}");
    }
    let entry = enact(&mut world, |charter| remove(charter, &desks.drc_delegation));
    assert!(entry.by_quorum());
}
