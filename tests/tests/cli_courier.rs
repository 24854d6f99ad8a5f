//! A desk without a network, through the shipped commands: letters and answers on a stick, and what a carrier may
//! do to them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tearline_ledger::{
    courier::{
        answer::{Begin, Refusal},
        letter::{Held, Letter, Sender},
    },
    keys::SigningKey,
};
use tearline_server::{config::Config, logkey::LogKey};
use tearline_tests::cli::{
    House, copy,
    documented::{keys, promised},
    stick::{Answer, files},
};

const DESK: &str = "drc/liaison";

const CONCERN: &str = "---
subject: Boats at Kalehe
precedence: PRIORITY
activity: offensive
place: Kalehe
position: 28.9087, -2.0967
precision: 500 m
answer-use: paraphrased
---

Boats without lights cross the lake by night.
";

const BRIEFING: &str = "---
subject: Boats on the lake
precedence: PRIORITY
source: B2
information-until: 2024-06-20T12:00:00Z
originator: us/kinshasa
---

(C//REL TO DRC)  The boats carry fuel.
";

/// The desk's server is nowhere from now on.
fn cut_off(house: &House) -> Result<()> {
    house.point(&house.desk(DESK), "127.0.0.1:1".parse()?)
}

fn tearlined(house: &House, letter: &str, answer: &str) -> Result<String> {
    house.tearlined(&["courier", &house.arg(letter), &house.arg(answer)])?.done()
}

/// A letter of the desk and the operator's answer to it.
fn round(house: &House, name: &str) -> Result<String> {
    let letter = format!("{name}.letter");
    house.text(DESK, &["courier", "out", &house.arg(&letter)])?;
    let answer = format!("{name}.answer");
    tearlined(house, &letter, &answer)?;
    Ok(house.arg(&answer))
}

/// What the desk has of a room.
fn size(house: &House, room: &str) -> Result<u64> {
    let status = house.json(DESK, &["status"])?;
    let rooms = status["rooms"].as_array().context("rooms")?;
    let found = rooms.iter().find(|it| it["room"] == json!(room)).context("the room")?;
    found["size"].as_u64().context("its size")
}

/// A concern and an acknowledgement that wait, and the entry that is acknowledged.
fn write_two(house: &House) -> Result<String> {
    let entry = release(house)?;
    house.text(DESK, &["fetch"])?;
    cut_off(house)?;
    let path = house.write("papers/boats.md", CONCERN)?;
    let said = house.json(DESK, &["--courier", "write", "concern", &path])?;
    ensure!(said["waiting"]["number"] == json!("1") && said["waiting"]["rooms"] == json!(["drc"]), "{said}");
    let said = house.json(DESK, &["--courier", "ack", &entry])?;
    ensure!(said["waiting"]["what"] == json!("acknowledgement"), "{said}");
    Ok(entry)
}

fn release(house: &House) -> Result<String> {
    let briefing = house.publish("us/kinshasa", "boats-seen.md", BRIEFING)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    Ok(house.enact("us/washington", &proposal)?.remove(0))
}

fn documented(command: &str, json: &Value) -> Result<()> {
    let (mut said, promised) = (BTreeSet::new(), promised(command)?);
    keys(json, "", &mut said);
    let unknown: Vec<_> = said.difference(&promised).collect();
    ensure!(unknown.is_empty(), "docs/json.md does not know {unknown:?} of {command}");
    Ok(())
}

#[test]
fn what_a_cut_off_desk_signs_is_entered_and_its_answer_comes_back_on_a_stick() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    let refused = house.refused(DESK, &["fetch"])?;
    ensure!(refused.contains("127.0.0.1:1"), "{refused}");
    let listed = house.json(DESK, &["courier", "list"])?;
    ensure!(listed["waiting"].as_array().is_some_and(|all| all.len() == 2), "{listed}");
    documented("courier list", &listed)?;
    let out = house.json(DESK, &["courier", "out", &house.arg("drc.letter")])?;
    ensure!(out["units"].as_array().is_some_and(|all| all.len() == 2), "{out}");
    documented("courier out", &out)?;

    let told = tearlined(&house, "drc.letter", "drc.answer")?;
    ensure!(told.contains("The letter of drc/liaison: 2 statements."), "{told}");
    ensure!(told.contains("entered as drc#"), "{told}");

    // Another desk reads over the network what came on the stick.
    let inbox = house.json("us/kinshasa", &["fetch"])?;
    ensure!(inbox["rooms"].is_array(), "{inbox}");
    let came = house.json(DESK, &["courier", "in", &house.arg("drc.answer")])?;
    documented("courier in", &came)?;
    let concern = came["settled"][0]["entries"][0].as_str().context("where the concern stands")?.to_owned();
    let read = house.text("us/kinshasa", &["read", &concern])?;
    ensure!(read.contains("Boats without lights cross the lake by night."), "{read}");
    ensure!(house.json(DESK, &["courier", "list"])?["waiting"] == json!([]), "something still waits");
    ensure!(house.json(DESK, &["drafts"])?["drafts"] == json!([]), "a draft of what was entered stays");
    ensure!(house.text(DESK, &["read", &concern])?.contains("Boats at Kalehe"), "the author cannot read it");

    // The same letter again is answered again, and nothing is entered twice.
    let before = house.next("us/kinshasa", "drc")?;
    let again = tearlined(&house, "drc.letter", "again.answer")?;
    ensure!(again.contains(&format!("entered as {concern}")), "{again}");
    ensure!(house.next("us/kinshasa", "drc")? == before, "something was entered twice");

    // The same answer again changes nothing, and says so.
    let had = files(&house.desk(DESK))?;
    let twice = house.json(DESK, &["courier", "in", &house.arg("drc.answer")])?;
    ensure!(twice["nothing_new"] == json!(true), "{twice}");
    ensure!(files(&house.desk(DESK))? == had, "an answer taken in twice changed something");

    // What mediators release now comes by the next answer, though an older letter asked for it.
    let entry = release(&house)?;
    tearlined(&house, "drc.letter", "later.answer")?;
    house.text(DESK, &["courier", "in", &house.arg("later.answer")])?;
    let read = house.text(DESK, &["read", &entry])?;
    ensure!(read.contains("(C//REL TO DRC)  The boats carry fuel."), "{read}");

    // An answer that was long on its way is no alarm.
    let late = house.json(DESK, &["courier", "in", &house.arg("again.answer")])?;
    ensure!(late["nothing_new"] == json!(true), "{late}");

    // What left was recorded as it is over the network.
    house.text("us/kinshasa", &["fetch"])?;
    let served = house.json("us/kinshasa", &["served", &entry])?;
    let desks = served["served"].as_array().context("served")?;
    let found = desks.iter().find(|it| it["desk"] == json!(DESK)).context("the desk")?;
    ensure!(found["served_at"].is_string(), "{served}");
    Ok(())
}

#[test]
fn a_connected_desk_of_the_same_rooms_carries_a_letter_without_the_operator() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    let (letter, answer) = (house.arg("drc.letter"), house.arg("drc.answer"));
    house.text(DESK, &["courier", "out", &letter])?;
    let said = house.json("drc/delegation", &["courier", "carry", &letter, &answer])?;
    documented("courier carry", &said)?;
    ensure!(said["units"].as_array().is_some_and(|all| all.len() == 2), "{said}");
    let came = house.json(DESK, &["courier", "in", &answer])?;
    ensure!(came["settled"][0]["entries"][0].is_string(), "{came}");
    ensure!(house.json(DESK, &["courier", "list"])?["waiting"] == json!([]), "something still waits");

    // A desk of another party is in the plenary only, and says so of the rest.
    let path = house.write("papers/boats.md", CONCERN)?;
    house.json(DESK, &["--courier", "write", "concern", &path])?;
    let (letter, answer) = (house.arg("other.letter"), house.arg("other.answer"));
    house.text(DESK, &["courier", "out", &letter])?;
    let said = house.json("rwanda/liaison", &["courier", "carry", &letter, &answer])?;
    ensure!(said["units"][0]["refused"]["reason"] == json!("NOT_CARRIED"), "{said}");
    let rooms: Vec<_> =
        said["rooms"].as_array().context("rooms")?.iter().map(|it| it["room"].clone()).collect();
    ensure!(rooms == [json!("plenary")], "{said}");
    let came = house.json(DESK, &["courier", "in", &answer])?;
    ensure!(came["settled"][0]["refused"]["reason"] == json!("NOT_CARRIED"), "{came}");
    let next = house.json(DESK, &["courier", "out", &house.arg("next.letter")])?;
    ensure!(next["units"].as_array().is_some_and(|all| all.len() == 1), "{next}");
    Ok(())
}

#[test]
fn a_mediator_without_a_network_gives_the_last_signature_and_attachments_stay_behind() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "boats-seen.md", BRIEFING)?;
    let proposal = house.propose("us/kinshasa", &[&briefing, "--portions", "1", "--to", "drc"])?;
    house.text("us/washington", &["fetch"])?;
    house.point(&house.desk("us/washington"), "127.0.0.1:1".parse()?)?;
    let next = house.next(DESK, "drc")?;
    let said = house.json("us/washington", &["--courier", "approve", &proposal])?;
    ensure!(said["waiting"]["rooms"] == json!(["chamber", "drc"]), "{said}");
    ensure!(house.next(DESK, "drc")? == next, "something was sent");

    let (letter, answer) = (house.arg("us.letter"), house.arg("us.answer"));
    house.text("us/washington", &["courier", "out", &letter])?;
    let told = house.tearlined(&["courier", &letter, &answer])?.done()?;
    ensure!(told.contains("entered as chamber#") && told.contains(&next), "{told}");
    house.text(DESK, &["fetch"])?;
    ensure!(house.text(DESK, &["read", &next])?.contains("The boats carry fuel."), "it was not released");
    let came = house.json("us/washington", &["courier", "in", &answer])?;
    ensure!(came["settled"][0]["entries"][1] == json!(next), "{came}");

    // A proposal of its own; then it is dropped.
    let path = house.write("papers/note.md", "---\nsubject: Boats\n---\n\nThey were fishermen.\n")?;
    let note = ["--courier", "write", "note", &path, "--to", "drc"];
    let said = house.json("us/washington", &note)?;
    ensure!(said["waiting"]["rooms"] == json!(["chamber"]), "{said}");
    let dropped = house.json("us/washington", &["courier", "drop", "1"])?;
    documented("courier drop", &dropped)?;
    let refused = house.refused("us/washington", &["courier", "drop", "1"])?;
    ensure!(refused.contains("tearline courier list"), "{refused}");
    let refused = house.refused("us/washington", &[&note[..], &["--attach", &path]].concat())?;
    ensure!(refused.contains("attachments do not go by courier"), "{refused}");
    let refused = house.refused("us/washington", &["--courier", "verify"])?;
    ensure!(refused.contains("this needs the server"), "{refused}");
    Ok(())
}

#[test]
fn a_damaged_answer_is_refused_as_a_whole_and_leaves_no_trace() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    let answer = round(&house, "good")?;
    let good = fs::read(&answer)?;
    let had = files(&house.desk(DESK))?;
    let last = good.len() - 1;
    let mut broken = vec![Vec::new(), good[..last].to_vec(), [&good[..], &[0]].concat(), good.repeat(2)];
    for part in 1..8 {
        let mut flipped = good.clone();
        flipped[last * part / 8] ^= 0x10;
        broken.push(flipped);
        broken.push(good[..last * part / 8].to_vec());
    }
    let mut long = good[..19].to_vec();
    long.extend_from_slice(&u32::MAX.to_be_bytes());
    broken.push(long);
    let parts = Answer::read(answer.as_ref())?;
    let mut reordered = parts.clone();
    reordered.rooms.reverse();
    broken.push(reordered.bytes());
    let mut doubled = parts.clone();
    doubled.outcomes.push(doubled.outcomes[0].clone());
    broken.push(doubled.bytes());
    for (number, bytes) in broken.iter().enumerate() {
        let path = house.write("broken.answer", bytes)?;
        let refused = house.refused(DESK, &["courier", "in", &path])?;
        ensure!(refused.contains("broken.answer: "), "{number}: {refused}");
        ensure!(files(&house.desk(DESK))? == had, "{number} left a trace: {refused}");
    }
    // The letter is no answer, and the answer is no letter.
    let refused = house.refused(DESK, &["courier", "in", &house.arg("good.letter")])?;
    ensure!(refused.contains("no answer that a courier carries"), "{refused}");
    let letter = fs::read(house.path("good.letter"))?;
    for bytes in [letter[..letter.len() - 1].to_vec(), [&letter[..], b"x"].concat(), good.clone()] {
        house.write("broken.letter", bytes)?;
        let (letter, answer) = (house.arg("broken.letter"), house.arg("no.answer"));
        let refused = house.tearlined(&["courier", &letter, &answer])?.refused(1)?;
        ensure!(refused.contains("Nothing of it was entered."), "{refused}");
        ensure!(
            !house.path("no.answer").exists() && !house.path("no.part").exists(),
            "half an answer is there"
        );
    }
    // Unharmed, it is taken.
    house.text(DESK, &["courier", "in", &answer])?;
    Ok(())
}

#[test]
fn an_answer_is_for_one_desk_and_holds_nothing_of_a_room_that_it_is_not_in() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    let answer = round(&house, "good")?;
    let parts = Answer::read(answer.as_ref())?;
    let names: Vec<&str> = parts.rooms.iter().map(|(room, _)| room.name.as_str()).collect();
    ensure!(names.len() == 2 && names.contains(&"drc") && names.contains(&"plenary"), "{names:?}");
    let bytes = fs::read(&answer)?;
    for other in ["chamber", "access/", "rwanda/"] {
        let inside = bytes.windows(other.len()).any(|part| part == other.as_bytes());
        // In the plenary both sides see each other's desks.
        ensure!(!inside || other == "rwanda/", "the answer tells of {other}");
    }
    let had = files(&house.desk("drc/delegation"))?;
    let refused = house.refused("drc/delegation", &["courier", "in", &answer])?;
    ensure!(refused.contains("party/drc/liaison") && refused.contains("bring it there"), "{refused}");
    ensure!(files(&house.desk("drc/delegation"))? == had, "it left a trace");

    // An answer, or a letter, of another instance.
    let mut other = parts.clone();
    other.begin.domain = "nile.example".parse()?;
    other.begin.member = "spiffe://nile.example/party/drc/liaison".parse()?;
    let path = house.write("nile.answer", other.bytes())?;
    let had = files(&house.desk(DESK))?;
    let refused = house.refused(DESK, &["courier", "in", &path])?;
    ensure!(refused.contains("nile.example"), "{refused}");
    ensure!(files(&house.desk(DESK))? == had, "it left a trace");

    // A letter that somebody else signed for the desk opens nothing.
    let key = SigningKey::from_seed(&[7; 32]);
    let rooms: Vec<Held> =
        parts.rooms.iter().map(|(room, _)| Held { room: room.room, size: 0, from: 0 }).collect();
    let certificates = Letter::parse(&fs::read(house.path("good.letter"))?)?.sender.certificates;
    let sender = |begin: &Begin| Sender {
        domain: begin.domain.clone(),
        member: begin.member.clone(),
        written_at: begin.written_at,
        certificates: certificates.clone(),
    };
    for (begin, why) in [(&parts.begin, "key that signed the letter"), (&other.begin, "take it there")] {
        let forged = house.write("forged.letter", Letter::write(&sender(begin), &rooms, &[], &key)?)?;
        let refused = house.tearlined(&["courier", &forged, &house.arg("forged.answer")])?.refused(1)?;
        ensure!(refused.contains(why), "{refused}");
        ensure!(!house.path("forged.answer").exists(), "it was answered");
    }
    let forged = house.write("forged.letter", Letter::write(&sender(&parts.begin), &rooms, &[], &key)?)?;
    let carry = ["courier", "carry", &forged, &house.arg("forged.answer")];
    let refused = house.refused("us/kinshasa", &carry)?;
    ensure!(refused.contains("key that signed the letter"), "{refused}");
    Ok(())
}

#[test]
fn a_carrier_who_lies_is_caught_as_a_server_is() -> Result<()> {
    let house = House::kivu()?;
    release(&house)?;
    house.text(DESK, &["fetch"])?;
    let entry = release(&house)?;
    cut_off(&house)?;
    // From the first entry on, as a desk that has lost everything asks for it.
    let answer = round(&house, "good")?;
    let good = Answer::read(answer.as_ref())?;
    let config = Config::load(&house.path("server/tearlined.toml"))?;
    let key = LogKey::load(&config.log_key, &config.domain)?;
    let all = whole(&house)?;
    let had = size(&house, "drc")?;

    let caught = |name: &str, lie: &Answer, kind: &str| -> Result<()> {
        let path = house.write(&format!("{name}.answer"), lie.bytes())?;
        let desk = house.desk(DESK);
        let before = files(&desk.join("rooms"))?;
        let evidence = fs::read_dir(desk.join("evidence"))?.count();
        let message = house.run(DESK, &["courier", "in", &path])?.refused(3)?;
        ensure!(message.contains("Evidence: "), "{name}: {message}");
        ensure!(fs::read_dir(desk.join("evidence"))?.count() > evidence, "{name}: no evidence");
        ensure!(message.contains(&format!("-{kind}")), "{name}: {message}");
        ensure!(files(&desk.join("rooms"))? == before, "{name}: something of it was kept");
        ensure!(!desk.join("arriving.answer").exists() && !desk.join("arrived.answer").exists(), "{name}");
        Ok(())
    };

    // A new entry with another content, with a changed byte, left out, and twice.
    let mut lie = good.clone();
    let last = lie.room("drc")?.1.last_mut().context("an entry")?;
    last.content = Some(b"other".to_vec().into());
    caught("content", &lie, "wrong-content")?;
    let mut lie = good.clone();
    let last = lie.room("drc")?.1.last_mut().context("an entry")?;
    let mut bytes = last.entry.to_vec();
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    last.entry = bytes.into();
    caught("byte", &lie, "rule-broken")?;
    let mut lie = good.clone();
    lie.room("drc")?.1.pop();
    caught("dropped", &lie, "not-covered")?;
    // An older tree than the letter told of.
    let mut lie = all.clone();
    lie.begin.letter = good.begin.letter;
    lie.room("drc")?.1.truncate(usize::try_from(had)? - 1);
    lie.sign("drc", &key)?;
    caught("older", &lie, "shrunk")?;
    // Two trees: the last known entry is another, and the log's key signs for it.
    let mut lie = all.clone();
    let entries = &mut lie.room("drc")?.1;
    let other = entries[usize::try_from(had)?].clone();
    entries.truncate(usize::try_from(had)? - 1);
    entries.push(other);
    lie.sign("drc", &key)?;
    caught("two", &lie, "altered")?;
    let proved = house.desk(DESK).join("evidence");
    let file = fs::read_dir(proved)?
        .filter_map(Result::ok)
        .find(|it| it.file_name().to_string_lossy().contains("altered"));
    let file = file.context("evidence")?.path().display().to_string();
    let judged = house.json("us/kinshasa", &["check-proof", &file])?;
    ensure!(judged["contradiction"].is_string(), "{judged}");
    // A checkpoint by another key.
    let mut lie = good.clone();
    lie.room("drc")?.0.checkpoint = lie.room("plenary")?.0.checkpoint.clone();
    caught("key", &lie, "bad-checkpoint")?;

    // A room of its own making.
    let mut lie = all.clone();
    let (mut room, entries) = lie.room("drc")?.clone();
    room.name = "refuge".parse()?;
    lie.rooms.retain(|(it, _)| it.name.as_str() != "drc");
    lie.rooms.push((room, entries));
    lie.rooms.sort_by_key(|(room, _)| room.room);
    caught("room", &lie, "other-room")?;

    // The truth is still taken.
    house.text(DESK, &["courier", "in", &answer])?;
    ensure!(house.text(DESK, &["read", &entry])?.contains("The boats carry fuel."), "it cannot be read");
    Ok(())
}

/// The answer to a letter of the desk as if it had nothing yet.
fn whole(house: &House) -> Result<Answer> {
    let desk = house.desk(DESK);
    let (rooms, aside) = (desk.join("rooms"), desk.join("aside"));
    fs::rename(&rooms, &aside)?;
    fs::create_dir(&rooms)?;
    let answer = round(house, "whole")?;
    fs::remove_dir_all(&rooms)?;
    fs::rename(&aside, &rooms)?;
    Answer::read(answer.as_ref())
}

#[test]
fn false_receipts_are_caught_and_a_refusal_is_only_a_word() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    let answer = round(&house, "good")?;
    let good = Answer::read(answer.as_ref())?;
    // The receipt of one statement for another.
    let mut lie = good.clone();
    let other = lie.outcomes[1].result.clone();
    lie.outcomes[0].result = other;
    let path = house.write("false.answer", lie.bytes())?;
    let message = house.run(DESK, &["courier", "in", &path])?.refused(3)?;
    ensure!(message.contains("is false"), "{message}");
    let waiting = house.json(DESK, &["courier", "list"])?;
    ensure!(waiting["waiting"].as_array().is_some_and(|all| all.len() == 2), "{waiting}");
    // A refusal proves nothing: what was refused is kept, with its text, and not sent again unasked.
    let mut refused = good.clone();
    refused.outcomes[0].result = Err(Refusal::new("BASIS_TOO_OLD", "the basis is too old"));
    let path = house.write("refused.answer", refused.bytes())?;
    let text = house.text(DESK, &["courier", "in", &path])?;
    ensure!(text.contains("NOT entered") && text.contains("write it again from draft"), "{text}");
    let out = house.json(DESK, &["courier", "out", &house.arg("next.letter")])?;
    ensure!(out["units"] == json!([]) && out["refused"] == json!(1), "{out}");
    // The true answer still proves that it was entered.
    house.text(DESK, &["courier", "in", &answer])?;
    ensure!(house.json(DESK, &["courier", "list"])?["waiting"] == json!([]), "something still waits");
    Ok(())
}

#[test]
fn a_desk_that_has_nothing_yet_gets_its_rooms_by_its_first_answer() -> Result<()> {
    let house = House::kivu()?;
    house.text(DESK, &["fetch"])?;
    let after = [size(&house, "drc")?, size(&house, "plenary")?];
    cut_off(&house)?;
    // As after `join`: one room is trusted by its id, and the other is not known.
    let (desk, profile) = (house.desk(DESK), house.desk(DESK).join("profile.toml"));
    fs::remove_dir_all(desk.join("rooms"))?;
    fs::create_dir(desk.join("rooms"))?;
    let text = fs::read_to_string(&profile)?;
    let rooms: Vec<&str> = text.split("[[rooms]]").collect();
    let own = rooms.iter().find(|it| it.contains("\"drc\"")).context("its own room")?;
    let own = own.lines().filter(|line| !line.starts_with("name")).collect::<Vec<_>>().join("\n");
    fs::write(&profile, format!("{}[[rooms]]{own}\n", rooms[0]))?;
    let answer = round(&house, "first")?;
    house.text(DESK, &["courier", "in", &answer])?;
    ensure!([size(&house, "drc")?, size(&house, "plenary")?] == after, "something did not come");
    house.text(DESK, &["inbox"])?;
    Ok(())
}

#[test]
fn a_crash_while_an_answer_is_taken_in_leaves_all_of_it_or_nothing() -> Result<()> {
    let house = House::kivu()?;
    write_two(&house)?;
    release(&house)?;
    let answer = round(&house, "good")?;
    let before = [size(&house, "drc")?, size(&house, "plenary")?];
    let desk = house.desk(DESK);
    let spare = house.path("spare");
    copy(&desk, &spare)?;
    house.text(DESK, &["courier", "in", &answer])?;
    let after = [size(&house, "drc")?, size(&house, "plenary")?];
    ensure!(after[0] > before[0], "nothing came");
    let (mut nothing, mut all) = (0, 0);
    for step in 0..24_u64 {
        fs::remove_dir_all(&desk)?;
        copy(&spare, &desk)?;
        let mut child =
            house.tearline(DESK, &["courier", "in", &answer])?.stdout(std::process::Stdio::null()).spawn()?;
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(step * step / 2) && child.try_wait()?.is_none() {
            std::thread::yield_now();
        }
        child.kill()?;
        child.wait()?;
        let found = [size(&house, "drc")?, size(&house, "plenary")?];
        let waiting = house.json(DESK, &["courier", "list"])?["waiting"].as_array().map_or(0, Vec::len);
        match (found == before, found == after) {
            (true, _) if waiting == 2 => nothing += 1,
            (_, true) if waiting == 0 => all += 1,
            _ => panic!("half of it was taken in: {found:?}, {waiting} wait"),
        }
    }
    ensure!(nothing > 0, "no crash came early enough");
    // What passed its trial is taken in by whatever command comes next.
    fs::remove_dir_all(&desk)?;
    copy(&spare, &desk)?;
    fs::copy(&answer, desk.join("arrived.answer"))?;
    ensure!([size(&house, "drc")?, size(&house, "plenary")?] == after, "it was not finished");
    ensure!(!desk.join("arrived.answer").exists(), "it is still there");
    println!("{nothing} crashes left nothing, {all} left all");
    Ok(())
}
