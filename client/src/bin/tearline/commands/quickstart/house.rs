//! The house that quickstart builds: an authority, a server, and desks, each run as the command that an
//! officer would type.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener, TcpStream},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::stop::Server;
use crate::context::Failure;

/// How long the server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// Everything in quickstart's folder.
#[derive(Debug)]
pub(super) struct House {
    pub(super) dir: PathBuf,
    pub(super) address: String,
    bin: PathBuf,
    server: Server,
}

/// A command that has been started.
pub(super) struct Started {
    said: String,
    child: Child,
}

impl House {
    /// An empty house in a folder that does not exist yet, or is empty.
    pub(super) fn new(dir: &Path) -> Result<Self, Failure> {
        let exists = dir.exists();
        if exists && fs::read_dir(dir).map_err(io("folder", dir))?.next().is_some() {
            return Err(Failure::refused(format!(
                "{} is not empty: give a folder that does not exist yet",
                dir.display()
            )));
        }
        let mut private = fs::DirBuilder::new();
        private.recursive(true).mode(0o700);
        for folder in ["", "desks", "papers"] {
            private.create(dir.join(folder)).map_err(io("folder", dir))?;
        }
        let dir = fs::canonicalize(dir).map_err(io("folder", dir))?;
        let bin = std::env::current_exe()
            .ok()
            .and_then(|exe| exe.parent().map(Path::to_owned))
            .ok_or_else(|| Failure::refused("this program cannot find out where it is"))?;
        for name in ["tearlined", "tearline-certs"] {
            if !bin.join(name).exists() {
                return Err(Failure::refused(format!(
                    "{name} is not beside this program in {}: run `cargo build --release` first",
                    bin.display()
                )));
            }
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .map_err(|error| Failure::refused(format!("there is no free port on loopback: {error}")))?;
        let house = Self { address: format!("127.0.0.1:{}", port.port()), dir, bin, server: Server::new()? };
        house.write_private("passphrase", "only for this demonstration\n")?;
        Ok(house)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file that only its owner may read.
    pub(super) fn write_private(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        use std::io::Write as _;
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(io("file", &path))?;
        Ok(path)
    }

    /// The folder of a desk, as in `us/washington`.
    pub(super) fn desk(&self, desk: &str) -> PathBuf {
        self.dir.join("desks").join(desk.replace('/', "-"))
    }

    /// Runs `tearline-certs` to its end.
    pub(super) fn certs(&self, args: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(self.bin.join("tearline-certs"));
        command.arg("--authority").arg(self.path("authority")).args(args).current_dir(&self.dir);
        succeed(&said("tearline-certs", args), command.output())
    }

    /// Runs `tearlined` to its end.
    pub(super) fn tearlined(&self, args: &[&str]) -> Result<String, Failure> {
        let mut command = Command::new(self.bin.join("tearlined"));
        command.args(args);
        succeed(&said("tearlined", args), command.output())
    }

    /// Starts the server and waits until it listens.
    pub(super) fn serve(&self) -> Result<(), Failure> {
        let log = self.write_private("server/log.txt", "")?;
        let stderr = fs::OpenOptions::new().append(true).open(&log).map_err(io("log", &log))?;
        let mut command = Command::new(self.bin.join("tearlined"));
        command.args(["run", "--config"]).arg(self.path("server/tearlined.toml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr);
        let begun = Instant::now();
        let start = || {
            let started = command.spawn();
            started.map_err(|error| Failure::refused(format!("tearlined does not start: {error}")))
        };
        self.server.start(start, |server| {
            while TcpStream::connect(&self.address).is_err() {
                let gone = server.try_wait().ok().flatten();
                if gone.is_some() || begun.elapsed() > START_LIMIT {
                    let said = fs::read_to_string(&log).unwrap_or_default();
                    let said = said.trim_end();
                    return Err(Failure::refused(format!("tearlined does not listen: {said}")));
                }
                thread::sleep(POLL);
            }
            Ok(())
        })
    }

    /// Waits until the server has been stopped.
    pub(super) fn wait(&self) -> Result<(), Failure> {
        let status = self.server.wait()?;
        if status.success() {
            return Ok(());
        }
        let log = self.path("server/log.txt");
        Err(Failure::refused(format!("tearlined ended with {status}: see {}", log.display())))
    }

    fn tearline(&self, desk: &str, args: &[&str], json: bool) -> Command {
        let mut command = Command::new(self.bin.join("tearline"));
        command.arg("--profile").arg(self.desk(desk));
        command.arg("--passphrase-file").arg(self.path("passphrase"));
        if json {
            command.arg("--json");
        }
        command.arg("--yes").args(args).stdin(Stdio::null()).current_dir(&self.dir);
        command
    }

    /// Runs `tearline` as a desk and reads its JSON.
    pub(super) fn run(&self, desk: &str, args: &[&str]) -> Result<Value, Failure> {
        json(&said(desk, args), self.tearline(desk, args, true).output())
    }

    /// Runs `tearline` as a desk; what it shows, whatever its exit code.
    pub(super) fn show(&self, desk: &str, args: &[&str]) -> Result<(i32, String), Failure> {
        let output = self
            .tearline(desk, args, false)
            .output()
            .map_err(|error| Failure::refused(format!("{}: {error}", said(desk, args))))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok((output.status.code().unwrap_or(-1), text))
    }

    /// Starts `tearline` as a desk, for several desks at once.
    pub(super) fn start(&self, desk: &str, args: &[&str]) -> Result<Started, Failure> {
        let said = said(desk, args);
        let mut command = self.tearline(desk, args, true);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.map_err(|error| Failure::refused(format!("{said}: {error}")))?;
        Ok(Started { said, child })
    }
}

impl Started {
    /// Waits for its end, and reads its JSON.
    pub(super) fn finish(self) -> Result<Value, Failure> {
        json(&self.said, self.child.wait_with_output())
    }
}

/// The value behind a label in a command's text output.
pub(super) fn labelled(text: &str, label: &str) -> Result<String, Failure> {
    let mut lines = BufReader::new(text.as_bytes()).lines().map_while(Result::ok);
    lines
        .find_map(|line| line.strip_prefix(label).map(|rest| rest.trim().to_owned()))
        .ok_or_else(|| Failure::refused(format!("a command did not say its `{label}`")))
}

fn said(who: &str, args: &[&str]) -> String {
    format!("{who}: {}", args.join(" "))
}

fn succeed(said: &str, output: std::io::Result<Output>) -> Result<String, Failure> {
    let output = output.map_err(|error| Failure::refused(format!("{said}: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failure::refused(format!("{said}\n  ended with {}: {}", output.status, error.trim_end())))
}

fn json(said: &str, output: std::io::Result<Output>) -> Result<Value, Failure> {
    let text = succeed(said, output)?;
    serde_json::from_str(text.trim_end()).map_err(|error| Failure::refused(format!("{said}: {error}")))
}

fn io<'a>(what: &'a str, path: &'a Path) -> impl Fn(std::io::Error) -> Failure + 'a {
    move |error| Failure::refused(format!("the {what} {} cannot be used: {error}", path.display()))
}
