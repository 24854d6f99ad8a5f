//! `tearlined` as a process: started, waited for, stopped, killed.
//!
//! It refuses to know what is asked of the server. Its log goes to `server.log` beside its
//! configuration; the line in which it says where it listens is how its address is learned.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::{binaries::binary, wait_for};

/// How long a server may take to start, and to stop.
const LIMIT: Duration = Duration::from_secs(30);

/// When set, each server's log is shown at its end.
const SHOW_LOG: &str = "TEARLINE_SHOW_LOG";

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    log: PathBuf,
    address: SocketAddr,
    started_in: Duration,
    /// Whether its end was asked for.
    stopped: bool,
}

impl Server {
    /// Starts one with this configuration, and waits until it listens.
    pub fn start(config: &Path) -> Result<Self> {
        let log = config.with_file_name("server.log");
        let file = File::options().create(true).append(true).open(&log)?;
        let before = usize::try_from(file.metadata()?.len())?;
        let begun = Instant::now();
        let mut child = Command::new(binary("tearlined")?)
            .args(["run", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()?;
        loop {
            let text = fs::read_to_string(&log)?;
            let new = text.get(before..).unwrap_or_default();
            if let Some(address) = listening(new) {
                return Ok(Self { child, log, address, started_in: begun.elapsed(), stopped: false });
            }
            if let Some(status) = child.try_wait()? {
                bail!("tearlined did not start ({status}): {new}");
            }
            if begun.elapsed() > LIMIT {
                // Whether it can be killed or not, it did not start.
                let _ = child.kill();
                bail!("tearlined does not listen after {LIMIT:?}: {new}");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How long it took from its start until it listened.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All that it has logged, and its predecessors in this folder.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// Asks it by SIGHUP to read its certificates again, and waits until it has.
    pub async fn reload(&self) -> Result<()> {
        let count = |text: &str| text.matches("reloaded").count();
        let before = count(&self.log()?);
        self.signal(Signal::HUP)?;
        wait_for("the server reloads", async || Ok((count(&self.log()?) > before).then_some(()))).await
    }

    /// Asks it by SIGTERM to stop, without waiting.
    pub fn ask_to_stop(&mut self) -> Result<()> {
        self.stopped = true;
        self.signal(Signal::TERM)
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if begun.elapsed() > LIMIT {
                bail!("the server has not stopped after {LIMIT:?}");
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Kills it as a crash would.
    pub fn kill(&mut self) -> Result<()> {
        self.stopped = true;
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let by_itself = self.child.try_wait().ok().flatten().filter(|_| !self.stopped);
        if let Some(status) = by_itself {
            eprintln!("tearlined ended by itself: {status}");
        }
        // It may have ended already.
        let _ = self.kill();
        if by_itself.is_some() || std::env::var_os(SHOW_LOG).is_some() {
            eprintln!("{}", self.log().unwrap_or_default());
        }
    }
}

fn listening(log: &str) -> Option<SocketAddr> {
    // Whole lines only: the last may still be on its way.
    let (whole, _) = log.rsplit_once('\n')?;
    let line = whole.lines().find(|line| line.contains("listening"))?;
    line.split("address=").nth(1)?.split_whitespace().next()?.parse().ok()
}

/// The most memory that a process has had resident, in KiB.
pub fn peak_memory(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
