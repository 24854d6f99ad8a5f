//! `tearline quickstart`, as shipped: it plays the scenario, leaves nothing running, and stays up if asked to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tearline_tests::live::binaries::binary;

/// How long playing may take. As shipped it is to be under ten seconds; without optimisation, and beside other
/// tests, it may be slower.
const PLAYED_IN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 10 });

/// How long an interrupt may take to end everything.
const STOPPED_IN: Duration = Duration::from_secs(5);

/// What the story says, in its order: the rows of the scenario. What each must have come to is asserted in
/// `scenario`.
const STORY: [&str; 46] = [
    "the rooms drc, rwanda and plenary, by enacted proposals",
    "Nov 2023   The mediators make each side an offer, apart from the other.",
    "drc reads drc#1, and rwanda rwanda#1.",
    "Each side's custodian commits it to a cease-fire: drc#2 and rwanda#2.",
    "Both delegations read plenary#1.",
    "weekly     A session",
    "drc#3: a column moves towards Sake.",
    "PORTIONS 1, 3 of 5, word for word",
    "exactly as it will be sent",
    "PARTLY CORROBORATED · OFFENSIVE · likely (55–80 %) · confidence moderate",
    "✓ signatures ✓ place in record ✓ 2 portions match manifest",
    "rwanda#3: nothing in it matches anything that drc holds.",
    "rwanda#4 asks rwanda to press the group; rwanda#5 is what it replies.",
    "rwanda#7 answers rwanda#6: corroborated.",
    "drc#5 asks drc to refrain from such drones; drc#7: they stay",
    "DISPELLED · ROTATION",
    "March, April, May, June: compliant (drc#8, drc#9, drc#10, drc#11).",
    "drc#12 and rwanda#10: both were taken at once",
    "plenary#4 restates what each undertook",
    "plenary#5: alleged by drc, registered, verified, attributed, answered",
    "plenary#11: registered, not verified.",
    "July, August: compliant",
    "(S//NF) is not releasable to drc",
    "Rejected chamber#",
    "✓ already in the record of ",
    "drc#17: drc finds it in the manifest that it has held since January.",
    "the promise of drc#7 is kept in part.",
    "kigali recalls rwanda#3",
    "RECALLED by us/kigali, us/kinshasa at ",
    "tearline matters",
    "answered: PARTLY CORROBORATED (drc#4)",
    "tearline commitments --party drc",
    ": PARTIAL (drc#19)",
    "incident plenary#5: closed",
    "5 commitments, 3 in force",
    "no room named drc is known here",
    "no room named atlantis is known here",
    "access/rwanda",
    "chamber   us (3 desks)",
    "✓ rules across rooms",
    "tearline cosign",
    "Both sides see who confirmed their own rooms",
    " drc · drc/liaison · complete to ",
    " rwanda · rwanda/liaison · complete to ",
    "One byte of the bundle is changed:",
    "exit code 3",
];

#[test]
fn the_scenario_is_played_and_nothing_is_left_running() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let begun = Instant::now();
    let output = quickstart(&demo, &["--once"]);
    let took = begun.elapsed();
    let (said, complained) = texts(&output);
    assert!(output.status.success(), "{said}\n{complained}");
    assert_eq!(complained, "");
    assert!(took < PLAYED_IN, "played in {took:?}");
    let mut rest = said.as_str();
    for line in STORY {
        let Some(at) = rest.find(line) else { panic!("`{line}` is not told, or not in its place:\n{said}") };
        rest = &rest[at + line.len()..];
    }
    let wide: Vec<&str> =
        said.lines().filter(|line| line.chars().count() > 80 && !line.contains(folder_of(&demo))).collect();
    assert!(wide.is_empty(), "wider than a terminal: {wide:#?}");
    assert!(!said.contains('\x1b'), "escape sequences where no terminal is");
    assert!(!said.contains("\n\n\n"), "two blank lines in a row:\n{said}");
    assert!(TcpStream::connect(address(&demo)).is_err(), "the server is still up");

    let before = files(&demo);
    let again = quickstart(&demo, &["--once"]);
    let (_, complained) = texts(&again);
    assert_eq!(again.status.code(), Some(1));
    assert!(complained.contains("is not empty: give a folder that does not exist yet"), "{complained}");
    assert_eq!(files(&demo), before, "a refused folder is left as it was");
}

#[test]
fn what_was_played_is_one_json_object() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let output = quickstart(&demo, &["--once", "--json"]);
    let (said, complained) = texts(&output);
    assert!(output.status.success(), "{complained}");
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["address"], address(&demo));
    assert_eq!(json["folder"], demo.canonicalize().unwrap().display().to_string());
    assert!(json["seconds"].as_f64().unwrap() > 0.0);
    let played = json["played"].as_array().unwrap();
    assert!(played.iter().any(|it| it["when"] == "Apr 2024"));
    assert!(played.iter().any(|it| it["command"] == "tearline verify --all" && it["exit_code"] == 0));
    assert_eq!(played.last().unwrap()["exit_code"], 3);
}

#[test]
fn it_plays_up_to_the_month_that_was_asked_for_and_leaves_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let output = quickstart(&demo, &["--once", "--until", "2023-12"]);
    let (said, complained) = texts(&output);
    assert!(output.status.success(), "{said}{complained}");
    assert!(said.contains("weekly     A session") && !said.contains("2024"), "{said}");
    let refused = quickstart(&folder.path().join("other"), &["--until", "2025-01"]);
    let (_, complained) = texts(&refused);
    assert_eq!(refused.status.code(), Some(2));
    assert!(complained.contains("from 2023-11 to 2024-10"), "{complained}");
    assert!(!folder.path().join("other").exists(), "a wrong month begins nothing");
}

#[test]
fn it_stays_up_until_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let mut running = Running::start(&demo);
    running.read_until("press Ctrl-C to stop it");
    for next in [" matters", " timeline", " fetch --follow", " commitments", " search ", " given drc"] {
        running.read_until(next);
    }
    let inbox = Command::new(binary("tearline").unwrap())
        .current_dir(&demo)
        .args(["--profile", "desks/drc-liaison", "--passphrase-file", "passphrase", "fetch"])
        .output()
        .unwrap();
    let (said, complained) = texts(&inbox);
    assert!(inbox.status.success() && said.contains("plenary"), "{said}{complained}");
    running.stop_by(Signal::INT, 0);
    assert!(TcpStream::connect(address(&demo)).is_err(), "the server is still up");
}

#[test]
fn an_interrupt_while_it_plays_leaves_no_server_behind() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let mut running = Running::start(&demo);
    running.read_until("the chamber, founded by all three mediators");
    assert!(TcpStream::connect(address(&demo)).is_ok(), "the server is up while it plays");
    running.stop_by(Signal::TERM, 130);
    assert!(TcpStream::connect(address(&demo)).is_err(), "the server is still up");
}

/// A quickstart that stays up.
struct Running {
    child: Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(binary("tearline").unwrap())
            .arg("quickstart")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        Self { child, lines: Box::new(BufReader::new(out).lines().map_while(Result::ok)) }
    }

    fn read_until(&mut self, words: &str) {
        assert!(self.lines.any(|line| line.contains(words)), "it ended before it said `{words}`");
    }

    fn stop_by(&mut self, signal: Signal, code: i32) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < STOPPED_IN, "it does not stop");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(code));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless a test failed; asked to, it ends its server too.
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

fn quickstart(folder: &Path, flags: &[&str]) -> Output {
    let mut command = Command::new(binary("tearline").unwrap());
    command.arg("quickstart").arg(folder).args(flags).stdin(Stdio::null()).output().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

/// Where its server listens, or listened.
fn address(demo: &Path) -> String {
    let config = fs::read_to_string(demo.join("server/tearlined.toml")).unwrap();
    let line = config.lines().find_map(|line| line.strip_prefix("listen = ")).unwrap();
    line.trim_matches('"').to_owned()
}

fn folder_of(demo: &Path) -> &str {
    demo.to_str().unwrap()
}

fn files(demo: &Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut all = Vec::new();
    let mut waiting = vec![demo.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
            all.push((entry.path(), metadata.modified().unwrap()));
        }
    }
    all.sort();
    all
}
