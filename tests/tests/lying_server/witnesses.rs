//! Witnesses that lie, and servers that lie about witnesses; and what the evidence of it proves to anyone.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_client::{desk::now, witness::Cosigner};
use tearline_ledger::{
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    cosign,
    digest::Digest,
    entry::Entry,
    keys::SigningKey,
    merkle::TreeSize,
};
use tearline_tests::{cli::said::Said, liar::Lies};

use crate::scene::{Scene, evidence_of};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

/// The log's own checkpoint of a room as it stands.
pub(crate) fn true_checkpoint(lies: &mut Lies, room: &str) -> Result<SignedCheckpoint> {
    let tree = lies.log(room)?.tree();
    signed(lies, room, tree.size().0, tree.root())
}

/// Whatever the log's key signs for a room.
pub(crate) fn signed(lies: &mut Lies, name: &str, size: u64, root: Digest) -> Result<SignedCheckpoint> {
    let origin = Origin::new(lies.key.domain().clone(), lies.log(name)?.room.0);
    Ok(Checkpoint { origin, size: TreeSize(size), root }.sign(&lies.key)?)
}

/// The line by which this key cosigns, under a desk's name.
pub(crate) fn line(checkpoint: &SignedCheckpoint, name: &str, key: &SigningKey, at: u64) -> Result<String> {
    Ok(format!("{}\n", cosign::cosign(checkpoint, &name.parse()?, &Cosigner(key), at)?))
}

pub(crate) fn key(scene: &Scene, desk: &str) -> Result<SigningKey> {
    let seed = scene.desk(desk)?.vault()?.sign_key().seed();
    Ok(SigningKey::from_seed(&seed))
}

/// Serves the true checkpoint of drc with this line added.
fn serve(scene: &Scene, line: &str) -> Result<()> {
    let mut lies = scene.lies();
    let checkpoint = true_checkpoint(&mut lies, "drc")?;
    let note = String::from_utf8(checkpoint.to_bytes())? + line;
    lies.log("drc")?.checkpoint = note.into();
    Ok(())
}

/// `check-proof` of a file of evidence by nobody in particular.
pub(crate) fn check(scene: &Scene, file: &str, json: bool) -> Result<Said> {
    let mut command = scene.home().command(&["check-proof", file])?;
    if json {
        command.arg("--json");
    }
    Said::of(command)
}

fn proven(scene: &Scene, alarm: &str, contradiction: &str) -> Result<(Value, String)> {
    let (path, _) = evidence_of(scene, READER, alarm)?;
    let file = path.display().to_string();
    let verdict: Value = serde_json::from_str(&check(scene, &file, true)?.done()?)?;
    ensure!(verdict["ok"] == true && verdict["contradiction"] == contradiction, "{verdict}");
    let text = check(scene, &file, false)?.done()?;
    tearline_tests::cli::screen::shows("check-proof", &text, &["its founding charter is here", "PROVEN: "])?;
    Ok((verdict, file))
}

#[test]
fn a_cosignature_of_another_root_or_room_or_time_is_caught_and_its_witness_named() -> Result<()> {
    let scene = Scene::of_drc()?;
    let monitor = key(&scene, MONITOR)?;
    let true_one = true_checkpoint(&mut scene.lies(), "drc")?;
    let good = line(&true_one, MONITOR, &monitor, now())?;
    serve(&scene, &good)?;
    scene.home().text(READER, &["fetch"])?;
    let inbox = scene.home().text(READER, &["inbox"])?;
    ensure!(inbox.contains("witnessed by un/monitor-1 (just now)"), "{inbox}");

    let size = true_one.size().0;
    let another_root = signed(&mut scene.lies(), "drc", size, Digest::of(b"another root"))?;
    let of_plenary = true_checkpoint(&mut scene.lies(), "plenary")?;
    for other in [another_root, of_plenary] {
        serve(&scene, &line(&other, MONITOR, &monitor, now())?)?;
        let words = ["drc", "un/monitor-1", "does not fit"];
        scene.caught(READER, &["fetch"], "bad-cosignature", &words)?;
    }
    serve(&scene, &line(&true_one, MONITOR, &monitor, now() + 3600)?)?;
    scene.caught(READER, &["fetch"], "cosigned-ahead", &["drc", "un/monitor-1", "seconds after now"])?;
    // None of it was believed, nor what was known before forgotten.
    let inbox = scene.home().text(READER, &["inbox"])?;
    ensure!(inbox.contains("witnessed by un/monitor-1 (just now)"), "{inbox}");
    let (path, _) = evidence_of(&scene, READER, "bad-cosignature")?;
    let refused = check(&scene, &path.display().to_string(), false)?.refused(3)?;
    ensure!(refused.contains("no contradiction is proven"), "{refused}");
    Ok(())
}

#[test]
fn a_cosignature_by_a_key_that_no_charter_gives_that_witness_counts_for_nothing() -> Result<()> {
    let scene = Scene::of_drc()?;
    let true_one = true_checkpoint(&mut scene.lies(), "drc")?;
    serve(&scene, &line(&true_one, MONITOR, &SigningKey::from_seed(&[7; 32]), now())?)?;
    scene.home().text(READER, &["fetch"])?;
    let inbox = scene.home().text(READER, &["inbox"])?;
    ensure!(inbox.contains("witnessed by nobody"), "{inbox}");
    scene.home().text(READER, &["policy", "--witnesses", "1", "--unmet", "refuse"])?;
    for args in [&["fetch"][..], &["inbox"], &["read", "drc#4"]] {
        let refused = scene.home().run(READER, args)?.refused(3)?;
        ensure!(refused.contains("have not confirmed drc"), "{args:?}: {refused}");
    }
    Ok(())
}

#[test]
fn two_witnesses_that_confirm_different_histories_give_the_server_away() -> Result<()> {
    let scene = Scene::of_drc()?;
    let true_one = true_checkpoint(&mut scene.lies(), "drc")?;
    let size = true_one.size().0;
    let other = signed(&mut scene.lies(), "drc", size, Digest::of(b"what the other saw"))?;
    serve(&scene, &line(&true_one, MONITOR, &key(&scene, MONITOR)?, now())?)?;
    let second = line(&other, "un/monitor-2", &key(&scene, "un/monitor-2")?, now())?;
    let first_too = line(&other, MONITOR, &key(&scene, MONITOR)?, now())?;
    let note = String::from_utf8(other.to_bytes())? + &second + &first_too;
    scene.lies().log("drc")?.cosigned = vec![note.into()];
    scene.caught(READER, &["fetch"], "forked", &["two different histories of drc", &size.to_string()])?;
    let (verdict, _) = proven(&scene, "forked", "two-roots")?;
    ensure!(verdict["cosigned_both"][0] == MONITOR, "{verdict}");
    ensure!(verdict["checkpoints"].as_array().is_some_and(|all| all.len() == 2), "{verdict}");
    Ok(())
}

#[test]
fn a_beginning_that_is_none_is_proven_by_the_file_alone() -> Result<()> {
    let scene = Scene::of_drc()?;
    for size in [4, 5] {
        // At a power of two the older root is the proof's own beginning.
        let other = signed(&mut scene.lies(), "drc", size, Digest::of(b"another beginning"))?;
        let note =
            String::from_utf8(other.to_bytes())? + &line(&other, MONITOR, &key(&scene, MONITOR)?, now())?;
        scene.lies().log("drc")?.cosigned = vec![note.into()];
        scene.caught(READER, &["fetch"], "forked", &["two different histories of drc", &size.to_string()])?;
        let (verdict, file) = proven(&scene, "forked", "not-a-beginning")?;
        ensure!(verdict["checkpoints"][0]["size"] == size, "{verdict}");
        std::fs::remove_file(file)?;
    }
    Ok(())
}

#[test]
fn an_altered_entry_is_proven_by_both_entries_under_both_checkpoints() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().change("drc", |log| log.rows[4] = log.rows[3].clone())?;
    scene.caught(READER, &["fetch"], "altered", &["drc#4 was altered"])?;
    let (verdict, file) = proven(&scene, "altered", "two-entries")?;
    ensure!(verdict["proven"].as_str().is_some_and(|it| it.contains("as drc#4")), "{verdict}");
    doctored_files_pass_for_nothing(&scene, &file)
}

/// Whatever is changed in a file that proves something, it proves nothing, or still the same.
fn doctored_files_pass_for_nothing(scene: &Scene, file: &str) -> Result<()> {
    let good: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let judged = |name: &str, change: &dyn Fn(&mut Value)| -> Result<String> {
        let mut bad = good.clone();
        change(&mut bad);
        ensure!(bad != good, "{name} changes nothing");
        let path = scene.home().write("doctored.tearline", serde_json::to_vec(&bad)?)?;
        check(scene, &path, false)?.refused(3)
    };
    let exhibits = good["exhibits"].as_array().context("exhibits")?;
    let of = |kind: &str| (0..exhibits.len()).filter(|at| exhibits[*at]["kind"] == kind).collect::<Vec<_>>();
    judged("no charters", &|bad| bad["charters"] = Value::Array(Vec::new()))?;
    judged("another room", &|bad| bad["room_id"] = "11".repeat(32).into())?;
    judged("a charter that is an entry", &|bad| {
        bad["charters"][0]["entry"] = exhibits[of("entry")[0]]["entry"].clone();
    })?;
    judged("a founding that was changed", &|bad| {
        let entry = bad["charters"][0]["entry"].as_str().map(str::to_owned).unwrap_or_default();
        let middle = entry.len() / 2;
        let digit = if &entry[middle..=middle] == "0" { "1" } else { "0" };
        bad["charters"][0]["entry"] = format!("{}{digit}{}", &entry[..middle], &entry[middle + 1..]).into();
    })?;
    for kind in ["entry", "checkpoint", "proof"] {
        let said = judged(kind, &|bad| {
            let kept = exhibits.iter().filter(|it| it["kind"] != kind).cloned().collect();
            bad["exhibits"] = Value::Array(kept);
        })?;
        ensure!(said.contains("no contradiction is proven"), "{kind}: {said}");
    }
    judged("entries moved", &|bad| {
        for at in of("entry") {
            bad["exhibits"][at]["index"] = 3.into();
        }
    })?;
    judged("checkpoints of another size", &|bad| {
        for at in of("checkpoint") {
            let note = bad["exhibits"][at]["note"].as_str().unwrap_or_default().to_owned();
            let mut lines: Vec<&str> = note.split('\n').collect();
            lines[1] = "99";
            bad["exhibits"][at]["note"] = lines.join("\n").into();
        }
    })?;
    // Two files of one room: an honest checkpoint twice is no contradiction.
    judged("one checkpoint twice", &|bad| {
        let one = exhibits[of("checkpoint")[0]].clone();
        bad["exhibits"] = Value::Array(vec![one.clone(), one]);
    })?;
    let path = scene.home().write("cut.tearline", &std::fs::read(file)?[..400])?;
    check(scene, &path, false)?.refused(1)?;
    Ok(())
}

#[test]
fn evidence_of_what_leaves_no_signature_says_that_it_proves_nothing() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().change("drc", |log| log.cut(4))?;
    scene.caught(READER, &["fetch"], "shrunk", &["drc"])?;
    let (path, _) = evidence_of(&scene, READER, "shrunk")?;
    let refused = check(&scene, &path.display().to_string(), false)?.refused(3)?;
    ensure!(refused.contains("every log was shorter once"), "{refused}");
    Ok(())
}

#[test]
fn an_auditor_is_shown_two_roots_and_cosigns_one_even_with_its_copy_gone() -> Result<()> {
    let scene = Scene::new()?;
    let mut one = scene.home().tearline(MONITOR, &["cosign", "--json"])?;
    let cosigned: Value = serde_json::from_str(&Said::of(one)?.done()?)?;
    ensure!(cosigned["cosigned"].as_array().is_some_and(|all| all.len() >= 6), "{cosigned}");
    let before = scene.lies().handed.len();
    let drc = scene.lies().log("drc")?.room;
    // Another history of the same length that breaks no rule: nobody signs the time of acceptance.
    let other_time = |add: u64| -> Result<()> {
        let mut lies = scene.lies();
        let last = lies.log("drc")?.rows.last_mut().context("an entry")?;
        let entry = Entry::parse(last.entry.clone())?;
        let statement = entry.statement().context("a statement")?.clone();
        last.entry = Entry::of_statement(entry.accepted_at() + add, statement).bytes().clone();
        lies.sign("drc")
    };
    other_time(1)?;
    std::fs::remove_dir_all(scene.home().desk(MONITOR).join("rooms").join(drc.to_string()))?;
    one = scene.home().tearline(MONITOR, &["cosign"])?;
    let said = Said::of(one)?;
    ensure!(said.code == 3 && said.out.contains("✗ drc   not cosigned"), "{said:?}");
    let (path, _) = evidence_of(&scene, MONITOR, "forked")?;
    check(&scene, &path.display().to_string(), false)?.done()?;
    let lies = scene.lies();
    ensure!(lies.handed[before..].iter().all(|(room, _)| *room != drc), "it cosigned what contradicts");
    ensure!(lies.handed.len() > before, "other rooms are confirmed all the same");
    Ok(())
}

#[test]
fn an_auditor_does_not_cosign_a_clock_that_runs_ahead() -> Result<()> {
    let scene = Scene::new()?;
    let drc = scene.lies().log("drc")?.room;
    {
        let mut lies = scene.lies();
        let last = lies.log("drc")?.rows.last_mut().context("an entry")?;
        let entry = Entry::parse(last.entry.clone())?;
        let statement = entry.statement().context("a statement")?.clone();
        last.entry = Entry::of_statement(now() + 400, statement).bytes().clone();
        lies.sign("drc")?;
    }
    let said = scene.home().run("un/monitor-2", &["cosign"])?;
    ensure!(said.code == 3 && said.err.contains("clock"), "{said:?}");
    ensure!(scene.lies().handed.iter().all(|(room, _)| *room != drc), "it cosigned drc");
    Ok(())
}

#[test]
fn what_is_cosigned_is_durable_before_the_signature_leaves() -> Result<()> {
    use tearline_tests::liar::Cosigns;
    let scene = Scene::new()?;
    scene.lies().cosigns = Cosigns::Holds;
    let mut cosigning = scene.home().tearline(MONITOR, &["cosign"])?.spawn()?;
    let (room, note) = loop {
        if let Some(first) = scene.lies().handed.first().cloned() {
            break first;
        }
        ensure!(cosigning.try_wait()?.is_none(), "it ended before it sent anything");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    // SIGKILL, before any answer.
    cosigning.kill()?;
    cosigning.wait()?;
    let kept = scene.home().desk(MONITOR).join("cosigned").join(room.to_string());
    let kept: Value = serde_json::from_slice(&std::fs::read(kept)?)?;
    let sent = Checkpoint::parse(tearline_ledger::note::Note::parse(&note)?.unverified_text())?;
    ensure!(kept["size"] == sent.size.0 && kept["root"] == sent.root.to_hex(), "{kept}");
    scene.lies().cosigns = Cosigns::Shows;
    scene.home().text(MONITOR, &["cosign"])?;
    Ok(())
}

#[test]
fn a_second_round_of_cosigning_asks_only_for_what_is_new() -> Result<()> {
    let scene = Scene::new()?;
    scene.home().text(MONITOR, &["cosign"])?;
    scene.lies().reads.clear();
    scene.home().text(MONITOR, &["cosign"])?;
    let lies = scene.lies();
    ensure!(lies.reads.len() >= lies.logs.len(), "it did not look at every room");
    for (room, from) in &lies.reads {
        let log = lies.logs.iter().find(|log| log.room == *room).context("a log")?;
        ensure!(*from == log.rows.len() as u64, "{} was read again from {from}", log.name);
    }
    Ok(())
}
