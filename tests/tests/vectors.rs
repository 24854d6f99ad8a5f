//! The committed test vectors: made anew they are the same bytes, and each is judged as it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tearline_tests::vectors::{FORMATS, Input, document, expectation, logs, verdict};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn vectors_made_anew_are_the_committed_ones() {
    for format in FORMATS {
        let made = document(format).unwrap();
        assert!(made == text(&folder().join(format!("{}.json", format.file))), "{} differs", format.file);
    }
}

#[test]
fn each_committed_vector_is_judged_as_it_says() {
    for format in FORMATS {
        let vectors: Vec<Value> =
            serde_json::from_str(&text(&folder().join(format!("{}.json", format.file)))).unwrap();
        let mut names = BTreeSet::new();
        for vector in &vectors {
            let name = vector["name"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{}: {name} is there twice", format.file);
            let answer = (format.judge)(Input::new(&vector["input"])).unwrap();
            assert_eq!(expectation(&answer), vector["expect"], "{}: {name}", format.file);
        }
        assert!(vectors.iter().any(|vector| vector["expect"].get("ok").is_some()), "{}", format.file);
    }
}

#[test]
fn logs_made_anew_are_the_committed_ones() {
    for log in logs::all().unwrap() {
        let file = folder().join("logs").join(log.name);
        assert!(log.bundle == fs::read(file.with_extension("bundle")).unwrap(), "{} differs", log.name);
        assert_eq!(log.verdict_document().unwrap(), text(&file.with_extension("json")), "{}", log.name);
    }
}

#[test]
fn each_committed_log_has_its_verdict_and_every_verdict_its_log() {
    let known: BTreeSet<String> = logs::all().unwrap().iter().map(|log| log.name.to_owned()).collect();
    let mut found = BTreeSet::new();
    for file in fs::read_dir(folder().join("logs")).unwrap() {
        let file = file.unwrap().path();
        found.insert(file.file_stem().unwrap().to_str().unwrap().to_owned());
        if file.extension().is_some_and(|ending| ending == "bundle") {
            let made = verdict::document(&fs::read(&file).unwrap()).unwrap();
            assert_eq!(made, text(&file.with_extension("json")), "{}", file.display());
        }
    }
    assert_eq!(found, known);
}
