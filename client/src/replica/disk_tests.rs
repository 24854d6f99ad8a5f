//! The replica's files, with access records for entries: the simplest there are.

use std::{fs, io::Write as _};

use tearline_ledger::{
    entry::{AccessRecord, Entry},
    id::RoomId,
};

use super::*;

fn record(at: u64) -> Entry {
    let member = "spiffe://kivu.example/party/drc/liaison".parse().unwrap();
    Entry::of_access(at, AccessRecord { member, room: RoomId(Digest([1; 32])), first: at, count: 1 })
}

fn load(dir: &Path) -> Result<(Disk, Vec<Entry>), DiskError> {
    let (mut disk, state) = Disk::open(dir)?;
    let entries = disk.scan(&state, |entries| entries.collect())?;
    Ok((disk, entries))
}

fn filled(dir: &Path) -> Disk {
    let (mut disk, entries) = load(dir).unwrap();
    assert!(entries.is_empty() && disk.begin().unwrap());
    disk.append(record(1).bytes(), None).unwrap();
    disk.append(record(2).bytes(), Some(b"sealed")).unwrap();
    disk.commit(State::default()).unwrap();
    disk
}

#[test]
fn rows_come_back_as_they_were_appended() {
    let dir = tempfile::tempdir().unwrap();
    let written = filled(dir.path());
    let (read, entries) = load(dir.path()).unwrap();
    assert_eq!(entries, [record(1), record(2)]);
    for disk in [written, read] {
        assert_eq!(disk.entry(1).unwrap(), Some(record(2)));
        assert_eq!(disk.content(0).unwrap(), None);
        assert_eq!(disk.content(1).unwrap().as_deref(), Some(&b"sealed"[..]));
        assert_eq!(disk.entry(2).unwrap(), None);
    }
}

#[test]
fn a_torn_tail_is_ignored_and_cut_off_before_more_is_appended() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let path = dir.path().join("rows");
    let whole = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&[0xff; 100]).unwrap();
    let (mut disk, entries) = load(dir.path()).unwrap();
    assert_eq!(entries.len(), 2);
    assert!(disk.begin().unwrap());
    assert_eq!(fs::metadata(&path).unwrap().len(), whole);
    disk.append(record(3).bytes(), None).unwrap();
    disk.commit(State::default()).unwrap();
    assert_eq!(load(dir.path()).unwrap().1.len(), 3);
}

#[test]
fn rows_that_were_not_committed_are_gone_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let mut disk = filled(dir.path());
    assert!(disk.begin().unwrap());
    disk.append(record(3).bytes(), Some(&vec![7; 2 << 20])).unwrap();
    assert_eq!(disk.entry(2).unwrap(), Some(record(3)), "but readable until then");
    drop(disk);
    assert_eq!(load(dir.path()).unwrap().1.len(), 2);
}

#[test]
fn what_is_rolled_back_was_never_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut disk = filled(dir.path());
    assert!(disk.begin().unwrap());
    disk.append(record(3).bytes(), None).unwrap();
    disk.roll_back();
    assert!(disk.begin().unwrap());
    disk.append(record(4).bytes(), None).unwrap();
    disk.commit(State::default()).unwrap();
    assert_eq!(load(dir.path()).unwrap().1, [record(1), record(2), record(4)]);
}

#[test]
fn who_was_overtaken_by_another_command_is_told_so() {
    let dir = tempfile::tempdir().unwrap();
    let mut one = filled(dir.path());
    let (mut two, _) = load(dir.path()).unwrap();
    assert!(two.begin().unwrap());
    two.append(record(3).bytes(), None).unwrap();
    two.commit(State::default()).unwrap();
    assert!(!one.begin().unwrap());
    assert!(two.begin().unwrap());
}

#[test]
fn a_changed_byte_of_an_entry_and_a_lost_end_are_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()));
    let path = dir.path().join("rows");
    let good = fs::read(&path).unwrap();
    for at in (0..good.len() - b"sealed".len()).filter(|at| *at != good.len()) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(load(dir.path()), Err(DiskError::Damaged { .. })), "byte {at}");
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert!(load(dir.path()).unwrap_err().to_string().contains("entry 1"));
}

#[test]
fn content_that_came_late_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let disk = filled(dir.path());
    disk.put_late(0, b"late").unwrap();
    assert_eq!(disk.content(0).unwrap().as_deref(), Some(&b"late"[..]));
}

#[test]
fn the_layout_of_a_row_does_not_change() {
    assert_eq!(hex::encode(head(b"entry", Some(b"c")).unwrap()), "00000005000000010b8a0d5b3226d45c");
    assert_eq!(hex::encode(head(b"", None).unwrap()), "00000000ffffffff5981693c8df83eea");
}
