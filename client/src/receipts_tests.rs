//! Receipts of an honest server and of lying ones.

use bytes::Bytes;
use tearline_ledger::{merkle::TreeSize, replay::Replay};

use super::*;
use crate::{profile::Profile, replica::verify::Log, sample::House};

fn sent_and_receipt() -> (House, Submission, v1::Receipt) {
    let mut house = House::founded().post(&["one"]);
    let sent = house.note("two");
    house.accept(sent.clone());
    let proof = house.replay.tree().inclusion(2, TreeSize(3)).unwrap();
    let receipt = v1::Receipt {
        entry: house.rows[2].entry.clone(),
        index: 2,
        proof: proof.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect(),
        checkpoint: house.checkpoint(3).into(),
    };
    (house, sent, receipt)
}

fn verifier(house: &House, entries: usize) -> Verifier {
    let log = Log::Room(Box::new(Replay::new(house.replay.room())));
    let mut verifier = Verifier::new(house.identity(), log, Vec::new());
    verifier.take(house.rows(0, entries), house.now).unwrap();
    verifier
}

#[test]
fn a_true_receipt_is_verified_before_and_after_the_entry_is_here() {
    let (house, sent, receipt) = sent_and_receipt();
    for entries in [2, 3] {
        let checked = check(&verifier(&house, entries), &sent, &receipt, (house.now, house.now)).unwrap();
        assert_eq!((checked.index, checked.clock), (2, None));
    }
}

#[test]
fn a_receipt_for_something_else_or_with_a_wrong_proof_is_caught() {
    let (house, sent, receipt) = sent_and_receipt();
    let verifier = verifier(&house, 2);
    let judge = |receipt: v1::Receipt| {
        check(&verifier, &sent, &receipt, (house.now, house.now)).unwrap_err().alarm.kind()
    };
    assert_eq!(judge(v1::Receipt { entry: house.rows[1].entry.clone(), ..receipt.clone() }), "false-receipt");
    assert_eq!(judge(v1::Receipt { index: 1, ..receipt.clone() }), "false-receipt");
    assert_eq!(judge(v1::Receipt { proof: Vec::new(), ..receipt.clone() }), "false-receipt");
    assert_eq!(judge(v1::Receipt { proof: vec![Bytes::new()], ..receipt.clone() }), "false-receipt");
    assert_eq!(judge(v1::Receipt { checkpoint: Bytes::new(), ..receipt.clone() }), "bad-checkpoint");
    let fork = house.checkpoint_of(2, Digest([1; 32]));
    assert_eq!(judge(v1::Receipt { checkpoint: fork.into(), ..receipt }), "forked");
}

#[test]
fn a_clock_that_differs_by_more_than_five_minutes_is_pointed_out() {
    let (house, sent, receipt) = sent_and_receipt();
    let verifier = verifier(&house, 2);
    let seconds =
        |first_sent: u64, now: u64| match check(&verifier, &sent, &receipt, (first_sent, now)).unwrap().clock
        {
            Some(Alarm::ClockDiffers { seconds, .. }) => seconds,
            _ => 0,
        };
    assert_eq!(seconds(house.now + 301, house.now + 301), 301, "the server is behind");
    assert_eq!(seconds(house.now - 301, house.now - 301), 301, "the server is ahead");
    assert_eq!(seconds(house.now, house.now + 9000), 0, "answered again, much later");
}

fn desk(dir: &std::path::Path, house: &House, witnesses: u32) -> (Desk, Replica) {
    let mut profile = Profile::create(dir, &house.desks[0].name).unwrap();
    let policy = crate::policy::Policy { witnesses, receipt_minutes: 10, ..Default::default() };
    profile.set_policy(policy).unwrap();
    let desk = Desk::new(profile, None);
    let replica = desk.replica(house.replay.room(), &"chamber".parse().unwrap()).unwrap();
    (desk, replica)
}

fn review_now(desk: &Desk, replica: &Replica, now: u64) -> Result<Vec<Alarm>, Error> {
    review(desk, replica, &kept(desk, replica.room()).unwrap(), now)
}

#[test]
fn a_receipt_is_kept_until_it_is_covered_and_missed_after_its_time() {
    let dir = tempfile::tempdir().unwrap();
    let (house, sent, receipt) = sent_and_receipt();
    let (desk, mut replica) = desk(dir.path(), &house, 1);
    let checked = check(&verifier(&house, 2), &sent, &receipt, (house.now, house.now)).unwrap();
    keep(&desk, &checked).unwrap();
    replica.take(house.rows(0, 3), house.now).unwrap();
    assert_eq!(review_now(&desk, &replica, house.now + 600).unwrap(), []);
    let late = review_now(&desk, &replica, house.now + 660).unwrap();
    assert!(matches!(late.as_slice(), [Alarm::ReceiptNotCovered { index: 2, minutes: 11, .. }]));
    assert_eq!(paths(&folder(&desk, replica.room())).unwrap().len(), 1);
}

#[test]
fn a_receipt_that_the_log_contradicts_is_an_alarm_with_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let (house, sent, receipt) = sent_and_receipt();
    let (desk, mut replica) = desk(dir.path(), &house, 0);
    let checked = check(&verifier(&house, 2), &sent, &receipt, (house.now, house.now)).unwrap();
    keep(&desk, &checked).unwrap();
    replica.take(house.rows(0, 2), house.now).unwrap();
    let Err(Error::Alarm(caught)) = review_now(&desk, &replica, house.now) else { panic!("no alarm") };
    assert_eq!((caught.alarm.kind(), caught.evidence.exists()), ("shrunk", true));
    assert_eq!(Error::Alarm(caught).exit_code(), 3);
    replica.take(house.rows(2, 3), house.now).unwrap();
    assert_eq!(review_now(&desk, &replica, house.now).unwrap(), []);
    assert_eq!(paths(&folder(&desk, replica.room())).unwrap().len(), 0, "no witness is asked for");
}
