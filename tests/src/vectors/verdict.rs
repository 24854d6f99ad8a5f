//! The verdict on a bundle, by the public API and in the order of section 11.1.

use std::collections::BTreeSet;

use anyhow::Result;
use bytes::Bytes;
use serde_json::{Value, json};
use tearline_ledger::{
    access::{ACCESS_PREFIX, access_log_id, access_log_org},
    bundle::{Begin, BundleEntry, BundleError, BundleRoom, Reader, Row},
    checkpoint::{Origin, SignedCheckpoint},
    cosign::{cosignatures, witness_key},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    instance::Instance,
    merkle::{Tree, TreeSize},
    name::RoomName,
    note::VerifierKey,
    replay::{AccessReplay, Replay},
    rules::RoomState,
};

/// Where and why a bundle is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// As in the specification.
    pub code: &'static str,
    /// Name of the room, if one is at fault.
    pub room: Option<String>,
    /// Index of the entry, if one is at fault.
    pub index: Option<u64>,
}

impl Stop {
    fn new(code: &'static str) -> Self {
        Self { code, room: None, index: None }
    }

    fn in_room(code: &'static str, part: &Part) -> Self {
        Self { room: Some(part.row.name.clone()), ..Self::new(code) }
    }

    fn at(code: &'static str, part: &Part, index: u64) -> Self {
        Self { index: Some(index), ..Self::in_room(code, part) }
    }
}

/// What is in a bundle's rooms, or the first check that fails.
pub fn verdict(bytes: &[u8]) -> std::result::Result<Vec<Value>, Stop> {
    let (begin, parts) = read(bytes).map_err(|_| Stop::new("BUNDLE"))?.ok_or(Stop::new("BUNDLE"))?;
    let mut instance = Instance::new();
    let (mut rooms, mut came) = (Vec::new(), BTreeSet::new());
    for part in parts.iter().filter(|part| !part.is_access()) {
        rooms.push(room(&begin, part, &mut instance, &mut came)?);
    }
    let chamber = rooms.iter().filter_map(Replay::state).find(|state| state.room() == begin.chamber);
    let chamber = chamber.filter(|state| state.name().is_chamber()).ok_or(Stop::new("CHAMBERS"))?;
    let states: Vec<&RoomState> = rooms.iter().filter_map(Replay::state).collect();
    let mut logs = Vec::new();
    for part in parts.iter().filter(|part| part.is_access()) {
        logs.push((part.row.room, access(part, chamber, &states)?));
    }
    if let Some(fault) = instance.check(states.iter().copied()).first() {
        return Err(Stop::new(fault.code()));
    }
    Ok(parts.iter().map(|part| summary(part, &states, &logs)).collect())
}

/// A verdict as the file beside a bundle states it.
pub fn document(bytes: &[u8]) -> Result<String> {
    let value = match verdict(bytes) {
        Ok(rooms) => json!({ "verdict": "ok", "code": null, "room": null, "index": null, "rooms": rooms }),
        Err(stop) => {
            json!({ "verdict": "refused", "code": stop.code, "room": stop.room, "index": stop.index })
        }
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&value)?))
}

struct Part {
    row: BundleRoom,
    entries: Vec<BundleEntry>,
    /// Whole or not.
    attachments: Vec<(Digest, Vec<u8>)>,
}

impl Part {
    fn is_access(&self) -> bool {
        self.row.name.starts_with(ACCESS_PREFIX)
    }
}

fn read(bytes: &[u8]) -> std::result::Result<Option<(Begin, Vec<Part>)>, BundleError> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let (mut begin, mut parts) = (None, Vec::<Part>::new());
    while let Some(row) = reader.next_row()? {
        match row {
            Row::Begin(row) => begin = Some(row),
            Row::Room(row) => parts.push(Part { row, entries: Vec::new(), attachments: Vec::new() }),
            Row::Entry(entry) => {
                if let Some(part) = parts.last_mut() {
                    part.entries.push(entry);
                }
            }
            Row::Piece(piece) => {
                let part = parts.last_mut().map(|part| &mut part.attachments);
                if let Some(attachments) = part {
                    if piece.offset == 0 {
                        attachments.push((piece.digest, Vec::new()));
                    }
                    attachments
                        .iter_mut()
                        .last()
                        .map(|(_, bytes)| bytes.extend_from_slice(&piece.data))
                        .unwrap_or_default();
                }
            }
            Row::End => {}
        }
    }
    reader.finish()?;
    Ok(begin.map(|begin| (begin, parts)))
}

fn room(
    begin: &Begin,
    part: &Part,
    instance: &mut Instance,
    came: &mut BTreeSet<Digest>,
) -> std::result::Result<Replay, Stop> {
    if part.row.first != 0 || part.entries.is_empty() {
        return Err(Stop::in_room("INCOMPLETE", part));
    }
    let mut replay = Replay::new(part.row.room);
    let mut verified = Vec::new();
    for (index, row) in (0..).zip(&part.entries) {
        let entry = Entry::parse(row.entry.clone()).map_err(|_| Stop::at("ENTRY", part, index))?;
        let taken = replay.push(vec![entry.clone()]);
        verified.extend(taken.map_err(|error| Stop::at(error.fault.code(), part, index))?);
        if !row.content.as_ref().is_none_or(|content| is_named(&entry, content)) {
            return Err(Stop::at("CONTENT", part, index));
        }
    }
    let named = |(digest, bytes): &(Digest, Vec<u8>)| {
        let mut posts = verified.iter().filter_map(|entry| entry.signed().statement.sealed());
        let size = bytes.len() as u64;
        Digest::of(bytes) == *digest
            && posts.any(|post| post.attachments.iter().any(|it| it.digest == *digest && it.size == size))
    };
    if !part.attachments.iter().all(|it| named(it) && came.insert(it.0)) {
        return Err(Stop::in_room("ATTACHMENT", part));
    }
    let state = replay.state().ok_or(Stop::in_room("INCOMPLETE", part))?;
    if state.name().as_str() != part.row.name || *state.constitution().domain() != begin.domain {
        return Err(Stop::in_room("NAME", part));
    }
    check_checkpoint(part, state, replay.tree())?;
    let name: &RoomName = state.name();
    for entry in &verified {
        instance.observe(name, entry);
    }
    Ok(replay)
}

/// Whether this is the sealed content that the entry names.
fn is_named(entry: &Entry, content: &Bytes) -> bool {
    let post = entry.statement().and_then(|signed| signed.statement.sealed());
    post.is_some_and(|post| post.size == content.len() as u64 && post.digest == Digest::of(content))
}

/// The checkpoint of a room or access log whose key the charter of `home` names.
fn check_checkpoint(part: &Part, home: &RoomState, tree: &Tree) -> std::result::Result<(), Stop> {
    let origin = Origin::new(home.constitution().domain().clone(), part.row.room.0);
    let key: VerifierKey = origin.log_key(&home.charter().log_vkey);
    let opened = SignedCheckpoint::open(&part.row.checkpoint, &key);
    let witnesses: Vec<_> = home.charter().members.iter().filter_map(witness_key).collect();
    let good = opened.is_ok_and(|checkpoint| {
        *checkpoint.origin() == origin
            && checkpoint.size() == TreeSize(part.entries.len() as u64)
            && checkpoint.root() == tree.root()
            && cosignatures(&checkpoint, &witnesses).is_ok()
    });
    if good { Ok(()) } else { Err(Stop::in_room("CHECKPOINT", part)) }
}

fn access(part: &Part, chamber: &RoomState, rooms: &[&RoomState]) -> std::result::Result<Tree, Stop> {
    let org = access_log_org(&part.row.name).ok_or(Stop::in_room("NAME", part))?;
    let own = rooms.iter().find(|state| {
        state.name().as_str() == org.as_str() && state.constitution().own_room_of() == Some(&org)
    });
    let home = own.copied().unwrap_or(chamber);
    if access_log_id(home.room(), &org) != part.row.room {
        return Err(Stop::in_room("NAME", part));
    }
    if part.row.first != 0 {
        return Err(Stop::in_room("INCOMPLETE", part));
    }
    let mut replay = AccessReplay::default();
    for (index, row) in (0..).zip(&part.entries) {
        let entry = Entry::parse(row.entry.clone()).map_err(|_| Stop::at("ENTRY", part, index))?;
        replay.push(&entry).map_err(|error| Stop::at(error.fault.code(), part, index))?;
    }
    if !part.attachments.is_empty() {
        return Err(Stop::in_room("ATTACHMENT", part));
    }
    check_checkpoint(part, home, replay.tree())?;
    Ok(replay.tree().clone())
}

fn summary(part: &Part, states: &[&RoomState], logs: &[(RoomId, Tree)]) -> Value {
    let state = states.iter().find(|state| state.room() == part.row.room);
    let members = state.iter().flat_map(|state| &state.charter().members).map(|member| member.name.as_str());
    let log = logs.iter().find(|(id, _)| *id == part.row.room);
    let leaves = || {
        let mut tree = Tree::new();
        part.entries.iter().for_each(|row| tree.append(tearline_ledger::merkle::leaf_hash(&row.entry)));
        tree
    };
    json!({
        "name": part.row.name,
        "id": part.row.room.to_string(),
        "size": part.row.size,
        "root": log.map_or_else(|| leaves().root(), |(_, tree)| tree.root()).to_hex(),
        "epoch": state.map(|state| state.charter().epoch),
        "members": members.collect::<Vec<_>>(),
    })
}
