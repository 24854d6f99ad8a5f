//! What every command works with: the profile, the keys, the passphrase, and whether to ask.

use std::{
    io::{self, BufRead as _, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use indicatif::{ProgressBar, ProgressStyle};
use tearline_client::{
    courier,
    desk::Desk,
    drafts::Drafts,
    durable::FileError,
    error::{EXIT_FAILED, EXIT_USAGE, Error},
    keeper,
    passphrase::Source,
    profile::Profile,
    session::Session,
    vault::{Vault, VaultError},
};

use tokio::runtime::Runtime;

use crate::cli::Global;

/// How often a passphrase may be typed.
const PASSPHRASE_TRIES: u8 = 3;

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
    /// The text that was composed is not as it should be.
    #[error("{0}")]
    Text(String),
    /// It failed, but what was written is not lost.
    #[error("{failure}\n{kept}")]
    Kept {
        /// How it failed.
        failure: Box<Failure>,
        /// Where the text is now.
        kept: String,
    },
}

impl Failure {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Library(error) => error.exit_code(),
            Self::Refused(_) | Self::Text(_) => EXIT_FAILED,
            Self::Usage(_) => EXIT_USAGE,
            Self::Alarm(_) => tearline_client::error::EXIT_ALARM,
            Self::Kept { failure, .. } => failure.exit_code(),
        }
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Library(error) => error.reason(),
            Self::Kept { failure, .. } => failure.reason(),
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
    pub(crate) color: anstream::ColorChoice,
    pub(crate) yes: bool,
    courier: bool,
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
        let color = match global.color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self {
            dir: global.profile,
            json: global.json,
            color,
            yes: global.yes,
            courier: global.courier,
            source,
            opened: OnceLock::new(),
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn profile(&self) -> Result<Profile, Failure> {
        Profile::open(&self.dir).lift()
    }

    pub(crate) fn vault(&self, profile: &Profile) -> Result<Vault, Failure> {
        let mut tries = if self.source == Source::Terminal { PASSPHRASE_TRIES } else { 1 };
        loop {
            let passphrase = self.source.get(profile.member().desk()).lift()?;
            tries -= 1;
            match Vault::open(&profile.keys_path(), &passphrase) {
                Err(VaultError::WrongPassphrase) if tries > 0 => {
                    eprintln!("tearline: {}", VaultError::WrongPassphrase);
                }
                opened => return opened.lift(),
            }
        }
    }

    /// The variable that holds the passphrase, if one does.
    pub(crate) fn passphrase_variable(&self) -> Option<&str> {
        match &self.source {
            Source::Environment(name) => Some(name),
            _ => None,
        }
    }

    /// The desk without its keys: it can verify what is here, and neither connect, read nor sign.
    pub(crate) fn offline(&self) -> Result<Desk, Failure> {
        whole(Desk::new(self.profile()?, None))
    }

    /// The desk with its keys.
    pub(crate) fn desk(&self) -> Result<Desk, Failure> {
        let profile = self.profile()?;
        if let Some(vault) = self.opened.get() {
            return whole(Desk::new(profile, Some(vault.clone())));
        }
        let vault = self.vault(&profile)?;
        let desk = Desk::new(profile, Some(self.opened.get_or_init(|| vault).clone()));
        keep_what_was_left(&desk);
        whole(desk)
    }

    /// The desk with its keys and a connection to its server; with `--courier`, without one.
    pub(crate) fn online(&self) -> Result<(Runtime, Desk, Session), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::refused(format!("threads cannot be started: {error}")))?;
        let desk = self.desk()?;
        let session = if self.courier {
            Session::by_courier()
        } else {
            runtime.block_on(Session::open(&desk)).lift()?
        };
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
        self.bar(what, " {msg}  {bar:24} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left")
    }

    /// Shows how many entries are done, if a person is watching.
    pub(crate) fn entries(&self, what: &str) -> ProgressBar {
        self.bar(what.to_owned(), " {msg}  {bar:24} {pos} of {len} entries  {eta} left")
    }

    fn bar(&self, what: String, template: &str) -> ProgressBar {
        if self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template(template);
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
        Ok(ask(question)?.is_some_and(|answer| answer == wanted))
    }
}

/// What is typed in answer to a question; `None` if nothing can be typed any more.
pub(crate) fn ask(question: &str) -> Result<Option<String>, Failure> {
    eprint!("{question}");
    let mut answer = String::new();
    let read = io::stderr().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
    let read = read.map_err(|error| Failure::refused(format!("the terminal cannot be read: {error}")))?;
    Ok((read > 0).then(|| answer.trim().to_owned()))
}

/// Whether there is somebody to ask, and a place for an editor.
pub(crate) fn on_a_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The desk, once an answer that a crash cut off is taken in.
fn whole(mut desk: Desk) -> Result<Desk, Failure> {
    courier::finish(&mut desk).lift()?;
    Ok(desk)
}

/// Makes drafts of texts whose editing was cut off. That this fails hinders no other command.
fn keep_what_was_left(desk: &Desk) {
    let kept = Drafts::of(desk).and_then(|drafts| keeper::sweep(desk.profile().dir(), &drafts));
    match kept {
        Ok(names) => {
            for name in names {
                eprintln!(
                    "tearline: a text whose editing was cut off is kept as draft {name}: see `tearline drafts`"
                );
            }
        }
        Err(error) => eprintln!("tearline: a text whose editing was cut off could not be kept: {error}"),
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
    let bytes = tearline_client::durable::read(path, MAX).map_err(|error| match error {
        FileError::Missing(path) => Failure::refused(format!("there is no file {}", path.display())),
        other => Failure::Library(other.into()),
    })?;
    String::from_utf8(bytes).map_err(|_| Failure::refused(format!("{}: is not UTF-8 text", path.display())))
}

/// Whole seconds since 1970, by this machine's clock.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
