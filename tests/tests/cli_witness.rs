//! Witnesses through the shipped commands: an auditor confirms, readers see by whom and how lately, and a
//! desk that demands more than it gets shows nothing.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_client::{
    desk::{Desk, now},
    error::Error,
    passphrase::Passphrase,
    profile::Profile,
    session::Session,
    vault::Vault,
    witness::Cosigner,
};
use tearline_ledger::{cosign, note::KeyMaterial, note::VerifierKey};
use tearline_tests::cli::{House, PASSPHRASE, screen::narrow};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

fn desk(house: &House, desk: &str) -> Result<Desk> {
    let profile = Profile::open(&house.desk(desk))?;
    let passphrase = Passphrase::new(PASSPHRASE.trim_end().to_owned());
    let vault = Vault::open(&profile.keys_path(), &passphrase)?;
    Ok(Desk::new(profile, Some(vault)))
}

/// Hands over a desk's cosignature of a room as it has it, dated as the test says.
fn cosign_at(house: &House, name: &str, room: &str, at: u64) -> Result<Result<(), Error>> {
    let desk = desk(house, name)?;
    let room = desk.room(&room.parse()?)?;
    let mut checkpoint = room.replica.checkpoint().context("a checkpoint")?.clone();
    let signer = Cosigner(desk.vault()?.sign_key());
    let key = desk.vault()?.sign_key().public().to_bytes();
    let key = VerifierKey::new(name.parse()?, KeyMaterial::Ed25519Cosignature(key));
    let line = cosign::cosign(&checkpoint, key.name(), &signer, at)?;
    cosign::attach(&mut checkpoint, line, &key)?;
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(async {
        let session = Session::open(&desk).await?;
        session.cosign(room.replica.room(), checkpoint.to_bytes().into()).await
    }))
}

fn line_of(text: &str, word: &str) -> Result<String> {
    Ok(text.lines().find(|line| line.contains(word)).with_context(|| format!("{word} in {text}"))?.to_owned())
}

fn concern(house: &House) -> Result<()> {
    let paper = "---\nsubject: Column\nprecedence: IMMEDIATE\nactivity: offensive\n---\nIt moves.\n";
    let paper = house.write("papers/another-concern.md", paper)?;
    house.text(READER, &["write", "concern", &paper]).map(drop)
}

#[test]
fn an_auditor_confirms_every_room_and_readers_see_up_to_where() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox"])?;
    ensure!(
        inbox.contains("witnessed by nobody") && inbox.contains("! No auditor has confirmed this"),
        "{inbox}"
    );
    let text = house.text(MONITOR, &["cosign"])?;
    narrow("cosign", &text)?;
    let said = house.json(MONITOR, &["cosign"])?;
    let rooms: Vec<&str> = said["cosigned"]
        .as_array()
        .context("cosigned")?
        .iter()
        .filter_map(|it| it["room"].as_str())
        .collect();
    for room in ["chamber", "drc", "rwanda", "plenary", "access/drc", "access/rwanda", "access/us"] {
        ensure!(rooms.contains(&room), "{room} is not among {rooms:?}");
        line_of(&text, room)?;
    }
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox"])?;
    ensure!(inbox.contains("witnessed by un/monitor-1 (just now)\n"), "{inbox}");
    ensure!(!inbox.contains('!'), "{inbox}");

    let next = house.next(READER, "drc")?;
    let index: u64 = next.trim_start_matches("drc#").parse()?;
    // The room goes on; what was confirmed of it is still known, to those who come later too.
    concern(&house)?;
    for reader in [READER, "drc/delegation"] {
        house.text(reader, &["fetch"])?;
        let inbox = house.text(reader, &["inbox", "--room", "drc"])?;
        ensure!(
            inbox.replace("\n ", " ").contains(&format!("(just now, up to drc#{})", index - 1)),
            "{reader}: {inbox}"
        );
    }
    let refused = house.refused(READER, &["cosign"])?;
    ensure!(refused.contains("only an auditor cosigns"), "{refused}");
    Ok(())
}

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

#[test]
fn a_receipt_that_no_witness_confirms_in_time_is_an_alarm() -> Result<()> {
    let house = House::kivu()?;
    house.text(READER, &["fetch"])?;
    house.text(MONITOR, &["cosign"])?;
    house.text(READER, &["policy", "--witnesses", "1", "--receipts", "0", "--unmet", "refuse"])?;
    let sent = house.next(READER, "drc")?;
    concern(&house)?;
    house.text(READER, &["fetch"])?;
    // A policy counts in minutes, and the first of them must be over.
    let begun = std::time::Instant::now();
    let refused = loop {
        let said = house.run(READER, &["fetch"])?;
        if said.code == 3 {
            break said.refused(3)?;
        }
        ensure!(said.code == 0, "{said:?}");
        ensure!(begun.elapsed() < std::time::Duration::from_mins(2), "nobody missed the confirmation");
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    ensure!(refused.contains(&format!("no cosigned checkpoint covers {sent}")), "{refused}");
    house.text(MONITOR, &["cosign"])?;
    let fetched = house.json(READER, &["fetch"])?;
    ensure!(fetched["warnings"].as_array().is_some_and(Vec::is_empty), "{fetched}");
    Ok(())
}

#[test]
fn the_server_keeps_a_witness_to_its_own_line_and_to_the_time() -> Result<()> {
    let house = House::kivu()?;
    house.text(MONITOR, &["fetch"])?;
    let refused = cosign_at(&house, MONITOR, "drc", now() + 3600)?;
    let refused = refused.err().context("a cosignature from the future was taken")?;
    ensure!(refused.to_string().contains("5 minutes after now"), "{refused}");

    // A line in the name of the other witness comes along, and goes no further.
    let desk = desk(&house, MONITOR)?;
    let room = desk.room(&"drc".parse()?)?;
    let checkpoint = room.replica.checkpoint().context("a checkpoint")?;
    let own = cosign::cosign(checkpoint, &MONITOR.parse()?, &Cosigner(desk.vault()?.sign_key()), now())?;
    let other = self::desk(&house, "un/monitor-2")?;
    let key = other.vault()?.sign_key().public().to_bytes();
    let key = VerifierKey::new("un/monitor-2".parse()?, KeyMaterial::Ed25519Cosignature(key));
    let blob = [key.id().0.as_slice(), &[7; 72]].concat();
    let bogus = format!("— un/monitor-2 {}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, blob));
    let note = format!("{}{own}\n{bogus}\n", checkpoint.note());
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let session = Session::open(&desk).await?;
        session.cosign(room.replica.room(), note.into()).await
    })?;
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox", "--room", "drc"])?;
    ensure!(inbox.contains("witnessed by un/monitor-1 (just now)"), "{inbox}");
    Ok(())
}

#[test]
fn a_witness_that_stays_says_what_it_confirmed_each_time() -> Result<()> {
    let house = House::kivu()?;
    let next = house.next(READER, "drc")?;
    let size: u64 = next.trim_start_matches("drc#").parse()?;
    let mut command = house.tearline(MONITOR, &["cosign", "--every", "1", "--json"])?;
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
    let mut sizes = Vec::new();
    for line in lines.take(2) {
        let round: Value = serde_json::from_str(&line?)?;
        let rooms = round["cosigned"].as_array().context("cosigned")?;
        let drc = rooms.iter().find(|it| it["room"] == "drc").context("drc")?;
        sizes.push(drc["size"].as_u64().context("a size")?);
        if sizes.len() == 1 {
            concern(&house)?;
        }
    }
    child.kill()?;
    child.wait()?;
    ensure!(sizes == [size, size + 1], "{sizes:?}");
    Ok(())
}
