//! A room resumed from what its reader kept is the room that was read, at every step of the scenario.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    entry::Entry,
    id::RoomId,
    replay::{Fault, Replay},
    rules::{Effect, Past, RoomState},
};
use tearline_tests::{desk::Desks, second, vectors::logs::bundle_of, world::World};

/// A year of the scenario, as far as the rules see it: every kind of act in every room.
fn year() -> World {
    let mut world = World::kivu().unwrap();
    let Desks { washington, kinshasa, kigali, drc_delegation, drc_liaison, rwanda_liaison, .. } =
        world.desks.clone();
    let [drc, rwanda, plenary] = ["drc", "rwanda", "plenary"].map(|name| world.room(name).unwrap());
    let chamber = world.house.chamber();
    let offers = [drc, rwanda].map(|room| world.post(room, &washington, "offer").unwrap());
    let mut offers = offers.into_iter();
    world.enact(vec![offers.next().unwrap()], &washington, &[&kinshasa]).unwrap();
    world.enact(vec![offers.next().unwrap()], &washington, &[&kigali]).unwrap();
    for (room, desk) in [(drc, &drc_liaison), (rwanda, &rwanda_liaison)] {
        let commitment = world.post(room, desk, "commitment").unwrap();
        let commitment = world.take(&commitment, &[desk]).unwrap();
        let seen = world.acknowledgement(room, desk, &[&commitment]).unwrap();
        world.take(&seen, &[desk]).unwrap();
    }
    world.pass(30 * 24 * 3600 + 5);
    let joint = [drc, rwanda, plenary].map(|room| world.post(room, &kigali, "cease-fire").unwrap());
    let taken = world.enact(joint.into(), &kigali, &[&kinshasa]).unwrap();
    let briefing = world.post(chamber, &kinshasa, "briefing").unwrap();
    world.take(&briefing, &[&kinshasa]).unwrap();
    let release = world.post(drc, &kinshasa, "portion 5").unwrap();
    let rejected = world.propose(&kinshasa, vec![release]).unwrap();
    world.take(&rejected.statement, &[&kinshasa]).unwrap();
    let rejection = world.rejection(&washington, &rejected).unwrap();
    world.take(&rejection, &[&washington]).unwrap();
    let recall = world.recall(&kigali, &taken[2]).unwrap();
    world.enact(vec![recall], &kigali, &[&washington]).unwrap();
    let renewed = world.charter(drc, &washington, |charter| charter.quorum = 3).unwrap();
    world.enact(vec![renewed], &washington, &[&kinshasa]).unwrap();
    let removal = world
        .charter(drc, &drc_delegation, |it| it.members.retain(|it| it.name != *drc_liaison.name()))
        .unwrap();
    world.take(&removal, &[&drc_delegation]).unwrap();
    let own = world.post(drc, &drc_delegation, "concern").unwrap();
    let own = world.take(&own, &[&drc_delegation]).unwrap();
    let recall = world.recall(&drc_delegation, &own).unwrap();
    world.take(&recall, &[&drc_delegation]).unwrap();
    // One proposal stays open, approved by one of two more.
    let offer = world.post(plenary, &washington, "open").unwrap();
    let mut open = world.propose(&washington, vec![offer]).unwrap();
    if let tearline_ledger::statement::Act::Proposal(proposal) = &mut open.statement.act {
        proposal.quorum = 3;
    }
    world.take(&open.statement, &[&washington]).unwrap();
    let approval = world.approval(&kigali, &open).unwrap();
    world.take(&approval, &[&kigali]).unwrap();
    world
}

fn logs(world: &World) -> Vec<(RoomId, Vec<Entry>)> {
    let entries = |room: &tearline_tests::house::Room| {
        room.entries().iter().map(tearline_ledger::rules::VerifiedEntry::to_entry).collect()
    };
    world.house.rooms().map(|(id, room)| (id, entries(room))).collect()
}

#[test]
fn the_scenario_has_every_kind_of_effect() {
    let world = year();
    let mut effects: Vec<String> = world
        .house
        .rooms()
        .flat_map(|(_, room)| room.entries())
        .map(|entry| format!("{:?}", entry.effect()).split([' ', '(']).next().unwrap().to_owned())
        .collect();
    effects.sort();
    effects.dedup();
    let all = [
        "Acknowledged",
        "Approved",
        "Chartered",
        "Enacted",
        "Founded",
        "Posted",
        "Proposed",
        "Recalled",
        "Rejected",
    ];
    assert_eq!(effects, all);
}

#[test]
fn a_state_restored_from_its_snapshot_is_the_same_at_every_step() {
    for (id, log) in logs(&year()) {
        let mut replay = Replay::new(id);
        for entry in log {
            let at = entry.accepted_at();
            replay.push(vec![entry]).unwrap();
            let state = replay.state().unwrap();
            let restored = RoomState::restore(&state.snapshot(), replay.size(), at).unwrap();
            assert_eq!(&restored, state);
            assert_eq!(restored.snapshot(), state.snapshot());
        }
    }
}

#[test]
fn a_snapshot_changes_only_when_the_entry_says_so() {
    for (id, log) in logs(&year()) {
        let mut replay = Replay::new(id);
        let mut before = None;
        for entry in log {
            let verified = replay.push(vec![entry]).unwrap().pop().unwrap();
            let snapshot = replay.state().unwrap().snapshot();
            if !verified.changes_state() {
                assert_eq!(before, Some(snapshot.clone()), "{:?}", verified.effect());
            }
            before = Some(snapshot);
        }
    }
}

#[test]
fn a_log_resumed_at_any_step_goes_on_as_if_it_had_never_stopped() {
    for (id, log) in logs(&year()) {
        let mut whole = Replay::new(id);
        let verified = whole.push(log.clone()).unwrap();
        let mut prefix = Replay::new(id);
        for step in 1..=log.len() {
            prefix.push(vec![log[step - 1].clone()]).unwrap();
            let snapshot = prefix.state().unwrap().snapshot();
            let mut resumed = Replay::resume(id, &snapshot, log[..step].to_vec()).unwrap();
            assert_eq!(resumed.state(), prefix.state());
            assert_eq!(resumed.push(log[step..].to_vec()).unwrap(), verified[step..]);
            assert_eq!(resumed.state(), whole.state());
            assert_eq!(resumed.tree(), whole.tree());
            for (index, entry) in (0..).zip(&verified) {
                let statement_id = entry.signed().statement.id;
                assert_eq!(resumed.is_recalled(index), whole.is_recalled(index));
                assert_eq!(resumed.past().find(&statement_id), whole.past().find(&statement_id));
                assert_eq!(resumed.past().accepted_at(index), Some(entry.accepted_at()));
            }
        }
    }
}

#[test]
fn an_empty_log_resumes_empty() {
    let id = World::kivu().unwrap().house.chamber();
    let resumed = Replay::resume(id, b"", Vec::new()).unwrap();
    assert!(resumed.state().is_none());
    assert_eq!(resumed.size().0, 0);
}

#[test]
fn a_damaged_snapshot_is_refused_or_is_another_state_but_never_a_fall() {
    let world = year();
    let state = world.state(world.house.chamber()).unwrap();
    let good = state.snapshot();
    for at in 0..good.len().min(4000) {
        let mut bad = good.to_vec();
        bad[at] ^= 0x41;
        let _ = RoomState::restore(&bad, state.size(), state.last_accepted_at());
        let _ = RoomState::restore(&good[..at], state.size(), state.last_accepted_at());
    }
}

#[test]
fn dropped_doubled_swapped_and_foreign_entries_stop_a_replay_where_they_stand() {
    let world = year();
    let logs = logs(&world);
    let chamber = world.house.chamber();
    let (_, log) = logs.iter().find(|(id, _)| *id == chamber).unwrap();
    let stops = |log: Vec<Entry>| Replay::new(chamber).push(log).unwrap_err();
    let mut dropped = log.clone();
    dropped.remove(2);
    assert_eq!(stops(dropped).index, 2);
    let mut doubled = log.clone();
    doubled.insert(3, log[2].clone());
    assert_eq!(stops(doubled).index, 3);
    let mut swapped = log.clone();
    swapped.swap(1, 2);
    assert_eq!(stops(swapped).index, 1);
    let (other, foreign) = logs.iter().find(|(id, _)| *id != chamber).unwrap();
    assert_eq!(stops(foreign.clone()).fault, Fault::OtherRoom(*other));
    let mut mixed = log.clone();
    mixed.insert(4, foreign[0].clone());
    assert_eq!(stops(mixed).index, 4);
    let record = tearline_ledger::entry::AccessRecord {
        member: world.desks.drc_liaison.name().clone(),
        room: chamber,
        first: 0,
        count: 1,
    };
    let mut accessed = log.clone();
    accessed.insert(5, Entry::of_access(world.house.now(), record));
    let error = stops(accessed);
    assert_eq!((error.index, error.fault), (5, Fault::WrongKind));
    assert!(matches!(world.house.room(chamber).unwrap().entries()[0].effect(), Effect::Founded));
}

#[test]
fn the_second_verifier_agrees_on_the_scenario() {
    let year = year();
    second::agrees_on([("year".to_owned(), bundle_of(&year, year.log()).unwrap())]).unwrap();
}
