//! `tearlined init`: a folder from which a server can be run, except for what others make.
//!
//! It makes the data folder, the log key and a configuration with every key explained, and overwrites
//! nothing. Specification: `docs/operations.md`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tearline_ledger::name::Domain;

use crate::{
    logkey::{LogKey, LogKeyError},
    private_file::{self, PrivateFileError},
};

const CONFIG: &str = "tearlined.toml";
const LOG_KEY: &str = "log.key";
const DATA: &str = "data";

/// Why nothing was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is something already.
    #[error("{}: is there already and is not overwritten: choose another folder, or go on with what is there", .0.display())]
    Exists(PathBuf),
    /// The system refused.
    #[error("{}: cannot be made ({source})", .path.display())]
    Make {
        /// What should be made.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The configuration could not be written.
    #[error(transparent)]
    Config(#[from] PrivateFileError),
    /// The key could not be made.
    #[error(transparent)]
    LogKey(#[from] LogKeyError),
}

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// The configuration, to be completed.
    pub config: PathBuf,
    /// The log's verifier key, which the chamber's founding charter names.
    pub verifier_key: String,
}

/// Makes data folder, log key and configuration in `folder`, which is made if need be.
pub fn init(folder: &Path, domain: &Domain) -> Result<Made, InitError> {
    let [config, log_key, data] = [CONFIG, LOG_KEY, DATA].map(|name| folder.join(name));
    if let Some(path) = [&config, &log_key, &data].into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(InitError::Exists(path.clone()));
    }
    let make = |path: &Path| {
        private_file::folder(path).map_err(|source| InitError::Make { path: path.to_owned(), source })
    };
    make(folder)?;
    make(&data)?;
    let key = LogKey::generate(domain)?;
    key.create(&log_key)?;
    private_file::create(&config, template(domain).as_bytes())?;
    let config = fs::canonicalize(&config).unwrap_or(config);
    Ok(Made { config, verifier_key: key.verifier_key() })
}

fn template(domain: &Domain) -> String {
    include_str!("tearlined.toml").replace("DOMAIN", domain.as_str())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::{Config, Limits};

    #[test]
    fn init_makes_what_a_server_needs_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/server");
        let domain = "kivu.example".parse().unwrap();
        let made = init(&folder, &domain).unwrap();
        let key = LogKey::load(&folder.join(LOG_KEY), &domain).unwrap();
        assert_eq!(key.verifier_key(), made.verifier_key);
        let bits = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((bits(""), bits(DATA), bits(LOG_KEY), bits(CONFIG)), (0o700, 0o700, 0o600, 0o600));

        let error = init(&folder, &domain).unwrap_err();
        assert!(matches!(error, InitError::Exists(_)), "{error}");
        assert_eq!(LogKey::load(&folder.join(LOG_KEY), &domain).unwrap().verifier_key(), made.verifier_key);
    }

    #[test]
    fn the_template_lacks_the_chamber_only_and_shows_every_default() {
        let folder = tempfile::tempdir().unwrap();
        let domain = "kivu.example".parse().unwrap();
        let made = init(&folder.path().join("s"), &domain).unwrap();
        let error = Config::load(&made.config).unwrap_err().to_string();
        assert!(error.contains("missing field `chamber`"), "{error}");

        let text = fs::read_to_string(&made.config).unwrap();
        let chamber = format!("chamber = \"{}\"", "a".repeat(64));
        fs::write(&made.config, text.replace("# chamber = \"\"", &chamber)).unwrap();
        let config = Config::load(&made.config).unwrap();
        assert_eq!(config.domain, domain);
        assert_eq!(format!("{:?}", config.limits), format!("{:?}", Limits::default()));

        // Every limit stands in the file, commented out, with the default that it has.
        let all = text.replace("# chamber = \"\"", &chamber).replace("\n#= ", "\n");
        fs::write(&made.config, &all).unwrap();
        let config = Config::load(&made.config).unwrap();
        assert_eq!(format!("{:?}", config.limits), format!("{:?}", Limits::default()));
        let limits = all.split("[limits]").nth(1).unwrap();
        let keys = limits.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
        assert_eq!(keys, format!("{:#?}", Limits::default()).lines().count() - 2);
    }
}
