//! Refusals over real sockets: each must be told as what it is.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, IsCa, Issuer, KeyIdMethod, KeyPair,
    KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, SubjectPublicKeyInfo, date_time_ymd,
};
use rustls::{ServerConfig, server::WebPkiClientVerifier};
use rustls_pki_types::PrivatePkcs8KeyDer;
use tearline_proto::v1::{ListRequest, rooms_client::RoomsClient};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const MEMBER: &str = "spiffe://kivu.example/party/drc/liaison";

struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Authority { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
}

impl Authority {
    fn desk(&self, names: &[&str], vault: &Vault, change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(7));
        let uri = |name: &&str| SanType::URI((*name).try_into().unwrap());
        params.subject_alt_names = names.iter().map(uri).collect();
        change(&mut params);
        let key = SubjectPublicKeyInfo::from_der(vault.tls_public()).unwrap();
        params.signed_by(&key, &self.issuer).unwrap().pem()
    }

    fn revokes(&self, serial: u64) -> rustls_pki_types::CertificateRevocationListDer<'static> {
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(4000, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().into()
    }
}

struct Served {
    name: &'static str,
    expired: bool,
    alpn: &'static [u8],
    revoked: u64,
}

const GOOD: Served = Served { name: "localhost", expired: false, alpn: b"h2", revoked: 99 };

/// A TLS server that accepts members of `clients` and says nothing after the handshake.
async fn serve(own: &Authority, clients: &Authority, served: Served) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(clients.der.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
        .with_crls([clients.revokes(served.revoked)])
        .build()
        .unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![served.name.to_owned()]).unwrap();
    if served.expired {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let certificate = params.signed_by(&key, &own.issuer).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .unwrap();
    config.alpn_protocols = vec![served.alpn.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let _open = acceptor.accept(stream).await;
            });
        }
    });
    format!("localhost:{port}")
}

/// What a desk is told that connects and makes one call.
async fn told(address: &str, credentials: Credentials) -> ConnectError {
    let connection = match Connection::open(address, credentials).await {
        Ok(connection) => connection,
        Err(error) => return error,
    };
    let status = RoomsClient::new(connection.channel()).list(ListRequest {}).await.unwrap_err();
    connection.explain(&status).unwrap()
}

fn credentials(own: &str, authority: &Authority, vault: &Vault) -> Result<Credentials, ConnectError> {
    let member = MEMBER.parse().unwrap();
    let key = vault.tls_public();
    let certificates = Certificates::new(&member, own.as_bytes(), authority.pem.as_bytes(), key.as_ref())?;
    Ok(Credentials { certificates, key: vault.tls_key() })
}

async fn refused_desk(served: Served, change: impl FnOnce(&mut CertificateParams)) -> ConnectError {
    let (authority, vault) = (authority(), Vault::generate().unwrap());
    let address = serve(&authority, &authority, served).await;
    let own = authority.desk(&[MEMBER], &vault, change);
    told(&address, credentials(&own, &authority, &vault).unwrap()).await
}

async fn refused_server(served: Served) -> ConnectError {
    refused_desk(served, |_| ()).await
}

#[tokio::test]
async fn a_desk_whose_certificate_expired_was_revoked_or_is_another_authoritys_is_told_so() {
    let past = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    };
    assert!(matches!(refused_desk(GOOD, past).await, ConnectError::Expired));
    let revoked = refused_desk(Served { revoked: 7, ..GOOD }, |_| ()).await;
    assert!(matches!(revoked, ConnectError::Revoked), "{revoked}");

    let (own, other, vault) = (authority(), authority(), Vault::generate().unwrap());
    let address = serve(&own, &own, GOOD).await;
    let foreign = other.desk(&[MEMBER], &vault, |_| ());
    let error = told(&address, credentials(&foreign, &own, &vault).unwrap()).await;
    assert!(matches!(error, ConnectError::OtherAuthority | ConnectError::Certificate(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reason_of_a_refusal_is_not_lost_when_the_connection_closes_before_it_is_read() {
    let past = |params: &mut CertificateParams| {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    };
    let (own, vault) = (authority(), Vault::generate().unwrap());
    let address = serve(&own, &own, GOOD).await;
    let certificate = own.desk(&[MEMBER], &vault, past);
    for _ in 0..500 {
        let error = told(&address, credentials(&certificate, &own, &vault).unwrap()).await;
        assert!(matches!(error, ConnectError::Expired), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_the_mediations_is_not_talked_to() {
    let name = refused_server(Served { name: "other.example", ..GOOD }).await;
    assert!(matches!(name, ConnectError::ServerName { .. }), "{name:?}");
    let expired = refused_server(Served { expired: true, ..GOOD }).await;
    assert!(matches!(expired, ConnectError::ServerExpired { .. }), "{expired:?}");
    let alpn = refused_server(Served { alpn: b"http/1.1", ..GOOD }).await;
    assert!(matches!(alpn, ConnectError::Protocol { .. }), "{alpn:?}");

    let (own, other, vault) = (authority(), authority(), Vault::generate().unwrap());
    let address = serve(&other, &own, GOOD).await;
    let certificate = own.desk(&[MEMBER], &vault, |_| ());
    let error = told(&address, credentials(&certificate, &own, &vault).unwrap()).await;
    assert!(matches!(error, ConnectError::ServerAuthority { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_and_one_that_hangs_up_are_told_apart() {
    let lost = refused_server(GOOD).await;
    assert!(matches!(lost, ConnectError::Lost { .. } | ConnectError::Unreachable { .. }), "{lost:?}");

    let (own, vault) = (authority(), Vault::generate().unwrap());
    let certificate = own.desk(&[MEMBER], &vault, |_| ());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = told(&format!("localhost:{port}"), credentials(&certificate, &own, &vault).unwrap()).await;
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    let nonsense = told("localhost", credentials(&certificate, &own, &vault).unwrap()).await;
    assert!(matches!(nonsense, ConnectError::Address(_)));
}

#[test]
fn a_certificate_of_two_names_another_name_or_another_key_is_refused_before_it_is_sent() {
    let (own, vault) = (authority(), Vault::generate().unwrap());
    let other = "spiffe://kivu.example/party/rwanda/liaison";
    for names in [&[MEMBER, other][..], &[other], &[]] {
        let error = credentials(&own.desk(names, &vault, |_| ()), &own, &vault).unwrap_err();
        assert!(matches!(error, ConnectError::OtherName { .. }), "{error}");
    }
    let certificate = own.desk(&[MEMBER], &Vault::generate().unwrap(), |_| ());
    assert!(matches!(credentials(&certificate, &own, &vault), Err(ConnectError::OtherKey(_))));
    assert!(matches!(credentials("nonsense", &own, &vault), Err(ConnectError::Pem { .. })));
}

#[test]
fn the_public_key_of_an_authority_is_read_from_its_certificate() {
    let own = authority();
    let spki = public_key_of("authority", own.pem.as_bytes()).unwrap();
    assert_eq!(spki, rcgen::PublicKeyData::subject_public_key_info(own.issuer.key()));
}

#[test]
fn every_alert_about_a_certificate_has_a_meaning() {
    use rustls::{AlertDescription as Alert, Error as TlsError};
    for (alert, kind) in [
        (Alert::CertificateRequired, "NoCertificate"),
        (Alert::UnknownCA, "OtherAuthority"),
        (Alert::CertificateExpired, "Expired"),
        (Alert::CertificateRevoked, "Revoked"),
        (Alert::BadCertificate, "Certificate"),
        (Alert::HandshakeFailure, "Protocol"),
    ] {
        let error = std::io::Error::other(TlsError::AlertReceived(alert));
        let shown = format!("{:?}", Seen::default().explain("localhost:1", &error));
        assert!(shown.starts_with(kind), "{alert:?}: {shown}");
    }
}
