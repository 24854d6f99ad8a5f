//! What was recalled or has expired is not served from that moment on and can be purged from the disk, on a
//! stopped server and beside a running one; nothing else goes, and the log verifies all the same.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use tearline_ledger::{
    id::RoomId,
    rules::VerifiedEntry,
    statement::{Act, Attachment, Statement},
};
use tearline_proto::v1;
use tearline_tests::{
    desk::Desk,
    live::{Live, binaries::binary, read, wait_for},
};

use crate::attachments::{chunks, put, sealed, with};

/// `tearlined NAME --config …` with further arguments, and how it ended.
fn tearlined(live: &Live, args: &[&str]) -> Output {
    let (name, rest) = args.split_first().unwrap();
    let mut command = Command::new(binary("tearlined").unwrap());
    command.arg(name).arg("--config").arg(live.site.config()).args(rest).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn done(live: &Live, args: &[&str]) -> String {
    let output = tearlined(live, args);
    assert!(output.status.success(), "{args:?}: {}", said(&output));
    said(&output)
}

async fn stop(live: &mut Live) {
    live.server.ask_to_stop().unwrap();
    assert!(live.server.ended().await.unwrap().success());
}

/// Enters a statement of one desk; the entry as it stands.
async fn enter(live: &mut Live, statement: &Statement, desk: &Desk) -> VerifiedEntry {
    let index = live.send(statement, &[desk]).await.unwrap().unwrap().index;
    let room = statement.room.unwrap();
    live.world().house.room(room).unwrap().entries()[usize::try_from(index).unwrap()].clone()
}

async fn post(live: &mut Live, room: RoomId, desk: &Desk, named: &[Attachment]) -> VerifiedEntry {
    let mut post = live.world().post(room, desk, "text").unwrap();
    for attachment in named {
        post = with(post, *attachment);
    }
    enter(live, &post, desk).await
}

async fn recall(live: &mut Live, desk: &Desk, post: &VerifiedEntry) {
    let recall = live.world().recall(desk, post).unwrap();
    enter(live, &recall, desk).await;
}

/// Which of these attachments a room has.
fn kept(live: &Live, room: RoomId, all: &[Attachment]) -> Vec<bool> {
    let folder = live.site.server().join("data/attachments").join(room.0.to_hex());
    all.iter().map(|attachment| folder.join(attachment.digest.to_hex()).exists()).collect()
}

/// The uploads of an organisation that no post names.
fn waiting(live: &Live, org: &str) -> usize {
    let folder = live.site.server().join("data/attachments/uploads").join(org);
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Indices whose content is served.
async fn served(live: &mut Live, room: RoomId, desk: &Desk) -> Vec<u64> {
    let rows = live.rows(desk, read(room, 0, true)).await.unwrap().unwrap();
    rows.iter().filter(|row| row.content.is_some()).map(|row| row.index).collect()
}

fn expiring(mut post: Statement, seconds: u64) -> Statement {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    if let Act::Post(post) = &mut post.act {
        post.content_until = Some(now + seconds);
    }
    post
}

#[tokio::test]
async fn a_stopped_server_is_purged_of_what_may_go_and_of_nothing_else() {
    let mut live = Live::kivu().await.unwrap();
    let (drc, rwanda) = (live.room("drc").unwrap(), live.room("rwanda").unwrap());
    let (desk, other) = (live.desks().drc_liaison, live.desks().rwanda_liaison);
    // The first file is each of two rooms' own, the second is named by a post that is recalled, the third by nobody,
    // the fourth by two posts, one of which stands.
    let files: Vec<_> = [70_000, 80_000, 90_000, 60_000].map(sealed).into();
    let all: Vec<Attachment> = files.iter().map(|(_, attachment)| *attachment).collect();
    for (bytes, attachment) in &files {
        put(&mut live, &desk, chunks(drc.as_bytes(), attachment, bytes, 0)).await.unwrap();
    }
    put(&mut live, &other, chunks(rwanda.as_bytes(), &all[0], &files[0].0, 0)).await.unwrap();
    let shared = post(&mut live, drc, &desk, &all[..1]).await;
    let lone = post(&mut live, drc, &desk, &all[1..2]).await;
    let twice = post(&mut live, drc, &desk, &all[3..]).await;
    let plain = post(&mut live, drc, &desk, &all[3..]).await;
    let stays = post(&mut live, rwanda, &other, &all[..1]).await;
    let ends = live.world().post(drc, &desk, "short-lived").unwrap();
    let short = expiring(ends, 2);
    let ends = enter(&mut live, &short, &desk).await;

    // Following: each recall ends the serving of its post at once.
    let before = served(&mut live, drc, &desk).await;
    for taken in [&shared, &lone, &twice] {
        recall(&mut live, &desk, taken).await;
        assert!(!served(&mut live, drc, &desk).await.contains(&taken.found().index));
    }
    let get = |room: RoomId, index: u64, of: &Attachment| v1::GetRequest {
        room: room.as_bytes().to_vec().into(),
        digest: of.digest.as_bytes().to_vec().into(),
        offset: 0,
        index,
    };
    let mut client = live.client(&desk).await.unwrap();
    assert!(client.attachments.get(get(drc, shared.found().index, &all[0])).await.is_err());
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let after = served(&mut live, drc, &desk).await;
    let gone = [&shared, &lone, &twice, &ends].map(|entry| entry.found().index);
    let rest: Vec<u64> = before.into_iter().filter(|index| !gone.contains(index)).collect();
    assert_eq!(after, rest);

    // The same for a reader who stays.
    let request = v1::ReadRequest { follow: true, ..read(drc, 0, true) };
    let mut stream = client.rooms.read(request).await.unwrap().into_inner();
    let first = stream.message().await.unwrap().unwrap();
    let with: Vec<u64> = first.rows.iter().filter(|row| row.content.is_some()).map(|row| row.index).collect();
    assert_eq!(with, rest);
    drop(stream);

    // Beside a running server it is refused, with the remedy.
    let refused = tearlined(&live, &["purge"]);
    assert!(!refused.status.success() && said(&refused).contains("in use"), "{}", said(&refused));
    stop(&mut live).await;

    let dry = done(&live, &["purge", "--dry-run"]);
    let [shared_at, lone_at, twice_at, ends_at] = gone.map(|index| format!("drc#{index}"));
    for line in [
        format!("{shared_at:<24} recalled  content, 1 attachment\n"),
        format!("{lone_at:<24} recalled  content, 1 attachment\n"),
        format!("{twice_at:<24} recalled  content\n"),
        format!("{ends_at:<24} expired   content\n"),
        "4 contents and 2 attachments would be purged. Nothing was changed.\n".to_owned(),
    ] {
        assert!(dry.contains(&line), "{line:?} is not in\n{dry}");
    }
    assert_eq!(dry.lines().count(), 5, "{dry}");
    assert_eq!(kept(&live, drc, &all), [true, true, false, true]);
    assert_eq!(waiting(&live, "drc"), 1);
    assert!(done(&live, &["check"]).contains("whole"));

    let purged = done(&live, &["purge"]);
    assert!(purged.contains("4 contents and 2 attachments purged"), "{purged}");
    assert_eq!(kept(&live, drc, &all), [false, false, false, true]);
    assert_eq!(kept(&live, rwanda, &all), [true, false, false, false]);
    assert_eq!(waiting(&live, "drc"), 1, "what no post names is its sender's");
    assert!(done(&live, &["check"]).contains("whole"));
    let again = done(&live, &["purge"]);
    assert!(again.contains("0 contents and 0 attachments purged"), "{again}");

    live.restart().unwrap();
    assert_eq!(served(&mut live, drc, &desk).await, rest);
    assert!(rest.contains(&plain.found().index));
    let mut client = live.client(&other).await.unwrap();
    let whole = client.attachments.get(get(rwanda, stays.found().index, &all[0])).await.unwrap();
    assert!(whole.into_inner().message().await.unwrap().is_some());
    // Sent again it is answered again, and not stored again.
    let receipt = live.send(&short, &[&desk]).await.unwrap().unwrap();
    assert_eq!(receipt.index, ends.found().index);
    assert_eq!(served(&mut live, drc, &desk).await, rest);
    // Everything verifies for whoever replays it, and goes on.
    live.follow(drc).await.unwrap();
    post(&mut live, drc, &desk, &[]).await;
    // Once the last post that stands is gone, so is the file.
    recall(&mut live, &other, &stays).await;
    recall(&mut live, &desk, &plain).await;
    stop(&mut live).await;
    let last = done(&live, &["purge"]);
    assert!(last.contains("2 contents and 2 attachments purged"), "{last}");
    assert_eq!(kept(&live, drc, &all), [false; 4]);
    assert_eq!(kept(&live, rwanda, &all), [false; 4]);
    assert_eq!(waiting(&live, "drc"), 1);
}

#[tokio::test]
async fn a_running_server_purges_by_itself_if_it_is_told_to() {
    let mut live = Live::kivu().await.unwrap();
    stop(&mut live).await;
    let config = fs::read_to_string(live.site.config()).unwrap();
    fs::write(
        live.site.config(),
        config.replace("#= purge_after_seconds = 604800", "purge_after_seconds = 1"),
    )
    .unwrap();
    live.restart().unwrap();
    let (drc, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (bytes, file) = sealed(70_000);
    let sent = chunks(drc.as_bytes(), &file, &bytes, 0);
    put(&mut live, &desk, sent.clone()).await.unwrap();
    let first = post(&mut live, drc, &desk, &[file]).await;
    let stays = post(&mut live, drc, &desk, &[]).await;
    recall(&mut live, &desk, &first).await;
    let told = || live.server.log().unwrap().contains("purged what was recalled or has expired");
    wait_for("the log tells of it", async || Ok(told().then_some(()))).await.unwrap();
    assert!(!kept(&live, drc, &[file])[0], "the attachment went");
    // What is named anew must be sent anew.
    let named = live.world().post(drc, &desk, "again").unwrap();
    let refused = live.send(&with(named.clone(), file), &[&desk]).await.unwrap().unwrap_err();
    assert_eq!(crate::reason(&refused), "ATTACHMENT_MISSING");
    put(&mut live, &desk, sent).await.unwrap();
    let again = enter(&mut live, &with(named, file), &desk).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(kept(&live, drc, &[file])[0], "an attachment of a post that stands was purged");
    assert_eq!(served(&mut live, drc, &desk).await, [stays.found().index, again.found().index]);
    stop(&mut live).await;
    assert!(done(&live, &["check"]).contains("whole"));
    let rest = done(&live, &["purge"]);
    assert!(rest.contains("0 contents and 0 attachments purged"), "{rest}");
}

#[tokio::test]
async fn a_purge_that_is_killed_leaves_a_whole_store_and_is_finished_by_the_next() {
    const POSTS: usize = 24;
    let mut live = Live::kivu().await.unwrap();
    let (drc, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let (mut posts, mut all) = (Vec::new(), Vec::new());
    for number in 0..POSTS {
        let (bytes, file) = sealed(5000 + number);
        put(&mut live, &desk, chunks(drc.as_bytes(), &file, &bytes, 0)).await.unwrap();
        posts.push(post(&mut live, drc, &desk, &[file]).await);
        all.push(file);
    }
    for taken in &posts {
        recall(&mut live, &desk, taken).await;
    }
    stop(&mut live).await;
    let data = live.site.server().join("data");
    let whole = live.site.server().join("data.whole");
    copy(&data, &whole);
    let mut partly = 0;
    for kill in 0..12_u64 {
        fs::remove_dir_all(&data).unwrap();
        copy(&whole, &data);
        let mut child = Command::new(binary("tearlined").unwrap())
            .args(["purge", "--config"])
            .arg(live.site.config())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        if kill % 2 == 0 {
            // As soon as it has removed some of the files.
            let some = || {
                kept(&live, drc, &all).iter().filter(|kept| !**kept).count() > usize::try_from(kill).unwrap()
            };
            while !some() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(200));
            }
        } else {
            std::thread::sleep(Duration::from_millis(7 * kill));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let left = kept(&live, drc, &all).iter().filter(|kept| **kept).count();
        partly += usize::from(left > 0 && left < POSTS);
        assert!(done(&live, &["check"]).contains("whole"));
        done(&live, &["purge"]);
        assert_eq!(kept(&live, drc, &all), [false; POSTS]);
        assert!(done(&live, &["check"]).contains("whole"));
        let again = done(&live, &["purge"]);
        assert!(again.contains("0 contents and 0 attachments purged"), "{again}");
    }
    assert!(partly > 0, "no kill came while it was purging");
}

#[tokio::test]
async fn a_purge_of_no_store_says_so() {
    let mut live = Live::kivu().await.unwrap();
    stop(&mut live).await;
    fs::rename(live.site.server().join("data"), live.site.server().join("elsewhere")).unwrap();
    let refused = tearlined(&live, &["purge"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(said(&refused).contains("there is no store to purge"), "{}", said(&refused));
    assert!(!live.site.server().join("data").exists());
    let missing =
        Command::new(binary("tearlined").unwrap()).args(["purge", "--config", "none.toml"]).output();
    assert!(said(&missing.unwrap()).contains("none.toml"));
}

fn copy(from: &Path, to: &Path) {
    tearline_tests::cli::copy(from, to).unwrap();
}
