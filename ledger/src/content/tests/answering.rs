//! What each kind may answer, by the sentence that refuses it.

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{super::*, samples::*};
use crate::name::MemberName;

const US: &str = "spiffe://kivu.example/mediator/us/goma";
const QATAR: &str = "spiffe://kivu.example/mediator/qatar/doha";
const DRC: &str = "spiffe://kivu.example/party/drc/delegation";
const LIAISON: &str = "spiffe://kivu.example/party/drc/liaison";
const RWANDA: &str = "spiffe://kivu.example/party/rwanda/delegation";

fn answers(post: v1::Content, author: &str, answered: v1::Content, by: &str) -> Result<(), String> {
    let names: [MemberName; 2] = [author.parse().unwrap(), by.parse().unwrap()];
    let contents = [Content::new(post).unwrap(), Content::new(answered).unwrap()];
    let post = Authored { content: &contents[0], author: &names[0] };
    post.may_answer(&Authored { content: &contents[1], author: &names[1] }).map_err(|error| error.to_string())
}

/// Every kind of post that says something.
fn others() -> Vec<Kind> {
    let silent = |kind: &Kind| matches!(kind, Kind::Decoy(_) | Kind::ManifestNotice(_));
    all().into_iter().filter(|kind| !silent(kind)).collect()
}

/// The kind may answer exactly what `good` says.
fn only(kind: fn() -> Kind, author: &str, by: &str, good: fn(&Kind) -> bool, sentence: &str) {
    for other in others() {
        let said = answers(answering(kind()), author, of(other.clone()), by);
        let wanted = if good(&other) { Ok(()) } else { Err(sentence.to_owned()) };
        assert_eq!(said, wanted, "{other:?}");
    }
}

#[test]
fn an_assessment_answers_what_can_be_assessed() {
    let good = |kind: &Kind| {
        matches!(kind, Kind::Concern(_) | Kind::Request(_) | Kind::Incident(_) | Kind::ActivityNotice(_))
    };
    let sentence = "assessment answers a concern, a request, an incident or an activity notice: name one";
    only(assessment, US, DRC, good, sentence);
}

#[test]
fn an_opinion_answers_an_assessment_and_a_compliance_note_a_commitment() {
    let good = |kind: &Kind| matches!(kind, Kind::Assessment(_));
    only(opinion, DRC, US, good, "opinion answers an assessment: name one");
    let good = |kind: &Kind| matches!(kind, Kind::Commitment(_));
    only(compliance, US, DRC, good, "compliance note answers a commitment: name one");
    let Kind::ComplianceNote(mut note) = compliance() else { panic!("another kind") };
    note.obligor = "uganda".to_owned();
    let said = answers(answering(Kind::ComplianceNote(note.clone())), US, of(restated()), US);
    let sentence = "compliance note names an obligor that the commitment does not bind: name one of its obligors, or none";
    assert_eq!(said, Err(sentence.to_owned()));
    note.obligor.clear();
    assert_eq!(answers(answering(Kind::ComplianceNote(note)), US, of(restated()), US), Ok(()));
}

#[test]
fn minutes_answer_an_agenda() {
    let good = |kind: &Kind| matches!(kind, Kind::Session(it) if it.phase == i32::from(SessionPhase::Agenda));
    only(|| session(SessionPhase::Minutes), US, US, good, "session answers an agenda: name one");
}

#[test]
fn a_step_of_an_incident_follows_on_its_first_post() {
    let sentence = "incident follows on the first post about an incident: name that";
    let good = |kind: &Kind| matches!(kind, Kind::Incident(_));
    only(|| incident(IncidentStage::Verified), US, DRC, good, sentence);
    let later = answering(incident(IncidentStage::Verified));
    let said = answers(answering(incident(IncidentStage::Closed)), US, later, US);
    assert_eq!(said, Err(sentence.to_owned()));
}

#[test]
fn a_reply_is_to_another_side_and_a_correction_of_ones_own() {
    let reply_to = |author: &str, by: &str| answers(answering(reply()), author, of(request()), by);
    let own = "reply answers another side's post: refer to your own instead";
    assert_eq!(reply_to(DRC, US), Ok(()));
    assert_eq!(reply_to(DRC, RWANDA), Ok(()));
    assert_eq!(reply_to(US, DRC), Ok(()));
    for (author, by) in [(DRC, LIAISON), (US, QATAR)] {
        assert_eq!(reply_to(author, by), Err(own.to_owned()));
    }
    let correct = |author: &str, by: &str| answers(answering(correction()), author, of(note()), by);
    let other = "correction puts right a post of one's own side: name one";
    assert_eq!(correct(DRC, LIAISON), Ok(()));
    assert_eq!(correct(US, QATAR), Ok(()));
    for (author, by) in [(DRC, RWANDA), (DRC, US), (US, DRC)] {
        assert_eq!(correct(author, by), Err(other.to_owned()));
    }
}

#[test]
fn nothing_answers_a_post_that_says_nothing_and_the_rest_answer_anything_else() {
    for silent in [Kind::Decoy(v1::Decoy::default()), manifest_notice()] {
        let said = answers(answering(note()), US, of(silent), US);
        assert_eq!(said, Err("note cannot answer a post that says nothing: name another".to_owned()));
    }
    for free in [note, concern, request, commitment, activity] {
        for other in others() {
            assert_eq!(answers(answering(free()), DRC, of(other), US), Ok(()));
        }
    }
}
