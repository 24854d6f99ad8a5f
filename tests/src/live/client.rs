//! Raw gRPC clients over mutual TLS: no rule of the protocol is kept here, so that any can be broken.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore, version::TLS13};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tearline_proto::v1::{attachments_client::AttachmentsClient, rooms_client::RoomsClient};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::site::Credentials;

/// The most bytes of a message, as the server's default has it.
const MESSAGE_MAX: usize = 4 << 20;

/// One connection to a server.
#[derive(Debug, Clone)]
pub struct Client {
    /// `tearline.v1.Rooms`.
    pub rooms: RoomsClient<Channel>,
    /// `tearline.v1.Attachments`.
    pub attachments: AttachmentsClient<Channel>,
}

impl Client {
    /// Connects as whom the credentials say, if any, trusting the authority `root` alone.
    pub async fn connect(
        address: SocketAddr,
        root: CertificateDer<'static>,
        credentials: Option<&Credentials>,
    ) -> Result<Self> {
        let tls = Arc::new(client_config(root, credentials)?);
        let connector = tower::service_fn(move |_: http::Uri| {
            let tls = TlsConnector::from(Arc::clone(&tls));
            async move {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
                tls.connect(name, socket).await.map(TokioIo::new)
            }
        });
        let channel = Endpoint::from_static("https://localhost").connect_with_connector(connector).await?;
        let rooms = RoomsClient::new(channel.clone()).max_decoding_message_size(MESSAGE_MAX);
        let attachments = AttachmentsClient::new(channel).max_decoding_message_size(MESSAGE_MAX);
        Ok(Self { rooms, attachments })
    }
}

fn client_config(root: CertificateDer<'static>, credentials: Option<&Credentials>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots);
    let mut config = match credentials {
        None => builder.with_no_client_auth(),
        Some(credentials) => {
            let key = PrivateKeyDer::try_from(credentials.key.clone()).map_err(anyhow::Error::msg)?;
            builder.with_client_auth_cert(vec![credentials.certificate.clone()], key)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
