//! Entries and contents that are not what was signed, not where they were, or not there.

use anyhow::{Result, ensure};

use crate::scene::{Scene, exhibits, index};

const READER: &str = "drc/liaison";

fn flip(bytes: &bytes::Bytes) -> bytes::Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes.into()
}

#[test]
fn a_liar_that_tells_the_truth_is_believed() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.home().text(READER, &["fetch"])?;
    let read = scene.home().text(READER, &["read", &scene.new[0]])?;
    ensure!(read.contains("About 30 vehicles"), "{read}");
    scene.home().text(READER, &["verify"])?;
    let all = Scene::new()?;
    all.home().text("un/monitor-2", &["fetch"])?;
    all.home().text("un/monitor-2", &["verify", "--all"])?;
    Ok(())
}

#[test]
fn a_new_entry_that_was_changed_is_refused_and_what_was_there_stays() -> Result<()> {
    let scene = Scene::of_drc()?;
    let before = scene.size(READER, "drc")?;
    let at = index(&scene.new[0])?;
    scene.lies().change("drc", |log| log.rows[at].entry = flip(&log.rows[at].entry))?;
    let said = scene.home().run(READER, &["fetch"])?.refused(3)?;
    ensure!(said.contains(&scene.new[0]), "{said}");
    ensure!(scene.size(READER, "drc")? == before, "the entry was kept");
    scene.home().text(READER, &["read", "drc#4"])?;
    Ok(())
}

#[test]
fn an_old_entry_that_was_changed_is_named_and_both_are_kept() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().change("drc", |log| log.rows[4].entry = flip(&log.rows[4].entry))?;
    // The checkpoint of the new tree contradicts what this desk holds; so it asks which entry it is.
    let evidence = scene.caught(READER, &["fetch"], "altered", &["drc#4 was altered"])?;
    ensure!(exhibits(&evidence, "checkpoint")? >= 2, "{evidence}");
    let evidence = scene.caught(READER, &["verify"], "altered", &["drc#4 was altered"])?;
    // Both entries, and the proof that each is under a checkpoint.
    ensure!(exhibits(&evidence, "entry")? == 2 && exhibits(&evidence, "proof")? == 2, "{evidence}");
    Ok(())
}

#[test]
fn an_entry_left_out_is_missed_by_those_that_were_made_upon_it() -> Result<()> {
    let scene = Scene::of_drc()?;
    let at = index(&scene.new[0])?;
    scene.lies().change("drc", |log| drop(log.rows.remove(at)))?;
    scene.caught(READER, &["fetch"], "rule-broken", &[&scene.new[0], "basis"])?;
    Ok(())
}

#[test]
fn a_tail_left_out_is_missed_by_its_checkpoint_or_by_the_cut() -> Result<()> {
    let scene = Scene::of_drc()?;
    scene.lies().log("drc")?.cut(1);
    scene.caught(READER, &["fetch"], "not-covered", &["drc"])?;
    // Signed anew, it is a log in which that release was not made yet: a cut of all rooms shows it.
    let scene = Scene::new()?;
    scene.lies().change("drc", |log| log.cut(1))?;
    scene.caught("un/monitor-2", &["verify", "--all"], "across-rooms", &["chamber#", "half of a release"])?;
    Ok(())
}

#[test]
fn entries_in_another_order_are_refused() -> Result<()> {
    let scene = Scene::of_drc()?;
    let at = index(&scene.new[0])?;
    scene.lies().log("drc")?.rows.swap(at, at + 1);
    scene.caught(READER, &["fetch"], "rule-broken", &[&scene.new[0], "basis"])?;
    // Moved among entries that this desk has, and signed anew.
    scene.lies().change("drc", |log| log.rows.swap(3, 4))?;
    scene.home().run(READER, &["fetch"])?.refused(3)?;
    scene.home().run(READER, &["verify"])?.refused(3)?;
    Ok(())
}

#[test]
fn an_entry_twice_breaks_a_rule() -> Result<()> {
    let scene = Scene::of_drc()?;
    let at = index(&scene.new[0])?;
    scene.lies().change("drc", |log| log.rows.insert(at, log.rows[at].clone()))?;
    let named = format!("drc#{}", at + 1);
    let evidence = scene.caught(READER, &["fetch"], "rule-broken", &[&named])?;
    ensure!(exhibits(&evidence, "entry")? == 1, "{evidence}");
    Ok(())
}

#[test]
fn content_of_another_entry_is_refused() -> Result<()> {
    let scene = Scene::of_drc()?;
    let at = index(&scene.new[0])?;
    {
        let mut lies = scene.lies();
        let log = lies.log("drc")?;
        let other = log.rows[4].content.clone();
        log.rows[at].content = other;
    }
    scene.caught(READER, &["fetch"], "wrong-content", &[&scene.new[0]])?;
    Ok(())
}

#[test]
fn content_that_is_neither_recalled_nor_expired_is_withheld() -> Result<()> {
    let scene = Scene::of_drc()?;
    let at = index(&scene.new[0])?;
    scene.lies().log("drc")?.rows[at].content = None;
    let said = scene.caught(READER, &["fetch"], "withheld", &[&scene.new[0], "neither recalled nor"])?;
    ensure!(said.contains("withholds"), "{said}");
    // The entry itself is true, and says that there is something.
    let inbox = scene.home().run(READER, &["read", &scene.new[0]])?;
    ensure!(inbox.code != 0, "{}", inbox.out);
    Ok(())
}

#[test]
fn another_rooms_log_is_not_taken_for_the_one_that_was_asked_for() -> Result<()> {
    let scene = Scene::new()?;
    scene.lies().answers_for = Some(("drc".to_owned(), "plenary".to_owned()));
    let said = scene.home().run("un/monitor-2", &["verify"])?.refused(3)?;
    ensure!(said.contains("drc"), "{said}");
    Ok(())
}
