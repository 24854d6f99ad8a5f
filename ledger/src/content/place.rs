//! Who may write which kind, and where.
//!
//! Specification: `docs/spec.md`, section 9.2. The server and auditors cannot ask this; proposers, approvers
//! and readers do. Whether what a post answers is of the right kind is judged where it can be looked up.

use tearline_proto::v1::{Commitment, Incident, IncidentStage, content::Kind};

use super::{Content, ContentError};
use crate::{
    charter::Charter,
    name::{MemberName, Role, RoomName},
};

/// An author in a room.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    author: &'a MemberName,
    /// Whether the author is a custodian there.
    custodian: bool,
    /// Whether it is the mediators' own room.
    chamber: bool,
}

impl<'a> Place<'a> {
    /// The author of a post in the room of this name, under the charter in force just before the post.
    pub fn new(author: &'a MemberName, room: &RoomName, charter: &Charter) -> Self {
        let custodian = charter.member(author).is_some_and(|member| member.custodian);
        Self::standing(author, custodian, room)
    }

    /// The author of a post in the room of this name, where it is known already whether it is a custodian.
    pub fn standing(author: &'a MemberName, custodian: bool, room: &RoomName) -> Self {
        Self { author, custodian, chamber: room.is_chamber() }
    }
}

pub(super) fn check(content: &Content, place: &Place<'_>) -> Result<(), ContentError> {
    let kind = content.kind_name();
    let refuse = |rule| Err(ContentError::Kind { kind, rule });
    let (role, message) = (place.author.role(), content.message());
    match message.kind.as_ref() {
        Some(Kind::Briefing(_) | Kind::ManifestNotice(_)) if !place.chamber => {
            return refuse("stays in the chamber; release portions of it instead");
        }
        Some(Kind::Release(_) | Kind::Assessment(_) | Kind::Session(_)) if role != Role::Mediator => {
            return refuse("is written by mediators only");
        }
        Some(kind) if place.chamber && !in_chamber(kind) => {
            return refuse("belongs in a room that has a party");
        }
        Some(Kind::Concern(_) | Kind::Opinion(_)) if role != Role::Party => {
            return refuse("is written by a party");
        }
        Some(Kind::Reply(_) | Kind::ComplianceNote(_) | Kind::Opinion(_) | Kind::Correction(_))
            if message.answers.is_none() =>
        {
            return refuse("must name the post that it answers");
        }
        Some(Kind::Commitment(commitment)) => {
            if let Err(rule) = check_commitment(commitment, place) {
                return refuse(rule);
            }
        }
        Some(Kind::Incident(incident)) => {
            if let Err(rule) = check_incident(incident, role, message.answers.is_some()) {
                return refuse(rule);
            }
        }
        _ => {}
    }
    if message.tearline.is_some() && (role != Role::Mediator || place.chamber) {
        return refuse("cannot carry released portions here");
    }
    Ok(())
}

/// What mediators write among themselves.
fn in_chamber(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Briefing(_) | Kind::ManifestNotice(_) | Kind::Note(_) | Kind::Decoy(_) | Kind::Correction(_)
    )
}

/// A promise is its obligor's alone; mediators restate what was promised to them.
fn check_commitment(commitment: &Commitment, place: &Place<'_>) -> Result<(), &'static str> {
    if place.author.role() == Role::Mediator {
        let restated = !commitment.undertakings.is_empty();
        return if restated { Ok(()) } else { Err("by mediators must name what each obligor undertook") };
    }
    let own = commitment.obligors.iter().eq([place.author.org().as_str()]);
    match (own && commitment.undertakings.is_empty(), place.custodian) {
        (false, _) => Err("by a party binds that party and no other"),
        (true, false) => Err("is signed by a custodian of its obligor"),
        (true, true) => Ok(()),
    }
}

/// Each stage has its author; all but the first two follow on the incident's first post.
fn check_incident(incident: &Incident, role: Role, answers: bool) -> Result<(), &'static str> {
    use IncidentStage::{Alleged, Answered, Registered};
    match IncidentStage::try_from(incident.stage).unwrap_or_default() {
        Alleged if answers => Err("that is alleged is the first post about it and answers nothing"),
        Alleged => Ok(()),
        Answered if role == Role::Mediator => Err("is answered by a party"),
        stage if stage != Answered && role != Role::Mediator => {
            Err("is registered, verified, attributed and closed by mediators")
        }
        Registered => Ok(()),
        _ if answers => Ok(()),
        _ => Err("must name the incident's first post"),
    }
}
