//! Posts that break a rule of who writes what where, in answer to what (9.2).

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{
    MEDIATOR, OTHER_MEDIATOR, OTHER_PARTY, PARTY, Posted,
    broken::Named,
    samples::{
        activity, assessment, briefing, compliance, concern, correction, incident, note, notice, of, opinion,
        reference, reply, request, restated, session, text, torn,
    },
};

/// Each rule, broken once.
pub(super) fn rules() -> Vec<Named> {
    let named = |(name, post): (&str, Posted)| (name.to_owned(), post);
    [roles(), rooms(), promises(), incidents(), answers()].concat().into_iter().map(named).collect()
}

fn roles() -> Vec<(&'static str, Posted)> {
    let torn = |post: Posted| {
        let content = v1::Content { tearline: Some(torn()), ..post.content.clone() };
        Posted { content, ..post }
    };
    vec![
        ("a party's release", Posted::partys(of(Kind::Release(v1::Release::default())))),
        ("a party's assessment", Posted::partys(of(Kind::Assessment(assessment())))),
        ("a party's session", Posted::partys(of(Kind::Session(session(SessionPhase::Agenda))))),
        ("a mediator's concern", Posted::mediators(of(Kind::Concern(concern())))),
        ("a mediator's opinion", Posted::mediators(of(Kind::Opinion(opinion()))).on_something()),
        ("a party's note with portions", torn(note())),
    ]
}

fn rooms() -> Vec<(&'static str, Posted)> {
    let chamber = |kind| Posted::mediators(of(kind)).in_room("chamber");
    vec![
        ("a briefing in a party's room", Posted::mediators(of(Kind::Briefing(briefing())))),
        ("a manifest notice in a party's room", Posted::mediators(of(Kind::ManifestNotice(notice())))),
        ("an assessment in the chamber", chamber(Kind::Assessment(assessment()))),
        ("a session in the chamber", chamber(Kind::Session(session(SessionPhase::Agenda)))),
        ("a request in the chamber", chamber(Kind::Request(request()))),
        ("a commitment in the chamber", chamber(Kind::Commitment(restated()))),
        ("an activity notice in the chamber", chamber(Kind::ActivityNotice(activity()))),
        ("an incident in the chamber", chamber(Kind::Incident(incident(IncidentStage::Registered)))),
        ("a reply in the chamber", chamber(Kind::Reply(reply())).on_something()),
    ]
}

fn promises() -> Vec<(&'static str, Posted)> {
    let commitment = |it| Posted::partys(of(Kind::Commitment(it)));
    let liaison = Posted { custodian: false, ..commitment(super::samples::commitment()) };
    let other = v1::Commitment { obligors: vec!["rwanda".to_owned()], ..super::samples::commitment() };
    let too = vec!["drc".to_owned(), "rwanda".to_owned()];
    let both = v1::Commitment { obligors: too, ..super::samples::commitment() };
    let mediators = Posted::mediators(of(Kind::Commitment(super::samples::commitment())));
    vec![
        ("a commitment by one who is no custodian", liaison),
        ("a commitment of another party", commitment(other)),
        ("a commitment of another party too", commitment(both)),
        ("a commitment restated by a party", commitment(restated())),
        ("a commitment by mediators that restates nothing", mediators),
    ]
}

fn incidents() -> Vec<(&'static str, Posted)> {
    use IncidentStage::{Alleged, Answered, Attributed, Closed, Registered, Verified};
    let partys = |stage| Posted::partys(of(Kind::Incident(incident(stage))));
    let mediators = |stage| Posted::mediators(of(Kind::Incident(incident(stage))));
    let first = || of(Kind::Incident(incident(Alleged)));
    let later = v1::Content { answers: Some(reference()), ..of(Kind::Incident(incident(Verified))) };
    vec![
        ("an incident alleged in answer to something", partys(Alleged).on_something()),
        ("an incident registered by a party", partys(Registered)),
        ("an incident verified by a party", partys(Verified).to(first(), PARTY)),
        ("an incident attributed by a party", partys(Attributed).to(first(), PARTY)),
        ("an incident closed by a party", partys(Closed).to(first(), PARTY)),
        ("an incident answered by a mediator", mediators(Answered).to(first(), PARTY)),
        ("an incident verified that names no first post", mediators(Verified)),
        ("an incident answered that names no first post", partys(Answered)),
        ("an incident on a note", mediators(Verified).to(of(Kind::Note(text())), PARTY)),
        ("an incident on a later step", mediators(Closed).to(later, MEDIATOR)),
    ]
}

fn answers() -> Vec<(&'static str, Posted)> {
    let mediators = |kind| Posted::mediators(of(kind));
    let partys = |kind| Posted::partys(of(kind));
    let about = |org: &str| v1::ComplianceNote { obligor: org.to_owned(), ..compliance() };
    let minutes = || session(SessionPhase::Minutes);
    let commitment = || of(Kind::Commitment(super::samples::commitment()));
    let words = || of(Kind::Note(text()));
    vec![
        ("a reply to nothing", partys(Kind::Reply(reply()))),
        ("an opinion on nothing", partys(Kind::Opinion(opinion()))),
        ("a compliance note on nothing", mediators(Kind::ComplianceNote(compliance()))),
        ("a correction of nothing", partys(Kind::Correction(correction()))),
        ("a reply to one's own side", partys(Kind::Reply(reply())).to(words(), PARTY)),
        (
            "a mediator's reply to another mediator",
            mediators(Kind::Reply(reply())).to(words(), OTHER_MEDIATOR),
        ),
        ("an opinion on a concern", {
            partys(Kind::Opinion(opinion())).to(of(Kind::Concern(concern())), OTHER_PARTY)
        }),
        ("an assessment of a commitment", mediators(Kind::Assessment(assessment())).to(commitment(), PARTY)),
        ("a compliance note on a note", mediators(Kind::ComplianceNote(compliance())).to(words(), PARTY)),
        ("a compliance note on another obligor", {
            mediators(Kind::ComplianceNote(about("rwanda"))).to(commitment(), PARTY)
        }),
        (
            "minutes of minutes",
            mediators(Kind::Session(minutes())).to(of(Kind::Session(minutes())), MEDIATOR),
        ),
        ("a correction of another side's post", partys(Kind::Correction(correction())).to(words(), MEDIATOR)),
        ("a correction of another party's post", {
            partys(Kind::Correction(correction())).to(words(), OTHER_PARTY)
        }),
        (
            "a note in answer to a decoy",
            partys(Kind::Note(text())).to(of(Kind::Decoy(v1::Decoy::default())), MEDIATOR),
        ),
    ]
}
