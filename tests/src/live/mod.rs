//! The shipped server as a process, with the Kivu scenario's rooms founded in it over mutual TLS.
//!
//! `world` drafts and signs what desks say; what the server entered is followed, so that it drafts upon
//! the server's own history. Everything waits by polling, up to a limit; every folder is temporary.

pub mod binaries;
pub mod client;
pub mod listen;
pub mod receipt;
pub mod server;
pub mod site;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use tearline_ledger::{
    access::access_log_name, entry::Entry, id::RoomId, rules::VerifiedEntry, statement::Statement,
};
use tearline_proto::v1;
use tearline_server::logkey::LogKey;
use tokio_stream::StreamExt as _;
use tonic::Status;

use self::{client::Client, receipt::now, server::Server, site::Site};
use crate::{
    desk::{Desk, Desks, domain},
    second,
    vectors::logs::bundle_of,
    world::{Drafted, World, sign, submission},
};

/// How long anything that is waited for may take.
const LIMIT: Duration = Duration::from_secs(20);

/// A running instance.
#[derive(Debug)]
pub struct Live {
    /// The process; it ends before its folder goes.
    pub server: Server,
    /// The operator's folder.
    pub site: Site,
    world: World,
    clients: HashMap<String, Client>,
}

impl Live {
    /// A server that nobody has written to, and what founds its chamber; `limits` are lines of its
    /// configuration.
    pub fn unfounded(limits: &str) -> Result<(Self, (RoomId, Bytes))> {
        let site = Site::new()?;
        let desks = Desks::with_tls_keys()?;
        let (world, founding) = World::to_be_founded(desks, site.log_vkey.clone(), now())?;
        site.configure(founding.room(), limits)?;
        let server = Server::start(&site.config())?;
        Ok((Self { site, server, world, clients: HashMap::new() }, submission(&founding)))
    }

    /// The Kivu scenario's rooms: chamber, drc, rwanda and plenary, everyone in its place.
    pub async fn kivu() -> Result<Self> {
        Self::kivu_with("").await
    }

    /// As [`Self::kivu`], with these lines under `[limits]`.
    pub async fn kivu_with(limits: &str) -> Result<Self> {
        let (mut live, founding) = Self::unfounded(limits)?;
        let Desks { washington, kinshasa, .. } = live.desks();
        live.call(&washington, &[founding]).await??;
        for (name, parties) in
            [("drc", vec!["drc"]), ("rwanda", vec!["rwanda"]), ("plenary", vec!["drc", "rwanda"])]
        {
            let members = live.world().members_with(&parties);
            let charter = live.world().founding(name, 2, members, &washington)?;
            live.enact(vec![charter], &washington, &[&kinshasa]).await??;
        }
        Ok(live)
    }

    /// All that the desks know, at the present time.
    pub fn world(&mut self) -> &mut World {
        self.world.house.set_now(now());
        &mut self.world
    }

    /// Everyone.
    pub fn desks(&self) -> Desks {
        self.world.desks.clone()
    }

    /// The room of this name.
    pub fn room(&self, name: &str) -> Result<RoomId> {
        self.world.room(name)
    }

    /// The desk's connection, made when it is first asked for.
    pub async fn client(&mut self, desk: &Desk) -> Result<Client> {
        let key = desk.card().tls_key.to_hex();
        if let Some(client) = self.clients.get(&key) {
            return Ok(client.clone());
        }
        let client = self.connect(desk).await?;
        self.clients.insert(key, client.clone());
        Ok(client)
    }

    /// A new connection of the desk.
    pub async fn connect(&self, desk: &Desk) -> Result<Client> {
        let credentials = self.site.credentials(desk)?;
        Client::connect(self.server.address(), self.site.root()?, Some(&credentials)).await
    }

    /// Starts the server again after it was stopped or killed.
    pub fn restart(&mut self) -> Result<()> {
        self.clients.clear();
        self.server = Server::start(&self.site.config())?;
        Ok(())
    }

    /// Sends a call as the desk, verifies each receipt and follows what was entered. The outer error is
    /// a fault, the inner the server's refusal.
    pub async fn call(
        &mut self,
        desk: &Desk,
        call: &[(RoomId, Bytes)],
    ) -> Result<Result<Vec<v1::Receipt>, Status>> {
        let request = self.world.request(call)?;
        let mut client = self.client(desk).await?;
        let answer = match client.rooms.append(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        if answer.receipts.len() != call.len() {
            bail!("{} receipts for {} statements", answer.receipts.len(), call.len());
        }
        for (receipt, (room, envelope)) in answer.receipts.iter().zip(call) {
            receipt::verify(receipt, *room, envelope, &self.site.log_vkey)?;
        }
        for (room, _) in call {
            self.follow(*room).await?;
        }
        Ok(Ok(answer.receipts))
    }

    /// Sends one statement, as its first signer.
    pub async fn send(
        &mut self,
        statement: &Statement,
        signers: &[&Desk],
    ) -> Result<Result<v1::Receipt, Status>> {
        let sender = (*signers.first().context("nobody signs")?).clone();
        let call = [submission(&sign(statement, signers)?)];
        let answer = self.call(&sender, &call).await?;
        Ok(answer.and_then(|receipts| receipts.into_iter().next().ok_or_else(|| Status::internal("none"))))
    }

    /// Proposes; gives what was proposed.
    pub async fn propose(&mut self, proposer: &Desk, targets: Vec<Statement>) -> Result<Drafted> {
        let drafted = self.world().propose(proposer, targets)?;
        self.send(&drafted.statement, &[proposer]).await??;
        Ok(drafted)
    }

    /// Proposes and approves; the last approver sends the targets along. Gives what was answered then.
    pub async fn enact(
        &mut self,
        targets: Vec<Statement>,
        proposer: &Desk,
        approvers: &[&Desk],
    ) -> Result<Result<Vec<v1::Receipt>, Status>> {
        let proposal = self.propose(proposer, targets).await?;
        let (last, before) = approvers.split_last().context("no approver")?;
        for approver in before {
            let approval = self.world().approval(approver, &proposal)?;
            self.send(&approval, &[approver]).await??;
        }
        let signers: Vec<&Desk> = [proposer].into_iter().chain(approvers.iter().copied()).collect();
        let call = self.world().last_call(last, &proposal, &signers)?;
        self.call(last, &call).await
    }

    /// Takes up what the server has entered in a room since, verifying all of it. Gives the new entries.
    pub async fn follow(&mut self, room: RoomId) -> Result<Vec<VerifiedEntry>> {
        let from = self.world.house.room(room).map_or(0, |room| room.replay().size().0);
        let reader = self.desks().washington;
        let rows = self.rows(&reader, read(room, from, false)).await??;
        let entries = rows.into_iter().map(|row| Ok(Entry::parse(row.entry)?)).collect::<Result<_>>()?;
        Ok(self.world.house.follow(room, entries)?.to_vec())
    }

    /// All rows of a read that ends. The last checkpoint is the server's own, of this room.
    pub async fn rows(
        &mut self,
        desk: &Desk,
        request: v1::ReadRequest,
    ) -> Result<Result<Vec<v1::Row>, Status>> {
        let room = RoomId::from_slice(&request.room).context("a room id has 32 bytes")?;
        let mut client = self.client(desk).await?;
        let mut rows = Vec::new();
        let mut stream = match client.rooms.read(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => return Ok(Err(status)),
        };
        let mut last = Bytes::new();
        while let Some(message) = stream.next().await {
            match message {
                Ok(message) => {
                    rows.extend(message.rows);
                    last = message.checkpoint;
                }
                Err(status) => return Ok(Err(status)),
            }
        }
        let checkpoint = receipt::checkpoint(&last, room, &self.site.log_vkey)?;
        if rows.last().is_some_and(|row| row.index >= checkpoint.size().0) {
            bail!("rows beyond their checkpoint");
        }
        Ok(Ok(rows))
    }

    /// Every record in the access log of the desk's organisation.
    pub async fn records(&mut self, desk: &Desk) -> Result<Vec<v1::Access>> {
        let name = access_log_name(desk.name().org());
        let mut client = self.client(desk).await?;
        let rooms = client.rooms.list(v1::ListRequest {}).await?.into_inner().rooms;
        let Some(log) = rooms.into_iter().find(|head| head.name == name) else { return Ok(Vec::new()) };
        let request = v1::ReadRequest { room: log.room, content: true, ..v1::ReadRequest::default() };
        let rows = self.rows(desk, request).await??;
        let record = |row: v1::Row| match <v1::Entry as prost::Message>::decode(row.entry)?.body {
            Some(v1::entry::Body::Access(access)) => Ok(access),
            _ => Err(anyhow!("a statement in an access log")),
        };
        rows.into_iter().map(record).collect()
    }
}

impl Live {
    /// What the second verifier says of all that was entered here and followed.
    fn judge_again(&self) -> Result<()> {
        if self.world.house.rooms().next().is_none() {
            return Ok(());
        }
        let key = LogKey::load(&self.site.server().join("log.key"), &domain()?)?;
        second::agrees_on([("live".to_owned(), bundle_of(&self.world, &key)?)])
    }
}

/// Every log that a test makes is judged a second time, at its end.
impl Drop for Live {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let judged = self.judge_again();
            assert!(judged.is_ok(), "the second verifier: {judged:?}");
        }
    }
}

/// A read of a room from an index to its end.
pub fn read(room: RoomId, from: u64, content: bool) -> v1::ReadRequest {
    v1::ReadRequest { room: room.as_bytes().to_vec().into(), from, content, ..v1::ReadRequest::default() }
}

/// Asks again and again, up to a limit, until there is an answer.
pub async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if begun.elapsed() > LIMIT {
            bail!("waited in vain for {LIMIT:?}: {what}");
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
