//! Times as officers write them: date-time groups in UTC, and ISO 8601 for programs.

use time::OffsetDateTime;

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

fn utc(seconds: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()
}

/// `DDHHMMZ MON YY`, as in `141330Z JAN 24`.
pub fn dtg(seconds: u64) -> String {
    let Some(at) = utc(seconds) else { return "(no such time)".to_owned() };
    let month = MONTHS.get(usize::from(u8::from(at.month())) - 1).copied().unwrap_or("???");
    format!("{:02}{:02}{:02}Z {month} {:02}", at.day(), at.hour(), at.minute(), at.year().rem_euclid(100))
}

/// `HH:MMZ`.
pub fn clock(seconds: u64) -> String {
    utc(seconds).map_or_else(|| "(no such time)".to_owned(), |at| format!("{:02}:{:02}Z", at.hour(), at.minute()))
}

/// ISO 8601 in UTC, as in `2024-01-14T13:30:00Z`.
pub fn iso(seconds: u64) -> String {
    utc(seconds).map_or_else(
        || "(no such time)".to_owned(),
        |at| {
            format!(
                "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
                at.year(),
                u8::from(at.month()),
                at.day(),
                at.hour(),
                at.minute(),
                at.second()
            )
        },
    )
}

/// How long ago, as in `3 min ago`.
pub fn ago(then: u64, now: u64) -> String {
    match now.saturating_sub(then) {
        0..60 => "just now".to_owned(),
        age @ 60..7200 => format!("{} min ago", age / 60),
        age @ 7200..172_800 => format!("{} h ago", age / 3600),
        age => format!("{} days ago", age / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_officers_write_them() {
        let at = 1_705_239_000; // 2024-01-14 13:30:00 UTC
        assert_eq!(dtg(at), "141330Z JAN 24");
        assert_eq!(iso(at), "2024-01-14T13:30:00Z");
        assert_eq!(clock(at), "13:30Z");
        assert_eq!(ago(at, at + 200), "3 min ago");
        assert_eq!(dtg(u64::MAX), "(no such time)");
    }
}
