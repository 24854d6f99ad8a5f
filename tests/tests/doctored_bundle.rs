//! A doctored bundle, against the shipped `tearline verify-bundle`: caught with exit code 3, with room, index and rule
//! named. But for three of them, each was written by somebody who has the file's own digest right.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_tests::{cli::said::Said, live::binaries::binary};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/logs")
}

/// Without a profile, a server, a key.
fn verify(bundle: &Path) -> Result<Said> {
    let mut command = Command::new(binary("tearline")?);
    command.arg("verify-bundle").arg(bundle);
    Said::of(command)
}

/// The bundle of this name is refused by this rule, at this place.
fn caught(name: &str, code: &str, place: &str) -> Result<()> {
    let said = verify(&folder().join(format!("{name}.bundle")))?.refused(3)?;
    ensure!(said.contains(&format!("[{code}]")) && said.contains(place), "{name}: {said}");
    Ok(())
}

#[test]
fn a_changed_entry_is_caught() -> Result<()> {
    caught("changed-byte", "BAD_SIGNATURE", "drc#1")
}

#[test]
fn an_entry_that_somebody_else_signed_is_caught() -> Result<()> {
    caught("wrong-signature", "BAD_SIGNATURE", "drc#")
}

#[test]
fn an_entry_by_a_key_of_no_member_is_caught() -> Result<()> {
    caught("unknown-key", "UNKNOWN_KEY", "drc#")
}

#[test]
fn a_dropped_entry_is_caught() -> Result<()> {
    caught("dropped-entry", "BASIS_IN_FUTURE", "drc#1")
}

#[test]
fn a_dropped_tail_is_caught() -> Result<()> {
    caught("dropped-tail", "CHECKPOINT", "drc")
}

#[test]
fn a_doubled_entry_is_caught() -> Result<()> {
    caught("doubled-entry", "REPEATED", "drc#5")
}

#[test]
fn reordered_entries_are_caught() -> Result<()> {
    caught("swapped-entries", "BASIS_IN_FUTURE", "drc#3")
}

#[test]
fn an_entry_that_is_none_is_caught() -> Result<()> {
    caught("malformed-entry", "ENTRY", "drc#1")
}

#[test]
fn a_checkpoint_by_another_key_is_caught() -> Result<()> {
    caught("checkpoint-by-another-key", "CHECKPOINT", "drc")
}

#[test]
fn content_that_the_entry_does_not_name_is_caught() -> Result<()> {
    caught("changed-content", "CONTENT", "drc#1")
}

#[test]
fn a_changed_attachment_is_caught() -> Result<()> {
    caught("changed-attachment", "ATTACHMENT", "drc")
}

#[test]
fn an_attachment_that_no_post_names_is_caught() -> Result<()> {
    caught("unnamed-attachment", "ATTACHMENT", "drc")
}

#[test]
fn an_attachment_without_its_end_is_caught() -> Result<()> {
    caught("attachment-too-short", "ATTACHMENT", "drc")
}

#[test]
fn an_attachment_under_another_room_is_caught() -> Result<()> {
    caught("attachment-of-another-room", "ATTACHMENT", "chamber")
}

#[test]
fn a_target_without_its_approval_is_caught() -> Result<()> {
    caught("never-enacted", "NOT_ENACTED", "drc#")
}

#[test]
fn an_approval_without_its_target_is_caught() -> Result<()> {
    caught("half-release", "TARGET_MISSING", "chamber#")
}

#[test]
fn a_manifest_that_is_not_earlier_is_caught() -> Result<()> {
    caught("manifest-unknown", "MANIFEST_UNKNOWN", "drc#")
}

#[test]
fn rooms_with_other_mediators_are_caught() -> Result<()> {
    caught("mediators-differ", "MEDIATORS_DIFFER", "drc")
}

#[test]
fn a_bundle_without_its_chamber_is_caught() -> Result<()> {
    caught("no-chamber", "CHAMBERS", "chamber")
}

#[test]
fn a_room_under_another_name_is_caught() -> Result<()> {
    caught("another-name", "NAME", "room")
}

#[test]
fn an_access_log_of_another_home_is_caught() -> Result<()> {
    caught("access-of-another-home", "NAME", "access/")
}

#[test]
fn a_statement_in_an_access_log_is_caught() -> Result<()> {
    caught("access-with-a-statement", "WRONG_KIND", "access/")
}

#[test]
fn an_access_log_that_goes_back_in_time_is_caught() -> Result<()> {
    caught("access-time-goes-back", "TIME_GOES_BACK", "access/us#1")
}

#[test]
fn a_file_with_another_digest_is_caught() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("digest.bundle");
    let mut bytes = fs::read(folder().join("small.bundle"))?;
    *bytes.last_mut().context("it has bytes")? ^= 1;
    fs::write(&path, bytes)?;
    let said = verify(&path)?.refused(3)?;
    ensure!(said.contains("[BUNDLE]") && said.contains("its digest does not match"), "{said}");
    Ok(())
}

/// In one pass the entry that was changed is found before the digest at the end of the file.
#[test]
fn a_changed_byte_is_named_by_its_entry_though_the_files_digest_is_wrong_too() -> Result<()> {
    caught("altered-file", "BAD_SIGNATURE", "drc#0")
}

#[test]
fn a_truncated_bundle_is_caught_wherever_it_ends() -> Result<()> {
    let good = fs::read(folder().join("attachments.bundle"))?;
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("cut.bundle");
    for length in [0, 10, good.len() / 4, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length])?;
        let said = verify(&path)?.refused(3)?;
        ensure!(said.contains("[BUNDLE]"), "{length} bytes: {said}");
    }
    Ok(())
}

#[test]
fn bytes_behind_the_end_are_caught() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("longer.bundle");
    for more in [&b"x"[..], &[0; 5000]] {
        fs::write(&path, [&fs::read(folder().join("small.bundle"))?, more].concat())?;
        let said = verify(&path)?.refused(3)?;
        ensure!(said.contains("[BUNDLE]") && said.contains("follow its end"), "{said}");
    }
    Ok(())
}

/// What `replay.py` says of them too, for it is held to the same verdicts.
#[test]
fn of_every_vector_the_command_says_what_its_verdict_says() -> Result<()> {
    let mut bundles = 0;
    for entry in fs::read_dir(folder())? {
        let path = entry?.path();
        // Of the altered file the command says more: which entry was altered.
        if path.extension().is_none_or(|it| it != "bundle") || path.ends_with("altered-file.bundle") {
            continue;
        }
        bundles += 1;
        let verdict: Value = serde_json::from_slice(&fs::read(path.with_extension("json"))?)?;
        let name = path.display();
        if verdict["verdict"] == "ok" {
            verify(&path)?.done().with_context(|| name.to_string())?;
            continue;
        }
        let said = verify(&path)?.refused(3).with_context(|| name.to_string())?;
        let code = verdict["code"].as_str().context("a code")?;
        ensure!(said.contains(&format!("[{code}]")), "{name}: {code} in {said}");
        if let Some(room) = verdict["room"].as_str() {
            let place = verdict["index"].as_u64().map_or(room.to_owned(), |index| format!("{room}#{index}"));
            ensure!(said.contains(&place), "{name}: {place} in {said}");
        }
    }
    ensure!(bundles > 60, "only {bundles} bundles");
    Ok(())
}
