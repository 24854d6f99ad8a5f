//! Two parties that put all they have together, files, opened contents, manifests, salts, digests and times,
//! match nothing that was given to them apart.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use tearline_client::{desk, passphrase::Source, profile::Profile, vault::Vault};
use tearline_ledger::{
    content::Content,
    digest::{Digest, frame_digest},
    envelope::PayloadType,
    id::HOUR,
    statement::Act,
};
use tearline_tests::cli::{House, papers::FERRIES as BRIEFING};

/// All that one party has, opened by its own keys.
#[derive(Default)]
struct Holdings {
    /// Every file of every desk, but for the rooms that both sides read.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Every field of 16 bytes or more of statements and contents in rooms of its own.
    fields: BTreeSet<Vec<u8>>,
    /// Of releases of portions: salts and blinds; texts; values of manifests.
    secrets: BTreeSet<Vec<u8>>,
    texts: BTreeSet<String>,
    values: BTreeSet<Vec<u8>>,
}

/// What both sides may have: fields of shared rooms, the members, what every desk has.
#[derive(Default)]
struct Shared {
    fields: BTreeSet<Vec<u8>>,
    files: Vec<Vec<u8>>,
}

fn files(folder: &Path, out: &mut Vec<(PathBuf, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, out)?;
        } else {
            out.extend(values(&fs::read(&path)?).map(|value| (path.clone(), value)));
        }
    }
    Ok(())
}

fn opened(house: &House, desk: &str) -> Result<desk::Desk> {
    let profile = Profile::open(&house.desk(desk))?;
    let passphrase = Source::File(house.path("passphrase")).get(desk)?;
    let vault = Vault::open(&profile.keys_path(), &passphrase)?;
    Ok(desk::Desk::new(profile, Some(vault)))
}

/// Every field of a room's statements and of what they have sealed.
fn gather(room: &desk::Room, fields: &mut BTreeSet<Vec<u8>>, mut torn: Option<&mut Holdings>) -> Result<()> {
    fields.insert(room.replica.room().as_bytes().to_vec());
    fields.insert(PayloadType::Statement.as_str().as_bytes().to_vec());
    for index in 0..room.replica.size() {
        let line = room.replica.line(index)?;
        let statement = &line.signed.statement;
        fields.insert(line.signed.identity().0.as_bytes().to_vec());
        fields.insert(room.replica.require_entry(index)?.leaf().as_bytes().to_vec());
        fields.insert(statement.id.as_bytes().to_vec());
        fields.insert(statement.author.as_str().as_bytes().to_vec());
        fields.insert(statement.basis.root.as_bytes().to_vec());
        for signature in line.signed.envelope.signatures() {
            fields.insert(signature.key_id.0.as_bytes().to_vec());
            fields.insert(signature.bytes.to_vec());
        }
        if let Act::Charter(charter) = &statement.act {
            fields.insert(charter.key_commitment.as_bytes().to_vec());
            for member in &charter.members {
                fields.insert(member.name.as_str().as_bytes().to_vec());
                fields.insert(member.sign_key.as_ref().to_vec());
                fields.insert(member.tls_key.as_bytes().to_vec());
                fields.extend(member.wrap.iter().map(|wrap| wrap.to_vec()));
            }
        }
        let Some(post) = statement.sealed() else { continue };
        let quorum = matches!(statement.act, Act::Post(_)) && line.signers.len() > 1;
        ensure!(!quorum || statement.id.is_whole_hour(), "an id tells more than the hour");
        fields.insert(post.salt.to_vec());
        fields.extend([post.key_commitment, post.digest].map(|digest| digest.as_bytes().to_vec()));
        fields.extend(post.manifests.iter().map(|digest| digest.as_bytes().to_vec()));
        let plain = room.open(&line)?;
        let content = Content::parse(&plain)?;
        let message = content.message();
        ensure!(!quorum || message.written_at % HOUR == 0, "the time of writing tells more than the hour");
        fields.extend(content.texts().into_iter().map(|(_, text)| text.as_bytes().to_vec()));
        let Some(tearline) = &message.tearline else { continue };
        let values: Vec<Vec<u8>> = tearline.manifest.chunks(32).map(<[u8]>::to_vec).collect();
        fields.extend(values.iter().cloned());
        fields.insert(tearline.blind.to_vec());
        for portion in &tearline.portions {
            fields.insert(portion.salt.to_vec());
        }
        if let Some(torn) = torn.as_deref_mut() {
            torn.values.extend(values);
            torn.secrets.insert(tearline.blind.to_vec());
            torn.secrets.extend(tearline.portions.iter().map(|portion| portion.salt.to_vec()));
            torn.texts.extend(content.texts().into_iter().map(|(_, text)| text.to_owned()));
        }
    }
    fields.retain(|field| field.len() >= 16);
    Ok(())
}

impl Holdings {
    fn of(house: &House, desks: &[&str], shared: &mut Shared) -> Result<Self> {
        let mut out = Self::default();
        for name in desks {
            let desk = opened(house, name)?;
            let mut plenary = None;
            for room in desk.rooms()? {
                let mut fields = BTreeSet::new();
                if room.replica.name() == "plenary" {
                    gather(&room, &mut fields, None)?;
                    shared.fields.extend(fields);
                    plenary = Some(desk.profile().room_dir(room.replica.room()));
                } else {
                    gather(&room, &mut fields, Some(&mut out))?;
                    out.fields.extend(fields);
                }
            }
            let plenary = plenary.context("both read the plenary")?;
            let mut all = Vec::new();
            files(&house.desk(name), &mut all)?;
            for (path, bytes) in all {
                // Cards, keys and certificates say who a desk is; they were made before anything was given.
                let made = ["card.tearline", "keys.age"].iter().any(|name| path.ends_with(name));
                let paper = made || path.extension().is_some_and(|it| it == "pem");
                if paper || path.starts_with(&plenary) {
                    shared.files.push(bytes);
                } else {
                    out.files.push((path, bytes));
                }
            }
        }
        Ok(out)
    }
}

/// Whatever is between the shared fields, as pieces: what stands around them is framing, the same everywhere.
fn pieces<'a>(bytes: &'a [u8], shared: &BTreeSet<Vec<u8>>) -> Vec<&'a [u8]> {
    let (mut out, mut from, mut at) = (Vec::new(), 0, 0);
    let heads: HashSet<&[u8]> = shared.iter().map(|field| &field[..16]).collect();
    while at + 16 <= bytes.len() {
        let known = heads.contains(&bytes[at..at + 16]);
        let field =
            shared.iter().filter(|field| known && bytes[at..].starts_with(field)).max_by_key(|it| it.len());
        match field {
            Some(field) => {
                out.push(&bytes[from..at]);
                at += field.len();
                from = at;
            }
            None => at += 1,
        }
    }
    out.push(&bytes[from..]);
    out
}

/// The values of a text file without the marks around them, what it writes in hexadecimal as bytes; of any other
/// file, all of it.
fn values(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let text = std::str::from_utf8(bytes).is_ok();
    let mark = move |byte: &u8| text && !byte.is_ascii_alphanumeric() && !b"+/=".contains(byte);
    let value = move |value: &[u8]| match hex::decode(value) {
        Ok(decoded) if text => decoded,
        _ => value.to_vec(),
    };
    bytes.split(mark).map(value).collect::<Vec<_>>().into_iter()
}

fn windows<'a>(bytes: &'a [u8], length: usize, out: &mut HashSet<&'a [u8]>) {
    out.extend(bytes.windows(length));
}

/// Fields, whole. A joint release and like offers say the same on purpose: their words are all that is equal.
fn no_field_is_in_both(one: &Holdings, two: &Holdings, shared: &Shared) -> Result<()> {
    let common: Vec<&Vec<u8>> =
        one.fields.intersection(&two.fields).filter(|field| !shared.fields.contains(*field)).collect();
    ensure!(!common.is_empty(), "what was said to both is not found in both");
    for field in &common {
        let text = std::str::from_utf8(field);
        let meant = text.is_ok_and(|text| !BRIEFING.contains(text) && text.contains(' '));
        ensure!(meant, "both hold {}", String::from_utf8_lossy(field));
    }
    Ok(())
}

/// Texts, by every 16 bytes: of what was torn from this briefing nothing is in anything of the other's.
fn no_text_is_in_both(one: &Holdings, two: &Holdings) -> Result<()> {
    let torn = |holdings: &Holdings| -> Vec<String> {
        holdings.texts.iter().filter(|text| BRIEFING.contains(text.as_str())).cloned().collect()
    };
    let (torn_one, torn_two) = (torn(one), torn(two));
    ensure!(torn_one.len() >= 4 && torn_two.len() >= 2, "{torn_one:?} {torn_two:?}");
    for (mine, others) in [(&torn_one, two), (&torn_two, one)] {
        for text in mine {
            for window in text.as_bytes().windows(16) {
                let found = others.fields.iter().any(|field| field.windows(16).any(|other| other == window));
                ensure!(!found, "both hold {:?}", String::from_utf8_lossy(window));
            }
        }
    }
    Ok(())
}

/// Hashes: of what either has, alone and combined with what the other has, none is anything of the other's.
fn no_hash_leads_across(one: &Holdings, two: &Holdings) -> Result<()> {
    let texts: BTreeSet<&[u8]> = one.texts.iter().chain(&two.texts).map(String::as_bytes).collect();
    for (mine, others) in [(one, two), (two, one)] {
        let known: HashSet<&[u8]> = others.fields.iter().map(Vec::as_slice).collect();
        let unknown = |digest: Digest, what: &str| -> Result<()> {
            ensure!(!known.contains(&digest.as_bytes()[..]), "{what} of the one is a field of the other");
            Ok(())
        };
        for field in &mine.fields {
            unknown(Digest::of(field), "a hash")?;
        }
        for secret in &mine.secrets {
            for text in &texts {
                unknown(Digest::of_parts(&[secret, text]), "salt and text")?;
                unknown(Digest::of_parts(&[text, secret]), "text and salt")?;
                unknown(frame_digest(&[b"tearline/v1/portion", secret, text]), "a portion's value")?;
                unknown(frame_digest(&[b"tearline/v1/manifest", secret, text]), "a manifest's digest")?;
            }
        }
        // Nor does a salt of the one open a value of its own with a text of the other.
        let own: HashSet<&[u8]> = mine.values.iter().map(Vec::as_slice).collect();
        for secret in &mine.secrets {
            for text in &others.texts {
                let value = frame_digest(&[b"tearline/v1/portion", secret, text.as_bytes()]);
                let meant = mine.texts.contains(text);
                ensure!(
                    meant || !own.contains(&value.as_bytes()[..]),
                    "{text:?} is found in the other's manifest"
                );
            }
        }
        let values: Vec<&Vec<u8>> = mine.secrets.iter().chain(&mine.values).collect();
        for first in &values {
            for second in &values {
                unknown(Digest::of_parts(&[first, second]), "a pair's hash")?;
            }
        }
    }
    Ok(())
}

/// The files as they lie there, between what is shared: by every 16 bytes, and of texts, which write as much
/// less densely, by every 32.
fn no_file_joins_another(one: &Holdings, two: &Holdings, shared: &Shared) -> Result<()> {
    for text in [false, true] {
        let (length, kind) =
            (if text { 32 } else { 16 }, |bytes: &[u8]| std::str::from_utf8(bytes).is_ok() == text);
        let (mut legitimate, mut of_one) = (HashSet::new(), HashSet::new());
        for bytes in shared.files.iter().filter(|bytes| kind(bytes)) {
            windows(bytes, length, &mut legitimate);
        }
        for (_, bytes) in one.files.iter().filter(|(_, bytes)| kind(bytes)) {
            for piece in pieces(bytes, &shared.fields) {
                windows(piece, length, &mut of_one);
            }
        }
        ensure!(!of_one.is_empty(), "there is nothing to compare");
        for (path, bytes) in two.files.iter().filter(|(_, bytes)| kind(bytes)) {
            for piece in pieces(bytes, &shared.fields) {
                let both = |window: &&[u8]| of_one.contains(window) && !legitimate.contains(window);
                let joined = piece.windows(length).find(both).map(String::from_utf8_lossy);
                ensure!(joined.is_none(), "{}: both hold {joined:?}", path.display());
            }
        }
    }
    Ok(())
}

#[test]
fn two_parties_that_put_all_they_have_together_match_nothing_that_was_given_apart() -> Result<()> {
    let house = House::kivu()?;
    let briefing = house.publish("us/kinshasa", "ferries.md", BRIEFING)?;
    let lower = "4:C//REL TO DRC:known by now";
    let other = "5:C//REL TO RWA:known by now";
    for order in [
        vec![&briefing, "--portions", "1", "--to", "drc"],
        vec![&briefing, "--portions", "2", "--to", "rwanda", "--subject", "At anchor off Idjwi"],
        vec![
            &briefing,
            "--portions",
            "3,4",
            "--to",
            "drc",
            "--subject",
            "The pilot's past",
            "--downgrade",
            lower,
        ],
        vec![
            &briefing,
            "--portions",
            "5",
            "--to",
            "rwanda",
            "--subject",
            "A list of hulls",
            "--downgrade",
            other,
        ],
    ] {
        let proposal = house.propose("us/kinshasa", &order)?;
        house.enact("us/washington", &proposal)?;
    }
    let (drc, rwanda) = (["drc/delegation", "drc/liaison"], ["rwanda/delegation", "rwanda/liaison"]);
    for desk in drc.iter().chain(&rwanda) {
        house.text(desk, &["fetch"])?;
    }
    let mut shared = Shared::default();
    let one = Holdings::of(&house, &drc, &mut shared)?;
    let two = Holdings::of(&house, &rwanda, &mut shared)?;
    ensure!(
        one.texts.len() > 4 && two.texts.len() > 3 && one.values.len() >= 128,
        "there is too little to join"
    );
    // What any desk has, of whichever side: an auditor's folder, without its rooms.
    let mut any = Vec::new();
    files(&house.desk("un/monitor-1"), &mut any)?;
    shared.files.extend(
        any.into_iter().filter(|(path, _)| !path.to_string_lossy().contains("/rooms/")).map(|it| it.1),
    );

    no_field_is_in_both(&one, &two, &shared)?;
    no_text_is_in_both(&one, &two)?;
    no_hash_leads_across(&one, &two)?;
    no_file_joins_another(&one, &two, &shared)
}
