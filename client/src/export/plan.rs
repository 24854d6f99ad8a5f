//! The plan of an export: whose it is, what goes into it, and the heads of the cut that it is of.
//!
//! It is kept beside the part that is written, so that an export that was broken off goes on with the same cut. It holds
//! nothing secret: checkpoints, names and ids.

use std::path::Path;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tearline_ledger::{
    access::{access_log_id, access_log_org},
    bundle::Begin,
    checkpoint::Checkpoint,
    digest::Digest,
    id::RoomId,
    name::RoomName,
    note::Note,
};

use super::ExportError;
use crate::{
    desk::{Desk, now},
    durable::{self, FileError},
    error::Error,
    replica::Replica,
    sync::Cut,
};

/// A journal has one checkpoint for each room.
const JOURNAL_MAX: u64 = 64 << 20;
const FORMAT: &str = "tearline export v1";

/// Where sealed content comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contents {
    /// It is left out.
    None,
    /// From what this desk keeps.
    Kept,
    /// From the server, compared with what the entries name.
    Server,
}

/// A room or access log, up to its head in the cut.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) room: RoomId,
    pub(super) name: String,
    /// Of an access log, the room whose charter names its key.
    pub(super) home: Option<(RoomId, RoomName)>,
    pub(super) size: u64,
    pub(super) checkpoint: Bytes,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(super) desk: String,
    pub(super) contents: Contents,
    pub(super) begin: Begin,
    /// Ascending by id.
    pub(super) logs: Vec<Planned>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    format: String,
    desk: String,
    contents: Contents,
    domain: String,
    chamber: String,
    written_at: u64,
    logs: Vec<JournalLog>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalLog {
    room: String,
    name: String,
    home: Option<(String, String)>,
    checkpoint: String,
}

impl Plan {
    /// The rooms of a cut, and those of its access logs whose home room is among them.
    pub fn of(desk: &Desk, cut: &Cut, contents: Contents) -> Result<Self, Error> {
        let chamber = cut.rooms.iter().find(|(_, name, _)| name.is_chamber()).or(cut.rooms.first());
        let (chamber, ..) = chamber.ok_or(ExportError::Nothing)?;
        let mut logs = Vec::new();
        for (room, name, checkpoint) in &cut.rooms {
            logs.push(Planned::of(*room, name.as_str().to_owned(), None, checkpoint.clone())?);
        }
        for (log, name, checkpoint) in &cut.access {
            let home = cut.rooms.iter().find(|(room, ..)| {
                access_log_org(name).is_some_and(|org| access_log_id(*room, &org) == *log)
            });
            if let Some((home, home_name, _)) = home {
                let home = Some((*home, home_name.clone()));
                logs.push(Planned::of(*log, name.clone(), home, checkpoint.clone())?);
            }
        }
        logs.sort_by_key(|log| log.room);
        let begin = Begin { domain: desk.member().domain().clone(), chamber: *chamber, written_at: now() };
        Ok(Self { desk: desk.member().as_str().to_owned(), contents, begin, logs })
    }

    /// Whether it has the chamber, without which nobody can verify the rules across rooms.
    pub(super) fn is_whole(&self) -> bool {
        self.logs.iter().any(|log| log.name == RoomName::CHAMBER)
    }

    pub(super) fn entries(&self) -> u64 {
        self.logs.iter().map(|log| log.size).sum()
    }

    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let bytes = match durable::read(path, JOURNAL_MAX) {
            Err(FileError::Missing(_)) => return Ok(None),
            read => read?,
        };
        let wrong = |reason: String| ExportError::Plan { path: path.to_owned(), reason };
        let journal: Journal = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(journal.plan().map_err(wrong)?))
    }

    pub(super) fn keep(&self, path: &Path) -> Result<(), Error> {
        let logs = self.logs.iter().map(|log| JournalLog {
            room: log.room.to_string(),
            name: log.name.clone(),
            home: log.home.as_ref().map(|(home, name)| (home.to_string(), name.as_str().to_owned())),
            checkpoint: String::from_utf8_lossy(&log.checkpoint).into_owned(),
        });
        let journal = Journal {
            format: FORMAT.to_owned(),
            desk: self.desk.clone(),
            contents: self.contents,
            domain: self.begin.domain.as_str().to_owned(),
            chamber: self.begin.chamber.to_string(),
            written_at: self.begin.written_at,
            logs: logs.collect(),
        };
        Ok(durable::replace(path, &serde_json::to_vec(&journal).unwrap_or_default())?)
    }

    /// That it is this desk's, and was asked for in the same way.
    pub(super) fn require(&self, desk: &Desk, contents: Contents, journal: &Path) -> Result<(), Error> {
        let path = journal.to_owned();
        if self.desk != desk.member().as_str() {
            return Err(ExportError::OtherDesk { path, desk: self.desk.clone() }.into());
        }
        if self.contents != contents {
            let before = if self.contents == Contents::None { "without" } else { "with" };
            return Err(ExportError::OtherContents { path, before }.into());
        }
        Ok(())
    }
}

impl Planned {
    fn of(
        room: RoomId,
        name: String,
        home: Option<(RoomId, RoomName)>,
        checkpoint: Bytes,
    ) -> Result<Self, ExportError> {
        let size = size_of(&checkpoint).map_err(|reason| ExportError::Head { room: name.clone(), reason })?;
        Ok(Self { room, name, home, size, checkpoint })
    }

    /// What this desk has verified of it.
    pub(super) fn replica(&self, desk: &Desk) -> Result<Replica, Error> {
        if let Some((home, name)) = &self.home {
            return desk.access_log(self.room, &self.name, &desk.replica(*home, name)?);
        }
        let name = self.name.parse::<RoomName>();
        let other = |error: &dyn std::fmt::Display| ExportError::Head {
            room: self.name.clone(),
            reason: error.to_string(),
        };
        desk.replica(self.room, &name.map_err(|error| other(&error))?)
    }
}

/// Of a checkpoint that was verified when it came.
fn size_of(note: &[u8]) -> Result<u64, String> {
    let note = Note::parse(note).map_err(|error| error.to_string())?;
    Ok(Checkpoint::parse(note.unverified_text()).map_err(|error| error.to_string())?.size.0)
}

impl Journal {
    fn plan(self) -> Result<Plan, String> {
        if self.format != FORMAT {
            return Err(format!("its format is {:?}", self.format));
        }
        let id = |hex: &str| Digest::from_hex(hex).map(RoomId).ok_or("a room id is none".to_owned());
        let mut logs = Vec::new();
        for log in self.logs {
            let home = match &log.home {
                Some((home, name)) => {
                    Some((id(home)?, name.parse::<RoomName>().map_err(|error| error.to_string())?))
                }
                None => None,
            };
            let planned = Planned::of(id(&log.room)?, log.name, home, log.checkpoint.into_bytes().into());
            logs.push(planned.map_err(|error| error.to_string())?);
        }
        let begin = Begin {
            domain: self.domain.parse().map_err(|error| format!("{error}"))?,
            chamber: id(&self.chamber)?,
            written_at: self.written_at,
        };
        Ok(Plan { desk: self.desk, contents: self.contents, begin, logs })
    }
}
