//! The kinds that officers write, by the names that they type.
//!
//! A briefing is published and portions are released by commands of their own.

use tearline_ledger::name::Role;

use super::{WriteError, role_name};

/// A kind of post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What a party worries about.
    Concern,
    /// What mediators make of it.
    Assessment,
    /// What a party makes of an assessment.
    Opinion,
    /// Asks to do something or to refrain from it.
    Request,
    /// Answers a request, or any other post.
    Reply,
    /// A promise.
    Commitment,
    /// How a promise was kept.
    Compliance,
    /// An incident, or a step in how it is dealt with.
    Incident,
    /// A movement that is announced.
    Activity,
    /// Agenda or minutes of a meeting.
    Session,
    /// A text.
    Note,
    /// Puts an own post right.
    Correction,
    /// Keeps a steady cadence, and says nothing.
    Decoy,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Concern,
        Self::Assessment,
        Self::Opinion,
        Self::Request,
        Self::Reply,
        Self::Commitment,
        Self::Compliance,
        Self::Incident,
        Self::Activity,
        Self::Session,
        Self::Note,
        Self::Correction,
        Self::Decoy,
    ];

    /// As it is typed after `tearline write`.
    pub fn command(self) -> &'static str {
        match self {
            Self::Compliance => "compliance",
            Self::Activity => "activity",
            other => other.word(),
        }
    }

    /// As it is called: the word of `Content::kind_name`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Concern => "concern",
            Self::Assessment => "assessment",
            Self::Opinion => "opinion",
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Commitment => "commitment",
            Self::Compliance => "compliance note",
            Self::Incident => "incident",
            Self::Activity => "activity notice",
            Self::Session => "session",
            Self::Note => "note",
            Self::Correction => "correction",
            Self::Decoy => "decoy",
        }
    }

    /// The roles that ever write it. In which room, and with which fields, the ledger says.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Concern | Self::Opinion => &[Role::Party],
            Self::Assessment | Self::Session => &[Role::Mediator],
            _ => &[Role::Mediator, Role::Party],
        }
    }

    /// Refuses whoever never writes it.
    pub fn check_role(self, role: Role) -> Result<(), WriteError> {
        if self.roles().contains(&role) {
            return Ok(());
        }
        let by = match self.roles() {
            [Role::Party] => "parties",
            [Role::Mediator] => "mediators",
            _ => "mediators and parties",
        };
        Err(WriteError::Role { kind: self.word(), role: role_name(role), by })
    }

    /// Whether it says nothing unless it answers a post.
    pub(super) fn must_answer(self) -> bool {
        matches!(self, Self::Reply | Self::Compliance | Self::Opinion | Self::Correction)
    }
}
