//! Handshakes under way: a bounded number, whoever starts them.
//!
//! When there is no room, the oldest handshake of the busiest address makes way, so that those who
//! never finish crowd out each other. This file refuses to know what a handshake is.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::task::AbortHandle;

/// The handshakes under way, in the order of their start.
#[derive(Debug)]
pub(super) struct Pending {
    most: usize,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    tasks: BTreeMap<u64, (Origin, Option<AbortHandle>)>,
    of_origin: HashMap<Origin, usize>,
}

/// Whom an address stands for: one host, or one IPv6 network of the size that a host is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Origin(IpAddr);

impl Pending {
    /// Room for `most` handshakes.
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, running: Mutex::default() })
    }

    /// Takes a place for a handshake with this address, from another if there is no room.
    /// The place is free again when the ticket is dropped.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Ticket {
        let mut running = self.lock();
        while running.tasks.len() >= self.most {
            let Some(id) = running.to_drop() else { break };
            if let Some((_, Some(task))) = running.remove(id) {
                task.abort();
            }
        }
        let id = running.next;
        running.next += 1;
        let origin = Origin::of(address);
        running.tasks.insert(id, (origin, None));
        *running.of_origin.entry(origin).or_default() += 1;
        Ticket { pending: Arc::clone(self), id }
    }

    /// Says which task does the handshake of this ticket.
    pub(super) fn started(&self, id: u64, task: AbortHandle) {
        if let Some((_, place)) = self.lock().tasks.get_mut(&id) {
            *place = Some(task);
        }
    }

    /// Stops all of them.
    pub(super) fn stop(&self) {
        for (_, task) in self.lock().tasks.values() {
            if let Some(task) = task {
                task.abort();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn to_drop(&self) -> Option<u64> {
        let (busiest, _) = self.of_origin.iter().max_by_key(|(_, count)| **count)?;
        self.tasks.iter().find(|(_, (origin, _))| origin == busiest).map(|(id, _)| *id)
    }

    fn remove(&mut self, id: u64) -> Option<(Origin, Option<AbortHandle>)> {
        let removed = self.tasks.remove(&id)?;
        if let Some(count) = self.of_origin.get_mut(&removed.0) {
            *count -= 1;
            if *count == 0 {
                self.of_origin.remove(&removed.0);
            }
        }
        Some(removed)
    }
}

impl Origin {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(std::net::Ipv6Addr::from(u128::from(address) >> 64 << 64).into()),
        }
    }
}

/// A place among the handshakes under way.
#[derive(Debug)]
#[must_use]
pub(super) struct Ticket {
    pending: Arc<Pending>,
    id: u64,
}

impl Ticket {
    pub(super) fn id(&self) -> u64 {
        self.id
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.pending.lock().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(pending: &Arc<Pending>, address: &str) -> tokio::task::JoinHandle<()> {
        let ticket = pending.enter(address.parse().unwrap());
        let id = ticket.id();
        let task = tokio::spawn(async move {
            let _ticket = ticket;
            std::future::pending::<()>().await;
        });
        pending.started(id, task.abort_handle());
        task
    }

    #[tokio::test]
    async fn the_oldest_of_the_busiest_address_makes_way() {
        let pending = Pending::new(3);
        let good = start(&pending, "192.0.2.1");
        let first = start(&pending, "2001:db8::1");
        let second = start(&pending, "2001:db8::2");
        let third = start(&pending, "2001:db8::3");
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(!good.is_finished() && !second.is_finished() && !third.is_finished());
        assert_eq!(pending.lock().tasks.len(), 3);
        pending.stop();
        for task in [good, second, third] {
            assert!(task.await.unwrap_err().is_cancelled());
        }
        assert!(pending.lock().tasks.is_empty() && pending.lock().of_origin.is_empty());
    }
}
