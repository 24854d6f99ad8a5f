//! Bundles audited on all cores, in bounded memory.
//!
//! Batches of entries are parsed and their signatures checked on as many threads as there are cores, while the one
//! that reads applies the rules to those before, in order. What is judged is `tearline_ledger::audit`'s; where the
//! bytes come from, and what becomes of what was verified, is the caller's. Memory beside the audit's own: at most
//! [`in_flight`] batches of [`tearline_ledger::audit::BATCH_BYTES`] each, and the longest row. Specification: `docs/spec.md`, section 11.

mod pipeline;
mod rows;

use std::{collections::BTreeMap, io};

use tearline_ledger::{
    audit::{Audit, AuditFault, Audited, Step},
    bundle::{Begin, BundleError},
    id::RoomId,
};

pub use self::{
    pipeline::{audit, in_flight},
    rows::Rows,
};

/// The first thing that is wrong with a bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleFault {
    /// The file cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is not whole, or a room in it is wrong, or what is between them.
    #[error(transparent)]
    Audit(#[from] AuditFault),
}

impl From<BundleError> for BundleFault {
    fn from(error: BundleError) -> Self {
        Self::Audit(error.into())
    }
}

/// What is in a bundle that was verified.
#[derive(Debug, Clone)]
pub struct Verified {
    /// Where it comes from.
    pub begin: Begin,
    /// Its rooms and access logs, in its order.
    pub rooms: Vec<Audited>,
}

/// Verifies a bundle: every room in it, or the first thing that is wrong. `progress` is told how many bytes have been
/// read.
pub fn verify(file: impl io::Read, progress: impl FnMut(u64)) -> Result<Verified, BundleFault> {
    let (mut judge, mut rooms) = (Audit::new(), BTreeMap::<RoomId, Audited>::new());
    audit(&mut judge, Rows::of(file, progress), |step| {
        if let Step::Room { audited: room, .. } = step {
            rooms.insert(room.room, room);
        }
        Ok::<_, BundleFault>(())
    })?;
    let begin = judge.begin().cloned().ok_or(AuditFault::from(BundleError::Magic))?;
    Ok(Verified { begin, rooms: rooms.into_values().collect() })
}
