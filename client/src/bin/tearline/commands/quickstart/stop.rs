//! The server's process, and its end: with quickstart, by whatever way quickstart ends.
//!
//! A signal ends a program without unwinding, so the server is stopped by the thread that takes the signal.
//! It refuses to know what is played.

use std::{
    process::{Child, ExitStatus, exit},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
};

use crate::context::Failure;

const POLL: Duration = Duration::from_millis(50);

/// What a shell reports of a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// A server's process that is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Server(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    child: Mutex<Option<Child>>,
    /// Whether all is played, so that an interrupt is the way to end it.
    up: AtomicBool,
}

impl Drop for Server {
    fn drop(&mut self) {
        kill(&mut lock(&self.0.child));
    }
}

impl Server {
    /// A place for a server; from now on an interrupt, a hang-up or a request to terminate kills the server and
    /// ends this process.
    pub(super) fn new() -> Result<Self, Failure> {
        let failed = |error| Failure::refused(format!("signals cannot be waited for: {error}"));
        let runtime = Builder::new_current_thread().enable_io().build().map_err(failed)?;
        let entered = runtime.enter();
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
        drop(entered);
        let held = Arc::new(Held::default());
        let watched = Arc::clone(&held);
        thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => (),
                    _ = terminate.recv() => (),
                    _ = hangup.recv() => (),
                }
            });
            // Held until the end of the process: nobody starts another server, or takes its end for a failure.
            let mut child = lock(&watched.child);
            kill(&mut child);
            exit(if watched.up.load(Ordering::Acquire) { 0 } else { INTERRUPTED });
        });
        Ok(Self(held))
    }

    /// Keeps what `start` starts.
    pub(super) fn start(
        &self,
        start: impl FnOnce() -> Result<Child, Failure>,
        listens: impl Fn(&mut Child) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut held = lock(&self.0.child);
        let child = held.insert(start()?);
        listens(child)
    }

    /// Waits until the server has ended by itself.
    pub(super) fn wait(&self) -> Result<ExitStatus, Failure> {
        self.0.up.store(true, Ordering::Release);
        loop {
            let ended = match &mut *lock(&self.0.child) {
                Some(child) => child.try_wait(),
                None => return Err(Failure::refused("no server was started")),
            };
            let failed = |error| Failure::refused(format!("tearlined cannot be waited for: {error}"));
            match ended.map_err(failed)? {
                Some(status) => return Ok(status),
                None => thread::sleep(POLL),
            }
        }
    }
}

fn lock(child: &Mutex<Option<Child>>) -> MutexGuard<'_, Option<Child>> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn kill(child: &mut Option<Child>) {
    if let Some(mut child) = child.take() {
        // It may have gone by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}
