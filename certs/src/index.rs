//! The books: every certificate that was ever signed, and the number of the newest revocation list.
//!
//! One JSON document, `index.json`, replaced as a whole: a damaged one cannot pass for a shorter
//! one. Knows nothing of keys that sign.

use std::{fs, net::IpAddr, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    entry::{Entry, Revoked, Serial},
    error::Error,
    files::{self, failed},
    moment::Moment,
    subject::{ServerNames, Subject},
    tls_key::TlsKey,
};

/// The index's file in the authority's folder.
pub(crate) const INDEX_FILE: &str = "index.json";
/// The first field of the document, so that another tool's file is not taken for it.
const FORMAT: &str = "tearline-certs index 1";
const REMEDY: &str = "Restore it from a backup; do not edit it";

/// All certificates, in the order in which they were signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    /// The number of the newest revocation list; the first is 1.
    pub(crate) crl_number: u64,
    pub(crate) entries: Vec<Entry>,
}

impl Index {
    /// Reads the index of the authority in `dir`.
    pub(crate) fn load(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(INDEX_FILE);
        let text = fs::read(&path).map_err(|source| failed("read", &path, source))?;
        Self::parse(&text).map_err(|what| Error::Damaged { path, what, remedy: REMEDY })
    }

    /// Makes this the index of the authority in `dir`, durably.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), Error> {
        files::replace(&dir.join(INDEX_FILE), self.to_json().as_bytes(), files::PRIVATE)
    }

    /// The one holder and key that `text` means: those of its certificates that `fit`, all of one
    /// key. `None` if it is known but nothing fits.
    pub(crate) fn find(&self, text: &str, fit: impl Fn(&Entry) -> bool) -> Result<Found<'_>, Error> {
        let serial: Option<Serial> = text.parse().ok();
        let known: Vec<&Entry> = match serial {
            Some(serial) => self.entries.iter().filter(|entry| entry.serial == serial).collect(),
            None => self.entries.iter().filter(|entry| entry.subject.answers_to(text)).collect(),
        };
        let newest = *known
            .iter()
            .max_by_key(|entry| entry.not_after)
            .ok_or_else(|| Error::Unknown(text.to_owned()))?;
        let fitting: Vec<&Entry> = known.into_iter().filter(|entry| fit(entry)).collect();
        if let Some(first) = fitting.first()
            && fitting
                .iter()
                .any(|entry| (&entry.subject, &entry.tls_key) != (&first.subject, &first.tls_key))
        {
            let found = fitting.into_iter().cloned().collect();
            return Err(Error::Ambiguous { text: text.to_owned(), found });
        }
        Ok(Found { newest, fitting })
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if document.format != FORMAT {
            return Err(format!("its format is `{}`, not `{FORMAT}`", document.format.escape_debug()));
        }
        let entries = document
            .certificates
            .into_iter()
            .map(|row| {
                let serial = row.serial;
                Entry::try_from(row).map_err(|what| format!("certificate {serial} {what}"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut serials: Vec<Serial> = entries.iter().map(|entry| entry.serial).collect();
        serials.sort_unstable();
        serials.dedup();
        if serials.len() != entries.len() {
            return Err("a serial number is there twice".to_owned());
        }
        Ok(Self { crl_number: document.crl_number, entries })
    }

    fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.to_owned(),
            crl_number: self.crl_number,
            certificates: self.entries.iter().map(Row::from).collect(),
        };
        // Strings and numbers only: there is nothing that the encoder could refuse.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// What `find` found.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    /// The certificate with the latest end, whether it fits or not.
    pub(crate) newest: &'a Entry,
    /// Those that fit, oldest first: all of one holder and one key.
    pub(crate) fitting: Vec<&'a Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    crl_number: u64,
    certificates: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    serial: Serial,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<Server>,
    tls_key: String,
    tls_key_sha256: String,
    not_before: Moment,
    not_after: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked: Option<Revoked>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    names: Vec<String>,
    ips: Vec<IpAddr>,
}

impl From<&Entry> for Row {
    fn from(entry: &Entry) -> Self {
        let (member, server) = match &entry.subject {
            Subject::Member(name) => (Some(name.to_string()), None),
            Subject::Server(names) => {
                (None, Some(Server { names: names.dns().to_vec(), ips: names.ips().to_vec() }))
            }
        };
        Self {
            serial: entry.serial,
            member,
            server,
            tls_key: hex::encode(entry.tls_key.spki_der()),
            tls_key_sha256: entry.tls_key.sha256().to_hex(),
            not_before: entry.not_before,
            not_after: entry.not_after,
            revoked: entry.revoked,
        }
    }
}

impl TryFrom<Row> for Entry {
    type Error = String;
    fn try_from(row: Row) -> Result<Self, String> {
        let subject = match (row.member, row.server) {
            (Some(name), None) => {
                Subject::Member(name.parse().map_err(|error| format!("has a wrong name: {error}"))?)
            }
            (None, Some(server)) => Subject::Server(
                ServerNames::new(&server.names, &server.ips)
                    .map_err(|error| format!("has a wrong name: {error}"))?,
            ),
            _ => return Err("is neither a member's nor a server's".to_owned()),
        };
        let tls_key = hex::decode(&row.tls_key)
            .ok()
            .and_then(|spki| TlsKey::from_spki_der(&spki).ok())
            .filter(|key| key.sha256().to_hex() == row.tls_key_sha256)
            .ok_or("has a key that is not the one of its digest")?;
        if row.not_after <= row.not_before {
            return Err("ends before it begins".to_owned());
        }
        let Row { serial, not_before, not_after, revoked, .. } = row;
        Ok(Self { serial, subject, tls_key, not_before, not_after, revoked })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: &str = r#"{
  "format": "tearline-certs index 1",
  "crl_number": 2,
  "certificates": [
    {
      "serial": "4102030405060708090a0b0c0d0e0f10",
      "member": "spiffe://kivu.example/party/drc/liaison",
      "tls_key": "302a300506032b65700321000707070707070707070707070707070707070707070707070707070707070707",
      "tls_key_sha256": "DIGEST",
      "not_before": "2026-11-23T14:02:00Z",
      "not_after": "2027-02-21T14:07:00Z",
      "revoked": {
        "at": "2026-12-01T00:00:00Z",
        "reason": "key-compromise"
      }
    },
    {
      "serial": "4202030405060708090a0b0c0d0e0f10",
      "server": {
        "names": [
          "localhost"
        ],
        "ips": [
          "127.0.0.1",
          "::1"
        ]
      },
      "tls_key": "302a300506032b65700321000707070707070707070707070707070707070707070707070707070707070707",
      "tls_key_sha256": "DIGEST",
      "not_before": "2026-11-23T14:02:00Z",
      "not_after": "2027-02-21T14:07:00Z"
    }
  ]
}
"#;

    fn fixed() -> String {
        FIXED.replace("DIGEST", "5d2d7a2942537f03ce7c388afb54861fbcf87f4854b9c0dacb6db3a81704dea3")
    }

    #[test]
    fn the_document_is_this_text() {
        let index = Index::parse(fixed().as_bytes()).unwrap();
        assert_eq!(index.to_json(), fixed());
        assert_eq!((index.crl_number, index.entries.len()), (2, 2));
        assert_eq!(index.entries[1].subject.to_string(), "localhost,127.0.0.1,::1");
    }

    #[test]
    fn every_shorter_document_is_refused() {
        let text = fixed();
        let end = text.trim_end().len();
        for cut in 0..end {
            assert!(Index::parse(&text.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        for (from, to, said) in [
            ("index 1", "index 9", "format"),
            ("\"crl_number\"", "\"crl\"", "unknown field"),
            ("party/drc", "king/drc", "4102030405060708090a0b0c0d0e0f10 has a wrong name"),
            ("\"member\"", "\"memb\"", "unknown field"),
            ("00070707", "00080707", "not the one of its digest"),
            ("2027-02-21", "2025-02-21", "ends before it begins"),
            ("4202", "4102", "twice"),
            ("\"localhost\"", "\"*\"", "wrong name"),
        ] {
            let error = Index::parse(fixed().replace(from, to).as_bytes()).unwrap_err();
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    #[test]
    fn a_text_that_could_mean_two_holders_is_refused() {
        let mut index = Index::parse(fixed().as_bytes()).unwrap();
        assert_eq!(index.find("drc/liaison", |_| true).unwrap().fitting.len(), 1);
        assert!(index.find("localhost", |entry| entry.revoked.is_some()).unwrap().fitting.is_empty());
        assert!(matches!(index.find("rwanda/x", |_| true), Err(Error::Unknown(_))));
        let mut other = index.entries[0].clone();
        other.serial = Serial::random().unwrap();
        other.subject = Subject::Member("spiffe://kivu.example/auditor/drc/liaison".parse().unwrap());
        index.entries.push(other);
        assert!(matches!(index.find("drc/liaison", |_| true), Err(Error::Ambiguous { .. })));
    }
}
