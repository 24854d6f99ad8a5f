//! The revocation list on disk: signing it, reading it back, and noticing an index that is older.
//!
//! The index is written first and the list after it, each atomically. If the machine stops in
//! between, the list has the lower number, and the next change signs it anew.

use std::{fs, path::Path};

use rcgen::{
    CertificateRevocationList as Signed, CertificateRevocationListParams, Issuer, KeyIdMethod,
    RevokedCertParams, SerialNumber, SigningKey,
};
use rustls_pki_types::{CertificateRevocationListDer, pem::PemObject};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use crate::{
    entry::Serial,
    error::Error,
    files::{self, failed},
    index::{INDEX_FILE, Index},
    key::SecretKey,
    moment::Moment,
    profile::DAY,
};

/// The list's file in the authority's folder.
pub(crate) const CRL_FILE: &str = "crl.pem";
/// Servers refuse everyone when their list is older than it says: long enough to be signed weekly.
const STANDARD_DAYS: i64 = 7;
/// Revoked certificates stay listed this long after their own end, for servers whose clocks are behind.
const KEEP_DAYS: i64 = 30;
const REMEDY: &str = "Move it away and run `tearline-certs crl`, which signs it anew";

/// The number and dates of a revocation list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrlState {
    /// Its number; each list has a higher one than the last.
    pub number: u64,
    /// When it was signed.
    pub this_update: Moment,
    /// When servers stop accepting it.
    pub next_update: Moment,
    /// How many certificates it revokes.
    pub revoked: usize,
}

pub(crate) struct Read {
    pub(crate) state: CrlState,
    serials: Vec<Vec<u8>>,
}

/// Seven days from `now`.
pub(crate) fn standard_end(now: Moment) -> Moment {
    now.plus(STANDARD_DAYS * DAY)
}

/// Seven days from `now`, or when the present list ends if that is later: an operator who signs
/// lists for a month must not be surprised by a shorter one.
pub(crate) fn usual_end(dir: &Path, now: Moment) -> Moment {
    let present = read(dir).map(|list| list.state.next_update).ok();
    present.unwrap_or(now).max(standard_end(now))
}

/// Signs the list of all that `index` has as revoked, and puts it in the old one's place.
pub(crate) fn write(
    dir: &Path,
    issuer: &Issuer<'static, SecretKey>,
    index: &Index,
    now: Moment,
    next_update: Moment,
) -> Result<CrlState, Error> {
    // A list that has lapsed already, which tests ask for, was signed before it lapsed.
    let this_update = if next_update > now { now } else { next_update.plus(-STANDARD_DAYS * DAY) };
    let revoked_certs = revoked(index, now);
    let state = CrlState { number: index.crl_number, this_update, next_update, revoked: revoked_certs.len() };
    let list = sign(issuer, state, revoked_certs)?;
    files::replace(&dir.join(CRL_FILE), list.pem()?.as_bytes(), files::PUBLIC)?;
    Ok(state)
}

fn revoked(index: &Index, now: Moment) -> Vec<RevokedCertParams> {
    let kept = index.entries.iter().filter(|entry| entry.not_after.plus(KEEP_DAYS * DAY) >= now);
    kept.filter_map(|entry| {
        let revoked = entry.revoked?;
        Some(RevokedCertParams {
            serial_number: SerialNumber::from_slice(entry.serial.as_bytes()),
            revocation_time: revoked.at.to_time(),
            reason_code: Some(revoked.reason.code()),
            invalidity_date: None,
        })
    })
    .collect()
}

fn sign<S: SigningKey>(
    issuer: &Issuer<'_, S>,
    state: CrlState,
    revoked_certs: Vec<RevokedCertParams>,
) -> Result<Signed, Error> {
    let list = CertificateRevocationListParams {
        this_update: state.this_update.to_time(),
        next_update: state.next_update.to_time(),
        crl_number: SerialNumber::from(state.number),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(issuer)?)
}

/// The newest list as text.
pub(crate) fn read_pem(dir: &Path) -> Result<String, Error> {
    let path = dir.join(CRL_FILE);
    fs::read_to_string(&path).map_err(|source| failed("read", &path, source))
}

/// The newest list, read back.
pub(crate) fn read(dir: &Path) -> Result<Read, Error> {
    let pem = read_pem(dir)?;
    parse(&pem).ok_or_else(|| Error::Damaged {
        path: dir.join(CRL_FILE),
        what: "it is not a revocation list of this authority".to_owned(),
        remedy: REMEDY,
    })
}

/// Whether the list on disk is the one that `index` speaks of.
///
/// `false` if it is older or not there: it should be signed again. An index that is older than the
/// list is an error.
pub(crate) fn is_current(dir: &Path, index: &Index) -> Result<bool, Error> {
    if !dir.join(CRL_FILE).exists() {
        return Ok(false);
    }
    let list = read(dir)?;
    let behind = |what: String| Err(Error::IndexBehind { path: dir.join(INDEX_FILE), what });
    if list.state.number > index.crl_number {
        return behind(format!("list {}, index {}", list.state.number, index.crl_number));
    }
    let is_revoked = |serial: &[u8]| {
        index.entries.iter().any(|entry| entry.revoked.is_some() && entry.serial.as_bytes() == serial)
    };
    match list.serials.iter().find(|serial| !is_revoked(serial)) {
        Some(serial) => behind(format!("the list revokes {}", hex::encode(serial))),
        None => Ok(list.state.number == index.crl_number),
    }
}

fn parse(pem: &str) -> Option<Read> {
    let der = CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (rest, list) = CertificateRevocationList::from_der(&der).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let number = list.crl_number()?.try_into().ok()?;
    let serials: Vec<Vec<u8>> =
        list.iter_revoked_certificates().map(|revoked| revoked.user_certificate.to_bytes_be()).collect();
    if serials.iter().any(|serial| Serial::from_slice(serial).is_none()) {
        return None;
    }
    let state = CrlState {
        number,
        this_update: Moment::at(list.last_update().timestamp()),
        next_update: Moment::at(list.next_update()?.timestamp()),
        revoked: serials.len(),
    };
    Some(Read { state, serials })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::{Entry, Reason, Revoked},
        profile::tests::{Fixed, authority_params, vector},
        tls_key::TlsKey,
    };
    use rcgen::PublicKeyData;

    fn index() -> Index {
        let entry = |serial: &str, revoked| Entry {
            serial: serial.parse().unwrap(),
            subject: crate::Subject::Member("spiffe://kivu.example/party/drc/liaison".parse().unwrap()),
            tls_key: TlsKey::from_spki_der(&Fixed.subject_public_key_info()).unwrap(),
            not_before: "2026-11-23T14:02:00Z".parse().unwrap(),
            not_after: "2027-02-21T14:07:00Z".parse().unwrap(),
            revoked,
        };
        let at = "2026-12-01T00:00:00Z".parse().unwrap();
        let revoked = |reason| Some(Revoked { at, reason });
        let entries = vec![
            entry("4102030405060708090a0b0c0d0e0f10", revoked(Reason::KeyCompromise)),
            entry("4202030405060708090a0b0c0d0e0f10", None),
            entry("4302030405060708090a0b0c0d0e0f10", revoked(Reason::Unspecified)),
        ];
        Index { crl_number: 300, entries }
    }

    #[test]
    fn a_list_is_these_bytes_and_reads_back() {
        let now: Moment = "2026-12-01T00:00:00Z".parse().unwrap();
        let state = CrlState { number: 300, this_update: now, next_update: standard_end(now), revoked: 2 };
        let list = sign(&Issuer::new(authority_params(), Fixed), state, revoked(&index(), now)).unwrap();
        assert_eq!(hex::encode(list.der()), vector(include_str!("../vectors/crl.hex")));
        let read = parse(&list.pem().unwrap()).unwrap();
        assert_eq!((read.state, read.serials.len()), (state, 2));
    }

    #[test]
    fn a_certificate_leaves_the_list_a_month_after_its_own_end() {
        let end: Moment = "2027-02-21T14:07:00Z".parse().unwrap();
        assert_eq!(revoked(&index(), end.plus(30 * DAY)).len(), 2);
        assert_eq!(revoked(&index(), end.plus(30 * DAY + 1)).len(), 0);
    }
}
