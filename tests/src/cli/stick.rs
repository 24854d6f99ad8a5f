//! What lies on a courier's stick, read and written anew: what a carrier who lies would do.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_ledger::{
    bundle::BundleEntry,
    checkpoint::{Checkpoint, Origin},
    courier::answer::{Begin, Outcome, Reader, Room, Row, Writer},
    merkle::{Tree, leaf_hash},
    note::NoteSigner,
};

/// An answer as its parts.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whose letter it answers.
    pub begin: Begin,
    /// What became of units.
    pub outcomes: Vec<Outcome>,
    /// Rooms with their entries.
    pub rooms: Vec<(Room, Vec<BundleEntry>)>,
}

impl Answer {
    /// Reads one.
    pub fn read(path: &Path) -> Result<Self> {
        let mut reader = Reader::new();
        reader.feed(&fs::read(path)?);
        let (mut begin, mut outcomes, mut rooms) = (None, Vec::new(), Vec::<(Room, Vec<_>)>::new());
        while let Some(row) = reader.next_row()? {
            match row {
                Row::Begin(found) => begin = Some(found),
                Row::Outcome(outcome) => outcomes.push(outcome),
                Row::Room(room) => rooms.push((room, Vec::new())),
                Row::Entry(entry) => rooms.last_mut().context("an entry of no room")?.1.push(entry),
                Row::End => {}
            }
        }
        reader.finish()?;
        Ok(Self { begin: begin.context("it does not begin")?, outcomes, rooms })
    }

    /// The bytes of it, in order and whole, whatever it says.
    pub fn bytes(&self) -> Vec<u8> {
        let (mut writer, first) = Writer::begin(&self.begin);
        let mut out = first.to_vec();
        for outcome in &self.outcomes {
            out.extend_from_slice(&writer.outcome(outcome.clone()));
        }
        for (room, entries) in &self.rooms {
            let room = Room { size: entries.len() as u64, ..room.clone() };
            out.extend_from_slice(&writer.room(&room));
            for entry in entries {
                out.extend_from_slice(&writer.entry(entry.clone()));
            }
        }
        out.extend_from_slice(&writer.end());
        out
    }

    /// The room of this name.
    pub fn room(&mut self, name: &str) -> Result<&mut (Room, Vec<BundleEntry>)> {
        self.rooms.iter_mut().find(|(room, _)| room.name.as_str() == name).context("no such room")
    }

    /// Signs a room's entries, which must be there from the first, as the log does.
    pub fn sign(&mut self, name: &str, key: &dyn NoteSigner) -> Result<()> {
        let domain = self.begin.domain.clone();
        let (room, entries) = self.room(name)?;
        let mut tree = Tree::new();
        for entry in entries.iter() {
            tree.append(leaf_hash(&entry.entry));
        }
        let origin = Origin::new(domain, room.room.0);
        let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
        room.checkpoint = Bytes::from(checkpoint.sign(key)?.to_bytes());
        room.cosigned.clear();
        Ok(())
    }
}

/// Every file of a folder with its bytes.
pub fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut out = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let (path, name) = (entry.as_ref().ok().context("entry")?.path(), entry?.file_name());
        let name = name.to_string_lossy().into_owned();
        if path.is_dir() {
            out.insert(format!("{name}/"), Vec::new());
            out.extend(files(&path)?.into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            out.insert(name, fs::read(&path)?);
        }
    }
    Ok(out)
}
