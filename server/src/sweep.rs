//! Attachments that nobody will name any more: uploads that were left, and what a crash left in a room.
//!
//! Runs at the start and every hour. Only what has been still for a day goes; what a post names stays, whatever became
//! of the post. Specification: `docs/spec.md`, annex E.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tearline_ledger::{digest::Digest, entry::Entry};

use crate::{
    files::FilesError,
    service::rooms::House,
    store::{Store, StoreError, StoredRow},
};

/// How long an upload, or an attachment that no post names, may be still.
pub const AGE: Duration = Duration::from_hours(24);
/// Between two sweeps.
const EVERY: Duration = Duration::from_hours(1);
/// Rows that are read together.
const ROWS: u64 = 256;
/// Bytes that are read together, at the most.
const BYTES: usize = 1 << 20;
/// Between two readings, so that those who read and write hardly feel it.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a sweep was not done. The next one comes in an hour.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The attachments.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row that is no entry.
    #[error("a stored entry cannot be read: {0}")]
    Entry(#[from] tearline_ledger::entry::EntryError),
}

/// Sweeps for as long as the server runs.
pub async fn keep_swept<S: Store>(house: Arc<House<S>>) {
    loop {
        match sweep(&house, AGE).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "attachments that no statement names were removed"),
            Err(error) => tracing::error!(%error, "attachments were not swept"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Removes what has been still for `age` and is named by no post; says how much.
pub async fn sweep<S: Store>(house: &House<S>, age: Duration) -> Result<usize, SweepError> {
    let mut removed = house.files.expire(age).await?;
    for room in house.files.rooms().await? {
        let mut orphans = BTreeSet::new();
        for digest in house.files.list(&room).await? {
            if house.files.rests(&room, &digest, age).await? {
                orphans.insert(digest);
            }
        }
        let from = strike(house, &room, 0, &mut orphans).await?;
        if orphans.is_empty() {
            continue;
        }
        // None is entered with a statement now, so the rows up to here are all that can name one.
        let _alone = house.files.alone().await;
        strike(house, &room, from, &mut orphans).await?;
        for digest in &orphans {
            house.files.purge(&room, digest).await?;
        }
        removed += orphans.len();
    }
    Ok(removed)
}

/// Strikes out what the posts from an index on name; where the room ends now.
async fn strike<S: Store>(
    house: &House<S>,
    room: &Digest,
    mut from: u64,
    orphans: &mut BTreeSet<Digest>,
) -> Result<u64, SweepError> {
    while !orphans.is_empty() {
        let rows = house.registry.store().rows(room, from, ROWS, BYTES, false).await?;
        if rows.is_empty() {
            break;
        }
        from += rows.len() as u64;
        for row in rows {
            for digest in named(row)? {
                orphans.remove(&digest);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(from)
}

fn named(row: StoredRow) -> Result<Vec<Digest>, SweepError> {
    let entry = Entry::parse(row.entry)?;
    let post = entry.statement().and_then(|signed| signed.statement.sealed());
    Ok(post.map(|post| post.attachments.iter().map(|it| it.digest).collect()).unwrap_or_default())
}
