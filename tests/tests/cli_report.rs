//! The audit's report: one file that stands by itself, with what is wrong at its top.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;

use anyhow::{Context as _, Result, ensure};
use tearline_tests::cli::House;

/// No reference to anything else, and nothing that a browser would run.
fn stands_by_itself(page: &str) -> Result<()> {
    for bad in ["<script", "http:", "https:", "src=", "href=", "url(", "@import"] {
        ensure!(!page.contains(bad), "the report has {bad:?}");
    }
    ensure!(page.contains("default-src 'none'"), "no policy forbids it to load anything");
    Ok(())
}

#[test]
fn a_report_tells_of_every_room_release_rejection_recall_and_charter() -> Result<()> {
    let house = House::kivu()?;
    let auditor = "un/monitor-1";
    house.text(auditor, &["cosign"])?;
    house.text(auditor, &["export", "kivu.bundle"])?;
    let said = house.json(auditor, &["report", "kivu.bundle", "kivu.html"])?;
    ensure!(said["ok"] == true && said["fault"].is_null(), "{said}");
    let page = fs::read_to_string(house.path("kivu.html"))?;
    stands_by_itself(&page)?;
    ensure!(page.contains("Nothing is wrong"), "no verdict");
    let rooms = page.split("<h2>What was verified</h2>").nth(1).and_then(|rest| rest.split("<h2>").next());
    let rooms = rooms.context("what was verified")?;
    let rows = rooms.matches("<tr><td").count();
    ensure!(rows == 7 && rooms.matches("un/monitor-1, ").count() == rows, "confirmed by whom: {rooms}");
    let status = house.json(auditor, &["status"])?;
    for room in status["rooms"].as_array().context("rooms")? {
        for key in ["room", "root"] {
            let text = room[key].as_str().context("a text")?;
            ensure!(page.contains(text), "{text} is not in the report");
        }
    }
    for heading in ["Releases", "Rejections", "Recalls", "Charters", "Served", "Activity over time"] {
        ensure!(page.contains(&format!("<h2>{heading}</h2>")), "no {heading}");
    }
    // Every release with both its signers; no content, for nobody opened any.
    let releases = page.split("<h2>Releases</h2>").nth(1).and_then(|rest| rest.split("<h2>").next());
    let releases = releases.context("releases")?;
    ensure!(releases.contains("us/kinshasa, us/washington"), "{releases}");
    ensure!(page.contains("<svg") && page.contains("<rect"), "no picture");
    ensure!(!page.contains("Sake"), "an auditor's report has content");
    let again = house.refused(auditor, &["report", "kivu.bundle", "kivu.html"])?;
    ensure!(again.contains("exists"), "{again}");
    Ok(())
}

#[test]
fn what_is_wrong_heads_the_report_in_red_and_the_command_exits_with_3() -> Result<()> {
    let house = House::kivu()?;
    let auditor = "un/monitor-1";
    house.text(auditor, &["fetch"])?;
    house.text(auditor, &["export", "kivu.bundle"])?;
    let mut bytes = fs::read(house.path("kivu.bundle"))?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    house.write("altered.bundle", &bytes)?;
    let said = house.run(auditor, &["report", "altered.bundle", "altered.html"])?;
    ensure!(said.code == 3, "{said:?}");
    ensure!(said.err.contains("altered.bundle"), "{said:?}");
    let page = fs::read_to_string(house.path("altered.html"))?;
    stands_by_itself(&page)?;
    let top = page.split("<h2>").next().context("a top")?;
    ensure!(top.contains("<p class=\"wrong\">WRONG: ") && !page.contains("Nothing is wrong"), "{top}");

    house.write("empty.bundle", b"")?;
    let said = house.run(auditor, &["report", "empty.bundle", "empty.html"])?;
    ensure!(said.code == 3 && house.path("empty.html").exists(), "{said:?}");
    let said = house.refused(auditor, &["report", "no-such.bundle", "none.html"])?;
    ensure!(said.contains("no-such.bundle") && !house.path("none.html").exists(), "{said}");
    Ok(())
}
