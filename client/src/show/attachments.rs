//! Attachments as an officer reads of them: number, name, type, size, mark. Names are others' and made visible.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tearline_proto::v1;

use super::{WIDTH, content::safe, wrap};

/// Bytes as people say them, as in `1.2 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes == 1 {
        return "1 byte".to_owned();
    }
    if bytes < 1024 {
        return format!("{bytes} bytes");
    }
    let (mut tenths, mut unit) = (bytes.saturating_mul(10) / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        (tenths, unit) = (tenths / 1024, unit + 1);
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS.get(unit).copied().unwrap_or_default())
}

/// One line of a list: `2  (U)  map.png · image/png · 1.2 MiB`.
pub fn line(number: usize, name: &str, media_type: &str, bytes: u64, mark: &str) -> String {
    let mark = if mark.is_empty() { String::new() } else { format!("({})  ", safe(mark)) };
    let media_type = if media_type.is_empty() { String::new() } else { format!("{} · ", safe(media_type)) };
    wrap(&format!("{number}  {mark}{} · {media_type}{}", safe(name), size(bytes)), 3, WIDTH)
}

/// The list under a post; nothing if it has none.
pub fn list(attachments: &[v1::AttachmentKey]) -> String {
    let mut out = String::new();
    if attachments.is_empty() {
        return out;
    }
    out.push_str(" ATTACHMENTS\n");
    for (number, it) in (1..).zip(attachments) {
        out.push_str(&line(number, &it.name, &it.media_type, it.size, &it.mark));
    }
    out
}

/// How to get them, under the post that has them.
pub fn how_to_save(entry: &str, count: usize) -> String {
    let mut out = String::new();
    if count > 0 {
        let which = if count == 1 { "" } else { " NUMBER" };
        let _ = writeln!(out, " Next: tearline save {entry}{which} --out FOLDER");
    }
    out
}

/// For a program.
pub fn to_json(attachments: &[v1::AttachmentKey]) -> Value {
    let one = |(number, it): (usize, &v1::AttachmentKey)| {
        json!({
            "number": number,
            "name": it.name,
            "media_type": it.media_type,
            "mark": it.mark,
            "size": it.size,
            "sealed_sha256": hex::encode(&it.digest),
        })
    };
    (1..).zip(attachments).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        for (bytes, said) in [
            (1, "1 byte"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1_300_000, "1.2 MiB"),
            (256 << 20, "256.0 MiB"),
            (u64::MAX, "1677721.5 TiB"),
        ] {
            assert_eq!(size(bytes), said);
        }
    }

    #[test]
    fn a_name_that_misleads_is_shown_as_what_it_is() {
        let shown = line(1, "map\u{202e}gnp.exe", "image/png", 5, "C//REL TO DRC");
        assert!(shown.starts_with("   1  (C//REL TO DRC)  map⟨"), "{shown}");
        assert!(!shown.contains('\u{202e}'));
    }
}
