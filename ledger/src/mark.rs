//! Portion marks: `U`, `C//REL TO DRC`, `S//NF`, `S//ORCON//REL TO DRC, RWA`.
//!
//! Specification: `docs/spec.md`, section 9.3. A mark has one spelling. This file says to whom a mark
//! lets a portion go; whether a release may do so is decided in `release`.

mod banner;

use std::{fmt, str::FromStr};

use crate::name::Org;

/// Why a text is not a portion mark. Positions count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// The first part is no classification.
    #[error("`{}` is not a classification: begin the mark with U, R, C, S or TS", .0.escape_debug())]
    Classification(String),
    /// A part that is no control.
    #[error("`{}` at character {at} is not a control: use ORCON, NF, or REL TO and a list", text.escape_debug())]
    Control {
        /// Where it begins.
        at: usize,
        /// The part as given.
        text: String,
    },
    /// A control, or a code of the list, that is there already.
    #[error("`{text}` at character {at} is there twice: leave one")]
    Twice {
        /// Where the second begins.
        at: usize,
        /// What is repeated.
        text: String,
    },
    /// NF and REL TO in one mark.
    #[error("NF and REL TO contradict each other at character {0}: leave the one that is meant")]
    Contradiction(usize),
    /// An entry of the list that cannot be a code.
    #[error(
        "`{}` at character {at} is not a code: use upper-case letters, digits and inner hyphens, as in REL TO DRC, RWA",
        text.escape_debug()
    )]
    Code {
        /// Where it begins.
        at: usize,
        /// The entry as given.
        text: String,
    },
    /// The mark can be understood, but is not spelt as it has to be.
    #[error("the mark is not in its one spelling from character {at}: write `{canonical}`")]
    Spelling {
        /// The first character that differs.
        at: usize,
        /// The one spelling.
        canonical: String,
    },
}

/// A portion mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mark {
    classification: Classification,
    originator_controlled: bool,
    dissemination: Dissemination,
}

/// How much harm disclosure would do, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Classification {
    /// U
    Unclassified,
    /// R
    Restricted,
    /// C
    Confidential,
    /// S
    Secret,
    /// TS
    TopSecret,
}

/// To whom a portion may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Dissemination {
    /// Neither NF nor REL TO: to all if unclassified, else to no party.
    Unstated,
    /// NF: to no party.
    NotReleasable,
    /// REL TO: to these.
    ReleasableTo(Audience),
}

/// The list of a REL TO: one or more codes, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience(Vec<Code>);

/// A code of a REL TO list, as in `RWA`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Mark {
    /// The classification.
    pub fn classification(&self) -> Classification {
        self.classification
    }

    /// Whether a release needs the originator's own approval (ORCON).
    pub fn orcon(&self) -> bool {
        self.originator_controlled
    }

    /// To whom it may be shown.
    pub fn dissemination(&self) -> &Dissemination {
        &self.dissemination
    }

    /// Whether the portion may go to this party without a downgrade. A REL TO list limits unclassified
    /// portions too.
    pub fn releasable_to(&self, org: &Org) -> bool {
        match &self.dissemination {
            Dissemination::Unstated => self.classification == Classification::Unclassified,
            Dissemination::NotReleasable => false,
            Dissemination::ReleasableTo(audience) => audience.names(org),
        }
    }

    /// The mark as this recipient sees it: a REL TO names it and nobody else. `None` if the portion is
    /// not releasable to it.
    pub fn for_recipient(&self, org: &Org) -> Option<Self> {
        self.for_recipients(&[org])
    }

    /// The same for a room that several parties share: `None` unless releasable to each.
    pub fn for_recipients(&self, orgs: &[&Org]) -> Option<Self> {
        if orgs.is_empty() || !orgs.iter().all(|org| self.releasable_to(org)) {
            return None;
        }
        let mut shown = self.clone();
        if let Dissemination::ReleasableTo(audience) = &self.dissemination {
            let mut codes: Vec<Code> = orgs.iter().filter_map(|org| audience.code_of(org)).cloned().collect();
            codes.sort();
            codes.dedup();
            shown.dissemination = Dissemination::ReleasableTo(Audience(codes));
        }
        Some(shown)
    }

    /// Whether `lower` may take the place of this mark in a recorded downgrade: it may not classify
    /// higher.
    pub fn may_be_lowered_to(&self, lower: &Self) -> bool {
        lower.classification <= self.classification
    }
}

impl Audience {
    /// The codes, ascending.
    pub fn codes(&self) -> &[Code] {
        &self.0
    }

    /// Whether a code of the list names this organisation.
    pub fn names(&self, org: &Org) -> bool {
        self.code_of(org).is_some()
    }

    /// A code that names more than one of these organisations, with two of them. A list that has one
    /// must not be acted on: write the names out.
    pub fn ambiguity<'a>(&'a self, orgs: &'a [Org]) -> Option<(&'a Code, &'a Org, &'a Org)> {
        self.0.iter().find_map(|code| {
            let mut named = orgs.iter().filter(|org| code.names(org));
            let first = named.next()?;
            named.find(|org| *org != first).map(|second| (code, first, second))
        })
    }

    fn code_of(&self, org: &Org) -> Option<&Code> {
        self.0.iter().find(|code| code.names(org))
    }
}

impl Code {
    /// The fewest letters by which a name may be shortened, as in country codes.
    const SHORTEST_PREFIX: usize = 3;
    /// The most characters that the name of an organisation has.
    const LONGEST: usize = 32;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this code names `org`: it is the name in upper case (`DRC` for `drc`), or its first
    /// three or more letters, what follows being letters only (`RWA` for `rwanda`, but `DRC` not for
    /// `drc-east`).
    pub fn names(&self, org: &Org) -> bool {
        let name = org.as_str().to_ascii_uppercase();
        match name.strip_prefix(&self.0) {
            Some("") => true,
            Some(rest) => {
                self.0.len() >= Self::SHORTEST_PREFIX && rest.bytes().all(|byte| byte.is_ascii_uppercase())
            }
            None => false,
        }
    }

    fn parse(at: usize, text: &str) -> Result<Self, MarkError> {
        let good = (1..=Self::LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if good {
            Ok(Self(text.to_ascii_uppercase()))
        } else {
            Err(MarkError::Code { at, text: text.to_owned() })
        }
    }
}

impl Classification {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Unclassified, "U"),
        (Self::Restricted, "R"),
        (Self::Confidential, "C"),
        (Self::Secret, "S"),
        (Self::TopSecret, "TS"),
    ];

    /// The abbreviation, as in a mark.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unclassified => "U",
            Self::Restricted => "R",
            Self::Confidential => "C",
            Self::Secret => "S",
            Self::TopSecret => "TS",
        }
    }

    fn parse(text: &str) -> Result<Self, MarkError> {
        let found = Self::ALL.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(class, _)| *class).ok_or_else(|| MarkError::Classification(text.to_owned()))
    }
}

impl FromStr for Mark {
    type Err = MarkError;

    /// Understands sloppy spellings too, in order to answer with the right one.
    fn from_str(text: &str) -> Result<Self, MarkError> {
        let mut parts = parts(text, "//", 1);
        let (_, first) = parts.next().unwrap_or((1, ""));
        let mut mark = Self {
            classification: Classification::parse(first)?,
            originator_controlled: false,
            dissemination: Dissemination::Unstated,
        };
        for (at, part) in parts {
            mark.add_control(at, part)?;
        }
        let canonical = mark.to_string();
        if canonical == text {
            return Ok(mark);
        }
        let same = canonical.chars().zip(text.chars()).take_while(|(one, two)| one == two).count();
        Err(MarkError::Spelling { at: same + 1, canonical })
    }
}

impl Mark {
    fn add_control(&mut self, at: usize, part: &str) -> Result<(), MarkError> {
        let twice = || MarkError::Twice { at, text: part.to_owned() };
        let upper = part.to_ascii_uppercase();
        let dissemination = match upper.as_str() {
            "ORCON" if self.originator_controlled => return Err(twice()),
            "ORCON" => {
                self.originator_controlled = true;
                return Ok(());
            }
            "NF" => Dissemination::NotReleasable,
            _ => Dissemination::ReleasableTo(Audience::parse(at, part)?),
        };
        match (&self.dissemination, &dissemination) {
            (Dissemination::Unstated, _) => self.dissemination = dissemination,
            (Dissemination::NotReleasable, Dissemination::NotReleasable)
            | (Dissemination::ReleasableTo(_), Dissemination::ReleasableTo(_)) => return Err(twice()),
            _ => return Err(MarkError::Contradiction(at)),
        }
        Ok(())
    }
}

impl Audience {
    const KEYWORD: &'static str = "REL TO";

    fn parse(at: usize, part: &str) -> Result<Self, MarkError> {
        let control = || MarkError::Control { at, text: part.to_owned() };
        let (keyword, list) = part.split_at_checked(Self::KEYWORD.len()).ok_or_else(control)?;
        if !keyword.eq_ignore_ascii_case(Self::KEYWORD) || !(list.is_empty() || list.starts_with(' ')) {
            return Err(control());
        }
        let mut codes: Vec<Code> = Vec::new();
        for (at, text) in parts(list, ",", at + Self::KEYWORD.len()) {
            let code = Code::parse(at, text)?;
            if codes.contains(&code) {
                return Err(MarkError::Twice { at, text: code.0 });
            }
            codes.push(code);
        }
        codes.sort();
        Ok(Self(codes))
    }
}

/// The parts of `text` without surrounding spaces, each with the position of its first character.
fn parts<'a>(text: &'a str, separator: &'a str, first: usize) -> impl Iterator<Item = (usize, &'a str)> {
    let mut next = first;
    text.split(separator).map(move |part| {
        let begin = next;
        next += part.chars().count() + separator.len();
        let inner = part.trim_start_matches(' ');
        (begin + part.len() - inner.len(), inner.trim_end_matches(' '))
    })
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.classification.as_str())?;
        if self.originator_controlled {
            f.write_str("//ORCON")?;
        }
        match &self.dissemination {
            Dissemination::Unstated => Ok(()),
            Dissemination::NotReleasable => f.write_str("//NF"),
            Dissemination::ReleasableTo(audience) => {
                let codes: Vec<&str> = audience.0.iter().map(Code::as_str).collect();
                write!(f, "//{} {}", Audience::KEYWORD, codes.join(", "))
            }
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
