//! Vectors of what is shown to others (section 14): tlog-proofs with their entry, and files of evidence.

use anyhow::{Context as _, Result};
use serde_json::json;
use tearline_client::{
    evidence::{Charter, Exhibit, File, judge::judge},
    proving::{Keys, check},
};
use tearline_ledger::{
    access::access_log_id,
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    merkle::{Tree, TreeSize},
    proof::TlogProof,
    rules::VerifiedEntry,
};

use super::{Answer, Case, Input, code, logs};
use crate::{desk::domain, house::LogKey, world::World};

/// The room drc, its entries, and who signs for it.
struct Shown {
    world: World,
    room: RoomId,
    entries: Vec<Entry>,
    tree: Tree,
}

/// A checkpoint of this log, true or not.
fn signed_by(key: &LogKey, log: RoomId, size: u64, root: Digest) -> Result<SignedCheckpoint> {
    let origin = Origin::new(domain()?, log.0);
    Ok(Checkpoint { origin, size: TreeSize(size), root }.sign(key)?)
}

impl Shown {
    fn new(world: World, room: RoomId) -> Result<Self> {
        let entries = world.house.room(room).context("the room")?.entries().iter();
        let entries: Vec<Entry> = entries.map(VerifiedEntry::to_entry).collect();
        let mut tree = Tree::new();
        for entry in &entries {
            tree.append(entry.leaf());
        }
        Ok(Self { world, room, entries, tree })
    }

    fn small() -> Result<Self> {
        let (world, room) = logs::small_room()?;
        Self::new(world, room)
    }

    /// The true checkpoint of this size.
    fn head(&self, size: u64) -> Result<SignedCheckpoint> {
        let root = self.tree.root_at(TreeSize(size)).context("a size")?;
        signed_by(self.world.log(), self.room, size, root)
    }

    fn entry(&self, index: usize) -> Result<&Entry> {
        self.entries.get(index).context("an entry")
    }

    /// The log with its second entry in the place of the last.
    fn forged(&self) -> Result<(Tree, &Entry)> {
        let (other, mut tree) = (self.entry(1)?, Tree::new());
        let kept = self.entries.len() - 1;
        for entry in self.entries.iter().take(kept) {
            tree.append(entry.leaf());
        }
        tree.append(other.leaf());
        Ok((tree, other))
    }

    fn charters(&self) -> Result<Vec<Charter>> {
        Ok(vec![charter(0, self.entry(0)?)])
    }

    fn file(&self, charters: Vec<Charter>, exhibits: Vec<Exhibit>) -> File {
        File {
            format: "tearline evidence v1".to_owned(),
            alarm: "forked".to_owned(),
            room: "drc".to_owned(),
            room_id: self.room.to_string(),
            message: "drc".to_owned(),
            found_at: self.world.house.now(),
            charters,
            exhibits,
        }
    }
}

fn charter(index: u64, entry: &Entry) -> Charter {
    Charter { index, entry: hex::encode(entry.bytes()) }
}

fn note(checkpoint: &SignedCheckpoint) -> Exhibit {
    Exhibit::checkpoint("a checkpoint", &checkpoint.to_bytes())
}

pub(super) fn proofs() -> Result<Vec<Case>> {
    let shown = Shown::small()?;
    let size = shown.tree.size().0;
    let log = shown.world.log().vkey(&domain()?)?.to_string();
    let proof = |index: u64, size: u64, entry: &Entry| -> Result<TlogProof> {
        let hashes = shown.tree.inclusion(index, TreeSize(size))?;
        Ok(TlogProof::new(index, hashes, &shown.head(size)?).with_extra(entry.bytes().to_vec()))
    };
    let input = |proof: &str, key: &str| json!({ "proof": proof, "log_vkey": key });
    let good = proof(1, size, shown.entry(1)?)?.to_string();
    let other_key = LogKey::from_seed(&[0x13; 32]).vkey(&domain()?)?.to_string();
    let bare: String = good.split_inclusive('\n').filter(|line| !line.starts_with("extra ")).collect();
    Ok(vec![
        Case::good("an entry of drc", input(&good, &log)),
        Case::good("the founding charter alone", input(&proof(0, 1, shown.entry(0)?)?.to_string(), &log)),
        Case::bad("another entry", input(&proof(1, size, shown.entry(2)?)?.to_string(), &log)),
        Case::bad("another index", input(&good.replace("index 1\n", "index 2\n"), &log)),
        Case::bad("another key", input(&good, &other_key)),
        Case::bad("without its entry", input(&bare, &log)),
    ])
}

pub(super) fn judge_proof(input: Input<'_>) -> Result<Answer> {
    let keys = Keys { log: Some(input.text("log_vkey")?.parse()?), policy: None };
    let proof = match TlogProof::parse(input.text("proof")?.as_bytes()) {
        Ok(proof) => proof,
        Err(error) => return Ok(Err(code(&error))),
    };
    let checked = check(&proof, &keys).map(|checked| {
        json!({
            "origin": checked.checkpoint.origin().to_string(),
            "size": checked.checkpoint.size().0,
            "index": checked.index,
            "leaf": checked.entry.leaf().to_hex(),
        })
    });
    Ok(checked.map_err(|error| code(&error)))
}

pub(super) fn evidence() -> Result<Vec<Case>> {
    let shown = Shown::small()?;
    let size = shown.tree.size().0;
    let (forged, other) = shown.forged()?;
    let (kept, served) = (shown.head(size)?, signed_by(shown.world.log(), shown.room, size, forged.root())?);
    let founding = shown.charters()?;
    let two_roots = vec![note(&kept), note(&served)];
    let last = size - 1;
    let longer = {
        let mut longer = forged.clone();
        longer.append(other.leaf());
        longer
    };
    let above = signed_by(shown.world.log(), shown.room, size + 1, longer.root())?;
    let two_entries = vec![
        note(&kept),
        note(&above),
        Exhibit::entry("kept", last, shown.entry(usize::try_from(last)?)?.bytes()),
        Exhibit::entry("served", last, other.bytes()),
        Exhibit::proof("kept", shown.tree.inclusion(last, TreeSize(size))?),
        Exhibit::proof("served", longer.inclusion(last, TreeSize(size + 1))?),
    ];
    let prefix = |of: u64| -> Result<Exhibit> {
        let root = shown.tree.root_at(TreeSize(of)).context("a size")?;
        let hashes = shown.tree.consistency(TreeSize(of), TreeSize(size))?;
        let hashes = hashes.iter().map(Digest::to_hex).collect();
        Ok(Exhibit::Prefix { what: "the kept beginning".to_owned(), size: of, root: root.to_hex(), hashes })
    };
    let beginning = |of: u64, root: Digest| -> Result<Vec<Exhibit>> {
        let smaller = signed_by(shown.world.log(), shown.room, of, root)?;
        Ok(vec![note(&smaller), note(&kept), prefix(of)?])
    };
    let stranger = LogKey::from_seed(&[0x13; 32]);
    let by_stranger = signed_by(&stranger, shown.room, size, forged.root())?;
    let without = |left_out: usize| {
        let all = two_entries.iter().enumerate().filter(|(at, _)| *at != left_out);
        shown.file(founding.clone(), all.map(|(_, it)| it.clone()).collect())
    };
    let of = |exhibits: &[Exhibit]| shown.file(founding.clone(), exhibits.to_vec());
    let mut other_room = of(&two_roots);
    other_room.room_id = RoomId(Digest([0x11; 32])).to_string();
    let access = access_log_id(shown.room, &"drc".parse()?);
    let mut of_access = of(&[
        note(&signed_by(shown.world.log(), access, 2, Digest::of(b"one"))?),
        note(&signed_by(shown.world.log(), access, 2, Digest::of(b"two"))?),
    ]);
    (of_access.room, of_access.room_id) = ("access/drc".to_owned(), access.to_string());
    let mut not_its_home = of_access.clone();
    "access/rwanda".clone_into(&mut not_its_home.room);
    let mut cases = vec![
        case("two roots at one size", &of(&two_roots), true)?,
        case("two entries at one index", &of(&two_entries), true)?,
        case("a beginning that is none", &of(&beginning(3, Digest::of(b"other"))?), true)?,
        case("a beginning that is none, at a power of two", &of(&beginning(2, Digest::of(b"other"))?), true)?,
        case("two roots of an access log", &of_access, true)?,
        case("a true beginning", &of(&beginning(3, shown.tree.root_at(TreeSize(3)).context("3")?)?), false)?,
        case("one checkpoint twice", &of(&[note(&kept), note(&kept)]), false)?,
        case("one by another key", &of(&[note(&kept), note(&by_stranger)]), false)?,
        case("without charters", &shown.file(Vec::new(), two_roots.clone()), false)?,
        case(
            "an entry as the charter",
            &shown.file(vec![charter(0, shown.entry(1)?)], two_roots.clone()),
            false,
        )?,
        case("of another room", &other_room, false)?,
        case("an access log of another organisation", &not_its_home, false)?,
        case("without the checkpoint above", &without(1), false)?,
        case("without the kept entry", &without(2), false)?,
        case("without a proof", &without(5), false)?,
    ];
    cases.extend(changed_keys()?);
    Ok(cases)
}

/// The log's key changes by a charter; what counts is who signed it.
fn changed_keys() -> Result<Vec<Case>> {
    let new = LogKey::from_seed(&[0x13; 32]);
    let (mut world, room) = logs::small_room()?;
    let (washington, kinshasa) = (world.desks.washington.clone(), world.desks.kinshasa.clone());
    let key = new.vkey(&domain()?)?;
    let renewed = world.charter(room, &washington, |charter| charter.log_vkey = key)?;
    let mut enacted = world.enact(vec![renewed], &washington, &[&kinshasa])?;
    let renewed = enacted.pop().context("a charter")?;
    let shown = Shown::new(world, room)?;
    let (at, size) = (renewed.index(), shown.tree.size().0);
    let entry = renewed.to_entry();
    let signed = |root: &[u8]| signed_by(&new, room, size, Digest::of(root));
    let exhibits = vec![note(&signed(b"one")?), note(&signed(b"two")?)];
    let founding = charter(0, shown.entry(0)?);
    let one_signature = {
        let signed = entry.statement().context("a statement")?;
        let signatures = signed.envelope.signatures().iter().take(1).copied().collect();
        let envelope = tearline_ledger::envelope::Envelope::of(
            tearline_ledger::envelope::PayloadType::Statement,
            signed.envelope.payload().clone(),
            signatures,
        )?;
        let signed = tearline_ledger::statement::Signed::from_envelope(envelope)?;
        Entry::of_statement(entry.accepted_at(), signed)
    };
    let with = |charters: Vec<Charter>| shown.file(charters, exhibits.clone());
    let both = vec![founding.clone(), charter(at, &entry)];
    Ok(vec![
        case("two roots by a later key", &with(both.clone()), true)?,
        case("a later key without its charter", &with(vec![founding.clone()]), false)?,
        case("a later key by one mediator alone", &with(vec![founding, charter(at, &one_signature)]), false)?,
        case("charters in another order", &with(both.into_iter().rev().collect()), false)?,
    ])
}

fn case(name: &str, file: &File, good: bool) -> Result<Case> {
    let input = json!({ "file": serde_json::to_string(file)? });
    Ok(if good { Case::good(name, input) } else { Case::bad(name, input) })
}

pub(super) fn judge_evidence(input: Input<'_>) -> Result<Answer> {
    let Ok(file) = File::parse(input.text("file")?.as_bytes()) else { return Ok(Err("FILE".to_owned())) };
    Ok(match judge(&file) {
        Err(error) => Err(code(&error)),
        Ok(judged) => match judged.contradiction {
            Some(contradiction) => Ok(json!({ "contradiction": contradiction.name() })),
            None => Err("NOTHING".to_owned()),
        },
    })
}
