//! Moments: whole seconds in UTC, as certificates carry them.
//!
//! One spelling, RFC 3339 with `Z`. Knows nothing of what happens at a moment.

use std::{fmt, str::FromStr, time::SystemTime};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A second in UTC, from 1970 to 9999. Times outside are taken as the nearest of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(OffsetDateTime);

/// 9999-12-31T23:59:59Z, the last that X.509 can write.
const LAST: i64 = 253_402_300_799;

impl Moment {
    /// The present second.
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// This many seconds later, or earlier if negative.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::at(self.unix().saturating_add(seconds))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    pub(crate) fn at(unix: i64) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(unix.clamp(0, LAST)).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    pub(crate) fn to_time(self) -> OffsetDateTime {
        self.0
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |span| span.as_secs());
        Self::at(i64::try_from(since).unwrap_or(LAST))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second) = self.0.to_hms();
        write!(f, "{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z", u8::from(month))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a moment in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a time such as 2026-11-23T14:02:00Z", .0.escape_debug())]
pub struct MomentError(String);

impl FromStr for Moment {
    type Err = MomentError;
    fn from_str(text: &str) -> Result<Self, MomentError> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .map(|time| Self::at(time.unix_timestamp()))
            .filter(|moment| moment.to_string() == text)
            .ok_or_else(|| MomentError(text.to_owned()))
    }
}

impl TryFrom<String> for Moment {
    type Error = MomentError;
    fn try_from(text: String) -> Result<Self, MomentError> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_spelling() {
        let text = "2026-11-23T14:02:09Z";
        let moment: Moment = text.parse().unwrap();
        assert_eq!((moment.to_string().as_str(), moment.unix()), (text, 1_795_442_529));
        for wrong in
            ["2026-11-23T14:02:09+00:00", "2026-11-23T14:02:09.5Z", "2026-11-23", "1969-12-31T23:59:59Z"]
        {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_moment_never_leaves_what_certificates_can_write() {
        assert_eq!(Moment::now().plus(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Moment::now().plus(i64::MIN).to_string(), "1970-01-01T00:00:00Z");
    }
}
