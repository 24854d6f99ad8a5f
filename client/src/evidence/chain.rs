//! From a room's id to the key of its log: the founding charter, whose hash the id is, and the charters that
//! changed what counts since.
//!
//! Specification: `docs/spec.md`, section 14.3. It needs no log and trusts nobody: whoever has the id has the
//! founding charter's key, and a later key counts if a quorum of mediators by the charter before signed it.

use std::{collections::BTreeSet, path::Path};

use tearline_ledger::{
    charter::Charter as Terms,
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    entry::Entry,
    id::RoomId,
    keys::PublicKey,
    merkle::TreeSize,
    name::{Domain, MemberName},
    note::{Note, VerifierKey},
    statement::{Act, Signed},
};

use super::Charter;
use crate::replica::disk::Disk;

/// Why a file's charters do not prove a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// None is there.
    #[error("it holds no founding charter, so nothing in it proves whose key the log's is")]
    Absent,
    /// One is no charter.
    #[error("its charter at index {0} is not one")]
    NoCharter(u64),
    /// The first does not found this room.
    #[error("its first charter founds room {found}, not the room {wanted} that the file is about")]
    OtherRoom {
        /// Whose file it is.
        wanted: RoomId,
        /// Whom the charter founds.
        found: RoomId,
    },
    /// A later one has not enough signatures, or is out of order.
    #[error("its charter at index {0} is not signed by a quorum of the mediators before it, or out of order")]
    Unsigned(u64),
}

/// Charters in which what counts for the log's key changed, and the newest.
#[derive(Debug, Clone)]
pub struct Chain {
    domain: Domain,
    first: Terms,
    /// With their indices as the file states them, ascending.
    later: Vec<(u64, Terms)>,
}

impl Chain {
    /// Verifies the charters of a file that is about this room, or about an access log at home in it.
    pub fn verify(room: RoomId, charters: &[Charter]) -> Result<Self, Broken> {
        let (founding, later) = charters.split_first().ok_or(Broken::Absent)?;
        let (first, signed) = read(founding)?;
        let domain = first.founding.as_ref().map(|founding| founding.domain.clone());
        let domain = domain.ok_or(Broken::NoCharter(founding.index))?;
        let found = RoomId(signed.identity().0);
        if found != room || founding.index != 0 {
            return Err(Broken::OtherRoom { wanted: room, found });
        }
        let mut out = Self { domain, first, later: Vec::new() };
        for charter in later {
            let (terms, signed) = read(charter)?;
            let before = out.later.last().map_or(0, |(index, _)| *index);
            let old = out.charter();
            let follows = charter.index > before && terms.epoch > old.epoch && signed.room() == room;
            if !follows || !by_quorum(old, &signed) {
                return Err(Broken::Unsigned(charter.index));
            }
            out.later.push((charter.index, terms));
        }
        Ok(out)
    }

    /// Opens a checkpoint of this log by the key in force at its size.
    pub fn open(&self, log: RoomId, note: &[u8]) -> Option<SignedCheckpoint> {
        let note = Note::parse(note).ok()?;
        let size = Checkpoint::parse(note.unverified_text()).ok()?.size;
        let origin = Origin::new(self.domain.clone(), log.0);
        SignedCheckpoint::from_note(note, &origin.log_key(self.key_at(size))).ok()
    }

    /// The newest charter that the file holds.
    pub fn charter(&self) -> &Terms {
        self.later.last().map_or(&self.first, |(_, charter)| charter)
    }

    /// The key of the log after so many entries, as the charter names it.
    pub fn key_at(&self, size: TreeSize) -> &VerifierKey {
        let before = self.later.iter().rev().find(|(index, _)| *index < size.0);
        &before.map_or(&self.first, |(_, charter)| charter).log_vkey
    }

    /// Whether the log had more than one key.
    pub fn key_changed(&self) -> bool {
        self.later.iter().any(|(_, charter)| charter.log_vkey != self.first.log_vkey)
    }
}

fn read(charter: &Charter) -> Result<(Terms, Signed), Broken> {
    let bytes = hex::decode(&charter.entry).ok();
    let entry = bytes.and_then(|bytes| Entry::parse(bytes.into()).ok());
    let signed = entry.and_then(|entry| entry.statement().cloned());
    let read = signed.and_then(|signed| Some((terms(&signed)?.clone(), signed)));
    read.ok_or(Broken::NoCharter(charter.index))
}

/// Charters that a stranger needs of a log that is kept in this folder; none if it cannot be read.
pub fn on_disk(dir: &Path) -> Vec<Charter> {
    let Ok((mut disk, state)) = Disk::open(dir) else { return Vec::new() };
    let is_charter = |(_, entry): &(u64, Entry)| entry.statement().and_then(terms).is_some();
    let found = disk.scan(&state, |entries| needed((0..).zip(entries).filter(is_charter)));
    found.unwrap_or_default()
}

/// The founding charter, each that changed what counts, and the newest if a quorum signed it.
pub fn needed(charters: impl Iterator<Item = (u64, Entry)>) -> Vec<Charter> {
    let mut out: Vec<(u64, Entry)> = Vec::new();
    let mut newest = None;
    for (index, entry) in charters {
        let (old, new) = (out.last().and_then(|(_, old)| terms_of(old)), terms_of(&entry));
        if old.map(authority) == new.map(authority) {
            newest = Some((index, entry));
        } else {
            out.push((index, entry));
            newest = None;
        }
    }
    let last = out.last().and_then(|(_, entry)| terms_of(entry));
    let signed = newest.as_ref().and_then(|(_, entry)| entry.statement());
    if last.zip(signed).is_some_and(|(old, new)| by_quorum(old, new)) {
        out.extend(newest);
    }
    out.into_iter().map(|(index, entry)| Charter { index, entry: hex::encode(entry.bytes()) }).collect()
}

fn terms_of(entry: &Entry) -> Option<&Terms> {
    terms(entry.statement()?)
}

fn terms(signed: &Signed) -> Option<&Terms> {
    match &signed.statement.act {
        Act::Charter(charter) => Some(charter),
        _ => None,
    }
}

/// What decides who may say which key the log has, and which it has.
fn authority(charter: &Terms) -> (BTreeSet<(&MemberName, [u8; 32])>, u32, &VerifierKey) {
    let key = |key: &PublicKey| key.to_bytes();
    let mediators = charter.mediators().map(|member| (&member.name, key(&member.sign_key))).collect();
    (mediators, charter.quorum, &charter.log_vkey)
}

/// Whether at least K mediators of the old charter signed the new one.
fn by_quorum(old: &Terms, new: &Signed) -> bool {
    let message = new.envelope.pae();
    let valid = new.envelope.signatures().iter().filter_map(|signature| {
        let member = old.mediators().find(|member| member.sign_key.key_id() == signature.key_id)?;
        member.sign_key.verify(&message, &signature.bytes).ok().map(|()| &member.name)
    });
    let signers: BTreeSet<&MemberName> = valid.collect();
    u32::try_from(signers.len()).unwrap_or(u32::MAX) >= old.quorum
}
