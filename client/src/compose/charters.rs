//! Charters: foundings and successions, with a fresh room key wrapped for exactly those who read.
//!
//! Specification: `docs/spec.md`, sections 4 and 7.1. Everything follows from the seed, so that whoever
//! approves makes it again and compares. Who must sign is for the rules.

use std::collections::BTreeMap;

use tearline_ledger::{
    charter::{Charter, Founding, Limits, Member, Service},
    digest::Digest,
    keys::{NoRandomness, fresh},
    name::{Domain, MemberName, RoomName},
    note::VerifierKey,
    roomkey::{NewEpoch, RoomKeys},
    statement::{Act, Basis, Statement},
    wrap::fresh_seed,
};
use zeroize::Zeroizing;

use super::{ComposeError, Draft, Grain, Writer, new_id};

/// The terms of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// How many mediators must sign what needs K signatures.
    pub quorum: u32,
    /// What the room accepts.
    pub limits: Limits,
    /// The server's log key, named for the domain.
    pub log_vkey: VerifierKey,
    /// Where the room is served.
    pub service: Service,
    /// The members, in any order; their wraps are made here.
    pub members: Vec<Member>,
    /// A party's keys are replaced although no custodian of it is left.
    pub succession: bool,
}

impl Terms {
    /// The terms in force, to be changed.
    pub fn of(charter: &Charter) -> Self {
        Self {
            quorum: charter.quorum,
            limits: charter.limits,
            log_vkey: charter.log_vkey.clone(),
            service: charter.service.clone(),
            members: charter.members.clone(),
            succession: false,
        }
    }

    fn charter(self, founding: Option<Founding>, epoch: &NewEpoch<'_>) -> Result<Charter, ComposeError> {
        let mut members = self.members;
        members.sort_by(|a, b| a.name.cmp(&b.name));
        epoch.wrap_for(&mut members)?;
        Ok(Charter {
            founding,
            epoch: epoch.epoch,
            quorum: self.quorum,
            log_vkey: self.log_vkey,
            limits: self.limits,
            key_commitment: epoch.key().1,
            members,
            succession: self.succession,
            service: self.service,
        })
    }
}

/// A draft of a charter, and the seed from which its key and wraps follow.
#[derive(Clone)]
pub struct CharterDraft {
    /// To be signed.
    pub draft: Draft,
    /// Goes sealed into the proposal, and nowhere else.
    pub seed: Zeroizing<[u8; 32]>,
}

/// The founding charter of a room.
pub fn founding(
    author: &MemberName,
    domain: &Domain,
    name: &RoomName,
    terms: Terms,
    now: u64,
) -> Result<CharterDraft, ComposeError> {
    let (seed, nonce) = (fresh_seed()?, fresh_nonce()?);
    let (earlier, grants) = (RoomKeys::new(), BTreeMap::new());
    let epoch = NewEpoch { seed: &seed, room_or_nonce: nonce, epoch: 1, earlier: &earlier, grants: &grants };
    let founding = Founding { domain: domain.clone(), name: name.clone(), nonce };
    let charter = terms.charter(Some(founding), &epoch)?;
    let statement = Statement {
        id: new_id(now, Grain::Hour)?,
        room: None,
        author: author.clone(),
        basis: Basis::NOTHING,
        not_after: None,
        act: Act::Charter(Box::new(charter)),
    };
    Ok(CharterDraft { draft: Draft::new(&statement, None)?, seed })
}

impl Writer<'_> {
    /// The charter that follows upon the one in force. `grants` names newcomers that are given earlier
    /// keys, and from which epoch on.
    pub fn charter(
        &self,
        terms: Terms,
        earlier: &RoomKeys,
        grants: &BTreeMap<MemberName, u64>,
    ) -> Result<CharterDraft, ComposeError> {
        self.charter_of(terms, earlier, grants, Grain::Hour)
    }

    /// The charter in force without these members: what one custodian of their party signs alone.
    pub fn removal(&self, gone: &[MemberName]) -> Result<CharterDraft, ComposeError> {
        let mut terms = Terms::of(self.state.charter());
        terms.members.retain(|member| !gone.contains(&member.name));
        self.charter_of(terms, &RoomKeys::new(), &BTreeMap::new(), Grain::Second)
    }

    fn charter_of(
        &self,
        terms: Terms,
        earlier: &RoomKeys,
        grants: &BTreeMap<MemberName, u64>,
        grain: Grain,
    ) -> Result<CharterDraft, ComposeError> {
        let seed = fresh_seed()?;
        let epoch = self.state.charter().epoch.checked_add(1).ok_or(ComposeError::LastEpoch)?;
        let room_or_nonce = *self.state.room().as_bytes();
        let epoch = NewEpoch { seed: &seed, room_or_nonce, epoch, earlier, grants };
        let charter = terms.charter(None, &epoch)?;
        let id = new_id(self.now, grain)?;
        Ok(CharterDraft { draft: self.draft(id, None, Act::Charter(Box::new(charter)), None)?, seed })
    }
}

fn fresh_nonce() -> Result<[u8; 32], NoRandomness> {
    fresh::<32>().map(|nonce| *nonce)
}

/// Where a room is served: the address, and the certificate authority's public key (SPKI, DER).
pub fn service(address: &str, authority_spki: &[u8]) -> Service {
    Service { address: address.to_owned(), authority: Digest::of(authority_spki) }
}
