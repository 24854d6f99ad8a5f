//! Posts that are not what they may be: each field out of its bounds, each rule of who writes what broken.

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{MEDIATOR, OTHER_MEDIATOR, OTHER_PARTY, PARTY, Posted, samples::*};

type Named = (String, Posted);

/// A kind with a change for each of these, in a room where it would be good.
fn changed<T: Clone>(
    name: &str,
    good: &T,
    post: impl Fn(T) -> Posted,
    changes: &[(&str, &dyn Fn(&mut T))],
) -> Vec<Named> {
    let one = |(what, change): &(&str, &dyn Fn(&mut T))| {
        let mut broken = good.clone();
        change(&mut broken);
        (format!("{name}: {what}"), post(broken))
    };
    changes.iter().map(one).collect()
}

fn first<T>(items: &mut [T], change: impl FnOnce(&mut T)) {
    if let Some(item) = items.first_mut() {
        change(item);
    }
}

fn last<T>(items: &mut [T], change: impl FnOnce(&mut T)) {
    if let Some(item) = items.last_mut() {
        change(item);
    }
}

/// Out of bounds (9.1).
pub(super) fn fields() -> Vec<Named> {
    let lines = || vec!["x".to_owned(); 65];
    [heads(), carried(), chamber_kinds(), asked(), promised(&lines), happened(), met(&lines)].concat()
}

fn heads() -> Vec<Named> {
    let cut = || v1::Ref { id: vec![1; 15].into(), ..reference() };
    changed(
        "head",
        &of(Kind::Note(text())),
        Posted::partys,
        &[
            ("no kind", &|it| it.kind = None),
            ("no precedence", &|it| it.precedence = 0),
            ("precedence 5", &|it| it.precedence = 5),
            ("a negative precedence", &|it| it.precedence = -1),
            ("no subject", &|it| it.subject.clear()),
            ("a blank subject", &|it| it.subject = "\u{3000} ".to_owned()),
            ("a subject of 201 bytes", &|it| it.subject = "x".repeat(201)),
            ("a subject of two lines", &|it| it.subject = "a\nb".to_owned()),
            ("a control character of Latin-1", &|it| it.subject = "a\u{85}b".to_owned()),
            ("a cut reference that it answers", &|it| it.answers = Some(cut())),
            ("a cut reference", &|it| it.refers = vec![reference(), cut()]),
        ],
    )
}

fn carried() -> Vec<Named> {
    let note = || of(Kind::Note(text()));
    let with = |key: v1::AttachmentKey| Posted::partys(v1::Content { attachments: vec![key], ..note() });
    let mut all = changed(
        "attachment",
        &attached(),
        with,
        &[
            ("a digest of 31 bytes", &|it| it.digest = vec![1; 31].into()),
            ("a key of 33 bytes", &|it| it.key = vec![1; 33].into()),
            ("no size", &|it| it.size = 0),
            ("no name", &|it| it.name.clear()),
            ("a path", &|it| it.name = "../map".to_owned()),
            ("a path with a backslash", &|it| it.name = "a\\b".to_owned()),
            ("a name with U+0000", &|it| it.name = "a\0".to_owned()),
        ],
    );
    let release = || of(Kind::Release(v1::Release::default()));
    let with = |tearline| Posted::mediators(v1::Content { tearline: Some(tearline), ..release() });
    all.extend(changed(
        "tearline",
        &torn(),
        with,
        &[
            ("a manifest of 2016 bytes", &|it| it.manifest = vec![1; 2016].into()),
            ("a blind of 31 bytes", &|it| it.blind = vec![1; 31].into()),
            ("no portion", &|it| it.portions.clear()),
            ("64 portions", &|it| it.portions = it.portions.iter().cycle().take(64).cloned().collect()),
            ("a portion without a text", &|it| first(&mut it.portions, |it| it.text.clear())),
            ("a salt of 31 bytes", &|it| first(&mut it.portions, |it| it.salt = vec![1; 31].into())),
        ],
    ));
    all
}

fn chamber_kinds() -> Vec<Named> {
    let post = |it| Posted::mediators(of(Kind::Briefing(it))).in_room("chamber");
    let mut all = changed(
        "briefing",
        &briefing(),
        post,
        &[
            ("no portion", &|it| it.portions.clear()),
            ("64 portions", &|it| it.portions = it.portions.iter().cycle().take(64).cloned().collect()),
            ("a blank portion", &|it| first(&mut it.portions, |it| it.text = "\t".to_owned())),
            ("a seed of 31 bytes", &|it| it.seed = vec![7; 31].into()),
            ("no reliability", &|it| {
                it.source = Some(v1::Source { credibility: 1, ..v1::Source::default() })
            }),
            ("credibility 7", &|it| {
                it.source = Some(v1::Source { reliability: 1, credibility: 7, ..v1::Source::default() });
            }),
        ],
    );
    let post = |it| Posted::mediators(of(Kind::ManifestNotice(it))).in_room("chamber");
    all.extend(changed(
        "manifest notice",
        &notice(),
        post,
        &[("no briefing", &|it| it.briefing = None), ("a cut room", &|it| it.room = vec![1; 31].into())],
    ));
    all
}

fn asked() -> Vec<Named> {
    let place = |change: fn(&mut v1::Place)| move |it: &mut v1::Concern| it.place.iter_mut().for_each(change);
    let mut all = changed(
        "concern",
        &concern(),
        |it| Posted::partys(of(Kind::Concern(it))),
        &[
            ("no text", &|it| it.text = " \n".to_owned()),
            ("no activity", &|it| it.activity = 0),
            ("activity 8", &|it| it.activity = 8),
            ("no use of the answer", &|it| it.answer_use = 0),
            ("use of the answer 4", &|it| it.answer_use = 4),
            ("seen until before it was seen", &|it| it.observed_to = it.observed_from - 1),
            ("east of 180 degrees", &place(|it| it.longitude_e7 = 1_800_000_001)),
            ("south of the pole", &place(|it| it.latitude_e7 = -900_000_001)),
            ("a place without a name", &place(|it| it.name.clear())),
            ("a place without a precision", &place(|it| it.precision_m = 0)),
        ],
    );
    all.extend(changed(
        "assessment",
        &assessment(),
        |it| Posted::mediators(of(Kind::Assessment(it))),
        &[
            ("no finding", &|it| it.finding = 0),
            ("finding 6", &|it| it.finding = 6),
            ("no activity", &|it| it.activity = 0),
            ("likelihood 8", &|it| it.likelihood = 8),
            ("confidence 4", &|it| it.confidence = 4),
        ],
    ));
    all.extend(changed(
        "opinion",
        &opinion(),
        |it| Posted::partys(of(Kind::Opinion(it))).to_something(),
        &[("no step", &|it| it.agreement = 0), ("step 6", &|it| it.agreement = 6)],
    ));
    all.extend(changed(
        "request",
        &request(),
        |it| Posted::mediators(of(Kind::Request(it))),
        &[
            ("no text", &|it| it.text.clear()),
            ("a place without a name", &|it| it.place.iter_mut().for_each(|it| it.name.clear())),
        ],
    ));
    all.extend(changed(
        "reply",
        &reply(),
        |it| Posted::partys(of(Kind::Reply(it))).to_something(),
        &[
            ("no text", &|it| it.text.clear()),
            ("no stance", &|it| it.stance = 0),
            ("stance 5", &|it| it.stance = 5),
        ],
    ));
    let corrected = |it| Posted::partys(of(Kind::Correction(it))).to_something();
    all.extend(changed("correction", &correction(), corrected, &[("no text", &|it| it.text.clear())]));
    let note = |it| Posted::partys(of(Kind::Note(it)));
    all.extend(changed("note", &text(), note, &[("no text", &|it| it.text.clear())]));
    all
}

fn promised(lines: &dyn Fn() -> Vec<String>) -> Vec<Named> {
    let language = |tag: &'static str| {
        move |it: &mut v1::Commitment| last(&mut it.texts, |it| it.language = tag.to_owned())
    };
    let mut all = changed(
        "commitment",
        &commitment(),
        |it| Posted::partys(of(Kind::Commitment(it))),
        &[
            ("no kind", &|it| it.kind = 0),
            ("kind 8", &|it| it.kind = 8),
            ("no obligor", &|it| it.obligors.clear()),
            ("an obligor in capitals", &|it| it.obligors = vec!["DRC".to_owned()]),
            ("obligors that descend", &|it| it.obligors = vec!["rwanda".to_owned(), "drc".to_owned()]),
            ("an obligor twice", &|it| it.obligors = vec!["drc".to_owned(); 2]),
            ("65 beneficiaries", &|it| it.beneficiaries = lines()),
            ("a beneficiary of two lines", &|it| it.beneficiaries = vec!["a\nb".to_owned()]),
            ("no text", &|it| it.texts.clear()),
            ("a blank text", &|it| last(&mut it.texts, |it| it.text = " ".to_owned())),
            ("no language", &language("")),
            ("a language in capitals", &language("EN")),
            ("a language of one letter", &language("e")),
            ("a language that ends in a hyphen", &language("en-")),
            ("a language with a part of nine", &language("en-abcdefghi")),
            ("a language of 36 bytes", &language("en-abcdefgh-abcdefgh-abcdefgh-abcdef")),
            ("a language twice", &language("fr")),
            ("two authoritative texts", &|it| last(&mut it.texts, |it| it.authoritative = true)),
            ("no authoritative text", &|it| first(&mut it.texts, |it| it.authoritative = false)),
            ("it ends before it begins", &|it| it.to = it.from - 1),
            ("an area without a precision", &|it| it.area.iter_mut().for_each(|it| it.precision_m = 0)),
        ],
    );
    all.extend(changed(
        "commitment restated",
        &restated(),
        |it| Posted::mediators(of(Kind::Commitment(it))),
        &[
            ("undertakings in another order", &|it| it.undertakings.reverse()),
            ("an undertaking too few", &|it| it.undertakings.truncate(1)),
            ("a statement of 31 bytes", &|it| {
                first(&mut it.undertakings, |it| it.statement = vec![1; 31].into());
            }),
            ("another's undertaking", &|it| {
                last(&mut it.undertakings, |it| it.organisation = "uganda".to_owned());
            }),
        ],
    ));
    all.extend(changed(
        "compliance note",
        &compliance(),
        |it| Posted::mediators(of(Kind::ComplianceNote(it))).to_something(),
        &[
            ("no state", &|it| it.state = 0),
            ("state 7", &|it| it.state = 7),
            ("it ends before it begins", &|it| it.to = it.from - 1),
            ("an obligor that is no organisation", &|it| it.obligor = "The DRC".to_owned()),
            ("no text", &|it| it.text.clear()),
        ],
    ));
    all
}

fn happened() -> Vec<Named> {
    let mut all = changed(
        "incident",
        &incident(IncidentStage::Alleged),
        |it| Posted::partys(of(Kind::Incident(it))),
        &[
            ("no stage", &|it| it.stage = 0),
            ("stage 9", &|it| it.stage = 9),
            ("it ends before it begins", &|it| it.to = it.from - 1),
            ("a place without a name", &|it| it.place.iter_mut().for_each(|it| it.name.clear())),
            ("attributed before its stage", &|it| it.attributed_to = "a militia".to_owned()),
            ("no text", &|it| it.text.clear()),
        ],
    );
    all.extend(changed(
        "incident attributed",
        &incident(IncidentStage::Attributed),
        |it| Posted::mediators(of(Kind::Incident(it))).to_something(),
        &[
            ("to nobody", &|it| it.attributed_to.clear()),
            ("in two lines", &|it| it.attributed_to = "a\nb".to_owned()),
            ("in 201 bytes", &|it| it.attributed_to = "x".repeat(201)),
        ],
    ));
    all.extend(changed(
        "activity notice",
        &activity(),
        |it| Posted::partys(of(Kind::ActivityNotice(it))),
        &[
            ("no activity", &|it| it.activity = 0),
            ("it ends before it begins", &|it| it.to = it.from - 1),
            ("a place without a precision", &|it| it.place.iter_mut().for_each(|it| it.precision_m = 0)),
            ("no text", &|it| it.text.clear()),
        ],
    ));
    all
}

fn met(lines: &dyn Fn() -> Vec<String>) -> Vec<Named> {
    let mut all = changed(
        "session",
        &session(SessionPhase::Minutes),
        |it| Posted::mediators(of(Kind::Session(it))),
        &[
            ("no phase", &|it| it.phase = 0),
            ("phase 3", &|it| it.phase = 3),
            ("no time", &|it| it.begins = 0),
            ("it ends before it begins", &|it| it.ends = it.begins - 1),
            ("65 participants", &|it| it.participants = lines()),
            ("65 items", &|it| it.items = lines()),
            ("65 decisions", &|it| it.decisions = lines()),
            ("a blank item", &|it| it.items = vec![String::new()]),
            ("neither items nor text", &|it| it.items.clear()),
        ],
    );
    let decided = v1::Session { decisions: vec!["to meet".to_owned()], ..session(SessionPhase::Agenda) };
    all.push((
        "session: an agenda with a decision".to_owned(),
        Posted::mediators(of(Kind::Session(decided))),
    ));
    all
}

/// Who writes what where, in answer to what (9.2).
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
        ("a mediator's opinion", Posted::mediators(of(Kind::Opinion(opinion()))).to_something()),
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
        ("a reply in the chamber", chamber(Kind::Reply(reply())).to_something()),
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
        ("an incident alleged in answer to something", partys(Alleged).to_something()),
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
