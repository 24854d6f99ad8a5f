//! What is promised of every kind on a screen and for a program.

use tearline_proto::v1::{self, content::Kind};

use super::*;
use crate::write::{self, tests as files};

/// Each kind, written with every key that it may have.
fn written() -> Vec<Content> {
    write::Kind::ALL.into_iter().map(files::written).collect()
}

fn of(kind: write::Kind) -> Content {
    files::written(kind)
}

#[test]
fn no_line_of_any_kind_is_longer_than_a_plain_terminal_is_wide() {
    for content in written() {
        let mut message = content.message().clone();
        message.subject = "many words ".repeat(18).trim().to_owned();
        if let Some(Kind::Commitment(it)) = &mut message.kind {
            it.depends_on = "what the other side promised in the same words ".repeat(9);
        }
        let text = body(&Content::new(message).unwrap());
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}\nin\n{text}");
        }
    }
}

#[test]
fn every_text_of_every_kind_is_on_the_screen_and_in_the_json() {
    for content in written() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        let (screen, json) =
            (words(&body(&content)), words(&to_json(&content).to_string().replace("\\n", " ")));
        for (field, text) in content.texts() {
            assert!(screen.contains(&words(text)), "{} lacks {field}:\n{screen}", content.kind_name());
            assert!(json.contains(&words(text)), "{} lacks {field}:\n{json}", content.kind_name());
        }
    }
}

#[test]
fn a_commitment_shows_whose_it_is_until_when_and_each_language() {
    let content = of(write::Kind::Commitment);
    let mut message = content.message().clone();
    let Some(Kind::Commitment(it)) = &mut message.kind else { panic!("another kind") };
    it.texts.push(v1::LanguageText {
        language: "fr".to_owned(),
        text: "Première ligne.".to_owned(),
        authoritative: false,
    });
    it.undertakings =
        vec![v1::Undertaking { organisation: "drc".to_owned(), statement: vec![0xab; 32].into() }];
    let text = body(&Content::new(message).unwrap());
    let expected = " Of weight

 CEASE-FIRE by drc

 TOWARDS     rwanda
 TOWARDS     the people of Sake
 AREA        North Kivu (29.0 E, 1.0 S; within 90000 m)
 TIME        130500Z JAN 24 to 200500Z JAN 24
 VERIFIED    by both sides' officers
 DEPENDS ON  the other side's like commitment
 RESTATES    what drc signed (statement abababababababab…)

 [en, authoritative]
 First line.
 
 Last line.

 [fr]
 Première ligne.
";
    assert_eq!(text, expected);
}

#[test]
fn states_are_said_as_people_say_them() {
    let shows = |kind, line: &str| {
        let text = body(&of(kind));
        assert!(text.lines().any(|shown| shown == line), "{line:?} is not in\n{text}");
    };
    shows(
        write::Kind::Assessment,
        " PARTLY CORROBORATED · OFFENSIVE · likely (55–80 %) · confidence moderate",
    );
    shows(write::Kind::Opinion, " STRONGLY DISAGREE");
    shows(write::Kind::Reply, " PARTLY ACCEPTED");
    shows(write::Kind::Compliance, " COMPLIANT · drc · 130500Z JAN 24 to 200500Z JAN 24");
    shows(write::Kind::Incident, " ALLEGED");
    shows(write::Kind::Activity, " ROTATION");
    shows(write::Kind::Session, " MINUTES · 181400Z JAN 24 to 181500Z JAN 24");
    shows(write::Kind::Session, " ITEM 2      dates");
    shows(write::Kind::Session, " DECIDED 1   to meet again");
    shows(write::Kind::Concern, " PLACE       Sake (29.0453 E, 1.5736 S; within 2000 m)");
    shows(write::Kind::Concern, " ANSWER      may be used paraphrased");
    shows(write::Kind::Decoy, " This post says nothing: it keeps the room's cadence.");
}

#[test]
fn not_corroborated_is_never_shown_as_dispelled() {
    for finding in 1..=5 {
        let mut message = of(write::Kind::Assessment).message().clone();
        let Some(Kind::Assessment(it)) = &mut message.kind else { panic!("another kind") };
        it.finding = finding;
        let content = Content::new(message).unwrap();
        let dispelled = finding == i32::from(v1::Finding::Dispelled);
        assert_eq!(body(&content).to_lowercase().contains("dispel"), dispelled, "{finding}");
        assert_eq!(to_json(&content).to_string().to_lowercase().contains("dispel"), dispelled);
    }
}

#[test]
fn places_are_degrees_in_the_order_of_geojson_and_times_are_iso() {
    let json = to_json(&of(write::Kind::Concern));
    let place = serde_json::json!(
        {"name": "Sake", "longitude": 29.0453, "latitude": -1.5736, "precision_m": 2000}
    );
    assert_eq!(json["place"], place);
    assert_eq!(
        (&json["seen_from"], &json["reply_by"]),
        (&json!("2024-01-13T05:00:00Z"), &json!("2024-01-16T05:00:00Z"))
    );
    let json = to_json(&of(write::Kind::Commitment));
    assert_eq!((&json["area"]["longitude"], &json["commitment"]), (&json!(29.0), &json!("CEASE-FIRE")));
    assert_eq!(json["text"], json["texts"][0]["text"]);
    let json = to_json(&of(write::Kind::Activity));
    assert_eq!(json["to"], json!("2024-01-14T05:00:00Z"));
    let mut message = of(write::Kind::Activity).message().clone();
    let Some(Kind::ActivityNotice(it)) = &mut message.kind else { panic!("another kind") };
    (it.to, it.place) = (0, None);
    let json = to_json(&Content::new(message).unwrap());
    assert!(json["to"].is_null() && json["place"].is_null());
}

#[test]
fn what_others_wrote_is_made_visible_wherever_it_stands() {
    let hidden = "\u{202e}gnorw";
    for content in written() {
        let mut message = content.message().clone();
        if message.subject.is_empty() {
            continue;
        }
        message.subject = hidden.to_owned();
        match &mut message.kind {
            Some(Kind::Commitment(it)) => {
                it.texts[0].text = hidden.to_owned();
                it.beneficiaries = vec![hidden.to_owned()];
                it.verification = hidden.to_owned();
                it.depends_on = hidden.to_owned();
                it.area.as_mut().unwrap().name = hidden.to_owned();
            }
            Some(Kind::Session(it)) => {
                (it.text, it.items) = (hidden.to_owned(), vec![hidden.to_owned()]);
                (it.participants, it.decisions) = (vec![hidden.to_owned()], vec![hidden.to_owned()]);
            }
            Some(Kind::Incident(it)) => {
                (it.text, it.stage, it.attributed_to) = (hidden.to_owned(), 5, hidden.to_owned());
            }
            Some(Kind::Concern(it)) => {
                (it.text, it.force_seen, it.evidence) =
                    (hidden.to_owned(), hidden.to_owned(), hidden.to_owned());
            }
            Some(Kind::Request(it)) => it.text = hidden.to_owned(),
            Some(Kind::Reply(it)) => it.text = hidden.to_owned(),
            Some(Kind::Opinion(it)) => it.text = hidden.to_owned(),
            Some(Kind::Correction(it)) => it.text = hidden.to_owned(),
            Some(Kind::ComplianceNote(it)) => it.text = hidden.to_owned(),
            Some(Kind::ActivityNotice(it)) => (it.text, it.force) = (hidden.to_owned(), hidden.to_owned()),
            Some(Kind::Assessment(it)) => {
                (it.text, it.assumptions, it.alternatives) =
                    (hidden.to_owned(), vec![hidden.to_owned()], vec![hidden.to_owned()]);
            }
            Some(Kind::Note(it)) => it.text = hidden.to_owned(),
            _ => panic!("a kind that is not tried"),
        }
        let content = Content::new(message).unwrap();
        let screen = body(&content);
        assert!(!screen.contains('\u{202e}') && screen.contains("RIGHT-TO-LEFT OVERRIDE"), "{screen}");
    }
}

#[test]
fn a_heading_says_what_a_post_answers() {
    let heading = |kind, own, answered: &str| answering(&of(kind), own, answered, "drc#3");
    assert_eq!(heading(write::Kind::Assessment, true, "concern"), "of your concern drc#3");
    assert_eq!(heading(write::Kind::Reply, false, "request"), "to request drc#3");
    assert_eq!(heading(write::Kind::Compliance, false, "commitment"), "on commitment drc#3");
    assert_eq!(heading(write::Kind::Session, false, "session"), "in answer to session drc#3");
}
