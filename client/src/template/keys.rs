//! Every key, once: what it is for in plain words, and what it takes.

use tearline_ledger::name::Role;
use tearline_proto::v1::{
    Activity, Agreement, AnswerUse, CommitmentKind, Compliance, Confidence, Finding, IncidentStage,
    Likelihood, Precedence, SessionPhase, Stance,
};

use super::Key;
use crate::show::words::Scale;

const TIME: &str = "2024-01-14T13:30:00Z";

const fn key(name: &'static str, says: &'static str, example: &'static str) -> Key {
    Key { name, needed: false, repeats: false, only: None, says, words: None, example }
}

const fn scale<S: Scale>(name: &'static str, says: &'static str, example: &'static str) -> Key {
    Key { words: Some(S::words), ..key(name, says, example) }
}

const fn needed(key: Key) -> Key {
    Key { needed: true, ..key }
}

const fn repeats(key: Key) -> Key {
    Key { repeats: true, ..key }
}

const fn only(role: Role, key: Key) -> Key {
    Key { only: Some(role), ..key }
}

const fn time(name: &'static str, says: &'static str) -> Key {
    key(name, says, TIME)
}

pub(super) const SUBJECT: Key =
    needed(key("subject", "What it is about, in one line", "Column moving towards Sake"));
pub(super) const PRECEDENCE: Key =
    scale::<Precedence>("precedence", "How urgent; routine if left out", "immediate");
pub(super) const ACK_BY: Key = time("ack-by", "By when its readers are to acknowledge it");
pub(super) const ANSWERS: Key = key("answers", "The post that this answers", "drc#3");
pub(super) const MUST_ANSWER: Key = needed(ANSWERS);
pub(super) const REFERS: Key = key("refers", "Other posts that it speaks of", "drc#1, drc#2");
pub(super) const UNTIL: Key =
    key("until", "When its content expires: the server serves it no longer then", "2044-06-30T12:00:00Z");

pub(super) const ACTIVITY: Key =
    needed(scale::<Activity>("activity", "What kind of movement it is", "offensive"));
pub(super) const PLACE: Key =
    key("place", "The name of the place; position and precision go with it", "Sake");
pub(super) const AREA: Key =
    key("area", "The area that it is for; position and precision go with it", "Sake and Goma");
pub(super) const POSITION: Key =
    key("position", "Longitude, then latitude, in degrees (WGS 84)", "29.0453, -1.5736");
pub(super) const PRECISION: Key = key("precision", "How exact that is, in metres", "2000 m");
pub(super) const FROM: Key = time("from", "From when");
pub(super) const TO: Key = key("to", "Until when", "2024-01-20T00:00:00Z");
pub(super) const FORCE: Key = key("force", "What force, as in numbers and equipment", "about 40 vehicles");
pub(super) const REPLY_BY: Key = time("reply-by", "By when you ask for an answer");

pub(super) const SEEN_FROM: Key = time("seen-from", "When it was first seen");
pub(super) const SEEN_TO: Key = key("seen-to", "When it was last seen", "2024-01-14T15:00:00Z");
pub(super) const EVIDENCE: Key = key("evidence", "What you have to show for it", "two photographs");
pub(super) const ANSWER_USE: Key = scale::<AnswerUse>(
    "answer-use",
    "How the mediators may use what you say here with the other side; not at all if left out",
    "paraphrased",
);

pub(super) const FINDING: Key = needed(scale::<Finding>(
    "finding",
    "What was found. Not corroborated is not dispelled",
    "partly-corroborated",
));
pub(super) const LIKELIHOOD: Key =
    needed(scale::<Likelihood>("likelihood", "How likely it is (ICD 203)", "likely"));
pub(super) const CONFIDENCE: Key =
    needed(scale::<Confidence>("confidence", "How well founded that judgement is", "moderate"));
pub(super) const INFORMATION_UNTIL: Key = time("information-until", "Until when what is known was known");
pub(super) const ASSUMES: Key =
    repeats(key("assumes", "What it takes for granted", "the column is under one command"));
pub(super) const OR_ELSE: Key =
    repeats(key("or-else", "What else it could be", "a rotation of the garrison"));
pub(super) const AGREEMENT: Key = needed(scale::<Agreement>("agreement", "How far you agree", "agree"));

pub(super) const STANCE: Key =
    needed(scale::<Stance>("stance", "What you say to what was asked", "partly-accepted"));

pub(super) const KIND: Key = needed(scale::<CommitmentKind>("kind", "What is promised", "cease-fire"));
pub(super) const OBLIGORS: Key = only(
    Role::Mediator,
    key("obligors", "Whom it binds; those of the undertakings if left out", "drc, rwanda"),
);
pub(super) const OBLIGOR_SELF: Key =
    only(Role::Party, key("obligors", "Whom it binds: your own party, and no other", "drc"));
pub(super) const UNDERTAKINGS: Key = only(
    Role::Mediator,
    needed(key(
        "undertakings",
        "The commitments of the parties that this puts in one text",
        "drc#9, rwanda#7",
    )),
);
pub(super) const BENEFICIARY: Key = repeats(key("beneficiary", "For whose good it is", "the people of Goma"));
pub(super) const LANGUAGE: Key =
    key("language", "The language of the authoritative text; en if left out", "en");
pub(super) const VERIFIED: Key =
    key("verified", "How it can be seen that it is kept", "weekly, by the mediators");
pub(super) const DEPENDS_ON: Key =
    key("depends-on", "On what it depends", "the other side keeping to the same");

pub(super) const STATE: Key = needed(scale::<Compliance>("state", "How the commitment stands", "compliant"));
pub(super) const OBLIGOR: Key =
    key("obligor", "Of whom this is said, where a commitment binds several", "rwanda");

pub(super) const STAGE: Key = needed(scale::<IncidentStage>(
    "stage",
    "How far it has come. A party alleges and answers; mediators do the rest",
    "attributed",
));
pub(super) const ATTRIBUTED_TO: Key =
    key("attributed-to", "To whom; with the stage attributed only", "the armed group");

pub(super) const PHASE: Key =
    needed(scale::<SessionPhase>("phase", "Agenda before the meeting, minutes after it", "minutes"));
pub(super) const BEGINS: Key = needed(time("begins", "When the meeting begins"));
pub(super) const ENDS: Key = key("ends", "When it ends", "2024-01-14T15:00:00Z");
pub(super) const PARTICIPANT: Key = repeats(key("participant", "A desk or a function", "us/kinshasa"));
pub(super) const ITEM: Key = repeats(key("item", "A point that is spoken of", "The road to Goma"));
pub(super) const DECISION: Key =
    repeats(key("decision", "What was decided; in minutes only", "Calls every Tuesday"));

pub(super) const SOURCE: Key =
    key("source", "The source: reliability A to F, credibility 1 to 6. Stays in the chamber", "B2");
pub(super) const SOURCE_DESCRIPTION: Key =
    key("source-description", "What the source is. Stays in the chamber", "a source with first-hand access");
pub(super) const ORIGINATOR: Key =
    key("originator", "The desk that must approve the release of an ORCON portion", "us/kinshasa");
pub(super) const BRIEFING_PRECEDENCE: Key = Key { example: "IMMEDIATE", ..PRECEDENCE };
