//! What strangers can do without a certificate.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::world::{LIAISON, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_handshakes_that_never_finish_do_not_keep_a_member_out() {
    tearline_server::process::raise_open_files().unwrap();
    let world = World::start("handshakes_in_flight = 64\n").await;
    let member = world.authority.member(&[LIAISON]);
    let mut strangers = Vec::new();
    for number in 0..1000 {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        if number % 2 == 0 {
            let _ = socket.write_all(&[22, 3, 1, 2, 0, 1]).await; // a ClientHello that begins
        }
        strangers.push(socket);
    }
    let begin = Instant::now();
    world.call(Some(&member)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn bytes_that_trickle_in_time_out() {
    let world = World::start("handshake_timeout_seconds = 1\n").await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let begin = Instant::now();
    let trickled = timeout(Duration::from_secs(5), async {
        socket.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc]).await.unwrap();
        while socket.write_all(&[0]).await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    trickled.await.expect("still open");
    assert!(begin.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn silence_times_out() {
    let world = World::start("handshake_timeout_seconds = 1\n").await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let closed = timeout(Duration::from_secs(3), socket.read(&mut [0])).await.expect("still open");
    assert!(closed.is_err() || closed.unwrap() == 0);
}

#[tokio::test]
async fn handshakes_beyond_the_rate_wait_and_those_far_beyond_are_refused() {
    let world = World::start("handshakes_per_second = 2\nhandshake_timeout_seconds = 2\n").await;
    let member = world.authority.member(&[LIAISON]);
    let attempts = (0..8).map(|_| {
        let config = world.client(Some(&member));
        let address = world.address;
        tokio::spawn(async move {
            let channel = crate::world::channel(address, config).await?;
            crate::world::check(channel).await
        })
    });
    let attempts: Vec<_> = attempts.collect();
    let mut done = 0;
    for attempt in attempts {
        done += usize::from(attempt.await.unwrap().is_ok());
    }
    // Two at once, and those whose turn comes within half the time that a handshake has.
    assert_eq!(done, 4);
}
