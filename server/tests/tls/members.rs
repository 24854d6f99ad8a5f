//! Who gets in.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use rustls::{HandshakeKind, SignatureScheme, client::ResolvesClientCert, sign::CertifiedKey};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::{Authority, DAY, LIAISON, World};

#[tokio::test]
async fn a_member_gets_in() {
    let world = World::start("").await;
    world.call(Some(&world.authority.member(&[LIAISON]))).await.unwrap();
}

#[tokio::test]
async fn whoever_has_not_a_right_certificate_is_refused() {
    let world = World::start("").await;
    let authority = &world.authority;
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    let uri = |name: &str| SanType::URI(name.try_into().unwrap());
    let now = OffsetDateTime::now_utc();
    let revoked = authority.member(&[LIAISON]);
    world.revoke(&[&revoked.serial]);
    world.tls.reload().unwrap();

    let cases = [
        ("none", None),
        ("another authority's", Some(Authority::new().member(&[LIAISON]))),
        (
            "expired",
            Some(authority.issue(vec![uri(LIAISON)], client.clone(), |c| c.not_after = now - DAY / 2)),
        ),
        (
            "not yet valid",
            Some(authority.issue(vec![uri(LIAISON)], client.clone(), |c| c.not_before = now + DAY / 2)),
        ),
        ("revoked", Some(revoked)),
        ("a server's", Some(authority.server())),
        (
            "a server's with a member's name",
            Some(authority.issue(vec![uri(LIAISON)], ExtendedKeyUsagePurpose::ServerAuth, |_| {})),
        ),
        ("no name", Some(authority.member(&[]))),
        ("two names", Some(authority.member(&[LIAISON, "spiffe://kivu.example/party/rwanda/liaison"]))),
        ("the same name twice", Some(authority.member(&[LIAISON, LIAISON]))),
        (
            "a name of another kind too",
            Some(authority.issue(
                vec![uri(LIAISON), SanType::DnsName("localhost".try_into().unwrap())],
                client,
                |_| {},
            )),
        ),
        ("dots", Some(authority.member(&["spiffe://kivu.example/party/drc/.."]))),
        ("upper case", Some(authority.member(&["spiffe://kivu.example/party/DRC/liaison"]))),
        ("a look-alike, encoded", Some(authority.member(&["spiffe://kivu.example/party/drc/li%D0%B0ison"]))),
        (
            "another spelling of itself",
            Some(authority.member(&["spiffe://kivu.example/party/dr%63/liaison"])),
        ),
        (
            "a look-alike in the domain",
            Some(authority.member(&["spiffe://xn--kvu-8cd.example/party/drc/liaison"])),
        ),
        ("another instance", Some(authority.member(&["spiffe://other.example/party/drc/liaison"]))),
        ("another scheme", Some(authority.member(&["https://kivu.example/party/drc/liaison"]))),
    ];
    for (what, pair) in &cases {
        let refused = world.call(pair.as_ref()).await;
        assert!(refused.is_err(), "a certificate with {what} was let in");
    }
    world.call(Some(&authority.member(&[LIAISON]))).await.unwrap();
}

#[tokio::test]
async fn a_client_without_http_2_is_refused() {
    let world = World::start("").await;
    let member = world.authority.member(&[LIAISON]);
    for protocols in [vec![], vec![b"http/1.1".to_vec()]] {
        let mut config = world.client(Some(&member));
        config.alpn_protocols = protocols;
        let mut byte = [0];
        let got_in = match world.connect(config).await {
            Ok(mut stream) => stream.read(&mut byte).await.is_ok_and(|count| count > 0),
            Err(_) => false,
        };
        assert!(!got_in);
    }
}

/// The `ClientHello` of a client that knows TLS 1.2 only: no list of supported versions.
fn hello_of_tls_1_2() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]); // random
    body.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]); // no session, two ciphers, no compression
    let extensions: &[u8] = &[
        0, 10, 0, 4, 0, 2, 0, 23, // groups: P-256
        0, 11, 0, 2, 1, 0, // point formats
        0, 13, 0, 6, 0, 4, 4, 3, 8, 4, // signatures
        0, 16, 0, 5, 0, 3, 2, b'h', b'2', // ALPN
    ];
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    let length = u16::try_from(body.len()).unwrap();
    let mut hello = vec![22, 3, 1];
    hello.extend((length + 4).to_be_bytes());
    hello.extend([1, 0]);
    hello.extend(length.to_be_bytes());
    hello.extend(body);
    hello
}

async fn answer(address: SocketAddr, hello: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(hello).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn tls_1_2_is_refused_with_an_alert() {
    let world = World::start("").await;
    let answer = answer(world.address, &hello_of_tls_1_2()).await;
    let alert = [2, 70]; // fatal, protocol_version
    assert_eq!((answer[0], &answer[5..]), (21, alert.as_slice()));
}

#[tokio::test]
async fn plain_http_is_refused() {
    let world = World::start("").await;
    let answer = answer(world.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
}

/// Notes which authorities the server says it knows.
#[derive(Debug)]
struct Listener(Arc<CertifiedKey>, Mutex<Option<usize>>);

impl ResolvesClientCert for Listener {
    fn resolve(&self, hints: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.1.lock().unwrap() = Some(hints.len());
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn strangers_learn_no_names_and_no_session_is_resumed() {
    let world = World::start("").await;
    let member = world.authority.member(&[LIAISON]);
    let mut config = world.client(Some(&member));
    let key = rustls::crypto::ring::sign::any_supported_type(
        &rustls_pki_types::PrivateKeyDer::try_from(member.key.serialize_der()).unwrap(),
    );
    let certified = CertifiedKey::new(vec![member.certificate.clone()], key.unwrap());
    let listener = Arc::new(Listener(Arc::new(certified), Mutex::new(None)));
    config.client_auth_cert_resolver = Arc::clone(&listener) as _;
    for _ in 0..2 {
        // The same configuration, so that a ticket, if there were one, would be used.
        let mut stream = world.connect(config.clone()).await.unwrap();
        stream.read_u8().await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
    }
    assert_eq!(*listener.1.lock().unwrap(), Some(0));
}
