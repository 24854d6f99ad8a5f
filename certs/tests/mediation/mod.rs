//! A mediation small enough to write down: desks with keys of fixed seeds, and charters that they sign.
//!
//! Built through the ledger's own types, so that an admission here is what a client would write.

#![allow(dead_code, reason = "each test file takes what it needs")]

use tearline_ledger::{
    admission::Admission,
    charter::{Charter, Founding, Limits, Member, Service},
    digest::Digest,
    envelope::{Envelope, PayloadType, Signature},
    id::{RoomId, StatementId},
    keys::{SealingKey, SigningKey},
    merkle::TreeSize,
    note::{KeyMaterial, VerifierKey},
    statement::{Act, Basis, Signed, Statement},
};

/// One desk, with all its keys.
pub(crate) struct Desk {
    /// `ROLE/ORG/MEMBER`.
    name: &'static str,
    seed: u8,
}

impl Desk {
    pub(crate) const fn new(name: &'static str, seed: u8) -> Self {
        Self { name, seed }
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_seed(&[self.seed; 32])
    }

    /// DER of the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410).
    pub(crate) fn tls_key(&self) -> Vec<u8> {
        let mut spki = hex::decode("302a300506032b6570032100").unwrap();
        spki.extend([self.seed; 32]);
        spki
    }

    fn member(&self) -> Member {
        let reads = !self.name.starts_with("auditor");
        let seal_key = || SealingKey::from_seed(&[self.seed; 32]).unwrap().public().clone();
        Member {
            name: format!("spiffe://kivu.example/{}", self.name).parse().unwrap(),
            custodian: false,
            sign_key: self.key().public(),
            seal_key: reads.then(seal_key),
            tls_key: Digest::of(&self.tls_key()),
            endorsement: None,
            wrap: reads.then(|| vec![self.seed].into()),
        }
    }
}

pub(crate) const KINSHASA: Desk = Desk::new("mediator/us/kinshasa", 1);
pub(crate) const WASHINGTON: Desk = Desk::new("mediator/us/washington", 2);
pub(crate) const LUANDA: Desk = Desk::new("mediator/us/luanda", 3);
pub(crate) const DRC: Desk = Desk::new("party/drc/liaison", 4);
pub(crate) const RWANDA: Desk = Desk::new("party/rwanda/liaison", 5);
pub(crate) const MONITOR: Desk = Desk::new("auditor/un/monitor", 6);
/// No mediator of the chamber, whatever its certificates may say.
pub(crate) const STRANGER: Desk = Desk::new("mediator/us/strange", 7);
pub(crate) const ACCOMPLICE: Desk = Desk::new("mediator/us/stranger", 8);

/// A charter to be signed: of two mediators' quorum, under this authority.
pub(crate) struct Draft<'a> {
    pub(crate) authority: Digest,
    /// The name of the room that it founds, or the room and epoch in which it follows.
    pub(crate) place: Place,
    pub(crate) members: &'a [&'a Desk],
}

#[derive(Clone, Copy)]
pub(crate) enum Place {
    Founds(&'static str),
    Follows(RoomId, u64),
}

impl Draft<'_> {
    pub(crate) fn signed(&self, signers: &[&Desk]) -> Signed {
        let (founding, room, epoch) = match self.place {
            Place::Founds(name) => {
                let (domain, name) = ("kivu.example".parse().unwrap(), name.parse().unwrap());
                (Some(Founding { domain, name, nonce: [9; 32] }), None, 1)
            }
            Place::Follows(room, epoch) => (None, Some(room), epoch),
        };
        let mut members: Vec<_> = self.members.iter().map(|desk| desk.member()).collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        let log_key = KeyMaterial::Ed25519(SigningKey::from_seed(&[99; 32]).public().to_bytes());
        let charter = Charter {
            founding,
            epoch,
            quorum: 2,
            log_vkey: VerifierKey::new("kivu.example".parse().unwrap(), log_key),
            limits: Limits::default(),
            key_commitment: Digest::of(&epoch.to_be_bytes()),
            members,
            succession: false,
            service: Service { address: "tearline.kivu.example:8443".to_owned(), authority: self.authority },
        };
        let basis = match room {
            None => Basis::NOTHING,
            Some(_) => Basis { size: TreeSize(epoch - 1), root: Digest([1; 32]) },
        };
        let author = charter.mediators().next().unwrap().name.clone();
        let act = Act::Charter(Box::new(charter));
        let id = StatementId::new(7200, [epoch.to_be_bytes()[7]; 10]);
        let payload = Statement { id, room, author, basis, not_after: None, act }.encode();
        let sign = |desk: &&Desk| Signature::make(PayloadType::Statement, &payload, &desk.key());
        let signatures = signers.iter().map(sign).collect();
        Signed::from_envelope(Envelope::of(PayloadType::Statement, payload, signatures).unwrap()).unwrap()
    }
}

/// The chamber's founding charter: two mediators and an auditor.
pub(crate) fn chamber(authority: Digest) -> Signed {
    let members = &[&KINSHASA, &WASHINGTON, &MONITOR];
    Draft { authority, place: Place::Founds("chamber"), members }.signed(&[&KINSHASA, &WASHINGTON])
}

/// The room of one party, founded by the same two.
pub(crate) fn room(authority: Digest, name: &'static str, party: &Desk) -> Signed {
    let members = &[&KINSHASA, &WASHINGTON, &MONITOR, party];
    Draft { authority, place: Place::Founds(name), members }.signed(&[&KINSHASA, &WASHINGTON])
}

/// These charters, admitting these desks.
pub(crate) fn admission(charters: Vec<Signed>, admitted: &[&Desk]) -> Admission {
    Admission::new(charters, admitted.iter().map(|desk| desk.tls_key().into()).collect()).unwrap()
}

/// What founds the chamber and admits its three desks.
pub(crate) fn founding(authority: Digest) -> Admission {
    admission(vec![chamber(authority)], &[&KINSHASA, &WASHINGTON, &MONITOR])
}
