//! What stands in each certificate: names, uses, dates.
//!
//! Pure: fills in the encoder's parameters and signs nothing. Members' certificates have exactly
//! one name, the SPIFFE id, and serve clients only; servers' serve servers only (`docs/spec.md`,
//! annex C).

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType, SerialNumber,
};
use tearline_ledger::{
    digest::Digest,
    name::{Domain, MemberName},
};

use crate::{entry::Serial, error::Error, moment::Moment, subject::ServerNames, subject::Subject};

pub(crate) const DAY: i64 = 24 * 60 * 60;
/// Clocks of desks may be behind by this much.
const SKEW: i64 = 5 * 60;
/// Short enough that a forgotten certificate ends by itself; long enough for a desk in the field.
const HOLDER_DAYS: i64 = 90;
/// Ten years, leap days aside: longer than a mediation, so that it need not be replaced during one.
const AUTHORITY_DAYS: i64 = 3650;
/// The most characters of an organisation's or common name (RFC 5280, appendix A).
const NAME_MAX: usize = 64;

/// The dates of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    pub(crate) not_before: Moment,
    pub(crate) not_after: Moment,
}

impl Profile {
    /// From five minutes ago, for 90 days: what every certificate gets unless something else is asked.
    pub fn standard(now: Moment) -> Self {
        Self { not_before: now.plus(-SKEW), not_after: now.plus(HOLDER_DAYS * DAY) }
    }

    /// Other dates, for tests and special cases: a visit of a week, a certificate that has expired.
    pub fn between(not_before: Moment, not_after: Moment) -> Result<Self, Error> {
        if not_after <= not_before {
            return Err(Error::Dates { from: not_before, until: not_after });
        }
        Ok(Self { not_before, not_after })
    }

    pub(crate) fn authority(now: Moment) -> Self {
        Self { not_before: now.plus(-SKEW), not_after: now.plus(AUTHORITY_DAYS * DAY) }
    }
}

/// The authority's own certificate. Signs certificates and revocation lists, no further authorities.
///
/// Its one name is the trust domain, as SPIFFE has it. There are no name constraints: webpki
/// refuses those on URIs. Part of the key's digest is in the subject, so that two authorities of
/// one domain are not taken for each other.
pub(crate) fn authority(
    domain: &Domain,
    key: &Digest,
    serial: Serial,
    dates: Profile,
) -> Result<CertificateParams, Error> {
    let short: String = key.to_hex().chars().take(16).collect();
    let mut params = common(serial, dates);
    params.distinguished_name = subject(domain.as_str(), &format!("Tearline authority {short}"));
    params.subject_alt_names = vec![SanType::URI(trust_domain(domain).try_into()?)];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    Ok(params)
}

/// The URI of a whole domain: the name of its authority.
pub(crate) fn trust_domain(domain: &Domain) -> String {
    format!("spiffe://{}", domain.as_str())
}

/// The certificate of a member or a server.
pub(crate) fn holder(holder: &Subject, serial: Serial, dates: Profile) -> Result<CertificateParams, Error> {
    match holder {
        Subject::Member(name) => member(name, serial, dates),
        Subject::Server(names) => server(names, serial, dates),
    }
}

fn member(name: &MemberName, serial: Serial, dates: Profile) -> Result<CertificateParams, Error> {
    let (org, member) = name.desk().split_once('/').unwrap_or((name.desk(), ""));
    let mut params = common(serial, dates);
    params.distinguished_name = subject(org, member);
    params.subject_alt_names = vec![SanType::URI(name.as_str().to_owned().try_into()?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn server(names: &ServerNames, serial: Serial, dates: Profile) -> Result<CertificateParams, Error> {
    let mut params = common(serial, dates);
    let first = names.texts().next().unwrap_or_default();
    params.distinguished_name = subject("", &first);
    for name in names.dns() {
        params.subject_alt_names.push(SanType::DnsName(name.clone().try_into()?));
    }
    params.subject_alt_names.extend(names.ips().iter().copied().map(SanType::IpAddress));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn common(serial: Serial, dates: Profile) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(serial.as_bytes()));
    params.not_before = dates.not_before.to_time();
    params.not_after = dates.not_after.to_time();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// For the eyes of people only: nothing decides by it. A part that is too long is left out.
fn subject(organisation: &str, name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    for (kind, text) in [(DnType::OrganizationName, organisation), (DnType::CommonName, name)] {
        if (1..=NAME_MAX).contains(&text.len()) {
            subject.push(kind, text);
        }
    }
    subject
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::tls_key::TlsKey;
    use rcgen::{Issuer, PKCS_ED25519, PublicKeyData, SignatureAlgorithm, SigningKey};

    /// An authority whose signature is always the same, so that whole certificates are.
    pub(crate) struct Fixed;

    impl PublicKeyData for Fixed {
        fn der_bytes(&self) -> &[u8] {
            &[9; 32]
        }
        fn algorithm(&self) -> &'static SignatureAlgorithm {
            &PKCS_ED25519
        }
    }

    impl SigningKey for Fixed {
        fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
            Ok(vec![0xee; 64])
        }
    }

    fn serial() -> Serial {
        "4102030405060708090a0b0c0d0e0f10".parse().unwrap()
    }

    fn dates() -> Profile {
        Profile::standard("2026-11-23T14:07:00Z".parse().unwrap())
    }

    pub(crate) fn authority_params() -> CertificateParams {
        let key = Digest::of(&Fixed.subject_public_key_info());
        authority(&"kivu.example".parse().unwrap(), &key, serial(), dates()).unwrap()
    }

    fn signed(subject: &Subject) -> String {
        let mut spki = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        spki.extend([7; 32]);
        let issuer = Issuer::new(authority_params(), Fixed);
        let params = holder(subject, serial(), dates()).unwrap();
        hex::encode(params.signed_by(&TlsKey::from_spki_der(&spki).unwrap(), &issuer).unwrap().der())
    }

    pub(crate) fn vector(lines: &str) -> String {
        lines.split_whitespace().collect()
    }

    #[test]
    fn a_members_certificate_is_these_bytes() {
        let member = Subject::Member("spiffe://kivu.example/party/drc/liaison".parse().unwrap());
        assert_eq!(signed(&member), vector(include_str!("../vectors/member.hex")));
    }

    #[test]
    fn a_servers_certificate_is_these_bytes() {
        let names = ServerNames::new(&["localhost"], &["127.0.0.1".parse().unwrap()]).unwrap();
        assert_eq!(signed(&Subject::Server(names)), vector(include_str!("../vectors/server.hex")));
    }

    #[test]
    fn the_authoritys_certificate_is_these_bytes() {
        let der = authority_params().self_signed(&Fixed).unwrap();
        assert_eq!(hex::encode(der.der()), vector(include_str!("../vectors/authority.hex")));
    }

    #[test]
    fn dates_run_forward() {
        let now = Moment::now();
        assert!(Profile::between(now, now).is_err());
        assert!(Profile::between(now, now.plus(1)).is_ok());
    }
}
