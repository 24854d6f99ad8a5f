//! A store that is not as it was written, and a key that is not the one: named, and not served.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use anyhow::Result;
use bytes::Bytes;
use tearline_ledger::{
    entry::Entry,
    merkle::{Frontier, leaf_hash},
};
use tearline_server::store::{Commit, NewRow, Options, RoomCommit, SledStore, Store as _};
use tearline_tests::live::{Live, binaries::binary, read, server::Server};

fn tearlined(arguments: &[&str], config: &Path) -> Result<Output> {
    Ok(Command::new(binary("tearlined")?).args(arguments).arg(config).output()?)
}

/// A server that was written to and has stopped.
async fn stopped() -> Result<Live> {
    let mut live = Live::kivu().await?;
    let (room, desk) = (live.room("drc")?, live.desks().drc_liaison);
    for text in ["a column of 40 vehicles", "two drones", "all quiet"] {
        let post = live.world().post(room, &desk, text)?;
        live.send(&post, &[&desk]).await??;
    }
    live.rows(&desk, read(room, 0, true)).await??;
    live.server.ask_to_stop()?;
    live.server.ended().await?;
    Ok(live)
}

#[tokio::test]
async fn check_finds_a_whole_store_whole() -> Result<()> {
    let live = stopped().await?;
    let whole = tearlined(&["check", "--config"], &live.site.config())?;
    let said = String::from_utf8(whole.stdout)?;
    assert!(whole.status.success(), "{said}{}", String::from_utf8_lossy(&whole.stderr));
    for name in ["chamber", "drc", "rwanda", "plenary", "access/drc"] {
        let found = said.lines().find(|line| line.starts_with(&format!("{name} ")));
        assert!(found.is_some_and(|line| line.ends_with("whole")), "{name}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_servers_folders_are_its_owners_alone() -> Result<()> {
    let live = stopped().await?;
    for name in ["data/store", "data/attachments"] {
        let mode = fs::metadata(live.site.server().join(name))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn another_log_key_than_the_charters_name_is_refused_at_the_start() -> Result<()> {
    let live = stopped().await?;
    let other = tempfile::tempdir()?;
    let folder = other.path().join("server");
    let made = Command::new(binary("tearlined")?)
        .arg("init")
        .arg(&folder)
        .args(["--domain", "kivu.example"])
        .output()?;
    assert!(made.status.success());
    fs::copy(folder.join("log.key"), live.site.server().join("log.key"))?;
    let refused = Server::start(&live.site.config()).unwrap_err().to_string();
    assert!(refused.contains("its charter names the log key kivu.example+"), "{refused}");
    Ok(())
}

/// Writes the stored room drc anew with one thing changed, so that the store itself finds nothing wrong, and
/// checks it.
async fn check_altered(change: impl Fn(&mut RoomCommit)) -> Result<(Option<i32>, String)> {
    check_with(change, |_| ()).await
}

/// As [`check_altered`]; `last` changes what was made to fit, too.
async fn check_with(
    change: impl Fn(&mut RoomCommit),
    last: impl Fn(&mut RoomCommit),
) -> Result<(Option<i32>, String)> {
    let live = Box::pin(stopped()).await?;
    let folder = live.site.server().join("data/store");
    let new = live.site.server().join("data/new");
    {
        let from = SledStore::open(&folder, Options::default())?;
        let to = SledStore::open(&new, Options::default())?;
        for (room, name) in from.rooms().await? {
            let head = from.head(&room).await?.unwrap();
            let mut rows = Vec::new();
            for row in from.rows(&room, 0, u64::MAX, usize::MAX, true).await? {
                let id = Entry::parse(row.entry.clone())?.statement().map(|it| *it.statement.id.as_bytes());
                rows.push(NewRow { id, entry: row.entry, content: row.content, nodes: Vec::new() });
            }
            let mut commit = RoomCommit {
                room,
                create: Some(name.clone()),
                rows,
                checkpoint: head.checkpoint,
                state: Some(head.state),
                members: Some(head.members),
                ..RoomCommit::default()
            };
            if name == "drc" {
                change(&mut commit);
            }
            let mut frontier = Frontier::new();
            for row in &mut commit.rows {
                row.nodes = frontier.append(leaf_hash(&row.entry));
            }
            commit.root = frontier.root();
            if name == "drc" {
                last(&mut commit);
            }
            to.commit(Commit { rooms: vec![commit] }).await?;
        }
    }
    fs::remove_dir_all(&folder)?;
    fs::rename(&new, &folder)?;
    let checked = tearlined(&["check", "--config"], &live.site.config())?;
    Ok((checked.status.code(), String::from_utf8(checked.stdout)?))
}

/// The change is found, and nothing is wrong with the other rooms.
fn named((code, said): (Option<i32>, String), fault: &str) {
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(fault), "{fault:?} is not in\n{said}");
    assert!(said.lines().any(|line| line.starts_with("rwanda ") && line.ends_with("whole")), "{said}");
}

fn flip(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes.into()
}

#[tokio::test]
async fn changed_content_is_named() -> Result<()> {
    let changed = check_altered(|drc| {
        drc.rows[2].content = drc.rows[2].content.as_ref().map(|content| flip(content, 9));
    });
    named(changed.await?, "drc#2  DAMAGED: its content is not the one that it names");
    Ok(())
}

#[tokio::test]
async fn missing_content_is_named() -> Result<()> {
    named(check_altered(|drc| drc.rows[2].content = None).await?, "drc#2  DAMAGED: its content is missing");
    Ok(())
}

#[tokio::test]
async fn content_of_an_entry_that_has_none_is_named() -> Result<()> {
    let changed = check_altered(|drc| drc.rows[0].content = Some(Bytes::from_static(b"text")));
    named(changed.await?, "drc#0  DAMAGED: there is content beside an entry that names none");
    Ok(())
}

#[tokio::test]
async fn a_changed_entry_is_named() -> Result<()> {
    let changed = check_altered(|drc| {
        drc.rows[3].entry = flip(&drc.rows[3].entry, drc.rows[3].entry.len() - 1);
    });
    named(changed.await?, "drc#3  DAMAGED: a signature does not verify");
    Ok(())
}

#[tokio::test]
async fn a_dropped_entry_is_found() -> Result<()> {
    let changed = check_altered(|drc| drop(drc.rows.pop())).await?;
    named(changed, "drc  DAMAGED: its checkpoint is of another tree than its head");
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_that_the_log_key_did_not_sign_is_found() -> Result<()> {
    let changed = check_altered(|drc| {
        let text = String::from_utf8(drc.checkpoint.to_vec()).unwrap();
        let at = text.rfind(' ').unwrap() + 20;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        drc.checkpoint = [&text[..at], other, &text[at + 1..]].concat().into();
    });
    named(changed.await?, "drc  DAMAGED: its checkpoint: ");
    Ok(())
}

#[tokio::test]
async fn a_changed_tree_node_is_named() -> Result<()> {
    let changed = check_with(
        |_| (),
        |drc| {
            let node = drc.rows[1].nodes.last_mut().unwrap();
            *node = leaf_hash(node.as_bytes());
        },
    );
    named(changed.await?, "drc#1  DAMAGED: the tree node of level 1 does not follow from those below");
    Ok(())
}

#[tokio::test]
async fn an_index_of_ids_that_leads_elsewhere_is_named() -> Result<()> {
    for id in [None, Some([7; 16])] {
        let changed = check_altered(|drc| drc.rows[2].id = id);
        named(changed.await?, "drc#2  DAMAGED: the index of ids does not lead to it");
    }
    Ok(())
}

#[tokio::test]
async fn a_mark_as_recalled_that_the_log_does_not_know_is_named() -> Result<()> {
    let changed = check_altered(|drc| drc.recalled = vec![2]);
    named(changed.await?, "drc#2  DAMAGED: its mark as recalled is not what the log says");
    Ok(())
}

#[tokio::test]
async fn a_stored_state_or_membership_of_another_history_is_found() -> Result<()> {
    let changed = check_altered(|drc| {
        drc.state = drc.state.as_ref().map(|state| flip(state, state.len() - 1));
    });
    named(changed.await?, "drc  DAMAGED: its stored state");
    let changed = check_altered(|drc| drop(drc.members.as_mut().unwrap().pop()));
    named(changed.await?, "drc  DAMAGED: its stored members are not those of its charter");
    Ok(())
}

#[tokio::test]
async fn a_flipped_byte_in_the_engines_file_is_found_or_refused() -> Result<()> {
    let mut live = Live::kivu().await?;
    let (room, desk) = (live.room("drc")?, live.desks().drc_liaison);
    let post = live.world().post(room, &desk, "two drones")?;
    live.send(&post, &[&desk]).await??;
    let rows = live.rows(&desk, read(room, 1, true)).await??;
    let sealed = rows[0].content.clone().unwrap();
    live.server.ask_to_stop()?;
    live.server.ended().await?;
    let path = live.site.server().join("data/store/rows/db");
    let mut bytes = fs::read(&path)?;
    let at = bytes.windows(32).position(|window| window == &sealed[..32]).unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes)?;
    let checked = tearlined(&["check", "--config"], &live.site.config())?;
    assert_eq!(checked.status.code(), Some(1));
    let said =
        [checked.stdout, checked.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(said.contains("room ") && said.contains("restore"), "{said}");
    Ok(())
}
