//! The rooms of one instance, and a server in memory that admits to them exactly by the rules.
//!
//! A call is taken whole or not at all. What is taken is replayed once more, as a reader would, and the
//! two must agree. It refuses to know where statements come from and keeps no content.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use tearline_ledger::{
    checkpoint::{Checkpoint, CheckpointError, Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    id::{RoomId, StatementId},
    instance::{Instance, InstanceFault},
    keys::{KeyId, PublicKey, SigningKey},
    merkle::{Frontier, TreeSize, root_nodes},
    name::Domain,
    note::{KeyMaterial, NoteSigner, VerifierKey},
    replay::{Replay, ReplayError},
    rules::{
        self, CheckedEntry, Effect, Found, Past, Refusal, RoomState, SignatureError, Unit, VerifiedEntry,
    },
    statement::{Act, Signed, StatementError},
};

/// Why a call was not taken. `at` is the statement's place in the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Not a statement at all.
    #[error("statement {at}: {error}")]
    Malformed {
        /// Its place in the call.
        at: usize,
        /// Why.
        error: StatementError,
    },
    /// Sent for another room than the one that it names.
    #[error("statement {at} is for another room than the one that it was sent to")]
    SentElsewhere {
        /// Its place in the call.
        at: usize,
    },
    /// A signature that does not hold.
    #[error("statement {at}: {error}")]
    Signature {
        /// Its place in the call.
        at: usize,
        /// Why.
        error: SignatureError,
    },
    /// The rules refuse it.
    #[error("statement {at}: {refusal}")]
    Refused {
        /// Its place in the call; the call's length if its end is what is wrong.
        at: usize,
        /// Why.
        refusal: Refusal,
    },
    /// It would put the rooms in contradiction with each other.
    #[error(transparent)]
    Instance(InstanceFault),
    /// Admitted, but a reader's replay of the room's log says otherwise: a fault of the program.
    #[error("admitted, but not replayed: {0}")]
    Replay(#[from] ReplayError),
    /// Admitted, and replayed to something else: a fault of the program.
    #[error("admitted and replayed, with different results")]
    ReplayDiffers,
}

impl NotTaken {
    /// The rules' refusal, if that is why.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }
}

/// A log's signing key.
#[derive(Debug)]
pub struct LogKey(SigningKey);

impl LogKey {
    /// The key of a seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_seed(seed))
    }

    /// What charters name it by.
    pub fn vkey(&self, domain: &Domain) -> anyhow::Result<VerifierKey> {
        Ok(VerifierKey::new(domain.as_str().parse()?, KeyMaterial::Ed25519(self.0.public().to_bytes())))
    }
}

impl NoteSigner for LogKey {
    fn public_key(&self) -> [u8; 32] {
        self.0.public().to_bytes()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message)
    }
}

/// A room: its replayed log, and the entries in it.
#[derive(Debug, Clone)]
pub struct Room {
    replay: Replay,
    entries: Vec<VerifiedEntry>,
}

impl Room {
    /// The log, replayed.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Everything in the log.
    pub fn entries(&self) -> &[VerifiedEntry] {
        &self.entries
    }
}

/// All rooms of one instance.
#[derive(Debug, Clone)]
pub struct House {
    chamber: RoomId,
    rooms: BTreeMap<RoomId, Room>,
    keys: HashMap<KeyId, PublicKey>,
    now: u64,
}

impl House {
    /// No rooms yet; the chamber will be the one of this id. `now` is in seconds since 1970.
    pub fn new(chamber: RoomId, now: u64) -> Self {
        Self { chamber, rooms: BTreeMap::new(), keys: HashMap::new(), now }
    }

    /// The chamber.
    pub fn chamber(&self) -> RoomId {
        self.chamber
    }

    /// The clock, in seconds since 1970. It stands still unless it is set.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Sets the clock, back too.
    pub fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// The room of this id.
    pub fn room(&self, room: RoomId) -> Option<&Room> {
        self.rooms.get(&room)
    }

    /// The state of the room of this id.
    pub fn state(&self, room: RoomId) -> Option<&RoomState> {
        self.rooms.get(&room)?.replay.state()
    }

    /// All rooms, ascending by id.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.rooms.iter().map(|(id, room)| (*id, room))
    }

    /// The room's checkpoint; `None` if there is no such room.
    pub fn checkpoint(
        &self,
        room: RoomId,
        log: &LogKey,
    ) -> Option<Result<SignedCheckpoint, CheckpointError>> {
        let replay = &self.rooms.get(&room)?.replay;
        let origin = Origin::new(replay.state()?.constitution().domain().clone(), room.0);
        Some(Checkpoint { origin, size: replay.size(), root: replay.tree().root() }.sign(log))
    }

    /// Takes all statements (encoded envelopes, each with the room that it is sent to), or none.
    pub fn append(&mut self, call: &[(RoomId, Bytes)]) -> Result<Vec<VerifiedEntry>, NotTaken> {
        let statements = parse(call)?;
        let mut keys = self.keys.clone();
        keys.extend(statements.iter().flat_map(keys_of));
        let checked = rules::check(statements, |_, id| keys.get(id).copied());
        let mut trials: BTreeMap<RoomId, Trial<'_>> = BTreeMap::new();
        let mut unit = Unit::new();
        let mut taken = Vec::with_capacity(call.len());
        for (at, ((room, _), checked)) in call.iter().zip(checked).enumerate() {
            let refused = |refusal| NotTaken::Refused { at, refusal };
            let checked = checked.map_err(|error| NotTaken::Signature { at, error })?;
            let entry = CheckedEntry { accepted_at: self.now, checked };
            let trial = trials.entry(*room).or_insert_with(|| Trial::over(self.rooms.get(room)));
            let verified = trial.apply(&entry).map_err(refused)?;
            unit.step(&verified).map_err(refused)?;
            taken.push(verified);
        }
        unit.finish().map_err(|refusal| NotTaken::Refused { at: call.len(), refusal })?;
        if taken.iter().any(|entry| matches!(entry.effect(), Effect::Founded | Effect::Chartered)) {
            self.check_rooms_agree(&trials)?;
        }
        self.commit(&taken)?;
        self.keys = keys;
        Ok(taken)
    }

    /// Takes up what a server has entered in a room, after what is known of it, as a reader would.
    pub fn follow(&mut self, id: RoomId, entries: Vec<Entry>) -> Result<&[VerifiedEntry], ReplayError> {
        self.keys.extend(entries.iter().filter_map(Entry::statement).flat_map(keys_of));
        let empty = || Room { replay: Replay::new(id), entries: Vec::new() };
        let room = self.rooms.entry(id).or_insert_with(empty);
        let before = room.entries.len();
        let replayed = room.replay.push(entries)?;
        room.entries.extend(replayed);
        Ok(room.entries.get(before..).unwrap_or_default())
    }

    /// The rules across rooms that a server keeps: one chamber, one name a room, the same mediators.
    fn check_rooms_agree(&self, trials: &BTreeMap<RoomId, Trial<'_>>) -> Result<(), NotTaken> {
        let untouched = self.rooms.iter().filter(|(id, _)| !trials.contains_key(id));
        let states = untouched
            .filter_map(|(_, room)| room.replay.state())
            .chain(trials.values().filter_map(|trial| trial.state.as_ref()));
        let states: Vec<&RoomState> = states.collect();
        let other_chamber =
            states.iter().any(|state| state.name().is_chamber() && state.room() != self.chamber);
        let mut faults = Instance::new().check(states.iter().copied());
        if other_chamber && faults.is_empty() {
            faults.push(InstanceFault::Chambers(0));
        }
        faults.into_iter().next().map_or(Ok(()), |fault| Err(NotTaken::Instance(fault)))
    }

    fn commit(&mut self, taken: &[VerifiedEntry]) -> Result<(), NotTaken> {
        let mut by_room: BTreeMap<RoomId, Vec<&VerifiedEntry>> = BTreeMap::new();
        for entry in taken {
            by_room.entry(entry.room()).or_default().push(entry);
        }
        for (id, entries) in by_room {
            let empty = || Room { replay: Replay::new(id), entries: Vec::new() };
            let room = self.rooms.entry(id).or_insert_with(empty);
            let replayed = room.replay.push(entries.iter().map(|entry| entry.to_entry()).collect())?;
            if !replayed.iter().eq(entries.iter().copied()) {
                return Err(NotTaken::ReplayDiffers);
            }
            room.entries.extend(replayed);
        }
        Ok(())
    }
}

fn parse(call: &[(RoomId, Bytes)]) -> Result<Vec<Signed>, NotTaken> {
    let one = |(at, (room, bytes)): (usize, &(RoomId, Bytes))| {
        let signed = Signed::parse(bytes).map_err(|error| NotTaken::Malformed { at, error })?;
        if signed.room() == *room { Ok(signed) } else { Err(NotTaken::SentElsewhere { at }) }
    };
    call.iter().enumerate().map(one).collect()
}

fn keys_of(signed: &Signed) -> Vec<(KeyId, PublicKey)> {
    let Act::Charter(charter) = &signed.statement.act else { return Vec::new() };
    charter.members.iter().map(|member| (member.sign_key.key_id(), member.sign_key)).collect()
}

/// A room as it would be after the statements of a call that were tried so far.
struct Trial<'a> {
    state: Option<RoomState>,
    past: Overlay<'a>,
}

impl<'a> Trial<'a> {
    fn over(room: Option<&'a Room>) -> Self {
        Self {
            state: room.and_then(|room| room.replay.state()).cloned(),
            past: Overlay::over(room.map(|room| &room.replay)),
        }
    }

    fn apply(&mut self, entry: &CheckedEntry) -> Result<VerifiedEntry, Refusal> {
        let verified = if let Some(state) = &mut self.state {
            rules::apply(state, entry, &self.past)?
        } else {
            let (state, verified) = rules::found(entry)?;
            self.state = Some(state);
            verified
        };
        self.past.push(&verified);
        Ok(verified)
    }
}

/// A room's past with the entries of a call on top of it.
struct Overlay<'a> {
    below: Option<&'a Replay>,
    frontier: Frontier,
    /// Time and root of each entry on top.
    added: Vec<(u64, Digest)>,
    ids: HashMap<StatementId, Found>,
    recalled: Vec<u64>,
}

impl<'a> Overlay<'a> {
    fn over(below: Option<&'a Replay>) -> Self {
        let frontier = below.and_then(|replay| {
            let size = replay.size();
            let nodes: Option<Vec<Digest>> =
                root_nodes(size).into_iter().map(|id| replay.tree().node(id)).collect();
            Frontier::from_nodes(size, &nodes?).ok()
        });
        Self {
            below,
            frontier: frontier.unwrap_or_default(),
            added: Vec::new(),
            ids: HashMap::new(),
            recalled: Vec::new(),
        }
    }

    fn below_size(&self) -> u64 {
        self.below.map_or(0, |replay| replay.size().0)
    }

    fn push(&mut self, entry: &VerifiedEntry) {
        self.frontier.append(entry.to_entry().leaf());
        self.added.push((entry.accepted_at(), self.frontier.root()));
        self.ids.insert(entry.signed().statement.id, entry.found());
        if let Effect::Recalled(index) = entry.effect() {
            self.recalled.push(*index);
        }
    }
}

impl Past for Overlay<'_> {
    fn root_at(&self, size: TreeSize) -> Option<Digest> {
        match size.0.checked_sub(self.below_size()) {
            None | Some(0) => self.below?.past().root_at(size),
            Some(above) => Some(self.added.get(usize::try_from(above - 1).ok()?)?.1),
        }
    }

    fn accepted_at(&self, index: u64) -> Option<u64> {
        match index.checked_sub(self.below_size()) {
            None => self.below?.past().accepted_at(index),
            Some(above) => Some(self.added.get(usize::try_from(above).ok()?)?.0),
        }
    }

    fn find(&self, id: &StatementId) -> Option<Found> {
        let below = || self.below.and_then(|replay| replay.past().find(id));
        let mut found = self.ids.get(id).cloned().or_else(below)?;
        found.recalled |= self.recalled.contains(&found.index);
        Some(found)
    }
}
