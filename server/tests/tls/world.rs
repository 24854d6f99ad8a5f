//! An authority, a server on loopback and clients, each made anew for a test.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tearline_server::{
    config::Config,
    init,
    run::{Bound, RunError},
    tls::Tls,
};
use time::OffsetDateTime;
use tokio::{net::TcpStream, sync::oneshot, task::JoinHandle};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

pub(crate) const LIAISON: &str = "spiffe://kivu.example/party/drc/liaison";
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// A certificate authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Pair {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: KeyPair,
    pub(crate) serial: SerialNumber,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "kivu.example authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn member(&self, names: &[&str]) -> Pair {
        let names = names.iter().map(|name| SanType::URI((*name).try_into().unwrap()));
        self.issue(names.collect(), ExtendedKeyUsagePurpose::ClientAuth, |_| {})
    }

    pub(crate) fn server(&self) -> Pair {
        let name = SanType::DnsName("localhost".try_into().unwrap());
        self.issue(vec![name], ExtendedKeyUsagePurpose::ServerAuth, |_| {})
    }

    pub(crate) fn issue(
        &self,
        names: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let key = KeyPair::generate().unwrap();
        let mut random = [0; 16];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut random).unwrap();
        random[0] = 0x7f;
        let serial = SerialNumber::from_slice(&random);
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        params.serial_number = Some(serial.clone());
        params.not_before = OffsetDateTime::now_utc() - DAY;
        params.not_after = OffsetDateTime::now_utc() + DAY;
        change(&mut params);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Pair { certificate: certificate.der().clone(), key, serial }
    }

    /// A revocation list of these serials that ends at this time from now.
    pub(crate) fn list(&self, revoked: &[&SerialNumber], until: time::Duration) -> String {
        let now = OffsetDateTime::now_utc();
        let revoked_certs = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: (*serial).clone(),
            revocation_time: now - DAY,
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: now - 2 * DAY,
            next_update: now + until,
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().pem().unwrap()
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }
}

impl Pair {
    pub(crate) fn pem(&self) -> String {
        use std::fmt::Write as _;
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &self.certificate);
        let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in encoded.as_bytes().chunks(64) {
            writeln!(text, "{}", str::from_utf8(line).unwrap()).unwrap();
        }
        text + "-----END CERTIFICATE-----\n"
    }
}

/// A server that runs until this is dropped.
pub(crate) struct World {
    pub(crate) authority: Authority,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<Tls>,
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Result<(), RunError>>>,
}

impl World {
    /// A server with these lines under `[limits]`.
    pub(crate) async fn start(limits: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let config = configure(folder.path(), &authority, limits);
        let bound = Bound::bind(Config::load(&config).unwrap()).await.unwrap();
        let (address, tls) = (bound.address(), Arc::clone(bound.tls()));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(bound.serve(async {
            let _ = stopped.await;
        }));
        Self { authority, address, tls, folder, stop: Some(stop), serving: Some(serving) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("server").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        // Renamed into place, as `tearline-certs` does.
        let new = self.path("new");
        write_private(&new, text);
        fs::rename(new, self.path(name)).unwrap();
    }

    pub(crate) fn revoke(&self, serials: &[&SerialNumber]) {
        self.write("revocations.pem", &self.authority.list(serials, time::Duration::DAY));
    }

    pub(crate) fn client(&self, pair: Option<&Pair>) -> ClientConfig {
        client(&self.authority, pair)
    }

    pub(crate) async fn connect(&self, config: ClientConfig) -> std::io::Result<TlsStream<TcpStream>> {
        connect(self.address, Arc::new(config)).await
    }

    /// A channel of this member.
    pub(crate) async fn channel(&self, pair: &Pair) -> Result<Channel, String> {
        channel(self.address, self.client(Some(pair))).await
    }

    /// Connects and makes one call.
    pub(crate) async fn call(&self, pair: Option<&Pair>) -> Result<(), String> {
        check(channel(self.address, self.client(pair)).await?).await
    }

    pub(crate) async fn stop(&mut self) -> Result<(), RunError> {
        let _ = self.stop.take().unwrap().send(());
        self.serving.take().unwrap().await.unwrap()
    }
}

/// Makes all files of a server in `folder`/server, and returns its configuration.
pub(crate) fn configure(folder: &Path, authority: &Authority, limits: &str) -> PathBuf {
    let folder = folder.join("server");
    let made = init::init(&folder, &"kivu.example".parse().unwrap()).unwrap();
    let server = authority.server();
    write_private(&folder.join("server.pem"), &server.pem());
    write_private(&folder.join("server.key"), &server.key.serialize_pem());
    write_private(&folder.join("authority.pem"), &authority.pem());
    write_private(&folder.join("revocations.pem"), &authority.list(&[], time::Duration::DAY));
    let text = fs::read_to_string(&made.config).unwrap();
    let chamber = format!("chamber = \"{}\"", "a".repeat(64));
    let text = text.replace("# chamber = \"\"", &chamber).replace(":7443", ":0") + limits;
    fs::write(&made.config, text).unwrap();
    made.config
}

pub(crate) fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

pub(crate) fn client(authority: &Authority, pair: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match pair {
        None => builder.with_no_client_auth(),
        Some(pair) => {
            let key = PrivateKeyDer::try_from(pair.key.serialize_der()).unwrap();
            builder.with_client_auth_cert(vec![pair.certificate.clone()], key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

pub(crate) async fn connect(
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    TlsConnector::from(config).connect(ServerName::try_from("localhost").unwrap(), socket).await
}

pub(crate) async fn channel(address: SocketAddr, config: ClientConfig) -> Result<Channel, String> {
    let config = Arc::new(config);
    let connector = tower::service_fn(move |_: http::Uri| {
        let config = Arc::clone(&config);
        async move { connect(address, config).await.map(TokioIo::new) }
    });
    Endpoint::from_static("https://localhost")
        .connect_with_connector(connector)
        .await
        .map_err(|error| chain(&error))
}

/// One call of the health service.
pub(crate) async fn check(channel: Channel) -> Result<(), String> {
    let request = HealthCheckRequest { service: String::new() };
    match HealthClient::new(channel).check(request).await {
        Ok(_) => Ok(()),
        Err(status) => Err(format!("{:?}: {}", status.code(), chain(&status))),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}
