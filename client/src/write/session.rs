//! A meeting: its agenda before, its minutes after.

use tearline_proto::v1::{self, SessionPhase, content::Kind};

use super::{Body, WriteError};
use crate::{
    front::{Front, FrontError, text},
    show::words::Scale as _,
};

pub(super) fn session(mut front: Front) -> Result<Body, WriteError> {
    let phase = front.need("phase", SessionPhase::parse)?;
    if !front.has("begins") {
        return Err(FrontError::Missing("begins").into());
    }
    let (begins, ends) = front.window("begins", "ends")?;
    let participants = front.take_all("participant", text)?;
    let items = front.take_all("item", text)?;
    let decisions = match phase {
        SessionPhase::Agenda => front.take_all("decision", undecided)?,
        _ => front.take_all("decision", text)?,
    };
    let text = front.finish()?;
    if text.is_empty() && items.is_empty() {
        return Err(FrontError::Missing("item").into());
    }
    let phase = phase.into();
    Ok(Kind::Session(v1::Session { phase, begins, ends, participants, items, decisions, text }).into())
}

fn undecided(_: &str) -> Result<String, String> {
    Err("an agenda has no decisions yet: write it as an item, or write minutes".to_owned())
}
