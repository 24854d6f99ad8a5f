//! Who may write which kind where, by the sentence that refuses it.

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{super::*, samples::*};
use crate::name::MemberName;

const MEDIATOR: &str = "spiffe://kivu.example/mediator/us/goma";
const PARTY: &str = "spiffe://kivu.example/party/drc/delegation";

/// What is said of a post by this author.
fn placed(content: v1::Content, author: &str, custodian: bool, chamber: bool) -> Result<(), String> {
    let author: MemberName = author.parse().unwrap();
    let room = if chamber { "chamber" } else { "drc" }.parse().unwrap();
    let place = Place::standing(&author, custodian, &room);
    Content::new(content).unwrap().check_place(&place).map_err(|error| error.to_string())
}

fn by_mediator(kind: Kind) -> Result<(), String> {
    placed(of(kind), MEDIATOR, false, false)
}

fn by_custodian(content: v1::Content) -> Result<(), String> {
    placed(content, PARTY, true, false)
}

fn refused(said: &Result<(), String>, sentence: &str) {
    assert_eq!(said, &Err(sentence.to_owned()));
}

#[test]
fn each_kind_is_written_by_those_whose_it_is() {
    for kind in [
        Kind::Release(v1::Release::default()),
        assessment(),
        session(SessionPhase::Agenda),
        restated(),
        incident(IncidentStage::Registered),
        request(),
        activity(),
        note(),
        Kind::Decoy(v1::Decoy::default()),
    ] {
        assert_eq!(by_mediator(kind.clone()), Ok(()), "{kind:?}");
    }
    for content in [
        of(concern()),
        answering(opinion()),
        of(commitment()),
        of(incident(IncidentStage::Alleged)),
        answering(incident(IncidentStage::Answered)),
        of(request()),
        answering(reply()),
        answering(compliance()),
        of(activity()),
        of(note()),
        answering(correction()),
        of(Kind::Decoy(v1::Decoy::default())),
    ] {
        assert_eq!(by_custodian(content.clone()), Ok(()), "{content:?}");
    }
    for stage in [
        IncidentStage::Registered,
        IncidentStage::Verified,
        IncidentStage::NotVerified,
        IncidentStage::Attributed,
        IncidentStage::NotAttributed,
        IncidentStage::Closed,
    ] {
        assert_eq!(placed(answering(incident(stage)), MEDIATOR, false, false), Ok(()), "{stage:?}");
    }
}

#[test]
fn briefings_stay_in_the_chamber_and_parties_business_out_of_it() {
    refused(&by_mediator(briefing()), "briefing stays in the chamber; release portions of it instead");
    refused(
        &by_mediator(manifest_notice()),
        "manifest notice stays in the chamber; release portions of it instead",
    );
    let chamber = |content: v1::Content| placed(content, MEDIATOR, false, true);
    for kind in [briefing(), manifest_notice(), note(), Kind::Decoy(v1::Decoy::default())] {
        assert_eq!(chamber(of(kind)), Ok(()));
    }
    assert_eq!(chamber(answering(correction())), Ok(()));
    for (kind, name) in [
        (Kind::Release(v1::Release::default()), "release"),
        (assessment(), "assessment"),
        (session(SessionPhase::Agenda), "session"),
        (restated(), "commitment"),
        (request(), "request"),
        (incident(IncidentStage::Registered), "incident"),
        (activity(), "activity notice"),
    ] {
        refused(&chamber(of(kind)), &format!("{name} belongs in a room that has a party"));
    }
}

#[test]
fn what_is_one_sides_is_not_the_others() {
    for (kind, name) in [
        (Kind::Release(v1::Release::default()), "release"),
        (assessment(), "assessment"),
        (session(SessionPhase::Minutes), "session"),
    ] {
        refused(&by_custodian(of(kind)), &format!("{name} is written by mediators only"));
    }
    for (kind, name) in [(concern(), "concern"), (opinion(), "opinion")] {
        refused(&by_mediator(kind), &format!("{name} is written by a party"));
    }
}

#[test]
fn what_speaks_to_a_post_names_it() {
    for (kind, name) in [
        (reply(), "reply"),
        (compliance(), "compliance note"),
        (opinion(), "opinion"),
        (correction(), "correction"),
    ] {
        refused(&by_custodian(of(kind)), &format!("{name} must name the post that it answers"));
    }
}

#[test]
fn a_promise_is_its_obligors_custodians_and_mediators_restate_it() {
    let other = "commitment by a party binds that party and no other";
    refused(
        &placed(of(commitment()), PARTY, false, false),
        "commitment is signed by a custodian of its obligor",
    );
    refused(&by_custodian(of(restated())), other);
    let Kind::Commitment(mut own) = commitment() else { panic!("another kind") };
    own.obligors = vec!["rwanda".to_owned()];
    refused(&by_custodian(of(Kind::Commitment(own.clone()))), other);
    own.obligors = vec!["drc".to_owned()];
    let statement = vec![4; 32].into();
    own.undertakings = vec![v1::Undertaking { organisation: "drc".to_owned(), statement }];
    refused(&by_custodian(of(Kind::Commitment(own))), other);
    refused(&by_mediator(commitment()), "commitment by mediators must name what each obligor undertook");
}

#[test]
fn each_stage_of_an_incident_has_its_author_and_follows_on_the_first() {
    use IncidentStage::{
        Alleged, Answered, Attributed, Closed, NotAttributed, NotVerified, Registered, Verified,
    };
    let alleged = "incident that is alleged is the first post about it and answers nothing";
    refused(&by_custodian(answering(incident(Alleged))), alleged);
    refused(
        &placed(answering(incident(Answered)), MEDIATOR, false, false),
        "incident is answered by a party",
    );
    for stage in [Registered, Verified, NotVerified, Attributed, NotAttributed, Closed] {
        let said = by_custodian(answering(incident(stage)));
        refused(&said, "incident is registered, verified, attributed and closed by mediators");
    }
    for stage in [Verified, NotVerified, Attributed, NotAttributed, Closed] {
        refused(&by_mediator(incident(stage)), "incident must name the incident's first post");
    }
    refused(&by_custodian(of(incident(Answered))), "incident must name the incident's first post");
}

#[test]
fn released_portions_come_from_mediators_alone_and_into_a_partys_room() {
    let torn = |kind| {
        let portion =
            v1::ReleasedPortion { mark: "U".to_owned(), text: "x".to_owned(), salt: vec![1; 32].into() };
        let (manifest, blind) = (vec![1; 2048].into(), vec![1; 32].into());
        let tearline = v1::Tearline { manifest, blind, portions: vec![portion] };
        v1::Content { tearline: Some(tearline), ..of(kind) }
    };
    assert_eq!(placed(torn(assessment()), MEDIATOR, false, false), Ok(()));
    refused(&by_custodian(torn(note())), "note cannot carry released portions here");
    refused(&placed(torn(note()), MEDIATOR, false, true), "note cannot carry released portions here");
}
