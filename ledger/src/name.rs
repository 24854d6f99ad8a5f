//! Names: domains, organisations, members and rooms, in the one spelling that is accepted.
//!
//! Specification: `docs/spec.md`, section 2. A name says nothing of rights: those follow from the
//! charter of each room.

use std::{fmt, str::FromStr, sync::Arc};

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text has a label that is empty, too long, or has a character that is not allowed.
    #[error(
        "{what} `{}` is not allowed: use 1 to {max} lower-case letters, digits and inner hyphens",
        text.escape_debug()
    )]
    Label {
        /// Which part.
        what: &'static str,
        /// The text as given.
        text: String,
        /// The most characters that this part may have.
        max: usize,
    },
    /// A domain that is not two or more labels joined by dots.
    #[error("`{}` is not a domain: use lower-case labels joined by dots, as in kivu.example", .0.escape_debug())]
    Domain(String),
    /// A role that does not exist.
    #[error("`{}` is not a role: it is mediator, party or auditor", .0.escape_debug())]
    Role(String),
    /// Not `spiffe://DOMAIN/ROLE/ORG/MEMBER`.
    #[error("`{}` is not a member's name: it is spiffe://DOMAIN/ROLE/ORG/MEMBER", .0.escape_debug())]
    Member(String),
    /// Not `ORG/MEMBER`.
    #[error("`{}` is not a desk: it is ORG/MEMBER, as in us/kinshasa", .0.escape_debug())]
    Desk(String),
}

const LABEL_MAX: usize = 32;
/// As in DNS.
const DOMAIN_MAX: usize = 253;
const DOMAIN_LABEL_MAX: usize = 63;

fn is_label(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn label(what: &'static str, text: &str) -> Result<Arc<str>, NameError> {
    if is_label(text, LABEL_MAX) {
        Ok(Arc::from(text))
    } else {
        Err(NameError::Label { what, text: text.to_owned(), max: LABEL_MAX })
    }
}

/// The name of an instance of Tearline, in the form of a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Domain {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let good = text.len() <= DOMAIN_MAX
            && text.split('.').count() >= 2
            && text.split('.').all(|part| is_label(part, DOMAIN_LABEL_MAX));
        if good { Ok(Self(Arc::from(text))) } else { Err(NameError::Domain(text.to_owned())) }
    }
}

/// The name of an organisation, as in `drc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Org(Arc<str>);

impl Org {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Org {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        label("organisation", text).map(Self)
    }
}

/// The name of a room, as its founding charter gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// The name of the mediators' own room.
    pub const CHAMBER: &'static str = "chamber";

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the mediators' own room.
    pub fn is_chamber(&self) -> bool {
        &*self.0 == Self::CHAMBER
    }
}

impl FromStr for RoomName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        label("room name", text).map(Self)
    }
}

/// What a member is to the mediation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Reads every room; publishes and releases.
    Mediator,
    /// Reads its own room and shared rooms.
    Party,
    /// Verifies every room, reads no content.
    Auditor,
}

impl Role {
    /// The text, as in a SPIFFE id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mediator => "mediator",
            Self::Party => "party",
            Self::Auditor => "auditor",
        }
    }

    /// Whether members of this role hold a room's key.
    pub fn reads_content(self) -> bool {
        self != Self::Auditor
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        [Self::Mediator, Self::Party, Self::Auditor]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| NameError::Role(text.to_owned()))
    }
}

/// A member's full name: `spiffe://DOMAIN/ROLE/ORG/MEMBER`. Ordered as its text is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MemberName {
    text: Arc<str>,
    domain: Domain,
    role: Role,
    org: Org,
    desk: Arc<str>,
}

impl MemberName {
    /// The name that these parts make; `desk` is `ORG/MEMBER`.
    pub fn from_desk(domain: &Domain, role: Role, desk: &str) -> Result<Self, NameError> {
        let (org, member) = desk.split_once('/').ok_or_else(|| NameError::Desk(desk.to_owned()))?;
        Self::new(domain.clone(), role, org.parse()?, member)
    }

    fn new(domain: Domain, role: Role, org: Org, member: &str) -> Result<Self, NameError> {
        label("desk", member)?;
        let desk = format!("{}/{member}", org.as_str());
        let text = format!("spiffe://{}/{role}/{desk}", domain.as_str());
        Ok(Self { text: text.into(), domain, role, org, desk: desk.into() })
    }

    /// The full SPIFFE id.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The instance that the member belongs to.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// What the member is to the mediation.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The member's organisation.
    pub fn org(&self) -> &Org {
        &self.org
    }

    /// `ORG/MEMBER`, as people say it.
    pub fn desk(&self) -> &str {
        &self.desk
    }
}

impl FromStr for MemberName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let whole = || NameError::Member(text.to_owned());
        let rest = text.strip_prefix("spiffe://").ok_or_else(whole)?;
        let parts: Vec<&str> = rest.split('/').collect();
        let &[domain, role, org, member] = parts.as_slice() else { return Err(whole()) };
        Self::new(domain.parse()?, role.parse()?, org.parse()?, member)
    }
}

impl PartialOrd for MemberName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MemberName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_name_reads_back_as_it_was_written() {
        let text = "spiffe://kivu.example/party/drc/liaison";
        let name: MemberName = text.parse().unwrap();
        assert_eq!((name.as_str(), name.desk(), name.role()), (text, "drc/liaison", Role::Party));
        assert_eq!(MemberName::from_desk(name.domain(), Role::Party, "drc/liaison").unwrap(), name);
    }

    #[test]
    fn anything_but_the_one_spelling_is_refused() {
        for text in [
            "",
            "spiffe://kivu.example/party/drc",
            "spiffe://kivu.example/party/drc/liaison/x",
            "spiffe://kivu.example/party/drc/..",
            "spiffe://kivu.example/party//liaison",
            "spiffe://kivu.example/party/DRC/liaison",
            "spiffe://kivu.example/party/drc/liaison ",
            "spiffe://kivu.example/party/drc/lia\u{456}son",
            "spiffe://kivu.example/king/drc/liaison",
            "spiffe://kivu/party/drc/liaison",
            "spiffe://kivu.example:1/party/drc/liaison",
            "SPIFFE://kivu.example/party/drc/liaison",
            "spiffe://kivu.example/party/drc/-a",
            "spiffe://kivu.example/party/drc/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            assert!(text.parse::<MemberName>().is_err(), "{text}");
        }
    }
}
