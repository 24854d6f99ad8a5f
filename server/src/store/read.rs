//! Reads from the engine, every value checked: rows, links, long values.
//!
//! Refuses to know of durability and of threads; a caller bounds what it asks for by the directory.
//! Layout: `docs/spec.md`, annex D.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use tearline_ledger::digest::Digest;
use tearline_ledger::merkle::NodeId;

use super::directory::Room;
use super::layout::{self, BodyHeader, Flags, Link, Place};
use super::tree::row_of;
use super::{ContentState, Damage, Head, Mark, RoomId, StoreError, StoredRow};

/// Why a value cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    Missing(&'static str),
    Checksum(&'static str),
    Malformed(&'static str),
    Engine(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(what) => write!(f, "{what} is missing"),
            Self::Checksum(what) => write!(f, "the checksum of {what} is wrong"),
            Self::Malformed(what) => write!(f, "{what} is malformed"),
            Self::Engine(reason) => write!(f, "the engine cannot read it: {reason}"),
        }
    }
}

impl Fault {
    pub(super) fn at(&self, room: RoomId, index: Option<u64>) -> StoreError {
        StoreError::Damaged(Damage { room: Some(room), index, what: self.to_string() })
    }
}

/// A stored value whose checksum was right.
#[derive(Debug)]
pub(super) struct Checked {
    value: ::sled::IVec,
    length: usize,
}

impl Checked {
    pub(super) fn body(&self) -> &[u8] {
        self.value.get(..self.length).unwrap_or_default()
    }
}

/// Runs `read`; the engine panics on some kinds of damage instead of saying so.
pub(super) fn guarded<T>(read: impl FnOnce() -> ::sled::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it gave up on damaged data".to_owned()),
    }
}

/// The value under `key`, called `what` in a fault.
pub(super) fn fetch(tree: &::sled::Tree, key: &[u8], what: &'static str) -> Result<Option<Checked>, Fault> {
    match guarded(|| tree.get(key)).map_err(Fault::Engine)? {
        None => Ok(None),
        Some(value) => check(key, value, what).map(Some),
    }
}

pub(super) fn check(key: &[u8], value: ::sled::IVec, what: &'static str) -> Result<Checked, Fault> {
    let length = layout::checked(key, &value).ok_or(Fault::Checksum(what))?.len();
    Ok(Checked { value, length })
}

/// Every key and value under `prefix`, in order, at most `limit`.
pub(super) fn scan(
    tree: &::sled::Tree,
    prefix: &[u8],
    limit: usize,
) -> Result<Vec<(::sled::IVec, ::sled::IVec)>, Fault> {
    guarded(|| tree.scan_prefix(prefix).take(limit).collect()).map_err(Fault::Engine)
}

pub(super) fn link(tree: &::sled::Tree, room: u32, index: u64) -> Result<Link, Fault> {
    const WHAT: &str = "the row's link";
    let value = fetch(tree, &layout::link_key(room, index), WHAT)?.ok_or(Fault::Missing(WHAT))?;
    Link::decode(value.body()).ok_or(Fault::Malformed(WHAT))
}

/// A row's body: header, entry, and content if it was asked for.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) header: BodyHeader,
    pub(super) entry: Bytes,
    pub(super) content: Option<Bytes>,
}

impl Body {
    /// The number of parts in which it is stored.
    pub(super) fn parts(&self) -> usize {
        layout::parts_of(
            self.header.encode().len() + length(self.header.entry) + length(self.header.content.unwrap_or(0)),
        )
    }
}

/// The body of the row with this link.
pub(super) fn body(tree: &::sled::Tree, link: &Link, content: bool) -> Result<Body, Fault> {
    const WHAT: &str = "the row's body";
    let sequence = match &link.place {
        Place::Body(sequence) => *sequence,
        Place::Here(entry) => {
            let length = u32::try_from(entry.len()).map_err(|_| Fault::Malformed(WHAT))?;
            let header = BodyHeader { id: None, entry: length, content: None };
            return Ok(Body { header, entry: entry.clone(), content: None });
        }
    };
    let key = layout::body_key(sequence);
    let first = fetch(tree, &key, WHAT)?.ok_or(Fault::Missing(WHAT))?;
    let (header, start) = BodyHeader::decode(first.body()).ok_or(Fault::Malformed(WHAT))?;
    let entry_end = start + length(header.entry);
    let end = entry_end + length(header.content.unwrap_or(0));
    if first.body().len() != end.min(layout::MAX_PART) {
        return Err(Fault::Malformed(WHAT));
    }
    let wanted = if content { end } else { entry_end };
    let mut bytes = BytesMut::with_capacity(wanted.next_multiple_of(layout::MAX_PART).min(end));
    bytes.extend_from_slice(first.body());
    append_parts(tree, &key, &mut bytes, 1, end, wanted, WHAT)?;
    let bytes = bytes.freeze();
    Ok(Body {
        header,
        entry: bytes.slice(start..entry_end),
        content: (content && header.content.is_some()).then(|| bytes.slice(entry_end..end)),
    })
}

/// A long value of `end` bytes whose length is known from elsewhere.
pub(super) fn long(tree: &::sled::Tree, key: &[u8], end: u32, what: &'static str) -> Result<Bytes, Fault> {
    let end = length(end);
    let mut bytes = BytesMut::with_capacity(end.min(layout::MAX_LONG));
    append_parts(tree, key, &mut bytes, 0, end, end, what)?;
    Ok(bytes.freeze())
}

/// Appends the parts from `part` on of a value of `end` bytes, until `wanted` bytes are there.
fn append_parts(
    tree: &::sled::Tree,
    key: &[u8],
    bytes: &mut BytesMut,
    mut part: usize,
    end: usize,
    wanted: usize,
    what: &'static str,
) -> Result<(), Fault> {
    while bytes.len() < wanted {
        let next = fetch(tree, &layout::part_key(key, part), what)?.ok_or(Fault::Missing(what))?;
        if next.body().len() != (end - bytes.len()).min(layout::MAX_PART) {
            return Err(Fault::Malformed(what));
        }
        bytes.extend_from_slice(next.body());
        part += 1;
    }
    Ok(())
}

/// One row; read a second time if a purge went on meanwhile.
fn row(tree: &::sled::Tree, room: u32, index: u64, content: bool) -> Result<StoredRow, Fault> {
    let read = || {
        let link = link(tree, room, index)?;
        Ok((body(tree, &link, content)?, link.flags))
    };
    let (body, flags): (Body, Flags) = match read() {
        Err(_) => read()?,
        found => found?,
    };
    let content_state = match body.header.content {
        Some(_) => ContentState::Present,
        None if flags.purged => ContentState::Purged,
        None => ContentState::Absent,
    };
    Ok(StoredRow { index, entry: body.entry, content: body.content, content_state, recalled: flags.recalled })
}

pub(super) fn rows(
    tree: &::sled::Tree,
    room: &Room,
    from: u64,
    limit: u64,
    max_bytes: usize,
    content: bool,
) -> Result<Vec<StoredRow>, StoreError> {
    let mut rows = Vec::new();
    let mut bytes = 0_usize;
    for index in from..room.head.size.min(from.saturating_add(limit)) {
        let row = row(tree, room.number, index, content).map_err(|fault| fault.at(room.id, Some(index)))?;
        bytes = bytes.saturating_add(row.entry.len() + row.content.as_ref().map_or(0, Bytes::len));
        if bytes > max_bytes && !rows.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

pub(super) fn hashes(tree: &::sled::Tree, room: &Room, nodes: &[NodeId]) -> Result<Vec<Digest>, StoreError> {
    nodes.iter().map(|node| hash(tree, room, *node)).collect()
}

fn hash(tree: &::sled::Tree, room: &Room, node: NodeId) -> Result<Digest, StoreError> {
    let index = row_of(node)
        .filter(|index| *index < room.head.size)
        .ok_or(StoreError::NoSuchRow { room: room.id, index: row_of(node).unwrap_or(u64::MAX) })?;
    let link = link(tree, room.number, index).map_err(|fault| fault.at(room.id, Some(index)))?;
    let level = usize::try_from(node.level).unwrap_or(usize::MAX);
    let missing = || Fault::Missing("a tree node").at(room.id, Some(index));
    link.nodes.get(level).copied().ok_or_else(missing)
}

/// The index under `id`, durable or not: the caller compares it with the size that it knows.
pub(super) fn find(tree: &::sled::Tree, room: &Room, id: &[u8; 16]) -> Result<Option<u64>, StoreError> {
    const WHAT: &str = "the index of ids";
    let at = |fault: Fault| fault.at(room.id, None);
    let Some(value) = fetch(tree, &layout::id_key(id, room.number), WHAT).map_err(at)? else {
        return Ok(None);
    };
    let index = value.body().try_into().map_err(|_| at(Fault::Malformed(WHAT)))?;
    Ok(Some(u64::from_be_bytes(index)))
}

pub(super) fn marks(
    tree: &::sled::Tree,
    room: &Room,
    from: u64,
    limit: usize,
) -> Result<Vec<Mark>, StoreError> {
    const WHAT: &str = "a row's mark";
    let range = layout::mark_key(room.number, from)..layout::mark_key(room.number, room.head.size);
    if range.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<_> = guarded(|| tree.range(range).take(limit).collect())
        .map_err(|reason| Fault::Engine(reason).at(room.id, None))?;
    let decode = |(key, value): (::sled::IVec, ::sled::IVec)| {
        let index = u64::from_be_bytes(layout::number_at_end(&key).unwrap_or_default());
        let value = check(&key, value, WHAT).map_err(|fault| fault.at(room.id, Some(index)))?;
        let flags = value.body().first().copied().and_then(Flags::decode);
        let flags = flags.ok_or_else(|| Fault::Malformed(WHAT).at(room.id, Some(index)))?;
        Ok(Mark { index, recalled: flags.recalled, purged: flags.purged })
    };
    found.into_iter().map(decode).collect()
}

pub(super) fn cosignatures(tree: &::sled::Tree, room: &Room) -> Result<Vec<Bytes>, StoreError> {
    let at = |fault: Fault| fault.at(room.id, None);
    let found = scan(tree, &layout::witness_key(room.number, ""), usize::MAX).map_err(at)?;
    let decode = |(key, value): (::sled::IVec, ::sled::IVec)| {
        check(&key, value, "a cosignature").map(|value| Bytes::copy_from_slice(value.body())).map_err(at)
    };
    found.into_iter().map(decode).collect()
}

/// The numbers of the rooms that name `member`.
pub(super) fn rooms_of(tree: &::sled::Tree, member: &str) -> Result<Vec<u32>, Fault> {
    let found = scan(tree, &layout::member_prefix(member), usize::MAX)?;
    let decode = |(key, value): (::sled::IVec, ::sled::IVec)| {
        check(&key, value, "a membership")?;
        layout::number_at_end(&key).map(u32::from_be_bytes).ok_or(Fault::Malformed("a membership"))
    };
    found.into_iter().map(decode).collect()
}

pub(super) fn members(tree: &::sled::Tree, room: &Room) -> Result<Vec<String>, Fault> {
    const WHAT: &str = "the list of members";
    let bytes = long(tree, &layout::members_key(room.number), room.head.members, WHAT)?;
    layout::decode_members(&bytes).ok_or(Fault::Malformed(WHAT))
}

pub(super) fn head(tree: &::sled::Tree, room: &Room) -> Result<Head, StoreError> {
    let at = |fault: Fault| fault.at(room.id, None);
    let state = long(tree, &layout::state_key(room.number), room.head.state, "the state").map_err(at)?;
    Ok(Head {
        name: room.name.to_string(),
        size: room.head.size,
        root: room.head.root,
        checkpoint: room.head.checkpoint.clone(),
        state,
        members: members(tree, room).map_err(at)?,
    })
}

fn length(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
