//! Carrying by a connected desk: another's letter is handed to the server, and answered from this desk's own rooms.
//!
//! The server records that this desk was served; it can hand on only what it may read itself, and does so only of
//! rooms whose charters name the letter's desk with the key that signed the letter and that of its certificate, which
//! the server, who knows the revocations, vouches for.

use std::{path::Path, time::Duration};

use bytes::Bytes;
use tearline_ledger::{
    bundle::BundleEntry,
    courier::{
        LETTER_MAX,
        answer::{Begin, Outcome, Refusal, Room, Writer},
        letter::{Letter, Unit},
    },
    digest::Digest,
    id::RoomId,
    name::RoomName,
};
use tearline_proto::v1;

use super::CourierFault;
use crate::{
    compose::Submission,
    connect::key_in,
    desk::{Desk, now},
    durable::{self, Delivery, FileError},
    error::Error,
    receipts::Receipt,
    replica::Replica,
    session::Session,
    submit::submit,
    sync,
};

/// The longest that it waits for the organisation's share of statements.
const WAIT_MAX: Duration = Duration::from_mins(2);

/// What was handed over and what goes back.
#[derive(Debug)]
pub struct Carried {
    /// The letter.
    pub letter: Letter,
    /// What became of each unit, in order, with names of rooms and indices.
    pub outcomes: Vec<Result<Vec<(String, u64)>, Refusal>>,
    /// Rooms: names, and entries that go back.
    pub rooms: Vec<(String, u64)>,
}

/// Hands a letter to the server and writes the answer into a file that is not there yet.
pub async fn carry(
    session: &Session,
    desk: &mut Desk,
    letter: &Path,
    answer: &Path,
) -> Result<Carried, Error> {
    if answer.symlink_metadata().is_ok() {
        return Err(FileError::Exists(answer.to_owned()).into());
    }
    let letter = read(desk, letter)?;
    sync::sync_rooms(session, desk, &mut |_, _| ()).await?;
    if shared(desk, &letter)?.is_empty() {
        return Err(CourierFault::NotAMember(letter.sender.member.desk().to_owned()).into());
    }
    vouched(session, &letter).await?;
    let (mut rows, mut outcomes) = (Vec::new(), Vec::new());
    for unit in &letter.units {
        let result = hand(session, desk, unit).await?;
        let told = |receipts: &Vec<Receipt>| {
            receipts.iter().map(|it| (it.name.clone(), it.index)).collect::<Vec<_>>()
        };
        outcomes.push(result.as_ref().map(told).map_err(Refusal::clone));
        let result = result.map(|receipts| receipts.iter().map(to_message).collect());
        rows.push(Outcome { unit: unit.digest(), result });
    }
    sync::sync_rooms(session, desk, &mut |_, _| ()).await?;
    // Nothing goes back to a desk that was revoked while its letter waited its turn.
    vouched(session, &letter).await?;
    let rooms = write(desk, &letter, rows, answer)?;
    Ok(Carried { letter, outcomes, rooms })
}

fn read(desk: &Desk, path: &Path) -> Result<Letter, Error> {
    let letter = Letter::parse(&durable::read(path, LETTER_MAX as u64)?);
    let letter = letter.map_err(|error| CourierFault::Paper { path: path.to_owned(), error })?;
    let (found, own) = (&letter.sender.domain, desk.member().domain());
    if found != own {
        let (found, own) = (found.as_str().to_owned(), own.as_str().to_owned());
        return Err(CourierFault::OtherInstance { found, own }.into());
    }
    let member = &letter.sender.member;
    if member.role().reads_content() && !desk.member().role().reads_content() {
        return Err(CourierFault::NoContent(member.desk().to_owned()).into());
    }
    Ok(letter)
}

/// The server would let the letter's desk in now.
async fn vouched(session: &Session, letter: &Letter) -> Result<(), Error> {
    match session.vouch(letter.sender.certificates.clone()).await {
        Err(Error::Refused(refused)) if refused.reason == "NOT_LET_IN" => {
            let (desk, why) = (letter.sender.member.desk().to_owned(), refused.message);
            Err(CourierFault::NotLetIn { desk, why }.into())
        }
        other => other,
    }
}

/// Rooms of this desk whose charters name the letter's desk with the key that signed it and that of its certificate.
fn shared(desk: &Desk, letter: &Letter) -> Result<Vec<(RoomId, RoomName)>, Error> {
    let key = letter.sender.certificates.first().and_then(|leaf| key_in(leaf).ok());
    let Some(key) = key.map(|key| Digest::of(&key)) else { return Ok(Vec::new()) };
    let mut out = Vec::new();
    for (id, name) in desk.profile().rooms()? {
        let replica = desk.replica(id, &name)?;
        let member = replica.state().ok().and_then(|it| it.charter().member(&letter.sender.member));
        if member.is_some_and(|member| letter.is_of(member, key)) {
            out.push((id, name));
        }
    }
    out.sort_by_key(|(id, _)| *id);
    Ok(out)
}

async fn hand(session: &Session, desk: &Desk, unit: &Unit) -> Result<Result<Vec<Receipt>, Refusal>, Error> {
    let known = desk.profile().rooms()?;
    let foreign = unit.statements().iter().find(|it| !known.iter().any(|(id, _)| *id == it.room()));
    if foreign.is_some() {
        let message = "the desk that carried the letter is not in a room that this goes to: \
                       let the operator, or another desk, take the letter in";
        return Ok(Err(Refusal::new("NOT_CARRIED", message)));
    }
    let pairs = unit.statements().iter().zip(unit.submissions());
    let submissions: Vec<Submission> = pairs
        .map(|(signed, message)| Submission {
            signed: signed.clone(),
            content: signed.statement.sealed().map(|_| message.content.clone()),
        })
        .collect();
    let mut waited = Duration::ZERO;
    loop {
        match submit(session, desk, &submissions, now()).await {
            Ok(receipts) => return Ok(Ok(receipts)),
            Err(Error::Refused(refused)) => {
                let wait = refused.retry_after.map(|wait| Duration::from_secs(wait.max(1)));
                match wait.filter(|wait| waited + *wait <= WAIT_MAX) {
                    Some(wait) => {
                        waited += wait;
                        tokio::time::sleep(wait).await;
                    }
                    None => return Ok(Err(Refusal::new(&refused.reason, &refused.message))),
                }
            }
            Err(other) => return Err(other),
        }
    }
}

fn to_message(receipt: &Receipt) -> v1::Receipt {
    v1::Receipt {
        entry: receipt.entry.bytes().clone(),
        index: receipt.index,
        proof: receipt.proof.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect(),
        checkpoint: receipt.checkpoint.to_bytes().into(),
    }
}

fn write(
    desk: &Desk,
    letter: &Letter,
    outcomes: Vec<Outcome>,
    path: &Path,
) -> Result<Vec<(String, u64)>, Error> {
    let sender = &letter.sender;
    let (domain, member) = (sender.domain.clone(), sender.member.clone());
    let begin = Begin { domain, member, written_at: now(), letter: letter.digest() };
    let (mut writer, first) = Writer::begin(&begin);
    let (mut out, mut rooms) = (Delivery::begin(path)?, Vec::new());
    out.put(&first)?;
    for outcome in outcomes {
        out.put(&writer.outcome(outcome))?;
    }
    for (id, name) in shared(desk, letter)? {
        let replica = desk.replica(id, &name)?;
        let wanted = letter.rooms.iter().find(|held| held.room == id).map_or(0, |held| held.from);
        let room = room(desk, &replica, name, wanted.min(replica.size()))?;
        rooms.push((room.name.as_str().to_owned(), room.size));
        out.put(&writer.room(&room))?;
        for index in room.first..replica.size() {
            let content = sender.member.role().reads_content();
            out.put(&writer.entry(entry(desk, &replica, index, content)?))?;
        }
    }
    out.put(&writer.end())?;
    out.finish()?;
    Ok(rooms)
}

fn room(desk: &Desk, replica: &Replica, name: RoomName, first: u64) -> Result<Room, Error> {
    let id = replica.room();
    let cosigned = replica.cosigned().map_err(|error| desk.alarmed(id, error))?;
    let checkpoint = replica.checkpoint().map(|kept| kept.to_bytes().into()).unwrap_or_default();
    let mut notes: Vec<Bytes> = cosigned.iter().map(|(_, it)| it.to_bytes().into()).collect();
    notes.sort_unstable();
    notes.dedup();
    notes.retain(|note| *note != checkpoint);
    let size = replica.size() - first;
    Ok(Room { room: id, name, first, size, checkpoint, cosigned: notes })
}

/// An entry, with its content unless that was recalled or has expired: as a server serves it.
fn entry(desk: &Desk, replica: &Replica, index: u64, content: bool) -> Result<BundleEntry, Error> {
    let alarmed = |error| desk.alarmed(replica.room(), error);
    let line = replica.line(index).map_err(alarmed)?;
    let entry = replica.require_entry(index).map_err(alarmed)?.bytes().clone();
    let gone = !content || line.recalled || line.is_expired(now());
    let content = if gone { None } else { replica.sealed_content(index).map_err(alarmed)? };
    Ok(BundleEntry { entry, content })
}
