//! The log survives the store: from an auditor's bundle or the operator's backup, to the same roots.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_tests::{
    cli::{House, said::Said},
    live::{binaries::binary, server::Server},
};

const DESKS: [&str; 9] = [
    "us/washington",
    "us/kinshasa",
    "us/kigali",
    "drc/delegation",
    "drc/liaison",
    "rwanda/delegation",
    "rwanda/liaison",
    "un/monitor-1",
    "un/monitor-2",
];

const NOTE: &str = "---\nsubject: Are you there\n---\nWe are.\n";

fn tearlined(house: &House, args: &[&str]) -> Result<Said> {
    let mut command = Command::new(binary("tearlined")?);
    command.args(args).current_dir(house.path(""));
    Said::of(command)
}

const CONFIG: [&str; 2] = ["--config", "server/tearlined.toml"];

/// Name and root of each room, as the desk has verified it.
fn roots(house: &House, desk: &str) -> Result<Vec<(String, String)>> {
    house.text(desk, &["fetch"])?;
    let status = house.json(desk, &["status"])?;
    let text = |room: &Value, key: &str| room[key].as_str().unwrap_or_default().to_owned();
    let rooms = status["rooms"].as_array().context("rooms")?;
    Ok(rooms.iter().map(|room| (text(room, "room"), text(room, "root"))).collect())
}

/// Leaves a desk without any copy of a log.
fn forget(house: &House, desk: &str) -> Result<()> {
    for folder in ["rooms", "access"] {
        for copy in fs::read_dir(house.desk(desk).join(folder))? {
            fs::remove_dir_all(copy?.path())?;
        }
    }
    Ok(())
}

async fn stop(house: &mut House) -> Result<()> {
    house.server.ask_to_stop()?;
    ensure!(house.server.ended().await?.success(), "{}", house.server.log()?);
    Ok(())
}

fn start(house: &mut House) -> Result<()> {
    house.server = Server::start(&house.path("server/tearlined.toml"))?;
    DESKS.iter().try_for_each(|desk| house.settle(desk))
}

#[tokio::test]
async fn a_wiped_server_comes_back_from_an_auditors_bundle_and_every_client_goes_on() -> Result<()> {
    let mut house = House::kivu()?;
    let mut before = Vec::new();
    for desk in DESKS {
        before.push(roots(&house, desk)?);
    }
    // Last of all: each time somebody reads, an access log grows.
    house.text("un/monitor-2", &["export", "year.bundle", "--content"])?;
    let read = house.text("drc/liaison", &["read", "drc#4"])?;

    stop(&mut house).await?;
    fs::remove_dir_all(house.path("server/data/store"))?;
    let restored = tearlined(&house, &[&["restore"], &CONFIG[..], &["year.bundle"]].concat())?.done()?;
    for (room, root) in &before[0] {
        let line = restored.lines().find(|line| line.split_whitespace().next() == Some(room));
        ensure!(line.is_some_and(|line| line.ends_with(root)), "{room} has another root in\n{restored}");
    }
    let checked = tearlined(&house, &[&["check"], &CONFIG[..]].concat())?.done()?;
    ensure!(!checked.contains("DAMAGED") && checked.contains("chamber"), "{checked}");

    start(&mut house)?;
    for (desk, before) in DESKS.iter().zip(&before) {
        ensure!(roots(&house, desk)? == *before, "{desk} sees other rooms");
    }
    house.text("un/monitor-1", &["verify", "--all"])?;
    ensure!(house.text("drc/liaison", &["read", "drc#4"])? == read, "it reads another text");
    // A desk that had nothing reads the same from the restored store.
    forget(&house, "drc/delegation")?;
    house.text("drc/delegation", &["fetch"])?;
    house.text("drc/delegation", &["read", "drc#4"])?;
    // And the rooms go on.
    let note = house.write("papers/there.md", NOTE)?;
    house.text("rwanda/liaison", &["write", "note", &note])?;
    house.text("us/kigali", &["fetch"])?;
    house.text("un/monitor-2", &["verify", "--all"])?;
    Ok(())
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_a_cut_that_restores() -> Result<()> {
    let mut house = House::kivu()?;
    let note = house.write("papers/there.md", NOTE)?;
    // Somebody writes all the while.
    let mut writer = house.tearline("rwanda/liaison", &["write", "note", &note])?.spawn()?;
    let saved = tearlined(&house, &[&["backup"], &CONFIG[..], &["running.bundle"]].concat())?.done()?;
    ensure!(
        saved.contains("the running server") && saved.contains("Next: tearline verify-bundle"),
        "{saved}"
    );
    ensure!(writer.wait()?.success(), "the writer was held up");
    house.command(&["verify-bundle", "running.bundle"])?;
    house.text("un/monitor-1", &["verify-bundle", "running.bundle"])?;
    let again = tearlined(&house, &[&["backup"], &CONFIG[..], &["running.bundle"]].concat())?.refused(1)?;
    ensure!(again.contains("exists"), "{again}");

    stop(&mut house).await?;
    let stopped = tearlined(&house, &[&["backup"], &CONFIG[..], &["stopped.bundle"]].concat())?.done()?;
    ensure!(stopped.contains("the stopped server's store"), "{stopped}");
    house.text("un/monitor-1", &["verify-bundle", "stopped.bundle"])?;

    // There is a store: nothing is overwritten.
    let refused =
        tearlined(&house, &[&["restore"], &CONFIG[..], &["stopped.bundle"]].concat())?.refused(1)?;
    ensure!(refused.contains("there is a store already"), "{refused}");
    fs::rename(house.path("server/data/store"), house.path("server/data/store.lost"))?;
    tearlined(&house, &[&["restore"], &CONFIG[..], &["stopped.bundle"]].concat())?.done()?;
    start(&mut house)?;
    for desk in DESKS {
        house.text(desk, &["fetch"])?;
    }
    house.text("un/monitor-1", &["verify", "--all"])?;
    Ok(())
}

#[tokio::test]
async fn nothing_is_restored_from_a_bundle_that_is_not_in_order() -> Result<()> {
    let mut house = House::kivu()?;
    for desk in DESKS {
        house.text(desk, &["fetch"])?;
    }
    house.text("un/monitor-2", &["export", "full.bundle", "--content"])?;
    house.text("un/monitor-2", &["export", "light.bundle"])?;
    stop(&mut house).await?;
    fs::rename(house.path("server/data/store"), house.path("lost"))?;
    let restore = |bundle: &str| tearlined(&house, &[&["restore"], &CONFIG[..], &[bundle]].concat());
    let nothing = || {
        let left = fs::read_dir(house.path("server/data")).map(|left| {
            left.filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter(|name| name.starts_with("store"))
                .collect::<Vec<_>>()
        });
        left.is_ok_and(|left| left.is_empty())
    };

    let good = fs::read(house.path("full.bundle"))?;
    for at in [good.len() / 3, good.len() / 2, good.len() - 40] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        house.write("bad.bundle", &bad)?;
        let said = restore("bad.bundle")?.refused(1)?;
        ensure!(said.len() > 20 && nothing(), "byte {at}: {said}");
    }
    house.write("bad.bundle", &good[..good.len() / 2])?;
    let said = restore("bad.bundle")?.refused(1)?;
    ensure!(said.contains("cut off") && nothing(), "{said}");
    let said = restore("no-such.bundle")?.refused(1)?;
    ensure!(said.contains("no-such.bundle") && nothing(), "{said}");

    // Without the content of the posts, only if that is meant.
    let said = restore("light.bundle")?.refused(1)?;
    ensure!(
        said.contains("there is no content of") && said.contains("--without-content") && nothing(),
        "{said}"
    );

    // Of another instance.
    let config = house.path("server/tearlined.toml");
    let text = fs::read_to_string(&config)?;
    let line = text.lines().find(|line| line.starts_with("chamber = ")).context("the chamber")?;
    fs::write(&config, text.replace(line, &format!("chamber = \"{}\"", "ab".repeat(32))))?;
    let said = restore("full.bundle")?.refused(1)?;
    ensure!(said.contains("the bundle is of") && nothing(), "{said}");
    fs::write(&config, &text)?;

    let args = [&["restore"], &CONFIG[..], &["light.bundle", "--without-content"]].concat();
    let said = tearlined(&house, &args)?.done()?;
    ensure!(said.contains("contents are missing"), "{said}");
    start(&mut house)?;
    // Those who have the content go on; a desk that had nothing is told what is withheld.
    house.text("us/kigali", &["fetch"])?;
    house.text("un/monitor-1", &["verify", "--all"])?;
    forget(&house, "drc/delegation")?;
    let said = house.run("drc/delegation", &["fetch"])?.refused(3)?;
    ensure!(said.contains("withholds"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_backup_brings_attachments_back_and_desks_save_them() -> Result<()> {
    let mut house = House::kivu()?;
    let map: Vec<u8> = (0..3_000_000_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    let (note, map_file) = (house.write("papers/there.md", NOTE)?, house.write("papers/map.png", &map)?);
    let sent = house.json("rwanda/liaison", &["write", "note", &note, "--attach", &map_file])?;
    let entry = sent["entry"].as_str().context("an entry")?.to_owned();
    let small = house.write("papers/small.png", "a small map")?;
    let sent = house.json("rwanda/liaison", &["write", "note", &note, "--attach", &small])?;
    let recalled = sent["entry"].as_str().context("an entry")?.to_owned();
    house.text("rwanda/liaison", &["recall", &recalled])?;
    let tearlined =
        |house: &House, name: &str, args: &[&str]| tearlined(house, &[&[name], &CONFIG[..], args].concat());
    let said = tearlined(&house, "backup", &["running.bundle"])?.done()?;
    ensure!(said.contains("1 attachment.") && !said.contains("missing"), "{said}");
    let verdict = house.json("un/monitor-1", &["verify-bundle", "running.bundle"])?;
    let attachments: u64 =
        verdict["rooms"].as_array().into_iter().flatten().filter_map(|it| it["attachments"].as_u64()).sum();
    ensure!(attachments == 1, "what was recalled is no more in it: {verdict}");
    stop(&mut house).await?;
    let said = tearlined(&house, "backup", &["stopped.bundle"])?.done()?;
    ensure!(said.contains("1 attachment.") && !said.contains("missing"), "{said}");

    for bundle in ["running.bundle", "stopped.bundle"] {
        fs::remove_dir_all(house.path("server/data"))?;
        fs::create_dir(house.path("server/data"))?;
        fs::set_permissions(house.path("server/data"), std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let said = tearlined(&house, "restore", &[bundle])?.done()?;
        ensure!(said.contains("1 attachment put back") && !said.contains("missing"), "{said}");
        ensure!(!tearlined(&house, "check", &[])?.done()?.contains("DAMAGED"), "it is whole");
    }
    start(&mut house)?;
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["save", &entry, "--out", &house.arg("saved.png")])?;
    ensure!(fs::read(house.path("saved.png"))? == map, "it is not what was sent");
    Ok(())
}

#[tokio::test]
async fn what_no_bundle_has_of_attachments_is_said_and_their_folder_may_be_put_back() -> Result<()> {
    let mut house = House::kivu()?;
    let (note, map) = (house.write("papers/there.md", NOTE)?, house.write("papers/map.png", "a map")?);
    let sent = house.json("rwanda/liaison", &["write", "note", &note, "--attach", &map])?;
    let entry = sent["entry"].as_str().context("an entry")?.to_owned();
    house.text("un/monitor-2", &["export", "all.bundle", "--content"])?;
    let tearlined =
        |house: &House, name: &str, args: &[&str]| tearlined(house, &[&[name], &CONFIG[..], args].concat());
    tearlined(&house, "backup", &["full.bundle"])?.done()?;
    stop(&mut house).await?;

    // With their folder there is nothing to say.
    fs::remove_dir_all(house.path("server/data/store"))?;
    let said = tearlined(&house, "restore", &["all.bundle"])?.done()?;
    ensure!(!said.contains("missing"), "{said}");
    ensure!(!tearlined(&house, "check", &[])?.done()?.contains("DAMAGED"), "it is whole");

    // Without it the rooms are restored all the same.
    fs::remove_dir_all(house.path("server/data/store"))?;
    fs::rename(house.path("server/data/attachments"), house.path("elsewhere"))?;
    let said = tearlined(&house, "restore", &["all.bundle"])?.done()?;
    let told = format!("1 attachment missing, or not as received, the first of {entry}:");
    ensure!(said.contains(&told) && said.contains("Put back the folder"), "{said}");
    let said = tearlined(&house, "check", &[])?;
    ensure!(said.out.contains(&format!("{entry}  DAMAGED: its attachment")), "{}", said.out);

    // A backup beside it has the attachments.
    fs::remove_dir_all(house.path("server/data/store"))?;
    let said = tearlined(&house, "restore", &["all.bundle", "full.bundle"])?.done()?;
    ensure!(said.contains("1 attachment put back") && !said.contains("missing"), "{said}");
    ensure!(!tearlined(&house, "check", &[])?.done()?.contains("DAMAGED"), "it is whole again");

    fs::remove_dir_all(house.path("server/data/attachments"))?;
    fs::rename(house.path("elsewhere"), house.path("server/data/attachments"))?;
    ensure!(!tearlined(&house, "check", &[])?.done()?.contains("DAMAGED"), "it is whole again");
    start(&mut house)?;
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["save", &entry, "--out", &house.arg("saved.png")])?;
    ensure!(fs::read(house.path("saved.png"))? == b"a map", "it is what was sent");
    Ok(())
}

#[tokio::test]
async fn of_several_bundles_the_longest_logs_count_and_content_comes_from_whichever_has_it() -> Result<()> {
    let mut house = House::kivu()?;
    // One auditor took the content, another the newest entries, which somebody keeps the content of.
    house.text("un/monitor-1", &["export", "older.bundle", "--content"])?;
    let note = house.write("papers/there.md", NOTE)?;
    let sent = house.json("rwanda/liaison", &["write", "note", &note])?;
    let newest = sent["entry"].as_str().context("an entry")?.to_owned();
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["export", "kept.bundle", "--content"])?;
    let mut before = Vec::new();
    for desk in DESKS {
        before.push(roots(&house, desk)?);
    }
    house.text("un/monitor-2", &["export", "newest.bundle"])?;
    stop(&mut house).await?;
    fs::remove_dir_all(house.path("server/data/store"))?;

    let restore = |bundles: &[&str]| tearlined(&house, &[&["restore"], &CONFIG[..], bundles].concat());
    let said = restore(&["newest.bundle", "older.bundle"])?.refused(1)?;
    ensure!(said.contains("no content of 1 posts") && said.contains(&newest), "{said}");
    let said = restore(&["newest.bundle", "older.bundle", "kept.bundle"])?.done()?;
    for (room, root) in &before[0] {
        let line = said.lines().find(|line| line.split_whitespace().next() == Some(room));
        ensure!(line.is_some_and(|line| line.ends_with(root)), "{room} has another root in\n{said}");
    }
    let checked = tearlined(&house, &[&["check"], &CONFIG[..]].concat())?.done()?;
    ensure!(!checked.contains("DAMAGED"), "{checked}");
    start(&mut house)?;
    for (desk, before) in DESKS.iter().zip(&before) {
        ensure!(roots(&house, desk)? == *before, "{desk} sees other rooms");
    }
    forget(&house, "us/kigali")?;
    house.text("us/kigali", &["fetch"])?;
    house.text("us/kigali", &["read", &newest])?;
    house.text("rwanda/liaison", &["write", "note", &note])?;
    house.text("un/monitor-2", &["verify", "--all"])?;
    Ok(())
}

#[tokio::test]
async fn bundles_of_two_histories_are_refused_with_room_and_entry_named() -> Result<()> {
    let mut house = House::kivu()?;
    // The server's own past, kept aside before each of two futures.
    stop(&mut house).await?;
    let past = house.path("past");
    tearline_tests::cli::copy(&house.path("server/data"), &past)?;
    let desks = house.path("desks.past");
    tearline_tests::cli::copy(&house.path("desks"), &desks)?;
    let mut written = Vec::new();
    for (future, text) in [("one.bundle", "We are."), ("other.bundle", "We are not.")] {
        for (from, to) in [(&past, "server/data"), (&desks, "desks")] {
            fs::remove_dir_all(house.path(to))?;
            tearline_tests::cli::copy(from, &house.path(to))?;
        }
        let folder = house.path("server/data");
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        start(&mut house)?;
        let note = format!("---\nsubject: Are you there\n---\n{text}\n");
        let note = house.write("papers/there.md", note)?;
        let sent = house.json("rwanda/liaison", &["write", "note", &note])?;
        written.push(sent["entry"].as_str().context("an entry")?.to_owned());
        stop(&mut house).await?;
        tearlined(&house, &[&["backup"], &CONFIG[..], &[future]].concat())?.done()?;
        house.text("un/monitor-1", &["verify-bundle", future])?;
    }
    ensure!(written[0] == written[1], "{written:?}");
    fs::remove_dir_all(house.path("server/data/store"))?;
    let said = tearlined(&house, &[&["restore"], &CONFIG[..], &["one.bundle", "other.bundle"]].concat())?;
    let said = said.refused(1)?;
    for word in ["one.bundle", "other.bundle", &written[0], "two histories", "keep both"] {
        ensure!(said.contains(word), "{word} is not in {said}");
    }
    ensure!(!house.path("server/data/store").exists(), "something was restored");
    Ok(())
}
