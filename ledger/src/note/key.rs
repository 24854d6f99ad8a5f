//! The keys of signed notes: names, ids, and verifier keys as text.
//!
//! Specification: C2SP signed-note, "Verifier keys". A verifier key says which signatures are looked
//! for; whether its owner deserves trust, and whether the key itself is sound, is decided elsewhere.

use std::{fmt, str::FromStr, sync::Arc};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use crate::{checkpoint::Origin, digest::Digest};

/// Bytes of an ML-DSA-44 public key.
pub const ML_DSA_44_KEY_SIZE: usize = 1312;

/// Who signs notes: a log or a witness, wherever the private key is kept.
pub trait NoteSigner {
    /// The Ed25519 public key.
    fn public_key(&self) -> [u8; 32];

    /// The Ed25519 signature over these very bytes.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// Why a text is not a key name or a verifier key. Whoever configured it is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Empty, or with a space, a control character or `+`.
    #[error("`{}` is not a key name: use characters other than spaces, controls and `+`", .0.escape_debug())]
    Name(String),
    /// Not three parts joined by `+`.
    #[error("a verifier key is NAME+ID+KEY: give all three parts")]
    Shape,
    /// The id is not eight lower-case hexadecimal digits.
    #[error("the key id `{}` is not eight lower-case hexadecimal digits: copy the key again", .0.escape_debug())]
    Id(String),
    /// The key's part is not padded standard base64 of a type and a key.
    #[error("the key of `{0}` is not base64: copy the key again")]
    Base64(KeyName),
    /// A signature type that this program does not know.
    #[error("the key of `{name}` has type {found:#04x}: use 0x01, 0x04 or 0x06")]
    Type {
        /// Whose key.
        name: KeyName,
        /// As given.
        found: u8,
    },
    /// The key has not the length that its type requires.
    #[error("the key of `{name}` has {found} bytes where its type requires {expected}: copy the key again")]
    Length {
        /// Whose key.
        name: KeyName,
        /// As the type requires, in bytes.
        expected: usize,
        /// As given, in bytes.
        found: usize,
    },
    /// The id belongs to another name or key.
    #[error("the key of `{name}` has the id {expected}, not {found}: copy name and key together")]
    OtherId {
        /// Whose key.
        name: KeyName,
        /// As computed from name and key.
        expected: KeyId,
        /// As given.
        found: KeyId,
    },
}

/// The name of a key in a note: not empty, without spaces, control characters and `+`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Arc<str>);

impl KeyName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A room's checkpoints are signed under the name that is its origin: a domain, `/` and hexadecimal
/// digits, all of which a key name may have.
impl From<&Origin> for KeyName {
    fn from(origin: &Origin) -> Self {
        Self(origin.to_string().into())
    }
}

impl FromStr for KeyName {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        let bad = |c: char| c.is_whitespace() || c < ' ' || c == '+';
        if text.is_empty() || text.contains(bad) {
            return Err(KeyError::Name(text.to_owned()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Four bytes that, together with the name, say which key signed. Not a commitment to the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn from_hex(text: &str) -> Option<Self> {
        let mut out = [0; 4];
        hex::decode_to_slice(text, &mut out).ok()?;
        (hex::encode(out) == text).then_some(Self(out))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A public key, and what its signatures are over.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyMaterial {
    /// Type 01: Ed25519 over the note's text. The key of a log.
    Ed25519([u8; 32]),
    /// Type 04: Ed25519 over a time and the note's text. The key of a witness.
    Ed25519Cosignature([u8; 32]),
    /// Type 06: ML-DSA-44 over a time and a checkpoint. Carried, never verified.
    MlDsa44Cosignature(Box<[u8; ML_DSA_44_KEY_SIZE]>),
}

impl KeyMaterial {
    /// The signature type's byte.
    pub fn type_byte(&self) -> u8 {
        match self {
            Self::Ed25519(_) => 0x01,
            Self::Ed25519Cosignature(_) => 0x04,
            Self::MlDsa44Cosignature(_) => 0x06,
        }
    }

    /// The public key's bytes, without the type.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) | Self::Ed25519Cosignature(key) => key,
            Self::MlDsa44Cosignature(key) => key.as_slice(),
        }
    }

    fn parse(name: &KeyName, type_byte: u8, key: &[u8]) -> Result<Self, KeyError> {
        let length = |expected| KeyError::Length { name: name.clone(), expected, found: key.len() };
        match type_byte {
            0x01 => key.try_into().map(Self::Ed25519).map_err(|_| length(32)),
            0x04 => key.try_into().map(Self::Ed25519Cosignature).map_err(|_| length(32)),
            0x06 => {
                key.to_vec().try_into().map(Self::MlDsa44Cosignature).map_err(|_| length(ML_DSA_44_KEY_SIZE))
            }
            found => Err(KeyError::Type { name: name.clone(), found }),
        }
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}:{}", self.type_byte(), hex::encode(self.as_bytes()))
    }
}

/// A named public key, written `NAME+ID+BASE64(type ‖ public key)`. Its id always fits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    material: KeyMaterial,
}

impl VerifierKey {
    /// The key of this name; its id is computed.
    pub fn new(name: KeyName, material: KeyMaterial) -> Self {
        let text = name.as_str().as_bytes();
        let digest = Digest::of_parts(&[text, b"\n", &[material.type_byte()], material.as_bytes()]);
        let [a, b, c, d, ..] = digest.0;
        Self { name, id: KeyId([a, b, c, d]), material }
    }

    /// The same type and public key under another name, and so with another id.
    ///
    /// A charter names the log's key for the domain; each room's checkpoints are signed under the
    /// room's origin.
    #[must_use]
    pub fn renamed(&self, name: KeyName) -> Self {
        Self::new(name, self.material.clone())
    }

    /// The name that its signatures bear.
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// The id that its signatures bear.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The type and the public key.
    pub fn material(&self) -> &KeyMaterial {
        &self.material
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base64 may hold `+`; names and ids may not.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Shape);
        };
        let name: KeyName = name.parse()?;
        let found = KeyId::from_hex(id).ok_or_else(|| KeyError::Id(id.to_owned()))?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| KeyError::Base64(name.clone()))?;
        let (type_byte, key) = bytes.split_first().ok_or_else(|| KeyError::Base64(name.clone()))?;
        let material = KeyMaterial::parse(&name, *type_byte, key)?;
        let parsed = Self::new(name, material);
        if parsed.id != found {
            return Err(KeyError::OtherId { name: parsed.name, expected: parsed.id, found });
        }
        Ok(parsed)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.material.type_byte()], self.material.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, BASE64_STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.name, self.id)
    }
}

/// A signer with a fixed seed, for vectors.
#[cfg(test)]
pub(crate) struct SeedSigner(ed25519_zebra::SigningKey);

#[cfg(test)]
impl SeedSigner {
    pub(crate) fn new(seed: u8) -> Self {
        Self([seed; 32].into())
    }

    pub(crate) fn log_key(&self, name: &str) -> VerifierKey {
        VerifierKey::new(name.parse().unwrap(), KeyMaterial::Ed25519(self.public_key()))
    }

    pub(crate) fn witness_key(&self, name: &str) -> VerifierKey {
        VerifierKey::new(name.parse().unwrap(), KeyMaterial::Ed25519Cosignature(self.public_key()))
    }
}

#[cfg(test)]
impl NoteSigner for SeedSigner {
    fn public_key(&self) -> [u8; 32] {
        ed25519_zebra::VerificationKey::from(&self.0).into()
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Published with the reference implementation of signed notes.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_published_verifier_key_reads_back_as_it_was_written() {
        let key: VerifierKey = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        assert_eq!((key.name().as_str(), key.id()), ("PeterNeumann", KeyId([0xc7, 0x4f, 0x20, 0xa3])));
        assert_eq!(key.material().type_byte(), 1);
    }

    #[test]
    fn keys_of_all_three_types_have_fixed_texts() {
        let signer = SeedSigner::new(1);
        assert_eq!(
            signer.log_key("kivu.example").to_string(),
            "kivu.example+bf497db1+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
        );
        assert_eq!(
            signer.witness_key("un/monitor-1").to_string(),
            "un/monitor-1+38026986+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
        );
        let material = KeyMaterial::MlDsa44Cosignature(Box::new([6; ML_DSA_44_KEY_SIZE]));
        let key = VerifierKey::new("un/monitor-1".parse().unwrap(), material);
        assert_eq!(key.id().to_string(), "8540980c");
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn a_renamed_key_has_the_same_material_and_its_own_id() {
        let key: VerifierKey = PETER.parse().unwrap();
        let other = key.renamed("kivu.example/room".parse().unwrap());
        assert_eq!(other.material(), key.material());
        assert_ne!(other.id(), key.id());
        assert_eq!(other.renamed("PeterNeumann".parse().unwrap()), key);
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        let name = || "PeterNeumann".parse::<KeyName>().unwrap();
        let key = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        assert_eq!(key("PeterNeumann"), KeyError::Shape);
        assert_eq!(key("PeterNeumann+c74f20a3"), KeyError::Shape);
        assert_eq!(key(&PETER.replace("Peter", "")[7..]), KeyError::Name(String::new()));
        assert_eq!(key(&PETER.replace("rN", "r\u{2003}N")), KeyError::Name("Peter\u{2003}Neumann".into()));
        assert_eq!(key(&PETER.replace("c74f", "C74F")), KeyError::Id("C74F20a3".into()));
        assert_eq!(
            key(&PETER.replace("c74f", "074f")),
            KeyError::OtherId {
                name: name(),
                expected: KeyId([0xc7, 0x4f, 0x20, 0xa3]),
                found: KeyId([0x07, 0x4f, 0x20, 0xa3]),
            }
        );
        assert_eq!(key(&PETER.replace("ARpc", "!Rpc")), KeyError::Base64(name()));
        assert_eq!(key("PeterNeumann+c74f20a3+"), KeyError::Base64(name()));
        assert_eq!(key(&PETER.replace("10TW", "10T=")), KeyError::Base64(name()));
        assert_eq!(key(&PETER.replace("ARpc", "AhpcAAAA")), KeyError::Type { name: name(), found: 2 });
        assert_eq!(
            key(&PETER[..PETER.len() - 4]),
            KeyError::Length { name: name(), expected: 32, found: 29 }
        );
        for name in ["", "a b", "a+b", "a\tb", "a\u{1}", "a\u{a0}b", "a\nb"] {
            assert_eq!(name.parse::<KeyName>(), Err(KeyError::Name(name.into())));
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_written_back_the_same(text in "[a-z/.é]{1,5}\\+[0-9a-f]{8}\\+A[Q-g][A-Za-z0-9+/]{42}|\\PC*") {
            if let Ok(key) = text.parse::<VerifierKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }

        #[test]
        fn every_key_reads_back(name in "[^\\s\\p{Cc}+]{1,20}", bytes: [u8; 32]) {
            let name: KeyName = name.parse().unwrap();
            for material in [KeyMaterial::Ed25519(bytes), KeyMaterial::Ed25519Cosignature(bytes)] {
                let key = VerifierKey::new(name.clone(), material);
                prop_assert_eq!(key.to_string().parse(), Ok(key));
            }
        }
    }
}
