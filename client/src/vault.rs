//! A desk's private keys, in one file that a passphrase encrypts.
//!
//! The file is age's, with scrypt; other programs for age open it too. Keys are wiped from memory and
//! never shown. What the keys are used for is not known here.

use std::{fmt, path::Path, sync::Arc};

use age::{scrypt, secrecy::SecretString};
use bytes::Bytes;
use rcgen::{KeyPair, PublicKeyData as _};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tearline_ledger::{
    card::{Card, CardError, SignedCard},
    digest::Digest,
    keys::{GenerateError, KeyError, NoRandomness, SealingKey, SigningKey},
    name::MemberName,
};
use zeroize::Zeroizing;

use crate::{
    durable::{self, FileError},
    passphrase::Passphrase,
};

/// scrypt's log2 N for vaults: about a second and 256 MiB.
pub const WORK_FACTOR: u8 = 18;
/// The least work factor: for tests and demonstrations.
pub const WORK_FACTOR_MIN: u8 = 10;
/// The most that is tried: 4 GiB of memory.
pub const WORK_FACTOR_MAX: u8 = 22;
const FILE_MAX: u64 = 64 * 1024;
const FIRST_LINE: &str = "tearline keys v1";

/// Why a vault cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The passphrase does not open it.
    #[error("the passphrase is wrong: the keys stay closed; try again")]
    WrongPassphrase,
    /// The file is not encrypted as vaults are.
    #[error("the file is not a vault of keys, or it is damaged: {0}; restore it from a copy")]
    NotAVault(String),
    /// Nobody makes vaults that cost so much to open.
    #[error(
        "the vault asks for a work factor of {0}, more than {WORK_FACTOR_MAX}: it was not made by this program"
    )]
    ExcessiveWork(u8),
    /// The caller asked for a factor out of bounds.
    #[error("the work factor {0} is not between {WORK_FACTOR_MIN} and {WORK_FACTOR_MAX}")]
    WorkFactor(u8),
    /// The vault opens, but not to keys.
    #[error("the vault opens, but its {0} is damaged: restore it from a copy")]
    Contents(&'static str),
    /// A key in it is not acceptable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No key could be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The certificate's key could not be made or read.
    #[error("the certificate's key: {0}")]
    Tls(#[from] rcgen::Error),
    /// The card of these keys could not be made.
    #[error(transparent)]
    Card(#[from] CardError),
}

/// A desk's private keys, opened; wiped when dropped.
#[derive(Clone)]
pub struct Vault(Arc<Keys>);

struct Keys {
    sign: SigningKey,
    seal: SealingKey,
    tls: Zeroizing<Vec<u8>>,
    tls_public: Bytes,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl Vault {
    /// Fresh random keys.
    pub fn generate() -> Result<Self, VaultError> {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
        let tls = Zeroizing::new(pair.serialize_der());
        Self::of(SigningKey::generate()?, SealingKey::generate()?, tls)
    }

    /// The keys of two seeds and a P-256 key (PKCS#8, DER).
    fn of(sign: SigningKey, seal: SealingKey, tls: Zeroizing<Vec<u8>>) -> Result<Self, VaultError> {
        let der = PrivatePkcs8KeyDer::from(tls.as_slice());
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ECDSA_P256_SHA256)?;
        let tls_public = pair.subject_public_key_info().into();
        Ok(Self(Arc::new(Keys { sign, seal, tls, tls_public })))
    }

    #[cfg(test)]
    pub(crate) fn sample(sign: SigningKey, seal: SealingKey) -> Self {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        Self::of(sign, seal, Zeroizing::new(pair.serialize_der())).unwrap()
    }

    /// Writes the keys into a file that is not there yet, encrypted under `passphrase`.
    pub fn create(&self, path: &Path, passphrase: &Passphrase, work_factor: u8) -> Result<(), VaultError> {
        Ok(durable::create(path, &self.encrypt(passphrase, work_factor)?)?)
    }

    /// Writes the keys in the place of the vault that is there, under another passphrase.
    pub fn change(&self, path: &Path, passphrase: &Passphrase, work_factor: u8) -> Result<(), VaultError> {
        Ok(durable::replace(path, &self.encrypt(passphrase, work_factor)?)?)
    }

    /// Opens a vault.
    pub fn open(path: &Path, passphrase: &Passphrase) -> Result<Self, VaultError> {
        durable::require_private(path)?;
        let mut identity = scrypt::Identity::new(secret(passphrase));
        identity.set_max_work_factor(WORK_FACTOR_MAX);
        let plain = age::decrypt(&identity, &durable::read(path, FILE_MAX)?).map_err(decrypt_error)?;
        Self::parse(&Zeroizing::new(plain))
    }

    /// Signs statements and cards.
    pub fn sign_key(&self) -> &SigningKey {
        &self.0.sign
    }

    /// Opens wraps.
    pub fn seal_key(&self) -> &SealingKey {
        &self.0.seal
    }

    /// The private key of the certificate, for a connection.
    pub fn tls_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.tls.to_vec()))
    }

    /// The public key of the certificate (SPKI, DER).
    pub fn tls_public(&self) -> &Bytes {
        &self.0.tls_public
    }

    /// The card of these keys, signed. An auditor's has no sealing key.
    pub fn new_card(&self, name: &MemberName, custodian: bool) -> Result<SignedCard, VaultError> {
        let card = Card {
            name: name.clone(),
            custodian,
            sign_key: self.0.sign.public(),
            seal_key: name.role().reads_content().then(|| self.0.seal.public().clone()),
            tls_key: Digest::of(&self.0.tls_public),
        };
        Ok(SignedCard::issue(card, self.0.tls_public.clone(), &self.0.sign)?)
    }

    fn encrypt(&self, passphrase: &Passphrase, work_factor: u8) -> Result<Vec<u8>, VaultError> {
        if !(WORK_FACTOR_MIN..=WORK_FACTOR_MAX).contains(&work_factor) {
            return Err(VaultError::WorkFactor(work_factor));
        }
        let mut recipient = scrypt::Recipient::new(secret(passphrase));
        recipient.set_work_factor(work_factor);
        age::encrypt(&recipient, self.to_text().as_bytes())
            .map_err(|error| VaultError::NotAVault(error.to_string()))
    }

    fn to_text(&self) -> Zeroizing<String> {
        // Large enough from the start: a text that grew would leave copies of itself behind.
        let mut text = Zeroizing::new(String::with_capacity(1024 + 2 * self.0.tls.len()));
        text.push_str(FIRST_LINE);
        let keys = &self.0;
        let lines = [("sign", &*keys.sign.seed() as &[u8]), ("seal", &*keys.seal.seed()), ("tls", &keys.tls)];
        for (label, secret) in lines {
            text.push('\n');
            text.push_str(label);
            text.push(' ');
            text.push_str(&Zeroizing::new(hex::encode(secret)));
        }
        text.push('\n');
        text
    }

    fn parse(plain: &[u8]) -> Result<Self, VaultError> {
        let text = std::str::from_utf8(plain).map_err(|_| VaultError::Contents("text"))?;
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(VaultError::Contents("first line"));
        }
        let mut value = |label: &'static str| {
            let line = lines.next().and_then(|line| line.strip_prefix(label)?.strip_prefix(' '));
            let bytes = line.and_then(|digits| hex::decode(digits).ok());
            bytes.map(Zeroizing::new).ok_or(VaultError::Contents(label))
        };
        let sign = SigningKey::from_seed(&*seed("sign", &value("sign")?)?);
        let seal = SealingKey::from_seed(&*seed("seal", &value("seal")?)?)?;
        let tls = value("tls")?;
        match lines.next() {
            None => Self::of(sign, seal, tls),
            Some(_) => Err(VaultError::Contents("end")),
        }
    }
}

fn seed(label: &'static str, bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, VaultError> {
    bytes.try_into().map(Zeroizing::new).map_err(|_| VaultError::Contents(label))
}

fn secret(passphrase: &Passphrase) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

fn decrypt_error(error: age::DecryptError) -> VaultError {
    match error {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            VaultError::WrongPassphrase
        }
        age::DecryptError::ExcessiveWork { required, .. } => VaultError::ExcessiveWork(required),
        other => VaultError::NotAVault(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    #[test]
    fn keys_come_back_from_the_vault_as_they_went_in() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.age");
        let vault = Vault::generate().unwrap();
        vault.create(&path, &passphrase("one"), WORK_FACTOR_MIN).unwrap();
        let again = Vault::open(&path, &passphrase("one")).unwrap();
        assert_eq!(*again.to_text(), *vault.to_text());
        assert_eq!(again.tls_public(), vault.tls_public());
        vault.change(&path, &passphrase("two"), WORK_FACTOR_MIN).unwrap();
        assert!(matches!(Vault::open(&path, &passphrase("one")), Err(VaultError::WrongPassphrase)));
        Vault::open(&path, &passphrase("two")).unwrap();
    }

    #[test]
    fn a_vault_is_never_overwritten_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.age");
        let vault = Vault::generate().unwrap();
        vault.create(&path, &passphrase("one"), WORK_FACTOR_MIN).unwrap();
        let refused = vault.create(&path, &passphrase("one"), WORK_FACTOR_MIN);
        assert!(matches!(refused, Err(VaultError::File(FileError::Exists(_)))));
    }

    #[test]
    fn a_file_that_is_no_vault_is_told_from_a_wrong_passphrase() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.age");
        durable::create(&path, b"-----BEGIN something-----").unwrap();
        assert!(matches!(Vault::open(&path, &passphrase("one")), Err(VaultError::NotAVault(_))));
        let vault = Vault::generate().unwrap();
        let mut bytes = vault.encrypt(&passphrase("one"), WORK_FACTOR_MIN).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        durable::replace(&path, &bytes).unwrap();
        assert!(matches!(Vault::open(&path, &passphrase("one")), Err(VaultError::NotAVault(_))));
        assert!(matches!(vault.encrypt(&passphrase("one"), 9), Err(VaultError::WorkFactor(9))));
    }

    #[test]
    fn the_text_in_a_vault_does_not_change() {
        let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let tls = Zeroizing::new(pair.serialize_der());
        let sign = SigningKey::from_seed(&[1; 32]);
        let seal = SealingKey::from_seed(&[2; 32]).unwrap();
        let vault = Vault::of(sign, seal, tls.clone()).unwrap();
        let (ones, twos) = ("01".repeat(32), "02".repeat(32));
        let text = format!("tearline keys v1\nsign {ones}\nseal {twos}\ntls {}\n", hex::encode(&tls));
        assert_eq!(*vault.to_text(), text);
        for bad in [text.replace("seal ", "seal"), text.replace("sign 01", "sign "), format!("{text}x\n")] {
            assert!(matches!(Vault::parse(bad.as_bytes()), Err(VaultError::Contents(_))), "{bad}");
        }
    }

    #[test]
    fn a_card_is_signed_and_an_auditors_has_no_sealing_key() {
        let vault = Vault::generate().unwrap();
        let card = |name: &str| vault.new_card(&name.parse().unwrap(), false).unwrap();
        assert!(card("spiffe://kivu.example/party/drc/liaison").card().seal_key.is_some());
        let auditor = card("spiffe://kivu.example/auditor/un/monitor-1");
        assert!(auditor.card().seal_key.is_none());
        assert_eq!(SignedCard::from_text(&auditor.to_text()).unwrap(), auditor);
        assert_eq!(format!("{vault:?}"), "Vault(..)");
    }
}
