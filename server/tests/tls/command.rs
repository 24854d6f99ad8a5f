//! `tearlined` as a process.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::world::{Authority, LIAISON, channel, check, client, configure, write_private};

fn tearlined(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tearlined")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn init_prints_the_verifier_key_and_refuses_a_second_time() {
    let folder = tempfile::tempdir().unwrap();
    let server = folder.path().join("server");
    let made = tearlined(&["init", text(&server), "--domain", "kivu.example"]);
    assert!(made.status.success());
    let shown = String::from_utf8(made.stdout).unwrap();
    assert!(shown.contains("kivu.example+"), "{shown}");
    let again = tearlined(&["init", text(&server), "--domain", "kivu.example"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8(again.stderr).unwrap().contains("not overwritten"));
    assert_eq!(tearlined(&["init", text(&server), "--domain", "Kivu"]).status.code(), Some(2));
    assert_eq!(tearlined(&[]).status.code(), Some(2));
}

#[test]
fn check_config_reports_all_that_is_wrong_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), &Authority::new(), "");
    let good = tearlined(&["check-config", text(&config)]);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));

    let server = config.parent().unwrap();
    let open =
        |name: &str, mode| fs::set_permissions(server.join(name), fs::Permissions::from_mode(mode)).unwrap();
    open("log.key", 0o644);
    open("server.key", 0o640);
    open("data", 0o755);
    let bad = tearlined(&["check-config", text(&config)]);
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8(bad.stderr).unwrap();
    for part in ["log.key", "server.key", "chmod 600", "data", "chmod 700"] {
        assert!(said.contains(part), "`{said}` does not say `{part}`");
    }
    assert_eq!(said.lines().count(), 3, "{said}");

    for name in ["server.pem", "authority.pem", "revocations.pem"] {
        fs::remove_file(server.join(name)).unwrap();
    }
    let said = String::from_utf8(tearlined(&["check-config", text(&config)]).stderr).unwrap();
    for part in ["server.pem", "authority.pem", "revocations.pem", "log.key"] {
        assert!(said.contains(part), "`{said}` does not say `{part}`");
    }
}

/// A server that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(config: &Path) -> (Process, impl Iterator<Item = String>) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tearlined"))
        .args(["run", "--config", text(config)])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    (Process(server), log)
}

#[test]
fn a_sighup_at_the_moment_at_which_the_server_listens_reloads_and_does_not_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = configure(folder.path(), &Authority::new(), "");
    for _ in 0..10 {
        let (mut server, mut log) = start(&config);
        assert!(log.any(|line| line.contains("listening")));
        let pid = Pid::from_child(&server.0);
        kill_process(pid, Signal::HUP).unwrap();
        assert!(log.any(|line| line.contains("lists reloaded")), "SIGHUP ended it");
        kill_process(pid, Signal::TERM).unwrap();
        assert!(server.0.wait().unwrap().success());
    }
}

#[tokio::test]
async fn sighup_reloads_refusals_are_explained_and_sigterm_stops() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let member = authority.member(&[LIAISON]);
    let config = configure(folder.path(), &authority, "");
    let (mut server, mut log) = start(&config);
    let line = log.find(|line| line.contains("listening")).unwrap();
    let address = line.split("address=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    check(channel(address, client(&authority, Some(&member))).await.unwrap()).await.unwrap();

    let revocations = config.with_file_name("revocations.pem");
    write_private(&revocations, &authority.list(&[&member.serial], time::Duration::DAY));
    let pid = Pid::from_child(&server.0);
    kill_process(pid, Signal::HUP).unwrap();
    let line = log.find(|line| line.contains("lists reloaded")).unwrap();
    assert!(line.contains("revoked=1"), "{line}");
    let refused = match channel(address, client(&authority, Some(&member))).await {
        Ok(channel) => check(channel).await,
        Err(error) => Err(error),
    };
    assert!(refused.is_err());
    let two = authority.member(&[LIAISON, LIAISON]);
    let _ = channel(address, client(&authority, Some(&two))).await;

    kill_process(pid, Signal::TERM).unwrap();
    assert!(server.0.wait().unwrap().success());
    // The operator is told why: here, and for a certificate that the authority should not have made.
    let rest: Vec<String> = log.filter(|line| line.contains("connection refused")).collect();
    for reason in ["Revoked", "2 alternative names"] {
        assert!(rest.iter().any(|line| line.contains(reason)), "{rest:?}");
    }
}
