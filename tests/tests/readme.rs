//! Every command that README.md shows does what it is shown to do.
//!
//! All shell blocks run as one script, in their order, in an empty folder, with the binaries of this build. Three
//! things are not taken word for word: building is done already, the tests' own command is compared with
//! `.ci/run`, and what a person would answer is answered by a wrapper.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use tearline_tests::live::binaries::binary;

const README: &str = include_str!("../../README.md");
const CI: &str = include_str!("../../.ci/run");

const BUILD: &str = "cargo build --release && target/release/";
const TEST: &str = "cargo test --workspace --locked";
const SERVE: &str = "tearlined run ";
const ADDRESS: &str = "127.0.0.1:7443";

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let here = format!("127.0.0.1:{port}");
    let mut script =
        vec!["set -euo pipefail".to_owned(), "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT".to_owned()];
    let (mut built, mut tested, mut served) = (0, 0, 0);
    for line in shell_lines(README) {
        if let Some(command) = line.strip_prefix(BUILD) {
            assert!(command.starts_with("tearline quickstart "), "{line}");
            script.push(format!("{command} --once"));
            built += 1;
        } else if line == TEST {
            assert!(CI.lines().any(|other| other == TEST), ".ci/run runs the tests by another command");
            tested += 1;
        } else if line.contains("cargo ") {
            panic!("README.md shows `{line}`, which this test does not cover");
        } else if line.starts_with(SERVE) {
            assert!(line.ends_with(" &"), "{line}");
            // The configuration's own port may be taken where tests run.
            script.push(format!("sed -i 's/{ADDRESS}/{here}/' server/tearlined.toml"));
            script.push(line.to_owned());
            let listens = format!("(: </dev/tcp/127.0.0.1/{port}) 2>/dev/null");
            script.push(format!("until {listens}; do sleep 0.02; kill -0 $!; done"));
            served += 1;
        } else {
            script.push(line.replace(ADDRESS, &here));
        }
    }
    assert_eq!((built, tested, served), (1, 1, 1), "one command each builds and plays, tests, and serves");
    let bin = wrappers(folder.path());
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-x", "-c", &script.join("\n")])
        .current_dir(&work)
        .env("PATH", path)
        .env_remove("TEARLINE_PROFILE")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (said, traced) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "README.md shows a command that fails:\n{said}\n{traced}");
    assert!(said.contains("CORROBORATED · OFFENSIVE"), "the party reads the answer to its concern:\n{said}");
    assert!(said.contains("✓ rules across rooms"), "the auditor verifies:\n{said}");
}

#[test]
fn every_file_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let links: Vec<&str> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
        .filter(|link| !link.starts_with("http"))
        .collect();
    assert!(links.len() > 5);
    for link in links {
        assert!(root.join(link).is_file(), "{link} is not there");
    }
}

/// The lines of all shell blocks. A block of another language than `sh` and `text` would escape the test.
fn shell_lines(markdown: &str) -> Vec<&str> {
    let mut block = None;
    let mut lines = Vec::new();
    for line in markdown.lines() {
        match (line.strip_prefix("```"), block) {
            (Some(language), None) => {
                assert!(matches!(language, "sh" | "text"), "a block of `{language}` is not covered");
                block = Some(language);
            }
            (Some(_), Some(_)) => block = None,
            (None, Some("sh")) => lines.push(line),
            (None, None) => assert!(!line.starts_with("    "), "an indented block is not covered: {line}"),
            (None, Some(_)) => (),
        }
    }
    assert!(block.is_none(), "a block is not closed");
    lines
}

/// The three programs, `tearline` with everything answered that it would ask a person.
fn wrappers(folder: &Path) -> std::path::PathBuf {
    let bin = folder.join("bin");
    fs::create_dir(&bin).unwrap();
    let passphrase = folder.join("passphrase");
    fs::write(&passphrase, "only for this test\n").unwrap();
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    for name in ["tearlined", "tearline-certs"] {
        std::os::unix::fs::symlink(binary(name).unwrap(), bin.join(name)).unwrap();
    }
    let wrapper = format!(
        "#!/usr/bin/env bash\ncase \" $* \" in\n*' quickstart '*) exec '{0}' \"$@\" ;;\n*' init '*) set -- \"$@\" --work-factor 10 ;;\nesac\nexec '{0}' --yes --passphrase-file '{1}' \"$@\"\n",
        binary("tearline").unwrap().display(),
        passphrase.display()
    );
    let path = bin.join("tearline");
    fs::write(&path, wrapper).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    bin
}
