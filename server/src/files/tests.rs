//! What attachments promise: whole, right, resumable, found when damaged.

use super::*;

const ROOM: Digest = Digest([7; 32]);

async fn begin(files: &Attachments, digest: &Digest, size: u64, offset: u64) -> Upload {
    match files.put(&ROOM, digest, size, offset).await.unwrap() {
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
    let files = Attachments::open(&folder.path().join("attachments")).await.unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let digest = Digest::of(&bytes);
    let mut upload = begin(&files, &digest, 200_000, 0).await;
    for (n, chunk) in bytes.chunks(70_000).enumerate() {
        upload.write(n as u64 * 70_000, Bytes::copy_from_slice(chunk)).await.unwrap();
    }
    assert!(files.get(&ROOM, &digest, 0).await.unwrap().is_none());
    upload.finish().await.unwrap();
    assert!(matches!(files.put(&ROOM, &digest, 200_000, 0).await.unwrap(), Put::Complete));
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
    let files = Attachments::open(folder.path()).await.unwrap();
    let digest = Digest::of(b"onetwothree");
    let mut upload = begin(&files, &digest, 11, 0).await;
    upload.write(0, Bytes::from_static(b"onetwoXX")).await.unwrap();
    assert!(matches!(files.put(&ROOM, &digest, 11, 0).await, Err(FilesError::Busy)));
    assert_eq!(upload.suspend().await.unwrap(), 8);
    assert_eq!(files.received(&ROOM, &digest).await.unwrap(), 8);
    let gap = files.put(&ROOM, &digest, 11, 9).await;
    assert!(matches!(gap, Err(FilesError::Gap { offset: 9, received: 8 })));
    let mut upload = begin(&files, &digest, 11, 6).await;
    let early = upload.write(5, Bytes::from_static(b"o")).await;
    assert!(matches!(early, Err(FilesError::Gap { offset: 5, received: 6 })));
    upload.write(6, Bytes::from_static(b"three")).await.unwrap();
    upload.finish().await.unwrap();
    assert_eq!(read(files.get(&ROOM, &digest, 0).await.unwrap().unwrap()).await, b"onetwothree");
}

#[tokio::test]
async fn what_is_not_the_announced_attachment_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path()).await.unwrap();
    let digest = Digest::of(b"right");
    let mut upload = begin(&files, &digest, 5, 0).await;
    upload.write(0, Bytes::from_static(b"wron")).await.unwrap();
    let long = upload.write(4, Bytes::from_static(b"gg")).await;
    assert!(matches!(long, Err(FilesError::Beyond { size: 5, .. })));
    upload.write(4, Bytes::from_static(b"g")).await.unwrap();
    assert!(matches!(upload.finish().await, Err(FilesError::Mismatch { .. })));
    assert_eq!(files.received(&ROOM, &digest).await.unwrap(), 0);
    let mut short = begin(&files, &digest, 5, 0).await;
    short.write(0, Bytes::from_static(b"rig")).await.unwrap();
    assert!(matches!(short.finish().await, Err(FilesError::Incomplete { received: 3, size: 5 })));
}

#[tokio::test]
async fn only_uploads_that_nobody_goes_on_with_expire() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path()).await.unwrap();
    let (left, going) = (Digest::of(b"left"), Digest::of(b"going"));
    drop(begin(&files, &left, 4, 0).await);
    let going = begin(&files, &going, 5, 0).await;
    assert_eq!(files.expire(&ROOM, Duration::from_mins(1)).await.unwrap(), 0);
    assert_eq!(files.expire(&ROOM, Duration::ZERO).await.unwrap(), 1);
    drop(going);
    assert_eq!(files.expire(&ROOM, Duration::ZERO).await.unwrap(), 1);
}

#[tokio::test]
async fn a_flipped_bit_in_an_attachment_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let files = Attachments::open(folder.path()).await.unwrap();
    let digest = Digest::of(b"map");
    let mut upload = begin(&files, &digest, 3, 0).await;
    upload.write(0, Bytes::from_static(b"map")).await.unwrap();
    upload.finish().await.unwrap();
    fs::write(files.name(&ROOM, &digest), b"mbp").unwrap();
    assert!(!files.verify(&ROOM, &digest).await.unwrap());
}
