//! Acknowledgements: in a party's own room, by those who read there, of what they read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    digest::Digest,
    id::{Identity, RoomId},
    rules::{Effect, Refusal, VerifiedEntry},
    statement::{Act, Signed, StatementError},
};
use tearline_tests::{
    desk::Desks,
    world::{World, reference, sign},
};

/// The world with a post by drc in its own room and one in the plenary.
fn read() -> (World, Desks, RoomId, [VerifiedEntry; 2]) {
    let mut world = World::kivu().unwrap();
    let desks = world.desks.clone();
    let posts = ["drc", "plenary"].map(|name| {
        let room = world.room(name).unwrap();
        let post = world.post(room, &desks.drc_delegation, "commitment").unwrap();
        world.take(&post, &[&desks.drc_delegation]).unwrap()
    });
    let drc = posts[0].room();
    (world, desks, drc, posts)
}

#[test]
fn a_party_acknowledges_in_its_own_room_what_it_read_there_and_elsewhere() {
    let (mut world, desks, drc, [own, shared]) = read();
    for posts in [vec![&own], vec![&shared], vec![&own, &shared]] {
        let it = world.acknowledgement(drc, &desks.drc_liaison, &posts).unwrap();
        assert_eq!(*world.take(&it, &[&desks.drc_liaison]).unwrap().effect(), Effect::Acknowledged);
    }
}

#[test]
fn a_mediator_acknowledges_in_a_partys_room_that_rooms_posts_only() {
    let (mut world, desks, drc, [own, shared]) = read();
    let it = world.acknowledgement(drc, &desks.kigali, &[&own]).unwrap();
    world.take(&it, &[&desks.kigali]).unwrap();
    let rwanda = world.room("rwanda").unwrap();
    let secret = world.post(rwanda, &desks.rwanda_liaison, "in confidence").unwrap();
    let secret = world.take(&secret, &[&desks.rwanda_liaison]).unwrap();
    for posts in [vec![&secret], vec![&own, &secret], vec![&own, &shared]] {
        let it = world.acknowledgement(drc, &desks.kigali, &posts).unwrap();
        let refusal = world.refusal(&it, &[&desks.kigali]).unwrap();
        let why = "a mediator acknowledges in a party's room that room's posts only";
        assert_eq!(refusal, Refusal::NotAllowed(why));
    }
}

#[test]
fn nobody_acknowledges_in_the_chamber_or_in_a_shared_room() {
    let (mut world, desks, _, [_, shared]) = read();
    for (room, desk) in [
        (world.house.chamber(), &desks.washington),
        (shared.room(), &desks.washington),
        (shared.room(), &desks.drc_liaison),
    ] {
        let it = world.acknowledgement(room, desk, &[&shared]).unwrap();
        let refusal = world.refusal(&it, &[desk]).unwrap();
        assert_eq!(refusal, Refusal::NotAllowed("an acknowledgement belongs in a party's own room"));
    }
}

#[test]
fn an_auditor_acknowledges_nothing() {
    let (mut world, desks, drc, [own, _]) = read();
    let it = world.acknowledgement(drc, &desks.monitor_1, &[&own]).unwrap();
    let refusal = world.refusal(&it, &[&desks.monitor_1]).unwrap();
    assert_eq!(refusal, Refusal::NotAllowed("an auditor reads nothing, and so acknowledges nothing"));
}

#[test]
fn an_acknowledgement_has_one_signature() {
    let (mut world, desks, drc, [own, _]) = read();
    let it = world.acknowledgement(drc, &desks.drc_liaison, &[&own]).unwrap();
    let refusal = world.refusal(&it, &desks.drc()).unwrap();
    assert_eq!(refusal, Refusal::NotOneSigner { act: "an acknowledgement", count: 2 });
}

#[test]
fn only_a_post_that_stands_is_acknowledged() {
    let (mut world, desks, drc, [own, _]) = read();
    let mut unknown = reference(&own);
    unknown.statement = Identity(Digest([7; 32]));
    let charter = reference(&world.house.room(drc).unwrap().entries()[0]);
    let mut mixed = reference(&own);
    mixed.id = charter.id;
    for it in [unknown, charter, mixed] {
        let act = Act::Acknowledgement(vec![it]);
        let it = world.statement(drc, &desks.drc_liaison, false, act).unwrap();
        assert_eq!(world.refusal(&it, &[&desks.drc_liaison]).unwrap(), Refusal::NoSuchPost);
    }
}

#[test]
fn an_acknowledgement_is_made_upon_a_history_that_has_the_post() {
    let (mut world, desks, drc, [own, _]) = read();
    let mut it = world.acknowledgement(drc, &desks.drc_liaison, &[&own]).unwrap();
    it.basis = world.basis_at(drc, own.index()).unwrap();
    let refusal = world.refusal(&it, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::BasisLeavesOut { index: own.index() });
}

#[test]
fn a_million_acknowledgements_none_or_one_twice_are_no_statement() {
    let (mut world, desks, drc, [own, shared]) = read();
    let good = [reference(&own), reference(&shared)];
    let mut parse = |refs: Vec<_>| {
        let it = world.statement(drc, &desks.drc_liaison, false, Act::Acknowledgement(refs)).unwrap();
        let signed = sign(&it, &[&desks.drc_liaison]);
        signed.map_err(|error| error.downcast::<StatementError>().unwrap()).map(|it: Signed| it.statement)
    };
    let bounds = Err(StatementError::Field("acknowledged posts are not 1 to 256"));
    assert_eq!(parse(vec![good[0]; 1_000_000]), bounds);
    assert_eq!(parse(vec![good[0]; 257]), bounds);
    assert_eq!(parse(vec![]), bounds);
    let order = Err(StatementError::Field("acknowledged posts are not in ascending order"));
    assert_eq!(parse(vec![good[0], good[0]]), order);
    let mut descending = good.to_vec();
    descending.sort();
    descending.reverse();
    assert_eq!(parse(descending), order);
}
