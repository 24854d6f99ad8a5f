//! What a running server and a running witness signed, judged by crates that others wrote.

use anyhow::{Context as _, Result, ensure};
use signed_note::{Note, StandardVerifier, Verifier as _};
use tearline_client::{
    desk::Desk, passphrase::Passphrase, profile::Profile, session::Session, vault::Vault,
    witness::witness_key,
};
use tearline_ledger::{
    merkle::{TreeSize, leaf_hash},
    note::{KeyMaterial, VerifierKey},
    proof::TlogProof,
};
use tearline_proto::v1;
use tearline_tests::cli::{House, PASSPHRASE, said::Said};
use tlog_tiles::{Hash, check_record, check_tree, record_hash};

use crate::{foreign_checkpoint, foreign_text};

const READER: &str = "drc/liaison";
const MONITOR: &str = "un/monitor-1";

fn confirmed() -> Result<House> {
    let house = House::kivu()?;
    house.text(MONITOR, &["cosign"])?;
    house.text(READER, &["fetch"])?;
    Ok(house)
}

fn desk(house: &House) -> Result<Desk> {
    let profile = Profile::open(&house.desk(READER))?;
    let passphrase = Passphrase::new(PASSPHRASE.trim_end().to_owned());
    let vault = Vault::open(&profile.keys_path(), &passphrase)?;
    Ok(Desk::new(profile, Some(vault)))
}

#[test]
fn a_running_servers_checkpoints_and_consistency_are_judged_by_others() -> Result<()> {
    let house = confirmed()?;
    let desk = desk(&house)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let session = runtime.block_on(Session::open(&desk))?;
    for room in desk.rooms()? {
        let replica = &room.replica;
        let size = replica.size();
        let key = replica.verifier().log_key(TreeSize(size)).context("the log's key")?.to_string();
        let room = replica.room().as_bytes().to_vec();
        for from in [1, size / 2, size - 1, size] {
            let request = v1::ProveRequest {
                room: room.clone().into(),
                size,
                from_size: from,
                ..v1::ProveRequest::default()
            };
            let proof = runtime.block_on(session.prove(request))?;
            let served = foreign_checkpoint(&foreign_text(&proof.checkpoint, &[&key])?)?;
            ensure!(served.size() == size, "{} has {} entries", replica.name(), served.size());
            let had = |size: u64| -> Result<Hash> {
                Ok(Hash(*replica.tree().root_at(TreeSize(size)).context("a root")?.as_bytes()))
            };
            ensure!(served.hash().0 == had(size)?.0, "another root of {}", replica.name());
            let path = proof.consistency.iter().map(|it| Ok(Hash(it.as_ref().try_into()?)));
            let path: Vec<Hash> = path.collect::<Result<_>>()?;
            let holds =
                |old: Hash| check_tree(&path, size, had(size)?, from, old).map_err(anyhow::Error::from);
            holds(had(from)?)?;
            ensure!(holds(Hash([7; 32])).is_err(), "any beginning of {} would do", replica.name());
        }
    }
    Ok(())
}

#[test]
fn a_running_witnesss_cosignature_is_judged_by_others() -> Result<()> {
    let house = confirmed()?;
    let desk = desk(&house)?;
    let room = desk.room(&"drc".parse()?)?;
    let charter = room.replica.charter()?;
    let auditor = charter.members.iter().find(|it| it.name.desk() == MONITOR).context("the auditor")?;
    let witness = witness_key(auditor).context("its key")?;
    // As a key of signed notes: whose signature is over the cosigned message of C2SP tlog-cosignature.
    let plain = VerifierKey::new(witness.name().clone(), KeyMaterial::Ed25519(auditor.sign_key.to_bytes()));
    let plain = StandardVerifier::new(&plain.to_string()).map_err(|error| anyhow::anyhow!("{error}"))?;
    let (_, cosigned) = room.replica.cosigned()?.into_iter().next().context("a cosigned checkpoint")?;
    let note = Note::from_bytes(&cosigned.to_bytes())?;
    let id = u32::from_be_bytes(witness.id().0);
    let text = String::from_utf8(note.text().to_vec())?;
    let lines = String::from_utf8(cosigned.to_bytes())?;
    let line = lines.lines().find(|line| line.starts_with("— un/monitor-1 ")).context("its line")?;
    let line = signed_note::Signature::from_bytes(line.as_bytes())?;
    ensure!(line.id() == id && line.name() == MONITOR, "another id: {:08x}", line.id());
    let (time, signature) = line.signature().split_at(8);
    let time = u64::from_be_bytes(time.try_into()?);
    let message = |time: u64, text: &str| format!("cosignature/v1\ntime {time}\n{text}");
    ensure!(plain.verify(message(time, &text).as_bytes(), signature), "the cosignature does not hold");
    ensure!(!plain.verify(message(time + 1, &text).as_bytes(), signature), "any time would do");
    ensure!(!plain.verify(message(time, &text[1..]).as_bytes(), signature), "any text would do");
    Ok(())
}

#[test]
fn what_prove_writes_is_judged_by_others_and_spoilt_it_is_refused_by_both() -> Result<()> {
    let house = confirmed()?;
    house.text(READER, &["prove", "drc#4", "--out", "sake.tlog-proof"])?;
    let path = house.path("sake.tlog-proof");
    let bytes = std::fs::read(&path)?;
    let policy = std::fs::read_to_string(house.path("sake.tlog-proof.policy"))?;
    let log = policy.lines().find_map(|line| line.strip_prefix("log ")).context("the log's key")?.to_owned();
    // The file taken apart by nothing of ours.
    let theirs = |bytes: &[u8]| -> Result<()> {
        let text = std::str::from_utf8(bytes)?;
        let (head, note) = text.split_once("\n\n").context("no empty line")?;
        let mut lines = head.lines();
        ensure!(lines.next() == Some("c2sp.org/tlog-proof@v1"), "another header");
        let decode = |text: &str| -> Result<Vec<u8>> {
            Ok(base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text)?)
        };
        let entry = decode(lines.next().and_then(|line| line.strip_prefix("extra ")).context("no extra")?)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).context("no index")?.parse()?;
        let hashes = lines.map(|line| Ok(Hash(decode(line)?.as_slice().try_into()?)));
        let hashes: Vec<Hash> = hashes.collect::<Result<_>>()?;
        let checkpoint = foreign_checkpoint(&foreign_text(note.as_bytes(), &[&log])?)?;
        Ok(check_record(&hashes, checkpoint.size(), *checkpoint.hash(), index, record_hash(&entry))?)
    };
    theirs(&bytes)?;
    let ours = |bytes: &[u8]| -> Result<Said> {
        std::fs::write(&path, bytes)?;
        Said::of(house.command(&["check-proof", "sake.tlog-proof"])?)
    };
    ours(&bytes)?.done()?;
    let proof = TlogProof::parse(&bytes)?;
    ensure!(
        record_hash(proof.extra().context("its entry")?).0
            == *leaf_hash(proof.extra().unwrap_or_default()).as_bytes(),
        "another leaf"
    );
    let text = String::from_utf8(bytes)?;
    let spoilt = [
        text.replacen("index 4", "index 3", 1),
        text.replacen("extra C", "extra D", 1),
        text.replacen("\n\nkivu.example/", "\n\nkivu.example/0", 1),
        {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.remove(3);
            lines.join("\n") + "\n"
        },
    ];
    for bad in spoilt {
        ensure!(bad != text, "nothing was spoilt");
        ensure!(theirs(bad.as_bytes()).is_err(), "the other takes {bad}");
        let said = ours(bad.as_bytes())?;
        ensure!(said.code != 0, "taken: {bad}");
    }
    Ok(())
}
