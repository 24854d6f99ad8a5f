//! The connection's bytes, and a look at how they end: a server's TLS alert is lost further up.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::refusal::Seen;

/// A TLS stream whose errors are noted.
pub(super) struct Watched {
    stream: TlsStream<TcpStream>,
    seen: Seen,
}

impl Watched {
    pub(super) fn new(stream: TlsStream<TcpStream>, seen: Seen) -> Self {
        Self { stream, seen }
    }

    fn noted<T>(&self, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &poll {
            self.seen.note(error);
        }
        poll
    }

    /// As [`Self::noted`], of a write. A server that refuses says why and closes at once, so that writing may fail
    /// before anybody has read its alert: what it sent is read first, up to its end, which a connection that cannot
    /// be written to any more has.
    fn written<T>(&mut self, context: &mut Context<'_>, poll: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(poll, Poll::Ready(Err(_))) {
            let mut rest = [0; 1024];
            loop {
                let mut rest = ReadBuf::new(&mut rest);
                match Pin::new(&mut self.stream).poll_read(context, &mut rest) {
                    // The write is tried again, and fails again, once that has come.
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Err(alert)) => {
                        self.seen.note(&alert);
                        break;
                    }
                    Poll::Ready(Ok(())) if rest.filled().is_empty() => break,
                    // Data is no alert; that it did not come is told by the write's own error.
                    Poll::Ready(Ok(())) => {}
                }
            }
        }
        self.noted(poll)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.noted(poll)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(context);
        self.written(context, poll)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.written(context, poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
