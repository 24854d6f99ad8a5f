//! Who has not the right certificate opens nothing, and cannot tell what there is.

use bytes::Bytes;
use tearline_certs::{Moment, Profile};
use tearline_ledger::name::Role;
use tearline_proto::v1;
use tearline_tests::{
    desk::Desk,
    live::{
        Live,
        client::Client,
        site::{Credentials, Site},
    },
};
use tonic::Status;

use crate::reason;

/// A list of rooms, asked for with these credentials; the error says where it failed.
async fn list(live: &Live, credentials: Option<&Credentials>) -> Result<usize, String> {
    let root = live.site.root().unwrap();
    let client = Client::connect(live.server.address(), root, credentials).await;
    let mut client = client.map_err(|error| format!("connection: {error:#}"))?;
    match client.rooms.list(v1::ListRequest {}).await {
        Ok(answer) => Ok(answer.into_inner().rooms.len()),
        Err(status) if reason(&status).is_empty() => Err(format!("connection: {status:?}")),
        Err(status) => Err(reason(&status)),
    }
}

/// Whether the server vouches to the caller for whoever has these certificates.
async fn vouch(live: &mut Live, caller: &Desk, certificates: &[&[u8]]) -> Result<(), Status> {
    let mut client = live.client(caller).await.unwrap();
    let certificates = certificates.iter().map(|der| Bytes::copy_from_slice(der)).collect();
    client.rooms.vouch(v1::VouchRequest { certificates }).await.map(drop)
}

fn at_the_door(answer: &Result<usize, String>) -> bool {
    answer.as_ref().is_err_and(|error| error.starts_with("connection"))
}

#[tokio::test]
async fn no_certificate_or_anothers_authoritys_opens_nothing() {
    let live = Live::kivu().await.unwrap();
    let desk = live.desks().drc_liaison;
    assert!(at_the_door(&list(&live, None).await));
    let other = Site::new().unwrap().credentials(&desk).unwrap();
    assert!(at_the_door(&list(&live, Some(&other)).await));
    assert_eq!(list(&live, Some(&live.site.credentials(&desk).unwrap())).await, Ok(2));
}

#[tokio::test]
async fn an_expired_or_not_yet_valid_certificate_opens_nothing() {
    let live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let now = Moment::now();
    let past = Profile::between(now.plus(-86_400), now.plus(-60)).unwrap();
    let future = Profile::between(now.plus(3600), now.plus(86_400)).unwrap();
    let expired = live.site.issue(&desks.drc_liaison, past).unwrap();
    assert!(at_the_door(&list(&live, Some(&expired)).await));
    let early = live.site.issue(&desks.rwanda_liaison, future).unwrap();
    assert!(at_the_door(&list(&live, Some(&early)).await));
}

#[tokio::test]
async fn a_revoked_certificate_opens_nothing_after_the_reload() {
    let live = Live::kivu().await.unwrap();
    let desk = live.desks().drc_liaison;
    let credentials = live.site.credentials(&desk).unwrap();
    assert_eq!(list(&live, Some(&credentials)).await, Ok(2));
    live.site.revoke(&desk).unwrap();
    live.site.publish_revocations().unwrap();
    live.server.reload().await.unwrap();
    assert!(at_the_door(&list(&live, Some(&credentials)).await));
}

#[tokio::test]
async fn names_that_are_not_one_good_name_open_nothing() {
    let live = Live::kivu().await.unwrap();
    let name = live.desks().drc_liaison.name().as_str().to_owned();
    let upper = name.to_uppercase();
    for names in [
        &[name.as_str(), "spiffe://kivu.example/mediator/us/washington"][..],
        &[],
        &["spiffe://kivu.example/party/drc/../us"],
        &["spiffe://kivu.example/party/drc/li%D0%B0ison"],
        &["spiffe://kivu.example/party/dr%63/liaison"],
        &["spiffe://other.example/party/drc/liaison"],
        &["https://kivu.example/party/drc/liaison"],
        &[upper.as_str()],
    ] {
        let credentials = live.site.careless(names).unwrap();
        assert!(at_the_door(&list(&live, Some(&credentials)).await), "{names:?}");
    }
}

#[tokio::test]
async fn the_right_name_with_a_key_that_no_charter_holds_opens_nothing() {
    let live = Live::kivu().await.unwrap();
    let desks = live.desks();
    for desk in [&desks.drc_liaison, &desks.washington, &desks.monitor_1] {
        let credentials = live.site.careless(&[desk.name().as_str()]).unwrap();
        assert_eq!(list(&live, Some(&credentials)).await, Err("KEY_NOT_ADMITTED".to_owned()));
    }
}

#[tokio::test]
async fn an_admitted_key_under_another_role_or_name_opens_nothing() {
    let live = Live::kivu().await.unwrap();
    let stranger = Desk::new(tearline_ledger::name::Role::Mediator, "drc/liaison").unwrap();
    let stranger = stranger.with_tls_key().unwrap();
    let credentials = live.site.credentials(&stranger).unwrap();
    assert_eq!(list(&live, Some(&credentials)).await, Err("KEY_NOT_ADMITTED".to_owned()));
}

#[tokio::test]
async fn the_server_vouches_for_whom_it_would_let_in_and_says_why_not() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let (caller, desk) = (desks.drc_delegation.clone(), desks.drc_liaison.clone());
    let now = Moment::now();
    let past = Profile::between(now.plus(-86_400), now.plus(-60)).unwrap();
    let expired = live.site.issue(&desk, past).unwrap().certificate;
    let other = Site::new().unwrap().credentials(&desk).unwrap().certificate;
    let good = live.site.credentials(&desk).unwrap().certificate;
    vouch(&mut live, &caller, &[&good]).await.unwrap();
    for (certificate, why) in [(&expired, "expired"), (&other, "none that this server lets in")] {
        let status = vouch(&mut live, &caller, &[certificate]).await.unwrap_err();
        assert_eq!(reason(&status), "NOT_LET_IN");
        assert!(status.message().contains(why), "{}", status.message());
    }
    live.site.revoke(&desk).unwrap();
    live.site.publish_revocations().unwrap();
    live.server.reload().await.unwrap();
    let status = vouch(&mut live, &caller, &[&good]).await.unwrap_err();
    assert!(reason(&status) == "NOT_LET_IN" && status.message().contains("revoked"), "{status:?}");
}

#[tokio::test]
async fn of_whom_the_caller_shares_no_room_with_it_learns_nothing() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let stranger = Desk::new(Role::Party, "rwanda/spy").unwrap().with_tls_key().unwrap();
    let caller = desks.drc_liaison.clone();
    let unknown = live.site.credentials(&stranger).unwrap().certificate;
    let first = vouch(&mut live, &caller, &[&unknown]).await.unwrap_err();
    assert_eq!(reason(&first), "NO_SUCH_MEMBER");
    live.site.revoke(&stranger).unwrap();
    live.site.publish_revocations().unwrap();
    live.server.reload().await.unwrap();
    for bytes in [&unknown[..], b"no certificate", &unknown[..unknown.len() - 1]] {
        let again = vouch(&mut live, &caller, &[bytes]).await.unwrap_err();
        assert_eq!((again.message(), again.details()), (first.message(), first.details()));
    }
    let (none, long) = (Vec::new(), vec![1; 16 * 1024 + 1]);
    for wrong in [&[][..], &[&none[..]], &[&unknown[..]; 5], &[&long]] {
        let status = vouch(&mut live, &caller, wrong).await.unwrap_err();
        assert_eq!(reason(&status), "CERTIFICATES");
    }
}
