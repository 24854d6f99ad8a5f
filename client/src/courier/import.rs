//! Taking an answer in: copied, put on trial, then written. A crash leaves all of it or nothing.
//!
//! What passed its trial lies whole in `arrived.answer` before the first room is touched; every command that opens
//! the desk finishes it first.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use super::{
    Settled,
    apply::apply,
    source::Source,
    trial::{Trial, Verdict},
};
use crate::{
    alarm::Alarm,
    desk::Desk,
    durable::{self, io_error},
    error::Error,
    replica::ReplicaError,
};

/// What an answer brought.
#[derive(Debug)]
pub struct Imported {
    /// Rooms: names, new entries, and entries in all.
    pub rooms: Vec<(String, u64, u64)>,
    /// What became of what waited here.
    pub settled: Vec<Settled>,
    /// What must be shown.
    pub warnings: Vec<Alarm>,
    /// When it was written, in seconds since 1970, by its writer's clock.
    pub written_at: u64,
    /// Whether nothing in it was new.
    pub nothing_new: bool,
}

/// Takes an answer in, or nothing of it.
pub fn import(desk: &mut Desk, path: &Path) -> Result<Imported, Error> {
    let _alone = alone(desk)?;
    finish_alone(desk)?;
    let arriving = desk.profile().dir().join("arriving.answer");
    let verdict = receive(desk, path, &arriving);
    if verdict.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&arriving);
    }
    let verdict = verdict?;
    let arrived = arrived(desk);
    fs::rename(&arriving, &arrived).map_err(io_error("replace", &arrived))?;
    durable::sync_folder(desk.profile().dir())?;
    let more = finish_alone(desk)?;
    let Verdict { begin, rooms, mut warnings, settled } = verdict;
    warnings.extend(more);
    let nothing_new = settled.is_empty() && rooms.iter().all(|(_, fresh, _)| *fresh == 0);
    Ok(Imported { rooms, settled, warnings, written_at: begin.written_at, nothing_new })
}

/// Finishes what a crash cut off, if it cut anything off.
pub fn finish(desk: &mut Desk) -> Result<(), Error> {
    if !arrived(desk).exists() {
        return Ok(());
    }
    let _alone = alone(desk)?;
    finish_alone(desk).map(drop)
}

fn finish_alone(desk: &mut Desk) -> Result<Vec<Alarm>, Error> {
    let arrived = arrived(desk);
    if !arrived.exists() {
        return Ok(Vec::new());
    }
    let applied = apply(desk, &arrived);
    // A disk that fails may work later; what is wrong with an answer stays wrong.
    let again = matches!(&applied, Err(Error::File(_) | Error::Replica(ReplicaError::Disk(_))));
    if !again {
        fs::remove_file(&arrived).map_err(io_error("remove", &arrived))?;
        durable::sync_folder(desk.profile().dir())?;
    }
    applied
}

fn arrived(desk: &Desk) -> PathBuf {
    desk.profile().dir().join("arrived.answer")
}

/// One answer at a time. The desk's folder itself is locked, so that a refusal leaves no trace.
fn alone(desk: &Desk) -> Result<File, Error> {
    let dir = desk.profile().dir();
    let folder = File::open(dir).map_err(io_error("open", dir))?;
    folder.lock().map_err(io_error("lock", dir))?;
    Ok(folder)
}

/// Copies an answer, and then judges the copy: what was damaged on the way accuses nobody.
fn receive(desk: &Desk, path: &Path, copy: &Path) -> Result<Verdict, Error> {
    let mut source = Source::open(path, Some(copy))?;
    while source.next()?.is_some() {}
    source.keep()?;
    let (mut source, mut trial) = (Source::open(copy, None)?, Trial::new(desk, copy));
    while let Some(row) = source.next()? {
        trial.take(row)?;
    }
    trial.finish()
}
