//! Where a statement may stand: its room, id, time and basis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    merkle::TreeSize,
    rules::{Past, Refusal},
    statement::{Basis, Statement},
};
use tearline_tests::{
    desk::{Desk, Desks},
    house::NotTaken,
    world::{World, sign, submission},
};

const DAY: u64 = 24 * 3600;

fn kivu() -> (World, Desks, RoomId) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    let drc = world.room("drc").unwrap();
    (world, desks, drc)
}

fn take(world: &mut World, room: RoomId, desk: &Desk) -> Statement {
    let post = world.post(room, desk, "text").unwrap();
    world.take(&post, &[desk]).unwrap();
    post
}

#[test]
fn a_statement_does_not_stand_in_another_room() {
    let (mut world, desks, drc) = kivu();
    let plenary = world.room("plenary").unwrap();
    let post = world.post(drc, &desks.drc_liaison, "for drc").unwrap();
    let signed = sign(&post, &[&desks.drc_liaison]).unwrap();
    let answer = world.house.append(&[(plenary, signed.envelope.encode())]);
    assert_eq!(answer, Err(NotTaken::SentElsewhere { at: 0 }));
    // The rules see it too, whatever a server does.
    let key = |_: &_, _: &_| Some(desks.drc_liaison.card().sign_key);
    let checked = tearline_ledger::rules::check(vec![signed], key).pop().unwrap().unwrap();
    let entry = tearline_ledger::rules::CheckedEntry { accepted_at: world.house.now(), checked };
    let room = world.house.room(plenary).unwrap();
    let mut state = room.replay().state().unwrap().clone();
    let answer = tearline_ledger::rules::apply(&mut state, &entry, room.replay().past());
    assert_eq!(answer, Err(Refusal::OtherRoom));
    assert_eq!(&state, room.replay().state().unwrap());
}

#[test]
fn a_founding_charter_does_not_stand_in_a_room_that_exists() {
    let (world, _, drc) = kivu();
    let founding = world.house.room(drc).unwrap().entries()[0].signed().clone();
    let mut world = world;
    assert_eq!(world.call_refusal(&[submission(&founding)]).unwrap(), Refusal::OtherRoom);
}

#[test]
fn a_statement_stands_once() {
    let (mut world, desks, drc) = kivu();
    let post = take(&mut world, drc, &desks.drc_liaison);
    assert_eq!(world.refusal(&post, &[&desks.drc_liaison]).unwrap(), Refusal::Repeated { index: 1 });
    // With other signatures it is the same statement.
    assert_eq!(world.refusal(&post, &desks.drc()).unwrap(), Refusal::Repeated { index: 1 });
}

#[test]
fn an_id_is_used_once_in_a_room() {
    let (mut world, desks, drc) = kivu();
    let first = take(&mut world, drc, &desks.drc_liaison);
    let mut second = world.post(drc, &desks.drc_delegation, "another").unwrap();
    second.id = first.id;
    assert_eq!(world.refusal(&second, &[&desks.drc_delegation]).unwrap(), Refusal::IdTaken { index: 1 });
    let plenary = world.room("plenary").unwrap();
    let mut elsewhere = world.post(plenary, &desks.drc_delegation, "another").unwrap();
    elsewhere.id = first.id;
    world.take(&elsewhere, &[&desks.drc_delegation]).unwrap();
}

#[test]
fn an_id_is_used_once_in_a_call() {
    let (mut world, desks, drc) = kivu();
    let first = world.post(drc, &desks.drc_liaison, "one").unwrap();
    let mut second = world.post(drc, &desks.drc_liaison, "two").unwrap();
    second.id = first.id;
    let send = |statement: &Statement| submission(&sign(statement, &[&desks.drc_liaison]).unwrap());
    let refusal = world.call_refusal(&[send(&first), send(&second)]).unwrap();
    assert_eq!(refusal, Refusal::IdTaken { index: 1 });
    let refusal = world.call_refusal(&[send(&first), send(&first)]).unwrap();
    assert_eq!(refusal, Refusal::Repeated { index: 1 });
}

#[test]
fn time_does_not_go_back() {
    let (mut world, desks, drc) = kivu();
    world.pass(10);
    take(&mut world, drc, &desks.drc_liaison);
    let post = world.post(drc, &desks.drc_liaison, "earlier").unwrap();
    let now = world.house.now();
    world.house.set_now(now - 1);
    assert_eq!(world.refusal(&post, &[&desks.drc_liaison]).unwrap(), Refusal::TimeGoesBack);
    world.house.set_now(now);
    world.take(&post, &[&desks.drc_liaison]).unwrap();
}

#[test]
fn a_statement_is_taken_until_its_end() {
    let (mut world, desks, drc) = kivu();
    let mut post = world.post(drc, &desks.drc_liaison, "until").unwrap();
    post.not_after = Some(world.house.now());
    world.pass(1);
    assert_eq!(world.refusal(&post, &[&desks.drc_liaison]).unwrap(), Refusal::TooLate);
    post.not_after = Some(world.house.now());
    world.take(&post, &[&desks.drc_liaison]).unwrap();
}

#[test]
fn a_room_is_founded_until_its_charters_end() {
    let mut world = World::chamber_only().unwrap();
    let desks = world.desks.clone();
    let members = world.members_with(&["drc"]);
    let mut founding = world.founding("drc", 2, members, &desks.washington).unwrap();
    founding.not_after = Some(world.house.now());
    let drafted = world.propose(&desks.washington, vec![founding]).unwrap();
    world.take(&drafted.statement, &[&desks.washington]).unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let call = world.last_call(&desks.kinshasa, &drafted, &signers).unwrap();
    world.pass(1);
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::TooLate);
}

/// What the rules say to a post of drc's upon this basis; the room has 3 entries.
fn upon(basis: impl FnOnce(&World, Basis) -> Basis) -> Refusal {
    let (mut world, desks, drc) = kivu();
    take(&mut world, drc, &desks.drc_liaison);
    take(&mut world, drc, &desks.drc_liaison);
    let mut post = world.post(drc, &desks.drc_liaison, "text").unwrap();
    post.basis = basis(&world, post.basis);
    world.refusal(&post, &[&desks.drc_liaison]).unwrap()
}

#[test]
fn a_basis_that_never_was_is_refused() {
    let refusal = upon(|_, basis| Basis { root: Digest([1; 32]), ..basis });
    assert_eq!(refusal, Refusal::BasisNeverWas { basis: 3 });
    let refusal = upon(|_, basis| Basis { size: TreeSize(2), ..basis });
    assert_eq!(refusal, Refusal::BasisNeverWas { basis: 2 });
}

#[test]
fn a_basis_from_the_future_is_refused() {
    for size in [4, u64::MAX] {
        let refusal = upon(|_, basis| Basis { size: TreeSize(size), ..basis });
        assert_eq!(refusal, Refusal::BasisInFuture { basis: size, size: 3 });
    }
}

#[test]
fn a_basis_of_another_room_is_refused() {
    let refusal = upon(|world, _| world.basis_at(world.room("plenary").unwrap(), 1).unwrap());
    assert_eq!(refusal, Refusal::BasisNeverWas { basis: 1 });
}

#[test]
fn writers_do_not_wait_for_each_other() {
    let (mut world, desks, drc) = kivu();
    let posts: Vec<_> =
        (0..5).map(|_| world.post(drc, &desks.drc_liaison, "upon the founding").unwrap()).collect();
    for post in &posts {
        assert_eq!(post.basis.size, TreeSize(1));
        world.take(post, &[&desks.drc_liaison]).unwrap();
    }
}

#[test]
fn a_basis_is_upon_the_charter_in_force() {
    let (mut world, desks, drc) = kivu();
    let mut post = world.post(drc, &desks.drc_liaison, "before").unwrap();
    let charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).unwrap();
    if let tearline_ledger::statement::Act::Post(post) = &mut post.act {
        post.epoch = 2;
    }
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::BasisLeavesOut { index: 1 });
}

#[test]
fn a_basis_is_as_old_as_the_first_entry_that_it_leaves_out() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.drc_liaison, "upon the founding").unwrap();
    // However old, a basis that leaves nothing out is good.
    world.pass(30 * DAY);
    world.clone().take(&post, &[&desks.drc_liaison]).unwrap();
    take(&mut world, drc, &desks.drc_liaison);
    world.pass(7 * DAY);
    world.clone().take(&post, &[&desks.drc_liaison]).unwrap();
    world.pass(1);
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::BasisTooOld { basis: 1 });
}

#[test]
fn the_charter_says_how_old_a_basis_may_be() {
    let (mut world, desks, drc) = kivu();
    let charter = world.charter(drc, &desks.washington, |it| it.limits.basis_age = 60).unwrap();
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).unwrap();
    let post = world.post(drc, &desks.drc_liaison, "slow").unwrap();
    take(&mut world, drc, &desks.drc_liaison);
    world.pass(61);
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::BasisTooOld { basis: 2 });
}

#[test]
fn a_refused_call_leaves_everything_as_it_was() {
    let (mut world, desks, drc) = kivu();
    let good = world.post(drc, &desks.drc_liaison, "good").unwrap();
    let bad = world.post(drc, &desks.drc_delegation, "bad").unwrap();
    let before = world.basis(drc).unwrap();
    let send = |statement: &Statement| submission(&sign(statement, &[&desks.drc_liaison]).unwrap());
    let refusal = world.call_refusal(&[send(&good), send(&bad)]).unwrap();
    assert_eq!(refusal, Refusal::AuthorDidNotSign);
    assert_eq!(world.basis(drc).unwrap(), before);
    assert_eq!(world.house.room(drc).unwrap().replay().past().find(&good.id), None);
    world.take(&good, &[&desks.drc_liaison]).unwrap();
}
