//! Commitments that mediators restate, and what a post may answer.

use std::sync::LazyLock;

use tearline_proto::v1::{CommitmentKind, content::Kind};

use super::super::*;
use super::world::*;
use crate::{
    content::ContentError,
    id::{HOUR, Identity, Ref, StatementId},
    statement::{Act, Statement},
};

/// Two rooms in which each party's custodian has committed it.
struct Promised {
    drc: Held,
    rwanda: Held,
    /// By drc's and by rwanda's custodian.
    promises: [Ref; 2],
    /// By drc's custodian, recalled since.
    recalled: Ref,
    /// By drc's desk that is no custodian.
    liaison: Ref,
    /// By mediators, in drc's room.
    mediators: Ref,
}

fn promised() -> &'static Promised {
    static PROMISED: LazyLock<Promised> = LazyLock::new(Promised::new);
    &PROMISED
}

impl Promised {
    fn new() -> Self {
        let [one, two, three] = &world().mediators;
        let (ours, theirs) =
            (Desk::custodian("drc/delegation", 60), Desk::custodian("rwanda/delegation", 61));
        let mut drc = Held::found("drc-custodian", &[one, two, three, &ours], &[one, two]);
        let mut rwanda = Held::found("rwanda-custodian", &[one, two, three, &theirs], &[one, two]);
        let mut aside = Held::found("drc-liaison", &[one, two, three, &world().drc], &[one, two]);
        let post = |held: &mut Held, desk: &Desk, random: u8| {
            let (statement, _) = held.post(&desk.name, random, &note_content("x"), vec![]);
            held.push(sign(&statement, &[desk]))
        };
        let promises = [post(&mut drc, &ours, 5), post(&mut rwanda, &theirs, 6)];
        let recalled = post(&mut drc, &ours, 7);
        let act = Act::Recall { post: recalled.statement, id: recalled.id };
        let recall = drc.statement(&ours.name, 8, act);
        drc.push(sign(&recall, &[&ours]));
        let (statement, _) = drc.post(&one.name, 9, &note_content("x"), vec![]);
        let mediators = drc.push(sign(&statement, &[one, two]));
        let liaison = post(&mut aside, &world().drc, 5);
        drop(aside);
        Self { drc, rwanda, promises, recalled, liaison, mediators }
    }
}

fn commitment(kind: CommitmentKind, obligors: &[&str]) -> v1::Commitment {
    let text =
        v1::LanguageText { language: "en".to_owned(), text: "Hold fire.".to_owned(), authoritative: true };
    v1::Commitment {
        kind: kind.into(),
        obligors: obligors.iter().map(|org| (*org).to_owned()).collect(),
        texts: vec![text],
        ..v1::Commitment::default()
    }
}

fn of(kind: Kind) -> v1::Content {
    v1::Content { kind: Some(kind), ..note_content("") }
}

fn promise(kind: CommitmentKind, org: &str) -> Content {
    Content::new(of(Kind::Commitment(commitment(kind, &[org])))).unwrap()
}

/// A post in the plenary that restates these, each said to be this organisation's.
fn restating(undertaken: &[(&str, Ref)]) -> Draft {
    let named: Vec<&str> = undertaken.iter().map(|(org, _)| *org).collect();
    let mut restated = commitment(CommitmentKind::CeaseFire, &named);
    let undertaking = |(org, reference): &(&str, Ref)| v1::Undertaking {
        organisation: (*org).to_owned(),
        statement: reference.statement.as_bytes().to_vec().into(),
    };
    restated.undertakings = undertaken.iter().map(undertaking).collect();
    let mut draft = Draft::new();
    draft.proposed.undertakings = undertaken.iter().map(|(_, reference)| reference.to_message()).collect();
    let (statement, sealed) = posted(&of(Kind::Commitment(restated)));
    draft.add(&statement, sealed);
    for held in [&promised().drc, &promised().rwanda] {
        let room = Room { state: held.state(), keys: &held.keys, past: held.replay.past() };
        draft.rooms.insert(held.id(), room);
    }
    let [ours, theirs] = promised().promises;
    draft.contents.insert(ours, Some(promise(CommitmentKind::CeaseFire, "drc")));
    draft.contents.insert(theirs, Some(promise(CommitmentKind::CeaseFire, "rwanda")));
    draft
}

fn posted(content: &v1::Content) -> (Statement, Vec<u8>) {
    world().plenary.post(&world().mediators[0].name, 50, content, vec![])
}

fn both() -> Draft {
    let [ours, theirs] = promised().promises;
    restating(&[("drc", ours), ("rwanda", theirs)])
}

fn fault(draft: &Draft) -> (usize, UndertakingFault) {
    match draft.fault() {
        TargetFault::Undertaking { number, fault, .. } => (number, fault),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_both_undertook_is_restated_and_shown_with_where_each_stands() {
    let shown = both().check().unwrap();
    let ShownAct::Post(post) = &shown.targets[0].act else { panic!("another act") };
    let named: Vec<_> = post
        .undertakings
        .iter()
        .map(|it| (it.organisation.as_str(), it.entry.room.as_str(), it.entry.index))
        .collect();
    assert_eq!(named, [("drc", "drc-custodian", 1), ("rwanda", "rwanda-custodian", 1)]);
    assert!(post.refers.is_empty() && post.answers.is_none());
}

#[test]
fn references_in_the_proposal_are_those_of_the_post_one_for_one_and_in_order() {
    let mut changed = both();
    changed.proposed.undertakings.reverse();
    assert_eq!(changed.fault(), TargetFault::UndertakingsDiffer);
    changed.proposed.undertakings.pop();
    assert_eq!(changed.fault(), TargetFault::UndertakingsDiffer);
    changed.proposed.undertakings.clear();
    assert_eq!(changed.fault(), TargetFault::UndertakingsDiffer);
    let mut more = both();
    more.proposed.undertakings.push(promised().recalled.to_message());
    assert_eq!(more.fault(), TargetFault::UndertakingsDiffer);
    let mut cut = both();
    cut.proposed.undertakings[0].id = vec![1; 15].into();
    assert_eq!(cut.fault(), TargetFault::UndertakingsDiffer);
}

#[test]
fn an_undertaking_stands_in_a_known_room() {
    let mut elsewhere = both();
    elsewhere.rooms.remove(&promised().rwanda.id());
    assert_eq!(fault(&elsewhere), (2, UndertakingFault::Unknown));
    let mut never = promised().promises[0];
    never.id = StatementId::new(NOW, [77; 10]);
    assert_eq!(fault(&restating(&[("drc", never)])), (1, UndertakingFault::Unknown));
    let mut other = promised().promises[0];
    other.statement = promised().recalled.statement;
    assert_eq!(fault(&restating(&[("drc", other)])), (1, UndertakingFault::Unknown));
    assert_eq!(fault(&restating(&[("drc", promised().liaison)])), (1, UndertakingFault::Unknown));
}

#[test]
fn a_recalled_undertaking_or_one_whose_content_is_gone_is_refused() {
    let room = || "drc-custodian".to_owned();
    let recalled = restating(&[("drc", promised().recalled)]);
    assert_eq!(fault(&recalled), (1, UndertakingFault::Recalled { room: room(), index: 2 }));
    let mut gone = both();
    gone.contents.insert(promised().promises[0], None);
    assert_eq!(fault(&gone), (1, UndertakingFault::Gone { room: room(), index: 1 }));
}

#[test]
fn an_undertaking_is_a_commitment_of_the_same_kind() {
    let kind = || UndertakingFault::Kind { room: "drc-custodian".to_owned(), index: 1 };
    let mut note = both();
    note.contents.remove(&promised().promises[0]);
    assert_eq!(fault(&note), (1, kind()));
    let mut other = both();
    other.contents.insert(promised().promises[0], Some(promise(CommitmentKind::Restraint, "drc")));
    assert_eq!(fault(&other), (1, kind()));
}

#[test]
fn an_undertaking_is_by_a_custodian_of_that_very_obligor() {
    let [ours, theirs] = promised().promises;
    let swapped = restating(&[("drc", theirs), ("rwanda", ours)]);
    let custodian = |room: &str, index| UndertakingFault::Custodian { room: room.to_owned(), index };
    assert_eq!(fault(&swapped), (1, custodian("rwanda-custodian", 1)));
    // Its author commits another organisation than its own.
    let mut foreign = both();
    foreign.contents.insert(ours, Some(promise(CommitmentKind::CeaseFire, "uganda")));
    assert_eq!(fault(&foreign), (1, custodian("drc-custodian", 1)));
    // Mediators' own post.
    let mut mediators = restating(&[("us", promised().mediators)]);
    mediators.contents.insert(promised().mediators, Some(promise(CommitmentKind::CeaseFire, "us")));
    assert_eq!(fault(&mediators), (1, custodian("drc-custodian", 4)));
    // By a desk that is no custodian.
    let mut liaison = restating(&[("drc", world().concern)]);
    liaison.contents.insert(world().concern, Some(promise(CommitmentKind::CeaseFire, "drc")));
    assert_eq!(fault(&liaison), (1, custodian("drc", 1)));
}

#[test]
fn references_without_a_commitment_that_restates_them_are_refused() {
    let mut draft = Draft::new();
    let (statement, sealed) = posted(&note_content("text"));
    draft.add(&statement, sealed);
    draft.proposed.undertakings = vec![promised().promises[0].to_message()];
    assert_eq!(draft.check(), Err(ReleaseFault::UndertakingsUnused));
}

#[test]
fn a_post_answers_a_post_that_it_may_answer() {
    let answering = |kind: Kind, answers: Ref| {
        let content = v1::Content { answers: Some(answers.to_message()), ..of(kind) };
        let (statement, sealed) = world().drc_room.post(&world().mediators[0].name, 50, &content, vec![]);
        let mut draft = Draft::new();
        draft.add(&statement, sealed);
        draft
    };
    let assessment = || {
        let (finding, activity, likelihood, confidence) = (4, 3, 5, 2);
        Kind::Assessment(v1::Assessment {
            finding,
            activity,
            likelihood,
            confidence,
            ..v1::Assessment::default()
        })
    };
    // What stands there is a note.
    let note = answering(assessment(), world().concern);
    let rule = "answers a concern, a request, an incident or an activity notice: name one";
    assert_eq!(note.fault(), TargetFault::Content(ContentError::Kind { kind: "assessment", rule }));
    let mut concern = answering(assessment(), world().concern);
    let asked = v1::Concern { text: "x".to_owned(), activity: 1, answer_use: 1, ..v1::Concern::default() };
    concern.contents.insert(world().concern, Some(Content::new(of(Kind::Concern(asked))).unwrap()));
    assert!(concern.check().is_ok());
    // What was answered is gone, and with it what it was.
    concern.contents.insert(world().concern, None);
    assert!(concern.check().is_ok());
    let own = answering(Kind::Reply(v1::Reply { text: "x".to_owned(), stance: 1 }), world().given);
    assert!(matches!(own.fault(), TargetFault::Content(ContentError::Kind { kind: "reply", .. })));
    // The room's founding charter.
    let held = &world().drc_room;
    let charter = Ref {
        room: held.id(),
        statement: Identity(held.id().0),
        id: StatementId::new(NOW - NOW % HOUR, [1; 10]),
    };
    assert_eq!(answering(assessment(), charter).fault(), TargetFault::AnswersNoPost);
}
