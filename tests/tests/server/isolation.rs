//! A party asks for the other's room: the answer is, byte for byte, that for a room that never was.

use tearline_ledger::{digest::Digest, id::RoomId};
use tearline_proto::v1;
use tearline_tests::{
    live::{Live, client::Client, read},
    world::{sign, submission},
};
use tonic::Status;

use crate::note;

/// All that the caller sees of a refusal.
fn seen(status: &Status) -> (tonic::Code, String, Vec<u8>, Vec<String>) {
    let metadata = status.metadata().keys().map(|key| format!("{key:?}")).collect();
    (status.code(), status.message().to_owned(), status.details().to_vec(), metadata)
}

async fn answer(client: &Client, request: v1::ReadRequest) -> Status {
    let mut client = client.clone();
    match client.rooms.read(request).await {
        Err(status) => status,
        Ok(stream) => stream.into_inner().message().await.expect_err("another's room was served"),
    }
}

#[tokio::test]
async fn another_partys_room_and_no_room_give_one_answer_to_every_question() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let digest = {
        note(&mut live, "drc", &desks.drc_liaison, "a column of 40 vehicles").await;
        let room = live.room("drc").unwrap();
        let entries = live.world().house.room(room).unwrap().entries().to_vec();
        entries[1].signed().statement.sealed().unwrap().digest
    };
    let (drc, chamber) = (live.room("drc").unwrap(), live.room("chamber").unwrap());
    let never = RoomId(Digest([0x5a; 32]));
    let spy = desks.rwanda_liaison.clone();
    let client = live.client(&spy).await.unwrap();
    let post = live.world().post(drc, &spy, "let me in").unwrap();
    let checkpoint = live.rows(&desks.washington, read(drc, 0, false)).await.map(|_| b"note".as_slice());
    let checkpoint = checkpoint.unwrap();

    let mut answers = Vec::new();
    for room in [drc, chamber, never] {
        let bytes = || room.as_bytes().to_vec().into();
        let mut all = Vec::new();
        for content in [false, true] {
            for follow in [false, true] {
                for (from, limit) in [(0, 0), (0, 1), (1, 1), (1_000_000, 0)] {
                    let request = v1::ReadRequest { room: bytes(), from, limit, content, follow };
                    all.push(seen(&answer(&client, request).await));
                }
            }
        }
        let mut it = client.clone();
        for (index, inclusion, from_size, size) in [(1, true, 0, 0), (0, false, 1, 0), (9, true, 9, 99)] {
            let request = v1::ProveRequest { room: bytes(), index, inclusion, from_size, size };
            all.push(seen(&it.rooms.prove(request).await.unwrap_err()));
        }
        let mut post = post.clone();
        post.room = Some(room);
        let call = [submission(&sign(&post, &[&spy]).unwrap())];
        let request = live.world().request(&call).unwrap();
        all.push(seen(&it.rooms.append(request).await.unwrap_err()));
        let cosign = v1::CosignRequest { room: bytes(), checkpoint: checkpoint.into() };
        all.push(seen(&it.rooms.cosign(cosign).await.unwrap_err()));
        for digest in [digest, Digest([1; 32])] {
            for index in [0, 1, 9] {
                let digest = digest.as_bytes().to_vec().into();
                let request = v1::GetRequest { room: bytes(), digest, offset: 0, index };
                all.push(seen(&it.attachments.get(request).await.unwrap_err()));
            }
        }
        let offer = v1::OfferRequest { room: bytes(), digest: digest.as_bytes().to_vec().into(), size: 6 };
        all.push(seen(&it.attachments.offer(offer).await.unwrap_err()));
        let digest = digest.as_bytes().to_vec().into();
        let data = b"sealed".as_slice().into();
        let chunk = v1::Chunk { room: bytes(), digest, size: 6, offset: 0, data };
        all.push(seen(&it.attachments.put(tokio_stream::iter([chunk])).await.unwrap_err()));
        answers.push(all);
    }
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[2]);
    // One answer for all questions, too.
    let first = &answers[0][0];
    assert!(answers[0].iter().all(|answer| answer.0 == first.0 && answer.2 == first.2), "{:?}", answers[0]);

    // Nor does the attempt leave anything behind that the other could see.
    assert!(live.follow(drc).await.unwrap().is_empty());
    assert!(live.records(&desks.drc_liaison).await.unwrap().is_empty());
}

#[tokio::test]
async fn anothers_access_log_is_no_room_of_mine() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    note(&mut live, "drc", &desks.drc_liaison, "text").await;
    let drc = live.room("drc").unwrap();
    live.rows(&desks.drc_liaison, read(drc, 0, true)).await.unwrap().unwrap();
    let mut auditor = live.client(&desks.monitor_1).await.unwrap();
    let heads = auditor.rooms.list(v1::ListRequest {}).await.unwrap().into_inner().rooms;
    let log = heads.iter().find(|head| head.name == "access/drc").unwrap().room.clone();
    assert_eq!(live.records(&desks.drc_delegation).await.unwrap().len(), 1);

    let request = |room: bytes::Bytes| v1::ReadRequest { room, ..v1::ReadRequest::default() };
    let spy = live.client(&desks.rwanda_liaison).await.unwrap();
    let seen_log = seen(&answer(&spy, request(log)).await);
    assert_eq!(seen_log, seen(&answer(&spy, request(vec![0x5a; 32].into())).await));
}

#[tokio::test]
async fn nothing_in_a_list_tells_of_the_other_partys_traffic() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let mut client = live.client(&desks.rwanda_liaison).await.unwrap();
    let before = client.rooms.list(v1::ListRequest {}).await.unwrap().into_inner();
    for at in 0..5 {
        note(&mut live, "drc", &desks.drc_liaison, &format!("report {at}")).await;
    }
    let drc = live.room("drc").unwrap();
    live.rows(&desks.drc_liaison, read(drc, 0, true)).await.unwrap().unwrap();
    assert_eq!(client.rooms.list(v1::ListRequest {}).await.unwrap().into_inner(), before);
}
