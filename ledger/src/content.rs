//! Content: what a post holds once it is opened.
//!
//! Specification: `docs/spec.md`, section 9. Only those who hold the room's key ever come this far;
//! nothing here is stored or sent unsealed.

mod answering;
mod bounds;
mod place;
mod texts;

use tearline_proto::v1::{self, content::Kind};

pub use answering::Authored;
pub use place::Place;

use crate::{
    encoding::{self, EncodingError},
    id::Ref,
    misleading::{self, Misleading},
};

/// A subject is one line on a screen.
pub const SUBJECT_MAX: usize = 200;
/// Any other text.
pub const TEXT_MAX: usize = 256 * 1024;

/// Why bytes are not the content of a post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// Not in the one encoding.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// A field that is missing, unknown or out of bounds.
    #[error("the content's {0}")]
    Field(&'static str),
    /// A kind that its author may not write, or not in this room.
    #[error("{kind} {rule}")]
    Kind {
        /// The kind.
        kind: &'static str,
        /// Who may write it, and where.
        rule: &'static str,
    },
}

/// Content whose every field is in bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Content(v1::Content);

impl Content {
    /// Decodes and checks the content of a post.
    pub fn parse(bytes: &[u8]) -> Result<Self, ContentError> {
        Self::new(encoding::decode("content", bytes)?)
    }

    /// Checks every field.
    pub fn new(message: v1::Content) -> Result<Self, ContentError> {
        let field = ContentError::Field;
        let kind = message.kind.as_ref().ok_or(field("kind is missing or unknown"))?;
        if message.precedence == 0 || v1::Precedence::try_from(message.precedence).is_err() {
            return Err(field("precedence is missing or unknown"));
        }
        let subject = &message.subject;
        if subject.len() > SUBJECT_MAX || subject.chars().any(char::is_control) {
            return Err(field("subject is longer than 200 bytes or not one line"));
        }
        let subject_needed = !matches!(kind, Kind::Decoy(_) | Kind::ManifestNotice(_));
        if subject.trim().is_empty() && subject_needed {
            return Err(field("subject is missing"));
        }
        let references = message.answers.iter().chain(&message.refers);
        if references.map(Ref::from_message).any(|reference| reference.is_none()) {
            return Err(field("references have a field of the wrong length"));
        }
        bounds::check(&message)?;
        Ok(Self(message))
    }

    /// The fields.
    pub fn message(&self) -> &v1::Content {
        &self.0
    }

    /// The kind.
    pub fn kind(&self) -> Option<&Kind> {
        self.0.kind.as_ref()
    }

    /// The word for the kind.
    pub fn kind_name(&self) -> &'static str {
        self.kind().map_or("content", kind_name)
    }

    /// The encoded content, to be sealed.
    pub fn encode(&self) -> Vec<u8> {
        prost::Message::encode_to_vec(&self.0)
    }

    /// Whether this author may write this kind here.
    pub fn check_place(&self, place: &Place<'_>) -> Result<(), ContentError> {
        place::check(self, place)
    }

    /// Every text in it that a person will read, with its field's name.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        texts::of(&self.0)
    }

    /// Characters that mislead whoever reads it, with the field that has them.
    pub fn misleading(&self) -> Vec<(&'static str, Misleading)> {
        let texts = self.texts().into_iter();
        texts
            .flat_map(|(field, text)| misleading::find(text).into_iter().map(move |it| (field, it)))
            .collect()
    }
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Briefing(_) => "briefing",
        Kind::Release(_) => "release",
        Kind::Concern(_) => "concern",
        Kind::Assessment(_) => "assessment",
        Kind::Note(_) => "note",
        Kind::Decoy(_) => "decoy",
        Kind::ManifestNotice(_) => "manifest notice",
        Kind::Request(_) => "request",
        Kind::Reply(_) => "reply",
        Kind::Commitment(_) => "commitment",
        Kind::ComplianceNote(_) => "compliance note",
        Kind::Incident(_) => "incident",
        Kind::ActivityNotice(_) => "activity notice",
        Kind::Session(_) => "session",
        Kind::Opinion(_) => "opinion",
        Kind::Correction(_) => "correction",
    }
}

#[cfg(test)]
mod tests;
