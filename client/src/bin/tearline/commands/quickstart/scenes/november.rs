//! Each side is made an offer, apart from the other; each commits itself; the cease-fire is given to both.

use super::{KIGALI, KINSHASA, WASHINGTON};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

const OFFER_DRC: &str = "---
subject: Offer of intelligence on the armed group
precedence: PRIORITY
source: B2
---

(C//REL TO DRC)  We offer what we know of the armed group's movements, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

const OFFER_RWANDA: &str = "---
subject: Offer of intelligence on movements across the border
precedence: PRIORITY
source: B2
---

(C//REL TO RWA)  We offer what we know of movements near the border, week by week, to those who take part in a cease-fire from now until the elections in December.

(S//NF)  The other side is made the like offer today, apart from this one.
";

/// `OFFER` is where the offer stands.
const PROMISE_DRC: &str = "---
subject: We hold our fire until the elections
precedence: IMMEDIATE
answers: OFFER
kind: cease-fire
language: fr
from: 2023-11-24T00:00:00Z
to: 2023-12-20T23:59:00Z
verified: by what the mediators see
---
Nos forces tiennent le cessez-le-feu jusqu'aux élections de décembre.

[en]
Our forces hold to the cease-fire until the elections in December.
";

/// Of the other side, in words of its own.
const PROMISE_RWANDA: &str = "---
subject: Cease-fire until December's elections
precedence: IMMEDIATE
answers: OFFER
kind: cease-fire
from: 2023-11-24T00:00:00Z
to: 2023-12-20T23:59:00Z
depends-on: that the others hold theirs
---
We hold to a cease-fire, and use what influence we have for it, until the elections of our neighbours are over.
";

/// What both are told in the same words; `BOTH` is where their commitments stand.
const CEASE_FIRE: &str = "---
subject: Cease-fire until the elections
precedence: IMMEDIATE
kind: cease-fire
undertakings: BOTH
from: 2023-11-24T00:00:00Z
to: 2023-12-20T23:59:00Z
---
Both sides have told us that they will hold to a cease-fire from now until the elections in December. This text is the same for both.
";

/// Where each side's offer stands.
pub(super) fn offers(stage: &Stage<'_>) -> Result<[String; 2], Failure> {
    stage.scene("Nov 2023", "The mediators make each side an offer, apart from the other.");
    stage.paper("offer-drc.md", OFFER_DRC)?;
    stage.paper("offer-rwanda.md", OFFER_RWANDA)?;
    let offer = |party, paper, approver| -> Result<String, Failure> {
        let briefing = stage.publish(WASHINGTON, paper)?;
        stage.enact_one((WASHINGTON, approver), &["release", &briefing, "--portions", "1", "--to", party])
    };
    let drc = offer("drc", "offer-drc.md", KINSHASA)?;
    let rwanda = offer("rwanda", "offer-rwanda.md", KIGALI)?;
    stage.read(&[("drc/liaison", &drc), ("rwanda/liaison", &rwanda)])?;
    stage.then(&format!("drc reads {drc}, and rwanda {rwanda}."));
    Ok([drc, rwanda])
}

/// Where the cease-fire of both stands.
pub(super) fn cease_fire(stage: &Stage<'_>, [drc, rwanda]: &[String; 2]) -> Result<String, Failure> {
    stage.paper("hold-drc.md", &PROMISE_DRC.replace("OFFER", drc))?;
    stage.paper("hold-rwanda.md", &PROMISE_RWANDA.replace("OFFER", rwanda))?;
    let promised = stage.together(&[
        ("drc/delegation", &["write", "commitment", "papers/hold-drc.md"]),
        ("rwanda/delegation", &["write", "commitment", "papers/hold-rwanda.md"]),
    ])?;
    let promised: Vec<String> = promised.iter().map(|it| text(it, "entry")).collect::<Result<_, _>>()?;
    let both = promised.join(" and ");
    stage.then(&format!("Each side's custodian commits it to a cease-fire: {both}."));
    stage.scene("Nov 2023", "The cease-fire of both, in the plenary: both sides read the same bytes.");
    stage.paper("cease-fire.md", &CEASE_FIRE.replace("BOTH", &promised.join(", ")))?;
    let order = ["write", "commitment", "papers/cease-fire.md", "--to", "plenary"];
    let entry = stage.enact_one((WASHINGTON, KIGALI), &order)?;
    stage.read(&[("drc/delegation", &entry), ("rwanda/delegation", &entry)])?;
    stage.then(&format!("Both delegations read {entry}. What each signed stays in its own room."));
    Ok(entry)
}
