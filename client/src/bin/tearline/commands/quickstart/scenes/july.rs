//! July: the cease-fire is renewed; incidents are registered under it from then on.

use super::{KIGALI, KINSHASA, WASHINGTON};
use crate::{
    commands::quickstart::{build::text, stage::Stage},
    context::Failure,
};

const RENEWAL: &str = "---
subject: The cease-fire is renewed
precedence: IMMEDIATE
source: A1
---

(C//REL TO DRC, RWA)  The cease-fire goes on from 4 August. Incidents are to be told to us within a day.
";

/// `ASKED` is where the renewal stands in that side's room.
const RENEWS_DRC: &str = "---
subject: We renew the cease-fire
precedence: IMMEDIATE
answers: ASKED
kind: cease-fire
from: 2024-08-04T00:00:00Z
---
Our forces hold to the cease-fire from 4 August, and tell you of any incident within a day.
";

const RENEWS_RWANDA: &str = "---
subject: The cease-fire goes on
precedence: IMMEDIATE
answers: ASKED
kind: cease-fire
from: 2024-08-04T00:00:00Z
---
We keep to it from 4 August, as before, and answer for what is laid to our charge.
";

/// `BOTH` is where the commitments stand, `EARLIER` the cease-fire of November.
const RENEWED: &str = "---
subject: The cease-fire, renewed
precedence: IMMEDIATE
refers: EARLIER
kind: cease-fire
undertakings: BOTH
from: 2024-08-04T00:00:00Z
verified: incidents are registered here, each with what came of it
---
Both sides hold to the cease-fire from 4 August, without an end. This text is the same for both.
";

/// `RENEWED` is the cease-fire under which it is.
const SHELLING: &str = "---
subject: Shells on the market of Sake
precedence: IMMEDIATE
refers: RENEWED
stage: alleged
place: Sake
position: 29.0453, -1.5736
precision: 1000 m
from: 2024-08-06T04:10:00Z
to: 2024-08-06T04:40:00Z
---
Shells fell on the market of Sake. They came from the hills to the north-east.
";

const SHOTS: &str = "---
subject: Shots at the bridge
refers: RENEWED
stage: registered
place: Rutshuru
position: 29.4461, -1.1858
precision: 3000 m
from: 2024-08-09T21:00:00Z
---
Shots were heard at the bridge. No side reports a loss.
";

/// What mediators find: stage, what they say, and what is added.
const FOUND: [[&str; 3]; 4] = [
    ["registered", "Registered. Both sides are asked for what they know.", ""],
    ["verified", "Craters of 120 mm shells were measured on 7 August.", ""],
    [
        "attributed",
        "The firing position lay in what the armed group holds.",
        "attributed-to: the armed group\n",
    ],
    ["closed", "Closed after the session of 15 August.", ""],
];

const ANSWER: &str = "We do not command those who fired. We have told them what we think of it.";

/// A step in how an incident is dealt with.
fn step(first: &str, subject: &str, [stage, said, more]: [&str; 3]) -> String {
    let word = stage.replace('-', " ");
    format!("---\nsubject: {subject}: {word}\nanswers: {first}\nstage: {stage}\n{more}---\n{said}\n")
}

/// Where the renewed cease-fire stands.
pub(super) fn renewed(stage: &Stage<'_>, earlier: &str) -> Result<String, Failure> {
    stage.scene("Jul 2024", "The cease-fire is renewed: one joint release into both sides' own rooms.");
    stage.paper("renewal.md", RENEWAL)?;
    let briefing = stage.publish(WASHINGTON, "renewal.md")?;
    let order = ["release", &briefing, "--portions", "1", "--to", "drc", "rwanda"];
    let entries = stage.enact((WASHINGTON, KINSHASA), &order)?;
    let [drc, rwanda] = entries.as_slice() else {
        return Err(Failure::refused(format!("a joint release came to {}", entries.join(", "))));
    };
    stage.then(&format!("{drc} and {rwanda}: both were taken at once, or neither would have been."));
    stage.read(&[("drc/delegation", drc), ("rwanda/delegation", rwanda)])?;
    stage.together(&[("drc/delegation", &["ack", drc]), ("rwanda/delegation", &["ack", rwanda])])?;
    stage.paper("renews-drc.md", &RENEWS_DRC.replace("ASKED", drc))?;
    stage.paper("renews-rwanda.md", &RENEWS_RWANDA.replace("ASKED", rwanda))?;
    let promised = stage.together(&[
        ("drc/delegation", &["write", "commitment", "papers/renews-drc.md"]),
        ("rwanda/delegation", &["write", "commitment", "papers/renews-rwanda.md"]),
    ])?;
    let promised: Vec<String> = promised.iter().map(|it| text(it, "entry")).collect::<Result<_, _>>()?;
    let paper = RENEWED.replace("EARLIER", earlier).replace("BOTH", &promised.join(", "));
    stage.paper("renewed.md", &paper)?;
    let order = ["write", "commitment", "papers/renewed.md", "--to", "plenary"];
    let entry = stage.enact_one((WASHINGTON, KIGALI), &order)?;
    stage.then(&format!("{entry} restates what each undertook in {}.", promised.join(" and ")));
    Ok(entry)
}

pub(super) fn incidents(stage: &Stage<'_>, renewed: &str) -> Result<(), Failure> {
    stage.scene("Aug 2024", "Incidents are registered under it, and dealt with step by step.");
    stage.paper("shelling.md", &SHELLING.replace("RENEWED", renewed))?;
    let write = ["write", "incident", "papers/shelling.md", "--to", "plenary"];
    let first = text(&stage.run("drc/liaison", &write)?, "entry")?;
    let subject = "Shells on the market of Sake";
    let order = |paper: String| ["write", "incident", &paper, "--to", "plenary"].map(str::to_owned).to_vec();
    let mut orders = Vec::new();
    for found in FOUND {
        let name = format!("shelling-{}.md", found[0]);
        stage.paper(&name, &step(&first, subject, found))?;
        orders.push(order(format!("papers/{name}")));
    }
    let closing = orders.split_off(FOUND.len() - 1);
    stage.enact_each((KINSHASA, WASHINGTON), &orders)?;
    stage.paper("shelling-answered.md", &step(&first, subject, ["answered", ANSWER, ""]))?;
    let answer = ["write", "incident", "papers/shelling-answered.md", "--to", "plenary"];
    stage.run("rwanda/delegation", &answer)?;
    stage.enact_each((KINSHASA, WASHINGTON), &closing)?;
    stage.then(&format!(
        "{first}: alleged by drc, registered, verified, attributed, answered by rwanda, closed."
    ));
    stage.paper("shots.md", &SHOTS.replace("RENEWED", renewed))?;
    let shots = ["write", "incident", "papers/shots.md", "--to", "plenary"];
    let second = stage.enact_one((KIGALI, WASHINGTON), &shots)?;
    let found = ["not-verified", "Nobody on the ground confirms the shots.", ""];
    stage.paper("shots-not-verified.md", &step(&second, "Shots at the bridge", found))?;
    let shots = ["write", "incident", "papers/shots-not-verified.md", "--to", "plenary"];
    stage.enact_one((KIGALI, WASHINGTON), &shots)?;
    stage.then(&format!("{second}: registered, not verified."));
    Ok(())
}
