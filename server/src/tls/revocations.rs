//! Which certificates are revoked now, for connections that are open already.
//!
//! New connections are judged by the TLS configuration; this set ends those that were open before the
//! revocation. It refuses to know who a serial number belongs to. Specification: `docs/spec.md`, annex C.

use std::{collections::HashSet, sync::Arc};

use tokio::sync::watch;

/// The live set of revoked serial numbers. Clones share it.
#[derive(Debug, Clone)]
pub struct Revocations(watch::Sender<Revoked>);

impl Revocations {
    /// A set that starts as `revoked`.
    pub fn new(revoked: Revoked) -> Self {
        Self(watch::Sender::new(revoked))
    }

    /// Whether this serial number is revoked now.
    pub fn is_revoked(&self, serial: &[u8]) -> bool {
        self.0.borrow().contains(serial)
    }

    /// Tells of every change, so that a stream can end when its member is revoked.
    pub fn subscribe(&self) -> watch::Receiver<Revoked> {
        self.0.subscribe()
    }

    /// Returns when this serial number is revoked.
    pub async fn revoked(&self, serial: &[u8]) {
        // The sender lives as long as `self`.
        let _ = self.subscribe().wait_for(|revoked| revoked.contains(serial)).await;
    }

    pub(super) fn publish(&self, revoked: Revoked) {
        self.0.send_replace(revoked);
    }
}

/// Revoked serial numbers, each the bytes of its DER integer.
#[derive(Debug, Clone, Default)]
pub struct Revoked(Arc<HashSet<Vec<u8>>>);

impl Revoked {
    /// Whether this serial number is among them.
    pub fn contains(&self, serial: &[u8]) -> bool {
        self.0.contains(serial)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Vec<u8>> for Revoked {
    fn from_iter<I: IntoIterator<Item = Vec<u8>>>(serials: I) -> Self {
        Self(Arc::new(serials.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_revocation_wakes_who_waits_for_it() {
        let revocations = Revocations::new(Revoked::default());
        let waiting = tokio::spawn({
            let revocations = revocations.clone();
            async move { revocations.revoked(&[7]).await }
        });
        revocations.publish(Revoked::from_iter([vec![8]]));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished() && !revocations.is_revoked(&[7]));
        revocations.publish(Revoked::from_iter([vec![7]]));
        waiting.await.unwrap();
        assert!(revocations.is_revoked(&[7]));
    }
}
