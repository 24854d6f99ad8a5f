//! Streams that follow: they bring what comes, and end when their reader may no longer read.

use std::time::Duration;

use tearline_ledger::charter::Charter;
use tearline_proto::v1;
use tearline_tests::{
    desk::Desk,
    live::{Live, read},
};
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use crate::note;

const LIMIT: Duration = Duration::from_secs(20);

async fn follow(live: &mut Live, room: &str, desk: &Desk) -> Streaming<v1::Rows> {
    let request = v1::ReadRequest { follow: true, ..read(live.room(room).unwrap(), 0, true) };
    let mut client = live.connect(desk).await.unwrap();
    let mut stream = client.rooms.read(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    stream
}

/// Waits for the stream's end, and gives the status that it ended with; rows may come before.
async fn end(mut stream: Streaming<v1::Rows>) -> Status {
    timeout(LIMIT, async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return Status::ok(""),
                Err(status) => return status,
            }
        }
    })
    .await
    .expect("the stream stays open")
}

#[tokio::test]
async fn a_follower_gets_each_post_with_a_checkpoint_that_covers_it() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    let mut stream = follow(&mut live, "drc", &desks.drc_liaison).await;
    for at in 1..6 {
        note(&mut live, "drc", &desks.drc_delegation, "text").await;
        let message = timeout(LIMIT, stream.message()).await.unwrap().unwrap().unwrap();
        assert_eq!(message.rows[0].index, at);
        assert!(message.rows[0].content.is_some());
        let log = &live.site.log_vkey;
        let checkpoint = tearline_tests::live::receipt::checkpoint(&message.checkpoint, room, log).unwrap();
        assert_eq!(checkpoint.size().0, at + 1);
    }
}

#[tokio::test]
async fn what_is_posted_while_a_stream_begins_is_not_late() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    for at in 1..30 {
        let request = v1::ReadRequest { follow: true, ..read(room, at, true) };
        let mut client = live.client(&desks.drc_liaison).await.unwrap();
        let reader = tokio::spawn(async move {
            let mut stream = client.rooms.read(request).await.unwrap().into_inner();
            while stream.message().await.unwrap().unwrap().rows.is_empty() {}
        });
        note(&mut live, "drc", &desks.drc_delegation, "text").await;
        timeout(LIMIT, reader).await.expect("the row is late").unwrap();
    }
}

#[tokio::test]
async fn a_limit_ends_a_stream_that_follows() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let request = v1::ReadRequest { follow: true, limit: 2, ..read(live.room("drc").unwrap(), 0, true) };
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    let stream = client.rooms.read(request).await.unwrap().into_inner();
    note(&mut live, "drc", &desks.drc_delegation, "text").await;
    assert_eq!(end(stream).await.code(), Code::Ok);
}

#[tokio::test]
async fn revocation_ends_the_streams_that_are_open_and_no_others() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let lost = follow(&mut live, "drc", &desks.drc_liaison).await;
    let mut kept = follow(&mut live, "drc", &desks.drc_delegation).await;
    live.site.revoke(&desks.drc_liaison).unwrap();
    live.site.publish_revocations().unwrap();
    live.server.reload().await.unwrap();
    assert_ne!(end(lost).await.code(), Code::Ok);
    note(&mut live, "drc", &desks.drc_delegation, "text").await;
    assert_eq!(timeout(LIMIT, kept.message()).await.unwrap().unwrap().unwrap().rows.len(), 1);
}

#[tokio::test]
async fn removal_by_its_custodian_ends_a_members_streams_in_that_room() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    let lost = follow(&mut live, "drc", &desks.drc_liaison).await;
    let mut plenary = follow(&mut live, "plenary", &desks.drc_liaison).await;
    let remove =
        |charter: &mut Charter| charter.members.retain(|member| member.name != *desks.drc_liaison.name());
    let charter = live.world().charter(room, &desks.drc_delegation, remove).unwrap();
    live.send(&charter, &[&desks.drc_delegation]).await.unwrap().unwrap();
    assert_eq!(end(lost).await.code(), Code::NotFound);
    note(&mut live, "plenary", &desks.rwanda_liaison, "text").await;
    assert_eq!(timeout(LIMIT, plenary.message()).await.unwrap().unwrap().unwrap().rows.len(), 1);
    // Nothing of what came later reached it, and it is let in no more.
    let refused = live.rows(&desks.drc_liaison, read(room, 0, false)).await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn a_new_certificate_key_ends_the_streams_of_the_old_one() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    let old = follow(&mut live, "drc", &desks.drc_liaison).await;
    let renewed = desks.drc_liaison.clone().with_tls_key().unwrap();
    let member = renewed.member_endorsed_by(&desks.drc_delegation);
    let change = |charter: &mut Charter| {
        charter.members.retain(|member| member.name != *renewed.name());
        charter.members.push(member);
    };
    let charter = live.world().charter(room, &desks.washington, change).unwrap();
    live.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).await.unwrap().unwrap();
    assert_eq!(end(old).await.code(), Code::NotFound);
    live.site.revoke(&desks.drc_liaison).unwrap_or_default();
    live.rows(&renewed, read(room, 0, true)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_nobody() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let mut stuck = follow(&mut live, "drc", &desks.drc_liaison).await;
    let room = live.room("drc").unwrap();
    let text = "x".repeat(60_000);
    for _ in 0..40 {
        note(&mut live, "drc", &desks.drc_delegation, &text).await;
    }
    let rows = live.rows(&desks.washington, read(room, 0, true)).await.unwrap().unwrap();
    assert_eq!(rows.len(), 41);
    // When it reads again, nothing is missing.
    let mut next = 1;
    while next < 41 {
        let message = timeout(LIMIT, stuck.message()).await.unwrap().unwrap().unwrap();
        for row in message.rows {
            assert_eq!(row.index, next);
            next += 1;
        }
    }
}
