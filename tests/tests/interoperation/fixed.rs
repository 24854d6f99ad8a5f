//! What `filippo.io/torchwood` and `golang.org/x/mod/sumdb` made, and what they say of our own vectors.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tearline_ledger::{
    checkpoint::SignedCheckpoint,
    cosign::{Standing, cosignatures},
    digest::Digest,
    merkle::{TreeSize, verify_consistency, verify_inclusion},
    note::{Note, VerifierKey},
    policy::Policy,
    proof::TlogProof,
};
use tlog_tiles::{check_record, check_tree};

use crate::{foreign_checkpoint, foreign_text, hash};

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn foreign() -> Result<Value> {
    Ok(serde_json::from_slice(&fs::read(folder().join("foreign/vectors.json"))?)?)
}

fn all<'a>(json: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    let all = json[key].as_array().with_context(|| format!("no list {key}"))?;
    ensure!(!all.is_empty(), "{key} is empty");
    Ok(all)
}

fn text<'a>(json: &'a Value, key: &str) -> Result<&'a str> {
    json[key].as_str().with_context(|| format!("no text {key} in {json}"))
}

fn number(json: &Value, key: &str) -> Result<u64> {
    json[key].as_u64().with_context(|| format!("no number {key} in {json}"))
}

fn digest(json: &Value, key: &str) -> Result<Digest> {
    Digest::from_hex(text(json, key)?).with_context(|| format!("no digest {key}"))
}

fn hashes(json: &Value) -> Result<Vec<Digest>> {
    let list = json["hashes"].as_array().context("hashes")?;
    list.iter().map(|it| it.as_str().and_then(Digest::from_hex).context("a digest")).collect()
}

fn keys(json: &Value, key: &str) -> Result<Vec<VerifierKey>> {
    let list = json[key].as_array().with_context(|| format!("no list {key}"))?;
    list.iter().map(|it| Ok(it.as_str().context("a key")?.parse()?)).collect()
}

/// Each byte of a note's text changed in turn, where that leaves another note.
fn spoilt(note: &str) -> impl Iterator<Item = String> {
    let end = note.find("\n\n").unwrap_or(note.len());
    let digits =
        note.char_indices().take_while(move |(at, _)| *at < end).filter(|(_, it)| it.is_ascii_digit());
    let places: Vec<usize> = digits.map(|(at, _)| at).collect();
    places.into_iter().map(move |at| {
        let other = if &note[at..=at] == "7" { "8" } else { "7" };
        format!("{}{other}{}", &note[..at], &note[at + 1..])
    })
}

#[test]
fn notes_of_others_are_read_and_changed_ones_refused_by_both() -> Result<()> {
    for it in all(&foreign()?, "notes")? {
        let (note, name) = (text(it, "note")?, text(it, "name")?);
        let known = keys(it, "keys")?;
        let typed: Vec<String> = known.iter().map(ToString::to_string).collect();
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        let parsed = Note::parse(note.as_bytes()).with_context(|| name.to_owned())?;
        let verified = parsed.verify(&known).with_context(|| name.to_owned())?;
        ensure!(verified.signers() == known, "{name}: {verified:?}");
        ensure!(verified.text() == foreign_text(note.as_bytes(), &typed)?, "{name}");
        let changed = note.replacen("Above", "Below", 1);
        ensure!(Note::parse(changed.as_bytes())?.verify(&known).is_err(), "{name}");
        ensure!(foreign_text(changed.as_bytes(), &typed).is_err(), "{name}");
    }
    Ok(())
}

#[test]
fn checkpoints_and_cosignatures_of_others_are_read_to_the_same_facts() -> Result<()> {
    for it in all(&foreign()?, "checkpoints")? {
        let (log, size) = (text(it, "log")?, number(it, "size")?);
        let key: VerifierKey = log.parse()?;
        let opened = SignedCheckpoint::open(text(it, "note")?.as_bytes(), &key)?;
        ensure!(opened.size().0 == size && opened.root() == digest(it, "root")?, "{it}");
        ensure!(opened.origin().to_string() == text(it, "origin")?, "{it}");
        let theirs = foreign_checkpoint(&foreign_text(text(it, "note")?.as_bytes(), &[log])?)?;
        ensure!(theirs.size() == size && theirs.origin() == text(it, "origin")?, "{it}");

        let cosigned = SignedCheckpoint::open(text(it, "cosigned")?.as_bytes(), &key)?;
        let witnesses = keys(it, "witnesses")?;
        let found = cosignatures(&cosigned, &witnesses)?;
        ensure!(found.len() == 3, "{found:?}");
        for one in &found {
            let time = it["times"][one.witness.name().as_str()].as_u64().context("a time")?;
            // Of type 06: parsed and carried, never verified.
            let quantum = one.witness.material().type_byte() == 6;
            ensure!(
                one.standing == if quantum { Standing::Unverified } else { Standing::At(time) },
                "{one:?}"
            );
        }
        for bad in spoilt(text(it, "cosigned")?) {
            let judged = SignedCheckpoint::open(bad.as_bytes(), &key);
            ensure!(judged.is_err(), "taken: {bad}");
            ensure!(foreign_text(bad.as_bytes(), &[log]).is_err(), "taken by the other: {bad}");
        }
        // A cosignature of another checkpoint, under the true one.
        let line = |note: &str, name: &str| {
            note.lines().find(|line| line.starts_with(&format!("— {name} "))).map(str::to_owned)
        };
        let other = foreign()?["checkpoints"][usize::from(size == 1)]["cosigned"].clone();
        let other = line(other.as_str().context("a note")?, "un/monitor-1").context("a line")?;
        let mixed = format!("{}{other}\n", text(it, "note")?);
        let mixed = SignedCheckpoint::open(mixed.as_bytes(), &key)?;
        ensure!(cosignatures(&mixed, &witnesses).is_err(), "another checkpoint's cosignature counts");
    }
    Ok(())
}

#[test]
fn trees_of_others_are_ours_and_their_proofs_hold_until_a_hash_is_changed() -> Result<()> {
    for tree in all(&foreign()?, "trees")? {
        let (size, root) = (number(tree, "size")?, digest(tree, "root")?);
        let there = hash(text(tree, "root")?)?;
        for it in all(tree, "inclusion")? {
            let (index, leaf, path) = (number(it, "index")?, digest(it, "leaf")?, hashes(it)?);
            let both = |path: &[Digest]| -> Result<(bool, bool)> {
                let theirs: Vec<_> = path.iter().map(|it| tlog_tiles::Hash(*it.as_bytes())).collect();
                Ok((
                    verify_inclusion(&leaf, index, TreeSize(size), path, &root).is_ok(),
                    check_record(&theirs, size, there, index, hash(text(it, "leaf")?)?).is_ok(),
                ))
            };
            ensure!(both(&path)? == (true, true), "{size}: {it}");
            for at in 0..path.len() {
                let mut bad = path.clone();
                bad[at] = Digest::of(b"another");
                ensure!(both(&bad)? == (false, false), "{size}: {it}");
                bad.remove(at);
                ensure!(both(&bad)? == (false, false), "{size}: {it}");
            }
        }
        for it in all(tree, "consistency")? {
            let (old, old_root, path) = (number(it, "size")?, digest(it, "root")?, hashes(it)?);
            let both = |path: &[Digest]| -> Result<(bool, bool)> {
                let theirs: Vec<_> = path.iter().map(|it| tlog_tiles::Hash(*it.as_bytes())).collect();
                let ours = verify_consistency(TreeSize(old), &old_root, TreeSize(size), &root, path);
                Ok((ours.is_ok(), check_tree(&theirs, size, there, old, hash(text(it, "root")?)?).is_ok()))
            };
            ensure!(both(&path)? == (true, true), "{size}: {it}");
            for at in 0..path.len() {
                let mut bad = path.clone();
                bad[at] = Digest::of(b"another");
                ensure!(both(&bad)? == (false, false), "{size}: {it}");
            }
        }
    }
    Ok(())
}

#[test]
fn proofs_of_others_verify_and_no_other_leaf_does() -> Result<()> {
    let foreign = foreign()?;
    for it in all(&foreign, "proofs")? {
        let bytes = text(it, "proof")?.as_bytes();
        let (proof, key) = (TlogProof::parse(bytes)?, text(it, "log")?.parse()?);
        ensure!(proof.index() == number(it, "index")?, "{it}");
        ensure!(proof.to_bytes() == bytes, "written anew it is another file: {it}");
        ensure!(proof.verify(&digest(it, "leaf")?, &key)?.size().0 == 13, "{it}");
        ensure!(proof.verify(&Digest::of(b"another"), &key).is_err(), "{it}");
        let other = &keys(&foreign["notes"][0], "keys")?[0];
        ensure!(proof.verify(&digest(it, "leaf")?, other).is_err(), "{it}");
    }
    Ok(())
}

/// Where C2SP tlog-policy is stricter than the other implementation, which says itself that it is experimental.
const POLICIES_REFUSED_HERE: [&str; 3] =
    ["a comment behind a line", "one key under two names", "a member of two groups"];

#[test]
fn policies_are_taken_and_met_as_others_judge_them() -> Result<()> {
    let mut refused_here = Vec::new();
    for it in all(&foreign()?, "policies")? {
        let name = text(it, "name")?;
        let parsed = Policy::parse(text(it, "text")?.as_bytes());
        let Ok(policy) = parsed else {
            if it["taken"] == true {
                refused_here.push(name.to_owned());
            }
            continue;
        };
        ensure!(it["taken"] == true, "{name} is taken here, and not there");
        for judged in all(it, "judged")? {
            let met = policy.satisfied_by(&keys(judged, "cosigned")?);
            ensure!(judged["met"] == met, "{name}: {judged}");
        }
    }
    ensure!(refused_here == POLICIES_REFUSED_HERE, "{refused_here:?}");
    Ok(())
}

/// Where our verdict on a vector of ours is another than theirs, and why.
const OTHER_VERDICTS: [(&str, &str, &str); 6] = [
    ("checkpoints", "an extension line", "rooms have no use for one, so one spelling is left"),
    ("checkpoints", "the greatest size", "theirs ends at 2^63 - 1"),
    ("cosignatures", "a bad one beside a good one", "theirs passes over a second line by the same key"),
    ("cosignatures", "of type 06, carried", "theirs verifies ML-DSA-44, and nobody signed it"),
    ("notes", "65 lines", "theirs takes 100"),
    ("notes", "spare bits in base64", "theirs decodes what has several spellings"),
];

#[test]
fn others_judge_our_vectors_as_we_do_but_for_what_is_listed() -> Result<()> {
    let foreign = foreign()?;
    let mut other = Vec::new();
    for format in ["checkpoints", "cosignatures", "notes", "proofs"] {
        let file = fs::read(folder().join(format!("vectors/{format}.json")))?;
        ensure!(
            text(&foreign["verdicts_of"], format)? == Digest::of(&file).to_hex(),
            "{format}.json has changed since others judged it: run tests/foreign again"
        );
        let vectors: Vec<Value> = serde_json::from_slice(&file)?;
        let ours: BTreeMap<&str, bool> = vectors
            .iter()
            .map(|it| Ok((text(it, "name")?, it["expect"].get("ok").is_some())))
            .collect::<Result<_>>()?;
        let theirs = foreign["verdicts"][format].as_object().context("verdicts")?;
        ensure!(theirs.len() == ours.len() && ours.values().any(|ok| *ok), "{format}: a verdict is missing");
        for (name, ok) in &ours {
            if theirs.get(*name).and_then(Value::as_bool) != Some(*ok) {
                other.push((format, (*name).to_owned()));
            }
        }
    }
    let listed: Vec<(&str, String)> =
        OTHER_VERDICTS.iter().map(|(format, name, _)| (*format, (*name).to_owned())).collect();
    ensure!(other == listed, "{other:?}");
    Ok(())
}
