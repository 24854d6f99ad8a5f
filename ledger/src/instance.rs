//! Rules across rooms, on a cut: the rooms as they stood at one commit.
//!
//! Specification: `docs/spec.md`, section 8. Run by mediators and auditors, who see every room; the
//! server runs [`mediators_agree`] before it commits. It judges verified entries only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    digest::Digest,
    id::{Identity, RoomId},
    keys::KeyId,
    name::{MemberName, RoomName},
    rules::{Effect, EnactedTarget, RoomState, VerifiedEntry},
    statement::Act,
};

/// What is wrong between rooms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceFault {
    /// The cut has no chamber, or more than one.
    #[error("the cut has {0} rooms named chamber, not one")]
    Chambers(usize),
    /// Two rooms of one name.
    #[error("two rooms are named {0}")]
    NameTwice(String),
    /// Rooms of other domains.
    #[error("room {0} is of another domain than the chamber")]
    OtherDomain(String),
    /// An enacted statement stands nowhere.
    #[error(
        "chamber#{index} enacted statement {target}, but it stands in no room: half of a release is missing"
    )]
    TargetMissing {
        /// Of the approval that enacted it.
        index: u64,
        /// The statement.
        target: Identity,
    },
    /// An enacted statement stands with other signatures.
    #[error("{room}#{index} has other signatures than the proposal that enacted it")]
    TargetSignatures {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// A statement was enacted a second time, which no server may take.
    #[error("chamber#{index} enacted statement {target}, which another proposal had enacted before")]
    EnactedTwice {
        /// Of the second approval.
        index: u64,
        /// The statement.
        target: Identity,
    },
    /// A statement that needs K signatures was never enacted.
    #[error("{room}#{index} needs an enacted proposal in the chamber, and there is none")]
    NotEnacted {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// A release whose manifest was not on record before it.
    #[error("{room}#{index} releases from a briefing whose manifest was not in the chamber before")]
    ManifestUnknown {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// Mediators differ from the chamber's.
    #[error("the mediators of room {0} are not those of the chamber")]
    MediatorsDiffer(String),
}

impl InstanceFault {
    /// The name of the room that it is found in.
    pub fn room(&self) -> &str {
        match self {
            Self::Chambers(_) | Self::TargetMissing { .. } | Self::EnactedTwice { .. } => RoomName::CHAMBER,
            Self::NameTwice(room)
            | Self::OtherDomain(room)
            | Self::MediatorsDiffer(room)
            | Self::TargetSignatures { room, .. }
            | Self::NotEnacted { room, .. }
            | Self::ManifestUnknown { room, .. } => room,
        }
    }

    /// The short, stable name that section 8 gives it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Chambers(_) => "CHAMBERS",
            Self::NameTwice(_) => "NAME_TWICE",
            Self::OtherDomain(_) => "OTHER_DOMAIN",
            Self::TargetMissing { .. } => "TARGET_MISSING",
            Self::TargetSignatures { .. } => "TARGET_SIGNATURES",
            Self::EnactedTwice { .. } => "ENACTED_TWICE",
            Self::NotEnacted { .. } => "NOT_ENACTED",
            Self::ManifestUnknown { .. } => "MANIFEST_UNKNOWN",
            Self::MediatorsDiffer(_) => "MEDIATORS_DIFFER",
        }
    }
}

struct Quorum {
    room: RoomId,
    index: u64,
    target: EnactedTarget,
}

struct Manifested {
    room: RoomId,
    index: u64,
    accepted_at: u64,
    digest: Digest,
}

/// What the rules across rooms must remember of a cut.
#[derive(Default)]
pub struct Instance {
    enacted: Vec<(u64, EnactedTarget)>,
    by_quorum: HashMap<Identity, Quorum>,
    recorded: HashMap<Digest, u64>,
    released: Vec<Manifested>,
    rooms: BTreeMap<RoomId, RoomName>,
}

impl Instance {
    /// An empty cut.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next verified entry of the room that has this name.
    pub fn observe(&mut self, name: &RoomName, entry: &VerifiedEntry) {
        self.rooms.entry(entry.room()).or_insert_with(|| name.clone());
        if let Effect::Enacted { targets, .. } = entry.effect() {
            self.enacted.extend(targets.iter().cloned().map(|target| (entry.index(), target)));
        }
        if entry.by_quorum() {
            let envelope = &entry.signed().envelope;
            let target =
                EnactedTarget { identity: envelope.identity(), signatures: envelope.signatures().to_vec() };
            let quorum = Quorum { room: entry.room(), index: entry.index(), target };
            self.by_quorum.insert(envelope.identity(), quorum);
        }
        let Act::Post(post) = &entry.signed().statement.act else { return };
        for digest in &post.manifests {
            if name.is_chamber() {
                self.recorded.entry(*digest).or_insert(entry.accepted_at());
            } else {
                let (room, index, accepted_at) = (entry.room(), entry.index(), entry.accepted_at());
                self.released.push(Manifested { room, index, accepted_at, digest: *digest });
            }
        }
    }

    /// Everything that is wrong between the rooms whose final states these are.
    pub fn check<'a>(&self, states: impl IntoIterator<Item = &'a RoomState>) -> Vec<InstanceFault> {
        let states: Vec<&RoomState> = states.into_iter().collect();
        let mut faults = Vec::new();
        let chambers: Vec<_> = states.iter().filter(|state| state.name().is_chamber()).collect();
        match chambers.as_slice() {
            [chamber] => faults.extend(states.iter().filter_map(|state| agree(chamber, state).err())),
            other => faults.push(InstanceFault::Chambers(other.len())),
        }
        let mut names = BTreeSet::new();
        let twice = states.iter().filter(|state| !names.insert(state.name().clone()));
        faults.extend(twice.map(|state| InstanceFault::NameTwice(state.name().as_str().to_owned())));
        faults.extend(self.check_enactments());
        faults.extend(self.check_manifests());
        faults
    }

    fn check_enactments(&self) -> Vec<InstanceFault> {
        let mut faults = Vec::new();
        let mut enacted = BTreeSet::new();
        for (index, target) in &self.enacted {
            if !enacted.insert(target.identity) {
                faults.push(InstanceFault::EnactedTwice { index: *index, target: target.identity });
                continue;
            }
            match self.by_quorum.get(&target.identity) {
                None => {
                    faults.push(InstanceFault::TargetMissing { index: *index, target: target.identity });
                }
                Some(found) if found.target.signatures != target.signatures => {
                    let (room, index) = (self.name(found.room), found.index);
                    faults.push(InstanceFault::TargetSignatures { room, index });
                }
                Some(_) => {}
            }
        }
        let mut never: Vec<_> = self
            .by_quorum
            .iter()
            .filter(|(identity, _)| !enacted.contains(identity))
            .map(|(_, q)| q)
            .collect();
        never.sort_by_key(|quorum| (quorum.room, quorum.index));
        let fault =
            |quorum: &Quorum| InstanceFault::NotEnacted { room: self.name(quorum.room), index: quorum.index };
        faults.extend(never.into_iter().map(fault));
        faults
    }

    fn check_manifests(&self) -> Vec<InstanceFault> {
        let unknown = self.released.iter().filter(|release| {
            self.recorded.get(&release.digest).is_none_or(|recorded| *recorded > release.accepted_at)
        });
        unknown
            .map(|release| InstanceFault::ManifestUnknown {
                room: self.name(release.room),
                index: release.index,
            })
            .collect()
    }

    fn name(&self, room: RoomId) -> String {
        self.rooms.get(&room).map_or_else(|| room.to_string(), |name| name.as_str().to_owned())
    }
}

fn agree(chamber: &RoomState, room: &RoomState) -> Result<(), InstanceFault> {
    if room.constitution().domain() != chamber.constitution().domain() {
        return Err(InstanceFault::OtherDomain(room.name().as_str().to_owned()));
    }
    mediators_agree(chamber, room)
}

/// Whether a room names exactly the chamber's mediators, with the same keys.
pub fn mediators_agree(chamber: &RoomState, room: &RoomState) -> Result<(), InstanceFault> {
    let of = |state: &RoomState| -> BTreeSet<(MemberName, Vec<KeyId>)> {
        state.charter().mediators().map(|member| (member.name.clone(), member.key_ids())).collect()
    };
    if of(chamber) == of(room) {
        Ok(())
    } else {
        Err(InstanceFault::MediatorsDiffer(room.name().as_str().to_owned()))
    }
}
