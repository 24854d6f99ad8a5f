//! Private keys: the authority's own, and those that it makes for servers.
//!
//! ECDSA P-256, which every TLS library verifies. On disk as PKCS#8 in PEM; in memory as ring's
//! key pair only, and every text of it is wiped.

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use rustls_pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

use crate::error::Error;

/// Characters in a line of PEM (RFC 7468).
const PEM_LINE: usize = 64;

pub(crate) struct SecretKey(EcdsaKeyPair);

impl SecretKey {
    /// A new key and its PEM.
    pub(crate) fn generate() -> Result<(Self, Zeroizing<String>), Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| Error::NoRandomness)?;
        let key = Self::from_pkcs8(document.as_ref()).ok_or(Error::NoRandomness)?;
        Ok((key, private_pem(document.as_ref())))
    }

    /// The key that this PEM holds; `None` if it is not one P-256 private key in PKCS#8.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        let (kind, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(pem).ok()?;
        let der = Zeroizing::new(der);
        (kind == SectionKind::PrivateKey).then(|| Self::from_pkcs8(&der)).flatten()
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &SystemRandom::new()).ok().map(Self)
    }
}

impl PublicKeyData for SecretKey {
    fn der_bytes(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for SecretKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature =
            self.0.sign(&SystemRandom::new(), message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn private_pem(der: &[u8]) -> Zeroizing<String> {
    let body = Zeroizing::new(STANDARD.encode(der));
    // Room for all from the start: a text that grows leaves copies of itself behind.
    let mut pem = Zeroizing::new(String::with_capacity(2 * body.len() + 128));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_pem() {
        let (key, pem) = SecretKey::generate().unwrap();
        assert_eq!(SecretKey::from_pem(pem.as_bytes()).unwrap().der_bytes(), key.der_bytes());
        assert!(rcgen::KeyPair::from_pem(&pem).is_ok());
        assert!(SecretKey::from_pem(&pem.as_bytes()[..100]).is_none());
    }

    #[test]
    fn pem_lines_have_64_characters() {
        let pem = private_pem(&[7; 60]);
        let expected = "-----BEGIN PRIVATE KEY-----\n\
            BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n\
            BwcHBwcHBwcHBwcHBwcHBw==\n\
            -----END PRIVATE KEY-----\n";
        assert_eq!(pem.as_str().len(), expected.len() - 8);
        let pem = private_pem(&[7; 64]);
        assert_eq!(pem.as_str(), expected);
    }
}
