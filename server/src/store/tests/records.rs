//! Rows that are an entry and nothing else, as access records are: they lie in their links.

use super::*;
use crate::store::layout::{MAX_INLINE, body_key, link_key, with_checksum};

fn record(author: &mut Author, entry: &[u8]) -> NewRow {
    NewRow { id: None, ..author.row(entry, None) }
}

#[tokio::test]
async fn an_entry_alone_lies_in_its_link_if_it_is_short() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let entries: [&[u8]; 5] = [b"", b"a record", &[7; MAX_INLINE], &[8; MAX_INLINE + 1], b"with an id"];
    let mut rows: Vec<_> = entries[..4].iter().map(|entry| record(&mut author, entry)).collect();
    rows.push(author.row(entries[4], None));
    let commit = RoomCommit { recalled: vec![1], ..author.commit(0, rows) };
    store.commit(just(commit)).await.unwrap();
    store.purge(&author.room, 2).await.unwrap();
    drop(store);

    let engine = ::sled::open(dir.path().join("rows")).unwrap();
    assert_eq!(engine.scan_prefix(b"e").count(), 2);
    drop(engine);

    let store = open(dir.path()).unwrap();
    let rows = all(&store, &author.room).await;
    assert_eq!(rows.iter().map(|row| row.entry.as_ref()).collect::<Vec<_>>(), entries);
    assert_eq!(rows.iter().map(|row| row.recalled).collect::<Vec<_>>(), [false, true, false, false, false]);
    assert!(rows.iter().all(|row| row.content_state == ContentState::Absent));
    assert_whole(&store, &author.room).await;
}

#[tokio::test]
async fn an_entry_in_its_link_that_is_not_the_one_of_the_tree_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let rows = (0..3).map(|n| record(&mut author, &[n; 9])).collect();
    store.commit(just(author.commit(0, rows))).await.unwrap();
    drop(store);

    let engine = ::sled::open(dir.path().join("rows")).unwrap();
    let key = link_key(0, 1);
    let mut value = engine.get(&key).unwrap().unwrap().to_vec();
    value.truncate(value.len() - 4);
    value[9] ^= 1;
    engine.insert(key.as_slice(), with_checksum(&key, &value)).unwrap();
    assert!(!engine.contains_key(body_key(0)).unwrap());
    drop(engine);

    let store = open(dir.path()).unwrap();
    let found = store.scrub(&author.room, 0, u64::MAX).await.unwrap().damage;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].index, Some(1));
}
