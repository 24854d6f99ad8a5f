//! The bounds of every field of every kind: what can be said at all.
//!
//! Specification: `docs/spec.md`, section 9.1. Who may say it is in `place`; what it refers to is not looked up.

use tearline_proto::v1::{self, content::Kind};

use super::{ContentError, SUBJECT_MAX, TEXT_MAX, texts};
use crate::{mark::Mark, name::Org};

const PORTIONS_MAX: usize = 63;
const LONGITUDE_MAX_E7: u64 = 1_800_000_000;
const LATITUDE_MAX_E7: u64 = 900_000_000;
/// Participants, items, decisions, languages, organisations: as many as one screen of a list.
const LIST_MAX: usize = 64;
/// The longest tag that BCP 47 asks everybody to accept.
const LANGUAGE_MAX: usize = 35;

/// Checks what is torn off, what is attached, and the kind.
pub(super) fn check(message: &v1::Content) -> Result<(), ContentError> {
    if let Some(tearline) = &message.tearline {
        check_tearline(tearline)?;
    }
    for attachment in &message.attachments {
        let good = attachment.digest.len() == 32 && attachment.key.len() == 32 && attachment.size > 0;
        if !good || attachment.name.is_empty() || attachment.name.contains(['/', '\\', '\0']) {
            return bad("attachments have a digest, key, size or name that is wrong");
        }
        let marked = attachment.mark.is_empty() || attachment.mark.parse::<Mark>().is_ok();
        require(marked, "attachments have a mark that is none")?;
    }
    match &message.kind {
        Some(kind) => check_kind(kind)?,
        None => return bad("kind is missing or unknown"),
    }
    require(texts::of(message).iter().all(|(_, text)| text.len() <= TEXT_MAX), "texts are too long")
}

fn bad(what: &'static str) -> Result<(), ContentError> {
    Err(ContentError::Field(what))
}

fn require(good: bool, what: &'static str) -> Result<(), ContentError> {
    if good { Ok(()) } else { bad(what) }
}

fn check_tearline(tearline: &v1::Tearline) -> Result<(), ContentError> {
    let good = tearline.manifest.len() == 64 * 32
        && tearline.blind.len() == 32
        && (1..=PORTIONS_MAX).contains(&tearline.portions.len())
        && tearline.portions.iter().all(|portion| portion.salt.len() == 32 && text(&portion.text));
    require(good, "released portions are not well-formed")
}

fn check_kind(kind: &Kind) -> Result<(), ContentError> {
    match kind {
        Kind::Briefing(briefing) => check_briefing(briefing),
        Kind::Concern(concern) => check_concern(concern),
        Kind::Assessment(it) => {
            let complete = known::<v1::Finding>(it.finding)
                && known::<v1::Activity>(it.activity)
                && known::<v1::Likelihood>(it.likelihood)
                && known::<v1::Confidence>(it.confidence);
            require(complete, "finding, activity, likelihood or confidence is missing")
        }
        Kind::Note(note) => check_text(&note.text),
        Kind::ManifestNotice(notice) => {
            let briefing = notice.briefing.as_ref().and_then(crate::id::Ref::from_message);
            require(notice.room.len() == 32 && briefing.is_some(), "briefing or room is missing")
        }
        Kind::Request(request) => {
            check_text(&request.text)?;
            check_place(request.place.as_ref())
        }
        Kind::Reply(reply) => {
            require(known::<v1::Stance>(reply.stance), "stance is missing")?;
            check_text(&reply.text)
        }
        Kind::Commitment(commitment) => check_commitment(commitment),
        Kind::ComplianceNote(it) => {
            require(known::<v1::Compliance>(it.state), "state of compliance is missing")?;
            check_window(it.from, it.to)?;
            require(it.obligor.is_empty() || is_org(&it.obligor), "obligor is no organisation")?;
            check_text(&it.text)
        }
        Kind::Incident(incident) => check_incident(incident),
        Kind::ActivityNotice(it) => {
            require(known::<v1::Activity>(it.activity), "activity is missing")?;
            check_window(it.from, it.to)?;
            check_place(it.place.as_ref())?;
            check_text(&it.text)
        }
        Kind::Session(session) => check_session(session),
        Kind::Opinion(it) => require(known::<v1::Agreement>(it.agreement), "step of agreement is missing"),
        Kind::Correction(correction) => check_text(&correction.text),
        Kind::Decoy(decoy) => require(decoy.filling.len() <= TEXT_MAX, "filling is too long"),
        Kind::Release(_) => Ok(()),
    }
}

fn check_briefing(briefing: &v1::Briefing) -> Result<(), ContentError> {
    let count = briefing.portions.len();
    let portions = (1..=PORTIONS_MAX).contains(&count) && briefing.portions.iter().all(|it| text(&it.text));
    require(portions, "portions are not 1 to 63, each with a text")?;
    require(briefing.seed.len() == 32, "seed is not 32 bytes")?;
    let graded = briefing.source.as_ref().is_none_or(|source| {
        known::<v1::Reliability>(source.reliability) && known::<v1::Credibility>(source.credibility)
    });
    require(graded, "source is not graded A to F and 1 to 6")
}

fn check_concern(concern: &v1::Concern) -> Result<(), ContentError> {
    check_text(&concern.text)?;
    let scaled = known::<v1::Activity>(concern.activity) && known::<v1::AnswerUse>(concern.answer_use);
    require(scaled, "activity, or how the answer may be used, is missing")?;
    check_window(concern.observed_from, concern.observed_to)?;
    check_place(concern.place.as_ref())
}

fn check_commitment(it: &v1::Commitment) -> Result<(), ContentError> {
    require(known::<v1::CommitmentKind>(it.kind), "kind of commitment is missing")?;
    let obligors = it.obligors.iter().all(|org| is_org(org)) && it.obligors.is_sorted_by(|a, b| a < b);
    let counted = (1..=LIST_MAX).contains(&it.obligors.len());
    require(obligors && counted, "obligors are not one or more organisations, ascending")?;
    check_lines(&it.beneficiaries, "beneficiaries are not up to 64 lines")?;
    let language = |it: &v1::LanguageText| is_language(&it.language) && text(&it.text);
    let languages = (1..=LIST_MAX).contains(&it.texts.len()) && it.texts.iter().all(language);
    require(languages, "texts are not one or more, each with a language as in `fr` and a text")?;
    let twice = (1..it.texts.len()).any(|at| {
        let (before, rest) = it.texts.split_at(at);
        rest.first().is_some_and(|text| before.iter().any(|other| other.language == text.language))
    });
    let authoritative = it.texts.iter().filter(|text| text.authoritative).count();
    require(!twice && authoritative == 1, "texts are not one a language, with exactly one authoritative")?;
    check_window(it.from, it.to)?;
    check_place(it.area.as_ref())?;
    let undertaken = it.undertakings.iter().all(|it| is_org(&it.organisation) && it.statement.len() == 32);
    let orgs = || it.undertakings.iter().map(|undertaking| &undertaking.organisation);
    let matched = it.undertakings.is_empty() || orgs().eq(it.obligors.iter());
    require(undertaken && matched, "undertakings are not one of each obligor, in their order")
}

fn check_incident(it: &v1::Incident) -> Result<(), ContentError> {
    require(known::<v1::IncidentStage>(it.stage), "stage is missing")?;
    check_window(it.from, it.to)?;
    check_place(it.place.as_ref())?;
    let attributed = it.stage == i32::from(v1::IncidentStage::Attributed);
    let named = is_line(&it.attributed_to);
    require(
        attributed == named && (named || it.attributed_to.is_empty()),
        "attribution goes with its stage",
    )?;
    check_text(&it.text)
}

fn check_session(it: &v1::Session) -> Result<(), ContentError> {
    require(known::<v1::SessionPhase>(it.phase), "phase, agenda or minutes, is missing")?;
    require(it.begins != 0, "time of the meeting is missing")?;
    check_window(it.begins, it.ends)?;
    check_lines(&it.participants, "participants are not up to 64 lines")?;
    check_lines(&it.items, "items are not up to 64 lines")?;
    check_lines(&it.decisions, "decisions are not up to 64 lines")?;
    let agenda = it.phase == i32::from(v1::SessionPhase::Agenda);
    require(!agenda || it.decisions.is_empty(), "agenda cannot have decisions yet")?;
    let said = !it.items.is_empty() || text(&it.text);
    require(said, "items and text are both missing")
}

fn check_text(value: &str) -> Result<(), ContentError> {
    require(text(value), "text is missing or too long")
}

fn check_window(from: u64, to: u64) -> Result<(), ContentError> {
    require(to == 0 || to >= from, "time window ends before it begins")
}

fn check_lines(lines: &[String], what: &'static str) -> Result<(), ContentError> {
    require(lines.len() <= LIST_MAX && lines.iter().all(|line| is_line(line)), what)
}

fn check_place(place: Option<&v1::Place>) -> Result<(), ContentError> {
    require(place.is_none_or(on_earth), "place is not on earth, has no name or no precision")
}

fn text(value: &str) -> bool {
    !value.trim().is_empty() && value.len() <= TEXT_MAX
}

/// One line, as long as a subject.
fn is_line(value: &str) -> bool {
    !value.trim().is_empty() && value.len() <= SUBJECT_MAX && !value.chars().any(char::is_control)
}

fn is_org(value: &str) -> bool {
    value.parse::<Org>().is_ok()
}

fn is_language(value: &str) -> bool {
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'))
    };
    let primary = value.split('-').next().unwrap_or_default();
    value.len() <= LANGUAGE_MAX
        && (2..=3).contains(&primary.len())
        && primary.bytes().all(|b| b.is_ascii_lowercase())
        && value.split('-').all(part)
}

fn known<E: TryFrom<i32>>(value: i32) -> bool {
    value != 0 && E::try_from(value).is_ok()
}

fn on_earth(place: &v1::Place) -> bool {
    place.longitude_e7.unsigned_abs() <= LONGITUDE_MAX_E7
        && place.latitude_e7.unsigned_abs() <= LATITUDE_MAX_E7
        && place.precision_m > 0
        && text(&place.name)
}
