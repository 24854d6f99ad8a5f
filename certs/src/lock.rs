//! The lock that keeps two commands from changing one authority at once.
//!
//! Held by an open file, so that it ends with the process that took it, however that ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    error::Error,
    files::{PRIVATE, failed},
};

/// The lock's file in the authority's folder.
pub(crate) const LOCK_FILE: &str = "lock";
/// A change takes milliseconds; longer than this, something hangs.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

/// Held until dropped.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the lock of the authority in `dir`, for at most 20 seconds.
    pub(crate) fn take(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(LOCK_FILE);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(PRIVATE)
            .open(&path)
            .map_err(|source| failed("open", &path, source))?;
        let end = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < end => sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(Error::Busy(dir.to_owned())),
                Err(TryLockError::Error(source)) => return Err(failed("lock", &path, source)),
            }
        }
    }
}
