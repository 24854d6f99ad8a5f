//! The rooms as they stand after the last commit, in memory: what everybody who reads sees.
//!
//! The sequencer publishes each commit here as a whole, so that a reader never sees half of one. It
//! refuses to know how entries are stored or served.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use tearline_ledger::{
    access::{ACCESS_PREFIX, access_log_id, access_log_name, access_log_org},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    keys::{KeyId, PublicKey},
    merkle::{Frontier, FrontierError, NodeId, TreeSize, root_nodes},
    name::{MemberName, Org, Role},
    rules::{RoomState, SnapshotError},
};
use tokio::sync::{Mutex, MutexGuard, watch};

use crate::store::{Store, StoreError};

/// Why a stored room cannot be taken up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The room's stored state is damaged.
    #[error("room {room}: {error}")]
    Snapshot {
        /// The room.
        room: RoomId,
        /// What is wrong.
        error: SnapshotError,
    },
    /// The room's stored tree is damaged.
    #[error("room {room}: the stored tree does not fit the stored size: {error}")]
    Frontier {
        /// The room.
        room: RoomId,
        /// What is wrong.
        error: FrontierError,
    },
    /// The room's stored head contradicts its rows.
    #[error("room {room}: {what}; restore it from an auditor's bundle")]
    Damaged {
        /// The room.
        room: RoomId,
        /// What is wrong.
        what: &'static str,
    },
}

/// A room or access log as it stands after a commit.
#[derive(Debug, Clone)]
pub struct RoomView {
    /// As people say it.
    pub name: Arc<str>,
    /// What the rules know of it; `None` for an access log.
    pub state: Option<RoomState>,
    /// The right edge of its tree.
    pub frontier: Frontier,
    /// When its last entry was accepted.
    pub last_accepted_at: u64,
    /// The signed checkpoint of its size.
    pub checkpoint: Bytes,
    /// The tree's right edge before the last commit and all nodes that this completed: what the proofs of
    /// its entries are made of. Empty if the room was loaded.
    pub newest_nodes: HashMap<NodeId, Digest>,
}

impl RoomView {
    /// How many entries it has.
    pub fn size(&self) -> TreeSize {
        self.frontier.size()
    }

    /// The key of the certificate of a member of the room.
    pub fn tls_key(&self, name: &MemberName) -> Option<Digest> {
        self.state.as_ref()?.charter().member(name).map(|member| member.tls_key)
    }

    /// The organisation whose access log this is.
    pub fn access_org(&self) -> Option<Org> {
        access_log_org(&self.name)
    }
}

#[derive(Debug)]
struct Slot {
    view: Arc<RoomView>,
    sizes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Shared {
    rooms: HashMap<RoomId, Slot>,
    names: HashMap<Arc<str>, RoomId>,
    /// Rooms of each member that has called, with the certificate key that each room's charter names.
    members: HashMap<MemberName, Arc<BTreeMap<RoomId, Digest>>>,
    access_logs: BTreeSet<RoomId>,
}

/// All rooms. Those that nobody has asked for stay on disk.
#[derive(Debug)]
pub struct Registry<S> {
    store: Arc<S>,
    chamber: RoomId,
    shared: RwLock<Shared>,
    loading: Mutex<()>,
}

impl<S: Store> Registry<S> {
    /// Takes up the names of all stored rooms.
    pub async fn open(store: Arc<S>, chamber: RoomId) -> Result<Self, RegistryError> {
        let rooms = store.rooms().await?;
        let access_logs = rooms
            .iter()
            .filter(|(_, name)| name.starts_with(ACCESS_PREFIX))
            .map(|(room, _)| RoomId(*room))
            .collect();
        let names = rooms.into_iter().map(|(room, name)| (Arc::from(name), RoomId(room))).collect();
        let shared = RwLock::new(Shared { names, access_logs, ..Shared::default() });
        Ok(Self { store, chamber, shared, loading: Mutex::new(()) })
    }

    /// The mediators' own room.
    pub fn chamber(&self) -> RoomId {
        self.chamber
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    fn read(&self) -> RwLockReadGuard<'_, Shared> {
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Shared> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room of this name.
    pub fn named(&self, name: &str) -> Option<RoomId> {
        self.read().names.get(name).copied()
    }

    /// Every room's name and id, access logs included.
    pub fn all(&self) -> Vec<(Arc<str>, RoomId)> {
        self.read().names.iter().map(|(name, room)| (Arc::clone(name), *room)).collect()
    }

    /// Every access log.
    pub fn access_logs(&self) -> BTreeSet<RoomId> {
        self.read().access_logs.clone()
    }

    /// Whether this is an access log.
    pub fn is_access_log(&self, room: RoomId) -> bool {
        self.read().access_logs.contains(&room)
    }

    /// The id of an organisation's access log: a party's hangs on its own room, every other on the chamber.
    pub fn access_log(&self, member: &MemberName) -> (RoomId, String) {
        let org = member.org();
        let own = (member.role() == Role::Party).then(|| self.named(org.as_str())).flatten();
        let home = own.unwrap_or(self.chamber);
        (access_log_id(home, org), access_log_name(org))
    }

    /// The room as it stands, from memory or else from the store.
    pub async fn view(&self, room: RoomId) -> Result<Option<Arc<RoomView>>, RegistryError> {
        if let Some(view) = self.cached(room) {
            return Ok(Some(view));
        }
        let _alone = self.loading.lock().await;
        self.load(room).await
    }

    /// As [`Self::view`], by whoever holds [`Self::hold`].
    pub async fn view_held(
        &self,
        _held: &MutexGuard<'_, ()>,
        room: RoomId,
    ) -> Result<Option<Arc<RoomView>>, RegistryError> {
        match self.cached(room) {
            Some(view) => Ok(Some(view)),
            None => self.load(room).await,
        }
    }

    /// Keeps rooms from being loaded while a commit is on its way from the store to here.
    pub async fn hold(&self) -> MutexGuard<'_, ()> {
        self.loading.lock().await
    }

    /// The room as it stands, if it is in memory.
    pub fn cached(&self, room: RoomId) -> Option<Arc<RoomView>> {
        self.read().rooms.get(&room).map(|slot| Arc::clone(&slot.view))
    }

    /// A room's size, now and whenever it changes; `None` unless the room is in memory.
    pub fn sizes(&self, room: RoomId) -> Option<watch::Receiver<u64>> {
        self.read().rooms.get(&room).map(|slot| slot.sizes.subscribe())
    }

    /// The signing key of a member of a room in memory.
    pub fn sign_key(&self, room: RoomId, id: &KeyId) -> Option<PublicKey> {
        self.read().rooms.get(&room)?.view.state.as_ref()?.sign_key(id)
    }

    /// Rooms whose charters name this member, with the certificate key that each names.
    pub async fn rooms_of(
        &self,
        member: &MemberName,
    ) -> Result<Arc<BTreeMap<RoomId, Digest>>, RegistryError> {
        if let Some(rooms) = self.read().members.get(member) {
            return Ok(Arc::clone(rooms));
        }
        let held = self.hold().await;
        let mut rooms = BTreeMap::new();
        for room in self.store.rooms_of(member.as_str()).await? {
            let room = RoomId(room);
            let view = self.view_held(&held, room).await?;
            if let Some(key) = view.and_then(|view| view.tls_key(member)) {
                rooms.insert(room, key);
            }
        }
        let rooms = Arc::new(rooms);
        let mut shared = self.write();
        // Strangers leave nothing behind in memory.
        if !rooms.is_empty() {
            shared.members.insert(member.clone(), Arc::clone(&rooms));
        }
        Ok(rooms)
    }

    /// Several rooms as they stood at one moment.
    pub async fn cut(&self, rooms: &[RoomId]) -> Result<Vec<(RoomId, Arc<RoomView>)>, RegistryError> {
        for room in rooms {
            self.view(*room).await?;
        }
        let shared = self.read();
        Ok(rooms
            .iter()
            .filter_map(|room| shared.rooms.get(room).map(|slot| (*room, Arc::clone(&slot.view))))
            .collect())
    }

    /// Publishes what one commit made of its rooms, all at once.
    pub fn publish(&self, views: Vec<(RoomId, Arc<RoomView>)>) {
        let mut shared = self.write();
        for (room, view) in &views {
            shared.names.entry(Arc::clone(&view.name)).or_insert(*room);
            if view.state.is_none() {
                shared.access_logs.insert(*room);
            }
            shared.note_members(*room, view);
        }
        for (room, view) in views {
            let size = view.size().0;
            match shared.rooms.get_mut(&room) {
                Some(slot) => {
                    slot.view = view;
                    slot.sizes.send_replace(size);
                }
                None => {
                    shared.rooms.insert(room, Slot { view, sizes: watch::Sender::new(size) });
                }
            }
        }
    }

    /// Checks a stored room's head against its tree, its last entry and its state, and keeps nothing.
    pub async fn check(&self, room: RoomId) -> Result<Option<RoomView>, RegistryError> {
        self.read_view(room).await
    }

    async fn load(&self, room: RoomId) -> Result<Option<Arc<RoomView>>, RegistryError> {
        if let Some(view) = self.cached(room) {
            return Ok(Some(view));
        }
        let Some(view) = self.read_view(room).await?.map(Arc::new) else { return Ok(None) };
        let slot = Slot { view: Arc::clone(&view), sizes: watch::Sender::new(view.size().0) };
        self.write().rooms.entry(room).or_insert(slot);
        Ok(Some(view))
    }

    async fn read_view(&self, room: RoomId) -> Result<Option<RoomView>, RegistryError> {
        let Some(head) = self.store.head(&room.0).await? else { return Ok(None) };
        let size = TreeSize(head.size);
        let nodes = self.store.hashes(&room.0, &root_nodes(size)).await?;
        let frontier =
            Frontier::from_nodes(size, &nodes).map_err(|error| RegistryError::Frontier { room, error })?;
        if frontier.root() != head.root {
            return Err(RegistryError::Damaged { room, what: "the stored root is not the tree's" });
        }
        let last = self.last_accepted_at(room, head.size).await?;
        let state = if access_log_org(&head.name).is_some() {
            None
        } else {
            let state = RoomState::restore(&head.state, size, last);
            Some(state.map_err(|error| RegistryError::Snapshot { room, error })?)
        };
        Ok(Some(RoomView {
            name: head.name.into(),
            state,
            frontier,
            last_accepted_at: last,
            checkpoint: head.checkpoint,
            newest_nodes: HashMap::new(),
        }))
    }

    async fn last_accepted_at(&self, room: RoomId, size: u64) -> Result<u64, RegistryError> {
        let damaged = || RegistryError::Damaged { room, what: "the last stored entry is damaged" };
        let Some(last) = size.checked_sub(1) else { return Ok(0) };
        let rows = self.store.rows(&room.0, last, 1, usize::MAX, false).await?;
        let row = rows.into_iter().next().ok_or_else(damaged)?;
        Entry::parse(row.entry).map(|entry| entry.accepted_at()).map_err(|_| damaged())
    }
}

impl Shared {
    /// Members that have called see at once where they are members, and with which key.
    fn note_members(&mut self, room: RoomId, view: &RoomView) {
        let Some(state) = &view.state else { return };
        let before = self.rooms.get(&room).and_then(|slot| slot.view.state.as_ref());
        if before.is_some_and(|before| before.charter().epoch == state.charter().epoch) {
            return;
        }
        for (name, rooms) in &mut self.members {
            match state.charter().member(name) {
                Some(member) => Arc::make_mut(rooms).insert(room, member.tls_key),
                None => Arc::make_mut(rooms).remove(&room),
            };
        }
    }
}
