//! The accept loop: a task for each handshake, with a limit on everything that a stranger can make grow.
//!
//! It yields connections whose members are known. Strangers who never finish a handshake crowd out each
//! other only; each organisation has its own places. Specification: `docs/spec.md`, annex C.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustls::server::Acceptor as HelloReader;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::LazyConfigAcceptor;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    config::Limits,
    quota::{Bucket, Kind, Quotas},
    tls::{IdentityError, Peer, Session, Tls, TlsConnection, material::H2, pending::Pending},
};

/// Connections that wait for the server to take them.
const READY: usize = 16;
/// Refusals that are written to the log at `info` in a second; strangers must not fill a disk.
const LINES_PER_SECOND: u32 = 10;
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_LAST: Duration = Duration::from_secs(1);

/// Turns a listening socket into a stream of connections with known members.
#[derive(Debug)]
pub struct Acceptor {
    tls: Arc<Tls>,
    quotas: Arc<Quotas>,
    pending: Arc<Pending>,
    rate: Mutex<Bucket>,
    /// Lines of the log that strangers cause.
    lines: Mutex<Bucket>,
    handshake_timeout: Duration,
    idle_timeout: Duration,
    overflow_timeout: Duration,
}

/// Why a connection came to nothing. The fault is the other side's, if not said otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Not done in time.
    #[error("not finished within {} s", .0.as_secs())]
    Timeout(Duration),
    /// Too many handshakes at once: nobody's fault.
    #[error("more handshakes a second than `handshakes_per_second` allows")]
    Rate,
    /// TLS failed, which includes every certificate that is not right.
    #[error(transparent)]
    Tls(io::Error),
    /// It did not ask for HTTP/2.
    #[error("the client did not ask for HTTP/2 (ALPN `h2`)")]
    Alpn,
    /// It showed no certificate, which the verifier does not let pass.
    #[error("no certificate")]
    NoCertificate,
    /// The certificate names no member.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The organisation, or this server, has no place for it.
    #[error(transparent)]
    Full(#[from] crate::quota::Full),
}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        tls.and_then(IdentityError::within).map_or(Self::Tls(error), Self::Identity)
    }
}

impl Acceptor {
    /// An acceptor with these limits.
    pub fn new(tls: Arc<Tls>, quotas: Arc<Quotas>, limits: &Limits) -> Self {
        Self {
            tls,
            quotas,
            pending: Pending::new(usize::try_from(limits.handshakes_in_flight.get()).unwrap_or(usize::MAX)),
            rate: Mutex::new(Bucket::new(
                limits.handshakes_per_second.get(),
                Duration::from_secs(1),
                Instant::now(),
            )),
            lines: Mutex::new(Bucket::new(LINES_PER_SECOND, Duration::from_secs(1), Instant::now())),
            handshake_timeout: limits.handshake_timeout,
            idle_timeout: limits.idle_timeout,
            overflow_timeout: limits.request_timeout.min(limits.idle_timeout).min(Duration::from_secs(2)),
        }
    }

    /// Accepts until the stream is dropped, which closes the socket.
    pub fn listen(self, listener: TcpListener) -> ReceiverStream<io::Result<TlsConnection>> {
        let (ready, connections) = mpsc::channel(READY);
        tokio::spawn(Arc::new(self).run(listener, ready));
        ReceiverStream::new(connections)
    }

    async fn run(self: Arc<Self>, listener: TcpListener, ready: mpsc::Sender<io::Result<TlsConnection>>) {
        let mut backoff = BACKOFF_FIRST;
        loop {
            let accepted = tokio::select! {
                () = ready.closed() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, from)) => {
                    backoff = BACKOFF_FIRST;
                    Arc::clone(&self).begin(socket, from, ready.clone());
                }
                // The one that was to be accepted is gone; the next may be well.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                // Most likely no file is free. Accepting again at once would only spin.
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections: if there are too many open files, raise the limit");
                    sleep(backoff).await;
                    backoff = (backoff * 2).min(BACKOFF_LAST);
                }
            }
        }
        self.pending.stop();
    }

    fn begin(
        self: Arc<Self>,
        socket: TcpStream,
        from: SocketAddr,
        ready: mpsc::Sender<io::Result<TlsConnection>>,
    ) {
        let pending = Arc::clone(&self.pending);
        let ticket = pending.enter(from.ip());
        let id = ticket.id();
        let task = tokio::spawn(async move {
            let limit = self.handshake_timeout;
            let done = timeout(limit, self.handshake(socket)).await;
            drop(ticket);
            match done.unwrap_or(Err(HandshakeError::Timeout(limit))) {
                Ok(connection) => {
                    tracing::info!(%from, peer = %connection.session().peer().name, "connected");
                    // Nobody takes it any more: the server stops.
                    let _ = ready.send(Ok(connection)).await;
                }
                Err(error) => self.log(from, &error),
            }
        });
        pending.started(id, task.abort_handle());
    }

    fn log(&self, from: SocketAddr, error: &HandshakeError) {
        let rated = || lock(&self.lines).take(1, Instant::now()).is_ok();
        match error {
            HandshakeError::Timeout(_) => tracing::debug!(%from, %error, "connection refused"),
            _ if rated() => tracing::info!(%from, %error, "connection refused"),
            _ => tracing::debug!(%from, %error, "connection refused"),
        }
    }

    async fn handshake(&self, socket: TcpStream) -> Result<TlsConnection, HandshakeError> {
        socket.set_nodelay(true)?;
        let hello = LazyConfigAcceptor::new(HelloReader::default(), socket).await?;
        // Only now is there something to work on: those who send nothing use up no one's turn.
        self.turn().await?;
        let stream = hello.into_stream(self.tls.config()).await?;
        let (_, tls) = stream.get_ref();
        if tls.alpn_protocol() != Some(H2) {
            return Err(HandshakeError::Alpn);
        }
        let leaf = tls.peer_certificates().and_then(<[_]>::first).ok_or(HandshakeError::NoCertificate)?;
        let peer = Peer::from_verified(leaf, self.tls.domain())?;
        let org = peer.name.org();
        let (place, refusal) = match self.quotas.enter(org, Kind::Connection) {
            Ok(place) => (place, None),
            Err(full) => (self.quotas.enter(org, Kind::Overflow).map_err(|_| full)?, Some(full)),
        };
        let idle = if refusal.is_none() { self.idle_timeout } else { self.overflow_timeout };
        let session = Session::new(peer, refusal);
        Ok(TlsConnection::new(stream, session, place, self.tls.revocations(), idle))
    }

    /// Waits for this handshake's turn, if that comes before its time is over.
    async fn turn(&self) -> Result<(), HandshakeError> {
        let wait = lock(&self.rate)
            .reserve(1, Instant::now(), self.handshake_timeout / 2)
            .map_err(|_| HandshakeError::Rate)?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        Ok(())
    }
}

fn lock(bucket: &Mutex<Bucket>) -> MutexGuard<'_, Bucket> {
    bucket.lock().unwrap_or_else(PoisonError::into_inner)
}
