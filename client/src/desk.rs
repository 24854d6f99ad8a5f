//! A desk: its profile, its opened keys, and its rooms as they are known here.
//!
//! Everything here works offline. How rooms come to be up to date is `sync`'s affair.

use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use tearline_ledger::{
    access::{access_log_id, access_log_org},
    content::Content,
    id::{Ref, RoomId},
    name::{MemberName, RoomName},
    release::open_sealed,
    roomkey::RoomKeys,
};
use zeroize::Zeroizing;

use crate::{
    alarm::Alarm,
    compose::Writer,
    error::Error,
    evidence::{self, Raised, chain},
    profile::{Profile, ProfileError},
    propose::ProposeError,
    refs::{EntryRef, Resolved},
    replica::{self, Kind, Line, Replica, ReplicaError, verify::Identity},
    vault::Vault,
};

/// This machine's clock, in seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A desk at work.
#[derive(Debug)]
pub struct Desk {
    profile: Profile,
    vault: Option<Vault>,
}

impl Desk {
    /// The desk of this profile; without its keys it can verify, but neither connect, read nor sign.
    pub fn new(profile: Profile, vault: Option<Vault>) -> Self {
        Self { profile, vault }
    }

    /// The profile.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The profile, to be changed.
    pub fn profile_mut(&mut self) -> &mut Profile {
        &mut self.profile
    }

    /// Who this is.
    pub fn member(&self) -> &MemberName {
        self.profile.member()
    }

    /// The opened keys.
    pub fn vault(&self) -> Result<&Vault, Error> {
        self.vault.as_ref().ok_or(Error::KeysClosed)
    }

    /// Every room whose name is known, in the order in which they became known.
    pub fn rooms(&self) -> Result<Vec<Room>, Error> {
        let rooms = self.profile.rooms()?;
        rooms.into_iter().map(|(id, name)| self.open_room(id, &name)).collect()
    }

    /// The room of this name.
    pub fn room(&self, name: &RoomName) -> Result<Room, Error> {
        self.open_room(self.profile.room(name)?, name)
    }

    /// The statement that a reference leads to.
    pub fn resolve(&self, entry: &EntryRef) -> Result<Resolved, Error> {
        let room = self.profile.room(&entry.room)?;
        let replica = self.replica(room, &entry.room)?;
        replica.resolve(entry.index).map_err(|error| self.alarmed(room, error))
    }

    /// Where the statement of a reference stands, if its room is known here and it is there.
    pub fn locate(&self, reference: &Ref) -> Result<Option<EntryRef>, Error> {
        let Some((id, name)) = self.profile.rooms()?.into_iter().find(|(id, _)| *id == reference.room) else {
            return Ok(None);
        };
        let replica = self.replica(id, &name)?;
        let Some(index) = replica.find(&reference.id) else { return Ok(None) };
        let line = replica.line(index).map_err(|error| self.alarmed(id, error))?;
        let same = line.signed.identity() == reference.statement;
        Ok(same.then_some(EntryRef { room: name, index }))
    }

    /// A room's replica, with its keys.
    pub fn open_room(&self, id: RoomId, name: &RoomName) -> Result<Room, Error> {
        self.with_keys(self.replica(id, name)?)
    }

    /// A room's replica.
    pub fn replica(&self, id: RoomId, name: &RoomName) -> Result<Replica, Error> {
        let content = if self.member().role().reads_content() {
            replica::Content::Expected
        } else {
            replica::Content::Without
        };
        self.open_replica(&self.profile.room_dir(id), id, name.as_str(), Kind::Room, content)
    }

    /// An access log's replica; `home` is the room whose log key signs it and whose auditors witness it.
    pub fn access_log(&self, id: RoomId, name: &str, home: &Replica) -> Result<Replica, Error> {
        let charter = Box::new(home.charter().map_err(|error| self.alarmed(id, error))?.clone());
        let dir = self.profile.access_dir(id);
        self.open_replica(&dir, id, name, Kind::Access(charter), replica::Content::Without)
    }

    /// A room with the keys that this desk was given. A wrap that does not open is an alarm.
    pub fn with_keys(&self, replica: Replica) -> Result<Room, Error> {
        let mut keys = RoomKeys::new();
        let (Some(vault), true) = (&self.vault, self.member().role().reads_content()) else {
            return Ok(Room { replica, keys });
        };
        for index in replica.charter_indices() {
            let room = replica.room();
            let charter = replica.charter_at(index).map_err(|error| self.alarmed(room, error))?;
            if charter
                .member(self.member())
                .is_none_or(|own| own.seal_key.as_ref() != Some(vault.seal_key().public()))
            {
                continue;
            }
            if let Err(error) = keys.learn(room, &charter, self.member(), vault.seal_key()) {
                let (name, reason) = (replica.name().to_owned(), error.to_string());
                let alarm = Alarm::NoRoomKey { room: name, index, reason };
                return Err(self.raise(room, alarm.into()));
            }
        }
        Ok(Room { replica, keys })
    }

    /// Keeps the evidence, and only then gives the alarm.
    pub fn raise(&self, room: RoomId, raised: Raised) -> Error {
        let charters = self.charters_of(room, raised.alarm.room());
        match raised.save(&self.profile.evidence_dir(), room, charters, now()) {
            Ok(caught) => Error::Alarm(Box::new(caught)),
            Err(error) => error.into(),
        }
    }

    /// The charters that prove a log's key, from what is durable here. Whatever hinders that, hinders no alarm.
    fn charters_of(&self, log: RoomId, name: &str) -> Vec<evidence::Charter> {
        let home = access_log_org(name).and_then(|org| {
            let rooms = self.profile.rooms().ok()?.into_iter();
            rooms.map(|(id, _)| id).find(|id| access_log_id(*id, &org) == log)
        });
        let dir = self.profile.room_dir(home.unwrap_or(log));
        if dir.exists() { chain::on_disk(&dir) } else { Vec::new() }
    }

    /// An error of a replica; its evidence, if there is some, is kept first.
    pub fn alarmed(&self, room: RoomId, error: ReplicaError) -> Error {
        match error {
            ReplicaError::Raised(raised) => self.raise(room, *raised),
            other => Error::Replica(other),
        }
    }

    /// An error of a mediator's operation; the evidence that a replica raised in it is kept first.
    pub fn proposing(&self, error: ProposeError) -> Error {
        let ProposeError::Replica(error) = error else { return Error::Propose(Box::new(error)) };
        let ReplicaError::Raised(raised) = *error else { return Error::Replica(*error) };
        let rooms = match self.profile.rooms() {
            Ok(rooms) => rooms,
            Err(error) => return error.into(),
        };
        let named = rooms.iter().find(|(_, name)| name.as_str() == raised.alarm.room());
        match named {
            Some((room, _)) => self.raise(*room, *raised),
            None => Error::Replica(ReplicaError::Raised(raised)),
        }
    }

    fn open_replica(
        &self,
        dir: &Path,
        room: RoomId,
        name: &str,
        kind: Kind,
        content: replica::Content,
    ) -> Result<Replica, Error> {
        let domain = self.member().domain().clone();
        let identity = Identity { room, name: name.to_owned(), domain };
        Replica::open(dir, identity, kind, content).map_err(|error| self.alarmed(room, error))
    }
}

/// A room as this desk knows it.
#[derive(Debug)]
pub struct Room {
    /// Its verified log.
    pub replica: Replica,
    /// The keys that this desk was given.
    pub keys: RoomKeys,
}

impl Room {
    /// Its name.
    pub fn name(&self) -> Result<RoomName, Error> {
        let name: Result<RoomName, _> = self.replica.name().parse();
        Ok(name.map_err(ProfileError::from)?)
    }

    /// Who writes here, upon the newest head that was verified.
    pub fn writer<'a>(&'a self, author: &'a MemberName, now: u64) -> Result<Writer<'a>, Error> {
        let state = self.replica.state().map_err(Error::Replica)?;
        let basis = self.replica.basis().map_err(Error::Replica)?;
        Ok(Writer { author, state, basis, now })
    }

    /// The opened bytes of the post or proposal at this index.
    pub fn open(&self, line: &Line) -> Result<Zeroizing<Vec<u8>>, Error> {
        let entry = format!("{}#{}", self.replica.name(), line.index);
        let sealed = self.replica.sealed_content(line.index).map_err(Error::Replica)?;
        let Some(sealed) = sealed else {
            let reason = match (line.recalled, line.is_expired(now())) {
                (true, _) => "it was recalled",
                (_, true) => "it has expired",
                _ => "the server does not serve it",
            };
            return Err(Error::NoContent { entry, reason });
        };
        open_sealed(self.replica.room(), &self.keys, &line.signed.statement, &sealed)
            .map_err(|error| Error::Open { entry, error: error.into() })
    }

    /// The content of the post at this index.
    pub fn content(&self, line: &Line) -> Result<Content, Error> {
        let plain = self.open(line)?;
        Content::parse(&plain).map_err(|error| {
            let entry = format!("{}#{}", self.replica.name(), line.index);
            Error::Open { entry, error: error.into() }
        })
    }
}

#[cfg(test)]
mod tests {
    use tearline_ledger::{keys::SealingKey, statement::Act};

    use super::*;
    use crate::sample::{self, House};

    fn at(dir: &Path, house: &House, desk: &sample::Desk) -> Desk {
        let mut profile = Profile::create(dir, &desk.name).unwrap();
        let name: RoomName = "chamber".parse().unwrap();
        profile.add_rooms(&[(house.replay.room(), Some(name.clone()))]).unwrap();
        let desk = Desk::new(profile, Some(desk.vault()));
        let mut replica = desk.replica(house.replay.room(), &name).unwrap();
        replica.take(house.rows(0, house.rows.len()), house.now).unwrap();
        desk
    }

    fn chamber() -> RoomName {
        "chamber".parse().unwrap()
    }

    #[test]
    fn a_member_reads_offline_what_was_fetched() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded().post(&["one", "two"]);
        let desk = at(dir.path(), &house, &house.desks[1]);
        let room = desk.room(&chamber()).unwrap();
        let line = room.replica.line(2).unwrap();
        assert_eq!(room.content(&line).unwrap().message().subject, "two");
        assert!(matches!(room.open(&room.replica.line(0).unwrap()), Err(Error::NoContent { .. })));
        let resolved = desk.resolve(&"chamber#2".parse().unwrap()).unwrap();
        assert_eq!(desk.locate(&resolved.to_ref()).unwrap(), Some(resolved.entry));
        assert!(desk.resolve(&"chamber#3".parse().unwrap()).is_err());
        let writer = room.writer(desk.member(), house.now).unwrap();
        let reference = room.replica.resolve(2).unwrap().to_ref();
        let draft = writer.acknowledgement(vec![reference; 2]).unwrap();
        let Act::Acknowledgement(posts) = &draft.statement().act else { panic!("another act") };
        assert_eq!(posts.len(), 1);
    }

    #[test]
    fn an_auditor_verifies_and_reads_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded().post(&["one"]);
        let desk = at(dir.path(), &house, &house.auditor);
        let room = desk.room(&chamber()).unwrap();
        assert_eq!((room.replica.size(), room.keys.epochs().count()), (2, 0));
        assert!(matches!(room.content(&room.replica.line(1).unwrap()), Err(Error::Open { .. })));
    }

    #[test]
    fn an_alarm_in_a_mediators_operation_keeps_its_evidence() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded();
        let desk = at(dir.path(), &house, &house.desks[0]);
        let raised = Raised::from(Alarm::Forked { room: "chamber".to_owned(), size: 3 });
        let error = desk.proposing(ReplicaError::Raised(Box::new(raised)).into());
        assert_eq!(error.exit_code(), crate::error::EXIT_ALARM);
        let Error::Alarm(caught) = error else { panic!("no alarm") };
        assert!(caught.evidence.exists());
        let refused = desk.proposing(ProposeError::Nothing);
        assert_eq!(refused.exit_code(), crate::error::EXIT_FAILED);
    }

    #[test]
    fn a_wrap_that_does_not_open_is_an_alarm() {
        let dir = tempfile::tempdir().unwrap();
        let mut house = House::founded();
        let before = desk_with_broken_wrap(&mut house);
        let desk = at(dir.path(), &house, &before);
        let Err(Error::Alarm(caught)) = desk.room(&chamber()) else { panic!("no alarm") };
        assert_eq!((caught.alarm.kind(), caught.alarm.index()), ("no-room-key", Some(1)));
        assert!(caught.evidence.exists());
    }

    /// A new charter whose wrap for the second desk was made for another key.
    fn desk_with_broken_wrap(house: &mut House) -> sample::Desk {
        use crate::compose::{Draft, charters::Terms};
        let writer = house.writer();
        let terms = Terms::of(writer.state.charter());
        let made = writer.charter(terms, &house.keys(), &std::collections::BTreeMap::new()).unwrap();
        let mut statement = made.draft.statement().clone();
        let Act::Charter(charter) = &mut statement.act else { panic!("another act") };
        let wraps: Vec<_> = charter.members.iter().map(|member| member.wrap.clone()).collect();
        let readers: Vec<usize> = (0..wraps.len()).filter(|at| wraps[*at].is_some()).collect();
        charter.members[readers[1]].wrap = wraps[readers[0]].clone();
        let draft = Draft::new(&statement, None).unwrap();
        let signatures = house.desks.iter().map(|desk| draft.signature(&desk.sign)).collect();
        house.accept(draft.with_signatures(signatures).unwrap());
        let second = &house.desks[1];
        sample::Desk {
            name: second.name.clone(),
            sign: tearline_ledger::keys::SigningKey::from_seed(&second.sign.seed()),
            seal: SealingKey::from_seed(&second.seal.seed()).unwrap(),
        }
    }
}
