//! Content: what a post holds once it is opened.
//!
//! Specification: `docs/spec.md`, section 9. Only those who hold the room's key ever come this far;
//! nothing here is stored or sent unsealed.

use tearline_proto::v1::{self, content::Kind};

use crate::{
    encoding::{self, EncodingError},
    id::Ref,
    misleading::{self, Misleading},
    name::Role,
};

/// A subject is one line on a screen.
pub const SUBJECT_MAX: usize = 200;
/// Any other text.
pub const TEXT_MAX: usize = 256 * 1024;
const PORTIONS_MAX: usize = 63;
const LONGITUDE_MAX_E7: u64 = 1_800_000_000;
const LATITUDE_MAX_E7: u64 = 900_000_000;

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
        if let Some(tearline) = &message.tearline {
            check_tearline(tearline)?;
        }
        for attachment in &message.attachments {
            let good = attachment.digest.len() == 32 && attachment.key.len() == 32 && attachment.size > 0;
            if !good || attachment.name.is_empty() || attachment.name.contains(['/', '\\', '\0']) {
                return Err(field("attachments have a digest, key, size or name that is wrong"));
            }
        }
        check_kind(kind)?;
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

    /// Whether an author of this role may write this kind here.
    pub fn check_place(&self, author: Role, chamber: bool) -> Result<(), ContentError> {
        let kind = self.kind_name();
        let refuse = |rule| Err(ContentError::Kind { kind, rule });
        match self.kind() {
            Some(Kind::Briefing(_) | Kind::ManifestNotice(_)) if !chamber => {
                refuse("stays in the chamber; release portions of it instead")
            }
            Some(Kind::Release(_) | Kind::Assessment(_)) if author != Role::Mediator => {
                refuse("is written by mediators only")
            }
            Some(Kind::Release(_) | Kind::Assessment(_) | Kind::Concern(_)) if chamber => {
                refuse("belongs in a room that has a party")
            }
            Some(Kind::Concern(_)) if author != Role::Party => refuse("is written by a party"),
            _ if self.0.tearline.is_some() && (author != Role::Mediator || chamber) => {
                refuse("cannot carry released portions here")
            }
            _ => Ok(()),
        }
    }

    /// Every text in it that a person will read, with its field's name.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        let mut out = vec![("subject", self.0.subject.as_str())];
        if let Some(tearline) = &self.0.tearline {
            out.extend(tearline.portions.iter().map(|portion| ("portion", portion.text.as_str())));
        }
        out.extend(self.0.attachments.iter().map(|attachment| ("attachment name", attachment.name.as_str())));
        match self.kind() {
            Some(Kind::Briefing(briefing)) => {
                out.extend(briefing.portions.iter().map(|portion| ("portion", portion.text.as_str())));
            }
            Some(Kind::Release(release)) => out.push(("note", &release.note)),
            Some(Kind::Concern(concern)) => {
                out.extend([
                    ("text", concern.text.as_str()),
                    ("force seen", &concern.force_seen),
                    ("evidence", &concern.evidence),
                ]);
                out.extend(concern.place.iter().map(|place| ("place", place.name.as_str())));
            }
            Some(Kind::Assessment(assessment)) => {
                out.push(("text", &assessment.text));
                out.extend(assessment.assumptions.iter().map(|text| ("assumption", text.as_str())));
                out.extend(assessment.alternatives.iter().map(|text| ("alternative", text.as_str())));
            }
            Some(Kind::Note(note)) => out.push(("text", &note.text)),
            Some(Kind::Decoy(_) | Kind::ManifestNotice(_)) | None => {}
        }
        out.retain(|(_, text)| !text.is_empty());
        out
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
    }
}

fn check_tearline(tearline: &v1::Tearline) -> Result<(), ContentError> {
    let good = tearline.manifest.len() == 64 * 32
        && tearline.blind.len() == 32
        && (1..=PORTIONS_MAX).contains(&tearline.portions.len())
        && tearline.portions.iter().all(|portion| portion.salt.len() == 32 && text(&portion.text));
    if good { Ok(()) } else { Err(ContentError::Field("released portions are not well-formed")) }
}

fn text(value: &str) -> bool {
    !value.trim().is_empty() && value.len() <= TEXT_MAX
}

fn check_kind(kind: &Kind) -> Result<(), ContentError> {
    let bad = |what| Err(ContentError::Field(what));
    match kind {
        Kind::Briefing(briefing) => {
            let count = briefing.portions.len();
            if !(1..=PORTIONS_MAX).contains(&count) || !briefing.portions.iter().all(|it| text(&it.text)) {
                return bad("portions are not 1 to 63, each with a text");
            }
            if briefing.seed.len() != 32 {
                return bad("seed is not 32 bytes");
            }
            let graded = briefing.source.as_ref().is_none_or(|source| {
                known::<v1::Reliability>(source.reliability) && known::<v1::Credibility>(source.credibility)
            });
            if graded { Ok(()) } else { bad("source is not graded A to F and 1 to 6") }
        }
        Kind::Concern(concern) => {
            if !text(&concern.text) {
                return bad("text is missing or too long");
            }
            if !known::<v1::Activity>(concern.activity) || !known::<v1::AnswerUse>(concern.answer_use) {
                return bad("activity, or how the answer may be used, is missing");
            }
            if concern.observed_to != 0 && concern.observed_to < concern.observed_from {
                return bad("time window ends before it begins");
            }
            match &concern.place {
                Some(place) if !on_earth(place) => bad("place is not on earth, has no name or no precision"),
                _ => Ok(()),
            }
        }
        Kind::Assessment(assessment) => {
            let complete = known::<v1::Finding>(assessment.finding)
                && known::<v1::Activity>(assessment.activity)
                && known::<v1::Likelihood>(assessment.likelihood)
                && known::<v1::Confidence>(assessment.confidence);
            if complete { Ok(()) } else { bad("finding, activity, likelihood or confidence is missing") }
        }
        Kind::Note(note) if !text(&note.text) => bad("text is missing or too long"),
        Kind::ManifestNotice(notice) => {
            let good =
                notice.room.len() == 32 && notice.briefing.as_ref().and_then(Ref::from_message).is_some();
            if good { Ok(()) } else { bad("briefing or room is missing") }
        }
        Kind::Release(_) | Kind::Note(_) | Kind::Decoy(_) => Ok(()),
    }
}

fn known<E: TryFrom<i32>>(value: i32) -> bool {
    value != 0 && E::try_from(value).is_ok()
}

fn on_earth(place: &v1::Place) -> bool {
    place.longitude_e7.unsigned_abs() <= LONGITUDE_MAX_E7
        && place.latitude_e7.unsigned_abs() <= LATITUDE_MAX_E7
        && place.precision_m > 0
        && text(&place.name)
}
