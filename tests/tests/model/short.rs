//! Every sequence of up to three acts out of a small repertory: two mediators and a custodian, in the
//! chamber and in the room of drc.

use tearline_ledger::{id::RoomId, rules::VerifiedEntry, statement::Act};
use tearline_tests::desk::Desk;

use crate::play::{Line, Play};

type Intent = fn(&mut Play) -> Option<Vec<Line>>;

fn drc(play: &Play) -> RoomId {
    play.world.room("drc").unwrap()
}

fn latest_post(play: &Play) -> Option<VerifiedEntry> {
    let posts =
        |it: &&VerifiedEntry| matches!(it.signed().statement.act, Act::Post(_)) && it.room() == drc(play);
    play.taken.iter().rev().find(posts).cloned()
}

fn post(play: &mut Play, room: RoomId, desk: &Desk) -> Vec<Line> {
    vec![(play.world.post(room, desk, "text").unwrap(), vec![desk.clone()])]
}

fn propose(play: &mut Play, desk: &Desk, target: tearline_ledger::statement::Statement) -> Vec<Line> {
    let draft = play.world.propose(desk, vec![target]).unwrap();
    play.drafts.push((draft.clone(), desk.clone()));
    vec![(draft.statement, vec![desk.clone()])]
}

fn offer(play: &mut Play, desk: &Desk) -> Vec<Line> {
    let room = drc(play);
    let target = play.world.post(room, desk, "offer").unwrap();
    propose(play, desk, target)
}

fn approve(play: &mut Play, desk: &Desk, whole: bool) -> Option<Vec<Line>> {
    let (draft, proposer) = play.drafts.last()?.clone();
    let mut call = vec![(play.world.approval(desk, &draft).unwrap(), vec![desk.clone()])];
    if whole {
        let signers =
            if proposer.name() == desk.name() { vec![proposer] } else { vec![proposer, desk.clone()] };
        call.extend(draft.targets.into_iter().map(|target| (target, signers.clone())));
    }
    Some(call)
}

fn reject(play: &mut Play, desk: &Desk) -> Option<Vec<Line>> {
    let (draft, _) = play.drafts.last()?.clone();
    Some(vec![(play.world.rejection(desk, &draft).unwrap(), vec![desk.clone()])])
}

fn recall(play: &mut Play, desk: &Desk) -> Option<Vec<Line>> {
    let post = latest_post(play)?;
    Some(vec![(play.world.recall(desk, &post).unwrap(), vec![desk.clone()])])
}

fn acknowledge(play: &mut Play, desk: &Desk) -> Option<Vec<Line>> {
    let post = latest_post(play)?;
    let room = drc(play);
    Some(vec![(play.world.acknowledgement(room, desk, &[&post]).unwrap(), vec![desk.clone()])])
}

const REPERTORY: &[Intent] = &[
    |play| Some(post(play, drc(play), &play.desks.washington.clone())),
    |play| Some(post(play, drc(play), &play.desks.drc_delegation.clone())),
    |play| Some(post(play, play.world.house.chamber(), &play.desks.washington.clone())),
    |play| Some(post(play, play.world.house.chamber(), &play.desks.drc_delegation.clone())),
    |play| Some(offer(play, &play.desks.washington.clone())),
    |play| Some(offer(play, &play.desks.kinshasa.clone())),
    |play| Some(offer(play, &play.desks.drc_delegation.clone())),
    |play| {
        let (desk, room) = (play.desks.washington.clone(), drc(play));
        let charter = play.world.charter(room, &desk, |_| ()).unwrap();
        Some(propose(play, &desk, charter))
    },
    |play| {
        let (desk, post) = (play.desks.washington.clone(), latest_post(play)?);
        let recall = play.world.recall(&desk, &post).unwrap();
        Some(propose(play, &desk, recall))
    },
    |play| approve(play, &play.desks.washington.clone(), true),
    |play| approve(play, &play.desks.kinshasa.clone(), true),
    |play| approve(play, &play.desks.kinshasa.clone(), false),
    |play| approve(play, &play.desks.drc_delegation.clone(), true),
    |play| {
        let call = approve(play, &play.desks.kinshasa.clone(), true)?;
        Some(call[1..].to_vec())
    },
    |play| reject(play, &play.desks.washington.clone()),
    |play| reject(play, &play.desks.drc_delegation.clone()),
    |play| recall(play, &play.desks.washington.clone()),
    |play| recall(play, &play.desks.drc_delegation.clone()),
    |play| acknowledge(play, &play.desks.washington.clone()),
    |play| acknowledge(play, &play.desks.drc_delegation.clone()),
    |play| {
        let (desk, gone, room) =
            (play.desks.drc_delegation.clone(), play.desks.drc_liaison.clone(), drc(play));
        let remove =
            |it: &mut tearline_ledger::charter::Charter| it.members.retain(|it| it.name != *gone.name());
        Some(vec![(play.world.charter(room, &desk, remove).unwrap(), vec![desk])])
    },
    |play| {
        play.pass(90_000);
        None
    },
];

/// How many acts were said, and taken, in all sequences of `depth` acts after this one.
fn explore(play: &Play, depth: usize) -> (usize, usize) {
    let (mut said, mut taken) = (0, 0);
    for intent in REPERTORY {
        let mut next = play.clone();
        if let Some(call) = intent(&mut next) {
            said += 1;
            taken += usize::from(next.say(&call));
        }
        if depth > 1 {
            let (more, of_them) = explore(&next, depth - 1);
            said += more;
            taken += of_them;
        }
    }
    (said, taken)
}

#[test]
fn rules_and_model_agree_on_every_short_sequence() {
    let (said, taken) = explore(&Play::new(), 3);
    println!("{said} said, {taken} taken");
    assert!(taken > 2000, "only {taken} of {said} acts were taken: too few to say much");
}
