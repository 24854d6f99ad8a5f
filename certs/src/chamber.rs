//! The chamber that an authority serves: whose signatures an admission must carry.
//!
//! Fixed by the first admission, which founds the chamber, and moved on only by its own mediators.
//! Kept in `chamber.json`, replaced as a whole. Knows nothing of certificates (`docs/spec.md`,
//! sections 4 and 10).

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};
use tearline_ledger::{
    admission::Admission,
    charter::Charter,
    digest::Digest,
    id::{Identity, RoomId},
    keys::KeyId,
    name::MemberName,
    statement::{Act, Signed},
};

use crate::{
    error::Error,
    files::{self, failed},
};

/// The file in the authority's folder.
pub(crate) const CHAMBER_FILE: &str = "chamber.json";
/// The first field of the document, so that another tool's file is not taken for it.
const FORMAT: &str = "tearline-certs chamber 1";
/// What to do when the document is damaged or gone.
pub(crate) const REMEDY: &str = "Restore it from a backup; do not edit it";

/// Why an admission is not one of this authority's chamber. Its maker is at fault, or the operator has
/// the wrong file; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChamberError {
    /// The first admission does not found a chamber.
    #[error(
        "this authority knows no chamber yet, and this admission founds none. \
         Issue the admission that founds the chamber first: it fixes whose signatures count"
    )]
    NotFounding,
    /// A charter names another certificate authority.
    #[error(
        "the charter of room {room} names the certificate authority {named}, and this one is {own}. \
         Use the authority's folder that it means, or have the mediators name this one"
    )]
    OtherAuthority {
        /// The room.
        room: RoomId,
        /// Whom the charter names.
        named: Digest,
        /// This authority.
        own: Digest,
    },
    /// A second chamber.
    #[error(
        "this admission founds the chamber {found}, but this authority serves the chamber {known}. \
         An authority serves one chamber: make another with `tearline-certs init`"
    )]
    OtherChamber {
        /// As founded.
        found: RoomId,
        /// As kept.
        known: RoomId,
    },
    /// Too few signatures of the mediators that this authority knows.
    #[error(
        "the charter of room {room} has {have} of {need} signatures of the mediators of the chamber as this \
         authority knows them (charter {epoch}). If the mediators have changed since, issue the admission that \
         changed them first; if not, ask a mediator by telephone: this may be a forgery"
    )]
    TooFew {
        /// The room.
        room: RoomId,
        /// How many it has.
        have: usize,
        /// How many it needs.
        need: u32,
        /// Of the chamber's charter that this authority goes by.
        epoch: u64,
    },
    /// An older charter of the chamber than the one that this authority goes by.
    #[error(
        "this admission holds the chamber's charter {found}, and this authority goes by charter {known} already. \
         Have the admission made again"
    )]
    Older {
        /// As found.
        found: u64,
        /// As kept.
        known: u64,
    },
    /// Two charters of the chamber with one epoch.
    #[error(
        "this admission holds another charter {epoch} of the chamber than the one that this authority goes by. \
         There can be only one: show both admissions to an auditor"
    )]
    Contradicts {
        /// Of both.
        epoch: u64,
    },
}

/// The chamber, as the newest of its charters that this authority has seen has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chamber {
    room: RoomId,
    epoch: u64,
    charter: Identity,
    quorum: u32,
    mediators: Vec<(MemberName, KeyId)>,
}

impl Chamber {
    /// The chamber's room id.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Of the charter that this authority goes by: 1 for the founding.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// How many mediators must have signed each charter of an admission.
    pub fn quorum(&self) -> u32 {
        self.quorum
    }

    /// The mediators, with the ids of their signing keys.
    pub fn mediators(&self) -> impl Iterator<Item = (&MemberName, KeyId)> {
        self.mediators.iter().map(|(name, key)| (name, *key))
    }

    /// The chamber that the authority in `dir` serves; `None` before the first admission.
    pub(crate) fn load(dir: &Path) -> Result<Option<Self>, Error> {
        let path = dir.join(CHAMBER_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("read", &path, source)),
        };
        Self::parse(&text).map(Some).map_err(|what| Error::Damaged { path, what, remedy: REMEDY })
    }

    /// Makes this the chamber of the authority in `dir`, durably.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), Error> {
        files::replace(&dir.join(CHAMBER_FILE), self.to_json().as_bytes(), files::PRIVATE)
    }

    /// The chamber after this admission, every signature of which verifies and whose charters have their own
    /// quorum. `known` is the chamber before it, `own` the authority's fingerprint.
    pub(crate) fn after(
        known: Option<&Self>,
        admission: &Admission,
        own: Digest,
    ) -> Result<Self, ChamberError> {
        for (room, charter) in admission.charters() {
            let named = charter.service.authority;
            if named != own {
                return Err(ChamberError::OtherAuthority { room, named, own });
            }
        }
        let founded = admission.statements().iter().find_map(Self::founded);
        let before = match (known, founded) {
            (Some(known), Some(founded)) if founded.room != known.room => {
                return Err(ChamberError::OtherChamber { found: founded.room, known: known.room });
            }
            (Some(known), _) => known.clone(),
            (None, Some(founded)) => founded,
            (None, None) => return Err(ChamberError::NotFounding),
        };
        for signed in admission.statements() {
            before.require_quorum(signed)?;
        }
        match admission.statements().iter().find(|signed| signed.room() == before.room).and_then(Self::of) {
            None => Ok(before),
            Some(next) if next.epoch < before.epoch => {
                Err(ChamberError::Older { found: next.epoch, known: before.epoch })
            }
            Some(next) if next.epoch == before.epoch && next.charter != before.charter => {
                Err(ChamberError::Contradicts { epoch: next.epoch })
            }
            Some(next) => Ok(next),
        }
    }

    fn require_quorum(&self, signed: &Signed) -> Result<(), ChamberError> {
        // Key ids are distinct within an envelope, and each is the hash of the key that verified.
        let known = |key_id| self.mediators.iter().any(|(_, key)| *key == key_id);
        let have = signed.envelope.signatures().iter().filter(|signature| known(signature.key_id)).count();
        if usize::try_from(self.quorum).is_ok_and(|need| have >= need) {
            return Ok(());
        }
        let (room, need, epoch) = (signed.room(), self.quorum, self.epoch);
        Err(ChamberError::TooFew { room, have, need, epoch })
    }

    fn founded(signed: &Signed) -> Option<Self> {
        let founding = charter(signed)?.founding.as_ref()?;
        if founding.name.is_chamber() { Self::of(signed) } else { None }
    }

    fn of(signed: &Signed) -> Option<Self> {
        let charter = charter(signed)?;
        let mediators = charter.mediators().map(|member| (member.name.clone(), member.sign_key.key_id()));
        Some(Self {
            room: signed.room(),
            epoch: charter.epoch,
            charter: signed.identity(),
            quorum: charter.quorum,
            mediators: mediators.collect(),
        })
    }

    fn parse(text: &[u8]) -> Result<Self, String> {
        let document: Document = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if document.format != FORMAT {
            return Err(format!("its format is `{}`, not `{FORMAT}`", document.format.escape_debug()));
        }
        let digest = |text: &str| {
            Digest::from_hex(text)
                .ok_or_else(|| format!("`{}` is not 64 hexadecimal digits", text.escape_debug()))
        };
        let mediators = document
            .mediators
            .iter()
            .map(|row| {
                let name: MemberName =
                    row.member.parse().map_err(|error| format!("it has a wrong name: {error}"))?;
                Ok((name, KeyId(digest(&row.sign_key_id)?)))
            })
            .collect::<Result<Vec<_>, String>>()?;
        if !mediators.iter().zip(mediators.iter().skip(1)).all(|((a, _), (b, _))| a < b) {
            return Err("its mediators are not in ascending order".to_owned());
        }
        let quorum = usize::try_from(document.quorum).map_err(|error| error.to_string())?;
        if !(1..=mediators.len()).contains(&quorum) {
            return Err("its quorum is not one of its mediators".to_owned());
        }
        Ok(Self {
            room: RoomId(digest(&document.room)?),
            epoch: document.epoch,
            charter: Identity(digest(&document.charter)?),
            quorum: document.quorum,
            mediators,
        })
    }

    fn to_json(&self) -> String {
        let document = Document {
            format: FORMAT.to_owned(),
            room: self.room.to_string(),
            epoch: self.epoch,
            charter: self.charter.to_string(),
            quorum: self.quorum,
            mediators: self
                .mediators
                .iter()
                .map(|(name, key)| Row { member: name.to_string(), sign_key_id: key.to_string() })
                .collect(),
        };
        // Strings and numbers only: there is nothing that the encoder could refuse.
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn charter(signed: &Signed) -> Option<&Charter> {
    match &signed.statement.act {
        Act::Charter(charter) => Some(charter),
        _ => None,
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    room: String,
    epoch: u64,
    charter: String,
    quorum: u32,
    mediators: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    member: String,
    sign_key_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIXED: &str = r#"{
  "format": "tearline-certs chamber 1",
  "room": "ROOM",
  "epoch": 3,
  "charter": "CHARTER",
  "quorum": 2,
  "mediators": [
    {
      "member": "spiffe://kivu.example/mediator/us/kinshasa",
      "sign_key_id": "28bee28acfd508887370f5bd997abeabb3957b97309b7a5e41177002bc5289bc"
    },
    {
      "member": "spiffe://kivu.example/mediator/us/washington",
      "sign_key_id": "38bee28acfd508887370f5bd997abeabb3957b97309b7a5e41177002bc5289bc"
    }
  ]
}
"#;

    fn fixed() -> String {
        FIXED.replace("ROOM", &"0a".repeat(32)).replace("CHARTER", &"0b".repeat(32))
    }

    #[test]
    fn the_document_is_this_text() {
        let chamber = Chamber::parse(fixed().as_bytes()).unwrap();
        assert_eq!(chamber.to_json(), fixed());
        assert_eq!((chamber.epoch(), chamber.quorum(), chamber.mediators().count()), (3, 2, 2));
        assert_eq!(chamber.room(), RoomId(Digest([10; 32])));
    }

    #[test]
    fn every_shorter_document_is_refused() {
        let text = fixed();
        for cut in 0..text.trim_end().len() {
            assert!(Chamber::parse(&text.as_bytes()[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn wrong_fields_are_named() {
        for (from, to, said) in [
            ("chamber 1", "chamber 9", "format"),
            ("\"epoch\"", "\"age\"", "unknown field"),
            ("0a0a", "0A0a", "64 hexadecimal digits"),
            ("mediator/us/kin", "king/us/kin", "wrong name"),
            ("us/kinshasa", "us/zinshasa", "ascending"),
            ("\"quorum\": 2", "\"quorum\": 3", "quorum"),
            ("\"quorum\": 2", "\"quorum\": 0", "quorum"),
        ] {
            let error = Chamber::parse(fixed().replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.contains(said), "{to}: {error}");
        }
    }
}
