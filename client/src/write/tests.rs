//! What is promised of every kind's file.

use tearline_ledger::{
    charter::Charter,
    content::Place,
    digest::Digest,
    id::{Identity, RoomId, StatementId},
};
use tearline_proto::v1::content::Kind as Said;

use super::*;

const MEDIATOR: &str = "spiffe://kivu.example/mediator/us/goma";
const PARTY: &str = "spiffe://kivu.example/party/drc/delegation";
const OTHER: &str = "spiffe://kivu.example/party/rwanda/delegation";

/// A file of each kind with every key that it may have.
pub(super) const FILES: &[(Kind, &str)] = &[
    (
        Kind::Concern,
        "activity: offensive\nplace: Sake\nposition: 29.0453, -1.5736\nprecision: 2000 m\n\
         seen-from: 2024-01-13T05:00:00Z\nseen-to: 2024-01-14T05:00:00Z\nforce: 40 vehicles\n\
         reply-by: 2024-01-16T05:00:00Z\nevidence: two photographs\nanswer-use: paraphrased\n",
    ),
    (
        Kind::Assessment,
        "answers: drc#1\nfinding: partly-corroborated\nactivity: offensive\nlikelihood: likely\n\
         confidence: moderate\ninformation-until: 2024-01-14T05:00:00Z\nassumes: the road is open\n\
         assumes: fuel holds\nor-else: a rotation\nor-else: a feint\n",
    ),
    (Kind::Opinion, "answers: drc#2\nagreement: strongly-disagree\n"),
    (Kind::Request, "reply-by: 2024-01-16T05:00:00Z\nplace: Goma\nposition: 29.2, -1.6\nprecision: 500 m\n"),
    (Kind::Reply, "answers: drc#3\nstance: partly-accepted\n"),
    (
        Kind::Commitment,
        "kind: cease-fire\nobligors: drc\nbeneficiary: rwanda\nbeneficiary: the people of Sake\n\
         language: en\narea: North Kivu\nposition: 29, -1\nprecision: 90000 m\n\
         from: 2024-01-13T05:00:00Z\nto: 2024-01-20T05:00:00Z\nverified: by both sides' officers\n\
         depends-on: the other side's like commitment\n",
    ),
    (
        Kind::Compliance,
        "answers: drc#4\nstate: compliant\nfrom: 2024-01-13T05:00:00Z\nto: 2024-01-20T05:00:00Z\n\
         obligor: drc\n",
    ),
    (
        Kind::Incident,
        "stage: alleged\nplace: Sake\nposition: 29, -1\nprecision: 2000 m\nfrom: 2024-01-13T05:00:00Z\n\
         to: 2024-01-13T06:00:00Z\nrefers: drc#4, drc#1\n",
    ),
    (
        Kind::Activity,
        "activity: rotation\nplace: Goma\nposition: 29, -1\nprecision: 2000 m\n\
         from: 2024-01-13T05:00:00Z\nto: 2024-01-14T05:00:00Z\nforce: two battalions\n",
    ),
    (
        Kind::Session,
        "phase: minutes\nbegins: 2024-01-18T14:00:00Z\nends: 2024-01-18T15:00:00Z\nparticipant: drc\n\
         participant: rwanda\nitem: the road\nitem: dates\ndecision: to meet again\nanswers: drc#5\n",
    ),
    (Kind::Note, "ack-by: 2024-01-18T14:00:00Z\n"),
    (Kind::Correction, "answers: drc#1\n"),
];

pub(super) fn file(kind: Kind) -> String {
    if kind == Kind::Decoy {
        return String::new();
    }
    let keys = FILES.iter().find(|(other, _)| *other == kind).unwrap().1;
    format!("---\nsubject: Of weight\nprecedence: immediate\n{keys}---\n\nFirst line.\n\nLast line.\n")
}

/// The author of `drc#N`, by `N`: what stands there is of the kind in the list.
fn find(entry: &EntryRef) -> Result<Referent, String> {
    let (by, kind) = match entry.index {
        1 => (
            PARTY,
            Said::Concern(v1::Concern {
                text: "x".to_owned(),
                activity: 1,
                answer_use: 1,
                ..v1::Concern::default()
            }),
        ),
        2 => {
            let graded = v1::Assessment {
                finding: 1,
                activity: 1,
                likelihood: 1,
                confidence: 1,
                ..v1::Assessment::default()
            };
            (MEDIATOR, Said::Assessment(graded))
        }
        3 => (MEDIATOR, Said::Request(v1::Request { text: "x".to_owned(), ..v1::Request::default() })),
        4 => (PARTY, promise("drc")),
        5 => {
            let agenda = v1::Session { phase: 1, begins: 1, text: "x".to_owned(), ..v1::Session::default() };
            (MEDIATOR, Said::Session(agenda))
        }
        6 => (OTHER, promise("rwanda")),
        7 => (PARTY, incident(None)),
        8 => (MEDIATOR, Said::Note(v1::Note { text: "x".to_owned() })),
        9 => return Ok(referent(entry, PARTY, None)),
        _ => return Err(format!("there is no {entry} here")),
    };
    Ok(referent(entry, by, Some(kind)))
}

fn promise(org: &str) -> Said {
    let text = v1::LanguageText { language: "en".to_owned(), text: "x".to_owned(), authoritative: true };
    let (kind, obligors, texts) = (1, vec![org.to_owned()], vec![text]);
    Said::Commitment(v1::Commitment { kind, obligors, texts, ..v1::Commitment::default() })
}

fn incident(stage: Option<i32>) -> Said {
    let stage = stage.unwrap_or(1);
    Said::Incident(v1::Incident { stage, text: "x".to_owned(), ..v1::Incident::default() })
}

fn referent(entry: &EntryRef, by: &str, kind: Option<Said>) -> Referent {
    let post = kind.is_some();
    let content = kind.map(|kind| {
        let subject = "x".to_owned();
        Content::new(v1::Content { precedence: 1, subject, kind: Some(kind), ..v1::Content::default() })
            .unwrap()
    });
    let byte = u8::try_from(entry.index).unwrap();
    let reference = Ref {
        room: RoomId(Digest([1; 32])),
        statement: Identity(Digest([byte; 32])),
        id: StatementId::new(1, [byte; 10]),
    };
    Referent { entry: entry.clone(), reference, author: by.parse().unwrap(), post, content }
}

fn parsed(by: &str, kind: Kind, file: &str) -> Result<Written, WriteError> {
    parse(kind, file, &Author { name: &by.parse().unwrap(), now: 7, find: &find })
}

/// The author who may write this kind as in [`FILES`].
fn author(kind: Kind) -> &'static str {
    if kind.roles().contains(&Role::Party) { PARTY } else { MEDIATOR }
}

/// What the file of this kind with every key comes to.
pub(crate) fn written(kind: Kind) -> Content {
    parsed(author(kind), kind, &file(kind)).unwrap().content
}

fn refused(kind: Kind, from: &str, to: &str) -> String {
    let whole = file(kind);
    assert!(whole.contains(from), "{from}");
    parsed(author(kind), kind, &whole.replace(from, to)).unwrap_err().to_string()
}

#[test]
fn every_kind_is_read_with_every_key() {
    for kind in Kind::ALL {
        let written =
            parsed(author(kind), kind, &file(kind)).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert_eq!(written.content.kind_name(), kind.word());
        assert_eq!(written.content.message().written_at, 7);
    }
    let written = parsed(PARTY, Kind::Concern, &file(Kind::Concern)).unwrap();
    let Some(Said::Concern(concern)) = written.content.kind() else { panic!("another kind") };
    let place = concern.place.as_ref().unwrap();
    assert_eq!((place.longitude_e7, place.latitude_e7, place.precision_m), (290_453_000, -15_736_000, 2000));
    assert_eq!(concern.text, "First line.\n\nLast line.");
    let written = parsed(MEDIATOR, Kind::Assessment, &file(Kind::Assessment)).unwrap();
    let Some(Said::Assessment(assessment)) = written.content.kind() else { panic!("another kind") };
    assert_eq!((assessment.assumptions.len(), assessment.alternatives.len()), (2, 2));
    let written = parsed(PARTY, Kind::Incident, &file(Kind::Incident)).unwrap();
    assert_eq!(written.content.message().refers.len(), 2);
}

#[test]
fn who_may_write_a_kind_is_what_the_ledger_says() {
    for kind in Kind::ALL {
        for (by, role) in [(MEDIATOR, Role::Mediator), (PARTY, Role::Party)] {
            let name: MemberName = by.parse().unwrap();
            let good = parsed(author(kind), kind, &file(kind)).unwrap().content;
            let mut message = good.message().clone();
            // Of a commitment and an incident the fields differ with the author; the kind is both's.
            if let (Role::Mediator, Some(Said::Commitment(commitment))) = (role, &mut message.kind) {
                let (organisation, statement) = ("drc".to_owned(), vec![1; 32].into());
                commitment.undertakings = vec![v1::Undertaking { organisation, statement }];
            }
            let content = Content::new(message).unwrap();
            let placed = content.check_place(&Place::new(&name, &"drc".parse().unwrap(), &charter(&name)));
            assert_eq!(placed.is_ok(), kind.roles().contains(&role), "{kind:?} {role:?}: {placed:?}");
            assert_eq!(kind.check_role(role).is_ok(), kind.roles().contains(&role));
        }
        assert!(kind.check_role(Role::Auditor).is_err());
    }
    let error = parsed(PARTY, Kind::Session, &file(Kind::Session)).unwrap_err();
    assert_eq!(error.to_string(), "a party writes no session: mediators do");
}

/// A charter in which the member is a custodian if it is a party's.
fn charter(name: &MemberName) -> Charter {
    let house = crate::propose::sample::desk(
        if name.role() == Role::Party { "party" } else { "mediator" },
        name.desk(),
        name.role() == Role::Party,
        20,
    );
    let member = house.card.card().clone().into_member(None, None);
    let hall = crate::propose::sample::Hall::founded();
    Charter { members: vec![member], ..hall.charter("drc") }
}

#[test]
fn a_key_that_must_be_there_is_named() {
    for (kind, keys) in [
        (Kind::Concern, vec!["subject", "activity"]),
        (Kind::Assessment, vec!["finding", "activity", "likelihood", "confidence"]),
        (Kind::Opinion, vec!["answers", "agreement"]),
        (Kind::Reply, vec!["answers", "stance"]),
        (Kind::Commitment, vec!["kind"]),
        (Kind::Compliance, vec!["answers", "state"]),
        (Kind::Incident, vec!["stage", "place"]),
        (Kind::Activity, vec!["activity"]),
        (Kind::Session, vec!["phase", "begins"]),
        (Kind::Correction, vec!["answers"]),
        (Kind::Note, vec!["subject"]),
        (Kind::Request, vec!["position"]),
    ] {
        for key in keys {
            let without: Vec<String> = file(kind)
                .lines()
                .filter(|line| !line.starts_with(&format!("{key}:")))
                .map(str::to_owned)
                .collect();
            let error = parsed(author(kind), kind, &without.join("\n")).unwrap_err();
            assert_eq!(error, FrontError::Missing(key).into(), "{kind:?}");
        }
    }
}

#[test]
fn a_wrong_word_is_named_with_its_line_and_the_right_ones() {
    for (kind, from, to, says) in [
        (
            Kind::Concern,
            "offensive",
            "hostile",
            "line 4: `activity`: `hostile` is no activity: use one of offensive",
        ),
        (Kind::Concern, "29.0453, -1.5736", "Sake", "line 6: `position`: write longitude"),
        (Kind::Concern, "-1.5736", "-91.0", "line 6: `position`: not on earth"),
        (Kind::Concern, "2024-01-14T05", "2024-01-12T05", "line 9: `seen-to`: it is before `seen-from`"),
        (Kind::Concern, "immediate", "urgent", "line 3: `precedence`: `urgent` is no precedence"),
        (Kind::Concern, "paraphrased", "freely", "line 13: `answer-use`: `freely` is no use of the answer"),
        (Kind::Assessment, "partly-", "fully-", "line 5: `finding`: `fully-corroborated` is no finding"),
        (Kind::Opinion, "strongly-disagree", "no", "line 5: `agreement`: `no` is no step of agreement"),
        (Kind::Reply, "partly-accepted", "maybe", "line 5: `stance`: `maybe` is no stance"),
        (Kind::Commitment, "cease-fire", "truce", "line 4: `kind`: `truce` is no kind of commitment"),
        (
            Kind::Commitment,
            "obligors: drc",
            "obligors: rwanda",
            "line 5: `obligors`: you bind drc and no other",
        ),
        (
            Kind::Commitment,
            "language: en",
            "language: English",
            "line 8: `language`: write a language as in fr",
        ),
        (Kind::Compliance, "compliant", "kept", "line 5: `state`: `kept` is no state of compliance"),
        (Kind::Incident, "alleged", "rumoured", "line 4: `stage`: `rumoured` is no stage of an incident"),
        (
            Kind::Incident,
            "drc#4, drc#1",
            "drc#4 drc#1",
            "line 10: `refers`: `drc#4 drc#1` is not a reference",
        ),
        (Kind::Incident, "drc#4, drc#1", "drc#99", "line 10: `refers`: there is no drc#99 here"),
        (Kind::Activity, "rotation", "moving", "line 4: `activity`: `moving` is no activity"),
        (Kind::Session, "minutes", "draft", "line 4: `phase`: `draft` is no phase of a session"),
        (Kind::Session, "minutes", "agenda", "line 11: `decision`: an agenda has no decisions yet"),
        (Kind::Note, "ack-by: 2024-01-18T14:00:00Z", "ack-by: soon", "line 4: `ack-by`: write a time in UTC"),
        (
            Kind::Note,
            "ack-by",
            "colour",
            "line 4: there is no `colour` here; use subject, precedence, ack-by",
        ),
        (Kind::Note, "precedence", "subject", "line 3: `subject` is there twice"),
        (Kind::Correction, "drc#1", "drc#9", "line 4: `answers`: drc#9 is no post: name one"),
    ] {
        let said = refused(kind, from, to);
        assert!(said.starts_with(says), "{kind:?}: {said}");
    }
}

#[test]
fn a_kind_that_needs_a_text_says_where_it_belongs() {
    for kind in Kind::ALL {
        let optional = matches!(kind, Kind::Assessment | Kind::Opinion | Kind::Session | Kind::Decoy);
        let without = file(kind).replace("First line.\n\nLast line.\n", "");
        let parsed = parsed(author(kind), kind, &without);
        if optional {
            assert!(parsed.is_ok(), "{kind:?}: {parsed:?}");
        } else {
            assert_eq!(parsed, Err(WriteError::NoText), "{kind:?}");
        }
    }
    assert_eq!(parsed(PARTY, Kind::Decoy, "x"), Err(WriteError::Decoy));
}

#[test]
fn a_post_answers_what_its_kind_may_answer() {
    for (kind, from, to, good) in [
        (Kind::Assessment, "drc#1", "drc#3", true),
        (Kind::Assessment, "drc#1", "drc#4", false),
        (Kind::Opinion, "drc#2", "drc#1", false),
        (Kind::Reply, "drc#3", "drc#8", true),
        (Kind::Reply, "drc#3", "drc#1", false),
        (Kind::Compliance, "drc#4", "drc#3", false),
        (Kind::Compliance, "drc#4", "drc#6", false),
        (Kind::Session, "drc#5", "drc#8", false),
        (Kind::Correction, "drc#1", "drc#8", false),
        (Kind::Correction, "drc#1", "drc#6", false),
        (Kind::Correction, "drc#1", "drc#7", true),
    ] {
        let file = file(kind).replace(&format!("answers: {from}"), &format!("answers: {to}"));
        let parsed = parsed(author(kind), kind, &file);
        assert_eq!(parsed.is_ok(), good, "{kind:?} {to}: {parsed:?}");
        if let Err(error) = parsed {
            assert!(error.to_string().starts_with(&format!("`answers: {to}` is a ")), "{error}");
        }
    }
}

#[test]
fn an_incident_follows_on_its_first_post() {
    let step = |by: &str, stage: &str, keys: &str| {
        parsed(by, Kind::Incident, &format!("---\nsubject: x\nstage: {stage}\n{keys}---\nText.\n"))
    };
    assert!(step(MEDIATOR, "registered", "").is_ok());
    assert!(step(MEDIATOR, "verified", "answers: drc#7\n").is_ok());
    assert_eq!(step(MEDIATOR, "verified", "").unwrap_err(), FrontError::Missing("answers").into());
    assert!(matches!(step(MEDIATOR, "verified", "answers: drc#1\n"), Err(WriteError::Answers { .. })));
    assert!(step(MEDIATOR, "attributed", "answers: drc#7\nattributed-to: a militia\n").is_ok());
    let error = step(MEDIATOR, "attributed", "answers: drc#7\n").unwrap_err();
    assert_eq!(error, FrontError::Missing("attributed-to").into());
    let error = step(MEDIATOR, "closed", "answers: drc#7\nattributed-to: a militia\n").unwrap_err();
    assert!(error.to_string().starts_with("line 5: `attributed-to`: only the stage"), "{error}");
}

#[test]
fn a_commitment_is_in_one_language_or_more_with_the_first_authoritative() {
    let text = "Drones stay grounded.\n\n[fr]\nLes drones restent au sol.\n\n[SW-CD]\nDroni.\n";
    let file = file(Kind::Commitment).replace("First line.\n\nLast line.\n", text);
    let written = parsed(PARTY, Kind::Commitment, &file).unwrap();
    let Some(Said::Commitment(it)) = written.content.kind() else { panic!("another kind") };
    let texts: Vec<_> =
        it.texts.iter().map(|it| (it.language.as_str(), it.text.as_str(), it.authoritative)).collect();
    assert_eq!(
        texts,
        [
            ("en", "Drones stay grounded.", true),
            ("fr", "Les drones restent au sol.", false),
            ("sw-cd", "Droni.", false)
        ]
    );
    assert_eq!((it.obligors.as_slice(), it.beneficiaries.len()), (["drc".to_owned()].as_slice(), 2));
    let empty = parsed(PARTY, Kind::Commitment, &file.replace("Les drones restent au sol.", "")).unwrap_err();
    assert_eq!(empty.to_string(), "the text in `fr` is missing: write it below the line `[fr]`");
    let twice = parsed(PARTY, Kind::Commitment, &file.replace("SW-CD", "fr")).unwrap_err();
    assert!(twice.to_string().contains("one a language"), "{twice}");
}

#[test]
fn mediators_restate_what_parties_undertook_and_nothing_else() {
    let restate = |keys: &str| {
        let file = format!("---\nsubject: Cease-fire\nkind: cease-fire\n{keys}---\nBoth hold to it.\n");
        parsed(MEDIATOR, Kind::Commitment, &file)
    };
    let written = restate("undertakings: drc#6, drc#4\n").unwrap();
    let Some(Said::Commitment(it)) = written.content.kind() else { panic!("another kind") };
    assert_eq!(it.obligors, ["drc", "rwanda"]);
    let named: Vec<_> =
        it.undertakings.iter().map(|it| (it.organisation.as_str(), it.statement[0])).collect();
    assert_eq!(named, [("drc", 4), ("rwanda", 6)]);
    let referred: Vec<u8> = written.undertakings.iter().map(|it| it.statement.as_bytes()[0]).collect();
    assert_eq!(referred, [4, 6]);
    assert_eq!(restate("").unwrap_err(), FrontError::Missing("undertakings").into());
    for (keys, says) in [
        ("undertakings: drc#4, drc#4\n", "line 4: `undertakings`: drc#4 and drc#4 are both of drc"),
        ("undertakings: drc#1\n", "line 4: `undertakings`: drc#1 is no commitment"),
        ("undertakings: drc#9\n", "line 4: `undertakings`: drc#9 is no commitment"),
        ("undertakings: drc#4\nobligors: rwanda\n", "line 5: `obligors`: the undertakings are of drc"),
    ] {
        let error = restate(keys).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let party = refused(Kind::Commitment, "obligors: drc", "undertakings: drc#6");
    assert!(party.starts_with("line 5: `undertakings`: mediators restate"), "{party}");
}

#[test]
fn decoys_are_as_long_as_other_posts_and_not_all_alike() {
    let lengths: std::collections::BTreeSet<usize> =
        (0..40).map(|_| parsed(PARTY, Kind::Decoy, "").unwrap().content.encode().len()).collect();
    assert!(lengths.len() > 10 && lengths.iter().all(|length| (200..2100).contains(length)), "{lengths:?}");
}
