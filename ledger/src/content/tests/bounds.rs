//! Each bound of each field, by the sentence that refuses it.

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{super::*, samples::*};

/// The sentence that refuses a kind once it is changed.
fn broken<T>(kind: Kind, inner: fn(&mut Kind) -> Option<&mut T>, change: impl FnOnce(&mut T)) -> String {
    let mut kind = kind;
    change(inner(&mut kind).unwrap());
    refusal(of(kind))
}

fn refusal(content: v1::Content) -> String {
    Content::new(content).unwrap_err().to_string()
}

macro_rules! inner {
    ($kind:ident) => {
        |kind| match kind {
            Kind::$kind(it) => Some(it),
            _ => None,
        }
    };
}

#[test]
fn a_good_post_of_each_kind_is_taken_and_encoded_as_it_is_read() {
    for kind in all() {
        let content = Content::new(of(kind)).unwrap();
        assert_eq!(Content::parse(&content.encode()), Ok(content));
    }
}

#[test]
fn the_head_of_every_post_is_bounded() {
    let head = |change: &dyn Fn(&mut v1::Content)| {
        let mut content = of(note());
        change(&mut content);
        refusal(content)
    };
    assert_eq!(head(&|it| it.kind = None), "the content's kind is missing or unknown");
    for precedence in [0, 5, -1] {
        let said = head(&|it| it.precedence = precedence);
        assert_eq!(said, "the content's precedence is missing or unknown");
    }
    for subject in ["x".repeat(201), "two\nlines".to_owned(), "\u{85}".to_owned()] {
        let said = head(&|it| it.subject.clone_from(&subject));
        assert_eq!(said, "the content's subject is longer than 200 bytes or not one line");
    }
    assert_eq!(head(&|it| it.subject = " ".to_owned()), "the content's subject is missing");
    let cut = || v1::Ref { room: vec![1; 31].into(), ..reference() };
    for said in [head(&|it| it.answers = Some(cut())), head(&|it| it.refers = vec![reference(), cut()])] {
        assert_eq!(said, "the content's references have a field of the wrong length");
    }
}

#[test]
fn what_says_nothing_needs_no_subject() {
    for kind in [Kind::Decoy(v1::Decoy::default()), manifest_notice()] {
        assert!(Content::new(of(kind)).is_ok());
    }
}

#[test]
fn attachments_and_released_portions_are_whole() {
    let attachment = |change: &dyn Fn(&mut v1::AttachmentKey)| {
        let mut key = v1::AttachmentKey {
            digest: vec![1; 32].into(),
            size: 9,
            key: vec![2; 32].into(),
            name: "map.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            mark: "C//REL TO DRC".to_owned(),
        };
        change(&mut key);
        Content::new(v1::Content { attachments: vec![key], ..of(note()) }).map_err(|error| error.to_string())
    };
    assert!(attachment(&|_| ()).is_ok());
    let wrong: [&dyn Fn(&mut v1::AttachmentKey); 7] = [
        &|it| it.digest = vec![1; 31].into(),
        &|it| it.key = vec![1; 33].into(),
        &|it| it.size = 0,
        &|it| it.name.clear(),
        &|it| it.name = "../map".to_owned(),
        &|it| it.name = "a\\b".to_owned(),
        &|it| it.name = "a\0b".to_owned(),
    ];
    for change in wrong {
        let said = attachment(change).unwrap_err();
        assert_eq!(said, "the content's attachments have a digest, key, size or name that is wrong");
    }
    assert!(attachment(&|it| it.mark.clear()).is_ok());
    let said = attachment(&|it| it.mark = "(C)".to_owned()).unwrap_err();
    assert_eq!(said, "the content's attachments have a mark that is none");
    let tearline = |change: &dyn Fn(&mut v1::Tearline)| {
        let portion =
            v1::ReleasedPortion { mark: "U".to_owned(), text: "x".to_owned(), salt: vec![1; 32].into() };
        let mut torn = v1::Tearline {
            manifest: vec![1; 2048].into(),
            blind: vec![1; 32].into(),
            portions: vec![portion],
        };
        change(&mut torn);
        Content::new(v1::Content { tearline: Some(torn), ..of(note()) }).map_err(|error| error.to_string())
    };
    assert!(tearline(&|_| ()).is_ok());
    let wrong: [&dyn Fn(&mut v1::Tearline); 6] = [
        &|it| it.manifest = vec![1; 2047].into(),
        &|it| it.blind = vec![1; 31].into(),
        &|it| it.portions.clear(),
        &|it| it.portions = vec![it.portions[0].clone(); 64],
        &|it| it.portions[0].salt = vec![].into(),
        &|it| it.portions[0].text = " \n".to_owned(),
    ];
    for change in wrong {
        assert_eq!(tearline(change).unwrap_err(), "the content's released portions are not well-formed");
    }
}

#[test]
fn a_briefing_has_its_portions_its_seed_and_a_graded_source() {
    let said = |change: &dyn Fn(&mut v1::Briefing)| broken(briefing(), inner!(Briefing), |it| change(it));
    let portions = "the content's portions are not 1 to 63, each with a text";
    assert_eq!(said(&|it| it.portions.clear()), portions);
    assert_eq!(said(&|it| it.portions = vec![it.portions[0].clone(); 64]), portions);
    assert_eq!(said(&|it| it.portions[0].text.clear()), portions);
    assert_eq!(said(&|it| it.seed = vec![7; 31].into()), "the content's seed is not 32 bytes");
    let grade = |reliability, credibility| {
        said(&|it| it.source = Some(v1::Source { reliability, credibility, ..v1::Source::default() }))
    };
    for said in [grade(0, 1), grade(1, 0), grade(7, 1), grade(1, 7)] {
        assert_eq!(said, "the content's source is not graded A to F and 1 to 6");
    }
}

#[test]
fn scales_have_their_steps_and_no_others() {
    let concern = |change: &dyn Fn(&mut v1::Concern)| broken(concern(), inner!(Concern), |it| change(it));
    let wrong: [&dyn Fn(&mut v1::Concern); 3] =
        [&|it| it.activity = 0, &|it| it.activity = 8, &|it| it.answer_use = 4];
    for change in wrong {
        assert_eq!(concern(change), "the content's activity, or how the answer may be used, is missing");
    }
    let wrong: [&dyn Fn(&mut v1::Assessment); 4] =
        [&|it| it.finding = 6, &|it| it.activity = 0, &|it| it.likelihood = 8, &|it| it.confidence = 4];
    for change in wrong {
        assert_eq!(
            broken(assessment(), inner!(Assessment), change),
            "the content's finding, activity, likelihood or confidence is missing"
        );
    }
    assert_eq!(broken(reply(), inner!(Reply), |it| it.stance = 5), "the content's stance is missing");
    assert_eq!(
        broken(compliance(), inner!(ComplianceNote), |it| it.state = 7),
        "the content's state of compliance is missing"
    );
    assert_eq!(
        broken(activity(), inner!(ActivityNotice), |it| it.activity = 0),
        "the content's activity is missing"
    );
    assert_eq!(
        broken(opinion(), inner!(Opinion), |it| it.agreement = 6),
        "the content's step of agreement is missing"
    );
    assert_eq!(
        broken(commitment(), inner!(Commitment), |it| it.kind = 8),
        "the content's kind of commitment is missing"
    );
    assert_eq!(
        broken(incident(IncidentStage::Alleged), inner!(Incident), |it| it.stage = 9),
        "the content's stage is missing"
    );
    assert_eq!(
        broken(session(SessionPhase::Agenda), inner!(Session), |it| it.phase = 3),
        "the content's phase, agenda or minutes, is missing"
    );
}

#[test]
fn a_text_is_neither_blank_nor_endless() {
    let endless = "x".repeat(TEXT_MAX + 1);
    for text in [" \n\t", &endless] {
        let text = || text.to_owned();
        for said in [
            broken(concern(), inner!(Concern), |it| it.text = text()),
            broken(note(), inner!(Note), |it| it.text = text()),
            broken(request(), inner!(Request), |it| it.text = text()),
            broken(reply(), inner!(Reply), |it| it.text = text()),
            broken(compliance(), inner!(ComplianceNote), |it| it.text = text()),
            broken(incident(IncidentStage::Alleged), inner!(Incident), |it| it.text = text()),
            broken(activity(), inner!(ActivityNotice), |it| it.text = text()),
            broken(correction(), inner!(Correction), |it| it.text = text()),
        ] {
            assert_eq!(said, "the content's text is missing or too long");
        }
    }
    for said in [
        broken(assessment(), inner!(Assessment), |it| it.assumptions = vec![endless.clone()]),
        broken(concern(), inner!(Concern), |it| it.evidence.clone_from(&endless)),
        broken(commitment(), inner!(Commitment), |it| it.verification.clone_from(&endless)),
        broken(commitment(), inner!(Commitment), |it| it.depends_on.clone_from(&endless)),
        broken(opinion(), inner!(Opinion), |it| it.text.clone_from(&endless)),
        broken(activity(), inner!(ActivityNotice), |it| it.force.clone_from(&endless)),
        broken(Kind::Release(v1::Release::default()), inner!(Release), |it| it.note.clone_from(&endless)),
    ] {
        assert_eq!(said, "the content's texts are too long");
    }
}

#[test]
fn a_place_is_on_earth_with_a_name_and_a_precision() {
    let wrong: [&dyn Fn(&mut v1::Place); 6] = [
        &|it| it.longitude_e7 = 1_800_000_001,
        &|it| it.longitude_e7 = i64::MIN,
        &|it| it.latitude_e7 = -900_000_001,
        &|it| it.precision_m = 0,
        &|it| it.name.clear(),
        &|it| it.name = " ".to_owned(),
    ];
    for change in wrong {
        let change = |it: &mut Option<v1::Place>| change(it.as_mut().unwrap());
        for said in [
            broken(concern(), inner!(Concern), |it| change(&mut it.place)),
            broken(request(), inner!(Request), |it| change(&mut it.place)),
            broken(commitment(), inner!(Commitment), |it| change(&mut it.area)),
            broken(incident(IncidentStage::Alleged), inner!(Incident), |it| change(&mut it.place)),
            broken(activity(), inner!(ActivityNotice), |it| change(&mut it.place)),
        ] {
            assert_eq!(said, "the content's place is not on earth, has no name or no precision");
        }
    }
}

#[test]
fn a_time_window_does_not_end_before_it_begins() {
    for said in [
        broken(concern(), inner!(Concern), |it| it.observed_to = 4),
        broken(commitment(), inner!(Commitment), |it| it.to = 4),
        broken(compliance(), inner!(ComplianceNote), |it| it.to = 4),
        broken(incident(IncidentStage::Alleged), inner!(Incident), |it| it.to = 4),
        broken(activity(), inner!(ActivityNotice), |it| it.to = 4),
        broken(session(SessionPhase::Agenda), inner!(Session), |it| it.ends = 4),
    ] {
        assert_eq!(said, "the content's time window ends before it begins");
    }
}

#[test]
fn a_commitment_names_its_obligors_its_languages_and_what_it_restates() {
    let said =
        |change: &dyn Fn(&mut v1::Commitment)| broken(commitment(), inner!(Commitment), |it| change(it));
    let obligors = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        said(&|it| it.obligors.clone_from(&names))
    };
    let many: Vec<String> = (0..65).map(|at| format!("a{at:03}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for names in [&[][..], &["DRC"], &["rwanda", "drc"], &["drc", "drc"], &many] {
        let sentence = "the content's obligors are not one or more organisations, ascending";
        assert_eq!(obligors(names), sentence, "{names:?}");
    }
    let beneficiaries = "the content's beneficiaries are not up to 64 lines";
    assert_eq!(said(&|it| it.beneficiaries = vec!["x".to_owned(); 65]), beneficiaries);
    assert_eq!(said(&|it| it.beneficiaries = vec!["two\nlines".to_owned()]), beneficiaries);
    assert_eq!(said(&|it| it.beneficiaries = vec!["x".repeat(201)]), beneficiaries);
    let texts = "the content's texts are not one or more, each with a language as in `fr` and a text";
    assert_eq!(said(&|it| it.texts.clear()), texts);
    assert_eq!(said(&|it| it.texts[1].text = " ".to_owned()), texts);
    for language in ["", "FR", "f", "fran", "fr-", "fr_CD", "fr-abcdefghi", "1r", &"fr-abcdefgh".repeat(4)] {
        assert_eq!(said(&|it| it.texts[1].language = language.to_owned()), texts, "{language}");
    }
    let once = "the content's texts are not one a language, with exactly one authoritative";
    assert_eq!(said(&|it| it.texts[1].language = "en".to_owned()), once);
    assert_eq!(said(&|it| it.texts[1].authoritative = true), once);
    assert_eq!(said(&|it| it.texts[0].authoritative = false), once);
    let undertakings = "the content's undertakings are not one of each obligor, in their order";
    let restated =
        |change: &dyn Fn(&mut v1::Commitment)| broken(restated(), inner!(Commitment), |it| change(it));
    assert_eq!(restated(&|it| it.undertakings.reverse()), undertakings);
    assert_eq!(restated(&|it| drop(it.undertakings.pop())), undertakings);
    assert_eq!(restated(&|it| it.undertakings[0].statement = vec![4; 31].into()), undertakings);
    assert_eq!(restated(&|it| it.undertakings[0].organisation = "uganda".to_owned()), undertakings);
}

#[test]
fn a_compliance_note_is_about_an_organisation_or_all() {
    let about = |obligor: &str| {
        let mut kind = compliance();
        let Kind::ComplianceNote(note) = &mut kind else { panic!("another kind") };
        note.obligor = obligor.to_owned();
        Content::new(of(kind)).map_err(|error| error.to_string())
    };
    assert!(about("").is_ok());
    assert_eq!(about("The DRC").unwrap_err(), "the content's obligor is no organisation");
}

#[test]
fn only_an_attributed_incident_says_to_whom() {
    let attribution = "the content's attribution goes with its stage";
    let said =
        |stage, to: &str| broken(incident(stage), inner!(Incident), |it| it.attributed_to = to.to_owned());
    assert_eq!(said(IncidentStage::Attributed, ""), attribution);
    assert_eq!(said(IncidentStage::Attributed, "two\nlines"), attribution);
    assert_eq!(said(IncidentStage::Alleged, "a militia"), attribution);
    assert_eq!(said(IncidentStage::Alleged, " "), attribution);
}

#[test]
fn a_session_has_a_time_and_something_to_talk_about() {
    use SessionPhase::{Agenda, Minutes};
    let said =
        |phase, change: &dyn Fn(&mut v1::Session)| broken(session(phase), inner!(Session), |it| change(it));
    let lines = || vec!["x".to_owned(); 65];
    assert_eq!(said(Agenda, &|it| it.begins = 0), "the content's time of the meeting is missing");
    assert_eq!(
        said(Agenda, &|it| it.participants = lines()),
        "the content's participants are not up to 64 lines"
    );
    assert_eq!(said(Agenda, &|it| it.items = lines()), "the content's items are not up to 64 lines");
    assert_eq!(said(Minutes, &|it| it.decisions = lines()), "the content's decisions are not up to 64 lines");
    let early = |it: &mut v1::Session| it.decisions = vec!["To meet".to_owned()];
    assert_eq!(said(Agenda, &early), "the content's agenda cannot have decisions yet");
    assert_eq!(said(Minutes, &|it| it.items.clear()), "the content's items and text are both missing");
}

#[test]
fn a_manifest_notice_names_a_briefing_and_a_room() {
    let sentence = "the content's briefing or room is missing";
    assert_eq!(broken(manifest_notice(), inner!(ManifestNotice), |it| it.briefing = None), sentence);
    assert_eq!(broken(manifest_notice(), inner!(ManifestNotice), |it| it.room = vec![1].into()), sentence);
}
