//! The front matter of a briefing file: `key: value` lines between two lines `---`.
//!
//! Specification: `docs/spec.md`, section 9. Unknown and doubled keys are refused, so that a typing
//! error does not lose what was meant; blank lines and lines that begin with `#` are remarks.

use tearline_proto::v1::{Credibility, Precedence, Reliability};

use super::{BLANKS, BriefingError, Problem, parse_utc};
use crate::name::Org;

/// The keys, in the order of the documentation.
pub(super) const KEYS: [&str; 6] =
    [SUBJECT, PRECEDENCE, SOURCE, SOURCE_DESCRIPTION, INFORMATION_UNTIL, ORIGINATOR];

const SUBJECT: &str = "subject";
const PRECEDENCE: &str = "precedence";
const SOURCE: &str = "source";
const SOURCE_DESCRIPTION: &str = "source-description";
const INFORMATION_UNTIL: &str = "information-until";
const ORIGINATOR: &str = "originator";

const FENCE: &str = "---";

/// What stands before the portions of a briefing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// The subject, never empty.
    pub subject: String,
    /// The precedence; routine unless stated.
    pub precedence: Precedence,
    /// How the source is rated. Stays in the chamber.
    pub source: Option<SourceRating>,
    /// Until when what is known was known, in seconds since 1970.
    pub information_until: Option<u64>,
    /// The desk whose approval ORCON asks for, `ORG/MEMBER`.
    pub originator: Option<String>,
}

/// Admiralty code of a source, as in `B2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRating {
    /// A to F.
    pub reliability: Reliability,
    /// 1 to 6.
    pub credibility: Credibility,
    /// What the source is.
    pub description: Option<String>,
}

impl Front {
    /// The front matter that `lines` begin with, and the index of the first line after it.
    pub(super) fn parse(lines: &[&str]) -> Result<(Self, usize), BriefingError> {
        if lines.first().map(|line| line.trim_end_matches(BLANKS)) != Some(FENCE) {
            return Err(Problem::NoFront.at(1));
        }
        let mut fields = Fields::default();
        for (index, line) in lines.iter().enumerate().skip(1) {
            if line.trim_end_matches(BLANKS) == FENCE {
                return fields.finish(index + 1).map(|front| (front, index + 1));
            }
            if is_remark(line) {
                continue;
            }
            fields.add(line).map_err(|problem| problem.at(index + 1))?;
        }
        Err(Problem::OpenFront.at(1))
    }
}

/// A blank line or one that begins with `#`: what a template explains is not said.
fn is_remark(line: &str) -> bool {
    let line = line.trim_matches(BLANKS);
    line.is_empty() || line.starts_with('#')
}

/// What was read so far.
#[derive(Default)]
struct Fields {
    subject: Option<String>,
    precedence: Option<Precedence>,
    source: Option<(Reliability, Credibility)>,
    source_description: Option<String>,
    information_until: Option<u64>,
    originator: Option<String>,
}

impl Fields {
    fn add(&mut self, line: &str) -> Result<(), Problem> {
        let (key, value) = line.split_once(':').ok_or_else(|| Problem::NotKeyValue(line.to_owned()))?;
        let (key, value) = (key.trim_matches(BLANKS), value.trim_matches(BLANKS));
        match key {
            SUBJECT => fill(&mut self.subject, SUBJECT, value, "write a few words", text),
            PRECEDENCE => fill(
                &mut self.precedence,
                PRECEDENCE,
                value,
                "write ROUTINE, PRIORITY, IMMEDIATE or FLASH",
                precedence,
            ),
            SOURCE => fill(
                &mut self.source,
                SOURCE,
                value,
                "write a letter A to F and a digit 1 to 6, as in B2",
                rating,
            ),
            SOURCE_DESCRIPTION => {
                fill(&mut self.source_description, SOURCE_DESCRIPTION, value, "write a few words", text)
            }
            INFORMATION_UNTIL => fill(
                &mut self.information_until,
                INFORMATION_UNTIL,
                value,
                "write a time in UTC, as in 2024-01-14T13:30:00Z",
                parse_utc,
            ),
            ORIGINATOR => {
                fill(&mut self.originator, ORIGINATOR, value, "write a desk, as in us/kinshasa", desk)
            }
            _ => Err(Problem::UnknownKey { key: key.to_owned() }),
        }
    }

    /// `end` is the number of the line that ended the front matter.
    fn finish(self, end: usize) -> Result<Front, BriefingError> {
        let missing = |key| Problem::Missing(key).at(end);
        let source = match (self.source, self.source_description) {
            (Some((reliability, credibility)), description) => {
                Some(SourceRating { reliability, credibility, description })
            }
            (None, Some(_)) => return Err(missing(SOURCE)),
            (None, None) => None,
        };
        Ok(Front {
            subject: self.subject.ok_or_else(|| missing(SUBJECT))?,
            precedence: self.precedence.unwrap_or(Precedence::Routine),
            source,
            information_until: self.information_until,
            originator: self.originator,
        })
    }
}

fn fill<T>(
    field: &mut Option<T>,
    key: &'static str,
    value: &str,
    remedy: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<(), Problem> {
    if field.is_some() {
        return Err(Problem::KeyTwice(key));
    }
    *field = parse(value);
    if field.is_some() { Ok(()) } else { Err(Problem::Value { key, value: value.to_owned(), remedy }) }
}

fn text(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}

fn precedence(value: &str) -> Option<Precedence> {
    match value {
        "ROUTINE" => Some(Precedence::Routine),
        "PRIORITY" => Some(Precedence::Priority),
        "IMMEDIATE" => Some(Precedence::Immediate),
        "FLASH" => Some(Precedence::Flash),
        _ => None,
    }
}

fn rating(value: &str) -> Option<(Reliability, Credibility)> {
    let &[letter, digit] = value.as_bytes() else { return None };
    let reliability = match letter {
        b'A' => Reliability::A,
        b'B' => Reliability::B,
        b'C' => Reliability::C,
        b'D' => Reliability::D,
        b'E' => Reliability::E,
        b'F' => Reliability::F,
        _ => return None,
    };
    let credibility = match digit {
        b'1' => Credibility::Confirmed,
        b'2' => Credibility::ProbablyTrue,
        b'3' => Credibility::PossiblyTrue,
        b'4' => Credibility::Doubtful,
        b'5' => Credibility::Improbable,
        b'6' => Credibility::CannotBeJudged,
        _ => return None,
    };
    Some((reliability, credibility))
}

/// `ORG/MEMBER`; both follow the rule for names of organisations.
fn desk(value: &str) -> Option<String> {
    let (org, member) = value.split_once('/')?;
    (org.parse::<Org>().is_ok() && member.parse::<Org>().is_ok()).then(|| value.to_owned())
}
