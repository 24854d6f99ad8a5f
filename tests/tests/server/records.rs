//! No read without a record: it is durable before the first byte of content leaves.

use tearline_ledger::id::RoomId;
use tearline_proto::v1;
use tearline_tests::{
    desk::Desk,
    live::{Live, read, wait_for},
};

use crate::{
    attachments::{chunks, put, sealed, with},
    note,
};

fn range(record: &v1::Access) -> (&str, u64, u64) {
    (record.member.rsplit_once('/').map_or("", |(_, member)| member), record.first, record.count)
}

async fn ranges(live: &mut Live, desk: &Desk) -> Vec<(String, u64, u64)> {
    let records = live.records(desk).await.unwrap();
    records.iter().map(range).map(|(member, first, count)| (member.to_owned(), first, count)).collect()
}

#[tokio::test]
async fn each_read_of_content_leaves_one_record_of_its_range() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    for at in 0..4 {
        note(&mut live, "drc", &desks.drc_liaison, &format!("report {at}")).await;
    }
    live.rows(&desks.drc_liaison, read(room, 0, false)).await.unwrap().unwrap();
    assert!(ranges(&mut live, &desks.drc_liaison).await.is_empty());

    live.rows(&desks.drc_liaison, read(room, 0, true)).await.unwrap().unwrap();
    let limited = v1::ReadRequest { limit: 2, ..read(room, 2, true) };
    assert_eq!(live.rows(&desks.drc_delegation, limited).await.unwrap().unwrap().len(), 2);
    let expected = [("liaison".to_owned(), 0, 5), ("delegation".to_owned(), 2, 2)];
    // Its organisation, the mediators and the auditors read it; nobody's reading of it is recorded.
    assert_eq!(ranges(&mut live, &desks.drc_liaison).await, expected);
    let records = live.records(&desks.drc_delegation).await.unwrap();
    assert!(records.iter().all(|record| record.room == room.as_bytes()[..]));

    live.rows(&desks.washington, read(room, 1, true)).await.unwrap().unwrap();
    assert_eq!(ranges(&mut live, &desks.kinshasa).await, [("washington".to_owned(), 1, 4)]);
}

#[tokio::test]
async fn a_server_that_dies_at_the_first_byte_has_the_record() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    note(&mut live, "drc", &desk, "text").await;
    let mut client = live.client(&desk).await.unwrap();
    let mut stream = client.rooms.read(read(room, 1, true)).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().unwrap().rows[0].content.is_some());
    live.server.kill().unwrap();
    live.restart().unwrap();
    assert_eq!(ranges(&mut live, &desk).await, [("liaison".to_owned(), 1, 1)]);
}

#[tokio::test]
async fn what_a_follower_is_sent_was_recorded_in_the_commit_that_brought_it() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let mut follower = live.client(&desks.drc_liaison).await.unwrap();
    let request = v1::ReadRequest { follow: true, ..read(room, 1, true) };
    let mut stream = follower.rooms.read(request).await.unwrap().into_inner();
    // Nothing yet: the checkpoint alone.
    assert!(stream.message().await.unwrap().unwrap().rows.is_empty());
    note(&mut live, "drc", &desks.drc_delegation, "text").await;
    assert!(stream.message().await.unwrap().unwrap().rows[0].content.is_some());
    live.server.kill().unwrap();
    live.restart().unwrap();
    assert_eq!(ranges(&mut live, &desks.drc_liaison).await, [("liaison".to_owned(), 1, 1)]);
}

#[tokio::test]
async fn a_server_that_dies_at_the_first_bytes_of_an_attachment_has_the_record() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (bytes, attachment) = sealed(1 << 20);
    put(&mut live, &desk, chunks(room.as_bytes(), &attachment, &bytes, 0)).await.unwrap();
    let post = with(live.world().post(room, &desk, "a map").unwrap(), attachment);
    let index = live.send(&post, &[&desk]).await.unwrap().unwrap().index;
    let mut client = live.client(&desk).await.unwrap();
    let (room, digest) = (room.as_bytes().to_vec().into(), attachment.digest.as_bytes().to_vec().into());
    let request = v1::GetRequest { room, digest, offset: 0, index };
    let mut stream = client.attachments.get(request).await.unwrap().into_inner();
    assert!(!stream.message().await.unwrap().unwrap().data.is_empty());
    live.server.kill().unwrap();
    live.restart().unwrap();
    assert_eq!(ranges(&mut live, &desk).await, [("liaison".to_owned(), index, 1)]);
}

/// Whether a record of this room and member holds this entry.
fn holds(records: &[v1::Access], room: RoomId, desk: &Desk, index: u64) -> bool {
    records.iter().any(|record| {
        record.member == desk.name().as_str()
            && record.room == room.as_bytes()[..]
            && (record.first..record.first + record.count).contains(&index)
    })
}

#[tokio::test]
async fn all_content_that_any_desk_was_sent_is_in_the_log_of_its_organisation_and_in_no_other() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let (drc, plenary) = (live.room("drc").unwrap(), live.room("plenary").unwrap());
    for at in 0..5 {
        note(&mut live, "drc", &desks.drc_liaison, &format!("report {at}")).await;
        note(&mut live, "plenary", &desks.rwanda_liaison, &format!("statement {at}")).await;
    }
    // In pieces, from the middle, twice over, to the end, without content, by everyone who may.
    let part = |room, from, limit, content| v1::ReadRequest { limit, ..read(room, from, content) };
    let asked = [
        (&desks.drc_liaison, part(drc, 0, 2, true)),
        (&desks.drc_liaison, part(drc, 4, 1, true)),
        (&desks.drc_delegation, part(plenary, 1, 0, true)),
        (&desks.drc_delegation, part(drc, 0, 0, false)),
        (&desks.rwanda_liaison, part(plenary, 2, 2, true)),
        (&desks.rwanda_liaison, part(plenary, 2, 2, true)),
        (&desks.washington, part(drc, 0, 0, true)),
        (&desks.kigali, part(plenary, 5, 100, true)),
        (&desks.monitor_1, part(plenary, 0, 3, true)),
    ];
    let mut sent: Vec<(Desk, RoomId, u64)> = Vec::new();
    for (desk, request) in asked {
        let room = RoomId::from_slice(&request.room).unwrap();
        let rows = live.rows(desk, request).await.unwrap().unwrap();
        let with_content = rows.iter().filter(|row| row.content.is_some());
        sent.extend(with_content.map(|row| (desk.clone(), room, row.index)));
    }
    assert_eq!(sent.len(), 19);
    let everyone = [&desks.drc_liaison, &desks.rwanda_liaison, &desks.washington, &desks.monitor_1];
    let mut of_any = Vec::new();
    for reader in everyone {
        let records = live.records(reader).await.unwrap();
        let org = reader.name().org();
        assert!(records.iter().all(|it| it.member.contains(&format!("/{}/", org.as_str()))), "{records:?}");
        let own = sent.iter().filter(|(desk, ..)| desk.name().org() == org);
        for (desk, room, index) in own {
            assert!(holds(&records, *room, desk, *index), "{} was sent #{index}", desk.name());
        }
        of_any.extend(records);
    }
    // What left without content left no record, and nothing was recorded that nobody asked for.
    assert_eq!(of_any.len(), 8);
}

#[tokio::test]
async fn a_follower_that_has_gone_is_recorded_no_more() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let mut follower = live.client(&desks.drc_liaison).await.unwrap();
    let request = v1::ReadRequest { follow: true, ..read(room, 0, true) };
    let mut stream = follower.rooms.read(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    drop(stream);
    let mut before = 0;
    wait_for("posts leave no more records", async || {
        note(&mut live, "drc", &desks.drc_delegation, "text").await;
        let records = live.records(&desks.drc_liaison).await?.len();
        Ok((std::mem::replace(&mut before, records) == records).then_some(()))
    })
    .await
    .unwrap();
}
