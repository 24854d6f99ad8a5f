//! An incident and the steps in how it is dealt with; and a movement that is announced beforehand.

use tearline_proto::v1::{self, Activity, IncidentStage, content::Kind};

use super::{Body, WriteError, place, text_below};
use crate::{
    front::{Front, FrontError, text},
    show::words::Scale as _,
};

pub(super) fn incident(mut front: Front, answers: bool) -> Result<Body, WriteError> {
    let stage = front.need("stage", IncidentStage::parse)?;
    let first = matches!(stage, IncidentStage::Alleged | IncidentStage::Registered);
    if !first && !answers {
        return Err(FrontError::Missing("answers").into());
    }
    let place = place::take(&mut front, "place")?;
    let (from, to) = front.window("from", "to")?;
    let attributed_to = match stage {
        IncidentStage::Attributed => front.need("attributed-to", text)?,
        _ => front.take("attributed-to", nobody)?.unwrap_or_default(),
    };
    let text = text_below(front)?;
    Ok(Kind::Incident(v1::Incident { stage: stage.into(), text, place, from, to, attributed_to }).into())
}

fn nobody(_: &str) -> Result<String, String> {
    Err("only the stage `attributed` says to whom: leave the line out".to_owned())
}

pub(super) fn activity(mut front: Front) -> Result<Body, WriteError> {
    let activity = front.need("activity", Activity::parse)?.into();
    let place = place::take(&mut front, "place")?;
    let (from, to) = front.window("from", "to")?;
    let force = front.take("force", text)?.unwrap_or_default();
    let text = text_below(front)?;
    Ok(Kind::ActivityNotice(v1::ActivityNotice { activity, text, place, from, to, force }).into())
}
