//! One certificate in the books: its serial, holder, key, dates and what became of it.
//!
//! Pure facts; where they are kept is `index`'s matter, how they are signed `profile`'s.

use std::{fmt, str::FromStr};

use rcgen::RevocationReason;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::{error::Error, moment::Moment, subject::Subject, tls_key::TlsKey};

/// The record of a certificate that the authority signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its serial number.
    pub serial: Serial,
    /// Whom it names.
    pub subject: Subject,
    /// The holder's public key.
    pub tls_key: TlsKey,
    /// Its first second.
    pub not_before: Moment,
    /// Its last second.
    pub not_after: Moment,
    /// Whether, when and why it was revoked.
    pub revoked: Option<Revoked>,
}

impl Entry {
    /// What it is worth at `now`.
    pub fn status(&self, now: Moment) -> Status {
        if self.revoked.is_some() {
            Status::Revoked
        } else if now > self.not_after {
            Status::Expired
        } else if now < self.not_before {
            Status::NotYetValid
        } else {
            Status::Valid
        }
    }

    /// Whether it opens a connection at `now`, or will later.
    pub fn is_live(&self, now: Moment) -> bool {
        matches!(self.status(now), Status::Valid | Status::NotYetValid)
    }

    /// Whether it names a member.
    pub(crate) fn is_members(&self) -> bool {
        matches!(self.subject, Subject::Member(_))
    }

    /// What became of it, as the end of a sentence.
    pub(crate) fn fate(&self) -> String {
        match &self.revoked {
            Some(revoked) => format!("was revoked at {} ({})", revoked.at, revoked.reason),
            None => format!("ends at {}", self.not_after),
        }
    }
}

/// What a certificate is worth at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its first second is still to come.
    NotYetValid,
    /// Good.
    Valid,
    /// Its last second is past.
    Expired,
    /// On the revocation list.
    Revoked,
}

impl Status {
    /// One or two words, hyphenated.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYetValid => "not-yet-valid",
            Self::Valid => "valid",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revoked {
    /// When.
    pub at: Moment,
    /// Why.
    pub reason: Reason,
}

/// Why a certificate is revoked (RFC 5280, section 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Not said.
    Unspecified,
    /// The private key is, or may be, in other hands. Revokes every certificate of that key and
    /// bars it from new ones.
    KeyCompromise,
    /// The member left, or changed its organisation or role.
    AffiliationChanged,
    /// Another certificate has taken its place.
    Superseded,
    /// The desk or server is no more.
    CessationOfOperation,
    /// The holder's right was taken away.
    PrivilegeWithdrawn,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// The text, as on the command line and in the index.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
        }
    }

    pub(crate) fn code(self) -> RevocationReason {
        match self {
            Self::Unspecified => RevocationReason::Unspecified,
            Self::KeyCompromise => RevocationReason::KeyCompromise,
            Self::AffiliationChanged => RevocationReason::AffiliationChanged,
            Self::Superseded => RevocationReason::Superseded,
            Self::CessationOfOperation => RevocationReason::CessationOfOperation,
            Self::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A serial number: 16 random bytes, positive, without a leading zero.
///
/// The first two bits are fixed (01), so that DER, the index and the revocation list all have the
/// same 16 bytes; 126 are random.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial([u8; 16]);

impl Serial {
    pub(crate) fn random() -> Result<Self, Error> {
        let mut bytes = [0; 16];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        let [first, ..] = &mut bytes;
        *first = (*first & 0x3f) | 0x40;
        Ok(Self(bytes))
    }

    /// The serial that these bytes are, as DER has them; `None` if this authority makes no such.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let bytes: [u8; 16] = bytes.try_into().ok()?;
        let [first, ..] = bytes;
        (first & 0xc0 == 0x40).then_some(Self(bytes))
    }

    /// The 16 bytes, most significant first.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a serial of this authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a serial number: it has 32 hexadecimal digits", .0.escape_debug())]
pub struct SerialError(String);

impl FromStr for Serial {
    type Err = SerialError;
    /// Upper or lower case, with or without the colons that other tools write.
    fn from_str(text: &str) -> Result<Self, SerialError> {
        hex::decode(text.replace(':', ""))
            .ok()
            .and_then(|bytes| Self::from_slice(&bytes))
            .ok_or_else(|| SerialError(text.to_owned()))
    }
}

impl TryFrom<String> for Serial {
    type Error = SerialError;
    fn try_from(text: String) -> Result<Self, SerialError> {
        text.parse()
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_positive_and_16_bytes_long() {
        for _ in 0..1000 {
            let serial = Serial::random().unwrap();
            assert_eq!(Serial::from_slice(serial.as_bytes()), Some(serial));
            assert_eq!(serial.to_string().parse(), Ok(serial));
        }
        let text = "41:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10";
        assert_eq!(text.parse::<Serial>().unwrap().to_string(), "4102030405060708090a0b0c0d0e0f10");
        for wrong in ["", "00", "0102030405060708090a0b0c0d0e0f10", "8102030405060708090a0b0c0d0e0f10"] {
            assert!(wrong.parse::<Serial>().is_err(), "{wrong}");
        }
    }
}
