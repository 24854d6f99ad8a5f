//! What every command works with: the profile, the keys, the passphrase, and whether to ask.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressStyle};
use tearline_client::{
    desk::Desk,
    error::{EXIT_FAILED, EXIT_USAGE, Error},
    passphrase::Source,
    profile::Profile,
    session::Session,
    vault::Vault,
};

use tokio::runtime::Runtime;

use crate::cli::Global;

/// How a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library says why.
    #[error(transparent)]
    Library(#[from] Error),
    /// What was asked for cannot be done, and why.
    #[error("{0}")]
    Refused(String),
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    /// What the command found is wrong: tampering or withholding. It has been shown already.
    #[error("{0}")]
    Alarm(String),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Library(error) => error.exit_code(),
            Self::Refused(_) => EXIT_FAILED,
            Self::Usage(_) => EXIT_USAGE,
            Self::Alarm(_) => tearline_client::error::EXIT_ALARM,
        }
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Library(error) => error.reason(),
            _ => None,
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`, which hands errors over")]
    pub(crate) fn refused(reason: impl ToString) -> Self {
        Self::Refused(reason.to_string())
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`, which hands errors over")]
    pub(crate) fn usage(reason: impl ToString) -> Self {
        Self::Usage(reason.to_string())
    }
}

/// Errors of the library's modules go through its common one.
pub(crate) trait Lift<T> {
    fn lift(self) -> Result<T, Failure>;
}

impl<T, E: Into<Error>> Lift<T> for Result<T, E> {
    fn lift(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Library(error.into()))
    }
}

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) dir: PathBuf,
    pub(crate) json: bool,
    yes: bool,
    source: Source,
    opened: OnceLock<Vault>,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let source = match (global.passphrase_file, global.passphrase_env) {
            (Some(file), _) => Source::File(file),
            (None, Some(name)) => Source::Environment(name),
            (None, None) => Source::Terminal,
        };
        Self { dir: global.profile, json: global.json, yes: global.yes, source, opened: OnceLock::new() }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Profile::open(&self.dir).lift()
    }

    pub(crate) fn vault(&self, profile: &Profile) -> Result<Vault, Failure> {
        let passphrase = self.source.get(profile.member().desk()).lift()?;
        Vault::open(&profile.keys_path(), &passphrase).lift()
    }

    /// The desk without its keys: it can verify what is here, and neither connect, read nor sign.
    pub(crate) fn offline(&self) -> Result<Desk, Failure> {
        Ok(Desk::new(self.profile()?, None))
    }

    /// The desk with its keys.
    pub(crate) fn desk(&self) -> Result<Desk, Failure> {
        let profile = self.profile()?;
        let vault = if let Some(vault) = self.opened.get() {
            vault.clone()
        } else {
            let vault = self.vault(&profile)?;
            self.opened.get_or_init(|| vault).clone()
        };
        Ok(Desk::new(profile, Some(vault)))
    }

    /// The desk with its keys and a connection to its server.
    pub(crate) fn online(&self) -> Result<(Runtime, Desk, Session), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::refused(format!("threads cannot be started: {error}")))?;
        let desk = self.desk()?;
        let session = runtime.block_on(Session::open(&desk)).lift()?;
        Ok((runtime, desk, session))
    }

    /// Shows that something is going on, if it takes longer than a moment and a person is watching.
    pub(crate) fn progress(&self, what: &'static str) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(500));
        bar
    }

    /// Shows how far bytes have come, if a person is watching.
    pub(crate) fn bytes(&self, what: String) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(
            " {msg}  {bar:24} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left",
        );
        let bar = ProgressBar::new(0).with_message(what);
        match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }

    /// Asks; true if the answer is `wanted`. With `--yes` it is not asked; without a terminal it is no.
    pub(crate) fn confirm(&self, question: &str, wanted: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::refused(
                "this asks before it acts, and there is no terminal to ask on: say --yes if you mean it",
            ));
        }
        eprint!("{question}");
        let mut answer = String::new();
        let read = io::stderr().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
        read.map_err(|error| Failure::refused(format!("the terminal cannot be read: {error}")))?;
        Ok(answer.trim() == wanted)
    }
}

/// The text of a file, or of standard input for `-`.
pub(crate) fn text_of(path: &Path) -> Result<String, Failure> {
    /// No paper and no briefing is longer.
    const MAX: u64 = 64 << 20;
    if path == Path::new("-") {
        return io::read_to_string(io::stdin().lock())
            .map_err(|error| Failure::refused(format!("standard input cannot be read: {error}")));
    }
    let bytes = tearline_client::durable::read(path, MAX).lift()?;
    String::from_utf8(bytes).map_err(|_| Failure::refused(format!("{}: is not UTF-8 text", path.display())))
}

/// Whole seconds since 1970, by this machine's clock.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
