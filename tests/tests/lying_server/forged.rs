//! Statements that the rules do not admit, entered all the same by a server that has its log key.

use anyhow::{Context as _, Result};
use tearline_client::{compose::PostTerms, desk::now};
use tearline_ledger::{bundle::BundleEntry, content::Content, entry::Entry};
use tearline_proto::v1::{self, content::Kind};

use crate::scene::Scene;

const READER: &str = "drc/liaison";

#[test]
fn a_release_with_one_signature_is_refused_by_whoever_reads_it() -> Result<()> {
    let scene = Scene::new()?;
    // The liar's copy is the newest; so is the mediator's who writes.
    scene.home().text("us/kigali", &["fetch"])?;
    let desk = scene.desk("us/kigali")?;
    let room = desk.room(&"drc".parse()?)?;
    let content = Content::new(v1::Content {
        written_at: now() - now() % 3600,
        precedence: v1::Precedence::Flash.into(),
        subject: "Attack at dawn".to_owned(),
        kind: Some(Kind::Release(v1::Release { note: "By one officer alone.".to_owned() })),
        ..v1::Content::default()
    })?;
    let member = desk.member().clone();
    let draft = room.writer(&member, now())?.post(&room.keys, &content, PostTerms::default())?;
    let sent = draft.sign(desk.vault()?.sign_key())?;
    let entry = Entry::of_statement(now(), sent.signed.clone()).bytes().clone();
    let sealed = sent.content.clone();
    let next = {
        let mut lies = scene.lies();
        lies.show_only(&["drc", "plenary", "access/drc"]);
        lies.change("drc", |log| log.rows.push(BundleEntry { entry, content: sealed }))?;
        lies.log("drc")?.rows.len() - 1
    };
    let named = format!("drc#{next}");
    scene.caught(READER, &["fetch"], "rule-broken", &[&named, "No honest server admits it"])?;
    let inbox = scene.home().text(READER, &["inbox"])?;
    anyhow::ensure!(!inbox.contains("Attack at dawn"), "{inbox}");
    Ok(())
}

#[test]
fn a_recall_that_no_quorum_signed_takes_nothing_back() -> Result<()> {
    let scene = Scene::new()?;
    scene.home().text("us/kigali", &["fetch"])?;
    let desk = scene.desk("us/kigali")?;
    let room = desk.room(&"drc".parse()?)?;
    let at = crate::scene::index(&scene.new[0])?;
    let post = room.replica.resolve(at.try_into()?)?.to_ref();
    let member = desk.member().clone();
    let recall = room.writer(&member, now())?.recall_own(&post)?.sign(desk.vault()?.sign_key())?;
    let entry = Entry::of_statement(now(), recall.signed.clone()).bytes().clone();
    let next = {
        let mut lies = scene.lies();
        lies.show_only(&["drc", "plenary", "access/drc"]);
        lies.change("drc", |log| {
            log.rows[at].content = None;
            log.rows.push(BundleEntry { entry, content: None });
        })?;
        lies.log("drc")?.rows.len() - 1
    };
    let named = format!("drc#{next}");
    scene.caught(READER, &["fetch"], "rule-broken", &[&named, "No honest server admits it"])?;
    Ok(())
}

#[test]
fn an_old_charter_entered_again_breaks_a_rule() -> Result<()> {
    let scene = Scene::of_drc()?;
    let next = {
        let mut lies = scene.lies();
        lies.change("drc", |log| log.rows.push(log.rows[0].clone()))?;
        lies.log("drc")?.rows.len() - 1
    };
    let named = format!("drc#{next}");
    scene.caught(READER, &["fetch"], "rule-broken", &[&named])?;
    Ok(())
}

#[test]
fn half_of_a_joint_release_is_caught_by_the_next_cut() -> Result<()> {
    let scene = Scene::new()?;
    let [_, in_drc, in_rwanda] = scene.new.clone();
    let at = crate::scene::index(&in_rwanda)?;
    scene.lies().change("rwanda", |log| log.rows.truncate(at))?;
    // Each room by itself is in order.
    scene.home().text("rwanda/liaison", &["status"])?;
    for desk in ["un/monitor-2", "un/monitor-1"] {
        let evidence =
            scene.caught(desk, &["verify", "--all"], "across-rooms", &["chamber#", "half of a release"])?;
        let checkpoints = crate::scene::exhibits(&evidence, "checkpoint")?;
        anyhow::ensure!(checkpoints >= 4, "{checkpoints} of the cut's checkpoints are kept");
    }
    // What was entered of it stands: it was signed by both officers.
    anyhow::ensure!(in_drc.starts_with("drc#"), "{in_drc}");
    Ok(())
}

#[test]
fn a_clock_that_runs_ahead_is_warned_of() -> Result<()> {
    let scene = Scene::of_drc()?;
    {
        let mut lies = scene.lies();
        let log = lies.log("drc")?;
        let last = log.rows.last_mut().context("an entry")?;
        let entry = Entry::parse(last.entry.clone())?;
        let signed = entry.statement().context("a statement")?.clone();
        last.entry = Entry::of_statement(now() + 86_400, signed).bytes().clone();
        lies.sign("drc")?;
    }
    let fetched = scene.home().json(READER, &["fetch"])?;
    let warnings = fetched["warnings"].to_string();
    anyhow::ensure!(warnings.contains("clock"), "{fetched}");
    Ok(())
}
