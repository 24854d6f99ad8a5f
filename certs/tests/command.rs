//! The command itself, run as an operator runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    fmt::Write,
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use rcgen::KeyPair;
use serde_json::Value;
use tempfile::TempDir;

struct Desk(TempDir);

impl Desk {
    /// A working folder with an authority and a server's certificate.
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let made =
            desk.json("init authority --domain kivu.example --server-name localhost --server-ip 127.0.0.1");
        assert_eq!(made["authority_sha256"].as_str().unwrap().len(), 64);
        desk
    }

    fn run(&self, words: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tearline-certs"))
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("TEARLINE_AUTHORITY")
            .output()
            .unwrap()
    }

    fn json(&self, words: &str) -> Value {
        let output = self.run(&format!("--json {words}"));
        assert_eq!(output.status.code(), Some(0), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Standard error of a command that is refused.
    fn refused(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(output.stdout.is_empty(), "{words}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn admit(&self, file: &str, names: &[&str]) {
        let mut text = String::new();
        for name in names {
            let key = KeyPair::generate().unwrap().public_key_pem();
            writeln!(text, "# spiffe://kivu.example/{name}\n{key}").unwrap();
        }
        fs::write(self.0.path().join(file), text).unwrap();
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

#[test]
fn an_operator_gets_from_nothing_to_a_revoked_member() {
    let desk = Desk::new();
    desk.admit("admission.pem", &["party/drc/liaison", "mediator/us/kinshasa"]);
    let issued = desk.json("issue admission.pem --out out");
    assert_eq!(issued["issued"][0]["file"], "out/drc-liaison.pem");
    assert_eq!(issued["issued"][1]["name"], "spiffe://kivu.example/mediator/us/kinshasa");
    let chain = String::from_utf8(desk.read("out/drc-liaison.pem")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(chain.ends_with(&String::from_utf8(desk.read("authority/authority.pem")).unwrap()));

    let renewed = desk.json("renew drc/liaison --out out --revoke-old --publish published.pem");
    assert_eq!(renewed["revoked"][0]["serial"], issued["issued"][0]["serial"]);
    assert_ne!(String::from_utf8(desk.read("out/drc-liaison.pem")).unwrap(), chain);
    assert_eq!(desk.read("published.pem"), desk.read("authority/crl.pem"));

    let revoked = desk.json("revoke us/kinshasa --reason key-compromise --days 30 --publish published.pem");
    assert_eq!((&revoked["crl"]["number"], &revoked["crl"]["revoked"]), (&Value::from(3), &Value::from(2)));
    assert_eq!(desk.read("published.pem"), desk.read("authority/crl.pem"));
    assert_eq!(desk.json("crl")["crl"]["number"], 4);

    let list = desk.json("list");
    let states: Vec<&str> =
        list["certificates"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["valid", "revoked", "revoked", "valid"]);
    let text = String::from_utf8(desk.run("list").stdout).unwrap();
    assert!(text.starts_with("NAME ") && text.contains("(key-compromise)"), "{text}");
}

#[test]
fn nothing_is_overwritten_and_nothing_is_signed_in_vain() {
    let desk = Desk::new();
    let (key, chain) = (desk.read("server.key"), desk.read("server.pem"));
    let mode = fs::metadata(desk.0.path().join("server.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(desk.refused("issue-server --name localhost").contains("server.pem is there already"));
    assert!(desk.refused("init authority --domain kivu.example").contains("not empty"));
    desk.admit("admission.pem", &["party/drc/liaison"]);
    fs::write(desk.0.path().join("drc-liaison.pem"), "a letter").unwrap();
    assert!(desk.refused("issue admission.pem").contains("drc-liaison.pem is there already"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 1);

    desk.json("issue admission.pem --out out");
    assert!(desk.refused("renew drc/liaison").contains("not a certificate of"));
    assert!(desk.refused("crl --publish server.key").contains("not a revocation list"));
    assert!(desk.refused("revoke drc/liaison --publish drc-liaison.pem").contains("nothing was done"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(desk.json("list")["crl"]["number"], 1);
    assert_eq!(desk.read("drc-liaison.pem"), b"a letter");
    assert_eq!((desk.read("server.key"), desk.read("server.pem")), (key, chain));
}

#[test]
fn two_members_are_never_written_to_one_file() {
    let desk = Desk::new();
    desk.admit("admission.pem", &["party/a-b/c", "party/a/b-c"]);
    assert!(desk.refused("issue admission.pem").contains("nothing was signed"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 1);
}

#[test]
fn refusals_say_what_to_do() {
    let desk = Desk::new();
    desk.admit("admission.pem", &["party/drc/liaison"]);
    desk.json("issue admission.pem --out one");
    for (words, said) in [
        ("issue admission.pem --out two", "tearline-certs renew spiffe://kivu.example/party/drc/liaison"),
        ("issue server.pem", "server.pem, line 1: this is neither a remark"),
        ("issue nowhere.pem", "cannot read nowhere.pem"),
        (
            "list --authority elsewhere",
            "no certificate authority in elsewhere. Name its folder with --authority",
        ),
        ("revoke rwanda/liaison", "no certificate of `rwanda/liaison`"),
        ("issue-server --name *.example --out two", "without wildcards"),
    ] {
        let error = desk.refused(words);
        assert!(error.starts_with("tearline-certs: ") && error.contains(said), "{words}: {error}");
    }
    let output = desk.run("--json list --authority elsewhere");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().starts_with("no certificate authority"));
}

#[test]
fn wrong_usage_is_two_and_help_has_examples() {
    let desk = Desk::new();
    for words in [
        "",
        "sign",
        "init x",
        "init x --domain KIVU",
        "issue",
        "issue-server",
        "revoke a --reason mood",
        "crl --days 0",
        "renew drc/liaison --publish x",
    ] {
        assert_eq!(desk.run(words).status.code(), Some(2), "{words}");
    }
    for command in ["init", "issue", "issue-server", "renew", "revoke", "crl", "list"] {
        let help = desk.run(&format!("{command} --help"));
        assert_eq!(help.status.code(), Some(0));
        assert!(
            String::from_utf8(help.stdout).unwrap().contains(&format!("tearline-certs {command}")),
            "{command}"
        );
    }
}
