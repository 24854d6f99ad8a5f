//! Who may enter which room: the caller's certificate against the charter of each room.
//!
//! A room that a caller may not enter and a room that does not exist take the same path and give the
//! same answer. What a member may do inside is for the rules. Specification: `docs/spec.md`, annex C.

use std::{collections::BTreeMap, sync::Arc};

use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    name::{MemberName, Role},
};
use tonic::{Request, Status};

use crate::{
    error,
    registry::{Registry, RegistryError, RoomView},
    store::Store,
    tls::{Claimed, Peer, Session},
};

/// A caller whose certificate was verified.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Full SPIFFE id.
    pub name: MemberName,
    tls_key: Digest,
}

impl Caller {
    /// The caller of a request.
    pub fn of<T>(request: &Request<T>) -> Result<Self, Status> {
        let session = request.extensions().get::<Session>();
        let peer = session.map(Session::peer).ok_or_else(error::fault)?;
        Ok(Self { name: peer.name.clone(), tls_key: peer.tls_key_sha256 })
    }

    /// The desk whose signed letter the operator brings in, as if it called with the certificate in it.
    pub(crate) fn by_letter(peer: Peer) -> Self {
        Self { name: peer.name, tls_key: peer.tls_key_sha256 }
    }

    /// The key of the caller's certificate.
    pub fn tls_key(&self) -> Digest {
        self.tls_key
    }

    fn reads_every_access_log(&self) -> bool {
        self.name.role() != Role::Party
    }
}

/// Opens rooms to those whom their charters name.
#[derive(Debug)]
pub struct Gate<S> {
    registry: Arc<Registry<S>>,
}

impl<S> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { registry: Arc::clone(&self.registry) }
    }
}

impl<S: Store> Gate<S> {
    /// A gate to these rooms.
    pub fn new(registry: Arc<Registry<S>>) -> Self {
        Self { registry }
    }

    /// Every room and access log that the caller may enter, by id.
    pub async fn rooms(&self, caller: &Caller) -> Result<Vec<RoomId>, Status> {
        let named = self.named(caller).await?;
        let mut rooms: Vec<RoomId> =
            named.iter().filter(|(_, key)| **key == caller.tls_key).map(|(room, _)| *room).collect();
        let logs = self.registry.access_logs();
        if caller.reads_every_access_log() {
            rooms.extend(logs);
        } else {
            let own = self.registry.access_log(&caller.name).0;
            rooms.extend(logs.contains(&own).then_some(own));
        }
        rooms.sort();
        Ok(rooms)
    }

    /// The room, if the caller may enter it.
    pub async fn room(&self, caller: &Caller, room: &[u8]) -> Result<(RoomId, Arc<RoomView>), Status> {
        let Some(room) = RoomId::from_slice(room) else { return Err(error::no_such_room()) };
        self.still(caller, room).await?;
        let view = self.registry.view(room).await.map_err(|error| damaged(&error))?;
        Ok((room, view.ok_or_else(error::no_such_room)?))
    }

    /// Whether the caller may be, or still be, in a room.
    pub async fn still(&self, caller: &Caller, room: RoomId) -> Result<(), Status> {
        let named = self.named(caller).await?;
        if named.get(&room) == Some(&caller.tls_key) {
            return Ok(());
        }
        let own_log = self.registry.access_log(&caller.name).0 == room;
        let reads_log = (own_log || caller.reads_every_access_log()) && self.registry.is_access_log(room);
        if reads_log { Ok(()) } else { Err(error::no_such_room()) }
    }

    /// Refuses a caller whose certificate's key no charter holds.
    pub async fn admit(&self, caller: &Caller) -> Result<(), Status> {
        self.named(caller).await.map(|_| ())
    }

    /// Whether a room has both the caller and the member that a certificate claims to be of, with its key.
    pub async fn shares_a_room(&self, caller: &Caller, claimed: Option<&Claimed>) -> Result<bool, Status> {
        let own = self.named(caller).await?;
        let Some(claimed) = claimed else { return Ok(false) };
        let theirs = self.registry.rooms_of(&claimed.name).await.map_err(|error| damaged(&error))?;
        Ok(own
            .iter()
            .any(|(room, key)| *key == caller.tls_key && theirs.get(room) == Some(&claimed.tls_key_sha256)))
    }

    async fn named(&self, caller: &Caller) -> Result<Arc<BTreeMap<RoomId, Digest>>, Status> {
        let rooms = self.registry.rooms_of(&caller.name).await.map_err(|error| damaged(&error))?;
        if rooms.values().any(|key| *key == caller.tls_key) {
            return Ok(rooms);
        }
        Err(error::not_allowed(
            "KEY_NOT_ADMITTED",
            "your certificate is good, but no charter holds its key under your name: ask a mediator to admit your card",
        ))
    }
}

/// A stored room that cannot be taken up is the operator's business; the caller learns that it is one.
pub fn damaged(error: &RegistryError) -> Status {
    tracing::error!(%error, "a stored room cannot be used");
    error::fault()
}
