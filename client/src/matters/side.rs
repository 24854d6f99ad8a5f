//! On whose side a member speaks: all mediators are one side, each party is one.

use std::fmt;

use tearline_ledger::name::{MemberName, Org, Role};

/// A side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// All mediators.
    Mediators,
    /// A party.
    Party(Org),
}

impl Side {
    /// The side of a member.
    pub fn of(member: &MemberName) -> Self {
        match member.role() {
            Role::Party => Self::Party(member.org().clone()),
            _ => Self::Mediators,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mediators => f.write_str("the mediators"),
            Self::Party(org) => f.write_str(org.as_str()),
        }
    }
}
