//! Small complete logs, good and broken, as bundles, each with its verdict (section 11.1).
//!
//! A broken one is what a dishonest server would hand out: it has the log's key, and signs checkpoints
//! over what it altered unless the checkpoint itself is what is wrong.

mod alone;
mod attached;
mod between;
mod cut;
mod good;

use anyhow::{Result, ensure};
use tearline_ledger::{id::RoomId, note::NoteSigner};

use super::verdict;
use crate::world::World;
pub(super) use cut::Cut;

/// A bundle and what it was made to be.
#[derive(Debug, Clone)]
pub struct Log {
    /// Of its files, without ending.
    pub name: &'static str,
    /// The file.
    pub bundle: Vec<u8>,
    /// Why it is refused; `None` if it is good.
    pub code: Option<&'static str>,
}

impl Log {
    fn new(name: &'static str, code: Option<&'static str>, bundle: Vec<u8>) -> Self {
        Self { name, bundle, code }
    }

    /// The verdict's file.
    pub fn verdict_document(&self) -> Result<String> {
        verdict::document(&self.bundle)
    }
}

/// A world with drc, its own room, and four posts and acknowledgements in it.
pub(super) fn small_room() -> Result<(World, RoomId)> {
    let (world, room, _) = good::small()?;
    Ok((world, room))
}

/// All rooms of a world as a bundle, with checkpoints by the log key that their charters name.
pub fn bundle_of(world: &World, log: &dyn NoteSigner) -> Result<Vec<u8>> {
    Cut::of(world).write(log)
}

/// All logs. Each is refused for the very reason for which it was made.
pub fn all() -> Result<Vec<Log>> {
    let mut out = good::logs()?;
    out.extend(attached::logs()?);
    out.extend(alone::logs()?);
    out.extend(between::logs()?);
    for log in &out {
        let found = verdict::verdict(&log.bundle).err().map(|stop| stop.code);
        ensure!(found == log.code, "{} was to be {:?}, but is {found:?}", log.name, log.code);
    }
    Ok(out)
}
