//! February to September: drones near the border and a promise; April: what is dispelled.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_tests::cli::{
    House,
    screen::{hides, shows},
};

use crate::{DELEGATION, KIGALI, LIAISON, OTHERS, each, find, finds_nothing};

#[test]
fn the_promise_about_drones_is_kept_month_by_month_and_in_september_in_part() -> Result<()> {
    let house = House::kivu()?;
    let promise = find(&house, LIAISON, "drc", "commitment", "The drones stay on the ground")?;
    house.text(KIGALI, &["fetch"])?;
    for desk in [LIAISON, KIGALI] {
        let all = house.json(desk, &["commitments", "--room", "drc"])?;
        let list = all["commitments"].as_array().context("commitments")?;
        let it = list.iter().find(|it| it["entry"] == json!(promise)).context("the promise")?;
        ensure!(it["state"] == json!("in force") && it["to"].is_null(), "{it}");
        ensure!(it["obligors"] == json!(["drc"]) && it["kind"] == json!("RESTRAINT"), "{it}");
        // The latest month first.
        let months = it["compliance"].as_array().context("compliance")?;
        let found: Vec<(&str, &Value)> = months
            .iter()
            .map(|month| (month["from"].as_str().unwrap_or_default(), &month["said"][0]["state"]))
            .collect();
        let (partial, kept) = (json!("PARTIAL"), json!("COMPLIANT"));
        let states = [&partial, &kept, &kept, &kept, &kept, &kept, &kept];
        let wanted: Vec<(String, &Value)> = (3..=9)
            .rev()
            .zip(states)
            .map(|(month, state)| (format!("2024-{month:02}-01T00:00:00Z"), state))
            .collect();
        ensure!(found.len() == wanted.len(), "{it}");
        for ((from, state), (wanted, is)) in found.iter().zip(&wanted) {
            ensure!(from == wanted && state == is, "{wanted}: {it}");
        }
        for month in months {
            ensure!(
                month["said"][0]["side"] == json!("the mediators") && month["disputed"] == json!([]),
                "{month}"
            );
        }
    }
    let september = find(&house, LIAISON, "drc", "compliance note", "Drones, September")?;
    shows(
        "read",
        &house.text(LIAISON, &["read", &september])?,
        &[
            &format!("COMPLIANCE NOTE on your commitment {promise}"),
            "(2 of 2 required)",
            " PARTIAL · drc · 010000Z SEP 24 to 302359Z SEP 24",
            "New drones of the same make were bought. None is deployed",
        ],
    )?;
    // It answers what drc was asked; rwanda, which had asked, reads neither.
    let request = find(&house, DELEGATION, "drc", "request", "Drones of foreign make")?;
    let json = house.json(DELEGATION, &["matters", &request])?;
    ensure!(json["state"] == json!("accepted") && json["asked"][0]["side"] == json!("drc"), "{json}");
    ensure!(house.json(DELEGATION, &["read", &promise])?["answers"] == json!(request));
    house.text(OTHERS, &["fetch"])?;
    for words in ["The drones stay on the ground", "refrain from", "were bought"] {
        finds_nothing(&house, OTHERS, words)?;
    }
    let concern = find(&house, OTHERS, "rwanda", "concern", "Armed drones near the border")?;
    let json = house.json(OTHERS, &["matters", &concern])?;
    ensure!(json["state"] == json!("answered") && json["finding"] == json!("CORROBORATED"), "{json}");
    Ok(())
}

#[test]
fn what_was_dispelled_is_nowhere_shown_as_not_corroborated() -> Result<()> {
    let house = House::kivu()?;
    let concern = find(&house, OTHERS, "rwanda", "concern", "Troops massing near Goma")?;
    let answer = find(&house, OTHERS, "rwanda", "assessment", "Troops near Goma")?;
    house.text(KIGALI, &["fetch"])?;
    let files = ["--html", "goma.html", "--markdown", "goma.md"];
    house.text(OTHERS, &[&["matters", &concern], &files[..]].concat())?;
    let mut seen = Vec::new();
    for desk in [OTHERS, KIGALI] {
        for args in [vec!["read", &answer], vec!["matters"], vec!["matters", &concern]] {
            let text = house.text(desk, &args)?;
            shows(&args.join(" "), &text, &["DISPELLED"])?;
            seen.push(text);
            seen.push(house.json(desk, &args)?.to_string());
        }
        for args in [vec!["inbox"], vec!["timeline"], vec!["search", "goma"]] {
            seen.push(house.text(desk, &args)?);
        }
    }
    seen.push(house.text(KIGALI, &["given", "rwanda"])?);
    for file in ["goma.html", "goma.md"] {
        let text = std::fs::read_to_string(house.path(file))?;
        ensure!(text.contains("DISPELLED"), "{file}: {text}");
        seen.push(text);
    }
    for text in &seen {
        hides("a screen", &text.to_uppercase(), &["NOT CORROBORATED", "NOT_CORROBORATED"])?;
    }
    let json = house.json(OTHERS, &["read", &answer])?;
    ensure!(json["finding"] == json!("DISPELLED") && json["activity"] == json!("ROTATION"), "{json}");
    ensure!(each(&json["portions"], "text").iter().any(|text| text.contains("dug in for defence")), "{json}");
    Ok(())
}
