//! A lying server, message by message.

use super::*;
use crate::sample::{House, NOW};

fn verifier(house: &House) -> Verifier {
    let identity = house.identity();
    let replay = Replay::new(identity.room);
    Verifier::new(identity, Log::Room(Box::new(replay)), Vec::new())
}

fn caught(result: Result<Taken, Raised>) -> Alarm {
    result.unwrap_err().alarm
}

#[test]
fn an_honest_log_is_verified_in_any_pieces() {
    let house = House::founded().post(&["one", "two", "three"]);
    let mut verifier = verifier(&house);
    let taken = verifier.take(house.rows(0, 2), house.now).unwrap();
    assert_eq!((taken.fresh.len(), taken.warnings.len()), (2, 0));
    let mut more = house.rows(2, 3);
    more.checkpoint = Bytes::new();
    assert!(verifier.take(more, house.now).unwrap().checkpoint.is_none());
    assert_eq!(verifier.take(house.rows(3, 4), house.now).unwrap().checkpoint.unwrap().size(), TreeSize(4));
    let again = verifier.take(house.rows(0, 4), house.now).unwrap();
    assert_eq!((again.fresh.len(), again.repeated.len()), (0, 4));
}

#[test]
fn a_changed_entry_is_caught_and_named_when_it_is_served_again() {
    let house = House::founded().post(&["one", "two"]);
    let mut verifier = verifier(&house);
    verifier.take(house.rows(0, 3), house.now).unwrap();
    let mut rows = house.rows(0, 3);
    let entry = Entry::parse(rows.rows[1].entry.clone()).unwrap();
    let signed = entry.statement().unwrap().clone();
    rows.rows[1].entry = Entry::of_statement(entry.accepted_at() + 1, signed).bytes().clone();
    let raised = verifier.take(rows, house.now).unwrap_err();
    assert_eq!(raised.alarm, Alarm::Altered { room: "chamber".to_owned(), index: 1 });
    assert_eq!(raised.exhibits.len(), 3, "the entry, the checkpoint and the proof of what it was");
}

#[test]
fn dropped_doubled_and_swapped_entries_are_caught() {
    let house = House::founded().post(&["one", "two"]);
    for order in [[0, 2, 1], [0, 0, 1], [1, 0, 2]] {
        let mut rows = house.rows(0, 3);
        rows.rows = order.iter().map(|at: &usize| house.rows[*at].clone()).collect();
        assert!(
            matches!(caught(verifier(&house).take(rows, house.now)), Alarm::OutOfOrder { .. }),
            "{order:?}"
        );
    }
    let mut rows = house.rows(0, 3);
    rows.rows.swap(1, 2);
    (rows.rows[1].index, rows.rows[2].index) = (1, 2);
    assert!(matches!(caught(verifier(&house).take(rows, house.now)), Alarm::RuleBroken { index: 1, .. }));
}

#[test]
fn a_changed_signature_is_caught_and_named() {
    let house = House::founded().post(&["one"]);
    let mut rows = house.rows(0, 2);
    let entry = Entry::parse(rows.rows[1].entry.clone()).unwrap();
    let mut bytes = rows.rows[1].entry.to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    rows.rows[1].entry = bytes.into();
    assert_ne!(Entry::parse(rows.rows[1].entry.clone()).unwrap(), entry);
    assert!(matches!(caught(verifier(&house).take(rows, house.now)), Alarm::RuleBroken { index: 1, .. }));
}

#[test]
fn other_content_than_was_signed_is_caught() {
    let house = House::founded().post(&["one"]);
    let mut rows = house.rows(0, 2);
    rows.rows[1].content = Some(Bytes::from_static(b"other"));
    let alarm = Alarm::WrongContent { room: "chamber".to_owned(), index: 1 };
    assert_eq!(caught(verifier(&house).take(rows, house.now)), alarm);
}

#[test]
fn two_histories_and_an_older_one_are_told_apart() {
    let house = House::founded().post(&["one", "two"]);
    let mut verifier = verifier(&house);
    verifier.take(house.rows(0, 3), house.now).unwrap();
    let mut judge = |note: Vec<u8>| verifier.cover(&note).unwrap_err();
    let forked = judge(house.checkpoint_of(3, Digest([1; 32])));
    assert_eq!(forked.alarm, Alarm::Forked { room: "chamber".to_owned(), size: 3 });
    assert_eq!(forked.exhibits.len(), 2, "both checkpoints");
    let older = judge(house.checkpoint_of(2, Digest([1; 32])));
    assert_eq!(older.alarm, Alarm::Forked { room: "chamber".to_owned(), size: 2 });
    assert_eq!(older.exhibits.len(), 3, "both checkpoints and the proof between them");
    let shrunk = Alarm::Shrunk { room: "chamber".to_owned(), had: 3, has: 2 };
    assert_eq!(judge(house.checkpoint(2)).alarm, shrunk);
    let beyond = Alarm::NotCovered { room: "chamber".to_owned(), size: 4 };
    assert_eq!(judge(house.checkpoint_of(4, Digest([1; 32]))).alarm, beyond);
}

#[test]
fn a_checkpoint_with_another_key_or_of_another_room_is_caught() {
    let mut house = House::founded().post(&["one"]);
    let rows = house.rows(0, 2);
    house.log = tearline_ledger::keys::SigningKey::from_seed(&[8; 32]);
    let mut forged = rows.clone();
    forged.checkpoint = house.checkpoint(2).into();
    assert!(matches!(caught(verifier(&house).take(forged, house.now)), Alarm::BadCheckpoint { .. }));
    let other = House::founded();
    let mut elsewhere = verifier(&other);
    assert!(matches!(caught(elsewhere.take(rows, house.now)), Alarm::OtherRoom { .. }));
}

#[test]
fn a_server_whose_clock_is_ahead_is_pointed_out() {
    let house = House::founded();
    let taken = verifier(&house).take(house.rows(0, 1), NOW - CLOCK_SECONDS - 1).unwrap();
    assert!(matches!(taken.warnings.as_slice(), [Alarm::ClockDiffers { index: 0, seconds: 301, .. }]));
    assert!(verifier(&house).take(house.rows(0, 1), NOW - CLOCK_SECONDS).unwrap().warnings.is_empty());
}
