//! A post that mediators release: opened from the very bytes that it names, and judged.
//!
//! Specification: `docs/spec.md`, sections 7.2, 9.2 and 9.5. Refuses whatever would tell a room's readers of
//! a room that they do not read.

use tearline_proto::v1;

use super::{
    Audience, Downgrades, Question, Room, ShownPortion, ShownPost, ShownRef, TargetFault, attachments,
    opening::open_sealed, portions, undertakings,
};
use crate::{
    content::{Authored, Content, Place},
    id::{HOUR, Ref},
    name::{MemberName, Org, Role},
    statement::{Post, Statement},
};

pub(super) fn check(
    question: &Question<'_>,
    downgrades: &Downgrades,
    room: &Room<'_>,
    (statement, post): (&Statement, &Post),
    sealed: &[u8],
) -> Result<ShownPost, TargetFault> {
    if !room.state.constitution().has_party() {
        return Err(TargetFault::NotByQuorum { act: "post" });
    }
    let charter = room.state.charter();
    if post.epoch != charter.epoch {
        return Err(TargetFault::Epoch { found: post.epoch, current: charter.epoch });
    }
    let plain = open_sealed(room.state.room(), room.keys, statement, sealed)?;
    let content = Content::parse(&plain)?;
    content.check_place(&Place::new(&statement.author, room.state.name(), charter))?;
    if !content.message().written_at.is_multiple_of(HOUR) {
        return Err(TargetFault::WrittenAt);
    }
    let party = |name: &&MemberName| name.role() == Role::Party;
    let readers: Vec<MemberName> =
        charter.members.iter().map(|member| &member.name).filter(party).cloned().collect();
    if readers.is_empty() {
        return Err(TargetFault::NoReader);
    }
    let parties: Vec<Org> = charter.parties().into_iter().collect();
    let attachments = attachments::check(question, room, &parties, post, content.message())?;
    let message = content.message();
    let reference = |reference: &v1::Ref| check_reference(question, room, &parties, reference);
    let answers = message.answers.as_ref().map(reference).transpose()?;
    check_answer(question, &statement.author, &content)?;
    let undertakings = undertakings::check(question, message)?;
    let refers = message.refers.iter().map(reference).collect::<Result<_, _>>()?;
    let released = check_portions(question, downgrades, room, &parties, message.tearline.as_ref(), post)?;
    Ok(ShownPost {
        readers,
        parties,
        portions: released,
        portions_recorded: question.named_briefing().map_or(0, portions::RecordedBriefing::len),
        answers,
        refers,
        undertakings,
        attachments,
        content_until: post.content_until,
        content,
    })
}

fn check_portions(
    question: &Question<'_>,
    downgrades: &Downgrades,
    room: &Room<'_>,
    parties: &[Org],
    tearline: Option<&v1::Tearline>,
    post: &Post,
) -> Result<Vec<ShownPortion>, TargetFault> {
    let Some(tearline) = tearline else {
        let none = post.manifests.is_empty();
        return if none { Ok(Vec::new()) } else { Err(TargetFault::Manifests) };
    };
    let briefing = question.named_briefing().ok_or(TargetFault::NoBriefing)?;
    let instance = question.parties();
    let audience = Audience { parties, instance: &instance };
    portions::check_tearline(briefing, room.state.room(), tearline, &post.manifests, downgrades, &audience)
}

/// It answers a post, of a kind that it may answer. What that post says is not judged if it is gone.
fn check_answer(question: &Question<'_>, author: &MemberName, content: &Content) -> Result<(), TargetFault> {
    let Some(reference) = content.message().answers.as_ref().and_then(Ref::from_message) else {
        return Ok(());
    };
    let found = question.rooms.get(&reference.room).and_then(|room| room.past.find(&reference.id));
    let by = found.and_then(|found| found.post_author).ok_or(TargetFault::AnswersNoPost)?;
    let Some(answered) = (question.content)(&reference) else { return Ok(()) };
    Ok(Authored { content, author }.may_answer(&Authored { content: &answered, author: &by })?)
}

/// A reference may name only what all readers of the post read too.
fn check_reference(
    question: &Question<'_>,
    room: &Room<'_>,
    parties: &[Org],
    reference: &v1::Ref,
) -> Result<ShownRef, TargetFault> {
    let label = hex::encode(&reference.room);
    let Some(reference) = Ref::from_message(reference) else {
        return Err(TargetFault::ReferenceUnknown { room: label });
    };
    let Some(other) = question.rooms.get(&reference.room) else {
        return Err(TargetFault::ReferenceUnknown { room: label });
    };
    let name = other.state.name();
    let readers = other.state.charter().parties();
    if reference.room != room.state.room() && !parties.iter().all(|party| readers.contains(party)) {
        return Err(TargetFault::ReferenceLeaks { room: name.as_str().to_owned() });
    }
    let found = other.past.find(&reference.id).filter(|found| found.identity == reference.statement);
    match found {
        Some(found) => Ok(ShownRef { room: name.clone(), index: found.index }),
        None => Err(TargetFault::ReferenceUnknown { room: name.as_str().to_owned() }),
    }
}
