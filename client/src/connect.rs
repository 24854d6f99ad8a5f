//! A connection: TLS 1.3 with this desk's certificate, to a server of the one trusted authority.
//!
//! Specification: `docs/spec.md`, annex C. With TLS 1.3 a server refuses a certificate only after the
//! client's handshake is over, so what it said is kept for the first call that fails. What is called
//! over the connection is not known here.

mod refusal;
mod stream;

use std::{sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, client::Resumption};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _};
use tearline_ledger::name::MemberName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

pub use self::refusal::ConnectError;
use self::{refusal::Seen, stream::Watched};
use crate::{
    durable::{self},
    profile::Profile,
    vault::Vault,
};

/// Reaching the server and the handshake, each.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest file of certificates, in bytes.
pub const PEM_MAX: u64 = 1 << 20;
/// Rows come in messages of this size and more; larger windows keep a long link busy.
const STREAM_WINDOW: u32 = 4 << 20;

/// Who connects, as others see it: the desk's certificate, and the authority that it is to be of.
#[derive(Debug)]
pub struct Certificates {
    chain: Vec<CertificateDer<'static>>,
    authority: CertificateDer<'static>,
}

impl Certificates {
    /// The certificates in a profile whose key (SPKI, DER) is this one. A certificate of another desk or of another
    /// key is refused here, before anything is sent.
    pub fn load(profile: &Profile, key: &[u8]) -> Result<Self, ConnectError> {
        let chain = durable::read(&profile.certificate_path(), PEM_MAX)?;
        let authority = durable::read(&profile.authority_path(), PEM_MAX)?;
        Self::new(profile.member(), &chain, &authority, key)
    }

    /// As [`Self::load`], from PEM: the desk's certificate with any between it and the authority, and
    /// the authority's.
    pub fn new(
        member: &MemberName,
        chain: &[u8],
        authority: &[u8],
        key: &[u8],
    ) -> Result<Self, ConnectError> {
        let pem = |what, reason: String| ConnectError::Pem { what, reason };
        let certificates = |what, bytes| {
            let parsed = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
            parsed.map_err(|error| pem(what, format!("{error:?}")))
        };
        let chain = certificates("certificate", chain)?;
        let leaf = chain.first().ok_or_else(|| pem("certificate", "it is empty".to_owned()))?;
        let parsed =
            webpki::EndEntityCert::try_from(leaf).map_err(|error| pem("certificate", error.to_string()))?;
        let names: Vec<&str> = parsed.valid_uri_names().collect();
        if names != [member.as_str()] {
            let names = names.into_iter().map(str::to_owned).collect();
            return Err(ConnectError::OtherName { member: member.clone(), names });
        }
        if parsed.subject_public_key_info().as_ref() != key {
            return Err(ConnectError::OtherKey(member.clone()));
        }
        let authorities = certificates("authority", authority)?;
        let [authority] = authorities.as_slice() else {
            return Err(pem("authority", format!("it holds {} certificates, not one", authorities.len())));
        };
        let authority = authority.clone();
        Ok(Self { chain, authority })
    }

    /// The desk's certificate, then any between it and the authority: X.509, DER.
    pub fn chain(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(AsRef::as_ref)
    }

    /// Whether the certificate is good at a time in seconds since 1970, as far as that can be known without a
    /// revocation list.
    pub fn holds_at(&self, at: u64) -> bool {
        let (Some((leaf, between)), Ok(anchor)) =
            (self.chain.split_first(), webpki::anchor_from_trusted_cert(&self.authority))
        else {
            return false;
        };
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let usage = webpki::KeyUsage::client_auth();
        webpki::EndEntityCert::try_from(leaf).is_ok_and(|leaf| {
            let algorithms = webpki::ALL_VERIFICATION_ALGS;
            leaf.verify_for_usage(algorithms, &[anchor], between, at, usage, None, None).is_ok()
        })
    }
}

/// Who connects, with its private key, and whom it trusts.
#[derive(Debug)]
pub struct Credentials {
    certificates: Certificates,
    key: PrivateKeyDer<'static>,
}

impl Credentials {
    /// The certificates in a profile, with the key in its vault.
    pub fn load(profile: &Profile, vault: &Vault) -> Result<Self, ConnectError> {
        let certificates = Certificates::load(profile, vault.tls_public().as_ref())?;
        Ok(Self { certificates, key: vault.tls_key() })
    }

    fn config(self) -> Result<ClientConfig, ConnectError> {
        let mut roots = RootCertStore::empty();
        let Certificates { chain, authority } = self.certificates;
        roots.add(authority).map_err(ConnectError::Config)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(ConnectError::Config)?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, self.key)
            .map_err(ConnectError::Config)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

/// The public key (SPKI, DER) in the first certificate of a PEM text.
pub fn public_key_of(what: &'static str, pem: &[u8]) -> Result<Vec<u8>, ConnectError> {
    let fault = |reason: String| ConnectError::Pem { what, reason };
    let der = CertificateDer::from_pem_slice(pem).map_err(|error| fault(format!("{error:?}")))?;
    key_in(&der).map_err(fault)
}

/// The public key (SPKI, DER) in a certificate (X.509, DER); or what is wrong with that.
pub fn key_in(der: &[u8]) -> Result<Vec<u8>, String> {
    let der = CertificateDer::from(der);
    let parsed = webpki::EndEntityCert::try_from(&der).map_err(|error| error.to_string())?;
    Ok(parsed.subject_public_key_info().as_ref().to_vec())
}

/// A connection that was made, and what its server said when it refused.
#[derive(Debug, Clone)]
pub struct Connection {
    channel: Channel,
    address: String,
    seen: Seen,
}

impl Connection {
    /// Connects to `HOST:PORT`.
    pub async fn open(address: &str, credentials: Credentials) -> Result<Self, ConnectError> {
        let host = address.rsplit_once(':').map(|(host, _)| host.trim_matches(['[', ']']));
        let host = host.ok_or_else(|| ConnectError::Address(address.to_owned()))?;
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::Address(address.to_owned()))?;
        let endpoint = Endpoint::from_shared(format!("https://{address}"))
            .map_err(|_| ConnectError::Address(address.to_owned()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(STREAM_WINDOW);
        let tls = TlsConnector::from(Arc::new(credentials.config()?));
        let seen = Seen::default();
        let (target, watch) = (address.to_owned(), seen.clone());
        let connector = tower::service_fn(move |_: http::Uri| {
            let (target, tls, name, watch) = (target.clone(), tls.clone(), name.clone(), watch.clone());
            async move {
                let made = make(&target, &tls, name, watch.clone()).await;
                made.map(TokioIo::new).inspect_err(|error| watch.note(error))
            }
        });
        let connected = endpoint.connect_with_connector(connector).await;
        let channel = connected.map_err(|error| seen.explain(address, &error))?;
        Ok(Self { channel, address: address.to_owned(), seen })
    }

    /// For calls.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Why a call failed, if the connection itself was refused or lost.
    pub fn explain(&self, status: &tonic::Status) -> Option<ConnectError> {
        refusal::explain_status(&self.address, &self.seen, status)
    }
}

async fn make(
    address: &str,
    tls: &TlsConnector,
    name: ServerName<'static>,
    seen: Seen,
) -> std::io::Result<Watched> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect(name, stream).await?;
    if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
        return Err(std::io::Error::other("the server speaks no HTTP/2"));
    }
    Ok(Watched::new(stream, seen))
}

#[cfg(test)]
#[path = "connect/connect_tests.rs"]
mod tests;
