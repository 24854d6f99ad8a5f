//! The few fields of certificates and revocation lists that `rustls-webpki` verifies but does not show.
//!
//! Only for bytes that webpki has parsed already. This file refuses to judge: it reads, and answers
//! `None` for anything that is not DER. Specification: RFC 5280.

use std::time::{Duration, SystemTime};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// A general name that is a URI.
pub(super) const URI: u8 = 0x86;
/// 2.5.29.17, subjectAltName.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// What a certificate says of its time and its names.
pub(super) struct Certificate {
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    /// The tag of each of its alternative names, in order, as in [`URI`].
    pub(super) name_kinds: Vec<u8>,
}

impl Certificate {
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut fields = Reader(Reader(der).expect(SEQUENCE)?).inside(SEQUENCE)?;
        fields.expect(VERSION)?;
        fields.expect(INTEGER)?; // serial
        fields.expect(SEQUENCE)?; // algorithm
        fields.expect(SEQUENCE)?; // issuer
        let mut validity = fields.inside(SEQUENCE)?;
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let mut name_kinds = Vec::new();
        while !fields.is_empty() {
            let (tag, value, _) = fields.next()?;
            if tag == EXTENSIONS {
                let mut extensions = Reader(value).inside(SEQUENCE)?;
                while !extensions.is_empty() {
                    name_kinds.extend(alternative_names(extensions.inside(SEQUENCE)?)?);
                }
            }
        }
        Some(Self { not_before, not_after, name_kinds })
    }
}

fn alternative_names(mut extension: Reader<'_>) -> Option<Vec<u8>> {
    let mut kinds = Vec::new();
    if extension.expect(OBJECT_ID)? != ALTERNATIVE_NAMES {
        return Some(kinds);
    }
    while !extension.is_empty() {
        let (tag, value, _) = extension.next()?; // maybe a flag "critical" before the value
        if tag == OCTET_STRING {
            let mut names = Reader(value).inside(SEQUENCE)?;
            while !names.is_empty() {
                kinds.push(names.next()?.0);
            }
        }
    }
    Some(kinds)
}

/// A revocation list: what was signed, how, until when.
pub(super) struct RevocationList<'a> {
    pub(super) signed: &'a [u8],
    /// The content of the algorithm's identifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) next_update: SystemTime,
}

impl<'a> RevocationList<'a> {
    pub(super) fn read(der: &'a [u8]) -> Option<Self> {
        let mut outer = Reader(der).inside(SEQUENCE)?;
        let (SEQUENCE, list, signed) = outer.next()? else { return None };
        let algorithm = outer.expect(SEQUENCE)?;
        let (&0, signature) = outer.expect(BIT_STRING)?.split_first()? else { return None };
        let mut fields = Reader(list);
        fields.expect(INTEGER)?; // version
        fields.expect(SEQUENCE)?; // algorithm
        fields.expect(SEQUENCE)?; // issuer
        fields.time()?; // this update
        let next_update = fields.time()?;
        Some(Self { signed, algorithm, signature, next_update })
    }
}

/// What is left of a DER value.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tag, content, and both with the length between them.
    fn next(&mut self) -> Option<(u8, &'a [u8], &'a [u8])> {
        let whole = self.0;
        let (&[tag, first], mut rest) = whole.split_first_chunk()?;
        let length = if first < 0x80 {
            usize::from(first)
        } else {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            rest = after;
            if bytes.is_empty() || bytes.len() > 4 {
                return None;
            }
            bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte))
        };
        let (content, after) = rest.split_at_checked(length)?;
        self.0 = after;
        let used = whole.len() - after.len();
        Some((tag, content, whole.get(..used)?))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, ..)| *tag == wanted).map(|(_, content, _)| content)
    }

    fn inside(&mut self, wanted: u8) -> Option<Reader<'a>> {
        self.expect(wanted).map(Reader)
    }

    /// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, the only forms that RFC 5280 allows.
    fn time(&mut self) -> Option<SystemTime> {
        let (tag, text, _) = self.next()?;
        let digits = text.strip_suffix(b"Z")?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |part: &[u8]| part.iter().fold(0_u64, |n, digit| n * 10 + u64::from(digit - b'0'));
        let (year, rest) = match (tag, digits.len()) {
            (UTC_TIME, 12) => {
                let (year, rest) = digits.split_at_checked(2)?;
                let year = number(year);
                (if year < 50 { 2000 + year } else { 1900 + year }, rest)
            }
            (GENERALIZED_TIME, 14) => digits.split_at_checked(4).map(|(year, rest)| (number(year), rest))?,
            _ => return None,
        };
        let mut parts = rest.chunks_exact(2).map(number);
        let (month, day) = (parts.next()?, parts.next()?);
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        let valid = (1970..).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
        valid.then(|| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar that is not earlier.
fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years that begin in March, so that the leap day is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.saturating_sub(1), month + 9) };
    let of_years = 365 * year + year / 4 - year / 100 + year / 400;
    let of_months = (153 * month + 2) / 5;
    // 719,468 days lie between the first of March of the year 0 and 1970-01-01.
    (of_years + of_months + day).saturating_sub(1 + 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(der: &[u8]) -> Option<u64> {
        let time = Reader(der).time()?;
        Some(time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs())
    }

    fn utc(text: &str) -> Vec<u8> {
        [&[UTC_TIME, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    fn generalized(text: &str) -> Vec<u8> {
        [&[GENERALIZED_TIME, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    }

    #[test]
    fn times_are_read_to_the_second() {
        for (der, expected) in [
            (utc("700101000000Z"), 0),
            (utc("240229235959Z"), 1_709_251_199),
            (utc("261123154349Z"), 1_795_448_629),
            (generalized("20501231000000Z"), 2_556_057_600),
            (generalized("40960101000000Z"), 67_090_118_400),
        ] {
            assert_eq!(seconds(&der), Some(expected));
        }
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for text in
            ["", "Z", "2402292359Z", "240229235959", "241329235959Z", "24022923595xZ", "240229245959Z"]
        {
            assert_eq!(seconds(&utc(text)), None, "{text}");
        }
        assert_eq!(seconds(&generalized("19501231000000Z")), None);
    }

    #[test]
    fn damaged_bytes_are_none_and_never_a_panic() {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(["a.example".into()]).unwrap().self_signed(&key).unwrap();
        let der = certificate.der();
        assert!(Certificate::read(der).is_some());
        for end in 0..der.len() {
            assert!(Certificate::read(&der[..end]).is_none());
        }
        for index in 0..der.len() {
            for value in [0, 0x30, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = der.to_vec();
                changed[index] = value;
                let _ = Certificate::read(&changed);
                let _ = RevocationList::read(&changed);
            }
        }
    }
}
