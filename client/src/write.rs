//! Posts from the text files that officers write: front matter and text into content.
//!
//! One function for every kind. What a reference leads to its caller finds; sealing and sending are not
//! its affair, nor is the room: who may write what where is the ledger's to say.

mod commitment;
mod concern;
mod head;
mod incident;
mod kind;
pub(crate) mod place;
mod request;
mod session;

use tearline_ledger::{
    content::{Authored, Content, ContentError},
    id::Ref,
    keys::{NoRandomness, fresh},
    name::{MemberName, Role},
};
use tearline_proto::v1::{self, content};

pub use head::to_come;
pub use kind::Kind;

use self::head::Head;
use crate::{
    front::{Front, FrontError},
    refs::EntryRef,
};

/// The shortest filling of a decoy, in bytes.
const DECOY_MIN: usize = 200;
/// By how much more it may be filled, in bytes.
const DECOY_SPREAD: usize = 1800;

/// Why a file is not a post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The front matter.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// No text below the front matter.
    #[error("the text is missing: write it below the closing line `---`")]
    NoText,
    /// No text in one of several languages.
    #[error("the text in `{0}` is missing: write it below the line `[{0}]`")]
    NoTextIn(String),
    /// What it comes to.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The post that it answers is not one that it can answer.
    #[error("`answers: {entry}` is a {kind}: {error}")]
    Answers {
        /// What it answers.
        entry: EntryRef,
        /// What that is.
        kind: &'static str,
        /// The rule.
        error: ContentError,
    },
    /// Somebody of this role never writes this kind.
    #[error("{role} writes no {kind}: {by} do")]
    Role {
        /// The kind.
        kind: &'static str,
        /// Of whoever would write it.
        role: &'static str,
        /// Who does.
        by: &'static str,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Text where there can be none.
    #[error("a decoy says nothing: leave the file out")]
    Decoy,
}

/// Who writes, when, and how references are found.
#[derive(Clone, Copy)]
pub struct Author<'a> {
    /// Who.
    pub name: &'a MemberName,
    /// The author's clock, in seconds since 1970.
    pub now: u64,
    /// What stands at an entry, or why that cannot be said.
    pub find: &'a dyn Fn(&EntryRef) -> Result<Referent, String>,
}

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Referent {
    /// Where it stands.
    pub entry: EntryRef,
    /// As content refers to it.
    pub reference: Ref,
    /// Who wrote it.
    pub author: MemberName,
    /// Whether it is a post.
    pub post: bool,
    /// What it says; `None` if it is no post, or its content is not here.
    pub content: Option<Content>,
}

/// A post as it was written, not sealed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// What it says.
    pub content: Content,
    /// The statements that a restated commitment rests on, in the order of its obligors: for the proposal's
    /// sealed part, never for the post.
    pub undertakings: Vec<Ref>,
    /// When its content expires, in seconds since 1970.
    pub until: Option<u64>,
}

/// A kind's own fields.
struct Body {
    kind: content::Kind,
    undertakings: Vec<Ref>,
}

impl From<content::Kind> for Body {
    fn from(kind: content::Kind) -> Self {
        Self { kind, undertakings: Vec::new() }
    }
}

/// Reads a file as a post of this kind. The file of a decoy is empty.
///
/// # Errors
///
/// The first thing that is wrong with it, with its line where it has one.
pub fn parse(kind: Kind, file: &str, author: &Author<'_>) -> Result<Written, WriteError> {
    kind.check_role(author.name.role())?;
    if kind == Kind::Decoy {
        if !file.trim().is_empty() {
            return Err(WriteError::Decoy);
        }
        return finish(kind, Head::default(), decoy()?, author);
    }
    let mut front = Front::parse(file)?;
    let head = Head::take(&mut front, author, kind.must_answer())?;
    let body = match kind {
        Kind::Concern => concern::concern(front)?,
        Kind::Assessment => concern::assessment(front)?,
        Kind::Opinion => concern::opinion(front)?,
        Kind::Request => request::request(front)?,
        Kind::Reply => request::reply(front)?,
        Kind::Note => request::note(front)?,
        Kind::Correction => request::correction(front)?,
        Kind::Commitment => commitment::commitment(front, author)?,
        Kind::Compliance => commitment::compliance(front)?,
        Kind::Incident => incident::incident(front, head.answers.is_some())?,
        Kind::Activity => incident::activity(front)?,
        Kind::Session => session::session(front)?,
        Kind::Decoy => decoy()?,
    };
    finish(kind, head, body, author)
}

fn finish(kind: Kind, head: Head, body: Body, author: &Author<'_>) -> Result<Written, WriteError> {
    let content = Content::new(v1::Content {
        written_at: author.now,
        precedence: head.precedence.into(),
        subject: head.subject,
        ack_by: head.ack_by,
        answers: head.answers.as_ref().map(|answered| answered.reference.to_message()),
        refers: head.refers.iter().map(Ref::to_message).collect(),
        kind: Some(body.kind),
        ..v1::Content::default()
    })?;
    debug_assert_eq!(content.kind_name(), kind.word());
    if let Some(answered) = &head.answers
        && let Some(other) = &answered.content
    {
        let post = Authored { content: &content, author: author.name };
        let answers = Authored { content: other, author: &answered.author };
        post.may_answer(&answers).map_err(|error| {
            let (entry, kind) = (answered.entry.clone(), other.kind_name());
            WriteError::Answers { entry, kind, error }
        })?;
    }
    Ok(Written { content, undertakings: body.undertakings, until: head.until })
}

/// As long as a post of a few sentences, so that its size does not give it away.
fn decoy() -> Result<Body, WriteError> {
    let drawn = u16::from_be_bytes(*fresh::<2>()?);
    let length = DECOY_MIN + usize::from(drawn) % DECOY_SPREAD;
    Ok(content::Kind::Decoy(v1::Decoy { filling: vec![0; length].into() }).into())
}

/// The text below the front matter, once all keys are taken.
fn text_below(front: Front) -> Result<String, WriteError> {
    let text = front.finish()?;
    if text.is_empty() { Err(WriteError::NoText) } else { Ok(text) }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Mediator => "a mediator",
        Role::Party => "a party",
        Role::Auditor => "an auditor",
    }
}

#[cfg(test)]
pub(crate) mod tests;
