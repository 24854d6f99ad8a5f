//! The server's configuration, `tearlined.toml`: read once, into types that cannot be wrong.
//!
//! This file knows keys, places and remedies. It refuses to know what the files that it names
//! contain: `check` opens them. Specification: `docs/operations.md`.

pub mod check;
mod limits;

use std::{
    fmt,
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Deserializer, de::Error as _};
use tearline_ledger::{digest::Digest, name::Domain};

pub use self::limits::Limits;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read ({source}): give the path of an existing file, or make one with `tearlined init`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{}, line {line}: {}{message}", .path.display(), key.as_deref().map(|key| format!("`{key}`: ")).unwrap_or_default())]
    Line {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The key on that line, if it has one.
        key: Option<String>,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// Everything that `tearlined` is told. All paths are absolute.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The instance's name; the domain of every member.
    pub domain: Domain,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The room id of the instance's chamber.
    pub chamber: Digest,
    /// The folder that holds the store and the attachments.
    pub data: PathBuf,
    /// The file with the log's private key.
    pub log_key: PathBuf,
    /// The files of TLS.
    pub tls: TlsFiles,
    /// How the log is written.
    pub log: LogSettings,
    /// How long after its recall or end content is purged from the disk by a running server; `None`: never.
    pub purge_after: Option<Duration>,
    /// Every limit.
    pub limits: Limits,
}

/// The files of TLS, reloaded when they change and at SIGHUP.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// PEM: the server's certificate, then those between it and its authority.
    pub certificate: PathBuf,
    /// PEM: the private key of that certificate, mode 0600.
    pub private_key: PathBuf,
    /// PEM: the certificates of the authorities that vouch for members.
    pub authority: PathBuf,
    /// PEM: a current revocation list of each of those authorities.
    pub revocations: PathBuf,
}

/// How the log is written, to standard error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// Text for people or JSON for machines.
    pub format: LogFormat,
    /// The least severe level that is written.
    pub level: LogLevel,
}

/// The form of a line of the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least severe level that is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// What the operator must act on.
    Error,
    /// What the operator should know of.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// What happens to each connection.
    Debug,
}

impl Config {
    /// The configuration in this file. Relative paths in it are relative to the file's folder.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |source| ConfigError::Read { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(read)?;
        let absolute = std::path::absolute(path).map_err(read)?;
        Self::parse(&text, &absolute)
    }

    /// Where the store is.
    pub fn store_folder(&self) -> PathBuf {
        self.data.join("store")
    }

    /// Where the attachments are.
    pub fn attachments_folder(&self) -> PathBuf {
        self.data.join("attachments")
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let (line, key) = place(text, error.span());
            ConfigError::Line { path: path.to_owned(), line, key, message: remedy(error.message()) }
        })?;
        raw.limits.check().map_err(|(key, message)| {
            let (line, key) = (line_of(text, key), Some(key.to_owned()));
            ConfigError::Line { path: path.to_owned(), line, key, message }
        })?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Ok(Self {
            domain: raw.domain,
            listen: raw.listen,
            chamber: raw.chamber,
            data: folder.join(raw.data),
            log_key: folder.join(raw.log_key),
            tls: TlsFiles {
                certificate: folder.join(raw.tls.certificate),
                private_key: folder.join(raw.tls.private_key),
                authority: folder.join(raw.tls.authority),
                revocations: folder.join(raw.tls.revocations),
            },
            log: raw.log,
            purge_after: raw.purge_after_seconds.map(Duration::from_secs),
            limits: raw.limits,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(deserialize_with = "domain")]
    domain: Domain,
    #[serde(deserialize_with = "address")]
    listen: SocketAddr,
    #[serde(deserialize_with = "room")]
    chamber: Digest,
    data: PathBuf,
    log_key: PathBuf,
    purge_after_seconds: Option<u64>,
    tls: RawTls,
    #[serde(default)]
    log: LogSettings,
    #[serde(default)]
    limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTls {
    certificate: PathBuf,
    private_key: PathBuf,
    authority: PathBuf,
    revocations: PathBuf,
}

fn domain<'de, D: Deserializer<'de>>(from: D) -> Result<Domain, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| {
        D::Error::custom(format_args!(
            "`{text}` is not an address and port: write it as in 127.0.0.1:7443 or [::]:7443"
        ))
    })
}

fn room<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
    let text = String::deserialize(from)?;
    Digest::from_hex(&text).ok_or_else(|| {
        D::Error::custom(
            "a room id is 64 lower-case hexadecimal digits: copy the chamber's, as its founders were shown it",
        )
    })
}

/// Adds what to do to the messages of the TOML reader that leave it open.
fn remedy(message: &str) -> String {
    if message.contains("missing field `chamber`") {
        format!("{message}: the founders of the chamber are shown its room id; set `chamber` to it")
    } else if message.contains("missing field") {
        format!("{message}: add it; `tearlined init` writes a file that has every key")
    } else if message.contains("unknown field") {
        format!("{message}: correct its spelling or remove it")
    } else if message.contains("invalid type") || message.contains("invalid value") {
        format!("{message}: correct the value")
    } else {
        message.trim_end().replace('\n', "; ")
    }
}

fn place(text: &str, span: Option<Range<usize>>) -> (usize, Option<String>) {
    let start = span.map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line = before.bytes().filter(|&b| b == b'\n').count() + 1;
    let key = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    (line, key.filter(|key| !key.is_empty()).map(str::to_owned))
}

fn line_of(text: &str, key: &str) -> usize {
    let is_key = |line: &str| line.split_once('=').is_some_and(|(left, _)| left.trim() == key);
    text.lines().position(is_key).map_or(1, |index| index + 1)
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
domain = "kivu.example"
listen = "127.0.0.1:7443"
chamber = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
data = "data"
log_key = "/keys/log.key"
[tls]
certificate = "server.pem"
private_key = "server.key"
authority = "authority.pem"
revocations = "revocations.pem"
[limits]
message_bytes = 1048576
"#;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("/etc/tearline/tearlined.toml"))
    }

    #[test]
    fn relative_paths_are_relative_to_the_file_and_limits_have_defaults() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.data, Path::new("/etc/tearline/data"));
        assert_eq!(config.log_key, Path::new("/keys/log.key"));
        assert_eq!(config.limits.message_bytes.get(), 1 << 20);
        assert_eq!(config.limits.organisations, Limits::default().organisations);
        assert_eq!(config.log.level, LogLevel::Info);
        assert_eq!(config.purge_after, None);
        let purging = GOOD.replace("[tls]", "purge_after_seconds = 3600\n[tls]");
        assert_eq!(parse(&purging).unwrap().purge_after, Some(Duration::from_hours(1)));
    }

    /// Each: what is changed into what, and what the message must say.
    #[test]
    fn every_mistake_is_told_with_file_line_key_and_remedy() {
        for (from, to, says) in [
            ("kivu.example", "Kivu", &["line 2", "`domain`", "lower-case"][..]),
            ("127.0.0.1:7443", "localhost", &["line 3", "`listen`", "127.0.0.1:7443"]),
            ("aaaaaaaa\"", "AAAAAAAA\"", &["line 4", "`chamber`", "64 lower-case"]),
            ("chamber", "# chamber", &["missing field `chamber`", "founders"]),
            ("data", "dada", &["line 5", "unknown field `dada`", "spelling"]),
            ("authority = ", "# = ", &["line 7", "missing field `authority`", "tearlined init"]),
            ("message_bytes", "mesage_bytes", &["line 13", "unknown field `mesage_bytes`"]),
            ("1048576", "0", &["line 13", "`message_bytes`", "nonzero"]),
            ("1048576", "-1", &["line 13", "`message_bytes`"]),
            ("1048576", "\"1 MiB\"", &["line 13", "`message_bytes`", "string"]),
            ("1048576", "100", &["line 13", "`message_bytes`", "at least"]),
            (
                "[tls]",
                "purge_after_seconds = \"a week\"\n[tls]",
                &["line 7", "`purge_after_seconds`", "string"],
            ),
            ("[tls]", "[tls", &["line 7"]),
        ] {
            let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.starts_with("/etc/tearline/tearlined.toml, line "), "{error}");
            for part in says {
                assert!(error.contains(part), "`{error}` does not say `{part}`");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named_with_a_remedy() {
        let error = Config::load(Path::new("/nowhere/tearlined.toml")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/tearlined.toml") && error.contains("tearlined init"), "{error}");
    }
}
