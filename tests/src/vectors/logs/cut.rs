//! A cut of rooms that can be falsified before it is written as a bundle.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_client::witness::Cosigner;
use tearline_ledger::{
    access::{access_log_id, access_log_name},
    bundle::{Begin, BundleEntry, BundlePiece, BundleRoom, Writer},
    checkpoint::{Checkpoint, Origin, SignedCheckpoint},
    cosign::cosign,
    entry::{AccessRecord, Entry},
    id::RoomId,
    merkle::{Tree, leaf_hash},
    name::{MemberName, Org},
    note::NoteSigner,
    statement::{Act, Signed},
};

use crate::{
    desk::{Desk, domain},
    world::World,
};

/// A room or access log of a cut.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) entries: Vec<BundleEntry>,
    pub(super) pieces: Vec<BundlePiece>,
    /// In the place of the one that the log would sign.
    pub(super) checkpoint: Option<Bytes>,
}

/// A cut of rooms.
#[derive(Debug, Clone)]
pub(in crate::vectors) struct Cut {
    chamber: RoomId,
    written_at: u64,
    pub(super) parts: BTreeMap<RoomId, Part>,
}

impl Cut {
    /// All rooms of a world, with the sealed content of their posts.
    pub(super) fn of(world: &World) -> Self {
        let house = &world.house;
        let part = |room: &crate::house::Room| {
            let entry = |entry: &tearline_ledger::rules::VerifiedEntry| {
                let content = match &entry.signed().statement.act {
                    Act::Post(post) => world.content(&post.digest).cloned(),
                    _ => None,
                };
                BundleEntry { entry: entry.to_entry().bytes().clone(), content }
            };
            Part {
                name: room.replay().state().map(|state| state.name().as_str().to_owned()).unwrap_or_default(),
                entries: room.entries().iter().map(entry).collect(),
                pieces: Vec::new(),
                checkpoint: None,
            }
        };
        Self {
            chamber: house.chamber(),
            written_at: house.now(),
            parts: house.rooms().map(|(id, room)| (id, part(room))).collect(),
        }
    }

    /// This room alone.
    pub(super) fn only(mut self, room: RoomId) -> Self {
        self.parts.retain(|id, _| *id == room);
        self
    }

    /// The part of this room.
    pub(super) fn part(&mut self, room: RoomId) -> Result<&mut Part> {
        self.parts.get_mut(&room).context("there is no such room")
    }

    /// Enters a statement as a server would that judges nothing.
    pub(super) fn enter(&mut self, room: RoomId, accepted_at: u64, signed: &Signed) -> Result<()> {
        let entry = Entry::of_statement(accepted_at, signed.clone()).bytes().clone();
        self.part(room)?.entries.push(BundleEntry { entry, content: None });
        Ok(())
    }

    /// Adds the access log of a member's organisation: these times, each for the room's first entry.
    pub(super) fn add_access(
        &mut self,
        home: RoomId,
        member: &MemberName,
        room: RoomId,
        times: &[u64],
    ) -> RoomId {
        let org: &Org = member.org();
        let entry = |time: &u64| {
            let record = AccessRecord { member: member.clone(), room, first: 0, count: 1 };
            BundleEntry { entry: Entry::of_access(*time, record).bytes().clone(), content: None }
        };
        let name = access_log_name(org);
        let id = access_log_id(home, org);
        self.parts.insert(
            id,
            Part { name, entries: times.iter().map(entry).collect(), pieces: Vec::new(), checkpoint: None },
        );
        id
    }

    /// The checkpoint of a part, as this key signs it.
    pub(super) fn checkpoint(&self, room: RoomId, log: &dyn NoteSigner) -> Result<Bytes> {
        Ok(self.signed(room, log)?.to_bytes().into())
    }

    /// The same, cosigned by an auditor at a time, in seconds since 1970.
    pub(super) fn cosigned(
        &self,
        room: RoomId,
        log: &dyn NoteSigner,
        (auditor, time): (&Desk, u64),
    ) -> Result<Bytes> {
        self.with_line_of(self, room, log, (auditor, time))
    }

    /// The checkpoint of a part, with the line by which an auditor cosigned that of another cut.
    pub(super) fn with_line_of(
        &self,
        other: &Self,
        room: RoomId,
        log: &dyn NoteSigner,
        (auditor, time): (&Desk, u64),
    ) -> Result<Bytes> {
        let name = auditor.name().desk().parse()?;
        let line = cosign(&other.signed(room, log)?, &name, &Cosigner(auditor.sign_key()), time)?;
        let note = self.checkpoint(room, log)?;
        Ok([note.as_ref(), format!("{line}\n").as_bytes()].concat().into())
    }

    fn signed(&self, room: RoomId, log: &dyn NoteSigner) -> Result<SignedCheckpoint> {
        let part = self.parts.get(&room).context("there is no such room")?;
        let mut tree = Tree::new();
        part.entries.iter().for_each(|row| tree.append(leaf_hash(&row.entry)));
        let origin = Origin::new(domain()?, room.0);
        Ok(Checkpoint { origin, size: tree.size(), root: tree.root() }.sign(log)?)
    }

    /// The bundle.
    pub(super) fn write(&self, log: &dyn NoteSigner) -> Result<Vec<u8>> {
        let begin = Begin { domain: domain()?, chamber: self.chamber, written_at: self.written_at };
        let (mut writer, first) = Writer::begin(&begin);
        let mut out = first.to_vec();
        for (id, part) in &self.parts {
            let signed = || self.checkpoint(*id, log);
            let checkpoint = part.checkpoint.clone().map_or_else(signed, Ok)?;
            let size = part.entries.len() as u64;
            let row = BundleRoom { room: *id, name: part.name.clone(), first: 0, size, checkpoint };
            out.extend_from_slice(&writer.room(&row));
            for entry in &part.entries {
                out.extend_from_slice(&writer.entry(entry.clone()));
            }
            for piece in &part.pieces {
                out.extend_from_slice(&writer.piece(piece.clone()));
            }
        }
        out.extend_from_slice(&writer.end());
        Ok(out)
    }
}
