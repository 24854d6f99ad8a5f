//! Good posts: each kind by each of those who may write it, and all that each may answer.

use tearline_ledger::{
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
};
use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{MEDIATOR, OTHER_MEDIATOR, OTHER_PARTY, PARTY, Posted};
use crate::vectors::fixture::{ROOM, TIME};

pub(super) fn reference() -> v1::Ref {
    let (statement, id) = (Identity(Digest([0xbb; 32])), StatementId::new(TIME, [0xaa; 10]));
    Ref { room: RoomId(ROOM.0), statement, id }.to_message()
}

pub(super) fn of(kind: Kind) -> v1::Content {
    let silent = matches!(kind, Kind::Decoy(_) | Kind::ManifestNotice(_));
    v1::Content {
        written_at: TIME,
        precedence: v1::Precedence::Priority.into(),
        subject: if silent { String::new() } else { "Column towards Sake".to_owned() },
        kind: Some(kind),
        ..v1::Content::default()
    }
}

pub(super) fn place() -> v1::Place {
    let (longitude_e7, latitude_e7) = (290_453_000, -15_736_000);
    v1::Place { name: "Sake".to_owned(), longitude_e7, latitude_e7, precision_m: 2000 }
}

pub(super) fn briefing() -> v1::Briefing {
    let portion = |mark: &str, text: &str| v1::Portion { mark: mark.to_owned(), text: text.to_owned() };
    v1::Briefing {
        portions: vec![portion("C//REL TO DRC", "A column left."), portion("S//NF", "One source.")],
        seed: vec![7; 32].into(),
        source: Some(v1::Source { reliability: 2, credibility: 2, description: "a driver".to_owned() }),
        information_until: TIME,
        originator: MEDIATOR.to_owned(),
    }
}

pub(super) fn concern() -> v1::Concern {
    v1::Concern {
        text: "What is it?".to_owned(),
        activity: v1::Activity::Offensive.into(),
        place: Some(place()),
        observed_from: TIME,
        observed_to: TIME + 60,
        force_seen: "40 vehicles".to_owned(),
        reply_by: TIME + 3600,
        evidence: "two photographs".to_owned(),
        answer_use: v1::AnswerUse::Paraphrased.into(),
    }
}

pub(super) fn assessment() -> v1::Assessment {
    v1::Assessment {
        finding: v1::Finding::Dispelled.into(),
        activity: v1::Activity::Rotation.into(),
        likelihood: v1::Likelihood::Likely.into(),
        confidence: v1::Confidence::Moderate.into(),
        text: "Two battalions change places.".to_owned(),
        assumptions: vec!["the road is open".to_owned()],
        alternatives: vec!["a feint".to_owned()],
        information_until: TIME,
    }
}

pub(super) fn request() -> v1::Request {
    let text = "Press the group not to move on Goma.".to_owned();
    v1::Request { text, reply_by: TIME + 3600, place: Some(place()) }
}

pub(super) fn reply() -> v1::Reply {
    v1::Reply { text: "We have.".to_owned(), stance: v1::Stance::PartlyAccepted.into() }
}

/// Of drc, in two languages.
pub(super) fn commitment() -> v1::Commitment {
    let text = |language: &str, text: &str, authoritative| v1::LanguageText {
        language: language.to_owned(),
        text: text.to_owned(),
        authoritative,
    };
    v1::Commitment {
        kind: v1::CommitmentKind::Restraint.into(),
        obligors: vec!["drc".to_owned()],
        beneficiaries: vec!["rwanda".to_owned(), "the people of Goma".to_owned()],
        texts: vec![
            text("fr", "Les drones restent au sol.", true),
            text("en-gb", "Drones stay down.", false),
        ],
        area: Some(place()),
        from: TIME,
        to: 0,
        verification: "by the mediators' own means".to_owned(),
        depends_on: "no strike".to_owned(),
        undertakings: Vec::new(),
    }
}

/// Of drc and rwanda, restated by mediators.
pub(super) fn restated() -> v1::Commitment {
    let undertaking = |organisation: &str, byte| v1::Undertaking {
        organisation: organisation.to_owned(),
        statement: vec![byte; 32].into(),
    };
    v1::Commitment {
        obligors: vec!["drc".to_owned(), "rwanda".to_owned()],
        undertakings: vec![undertaking("drc", 1), undertaking("rwanda", 2)],
        ..commitment()
    }
}

pub(super) fn compliance() -> v1::ComplianceNote {
    let (text, obligor) = ("None has flown.".to_owned(), "drc".to_owned());
    v1::ComplianceNote { state: v1::Compliance::Compliant.into(), from: TIME, to: TIME + 60, text, obligor }
}

pub(super) fn incident(stage: IncidentStage) -> v1::Incident {
    let attributed_to = if stage == IncidentStage::Attributed { "a militia" } else { "" };
    v1::Incident {
        stage: stage.into(),
        text: "Shells fell.".to_owned(),
        place: Some(place()),
        from: TIME,
        to: TIME + 60,
        attributed_to: attributed_to.to_owned(),
    }
}

pub(super) fn activity() -> v1::ActivityNotice {
    v1::ActivityNotice {
        activity: v1::Activity::Rotation.into(),
        text: "They change places.".to_owned(),
        place: Some(place()),
        from: TIME,
        to: 0,
        force: "two battalions".to_owned(),
    }
}

pub(super) fn session(phase: SessionPhase) -> v1::Session {
    let decisions =
        if phase == SessionPhase::Minutes { vec!["to meet again".to_owned()] } else { Vec::new() };
    v1::Session {
        phase: phase.into(),
        begins: TIME,
        ends: TIME + 3600,
        participants: vec!["drc".to_owned(), "rwanda".to_owned()],
        items: vec!["the road".to_owned()],
        decisions,
        text: String::new(),
    }
}

pub(super) fn opinion() -> v1::Opinion {
    v1::Opinion { agreement: v1::Agreement::StronglyDisagree.into(), text: String::new() }
}

pub(super) fn text() -> v1::Note {
    v1::Note { text: "Who speaks first.".to_owned() }
}

pub(super) fn correction() -> v1::Correction {
    v1::Correction { text: "It was 30.".to_owned() }
}

pub(super) fn notice() -> v1::ManifestNotice {
    v1::ManifestNotice { briefing: Some(reference()), room: vec![1; 32].into() }
}

pub(super) fn torn() -> v1::Tearline {
    let salt = vec![3; 32].into();
    let portion = v1::ReleasedPortion { mark: "U".to_owned(), text: "The road is open.".to_owned(), salt };
    v1::Tearline { manifest: vec![1; 2048].into(), blind: vec![2; 32].into(), portions: vec![portion] }
}

pub(super) fn attached() -> v1::AttachmentKey {
    v1::AttachmentKey {
        digest: vec![1; 32].into(),
        size: 9,
        key: vec![2; 32].into(),
        name: "map.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        mark: String::new(),
    }
}

pub(super) fn note() -> Posted {
    Posted::partys(of(Kind::Note(text())))
}

/// A step of an incident on its first post.
fn step(post: Posted) -> Posted {
    post.to(of(Kind::Incident(incident(IncidentStage::Alleged))), OTHER_PARTY)
}

pub(super) fn good() -> Vec<(String, Posted)> {
    let mediators = |kind| Posted::mediators(of(kind));
    let partys = |kind| Posted::partys(of(kind));
    let mut all = vec![
        ("a briefing".to_owned(), mediators(Kind::Briefing(briefing())).in_room("chamber")),
        ("a manifest notice".to_owned(), mediators(Kind::ManifestNotice(notice())).in_room("chamber")),
        ("a release".to_owned(), {
            let tearline = Some(torn());
            Posted::mediators(v1::Content { tearline, ..of(Kind::Release(v1::Release::default())) })
        }),
        ("a concern".to_owned(), partys(Kind::Concern(concern()))),
        ("an assessment".to_owned(), mediators(Kind::Assessment(assessment()))),
        ("an assessment with portions that answers a concern".to_owned(), {
            let tearline = Some(torn());
            let content = v1::Content { tearline, ..of(Kind::Assessment(assessment())) };
            Posted::mediators(content).to(of(Kind::Concern(concern())), PARTY)
        }),
        ("an opinion".to_owned(), {
            partys(Kind::Opinion(opinion())).to(of(Kind::Assessment(assessment())), MEDIATOR)
        }),
        ("an opinion on what is not at hand".to_owned(), partys(Kind::Opinion(opinion())).on_something()),
        ("a mediators' request".to_owned(), mediators(Kind::Request(request()))),
        ("a party's request".to_owned(), partys(Kind::Request(request()))),
        ("a reply".to_owned(), { partys(Kind::Reply(reply())).to(of(Kind::Request(request())), MEDIATOR) }),
        ("a reply to the other party".to_owned(), {
            partys(Kind::Reply(reply())).to(of(Kind::Note(text())), OTHER_PARTY).in_room("plenary")
        }),
        ("a commitment in two languages".to_owned(), partys(Kind::Commitment(commitment()))),
        ("a commitment restated".to_owned(), mediators(Kind::Commitment(restated())).in_room("plenary")),
        ("a compliance note".to_owned(), {
            mediators(Kind::ComplianceNote(compliance())).to(of(Kind::Commitment(commitment())), PARTY)
        }),
        ("a compliance note on all".to_owned(), {
            let note = v1::ComplianceNote { obligor: String::new(), ..compliance() };
            partys(Kind::ComplianceNote(note)).to(of(Kind::Commitment(restated())), MEDIATOR)
        }),
        ("an activity notice".to_owned(), partys(Kind::ActivityNotice(activity()))),
        ("an agenda".to_owned(), mediators(Kind::Session(session(SessionPhase::Agenda)))),
        ("minutes".to_owned(), {
            let minutes = mediators(Kind::Session(session(SessionPhase::Minutes)));
            minutes.to(of(Kind::Session(session(SessionPhase::Agenda))), OTHER_MEDIATOR)
        }),
        ("a party's note".to_owned(), note()),
        ("a note in the chamber".to_owned(), mediators(Kind::Note(text())).in_room("chamber")),
        ("a correction".to_owned(), {
            partys(Kind::Correction(correction())).to(of(Kind::Note(text())), PARTY)
        }),
        ("a mediators' correction of another mediator's".to_owned(), {
            let correction = mediators(Kind::Correction(correction()));
            correction.to(of(Kind::Note(text())), OTHER_MEDIATOR).in_room("chamber")
        }),
        ("a decoy".to_owned(), partys(Kind::Decoy(v1::Decoy::default()))),
        ("a decoy that is filled".to_owned(), {
            mediators(Kind::Decoy(v1::Decoy { filling: vec![0; 40].into() }))
        }),
        ("a note with a map".to_owned(), {
            Posted::partys(v1::Content { attachments: vec![attached()], ..of(Kind::Note(text())) })
        }),
        ("a note with a map that is marked".to_owned(), {
            let marked = v1::AttachmentKey { mark: "S//ORCON//REL TO DRC, RWA".to_owned(), ..attached() };
            Posted::partys(v1::Content { attachments: vec![marked], ..of(Kind::Note(text())) })
        }),
        ("an incident that is alleged".to_owned(), partys(Kind::Incident(incident(IncidentStage::Alleged)))),
        (
            "an incident that is answered".to_owned(),
            step(partys(Kind::Incident(incident(IncidentStage::Answered)))),
        ),
        ("an incident that mediators register first".to_owned(), {
            mediators(Kind::Incident(incident(IncidentStage::Registered)))
        }),
    ];
    for (stage, word) in [
        (IncidentStage::Registered, "registered"),
        (IncidentStage::Verified, "verified"),
        (IncidentStage::NotVerified, "not verified"),
        (IncidentStage::Attributed, "attributed"),
        (IncidentStage::NotAttributed, "not attributed"),
        (IncidentStage::Closed, "closed"),
    ] {
        all.push((format!("an incident that is {word}"), step(mediators(Kind::Incident(incident(stage))))));
    }
    all
}
