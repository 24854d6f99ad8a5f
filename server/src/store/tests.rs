//! What the store promises: all or nothing, in order, durable, bounded, and never served damaged.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use tearline_ledger::digest::Digest;
use tearline_ledger::merkle::NodeId;

use super::tree::{leaf, parent, root};
use super::*;

mod faults;
mod growth;
mod records;

/// A room as its sequencer knows it: its size and frontier.
#[derive(Clone)]
struct Author {
    room: RoomId,
    size: u64,
    frontier: Vec<Digest>,
}

impl Author {
    fn new(number: u8) -> Self {
        Self { room: Digest([number; 32]), size: 0, frontier: Vec::new() }
    }

    /// The next row.
    fn row(&mut self, entry: &[u8], content: Option<&[u8]>) -> NewRow {
        let mut nodes = vec![leaf(entry)];
        for _ in 0..self.size.trailing_ones() {
            let left = self.frontier.pop().unwrap();
            nodes.push(parent(&left, nodes.last().unwrap()));
        }
        self.frontier.push(*nodes.last().unwrap());
        let mut id = [0; 16];
        id[8..].copy_from_slice(&self.size.to_be_bytes());
        self.size += 1;
        let entry = Bytes::copy_from_slice(entry);
        NewRow { id: Some(id), entry, content: content.map(Bytes::copy_from_slice), nodes }
    }

    /// The commit of rows that were made since the room had size `before`.
    fn commit(&self, before: u64, rows: Vec<NewRow>) -> RoomCommit {
        RoomCommit {
            room: self.room,
            expected_size: before,
            create: (before == 0).then(|| format!("room {}", self.room.0[0])),
            rows,
            checkpoint: Bytes::from(format!("checkpoint {}", self.size)),
            root: root(&self.frontier),
            ..RoomCommit::default()
        }
    }

    /// A commit of one row.
    fn one(&mut self, entry: &[u8], content: Option<&[u8]>) -> Commit {
        let before = self.size;
        let row = self.row(entry, content);
        just(self.commit(before, vec![row]))
    }
}

fn just(room: RoomCommit) -> Commit {
    Commit { rooms: vec![room] }
}

fn open(dir: &Path) -> Result<SledStore, StoreError> {
    SledStore::open(dir, Options::default())
}

async fn all(store: &SledStore, room: &RoomId) -> Vec<StoredRow> {
    store.rows(room, 0, u64::MAX, usize::MAX, true).await.unwrap()
}

/// Rows of the store are exactly those that the scrub finds whole.
async fn assert_whole(store: &SledStore, room: &RoomId) {
    assert_eq!(store.scrub(room, 0, u64::MAX).await.unwrap(), Scrubbed { next: None, damage: Vec::new() });
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    let store = open(dir.path()).unwrap();
    for n in 0..70_u8 {
        store.commit(author.one(&[n], (n % 2 == 0).then_some(&[n, n]))).await.unwrap();
    }
    drop(store);
    let store = open(dir.path()).unwrap();
    let head = store.head(&author.room).await.unwrap().unwrap();
    assert_eq!((head.size, head.root), (70, root(&author.frontier)));
    assert_eq!((head.name.as_str(), &head.checkpoint[..]), ("room 1", b"checkpoint 70".as_slice()));
    let rows = all(&store, &author.room).await;
    assert_eq!(rows.len(), 70);
    for (n, row) in (0..70_u8).zip(&rows) {
        assert_eq!((row.index, &row.entry[..]), (u64::from(n), [n].as_slice()));
        let content = (n % 2 == 0).then(|| Bytes::from(vec![n, n]));
        assert_eq!(row.content_state == ContentState::Present, content.is_some());
        assert_eq!(row.content, content);
    }
    let mut id = [0; 16];
    id[15] = 69;
    assert_eq!(store.find(&author.room, &id).await.unwrap(), Some(69));
    assert_eq!(store.find(&author.room, &[9; 16]).await.unwrap(), None);
    let nodes =
        [NodeId { level: 6, index: 0 }, NodeId { level: 2, index: 16 }, NodeId { level: 1, index: 34 }];
    assert_eq!(root(&store.hashes(&author.room, &nodes).await.unwrap()), head.root);
    let beyond = store.hashes(&author.room, &[NodeId { level: 0, index: 70 }]).await;
    assert!(matches!(beyond, Err(StoreError::NoSuchRow { index: 70, .. })));
    assert_whole(&store, &author.room).await;
}

#[tokio::test]
async fn a_commit_over_two_rooms_enters_both_or_neither() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let (mut a, mut b) = (Author::new(1), Author::new(2));
    let (first, second) = (a.one(b"a", None), b.one(b"b", None));
    let rooms = first.rooms.into_iter().chain(second.rooms).collect();
    store.commit(Commit { rooms }).await.unwrap();
    let before = a.clone();
    let mut rooms = a.one(b"a2", None).rooms;
    let mut stale = b.clone().one(b"b2", None).rooms;
    stale[0].expected_size = 5;
    rooms.append(&mut stale);
    let refused = store.commit(Commit { rooms }).await;
    assert!(matches!(refused, Err(StoreError::Fenced { room, expected: 5, found: 1 }) if room == b.room));
    assert_eq!(store.head(&a.room).await.unwrap().unwrap().size, 1);
    a = before;
    store.commit(a.one(b"other", None)).await.unwrap();
    assert_eq!(all(&store, &a.room).await[1].entry, "other");
    assert_eq!(store.rooms().await.unwrap(), [(a.room, "room 1".to_owned()), (b.room, "room 2".to_owned())]);
}

#[tokio::test]
async fn malformed_commits_are_refused_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let unknown = RoomCommit { room: author.room, ..RoomCommit::default() };
    assert!(matches!(store.commit(just(unknown)).await, Err(StoreError::UnknownRoom(_))));
    store.commit(author.one(b"0", None)).await.unwrap();
    let good = author.clone().one(b"1", None).rooms.remove(0);
    let refused = async |change: fn(&mut RoomCommit)| {
        let mut commit = good.clone();
        change(&mut commit);
        store.commit(just(commit)).await.unwrap_err()
    };
    assert!(matches!(refused(|c| c.create = Some("x".into())).await, StoreError::RoomExists(_)));
    assert!(matches!(
        refused(|c| c.rows[0].id = Some([0; 16])).await,
        StoreError::DuplicateId { index: 1, .. }
    ));
    assert!(matches!(
        refused(|c| c.rows[0].nodes.clear()).await,
        StoreError::Nodes { expected: 2, found: 0, .. }
    ));
    assert!(matches!(refused(|c| c.recalled = vec![2]).await, StoreError::NoSuchRow { index: 2, .. }));
    assert!(matches!(refused(|c| c.members = Some(vec!["a\0b".into()])).await, StoreError::Unfit { .. }));
    assert!(matches!(refused(|c| c.checkpoint = vec![0; 5000].into()).await, StoreError::Unfit { .. }));
    let doubled = Commit { rooms: vec![good.clone(), good.clone()] };
    assert!(matches!(store.commit(doubled).await, Err(StoreError::DoubledRoom(_))));
    store.commit(just(good)).await.unwrap();
    assert_whole(&store, &author.room).await;
}

#[tokio::test]
async fn values_of_megabytes_come_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut author = Author::new(1);
    let big: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[n as usize % 4]).collect();
    let store = open(dir.path()).unwrap();
    let mut commit = author.one(&big[..20_000], Some(&big));
    commit.rooms[0].state = Some(Bytes::copy_from_slice(&big[5..]));
    commit.rooms[0].members =
        Some((0..256).map(|n| format!("spiffe://example.org/party/drc/member-{n}")).collect());
    store.commit(commit).await.unwrap();
    assert_eq!(std::fs::read_dir(dir.path().join("rows/blobs")).unwrap().count(), 0);
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.head(&author.room).await.unwrap().unwrap().state, &big[5..]);
    let rows = all(&store, &author.room).await;
    assert_eq!((&rows[0].entry[..], rows[0].content.as_deref()), (&big[..20_000], Some(&big[..])));
    let bare = store.rows(&author.room, 0, 1, 100, false).await.unwrap();
    assert_eq!((&bare[0].entry[..], &bare[0].content), (&big[..20_000], &None));
    assert_eq!(bare[0].content_state, ContentState::Present);
    let mut commit = author.one(b"2", None);
    commit.rooms[0].state = Some(Bytes::from_static(b"small"));
    store.commit(commit).await.unwrap();
    assert_eq!(store.head(&author.room).await.unwrap().unwrap().state, "small");
    assert_whole(&store, &author.room).await;
}

#[tokio::test]
async fn rows_stop_at_the_limits_but_never_before_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    for _ in 0..40 {
        store.commit(author.one(&[1; 100], Some(&[2; 900]))).await.unwrap();
    }
    let count = async |from, limit, bytes, content| {
        store.rows(&author.room, from, limit, bytes, content).await.unwrap().len()
    };
    assert_eq!(count(0, 7, usize::MAX, true).await, 7);
    assert_eq!(count(38, 7, usize::MAX, true).await, 2);
    assert_eq!(count(40, 7, usize::MAX, true).await, 0);
    assert_eq!(count(u64::MAX, u64::MAX, 1, true).await, 0);
    assert_eq!(count(0, 40, 5_000, true).await, 5);
    assert_eq!(count(0, 40, 1_000, false).await, 10);
    assert_eq!(count(0, 40, 0, true).await, 1);
    let unknown = store.rows(&Digest([9; 32]), 0, 1, 1, true).await;
    assert!(matches!(unknown, Err(StoreError::UnknownRoom(_))));
}

#[tokio::test]
async fn membership_follows_the_newest_list() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let (mut a, mut b) = (Author::new(1), Author::new(2));
    let with = async |author: &mut Author, names: &[&str]| {
        let mut commit = author.one(b"charter", None);
        commit.rooms[0].members = Some(names.iter().map(|&name| name.to_owned()).collect());
        store.commit(commit).await.unwrap();
    };
    with(&mut a, &["us", "un"]).await;
    with(&mut b, &["us", "drc"]).await;
    assert_eq!(store.rooms_of("us").await.unwrap(), [a.room, b.room]);
    assert_eq!(store.rooms_of("u").await.unwrap(), []);
    with(&mut a, &["un", "drc"]).await;
    assert_eq!(store.rooms_of("us").await.unwrap(), [b.room]);
    assert_eq!(store.rooms_of("drc").await.unwrap(), [a.room, b.room]);
    assert_eq!(store.head(&a.room).await.unwrap().unwrap().members, ["un", "drc"]);
    assert_whole(&store, &a.room).await;
}

#[tokio::test]
async fn purging_content_leaves_the_entry_and_a_mark() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let long = vec![3; 30_000];
    store.commit(author.one(b"none", None)).await.unwrap();
    store.commit(author.one(&long, Some(&long))).await.unwrap();
    let mut commit = author.one(b"recalls and is recalled", Some(b"c"));
    commit.rooms[0].recalled = vec![1, 2];
    store.commit(commit).await.unwrap();
    store.purge(&author.room, 0).await.unwrap();
    store.purge(&author.room, 1).await.unwrap();
    store.purge(&author.room, 1).await.unwrap();
    assert!(matches!(store.purge(&author.room, 3).await, Err(StoreError::NoSuchRow { index: 3, .. })));
    drop(store);
    let store = open(dir.path()).unwrap();
    let rows = all(&store, &author.room).await;
    assert_eq!((rows[0].content_state, rows[0].recalled), (ContentState::Absent, false));
    assert_eq!((rows[1].content_state, rows[1].recalled), (ContentState::Purged, true));
    assert_eq!((rows[2].content_state, rows[2].recalled), (ContentState::Present, true));
    assert_eq!((&rows[1].entry[..], &rows[1].content), (&long[..], &None));
    let marks = store.marks(&author.room, 0, 10).await.unwrap();
    let expected =
        [Mark { index: 1, recalled: true, purged: true }, Mark { index: 2, recalled: true, purged: false }];
    assert_eq!(marks, expected);
    assert_eq!(store.marks(&author.room, 2, 10).await.unwrap(), expected[1..]);
    assert_eq!(store.marks(&author.room, 0, 1).await.unwrap(), expected[..1]);
    assert_eq!(store.marks(&author.room, 9, 1).await.unwrap(), []);
    assert_whole(&store, &author.room).await;
}

#[tokio::test]
async fn the_newest_cosignature_of_each_witness_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    store.commit(author.one(b"0", None)).await.unwrap();
    for (witness, bytes) in [("un/b", "old"), ("un/a", "first"), ("un/b", "new")] {
        store.put_cosignature(&author.room, witness, Bytes::from(bytes)).await.unwrap();
    }
    let long = store.put_cosignature(&author.room, "un/a", vec![0; 7000].into()).await;
    assert!(matches!(long, Err(StoreError::Unfit { .. })));
    drop(store);
    let store = open(dir.path()).unwrap();
    assert_eq!(store.cosignatures(&author.room).await.unwrap(), ["first", "new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_commits_share_durable_writes_and_all_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(dir.path()).unwrap());
    let mut authors: HashMap<u8, Author> = (0..20).map(|n| (n, Author::new(n))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (n, mut author) in authors.clone() {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            for k in 0..30 {
                store.commit(author.one(&[n, k], Some(&[k; 500]))).await.unwrap();
                assert_eq!(
                    store.rows(&author.room, u64::from(k), 1, 1, false).await.unwrap()[0].entry,
                    &[n, k][..]
                );
            }
            (n, author)
        });
    }
    while let Some(done) = tasks.join_next().await {
        let (n, author) = done.unwrap();
        authors.insert(n, author);
    }
    drop(std::sync::Arc::into_inner(store).unwrap());
    let tail = mark::MarkFile::open(&dir.path().join("mark")).unwrap().1.unwrap();
    assert!(tail.commits < 600, "{} durable writes for 600 commits", tail.commits);
    let store = open(dir.path()).unwrap();
    for author in authors.values() {
        let head = store.head(&author.room).await.unwrap().unwrap();
        assert_eq!((head.size, head.root), (30, root(&author.frontier)));
        assert_whole(&store, &author.room).await;
    }
}

#[tokio::test]
async fn commits_that_wait_together_still_fence_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    let first = author.one(b"0", None);
    let rival = Author::new(1).one(b"rival", None);
    let mut second = author.one(b"1", Some(b"c"));
    second.rooms[0].recalled = vec![0, 1];
    let same_id = {
        let mut commit = author.clone().one(b"2", None);
        commit.rooms[0].rows[0].id = Some([0; 16]);
        commit
    };
    let answers = tokio::join!(
        store.commit(first),
        store.commit(rival),
        store.commit(second),
        store.commit(same_id),
        store.purge(&author.room, 1),
        store.head(&author.room)
    );
    assert!(answers.0.is_ok() && answers.2.is_ok() && answers.4.is_ok());
    assert!(matches!(answers.1, Err(StoreError::RoomExists(_))));
    assert!(matches!(answers.3, Err(StoreError::DuplicateId { index: 2, .. })));
    assert_eq!(answers.5.unwrap().unwrap().size, 2);
    assert_eq!(store.marks(&author.room, 0, 9).await.unwrap().len(), 2);
    assert_whole(&store, &author.room).await;
}
