//! Stopping and starting: nothing that was acknowledged is lost, nothing changes.

use tearline_proto::v1;
use tearline_tests::live::{Live, read};

use crate::note;

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let room = live.room("drc").unwrap();
    let post = live.world().post(room, &desks.drc_liaison, "text").unwrap();
    let receipt = live.send(&post, &[&desks.drc_liaison]).await.unwrap().unwrap();
    live.rows(&desks.drc_delegation, read(room, 0, true)).await.unwrap().unwrap();
    let mut auditor = live.client(&desks.monitor_1).await.unwrap();
    let before = auditor.rooms.list(v1::ListRequest {}).await.unwrap().into_inner();
    let rows = live.rows(&desks.washington, read(room, 0, false)).await.unwrap().unwrap();

    live.server.ask_to_stop().unwrap();
    assert!(live.server.ended().await.unwrap().success());
    live.restart().unwrap();

    let mut auditor = live.client(&desks.monitor_1).await.unwrap();
    assert_eq!(auditor.rooms.list(v1::ListRequest {}).await.unwrap().into_inner(), before);
    assert_eq!(live.rows(&desks.washington, read(room, 0, false)).await.unwrap().unwrap(), rows);
    let again = live.send(&post, &[&desks.drc_liaison]).await.unwrap().unwrap();
    assert_eq!((again.index, again.entry), (receipt.index, receipt.entry));
    // And it goes on from there, through a release too.
    note(&mut live, "drc", &desks.drc_liaison, "more").await;
    let target = live.world().post(room, &desks.washington, "released").unwrap();
    live.enact(vec![target], &desks.washington, &[&desks.kigali]).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_stop_ends_streams_that_follow_and_is_a_success() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let request = v1::ReadRequest { follow: true, ..read(live.room("drc").unwrap(), 0, true) };
    let mut client = live.client(&desks.drc_liaison).await.unwrap();
    let mut stream = client.rooms.read(request).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    let begun = std::time::Instant::now();
    live.server.ask_to_stop().unwrap();
    let end = stream.message().await.unwrap_err();
    assert_eq!(end.code(), tonic::Code::Unavailable, "{end:?}");
    assert!(live.server.ended().await.unwrap().success());
    assert!(begun.elapsed() < std::time::Duration::from_secs(8), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_server_of_another_chamber_takes_nothing_from_this_one() {
    let (mut live, founding) = Live::unfounded("").unwrap();
    let (other, _) = Live::unfounded("").unwrap();
    let washington = live.desks().washington;
    let request = live.world().request(&[founding]).unwrap();
    let credentials = other.site.credentials(&washington).unwrap();
    let mut client = tearline_tests::live::client::Client::connect(
        other.server.address(),
        other.site.root().unwrap(),
        Some(&credentials),
    )
    .await
    .unwrap();
    assert!(client.rooms.append(request).await.is_err());
}
