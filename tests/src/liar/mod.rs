//! A server that lies. It has the true server's certificate and log key, and a true copy of every room;
//! what it makes of them is the test's.
//!
//! The copy is what a mediator exported. Untouched, it serves the truth as the shipped server would, which
//! a test of its own shows; so whatever a client catches, it catches the lie.

mod log;
mod serve;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_ledger::{
    bundle::{Reader, Row},
    id::RoomId,
    name::Domain,
};
use tearline_proto::v1::rooms_server::RoomsServer;
use tearline_server::{config::Config, logkey::LogKey};
use tokio::runtime::Runtime;
use tonic::transport::Server;

pub use self::log::Log;
use crate::live::listen::listen;

/// Everything that it says.
#[derive(Debug)]
pub struct Lies {
    /// The rooms and access logs, in the order of its lists.
    pub logs: Vec<Log>,
    /// Reading the first of these rooms gives the second.
    pub answers_for: Option<(String, String)>,
    /// What it does with what it is sent.
    pub takes: Takes,
    /// What it does with cosignatures.
    pub cosigns: Cosigns,
    /// What was read, and from which entry on.
    pub reads: Vec<(RoomId, u64)>,
    /// Cosigned checkpoints that reached it, with their rooms.
    pub handed: Vec<(RoomId, Bytes)>,
    /// Signs for all logs.
    pub key: LogKey,
    domain: Domain,
}

/// What it does with an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Takes {
    /// Enters everything and proves it.
    #[default]
    All,
    /// Proves everything, and forgets it at once.
    AndForgets,
    /// Enters the first statement; the receipts of the others are of that one.
    TheFirst,
    /// Enters everything, and gives proofs with one byte changed.
    WithFalseProofs,
}

/// What it does with a cosignature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cosigns {
    /// Shows it to everyone.
    #[default]
    Shows,
    /// Takes it, and never answers.
    Holds,
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct Liar {
    lies: Arc<Mutex<Lies>>,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Liar {
    /// Serves what this bundle holds with the certificate and the key of the server so configured.
    pub fn start(config: &Path, bundle: &[u8]) -> Result<Self> {
        let Config { domain, log_key, .. } = Config::load(config)?;
        let key = LogKey::load(&log_key, &domain)?;
        let lies = Lies {
            logs: logs_of(bundle)?,
            answers_for: None,
            takes: Takes::All,
            cosigns: Cosigns::Shows,
            reads: Vec::new(),
            handed: Vec::new(),
            key,
            domain,
        };
        let lies = Arc::new(Mutex::new(lies));
        let runtime = Runtime::new()?;
        let service = RoomsServer::new(serve::Rooms(Arc::clone(&lies))).max_decoding_message_size(64 << 20);
        let address = runtime.block_on(async {
            let (address, connections) = listen(config).await?;
            tokio::spawn(Server::builder().add_service(service).serve_with_incoming(connections));
            anyhow::Ok(address)
        })?;
        Ok(Self { lies, address, _runtime: runtime })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says, to be changed.
    pub fn lies(&self) -> MutexGuard<'_, Lies> {
        self.lies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lies {
    /// The log of this name.
    pub fn log(&mut self, name: &str) -> Result<&mut Log> {
        self.logs.iter_mut().find(|log| log.name == name).with_context(|| format!("there is no log {name}"))
    }

    /// Changes a log and signs what it has become.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut Log)) -> Result<()> {
        change(self.log(name)?);
        self.sign(name)
    }

    /// Signs a log as it stands.
    pub fn sign(&mut self, name: &str) -> Result<()> {
        let log = self.logs.iter_mut().find(|log| log.name == name);
        let log = log.with_context(|| format!("there is no log {name}"))?;
        log.checkpoint = log.signed(&self.domain, &self.key)?;
        Ok(())
    }

    /// Lists no other rooms than these, and access logs.
    pub fn show_only(&mut self, names: &[&str]) {
        self.logs.retain(|log| names.contains(&log.name.as_str()));
    }
}

fn logs_of(bundle: &[u8]) -> Result<Vec<Log>> {
    let (mut reader, mut logs) = (Reader::new(), Vec::<Log>::new());
    reader.feed(bundle);
    loop {
        match reader.next_row()?.context("the bundle is cut off")? {
            Row::Begin(_) | Row::Piece(_) => {}
            Row::Room(room) => logs.push(Log::of(room)),
            Row::Entry(entry) => logs.last_mut().context("an entry of no room")?.rows.push(entry),
            Row::End => return Ok(logs),
        }
    }
}
