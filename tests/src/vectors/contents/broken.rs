//! Posts that are not what they may be: each field out of its bounds (9.1).

use tearline_proto::v1::{self, IncidentStage, SessionPhase, content::Kind};

use super::{
    Posted,
    samples::{
        activity, assessment, attached, briefing, commitment, compliance, concern, correction, incident,
        notice, of, opinion, reference, reply, request, restated, session, text, torn,
    },
};

pub(super) type Named = (String, Posted);

/// What is changed, and how.
type Change<'a, T> = (&'a str, &'a dyn Fn(&mut T));

/// A kind with a change for each of these, in a room where it would be good.
fn changed<T: Clone>(
    name: &str,
    good: &T,
    post: impl Fn(T) -> Posted,
    changes: &[Change<'_, T>],
) -> Vec<Named> {
    let one = |(what, change): &Change<'_, T>| {
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
            ("a blank subject", &|it| "\u{3000} ".clone_into(&mut it.subject)),
            ("a subject of 201 bytes", &|it| it.subject = "x".repeat(201)),
            ("a subject of two lines", &|it| "a\nb".clone_into(&mut it.subject)),
            ("a control character of Latin-1", &|it| "a\u{85}b".clone_into(&mut it.subject)),
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
            ("a path", &|it| "../map".clone_into(&mut it.name)),
            ("a path with a backslash", &|it| "a\\b".clone_into(&mut it.name)),
            ("a name with U+0000", &|it| "a\0".clone_into(&mut it.name)),
            ("a mark in parentheses", &|it| "(U)".clone_into(&mut it.mark)),
            ("a mark of no class", &|it| "X".clone_into(&mut it.mark)),
            ("a mark whose codes do not ascend", &|it| "C//REL TO RWA, DRC".clone_into(&mut it.mark)),
            ("a mark with a code twice", &|it| "C//REL TO DRC, DRC".clone_into(&mut it.mark)),
            ("a mark with another spelling", &|it| "C//REL TO DRC,RWA".clone_into(&mut it.mark)),
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
            ("a blank portion", &|it| first(&mut it.portions, |it| "\t".clone_into(&mut it.text))),
            ("a seed of 31 bytes", &|it| it.seed = vec![7; 31].into()),
            ("no reliability", &|it| {
                it.source = Some(v1::Source { credibility: 1, ..v1::Source::default() });
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
            ("no text", &|it| " \n".clone_into(&mut it.text)),
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
        |it| Posted::partys(of(Kind::Opinion(it))).on_something(),
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
        |it| Posted::partys(of(Kind::Reply(it))).on_something(),
        &[
            ("no text", &|it| it.text.clear()),
            ("no stance", &|it| it.stance = 0),
            ("stance 5", &|it| it.stance = 5),
        ],
    ));
    let corrected = |it| Posted::partys(of(Kind::Correction(it))).on_something();
    all.extend(changed("correction", &correction(), corrected, &[("no text", &|it| it.text.clear())]));
    let note = |it| Posted::partys(of(Kind::Note(it)));
    all.extend(changed("note", &text(), note, &[("no text", &|it| it.text.clear())]));
    all
}

fn promised(lines: &dyn Fn() -> Vec<String>) -> Vec<Named> {
    let language = |tag: &'static str| {
        move |it: &mut v1::Commitment| last(&mut it.texts, |it| tag.clone_into(&mut it.language))
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
            ("a blank text", &|it| last(&mut it.texts, |it| " ".clone_into(&mut it.text))),
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
                last(&mut it.undertakings, |it| "uganda".clone_into(&mut it.organisation));
            }),
        ],
    ));
    all.extend(changed(
        "compliance note",
        &compliance(),
        |it| Posted::mediators(of(Kind::ComplianceNote(it))).on_something(),
        &[
            ("no state", &|it| it.state = 0),
            ("state 7", &|it| it.state = 7),
            ("it ends before it begins", &|it| it.to = it.from - 1),
            ("an obligor that is no organisation", &|it| "The DRC".clone_into(&mut it.obligor)),
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
            ("attributed before its stage", &|it| "a militia".clone_into(&mut it.attributed_to)),
            ("no text", &|it| it.text.clear()),
        ],
    );
    all.extend(changed(
        "incident attributed",
        &incident(IncidentStage::Attributed),
        |it| Posted::mediators(of(Kind::Incident(it))).on_something(),
        &[
            ("to nobody", &|it| it.attributed_to.clear()),
            ("in two lines", &|it| "a\nb".clone_into(&mut it.attributed_to)),
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
