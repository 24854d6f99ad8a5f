//! The floor: a bare tonic unary echo with the server's own TLS configuration, in a process of its own.
//!
//! The echo is a `Prove`, whose room is the payload and whose answer's entry is the echo: no other code
//! of the server is in it but the choice of TLS.

use std::{env, path::Path, process::Stdio};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_proto::v1::{
    AppendRequest, AppendResponse, CosignRequest, CosignResponse, ListRequest, ListResponse, Proof,
    ProveRequest, ReadRequest, Rows, VouchRequest, VouchResponse,
    rooms_server::{Rooms, RoomsServer},
};
use tearline_tests::live::{client::Client, listen::listen, site::Credentials};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, transport::Server};

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
    let (address, connections) = listen(config).await?;
    println!("{address}");
    let service = RoomsServer::new(Echo);
    Server::builder().add_service(service).serve_with_incoming(connections).await?;
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

    async fn vouch(&self, _: Request<VouchRequest>) -> Result<Response<VouchResponse>, Status> {
        Err(Status::unimplemented("an echo"))
    }
}
