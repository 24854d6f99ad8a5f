//! The command itself, run as an operator runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod mediation;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use mediation::{DRC, Draft, KINSHASA, Place, WASHINGTON, admission, founding, room};
use serde_json::Value;
use tearline_ledger::{
    admission::{Admission, Invitation},
    digest::Digest,
};
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

    /// The fingerprint of its authority.
    fn own(&self) -> Digest {
        tearline_certs::Authority::open(&self.0.path().join("authority")).unwrap().ca_spki_sha256()
    }

    fn write(&self, file: &str, admission: &Admission) {
        fs::write(self.0.path().join(file), admission.to_text("An admission")).unwrap();
    }

    /// Issues the founding of the chamber, into the folder `chamber`.
    fn found(&self) -> Value {
        self.write("founding.admission", &founding(self.own()));
        self.json("issue founding.admission --out chamber")
    }

    /// Writes what admits one party's desk.
    fn admit(&self, file: &str) {
        self.write(file, &admission(vec![room(self.own(), "drc", &DRC)], &[&DRC]));
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

#[test]
fn an_operator_gets_from_nothing_to_a_revoked_member() {
    let desk = Desk::new();
    let founded = desk.found();
    assert_eq!(founded["chamber"]["mediators"][0]["name"], "spiffe://kivu.example/mediator/us/kinshasa");
    assert_eq!((&founded["chamber"]["quorum"], &founded["chamber"]["charter"]), (&2.into(), &1.into()));
    desk.admit("drc.admission");
    let issued = desk.json("issue drc.admission --out out");
    assert_eq!(issued["issued"][0]["file"], "out/drc-liaison.pem");
    assert_eq!(issued["issued"][0]["invitation"], "out/drc-liaison.invitation");
    assert_eq!(issued["issued"][0]["name"], "spiffe://kivu.example/party/drc/liaison");
    assert_eq!(issued["chamber"], Value::Null);
    let chain = String::from_utf8(desk.read("out/drc-liaison.pem")).unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(chain.ends_with(&String::from_utf8(desk.read("authority/authority.pem")).unwrap()));
    let text = String::from_utf8(desk.read("out/drc-liaison.invitation")).unwrap();
    let invitation = Invitation::from_text(&text).unwrap();
    assert_eq!(format!("{}{}", invitation.certificate, invitation.authority), chain);

    let again = desk.json("issue drc.admission --out out");
    assert_eq!(again["skipped"][0]["serial"], issued["issued"][0]["serial"]);
    let words = String::from_utf8(desk.run("issue drc.admission --out out").stdout).unwrap();
    assert!(words.starts_with("Skipped spiffe://kivu.example/party/drc/liaison: it has"), "{words}");

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
    assert_eq!(states, ["valid", "valid", "revoked", "valid", "revoked", "valid"]);
    let text = String::from_utf8(desk.run("list").stdout).unwrap();
    assert!(text.starts_with("NAME ") && text.contains("(key-compromise)"), "{text}");
    assert!(text.contains("2 of:\n  us/kinshasa  signing key "), "{text}");
}

#[test]
fn nothing_is_overwritten_and_nothing_is_signed_in_vain() {
    let desk = Desk::new();
    let (key, chain) = (desk.read("server.key"), desk.read("server.pem"));
    let mode = fs::metadata(desk.0.path().join("server.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(desk.refused("issue-server --name localhost").contains("server.pem is there already"));
    assert!(desk.refused("init authority --domain kivu.example").contains("not empty"));
    desk.write("founding.admission", &founding(desk.own()));
    fs::write(desk.0.path().join("us-kinshasa.invitation"), "another letter").unwrap();
    assert!(desk.refused("issue founding.admission").contains("us-kinshasa.invitation is there already"));
    assert_eq!(desk.json("list")["chamber"], Value::Null);
    desk.found();
    desk.admit("drc.admission");
    fs::write(desk.0.path().join("drc-liaison.pem"), "a letter").unwrap();
    assert!(desk.refused("issue drc.admission").contains("drc-liaison.pem is there already"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 4);

    desk.json("issue drc.admission --out out");
    assert!(desk.refused("renew drc/liaison").contains("not a certificate of"));
    assert!(desk.refused("crl --publish server.key").contains("not a revocation list"));
    assert!(desk.refused("revoke drc/liaison --publish drc-liaison.pem").contains("nothing was done"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 5);
    assert_eq!(desk.json("list")["crl"]["number"], 1);
    assert_eq!(desk.read("drc-liaison.pem"), b"a letter");
    assert_eq!((desk.read("server.key"), desk.read("server.pem")), (key, chain));
}

#[test]
fn two_members_are_never_written_to_one_file() {
    let desk = Desk::new();
    desk.found();
    let (one, two) = (mediation::Desk::new("party/a-b/c", 50), mediation::Desk::new("party/a/b-c", 51));
    let members = &[&KINSHASA, &WASHINGTON, &one, &two];
    let draft = Draft { authority: desk.own(), place: Place::Founds("plenary"), members };
    desk.write("two.admission", &admission(vec![draft.signed(&[&KINSHASA, &WASHINGTON])], &[&one, &two]));
    assert!(desk.refused("issue two.admission").contains("nothing was signed"));
    assert_eq!(desk.json("list")["certificates"].as_array().unwrap().len(), 4);
}

#[test]
fn refusals_say_what_to_do() {
    let desk = Desk::new();
    desk.admit("drc.admission");
    assert!(
        desk.refused("issue drc.admission").contains("Issue the admission that founds the chamber first")
    );
    desk.found();
    desk.write("other.admission", &founding(Digest::of(b"another authority")));
    for (words, said) in [
        ("issue other.admission --out two", "names the certificate authority"),
        ("issue server.pem", "server.pem: the file has no line `-----BEGIN TEARLINE ADMISSION-----`"),
        ("issue nowhere.admission", "cannot read nowhere.admission"),
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
