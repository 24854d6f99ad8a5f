//! What a commitment by mediators restates: what each obligor's custodian signed, elsewhere.
//!
//! Specification: `docs/spec.md`, section 9.5. The full references are in the proposal's sealed part alone; the
//! post names organisations and identities, so that its readers learn nothing of a room that they do not read.

use tearline_proto::v1::{self, content::Kind};

use super::{Question, ReleaseFault, ShownAct, ShownRef, ShownTarget, ShownUndertaking, TargetFault};
use crate::{content::Place, id::Ref, name::Role};

/// What is wrong with a commitment that mediators restate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UndertakingFault {
    /// It stands in no room that is known here.
    #[error("it stands in no room that is known here: run tearline fetch, or propose anew")]
    Unknown,
    /// It was recalled.
    #[error("{room}#{index} was recalled: ask its obligor to commit itself anew")]
    Recalled {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// Its content is not here.
    #[error("the content of {room}#{index} is not here: run tearline fetch, then try again")]
    Gone {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// A post of another kind, or a commitment of another.
    #[error("{room}#{index} is no commitment of this kind: name the one that is restated")]
    Kind {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
    /// Another organisation's, or by one who is no custodian of it now.
    #[error("{room}#{index} is not by a custodian of it now: have one sign it anew, and propose that")]
    Custodian {
        /// The room's name.
        room: String,
        /// Its index.
        index: u64,
    },
}

/// Each commitment that this post restates, if it restates some.
pub(super) fn check(
    question: &Question<'_>,
    message: &v1::Content,
) -> Result<Vec<ShownUndertaking>, TargetFault> {
    let Some(Kind::Commitment(commitment)) = &message.kind else { return Ok(Vec::new()) };
    let named = &commitment.undertakings;
    let sealed: Option<Vec<Ref>> = question.proposed.undertakings.iter().map(Ref::from_message).collect();
    let sealed = sealed.filter(|sealed| {
        sealed
            .iter()
            .map(|it| it.statement.as_bytes().as_slice())
            .eq(named.iter().map(|it| it.statement.as_ref()))
    });
    let sealed = sealed.ok_or(TargetFault::UndertakingsDiffer)?;
    let pairs = (1..).zip(named.iter().zip(&sealed));
    pairs
        .map(|(number, (named, reference))| {
            check_one(question, commitment.kind, &named.organisation, reference).map_err(|fault| {
                TargetFault::Undertaking { number, organisation: named.organisation.clone(), fault }
            })
        })
        .collect()
}

/// It stands, unrecalled, and is a commitment of this kind by a custodian of the organisation.
fn check_one(
    question: &Question<'_>,
    kind: i32,
    organisation: &str,
    reference: &Ref,
) -> Result<ShownUndertaking, UndertakingFault> {
    let room = question.rooms.get(&reference.room).ok_or(UndertakingFault::Unknown)?;
    let found = room.past.find(&reference.id).filter(|found| found.identity == reference.statement);
    let found = found.ok_or(UndertakingFault::Unknown)?;
    let (name, index) = (room.state.name().clone(), found.index);
    let refuse = |fault: fn(String, u64) -> UndertakingFault| Err(fault(name.as_str().to_owned(), index));
    if found.recalled {
        return refuse(|room, index| UndertakingFault::Recalled { room, index });
    }
    let Some(author) = &found.post_author else {
        return refuse(|room, index| UndertakingFault::Kind { room, index });
    };
    let Some(content) = (question.content)(reference) else {
        return refuse(|room, index| UndertakingFault::Gone { room, index });
    };
    if !matches!(content.kind(), Some(Kind::Commitment(promised)) if promised.kind == kind) {
        return refuse(|room, index| UndertakingFault::Kind { room, index });
    }
    let place = Place::new(author, &name, room.state.charter());
    let own = author.role() == Role::Party && author.org().as_str() == organisation;
    if !own || content.check_place(&place).is_err() {
        return refuse(|room, index| UndertakingFault::Custodian { room, index });
    }
    let organisation = author.org().clone();
    Ok(ShownUndertaking { organisation, entry: ShownRef { room: name, index }, content })
}

/// References to what is restated come with a commitment that restates it.
pub(super) fn require_used(question: &Question<'_>, targets: &[ShownTarget]) -> Result<(), ReleaseFault> {
    let restates = |target: &ShownTarget| match &target.act {
        ShownAct::Post(post) => !post.undertakings.is_empty(),
        _ => false,
    };
    if question.proposed.undertakings.is_empty() || targets.iter().any(restates) {
        Ok(())
    } else {
        Err(ReleaseFault::UndertakingsUnused)
    }
}
