//! No read without a record: it is durable before the first byte of content leaves.

use tearline_proto::v1;
use tearline_tests::{
    desk::Desk,
    live::{Live, read, wait_for},
};

use crate::note;

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
