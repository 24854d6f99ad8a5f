//! Witnesses through the shipped commands: an auditor confirms, and readers see by whom and how lately; the server
//! keeps what it may. `policy` is what a desk demands of them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod policy;

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

#[test]
fn cosignatures_outlive_the_server_and_a_late_call_takes_nothing_back() -> Result<()> {
    let mut house = House::kivu()?;
    house.text(MONITOR, &["cosign"])?;
    // An older word of the same witness that comes late.
    cosign_at(&house, MONITOR, "drc", now() - 7200)??;
    house.while_stopped(|_| Ok(()))?;
    house.text(READER, &["fetch"])?;
    for args in [&["inbox", "--room", "drc"][..], &["access"]] {
        let said = house.text(READER, args)?.replace("\n ", " ");
        ensure!(said.contains("witnessed by un/monitor-1 (just now"), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn the_server_takes_no_cosignature_of_what_it_never_signed_or_by_another_key() -> Result<()> {
    use tearline_ledger::{
        checkpoint::{Checkpoint, SignedCheckpoint},
        digest::Digest,
        keys::SigningKey,
        merkle::TreeSize,
    };
    let house = House::kivu()?;
    for desk in [MONITOR, READER] {
        house.text(desk, &["fetch"])?;
    }
    let desk = desk(&house, MONITOR)?;
    let room = desk.room(&"drc".parse()?)?;
    let plenary = desk.room(&"plenary".parse()?)?;
    let own = desk.vault()?.sign_key();
    let runtime = tokio::runtime::Runtime::new()?;
    let hand = |by: &Desk, note: String| -> Result<Result<(), Error>> {
        runtime.block_on(async {
            let session = Session::open(by).await?;
            Ok(session.cosign(room.replica.room(), note.into()).await)
        })
    };
    let with = |checkpoint: &SignedCheckpoint, key: &SigningKey, at: u64| -> Result<String> {
        let line = cosign::cosign(checkpoint, &MONITOR.parse()?, &Cosigner(key), at)?;
        Ok(format!("{}{line}\n", checkpoint.note()))
    };
    let true_one = room.replica.checkpoint().context("a checkpoint")?.clone();
    // A tree that the log never had, signed by whoever made it up.
    let stranger = SigningKey::from_seed(&[7; 32]);
    let never = Checkpoint { root: Digest::of(b"another root"), ..true_one.checkpoint().clone() };
    let never_longer = Checkpoint { size: TreeSize(true_one.size().0 + 1), ..never.clone() };
    for made_up in [never, never_longer] {
        let made_up = made_up.sign(&Cosigner(&stranger))?;
        let refused = hand(&desk, with(&made_up, own, now())?)?.err().context("a made up tree was taken")?;
        ensure!(refused.to_string().contains("no checkpoint of this room by this server"), "{refused}");
    }
    let of_plenary = plenary.replica.checkpoint().context("a checkpoint")?;
    let refused = hand(&desk, with(of_plenary, own, now())?)?.err().context("another room's was taken")?;
    ensure!(refused.to_string().contains("no checkpoint of this room"), "{refused}");
    let refused =
        hand(&desk, with(&true_one, &stranger, now())?)?.err().context("another key's was taken")?;
    ensure!(refused.to_string().contains("carries no cosignature of un/monitor-1"), "{refused}");
    // The witness's own line, of another root than the checkpoint above it.
    let other = Checkpoint { root: Digest::of(b"another root"), ..true_one.checkpoint().clone() };
    let line = with(&other.sign(&Cosigner(&stranger))?, own, now())?;
    let line = line.lines().last().context("a line")?;
    let refused =
        hand(&desk, format!("{}{line}\n", true_one.note()))?.err().context("a false line was taken")?;
    ensure!(!refused.to_string().is_empty(), "{refused}");
    // Nobody but an auditor is a witness.
    let reader = self::desk(&house, READER)?;
    let refused = hand(&reader, with(&true_one, own, now())?)?.err().context("a party was a witness")?;
    ensure!(refused.to_string().contains("only an auditor cosigns"), "{refused}");
    house.text(READER, &["fetch"])?;
    let inbox = house.text(READER, &["inbox", "--room", "drc"])?;
    ensure!(inbox.contains("witnessed by nobody"), "{inbox}");
    Ok(())
}
