//! Standing of posts by every side, from statements made in memory.

use tearline_ledger::{
    digest::Digest,
    envelope::Signature,
    id::StatementId,
    keys::SigningKey,
    merkle::TreeSize,
    statement::{Basis, Post},
};
use tearline_proto::v1;

use super::*;
use crate::compose::Draft;

const DRC: &str = "spiffe://kivu.example/party/drc/liaison";
const DELEGATION: &str = "spiffe://kivu.example/party/drc/delegation";
const RWANDA: &str = "spiffe://kivu.example/party/rwanda/liaison";
const KIGALI: &str = "spiffe://kivu.example/mediator/us/kigali";
const KINSHASA: &str = "spiffe://kivu.example/mediator/us/kinshasa";

fn room() -> RoomId {
    RoomId(Digest([5; 32]))
}

fn line(index: u64, author: &str, act: Act) -> Line {
    let seed = u8::try_from(index).unwrap();
    let statement = Statement {
        id: StatementId::new(1000 + index, [seed; 10]),
        room: Some(room()),
        author: author.parse().unwrap(),
        basis: Basis { size: TreeSize(1), root: Digest([1; 32]) },
        not_after: None,
        act,
    };
    let draft = Draft::new(&statement, None).unwrap();
    let signature: Signature = draft.signature(&SigningKey::from_seed(&[seed; 32]));
    let signed = draft.with_signatures(vec![signature]).unwrap().signed;
    let signers = vec![author.parse().unwrap(), KINSHASA.parse().unwrap()];
    Line { index, accepted_at: 1000 + index, signed, signers, recalled: false }
}

fn post(content_until: Option<u64>) -> Act {
    Act::Post(Post {
        epoch: 1,
        salt: [2; 32],
        key_commitment: Digest([3; 32]),
        digest: Digest([4; 32]),
        size: 1024,
        attachments: Vec::new(),
        content_until,
        manifests: Vec::new(),
    })
}

fn entry(index: u64) -> EntryRef {
    format!("drc#{index}").parse().unwrap()
}

fn reference(line: &Line) -> Ref {
    Ref { room: room(), statement: line.signed.identity(), id: line.signed.statement.id }
}

fn reading(line: Line, answers: Option<&Ref>, correction: bool) -> Reading {
    let kind = if correction {
        Kind::Correction(v1::Correction { text: "It was 14 vehicles.".to_owned() })
    } else {
        Kind::Note(v1::Note { text: "It was 40 vehicles.".to_owned() })
    };
    let content = Content::new(v1::Content {
        precedence: v1::Precedence::Routine.into(),
        subject: "Vehicles".to_owned(),
        answers: answers.map(Ref::to_message),
        kind: Some(kind),
        ..v1::Content::default()
    });
    Reading {
        entry: entry(line.index),
        reference: reference(&line),
        custodian: false,
        content: content.unwrap(),
        required: 1,
        portions: None,
        line,
    }
}

fn standing(of: &Line, lines: &[&Line], readings: &[Reading], now: u64) -> Standing {
    let lines = lines.iter().map(|line| (entry(line.index), *line));
    Standings::new(lines, readings).of(&reference(of), &of.signed.statement, now)
}

#[test]
fn a_post_to_which_nothing_happened_stands_plainly() {
    let plain = line(1, KIGALI, post(None));
    assert_eq!(standing(&plain, &[&plain], &[], 5000), Standing::default());
}

#[test]
fn a_recall_says_who_signed_it_and_when_and_counts_for_its_post_alone() {
    let (taken, other) = (line(1, KIGALI, post(None)), line(2, KIGALI, post(None)));
    let act = Act::Recall { post: taken.signed.identity(), id: taken.signed.statement.id };
    let recall = line(3, KIGALI, act);
    let lines = [&taken, &other, &recall];
    let found = standing(&taken, &lines, &[], 5000);
    let named: Vec<&str> = found.recall.iter().flat_map(|it| &it.signers).map(MemberName::desk).collect();
    assert_eq!(named, ["us/kigali", "us/kinshasa"]);
    assert_eq!(found.recall.as_ref().map(|it| (it.entry.clone(), it.at)), Some((entry(3), 1003)));
    assert!(found.may_be_gone());
    assert_eq!(standing(&other, &lines, &[], 5000).recall, None);
}

#[test]
fn a_post_expires_at_its_signed_end_and_not_before() {
    let ends = line(1, KIGALI, post(Some(2000)));
    let before = standing(&ends, &[&ends], &[], 1999);
    assert_eq!((before.ends, before.expired, before.may_be_gone()), (Some(2000), false, false));
    let after = standing(&ends, &[&ends], &[], 2000);
    assert!(after.expired && after.may_be_gone());
}

#[test]
fn a_correction_counts_if_it_is_by_the_same_side() {
    for (author, corrector, counts) in [
        (KIGALI, KINSHASA, true),
        (DRC, DELEGATION, true),
        (DRC, RWANDA, false),
        (DRC, KIGALI, false),
        (KIGALI, DRC, false),
    ] {
        let wrong = line(1, author, post(None));
        let right = reading(line(2, corrector, post(None)), Some(&reference(&wrong)), true);
        let found = standing(&wrong, &[], &[right], 5000);
        assert_eq!(found.corrections.len(), usize::from(counts), "{author} by {corrector}");
        assert!(!found.may_be_gone());
    }
}

#[test]
fn a_correction_that_was_recalled_and_an_answer_that_is_none_correct_nothing() {
    let wrong = line(1, DRC, post(None));
    let mut gone = line(2, DRC, post(None));
    gone.recalled = true;
    let readings = [
        reading(gone, Some(&reference(&wrong)), true),
        reading(line(3, DRC, post(None)), Some(&reference(&wrong)), false),
        reading(line(4, DRC, post(None)), None, true),
    ];
    assert_eq!(standing(&wrong, &[], &readings, 5000).corrections, []);
}

#[test]
fn what_corrects_a_correction_corrects_the_post_too_in_order() {
    let wrong = line(1, DRC, post(None));
    let first = line(2, DELEGATION, post(None));
    let second = reading(line(3, DRC, post(None)), Some(&reference(&first)), true);
    let first = reading(first, Some(&reference(&wrong)), true);
    let found = standing(&wrong, &[], &[second.clone(), first.clone()], 5000);
    let entries: Vec<String> = found.corrections.iter().map(|it| it.entry.to_string()).collect();
    assert_eq!(entries, ["drc#2", "drc#3"]);
    let of_first = standing(&first.line, &[], &[second, first.clone()], 5000);
    assert_eq!(of_first.corrections.len(), 1);
}
