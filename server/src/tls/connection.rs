//! A connection whose member is known, which ends when it may no longer be.
//!
//! It is cut when its certificate is revoked or expires, and when it is idle too long: nothing above it
//! has to remember that. It refuses to know what is said on it. Specification: `docs/spec.md`, annex C.

use std::{
    fmt, io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;
use tokio_stream::{Stream, wrappers::WatchStream};
use tonic::transport::server::Connected;

use crate::{
    quota::{Full, Place},
    tls::{Peer, Revocations, Revoked},
};

/// What a request can know of its connection.
#[derive(Debug, Clone)]
pub struct Session {
    peer: Arc<Peer>,
    calls: Arc<Mutex<Calls>>,
    refusal: Option<Full>,
}

impl Session {
    pub(crate) fn new(peer: Peer, refusal: Option<Full>) -> Self {
        let calls = Calls { open: 0, since: Instant::now() };
        Self { peer: Arc::new(peer), calls: Arc::new(Mutex::new(calls)), refusal }
    }

    /// The member.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Why every call on this connection must be refused, if its organisation has too many connections.
    pub fn refusal(&self) -> Option<Full> {
        self.refusal
    }

    /// Counts a call as open, and so the connection as not idle, until the guard is dropped.
    pub fn begin_call(&self) -> CallGuard {
        self.lock().open += 1;
        CallGuard(self.clone())
    }

    /// Since when there is no call, or `None` while there is one.
    fn idle_since(&self) -> Option<Instant> {
        let calls = self.lock();
        (calls.open == 0).then_some(calls.since)
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Calls {
    open: u32,
    /// When the last one ended.
    since: Instant,
}

/// A call that is open until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct CallGuard(Session);

impl Drop for CallGuard {
    fn drop(&mut self) {
        let mut calls = self.0.lock();
        calls.open = calls.open.saturating_sub(1);
        calls.since = Instant::now();
    }
}

/// An accepted connection.
pub struct TlsConnection {
    stream: TlsStream<TcpStream>,
    session: Session,
    end: End,
    _place: Place,
}

impl TlsConnection {
    pub(super) fn new(
        stream: TlsStream<TcpStream>,
        session: Session,
        place: Place,
        revocations: &Revocations,
        idle: Duration,
    ) -> Self {
        let end = End::new(&session.peer, revocations, idle);
        Self { stream, session, end, _place: place }
    }

    /// The member and its calls.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl Connected for TlsConnection {
    type ConnectInfo = Session;

    fn connect_info(&self) -> Session {
        self.session.clone()
    }
}

impl AsyncRead for TlsConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.end.poll(&this.session, cx)?;
        Pin::new(&mut this.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.end.poll(&this.session, cx)?;
        Pin::new(&mut this.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl fmt::Debug for TlsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnection").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What ends a connection from this side.
struct End {
    revoked: WatchStream<Revoked>,
    expiry: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
    idle_after: Duration,
    ended: Option<&'static str>,
}

impl End {
    fn new(peer: &Peer, revocations: &Revocations, idle_after: Duration) -> Self {
        let left = peer.not_after.duration_since(SystemTime::now()).unwrap_or_default();
        let now = Instant::now();
        Self {
            // The set as it is now comes first, so a revocation during the handshake is seen.
            revoked: WatchStream::new(revocations.subscribe()),
            expiry: Box::pin(sleep_until(now + left.min(A_YEAR))),
            idle: Box::pin(sleep_until(now + idle_after)),
            idle_after,
            ended: None,
        }
    }

    fn poll(&mut self, session: &Session, cx: &mut Context<'_>) -> io::Result<()> {
        if self.ended.is_none() {
            self.ended = self.poll_reason(session, cx);
            if let Some(reason) = self.ended {
                tracing::info!(peer = %session.peer.name, reason, "connection closed");
            }
        }
        self.ended.map_or(Ok(()), |reason| Err(io::Error::new(io::ErrorKind::ConnectionAborted, reason)))
    }

    fn poll_reason(&mut self, session: &Session, cx: &mut Context<'_>) -> Option<&'static str> {
        while let Poll::Ready(Some(revoked)) = Pin::new(&mut self.revoked).poll_next(cx) {
            if revoked.contains(&session.peer.serial) {
                return Some("the member's certificate was revoked");
            }
        }
        if self.expiry.as_mut().poll(cx).is_ready() {
            return Some("the member's certificate has expired");
        }
        while self.idle.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = session.idle_since().unwrap_or(now) + self.idle_after;
            if next <= now {
                return Some("no call for too long");
            }
            self.idle.as_mut().reset(next);
        }
        None
    }
}

/// No connection lives longer; timers cannot count much further.
const A_YEAR: Duration = Duration::from_hours(366 * 24);
