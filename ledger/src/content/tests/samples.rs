//! One good post of each kind, to be broken.

use tearline_proto::v1::{self, content::Kind};

use crate::{
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
};

pub(super) fn reference() -> v1::Ref {
    let (room, statement) = (RoomId(Digest([1; 32])), Identity(Digest([2; 32])));
    Ref { room, statement, id: StatementId::new(7, [3; 10]) }.to_message()
}

pub(super) fn of(kind: Kind) -> v1::Content {
    let silent = matches!(kind, Kind::Decoy(_) | Kind::ManifestNotice(_));
    v1::Content {
        written_at: 7,
        precedence: 1,
        subject: if silent { String::new() } else { "Column towards Sake".to_owned() },
        kind: Some(kind),
        ..v1::Content::default()
    }
}

pub(super) fn answering(kind: Kind) -> v1::Content {
    v1::Content { answers: Some(reference()), ..of(kind) }
}

pub(super) fn place() -> v1::Place {
    v1::Place {
        name: "Sake".to_owned(),
        longitude_e7: 290_453_000,
        latitude_e7: -15_736_000,
        precision_m: 2000,
    }
}

pub(super) fn briefing() -> Kind {
    let portion = v1::Portion { mark: "U".to_owned(), text: "The road is open.".to_owned() };
    let source = v1::Source { reliability: 2, credibility: 2, description: String::new() };
    let seed = vec![7; 32].into();
    Kind::Briefing(v1::Briefing {
        portions: vec![portion],
        seed,
        source: Some(source),
        ..v1::Briefing::default()
    })
}

pub(super) fn concern() -> Kind {
    Kind::Concern(v1::Concern {
        text: "What is it?".to_owned(),
        activity: 1,
        place: Some(place()),
        observed_from: 5,
        observed_to: 6,
        answer_use: 1,
        ..v1::Concern::default()
    })
}

pub(super) fn assessment() -> Kind {
    let (finding, activity, likelihood, confidence) = (2, 1, 5, 2);
    Kind::Assessment(v1::Assessment {
        finding,
        activity,
        likelihood,
        confidence,
        ..v1::Assessment::default()
    })
}

pub(super) fn request() -> Kind {
    let text = "Press the group not to move on Goma.".to_owned();
    Kind::Request(v1::Request { text, place: Some(place()), ..v1::Request::default() })
}

pub(super) fn reply() -> Kind {
    Kind::Reply(v1::Reply { text: "We have done so.".to_owned(), stance: 1 })
}

/// Of drc, in two languages.
pub(super) fn commitment() -> Kind {
    let text = |language: &str, text: &str, authoritative| v1::LanguageText {
        language: language.to_owned(),
        text: text.to_owned(),
        authoritative,
    };
    Kind::Commitment(v1::Commitment {
        kind: 1,
        obligors: vec!["drc".to_owned()],
        beneficiaries: vec!["rwanda".to_owned()],
        texts: vec![text("en", "We hold fire.", true), text("fr", "Nous cessons le feu.", false)],
        area: Some(place()),
        from: 5,
        to: 6,
        ..v1::Commitment::default()
    })
}

/// What drc and rwanda undertook, in the mediators' words.
pub(super) fn restated() -> Kind {
    let Kind::Commitment(mut commitment) = commitment() else { panic!("another kind") };
    commitment.obligors.push("rwanda".to_owned());
    let orgs = commitment.obligors.iter().cloned();
    let named = orgs.map(|organisation| v1::Undertaking { organisation, statement: vec![4; 32].into() });
    commitment.undertakings = named.collect();
    Kind::Commitment(commitment)
}

pub(super) fn compliance() -> Kind {
    let (state, text) = (2, "None has flown.".to_owned());
    Kind::ComplianceNote(v1::ComplianceNote { state, from: 5, to: 6, text, obligor: "drc".to_owned() })
}

pub(super) fn incident(stage: v1::IncidentStage) -> Kind {
    let attributed = stage == v1::IncidentStage::Attributed;
    Kind::Incident(v1::Incident {
        stage: stage.into(),
        text: "Shells fell on Sake.".to_owned(),
        place: Some(place()),
        from: 5,
        to: 6,
        attributed_to: if attributed { "the armed group".to_owned() } else { String::new() },
    })
}

pub(super) fn activity() -> Kind {
    let (activity, text) = (3, "Two battalions change places.".to_owned());
    Kind::ActivityNotice(v1::ActivityNotice {
        activity,
        text,
        place: Some(place()),
        from: 5,
        to: 0,
        ..v1::ActivityNotice::default()
    })
}

pub(super) fn session(phase: v1::SessionPhase) -> Kind {
    let minutes = phase == v1::SessionPhase::Minutes;
    Kind::Session(v1::Session {
        phase: phase.into(),
        begins: 5,
        ends: 6,
        participants: vec!["drc".to_owned()],
        items: vec!["The road to Goma".to_owned()],
        decisions: if minutes { vec!["To meet again".to_owned()] } else { Vec::new() },
        text: String::new(),
    })
}

pub(super) fn opinion() -> Kind {
    Kind::Opinion(v1::Opinion { agreement: 4, text: String::new() })
}

pub(super) fn note() -> Kind {
    Kind::Note(v1::Note { text: "Who speaks first".to_owned() })
}

pub(super) fn correction() -> Kind {
    Kind::Correction(v1::Correction { text: "It was 30, not 40.".to_owned() })
}

pub(super) fn manifest_notice() -> Kind {
    Kind::ManifestNotice(v1::ManifestNotice { briefing: Some(reference()), room: vec![1; 32].into() })
}

pub(super) fn all() -> Vec<Kind> {
    vec![
        briefing(),
        Kind::Release(v1::Release::default()),
        concern(),
        assessment(),
        note(),
        Kind::Decoy(v1::Decoy::default()),
        manifest_notice(),
        request(),
        reply(),
        commitment(),
        restated(),
        compliance(),
        incident(v1::IncidentStage::Alleged),
        incident(v1::IncidentStage::Attributed),
        activity(),
        session(v1::SessionPhase::Agenda),
        session(v1::SessionPhase::Minutes),
        opinion(),
        correction(),
    ]
}
