//! Keys and values of the embedded store, byte for byte: one ordered tree, every value with a checksum.
//!
//! Refuses to know the engine and what entries mean. Layout: `docs/spec.md`, annex D; keys are
//! big-endian and follow the order of commits, because keys in any other order make the cost grow with the store.
//!
//! | key | value |
//! | --- | --- |
//! | `f` | format |
//! | `c` | tail: commits, next sequence, rooms |
//! | `r` room32 | number of the room, name |
//! | `h` room4 | head: size, root, length of state and members, checkpoint |
//! | `s` room4 \[part2\], `l` room4 \[part2\] | state; members |
//! | `n` room4 index8 | link: sequence or entry, flags, the tree nodes that this row completes |
//! | `e` seq8 \[part2\] | body: flags, id, lengths, entry, content |
//! | `i` id16 room4 | index |
//! | `x` room4 index8 | flags of a row that was recalled or purged |
//! | `m` member 00 room4 | nothing |
//! | `w` room4 witness | cosignature |

use bytes::Bytes;
use tearline_ledger::digest::Digest;

use super::RoomId;

/// The version of this layout.
pub(super) const FORMAT: u32 = 2;

/// The longest value with its checksum. The engine moves a leaf of more than 128 KiB into a file that it never
/// syncs; a leaf holds up to 17 values.
pub(super) const MAX_VALUE: usize = 7 * 1024;

/// The bytes that one value carries beside its checksum.
pub(super) const MAX_PART: usize = MAX_VALUE - CHECKSUM;

/// The longest value in parts: part numbers are 16 bits.
pub(super) const MAX_LONG: usize = MAX_PART * 65_536;

/// The longest entry that lies in its link, as an access record does: each read that is recorded then adds one
/// value instead of two.
pub(super) const MAX_INLINE: usize = 512;

const CHECKSUM: usize = 4;

pub(super) const FORMAT_KEY: &[u8] = b"f";
pub(super) const TAIL_KEY: &[u8] = b"c";
pub(super) const ROOMS: &[u8] = b"r";

pub(super) fn room_key(room: &RoomId) -> Vec<u8> {
    key(b'r', &[room.as_bytes()])
}

pub(super) fn head_key(room: u32) -> Vec<u8> {
    key(b'h', &[&room.to_be_bytes()])
}

pub(super) fn state_key(room: u32) -> Vec<u8> {
    key(b's', &[&room.to_be_bytes()])
}

pub(super) fn members_key(room: u32) -> Vec<u8> {
    key(b'l', &[&room.to_be_bytes()])
}

pub(super) fn link_key(room: u32, index: u64) -> Vec<u8> {
    key(b'n', &[&room.to_be_bytes(), &index.to_be_bytes()])
}

pub(super) fn body_key(sequence: u64) -> Vec<u8> {
    key(b'e', &[&sequence.to_be_bytes()])
}

pub(super) fn id_key(id: &[u8; 16], room: u32) -> Vec<u8> {
    key(b'i', &[id, &room.to_be_bytes()])
}

pub(super) fn mark_key(room: u32, index: u64) -> Vec<u8> {
    key(b'x', &[&room.to_be_bytes(), &index.to_be_bytes()])
}

pub(super) fn member_prefix(member: &str) -> Vec<u8> {
    key(b'm', &[member.as_bytes(), &[0]])
}

pub(super) fn member_key(member: &str, room: u32) -> Vec<u8> {
    key(b'm', &[member.as_bytes(), &[0], &room.to_be_bytes()])
}

pub(super) fn witness_key(room: u32, witness: &str) -> Vec<u8> {
    key(b'w', &[&room.to_be_bytes(), witness.as_bytes()])
}

/// The key of one part of a long value: part 0 has the value's own key.
pub(super) fn part_key(first: &[u8], part: usize) -> Vec<u8> {
    let mut key = first.to_vec();
    if part > 0 {
        // MAX_LONG keeps part numbers within 16 bits.
        key.extend_from_slice(&u16::try_from(part).unwrap_or(u16::MAX).to_be_bytes());
    }
    key
}

fn key(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + fields.iter().map(|field| field.len()).sum::<usize>());
    key.push(kind);
    for field in fields {
        key.extend_from_slice(field);
    }
    key
}

/// The number that ends a key.
pub(super) fn number_at_end<const N: usize>(key: &[u8]) -> Option<[u8; N]> {
    key.last_chunk::<N>().copied()
}

/// A value as it is stored: `body`, and a CRC-32 of key and body, so that a value under another's key is found too.
pub(super) fn with_checksum(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(body.len() + CHECKSUM);
    value.extend_from_slice(body);
    value.extend_from_slice(&checksum(key, body));
    value
}

/// The body of a stored value; `None` if its checksum is wrong.
pub(super) fn checked<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (body, sum) = value.split_last_chunk::<CHECKSUM>()?;
    (checksum(key, body) == *sum).then_some(body)
}

fn checksum(key: &[u8], body: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

/// The number of parts of a long value.
pub(super) fn parts_of(length: usize) -> usize {
    length.div_ceil(MAX_PART)
}

/// The stored keys and values of a long value.
pub(super) fn split<'a>(first: &'a [u8], bytes: &'a [u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> + 'a {
    bytes.chunks(MAX_PART).enumerate().map(|(part, chunk)| {
        let key = part_key(first, part);
        let value = with_checksum(&key, chunk);
        (key, value)
    })
}

/// How far the whole store goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tail {
    /// Durable writes so far.
    pub(super) commits: u64,
    /// The sequence of the next row, of whatever room.
    pub(super) sequence: u64,
    /// The number of rooms.
    pub(super) rooms: u32,
}

impl Tail {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(20);
        out.extend_from_slice(&self.commits.to_be_bytes());
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.rooms.to_be_bytes());
        out
    }

    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (commits, body) = take(body)?;
        let (sequence, body) = take(body)?;
        let (rooms, body) = take(body)?;
        body.is_empty().then_some(Self {
            commits: u64::from_be_bytes(commits),
            sequence: u64::from_be_bytes(sequence),
            rooms: u32::from_be_bytes(rooms),
        })
    }
}

/// A room's number and name.
pub(super) fn encode_room(number: u32, name: &str) -> Vec<u8> {
    [&number.to_be_bytes(), name.as_bytes()].concat()
}

pub(super) fn decode_room(body: &[u8]) -> Option<(u32, String)> {
    let (number, name) = take(body)?;
    Some((u32::from_be_bytes(number), std::str::from_utf8(name).ok()?.to_owned()))
}

/// A room's head as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct HeadRow {
    pub(super) size: u64,
    pub(super) root: Digest,
    /// Bytes of the state.
    pub(super) state: u32,
    /// Bytes of the list of members.
    pub(super) members: u32,
    pub(super) checkpoint: Bytes,
}

impl HeadRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + self.checkpoint.len());
        out.extend_from_slice(&self.size.to_be_bytes());
        out.extend_from_slice(self.root.as_bytes());
        out.extend_from_slice(&self.state.to_be_bytes());
        out.extend_from_slice(&self.members.to_be_bytes());
        out.extend_from_slice(&self.checkpoint);
        out
    }

    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (size, body) = take(body)?;
        let (root, body) = take(body)?;
        let (state, body) = take(body)?;
        let (members, checkpoint) = take(body)?;
        Some(Self {
            size: u64::from_be_bytes(size),
            root: Digest(root),
            state: u32::from_be_bytes(state),
            members: u32::from_be_bytes(members),
            checkpoint: Bytes::copy_from_slice(checkpoint),
        })
    }
}

/// The flag of a link that holds its entry.
const HERE: u8 = 4;

/// What happened to a row since it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags {
    pub(super) recalled: bool,
    pub(super) purged: bool,
}

impl Flags {
    pub(super) fn encode(self) -> u8 {
        u8::from(self.recalled) | u8::from(self.purged) << 1
    }

    pub(super) fn decode(byte: u8) -> Option<Self> {
        (byte < 4).then_some(Self { recalled: byte & 1 != 0, purged: byte & 2 != 0 })
    }
}

/// Where a row's entry lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// In the body of this sequence.
    Body(u64),
    /// In the link itself: an entry of up to [`MAX_INLINE`] bytes with neither id nor content.
    Here(Bytes),
}

/// The row of a room that says where its body lies and which tree nodes it completes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) place: Place,
    pub(super) flags: Flags,
    /// Level 0 first.
    pub(super) nodes: Vec<Digest>,
}

impl Link {
    pub(super) fn encode(&self) -> Vec<u8> {
        let (number, flag, entry) = match &self.place {
            Place::Body(sequence) => (*sequence, 0, [].as_slice()),
            Place::Here(entry) => (u64::try_from(entry.len()).unwrap_or(u64::MAX), HERE, entry.as_ref()),
        };
        let mut out = Vec::with_capacity(9 + entry.len() + 32 * self.nodes.len());
        out.extend_from_slice(&number.to_be_bytes());
        out.push(self.flags.encode() | flag);
        out.extend_from_slice(entry);
        for node in &self.nodes {
            out.extend_from_slice(node.as_bytes());
        }
        out
    }

    pub(super) fn decode(body: &[u8]) -> Option<Self> {
        let (number, body) = take(body)?;
        let ([flags], body) = take(body)?;
        let number = u64::from_be_bytes(number);
        let (place, body) = if flags & HERE == 0 {
            (Place::Body(number), body)
        } else {
            let (entry, nodes) = body.split_at_checked(usize::try_from(number).ok()?)?;
            (Place::Here(Bytes::copy_from_slice(entry)), nodes)
        };
        let (nodes, rest) = body.as_chunks::<32>();
        rest.is_empty().then_some(Self {
            place,
            flags: Flags::decode(flags & !HERE)?,
            nodes: nodes.iter().map(|node| Digest(*node)).collect(),
        })
    }
}

/// The beginning of a row's body; entry and content follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BodyHeader {
    pub(super) id: Option<[u8; 16]>,
    /// Bytes of the entry.
    pub(super) entry: u32,
    /// Bytes of the content; absent if there is none.
    pub(super) content: Option<u32>,
}

impl BodyHeader {
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(25);
        out.push(u8::from(self.id.is_some()) | u8::from(self.content.is_some()) << 1);
        if let Some(id) = self.id {
            out.extend_from_slice(&id);
        }
        out.extend_from_slice(&self.entry.to_be_bytes());
        out.extend_from_slice(&self.content.unwrap_or(0).to_be_bytes());
        out
    }

    /// The header and the number of its bytes.
    pub(super) fn decode(body: &[u8]) -> Option<(Self, usize)> {
        let ([flags], mut rest) = take(body)?;
        let id = if flags & 1 == 0 {
            None
        } else {
            let (id, after) = take(rest)?;
            rest = after;
            Some(id)
        };
        let (entry, rest) = take(rest)?;
        let (content, rest) = take(rest)?;
        let content = u32::from_be_bytes(content);
        (flags < 4 && (flags & 2 != 0 || content == 0)).then_some((
            Self { id, entry: u32::from_be_bytes(entry), content: (flags & 2 != 0).then_some(content) },
            body.len() - rest.len(),
        ))
    }
}

/// Names one after the other, each with its length in one byte.
pub(super) fn encode_members(members: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        // Names are at most 255 bytes: checked when a commit is admitted.
        out.push(u8::try_from(member.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(member.as_bytes());
    }
    out
}

pub(super) fn decode_members(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut members = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(*length))?;
        members.push(std::str::from_utf8(name).ok()?.to_owned());
        bytes = rest;
    }
    Some(members)
}

fn take<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    bytes.split_first_chunk::<N>().map(|(head, rest)| (*head, rest))
}

#[cfg(test)]
mod tests;
