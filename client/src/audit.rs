//! Verifying a bundle file on all cores: reads it row by row, and keeps nothing of it but the verdict.
//!
//! Specification: `docs/spec.md`, section 11. What is judged, and in what order, is `tearline_ledger::audit`'s.

use std::{collections::BTreeMap, io::Read, num::NonZero, thread};

use tearline_ledger::{
    audit::{Audit, AuditFault, Audited, Step},
    bundle::Begin,
    id::RoomId,
    replay::{Keys, check_here},
    rules::{CheckedStatement, SignatureError},
    statement::Signed,
};

const READ: usize = 1 << 20;
/// Fewer statements than these are checked where they are: a thread costs more.
const SHARE: usize = 64;

/// The first thing that is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The file cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is not whole, or a room in it is wrong, or what is between them.
    #[error(transparent)]
    Audit(#[from] AuditFault),
}

/// Verifies a bundle; every room in it, or the first thing that is wrong. `progress` is told how many
/// bytes have been read.
pub fn verify_bundle(
    file: impl Read,
    progress: impl FnMut(u64),
) -> Result<(Begin, Vec<Audited>), BundleFault> {
    let mut audit = Audit::new(check_everywhere);
    let mut audited: BTreeMap<RoomId, Audited> = BTreeMap::new();
    run(&mut audit, file, progress, |step| {
        if let Step::Room { audited: room, .. } = step {
            audited.insert(room.room, room);
        }
    })?;
    Ok((audit.finish()?.clone(), audited.into_values().collect()))
}

/// Feeds an audit with a whole bundle; `each` is given what it gets done.
pub fn run(
    audit: &mut Audit,
    mut file: impl Read,
    mut progress: impl FnMut(u64),
    mut each: impl FnMut(Step),
) -> Result<(), BundleFault> {
    let (mut buffer, mut total) = (vec![0; READ], 0);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            audit.finish()?;
            return Ok(());
        }
        total += read as u64;
        progress(total);
        audit.feed(buffer.get(..read).unwrap_or_default(), &mut each)?;
    }
}

/// Checks signatures in batches on all cores.
pub fn check_everywhere(
    mut statements: Vec<Signed>,
    keys: &Keys,
) -> Vec<Result<CheckedStatement, SignatureError>> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = statements.len().div_ceil(cores).max(SHARE);
    let mut shares = Vec::new();
    while statements.len() > share {
        shares.push(statements.split_off(statements.len() - share));
    }
    thread::scope(|scope| {
        let running: Vec<_> =
            shares.into_iter().rev().map(|share| scope.spawn(move || check_here(share, keys))).collect();
        let mut out = check_here(statements, keys);
        for thread in running {
            match thread.join() {
                Ok(checked) => out.extend(checked),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        out
    })
}
