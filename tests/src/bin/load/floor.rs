//! The floor: a bare tonic unary echo with the server's own TLS configuration, in a process of its own.
//!
//! The echo is a `Prove`, whose room is the payload and whose answer's entry is the echo: no other code
//! of the server is in it but the choice of TLS.

use std::{
    env, io,
    path::Path,
    pin::Pin,
    process::Stdio,
    task::{Context, Poll},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_proto::v1::{
    AppendRequest, AppendResponse, CosignRequest, CosignResponse, ListRequest, ListResponse, Proof,
    ProveRequest, ReadRequest, Rows,
    rooms_server::{Rooms, RoomsServer},
};
use tearline_server::{config::Config, tls::Material};
use tearline_tests::live::{client::Client, site::Credentials};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::Connected},
};

/// A running echo, killed when this is dropped.
pub(crate) struct Floor {
    process: Child,
    clients: Vec<Client>,
}

impl Floor {
    /// Starts one and connects to it.
    pub(crate) async fn start(
        config: &Path,
        root: &rustls_pki_types::CertificateDer<'static>,
        credentials: &Credentials,
        connections: usize,
    ) -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg("echo")
            .arg(config)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("no output")?;
        BufReader::new(stdout).read_line(&mut line).await?;
        let address = line.trim().parse().context("the echo says no address")?;
        let mut clients = Vec::new();
        for _ in 0..connections {
            clients.push(Client::connect(address, root.clone(), Some(credentials)).await?);
        }
        Ok(Self { process, clients })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.id().context("the echo has ended")
    }

    /// What its connections do over and over: one echo of 1 KiB.
    pub(crate) fn clients(&self) -> Vec<Client> {
        self.clients.clone()
    }
}

/// One echo.
pub(crate) async fn echo(mut client: Client, payload: Bytes) -> Result<u64> {
    let request = ProveRequest { room: payload.clone(), ..ProveRequest::default() };
    let answer = client.rooms.prove(request).await?.into_inner();
    anyhow::ensure!(answer.entry == payload, "the echo is another");
    Ok(1)
}

/// Serves echoes for ever.
pub(crate) async fn serve(config: &Path) -> Result<()> {
    let config = Config::load(config)?;
    let tls = TlsAcceptor::from(Material::read(&config.tls)?.build(&config.domain)?.config);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
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
    let service = RoomsServer::new(Echo);
    Server::builder().add_service(service).serve_with_incoming(ReceiverStream::new(connections)).await?;
    Ok(())
}

struct Echo;

#[tonic::async_trait]
impl Rooms for Echo {
    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<Proof>, Status> {
        Ok(Response::new(Proof { entry: request.into_inner().room, ..Proof::default() }))
    }

    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        Err(Status::unimplemented("an echo"))
    }

    async fn append(&self, _: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        Err(Status::unimplemented("an echo"))
    }

    type ReadStream = ReceiverStream<Result<Rows, Status>>;

    async fn read(&self, _: Request<ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        Err(Status::unimplemented("an echo"))
    }

    async fn cosign(&self, _: Request<CosignRequest>) -> Result<Response<CosignResponse>, Status> {
        Err(Status::unimplemented("an echo"))
    }
}

struct Connection(TlsStream<TcpStream>);

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
