//! Past a limit: a clear status for the one who is past it, and nothing for the others.

use tearline_proto::v1;
use tearline_tests::{
    live::{Live, read},
    world::{sign, submission},
};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::note;

/// The key of the limit that a status names.
fn subject(status: &tonic::Status) -> String {
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let details = status.get_error_details();
    details.quota_failure().unwrap().violations.first().unwrap().subject.clone()
}

#[tokio::test]
async fn more_statements_than_a_minutes_worth_are_refused_with_a_time_to_come_back() {
    let mut live = Live::kivu_with("statements_per_minute = 64\n").await.unwrap();
    let desks = live.desks();
    let (drc, rwanda) = (live.room("drc").unwrap(), live.room("rwanda").unwrap());
    let mut call = Vec::new();
    for at in 0..64 {
        let post = live.world().post(drc, &desks.drc_liaison, &format!("report {at}")).unwrap();
        call.push(submission(&sign(&post, &[&desks.drc_liaison]).unwrap()));
    }
    live.call(&desks.drc_liaison, &call).await.unwrap().unwrap();
    let refused = live.call(&desks.drc_delegation, &call).await.unwrap().unwrap_err();
    assert_eq!(subject(&refused), "statements_per_minute");
    assert!(refused.get_error_details().retry_info().unwrap().retry_delay.is_some());
    let post = live.world().post(rwanda, &desks.rwanda_liaison, "undisturbed").unwrap();
    live.send(&post, &[&desks.rwanda_liaison]).await.unwrap().unwrap();
}

#[tokio::test]
async fn more_streams_than_an_organisations_share_are_refused() {
    let mut live = Live::kivu_with("streams_per_organisation = 3\n").await.unwrap();
    let desks = live.desks();
    let follow = v1::ReadRequest { follow: true, ..read(live.room("drc").unwrap(), 0, true) };
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(client.rooms.read(follow.clone()).await.unwrap());
    }
    let refused = client.rooms.read(follow.clone()).await.unwrap_err();
    assert_eq!(subject(&refused), "streams_per_organisation");
    // Another organisation has its own.
    live.rows(&desks.washington, read(live.room("drc").unwrap(), 0, true)).await.unwrap().unwrap();
    drop(open);
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused_and_the_server_lives() {
    let mut live = Live::kivu_with("message_bytes = 65536\n").await.unwrap();
    let desks = live.desks();
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    let content = vec![0_u8; 100_000].into();
    let submission = v1::Submission { content, ..v1::Submission::default() };
    let refused = client.rooms.append(v1::AppendRequest { submissions: vec![submission] }).await;
    assert!(matches!(refused.unwrap_err().code(), Code::OutOfRange | Code::ResourceExhausted));
    note(&mut live, "drc", &desks.drc_liaison, "text").await;
}

#[tokio::test]
async fn a_writer_that_stalls_holds_up_nobody() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let stalled = tokio::spawn(async move {
        client.attachments.put(tokio_stream::wrappers::ReceiverStream::new(receiver)).await
    });
    let first = v1::Chunk {
        room: room.as_bytes().to_vec().into(),
        digest: vec![9; 32].into(),
        size: 1000,
        offset: 0,
        data: vec![1].into(),
    };
    sender.send(first).await.unwrap();
    for desk in [&desks.drc_delegation, &desks.drc_liaison] {
        note(&mut live, "drc", desk, "text").await;
    }
    drop(sender);
    assert_eq!(stalled.await.unwrap().unwrap().into_inner().received, 1);
}
