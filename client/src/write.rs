//! Posts from the text files that officers write: front matter and text into content.

use tearline_ledger::content::{Content, ContentError};
use tearline_proto::v1::{
    self, Activity, AnswerUse, Confidence, Finding, Likelihood, Precedence, content::Kind,
};

use crate::{
    front::{Front, FrontError, text, utc},
    show::words::Scale,
};

/// Why a file is not a post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The front matter.
    #[error(transparent)]
    Front(#[from] FrontError),
    /// What it comes to.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// What every kind's front matter may say.
struct Head {
    precedence: Precedence,
    subject: String,
    ack_by: u64,
}

fn head(front: &mut Front) -> Result<Head, FrontError> {
    Ok(Head {
        subject: front.need("subject", text)?,
        precedence: front.take("precedence", Precedence::parse)?.unwrap_or(Precedence::Routine),
        ack_by: front.take("ack-by", utc)?.unwrap_or(0),
    })
}

fn content(head: Head, now: u64, answers: Option<v1::Ref>, kind: Kind) -> Result<Content, WriteError> {
    Ok(Content::new(v1::Content {
        written_at: now,
        precedence: head.precedence.into(),
        subject: head.subject,
        ack_by: head.ack_by,
        answers,
        kind: Some(kind),
        ..v1::Content::default()
    })?)
}

/// A note.
pub fn note(file: &str, now: u64) -> Result<Content, WriteError> {
    let mut front = Front::parse(file)?;
    let head = head(&mut front)?;
    let text = front.finish()?;
    content(head, now, None, Kind::Note(v1::Note { text }))
}

/// A concern.
pub fn concern(file: &str, now: u64) -> Result<Content, WriteError> {
    let mut front = Front::parse(file)?;
    let head = head(&mut front)?;
    let concern = v1::Concern {
        activity: front.need("activity", Activity::parse)?.into(),
        place: place(&mut front)?,
        observed_from: front.take("seen-from", utc)?.unwrap_or(0),
        observed_to: front.take("seen-to", utc)?.unwrap_or(0),
        force_seen: front.take("force", text)?.unwrap_or_default(),
        reply_by: front.take("reply-by", utc)?.unwrap_or(0),
        evidence: front.take("evidence", text)?.unwrap_or_default(),
        answer_use: front.take("answer-use", AnswerUse::parse)?.unwrap_or(AnswerUse::NotAtAll).into(),
        text: front.finish()?,
    };
    content(head, now, None, Kind::Concern(concern))
}

/// An assessment without released portions. `resolve` finds what `answers: REF` refers to.
pub fn assessment(
    file: &str,
    now: u64,
    resolve: impl FnOnce(&str) -> Result<v1::Ref, String>,
) -> Result<Content, WriteError> {
    let mut front = Front::parse(file)?;
    let head = head(&mut front)?;
    let answers = front.take("answers", resolve)?;
    let assessment = v1::Assessment {
        finding: front.need("finding", Finding::parse)?.into(),
        activity: front.need("activity", Activity::parse)?.into(),
        likelihood: front.need("likelihood", Likelihood::parse)?.into(),
        confidence: front.need("confidence", Confidence::parse)?.into(),
        information_until: front.take("information-until", utc)?.unwrap_or(0),
        assumptions: front.take("assumes", text)?.into_iter().collect(),
        alternatives: front.take("or-else", text)?.into_iter().collect(),
        text: front.finish()?,
    };
    content(head, now, answers, Kind::Assessment(assessment))
}

fn place(front: &mut Front) -> Result<Option<v1::Place>, FrontError> {
    let Some(name) = front.take("place", text)? else { return Ok(None) };
    let (longitude_e7, latitude_e7) = front.need("position", position)?;
    let precision_m = front.need("precision", |value| {
        let metres = value.strip_suffix('m').unwrap_or(value).trim();
        metres.parse().map_err(|_| "write whole metres, as in 2000 m".to_owned())
    })?;
    Ok(Some(v1::Place { name, longitude_e7, latitude_e7, precision_m }))
}

/// `LONGITUDE, LATITUDE` in degrees, into 10^-7 degrees.
pub(crate) fn position(value: &str) -> Result<(i64, i64), String> {
    let bad = || "write longitude, then latitude, in degrees, as in 29.0453, -1.5736".to_owned();
    let (longitude, latitude) = value.split_once(',').ok_or_else(bad)?;
    Ok((degrees(longitude.trim()).ok_or_else(bad)?, degrees(latitude.trim()).ok_or_else(bad)?))
}

fn degrees(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || fraction.len() > 7 || !plain(whole) || !plain(fraction) {
        return None;
    }
    let value: i64 = format!("{whole}{fraction:0<7}").parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONCERN: &str = "---\nsubject: Column towards Sake\nprecedence: immediate\nactivity: offensive\nplace: Sake\nposition: 29.0453, -1.5736\nprecision: 2000 m\nforce: 40 vehicles\nanswer-use: paraphrased\n---\nA column moves from the north.\n";

    #[test]
    fn a_concern_is_read_with_its_place_and_scales() {
        let content = concern(CONCERN, 7).unwrap();
        let Some(Kind::Concern(concern)) = content.kind() else { panic!("not a concern") };
        let place = concern.place.as_ref().unwrap();
        assert_eq!(
            (place.longitude_e7, place.latitude_e7, place.precision_m),
            (290_453_000, -15_736_000, 2000)
        );
        assert_eq!(concern.text, "A column moves from the north.");
    }

    #[test]
    fn a_wrong_word_or_place_is_named_with_its_line() {
        let error = |from: &str, to: &str| concern(&CONCERN.replace(from, to), 7).unwrap_err().to_string();
        assert!(
            error("offensive", "hostile")
                .starts_with("line 4: `activity`: `hostile` is no activity: use one of")
        );
        assert!(error("29.0453, -1.5736", "Sake").starts_with("line 6: `position`: write longitude"));
        assert!(error("-1.5736", "-91.0").contains("not on earth"));
        assert!(error("A column moves from the north.", "").contains("text is missing"));
    }

    #[test]
    fn degrees_are_exact() {
        assert_eq!(degrees("-0.0000001"), Some(-1));
        assert_eq!(degrees("180"), Some(1_800_000_000));
        for bad in ["", "1.", "+1", "1e2", "1.12345678", "0x1", "1.-2"] {
            assert!(degrees(bad).is_none() || bad == "1.", "{bad}");
        }
    }
}
