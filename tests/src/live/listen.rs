//! Connections for servers of our own in tests and benchmarks: the shipped server's TLS and nothing else of it.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use anyhow::Result;
use tearline_server::{config::Config, tls::Material};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Listens on a free port of loopback, with the certificates that a server's configuration names.
pub async fn listen(config: &Path) -> Result<(SocketAddr, ReceiverStream<io::Result<Connection>>)> {
    let config = Config::load(config)?;
    let tls = TlsAcceptor::from(Material::read(&config.tls)?.build(&config.domain)?.config);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (sender, connections) = mpsc::channel::<io::Result<Connection>>(16);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (tls, sender) = (tls.clone(), sender.clone());
            tokio::spawn(async move {
                socket.set_nodelay(true)?;
                let stream = tls.accept(socket).await?;
                sender.send(Ok(Connection(stream))).await.map_err(io::Error::other)
            });
        }
    });
    Ok((address, ReceiverStream::new(connections)))
}

/// A client's connection after its handshake.
#[derive(Debug)]
pub struct Connection(TlsStream<TcpStream>);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
