//! What each organisation has for itself, and how the server stops.

use std::time::Duration;

use tokio::{net::TcpStream, time::timeout};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt as _;

use crate::world::{LIAISON, World, check};

const OTHER: &str = "spiffe://kivu.example/party/rwanda/liaison";

fn list_services() -> ServerReflectionRequest {
    ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    }
}

#[tokio::test]
async fn reflection_names_the_services() {
    let world = World::start("").await;
    let channel = world.channel(&world.authority.member(&[LIAISON])).await.unwrap();
    let mut client = ServerReflectionClient::new(channel);
    let answers = client.server_reflection_info(tokio_stream::once(list_services())).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"tearline.v1.Rooms") && names.contains(&"grpc.health.v1.Health"), "{names:?}");
}

#[tokio::test]
async fn too_many_connections_of_one_organisation_are_told_so_and_do_not_touch_another() {
    let world = World::start("connections_per_organisation = 2\n").await;
    let member = world.authority.member(&[LIAISON]);
    let first = world.channel(&member).await.unwrap();
    let second = world.channel(&member).await.unwrap();
    check(first.clone()).await.unwrap();
    check(second.clone()).await.unwrap();
    let third = world.channel(&member).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let status = HealthClient::new(third).check(request).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    let violation = details.quota_failure().unwrap().violations.first().unwrap();
    assert_eq!(violation.subject, "connections_per_organisation");
    assert!(details.retry_info().is_some());

    world.call(Some(&world.authority.member(&[OTHER]))).await.unwrap();
    drop(second);
    tokio::time::sleep(Duration::from_millis(200)).await;
    world.call(Some(&member)).await.unwrap();
    check(first).await.unwrap();
}

#[tokio::test]
async fn a_stream_keeps_its_place_until_it_ends() {
    let world = World::start("streams_per_organisation = 1\n").await;
    let channel = world.channel(&world.authority.member(&[LIAISON])).await.unwrap();
    let mut client = ServerReflectionClient::new(channel);
    let (open, requests) = tokio::sync::mpsc::channel(1);
    open.send(list_services()).await.unwrap();
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut first = client.server_reflection_info(requests).await.unwrap().into_inner();
    first.message().await.unwrap();
    let refused = client.server_reflection_info(tokio_stream::once(list_services())).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    drop(open);
    assert!(first.message().await.unwrap().is_none());
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.server_reflection_info(tokio_stream::once(list_services())).await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    use tokio::io::AsyncReadExt as _;
    let world = World::start("idle_timeout_seconds = 1\n").await;
    let member = world.authority.member(&[LIAISON]);
    let channel = world.channel(&member).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let mut watching = HealthClient::new(channel).watch(request).await.unwrap().into_inner();
    watching.message().await.unwrap();

    let mut idle = world.connect(world.client(Some(&member))).await.unwrap();
    let mut sink = Vec::new();
    let closed = timeout(Duration::from_secs(3), idle.read_to_end(&mut sink)).await;
    assert!(closed.is_ok(), "the idle connection is still open");
    assert!(timeout(Duration::from_millis(500), watching.message()).await.is_err());
}

#[tokio::test]
async fn a_stop_waits_for_open_calls_no_longer_than_the_deadline() {
    let mut world = World::start("stop_deadline_seconds = 1\n").await;
    let channel = world.channel(&world.authority.member(&[LIAISON])).await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let mut watching = HealthClient::new(channel).watch(request).await.unwrap().into_inner();
    watching.message().await.unwrap();
    let stopped = timeout(Duration::from_secs(3), world.stop()).await.expect("still not stopped");
    assert!(stopped.is_err());
    assert!(TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn a_stop_without_open_calls_is_clean() {
    let mut world = World::start("").await;
    let channel = world.channel(&world.authority.member(&[LIAISON])).await.unwrap();
    check(channel.clone()).await.unwrap();
    timeout(Duration::from_secs(3), world.stop()).await.expect("still not stopped").unwrap();
}
