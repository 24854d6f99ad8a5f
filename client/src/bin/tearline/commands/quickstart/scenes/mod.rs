//! What happened from November 2023 to October 2024, a scene a file: each through the commands that an
//! officer would type, with the papers that it takes.
//!
//! The papers are made of press reports of 2024; they name organisations and desks, never a person. When
//! something happened is in their texts: the server writes down when it came.

mod april;
mod august;
mod drones;
mod isolation;
mod july;
mod november;
mod october;
mod outlook;
mod sake;
mod september;
mod session;

use super::stage::Stage;
use crate::context::Failure;

const WASHINGTON: &str = "us/washington";
const KINSHASA: &str = "us/kinshasa";
const KIGALI: &str = "us/kigali";

/// Everything, up to the end of a month.
pub(super) fn play(stage: &Stage<'_>, until: &str) -> Result<(), Failure> {
    let over = |month: &str| until < month;
    let offers = november::offers(stage)?;
    let cease_fire = november::cease_fire(stage, &offers)?;
    session::session(stage)?;
    if over("2024-01") {
        return Ok(());
    }
    let concern = sake::concern(stage)?;
    let sake = sake::answer(stage, &concern)?;
    let movement = sake::other_side(stage, &sake)?;
    if over("2024-02") {
        return Ok(());
    }
    let promise = drones::drones(stage)?;
    if over("2024-04") {
        return Ok(());
    }
    april::dispelled(stage)?;
    if over("2024-07") {
        return Ok(());
    }
    drones::months(stage, &promise, &drones::SPRING)?;
    let renewed = july::renewed(stage, &cease_fire)?;
    if over("2024-08") {
        return Ok(());
    }
    july::incidents(stage, &renewed)?;
    drones::months(stage, &promise, &drones::SUMMER)?;
    august::rejected(stage, &sake)?;
    august::downgraded(stage, &sake)?;
    if over("2024-09") {
        return Ok(());
    }
    drones::september(stage, &promise)?;
    september::recalled(stage, &movement)?;
    outlook::outlook(stage)?;
    isolation::isolation(stage, &concern)?;
    if over("2024-10") { Ok(()) } else { october::audit(stage) }
}

/// A release of portions that answers a concern; `found` is the finding and the activity.
fn answering<'a>(
    briefing: &'a str,
    portions: &'a str,
    room: &'a str,
    concern: &'a str,
    [finding, activity]: [&'a str; 2],
) -> [&'a str; 16] {
    [
        "release",
        briefing,
        "--portions",
        portions,
        "--to",
        room,
        "--answers",
        concern,
        "--finding",
        finding,
        "--activity",
        activity,
        "--likelihood",
        "likely",
        "--confidence",
        "moderate",
    ]
}
