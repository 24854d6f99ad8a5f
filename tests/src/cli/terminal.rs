//! A command at a terminal: what it shows is waited for, and answers are typed.
//!
//! The terminal is a pseudo-terminal of this machine. It is not the session's own, so nothing that is typed
//! becomes a signal; signals are sent by name.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::{
    fs::OFlags,
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
};

/// Longer than any machine needs; a command that hangs is a failure all the same.
const PATIENCE: Duration = Duration::from_mins(5);

/// A command that runs at a terminal.
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Screen>,
}

#[derive(Default)]
struct Screen {
    shown: Mutex<(String, bool)>,
    more: Condvar,
}

impl Terminal {
    /// Starts the command with all three of its streams on a new terminal.
    pub fn start(mut command: Command) -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let open = || {
            let mut options = OpenOptions::new();
            options.read(true).write(true).custom_flags(i32::try_from(OFlags::NOCTTY.bits())?);
            let slave = options.open(std::ffi::OsStr::from_bytes(name.as_bytes()))?;
            anyhow::Ok(Stdio::from(slave))
        };
        let child = command.stdin(open()?).stdout(open()?).stderr(open()?).spawn()?;
        // With it goes this process's side of the terminal, so that its end is seen.
        drop(command);
        let keyboard = File::from(master);
        let mut eyes = keyboard.try_clone()?;
        let screen = Arc::new(Screen::default());
        let seen = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // The terminal's end is an error on this side of it.
                let count = eyes.read(&mut bytes).unwrap_or(0);
                let mut shown = seen.shown.lock().unwrap_or_else(PoisonError::into_inner);
                shown.0.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
                shown.1 = count == 0;
                seen.more.notify_all();
                if count == 0 {
                    break;
                }
            }
        });
        Ok(Self { child, keyboard, screen })
    }

    /// Waits until a text is shown that was not waited for before, and takes all up to its end.
    pub fn shows(&self, text: &str) -> Result<String> {
        let until = Instant::now() + PATIENCE;
        let mut shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(at) = shown.0.find(text) {
                let rest = shown.0.split_off(at + text.len());
                return Ok(std::mem::replace(&mut shown.0, rest));
            }
            if shown.1 || Instant::now() > until {
                bail!("{text:?} is not shown, but: {}", shown.0);
            }
            let left = until.saturating_duration_since(Instant::now());
            shown = self.screen.more.wait_timeout(shown, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) -> Result<()> {
        Ok(self.keyboard.write_all(format!("{line}\n").as_bytes())?)
    }

    /// Presses one key.
    pub fn presses(&mut self, key: char) -> Result<()> {
        Ok(self.keyboard.write_all(key.to_string().as_bytes())?)
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("a process has an id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for the command's end: its exit code and what is shown that was not taken yet.
    pub fn end(mut self) -> Result<(i32, String)> {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break status,
                None if Instant::now() > until => bail!("the command does not end"),
                None => thread::sleep(Duration::from_millis(10)),
            }
        };
        let mut shown = self.screen.shown.lock().unwrap_or_else(PoisonError::into_inner);
        while !shown.1 && Instant::now() < until {
            // What the command started may hold the terminal a moment longer than it does.
            let (next, waited) = self
                .screen
                .more
                .wait_timeout(shown, Duration::from_millis(500))
                .unwrap_or_else(PoisonError::into_inner);
            shown = next;
            if waited.timed_out() {
                break;
            }
        }
        let text = std::mem::take(&mut shown.0);
        let code = status.code().with_context(|| format!("ended with {status}: {text}"))?;
        Ok((code, text))
    }

    /// Waits for a command that something kills.
    pub fn killed(mut self) -> Result<()> {
        let status = self.child.wait()?;
        if status.code().is_some() {
            bail!("ended with {status}, and was not killed");
        }
        Ok(())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
