//! Desks with fixed keys, as a vault would hold them.
//!
//! Every key follows from the desk's name and a generation, so that a desk that lost its keys can be
//! given others and still be the same desk. Knows nothing of rooms.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use tearline_ledger::{
    card::Card,
    charter::Member,
    digest::{Digest, frame_digest},
    envelope::Signature,
    keys::{KeyId, SealingKey, SigningKey},
    name::{Domain, MemberName, Role},
};

/// The instance that all tests play in.
pub const DOMAIN: &str = "kivu.example";

/// [`DOMAIN`], parsed.
pub fn domain() -> Result<Domain> {
    Ok(DOMAIN.parse()?)
}

/// A desk with its private keys.
#[derive(Debug, Clone)]
pub struct Desk {
    card: Card,
    tls_spki: Bytes,
    private: Arc<Private>,
}

#[derive(Debug)]
struct Private {
    sign: SigningKey,
    seal: Option<SealingKey>,
}

impl Desk {
    /// The desk `ORG/MEMBER` in this role, with its first keys.
    pub fn new(role: Role, desk: &str) -> Result<Self> {
        Self::of_generation(MemberName::from_desk(&domain()?, role, desk)?, false, 0)
    }

    /// As [`Self::new`], asking to be a custodian of its party.
    pub fn custodian(desk: &str) -> Result<Self> {
        Self::of_generation(MemberName::from_desk(&domain()?, Role::Party, desk)?, true, 0)
    }

    /// The same desk with other keys; generation 0 has the first ones.
    pub fn renewed(&self, generation: u32) -> Result<Self> {
        Self::of_generation(self.name().clone(), self.card.custodian, generation)
    }

    fn of_generation(name: MemberName, custodian: bool, generation: u32) -> Result<Self> {
        let seed = |label: &str| {
            frame_digest(&[label.as_bytes(), name.as_str().as_bytes(), &generation.to_be_bytes()]).0
        };
        let sign = SigningKey::from_seed(&seed("sign"));
        let seal = match name.role() {
            Role::Auditor => None,
            Role::Mediator | Role::Party => Some(SealingKey::from_seed(&seed("seal"))?),
        };
        let tls_spki = Bytes::from(seed("tls").to_vec());
        let card = Card {
            name,
            custodian,
            sign_key: sign.public(),
            seal_key: seal.as_ref().map(|key| key.public().clone()),
            tls_key: Digest::of(&tls_spki),
        };
        Ok(Self { card, tls_spki, private: Arc::new(Private { sign, seal }) })
    }

    /// Its full name.
    pub fn name(&self) -> &MemberName {
        &self.card.name
    }

    /// Its card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The bytes that stand in for its certificate's public key; the card has their digest.
    pub fn tls_spki(&self) -> &Bytes {
        &self.tls_spki
    }

    /// Its signing key.
    pub fn sign_key(&self) -> &SigningKey {
        &self.private.sign
    }

    /// The id of its signing key.
    pub fn key_id(&self) -> KeyId {
        self.card.sign_key.key_id()
    }

    /// Its sealing key; an auditor has none.
    pub fn seal_key(&self) -> Option<&SealingKey> {
        self.private.seal.as_ref()
    }

    /// This desk's signature over another's card, as its party's custodian.
    pub fn endorse(&self, other: &Self) -> Signature {
        other.card.sign(self.sign_key())
    }

    /// The member that a charter makes of it, without endorsement and wrap.
    pub fn member(&self) -> Member {
        self.card.clone().into_member(None, None)
    }

    /// As [`Self::member`], endorsed by a custodian.
    pub fn member_endorsed_by(&self, custodian: &Self) -> Member {
        self.card.clone().into_member(Some(custodian.endorse(self)), None)
    }
}

/// Everyone in the Kivu scenario.
#[derive(Debug, Clone)]
pub struct Desks {
    /// Mediator.
    pub washington: Desk,
    /// Mediator.
    pub kinshasa: Desk,
    /// Mediator.
    pub kigali: Desk,
    /// Party drc, its custodian.
    pub drc_delegation: Desk,
    /// Party drc.
    pub drc_liaison: Desk,
    /// Party rwanda, its custodian.
    pub rwanda_delegation: Desk,
    /// Party rwanda.
    pub rwanda_liaison: Desk,
    /// Auditor.
    pub monitor_1: Desk,
    /// Auditor.
    pub monitor_2: Desk,
}

impl Desks {
    /// All of them, with their first keys.
    pub fn new() -> Result<Self> {
        Ok(Self {
            washington: Desk::new(Role::Mediator, "us/washington")?,
            kinshasa: Desk::new(Role::Mediator, "us/kinshasa")?,
            kigali: Desk::new(Role::Mediator, "us/kigali")?,
            drc_delegation: Desk::custodian("drc/delegation")?,
            drc_liaison: Desk::new(Role::Party, "drc/liaison")?,
            rwanda_delegation: Desk::custodian("rwanda/delegation")?,
            rwanda_liaison: Desk::new(Role::Party, "rwanda/liaison")?,
            monitor_1: Desk::new(Role::Auditor, "un/monitor-1")?,
            monitor_2: Desk::new(Role::Auditor, "un/monitor-2")?,
        })
    }

    /// The three mediators.
    pub fn mediators(&self) -> [&Desk; 3] {
        [&self.washington, &self.kinshasa, &self.kigali]
    }

    /// The two auditors.
    pub fn auditors(&self) -> [&Desk; 2] {
        [&self.monitor_1, &self.monitor_2]
    }

    /// The two desks of drc, its custodian first.
    pub fn drc(&self) -> [&Desk; 2] {
        [&self.drc_delegation, &self.drc_liaison]
    }

    /// The two desks of rwanda, its custodian first.
    pub fn rwanda(&self) -> [&Desk; 2] {
        [&self.rwanda_delegation, &self.rwanda_liaison]
    }
}
