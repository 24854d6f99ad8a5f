//! Cards: a desk's public keys, signed by the desk, endorsed by a custodian of its party.
//!
//! Specification: `docs/spec.md`, section 4. A card gives no right; a charter does.

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1;

use crate::{
    armor::{self, ArmorError, Paper},
    charter::{CharterError, Member},
    digest::{Digest, frame},
    encoding::{self, EncodingError},
    envelope::{Envelope, EnvelopeError, PayloadType, Signature},
    keys::{PublicKey, SealPublicKey, SigningKey},
    name::{MemberName, Role},
};

/// Why a text is not a card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CardError {
    /// Not a card file.
    #[error(transparent)]
    Armor(#[from] ArmorError),
    /// Not an envelope and a key inside.
    #[error("the card is damaged: its body is cut off or too long")]
    Frame,
    /// The envelope inside is not well-formed.
    #[error("the card is damaged: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The card inside is not in the one encoding.
    #[error("the card is damaged: {0}")]
    Encoding(#[from] EncodingError),
    /// A name or key on it is not acceptable.
    #[error("the card is not acceptable: {0}")]
    Content(#[from] CharterError),
    /// Not signed by the key that it shows.
    #[error("the card of {0} is not signed by its own key: ask the desk for a new one")]
    NotItsOwn(MemberName),
    /// The certificate key beside it is another than the one on it.
    #[error("the card of {0} comes with another certificate key than the one on it")]
    TlsKey(MemberName),
}

/// A desk's public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Full SPIFFE id.
    pub name: MemberName,
    /// Whether it asks to be a custodian of its party.
    pub custodian: bool,
    /// Ed25519.
    pub sign_key: PublicKey,
    /// X-Wing; absent for an auditor.
    pub seal_key: Option<SealPublicKey>,
    /// SHA-256 of the public key (SPKI, DER) of its certificate.
    pub tls_key: Digest,
}

impl Card {
    /// The payload that the desk and its custodian sign.
    pub fn encode(&self) -> Bytes {
        self.to_message().encode_to_vec().into()
    }

    /// A custodian's or the desk's own signature over the card.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        Signature::make(PayloadType::Card, &self.encode(), key)
    }

    /// Whether `signature` is `key`'s over this card.
    pub fn is_signed_by(&self, signature: &Signature, key: &PublicKey) -> bool {
        signature.key_id == key.key_id()
            && key.verify(&PayloadType::Card.pae(&self.encode()), &signature.bytes).is_ok()
    }

    /// SHA-256 of the payload: what is compared over the telephone, in words.
    pub fn fingerprint(&self) -> Digest {
        PayloadType::Card.identity(&self.encode()).0
    }

    /// The member that a charter makes of this card.
    pub fn into_member(self, endorsement: Option<Signature>, wrap: Option<Bytes>) -> Member {
        let Self { name, custodian, sign_key, seal_key, tls_key } = self;
        Member { name, custodian, sign_key, seal_key, tls_key, endorsement, wrap }
    }

    pub(crate) fn from_message(message: &v1::Card) -> Result<Self, CharterError> {
        let name: MemberName = message.name.parse()?;
        let fault = |what| CharterError::Member { member: name.clone(), what };
        let key = |error| CharterError::Key { member: name.clone(), error };
        let sign_key = PublicKey::admit(&message.sign_key).map_err(key)?;
        if message.seal_key.is_empty() == name.role().reads_content() {
            return Err(fault("a sealing key belongs to those who read content, and to no other"));
        }
        let seal_key = if message.seal_key.is_empty() {
            None
        } else {
            Some(SealPublicKey::admit(&message.seal_key).map_err(key)?)
        };
        if message.custodian && name.role() != Role::Party {
            return Err(fault("only a party has custodians"));
        }
        let tls_key = Digest::from_slice(&message.tls_key_sha256)
            .ok_or_else(|| fault("the digest of the certificate's key is not 32 bytes"))?;
        Ok(Self { custodian: message.custodian, sign_key, seal_key, tls_key, name })
    }

    pub(crate) fn to_message(&self) -> v1::Card {
        v1::Card {
            name: self.name.as_str().to_owned(),
            custodian: self.custodian,
            sign_key: self.sign_key.to_bytes().to_vec().into(),
            seal_key: self
                .seal_key
                .as_ref()
                .map(|key| Bytes::copy_from_slice(key.as_bytes()))
                .unwrap_or_default(),
            tls_key_sha256: self.tls_key.as_bytes().to_vec().into(),
        }
    }
}

/// A card as it goes from hand to hand: signed by its desk, with the key for its certificate, and
/// perhaps endorsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCard {
    card: Card,
    envelope: Envelope,
    tls_key: Bytes,
}

impl SignedCard {
    /// The desk signs its own card. `tls_key` is the public key of its certificate (SPKI, DER).
    pub fn issue(card: Card, tls_key: Bytes, key: &SigningKey) -> Result<Self, CardError> {
        let envelope = Envelope::sign(PayloadType::Card, card.encode(), key);
        Self::check(card, envelope, tls_key)
    }

    /// Adds a custodian's signature.
    pub fn endorse(&self, key: &SigningKey) -> Result<Self, CardError> {
        let added = self.card.sign(key);
        let mut signatures = self.envelope.signatures().to_vec();
        signatures.retain(|signature| signature.key_id != added.key_id);
        signatures.push(added);
        let envelope = Envelope::of(PayloadType::Card, self.envelope.payload().clone(), signatures)?;
        Self::check(self.card.clone(), envelope, self.tls_key.clone())
    }

    /// The card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The public key of its certificate (SPKI, DER).
    pub fn tls_key(&self) -> &Bytes {
        &self.tls_key
    }

    /// A signature over the card by one of these keys, other than its own.
    pub fn endorsement<'a>(&self, mut custodians: impl Iterator<Item = &'a PublicKey>) -> Option<Signature> {
        custodians.find_map(|key| {
            let signatures = self.envelope.signatures();
            let found = signatures.iter().find(|signature| signature.key_id == key.key_id())?;
            (*key != self.card.sign_key && self.card.is_signed_by(found, key)).then_some(*found)
        })
    }

    /// The card file's text.
    pub fn to_text(&self) -> String {
        let body = frame(&[&self.envelope.encode(), &self.tls_key]);
        armor::write(Paper::Card, &format!("Tearline card of {}", self.card.name.desk()), &body)
    }

    /// Reads a card file. What stands before the card itself is ignored.
    pub fn from_text(text: &str) -> Result<Self, CardError> {
        let bytes = armor::read(Paper::Card, text)?;
        let (envelope, tls_key) = unframe(&bytes).ok_or(CardError::Frame)?;
        let envelope = Envelope::parse(PayloadType::Card, envelope)?;
        let card = Card::from_message(&encoding::decode("card", envelope.payload())?)?;
        Self::check(card, envelope, Bytes::copy_from_slice(tls_key))
    }

    fn check(card: Card, envelope: Envelope, tls_key: Bytes) -> Result<Self, CardError> {
        let own = envelope.signatures().iter().any(|signature| card.is_signed_by(signature, &card.sign_key));
        if !own {
            return Err(CardError::NotItsOwn(card.name));
        }
        if Digest::of(&tls_key) != card.tls_key {
            return Err(CardError::TlsKey(card.name));
        }
        Ok(Self { card, envelope, tls_key })
    }
}

fn unframe(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = field(bytes)?;
    let (second, rest) = field(rest)?;
    rest.is_empty().then_some((first, second))
}

fn field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
