//! What waits for a courier: a file for each unit, signed and sealed, in the folder `outbox`.
//!
//! A unit leaves it when an answer proves that it was entered, or when somebody drops it. What letters this desk
//! wrote is remembered beside it, so that an answer can be held to what its letter said.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use prost::Message as _;
use serde::{Deserialize, Serialize};
use tearline_ledger::{
    courier::{answer::Refusal, letter::Unit},
    digest::Digest,
    encoding,
    id::RoomId,
};
use tearline_proto::v1;

use super::CourierFault;
use crate::{
    compose::Submission,
    desk::{Desk, now},
    durable::{self, FileError, io_error},
    error::Error,
};

const FILE_MAX: u64 = 64 << 20;
/// Letters that are remembered.
const LETTERS_MAX: usize = 64;
/// Refusals after which the same unit may yet be entered.
const PASSING: [&str; 5] = ["LIMIT", "UNAVAILABLE", "TOO_SLOW", "FAULT", "NOT_CARRIED"];

/// A unit that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its number.
    pub number: u32,
    /// What it is, as in `concern`.
    pub what: String,
    /// Names of the rooms that it goes to.
    pub rooms: Vec<String>,
    /// When it was signed, in seconds since 1970.
    pub kept_at: u64,
    /// The draft that holds its text until it is entered.
    pub draft: Option<String>,
    /// Why it was not entered, if an answer said so.
    pub refused: Option<Refusal>,
    /// It.
    pub unit: Unit,
}

impl Waiting {
    /// Whether the next letter takes it: it was not refused for good.
    pub fn goes(&self) -> bool {
        self.refused.as_ref().is_none_or(|refused| PASSING.contains(&refused.reason.as_str()))
    }

    /// Its statements as they were made.
    pub fn submissions(&self) -> Vec<Submission> {
        let pairs = self.unit.statements().iter().zip(self.unit.submissions());
        pairs
            .map(|(signed, message)| Submission {
                signed: signed.clone(),
                content: signed.statement.sealed().map(|_| message.content.clone()),
            })
            .collect()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    what: String,
    rooms: Vec<String>,
    signed_at: u64,
    #[serde(default)]
    draft: Option<String>,
    /// Short name and message.
    #[serde(default)]
    refused: Option<(String, String)>,
    /// In hexadecimal.
    unit: String,
}

/// A letter that this desk wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    /// Its digest.
    letter: String,
    /// How many entries of each room it said are here, by room id.
    sizes: BTreeMap<String, u64>,
}

impl Sent {
    /// Entries of a room that the letter told of; 0 if it told of none.
    pub(super) fn size(&self, room: RoomId) -> u64 {
        self.sizes.get(&room.to_string()).copied().unwrap_or(0)
    }
}

/// A desk's outbox.
#[derive(Debug, Clone)]
pub struct Outbox {
    dir: PathBuf,
}

impl Outbox {
    /// The outbox of a desk. Nothing is made before something waits.
    pub fn of(desk: &Desk) -> Self {
        Self { dir: desk.profile().dir().join("outbox") }
    }

    /// Keeps what would be sent in one call. `draft` holds its text, if one does.
    pub fn add(
        &self,
        desk: &Desk,
        submissions: &[Submission],
        what: &str,
        draft: Option<String>,
    ) -> Result<Waiting, Error> {
        let attached = submissions
            .iter()
            .any(|it| it.signed.statement.sealed().is_some_and(|post| !post.attachments.is_empty()));
        if attached {
            return Err(CourierFault::Attachments.into());
        }
        let unit = Unit::of(submissions.iter().map(Submission::to_message).collect());
        let unit = unit.map_err(CourierFault::Unfit)?;
        let known = desk.profile().rooms()?;
        let mut rooms: Vec<String> = Vec::new();
        for signed in unit.statements() {
            let found = known.iter().find(|(id, _)| *id == signed.room());
            let name = found.map_or_else(|| signed.room().to_string(), |(_, name)| name.as_str().to_owned());
            if !rooms.contains(&name) {
                rooms.push(name);
            }
        }
        durable::make_folder(&self.dir)?;
        let (what, kept_at) = (what.to_owned(), now());
        let mut waiting = Waiting { number: 1, what, rooms, kept_at, draft, refused: None, unit };
        waiting.number += self.numbers()?.into_iter().max().unwrap_or(0);
        durable::create(&self.path(waiting.number), &encode(&waiting))?;
        Ok(waiting)
    }

    /// All that waits, in the order in which it was signed.
    pub fn list(&self) -> Result<Vec<Waiting>, Error> {
        self.numbers()?.into_iter().map(|number| self.read(number)).collect()
    }

    /// The unit of this number.
    pub fn get(&self, number: &str) -> Result<Waiting, Error> {
        let missing = || CourierFault::NotWaiting(number.to_owned());
        let known: u32 = number.parse().map_err(|_| missing())?;
        if !self.numbers()?.contains(&known) {
            return Err(missing().into());
        }
        self.read(known)
    }

    /// Forgets a unit, if it is there.
    pub fn remove(&self, number: u32) -> Result<(), Error> {
        let path = self.path(number);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("remove", &path)(error).into())
            }
            _ => Ok(()),
        }
    }

    /// Notes why a unit was not entered.
    pub(super) fn refuse(&self, waiting: &Waiting, refusal: &Refusal) -> Result<(), Error> {
        let refused = Waiting { refused: Some(refusal.clone()), ..waiting.clone() };
        Ok(durable::replace(&self.path(waiting.number), &encode(&refused))?)
    }

    /// Remembers what a letter said, before it leaves.
    pub(super) fn remember(&self, letter: &Digest, sizes: &[(RoomId, u64)]) -> Result<(), Error> {
        durable::make_folder(&self.dir)?;
        let mut all = self.letters()?;
        let letter = letter.to_hex();
        all.retain(|sent| sent.letter != letter);
        let sizes = sizes.iter().map(|(room, size)| (room.to_string(), *size)).collect();
        all.push(Sent { letter, sizes });
        let from = all.len().saturating_sub(LETTERS_MAX);
        let text = serde_json::to_vec(all.get(from..).unwrap_or_default()).unwrap_or_default();
        Ok(durable::replace(&self.dir.join("letters"), &text)?)
    }

    /// What is remembered of a letter.
    pub(super) fn letter(&self, letter: &Digest) -> Result<Option<Sent>, Error> {
        let letter = letter.to_hex();
        Ok(self.letters()?.into_iter().find(|sent| sent.letter == letter))
    }

    fn letters(&self) -> Result<Vec<Sent>, Error> {
        let path = self.dir.join("letters");
        match durable::read(&path, FILE_MAX) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| CourierFault::Damaged { path, what: error.to_string() }.into()),
            Err(FileError::Missing(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    fn numbers(&self) -> Result<Vec<u32>, Error> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &self.dir)(error).into()),
        };
        let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
        let mut numbers: Vec<u32> =
            names.filter_map(|name| name.to_str()?.strip_suffix(".unit")?.parse().ok()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn read(&self, number: u32) -> Result<Waiting, Error> {
        let path = self.path(number);
        let bytes = durable::read(&path, FILE_MAX)?;
        decode(number, &bytes).map_err(|what| CourierFault::Damaged { path, what }.into())
    }

    fn path(&self, number: u32) -> PathBuf {
        Path::join(&self.dir, format!("{number}.unit"))
    }
}

fn encode(waiting: &Waiting) -> Vec<u8> {
    let submissions = waiting.unit.submissions().to_vec();
    let kept = Kept {
        what: waiting.what.clone(),
        rooms: waiting.rooms.clone(),
        signed_at: waiting.kept_at,
        draft: waiting.draft.clone(),
        refused: waiting.refused.clone().map(|it| (it.reason, it.message)),
        unit: hex::encode(v1::LetterUnit { submissions }.encode_to_vec()),
    };
    serde_json::to_vec(&kept).unwrap_or_default()
}

fn decode(number: u32, bytes: &[u8]) -> Result<Waiting, String> {
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let unit = hex::decode(&kept.unit).map_err(|error| error.to_string())?;
    let unit: v1::LetterUnit = encoding::decode("unit", &unit).map_err(|error| error.to_string())?;
    Ok(Waiting {
        number,
        what: kept.what,
        rooms: kept.rooms,
        kept_at: kept.signed_at,
        draft: kept.draft,
        refused: kept.refused.map(|(reason, message)| Refusal::new(&reason, &message)),
        unit: Unit::of(unit.submissions)?,
    })
}
