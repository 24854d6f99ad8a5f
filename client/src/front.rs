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
    #[error("the front matter lacks `{0}`: add a line `{0}: …`")]
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
    keys: BTreeMap<String, Vec<(usize, String)>>,
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
        let mut keys: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
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
            keys.entry(key.trim().to_owned()).or_default().push((number, value.trim().to_owned()));
        }
        let text: Vec<&str> = lines.map(|(_, line)| line).collect();
        Ok(Self { keys, known: Vec::new(), text: text.join("\n").trim().to_owned() })
    }

    /// The value of a key, if it is there; it may be there once.
    pub fn take<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, FrontError> {
        if let Some((line, _)) = self.keys.get(key).and_then(|values| values.get(1)) {
            return Err(FrontError::Twice { line: *line, key: key.to_owned() });
        }
        Ok(self.take_all(key, parse)?.pop())
    }

    /// The values of a key that may be there several times, in order.
    pub fn take_all<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, FrontError> {
        self.known.push(key);
        let values = self.keys.remove(key).unwrap_or_default().into_iter();
        let value = |(line, value): (usize, String)| {
            parse(&value).map_err(|reason| FrontError::Value { line, key: key.to_owned(), reason })
        };
        values.map(value).collect()
    }

    /// A time window of two keys, either of which may be missing: seconds since 1970, 0 where it is.
    pub fn window(&mut self, from: &'static str, to: &'static str) -> Result<(u64, u64), FrontError> {
        let begins = self.take(from, utc)?.unwrap_or(0);
        let until = |value: &str| match utc(value)? {
            ends if ends < begins => Err(format!("it is before `{from}`: write a later time")),
            ends => Ok(ends),
        };
        Ok((begins, self.take(to, until)?.unwrap_or(0)))
    }

    /// Whether a key is there that was not taken yet.
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The value of a key that must be there.
    pub fn need<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, FrontError> {
        self.take(key, parse)?.ok_or(FrontError::Missing(key))
    }

    /// Everything must have been taken.
    pub fn finish(self) -> Result<String, FrontError> {
        let left = self
            .keys
            .into_iter()
            .flat_map(|(key, values)| values.into_iter().map(move |(line, _)| (line, key.clone())));
        match left.min() {
            None => Ok(self.text),
            Some((line, key)) => Err(FrontError::Unknown { line, key, known: self.known.join(", ") }),
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
    fn a_key_is_there_several_times_only_where_it_may_be() {
        let front = || Front::parse("---\nitem: one\nto: x\nitem: two\nto: y\n---").unwrap();
        assert_eq!(front().take_all("item", text), Ok(vec!["one".to_owned(), "two".to_owned()]));
        assert_eq!(front().take("item", text).unwrap_err().to_string().split(':').next(), Some("line 4"));
        let mut left = front();
        left.take_all("item", text).unwrap();
        assert_eq!(left.finish().unwrap_err().to_string(), "line 3: there is no `to` here; use item");
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_named_with_its_line() {
        let window = |from: &str, to: &str| {
            let file = format!("---\nfrom: 2024-01-{from}T00:00:00Z\nto: 2024-01-{to}T00:00:00Z\n---");
            Front::parse(&file).unwrap().window("from", "to")
        };
        assert_eq!(window("01", "02"), Ok((1_704_067_200, 1_704_153_600)));
        let error = window("02", "01").unwrap_err().to_string();
        assert_eq!(error, "line 3: `to`: it is before `from`: write a later time");
        assert_eq!(Front::parse("---\n---").unwrap().window("from", "to"), Ok((0, 0)));
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        assert_eq!(Front::parse("subject: x"), Err(FrontError::NoFront));
        assert_eq!(Front::parse("---\nsubject: x"), Err(FrontError::NoEnd));
        assert_eq!(Front::parse("---\nsubject\n---"), Err(FrontError::Line(2)));
        let twice = Front::parse("---\na: 1\na: 2\n---").unwrap().take("a", text).unwrap_err();
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
