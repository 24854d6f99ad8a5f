//! Text files as people write posts: front matter of `key: value` lines between `---`, then the text.
//!
//! It knows no keys: whoever reads a kind of post takes those that it knows, and the rest is refused.

use std::collections::BTreeMap;

/// Why a text cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontError {
    /// No front matter.
    #[error("line 1: begin with a line `---`, then `key: value` lines, then `---`, then the text")]
    NoFront,
    /// No end of the front matter.
    #[error("the front matter has no closing line `---`")]
    NoEnd,
    /// Not a key and a value.
    #[error("line {0}: write `key: value`")]
    Line(usize),
    /// A key twice.
    #[error("line {line}: `{key}` is there twice; leave one")]
    Twice {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: String,
    },
    /// A key that this kind of post does not have.
    #[error("line {line}: there is no `{key}` here; use {known}")]
    Unknown {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// Those that there are.
        known: String,
    },
    /// A key that must be there.
    #[error("the front matter lacks `{0}`")]
    Missing(&'static str),
    /// A value that makes no sense.
    #[error("line {line}: `{key}`: {reason}")]
    Value {
        /// Counted from 1.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong with it, and what to write.
        reason: String,
    },
}

/// Front matter and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    keys: BTreeMap<String, (usize, String)>,
    known: Vec<&'static str>,
    /// What follows the front matter, without blank lines around it.
    pub text: String,
}

impl Front {
    /// Parses a file.
    pub fn parse(file: &str) -> Result<Self, FrontError> {
        let file = file.replace("\r\n", "\n");
        let mut lines = file.lines().enumerate();
        if lines.next().is_none_or(|(_, line)| line.trim_end() != "---") {
            return Err(FrontError::NoFront);
        }
        let mut keys = BTreeMap::new();
        loop {
            let (at, line) = lines.next().ok_or(FrontError::NoEnd)?;
            let (number, line) = (at + 1, line.trim());
            if line == "---" {
                break;
            }
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(':').ok_or(FrontError::Line(number))?;
            let key = key.trim().to_owned();
            if keys.insert(key.clone(), (number, value.trim().to_owned())).is_some() {
                return Err(FrontError::Twice { line: number, key });
            }
        }
        let text: Vec<&str> = lines.map(|(_, line)| line).collect();
        Ok(Self { keys, known: Vec::new(), text: text.join("\n").trim().to_owned() })
    }

    /// The value of a key, if it is there.
    pub fn take<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, FrontError> {
        self.known.push(key);
        let Some((line, value)) = self.keys.remove(key) else { return Ok(None) };
        parse(&value).map(Some).map_err(|reason| FrontError::Value { line, key: key.to_owned(), reason })
    }

    /// The value of a key that must be there.
    pub fn need<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, FrontError> {
        self.take(key, parse)?.ok_or(FrontError::Missing(key))
    }

    /// Everything must have been taken.
    pub fn finish(self) -> Result<String, FrontError> {
        match self.keys.into_iter().min_by_key(|(_, (line, _))| *line) {
            None => Ok(self.text),
            Some((key, (line, _))) => Err(FrontError::Unknown { line, key, known: self.known.join(", ") }),
        }
    }
}

/// A text as it is.
pub fn text(value: &str) -> Result<String, String> {
    if value.is_empty() {
        Err("write something, or leave the line out".to_owned())
    } else {
        Ok(value.to_owned())
    }
}

/// A time in UTC, as in `2024-01-14T13:30:00Z`.
pub fn utc(value: &str) -> Result<u64, String> {
    tearline_ledger::portion::parse_utc(value)
        .ok_or_else(|| "write a time in UTC, as in 2024-01-14T13:30:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_taken_and_the_text_is_left() {
        let mut front = Front::parse("---\nsubject: Column\n# a remark\n---\n\nText\nmore\n").unwrap();
        assert_eq!(front.need("subject", text), Ok("Column".to_owned()));
        assert_eq!(front.take("place", text), Ok(None));
        assert_eq!(front.finish(), Ok("Text\nmore".to_owned()));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(Front::parse("subject: x"), Err(FrontError::NoFront));
        assert_eq!(Front::parse("---\nsubject: x"), Err(FrontError::NoEnd));
        assert_eq!(Front::parse("---\nsubject\n---"), Err(FrontError::Line(2)));
        let twice = Front::parse("---\na: 1\na: 2\n---").unwrap_err();
        assert_eq!(twice.to_string(), "line 3: `a` is there twice; leave one");
        let mut front = Front::parse("---\nby: x\ncolour: red\n---").unwrap();
        assert!(front.take("by", utc).unwrap_err().to_string().starts_with("line 2: `by`: write a time"));
        assert_eq!(front.finish().unwrap_err().to_string(), "line 3: there is no `colour` here; use by");
        assert_eq!(
            Front::parse("---\n---").unwrap().need("subject", text),
            Err(FrontError::Missing("subject"))
        );
    }
}
