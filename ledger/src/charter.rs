//! Charters: a room's whole constitution, as one well-formed value.
//!
//! Specification: `docs/spec.md`, section 4. A charter that parses is well-formed by itself; what may
//! follow upon what, and who must sign, is in `rules`.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1;

use crate::{
    card::Card,
    digest::Digest,
    encoding,
    envelope::Signature,
    keys::{KeyError, KeyId, PublicKey, SealPublicKey},
    name::{Domain, MemberName, NameError, Org, Role, RoomName},
    note::{KeyMaterial, VerifierKey},
};

/// The most members that a room may have.
pub const MEMBERS_MAX: usize = 256;
/// The only suite: Ed25519, X-Wing, HKDF-SHA256, AES-256-GCM, ChaCha20-Poly1305.
pub const SUITE: u32 = 1;
/// A wrap is an X-Wing encapsulation, a tag and some keys of 40-odd bytes each.
const WRAP_MAX: usize = 64 * 1024;
/// The least quorum.
pub const QUORUM_MIN: u32 = 2;

/// Why a message is not a charter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CharterError {
    /// A name that is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A key that may not be admitted.
    #[error("{member}: {error}")]
    Key {
        /// Whose.
        member: MemberName,
        /// Why not.
        error: KeyError,
    },
    /// A log key that may not be admitted: others than the server could sign for it.
    #[error("the charter's log_vkey: {0}")]
    LogKey(KeyError),
    /// A field that is missing, of the wrong length or out of bounds.
    #[error("the charter's {0}")]
    Field(&'static str),
    /// A member's field that is missing, superfluous, of the wrong length or out of bounds.
    #[error("{member}: {what}")]
    Member {
        /// Whose.
        member: MemberName,
        /// What is wrong.
        what: &'static str,
    },
}

/// What a founding charter adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founding {
    /// The instance.
    pub domain: Domain,
    /// The room's name.
    pub name: RoomName,
    /// Makes the room id unique.
    pub nonce: [u8; 32],
}

/// Where the room is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `HOST:PORT`.
    pub address: String,
    /// SHA-256 of the certificate authority's public key (SPKI, DER).
    pub authority: Digest,
}

/// What a room accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long ago the first entry that a basis does not cover may have been accepted, in seconds.
    pub basis_age: u64,
    /// The most bytes of sealed content of one post or proposal.
    pub content_bytes: u64,
    /// The most bytes of one sealed attachment.
    pub attachment_bytes: u64,
    /// The most attachments of one post.
    pub attachments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            basis_age: 7 * 24 * 3600,
            content_bytes: 1 << 20,
            attachment_bytes: 256 << 20,
            attachments: 16,
        }
    }
}

/// A member with all its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Full SPIFFE id; holds the role.
    pub name: MemberName,
    /// Whether it may endorse and remove members of its own party.
    pub custodian: bool,
    /// Ed25519.
    pub sign_key: PublicKey,
    /// X-Wing; absent for an auditor.
    pub seal_key: Option<SealPublicKey>,
    /// SHA-256 of the public key (SPKI, DER) of its certificate.
    pub tls_key: Digest,
    /// A custodian's signature over its card.
    pub endorsement: Option<Signature>,
    /// The room's keys, for this member; absent for an auditor.
    pub wrap: Option<Bytes>,
}

impl Member {
    /// The card that these keys stand on.
    pub fn card(&self) -> Card {
        Card {
            name: self.name.clone(),
            custodian: self.custodian,
            sign_key: self.sign_key,
            seal_key: self.seal_key.clone(),
            tls_key: self.tls_key,
        }
    }

    /// Whether nothing but the wrap differs.
    pub fn same_but_wrap(&self, other: &Self) -> bool {
        self.card() == other.card() && self.endorsement == other.endorsement
    }

    /// The ids of this member's keys; the certificate's key is named by its digest.
    pub fn key_ids(&self) -> Vec<KeyId> {
        let mut out = vec![self.sign_key.key_id(), KeyId(self.tls_key)];
        out.extend(self.seal_key.as_ref().map(SealPublicKey::key_id));
        out
    }

    fn parse(message: v1::Member) -> Result<Self, CharterError> {
        let v1::Member { name, custodian, sign_key, seal_key, tls_key_sha256, endorsement, wrap } = message;
        let card = Card::from_message(&v1::Card { name, custodian, sign_key, seal_key, tls_key_sha256 })?;
        let member = card.name.clone();
        let fault = |what| CharterError::Member { member: member.clone(), what };
        let endorsement = if endorsement.is_empty() {
            None
        } else {
            let message: v1::Signature = encoding::decode("endorsement", &endorsement)
                .map_err(|_| fault("the endorsement is not a signature"))?;
            Some(
                Signature::from_message(&message)
                    .ok_or_else(|| fault("the endorsement has a wrong length"))?,
            )
        };
        if endorsement.is_some() && member.role() != Role::Party {
            return Err(fault("only a party's member is endorsed"));
        }
        if wrap.is_empty() == member.role().reads_content() {
            return Err(fault("a wrap belongs to those who read content, and to no other"));
        }
        if wrap.len() > WRAP_MAX {
            return Err(fault("the wrap is longer than 64 KiB"));
        }
        Ok(card.into_member(endorsement, (!wrap.is_empty()).then_some(wrap)))
    }

    fn to_message(&self) -> v1::Member {
        let card = self.card().to_message();
        v1::Member {
            name: card.name,
            custodian: card.custodian,
            sign_key: card.sign_key,
            seal_key: card.seal_key,
            tls_key_sha256: card.tls_key_sha256,
            endorsement: self
                .endorsement
                .map(|signature| signature.to_message().encode_to_vec().into())
                .unwrap_or_default(),
            wrap: self.wrap.clone().unwrap_or_default(),
        }
    }
}

/// A well-formed charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// Only in a room's first charter.
    pub founding: Option<Founding>,
    /// 1 in the founding charter, then one more each.
    pub epoch: u64,
    /// How many mediators must sign what needs K signatures.
    pub quorum: u32,
    /// The server's log key, named for the domain.
    pub log_vkey: VerifierKey,
    /// What the room accepts.
    pub limits: Limits,
    /// Commits to the room's key of this epoch.
    pub key_commitment: Digest,
    /// Ascending by name.
    pub members: Vec<Member>,
    /// A party's keys are replaced although no custodian of it is left.
    pub succession: bool,
    /// Where the room is served.
    pub service: Service,
}

impl Charter {
    /// The member of this name.
    pub fn member(&self, name: &MemberName) -> Option<&Member> {
        let at = self.members.binary_search_by(|member| member.name.cmp(name)).ok()?;
        self.members.get(at)
    }

    /// The member that this signing key belongs to.
    pub fn signer(&self, key_id: KeyId) -> Option<&Member> {
        self.members.iter().find(|member| member.sign_key.key_id() == key_id)
    }

    /// All mediators.
    pub fn mediators(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.name.role() == Role::Mediator)
    }

    /// The organisations of the parties that have members.
    pub fn parties(&self) -> BTreeSet<Org> {
        let party = |member: &&Member| member.name.role() == Role::Party;
        self.members.iter().filter(party).map(|member| member.name.org().clone()).collect()
    }

    /// Custodians of a party.
    pub fn custodians(&self, org: &Org) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.custodian && member.name.org() == org)
    }

    /// The well-formed charter that a message is.
    pub(crate) fn parse(message: v1::Charter) -> Result<Self, CharterError> {
        let bad = |what| Err(CharterError::Field(what));
        let founding = message.founding.as_ref().map(parse_founding).transpose()?;
        if message.epoch == 0 || (founding.is_some() != (message.epoch == 1)) {
            return bad("epoch is not 1 in a founding charter and more than 1 in every other");
        }
        if message.suite != SUITE {
            return bad("suite is not 1, the only one");
        }
        let Ok(log_vkey) = message.log_vkey.parse::<VerifierKey>() else {
            return bad("log_vkey is not a verifier key");
        };
        let KeyMaterial::Ed25519(key) = log_vkey.material() else {
            return bad("log_vkey is not an Ed25519 log key (type 01)");
        };
        PublicKey::admit(key).map_err(CharterError::LogKey)?;
        let limits = parse_limits(message.limits)?;
        let Some(key_commitment) = Digest::from_slice(&message.key_commitment) else {
            return bad("key_commitment is not 32 bytes");
        };
        if message.members.is_empty() || message.members.len() > MEMBERS_MAX {
            return bad("members are not 1 to 256");
        }
        let members = message.members.into_iter().map(Member::parse).collect::<Result<Vec<_>, _>>()?;
        if !members.iter().zip(members.iter().skip(1)).all(|(a, b)| a.name < b.name) {
            return bad("members are not in ascending order of distinct names");
        }
        let service = parse_service(message.service)?;
        let charter = Self {
            founding,
            epoch: message.epoch,
            quorum: message.quorum,
            log_vkey,
            limits,
            key_commitment,
            members,
            succession: message.succession,
            service,
        };
        charter.check_members()?;
        Ok(charter)
    }

    fn check_members(&self) -> Result<(), CharterError> {
        let bad = |what| Err(CharterError::Field(what));
        let mediators = self.mediators().count();
        if self.quorum < QUORUM_MIN || usize::try_from(self.quorum).map_or(true, |k| k > mediators) {
            return bad("quorum is not between 2 and the number of mediators");
        }
        let mut keys = BTreeSet::new();
        let distinct = self.members.iter().flat_map(Member::key_ids).all(|id| keys.insert(id));
        if !distinct {
            return bad("members share a key: a key belongs to one member and one purpose");
        }
        let domain = self.members.first().map(|member| member.name.domain().clone());
        if self.members.iter().any(|member| Some(member.name.domain()) != domain.as_ref()) {
            return bad("members are of more than one domain");
        }
        if domain.as_ref().map(Domain::as_str) != Some(self.log_vkey.name().as_str()) {
            return bad("log_vkey is not named for the domain");
        }
        match &self.founding {
            Some(founding) if Some(&founding.domain) != domain.as_ref() => {
                bad("founding domain is not its members'")
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn to_message(&self) -> v1::Charter {
        v1::Charter {
            founding: self.founding.as_ref().map(|founding| v1::Founding {
                domain: founding.domain.as_str().to_owned(),
                name: founding.name.as_str().to_owned(),
                nonce: founding.nonce.to_vec().into(),
            }),
            epoch: self.epoch,
            suite: SUITE,
            quorum: self.quorum,
            log_vkey: self.log_vkey.to_string(),
            limits: Some(v1::Limits {
                basis_age: self.limits.basis_age,
                content_bytes: self.limits.content_bytes,
                attachment_bytes: self.limits.attachment_bytes,
                attachments: self.limits.attachments,
            }),
            key_commitment: self.key_commitment.as_bytes().to_vec().into(),
            members: self.members.iter().map(Member::to_message).collect(),
            succession: self.succession,
            service: Some(v1::Service {
                address: self.service.address.clone(),
                authority_sha256: self.service.authority.as_bytes().to_vec().into(),
            }),
        }
    }
}

fn parse_founding(message: &v1::Founding) -> Result<Founding, CharterError> {
    let nonce = message.nonce.as_ref().try_into();
    Ok(Founding {
        domain: message.domain.parse()?,
        name: message.name.parse()?,
        nonce: nonce.map_err(|_| CharterError::Field("founding nonce is not 32 bytes"))?,
    })
}

fn parse_limits(message: Option<v1::Limits>) -> Result<Limits, CharterError> {
    let limits = message.ok_or(CharterError::Field("limits are missing"))?;
    if [limits.basis_age, limits.content_bytes, limits.attachment_bytes, limits.attachments.into()]
        .contains(&0)
    {
        return Err(CharterError::Field("limits have one that is 0"));
    }
    Ok(Limits {
        basis_age: limits.basis_age,
        content_bytes: limits.content_bytes,
        attachment_bytes: limits.attachment_bytes,
        attachments: limits.attachments,
    })
}

fn parse_service(message: Option<v1::Service>) -> Result<Service, CharterError> {
    let service = message.ok_or(CharterError::Field("service is missing"))?;
    let host_and_port = service.address.rsplit_once(':');
    let good = host_and_port.is_some_and(|(host, port)| {
        !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0) && service.address.len() <= 260
    }) && service.address.bytes().all(|b| b.is_ascii_graphic());
    if !good {
        return Err(CharterError::Field("service address is not HOST:PORT"));
    }
    let authority = Digest::from_slice(&service.authority_sha256)
        .ok_or(CharterError::Field("service authority is not 32 bytes"))?;
    Ok(Service { address: service.address, authority })
}
