//! The outside of papers that go from hand to hand: a line that says what it is, base64, an end line.
//!
//! Specification: `docs/spec.md`, section 10. What a paper says is checked by whoever reads it.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// The longest paper: charters of many rooms with 256 members each.
pub const PAPER_MAX: usize = 64 << 20;
const LINE: usize = 64;

/// The kinds of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// A desk's public keys.
    Card,
    /// Charters that name a member.
    Admission,
    /// An admission and a certificate.
    Invitation,
}

impl Paper {
    fn label(self) -> &'static str {
        match self {
            Self::Card => "TEARLINE CARD",
            Self::Admission => "TEARLINE ADMISSION",
            Self::Invitation => "TEARLINE INVITATION",
        }
    }
}

/// Why a text is not the paper that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArmorError {
    /// Far too long.
    #[error("the file is longer than 64 MiB: it is no Tearline paper")]
    TooLong,
    /// No begin line, or another paper's.
    #[error("the file has no line `-----BEGIN {0}-----`: is it the right file?")]
    NoBegin(&'static str),
    /// No end line.
    #[error("the file is cut off before its line `-----END {0}-----`: copy it again")]
    NoEnd(&'static str),
    /// Something after the end line.
    #[error("the file goes on after its line `-----END {0}-----`: give each paper a file of its own")]
    After(&'static str),
    /// The body is not base64.
    #[error("the file's body is not base64: copy it again")]
    Base64,
}

/// The text of a paper. `title` is for people and carries no meaning.
pub fn write(paper: Paper, title: &str, body: &[u8]) -> String {
    let label = paper.label();
    let mut out = format!("{title}\n-----BEGIN {label}-----\n");
    let encoded = BASE64.encode(body);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

/// The body of a paper. What stands before its begin line is ignored.
pub fn read(paper: Paper, text: &str) -> Result<Vec<u8>, ArmorError> {
    let label = paper.label();
    if text.len() > PAPER_MAX {
        return Err(ArmorError::TooLong);
    }
    let (_, rest) = text.split_once(&format!("-----BEGIN {label}-----")).ok_or(ArmorError::NoBegin(label))?;
    let (body, after) = rest.split_once(&format!("-----END {label}-----")).ok_or(ArmorError::NoEnd(label))?;
    if !after.trim().is_empty() {
        return Err(ArmorError::After(label));
    }
    let body: String = body.split_ascii_whitespace().collect();
    BASE64.decode(body).map_err(|_| ArmorError::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paper_reads_back_whatever_the_line_ends() {
        let body = vec![7; 100];
        let text = write(Paper::Card, "Tearline card of drc/liaison", &body);
        assert_eq!(read(Paper::Card, &text), Ok(body.clone()));
        assert_eq!(read(Paper::Card, &text.replace('\n', "\r\n")), Ok(body));
    }

    #[test]
    fn another_paper_a_cut_and_something_added_are_refused() {
        let text = write(Paper::Card, "", &[7; 100]);
        assert_eq!(read(Paper::Invitation, &text), Err(ArmorError::NoBegin("TEARLINE INVITATION")));
        assert_eq!(read(Paper::Card, &text[..90]), Err(ArmorError::NoEnd("TEARLINE CARD")));
        assert_eq!(read(Paper::Card, &format!("{text}{text}")), Err(ArmorError::After("TEARLINE CARD")));
        assert_eq!(read(Paper::Card, &text.replacen("Bw", "B*", 1)), Err(ArmorError::Base64));
    }
}
