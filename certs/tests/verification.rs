//! What rustls makes of the certificates and lists: the same verifiers as the server and client use.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{sync::Arc, thread, time::Duration};

use rcgen::{KeyPair, PublicKeyData};
use rustls::{
    CertificateError, Error as TlsError, RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::ring::default_provider,
    server::WebPkiClientVerifier,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime, pem::PemObject};
use tearline_certs::{Admitted, Authority, Error, Issued, Moment, Profile, Reason, Status, TlsKey};
use tearline_ledger::{digest::Digest, name::Domain};
use tempfile::TempDir;
use x509_parser::prelude::{GeneralName, parse_x509_certificate};

const DAY: i64 = 24 * 60 * 60;

fn authority() -> (TempDir, Authority) {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::init(&dir.path().join("authority"), &domain()).unwrap();
    (dir, authority)
}

fn domain() -> Domain {
    "kivu.example".parse().unwrap()
}

fn admitted(desk: &str) -> Admitted {
    let spki = KeyPair::generate().unwrap().subject_public_key_info();
    let name = format!("spiffe://kivu.example/party/{desk}").parse().unwrap();
    Admitted { name, tls_key: TlsKey::from_spki_der(&spki).unwrap() }
}

fn roots(authority: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).unwrap()).unwrap();
    Arc::new(roots)
}

/// What a server that has the authority's present list says of a client's certificate, and when.
fn as_client(authority: &Authority, issued: &Issued, after: i64) -> Result<(), CertificateError> {
    let crl = CertificateRevocationListDer::from_pem_slice(authority.crl_pem().unwrap().as_bytes()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority), default_provider().into())
        .with_crls([crl])
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).map(Result::unwrap).collect();
    assert_eq!((chain.len(), &chain[0]), (2, &issued.der));
    plain(verifier.verify_client_cert(&chain[0], &chain[1..], time(after)).map(|_| ()))
}

fn as_server(authority: &Authority, issued: &Issued, name: &str) -> Result<(), CertificateError> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots(authority), default_provider().into())
        .build()
        .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    plain(verifier.verify_server_cert(&issued.der, &[], &name, &[], time(0)).map(|_| ()))
}

fn plain(verdict: Result<(), TlsError>) -> Result<(), CertificateError> {
    verdict.map_err(|error| match error {
        TlsError::InvalidCertificate(error) => error,
        other => panic!("{other}"),
    })
}

fn time(after: i64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(Moment::now().plus(after).unix().unsigned_abs()))
}

#[test]
fn a_member_is_let_in_as_a_client_and_never_as_a_server() {
    let (_dir, authority) = authority();
    let issued = authority.issue(&admitted("drc/liaison")).unwrap();
    assert_eq!(as_client(&authority, &issued, 0), Ok(()));
    assert_eq!(as_client(&authority, &issued, -240), Ok(()), "a clock that is four minutes behind");
    assert!(as_server(&authority, &issued, "kivu.example").is_err());
}

#[test]
fn a_server_is_accepted_under_its_names_and_never_as_a_client() {
    let (_dir, authority) = authority();
    let server = authority.issue_server(&["localhost"], &["127.0.0.1".parse().unwrap()]).unwrap();
    for name in ["localhost", "127.0.0.1"] {
        assert_eq!(as_server(&authority, &server.certificate, name), Ok(()), "{name}");
    }
    assert!(as_server(&authority, &server.certificate, "elsewhere.example").is_err());
    assert!(as_client(&authority, &server.certificate, 0).is_err());
    let key = KeyPair::from_pem(&server.key_pem).unwrap();
    assert_eq!(key.subject_public_key_info(), server.certificate.entry.tls_key.spki_der());
}

#[test]
fn a_revoked_member_is_refused_and_the_others_are_not() {
    let (_dir, authority) = authority();
    let (one, other) = (admitted("drc/liaison"), admitted("rwanda/liaison"));
    let (lost, kept) = (authority.issue(&one).unwrap(), authority.issue(&other).unwrap());
    let revoked = authority.revoke("drc/liaison", Reason::KeyCompromise).unwrap();
    assert_eq!((revoked.len(), revoked[0].serial), (1, lost.entry.serial));
    assert_eq!(as_client(&authority, &lost, 0), Err(CertificateError::Revoked));
    assert_eq!(as_client(&authority, &kept, 0), Ok(()));
    assert!(matches!(authority.issue(&one), Err(Error::KeyCompromised(_))));
    assert!(matches!(authority.revoke("drc/liaison", Reason::Unspecified), Err(Error::NothingLive { .. })));
}

#[test]
fn certificates_and_lists_count_only_within_their_dates() {
    let (_dir, authority) = authority();
    let now = Moment::now();
    let past = Profile::between(now.plus(-2 * DAY), now.plus(-DAY)).unwrap();
    let future = Profile::between(now.plus(DAY), now.plus(2 * DAY)).unwrap();
    let expired = authority.issue_with(&admitted("drc/one"), past).unwrap();
    let early = authority.issue_with(&admitted("drc/two"), future).unwrap();
    let good = authority.issue(&admitted("drc/three")).unwrap();
    assert!(matches!(as_client(&authority, &expired, 0), Err(CertificateError::ExpiredContext { .. })));
    assert!(matches!(as_client(&authority, &early, 0), Err(CertificateError::NotValidYetContext { .. })));
    assert_eq!((expired.entry.status(now), early.entry.status(now)), (Status::Expired, Status::NotYetValid));

    let lapsed = authority.refresh_crl(Some(now.plus(-60))).unwrap();
    assert!(lapsed.next_update < now);
    assert!(matches!(
        as_client(&authority, &good, 0),
        Err(CertificateError::ExpiredRevocationListContext { .. })
    ));
    authority.refresh_crl(None).unwrap();
    assert_eq!(as_client(&authority, &good, 0), Ok(()));
    assert_eq!(as_client(&authority, &good, 6 * DAY), Ok(()));
    assert!(as_client(&authority, &good, 8 * DAY).is_err(), "the list lapses after seven days");
    authority.refresh_crl(Some(now.plus(100 * DAY))).unwrap();
    authority.revoke("drc/two", Reason::Superseded).unwrap();
    assert_eq!(as_client(&authority, &good, 89 * DAY), Ok(()), "a revocation does not shorten the list");
    assert!(as_client(&authority, &good, 91 * DAY).is_err());
}

#[test]
fn a_member_has_one_certificate_until_it_is_renewed_or_revoked() {
    let (_dir, authority) = authority();
    let member = admitted("drc/liaison");
    let first = authority.issue(&member).unwrap();
    assert!(matches!(authority.issue(&member), Err(Error::HasOne { .. })));
    let thief = Admitted { name: admitted("rwanda/liaison").name, ..member.clone() };
    assert!(matches!(authority.issue(&thief), Err(Error::KeyInUse { .. })));

    let second = authority.renew("drc/liaison", false).unwrap().certificate;
    assert_ne!(second.entry.serial, first.entry.serial);
    assert_eq!(second.entry.tls_key.sha256(), first.entry.tls_key.sha256());
    assert_eq!(as_client(&authority, &first, 0), Ok(()));
    let third = authority.renew(member.name.as_str(), true).unwrap();
    assert_eq!(third.revoked.len(), 2);
    assert_eq!(as_client(&authority, &first, 0), Err(CertificateError::Revoked));
    assert_eq!(as_client(&authority, &third.certificate, 0), Ok(()));

    authority.revoke(&third.certificate.entry.serial.to_string(), Reason::CessationOfOperation).unwrap();
    assert!(matches!(authority.renew("drc/liaison", false), Err(Error::NotRenewable { .. })));
    authority.issue(&member).unwrap();
}

#[test]
fn a_compromised_key_loses_all_its_certificates() {
    let (_dir, authority) = authority();
    let first = authority.issue(&admitted("drc/liaison")).unwrap();
    let second = authority.renew("drc/liaison", false).unwrap().certificate;
    let other = authority.issue(&admitted("drc/second")).unwrap();
    let serial = first.entry.serial.to_string();
    assert_eq!(authority.revoke(&serial, Reason::KeyCompromise).unwrap().len(), 2);
    assert_eq!(as_client(&authority, &second, 0), Err(CertificateError::Revoked));
    assert_eq!(as_client(&authority, &other, 0), Ok(()));
}

#[test]
fn two_servers_of_one_name_are_told_apart_by_serial() {
    let (_dir, authority) = authority();
    let one = authority.issue_server(&["localhost"], &[]).unwrap();
    let two = authority.issue_server(&["localhost"], &[]).unwrap();
    for refused in [
        authority.revoke("localhost", Reason::Superseded).unwrap_err(),
        authority.renew("localhost", false).unwrap_err(),
    ] {
        assert!(refused.to_string().contains(&two.certificate.entry.serial.to_string()), "{refused}");
    }
    authority.revoke(&one.certificate.entry.serial.to_string(), Reason::Superseded).unwrap();
    assert_eq!(
        authority.renew("localhost", false).unwrap().certificate.entry.tls_key,
        two.certificate.entry.tls_key
    );
}

#[test]
fn an_expired_certificate_can_be_renewed() {
    let (_dir, authority) = authority();
    let now = Moment::now();
    let past = Profile::between(now.plus(-2 * DAY), now.plus(-DAY)).unwrap();
    authority.issue_with(&admitted("drc/liaison"), past).unwrap();
    let renewed = authority.renew("drc/liaison", false).unwrap();
    assert_eq!(as_client(&authority, &renewed.certificate, 0), Ok(()));
}

#[test]
fn an_admission_is_certified_whole_or_not_at_all() {
    let (_dir, authority) = authority();
    let mut stranger = admitted("un/monitor");
    stranger.name = "spiffe://ituri.example/auditor/un/monitor".parse().unwrap();
    let refused = authority.issue_all(&[admitted("drc/liaison"), stranger]);
    assert!(matches!(refused, Err(Error::WrongDomain { .. })));
    assert!(authority.entries().unwrap().is_empty());
    assert_eq!(authority.issue_all(&[admitted("drc/liaison"), admitted("drc/second")]).unwrap().len(), 2);
}

#[test]
fn concurrent_commands_lose_no_entry() {
    let (dir, _authority) = authority();
    let path = dir.path().join("authority");
    thread::scope(|scope| {
        for thread in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for turn in 0..4 {
                    let authority = Authority::open(path).unwrap();
                    let desk = format!("drc/desk-{thread}-{turn}");
                    authority.issue(&admitted(&desk)).unwrap();
                    authority.revoke(&desk, Reason::Superseded).unwrap();
                }
            });
        }
    });
    let authority = Authority::open(&path).unwrap();
    let entries = authority.entries().unwrap();
    assert_eq!((entries.len(), entries.iter().filter(|entry| entry.revoked.is_some()).count()), (16, 16));
    let list = authority.crl_state().unwrap();
    assert_eq!((list.number, list.revoked), (17, 16));
}

#[test]
fn the_fields_are_those_of_the_specification() {
    let (_dir, authority) = authority();
    let member = admitted("drc/liaison");
    let issued = authority.issue(&member).unwrap();
    let (_, leaf) = parse_x509_certificate(&issued.der).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names, [GeneralName::URI("spiffe://kivu.example/party/drc/liaison")]);
    assert_eq!(leaf.subject().to_string(), "O=drc, CN=liaison");
    assert_eq!(Digest::of(leaf.public_key().raw), member.tls_key.sha256());
    assert_eq!(leaf.raw_serial(), issued.entry.serial.as_bytes());
    let usage = leaf.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any && usage.other.is_empty());
    assert!(!leaf.basic_constraints().unwrap().unwrap().value.ca);
    assert_eq!(leaf.key_usage().unwrap().unwrap().value.flags, 1);
    let validity = leaf.validity();
    assert_eq!(validity.not_after.timestamp() - validity.not_before.timestamp(), 90 * DAY + 300);

    let root = CertificateDer::from_pem_slice(authority.ca_pem().as_bytes()).unwrap();
    let (_, root) = parse_x509_certificate(&root).unwrap();
    let constraints = root.basic_constraints().unwrap().unwrap().value;
    assert_eq!((constraints.ca, constraints.path_len_constraint), (true, Some(0)));
    let usage = root.key_usage().unwrap().unwrap().value;
    assert_eq!((usage.key_cert_sign(), usage.crl_sign(), usage.digital_signature()), (true, true, false));
    assert!(root.name_constraints().unwrap().is_none() && root.extended_key_usage().unwrap().is_none());
    assert_eq!(Digest::of(root.public_key().raw), authority.ca_spki_sha256());
    assert_eq!(
        root.validity().not_after.timestamp() - root.validity().not_before.timestamp(),
        3650 * DAY + 300
    );
    assert_eq!(leaf.issuer(), root.subject());
}
