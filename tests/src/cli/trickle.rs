//! A network between a desk and its server that lets so many bytes through to the desk, and then nothing more: it
//! stalls, or breaks.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
};

use anyhow::Result;

/// What happens once all bytes are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing comes any more.
    Stalls,
    /// Every connection is cut.
    Breaks,
}

/// Such a network.
#[derive(Debug)]
pub struct Trickle {
    address: SocketAddr,
    left: Arc<AtomicI64>,
}

impl Trickle {
    /// In front of this server, for so many bytes from it.
    pub fn before(server: SocketAddr, bytes: i64, then: Then) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, left) = (listener.local_addr()?, Arc::new(AtomicI64::new(bytes)));
        let shared = Arc::clone(&left);
        // Ends with the test.
        thread::spawn(move || {
            for desk in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(server) else { continue };
                let left = Arc::clone(&shared);
                if let (Ok(from_desk), Ok(to_server)) = (desk.try_clone(), server.try_clone()) {
                    thread::spawn(move || io::copy(&mut &from_desk, &mut &to_server));
                }
                thread::spawn(move || pass(&server, &desk, &left, then));
            }
        });
        Ok(Self { address, left })
    }

    /// Where desks find it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether nothing comes through any more.
    pub fn is_used_up(&self) -> bool {
        self.left.load(Ordering::SeqCst) <= 0
    }
}

fn pass(mut server: &TcpStream, mut desk: &TcpStream, left: &AtomicI64, then: Then) {
    let mut buffer = [0; 1024];
    loop {
        let Ok(read) = server.read(&mut buffer) else { return };
        if read == 0 {
            return;
        }
        let before = left.fetch_sub(i64::try_from(read).unwrap_or(i64::MAX), Ordering::SeqCst);
        if before <= 0 {
            match then {
                Then::Stalls => continue,
                Then::Breaks => {
                    let _ = desk.shutdown(Shutdown::Both);
                    let _ = server.shutdown(Shutdown::Both);
                    return;
                }
            }
        }
        if desk.write_all(buffer.get(..read).unwrap_or_default()).is_err() {
            return;
        }
    }
}
