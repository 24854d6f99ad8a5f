//! The shipped commands as an officer types them, each a process of its own, against a real server.
//!
//! A house is a copy of one in which `tearline quickstart` has played the Kivu scenario but for its audit; so
//! every test begins after a year of mediation that nobody has confirmed, and may spoil what it likes. It refuses to know what commands mean.

pub mod documented;
pub mod golden;
pub mod papers;
pub mod said;
pub mod screen;
pub mod stick;
pub mod terminal;
pub mod trickle;

use std::{
    fs,
    net::SocketAddr,
    ops::Deref,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use self::said::Said;
use crate::live::{binaries::binary, server::Server};

/// Of every desk in the house, by quickstart.
pub const PASSPHRASE: &str = "only for this demonstration\n";

/// Authority, server and desks in one temporary folder.
#[derive(Debug)]
pub struct House {
    /// The process; it ends before its folder goes.
    pub server: Server,
    home: Home,
    /// Kept so that tests that run at the same time share it.
    _template: Arc<TempDir>,
}

impl House {
    /// The Kivu scenario, played up to September 2024; the server runs.
    pub fn kivu() -> Result<Self> {
        let template = template()?;
        let home = Home::copy_of(&template.path().join("house"))?;
        let config = home.path("server/tearlined.toml");
        let text = fs::read_to_string(&config)?;
        let listens = text.lines().find(|line| line.starts_with("listen = "));
        let listens = listens.context("the configuration says where to listen")?;
        fs::write(&config, text.replace(listens, "listen = \"127.0.0.1:0\""))?;
        let server = Server::start(&config)?;
        let house = Self { server, home, _template: template };
        for desk in fs::read_dir(house.path("desks"))? {
            house.home.point(&desk?.path(), house.server.address())?;
        }
        Ok(house)
    }

    /// Says to a desk that has just joined where this copy's server is: the charters name the original's.
    pub fn settle(&self, desk: &str) -> Result<()> {
        self.home.point(&self.desk(desk), self.server.address())
    }

    /// Kills the server, does what needs it stopped, and starts it again where desks find it.
    pub fn while_stopped<T>(&mut self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        self.server.kill()?;
        let done = work(self)?;
        self.server = Server::start(&self.path("server/tearlined.toml"))?;
        for desk in fs::read_dir(self.path("desks"))? {
            self.home.point(&desk?.path(), self.server.address())?;
        }
        Ok(done)
    }

    /// `tearlined` on the house's server.
    pub fn tearlined(&self, args: &[&str]) -> Result<Said> {
        let mut command = Command::new(binary("tearlined")?);
        command.args(args).arg("--config").arg(self.path("server/tearlined.toml"));
        command.current_dir(self.path(""));
        Said::of(command)
    }

    /// `tearline-certs` on the house's authority.
    pub fn certs(&self, args: &[&str]) -> Result<Said> {
        let mut command = Command::new(binary("tearline-certs")?);
        command.arg("--authority").arg(self.path("authority")).args(args).current_dir(self.path(""));
        Said::of(command)
    }
}

impl Deref for House {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

/// The folder of a house: its desks, and what they are asked to do.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// A copy of a house's folder. Its desks ask the server that the original's asked.
    pub fn copy_of(house: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        copy(house, &folder.path().join("house"))?;
        Ok(Self { folder })
    }

    /// Says to the desk in this folder where its server is, whatever the charters say.
    pub fn point(&self, desk: &Path, server: SocketAddr) -> Result<()> {
        let profile = desk.join("profile.toml");
        let text = fs::read_to_string(&profile)?;
        let old =
            text.lines().find(|line| line.starts_with("server = ")).context("the desk has no server")?;
        Ok(fs::write(&profile, text.replace(old, &format!("server = \"{server}\"")))?)
    }

    /// A file or folder of the house.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("house").join(name)
    }

    /// The same, as an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// The folder of a desk, as in `us/washington`.
    pub fn desk(&self, desk: &str) -> PathBuf {
        self.path("desks").join(desk.replace('/', "-"))
    }

    /// Writes a file that only its owner may read.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<String> {
        use std::io::Write as _;
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600).open(&path)?.write_all(bytes.as_ref())?;
        Ok(path.display().to_string())
    }

    /// `tearline` with nothing but these arguments, at home in the house's folder.
    pub fn command(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(binary("tearline")?);
        command.env_remove("TEARLINE_PROFILE").args(args);
        command.stdin(Stdio::null()).current_dir(self.path(""));
        Ok(command)
    }

    /// A desk's `tearline`, with its passphrase and with yes to what would be asked.
    pub fn tearline(&self, desk: &str, args: &[&str]) -> Result<Command> {
        let mut command = self.command(&[])?;
        command.arg("--profile").arg(self.desk(desk)).args(["--passphrase-file", "passphrase", "--yes"]);
        command.args(args);
        Ok(command)
    }

    /// What a desk is shown by a command that asks, as there is nobody to answer: it does nothing.
    pub fn look(&self, desk: &str, args: &[&str]) -> Result<String> {
        let mut command = self.command(&["--passphrase-file", "passphrase"])?;
        command.arg("--profile").arg(self.desk(desk)).args(args);
        let said = Said::of(command)?;
        if said.code != 1 || !said.err.contains("--yes") {
            bail!("it did not ask: {said:?}");
        }
        Ok(said.out)
    }

    /// What a desk's command said, however it ended.
    pub fn run(&self, desk: &str, args: &[&str]) -> Result<Said> {
        Said::of(self.tearline(desk, args)?)
    }

    /// What a desk's command said on standard output; it must have succeeded.
    pub fn text(&self, desk: &str, args: &[&str]) -> Result<String> {
        self.run(desk, args)?.done()
    }

    /// A desk's command with `--json`; it must have succeeded.
    pub fn json(&self, desk: &str, args: &[&str]) -> Result<Value> {
        let mut command = self.tearline(desk, args)?;
        command.arg("--json");
        let text = Said::of(command)?.done()?;
        serde_json::from_str(&text).with_context(|| format!("{desk} {}: {text}", args.join(" ")))
    }

    /// The one message with which a desk's command was refused, with exit code 1.
    pub fn refused(&self, desk: &str, args: &[&str]) -> Result<String> {
        self.run(desk, args)?.refused(1)
    }

    /// Where the next entry of a room will stand, as a desk that fetches now sees it.
    pub fn next(&self, desk: &str, room: &str) -> Result<String> {
        let fetched = self.json(desk, &["fetch"])?;
        let rooms = fetched.get("rooms").and_then(Value::as_array).context("rooms")?;
        let room_of = |it: &&Value| it.get("room").and_then(Value::as_str) == Some(room);
        let size = rooms.iter().find(room_of).and_then(|it| it.get("size")).context("its size")?;
        Ok(format!("{room}#{size}"))
    }

    /// Records a briefing; where it stands.
    pub fn publish(&self, desk: &str, name: &str, briefing: &str) -> Result<String> {
        let path = self.write(&format!("papers/{name}"), briefing)?;
        text_of(&self.json(desk, &["publish", &path])?, "entry")
    }

    /// Proposes a release; where the proposal stands.
    pub fn propose(&self, desk: &str, args: &[&str]) -> Result<String> {
        let args: Vec<&str> = ["release"].into_iter().chain(args.iter().copied()).collect();
        text_of(&self.json(desk, &args)?, "proposal")
    }

    /// Approves with the last signature that was needed; where the targets stand.
    pub fn enact(&self, desk: &str, proposal: &str) -> Result<Vec<String>> {
        let done = self.json(desk, &["approve", proposal])?;
        if done.get("enacted") != Some(&Value::Bool(true)) {
            bail!("{proposal} was not enacted: {done}");
        }
        let entries = done.get("entries").and_then(Value::as_array).context("entries")?;
        Ok(entries.iter().skip(1).filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

/// A text of a command's JSON.
pub fn text_of(json: &Value, key: &str) -> Result<String> {
    let text = json.get(key).and_then(Value::as_str);
    Ok(text.with_context(|| format!("there is no text `{key}` in {json}"))?.to_owned())
}

/// Copies a folder with the modes of its files. A server's socket is its own and stays.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    let mode = fs::metadata(from)?.permissions().mode();
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}

/// The house that others are copied from, made by the first test of a process that needs it.
fn template() -> Result<Arc<TempDir>> {
    static MADE: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(template) = made.upgrade() {
        return Ok(template);
    }
    let folder = Arc::new(tempfile::tempdir()?);
    for name in ["tearlined", "tearline-certs"] {
        binary(name)?;
    }
    let mut command = Command::new(binary("tearline")?);
    command.arg("quickstart").arg(folder.path().join("house"));
    command.args(["--once", "--json", "--until", "2024-09"]);
    Said::of(command)?.done()?;
    *made = Arc::downgrade(&folder);
    Ok(folder)
}
