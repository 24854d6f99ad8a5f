//! Bringing replicas up to date: rooms listed as a cut, streams taken row by row, everything verified.
//!
//! Specification: `docs/spec.md`, sections 5, 6, 8 and 12. An alarm ends the work on its room and
//! leaves its replica at the last good checkpoint.

mod altered;

use std::{collections::HashMap, path::PathBuf};

use bytes::Bytes;
use tearline_ledger::{
    access::{ACCESS_PREFIX, access_log_id, access_log_org},
    id::RoomId,
    instance::{InstanceFault, mediators_agree},
    name::{Role, RoomName},
};
use tearline_proto::v1;

use self::altered::{locate, shrunk};
use crate::{
    alarm::Alarm,
    desk::{Desk, now},
    error::Error,
    evidence::{Exhibit, Raised},
    receipts,
    replica::{Progress, Replica, ReplicaError, verify::names_content},
    session::{Reading, Session},
};

/// What a server lists: one commit's heads.
#[derive(Debug, Clone, Default)]
pub struct Cut {
    /// Rooms with their checkpoints, not verified yet.
    pub rooms: Vec<(RoomId, RoomName, Bytes)>,
    /// Access logs, by `access/ORG`.
    pub access: Vec<(RoomId, String, Bytes)>,
    /// Older checkpoints of them that witnesses cosigned, not verified yet.
    pub cosigned: HashMap<RoomId, Vec<Bytes>>,
    /// Rooms that are known here and not listed: this desk was removed, or the server hides them.
    pub gone: Vec<RoomName>,
}

/// What synchronising one log did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Synced {
    /// How many entries were new.
    pub fresh: u64,
    /// What must be shown, but spoils nothing that was verified.
    pub warnings: Vec<Alarm>,
}

/// Lists the caller's rooms. Names and ids that contradict what is known are alarms.
pub async fn list(session: &Session, desk: &Desk) -> Result<Cut, Error> {
    let mut cut = Cut::default();
    let known = desk.profile().rooms()?;
    for head in session.list().await? {
        let other = |reason: &str| {
            let alarm = Alarm::OtherRoom { room: head.name.clone(), reason: reason.to_owned() };
            let raised = Raised::from(alarm).with(Exhibit::checkpoint("listed", &head.checkpoint));
            desk.raise(RoomId(tearline_ledger::digest::Digest([0; 32])), raised)
        };
        let id = RoomId::from_slice(&head.room).ok_or_else(|| other("its room id is not 32 bytes"))?;
        cut.cosigned.insert(id, head.cosigned.clone());
        if head.name.starts_with(ACCESS_PREFIX) {
            cut.access.push((id, head.name, head.checkpoint));
            continue;
        }
        let name: RoomName = head.name.parse().map_err(|_| other("its name is none"))?;
        if known.iter().any(|(known, named)| (*known == id) != (*named == name)) {
            return Err(other("a room of this name, or of this id under another name, is known here"));
        }
        cut.rooms.push((id, name, head.checkpoint));
    }
    let listed = |id: &RoomId| cut.rooms.iter().any(|(listed, ..)| listed == id);
    cut.gone = known.into_iter().filter(|(id, _)| !listed(id)).map(|(_, name)| name).collect();
    Ok(cut)
}

/// Brings a replica up to date. `on_progress` sees each message's entries; those of an incomplete
/// stream are not kept.
pub async fn sync(
    session: &Session,
    desk: &Desk,
    replica: &mut Replica,
    on_progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Synced, Error> {
    let kept = receipts::kept(desk, replica.room())?;
    let synced = stream(session, desk, replica, false, on_progress).await?;
    complete(session, desk, replica).await?;
    review(desk, replica, &kept, synced)
}

/// As [`sync`], and goes on with whatever comes, until the server ends it or the future is dropped.
pub async fn follow(
    session: &Session,
    desk: &Desk,
    replica: &mut Replica,
    on_progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Synced, Error> {
    stream(session, desk, replica, true, on_progress).await
}

/// Reads the whole log again and compares it with what was verified before: what is found altered is
/// named. New entries are taken as by [`sync`].
pub async fn verify_again(session: &Session, desk: &Desk, replica: &mut Replica) -> Result<Synced, Error> {
    let room = replica.room();
    let kept = receipts::kept(desk, room)?;
    let reading = Reading { room, from: 0, limit: 0, content: false, follow: false };
    let taken = take_all(session, replica, reading, &mut |_| ()).await;
    let synced = match taken {
        Ok(synced) => synced,
        Err(Fault::Raised(raised)) => return Err(locate(session, desk, replica, *raised).await),
        Err(other) => return Err(other.into_error(desk, room)),
    };
    complete(session, desk, replica).await?;
    review(desk, replica, &kept, synced)
}

/// Gives the entries of a verified log from `from` up to `size` with their sealed content, in order, as the server has it.
///
/// # Errors
///
/// Also the alarm that it serves other entries than were verified, or content that they do not name.
pub async fn contents<E: From<Error>>(
    session: &Session,
    desk: &Desk,
    replica: &Replica,
    (from, size): (u64, u64),
    each: &mut (dyn FnMut(u64, Option<Bytes>) -> Result<(), E> + Send),
) -> Result<(), E> {
    let room = replica.room();
    let reading = Reading { room, from, limit: size - from, content: true, follow: false };
    let mut rows = session.read(reading).await?;
    let mut next = from;
    while next < size {
        let message = rows.next().await?.ok_or_else(|| Error::Incomplete(replica.name().to_owned()))?;
        for row in message.rows {
            if next == size {
                break;
            }
            let entry = replica.require_entry(next).map_err(|error| desk.alarmed(room, error))?;
            let (name, index) = (replica.name().to_owned(), next);
            let alarm = if row.index != next || row.entry != *entry.bytes() {
                Some(Alarm::Altered { room: name, index })
            } else if row.content.as_ref().is_some_and(|content| !names_content(&entry, content)) {
                Some(Alarm::WrongContent { room: name, index })
            } else {
                None
            };
            if let Some(alarm) = alarm {
                let raised = Raised::from(alarm).with(Exhibit::entry("served now", row.index, &row.entry));
                return Err(desk.raise(room, raised).into());
            }
            each(next, row.content)?;
            next += 1;
        }
    }
    Ok(())
}

/// A room that came neither with an invitation nor before is accepted only if its mediators are those
/// of a room that did.
pub fn accept_room(desk: &mut Desk, replica: &Replica) -> Result<(), Error> {
    let (id, trusted) = (replica.room(), desk.profile().trusts(replica.room()));
    let state = replica.state().map_err(Error::Replica)?;
    if !trusted {
        let known = desk.profile().rooms()?.into_iter();
        let mut vouching = known.filter_map(|(known, name)| desk.replica(known, &name).ok());
        let judged = vouching.find_map(|other| other.state().ok().map(|other| mediators_agree(other, state)));
        if let Some(reason) = not_vouched(judged) {
            let alarm = Alarm::OtherRoom { room: replica.name().to_owned(), reason };
            return Err(desk.raise(id, alarm.into()));
        }
    }
    let name = state.name().clone();
    Ok(desk.profile_mut().add_rooms(&[(id, Some(name))])?)
}

/// Why a room is not accepted, from what a known room's mediators make of it, if a room is known.
pub(crate) fn not_vouched(judged: Option<Result<(), InstanceFault>>) -> Option<String> {
    match judged {
        Some(Ok(())) => None,
        Some(Err(fault)) => Some(fault.to_string()),
        None => Some("no room is known here whose mediators vouch for it".to_owned()),
    }
}

/// Lists the rooms and brings each up to date; every head of the cut must stand in what was verified.
pub async fn sync_rooms(
    session: &Session,
    desk: &mut Desk,
    on_progress: &mut (dyn FnMut(&RoomName, &Progress) + Send),
) -> Result<(Cut, Vec<Synced>), Error> {
    let mut cut = list(session, desk).await?;
    // Rooms that are trusted come first: their mediators vouch for the others.
    cut.rooms.sort_by_key(|(id, ..)| !desk.profile().trusts(*id));
    let mut all = Vec::new();
    for at in 0..cut.rooms.len() {
        all.push(sync_room(session, desk, &cut, at, on_progress).await?);
    }
    Ok((cut, all))
}

/// Brings one of the rooms of a cut up to date, with what witnesses confirm of it.
pub async fn sync_room(
    session: &Session,
    desk: &mut Desk,
    cut: &Cut,
    at: usize,
    on_progress: &mut (dyn FnMut(&RoomName, &Progress) + Send),
) -> Result<Synced, Error> {
    let Some((id, name, checkpoint)) = cut.rooms.get(at) else { return Ok(Synced::default()) };
    let mut replica = desk.replica(*id, name)?;
    let kept = receipts::kept(desk, *id)?;
    let told = &mut |progress: &Progress| on_progress(name, progress);
    let synced = stream(session, desk, &mut replica, false, told).await?;
    complete(session, desk, &mut replica).await?;
    take_head(desk, &mut replica, checkpoint)?;
    for note in cut.cosigned.get(id).into_iter().flatten() {
        take_head(desk, &mut replica, note)?;
    }
    accept_room(desk, &replica)?;
    review(desk, &replica, &kept, synced)
}

/// The access logs of a cut, up to date. Their home rooms must be.
pub async fn sync_access(session: &Session, desk: &Desk, cut: &Cut) -> Result<Vec<Replica>, Error> {
    let mut out = Vec::new();
    for at in 0..cut.access.len() {
        out.extend(sync_log(session, desk, cut, at).await?);
    }
    Ok(out)
}

/// One of the access logs of a cut, up to date. Its home room must be.
pub async fn sync_log(
    session: &Session,
    desk: &Desk,
    cut: &Cut,
    at: usize,
) -> Result<Option<Replica>, Error> {
    let Some((id, name, checkpoint)) = cut.access.get(at) else { return Ok(None) };
    let home = access_log_org(name).and_then(|org| {
        let is_home = |(room, room_name, _): &&(RoomId, RoomName, Bytes)| {
            access_log_id(*room, &org) == *id
                && (room_name.is_chamber() || room_name.as_str() == org.as_str())
        };
        cut.rooms.iter().find(is_home).map(|(room, room_name, _)| (*room, room_name))
    });
    let Some((home, home_name)) = home else {
        let reason = "it is the access log of no room that this desk has".to_owned();
        return Err(desk.raise(*id, Alarm::OtherRoom { room: name.clone(), reason }.into()));
    };
    let mut replica = desk.access_log(*id, name, &desk.replica(home, home_name)?)?;
    sync(session, desk, &mut replica, &mut |_| ()).await?;
    for note in std::iter::once(checkpoint).chain(cut.cosigned.get(id).into_iter().flatten()) {
        take_head(desk, &mut replica, note)?;
    }
    Ok(Some(replica))
}

fn take_head(desk: &Desk, replica: &mut Replica, note: &Bytes) -> Result<(), Error> {
    let room = replica.room();
    let checkpoint = replica.take_checkpoint(note, now()).map_err(|error| desk.alarmed(room, error))?;
    let (had, has) = (checkpoint.size().0, replica.size());
    if had <= has {
        return Ok(());
    }
    let alarm = Alarm::Shrunk { room: replica.name().to_owned(), had, has };
    Err(desk.raise(room, Raised::from(alarm).with(Exhibit::checkpoint("listed", note))))
}

async fn stream(
    session: &Session,
    desk: &Desk,
    replica: &mut Replica,
    follow: bool,
    on_progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Synced, Error> {
    let (room, from) = (replica.room(), replica.size());
    let content = replica.replay().is_some() && desk.member().role() != Role::Auditor;
    let reading = Reading { room, from, limit: 0, content, follow };
    match take_all(session, replica, reading, on_progress).await {
        Ok(synced) => Ok(synced),
        Err(Fault::Raised(raised)) => Err(locate(session, desk, replica, *raised).await),
        Err(Fault::Other(Error::Refused(refused))) if refused.code == tonic::Code::OutOfRange => {
            Err(shrunk(session, desk, replica, Error::Refused(refused)).await)
        }
        Err(other) => Err(other.into_error(desk, room)),
    }
}

enum Fault {
    Raised(Box<Raised>),
    Other(Error),
}

impl Fault {
    fn into_error(self, desk: &Desk, room: RoomId) -> Error {
        match self {
            Self::Raised(raised) => desk.raise(room, *raised),
            Self::Other(error) => error,
        }
    }
}

impl From<ReplicaError> for Fault {
    fn from(error: ReplicaError) -> Self {
        match error {
            ReplicaError::Raised(raised) => Self::Raised(raised),
            other => Self::Other(Error::Replica(other)),
        }
    }
}

async fn take_all(
    session: &Session,
    replica: &mut Replica,
    reading: Reading,
    on_progress: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Synced, Fault> {
    let mut rows = session.read(reading).await.map_err(Fault::Other)?;
    let (mut synced, mut complete) = (Synced::default(), false);
    loop {
        let message = match rows.next().await {
            Ok(Some(message)) => message,
            Ok(None) => break,
            Err(error) => {
                replica.abandon()?;
                return Err(Fault::Other(error));
            }
        };
        let mut progress = replica.take(message, now())?;
        complete = progress.complete;
        synced.fresh += progress.fresh.len() as u64;
        on_progress(&progress);
        synced.warnings.append(&mut progress.warnings);
    }
    if complete {
        return Ok(synced);
    }
    replica.abandon()?;
    Err(Fault::Other(Error::Incomplete(replica.name().to_owned())))
}

/// Looks after receipts, once all is here that the server and the witnesses say.
fn review(desk: &Desk, replica: &Replica, kept: &[PathBuf], mut synced: Synced) -> Result<Synced, Error> {
    synced.warnings.extend(receipts::review(desk, replica, kept, now())?);
    Ok(synced)
}

/// After a stream: asks again for content that did not come.
async fn complete(session: &Session, desk: &Desk, replica: &mut Replica) -> Result<(), Error> {
    let room = replica.room();
    let withheld = |replica: &Replica| replica.withheld(now()).map_err(|error| desk.alarmed(room, error));
    for index in withheld(replica)? {
        let reading = Reading { room, from: index, limit: 1, content: true, follow: false };
        let mut rows = session.read(reading).await?;
        while let Some(message) = rows.next().await? {
            // Its checkpoint may already cover more than is here; only the content is wanted.
            let mut wanted = message.rows;
            wanted.retain(|row| row.index == index);
            let wanted = v1::Rows { rows: wanted, checkpoint: Bytes::new() };
            replica.take(wanted, now()).map_err(|error| desk.alarmed(room, error))?;
        }
    }
    let indices = withheld(replica)?;
    if !indices.is_empty() {
        let alarm = Alarm::Withheld { room: replica.name().to_owned(), indices };
        let checkpoint = replica.checkpoint().map(|kept| Exhibit::checkpoint("kept here", &kept.to_bytes()));
        let raised = Raised { alarm, exhibits: checkpoint.into_iter().collect() };
        return Err(desk.raise(room, raised));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::Profile, sample::House};

    fn fetched(desk: &Desk, house: &House) -> Replica {
        let mut replica = desk.replica(house.replay.room(), &"chamber".parse().unwrap()).unwrap();
        replica.take(house.rows(0, house.rows.len()), house.now).unwrap();
        replica
    }

    #[test]
    fn a_new_room_is_accepted_only_if_a_known_rooms_mediators_are_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let (invited, same, other) = (House::founded(), House::founded(), House::founded_by([4, 5]));
        let mut desk = Desk::new(Profile::create(dir.path(), &invited.desks[0].name).unwrap(), None);
        let refused = |desk: &mut Desk, house: &House| {
            let replica = fetched(desk, house);
            let Err(Error::Alarm(caught)) = accept_room(desk, &replica) else { panic!("no alarm") };
            caught.alarm.kind()
        };
        assert_eq!(refused(&mut desk, &same), "other-room", "nobody vouches for it");
        desk.profile_mut().add_rooms(&[(invited.replay.room(), None)]).unwrap();
        let replica = fetched(&desk, &invited);
        accept_room(&mut desk, &replica).unwrap();
        let replica = fetched(&desk, &same);
        accept_room(&mut desk, &replica).unwrap();
        assert!(desk.profile().trusts(same.replay.room()));
        assert_eq!(refused(&mut desk, &other), "other-room");
        assert!(!desk.profile().trusts(other.replay.room()));
    }
}
