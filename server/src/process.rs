//! What the operating system lets this process do: no core dumps, enough open files.
//!
//! Keys are in this process's memory, so it must never be written to a disk. This file refuses to know
//! what the files are for.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::config::Limits;

/// Files that are open beside connections: the store, the attachments, the log.
const OWN_FILES: u64 = 128;

/// Forbids core dumps, by file and by pipe.
pub fn forbid_core_dumps() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A `core_pattern` that is a pipe ignores the limit.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Raises the number of files that may be open to the most that is allowed.
pub fn raise_open_files() -> std::io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(())
}

/// Whether all connections that the limits allow can be open at once, or what to do.
pub fn enough_files(limits: &Limits) -> Result<(), String> {
    let need = limits.most_sockets() + OWN_FILES;
    match getrlimit(Resource::Nofile).maximum {
        Some(most) if most < need => Err(format!(
            "the limits need {need} open files and the system allows {most}: raise it (LimitNOFILE, ulimit -Hn), or lower `organisations`, `connections_per_organisation` or `handshakes_in_flight`"
        )),
        _ => Ok(()),
    }
}
