//! Where a passphrase comes from: a terminal, a private file or a named environment variable.
//!
//! Passphrases are wiped from memory and never shown. What they protect is the vault's affair.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::durable::{self, FileError};

/// Passphrases that are typed twice when a vault is made are at least this long, in characters.
pub const MIN_CHARS: usize = 12;
const MAX_BYTES: u64 = 4096;

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PassphraseError {
    /// The file cannot be read, or can be read by others.
    #[error("the passphrase file: {0}")]
    File(#[from] FileError),
    /// Nothing in it.
    #[error("the passphrase from {0} is empty")]
    Empty(Source),
    /// Not UTF-8.
    #[error("the passphrase from {0} is not UTF-8 text")]
    NotText(Source),
    /// The variable is not set.
    #[error("the environment variable {0} is not set: it was named as the source of the passphrase")]
    Unset(String),
    /// There is no terminal to ask on.
    #[error(
        "cannot ask for a passphrase: {0}; name a file (--passphrase-file) or a variable (--passphrase-env)"
    )]
    Terminal(io::Error),
    /// Typed differently the second time.
    #[error("the two passphrases differ: nothing was made; try again")]
    Differ,
    /// Too easily guessed.
    #[error(
        "the passphrase has fewer than {MIN_CHARS} characters: choose a longer one, several words for instance"
    )]
    Short,
}

/// A secret text that opens a vault.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// The passphrase that this text is.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Where a passphrase comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Source {
    /// Asked for on the terminal.
    #[default]
    Terminal,
    /// The first line of a file that only its owner may read.
    File(PathBuf),
    /// An environment variable of this name.
    Environment(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Terminal => f.write_str("the terminal"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
        }
    }
}

impl Source {
    /// The passphrase of a vault that exists; `of` says whose, for the prompt.
    pub fn get(&self, of: &str) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::Terminal => self.ask(&format!("Passphrase for the keys of {of}: ")),
            Self::File(path) => self.read_file(path),
            Self::Environment(name) => match std::env::var(name) {
                Ok(text) => self.check(Zeroizing::new(text)),
                Err(std::env::VarError::NotPresent) => Err(PassphraseError::Unset(name.clone())),
                Err(std::env::VarError::NotUnicode(_)) => Err(PassphraseError::NotText(self.clone())),
            },
        }
    }

    /// The passphrase of a vault that is to be made. On a terminal it is asked for twice and must be
    /// long; who names a file or variable has chosen already.
    pub fn choose(&self, of: &str) -> Result<Passphrase, PassphraseError> {
        if *self != Self::Terminal {
            return self.get(of);
        }
        let first = self.ask(&format!("New passphrase for the keys of {of}: "))?;
        if first.expose().chars().count() < MIN_CHARS {
            return Err(PassphraseError::Short);
        }
        let second = self.ask("The same again: ")?;
        if first.expose() == second.expose() { Ok(first) } else { Err(PassphraseError::Differ) }
    }

    fn ask(&self, prompt: &str) -> Result<Passphrase, PassphraseError> {
        let text = rpassword::prompt_password(prompt).map_err(PassphraseError::Terminal)?;
        self.check(Zeroizing::new(text))
    }

    fn read_file(&self, path: &Path) -> Result<Passphrase, PassphraseError> {
        durable::require_private(path)?;
        let bytes = Zeroizing::new(durable::read(path, MAX_BYTES)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| PassphraseError::NotText(self.clone()))?;
        self.check(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
    }

    fn check(&self, text: Zeroizing<String>) -> Result<Passphrase, PassphraseError> {
        if text.is_empty() { Err(PassphraseError::Empty(self.clone())) } else { Ok(Passphrase(text)) }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    #[test]
    fn the_first_line_of_a_private_file_is_the_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        durable::create(&path, b"correct horse\nsecond line\n").unwrap();
        assert_eq!(Source::File(path).get("us/kigali").unwrap().expose(), "correct horse");
    }

    #[test]
    fn a_file_that_others_can_read_and_an_empty_one_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passphrase");
        durable::create(&path, b"\n").unwrap();
        let source = Source::File(path.clone());
        assert!(matches!(source.get(""), Err(PassphraseError::Empty(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(matches!(source.get(""), Err(PassphraseError::File(FileError::Exposed(_)))));
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let source = Source::Environment("TEARLINE_NO_SUCH_VARIABLE".to_owned());
        let error = source.get("").unwrap_err().to_string();
        assert!(error.contains("TEARLINE_NO_SUCH_VARIABLE"), "{error}");
        assert_eq!(format!("{:?}", Passphrase::new("secret".to_owned())), "Passphrase(..)");
    }
}
