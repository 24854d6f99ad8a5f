//! A room's keys: who is given which, and how each member finds its own.
//!
//! Specification: `docs/spec.md`, section 7.1. Everything that a charter says of keys follows from the
//! seed in its proposal, so whoever approves computes it again and compares.

use std::collections::BTreeMap;

use prost::Message as _;
use tearline_proto::v1;
use zeroize::Zeroizing;

use crate::{
    charter::{Charter, Member},
    digest::Digest,
    encoding,
    id::RoomId,
    keys::SealingKey,
    name::MemberName,
    wrap::{EpochContext, RoomKey, WrapError, commitment, room_key, unwrap, wrap},
};

/// Why a member's wrap does not give it the room's key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomKeyError {
    /// The wrap does not open.
    #[error(transparent)]
    Wrap(#[from] WrapError),
    /// It opens to something that is not a list of keys.
    #[error("the wrap opens to something that is not a list of room keys: tell the mediators")]
    NotKeys,
    /// It opens to another key than the charter commits to.
    #[error("the wrap opens to another key than the charter commits to: tell the mediators")]
    Commitment,
    /// The charter names no wrap for this member.
    #[error("the charter has no room key for {0}")]
    NoWrap(MemberName),
    /// An earlier key that is to be handed on is not known here.
    #[error("the key of epoch {0} is not known here, so it cannot be handed on")]
    EarlierKey(u64),
}

/// The keys of one room that a member has, by epoch.
#[derive(Debug, Clone, Default)]
pub struct RoomKeys(BTreeMap<u64, RoomKey>);

impl RoomKeys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// The key of this epoch.
    pub fn get(&self, epoch: u64) -> Option<&RoomKey> {
        self.0.get(&epoch)
    }

    /// Epochs whose keys are known.
    pub fn epochs(&self) -> impl Iterator<Item = u64> {
        self.0.keys().copied()
    }

    /// Adds the key of an epoch.
    pub fn insert(&mut self, epoch: u64, key: RoomKey) {
        self.0.insert(epoch, key);
    }

    /// Opens `member`'s wrap in a charter of `room` and keeps what is in it.
    pub fn learn(
        &mut self,
        room: RoomId,
        charter: &Charter,
        member: &MemberName,
        key: &SealingKey,
    ) -> Result<(), RoomKeyError> {
        let wrapped = charter.member(member).and_then(|member| member.wrap.as_ref());
        let wrapped = wrapped.ok_or_else(|| RoomKeyError::NoWrap(member.clone()))?;
        let place = room_or_nonce(Some(room), charter);
        let context =
            EpochContext { room_or_nonce: &place, epoch: charter.epoch, commitment: charter.key_commitment };
        let plain = unwrap(key, &context, member, wrapped)?;
        let keys: v1::RoomKeys = encoding::decode("room keys", &plain).map_err(|_| RoomKeyError::NotKeys)?;
        let ascending = keys.keys.iter().zip(keys.keys.iter().skip(1)).all(|(a, b)| a.epoch < b.epoch);
        let last = keys.keys.last().ok_or(RoomKeyError::NotKeys)?;
        if !ascending || last.epoch != charter.epoch {
            return Err(RoomKeyError::NotKeys);
        }
        for item in &keys.keys {
            let bytes = item.key.as_ref().try_into().map_err(|_| RoomKeyError::NotKeys)?;
            let room_key = RoomKey::from_bytes(bytes);
            if item.epoch == charter.epoch
                && commitment(&place, item.epoch, &room_key) != charter.key_commitment
            {
                return Err(RoomKeyError::Commitment);
            }
            self.0.entry(item.epoch).or_insert(room_key);
        }
        Ok(())
    }
}

/// What the keys of a charter are bound to: the room, or in a founding charter its nonce.
pub fn room_or_nonce(room: Option<RoomId>, charter: &Charter) -> [u8; 32] {
    match (&charter.founding, room) {
        (Some(founding), _) => founding.nonce,
        (None, Some(room)) => *room.as_bytes(),
        (None, None) => [0; 32],
    }
}

/// What a new epoch's keys follow from.
pub struct NewEpoch<'a> {
    /// From the proposal, or drawn by a custodian.
    pub seed: &'a [u8; 32],
    /// The room id; in a founding charter its nonce.
    pub room_or_nonce: [u8; 32],
    /// The charter's epoch.
    pub epoch: u64,
    /// Keys of earlier epochs, for those to whom they are granted.
    pub earlier: &'a RoomKeys,
    /// From which epoch on a member is given earlier keys too.
    pub grants: &'a BTreeMap<MemberName, u64>,
}

impl NewEpoch<'_> {
    /// The room key and the charter's commitment to it.
    pub fn key(&self) -> (RoomKey, Digest) {
        let key = room_key(self.seed, &self.room_or_nonce, self.epoch);
        let commitment = commitment(&self.room_or_nonce, self.epoch, &key);
        (key, commitment)
    }

    /// Wraps the keys for exactly those members that read content, and takes every other wrap away.
    pub fn wrap_for(&self, members: &mut [Member]) -> Result<(), RoomKeyError> {
        let (key, commitment) = self.key();
        let context = EpochContext { room_or_nonce: &self.room_or_nonce, epoch: self.epoch, commitment };
        for member in members {
            member.wrap = match &member.seal_key {
                None => None,
                Some(seal_key) => {
                    let plain = self.keys_for(&member.name, &key)?;
                    Some(wrap(self.seed, &context, &member.name, seal_key, &plain)?.into())
                }
            };
        }
        Ok(())
    }

    fn keys_for(&self, member: &MemberName, key: &RoomKey) -> Result<Zeroizing<Vec<u8>>, RoomKeyError> {
        let mut keys = Vec::new();
        if let Some(from) = self.grants.get(member) {
            for epoch in *from..self.epoch {
                let earlier = self.earlier.get(epoch).ok_or(RoomKeyError::EarlierKey(epoch))?;
                keys.push(v1::RoomKey { epoch, key: earlier.expose().to_vec().into() });
            }
        }
        keys.push(v1::RoomKey { epoch: self.epoch, key: key.expose().to_vec().into() });
        Ok(Zeroizing::new(v1::RoomKeys { keys }.encode_to_vec()))
    }
}
