//! Damage of every kind is refused at the start or found and named; it is never served.

use std::{fs, sync::Arc};

use super::*;
use crate::scrub;
use crate::store::layout::{body_key, link_key, member_key};

async fn filled(dir: &Path) -> Author {
    let store = open(dir).unwrap();
    let mut author = Author::new(1);
    for n in 0..200_u8 {
        let mut commit = author.one(&[n; 300], Some(&[n; 800]));
        commit.rooms[0].members = (n == 0).then(|| vec!["us/goma".to_owned()]);
        store.commit(commit).await.unwrap();
    }
    author
}

/// Changes the engine's tree behind the store's back.
fn tamper(dir: &Path, change: impl FnOnce(&::sled::Db)) {
    let engine = loop {
        match ::sled::Config::new().path(dir.join("rows")).flush_every_ms(None).open() {
            Ok(engine) => break engine,
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
        }
    };
    change(&engine);
    engine.flush().unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn a_store_copied_while_it_runs_opens_with_all_that_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("live")).unwrap();
    let mut author = Author::new(1);
    for n in 0..50_u8 {
        store.commit(author.one(&[n], Some(&[n; 2000]))).await.unwrap();
        if n % 10 == 9 {
            // What a killed process leaves behind.
            let crashed = dir.path().join(format!("crashed-{n}"));
            copy(&dir.path().join("live"), &crashed);
            let crashed = open(&crashed).unwrap();
            assert_eq!(crashed.head(&author.room).await.unwrap().unwrap().size, author.size);
            assert_whole(&crashed, &author.room).await;
        }
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_engines_file_is_never_served() {
    let dir = tempfile::tempdir().unwrap();
    let original = dir.path().join("original");
    let author = filled(&original).await;
    let good = all(&open(&original).unwrap(), &author.room).await;
    let length = fs::metadata(original.join("rows/db")).unwrap().len();
    let (mut refused, mut found, mut harmless) = (0, 0, 0);
    for step in 0..24_u64 {
        let copied = dir.path().join(format!("copy-{step}"));
        copy(&original, &copied);
        let path = copied.join("rows/db");
        let mut bytes = fs::read(&path).unwrap();
        let place = usize::try_from(length * step / 24 + step * 37 % 500).unwrap();
        bytes[place] ^= 0x10;
        fs::write(&path, &bytes).unwrap();
        match open(&copied) {
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
            Ok(store) => {
                let head = store.head(&author.room).await.unwrap().unwrap();
                assert_eq!((head.size, head.root), (200, root(&author.frontier)));
                let scrubbed = store.scrub(&author.room, 0, u64::MAX).await.unwrap();
                for (index, row) in (0..).zip(&good) {
                    match store.rows(&author.room, index, 1, 0, true).await {
                        Ok(rows) => assert_eq!(&rows[0], row),
                        Err(StoreError::Damaged(damage)) => {
                            assert_eq!((damage.room, damage.index), (Some(author.room), Some(index)));
                            assert!(scrubbed.damage.iter().any(|found| found.index == Some(index)));
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                if scrubbed.damage.is_empty() {
                    harmless += 1;
                } else {
                    found += 1;
                }
            }
        }
        fs::remove_dir_all(&copied).unwrap();
    }
    println!("refused {refused}, found by the scrub {found}, without effect {harmless}");
    assert!(refused + found > 0);
}

#[tokio::test]
async fn a_store_that_lost_its_end_is_refused_naming_room_and_size() {
    let dir = tempfile::tempdir().unwrap();
    let older = dir.path().join("older");
    let newer = dir.path().join("newer");
    let store = open(&newer).unwrap();
    let mut author = Author::new(1);
    store.commit(author.one(b"0", None)).await.unwrap();
    copy(&newer, &older);
    store.commit(author.one(b"1", None)).await.unwrap();
    fs::copy(newer.join("mark"), older.join("mark")).unwrap();
    let error = open(&older).unwrap_err();
    let room = author.room;
    let lost = matches!(&error, StoreError::LostCommits { found: 1, acknowledged: 2, room: r, size: 2 } if *r == room);
    assert!(lost, "{error}");
    assert!(error.to_string().contains(&room.to_hex()));
}

#[tokio::test]
async fn a_truncated_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let path = dir.path().join("rows/db");
    let length = fs::metadata(&path).unwrap().len();
    fs::remove_file(dir.path().join("rows/conf")).ok();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(length / 2).unwrap();
    for entry in fs::read_dir(dir.path().join("rows")).unwrap() {
        let name = entry.unwrap().file_name();
        if name.to_string_lossy().starts_with("snap") {
            fs::remove_file(dir.path().join("rows").join(name)).unwrap();
        }
    }
    let error = open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("restore"), "{error}");
}

#[tokio::test]
async fn half_of_a_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let mark = fs::read(dir.path().join("mark")).unwrap();
    fs::remove_file(dir.path().join("mark")).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::HalfCopied { path }) if path.ends_with("mark")));
    fs::write(dir.path().join("mark"), &mark[..30]).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::HalfCopied { path }) if path.ends_with("mark")));
    fs::write(dir.path().join("mark"), &mark).unwrap();
    fs::rename(dir.path().join("rows"), dir.path().join("elsewhere")).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::HalfCopied { path }) if path.ends_with("rows/db")));
    fs::create_dir(dir.path().join("rows")).unwrap();
    fs::write(dir.path().join("rows/db"), b"").unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::LostCommits { found: 0, acknowledged: 200, .. })));
}

#[tokio::test]
async fn values_outside_the_engines_file_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    fs::write(dir.path().join("rows/blobs/1"), b"x").unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Blobs { .. })));
}

#[tokio::test]
async fn a_store_in_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::Locked { .. })));
    drop(store);
    assert!(open(dir.path()).is_ok());
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = open(&file.join("store")).unwrap_err();
    assert!(error.to_string().contains("file/store") && error.to_string().contains("writable"), "{error}");
}

#[tokio::test]
async fn a_row_beyond_the_head_is_refused_naming_room_and_index() {
    let dir = tempfile::tempdir().unwrap();
    let author = filled(dir.path()).await;
    tamper(dir.path(), |engine| drop(engine.insert(link_key(0, 207), b"x").unwrap()));
    let error = open(dir.path()).unwrap_err();
    let named =
        matches!(&error, StoreError::Damaged(d) if d.room == Some(author.room) && d.index == Some(207));
    assert!(named, "{error}");
    tamper(dir.path(), |engine| {
        engine.remove(link_key(0, 207)).unwrap();
        engine.remove(link_key(0, 199)).unwrap();
    });
    let error = open(dir.path()).unwrap_err();
    assert!(error.to_string().contains("index 199"), "{error}");
}

#[tokio::test]
async fn the_scrub_names_each_damaged_row() {
    let dir = tempfile::tempdir().unwrap();
    let author = filled(dir.path()).await;
    tamper(dir.path(), |engine| {
        engine.remove(link_key(0, 10)).unwrap();
        engine.remove(body_key(20)).unwrap();
        let body = engine.get(body_key(31)).unwrap().unwrap();
        engine.insert(body_key(30), body).unwrap();
        let mut id = vec![b'i'];
        id.extend_from_slice(&[0; 15]);
        id.extend_from_slice(&[40, 0, 0, 0, 0]);
        assert!(engine.remove(id).unwrap().is_some());
        engine.remove(member_key("us/goma", 0)).unwrap();
    });
    let store = open(dir.path()).unwrap();
    let mut found = Vec::new();
    let mut from = Some(0);
    while let Some(at) = from {
        let step = store.scrub(&author.room, at, 64).await.unwrap();
        assert!(step.damage.iter().all(|damage| damage.room == Some(author.room)));
        found.extend(step.damage.into_iter().map(|damage| damage.index));
        from = step.next;
    }
    assert_eq!(found, [None, Some(10), Some(20), Some(30), Some(40)]);
    let served = store.rows(&author.room, 30, 1, 0, true).await;
    assert!(matches!(served, Err(StoreError::Damaged(Damage { index: Some(30), .. }))));
}

#[tokio::test]
async fn a_wrong_root_is_refused_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let mut commit = author.one(b"0", None);
    commit.rooms[0].root = Digest([9; 32]);
    store.commit(commit).await.unwrap();
    drop(store);
    assert!(matches!(open(dir.path()), Err(StoreError::Damaged(Damage { index: Some(0), .. }))));
}

#[tokio::test]
async fn after_a_failed_write_everything_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    store.commit(author.one(b"0", None)).await.unwrap();
    store.fail_for_test("the disk is gone");
    let commit = store.commit(author.one(b"1", None)).await;
    assert!(matches!(commit, Err(StoreError::Failed { .. })));
    assert!(matches!(store.head(&author.room).await, Err(StoreError::Failed { .. })));
    assert!(matches!(store.rows(&author.room, 0, 1, 1, true).await, Err(StoreError::Failed { .. })));
    assert!(matches!(store.rooms().await, Err(StoreError::Failed { .. })));
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.head(&author.room).await.unwrap().unwrap().size, 1);
}

#[tokio::test]
async fn the_background_scrub_finds_damage_and_says_that_the_server_is_not_well() {
    use tonic_health::pb::{
        HealthCheckRequest, health_check_response::ServingStatus, health_server::Health as _,
    };
    use tonic_health::server::{HealthReporter, HealthService};

    let dir = tempfile::tempdir().unwrap();
    let author = filled(dir.path()).await;
    for (damaged, expected) in [(false, ServingStatus::Serving), (true, ServingStatus::NotServing)] {
        if damaged {
            tamper(dir.path(), |engine| {
                let body = engine.get(body_key(31)).unwrap().unwrap();
                engine.insert(body_key(30), body).unwrap();
            });
        }
        let store = Arc::new(open(dir.path()).unwrap());
        let found = scrub::all(store.as_ref()).await;
        let place = found.map(|damage| (damage.room, damage.index));
        assert_eq!(place, damaged.then_some((Some(author.room), Some(30))));
        let health = HealthReporter::new();
        scrub::watch(store, health.clone()).await;
        let request = tonic::Request::new(HealthCheckRequest { service: String::new() });
        let answer = HealthService::from_health_reporter(health).check(request).await.unwrap();
        assert_eq!(answer.into_inner().status(), expected);
    }
}
