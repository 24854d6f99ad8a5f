//! What a post may answer.
//!
//! Specification: `docs/spec.md`, section 9.2. A pure function of two posts: whether the one that is answered
//! stands where its readers can see it is judged elsewhere.

use tearline_proto::v1::{SessionPhase, content::Kind};

use super::{Content, ContentError};
use crate::name::{MemberName, Role};

/// A post by its content and its author.
#[derive(Debug, Clone, Copy)]
pub struct Authored<'a> {
    /// What it says.
    pub content: &'a Content,
    /// Who wrote it.
    pub author: &'a MemberName,
}

impl Authored<'_> {
    /// Whether this post may answer that one.
    ///
    /// # Errors
    ///
    /// [`ContentError::Kind`], with the rule that it breaks.
    pub fn may_answer(&self, answered: &Authored<'_>) -> Result<(), ContentError> {
        let rule = |rule| ContentError::Kind { kind: self.content.kind_name(), rule };
        check(self, answered).map_err(rule)
    }

    /// Whether both are of one party, or both the mediators'.
    fn same_side(&self, other: &Authored<'_>) -> bool {
        match (self.author.role(), other.author.role()) {
            (Role::Mediator, Role::Mediator) => true,
            (one, two) => one == two && self.author.org() == other.author.org(),
        }
    }
}

fn check(post: &Authored<'_>, answered: &Authored<'_>) -> Result<(), &'static str> {
    let (Some(kind), Some(other)) = (post.content.kind(), answered.content.kind()) else { return Ok(()) };
    let require = |good: bool, rule: &'static str| if good { Ok(()) } else { Err(rule) };
    require(
        !matches!(other, Kind::Decoy(_) | Kind::ManifestNotice(_)),
        "cannot answer a post that says nothing: name another",
    )?;
    match kind {
        Kind::Assessment(_) => require(
            matches!(
                other,
                Kind::Concern(_) | Kind::Request(_) | Kind::Incident(_) | Kind::ActivityNotice(_)
            ),
            "answers a concern, a request, an incident or an activity notice: name one",
        ),
        Kind::Reply(_) => {
            require(!post.same_side(answered), "answers another side's post: refer to your own instead")
        }
        Kind::ComplianceNote(note) => {
            let Kind::Commitment(commitment) = other else { return Err("answers a commitment: name one") };
            require(
                note.obligor.is_empty() || commitment.obligors.contains(&note.obligor),
                "names an obligor that the commitment does not bind: name one of its obligors, or none",
            )
        }
        Kind::Opinion(_) => require(matches!(other, Kind::Assessment(_)), "answers an assessment: name one"),
        Kind::Incident(_) => {
            let first = matches!(other, Kind::Incident(_)) && answered.content.message().answers.is_none();
            require(first, "follows on the first post about an incident: name that")
        }
        Kind::Session(_) => {
            let agenda = |it: i32| it == i32::from(SessionPhase::Agenda);
            require(matches!(other, Kind::Session(it) if agenda(it.phase)), "answers an agenda: name one")
        }
        Kind::Correction(_) => {
            require(post.same_side(answered), "puts right a post of one's own side: name one")
        }
        _ => Ok(()),
    }
}
