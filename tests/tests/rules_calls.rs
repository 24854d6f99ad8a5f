//! The call that enacts a proposal: whole or not at all, with exactly its targets and signatures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use tearline_ledger::{
    id::RoomId,
    rules::{Effect, Refusal, SignatureError},
    statement::Act,
};
use tearline_tests::{
    desk::{Desk, Desks},
    house::NotTaken,
    world::{Drafted, World, identity, sign, signature, submission},
};

fn kivu() -> (World, Desks) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    (world, desks)
}

/// washington proposes a post to drc and one to the plenary; it stands.
fn proposed() -> (World, Desks, Drafted) {
    let (world, drafted) = World::with_proposal().unwrap();
    let desks = world.desks.clone();
    (world, desks, drafted)
}

fn full_call(world: &mut World, desks: &Desks, drafted: &Drafted) -> Vec<(RoomId, Bytes)> {
    world.last_call(&desks.kinshasa, drafted, &[&desks.washington, &desks.kinshasa]).unwrap()
}

/// A charter in every room by which washington has another key; enacted.
fn replace_washington(world: &mut World, desks: &Desks) -> Desk {
    let other = desks.washington.renewed(1).unwrap();
    let rooms: Vec<RoomId> = world.house.rooms().map(|(id, _)| id).collect();
    let charters = rooms.into_iter().map(|room| {
        world
            .charter(room, &desks.kinshasa, |charter| {
                charter.members.retain(|member| member.name != *other.name());
                charter.members.push(other.member());
            })
            .unwrap()
    });
    let charters = charters.collect();
    world.enact(charters, &desks.kinshasa, &[&desks.kigali]).unwrap();
    other
}

#[test]
fn the_second_of_two_approvals_enacts_all_targets_in_one_call() {
    let (mut world, desks, drafted) = proposed();
    let call = full_call(&mut world, &desks, &drafted);
    let taken = world.house.append(&call).unwrap();
    let Effect::Enacted { proposal, targets } = taken[0].effect() else { panic!("{:?}", taken[0]) };
    assert_eq!(*proposal, identity(&drafted.statement));
    assert_eq!(targets.len(), 2);
    for (target, entry) in targets.iter().zip(&taken[1..]) {
        assert_eq!(target.identity, entry.signed().identity());
        assert_eq!(target.signatures, entry.signed().envelope.signatures());
    }
    assert!(world.state(world.house.chamber()).unwrap().proposals().is_empty());
}

#[test]
fn a_signature_by_a_key_that_was_replaced_since_enacts_nothing() {
    let (mut world, desks, drafted) = proposed();
    replace_washington(&mut world, &desks);
    let call = full_call(&mut world, &desks, &drafted);
    // The targets were drafted upon the old charters, so they are refused before their signers are.
    assert!(matches!(world.call_refusal(&call).unwrap(), Refusal::BasisLeavesOut { .. }));
    let call = &call[..1];
    assert_eq!(world.call_refusal(call).unwrap(), Refusal::TargetsMissing(2));
}

#[test]
fn mediators_keys_change_in_all_rooms_or_in_none() {
    let (mut world, desks) = kivu();
    let other = desks.washington.renewed(1).unwrap();
    let drc = world.room("drc").unwrap();
    let charter = world
        .charter(drc, &desks.kinshasa, |charter| {
            charter.members.retain(|member| member.name != *other.name());
            charter.members.push(other.member());
        })
        .unwrap();
    let refused = world.enact(vec![charter], &desks.kinshasa, &[&desks.kigali]).unwrap_err();
    assert_eq!(refused.to_string(), "the mediators of room drc are not those of the chamber");
    replace_washington(&mut world, &desks);
}

#[test]
fn an_approval_whose_signatures_are_of_another_text_enacts_nothing() {
    let (mut world, desks, drafted) = proposed();
    let mut call = full_call(&mut world, &desks, &drafted);
    let mut approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    if let Act::Approval { signatures, .. } = &mut approval.act {
        signatures.reverse();
    }
    call[0] = submission(&sign(&approval, &[&desks.kinshasa]).unwrap());
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::NotTheTarget);
    // Nor if the targets come with the very signatures that the approval holds.
    let mut wrong = sign(&drafted.targets[0], &[&desks.washington, &desks.kinshasa]).unwrap();
    let mut signatures = wrong.envelope.signatures().to_vec();
    for it in &mut signatures {
        if it.key_id == desks.kinshasa.key_id() {
            it.bytes = signature(&drafted.targets[1], &desks.kinshasa);
        }
    }
    let kind = tearline_ledger::envelope::PayloadType::Statement;
    wrong.envelope =
        tearline_ledger::envelope::Envelope::of(kind, wrong.envelope.payload().clone(), signatures).unwrap();
    call[1] = submission(&wrong);
    let bad = NotTaken::Signature { at: 1, error: SignatureError::Bad };
    assert_eq!(world.house.append(&call), Err(bad));
}

#[test]
fn an_approval_of_another_proposal_enacts_that_one_only() {
    let (mut world, desks, first) = proposed();
    let drc = world.room("drc").unwrap();
    let other = [drc, drc].map(|room| world.post(room, &desks.washington, "another text").unwrap());
    let second = world.propose(&desks.washington, other.into()).unwrap();
    world.take(&second.statement, &[&desks.washington]).unwrap();
    let mut call = full_call(&mut world, &desks, &first);
    call[0] =
        submission(&sign(&world.approval(&desks.kinshasa, &second).unwrap(), &[&desks.kinshasa]).unwrap());
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::NotTheTarget);
}

#[test]
fn an_edited_text_is_another_statement() {
    let (mut world, desks, drafted) = proposed();
    let mut edited = drafted.clone();
    edited.targets[0] =
        world.post(world.room("drc").unwrap(), &desks.washington, "an edited cease-fire").unwrap();
    let call = full_call(&mut world, &desks, &edited);
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::NotTheTarget);
}

#[test]
fn a_room_with_a_higher_quorum_keeps_it() {
    let (mut world, desks) = kivu();
    let drc = world.room("drc").unwrap();
    let charter = world.charter(drc, &desks.kinshasa, |charter| charter.quorum = 3).unwrap();
    world.enact(vec![charter], &desks.kinshasa, &[&desks.kigali]).unwrap();
    let post = world.post(drc, &desks.washington, "offer").unwrap();
    let refused = world.enact(vec![post], &desks.washington, &[&desks.kinshasa]).unwrap_err();
    let refusal = refused.downcast_ref::<NotTaken>().and_then(NotTaken::refusal).cloned();
    let act = "a mediator's post";
    assert_eq!(refusal, Some(Refusal::NoQuorum { act, needed: 3, mediators: 2, count: 2 }));
}

#[test]
fn half_of_a_joint_release_is_refused_and_nothing_of_it_stands() {
    let (mut world, desks, drafted) = proposed();
    let call = full_call(&mut world, &desks, &drafted);
    let sizes = |world: &World| world.house.rooms().map(|(_, room)| room.replay().size()).collect::<Vec<_>>();
    let before = sizes(&world);
    for (part, refusal) in [
        (vec![call[0].clone()], Refusal::TargetsMissing(2)),
        (vec![call[0].clone(), call[1].clone()], Refusal::TargetsMissing(1)),
        (vec![call[0].clone(), call[2].clone()], Refusal::NotTheTarget),
        (vec![call[0].clone(), call[2].clone(), call[1].clone()], Refusal::NotTheTarget),
        (vec![call[1].clone()], Refusal::NotEnacted),
        (vec![call[1].clone(), call[2].clone()], Refusal::NotEnacted),
        (vec![call[1].clone(), call[0].clone(), call[2].clone()], Refusal::NotEnacted),
    ] {
        assert_eq!(world.call_refusal(&part).unwrap(), refusal);
        assert_eq!(sizes(&world), before);
    }
    world.house.append(&call).unwrap();
}

#[test]
fn targets_come_with_exactly_the_signatures_that_enacted_them() {
    let (mut world, desks, drafted) = proposed();
    let mut call = full_call(&mut world, &desks, &drafted);
    for signers in [vec![&desks.washington, &desks.kigali], desks.mediators().to_vec()] {
        call[1] = submission(&sign(&drafted.targets[0], &signers).unwrap());
        assert_eq!(world.call_refusal(&call).unwrap(), Refusal::NotTheTarget);
    }
}

#[test]
fn what_needs_no_quorum_is_not_enacted() {
    let (mut world, desks) = kivu();
    let drc = world.room("drc").unwrap();
    let post = world.post(drc, &desks.drc_liaison, "ours").unwrap();
    let drafted = world.propose(&desks.washington, vec![post.clone()]).unwrap();
    world.take(&drafted.statement, &[&desks.washington]).unwrap();
    let approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    let approval = submission(&sign(&approval, &[&desks.kinshasa]).unwrap());
    let own = submission(&sign(&post, &[&desks.drc_liaison]).unwrap());
    assert_eq!(world.call_refusal(&[approval, own]).unwrap(), Refusal::NotTheTarget);
    let refused = world.last_call(&desks.kinshasa, &drafted, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(world.call_refusal(&refused).unwrap(), Refusal::AuthorDidNotSign);
}

#[test]
fn what_was_enacted_is_not_enacted_again() {
    let (mut world, desks, drafted) = proposed();
    let call = full_call(&mut world, &desks, &drafted);
    let taken = world.house.append(&call).unwrap();
    let index = taken[0].index();
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::Repeated { index });
    let again = world.propose(&desks.washington, drafted.targets.clone()).unwrap();
    world.take(&again.statement, &[&desks.washington]).unwrap();
    let call = full_call(&mut world, &desks, &again);
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::Repeated { index: taken[1].index() });
}

#[test]
fn several_statements_of_one_call_stand_in_order() {
    let (mut world, desks) = kivu();
    let drc = world.room("drc").unwrap();
    let call = [0, 1, 2].map(|_| {
        let post = world.post(drc, &desks.drc_liaison, "one of three").unwrap();
        submission(&sign(&post, &[&desks.drc_liaison]).unwrap())
    });
    let indexes: Vec<_> =
        world.house.append(&call).unwrap().iter().map(tearline_ledger::rules::VerifiedEntry::index).collect();
    assert_eq!(indexes, [1, 2, 3]);
}
#[test]
fn a_mediator_with_a_new_key_does_not_approve_what_it_proposed_with_the_old_one() {
    let (mut world, desks, drafted) = proposed();
    let other = replace_washington(&mut world, &desks);
    let approval = world.approval(&other, &drafted).unwrap();
    assert_eq!(world.refusal(&approval, &[&other]).unwrap(), Refusal::AlreadySigned);
}
