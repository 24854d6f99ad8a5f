//! Certificates and revocation lists that change while the server runs.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use tokio::time::{Instant, sleep, timeout};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::world::{Authority, LIAISON, World, check};

const OTHER: &str = "spiffe://kivu.example/party/rwanda/liaison";

#[tokio::test]
async fn a_revocation_ends_open_streams_and_keeps_the_member_out() {
    let world = World::start("").await;
    let (bad, good) = (world.authority.member(&[LIAISON]), world.authority.member(&[OTHER]));
    let bad_channel = world.channel(&bad).await.unwrap();
    let good_channel = world.channel(&good).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let mut watching = HealthClient::new(bad_channel.clone()).watch(request).await.unwrap().into_inner();
    assert!(watching.message().await.unwrap().is_some());

    world.revoke(&[&bad.serial]);
    world.tls.reload().unwrap();
    assert!(world.tls.revocations().subscribe().borrow().count() == 1);
    let ended = timeout(Duration::from_secs(2), watching.message()).await.expect("the stream still runs");
    assert!(ended.is_err(), "{ended:?}");
    assert!(check(bad_channel).await.is_err());
    assert!(world.call(Some(&bad)).await.is_err());
    check(good_channel).await.unwrap();
    world.call(Some(&good)).await.unwrap();
}

#[tokio::test]
async fn a_changed_file_is_noticed_without_being_told() {
    let world = World::start("").await;
    let member = world.authority.member(&[LIAISON]);
    let channel = world.channel(&member).await.unwrap();
    check(channel.clone()).await.unwrap();
    world.revoke(&[&member.serial]);
    let begin = Instant::now();
    while check(channel.clone()).await.is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(100)).await;
    }
    assert!(world.call(Some(&member)).await.is_err());
}

#[tokio::test]
async fn a_broken_reload_keeps_the_old_configuration_as_a_whole() {
    let world = World::start("").await;
    let (member, revoked) = (world.authority.member(&[LIAISON]), world.authority.member(&[OTHER]));
    world.revoke(&[&revoked.serial]);
    world.tls.reload().unwrap();

    let day = time::Duration::DAY;
    let none_revoked = world.authority.list(&[], day);
    let strange = Authority::new();
    let other_key = world.authority.server().key.serialize_pem();
    let expired = world.authority.list(&[], -day);
    let altered = {
        // One character within the signature.
        let at = none_revoked.rfind("\n-----END").unwrap() - 8;
        let mut text = none_revoked.clone().into_bytes();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(text).unwrap()
    };
    for (file, text, says) in [
        ("revocations.pem", String::new(), "has no revocation list"),
        ("revocations.pem", none_revoked[..none_revoked.len() / 2].to_owned(), "has no revocation list"),
        ("revocations.pem", strange.list(&[], day), "not signed by any of the authorities"),
        ("revocations.pem", altered, "revocation list 1"),
        ("revocations.pem", expired, "has expired"),
        ("authority.pem", String::new(), "has no certificate"),
        ("authority.pem", world.authority.pem() + &strange.pem(), "no list of authority 2"),
        ("authority.pem", strange.pem(), "not signed by any of the authorities"),
        (
            "server.pem",
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".into(),
            "has no certificate",
        ),
        ("server.pem", world.authority.server().pem(), "does not go with its private key"),
        ("server.key", other_key, "does not go with its private key"),
        ("server.key", "junk".into(), "has no private key"),
    ] {
        let before = fs::read_to_string(world.path(file)).unwrap();
        world.write(file, &text);
        let error = world.tls.reload().unwrap_err().to_string();
        assert!(error.contains(says), "`{error}` does not say `{says}`");
        assert!(error.contains(file) || file != "revocations.pem", "{error}");
        world.call(Some(&member)).await.unwrap();
        assert!(world.call(Some(&revoked)).await.is_err());
        world.write(file, &before);
    }

    fs::set_permissions(world.path("server.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let error = world.tls.reload().unwrap_err().to_string();
    assert!(error.contains("chmod 600"), "{error}");
    fs::remove_file(world.path("authority.pem")).unwrap();
    assert!(world.tls.reload().is_err());
    world.call(Some(&member)).await.unwrap();
}

#[tokio::test]
async fn a_connection_ends_when_its_certificate_does() {
    let world = World::start("").await;
    let name = rcgen::SanType::URI(LIAISON.try_into().unwrap());
    let soon = time::OffsetDateTime::now_utc() + Duration::from_secs(2);
    let member =
        world.authority.issue(vec![name], rcgen::ExtendedKeyUsagePurpose::ClientAuth, |c| c.not_after = soon);
    let channel = world.channel(&member).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let mut watching = HealthClient::new(channel).watch(request).await.unwrap().into_inner();
    assert!(watching.message().await.unwrap().is_some());
    let ended = timeout(Duration::from_secs(4), watching.message()).await.expect("the stream still runs");
    assert!(ended.is_err());
}
