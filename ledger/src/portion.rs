//! Briefing files: front matter, then portions, each beginning with its portion mark.
//!
//! Specification: `docs/spec.md`, section 9. Text in, checked values out, every error with its line
//! and its remedy. Knows neither rooms nor who may see what; misleading characters are found elsewhere.

mod front;
mod instant;

use std::ops::Range;

pub use front::{Front, SourceRating};
pub use instant::parse_utc;

use crate::{
    manifest::MAX_PORTIONS,
    mark::{Mark, MarkError},
};

/// The most bytes of one portion's text.
pub const MAX_TEXT_LEN: usize = 64 * 1024;

/// A briefing as an officer wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BriefingFile {
    /// What stands before the portions.
    pub front: Front,
    /// The portions, 1 to 63.
    pub portions: Vec<MarkedText>,
}

/// One portion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedText {
    /// The portion mark.
    pub mark: Mark,
    /// The text without the mark; its lines joined by `\n`.
    pub text: String,
}

/// What is wrong with a briefing file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BriefingError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a briefing file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Bytes that are no text.
    #[error("this is not UTF-8 text: save the file as UTF-8")]
    NotUtf8,
    /// A NUL character.
    #[error("there is a NUL character: delete it")]
    Nul,
    /// A carriage return that ends no line.
    #[error("there is a carriage return inside the line: delete it")]
    CarriageReturn,
    /// The file does not begin with front matter.
    #[error("the file begins with a line `---`, then lines such as `subject: …`, then `---` again")]
    NoFront,
    /// The front matter does not end.
    #[error("the front matter that begins here does not end: put a line `---` after it")]
    OpenFront,
    /// A line of the front matter that is not `key: value`.
    #[error("`{}` is not `key: value`: write for instance `subject: Column towards Sake`", .0.escape_debug())]
    NotKeyValue(String),
    /// A key that does not exist.
    #[error("`{}` is no key: use {known}", key.escape_debug(), known = front::KEYS.join(", "))]
    UnknownKey {
        /// The key as given.
        key: String,
    },
    /// A key that is there already.
    #[error("`{0}` is there twice: leave one")]
    KeyTwice(&'static str),
    /// A required key is missing.
    #[error("`{0}` is missing: add a line `{0}: …` to the front matter")]
    Missing(&'static str),
    /// A value that the key cannot have.
    #[error("`{}` is not a value of {key}: {remedy}", value.escape_debug())]
    Value {
        /// The key.
        key: &'static str,
        /// The value as given.
        value: String,
        /// What to write.
        remedy: &'static str,
    },
    /// A paragraph that begins with no mark.
    #[error("the paragraph has no portion mark: begin it as in `(C//REL TO DRC)  A column …`")]
    NoMark,
    /// A mark that is none.
    #[error(transparent)]
    Mark(#[from] MarkError),
    /// A mark at the beginning of a line within a paragraph.
    #[error("a portion mark begins this line, but not a paragraph: put an empty line before it")]
    MarkInside,
    /// A mark without text.
    #[error("the portion has no text: write some, or delete its mark")]
    NoText,
    /// A portion that is too long.
    #[error("the portion that begins here has {0} bytes, more than {MAX_TEXT_LEN}: split it")]
    TooLong(usize),
    /// No portion at all.
    #[error("there is no portion: write at least one paragraph after the front matter")]
    NoPortions,
    /// One portion too many.
    #[error("this would be portion {}: a briefing has at most {MAX_PORTIONS}; split it", MAX_PORTIONS + 1)]
    TooManyPortions,
}

impl Problem {
    fn at(self, line: usize) -> BriefingError {
        BriefingError { line, problem: self }
    }
}

impl BriefingFile {
    /// Reads a file. A byte order mark at its beginning and CR before LF are passed over.
    pub fn parse(bytes: &[u8]) -> Result<Self, BriefingError> {
        let text = str::from_utf8(bytes).map_err(|error| {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            Problem::NotUtf8.at(good.split(|byte| *byte == b'\n').count())
        })?;
        let lines = lines(text.strip_prefix('\u{feff}').unwrap_or(text))?;
        let (front, body) = Front::parse(&lines)?;
        let mut portions = Vec::new();
        for paragraph in paragraphs(&lines, body) {
            let first = paragraph.start + 1;
            if portions.len() == MAX_PORTIONS {
                return Err(Problem::TooManyPortions.at(first));
            }
            portions.push(MarkedText::parse(first, lines.get(paragraph).unwrap_or_default())?);
        }
        if portions.is_empty() {
            return Err(Problem::NoPortions.at(lines.len()));
        }
        Ok(Self { front, portions })
    }
}

impl MarkedText {
    /// Reads the lines of a paragraph, the first of which has this number.
    fn parse(first: usize, paragraph: &[&str]) -> Result<Self, BriefingError> {
        let (head, rest) = paragraph.split_first().ok_or_else(|| Problem::NoMark.at(first))?;
        let (mark, head) = split_mark(head).ok_or_else(|| Problem::NoMark.at(first))?;
        let mark = mark.parse::<Mark>().map_err(|error| Problem::Mark(error).at(first))?;
        if let Some(inside) = rest.iter().position(|line| begins_with_mark(line)) {
            return Err(Problem::MarkInside.at(first + 1 + inside));
        }
        let head = head.trim_start_matches(BLANKS);
        let text = if head.is_empty() { rest.join("\n") } else { [&[head], rest].concat().join("\n") };
        if text.is_empty() {
            return Err(Problem::NoText.at(first));
        }
        if text.len() > MAX_TEXT_LEN {
            return Err(Problem::TooLong(text.len()).at(first));
        }
        Ok(Self { mark, text })
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// The lines without their ends, if no control character is among them that could hide something.
fn lines(text: &str) -> Result<Vec<&str>, BriefingError> {
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.contains('\r') {
            return Err(Problem::CarriageReturn.at(number));
        }
        if line.contains('\0') {
            return Err(Problem::Nul.at(number));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// Runs of lines that are not blank, from line index `body` on.
fn paragraphs(lines: &[&str], body: usize) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for (index, line) in lines.iter().enumerate().skip(body) {
        if line.trim_matches(BLANKS).is_empty() {
            continue;
        }
        match out.last_mut() {
            Some(paragraph) if paragraph.end == index => paragraph.end += 1,
            _ => out.push(index..index + 1),
        }
    }
    out
}

/// The mark between the parentheses that begin a line, and what follows them.
fn split_mark(line: &str) -> Option<(&str, &str)> {
    line.trim_start_matches(BLANKS).strip_prefix('(')?.split_once(')')
}

/// Whether a line begins with a mark, or with what is meant as one: then a portion would be read under
/// the mark of the portion before.
fn begins_with_mark(line: &str) -> bool {
    split_mark(line).is_some_and(|(mark, _)| match mark.parse::<Mark>() {
        Ok(_) => true,
        // `(c)` may number a list; `(c//rel to drc)` does not.
        Err(_) => mark.contains("//"),
    })
}

#[cfg(test)]
mod tests;
