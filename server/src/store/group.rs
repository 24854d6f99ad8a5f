//! Commits that are made durable together: each is admitted whole or refused, then all become one engine batch.
//!
//! Refuses to know threads, files and when the batch is written. Layout: `docs/spec.md`, annex D.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use tearline_ledger::digest::Digest;

use super::directory::{Directory, Room};
use super::layout::{self, BodyHeader, Flags, HeadRow, Link, MAX_INLINE, Place, Tail};
use super::mark::Acknowledged;
use super::read::{self, Fault};
use super::tree::completed_by;
use super::{Commit, NewRow, RoomCommit, RoomId, StoreError};

const MAX_NAME: usize = 256;
const MAX_CHECKPOINT: usize = 4096;
const MAX_COSIGNATURE: usize = 6 * 1024;
const MAX_WITNESS: usize = 128;

/// What is admitted so far.
pub(super) struct Group<'a> {
    tree: &'a ::sled::Tree,
    directory: &'a Directory,
    tail: Tail,
    batch: ::sled::Batch,
    /// The rooms that change, as they will be.
    rooms: HashMap<RoomId, Pending>,
    /// New and changed links, by room and index: a row may be entered and recalled in one group.
    links: HashMap<(u32, u64), Link>,
    ids: HashSet<([u8; 16], u32)>,
    last: Option<RoomId>,
    rows: usize,
    bytes: usize,
    changed: bool,
}

#[derive(Clone)]
struct Pending {
    room: Room,
    /// The membership that this group gives to the room.
    members: Option<Arc<Vec<String>>>,
}

/// A group that is ready to be written.
pub(super) struct Ready {
    pub(super) batch: ::sled::Batch,
    pub(super) tail: Tail,
    pub(super) rooms: Vec<Room>,
    /// A room that changed and its size.
    pub(super) last: Option<(RoomId, u64)>,
}

/// One room's part of a commit, found admissible.
struct Admitted {
    before: Option<Pending>,
    number: u32,
    old_members: Vec<String>,
    recalled: Vec<(u64, Option<Link>)>,
    commit: RoomCommit,
}

impl<'a> Group<'a> {
    pub(super) fn new(tree: &'a ::sled::Tree, directory: &'a Directory, tail: Tail) -> Self {
        Self {
            tree,
            directory,
            tail,
            batch: ::sled::Batch::default(),
            rooms: HashMap::new(),
            links: HashMap::new(),
            ids: HashSet::new(),
            last: None,
            rows: 0,
            bytes: 0,
            changed: false,
        }
    }

    /// Rows and bytes admitted so far.
    pub(super) fn weight(&self) -> (usize, usize) {
        (self.rows, self.bytes)
    }

    /// Takes all of `commit`, or refuses it and changes nothing.
    pub(super) fn commit(&mut self, commit: Commit) -> Result<(), StoreError> {
        let mut admitted: Vec<Admitted> = Vec::with_capacity(commit.rooms.len());
        let mut created = 0;
        for part in commit.rooms {
            if admitted.iter().any(|other| other.commit.room == part.room) {
                return Err(StoreError::DoubledRoom(part.room));
            }
            let part = self.admit(part, self.tail.rooms + created)?;
            created += u32::from(part.before.is_none());
            admitted.push(part);
        }
        for part in admitted {
            self.take(part);
        }
        Ok(())
    }

    /// Removes the content of a durable row. Refuses to follow a commit in one group.
    pub(super) fn purge(&mut self, id: &RoomId, index: u64) -> Result<(), StoreError> {
        let room = self.directory.room(id)?;
        if index >= room.head.size {
            return Err(StoreError::NoSuchRow { room: *id, index });
        }
        let at = |fault: Fault| fault.at(*id, Some(index));
        let mut link = match self.links.get(&(room.number, index)) {
            Some(link) => link.clone(),
            None => read::link(self.tree, room.number, index).map_err(at)?,
        };
        if link.flags.purged {
            return Ok(());
        }
        let Place::Body(sequence) = link.place else { return Ok(()) };
        let old = read::body(self.tree, &link, false).map_err(at)?;
        if old.header.content.is_none() {
            return Ok(());
        }
        let header = BodyHeader { content: None, ..old.header };
        let kept = self.insert_body(sequence, header, &old.entry, &[]);
        self.remove_parts(&layout::body_key(sequence), kept..old.parts());
        link.flags.purged = true;
        self.flag(room.number, index, link);
        self.rows += 1;
        self.last = Some(*id);
        Ok(())
    }

    pub(super) fn cosignature(&mut self, id: &RoomId, witness: &str, value: &[u8]) -> Result<(), StoreError> {
        let number = match self.rooms.get(id) {
            Some(pending) => pending.room.number,
            None => self.directory.room(id)?.number,
        };
        if witness.is_empty() || witness.len() > MAX_WITNESS || value.len() > MAX_COSIGNATURE {
            return Err(StoreError::Unfit { room: *id, what: "a cosignature or its witness's name" });
        }
        self.insert(&layout::witness_key(number, witness), value);
        self.rows += 1;
        self.last = Some(*id);
        Ok(())
    }

    /// The batch; nothing if all was refused or changed nothing.
    pub(super) fn finish(mut self) -> Option<Ready> {
        if !self.changed {
            return None;
        }
        for ((room, index), link) in std::mem::take(&mut self.links) {
            self.insert(&layout::link_key(room, index), &link.encode());
        }
        for pending in self.rooms.values() {
            let key = layout::head_key(pending.room.number);
            self.batch.insert(key.as_slice(), layout::with_checksum(&key, &pending.room.head.encode()));
        }
        self.tail.commits += 1;
        self.insert(layout::TAIL_KEY, &self.tail.encode());
        let size = |id: RoomId| match self.rooms.get(&id) {
            Some(pending) => pending.room.head.size,
            None => self.directory.get(&id).ok().flatten().map_or(0, |room| room.head.size),
        };
        let last = self.last.map(|id| (id, size(id)));
        let rooms = self.rooms.into_values().map(|pending| pending.room).collect();
        Some(Ready { batch: self.batch, tail: self.tail, rooms, last })
    }

    fn admit(&self, commit: RoomCommit, next_number: u32) -> Result<Admitted, StoreError> {
        let id = commit.room;
        let before = self.pending(&id)?;
        match (&before, &commit.create) {
            (Some(_), Some(_)) => return Err(StoreError::RoomExists(id)),
            (None, None) => return Err(StoreError::UnknownRoom(id)),
            _ => {}
        }
        let found = before.as_ref().map_or(0, |pending| pending.room.head.size);
        if found != commit.expected_size {
            return Err(StoreError::Fenced { room: id, expected: commit.expected_size, found });
        }
        check_lengths(&commit)?;
        let number = before.as_ref().map_or(next_number, |pending| pending.room.number);
        let mut ids = HashSet::new();
        for (index, row) in (found..).zip(&commit.rows) {
            check_row(id, index, row)?;
            if let (Some(row_id), Some(before)) = (row.id, &before)
                && (self.ids.contains(&(row_id, number))
                    || read::find(self.tree, &before.room, &row_id)?.is_some())
            {
                return Err(StoreError::DuplicateId { room: id, index });
            }
            if row.id.is_some_and(|row_id| !ids.insert(row_id)) {
                return Err(StoreError::DuplicateId { room: id, index });
            }
        }
        let new_size = found + as_u64(commit.rows.len());
        let recalled = commit.recalled.iter().map(|index| {
            if *index >= new_size {
                return Err(StoreError::NoSuchRow { room: id, index: *index });
            }
            let known = *index >= found || self.links.contains_key(&(number, *index));
            let link = || read::link(self.tree, number, *index).map_err(|fault| fault.at(id, Some(*index)));
            Ok((*index, if known { None } else { Some(link()?) }))
        });
        let recalled = recalled.collect::<Result<_, _>>()?;
        let old_members = match &before {
            Some(Pending { members: Some(members), .. }) => members.to_vec(),
            Some(pending) if commit.members.is_some() => {
                read::members(self.tree, &pending.room).map_err(|fault| fault.at(id, None))?
            }
            _ => Vec::new(),
        };
        Ok(Admitted { before, number, old_members, recalled, commit })
    }

    fn take(&mut self, admitted: Admitted) {
        let Admitted { before, number, old_members, recalled, commit } = admitted;
        let mut pending = before.unwrap_or_else(|| {
            let name = commit.create.as_deref().unwrap_or_default();
            self.insert(&layout::room_key(&commit.room), &layout::encode_room(number, name));
            self.tail.rooms += 1;
            let room = Room { id: commit.room, number, name: Arc::from(name), head: HeadRow::default() };
            Pending { room, members: None }
        });
        let head = &mut pending.room.head;
        for row in commit.rows {
            self.enter(number, head.size, row);
            head.size += 1;
        }
        for (index, link) in recalled {
            let link = link.or_else(|| self.links.get(&(number, index)).cloned());
            if let Some(mut link) = link {
                link.flags.recalled = true;
                self.flag(number, index, link);
            }
        }
        head.root = commit.root;
        head.checkpoint = commit.checkpoint;
        if let Some(state) = commit.state {
            head.state = self.replace_long(&layout::state_key(number), head.state, &state);
        }
        if let Some(members) = commit.members {
            for gone in &old_members {
                self.batch.remove(layout::member_key(gone, number));
            }
            for member in &members {
                self.insert(&layout::member_key(member, number), &[]);
            }
            let list = layout::encode_members(&members);
            head.members = self.replace_long(&layout::members_key(number), head.members, &list);
            pending.members = Some(Arc::new(members));
        }
        self.last = Some(commit.room);
        self.changed = true;
        self.rooms.insert(commit.room, pending);
    }

    fn enter(&mut self, room: u32, index: u64, row: NewRow) {
        self.rows += 1;
        if row.id.is_none() && row.content.is_none() && row.entry.len() <= MAX_INLINE {
            self.bytes += row.entry.len();
            let link = Link { place: Place::Here(row.entry), flags: Flags::default(), nodes: row.nodes };
            self.links.insert((room, index), link);
            return;
        }
        let sequence = self.tail.sequence;
        self.tail.sequence += 1;
        let content = row.content.as_ref();
        let header = BodyHeader {
            id: row.id,
            entry: as_u32(row.entry.len()),
            content: content.map(|content| as_u32(content.len())),
        };
        self.insert_body(sequence, header, &row.entry, content.map_or(&[], Bytes::as_ref));
        if let Some(id) = row.id {
            self.insert(&layout::id_key(&id, room), &index.to_be_bytes());
            self.ids.insert((id, room));
        }
        let link = Link { place: Place::Body(sequence), flags: Flags::default(), nodes: row.nodes };
        self.links.insert((room, index), link);
    }

    /// Inserts a row's body and says in how many parts.
    fn insert_body(&mut self, sequence: u64, header: BodyHeader, entry: &[u8], content: &[u8]) -> usize {
        let bytes = [&header.encode(), entry, content].concat();
        self.insert_parts(&layout::body_key(sequence), &bytes);
        layout::parts_of(bytes.len())
    }

    fn replace_long(&mut self, key: &[u8], old: u32, bytes: &[u8]) -> u32 {
        self.insert_parts(key, bytes);
        let old = usize::try_from(old).unwrap_or(usize::MAX);
        self.remove_parts(key, layout::parts_of(bytes.len())..layout::parts_of(old));
        as_u32(bytes.len())
    }

    fn insert_parts(&mut self, key: &[u8], bytes: &[u8]) {
        for (key, value) in layout::split(key, bytes) {
            self.bytes += value.len();
            self.batch.insert(key, value);
        }
        self.changed = true;
    }

    fn remove_parts(&mut self, key: &[u8], parts: std::ops::Range<usize>) {
        parts.for_each(|part| self.batch.remove(layout::part_key(key, part)));
    }

    fn flag(&mut self, room: u32, index: u64, link: Link) {
        self.insert(&layout::mark_key(room, index), &[link.flags.encode()]);
        self.links.insert((room, index), link);
    }

    fn insert(&mut self, key: &[u8], body: &[u8]) {
        self.batch.insert(key, layout::with_checksum(key, body));
        self.changed = true;
    }

    /// The room as this group leaves it so far.
    fn pending(&self, id: &RoomId) -> Result<Option<Pending>, StoreError> {
        if let Some(pending) = self.rooms.get(id) {
            return Ok(Some(pending.clone()));
        }
        let durable = self.directory.get(id)?;
        Ok(durable.map(|room| Pending { room: Room::clone(&room), members: None }))
    }
}

impl Ready {
    /// What is acknowledged once this is durable.
    pub(super) fn acknowledged(&self) -> Acknowledged {
        let (room, size) = self.last.unwrap_or((Digest::default(), 0));
        Acknowledged { commits: self.tail.commits, room, size }
    }
}

fn check_lengths(commit: &RoomCommit) -> Result<(), StoreError> {
    let unfit = |what| Err(StoreError::Unfit { room: commit.room, what });
    if commit.checkpoint.len() > MAX_CHECKPOINT {
        return unfit("the checkpoint");
    }
    if commit.create.as_ref().is_some_and(|name| name.is_empty() || name.len() > MAX_NAME) {
        return unfit("the name");
    }
    if commit.state.as_ref().is_some_and(|state| state.len() > layout::MAX_LONG) {
        return unfit("the state");
    }
    // A zero byte ends a member's name in its key.
    let bad = |member: &String| member.is_empty() || member.len() > 255 || member.contains('\0');
    if commit.members.iter().flatten().any(bad) {
        return unfit("a member's name");
    }
    Ok(())
}

fn check_row(room: RoomId, index: u64, row: &NewRow) -> Result<(), StoreError> {
    let (expected, found) = (completed_by(index), row.nodes.len());
    if expected != found {
        return Err(StoreError::Nodes { room, index, expected, found });
    }
    let content = row.content.as_ref().map_or(0, Bytes::len);
    if row.entry.len().saturating_add(content) > layout::MAX_LONG - 64 {
        return Err(StoreError::Unfit { room, what: "an entry with its content" });
    }
    Ok(())
}

/// Lengths are bounded by `MAX_LONG` before they come here.
fn as_u32(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
