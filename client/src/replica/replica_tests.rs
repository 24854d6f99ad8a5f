//! A replica over several commands: what is kept, what is dropped, what is missed.

use super::*;
use crate::{
    compose::new_id,
    sample::House,
    witness::{Cosigner, witness_key},
};
use tearline_ledger::{cosign, rules::Past as _};

fn open(dir: &Path, house: &House) -> Replica {
    Replica::open(dir, house.identity(), Kind::Room, Content::Expected).unwrap()
}

fn alarm(result: Result<Progress, ReplicaError>) -> Alarm {
    match result {
        Err(ReplicaError::Raised(raised)) => raised.alarm,
        other => panic!("no alarm: {other:?}"),
    }
}

#[test]
fn what_was_verified_is_there_after_a_restart_and_goes_on_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one", "two"]);
    assert!(open(dir.path(), &house).take(house.rows(0, 3), house.now).unwrap().complete);
    let mut replica = open(dir.path(), &house);
    assert_eq!((replica.size(), replica.basis().unwrap().root), (3, house.replay.tree().root()));
    assert_eq!(replica.checkpoint().unwrap().to_bytes(), house.checkpoint(3));
    let line = replica.line(1).unwrap();
    assert_eq!((line.signers, line.recalled), (vec![house.desks[0].name.clone()], false));
    assert_eq!(replica.sealed_content(1).unwrap(), house.rows[1].content);
    assert_eq!(replica.resolve(2).unwrap().entry.to_string(), "chamber#2");
    assert_eq!(replica.find(&line.signed.statement.id), Some(1));
    let house = house.post(&["three"]);
    replica.take(house.rows(3, 4), house.now).unwrap();
    let mut seen = 0;
    let counts = open(dir.path(), &house).verify_all(|_| seen += 1).unwrap();
    assert_eq!((seen, counts.entries, counts.bases, counts.charters, counts.contents), (4, 4, 3, 1, 3));
}

#[test]
fn nothing_is_kept_before_a_checkpoint_covers_it() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one", "two"]);
    let mut replica = open(dir.path(), &house);
    let mut rows = house.rows(0, 3);
    rows.checkpoint = Bytes::new();
    assert!(!replica.take(rows, house.now).unwrap().complete);
    assert_eq!(replica.size(), 3);
    replica.abandon().unwrap();
    assert_eq!(replica.size(), 0);
    assert_eq!(open(dir.path(), &house).size(), 0);
}

#[test]
fn an_alarm_leaves_the_replica_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one", "two"]);
    let mut replica = open(dir.path(), &house);
    replica.take(house.rows(0, 2), house.now).unwrap();
    let mut rows = house.rows(2, 3);
    rows.checkpoint = house.checkpoint_of(3, tearline_ledger::digest::Digest([1; 32])).into();
    assert!(matches!(alarm(replica.take(rows, house.now)), Alarm::NotCovered { size: 3, .. }));
    assert_eq!(replica.size(), 2);
    replica.take(house.rows(2, 3), house.now).unwrap();
    assert_eq!(open(dir.path(), &house).size(), 3);
}

#[test]
fn a_command_that_was_overtaken_goes_on_from_where_the_other_is() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one", "two"]);
    let (mut one, mut two) = (open(dir.path(), &house), open(dir.path(), &house));
    one.take(house.rows(0, 2), house.now).unwrap();
    let progress = two.take(house.rows(0, 3), house.now).unwrap();
    assert_eq!((progress.fresh.len(), two.size()), (1, 3));

    let progress = one.take(house.rows(2, 2), house.now).unwrap();
    assert_eq!((progress.complete, one.size()), (true, 3), "an answer from before the other's is no alarm");
    assert!(matches!(alarm(one.take(house.rows(1, 1), house.now)), Alarm::Shrunk { had: 2, has: 1, .. }));
    assert_eq!(open(dir.path(), &house).checkpoint().unwrap().size().0, 3);
}

#[test]
fn content_that_is_not_served_is_withheld_until_it_comes_or_is_recalled() {
    let dir = tempfile::tempdir().unwrap();
    let mut house = House::founded().post(&["one", "two"]);
    let mut replica = open(dir.path(), &house);
    let mut rows = house.rows(0, 3);
    (rows.rows[1].content, rows.rows[2].content) = (None, None);
    replica.take(rows, house.now).unwrap();
    assert_eq!(replica.withheld(house.now).unwrap(), [1, 2]);

    replica.take(house.rows(1, 3), house.now).unwrap();
    assert_eq!(replica.withheld(house.now).unwrap(), [0u64; 0]);
    assert_eq!(open(dir.path(), &house).sealed_content(2).unwrap(), house.rows[2].content);

    let dir = tempfile::tempdir().unwrap();
    let mut replica = open(dir.path(), &house);
    let mut rows = house.rows(0, 3);
    rows.rows[1].content = None;
    replica.take(rows, house.now).unwrap();
    let post = replica.resolve(1).unwrap().to_ref();
    let draft = house.writer().recall_by_quorum(&post).unwrap();
    let signatures = house.desks.iter().map(|desk| draft.signature(&desk.sign)).collect();
    house.accept(draft.with_signatures(signatures).unwrap());
    replica.take(house.rows(3, 4), house.now).unwrap();
    assert!(replica.line(1).unwrap().recalled);
    assert_eq!(replica.withheld(house.now).unwrap(), [0u64; 0]);
    assert!(house.replay.past().find(&new_id(1, crate::compose::Grain::Second).unwrap()).is_none());
}

#[test]
fn an_auditor_misses_no_content() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one"]);
    let mut replica = Replica::open(dir.path(), house.identity(), Kind::Room, Content::Without).unwrap();
    let mut rows = house.rows(0, 2);
    rows.rows[1].content = None;
    replica.take(rows, house.now).unwrap();
    assert_eq!(replica.withheld(house.now).unwrap(), [0u64; 0]);
}

#[test]
fn a_witness_is_remembered_while_the_room_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one"]);
    let mut replica = open(dir.path(), &house);
    replica.take(house.rows(0, 2), house.now).unwrap();
    assert_eq!(replica.witnessed().unwrap(), None);

    let mut checkpoint = replica.checkpoint().unwrap().clone();
    let auditor = house.auditor.card().into_member(None, None);
    let (key, signer) = (witness_key(&auditor).unwrap(), Cosigner(&house.auditor.sign));
    let line = cosign::cosign(&checkpoint, key.name(), &signer, house.now).unwrap();
    cosign::attach(&mut checkpoint, line, &key).unwrap();
    replica.take_checkpoint(&checkpoint.to_bytes(), house.now).unwrap();
    let house = house.post(&["two"]);
    replica.take(house.rows(2, 3), house.now).unwrap();
    let witnessed = open(dir.path(), &house).witnessed().unwrap().unwrap();
    assert_eq!((witnessed.size, witnessed.complete_to), (2, house.now - 60));
    assert_eq!(witnessed.by[0].member, house.auditor.name);
    let policy = |witnesses| crate::policy::Policy {
        witnesses,
        fresh_minutes: 10,
        ..crate::policy::Policy::default()
    };
    let confirmed = house.now - 60;
    let stale = |witnesses, now| replica.staleness(&policy(witnesses), now).unwrap();
    assert_eq!((stale(0, u64::MAX), stale(1, confirmed + 600)), (None, None));
    assert!(matches!(stale(1, confirmed + 660), Some(Alarm::StaleBeyond { minutes: 11, .. })));
    assert!(matches!(stale(2, confirmed), Some(Alarm::Unwitnessed { .. })));
}

/// The newest checkpoint of a replica, cosigned by the house's auditor at this time.
fn cosigned(house: &House, replica: &Replica, at: u64) -> tearline_ledger::checkpoint::SignedCheckpoint {
    let mut checkpoint = replica.checkpoint().unwrap().clone();
    let auditor = house.auditor.card().into_member(None, None);
    let (key, signer) = (witness_key(&auditor).unwrap(), Cosigner(&house.auditor.sign));
    let line = cosign::cosign(&checkpoint, key.name(), &signer, at).unwrap();
    cosign::attach(&mut checkpoint, line, &key).unwrap();
    checkpoint
}

#[test]
fn what_a_witness_confirms_never_goes_back_and_never_comes_from_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one"]);
    let mut replica = open(dir.path(), &house);
    replica.take(house.rows(0, 1), house.now).unwrap();
    let first = cosigned(&house, &replica, house.now);
    replica.take(house.rows(1, 2), house.now).unwrap();
    let ahead = cosigned(&house, &replica, house.now + 301);
    let Err(ReplicaError::Raised(raised)) = replica.take_checkpoint(&ahead.to_bytes(), house.now) else {
        panic!("no alarm")
    };
    assert!(matches!(raised.alarm, Alarm::CosignedAhead { seconds: 301, .. }));
    assert_eq!(replica.witnessed().unwrap(), None);
    let second = cosigned(&house, &replica, house.now + 300);
    for note in [&first, &second, &first] {
        replica.take_checkpoint(&note.to_bytes(), house.now).unwrap();
    }
    let by = replica.witnesses().unwrap();
    assert_eq!((by.len(), by[0].size, by[0].at), (1, 2, house.now + 300));
}

#[test]
fn a_local_copy_that_was_tampered_with_is_told_from_a_lying_server() {
    let dir = tempfile::tempdir().unwrap();
    let house = House::founded().post(&["one"]);
    open(dir.path(), &house).take(house.rows(0, 2), house.now).unwrap();
    let path = dir.path().join("state");
    let text = std::fs::read_to_string(&path).unwrap();
    let other = House::founded().post(&["other"]);
    let forged = String::from_utf8(house.checkpoint_of(2, other.replay.tree().root())).unwrap();
    let good = String::from_utf8(house.checkpoint(2)).unwrap();
    let quoted = |note: &str| serde_json::to_string(note).unwrap();
    std::fs::write(&path, text.replace(&quoted(&good), &quoted(&forged))).unwrap();
    let opened = Replica::open(dir.path(), house.identity(), Kind::Room, Content::Expected);
    assert!(matches!(opened, Err(ReplicaError::Mismatch { .. })));
}

#[test]
fn the_id_of_an_access_log_does_not_change() {
    let home = tearline_ledger::id::RoomId(tearline_ledger::digest::Digest([1; 32]));
    let id = tearline_ledger::access::access_log_id(home, &"drc".parse().unwrap()).to_string();
    assert_eq!(id, "4e9a1041fa24e85ed9d49137c4418a33537b131c5685aae055fc3d32ea65800a");
}
