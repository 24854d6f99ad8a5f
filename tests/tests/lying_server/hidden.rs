//! What is withheld without a contradiction: a room that stands still, a tail that only a witness saw; and access
//! logs, which are held to the same as rooms.

use anyhow::{Result, ensure};
use tearline_client::desk::now;
use tearline_ledger::digest::Digest;

use crate::{
    scene::{Scene, evidence_of},
    witnesses::{check, key, line, signed, true_checkpoint},
};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

#[test]
fn a_room_that_stands_still_is_noticed_by_the_age_of_what_witnesses_confirm() -> Result<()> {
    let scene = Scene::of_drc()?;
    let monitor = key(&scene, MONITOR)?;
    for room in ["drc", "plenary", "access/drc"] {
        let mut lies = scene.lies();
        let checkpoint = true_checkpoint(&mut lies, room)?;
        let note =
            String::from_utf8(checkpoint.to_bytes())? + &line(&checkpoint, MONITOR, &monitor, now() - 7200)?;
        lies.log(room)?.checkpoint = note.into();
    }
    scene.home().text(READER, &["fetch"])?;
    let inbox = scene.home().text(READER, &["inbox"])?;
    ensure!(inbox.contains("No auditor has confirmed this to you for 120 minutes."), "{inbox}");
    scene.home().text(READER, &["policy", "--witnesses", "1", "--unmet", "refuse"])?;
    for args in [&["fetch"][..], &["inbox"], &["read", "drc#4"], &["access"], &["served", "drc#4"]] {
        let said = scene.home().run(READER, args)?.refused(3)?;
        ensure!(said.contains("120 minutes old, more than the 60 allowed here"), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_tail_that_a_witness_was_shown_and_this_reader_was_not_is_missed() -> Result<()> {
    let scene = Scene::of_drc()?;
    let whole = true_checkpoint(&mut scene.lies(), "drc")?;
    let cosigned =
        String::from_utf8(whole.to_bytes())? + &line(&whole, MONITOR, &key(&scene, MONITOR)?, now())?;
    let had = scene.size(READER, "drc")?;
    scene.lies().change("drc", |log| log.rows.truncate(usize::try_from(had).unwrap_or(0)))?;
    scene.lies().log("drc")?.cosigned = vec![cosigned.into()];
    let words = [format!("drc had {}", whole.size().0), format!("now shows {had}")];
    scene.caught(READER, &["fetch"], "shrunk", &words.each_ref().map(String::as_str))?;
    Ok(())
}

#[test]
fn an_access_log_that_is_rewritten_or_falsely_cosigned_is_caught_as_a_room_is() -> Result<()> {
    let scene = Scene::of_drc()?;
    let monitor = key(&scene, MONITOR)?;
    let size = scene.lies().log("access/drc")?.rows.len() as u64;
    ensure!(size > 1, "there is nothing to rewrite");
    scene.home().text(READER, &["fetch"])?;
    let other = signed(&mut scene.lies(), "access/drc", size, Digest::of(b"another root"))?;
    let honest = true_checkpoint(&mut scene.lies(), "access/drc")?;
    let note = String::from_utf8(honest.to_bytes())? + &line(&other, MONITOR, &monitor, now())?;
    scene.lies().log("access/drc")?.checkpoint = note.into();
    scene.caught(READER, &["fetch"], "bad-cosignature", &["access/drc", MONITOR, "does not fit"])?;
    scene.lies().change("access/drc", |log| {
        let first = log.rows[0].clone();
        let last = log.rows.len() - 1;
        log.rows[last] = first;
    })?;
    let named = format!("access/drc#{} was altered", size - 1);
    scene.home().run(READER, &["fetch"])?.refused(3)?;
    scene.caught(READER, &["verify"], "altered", &[&named])?;
    let (path, _) = evidence_of(&scene, READER, "altered")?;
    let text = check(&scene, &path.display().to_string(), false)?.done()?;
    ensure!(text.contains("PROVEN: "), "{text}");
    Ok(())
}
