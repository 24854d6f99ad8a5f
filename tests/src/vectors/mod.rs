//! Test vectors: every format, good and broken, as files that other implementations can read.
//!
//! A vector's input is made here from fixed seeds; what is expected of it is what the public API
//! answers. `docs/spec.md` says what a format is; the files are `tests/vectors/*.json`.

#![expect(clippy::unnecessary_wraps, reason = "the cases of all formats are made by functions of one type")]

mod basics;
mod bundles;
mod contents;
mod couriers;
mod fixture;
mod input;
mod keys;
pub mod logs;
mod notes;
mod sealing;
mod shown;
mod signed;
mod trees;
pub mod verdict;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

pub use input::Input;

/// What the public API makes of an input: what it read, or the name of the fact that refuses it.
pub type Answer = std::result::Result<Value, String>;

/// One input, and whether it was made to be accepted.
#[derive(Debug, Clone)]
pub struct Case {
    /// Unique in its file.
    pub name: String,
    /// Fields as JSON; bytes in hexadecimal.
    pub input: Value,
    /// Whether it is accepted.
    pub good: bool,
}

impl Case {
    fn good(name: impl Into<String>, input: Value) -> Self {
        Self { name: name.into(), input, good: true }
    }

    fn bad(name: impl Into<String>, input: Value) -> Self {
        Self { name: name.into(), input, good: false }
    }
}

/// A format with its vectors.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Name of the file, without its ending.
    pub file: &'static str,
    cases: fn() -> Result<Vec<Case>>,
    /// What the public API makes of an input. An error is of the vector itself.
    pub judge: fn(Input<'_>) -> Result<Answer>,
}

/// All formats.
pub const FORMATS: &[Format] = &[
    Format { file: "frames", cases: basics::frames, judge: basics::judge_frame },
    Format { file: "names", cases: basics::names, judge: basics::judge_name },
    Format { file: "encoding", cases: basics::encodings, judge: basics::judge_encoding },
    Format { file: "keys", cases: keys::keys, judge: keys::judge_key },
    Format { file: "signatures", cases: keys::signatures, judge: keys::judge_signature },
    Format { file: "envelopes", cases: signed::envelopes, judge: signed::judge_envelope },
    Format { file: "statements", cases: signed::statements, judge: signed::judge_statement },
    Format { file: "charters", cases: signed::charters, judge: signed::judge_charter },
    Format { file: "entries", cases: signed::entries, judge: signed::judge_entry },
    Format { file: "cards", cases: signed::cards, judge: signed::judge_card },
    Format { file: "merkle", cases: trees::merkle, judge: trees::judge_merkle },
    Format { file: "notes", cases: notes::notes, judge: notes::judge_note },
    Format { file: "checkpoints", cases: notes::checkpoints, judge: notes::judge_checkpoint },
    Format { file: "cosignatures", cases: notes::cosignatures, judge: notes::judge_cosignature },
    Format { file: "seals", cases: sealing::seals, judge: sealing::judge_seal },
    Format { file: "wraps", cases: sealing::wraps, judge: sealing::judge_wrap },
    Format { file: "manifests", cases: sealing::manifests, judge: sealing::judge_manifest },
    Format { file: "contents", cases: contents::contents, judge: contents::judge_content },
    Format { file: "proofs", cases: shown::proofs, judge: shown::judge_proof },
    Format { file: "evidence", cases: shown::evidence, judge: shown::judge_evidence },
    Format { file: "bundles", cases: bundles::bundles, judge: bundles::judge_bundle },
    Format { file: "couriers", cases: couriers::couriers, judge: couriers::judge_courier },
];

/// The whole text of a format's file.
pub fn document(format: &Format) -> Result<String> {
    let mut rows = Vec::new();
    for case in (format.cases)()? {
        let answer = (format.judge)(Input::new(&case.input))?;
        ensure!(
            answer.is_ok() == case.good,
            "{}: {} was to be {}, but: {answer:?}",
            format.file,
            case.name,
            if case.good { "accepted" } else { "refused" }
        );
        rows.push(format!(
            "{{\"name\": {},\n \"input\": {},\n \"expect\": {}}}",
            json!(case.name),
            case.input,
            expectation(&answer)
        ));
    }
    Ok(format!("[\n{}\n]\n", rows.join(",\n")))
}

/// An answer as vectors state it.
pub fn expectation(answer: &Answer) -> Value {
    match answer {
        Ok(value) => json!({ "ok": value }),
        Err(code) => json!({ "refused": code }),
    }
}

/// The name of an error's variant, in upper case: a fact for people; only that it is refused is normative.
fn code(error: &impl std::fmt::Debug) -> String {
    let debug = format!("{error:?}");
    let name: String = debug.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut out = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(character.to_ascii_uppercase());
    }
    out
}
