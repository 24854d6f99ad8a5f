//! Media types: guessed from a file's first bytes, else from the ending of its name. A small table of what mediators
//! attach.
//!
//! A type is what the author says, no more: it is shown, and nothing is run or opened by it.

use std::path::Path;

/// How many of a file's first bytes tell its type.
pub const HEAD: usize = 16;
/// Of anything else.
pub const UNKNOWN: &str = "application/octet-stream";

/// By the first bytes: where they stand, what they are, and the type.
const MAGIC: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-executable"),
    (0, b"#!", "text/x-script"),
];

/// By the ending.
const ENDINGS: &[(&str, &str)] = &[
    ("avif", "image/avif"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("geojson", "application/geo+json"),
    ("gpx", "application/gpx+xml"),
    ("html", "text/html"),
    ("jp2", "image/jp2"),
    ("json", "application/json"),
    ("kml", "application/vnd.google-earth.kml+xml"),
    ("kmz", "application/vnd.google-earth.kmz"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("nitf", "application/vnd.nitf"),
    ("ntf", "application/vnd.nitf"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("zip", "application/zip"),
];

/// The type of a file of this name that begins so.
pub fn guess(name: &str, head: &[u8]) -> &'static str {
    by_bytes(head).or_else(|| by_ending(name)).unwrap_or(UNKNOWN)
}

/// What a saved file's first bytes say it is, if that is another type than its author said.
pub fn contradicts(said: &str, head: &[u8]) -> Option<&'static str> {
    by_bytes(head)
        .filter(|found| *found != said && !(said.starts_with("video/") && found.starts_with("video/")))
}

fn by_bytes(head: &[u8]) -> Option<&'static str> {
    let begins = |at: usize, bytes: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(bytes));
    MAGIC.iter().find(|(at, bytes, _)| begins(*at, bytes)).map(|(.., media)| *media)
}

fn by_ending(name: &str) -> Option<&'static str> {
    let ending = Path::new(name).extension()?.to_str()?.to_lowercase();
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, media)| *media)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_are_believed_before_the_name() {
        assert_eq!(guess("map.txt", b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(guess("Report.PDF", b"%PDF-1.7"), "application/pdf");
        assert_eq!(guess("track.GeoJSON", b"{\"type\":"), "application/geo+json");
        assert_eq!(guess("what", b"ever"), UNKNOWN);
        assert_eq!(guess("", b""), UNKNOWN);
    }

    #[test]
    fn a_program_in_the_guise_of_a_picture_is_noticed() {
        assert_eq!(contradicts("image/png", b"MZ\x90\0"), Some("application/x-executable"));
        assert_eq!(contradicts("image/png", b"\x89PNG\r\n\x1a\n"), None);
        assert_eq!(contradicts("text/plain", b"whatever"), None);
    }
}
