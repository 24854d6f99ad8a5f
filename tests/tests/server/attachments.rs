//! Attachments: sent in chunks, resumed where they broke off, served with a record.

use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    statement::{Act, Attachment, Statement},
    stream::StreamSealer,
};
use tearline_proto::v1;
use tearline_tests::{desk::Desk, live::Live};
use tonic::Code;

use crate::reason;

const CHUNK: usize = 64 << 10;

/// Sealed bytes of a file, and what a post says of them.
pub(crate) fn sealed(size: usize) -> (Vec<u8>, Attachment) {
    let plain: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let (mut sealer, _) = StreamSealer::new(size as u64).unwrap();
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(wants) = sealer.wants() {
        bytes.extend(sealer.push(&plain[at..at + wants]).unwrap());
        at += wants;
    }
    let whole = sealer.finish().unwrap();
    (bytes, Attachment { digest: whole.digest, size: whole.size })
}

pub(crate) fn chunks(room: &[u8], of: &Attachment, bytes: &[u8], offset: usize) -> Vec<v1::Chunk> {
    let mut out = Vec::new();
    for (at, data) in bytes[offset..].chunks(CHUNK).enumerate() {
        let mut chunk = v1::Chunk { data: data.to_vec().into(), ..v1::Chunk::default() };
        chunk.offset = (offset + at * CHUNK) as u64;
        if at == 0 {
            chunk.room = room.to_vec().into();
            chunk.digest = of.digest.as_bytes().to_vec().into();
            chunk.size = of.size;
        }
        out.push(chunk);
    }
    out
}

pub(crate) async fn put(live: &mut Live, desk: &Desk, chunks: Vec<v1::Chunk>) -> Result<u64, tonic::Status> {
    let mut client = live.client(desk).await.unwrap();
    let answer = client.attachments.put(tokio_stream::iter(chunks)).await?;
    Ok(answer.into_inner().received)
}

async fn offer(live: &mut Live, desk: &Desk, room: RoomId, of: &Attachment) -> Result<u64, tonic::Status> {
    let mut client = live.client(desk).await.unwrap();
    let (room, digest) = (room.as_bytes().to_vec().into(), of.digest.as_bytes().to_vec().into());
    let answer = client.attachments.offer(v1::OfferRequest { room, digest, size: of.size }).await?;
    Ok(answer.into_inner().received)
}

async fn get(
    live: &mut Live,
    desk: &Desk,
    room: RoomId,
    index: u64,
    of: &Attachment,
) -> Result<Vec<u8>, tonic::Status> {
    let (room, digest) = (room.as_bytes().to_vec().into(), of.digest.as_bytes().to_vec().into());
    let mut client = live.client(desk).await.unwrap();
    let request = v1::GetRequest { room, digest, offset: 0, index };
    let mut stream = client.attachments.get(request).await?.into_inner();
    let mut got = Vec::new();
    while let Some(chunk) = stream.message().await? {
        got.extend_from_slice(&chunk.data);
    }
    Ok(got)
}

/// How many files lie beneath the folder of attachments.
fn files(live: &Live) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&live.site.server().join("data/attachments"))
}

pub(crate) fn with(mut post: Statement, attachment: Attachment) -> Statement {
    if let Act::Post(post) = &mut post.act {
        post.attachments = vec![attachment];
    }
    post
}

#[tokio::test]
async fn an_attachment_is_sent_resumed_named_and_served_with_a_record() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (bytes, attachment) = sealed(1 << 20);
    let post = live.world().post(room, &desk, "a map").unwrap();
    let post = with(post, attachment);

    let all = chunks(room.as_bytes(), &attachment, &bytes, 0);
    let received = put(&mut live, &desk, all[..5].to_vec()).await.unwrap();
    assert_eq!(received, 5 * CHUNK as u64);
    let refused = live.send(&post, &[&desk]).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "ATTACHMENT_MISSING");

    let rest = chunks(room.as_bytes(), &attachment, &bytes, usize::try_from(received).unwrap());
    assert_eq!(put(&mut live, &desk, rest).await.unwrap(), attachment.size);
    // Sent again it is there already.
    assert_eq!(put(&mut live, &desk, all[..1].to_vec()).await.unwrap(), attachment.size);
    let index = live.send(&post, &[&desk]).await.unwrap().unwrap().index;

    for offset in [0, 100_000] {
        let request = v1::GetRequest {
            room: room.as_bytes().to_vec().into(),
            digest: attachment.digest.as_bytes().to_vec().into(),
            offset,
            index,
        };
        let mut client = live.client(&desk).await.unwrap();
        let mut stream = client.attachments.get(request).await.unwrap().into_inner();
        let mut got = Vec::new();
        while let Some(chunk) = stream.message().await.unwrap() {
            assert_eq!(chunk.offset, offset + got.len() as u64);
            got.extend_from_slice(&chunk.data);
        }
        assert!(got == bytes[usize::try_from(offset).unwrap()..]);
    }
    let records = live.records(&desk).await.unwrap();
    assert_eq!(records.iter().map(|it| (it.first, it.count)).collect::<Vec<_>>(), [(index, 1); 2]);
}

#[tokio::test]
async fn what_is_not_what_was_announced_is_thrown_away() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (mut bytes, attachment) = sealed(100_000);
    bytes[70_000] ^= 1;
    let refused = put(&mut live, &desk, chunks(room.as_bytes(), &attachment, &bytes, 0)).await.unwrap_err();
    assert_eq!(reason(&refused), "ATTACHMENT");
    bytes[70_000] ^= 1;
    let sent = put(&mut live, &desk, chunks(room.as_bytes(), &attachment, &bytes, 0)).await.unwrap();
    assert_eq!(sent, attachment.size);
}

#[tokio::test]
async fn an_attachment_that_no_post_of_the_room_names_is_not_served() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let (bytes, attachment) = sealed(1000);
    let sent = chunks(room.as_bytes(), &attachment, &bytes, 0);
    put(&mut live, &desks.drc_liaison, sent).await.unwrap();
    let post = live.world().post(room, &desks.drc_liaison, "no map").unwrap();
    let index = live.send(&post, &[&desks.drc_liaison]).await.unwrap().unwrap().index;
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    for digest in [attachment.digest, Digest([3; 32])] {
        for index in [index, 0, 99] {
            let request = v1::GetRequest {
                room: room.as_bytes().to_vec().into(),
                digest: digest.as_bytes().to_vec().into(),
                offset: 0,
                index,
            };
            let refused = client.attachments.get(request).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused)), (Code::NotFound, "NO_SUCH_ATTACHMENT".to_owned()));
        }
    }
    assert!(live.records(&desks.drc_liaison).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_auditor_and_too_large_a_file_are_turned_away() {
    let mut live = Live::kivu_with("attachment_bytes = 1000\n").await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let (bytes, attachment) = sealed(10_000);
    let sent = chunks(room.as_bytes(), &attachment, &bytes, 0);
    let refused = put(&mut live, &desks.drc_liaison, sent.clone()).await.unwrap_err();
    assert_eq!(reason(&refused), "OVER_LIMIT");
    let refused = put(&mut live, &desks.monitor_1, sent).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn it_is_told_before_anything_is_sent_how_much_is_here_and_what_is_too_large() {
    let mut live = Live::kivu_with("attachment_bytes = 200000\n").await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (bytes, attachment) = sealed(150_000);
    assert_eq!(offer(&mut live, &desk, room, &attachment).await.unwrap(), 0);
    let all = chunks(room.as_bytes(), &attachment, &bytes, 0);
    put(&mut live, &desk, all[..1].to_vec()).await.unwrap();
    assert_eq!(offer(&mut live, &desk, room, &attachment).await.unwrap(), CHUNK as u64);
    live.server.kill().unwrap();
    live.restart().unwrap();
    assert_eq!(offer(&mut live, &desk, room, &attachment).await.unwrap(), CHUNK as u64);
    put(&mut live, &desk, chunks(room.as_bytes(), &attachment, &bytes, CHUNK)).await.unwrap();
    assert_eq!(offer(&mut live, &desk, room, &attachment).await.unwrap(), attachment.size);
    for size in [0, 200_001, u64::MAX] {
        let refused = offer(&mut live, &desk, room, &Attachment { size, ..attachment }).await.unwrap_err();
        assert_eq!(reason(&refused), "OVER_LIMIT");
    }
}

#[tokio::test]
async fn an_upload_is_nobodys_but_the_organisations_that_sent_it() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desks) = (live.room("plenary").unwrap(), live.desks());
    let (bytes, attachment) = sealed(100_000);
    let sent = chunks(room.as_bytes(), &attachment, &bytes, 0);
    put(&mut live, &desks.drc_liaison, sent.clone()).await.unwrap();
    // Another party of the same room is answered as if nothing were there.
    assert_eq!(offer(&mut live, &desks.rwanda_liaison, room, &attachment).await.unwrap(), 0);
    let post = live.world().post(room, &desks.rwanda_liaison, "theirs").unwrap();
    let post = with(post, attachment);
    let refused = live.send(&post, &[&desks.rwanda_liaison]).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "ATTACHMENT_MISSING");
    // A colleague goes on with it.
    assert_eq!(offer(&mut live, &desks.drc_delegation, room, &attachment).await.unwrap(), attachment.size);
    // Nor does what drc has in one room count in another.
    let own = live.room("drc").unwrap();
    assert_eq!(offer(&mut live, &desks.drc_liaison, own, &attachment).await.unwrap(), 0);
    let post = live.world().post(own, &desks.drc_liaison, "ours").unwrap();
    let post = with(post, attachment);
    let refused = live.send(&post, &[&desks.drc_liaison]).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "ATTACHMENT_MISSING");
}

#[tokio::test]
async fn a_release_hands_on_what_the_chamber_has_and_a_refused_one_leaves_nothing() {
    let mut live = Live::kivu().await.unwrap();
    let (chamber, drc, desks) = (live.room("chamber").unwrap(), live.room("drc").unwrap(), live.desks());
    let (washington, kinshasa) = (desks.washington.clone(), desks.kinshasa.clone());
    let (bytes, attachment) = sealed(100_000);
    let direct =
        put(&mut live, &washington, chunks(drc.as_bytes(), &attachment, &bytes, 0)).await.unwrap_err();
    assert_eq!(reason(&direct), "SEND_TO_CHAMBER");
    put(&mut live, &washington, chunks(chamber.as_bytes(), &attachment, &bytes, 0)).await.unwrap();
    let note = live.world().post(chamber, &washington, "a map").unwrap();
    let note = with(note, attachment);
    live.send(&note, &[&washington]).await.unwrap().unwrap();
    assert_eq!(files(&live), 1, "the upload was settled");

    let post = live.world().post(drc, &washington, "a map for you").unwrap();
    let post = with(post, attachment);
    // Without the quorum nothing comes into the room.
    let refused = live.send(&post, &[&washington]).await.unwrap().unwrap_err();
    assert_ne!(reason(&refused), "ATTACHMENT_MISSING");
    assert_eq!(files(&live), 1, "{refused:?}");
    live.enact(vec![post], &washington, &[&kinshasa]).await.unwrap().unwrap();
    assert_eq!(files(&live), 2);
    let index = live.world().state(drc).unwrap().size().0 - 1;
    assert!(get(&mut live, &desks.drc_liaison, drc, index, &attachment).await.unwrap() == bytes);
    let refused = get(&mut live, &desks.rwanda_liaison, drc, index, &attachment).await.unwrap_err();
    let never = get(&mut live, &desks.rwanda_liaison, RoomId(Digest([9; 32])), index, &attachment).await;
    assert_eq!(refused.details(), never.unwrap_err().details());

    // What only another room has is not handed on to a party, whoever names it.
    let (_, absent) = sealed(50_000);
    let post = live.world().post(drc, &washington, "none").unwrap();
    let post = with(post, absent);
    let refused = live.enact(vec![post], &washington, &[&kinshasa]).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "ATTACHMENT_MISSING");
}

#[tokio::test]
async fn a_recalled_post_serves_its_attachment_no_more_but_another_that_names_it_does() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (bytes, attachment) = sealed(10_000);
    put(&mut live, &desk, chunks(room.as_bytes(), &attachment, &bytes, 0)).await.unwrap();
    let mut indices = Vec::new();
    for text in ["a map", "the map again"] {
        let post = live.world().post(room, &desk, text).unwrap();
        let post = with(post, attachment);
        indices.push(live.send(&post, &[&desk]).await.unwrap().unwrap().index);
    }
    let first = usize::try_from(indices[0]).unwrap();
    let entry = live.world().house.room(room).unwrap().entries()[first].clone();
    let recall = live.world().recall(&desk, &entry).unwrap();
    live.send(&recall, &[&desk]).await.unwrap().unwrap();
    let refused = get(&mut live, &desk, room, indices[0], &attachment).await.unwrap_err();
    assert_eq!(reason(&refused), "NO_SUCH_ATTACHMENT");
    assert!(get(&mut live, &desk, room, indices[1], &attachment).await.unwrap() == bytes);
}

#[tokio::test]
async fn uploads_that_no_statement_names_are_few_and_do_not_stay() {
    let mut live = Live::kivu_with("uploads_per_organisation = 2\n").await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let desk = desks.drc_liaison.clone();
    let all: Vec<_> = [1000, 2000, 3000].map(sealed).into();
    for (bytes, attachment) in &all[..2] {
        put(&mut live, &desk, chunks(room.as_bytes(), attachment, bytes, 0)).await.unwrap();
    }
    let refused = offer(&mut live, &desk, room, &all[2].1).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::ResourceExhausted, "LIMIT".to_owned()));
    let plenary = live.room("plenary").unwrap();
    offer(&mut live, &desks.rwanda_liaison, plenary, &all[2].1).await.unwrap();
    // A post frees one place; a day the other.
    let post = live.world().post(room, &desk, "a map").unwrap();
    let post = with(post, all[0].1);
    live.send(&post, &[&desk]).await.unwrap().unwrap();
    put(&mut live, &desk, chunks(room.as_bytes(), &all[2].1, &all[2].0, 0)).await.unwrap();
    assert_eq!(files(&live), 3);
    live.server.kill().unwrap();
    let folder = live.site.server().join("data/attachments/uploads/drc");
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_hours(25);
    for entry in std::fs::read_dir(folder).unwrap() {
        let file = std::fs::File::open(entry.unwrap().path()).unwrap();
        file.set_modified(yesterday).unwrap();
    }
    live.restart().unwrap();
    for _ in 0..600 {
        if files(&live) == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(files(&live), 1, "what a post names stays");
}
