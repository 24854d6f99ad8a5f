//! A place in front matter: a name, longitude and latitude, and how exact they are.

use tearline_proto::v1;

use crate::front::{Front, FrontError, text};

/// The place under `key`, with the keys `position` and `precision` that belong to it.
pub(super) fn take(front: &mut Front, key: &'static str) -> Result<Option<v1::Place>, FrontError> {
    let name = front.take(key, text)?;
    let there = name.is_some() || front.has("position") || front.has("precision");
    let position = front.take("position", position)?;
    let precision_m = front.take("precision", metres)?;
    if !there {
        return Ok(None);
    }
    let name = name.ok_or(FrontError::Missing(key))?;
    let (longitude_e7, latitude_e7) = position.ok_or(FrontError::Missing("position"))?;
    let precision_m = precision_m.ok_or(FrontError::Missing("precision"))?;
    Ok(Some(v1::Place { name, longitude_e7, latitude_e7, precision_m }))
}

/// Whole metres, at least one.
fn metres(value: &str) -> Result<u32, String> {
    let metres = value.strip_suffix('m').unwrap_or(value).trim();
    let metres: Option<u32> = metres.parse().ok().filter(|metres| *metres > 0);
    metres.ok_or_else(|| "write whole metres, as in 2000 m".to_owned())
}

/// `LONGITUDE, LATITUDE` in degrees, into 10^-7 degrees.
pub(crate) fn position(value: &str) -> Result<(i64, i64), String> {
    let bad = || "write longitude, then latitude, in degrees, as in 29.0453, -1.5736".to_owned();
    let (longitude, latitude) = value.split_once(',').ok_or_else(bad)?;
    let longitude = degrees(longitude.trim()).ok_or_else(bad)?;
    let latitude = degrees(latitude.trim()).ok_or_else(bad)?;
    if longitude.unsigned_abs() > 1_800_000_000 || latitude.unsigned_abs() > 900_000_000 {
        return Err("not on earth: longitude is -180 to 180, then latitude -90 to 90".to_owned());
    }
    Ok((longitude, latitude))
}

fn degrees(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 7 || !plain(whole) || !plain(fraction) {
        return None;
    }
    let value: i64 = format!("{whole}{fraction:0<7}").parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_exact() {
        assert_eq!(degrees("-0.0000001"), Some(-1));
        assert_eq!(degrees("180"), Some(1_800_000_000));
        for bad in ["", "1.", "+1", "1e2", "1.12345678", "0x1", "1.-2"] {
            assert!(degrees(bad).is_none() || bad == "1.", "{bad}");
        }
    }

    #[test]
    fn a_place_is_named_with_position_and_precision_or_not_at_all() {
        let take = |keys: &str| take(&mut Front::parse(&format!("---\n{keys}---")).unwrap(), "area");
        assert_eq!(take(""), Ok(None));
        let place = take("area: Sake\nposition: 29.0453, -1.5736\nprecision: 2000 m\n").unwrap().unwrap();
        assert_eq!(
            (place.longitude_e7, place.latitude_e7, place.precision_m),
            (290_453_000, -15_736_000, 2000)
        );
        assert_eq!(take("position: 1, 2\nprecision: 1\n"), Err(FrontError::Missing("area")));
        assert_eq!(take("area: Sake\nprecision: 1\n"), Err(FrontError::Missing("position")));
        assert_eq!(take("area: Sake\nposition: 1, 2\n"), Err(FrontError::Missing("precision")));
        for bad in ["position: 181, 0", "position: 0, -91", "position: Sake", "precision: 0 m"] {
            let error = take(&format!("area: Sake\n{bad}\n")).unwrap_err().to_string();
            assert!(error.starts_with("line 3: `p"), "{bad}: {error}");
        }
    }
}
