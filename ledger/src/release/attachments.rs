//! Attachments that a release hands on: the keys of exactly what the post names, to whom their marks let them go, and to
//! no two rooms under one key.
//!
//! Specification: `docs/spec.md`, sections 7.3, 9.3 and 9.5. What is in them is for people to look at.

use std::collections::BTreeSet;

use tearline_proto::v1;

use super::{
    Attached, Audience, Downgrades, MarkShown, PortionFault, Question, Room, ShownAttachment, ShownTarget,
    TargetFault,
};
use crate::{
    digest::Digest,
    mark::Mark,
    name::Org,
    statement::{Attachment, Post},
    stream::sealed_size,
};

/// Judges the attachments of one post.
pub(super) fn check(
    question: &Question<'_>,
    room: &Room<'_>,
    parties: &[Org],
    post: &Post,
    message: &v1::Content,
) -> Result<Vec<ShownAttachment>, TargetFault> {
    if post.attachments.len() != message.attachments.len() {
        return Err(TargetFault::Attachments);
    }
    let instance = question.parties();
    let audience = Audience { parties, instance: &instance };
    let mut shown = Vec::new();
    for (number, (named, handed)) in (1..).zip(post.attachments.iter().zip(&message.attachments)) {
        let one = one(named, handed)?;
        let attached = (question.attached)(&one.digest);
        if attached.rooms.iter().any(|other| *other != room.state.room()) {
            return Err(TargetFault::AttachmentShared { attachment: number });
        }
        let marked = mark(&attached, &one.mark, &audience);
        let orcon = marked.map_err(|fault| fault_of(number, fault))?;
        shown.push(ShownAttachment { orcon, ..one });
    }
    Ok(shown)
}

/// No attachment of a target is in an earlier one of another room.
pub(super) fn check_apart(before: &[ShownTarget], target: &ShownTarget) -> Result<(), TargetFault> {
    let others = || before.iter().filter(|other| other.room != target.room);
    let elsewhere = |digest| others().flat_map(ShownTarget::attachments).any(|it| it.digest == digest);
    match target.attachments().iter().position(|it| elsewhere(it.digest)) {
        Some(at) => Err(TargetFault::AttachmentShared { attachment: at + 1 }),
        None => Ok(()),
    }
}

/// The mark, without parentheses, under which an audience sees the attachment at this position, from 1, that the chamber
/// has under `recorded`; none if it has none there. No downgrade is of an attachment.
pub fn shown_attachment_mark(
    attachment: usize,
    recorded: &str,
    audience: &Audience<'_>,
) -> Result<String, TargetFault> {
    if recorded.is_empty() {
        return Ok(String::new());
    }
    let shown = attachment_mark(recorded, audience).map_err(|fault| fault_of(attachment, fault))?;
    Ok(shown.mark.to_string())
}

fn attachment_mark(recorded: &str, audience: &Audience<'_>) -> Result<MarkShown, PortionFault> {
    let recorded: Mark = recorded.parse().map_err(|_| PortionFault::Mark {
        found: recorded.escape_debug().to_string(),
        wanted: "a mark".to_owned(),
    })?;
    Downgrades::default().mark_shown(0, &recorded, audience)
}

/// As of a portion, but that no downgrade helps.
pub(super) fn fault_of(attachment: usize, fault: PortionFault) -> TargetFault {
    match fault {
        PortionFault::NotReleasable { mark, parties } => {
            TargetFault::AttachmentNotReleasable { attachment, mark, parties }
        }
        fault => TargetFault::AttachmentMark { attachment, fault },
    }
}

/// The key that the content hands on is of the attachment that the post names.
fn one(named: &Attachment, handed: &v1::AttachmentKey) -> Result<ShownAttachment, TargetFault> {
    let same = Digest::from_slice(&handed.digest) == Some(named.digest)
        && sealed_size(handed.size) == Some(named.size);
    if !same {
        return Err(TargetFault::Attachments);
    }
    Ok(ShownAttachment {
        name: handed.name.clone(),
        media_type: handed.media_type.clone(),
        size: handed.size,
        digest: named.digest,
        mark: handed.mark.clone(),
        orcon: false,
    })
}

/// Every mark under which the chamber has it lets it go, and it is shown under what one of them gives. Whether one is
/// ORCON.
fn mark(attached: &Attached, shown: &str, audience: &Audience<'_>) -> Result<bool, PortionFault> {
    let mut wanted = BTreeSet::new();
    let mut orcon = false;
    for recorded in &attached.marks {
        wanted.insert(attachment_mark(recorded, audience)?.mark.to_string());
        orcon |= recorded.parse::<Mark>().is_ok_and(|mark| mark.orcon());
    }
    let unmarked = wanted.is_empty() && shown.is_empty();
    if unmarked || wanted.contains(shown) {
        return Ok(orcon);
    }
    let wanted = wanted.into_iter().next().unwrap_or_default();
    Err(PortionFault::Mark { found: shown.escape_debug().to_string(), wanted })
}
