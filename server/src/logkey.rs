//! The log's private key: signs every checkpoint.
//!
//! The file is the encoded signer of C2SP signed notes, `PRIVATE+KEY+NAME+hex8+base64(01 ‖ seed)`, below
//! comment lines that start with `#`. Specification: `docs/spec.md`, section 5.5. This file refuses to
//! know what is signed.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_zebra::{SigningKey, VerificationKeyBytes};
use ring::rand::{SecureRandom as _, SystemRandom};
use tearline_ledger::{digest::Digest, name::Domain};
use zeroize::Zeroizing;

use crate::private_file::{self, PrivateFileError};

/// Signed notes' type of Ed25519 keys.
const ED25519: u8 = 1;
const PREFIX: &str = "PRIVATE+KEY+";

/// Why there is no log key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogKeyError {
    /// The file cannot be read or made.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file holds something else. Its content is not shown.
    #[error("{}: is not a log key ({what}): restore it from its backup; a new key needs a new charter of every room", .path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is not as it should be.
        what: &'static str,
    },
    /// The key is another instance's.
    #[error("{}: is the log key of `{found}`, not of `{}`: set `log_key` to this instance's", .path.display(), .wanted.as_str())]
    Domain {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: Domain,
    },
    /// The system has no randomness.
    #[error("the system gives no randomness: nothing was made")]
    Randomness,
}

/// The log's Ed25519 key. Wiped when dropped; boxed, so that moving it leaves no copy.
pub struct LogKey {
    domain: Domain,
    key: Box<Zeroizing<SigningKey>>,
}

impl LogKey {
    /// A new random key.
    pub fn generate(domain: &Domain) -> Result<Self, LogKeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(seed.as_mut_slice()).map_err(|_| LogKeyError::Randomness)?;
        Ok(Self::from_seed(domain, &seed))
    }

    /// The key in this file, which must be readable by its owner only and belong to `domain`.
    pub fn load(path: &Path, domain: &Domain) -> Result<Self, LogKeyError> {
        let bytes = private_file::read(path)?;
        let format = |what| LogKeyError::Format { path: path.to_owned(), what };
        let text = str::from_utf8(&bytes).map_err(|_| format("it is not text"))?;
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(format("it does not hold one key"));
        };
        let rest = line.strip_prefix(PREFIX).ok_or_else(|| format("no PRIVATE+KEY line"))?;
        let (name, rest) = rest.split_once('+').ok_or_else(|| format("no name"))?;
        let (id, encoded) = rest.split_once('+').ok_or_else(|| format("no key id"))?;
        if name != domain.as_str() {
            return Err(LogKeyError::Domain {
                path: path.to_owned(),
                found: name.escape_debug().to_string(),
                wanted: domain.clone(),
            });
        }
        let mut data = Zeroizing::new([0; 36]);
        let length =
            BASE64.decode_slice(encoded, data.as_mut_slice()).map_err(|_| format("its base64 is damaged"))?;
        let Some((&[ED25519], seed)) = data.get(..length).and_then(|data| data.split_first_chunk::<1>())
        else {
            return Err(format("it is not an Ed25519 key"));
        };
        let Ok(seed) = <&[u8; 32]>::try_from(seed) else {
            return Err(format("it does not have 32 bytes"));
        };
        let key = Self::from_seed(domain, seed);
        if key.key_id() == id { Ok(key) } else { Err(format("its key id is not that of the key")) }
    }

    /// Writes the key to a new file, mode 0600, durably. Refuses if there is a file already.
    pub fn create(&self, path: &Path) -> Result<(), LogKeyError> {
        let mut data = Zeroizing::new([ED25519; 33]);
        if let Some(place) = data.get_mut(1..) {
            place.copy_from_slice(self.key.as_bytes());
        }
        let encoded = Zeroizing::new(BASE64.encode(data.as_slice()));
        let domain = self.domain.as_str();
        let text = Zeroizing::new(format!(
            "# The private log key of {domain}. Whoever has it can sign checkpoints in this server's name.\n\
             # Keep an offline copy: without it every room needs a new charter.\n\
             {PREFIX}{domain}+{}+{}\n",
            self.key_id(),
            encoded.as_str(),
        ));
        Ok(private_file::create(path, text.as_bytes())?)
    }

    /// The instance whose log it signs.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The public key.
    pub fn public_key(&self) -> [u8; 32] {
        VerificationKeyBytes::from(&**self.key).into()
    }

    /// The verifier key that charters name: `DOMAIN+hex8+base64(01 ‖ public key)`.
    pub fn verifier_key(&self) -> String {
        let mut data = vec![ED25519];
        data.extend_from_slice(&self.public_key());
        format!("{}+{}+{}", self.domain.as_str(), self.key_id(), BASE64.encode(data))
    }

    /// The Ed25519 signature of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).into()
    }

    fn from_seed(domain: &Domain, seed: &[u8; 32]) -> Self {
        Self { domain: domain.clone(), key: Box::new(Zeroizing::new(SigningKey::from_bytes(seed))) }
    }

    /// The first four bytes of SHA-256(NAME ‖ 0x0A ‖ type ‖ public key), in hexadecimal.
    fn key_id(&self) -> String {
        let digest =
            Digest::of_parts(&[self.domain.as_str().as_bytes(), b"\n", &[ED25519], &self.public_key()]);
        hex::encode(digest.as_bytes().first_chunk::<4>().unwrap_or(&[0; 4]))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogKey").field(&self.verifier_key()).finish()
    }
}

impl tearline_ledger::note::NoteSigner for LogKey {
    fn public_key(&self) -> [u8; 32] {
        Self::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        Self::sign(self, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [7; 32];

    fn domain() -> Domain {
        "kivu.example".parse().unwrap()
    }

    fn saved(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("log.key");
        let _ = std::fs::remove_file(&path);
        private_file::create(&path, text.as_bytes()).unwrap();
        path
    }

    /// Pinned: a key file written today must be read in ten years, and charters name these bytes.
    #[test]
    fn file_and_verifier_key_are_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let key = LogKey::from_seed(&domain(), &SEED);
        assert_eq!(key.verifier_key(), "kivu.example+080c96d0+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs");
        key.create(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|line| !line.starts_with('#')).unwrap();
        assert_eq!(line, "PRIVATE+KEY+kivu.example+080c96d0+AQcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH");
        let read = LogKey::load(&path, &domain()).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        assert_eq!(read.sign(b"x"), key.sign(b"x"));
    }

    #[test]
    fn signatures_verify_under_the_public_key() {
        let key = LogKey::generate(&domain()).unwrap();
        let public = ed25519_zebra::VerificationKey::try_from(key.public_key()).unwrap();
        public.verify(&key.sign(b"checkpoint").into(), b"checkpoint").unwrap();
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        LogKey::from_seed(&domain(), &SEED).create(&path).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(LogKey::generate(&domain()).unwrap().create(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_damaged_key_is_refused_without_being_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("good.key");
        LogKey::from_seed(&domain(), &SEED).create(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let line = text.lines().last().unwrap();
        for bad in [
            String::new(),
            format!("{line}\n{line}\n"),
            line.replace("PRIVATE", "PUBLIC"),
            line.replace("+AQ", "+Ag"),
            line.replace("BwcH", "CAgI"),
            line.replace("BwcHBwcH", ""),
            line.replace("BwcH", "Bwc!"),
        ] {
            let error = LogKey::load(&saved(folder.path(), &bad), &domain()).unwrap_err().to_string();
            assert!(error.contains("log.key: is not a log key"), "{error}");
            assert!(!error.contains("Bwc"), "{error}");
        }
        let other = "other.example".parse().unwrap();
        let error = LogKey::load(&saved(folder.path(), &text), &other).unwrap_err().to_string();
        assert!(error.contains("kivu.example") && error.contains("other.example"), "{error}");
    }

    #[test]
    fn debug_shows_the_public_key_only() {
        let key = LogKey::from_seed(&domain(), &SEED);
        assert_eq!(format!("{key:?}"), format!("LogKey({:?})", key.verifier_key()));
    }
}
