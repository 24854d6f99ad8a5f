//! What a mediator's desk does: publish, propose, examine, approve, and look back at what was given.
//!
//! Specification: `docs/spec.md`, sections 6.3 and 9.5. Works on verified replicas and answers with what is
//! to be sent; sending and fetching are the caller's. Whatever is proposed or approved here has passed
//! `release::check` first.

pub mod anew;
pub mod approve;
pub mod attached;
pub mod charters;
pub mod draft;
mod error;
pub mod examine;
pub mod matter;
pub mod publish;
pub mod releases;

use std::collections::BTreeMap;

use tearline_ledger::{
    content::Content,
    id::{Identity, Ref, RoomId},
    keys::SigningKey,
    name::{MemberName, Org, RoomName},
    release::{self, RecordedBriefing, open_sealed},
    roomkey::RoomKeys,
    rules::{OpenProposal, Past},
    statement::Act,
};
use tearline_proto::v1::content::Kind;

pub use error::ProposeError;

use crate::{
    compose::Writer,
    desk::{Desk, Room},
    error::Error,
    refs::EntryRef,
    replica::{Line, Replica},
};

/// A room that this desk reads: the verified log and the keys that it was given.
#[derive(Clone, Copy)]
pub struct OpenRoom<'a> {
    /// The verified log.
    pub replica: &'a Replica,
    /// The room's keys.
    pub keys: &'a RoomKeys,
}

/// A mediator's desk and all rooms as it has verified them.
pub struct Mediator<'a> {
    /// The desk.
    pub name: &'a MemberName,
    /// Its key.
    pub key: &'a SigningKey,
    /// Its clock, in seconds since 1970.
    pub now: u64,
    /// All rooms, the chamber among them.
    pub rooms: BTreeMap<RoomId, OpenRoom<'a>>,
}

impl<'a> OpenRoom<'a> {
    /// A room as the desk opened it.
    pub fn of(room: &'a Room) -> Self {
        Self { replica: &room.replica, keys: &room.keys }
    }
}

impl<'a> Mediator<'a> {
    /// This desk at work with all its rooms, opened and fetched. `now` is its clock, in seconds since
    /// 1970.
    pub fn new(desk: &'a Desk, rooms: &'a [Room], now: u64) -> Result<Self, Error> {
        let rooms = rooms.iter().map(|room| (room.replica.room(), OpenRoom::of(room))).collect();
        Ok(Self { name: desk.member(), key: desk.vault()?.sign_key(), now, rooms })
    }

    /// The room of this name.
    pub fn room(&self, name: &str) -> Result<OpenRoom<'a>, ProposeError> {
        let named = |room: &&OpenRoom<'_>| room.replica.name() == name;
        let room = self.rooms.values().find(named).copied();
        room.ok_or_else(|| ProposeError::NoRoom(name.escape_debug().to_string()))
    }

    /// The mediators' own room.
    pub fn chamber(&self) -> Result<OpenRoom<'a>, ProposeError> {
        self.room(RoomName::CHAMBER)
    }

    /// The opened content of the post at this index.
    pub fn content(&self, room: &OpenRoom<'_>, index: u64) -> Result<Content, ProposeError> {
        let line = room.replica.line(index)?;
        let entry = || format!("{}#{index}", room.replica.name());
        let sealed = room.replica.sealed_content(index)?.ok_or_else(|| ProposeError::NoContent(entry()))?;
        let open = |error| ProposeError::Open { entry: entry(), error };
        let plain = open_sealed(room.replica.room(), room.keys, &line.signed.statement, &sealed)
            .map_err(|error| open(error.into()))?;
        Content::parse(&plain).map_err(|error| open(error.into()))
    }

    /// The opened content of the post that this refers to; `None` if it is gone or does not open.
    pub fn content_of(&self, reference: &Ref) -> Option<Content> {
        let room = self.rooms.get(&reference.room)?;
        let index = room.replica.find(&reference.id)?;
        let line = room.replica.line(index).ok()?;
        if line.signed.identity() != reference.statement {
            return None;
        }
        self.content(room, index).ok()
    }

    /// The entry that people call by this name.
    pub fn entry(&self, entry: &EntryRef) -> Result<(OpenRoom<'a>, Line), ProposeError> {
        let room = self.room(entry.room.as_str())?;
        Ok((room, room.replica.line(entry.index)?))
    }

    /// A recorded briefing, with all manifests that the chamber lists for it.
    pub fn briefing(&self, reference: &Ref) -> Result<RecordedBriefing, ProposeError> {
        let chamber = self.chamber()?;
        let index = chamber.replica.find(&reference.id).ok_or(ProposeError::NotABriefing)?;
        let line = chamber.replica.line(index)?;
        let Act::Post(post) = &line.signed.statement.act else { return Err(ProposeError::NotABriefing) };
        if line.signed.identity() != reference.statement {
            return Err(ProposeError::NotABriefing);
        }
        let content = self.content(&chamber, index)?;
        let notices = self.notices(&chamber, reference, index)?;
        Ok(RecordedBriefing::new(*reference, &line.signed.statement.author, post, &content, notices)?)
    }

    /// Manifest digests that later posts in the chamber list for this briefing.
    fn notices(
        &self,
        chamber: &OpenRoom<'_>,
        briefing: &Ref,
        after: u64,
    ) -> Result<Vec<tearline_ledger::digest::Digest>, ProposeError> {
        let mut out = Vec::new();
        for index in after + 1..chamber.replica.size() {
            let line = chamber.replica.line(index)?;
            let Act::Post(post) = &line.signed.statement.act else { continue };
            if post.manifests.is_empty() || line.recalled {
                continue;
            }
            let Ok(content) = self.content(chamber, index) else { continue };
            let Some(Kind::ManifestNotice(notice)) = content.kind() else { continue };
            if notice.briefing.as_ref().and_then(Ref::from_message) == Some(*briefing) {
                out.extend(&post.manifests);
            }
        }
        Ok(out)
    }

    /// All rooms, for the rules on sealed text. A room of which nothing was fetched is left out.
    pub fn known(&self) -> release::Rooms<'_> {
        let mut known = release::Rooms::new();
        for (id, room) in &self.rooms {
            let Some(replay) = room.replica.replay() else { continue };
            let Some(state) = replay.state() else { continue };
            let past: &dyn Past = replay.past();
            known.insert(*id, release::Room { state, keys: room.keys, past });
        }
        known
    }

    /// Every party of the instance, present or past.
    pub fn parties(&self) -> Vec<Org> {
        let states = self.rooms.values().filter_map(|room| room.replica.state().ok());
        let all: std::collections::BTreeSet<Org> =
            states.flat_map(|state| state.constitution().parties()).cloned().collect();
        all.into_iter().collect()
    }

    fn writer<'w>(&'w self, room: &'w OpenRoom<'_>) -> Result<Writer<'w>, ProposeError> {
        Ok(Writer {
            author: self.name,
            state: room.replica.state()?,
            basis: room.replica.basis()?,
            now: self.now,
        })
    }

    fn open_proposal(&self, identity: &Identity) -> Result<&'a OpenProposal, ProposeError> {
        let chamber = self.chamber()?;
        let open = chamber.replica.state()?.proposals().get(identity);
        open.filter(|open| open.not_after >= self.now).ok_or(ProposeError::NotOpen)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
