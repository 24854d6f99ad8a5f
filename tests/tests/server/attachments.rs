//! Attachments: sent in chunks, resumed where they broke off, served with a record.

use tearline_ledger::{
    digest::Digest,
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
