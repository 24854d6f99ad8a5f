//! What a desk demands of witnesses: refused, warned of or met, for every command that shows something.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_client::desk::now;
use tearline_ledger::{note::KeyMaterial, note::VerifierKey};
use tearline_tests::cli::{House, screen::narrow};

use crate::{MONITOR, READER, cosign_at, line_of};

#[test]
fn a_desk_that_demands_more_than_it_gets_shows_nothing() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    house.text(READER, &["policy", "--witnesses", "1", "--unmet", "refuse"])?;
    let looks: [&[&str]; 8] = [
        &["fetch"],
        &["inbox"],
        &["read", "drc#4"],
        &["matters"],
        &["timeline"],
        &["search", "Sake"],
        &["commitments"],
        &["served", "drc#4"],
    ];
    for args in looks {
        let said = house.run(READER, args)?;
        ensure!(said.code == 3 && !said.out.contains("Sake"), "{args:?}: {said:?}");
        let said = said.refused(3)?;
        ensure!(said.contains("have not confirmed") && said.contains("tearline policy"), "{args:?}: {said}");
    }
    house.text(MONITOR, &["cosign"])?;
    for args in looks {
        house.text(READER, args)?;
    }
    // A witness that is down weakens nothing: two are demanded now, and one is there.
    house.text(READER, &["policy", "--witnesses", "2"])?;
    house.run(READER, &["inbox"])?.refused(3)?;
    house.text(READER, &["policy", "--unmet", "warn"])?;
    let inbox = house.text(READER, &["inbox"])?;
    ensure!(inbox.contains("! the witnesses that this desk demands have not confirmed"), "{inbox}");
    narrow("inbox", &inbox)?;

    // Approvers are held to it too.
    house.text("us/kigali", &["policy", "--witnesses", "2", "--unmet", "refuse"])?;
    house.run("us/kigali", &["pending"])?.refused(3)?;
    let refused = house.refused(READER, &["policy", "--witnesses", "9"])?;
    ensure!(refused.contains("can never confirm"), "{refused}");
    house.run(READER, &["policy", "--witnesses", "0", "--unmet", "refuse"])?.refused(2)?;
    Ok(())
}

#[test]
fn what_was_confirmed_too_long_ago_is_stale() -> Result<()> {
    let house = House::kivu()?;
    house.text(MONITOR, &["fetch"])?;
    for room in ["drc", "plenary"] {
        cosign_at(&house, MONITOR, room, now() - 7200)??;
    }
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox"])?;
    ensure!(inbox.contains("No auditor has confirmed this to you for 120 minutes."), "{inbox}");
    house.text(READER, &["policy", "--witnesses", "1", "--fresh", "130", "--unmet", "refuse"])?;
    house.text(READER, &["inbox"])?;
    let policy = house.json(READER, &["policy", "--fresh", "60"])?;
    ensure!(policy["rooms"][0]["met"] == false && policy["fresh_minutes"] == 60, "{policy}");
    let refused = house.run(READER, &["inbox"])?.refused(3)?;
    ensure!(refused.contains("120 minutes old, more than the 60 allowed here"), "{refused}");
    Ok(())
}

#[test]
fn a_tlog_policy_says_whose_cosignatures_make_a_quorum() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    let shown = house.text(READER, &["policy"])?;
    let keys = ["log ", "witness un/monitor-1 ", "witness un/monitor-2 "];
    let keys: Vec<String> = keys.iter().map(|key| line_of(&shown, key)).collect::<Result<_>>()?;
    let both = format!("{}\ngroup un all un/monitor-1 un/monitor-2\nquorum un\n", keys.join("\n"));
    let path = house.write("both.policy", &both)?;
    house.text(READER, &["policy", &path, "--unmet", "refuse"])?;
    house.text(MONITOR, &["cosign"])?;
    let refused = house.run(READER, &["fetch"])?.refused(3)?;
    ensure!(refused.contains("have not confirmed"), "{refused}");
    house.text("un/monitor-2", &["cosign"])?;
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox"])?;
    ensure!(inbox.contains("un/monitor-1") && inbox.contains("un/monitor-2"), "{inbox}");
    let shown = house.text(READER, &["policy"])?;
    ensure!(shown.contains("group un all") && shown.contains("✓ met"), "{shown}");

    let refuse = |name: &str, text: &str, words: &str| -> Result<()> {
        let path = house.write(name, text)?;
        let refused = house.refused(READER, &["policy", &path])?;
        ensure!(refused.contains(words) && refused.contains(name), "{refused}");
        Ok(())
    };
    refuse("none.policy", "log x\n", "line 1 of the policy")?;
    refuse("two.policy", "quorum none\nquorum none\n", "line 2 of the policy: the quorum is given already")?;
    let stranger = VerifierKey::new("un/monitor-1".parse()?, KeyMaterial::Ed25519Cosignature([9; 32]));
    refuse("stranger.policy", &format!("witness w {stranger}\nquorum w\n"), "is no auditor of any room")?;
    let log = VerifierKey::new("kivu.example".parse()?, KeyMaterial::Ed25519([9; 32]));
    refuse("log.policy", &format!("log {log}\nquorum none\n"), "is in no charter")?;
    // What was set stands.
    ensure!(house.json(READER, &["policy"])?["quorum"] == both.as_str(), "the policy was changed");

    let profile = house.desk(READER).join("profile.toml");
    let text = std::fs::read_to_string(&profile)?;
    std::fs::write(&profile, text.replace("quorum un\n", "quorum nobody\n"))?;
    let refused = house.refused(READER, &["inbox"])?;
    ensure!(
        refused.contains("profile.toml") && refused.contains("`nobody` is not defined above"),
        "{refused}"
    );
    std::fs::write(&profile, text)?;
    let none = house.json(READER, &["policy", "--none"])?;
    ensure!(none["quorum"].is_null() && none["unmet"] == "warn", "{none}");
    Ok(())
}

/// Every command that shows something of what others wrote, and whether it lists rooms under a heading.
fn looks(saved: &str) -> Vec<Vec<&str>> {
    let looks = "inbox|read drc#4|matters|matters drc#1|timeline|search Sake|commitments|served drc#4|access|who|status";
    let mut all: Vec<Vec<&str>> = looks.split('|').map(|it| it.split(' ').collect()).collect();
    all.push(vec!["save", saved, "--out", "saved.txt", "--overwrite"]);
    all
}

#[test]
fn where_a_policy_warns_the_warning_stands_above_all_that_is_shown() -> Result<()> {
    let house = House::kivu()?;
    let paper = "---\nsubject: A map\nprecedence: ROUTINE\n---\nSee the map.\n";
    let (paper, map) = (house.write("papers/map.md", paper)?, house.write("papers/map.txt", "a map")?);
    let sent = house.json("drc/delegation", &["write", "note", &paper, "--attach", &map])?;
    let saved = tearline_tests::cli::text_of(&sent, "entry")?;
    house.text(READER, &["fetch"])?;
    house.text(READER, &["policy", "--witnesses", "2", "--unmet", "warn"])?;
    house.text(MONITOR, &["cosign"])?;
    let warning = "! the witnesses that this desk demands have not confirmed";
    let fetched = house.text(READER, &["fetch"])?;
    ensure!(fetched.contains(warning), "{fetched}");
    for args in looks(&saved) {
        let said = house.text(READER, &args)?.replace("\n ", " ");
        let at = said.find(warning).with_context(|| format!("{args:?}: {said}"))?;
        ensure!(at < 1000, "{args:?}: not above it: {said}");
    }
    for args in [
        &["read", "drc#4"][..],
        &["served", "drc#4"],
        &["who"],
        &["fetch"],
        &["save", &saved, "--out", "again.txt"],
    ] {
        let json = house.json(READER, args)?;
        ensure!(json["warnings"].as_array().is_some_and(|all| !all.is_empty()), "{args:?}: {json}");
    }
    for args in [&["inbox"][..], &["timeline"], &["search", "Sake"], &["commitments"], &["matters"]] {
        let json = house.json(READER, args)?;
        let rooms = json["rooms"].as_array().context("rooms")?;
        ensure!(rooms.iter().all(|room| room["stale"] == true), "{args:?}: {json}");
    }
    // Who signs for others is warned, too.
    house.text("us/kigali", &["policy", "--witnesses", "2"])?;
    for args in [&["pending"][..], &["given", "drc"]] {
        let said = house.text("us/kigali", args)?.replace("\n ", " ");
        ensure!(said.contains(warning), "{args:?}: {said}");
    }
    let briefing =
        "---\nsubject: Kibumba\nprecedence: ROUTINE\nsource: B2\n---\n\n(C//REL TO DRC)  It moves.\n";
    let briefing = house.publish("us/kinshasa", "kibumba.md", briefing)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    let said = house.text("us/kigali", &["approve", &proposal])?.replace("\n ", " ");
    ensure!(said.find(warning) < said.find("exactly as it will be sent"), "{said}");

    let answer =
        house.write("papers/answer.md", "---\nsubject: Noted\nprecedence: ROUTINE\n---\nNoted.\n")?;
    let said = house.text("us/kigali", &["write", "note", &answer, "--to", "drc"])?.replace("\n ", " ");
    ensure!(said.find(warning) < said.find("exactly as it will be sent"), "{said}");
    house.text("us/kigali", &["policy", "--unmet", "refuse"])?;
    let release = ["release", &briefing, "--portions", "1", "--to", "drc"];
    for args in
        [&["write", "note", &answer, "--to", "drc"][..], &release, &["approve", &proposal], &["given", "drc"]]
    {
        let said = house.run("us/kigali", args)?;
        ensure!(said.code == 3 && !said.out.contains("moves"), "{args:?}: {said:?}");
    }

    // With both, nothing warns and nothing is refused: the policy is met, and they proceed.
    house.text(READER, &["policy", "--unmet", "refuse"])?;
    house.run(READER, &["who"])?.refused(3)?;
    house.run(READER, &["save", &saved, "--out", "refused.txt"])?.refused(3)?;
    ensure!(!house.path("refused.txt").exists(), "it was saved all the same");
    for monitor in [MONITOR, "un/monitor-2"] {
        house.text(monitor, &["cosign"])?;
    }
    house.text(READER, &["fetch"])?;
    for args in looks(&saved) {
        ensure!(!house.text(READER, &args)?.contains('!'), "{args:?} still warns");
    }
    Ok(())
}

/// Waits until a desk's policy is not met in drc any more.
fn until_unmet(house: &House) -> Result<()> {
    let begun = std::time::Instant::now();
    loop {
        let policy = house.json(READER, &["policy"])?;
        let rooms = policy["rooms"].as_array().context("rooms")?;
        if rooms.iter().any(|room| room["room"] == "drc" && room["met"] == false) {
            return Ok(());
        }
        ensure!(begun.elapsed() < std::time::Duration::from_mins(2), "it never became stale: {policy}");
        std::thread::sleep(std::time::Duration::from_millis(500));
    }
}

#[test]
fn who_follows_a_room_is_held_to_the_policy_at_each_post() -> Result<()> {
    let house = House::kivu()?;
    for desk in [MONITOR, READER, "drc/delegation"] {
        house.text(desk, &["fetch"])?;
    }
    // Fresh for a while yet, and then not.
    let nearly = now() - 3660 + 25;
    for room in ["chamber", "drc", "rwanda", "plenary"] {
        cosign_at(&house, MONITOR, room, nearly)??;
    }
    house.text(READER, &["fetch"])?;
    house.text(READER, &["policy", "--witnesses", "1", "--unmet", "refuse"])?;
    let mut following = house.tearline(READER, &["fetch", "--follow", "--json"])?;
    let mut child = following.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    lines.next().context("what it fetched")??;
    until_unmet(&house)?;
    // Confirmed again since, of which no stream has told: it asks, and goes on.
    cosign_at(&house, MONITOR, "drc", now() - 3660 + 25)??;
    let paper = house.write("papers/one.md", "---\nsubject: One\nprecedence: ROUTINE\n---\nOne.\n")?;
    house.text("drc/delegation", &["write", "note", &paper])?;
    let post: Value = serde_json::from_str(&lines.next().context("a post")??)?;
    ensure!(post["subject"] == "One" && post["warnings"].as_array().is_some_and(Vec::is_empty), "{post}");
    // And now nobody confirms it.
    until_unmet(&house)?;
    let paper = house.write("papers/two.md", "---\nsubject: Two\nprecedence: ROUTINE\n---\nTwo.\n")?;
    house.text("drc/delegation", &["write", "note", &paper])?;
    ensure!(lines.next().is_none(), "it showed what nobody confirms");
    let ended = child.wait_with_output()?;
    ensure!(ended.status.code() == Some(3), "{ended:?}");
    ensure!(String::from_utf8(ended.stderr)?.contains("more than the 60 allowed here"), "it did not say why");
    Ok(())
}
