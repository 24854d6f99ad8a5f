//! Each target of a proposal: the bytes that were signed, where they belong, and what they do.
//!
//! Specification: `docs/spec.md`, sections 3, 6 and 9.5. What a post holds is in `posts`, what a charter says
//! in `charters`.

use std::collections::BTreeSet;

use super::{
    Downgrades, Question, ReleaseFault, Room, ShownAct, ShownRecall, ShownTarget, TargetFault, attachments,
    charters, posts,
};
use crate::{
    envelope::PayloadType,
    id::{Identity, Ref, RoomId, StatementId},
    name::Role,
    rules::OpenProposal,
    statement::{Act, Statement},
};
use tearline_proto::v1;

/// Judges all targets, in order.
pub(super) fn check_all(
    question: &Question<'_>,
    downgrades: &Downgrades,
) -> Result<Vec<ShownTarget>, ReleaseFault> {
    let mut chartered = BTreeSet::new();
    let mut shown: Vec<ShownTarget> = Vec::new();
    let pairs = question.proposal.targets.iter().zip(&question.proposed.targets);
    for (number, ((listed, _), target)) in (1..).zip(pairs) {
        let checked = check_target(question, downgrades, *listed, target, &mut chartered);
        let checked = checked.and_then(|checked| {
            let twin = shown.iter().any(|other| other.name == checked.name && other.room != checked.room);
            if twin {
                return Err(TargetFault::NameTaken);
            }
            attachments::check_apart(&shown, &checked).map(|()| checked)
        });
        shown.push(checked.map_err(|fault| ReleaseFault::Target {
            target: number,
            room: room_label(question, target),
            fault: Box::new(fault),
        })?);
    }
    Ok(shown)
}

/// Verifies every signer's signature on every target: the last approver sends them all.
pub fn check_signatures(
    open: &OpenProposal,
    proposed: &v1::Proposed,
    chamber: &Room<'_>,
) -> Result<(), ReleaseFault> {
    for (signer, key_id, signatures) in &open.signatures {
        let key = chamber.state.sign_key(key_id);
        for (number, (target, signature)) in (1..).zip(proposed.targets.iter().zip(signatures)) {
            let message = PayloadType::Statement.pae(&target.statement);
            if key.as_ref().is_none_or(|key| key.verify(&message, signature).is_err()) {
                return Err(ReleaseFault::Signature { signer: signer.desk().to_owned(), target: number });
            }
        }
    }
    Ok(())
}

fn check_target(
    question: &Question<'_>,
    downgrades: &Downgrades,
    listed: Identity,
    target: &v1::Target,
    chartered: &mut BTreeSet<RoomId>,
) -> Result<ShownTarget, TargetFault> {
    if PayloadType::Statement.identity(&target.statement) != listed {
        return Err(TargetFault::Identity);
    }
    let statement = Statement::parse(&target.statement)?;
    let room_id = statement.room.unwrap_or(RoomId(listed.0));
    if target.room.as_ref() != room_id.as_bytes() {
        return Err(TargetFault::Room);
    }
    if statement.author != *question.author {
        return Err(TargetFault::Author(statement.author));
    }
    if !statement.id.is_whole_hour() {
        return Err(TargetFault::NotWholeHour);
    }
    if !target.content.is_empty() && !matches!(statement.act, Act::Post(_)) {
        return Err(TargetFault::ContentUnasked);
    }
    if chartered.contains(&room_id) {
        return Err(TargetFault::AfterCharter);
    }
    let (name, act) = match (&statement.act, question.rooms.get(&room_id)) {
        (Act::Charter(charter), None) if statement.room.is_none() => {
            require_quorum(question, charter.quorum)?;
            let shown = charters::check_founding(question, charter)?;
            (shown.1, ShownAct::Charter(Box::new(shown.0)))
        }
        (_, None) => return Err(TargetFault::UnknownRoom(room_id)),
        (act, Some(room)) => {
            check_place(question, room, &statement, listed)?;
            let act = match act {
                Act::Post(post) => ShownAct::Post(Box::new(posts::check(
                    question,
                    downgrades,
                    room,
                    (&statement, post),
                    &target.content,
                )?)),
                Act::Charter(charter) => {
                    ShownAct::Charter(Box::new(charters::check_next(question, room, charter)?))
                }
                Act::Recall { post, id } => {
                    ShownAct::Recall(Box::new(check_recall(question, room, *post, *id)?))
                }
                other => return Err(TargetFault::NotByQuorum { act: other.name() }),
            };
            (room.state.name().clone(), act)
        }
    };
    if matches!(act, ShownAct::Charter(_)) {
        chartered.insert(room_id);
    }
    Ok(ShownTarget {
        room: room_id,
        name,
        identity: listed,
        id: statement.id,
        basis: statement.basis,
        not_after: statement.not_after,
        act,
    })
}

/// It stands on the room's true history, under the charter in force, signed by those who may.
fn check_place(
    question: &Question<'_>,
    room: &Room<'_>,
    statement: &Statement,
    identity: Identity,
) -> Result<(), TargetFault> {
    if let Some(found) = room.past.find(&statement.id).filter(|found| found.identity != identity) {
        return Err(TargetFault::IdTaken { index: found.index });
    }
    let basis = statement.basis;
    let covers = basis.size.0 > room.state.constitution().charter_index();
    if !covers || room.past.root_at(basis.size) != Some(basis.root) {
        return Err(TargetFault::Basis { size: basis.size.0 });
    }
    let charter = room.state.charter();
    if let Some(signer) = question.signers.iter().find(|signer| charter.member(signer).is_none()) {
        return Err(TargetFault::Signer(signer.clone()));
    }
    require_quorum(question, charter.quorum)
}

fn require_quorum(question: &Question<'_>, needed: u32) -> Result<(), TargetFault> {
    let given = question.proposal.quorum;
    if given >= needed { Ok(()) } else { Err(TargetFault::Quorum { needed, given }) }
}

fn check_recall(
    question: &Question<'_>,
    room: &Room<'_>,
    post: Identity,
    id: StatementId,
) -> Result<ShownRecall, TargetFault> {
    let found = room.past.find(&id).filter(|found| found.identity == post);
    let found = found.ok_or(TargetFault::NoSuchPost)?;
    let author = found.post_author.ok_or(TargetFault::NoSuchPost)?;
    if author.role() != Role::Mediator {
        return Err(TargetFault::NotByQuorum { act: "recall" });
    }
    if found.recalled {
        return Err(TargetFault::AlreadyRecalled { index: found.index });
    }
    let content = (question.content)(&Ref { room: room.state.room(), statement: post, id });
    Ok(ShownRecall { index: found.index, author, content })
}

fn room_label(question: &Question<'_>, target: &v1::Target) -> String {
    let room = RoomId::from_slice(&target.room);
    match room.and_then(|room| question.rooms.get(&room)) {
        Some(room) => room.state.name().as_str().to_owned(),
        None => hex::encode(target.room.iter().copied().take(32).collect::<Vec<u8>>()),
    }
}
