//! Proposals, approvals and rejections: whose they are, where, and how long they are open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use tearline_ledger::{
    id::RoomId,
    rules::{Effect, Refusal},
    statement::{Act, Proposal, Statement},
};
use tearline_tests::{
    desk::Desks,
    world::{Drafted, OPEN_FOR, World, identity},
};

const DAY: u64 = 24 * 3600;

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

fn proposal(statement: &mut Statement) -> &mut Proposal {
    match &mut statement.act {
        Act::Proposal(proposal) => proposal,
        _ => panic!("not a proposal"),
    }
}

fn changed(change: impl FnOnce(&mut Statement)) -> Refusal {
    let (mut world, desks) = kivu();
    let target = world.post(world.room("drc").unwrap(), &desks.washington, "offer").unwrap();
    let mut drafted = world.propose(&desks.washington, vec![target]).unwrap();
    change(&mut drafted.statement);
    world.refusal(&drafted.statement, &[&desks.washington]).unwrap()
}

fn full_call(world: &mut World, desks: &Desks, drafted: &Drafted) -> Vec<(RoomId, Bytes)> {
    world.last_call(&desks.kinshasa, drafted, &[&desks.washington, &desks.kinshasa]).unwrap()
}

#[test]
fn a_proposal_may_ask_for_more_signatures_than_the_quorum() {
    let (mut world, desks) = kivu();
    let target = world.post(world.room("drc").unwrap(), &desks.washington, "offer").unwrap();
    let mut drafted = world.propose(&desks.washington, vec![target]).unwrap();
    proposal(&mut drafted.statement).quorum = 3;
    world.take(&drafted.statement, &[&desks.washington]).unwrap();
    let early = full_call(&mut world, &desks, &drafted);
    assert_eq!(world.call_refusal(&early).unwrap(), Refusal::NotEnacted);
    let approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    let entry = world.take(&approval, &[&desks.kinshasa]).unwrap();
    assert_eq!(*entry.effect(), Effect::Approved(identity(&drafted.statement)));
    let call = world.last_call(&desks.kigali, &drafted, &desks.mediators()).unwrap();
    assert_eq!(world.house.append(&call).unwrap()[1].signers().len(), 3);
}

#[test]
fn a_proposal_asks_for_no_fewer_than_the_quorum_and_no_more_than_there_are() {
    for quorum in [0, 1, 4, u32::MAX] {
        let refusal = changed(|statement| proposal(statement).quorum = quorum);
        assert_eq!(
            refusal,
            Refusal::Value("a proposal's quorum is from the chamber's to the number of mediators")
        );
    }
}

#[test]
fn a_proposal_is_open_for_at_most_seven_days() {
    let week = tearline_tests::world::START + 7 * DAY;
    let refusal = changed(|statement| statement.not_after = Some(week + 1));
    assert_eq!(refusal, Refusal::Value("a proposal is open for at most 7 days"));
    let (mut world, desks) = kivu();
    let target = world.post(world.room("drc").unwrap(), &desks.washington, "offer").unwrap();
    let mut drafted = world.propose(&desks.washington, vec![target]).unwrap();
    drafted.statement.not_after = Some(week);
    world.take(&drafted.statement, &[&desks.washington]).unwrap();
}

#[test]
fn a_proposal_is_sealed_within_the_rooms_epoch_and_limits() {
    let refusal = changed(|statement| proposal(statement).sealed.epoch = 2);
    assert_eq!(refusal, Refusal::Epoch { found: 2, current: 1 });
    let refusal = changed(|statement| proposal(statement).sealed.size = (1 << 20) + 1);
    assert_eq!(refusal, Refusal::OverLimit("the content's size"));
}

#[test]
fn open_proposals_are_limited_and_those_past_their_time_do_not_count() {
    let (mut world, desks) = kivu();
    let target = world.post(world.room("drc").unwrap(), &desks.washington, "offer").unwrap();
    let mut template = world.propose(&desks.washington, vec![target]).unwrap().statement;
    template.not_after = Some(world.house.now());
    for _ in 0..1024 {
        template.id = world.id(false);
        world.take(&template, &[&desks.washington]).unwrap();
    }
    template.id = world.id(false);
    let refusal = world.refusal(&template, &[&desks.washington]).unwrap();
    assert_eq!(refusal, Refusal::OverLimit("the number of open proposals"));
    world.pass(1);
    template.not_after = Some(world.house.now());
    world.take(&template, &[&desks.washington]).unwrap();
    assert_eq!(world.state(world.house.chamber()).unwrap().proposals().len(), 1);
}

#[test]
fn proposals_approvals_and_rejections_are_mediators_and_belong_in_the_chamber() {
    let (mut world, desks, drafted) = proposed();
    let drc = world.room("drc").unwrap();
    let approval = world.approval(&desks.monitor_1, &drafted).unwrap();
    let rejection = world.rejection(&desks.monitor_1, &drafted).unwrap();
    let second = world.propose(&desks.monitor_1, drafted.targets.clone()).unwrap().statement;
    for statement in [&approval, &rejection, &second] {
        let refusal = world.refusal(statement, &[&desks.monitor_1]).unwrap();
        assert_eq!(refusal, Refusal::NotAllowed("only a mediator proposes, approves or rejects"));
    }
    let approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    let rejection = world.rejection(&desks.kinshasa, &drafted).unwrap();
    let second = world.propose(&desks.kinshasa, drafted.targets.clone()).unwrap().statement;
    for mut statement in [approval, rejection, second] {
        statement.room = Some(drc);
        statement.basis = world.basis(drc).unwrap();
        let refusal = world.refusal(&statement, &[&desks.kinshasa]).unwrap();
        assert!(
            matches!(refusal, Refusal::NotAllowed(text) if text.ends_with("in the chamber")),
            "{refusal}"
        );
    }
}

#[test]
fn proposals_approvals_and_rejections_have_one_signature() {
    let (mut world, desks, drafted) = proposed();
    let two = [&desks.kinshasa, &desks.kigali];
    let approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    let rejection = world.rejection(&desks.kinshasa, &drafted).unwrap();
    let second = world.propose(&desks.kinshasa, drafted.targets.clone()).unwrap().statement;
    for (statement, act) in [(approval, "an approval"), (rejection, "a rejection"), (second, "a proposal")] {
        assert_eq!(world.refusal(&statement, &two).unwrap(), Refusal::NotOneSigner { act, count: 2 });
    }
}

#[test]
fn a_proposer_does_not_approve_its_own_proposal() {
    let (mut world, desks, drafted) = proposed();
    let call = world.last_call(&desks.washington, &drafted, &[&desks.washington]).unwrap();
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::AlreadySigned);
}

#[test]
fn nobody_approves_twice() {
    let (mut world, desks) = kivu();
    let target = world.post(world.room("drc").unwrap(), &desks.washington, "offer").unwrap();
    let mut drafted = world.propose(&desks.washington, vec![target]).unwrap();
    proposal(&mut drafted.statement).quorum = 3;
    world.take(&drafted.statement, &[&desks.washington]).unwrap();
    let approval = world.approval(&desks.kinshasa, &drafted).unwrap();
    world.take(&approval, &[&desks.kinshasa]).unwrap();
    let again = world.approval(&desks.kinshasa, &drafted).unwrap();
    assert_eq!(world.refusal(&again, &[&desks.kinshasa]).unwrap(), Refusal::AlreadySigned);
}

#[test]
fn an_approval_has_one_signature_for_each_target() {
    let (mut world, desks, drafted) = proposed();
    for count in [1, 3] {
        let mut approval = world.approval(&desks.kinshasa, &drafted).unwrap();
        if let Act::Approval { signatures, .. } = &mut approval.act {
            signatures.resize(count, [0; 64]);
        }
        let refusal = world.refusal(&approval, &[&desks.kinshasa]).unwrap();
        assert_eq!(refusal, Refusal::Value("an approval has one signature for each target, in order"));
    }
}

#[test]
fn an_unknown_enacted_or_rejected_proposal_is_not_open() {
    let (mut world, desks, drafted) = proposed();
    let mut unknown = drafted.clone();
    unknown.statement.id = world.id(false);
    let call = full_call(&mut world, &desks, &drafted);
    let acts = |world: &mut World, drafted: &Drafted| {
        [world.approval(&desks.kigali, drafted).unwrap(), world.rejection(&desks.kigali, drafted).unwrap()]
    };
    for statement in acts(&mut world, &unknown) {
        assert_eq!(world.refusal(&statement, &[&desks.kigali]).unwrap(), Refusal::ProposalNotOpen);
    }
    let mut rejected = world.clone();
    let rejection = rejected.rejection(&desks.kinshasa, &drafted).unwrap();
    let entry = rejected.take(&rejection, &[&desks.kinshasa]).unwrap();
    assert_eq!(*entry.effect(), Effect::Rejected(identity(&drafted.statement)));
    world.house.append(&call).unwrap();
    for mut world in [world, rejected] {
        for statement in acts(&mut world, &drafted) {
            assert_eq!(world.refusal(&statement, &[&desks.kigali]).unwrap(), Refusal::ProposalNotOpen);
        }
    }
}

#[test]
fn a_proposal_is_withdrawn_by_its_author() {
    let (mut world, desks, drafted) = proposed();
    let withdrawal = world.rejection(&desks.washington, &drafted).unwrap();
    world.take(&withdrawal, &[&desks.washington]).unwrap();
    let call = full_call(&mut world, &desks, &drafted);
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::ProposalNotOpen);
}

#[test]
fn a_proposal_is_open_until_its_end_and_not_a_second_longer() {
    let (mut world, desks, drafted) = proposed();
    world.pass(OPEN_FOR);
    let call = full_call(&mut world, &desks, &drafted);
    let mut late = world.clone();
    late.pass(1);
    assert_eq!(late.call_refusal(&call).unwrap(), Refusal::ProposalNotOpen);
    world.house.append(&call).unwrap();
}

#[test]
fn an_approval_is_made_upon_a_history_that_has_the_proposal() {
    let (mut world, desks, drafted) = proposed();
    let chamber = world.house.chamber();
    let index = world.state(chamber).unwrap().size().0 - 1;
    for mut statement in [
        world.approval(&desks.kinshasa, &drafted).unwrap(),
        world.rejection(&desks.kinshasa, &drafted).unwrap(),
    ] {
        statement.basis = world.basis_at(chamber, index).unwrap();
        let refusal = world.refusal(&statement, &[&desks.kinshasa]).unwrap();
        assert_eq!(refusal, Refusal::BasisLeavesOut { index });
    }
}

#[test]
fn a_proposal_made_before_the_quorum_was_raised_is_not_approved_after() {
    let (mut world, desks, drafted) = proposed();
    let chamber = world.house.chamber();
    let charter = world.charter(chamber, &desks.kinshasa, |charter| charter.quorum = 3).unwrap();
    world.enact(vec![charter], &desks.kinshasa, &[&desks.kigali]).unwrap();
    let call = full_call(&mut world, &desks, &drafted);
    let refusal = world.call_refusal(&call).unwrap();
    assert_eq!(refusal, Refusal::Value("the quorum was raised after the proposal was made; propose anew"));
    let rejection = world.rejection(&desks.kinshasa, &drafted).unwrap();
    world.take(&rejection, &[&desks.kinshasa]).unwrap();
}
