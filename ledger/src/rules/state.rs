//! What a room has become by all entries applied so far. Cheap to clone, so that a call of several
//! statements can be tried and dropped.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use super::{CheckedEntry, Refusal};
use crate::{
    charter::{Charter, Member},
    digest::Digest,
    envelope::Signature,
    id::{Identity, RoomId},
    keys::{KeyId, PublicKey, SealPublicKey},
    merkle::TreeSize,
    name::{Domain, MemberName, Org, RoomName},
    statement::{Basis, Signed},
};

/// Open proposals of one chamber.
pub(super) const PROPOSALS_MAX: usize = 1024;

/// What a key is for. It is for that, and its member's, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing statements.
    Sign,
    /// Opening wraps.
    Seal,
    /// The certificate's.
    Tls,
}

/// The charter in force, and what must be remembered of those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constitution {
    pub(super) room: RoomId,
    pub(super) domain: Domain,
    pub(super) name: RoomName,
    pub(super) charter: Charter,
    pub(super) charter_index: u64,
    pub(super) charter_payload: Bytes,
    /// Parties that ever had a member here, and whether they ever had a custodian.
    pub(super) parties: BTreeMap<Org, bool>,
    /// Every key that any charter held.
    pub(super) keys: BTreeMap<KeyId, (MemberName, Purpose)>,
    /// Positions in the charter's members, by signing key.
    pub(super) signers: BTreeMap<KeyId, usize>,
}

impl Constitution {
    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The instance.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The room's name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// The charter in force.
    pub fn charter(&self) -> &Charter {
        &self.charter
    }

    /// Where the charter in force stands.
    pub fn charter_index(&self) -> u64 {
        self.charter_index
    }

    /// The statement that holds the charter in force, as signed.
    pub fn charter_payload(&self) -> &Bytes {
        &self.charter_payload
    }

    /// Parties that have, or ever had, a member here.
    pub fn parties(&self) -> impl Iterator<Item = &Org> {
        self.parties.keys()
    }

    /// Whether mediators need K signatures here.
    pub fn has_party(&self) -> bool {
        !self.parties.is_empty()
    }

    /// The party whose own room this is, if it is one party's.
    pub fn own_room_of(&self) -> Option<&Org> {
        let mut parties = self.parties.keys();
        parties.next().filter(|_| parties.next().is_none())
    }

    pub(super) fn had_custodian(&self, org: &Org) -> bool {
        self.parties.get(org).copied().unwrap_or(false)
    }

    /// The member whose signing key this is, by the charter in force.
    pub fn signer(&self, key: &KeyId) -> Option<&Member> {
        self.charter.members.get(*self.signers.get(key)?)
    }

    /// The members that signed, each by the charter in force, the author among them.
    pub(super) fn signers(&self, signed: &Signed) -> Result<Vec<&Member>, Refusal> {
        let signers = signed
            .envelope
            .signatures()
            .iter()
            .map(|signature| self.signer(&signature.key_id).ok_or(Refusal::NotAMember(signature.key_id)))
            .collect::<Result<Vec<_>, _>>()?;
        if signers.iter().any(|member| member.name == signed.statement.author) {
            Ok(signers)
        } else {
            Err(Refusal::AuthorDidNotSign)
        }
    }

    /// The constitution once `charter` is in force at `index`.
    pub(super) fn enter(
        before: Option<&Self>,
        room: RoomId,
        (domain, name): (Domain, RoomName),
        charter: Charter,
        (index, payload): (u64, Bytes),
    ) -> Result<Self, Refusal> {
        let mut parties = before.map(|before| before.parties.clone()).unwrap_or_default();
        let mut keys = before.map(|before| before.keys.clone()).unwrap_or_default();
        for org in charter.parties() {
            let custodian = charter.custodians(&org).next().is_some();
            *parties.entry(org).or_default() |= custodian;
        }
        for member in &charter.members {
            for (id, purpose) in purposes(member) {
                let owner = keys.entry(id).or_insert_with(|| (member.name.clone(), purpose));
                if owner.0 != member.name || owner.1 != purpose {
                    return Err(Refusal::KeyReused(id));
                }
            }
        }
        let signers =
            charter.members.iter().enumerate().map(|(at, member)| (member.sign_key.key_id(), at)).collect();
        Ok(Self {
            room,
            domain,
            name,
            charter,
            charter_index: index,
            charter_payload: payload,
            parties,
            keys,
            signers,
        })
    }
}

/// What stands before a key in the SPKI encoding of Ed25519 keys (RFC 8410).
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// A member's keys. The signing key counts a second time as what a certificate would call it, so that
/// no certificate is of a key that signs statements.
fn purposes(member: &Member) -> Vec<(KeyId, Purpose)> {
    let in_certificate = KeyId(Digest::of_parts(&[ED25519_SPKI, member.sign_key.as_ref()]));
    let mut out = vec![
        (member.sign_key.key_id(), Purpose::Sign),
        (in_certificate, Purpose::Sign),
        (KeyId(member.tls_key), Purpose::Tls),
    ];
    out.extend(member.seal_key.as_ref().map(SealPublicKey::key_id).map(|id| (id, Purpose::Seal)));
    out
}

/// A proposal that can still be approved or rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenProposal {
    /// Where it stands.
    pub index: u64,
    /// Who proposed.
    pub author: MemberName,
    /// Signers at which it is enacted.
    pub quorum: u32,
    /// When it can no longer be enacted.
    pub not_after: u64,
    /// What it would enact.
    pub targets: Vec<Identity>,
    /// Each signer so far, the proposer first, with its signature on each target.
    pub signatures: Vec<(MemberName, KeyId, Vec<[u8; 64]>)>,
}

impl OpenProposal {
    /// The signatures on the target at this position, ascending by key id.
    pub(super) fn signatures_on(&self, target: usize) -> Vec<Signature> {
        let mut out: Vec<Signature> = self
            .signatures
            .iter()
            .filter_map(|(_, key_id, all)| {
                all.get(target).map(|bytes| Signature { key_id: *key_id, bytes: *bytes })
            })
            .collect();
        out.sort_by_key(|signature| signature.key_id);
        out
    }
}

/// What an admitted entry changes.
#[derive(Debug)]
pub(super) enum Change {
    Nothing,
    Constitution(Box<Constitution>),
    Proposal(Identity, Option<Box<OpenProposal>>),
}

/// A room as it stands after some number of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomState {
    pub(super) constitution: Arc<Constitution>,
    pub(super) proposals: Arc<BTreeMap<Identity, OpenProposal>>,
    pub(super) size: TreeSize,
    pub(super) last_accepted_at: u64,
}

impl RoomState {
    /// The room.
    pub fn room(&self) -> RoomId {
        self.constitution.room
    }

    /// The room's name.
    pub fn name(&self) -> &RoomName {
        &self.constitution.name
    }

    /// The charter in force and its history.
    pub fn constitution(&self) -> &Constitution {
        &self.constitution
    }

    /// The charter in force.
    pub fn charter(&self) -> &Charter {
        &self.constitution.charter
    }

    /// Entries applied so far.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// When the last of them was accepted.
    pub fn last_accepted_at(&self) -> u64 {
        self.last_accepted_at
    }

    /// Proposals that are neither enacted nor rejected; some may be past their time.
    pub fn proposals(&self) -> &BTreeMap<Identity, OpenProposal> {
        &self.proposals
    }

    /// The signing key of this id, in the charter in force.
    pub fn sign_key(&self, id: &KeyId) -> Option<PublicKey> {
        self.constitution.signer(id).map(|member| member.sign_key)
    }

    pub(super) fn advance(&mut self, entry: &CheckedEntry, change: Change) {
        self.size = TreeSize(self.size.0 + 1);
        self.last_accepted_at = entry.accepted_at;
        match change {
            Change::Nothing => {}
            Change::Constitution(constitution) => self.constitution = Arc::new(*constitution),
            Change::Proposal(identity, proposal) => {
                let now = entry.accepted_at;
                let proposals = Arc::make_mut(&mut self.proposals);
                proposals.retain(|_, open| open.not_after >= now);
                match proposal {
                    Some(proposal) => {
                        proposals.insert(identity, *proposal);
                    }
                    None => {
                        proposals.remove(&identity);
                    }
                }
            }
        }
    }
}

/// Refuses a statement that depends on an entry which its basis leaves out.
pub(super) fn require_covered(basis: Basis, index: u64) -> Result<(), Refusal> {
    if basis.size.0 > index { Ok(()) } else { Err(Refusal::BasisLeavesOut { index }) }
}
