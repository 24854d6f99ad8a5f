//! What a commitment by mediators restates: what each obligor's custodian signed, elsewhere.
//!
//! Specification: `docs/spec.md`, section 9.5. The full references are in the proposal's sealed part alone; the
//! post names organisations and identities, so that its readers learn nothing of a room that they do not read.

use tearline_proto::v1::{self, content::Kind};

use super::{
    Question, ReleaseFault, ShownAct, ShownRef, ShownTarget, ShownUndertaking, TargetFault, UndertakingFault,
};
use crate::{
    content::Place,
    id::Ref,
    name::{Org, Role},
};

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
    let unknown = UndertakingFault::Unknown;
    let room = question.rooms.get(&reference.room).ok_or_else(|| unknown.clone())?;
    let found = room.past.find(&reference.id).filter(|found| found.identity == reference.statement);
    let found = found.ok_or(unknown)?;
    let (name, index) = (room.state.name().clone(), found.index);
    let at = || (name.as_str().to_owned(), index);
    if found.recalled {
        let (room, index) = at();
        return Err(UndertakingFault::Recalled { room, index });
    }
    let other = || {
        let (room, index) = at();
        UndertakingFault::Kind { room, index }
    };
    let author = found.post_author.as_ref().ok_or_else(other)?;
    let content = (question.content)(reference).ok_or_else(|| {
        let (room, index) = at();
        UndertakingFault::Gone { room, index }
    })?;
    if !matches!(content.kind(), Some(Kind::Commitment(promised)) if promised.kind == kind) {
        return Err(other());
    }
    let place = Place::new(author, &name, room.state.charter());
    let own = author.role() == Role::Party && author.org().as_str() == organisation;
    let org: Option<Org> = organisation.parse().ok();
    match (org, own && content.check_place(&place).is_ok()) {
        (Some(organisation), true) => {
            Ok(ShownUndertaking { organisation, entry: ShownRef { room: name, index }, content })
        }
        _ => {
            let (room, index) = at();
            Err(UndertakingFault::Custodian { room, index })
        }
    }
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
