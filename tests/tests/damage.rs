//! A store that is not as it was written, and a key that is not the one: named, and not served.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

use anyhow::Result;
use tearline_tests::live::{Live, binaries::binary, read, server::Server};

fn tearlined(arguments: &[&str], config: &Path) -> Result<Output> {
    Ok(Command::new(binary("tearlined")?).args(arguments).arg(config).output()?)
}

/// A server that was written to and has stopped; the room that was written to holds this content.
async fn stopped(content: &str) -> Result<Live> {
    let mut live = Live::kivu().await?;
    let (room, desk) = (live.room("drc")?, live.desks().drc_liaison);
    for text in ["a column of 40 vehicles", content, "all quiet"] {
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
    let live = stopped("two drones").await?;
    let checked = tearlined(&["check", "--config"], &live.site.config())?;
    let said = String::from_utf8(checked.stdout)?;
    assert!(checked.status.success(), "{said}{}", String::from_utf8_lossy(&checked.stderr));
    for name in ["chamber", "drc", "rwanda", "plenary", "access/drc"] {
        let line = said.lines().find(|line| line.starts_with(&format!("{name} ")));
        assert!(line.is_some_and(|line| line.ends_with("whole")), "{name}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn the_servers_folders_are_its_owners_alone() -> Result<()> {
    let live = stopped("two drones").await?;
    for name in ["data/store", "data/attachments"] {
        let mode = fs::metadata(live.site.server().join(name))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn another_log_key_than_the_charters_name_is_refused_at_the_start() -> Result<()> {
    let live = stopped("two drones").await?;
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
    assert!(refused.contains("room chamber") || refused.contains("room drc"), "{refused}");
    Ok(())
}
