//! What attachments promise: whole, right, resumable, found when damaged.

use super::*;

const ROOM: Digest = Digest([7; 32]);
const CHAMBER: Digest = Digest([9; 32]);

fn drc() -> Org {
    "drc".parse().unwrap()
}

fn rwanda() -> Org {
    "rwanda".parse().unwrap()
}

async fn send(files: &Attachments, from: &Org, room: &Digest, bytes: &'static [u8]) -> Digest {
    let digest = Digest::of(bytes);
    let Put::Upload(mut upload) = files.put(from, room, &digest, bytes.len() as u64, 0).await.unwrap() else {
        panic!("it is complete")
    };
    upload.write(0, Bytes::from_static(bytes)).await.unwrap();
    upload.finish().await.unwrap();
    digest
}

async fn begin(files: &Attachments, digest: &Digest, size: u64, offset: u64) -> Upload {
    match files.put(&drc(), &ROOM, digest, size, offset).await.unwrap() {
        Put::Upload(upload) => upload,
        Put::Complete => panic!("it is complete"),
    }
}

async fn read(mut download: Download) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(bytes) = download.next().await.unwrap() {
        assert!(bytes.len() <= CHUNK);
        all.extend_from_slice(&bytes);
    }
    all
}

#[tokio::test]
async fn an_attachment_is_served_as_it_was_received() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(&folder.path().join("attachments"), 2).await.unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let digest = Digest::of(&bytes);
    let mut upload = begin(&files, &digest, 200_000, 0).await;
    for (n, chunk) in bytes.chunks(70_000).enumerate() {
        upload.write(n as u64 * 70_000, Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    assert!(files.get(&ROOM, &digest, 0).await.unwrap().is_none());
    upload.finish().await.unwrap();
    assert!(files.get(&ROOM, &digest, 0).await.unwrap().is_none(), "no statement names it yet");
    let entered = files.enter(&drc(), &ROOM, &digest).await.unwrap();
    assert_eq!(entered, Some(Entered { size: 200_000, fresh: true }));
    assert!(matches!(files.put(&drc(), &ROOM, &digest, 200_000, 0).await.unwrap(), Put::Complete));
    files.settle(&drc(), &ROOM, &digest).await.unwrap();
    assert!(matches!(files.put(&drc(), &ROOM, &digest, 200_000, 0).await.unwrap(), Put::Complete));
    assert_eq!(read(files.get(&ROOM, &digest, 0).await.unwrap().unwrap()).await, bytes);
    assert_eq!(read(files.get(&ROOM, &digest, 150_000).await.unwrap().unwrap()).await, bytes[150_000..]);
    assert!(files.verify(&ROOM, &digest).await.unwrap());
    assert_eq!(files.list(&ROOM).await.unwrap(), [digest]);
    assert!(files.get(&Digest([8; 32]), &digest, 0).await.unwrap().is_none());
    files.purge(&ROOM, &digest).await.unwrap();
    assert!(files.get(&ROOM, &digest, 0).await.unwrap().is_none());
}

#[tokio::test]
async fn a_broken_upload_is_resumed_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let digest = Digest::of(b"onetwothree");
    let mut upload = begin(&files, &digest, 11, 0).await;
    upload.write(0, Bytes::from_static(b"onetwoXX")).await.unwrap();
    assert!(matches!(files.put(&drc(), &ROOM, &digest, 11, 0).await, Err(FilesError::Busy)));
    assert_eq!(upload.suspend().await.unwrap(), 8);
    assert_eq!(files.offer(&drc(), &ROOM, &digest).await.unwrap(), 8);
    let gap = files.put(&drc(), &ROOM, &digest, 11, 9).await;
    assert!(matches!(gap, Err(FilesError::Gap { offset: 9, received: 8 })));
    let mut upload = begin(&files, &digest, 11, 6).await;
    let early = upload.write(5, Bytes::from_static(b"o")).await;
    assert!(matches!(early, Err(FilesError::Gap { offset: 5, received: 6 })));
    upload.write(6, Bytes::from_static(b"three")).await.unwrap();
    upload.finish().await.unwrap();
    files.enter(&drc(), &ROOM, &digest).await.unwrap();
    assert_eq!(read(files.get(&ROOM, &digest, 0).await.unwrap().unwrap()).await, b"onetwothree");
}

#[tokio::test]
async fn what_is_not_the_announced_attachment_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let digest = Digest::of(b"right");
    let mut upload = begin(&files, &digest, 5, 0).await;
    upload.write(0, Bytes::from_static(b"wron")).await.unwrap();
    let long = upload.write(4, Bytes::from_static(b"gg")).await;
    assert!(matches!(long, Err(FilesError::Beyond { size: 5, .. })));
    upload.write(4, Bytes::from_static(b"g")).await.unwrap();
    assert!(matches!(upload.finish().await, Err(FilesError::Mismatch { .. })));
    assert_eq!(files.offer(&drc(), &ROOM, &digest).await.unwrap(), 0);
    let mut short = begin(&files, &digest, 5, 0).await;
    short.write(0, Bytes::from_static(b"rig")).await.unwrap();
    assert!(matches!(short.finish().await, Err(FilesError::Incomplete { received: 3, size: 5 })));
}

#[tokio::test]
async fn only_uploads_that_nobody_goes_on_with_expire() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let (left, going) = (Digest::of(b"left"), Digest::of(b"going"));
    drop(begin(&files, &left, 4, 0).await);
    let going = begin(&files, &going, 5, 0).await;
    assert_eq!(files.expire(Duration::from_mins(1)).await.unwrap(), 0);
    assert_eq!(files.expire(Duration::ZERO).await.unwrap(), 1);
    drop(going);
    assert_eq!(files.expire(Duration::ZERO).await.unwrap(), 1);
}

#[tokio::test]
async fn a_flipped_bit_in_an_attachment_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let digest = send(&files, &drc(), &ROOM, b"map").await;
    files.enter(&drc(), &ROOM, &digest).await.unwrap();
    fs::write(files.name(&ROOM, &digest), b"mbp").unwrap();
    assert!(!files.verify(&ROOM, &digest).await.unwrap());
}

#[tokio::test]
async fn nobody_learns_what_another_organisation_has_sent() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let digest = send(&files, &drc(), &ROOM, b"map").await;
    assert_eq!(files.offer(&rwanda(), &ROOM, &digest).await.unwrap(), 0);
    assert_eq!(files.enter(&rwanda(), &ROOM, &digest).await.unwrap(), None);
    assert_eq!(files.offer(&drc(), &CHAMBER, &digest).await.unwrap(), 0, "nor does it itself, elsewhere");
    send(&files, &rwanda(), &ROOM, b"map").await;
}

#[tokio::test]
async fn what_one_room_has_is_handed_on_to_another_without_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let us: Org = "us".parse().unwrap();
    let digest = send(&files, &us, &CHAMBER, b"map").await;
    assert_eq!(files.hand_on(&CHAMBER, &ROOM, &digest).await.unwrap(), None, "it is not in the chamber yet");
    files.enter(&us, &CHAMBER, &digest).await.unwrap();
    let handed = files.hand_on(&CHAMBER, &ROOM, &digest).await.unwrap();
    assert_eq!(handed, Some(Entered { size: 3, fresh: true }));
    let inode = |room: &Digest| fs::metadata(files.name(room, &digest)).unwrap().ino();
    assert_eq!(inode(&CHAMBER), inode(&ROOM));
    files.purge(&ROOM, &digest).await.unwrap();
    assert!(files.verify(&CHAMBER, &digest).await.unwrap());
    assert_eq!(files.rooms().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_organisation_has_so_many_uploads_waiting_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path(), 2).await.unwrap();
    let one = send(&files, &drc(), &ROOM, b"one").await;
    drop(begin(&files, &Digest::of(b"two"), 3, 0).await);
    let third = Digest::of(b"three");
    assert!(matches!(files.offer(&drc(), &ROOM, &third).await, Err(FilesError::TooMany { most: 2 })));
    let put = files.put(&drc(), &ROOM, &third, 5, 0).await;
    assert!(matches!(put, Err(FilesError::TooMany { most: 2 })));
    assert!(files.offer(&rwanda(), &ROOM, &third).await.is_ok());
    drop(begin(&files, &Digest::of(b"two"), 3, 0).await);
    files.enter(&drc(), &ROOM, &one).await.unwrap();
    files.settle(&drc(), &ROOM, &one).await.unwrap();
    drop(begin(&files, &third, 5, 0).await);
}

#[test]
fn a_full_disk_is_told_from_a_broken_one() {
    let full = at(Path::new("x"))(io::ErrorKind::StorageFull.into());
    assert!(matches!(full, FilesError::Full { .. }));
    let broken = at(Path::new("x"))(io::ErrorKind::PermissionDenied.into());
    assert!(matches!(broken, FilesError::Files { .. }));
}
