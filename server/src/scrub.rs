//! The background scrub: all that is stored, read slowly once after each start.
//!
//! It finds what no member has asked for yet, and says so at the first damage. It refuses to know what
//! entries mean: that is `check`'s. Specification: `docs/operations.md`, "A damaged store".

use std::{sync::Arc, time::Duration};

use tonic_health::{ServingStatus, server::HealthReporter};

use crate::store::{Damage, RoomId, Store, StoreError};

/// Rows of one step.
const STEP: u64 = 64;
/// Between two steps, so that those who read and write hardly feel it.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads all that is stored once more, slowly. On damage the server goes on, so that what is whole can still
/// be saved, but says that it is not well.
pub async fn watch<S: Store>(store: Arc<S>, health: HealthReporter) {
    match all(store.as_ref()).await {
        None => tracing::info!("the scrub after the start found the store whole"),
        Some(damage) => {
            tracing::error!(
                "THE STORE IS DAMAGED: {damage}. Stop the server, copy the data folder, run `tearlined check`"
            );
            health.set_service_status("", ServingStatus::NotServing).await;
        }
    }
}

/// Reads every room there is; the first damage, if there is some.
pub async fn all<S: Store>(store: &S) -> Option<Damage> {
    let rooms = match store.rooms().await {
        Ok(rooms) => rooms,
        Err(error) => return unless_stopped(None, error),
    };
    for (room, _) in rooms {
        if let Some(damage) = one(store, &room, PAUSE).await {
            return Some(damage);
        }
    }
    None
}

/// Reads one room, with a pause between two steps; its first damage, if there is some.
pub async fn one<S: Store>(store: &S, room: &RoomId, pause: Duration) -> Option<Damage> {
    let mut from = 0;
    loop {
        let scrubbed = match store.scrub(room, from, STEP).await {
            Ok(scrubbed) => scrubbed,
            Err(error) => return unless_stopped(Some(*room), error),
        };
        if let Some(damage) = scrubbed.damage.into_iter().next() {
            return Some(damage);
        }
        from = scrubbed.next?;
        tokio::time::sleep(pause).await;
    }
}

/// A store that has stopped is told of elsewhere; every other error while reading is damage.
fn unless_stopped(room: Option<RoomId>, error: StoreError) -> Option<Damage> {
    match error {
        StoreError::Failed { .. } => None,
        StoreError::Damaged(damage) => Some(damage),
        other => Some(Damage { room, index: None, what: other.to_string() }),
    }
}
