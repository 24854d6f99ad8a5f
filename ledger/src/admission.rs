//! Admissions and invitations: what mediators hand to the operator, and the operator to a desk.
//!
//! Specification: `docs/spec.md`, section 10. An admission is nothing but charters, each signed by K of
//! the mediators that it names; whether these mediators are the right ones is for whoever knows them.

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1;

use crate::{
    armor::{self, ArmorError, Paper},
    charter::{Charter, Member},
    digest::Digest,
    encoding::{self, EncodingError},
    envelope::{Envelope, EnvelopeError, PayloadType, Signature},
    id::RoomId,
    keys::SigningKey,
    name::MemberName,
    rules::{self, SignatureError},
    statement::{Act, Signed, StatementError},
};

/// Why a file is not an admission or an invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// Not the right paper at all.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// Not in the one encoding.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// A charter's envelope is not well-formed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A charter in it is not well-formed.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// A charter's signatures do not hold.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Something else than charters, or charters out of order.
    #[error("the admission does not hold charters in ascending order of rooms")]
    NotCharters,
    /// Certificate keys out of order, or doubled.
    #[error("the admission's certificate keys are not in ascending order; have it made again")]
    TlsKeys,
    /// A charter without enough signatures of mediators.
    #[error("a charter in the admission has {have} of {need} mediators' signatures")]
    NoQuorum {
        /// How many it has.
        have: usize,
        /// How many it needs.
        need: usize,
    },
    /// No charter names this member.
    #[error("the admission does not name {0}")]
    NotNamed(MemberName),
    /// The certificate key of a member is not in the admission.
    #[error("the admission lacks the certificate key of {0}; have it made again from the card")]
    NoTlsKey(MemberName),
}

/// Charters with their signatures, and the certificate keys of those whom they admit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    charters: Vec<Signed>,
    tls_keys: Vec<Bytes>,
}

impl Admission {
    /// An admission of these charters, with these certificate keys (SPKI, DER).
    pub fn new(mut charters: Vec<Signed>, mut tls_keys: Vec<Bytes>) -> Result<Self, AdmissionError> {
        charters.sort_by_key(Signed::room);
        tls_keys.sort();
        tls_keys.dedup();
        let admission = Self { charters, tls_keys };
        admission.check_signatures()?;
        Ok(admission)
    }

    /// Parses an encoded admission. Every signature in it verifies; there may be too few of them.
    pub fn parse(bytes: &[u8]) -> Result<Self, AdmissionError> {
        let message: v1::Admission = encoding::decode("admission", bytes)?;
        let charters =
            message.charters.iter().map(|charter| Signed::parse(charter)).collect::<Result<Vec<_>, _>>()?;
        let ascending = charters.iter().zip(charters.iter().skip(1)).all(|(a, b)| a.room() < b.room());
        if charters.is_empty() || !ascending {
            return Err(AdmissionError::NotCharters);
        }
        let tls_keys = message.tls_keys;
        if !tls_keys.iter().zip(tls_keys.iter().skip(1)).all(|(a, b)| a < b) {
            return Err(AdmissionError::TlsKeys);
        }
        let admission = Self { charters, tls_keys };
        admission.check_signatures()?;
        Ok(admission)
    }

    /// Reads an admission file.
    pub fn from_text(text: &str) -> Result<Self, AdmissionError> {
        Self::parse(&armor::read(Paper::Admission, text)?)
    }

    /// The admission file's text.
    pub fn to_text(&self, title: &str) -> String {
        armor::write(Paper::Admission, title, &self.encode())
    }

    /// The one encoding.
    pub fn encode(&self) -> Vec<u8> {
        v1::Admission {
            charters: self.charters.iter().map(|signed| signed.envelope.encode()).collect(),
            tls_keys: self.tls_keys.clone(),
        }
        .encode_to_vec()
    }

    /// Adds a mediator's signature to every charter: a founding that goes round.
    pub fn sign(&self, key: &SigningKey) -> Result<Self, AdmissionError> {
        let add = |signed: &Signed| {
            let payload = signed.envelope.payload().clone();
            let mut signatures = signed.envelope.signatures().to_vec();
            signatures.retain(|signature| signature.key_id != key.public().key_id());
            signatures.push(Signature::make(PayloadType::Statement, &payload, key));
            let envelope = Envelope::of(PayloadType::Statement, payload, signatures)?;
            Ok(Signed::from_envelope(envelope)?)
        };
        let charters = self.charters.iter().map(add).collect::<Result<Vec<_>, AdmissionError>>()?;
        Self::new(charters, self.tls_keys.clone())
    }

    /// The charters in their envelopes, ascending by room.
    pub fn statements(&self) -> &[Signed] {
        &self.charters
    }

    /// Each room with its charter.
    pub fn charters(&self) -> impl Iterator<Item = (RoomId, &Charter)> {
        self.charters.iter().filter_map(|signed| charter(signed).map(|charter| (signed.room(), charter)))
    }

    /// Mediators that have signed every charter, and are named in it.
    pub fn signers(&self) -> Vec<MemberName> {
        let mut signers: Option<Vec<MemberName>> = None;
        for signed in &self.charters {
            let here = mediators_that_signed(signed);
            signers = Some(match signers {
                None => here,
                Some(before) => before.into_iter().filter(|name| here.contains(name)).collect(),
            });
        }
        signers.unwrap_or_default()
    }

    /// Refuses an admission any of whose charters has fewer than its quorum of signatures; a chamber's
    /// founding needs all its mediators'.
    pub fn require_quorum(&self) -> Result<(), AdmissionError> {
        for signed in &self.charters {
            let Some(charter) = charter(signed) else { return Err(AdmissionError::NotCharters) };
            let founds_chamber = charter.founding.as_ref().is_some_and(|founding| founding.name.is_chamber());
            let need = if founds_chamber {
                charter.mediators().count()
            } else {
                usize::try_from(charter.quorum).unwrap_or(usize::MAX)
            };
            let have = mediators_that_signed(signed).len();
            if have < need {
                return Err(AdmissionError::NoQuorum { have, need });
            }
        }
        Ok(())
    }

    /// The member of this name, as every charter here that names it has it.
    pub fn member(&self, name: &MemberName) -> Result<&Member, AdmissionError> {
        let mut found = self.charters().filter_map(|(_, charter)| charter.member(name));
        found.next().ok_or_else(|| AdmissionError::NotNamed(name.clone()))
    }

    /// The certificate key (SPKI, DER) of a member.
    pub fn tls_key(&self, member: &Member) -> Result<&Bytes, AdmissionError> {
        let mut keys = self.tls_keys.iter();
        keys.find(|key| Digest::of(key) == member.tls_key)
            .ok_or_else(|| AdmissionError::NoTlsKey(member.name.clone()))
    }

    /// Members whose certificate keys are in the admission: those whom it admits.
    pub fn admitted(&self) -> Vec<(&Member, &Bytes)> {
        let mut out: Vec<(&Member, &Bytes)> = Vec::new();
        for (_, charter) in self.charters() {
            for member in &charter.members {
                let known = out.iter().any(|(other, _)| other.name == member.name);
                if let (false, Ok(key)) = (known, self.tls_key(member)) {
                    out.push((member, key));
                }
            }
        }
        out
    }

    fn check_signatures(&self) -> Result<(), AdmissionError> {
        for signed in &self.charters {
            let charter = charter(signed).ok_or(AdmissionError::NotCharters)?;
            let key = |_: &Signed, id: &_| charter.signer(*id).map(|member| member.sign_key);
            for checked in rules::check(vec![signed.clone()], key) {
                checked?;
            }
        }
        Ok(())
    }
}

fn charter(signed: &Signed) -> Option<&Charter> {
    match &signed.statement.act {
        Act::Charter(charter) => Some(charter),
        _ => None,
    }
}

fn mediators_that_signed(signed: &Signed) -> Vec<MemberName> {
    let Some(charter) = charter(signed) else { return Vec::new() };
    let signed_by = |member: &&Member| {
        let key_id = member.sign_key.key_id();
        signed.envelope.signatures().iter().any(|signature| signature.key_id == key_id)
    };
    charter.mediators().filter(signed_by).map(|member| member.name.clone()).collect()
}

/// An admission with the certificate that the operator made on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Who is admitted where.
    pub admission: Admission,
    /// The desk's certificate, then any between it and the authority (PEM).
    pub certificate: String,
    /// The certificate authority's certificate (PEM).
    pub authority: String,
}

impl Invitation {
    /// Reads an invitation file.
    pub fn from_text(text: &str) -> Result<Self, AdmissionError> {
        let message: v1::Invitation = encoding::decode("invitation", &armor::read(Paper::Invitation, text)?)?;
        let pem = |bytes: Bytes| String::from_utf8(bytes.to_vec()).map_err(|_| ArmorError::Base64);
        Ok(Self {
            admission: Admission::parse(&message.admission)?,
            certificate: pem(message.certificate)?,
            authority: pem(message.authority)?,
        })
    }

    /// The invitation file's text.
    pub fn to_text(&self, title: &str) -> String {
        let message = v1::Invitation {
            admission: self.admission.encode().into(),
            certificate: self.certificate.clone().into(),
            authority: self.authority.clone().into(),
        };
        armor::write(Paper::Invitation, title, &message.encode_to_vec())
    }
}
