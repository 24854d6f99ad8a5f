//! The tear-line through the shipped commands: marks, downgrades, ORCON, more portions later, what was given
//! on the matter, misleading characters; and two parties that put all they have together.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use tearline_client::{desk, passphrase::Source, profile::Profile, vault::Vault};
use tearline_ledger::{
    content::Content,
    digest::{Digest, frame_digest},
    id::HOUR,
    statement::Act,
};
use tearline_tests::cli::{House, said::Said, text_of};

const BRIEFING: &str = "---
subject: Ferries on the lake
precedence: PRIORITY
source: B2
originator: us/kinshasa
---

(C//REL TO DRC)  Two ferries crossed to Minova before sunrise.

(C//REL TO RWA)  A third lay at anchor off Idjwi until noon.

(S//ORCON//REL TO DRC)  The pilot sailed under two flags last autumn.

(S//NF)  A harbour master told us so himself.

(S//NF)  He keeps a list of every hull.
";

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shows(text: &str, parts: &[&str]) -> Result<()> {
    let flat = flat(text);
    for part in parts {
        ensure!(flat.contains(part), "{part:?} is not in\n{text}");
    }
    for line in text.lines() {
        ensure!(line.chars().count() <= 80, "a line of more than 80 columns:\n{line}");
    }
    Ok(())
}

/// What a desk sees of a proposal before it says yes, which it does not.
fn look(house: &House, desk: &str, args: &[&str]) -> Result<String> {
    let mut command = house.command(&["--profile", &house.desk(desk).display().to_string()])?;
    command.args(["--passphrase-file", "passphrase"]).args(args);
    let said = Said::of(command)?;
    ensure!(said.code == 1 && said.err.contains("--yes"), "{said:?}");
    Ok(said.out)
}

#[test]
fn a_downgrade_is_recorded_with_its_reason_and_set_before_the_approver_alone() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let order = |lower: &str| -> Result<String> {
        let args = ["release", &briefing, "--portions", "1,4", "--to", "drc", "--downgrade", lower];
        let said = house.run("us/kinshasa", &args)?;
        let code = said.code;
        ensure!(code == 1 || code == 2, "{lower}: {said:?}");
        said.refused(code)
    };
    for (lower, says) in [
        ("4:C//REL TO RWA:known", "portion 4"),
        ("4:TS//REL TO DRC:known", "portion 4"),
        ("4:C//REL TO DRC:", "reason"),
        ("4:C//REL TO DRC", "PORTION:MARK:REASON"),
        ("4:C//FOR DRC:known", "portion 4"),
        ("four:C//REL TO DRC:known", "four"),
        ("9:C//REL TO DRC:known", "9"),
    ] {
        let refused = order(lower)?;
        ensure!(refused.contains(says), "{lower}: {refused}");
    }
    let needless =
        ["release", &briefing, "--portions", "1", "--to", "drc", "--downgrade", "1:U:it needs none"];
    let refused = house.refused("us/kinshasa", &needless)?;
    ensure!(refused.contains("portion 1"), "{refused}");
    let lower = "4:C//REL TO DRC:the harbour master has spoken in public";
    let args = [&briefing, "--portions", "1,4", "--to", "drc", "--downgrade", lower];
    let proposal = house.propose("us/kinshasa", &args)?;
    let screen = look(&house, "us/washington", &["approve", &proposal])?;
    shows(
        &screen,
        &[
            "PORTIONS 1, 4 of 5, word for word",
            "(C//REL TO DRC) A harbour master told us so himself.",
            "DOWNGRADES 4: (S//NF) to (C//REL TO DRC): the harbour master has spoken in public",
        ],
    )?;
    ensure!(!screen.contains("every hull"), "{screen}");
    let entry = house.enact("us/washington", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    shows(&read, &["(C//REL TO DRC) A harbour master told us so himself.", "2 portions match manifest"])?;
    for never in ["NF", "in public", "DOWNGRADE", "of 5"] {
        ensure!(!read.contains(never), "{never:?} is in\n{read}");
    }
    Ok(())
}

#[test]
fn what_is_orcon_needs_its_originator_among_those_who_sign() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let proposal = house.propose("us/washington", &[&briefing, "--portions", "3", "--to", "drc"])?;
    let refused = house.refused("us/kigali", &["approve", &proposal])?;
    ensure!(refused.contains("ORCON") && refused.contains("us/kinshasa"), "{refused}");
    shows(
        &look(&house, "us/kinshasa", &["approve", &proposal])?,
        &["ORCON: us/kinshasa has signed, or is you"],
    )?;
    let entry = house.enact("us/kinshasa", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &entry])?;
    // The mark that readers see names nobody but them.
    shows(&read, &["(S//ORCON//REL TO DRC) The pilot sailed"])
}

#[test]
fn what_comes_later_is_shown_to_have_been_in_the_record_already() -> Result<()> {
    let mut house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let first = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    let first = house.enact("us/washington", &first)?.remove(0);
    let second = house.propose("us/kinshasa", &[&briefing, "--portions", "3", "--to", "drc"])?;
    shows(
        &look(&house, "us/washington", &["approve", &second])?,
        &[
            &format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: nothing"),
            &format!("Ferries on the lake, portions 1 of {briefing}"),
        ],
    )?;
    let second = house.enact("us/washington", &second)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &first])?;
    ensure!(!read.contains("already in the record"), "{read}");
    let json = house.json("drc/liaison", &["read", &first])?;
    ensure!(json["already_in_record"].is_null(), "{json}");
    let at = text_of(&json, "accepted_at")?;
    let told = format!("({first})");
    shows(&house.text("drc/liaison", &["read", &second])?, &["✓ already in the record of ", &told])?;
    let json = house.json("drc/liaison", &["read", &second])?;
    ensure!(json["already_in_record"] == json!(first) && json["already_in_record_at"] == json!(at), "{json}");
    // Another briefing, though it says the same, was not.
    let other = house.publish("us/kinshasa", "again.md", BRIEFING)?;
    let third = house.propose("us/kinshasa", &[&other, "--portions", "3", "--to", "drc"])?;
    let third = house.enact("us/washington", &third)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    let read = house.text("drc/liaison", &["read", &third])?;
    ensure!(!read.contains("already in the record"), "{read}");
    // What was signed stays so when the first is taken back and gone.
    let recall = text_of(&house.json("us/kigali", &["recall", &first])?, "proposal")?;
    house.enact("us/washington", &recall)?;
    house.while_stopped(|house| {
        house.tearlined(&["purge"])?.done()?;
        Ok(())
    })?;
    house.text("drc/delegation", &["fetch"])?;
    shows(&house.text("drc/delegation", &["read", &second])?, &["✓ already in the record of ", &told])
}

#[test]
fn an_approver_sees_what_either_party_has_on_the_matter() -> Result<()> {
    let house = House::kivu()?;
    let write = |desk: &str| -> Result<String> {
        text_of(&house.json(desk, &["write", "concern", "papers/concern.md"])?, "entry")
    };
    let concern = write("drc/liaison")?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let answer = |briefing: &str, portion: &str| -> Result<String> {
        let scales = ["dispelled", "logistics", "likely", "high"];
        let flags = ["--finding", "--activity", "--likelihood", "--confidence"];
        let mut order = vec![briefing, "--portions", portion, "--to", "drc", "--answers", &concern];
        order.extend(flags.iter().zip(scales).flat_map(|(flag, word)| [*flag, word]));
        house.propose("us/kinshasa", &order)
    };
    let first = house.enact("us/washington", &answer(&briefing, "1")?)?.remove(0);
    // To the other party, of the same briefing: not under the same subject unless that is said.
    let same = ["release", &briefing, "--portions", "2", "--to", "rwanda"];
    let refused = house.refused("us/kigali", &same)?;
    ensure!(refused.contains(&first) && refused.contains("--subject"), "{refused}");
    let meant = [&same[1..], &["--subject", "Ferries on the lake"]].concat();
    let meant = house.propose("us/kigali", &meant)?;
    shows(
        &look(&house, "us/washington", &["approve", &meant])?,
        &[&format!("THE SAME WORDS: this subject for rwanda is in {first} too.")],
    )?;
    house.json("us/kigali", &["withdraw", &meant])?;
    let apart = [&same[1..], &["--subject", "At anchor"]].concat();
    let apart = house.propose("us/kigali", &apart)?;
    let screen = look(&house, "us/washington", &["approve", &apart])?;
    shows(&screen, &[&format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: nothing")])?;
    ensure!(!screen.contains("THE SAME WORDS"), "{screen}");
    let rival = house.enact("us/washington", &apart)?.remove(0);

    // Another briefing that answers the same concern: the thread shows both, and so the first briefing.
    let other = house.publish(
        "us/kinshasa",
        "other.md",
        &BRIEFING.replace("Ferries on the lake", "The ferries, once more"),
    )?;
    let next = answer(&other, "1")?;
    let screen = look(&house, "us/washington", &["approve", &next])?;
    shows(
        &screen,
        &[
            &format!("ALREADY GIVEN ON THIS MATTER drc: {first} rwanda: {rival}"),
            &format!("Ferries on the lake, portions 1 of {briefing}"),
            &format!("At anchor, portions 2 of {briefing}"),
        ],
    )?;
    // Of a matter of its own nothing was given; and what was recalled is still named.
    let recall = text_of(&house.json("us/kigali", &["recall", &rival])?, "proposal")?;
    shows(
        &look(&house, "us/washington", &["approve", &recall])?,
        &[&format!("drc: {first} rwanda: {rival}")],
    )?;
    house.enact("us/washington", &recall)?;
    shows(
        &look(&house, "us/washington", &["approve", &next])?,
        &["At anchor", "RECALLED, which unreads nothing"],
    )?;
    let concern = write("drc/liaison")?;
    let paper = house.write("papers/own.md", fs::read_to_string(house.path("papers/agenda.md"))?)?;
    let own = text_of(&house.json("us/kigali", &["write", "note", &paper, "--to", "drc"])?, "proposal")?;
    shows(
        &look(&house, "us/washington", &["approve", &own])?,
        &["ALREADY GIVEN ON THIS MATTER drc: nothing rwanda: nothing"],
    )?;
    ensure!(concern.starts_with("drc#"), "{concern}");
    Ok(())
}

#[test]
fn characters_that_mislead_are_seen_in_every_text_that_is_approved() -> Result<()> {
    let house = House::kivu()?;
    // Right-to-left override, zero width space, a Cyrillic letter among Latin ones.
    let (rlo, zwsp, mixed) = ("\u{202e}", "\u{200b}", "Min\u{043e}va");
    let briefing = house.publish("us/kinshasa", "ferries.md", &BRIEFING.replace("Minova", mixed))?;
    let subject = format!("Ferries {rlo}seirref");
    let note = format!("Read{zwsp} this first");
    let lower = format!("4:C//REL TO DRC:he spoke {rlo}cilbup ni");
    let args = [
        &briefing,
        "--portions",
        "1,4",
        "--to",
        "drc",
        "--subject",
        &subject,
        "--note",
        &note,
        "--downgrade",
        &lower,
    ];
    let proposal = house.propose("us/kinshasa", &args)?;
    let screen = look(&house, "us/washington", &["approve", &proposal])?;
    for raw in [rlo, zwsp, mixed] {
        ensure!(!screen.contains(raw), "{raw:?} reaches the screen:\n{screen}");
    }
    let hidden = screen.split("HIDDEN CHARACTERS ").nth(1).context("hidden characters")?;
    ensure!(hidden.starts_with("FOUND"), "{screen}");
    for field in ["subject", "note", "portion", "reason"] {
        ensure!(hidden.contains(&format!(" {field}: ")), "{field} is not among\n{hidden}");
    }
    for line in screen.lines() {
        ensure!(line.chars().count() <= 80, "a line of more than 80 columns:\n{line}");
    }
    let entry = house.enact("us/washington", &proposal)?.remove(0);
    house.text("drc/liaison", &["fetch"])?;
    for args in [vec!["read", &entry], vec!["inbox"]] {
        let seen = house.text("drc/liaison", &args)?;
        ensure!(![rlo, zwsp, mixed].iter().any(|raw| seen.contains(raw)), "{args:?}:\n{seen}");
    }
    // In the note of a recall too, which only officers see.
    let recall = house.json("us/kigali", &["recall", &entry, "--note", &format!("wrong {rlo}ecalp")])?;
    let screen = look(&house, "us/washington", &["approve", &text_of(&recall, "proposal")?])?;
    ensure!(!screen.contains(rlo) && screen.contains(" note: "), "{screen}");
    Ok(())
}

/// All that one party has, opened by its own keys.
#[derive(Default)]
struct Holdings {
    /// Every file of every desk, but for the rooms that both sides read.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Every field of 16 bytes or more of statements and contents in rooms of its own.
    fields: BTreeSet<Vec<u8>>,
    /// Of releases of portions: salts and blinds; texts; values of manifests.
    secrets: BTreeSet<Vec<u8>>,
    texts: BTreeSet<String>,
    values: BTreeSet<Vec<u8>>,
}

/// What both sides may have: fields of shared rooms, the members, what every desk has.
#[derive(Default)]
struct Shared {
    fields: BTreeSet<Vec<u8>>,
    files: Vec<Vec<u8>>,
}

fn files(folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, out)?;
        } else {
            let bytes = fs::read(&path)?;
            out.push((path, bytes));
        }
    }
    Ok(())
}

fn opened(house: &House, desk: &str) -> Result<desk::Desk> {
    let profile = Profile::open(&house.desk(desk))?;
    let passphrase = Source::File(house.path("passphrase")).get(desk)?;
    let vault = Vault::open(&profile.keys_path(), &passphrase)?;
    Ok(desk::Desk::new(profile, Some(vault)))
}

/// Every field of a room's statements and of what they have sealed.
fn gather(room: &desk::Room, fields: &mut BTreeSet<Vec<u8>>, mut torn: Option<&mut Holdings>) -> Result<()> {
    fields.insert(room.replica.room().as_bytes().to_vec());
    for index in 0..room.replica.size() {
        let line = room.replica.line(index)?;
        let statement = &line.signed.statement;
        fields.insert(line.signed.identity().0.as_bytes().to_vec());
        fields.insert(room.replica.require_entry(index)?.leaf().as_bytes().to_vec());
        fields.insert(statement.id.as_bytes().to_vec());
        fields.insert(statement.author.as_str().as_bytes().to_vec());
        fields.insert(statement.basis.root.as_bytes().to_vec());
        for signature in line.signed.envelope.signatures() {
            fields.insert(signature.key_id.0.as_bytes().to_vec());
            fields.insert(signature.bytes.to_vec());
        }
        if let Act::Charter(charter) = &statement.act {
            fields.insert(charter.key_commitment.as_bytes().to_vec());
            for member in &charter.members {
                fields.insert(member.name.as_str().as_bytes().to_vec());
                fields.insert(member.sign_key.as_ref().to_vec());
                fields.insert(member.tls_key.as_bytes().to_vec());
                fields.extend(member.wrap.iter().map(|wrap| wrap.to_vec()));
            }
        }
        let Some(post) = statement.sealed() else { continue };
        let quorum = matches!(statement.act, Act::Post(_)) && line.signers.len() > 1;
        ensure!(!quorum || statement.id.is_whole_hour(), "an id tells more than the hour");
        fields.insert(post.salt.to_vec());
        fields.extend([post.key_commitment, post.digest].map(|digest| digest.as_bytes().to_vec()));
        fields.extend(post.manifests.iter().map(|digest| digest.as_bytes().to_vec()));
        let plain = room.open(&line)?;
        let content = Content::parse(&plain)?;
        let message = content.message();
        ensure!(!quorum || message.written_at % HOUR == 0, "the time of writing tells more than the hour");
        fields.extend(content.texts().into_iter().map(|(_, text)| text.as_bytes().to_vec()));
        let Some(tearline) = &message.tearline else { continue };
        let values: Vec<Vec<u8>> = tearline.manifest.chunks(32).map(<[u8]>::to_vec).collect();
        fields.extend(values.iter().cloned());
        fields.insert(tearline.blind.to_vec());
        for portion in &tearline.portions {
            fields.insert(portion.salt.to_vec());
        }
        if let Some(torn) = torn.as_deref_mut() {
            torn.values.extend(values);
            torn.secrets.insert(tearline.blind.to_vec());
            torn.secrets.extend(tearline.portions.iter().map(|portion| portion.salt.to_vec()));
            torn.texts.extend(content.texts().into_iter().map(|(_, text)| text.to_owned()));
        }
    }
    fields.retain(|field| field.len() >= 16);
    Ok(())
}

impl Holdings {
    fn of(house: &House, desks: &[&str], shared: &mut Shared) -> Result<Self> {
        let mut out = Self::default();
        for name in desks {
            let desk = opened(house, name)?;
            let mut plenary = None;
            for room in desk.rooms()? {
                let mut fields = BTreeSet::new();
                if room.replica.name() == "plenary" {
                    gather(&room, &mut fields, None)?;
                    shared.fields.extend(fields);
                    plenary = Some(desk.profile().room_dir(room.replica.room()));
                } else {
                    gather(&room, &mut fields, Some(&mut out))?;
                    out.fields.extend(fields);
                }
            }
            let plenary = plenary.context("both read the plenary")?;
            let mut all = Vec::new();
            files(&house.desk(name), &mut all)?;
            for (path, bytes) in all {
                if path.starts_with(&plenary) {
                    shared.files.push(bytes);
                } else {
                    out.files.push((path, bytes));
                }
            }
        }
        Ok(out)
    }
}

/// Whatever is between the shared fields, as pieces: what stands around them is framing, the same everywhere.
fn pieces<'a>(bytes: &'a [u8], shared: &BTreeSet<Vec<u8>>) -> Vec<&'a [u8]> {
    let (mut out, mut from, mut at) = (Vec::new(), 0, 0);
    let heads: HashSet<&[u8]> = shared.iter().map(|field| &field[..16]).collect();
    while at + 16 <= bytes.len() {
        let known = heads.contains(&bytes[at..at + 16]);
        let field =
            shared.iter().filter(|field| known && bytes[at..].starts_with(field)).max_by_key(|it| it.len());
        match field {
            Some(field) => {
                out.push(&bytes[from..at]);
                at += field.len();
                from = at;
            }
            None => at += 1,
        }
    }
    out.push(&bytes[from..]);
    out
}

fn windows<'a>(bytes: &'a [u8], length: usize, out: &mut HashSet<&'a [u8]>) {
    out.extend(bytes.windows(length));
}

#[test]
fn two_parties_that_put_all_they_have_together_match_nothing_that_was_given_apart() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let lower = "4:C//REL TO DRC:known by now";
    let other = "5:C//REL TO RWA:known by now";
    for order in [
        vec![&briefing, "--portions", "1", "--to", "drc"],
        vec![&briefing, "--portions", "2", "--to", "rwanda", "--subject", "At anchor off Idjwi"],
        vec![
            &briefing,
            "--portions",
            "3,4",
            "--to",
            "drc",
            "--subject",
            "The pilot's past",
            "--downgrade",
            lower,
        ],
        vec![
            &briefing,
            "--portions",
            "5",
            "--to",
            "rwanda",
            "--subject",
            "A list of hulls",
            "--downgrade",
            other,
        ],
    ] {
        let proposal = house.propose("us/kinshasa", &order)?;
        house.enact("us/washington", &proposal)?;
    }
    let (drc, rwanda) = (["drc/delegation", "drc/liaison"], ["rwanda/delegation", "rwanda/liaison"]);
    for desk in drc.iter().chain(&rwanda) {
        house.text(desk, &["fetch"])?;
    }
    let mut shared = Shared::default();
    let one = Holdings::of(&house, &drc, &mut shared)?;
    let two = Holdings::of(&house, &rwanda, &mut shared)?;
    ensure!(
        one.texts.len() > 4 && two.texts.len() > 3 && one.values.len() >= 128,
        "there is too little to join"
    );
    // What any desk has, of whichever side: an auditor's folder, without its rooms.
    let mut any = Vec::new();
    files(&house.desk("un/monitor-1"), &mut any)?;
    shared.files.extend(
        any.into_iter().filter(|(path, _)| !path.to_string_lossy().contains("/rooms/")).map(|it| it.1),
    );

    // The title of a card says a desk's name, which both read in the plenary.
    for (path, bytes) in one.files.iter().filter(|(path, _)| path.ends_with("card.tearline")) {
        let title = String::from_utf8_lossy(bytes);
        let (title, _) = title.split_once("CARD-----").with_context(|| path.display().to_string())?;
        shared.files.push(title.as_bytes().to_vec());
    }

    // Fields, whole. A joint release and like offers say the same on purpose: their words are all that is equal.
    let common: Vec<&Vec<u8>> =
        one.fields.intersection(&two.fields).filter(|field| !shared.fields.contains(*field)).collect();
    for field in &common {
        let text = std::str::from_utf8(field);
        let meant = text.is_ok_and(|text| !BRIEFING.contains(text) && text.contains(' '));
        ensure!(meant, "both hold {}", String::from_utf8_lossy(field));
    }
    // Texts, by every 16 bytes: of what was torn from this briefing nothing is in anything of the other's.
    let torn = |holdings: &Holdings| -> Vec<String> {
        holdings.texts.iter().filter(|text| BRIEFING.contains(text.as_str())).cloned().collect()
    };
    let (torn_one, torn_two) = (torn(&one), torn(&two));
    ensure!(torn_one.len() >= 4 && torn_two.len() >= 2, "{torn_one:?} {torn_two:?}");
    for (mine, others) in [(&torn_one, &two), (&torn_two, &one)] {
        for text in mine {
            for window in text.as_bytes().windows(16) {
                let found = others.fields.iter().any(|field| field.windows(16).any(|other| other == window));
                ensure!(!found, "both hold {:?}", String::from_utf8_lossy(window));
            }
        }
    }
    // Hashes: of what either has, alone and combined with what the other has, none is anything of the other's.
    let texts: BTreeSet<&[u8]> = one.texts.iter().chain(&two.texts).map(String::as_bytes).collect();
    for (mine, others) in [(&one, &two), (&two, &one)] {
        let known: HashSet<&[u8]> = others.fields.iter().map(Vec::as_slice).collect();
        let unknown = |digest: Digest, what: &str| -> Result<()> {
            ensure!(!known.contains(&digest.as_bytes()[..]), "{what} of the one is a field of the other");
            Ok(())
        };
        for field in &mine.fields {
            unknown(Digest::of(field), "a hash")?;
        }
        for secret in &mine.secrets {
            for text in &texts {
                unknown(Digest::of_parts(&[secret, text]), "salt and text")?;
                unknown(Digest::of_parts(&[text, secret]), "text and salt")?;
                unknown(frame_digest(&[b"tearline/v1/portion", secret, text]), "a portion's value")?;
                unknown(frame_digest(&[b"tearline/v1/manifest", secret, text]), "a manifest's digest")?;
            }
        }
        // Nor does a salt of the one open a value of its own with a text of the other.
        let own: HashSet<&[u8]> = mine.values.iter().map(Vec::as_slice).collect();
        for secret in &mine.secrets {
            for text in &others.texts {
                let value = frame_digest(&[b"tearline/v1/portion", secret, text.as_bytes()]);
                let meant = mine.texts.contains(text);
                ensure!(
                    meant || !own.contains(&value.as_bytes()[..]),
                    "{text:?} is found in the other's manifest"
                );
            }
        }
        let values: Vec<&Vec<u8>> = mine.secrets.iter().chain(&mine.values).collect();
        for first in &values {
            for second in &values {
                unknown(Digest::of_parts(&[first, second]), "a pair's hash")?;
            }
        }
    }
    // The files as they lie there, by every 16 bytes between what is shared.
    let mut legitimate = HashSet::new();
    for bytes in &shared.files {
        windows(bytes, 16, &mut legitimate);
    }
    let mut of_one = HashSet::new();
    for (_, bytes) in &one.files {
        pieces(bytes, &shared.fields).into_iter().for_each(|piece| windows(piece, 16, &mut of_one));
    }
    for (path, bytes) in &two.files {
        for piece in pieces(bytes, &shared.fields) {
            let joined =
                piece.windows(16).find(|window| of_one.contains(window) && !legitimate.contains(window));
            ensure!(
                joined.is_none(),
                "{}: both hold {:?}",
                path.display(),
                joined.map(String::from_utf8_lossy)
            );
        }
    }
    Ok(())
}
