//! Checkpoints and trees: older, two of one size, another key's, one that does not move.

use anyhow::{Context as _, Result, ensure};
use tearline_server::logkey::LogKey;

use crate::scene::{Scene, exhibits};

const READER: &str = "drc/liaison";

#[test]
fn an_older_tree_is_refused_and_both_checkpoints_are_kept() -> Result<()> {
    let scene = Scene::of_drc()?;
    let had = usize::try_from(scene.size(READER, "drc")?)?;
    scene.lies().change("drc", |log| log.rows.truncate(had - 1))?;
    let shown = (had - 1).to_string();
    let evidence = scene.caught(READER, &["fetch"], "shrunk", &["drc", &had.to_string(), &shown])?;
    ensure!(exhibits(&evidence, "checkpoint")? == 2, "{evidence}");
    ensure!(scene.size(READER, "drc")? == had as u64, "something was forgotten");
    scene.caught(READER, &["verify"], "shrunk", &["drc"])?;
    Ok(())
}

#[test]
fn two_trees_of_one_size_are_a_fork_with_both_signatures_as_evidence() -> Result<()> {
    // As many entries as this desk has, the last of them another.
    let fork = |scene: &Scene, had: usize| {
        scene.lies().change("drc", |log| {
            let other = log.rows[had].clone();
            log.rows.truncate(had - 1);
            log.rows.push(other);
        })
    };
    let scene = Scene::of_drc()?;
    let had = usize::try_from(scene.size(READER, "drc")?)?;
    fork(&scene, had)?;
    let named = format!("drc#{} was altered", had - 1);
    let evidence = scene.caught(READER, &["fetch"], "altered", &[&named])?;
    ensure!(exhibits(&evidence, "checkpoint")? >= 1 && exhibits(&evidence, "entry")? == 2, "{evidence}");

    // One in its list, the other in the log.
    let scene = Scene::of_drc()?;
    let honest = scene.lies().log("drc")?.clone();
    fork(&scene, had)?;
    {
        let mut lies = scene.lies();
        let listed = lies.log("drc")?.checkpoint.clone();
        *lies.log("drc")? = honest;
        lies.change("drc", |log| log.rows.truncate(had))?;
        lies.log("drc")?.listed = Some(listed);
    }
    let size = had.to_string();
    let evidence = scene.caught(READER, &["fetch"], "forked", &["two different histories of drc", &size])?;
    ensure!(exhibits(&evidence, "checkpoint")? == 2, "{evidence}");
    Ok(())
}

#[test]
fn a_checkpoint_by_another_key_proves_nothing() -> Result<()> {
    let scene = Scene::of_drc()?;
    {
        let mut lies = scene.lies();
        let domain = lies.key.domain().clone();
        lies.key = LogKey::generate(&domain)?;
        lies.sign("drc")?;
    }
    scene.caught(READER, &["fetch"], "bad-checkpoint", &["drc"])?;
    Ok(())
}

#[test]
fn a_list_that_promises_more_than_the_log_gives_is_a_lie() -> Result<()> {
    let scene = Scene::of_drc()?;
    let had = usize::try_from(scene.size(READER, "drc")?)?;
    let promised = {
        let mut lies = scene.lies();
        let whole = lies.log("drc")?.clone();
        lies.change("drc", |log| log.rows.truncate(had))?;
        lies.log("drc")?.listed = Some(whole.checkpoint);
        whole.rows.len()
    };
    let words = [format!("drc had {promised}"), format!("now shows {had}")];
    scene.caught(READER, &["fetch"], "shrunk", &words.each_ref().map(String::as_str))?;
    Ok(())
}

#[test]
fn a_room_that_nobody_known_vouches_for_is_not_entered() -> Result<()> {
    let scene = Scene::of_drc()?;
    {
        let mut lies = scene.lies();
        let mut other = lies.log("drc")?.clone();
        other.name = "annexe".to_owned();
        lies.logs.push(other);
    }
    let said = scene.caught(READER, &["fetch"], "other-room", &["known here"])?;
    ensure!(said.contains("annexe") || said.contains("drc"), "{said}");
    let rooms = scene.home().json(READER, &["status"])?;
    let names = rooms["rooms"].as_array().context("rooms")?;
    ensure!(names.iter().all(|room| room["room"] != "annexe"), "{rooms}");
    Ok(())
}
