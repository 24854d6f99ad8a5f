//! Private keys, passphrases, room keys and sealed words are in no log, no answer, no error and no file but
//! those that hold them encrypted.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use tearline_client::{desk::Desk, passphrase::Passphrase, profile::Profile, vault::Vault};
use tearline_tests::{
    cli::{House, PASSPHRASE},
    live::{server::Server, wait_for},
};

const DESKS: [&str; 5] = ["us/washington", "us/kinshasa", "drc/delegation", "drc/liaison", "un/monitor-1"];

const WORDS: &str = "About 30 vehicles stand at Kanyabayonga";
const BRIEFING: &str = "---
subject: Column at Kanyabayonga
precedence: IMMEDIATE
source: B2
source-description: our man in Butembo
---

(C//REL TO DRC)  About 30 vehicles stand at Kanyabayonga.
";

/// A secret and what it is.
type Secret = (String, Vec<u8>);

/// A secret as it is, in hexadecimal and in Base64.
fn spellings(secret: &[u8]) -> [Vec<u8>; 3] {
    let base64 = BASE64_STANDARD.encode(secret);
    // The last characters depend on what follows.
    let base64 = base64.trim_end_matches('=');
    let base64 = base64[..base64.len() - 1].to_owned();
    [secret.to_vec(), hex::encode(secret).into_bytes(), base64.into_bytes()]
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            out.extend(files(&entry.path())?);
        } else if kind.is_file() {
            // The server's socket holds nothing.
            out.push(entry.path());
        }
    }
    Ok(out)
}

fn open(house: &House, desk: &str) -> Result<Desk> {
    let profile = Profile::open(&house.desk(desk))?;
    let passphrase = Passphrase::new(PASSPHRASE.trim_end().to_owned());
    let vault = Vault::open(&profile.keys_path(), &passphrase)?;
    Ok(Desk::new(profile, Some(vault)))
}

/// Every private and room key of the desks.
fn secrets_of(house: &House) -> Result<Vec<Secret>> {
    let mut out = vec![("the passphrase".to_owned(), PASSPHRASE.trim_end().as_bytes().to_vec())];
    for name in DESKS {
        let desk = open(house, name)?;
        let vault = desk.vault()?;
        out.push((format!("{name}'s signing key"), vault.sign_key().seed().to_vec()));
        out.push((format!("{name}'s sealing key"), vault.seal_key().seed().to_vec()));
        out.push((format!("{name}'s certificate key"), vault.tls_key().secret_der().to_vec()));
        for room in desk.rooms()? {
            for epoch in room.keys.epochs() {
                let key = room.keys.get(epoch).context("an epoch's key")?;
                out.push((
                    format!("the key of {} in epoch {epoch}", room.replica.name()),
                    key.expose().to_vec(),
                ));
            }
        }
    }
    ensure!(out.len() > 20, "hardly any secret is known");
    Ok(out)
}

#[tokio::test]
async fn no_secret_is_in_a_log_an_answer_an_error_or_a_file() -> Result<()> {
    let mut house = House::kivu()?;
    // As talkative as it can be made.
    house.server.ask_to_stop()?;
    house.server.ended().await?;
    let config = house.path("server/tearlined.toml");
    let text = fs::read_to_string(&config)?;
    ensure!(text.contains("level = \"info\""), "{text}");
    fs::write(&config, text.replace("level = \"info\"", "level = \"debug\""))?;
    house.server = Server::start(&config)?;
    for desk in DESKS {
        house.settle(desk)?;
    }

    let mut said = String::new();
    let mut keep = |house: &House, desk: &str, args: &[&str]| -> Result<()> {
        let ran = house.run(desk, args)?;
        said.push_str(&ran.out);
        said.push_str(&ran.err);
        Ok(())
    };
    let briefing = house.publish("us/kinshasa", "kanyabayonga.md", BRIEFING)?;
    fs::remove_file(house.path("papers/kanyabayonga.md"))?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    let entry = house.enact("us/washington", &proposal)?.remove(0);
    for (desk, args) in [
        ("drc/liaison", vec!["fetch"]),
        ("drc/liaison", vec!["inbox"]),
        ("drc/liaison", vec!["who"]),
        ("drc/liaison", vec!["--json", "status"]),
        ("drc/liaison", vec!["read", "rwanda#1"]),
        ("drc/liaison", vec!["approve", "chamber#1"]),
        ("us/washington", vec!["approve", &proposal]),
        ("us/washington", vec!["--json", "pending"]),
        ("us/washington", vec!["lost", "drc/liaison"]),
        ("un/monitor-1", vec!["fetch"]),
        ("un/monitor-1", vec!["read", &entry]),
        ("un/monitor-1", vec!["verify", "--all"]),
        ("un/monitor-1", vec!["export", "year.bundle", "--content"]),
    ] {
        keep(&house, desk, &args)?;
    }
    let mut wrong = house.command(&["--profile"])?;
    let other = house.write("other-passphrase", "sesame open\n")?;
    wrong.arg(house.desk("drc/liaison")).args(["--passphrase-file", &other, "inbox"]);
    let refused = tearline_tests::cli::said::Said::of(wrong)?.refused(1)?;
    ensure!(!refused.contains("sesame"), "{refused}");

    // A stranger, of whom the log tells.
    std::net::TcpStream::connect(house.server.address())?.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
    wait_for("the log tells of a stranger", async || {
        Ok(house.server.log()?.contains("connection refused").then_some(()))
    })
    .await?;
    let secrets = secrets_of(&house)?;
    let log = house.server.log()?;
    for (what, secret) in &secrets {
        for spelling in spellings(secret) {
            ensure!(!holds(said.as_bytes(), &spelling), "a command says {what}");
            ensure!(!holds(log.as_bytes(), &spelling), "the server's log says {what}");
        }
    }
    ensure!(!log.contains("Kanyabayonga") && !log.contains("Butembo"), "the server's log has sealed words");

    // The folder of the whole house: the operator's, the server's store, what desks keep and export.
    let passphrases = [house.path("passphrase"), PathBuf::from(&other)];
    for file in files(&house.path(""))?.iter().filter(|file| !passphrases.contains(file)) {
        let bytes = fs::read(file)?;
        for (what, secret) in &secrets {
            for spelling in spellings(secret) {
                ensure!(!holds(&bytes, &spelling), "{} holds {what}", file.display());
            }
        }
        for words in [WORDS, "Column at Kanyabayonga", "our man in Butembo"] {
            ensure!(!holds(&bytes, words.as_bytes()), "{} holds {words:?} in the clear", file.display());
        }
    }
    Ok(())
}

#[test]
fn nothing_that_holds_a_secret_shows_it() -> Result<()> {
    let house = House::kivu()?;
    let desk = open(&house, "us/washington")?;
    let rooms = desk.rooms()?;
    let shown = format!("{desk:?} {:?} {rooms:?} {:?}", desk.vault()?, desk.vault()?.sign_key());
    for (what, secret) in secrets_of(&house)? {
        let numbers = format!("{secret:?}");
        let inner = numbers.trim_matches(['[', ']']).to_owned();
        ensure!(!shown.contains(&inner) && !shown.contains(&hex::encode(&secret)), "Debug shows {what}");
    }
    Ok(())
}

#[test]
fn no_program_can_leave_a_core_dump() -> Result<()> {
    let house = House::kivu()?;
    let limits = fs::read_to_string(format!("/proc/{}/limits", house.server.pid()))?;
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).context("no such limit")?;
    let values: Vec<&str> =
        line.split_whitespace().filter(|it| it.chars().all(|c| c.is_ascii_digit())).collect();
    ensure!(values == ["0", "0"], "{line}");
    Ok(())
}
