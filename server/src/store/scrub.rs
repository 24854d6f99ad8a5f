//! Reads a room step by step, and says what is not as it was written.
//!
//! Each row's link, body, id, tree nodes; with the first step the room's state and members, with the last its root.
//! Refuses to know what entries mean: signatures and rules are for whoever replays the room.
//! Specification: `docs/spec.md`, annex D.

use super::directory::Room;
use super::layout::{self, Flags, Link};
use super::read::{self, fetch};
use super::tree::{completed_by, frontier, leaf, parent, root};
use super::{Damage, Scrubbed, StoreError};

pub(super) fn scrub(tree: &::sled::Tree, room: &Room, from: u64, limit: u64) -> Scrubbed {
    let size = room.head.size;
    let end = from.saturating_add(limit.max(1)).min(size);
    let mut damage = Vec::new();
    let mut note =
        |index: Option<u64>, what: String| damage.push(Damage { room: Some(room.id), index, what });
    if from == 0 {
        for what in room_rows(tree, room) {
            note(None, what);
        }
    }
    for index in from..end {
        // Again if a purge went on meanwhile.
        let found = row(tree, room, index);
        let found = if found.is_empty() { found } else { row(tree, room, index) };
        for what in found {
            note(Some(index), what);
        }
    }
    if end == size {
        match read::hashes(tree, room, &frontier(size)) {
            Ok(hashes) if root(&hashes) == room.head.root => {}
            Ok(_) => note(size.checked_sub(1), "the rows do not give the root".to_owned()),
            Err(StoreError::Damaged(found)) => note(found.index, found.what),
            Err(other) => note(None, other.to_string()),
        }
    }
    Scrubbed { next: (end < size).then_some(end), damage }
}

/// What belongs to the room as a whole.
fn room_rows(tree: &::sled::Tree, room: &Room) -> Vec<String> {
    let mut found = Vec::new();
    let state = read::long(tree, &layout::state_key(room.number), room.head.state, "the state");
    found.extend(state.err().map(|fault| fault.to_string()));
    match read::members(tree, room) {
        Err(fault) => found.push(fault.to_string()),
        Ok(members) => {
            for member in members {
                match fetch(tree, &layout::member_key(&member, room.number), "a membership") {
                    Ok(Some(_)) => {}
                    Ok(None) => found.push(format!("the membership of {member} is missing")),
                    Err(fault) => found.push(fault.to_string()),
                }
            }
        }
    }
    if let Err(error) = read::cosignatures(tree, room) {
        found.push(error.to_string());
    }
    found
}

fn row(tree: &::sled::Tree, room: &Room, index: u64) -> Vec<String> {
    let mut found = Vec::new();
    let link = match read::link(tree, room.number, index) {
        Ok(link) => link,
        Err(fault) => return vec![fault.to_string()],
    };
    match read::body(tree, &link, true) {
        Err(fault) => found.push(fault.to_string()),
        Ok(body) => {
            if link.nodes.first() != Some(&leaf(&body.entry)) {
                found.push("the entry is not the one that the tree holds".to_owned());
            }
            if let Some(id) = body.header.id {
                match read::find(tree, room, &id) {
                    Ok(Some(found)) if found == index => {}
                    Ok(_) => found.push("the index of ids leads elsewhere".to_owned()),
                    Err(error) => found.push(error.to_string()),
                }
            }
            if link.flags.purged && body.header.content.is_some() {
                found.push("content that was purged is there".to_owned());
            }
        }
    }
    found.extend(nodes(tree, room, index, &link));
    found.extend(mark(tree, room, index, link.flags));
    found
}

/// That each node which this leaf completes is the hash over its children.
fn nodes(tree: &::sled::Tree, room: &Room, index: u64, link: &Link) -> Option<String> {
    if link.nodes.len() != completed_by(index) {
        return Some("its tree nodes are too few or too many".to_owned());
    }
    let levels = link.nodes.iter().zip(link.nodes.iter().skip(1)).zip(0_u32..);
    for ((right, node), level) in levels {
        let left = tearline_ledger::merkle::NodeId { level, index: (index >> level).saturating_sub(1) };
        // A left child that cannot be read is told of at its own index.
        if let Ok(left) = read::hashes(tree, room, &[left])
            && left.first().is_some_and(|left| parent(left, right) != *node)
        {
            return Some(format!("the tree node of level {} does not follow from those below", level + 1));
        }
    }
    None
}

fn mark(tree: &::sled::Tree, room: &Room, index: u64, flags: Flags) -> Option<String> {
    let expected = (flags != Flags::default()).then(|| flags.encode());
    match fetch(tree, &layout::mark_key(room.number, index), "the row's mark") {
        Err(fault) => Some(fault.to_string()),
        Ok(found) => {
            let found = found.as_ref().and_then(|value| value.body().first().copied());
            (found != expected).then(|| "the row's mark and its flags differ".to_owned())
        }
    }
}
