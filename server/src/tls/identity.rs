//! Who is at the other end: the member that a verified certificate names.
//!
//! A certificate says who somebody is, never what they may do: that follows from the charter of each
//! room. Specification: `docs/spec.md`, annex C.

use std::{sync::Arc, time::SystemTime};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime};
use tearline_ledger::{
    digest::Digest,
    name::{Domain, MemberName, NameError},
};
use webpki::EndEntityCert;

use crate::tls::der;

/// Why a certificate of the right authority names no member. The fault is the authority's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// It cannot be read.
    #[error("the certificate cannot be read: have it issued anew")]
    Unreadable,
    /// It has none or several names, or one that is not a URI.
    #[error(
        "the certificate has {0} alternative names: it must have exactly one, which is a URI; have it issued anew"
    )]
    Names(usize),
    /// Its name is no member's.
    #[error("{0}; have the certificate issued anew")]
    Name(#[from] NameError),
    /// It is a member of another instance.
    #[error("{0} is not a member of {domain}: connect to the server of its own instance", domain = .1.as_str())]
    Domain(MemberName, Domain),
}

impl IdentityError {
    /// The verifier's own reason within rustls's error, which does not show it to people.
    pub(super) fn within(error: &Error) -> Option<Self> {
        match error {
            Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
                inner.downcast_ref::<Self>().cloned()
            }
            _ => None,
        }
    }
}

/// A member, as its certificate shows it. Only from a verified certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Its name.
    pub name: MemberName,
    /// SHA-256 of its public key (SubjectPublicKeyInfo, DER), as charters hold it.
    pub tls_key_sha256: Digest,
    /// The certificate's serial number: the bytes of its DER integer.
    pub serial: Vec<u8>,
    /// When the certificate expires.
    pub not_after: SystemTime,
}

impl Peer {
    /// The member that this certificate names. The caller has verified it.
    pub fn from_verified(leaf: &CertificateDer<'_>, domain: &Domain) -> Result<Self, IdentityError> {
        let (certificate, fields) = read(leaf)?;
        let Claimed { name, tls_key_sha256 } = Claimed::of(&certificate, &fields, domain)?;
        let serial = certificate.serial().to_vec();
        Ok(Self { name, tls_key_sha256, serial, not_after: fields.not_after })
    }
}

/// What anybody can write into a certificate: nobody has verified it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Whom it names.
    pub name: MemberName,
    /// SHA-256 of its public key (SubjectPublicKeyInfo, DER).
    pub tls_key_sha256: Digest,
}

impl Claimed {
    /// The member of this instance that the certificate names.
    pub fn read(leaf: &CertificateDer<'_>, domain: &Domain) -> Result<Self, IdentityError> {
        let (certificate, fields) = read(leaf)?;
        Self::of(&certificate, &fields, domain)
    }

    fn of(
        certificate: &EndEntityCert<'_>,
        fields: &der::Certificate,
        domain: &Domain,
    ) -> Result<Self, IdentityError> {
        let mut names = certificate.valid_uri_names();
        let (Some(name), None, &[der::URI]) = (names.next(), names.next(), fields.name_kinds.as_slice())
        else {
            return Err(IdentityError::Names(fields.name_kinds.len()));
        };
        let name: MemberName = name.parse()?;
        if name.domain() != domain {
            return Err(IdentityError::Domain(name, domain.clone()));
        }
        Ok(Self { name, tls_key_sha256: Digest::of(&certificate.subject_public_key_info()) })
    }
}

fn read<'a>(leaf: &'a CertificateDer<'_>) -> Result<(EndEntityCert<'a>, der::Certificate), IdentityError> {
    let certificate = EndEntityCert::try_from(leaf).map_err(|_| IdentityError::Unreadable)?;
    let fields = der::Certificate::read(leaf).ok_or(IdentityError::Unreadable)?;
    Ok((certificate, fields))
}

/// Verifies as webpki does, and then that the certificate names a member of this instance, so that one
/// who is nobody is refused within the handshake.
#[derive(Debug)]
pub(super) struct MemberVerifier {
    pub(super) chain: Arc<dyn ClientCertVerifier>,
    pub(super) domain: Domain,
}

impl ClientCertVerifier for MemberVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.chain.verify_client_cert(end_entity, intermediates, now)?;
        Peer::from_verified(end_entity, &self.domain)
            .map(|_| verified)
            .map_err(|error| CertificateError::Other(OtherError(Arc::new(error))).into())
    }

    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        true
    }

    /// None: strangers learn no names.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Never: no configuration has TLS 1.2.
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken here: use TLS 1.3".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PublicKeyData as _, SanType, SerialNumber};

    use super::*;

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    fn peer(names: Vec<SanType>) -> Result<Peer, IdentityError> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        let certificate = params.self_signed(&key).unwrap();
        Peer::from_verified(certificate.der(), &"kivu.example".parse().unwrap())
    }

    #[test]
    fn a_peer_has_the_name_key_serial_and_expiry_of_its_certificate() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![uri("spiffe://kivu.example/party/drc/liaison")];
        params.serial_number = Some(SerialNumber::from_slice(&[0x81, 2, 3]));
        params.not_after = rcgen::date_time_ymd(2030, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        let peer = Peer::from_verified(certificate.der(), &"kivu.example".parse().unwrap()).unwrap();
        assert_eq!(peer.name.desk(), "drc/liaison");
        assert_eq!(peer.tls_key_sha256, Digest::of(&key.subject_public_key_info()));
        assert_eq!(peer.serial, [0, 0x81, 2, 3], "as in DER: with the zero that keeps it positive");
        let seconds = peer.not_after.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        assert_eq!(seconds, 1_893_456_000);
    }

    #[test]
    fn anything_but_one_uri_name_is_refused() {
        let good = || uri("spiffe://kivu.example/party/drc/liaison");
        let dns = || SanType::DnsName("kivu.example".try_into().unwrap());
        let mail = || SanType::Rfc822Name("a@kivu.example".try_into().unwrap());
        for (names, count) in [
            (vec![], 0),
            (vec![good(), good()], 2),
            (vec![good(), uri("spiffe://kivu.example/party/rwanda/liaison")], 2),
            (vec![good(), dns()], 2),
            (vec![mail(), good()], 2),
            (vec![good(), SanType::IpAddress([127, 0, 0, 1].into())], 2),
            (vec![dns()], 1),
        ] {
            assert_eq!(peer(names), Err(IdentityError::Names(count)));
        }
    }

    #[test]
    fn a_name_in_any_other_spelling_is_refused() {
        for name in [
            "spiffe://kivu.example/party/drc/..",
            "spiffe://kivu.example/party/drc/../us/kinshasa",
            "spiffe://kivu.example/party/DRC/liaison",
            "spiffe://KIVU.example/party/drc/liaison",
            "spiffe://kivu.example/party/drc/liaison/",
            "spiffe://kivu.example/party/drc/l%69aison",
            "spiffe://kivu.example/king/drc/liaison",
            "https://kivu.example/party/drc/liaison",
        ] {
            assert!(matches!(peer(vec![uri(name)]), Err(IdentityError::Name(_))), "{name}");
        }
        let other = peer(vec![uri("spiffe://other.example/party/drc/liaison")]);
        assert!(matches!(other, Err(IdentityError::Domain(..))));
    }
}
