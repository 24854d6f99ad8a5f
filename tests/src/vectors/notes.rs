//! Vectors of signed notes, checkpoints and cosignatures (sections 5.3 to 5.5).

use anyhow::Result;
use serde_json::{Value, json};
use tearline_ledger::{
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    cosign::{Standing, cosign, cosignatures as cosignatures_of},
    digest::Digest,
    merkle::TreeSize,
    note::{KeyMaterial, KeyName, ML_DSA_44_KEY_SIZE, Note, NoteSigner as _, VerifierKey, sign_note},
};

use super::{
    Answer, Case, Input, code,
    fixture::{ROOM, TIME, log_key},
};
use crate::{desk::domain, house::LogKey};

const TEXT: &str = "Above the line.\n\nAbove it too.\n";

fn vkey(name: &str, seed: u8, cosigner: bool) -> Result<VerifierKey> {
    let key = LogKey::from_seed(&[seed; 32]).public_key();
    let material = if cosigner { KeyMaterial::Ed25519Cosignature(key) } else { KeyMaterial::Ed25519(key) };
    Ok(VerifierKey::new(name.parse()?, material))
}

pub(super) fn notes() -> Result<Vec<Case>> {
    let name: KeyName = "kivu.example".parse()?;
    let note = sign_note(TEXT, &name, &log_key())?.to_string();
    let known = vkey("kivu.example", 0x10, false)?.to_string();
    let other = vkey("kivu.example", 0x11, false)?.to_string();
    let peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let published = "If you think cryptography is the answer to your problem,\nthen you don't know what your \
                     problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    let input = |note: &str, keys: &[&str]| json!({ "note": note, "keys": keys });
    let line = note.lines().last().unwrap_or_default();
    let bad_line = line.replace("— kivu.example ", "— kivu.example A");
    Ok(vec![
        Case::good("one signature", input(&note, &[&known])),
        Case::good("among other known keys", input(&note, &[&other, &known])),
        Case::good("published with the reference implementation", input(published, &[peter])),
        Case::good("one line twice", input(&format!("{note}{line}\n"), &[&known])),
        Case::good("a line by a stranger", input(&format!("{note}— stranger AAAAAAA=\n"), &[&known])),
        Case::bad("no known key", input(&note, &[&other])),
        Case::bad("no keys", input(&note, &[])),
        Case::bad("another text", input(&note.replace("Above", "Below"), &[&known])),
        Case::bad("another space", input(&note.replace("the line", "the  line"), &[&known])),
        Case::bad("a line that is not base64", input(&note.replace(line, &bad_line), &[&known])),
        Case::bad("a hyphen for a dash", input(&note.replace('—', "-"), &[&known])),
        Case::bad("two spaces in a line", input(&note.replace("— ", "—  "), &[&known])),
        Case::bad("no newline at the end", input(note.trim_end(), &[&known])),
        Case::bad("CRLF", input(&note.replace('\n', "\r\n"), &[&known])),
        Case::bad("a tab", input(&note.replace("it too", "it\ttoo"), &[&known])),
        Case::bad("no signature", input(TEXT, &[&known])),
        Case::bad("no empty line", input(&format!("text\n{line}\n"), &[&known])),
        Case::bad("65 lines", input(&format!("{note}{}", "— stranger AAAAAAA=\n".repeat(64)), &[&known])),
        Case::bad("a short line by a stranger", input(&format!("{note}— stranger AAAAAA==\n"), &[&known])),
        Case::bad("spare bits in base64", input(&format!("{note}— stranger AAAAAAB=\n"), &[&known])),
        Case::bad("a name with a plus", input(&format!("{note}— a+b AAAAAAA=\n"), &[&known])),
    ])
}

pub(super) fn judge_note(input: Input<'_>) -> Result<Answer> {
    let keys = keys(input, "keys")?;
    let note = match Note::parse(input.text("note")?.as_bytes()) {
        Ok(note) => note,
        Err(error) => return Ok(Err(code(&error))),
    };
    let verified = note.verify(&keys).map(|verified| {
        let signers = verified.signers().iter().map(ToString::to_string);
        json!({ "text": verified.text(), "signers": signers.collect::<Vec<_>>() })
    });
    Ok(verified.map_err(|error| code(&error)))
}

fn keys(input: Input<'_>, field: &str) -> Result<Vec<VerifierKey>> {
    input.texts(field)?.into_iter().map(|key| Ok(key.parse()?)).collect()
}

fn checkpoint(size: u64) -> Result<SignedCheckpoint> {
    let origin = Origin::new(domain()?, ROOM.0);
    Ok(Checkpoint { origin, size: TreeSize(size), root: Digest([0xdd; 32]) }.sign(&log_key())?)
}

pub(super) fn checkpoints() -> Result<Vec<Case>> {
    let log = log_key();
    let charter_key = log.vkey(&domain()?)?.to_string();
    let other_key = vkey("kivu.example", 0x11, false)?.to_string();
    let cosigner = vkey("kivu.example", 0x10, true)?.to_string();
    let input = |note: &str, key: &str| json!({ "note": note, "log_vkey": key, "domain": "kivu.example", "room": ROOM.to_string() });
    let good = checkpoint(42)?;
    let text = good.note().unverified_text().to_owned();
    let named: KeyName = KeyName::from(good.origin());
    let signed = |text: &str| -> Result<Value> {
        Ok(input(&sign_note(text, &named, &log)?.to_string(), &charter_key))
    };
    let note = good.note().to_string();
    let by_domain = sign_note(&text, &"kivu.example".parse()?, &log)?.to_string();
    Ok(vec![
        Case::good("size 42", input(&note, &charter_key)),
        Case::good("size 0", input(&checkpoint(0)?.note().to_string(), &charter_key)),
        Case::good("the greatest size", input(&checkpoint(u64::MAX)?.note().to_string(), &charter_key)),
        Case::good("with a stranger's line", input(&format!("{note}— stranger AAAAAAA=\n"), &charter_key)),
        Case::bad("another log's key", input(&note, &other_key)),
        Case::bad("a cosigner's key", input(&note, &cosigner)),
        Case::bad("signed under the domain's name", input(&by_domain, &charter_key)),
        Case::bad("another size", input(&note.replacen("\n42\n", "\n43\n", 1), &charter_key)),
        Case::bad("an extension line", signed(&format!("{text}extension\n"))?),
        Case::bad("no root", signed(&text.split_inclusive('\n').take(2).collect::<String>())?),
        Case::bad("a leading zero", signed(&text.replacen("\n42\n", "\n042\n", 1))?),
        Case::bad("a sign", signed(&text.replacen("\n42\n", "\n+42\n", 1))?),
        Case::bad("a size of 2^64", signed(&text.replacen("\n42\n", "\n18446744073709551616\n", 1))?),
        Case::bad("a root without padding", signed(&text.replace('=', ""))?),
        Case::bad("an origin in upper case", signed(&text.replacen("kivu", "KIVU", 1))?),
        Case::bad("an origin of 62 digits", signed(&text.replacen("11\n", "\n", 1))?),
        Case::bad("of another room", signed(&text.replacen("/11", "/12", 1))?),
    ])
}

pub(super) fn judge_checkpoint(input: Input<'_>) -> Result<Answer> {
    let origin = Origin::new(input.text("domain")?.parse()?, Digest(input.array("room")?));
    let key = origin.log_key(&input.text("log_vkey")?.parse()?);
    let opened = SignedCheckpoint::open(input.text("note")?.as_bytes(), &key);
    let read = opened.map(|checkpoint| {
        json!({
            "origin": checkpoint.origin().to_string(),
            "size": checkpoint.size().0,
            "root": checkpoint.root().to_hex(),
        })
    });
    Ok(read.map_err(|error| code(&error)))
}

pub(super) fn cosignatures() -> Result<Vec<Case>> {
    let log = log_key().vkey(&domain()?)?.to_string();
    let checkpoint = checkpoint(42)?;
    let note = checkpoint.note().to_string();
    let monitor = vkey("un/monitor-1", 0x21, true)?.to_string();
    let second = vkey("un/monitor-2", 0x22, true)?.to_string();
    let line = |name: &str, seed: u8, time: u64| -> Result<String> {
        Ok(format!("{}\n", cosign(&checkpoint, &name.parse()?, &LogKey::from_seed(&[seed; 32]), time)?))
    };
    let material = KeyMaterial::MlDsa44Cosignature(Box::new([6; ML_DSA_44_KEY_SIZE]));
    let ml_dsa = VerifierKey::new("un/monitor-3".parse()?, material);
    let input = |note: String, witnesses: &[&str]| {
        json!({
            "note": note, "log_vkey": log, "domain": "kivu.example", "room": ROOM.to_string(),
            "witnesses": witnesses,
        })
    };
    let one = line("un/monitor-1", 0x21, TIME)?;
    let two = line("un/monitor-2", 0x22, TIME + 60)?;
    let later = line("un/monitor-1", 0x21, TIME + 1)?;
    let latest = line("un/monitor-1", 0x21, i64::MAX.unsigned_abs())?;
    let post_quantum = ml_dsa_line(&ml_dsa, 2420);
    let short = ml_dsa_line(&ml_dsa, 2419);
    let other_checkpoint = self::checkpoint(43)?;
    let other = cosign(&other_checkpoint, &"un/monitor-1".parse()?, &LogKey::from_seed(&[0x21; 32]), TIME)?;
    let ml_dsa = ml_dsa.to_string();
    Ok(vec![
        Case::good("none", input(note.clone(), &[&monitor])),
        Case::good("one", input(format!("{note}{one}"), &[&monitor])),
        Case::good(
            "two, in the order of the witnesses",
            input(format!("{note}{one}{two}"), &[&second, &monitor]),
        ),
        Case::good("the latest of one witness", input(format!("{note}{later}{one}"), &[&monitor])),
        Case::good("the greatest time", input(format!("{note}{latest}"), &[&monitor])),
        Case::good("by a stranger", input(format!("{note}{two}"), &[&monitor])),
        Case::good("of type 06, carried", input(format!("{note}{post_quantum}"), &[&ml_dsa])),
        Case::bad("of type 06, too short", input(format!("{note}{short}"), &[&ml_dsa])),
        Case::bad("of another checkpoint", input(format!("{note}{other}\n"), &[&monitor])),
        Case::bad("a bad one beside a good one", input(format!("{note}{one}{other}\n"), &[&monitor])),
    ])
}

/// A line of type 06 with so many bytes of signature; nobody signed it.
fn ml_dsa_line(key: &VerifierKey, length: usize) -> String {
    use base64::Engine as _;
    let blob = [key.id().0.as_slice(), &TIME.to_be_bytes(), &vec![7; length]].concat();
    format!("— {} {}\n", key.name(), base64::prelude::BASE64_STANDARD.encode(blob))
}

pub(super) fn judge_cosignature(input: Input<'_>) -> Result<Answer> {
    let origin = Origin::new(input.text("domain")?.parse()?, Digest(input.array("room")?));
    let key = origin.log_key(&input.text("log_vkey")?.parse()?);
    let checkpoint = SignedCheckpoint::open(input.text("note")?.as_bytes(), &key)?;
    let found = cosignatures_of(&checkpoint, &keys(input, "witnesses")?).map(|list| {
        let one = |one: &tearline_ledger::cosign::Cosignature| {
            let time = match one.standing {
                Standing::At(time) => Some(time),
                Standing::Unverified => None,
            };
            json!({ "witness": one.witness.to_string(), "time": time })
        };
        json!({ "cosignatures": list.iter().map(one).collect::<Vec<_>>() })
    });
    Ok(found.map_err(|error| code(&error)))
}
