//! The shipped binaries, built once for a test process.
//!
//! They lie in the target folder beside the running executable; cargo's own lock keeps processes that
//! build at once apart. It refuses to know what the binaries do.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context as _, Result, bail};

/// A folder with binaries that are to be used as they are.
const READY: &str = "TEARLINE_BINARIES";

/// The path of `tearlined`, `tearline` or `tearline-certs`, built if need be.
pub fn binary(name: &str) -> Result<PathBuf> {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    let path = folder.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?.join(name);
    if !path.is_file() {
        bail!("{} is not there: build it, or unset {READY}", path.display());
    }
    Ok(path)
}

fn build() -> Result<PathBuf> {
    if let Some(ready) = env::var_os(READY) {
        return Ok(ready.into());
    }
    let own = env::current_exe().context("where is this executable?")?;
    let mut folder = own.parent().context("an executable is in a folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("`deps` is in a folder")?;
    }
    let target = folder.parent().context("a profile's folder is in the target folder")?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).env("CARGO_TARGET_DIR", target);
    // What cargo told this process of its own package would make build scripts run again.
    for (name, _) in env::vars_os() {
        let said = name.to_str().is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME");
        if said && name != "CARGO_TARGET_DIR" {
            cargo.env_remove(name);
        }
    }
    cargo.args(["build", "--quiet", "--offline"]);
    // With the tests' own package, so that dependencies have the features that they were built with.
    for package in ["tearline-server", "tearline-client", "tearline-certs", "tearline-tests"] {
        cargo.args(["--package", package]);
    }
    for name in ["tearlined", "tearline", "tearline-certs"] {
        cargo.args(["--bin", name]);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let done = cargo.output().context("cargo cannot be run")?;
    if !done.status.success() {
        bail!("the binaries cannot be built: {}", String::from_utf8_lossy(&done.stderr));
    }
    Ok(folder.to_owned())
}
