//! A span of time as it is asked for on a command line, for posts and for access records alike.

use tearline_ledger::portion::parse_utc;

/// Why two texts are no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpanError {
    /// Not a time.
    #[error("`{}` is no time: write a day or a minute in UTC, as in 2024-01-14 or 2024-01-14T13:30Z", .0.escape_debug())]
    Time(String),
    /// An end before its beginning.
    #[error("--from {from} is later than --to {to}: nothing can be between them")]
    Backwards {
        /// As typed.
        from: String,
        /// As typed.
        to: String,
    },
}

/// From when to when, both ends included, in seconds since 1970; open where nothing was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    from: Option<u64>,
    to: Option<u64>,
}

impl Span {
    /// The span between two days, minutes or seconds, all of the latter included.
    pub fn new(from: Option<&str>, to: Option<&str>) -> Result<Self, SpanError> {
        let begins = from.map(|text| time(text, false)).transpose()?;
        let ends = to.map(|text| time(text, true)).transpose()?;
        match (begins, ends, from, to) {
            (Some(begin), Some(end), Some(from), Some(to)) if begin > end => {
                Err(SpanError::Backwards { from: from.to_owned(), to: to.to_owned() })
            }
            _ => Ok(Self { from: begins, to: ends }),
        }
    }

    /// Whether a moment is in it.
    pub fn holds(&self, at: u64) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at <= to)
    }
}

/// Seconds since 1970 of a day, a minute or a second; its last second if it is an end.
fn time(text: &str, end: bool) -> Result<u64, SpanError> {
    let (full, length) = match text.len() {
        10 => (format!("{text}T00:00:00Z"), 24 * 3600),
        17 => (format!("{}:00Z", text.trim_end_matches('Z')), 60),
        _ => (text.to_owned(), 1),
    };
    let begin = parse_utc(&full).ok_or_else(|| SpanError::Time(text.to_owned()))?;
    Ok(if end { begin + length - 1 } else { begin })
}
