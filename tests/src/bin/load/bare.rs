//! The engine's own floor: bare sled on a copy of the server's very data, opened and read at random, in a process
//! of its own with as large a cache.
//!
//! It reads what a fetch reads, a row's link and body, and checks nothing. It refuses to know the server's code.
//! Layout: `docs/spec.md`, annex D.

use std::{
    env, fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tearline_server::store::Options;
use tempfile::TempDir;
use tokio::process::Command;

/// What bare sled takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bare {
    /// Seconds to open it.
    pub(crate) start: f64,
    /// Microseconds to read one row.
    pub(crate) read: f64,
}

/// Copies a stopped server's rows and measures on the copy.
pub(crate) async fn measure(rows: &Path, room: &str, length: Duration) -> Result<Bare> {
    let copy = TempDir::new_in(rows.parent().context("the rows' folder")?)?;
    copy_folder(rows, copy.path())?;
    let output = Command::new(env::current_exe()?)
        .arg("bare")
        .arg(copy.path())
        .arg(room)
        .args(["--seconds", &length.as_secs_f64().to_string()])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(output.status.success(), "bare sled failed");
    let said = String::from_utf8(output.stdout)?;
    let (start, read) = said.trim().split_once(' ').context("bare sled says no figures")?;
    Ok(Bare { start: start.parse()?, read: read.parse()? })
}

/// Opens what lies in `folder`, reads `room` at random for `length`, says both times.
pub(crate) fn run(folder: &Path, room: &str, length: Duration) -> Result<()> {
    let begun = Instant::now();
    let cache = Options::default().cache_bytes;
    let engine = sled::Config::default().path(folder).cache_capacity(cache).flush_every_ms(None).open()?;
    let start = begun.elapsed();
    let named = |value: &sled::IVec| value.get(4..4 + room.len()) == Some(room.as_bytes());
    let rooms = engine.scan_prefix(b"r").values().filter_map(Result::ok);
    let number: [u8; 4] = rooms
        .filter(|value| value.len() == room.len() + 8 && named(value))
        .find_map(|value| value.first_chunk().copied())
        .context("no such room")?;
    let head = engine.get([b"h".as_slice(), &number].concat())?.context("no head")?;
    let size = u64::from_be_bytes(*head.first_chunk().context("no size")?);
    let (begun, mut reads) = (Instant::now(), 0_u32);
    // A round warms the cache and does not count.
    while begun.elapsed() < length {
        reads += one(&engine, number, size, reads)?;
    }
    let (begun, first) = (Instant::now(), reads);
    while begun.elapsed() < length {
        reads += one(&engine, number, size, reads)?;
    }
    let read = begun.elapsed().as_secs_f64() * 1e6 / f64::from(reads - first);
    println!("{} {read}", start.as_secs_f64());
    Ok(())
}

/// Reads one row in an order that no cache foresees.
fn one(engine: &sled::Db, room: [u8; 4], size: u64, turn: u32) -> Result<u32> {
    let index = u64::from(turn).wrapping_mul(0x9e37_79b9_7f4a_7c15) % size;
    let link = engine.get([b"n".as_slice(), &room, &index.to_be_bytes()].concat())?.context("no link")?;
    let sequence = link.get(..8).context("no sequence")?;
    ensure!(engine.get([b"e", sequence].concat())?.is_some(), "no body");
    Ok(1)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&to)?;
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
