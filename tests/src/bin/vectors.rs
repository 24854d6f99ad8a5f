//! Writes the test vectors: `cargo run -p tearline-tests --bin vectors -- FOLDER`.

use std::{env, fs, path::PathBuf};

use anyhow::{Context as _, Result};
use tearline_tests::vectors::{FORMATS, document, logs};

fn main() -> Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).context("usage: vectors FOLDER")?);
    fs::create_dir_all(folder.join("logs"))?;
    for format in FORMATS {
        fs::write(folder.join(format!("{}.json", format.file)), document(format)?)?;
    }
    for log in logs::all()? {
        fs::write(folder.join("logs").join(format!("{}.bundle", log.name)), &log.bundle)?;
        fs::write(folder.join("logs").join(format!("{}.json", log.name)), log.verdict_document()?)?;
    }
    Ok(())
}
