//! `tearlined check-config`: whether a server could start with this configuration, without starting one.
//!
//! It opens every file that the configuration names and reports all that is wrong at once. It refuses
//! to change anything. Specification: `docs/operations.md`.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use crate::{config::Config, logkey::LogKey, process, tls::Material};

/// Everything that would stop a server with this configuration, each with its remedy; nothing if it could start.
pub fn problems(config: &Config) -> Vec<String> {
    let files = &config.tls;
    let mut problems: Vec<String> =
        [&files.certificate, &files.private_key, &files.authority, &files.revocations]
            .into_iter()
            .filter_map(|path| File::open(path).err().map(|error| unreadable(path, &error)))
            .collect();
    if problems.is_empty() {
        let tls = Material::read(files).and_then(|material| material.build(&config.domain));
        problems.extend(tls.err().map(|error| error.to_string()));
    }
    let key = LogKey::load(&config.log_key, &config.domain);
    problems.extend(key.err().map(|error| error.to_string()));
    problems.extend(data(&config.data).err());
    problems.extend(process::enough_files(&config.limits).err());
    problems
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!(
        "{}: cannot be read ({error}): make it with `tearline-certs`, or correct its path under [tls]",
        path.display()
    )
}

/// Whether the data folder is there, for this server's user alone.
fn data(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = path.display();
    let metadata = fs::metadata(path).map_err(|error| {
        format!(
            "{shown}: the data folder cannot be read ({error}): set `data`, or make it with `tearlined init`"
        )
    })?;
    if !metadata.is_dir() {
        return Err(format!("{shown}: is not a folder: set `data` to one"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!("{shown}: others can enter it (mode {mode:04o}): run `chmod 700 {shown}`"));
    }
    Ok(())
}
