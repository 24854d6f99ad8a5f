//! A concern, the assessment that answers it, and a party's opinion of that.

use tearline_proto::v1::{
    self, Activity, Agreement, AnswerUse, Confidence, Finding, Likelihood, content::Kind,
};

use super::{Body, WriteError, place, text_below};
use crate::{
    front::{Front, text, utc},
    show::words::Scale as _,
};

pub(super) fn concern(mut front: Front) -> Result<Body, WriteError> {
    let activity = front.need("activity", Activity::parse)?.into();
    let place = place::take(&mut front, "place")?;
    let (observed_from, observed_to) = front.window("seen-from", "seen-to")?;
    let concern = v1::Concern {
        activity,
        place,
        observed_from,
        observed_to,
        force_seen: front.take("force", text)?.unwrap_or_default(),
        reply_by: front.take("reply-by", utc)?.unwrap_or(0),
        evidence: front.take("evidence", text)?.unwrap_or_default(),
        answer_use: front.take("answer-use", AnswerUse::parse)?.unwrap_or(AnswerUse::NotAtAll).into(),
        text: text_below(front)?,
    };
    Ok(Kind::Concern(concern).into())
}

/// Without released portions, which `tearline release` adds.
pub(super) fn assessment(mut front: Front) -> Result<Body, WriteError> {
    let assessment = v1::Assessment {
        finding: front.need("finding", Finding::parse)?.into(),
        activity: front.need("activity", Activity::parse)?.into(),
        likelihood: front.need("likelihood", Likelihood::parse)?.into(),
        confidence: front.need("confidence", Confidence::parse)?.into(),
        information_until: front.take("information-until", utc)?.unwrap_or(0),
        assumptions: front.take_all("assumes", text)?,
        alternatives: front.take_all("or-else", text)?,
        text: front.finish()?,
    };
    Ok(Kind::Assessment(assessment).into())
}

pub(super) fn opinion(mut front: Front) -> Result<Body, WriteError> {
    let agreement = front.need("agreement", Agreement::parse)?.into();
    Ok(Kind::Opinion(v1::Opinion { agreement, text: front.finish()? }).into())
}
