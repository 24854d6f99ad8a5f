//! Instants as officers write them: `2024-01-14T13:30:00Z`.
//!
//! Specification: `docs/spec.md`, section 9. One form of RFC 3339 only: UTC, whole seconds.

/// Seconds since 1970 of `YYYY-MM-DDThh:mm:ssZ`; `None` for any other form and for impossible dates.
/// Years from 1970 to 9999; no leap second.
pub fn parse_utc(text: &str) -> Option<u64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] =
        text.as_bytes()
    else {
        return None;
    };
    let year = number(&[y1, y2, y3, y4])?;
    let (month, day) = (number(&[m1, m2])?, number(&[d1, d2])?);
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
    let good = year >= 1970
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let days: u64 = (1970..year).map(days_of).sum::<u64>()
        + (1..month).map(|earlier| days_in(year, earlier)).sum::<u64>()
        + day.checked_sub(1)?;
    good.then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-01-14T13:30:00Z", 1_705_239_000),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(parse_utc(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn other_forms_and_impossible_dates_are_refused() {
        for text in [
            "",
            "2024-01-14",
            "2024-01-14T13:30Z",
            "2024-01-14T13:30:00",
            "2024-01-14T13:30:00z",
            "2024-01-14t13:30:00Z",
            "2024-01-14 13:30:00Z",
            "2024-01-14T13:30:00.0Z",
            "2024-01-14T13:30:00+00:00",
            "2024-1-14T13:30:00ZZ",
            "+024-01-14T13:30:00Z",
            "2024-01-14T13:30:00Z ",
            "1969-12-31T23:59:59Z",
            "2024-00-14T13:30:00Z",
            "2024-13-14T13:30:00Z",
            "2024-01-00T13:30:00Z",
            "2024-01-32T13:30:00Z",
            "2024-04-31T13:30:00Z",
            "2023-02-29T13:30:00Z",
            "2100-02-29T13:30:00Z",
            "2024-01-14T24:00:00Z",
            "2024-01-14T13:60:00Z",
            "2024-01-14T13:30:60Z",
        ] {
            assert_eq!(parse_utc(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9TZ:-]{0,24}", any: String) {
            let _ = (parse_utc(&text), parse_utc(&any));
        }
    }
}
