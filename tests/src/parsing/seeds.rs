//! Bytes to begin with: the inputs of the test vectors, and papers as officers write them.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;
use tearline_client::template::{self, Template};
use tearline_ledger::{
    admission::{Admission, Invitation},
    name::Role,
};

use super::Target;
use crate::world::{World, sign};

const BRIEFING: &str = "---
subject: Column towards Sake
precedence: IMMEDIATE
source: B2
source-description: first hand
information-until: 2024-01-14T12:00:00Z
originator: us/kinshasa
# a remark
---

(C//REL TO DRC)  A column of about 40 vehicles left.

(S//ORCON//REL TO DRC, RWA)  Fuel was taken on.

(S//NF)  One source.
";

const MARKS: [&str; 8] = [
    "U",
    "C",
    "C//REL TO DRC",
    "S//NF",
    "S//ORCON//REL TO DRC, RWA",
    "(U)",
    "TS//REL TO USA, DRC",
    "S//ORCON//NF",
];

const POLICY: &str = "log kivu.example/810ff041+dde318db+Ac2tlTLOhMzTUuNDd9leCu5aFMcWl8pVyB0pcyR5sGgx\n\
    witness w1 un/monitor-1+af9ffb2c+BJycbfJhycuEBHV3aqrYCmN4Z1pWo9fNq0m0aVvQ1c2b https://example.org/w\n\
    # a remark\ngroup g any w1\nquorum g\n";

const TEXTS: [&str; 4] =
    ["plain", "a\u{202e}b\u{200b}c", "p\u{0430}ypal\u{1b}[31m", "zalgo e\u{301}\u{301}\u{301}"];

/// What to begin with.
pub fn seeds(target: &Target) -> Result<Vec<Vec<u8>>> {
    let vectors = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut out = Vec::new();
    for file in target.vectors {
        let path = vectors.join(format!("{file}.json"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let cases: Vec<Value> = serde_json::from_str(&text)?;
        cases.iter().filter_map(|case| case.get("input")).for_each(|input| gather(input, &mut out));
    }
    match target.name {
        "bundle" => {
            for entry in fs::read_dir(vectors.join("logs"))? {
                let path = entry?.path();
                if path.extension().is_some_and(|it| it == "bundle") {
                    out.push(fs::read(path)?);
                }
            }
        }
        "briefing" => out.push(BRIEFING.into()),
        "policy" => out.push(POLICY.into()),
        "mark" => out.extend(MARKS.map(Into::into)),
        "misleading" => out.extend(TEXTS.map(Into::into)),
        "paper" => {
            for role in [Role::Mediator, Role::Party] {
                out.extend(template::ALL.iter().map(|it: &Template| it.render(role, Some("drc")).into()));
            }
        }
        "admission" => {
            let admission = admission()?;
            let invitation = Invitation {
                admission: admission.clone(),
                certificate: "the desk's".to_owned(),
                authority: "the authority's".to_owned(),
            };
            out.push(admission.encode());
            out.push(admission.to_text("Tearline admission").into());
            out.push(invitation.to_text("Tearline invitation").into());
        }
        _ => {}
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// A room that is founded by two mediators.
fn admission() -> Result<Admission> {
    let mut world = World::kivu()?;
    let (washington, kinshasa) = (&world.desks.washington.clone(), &world.desks.kinshasa.clone());
    let members = world.members_with(&["drc"]);
    let founding = world.founding("other", 2, members, washington)?;
    let signed = sign(&founding, &[washington, kinshasa])?;
    Ok(Admission::new(vec![signed], vec![Bytes::from_static(b"a"), Bytes::from_static(b"b")])?)
}

/// Every text of an input, and what it is in hexadecimal.
fn gather(input: &Value, out: &mut Vec<Vec<u8>>) {
    match input {
        Value::String(text) => match hex::decode(text) {
            Ok(bytes) => out.push(bytes),
            Err(_) => out.push(text.clone().into_bytes()),
        },
        Value::Array(all) => all.iter().for_each(|it| gather(it, out)),
        Value::Object(all) => all.values().for_each(|it| gather(it, out)),
        _ => {}
    }
}
