//! Who was first served which post when: read from the access logs, as far as they are here.
//!
//! A record means that the server was about to send; whether somebody read it cannot be known. The logs are
//! the server's word alone.

use std::collections::{BTreeMap, HashMap};

use tearline_ledger::{
    entry::AccessRecord,
    id::{Ref, RoomId},
    name::{MemberName, Org},
};

use crate::{
    access::{AccessLog, for_each},
    desk::{Desk, Room},
    error::Error,
    holdings::{Acknowledged, Filed, Holdings, Known},
    matters::Side,
    refs::EntryRef,
};

/// When each member was first served each entry.
#[derive(Debug, Default)]
pub struct Served {
    times: BTreeMap<(RoomId, MemberName), Column>,
    /// Organisations whose access log is here.
    known: Vec<Org>,
}

/// Of one member in one room.
#[derive(Debug, Default)]
struct Column {
    /// When each entry was first served, in seconds since 1970; 0: not.
    at: Vec<u64>,
    /// The next entry that was not served, for each that was.
    next: Vec<usize>,
}

impl Column {
    fn of(size: usize) -> Self {
        Self { at: vec![0; size], next: (1..=size).collect() }
    }

    /// The first entry at or after this one that was not served.
    fn unserved(&mut self, mut index: usize) -> usize {
        let mut path = Vec::new();
        while self.at.get(index).is_some_and(|at| *at != 0) {
            path.push(index);
            index = self.next.get(index).copied().unwrap_or(index + 1);
        }
        for passed in path {
            if let Some(next) = self.next.get_mut(passed) {
                *next = index;
            }
        }
        index
    }

    fn take(&mut self, first: usize, end: usize, time: u64) {
        let mut index = self.unserved(first);
        while index < end {
            if let Some(at) = self.at.get_mut(index) {
                *at = time;
            }
            index = self.unserved(index + 1);
        }
    }
}

impl Served {
    /// What these access logs say of these rooms.
    pub fn of(desk: &Desk, logs: &[AccessLog], rooms: &[Room]) -> Result<Self, Error> {
        let mut served = Self::default();
        for log in logs.iter().filter(|log| log.replica.size() > 0) {
            for_each(desk, &log.replica, |_, at, record| served.take(at, record, rooms))?;
            served.known.push(log.org.clone());
        }
        Ok(served)
    }

    fn take(&mut self, at: u64, record: &AccessRecord, rooms: &[Room]) {
        let Some(room) = rooms.iter().find(|room| room.replica.room() == record.room) else { return };
        let size = usize::try_from(room.replica.size()).unwrap_or(usize::MAX);
        let key = (record.room, record.member.clone());
        let column = self.times.entry(key).or_insert_with(|| Column::of(size));
        let first = usize::try_from(record.first).unwrap_or(usize::MAX);
        let count = usize::try_from(record.count).unwrap_or(usize::MAX);
        column.take(first.min(size), first.saturating_add(count).min(size), at);
    }

    /// Whether the access log of this organisation is here.
    pub fn knows(&self, org: &Org) -> bool {
        self.known.contains(org)
    }

    /// When this member was first served an entry, in seconds since 1970; `None` if never, or unknown.
    pub fn at(&self, room: RoomId, index: u64, member: &MemberName) -> Option<u64> {
        let column = self.times.get(&(room, member.clone()))?;
        let at = usize::try_from(index).ok().and_then(|index| column.at.get(index)).copied();
        at.filter(|at| *at != 0)
    }

    /// Every member who was served an entry of this room, now in it or not.
    pub fn members(&self, room: RoomId) -> impl Iterator<Item = &MemberName> {
        self.times.keys().filter(move |(of, _)| *of == room).map(|(_, member)| member)
    }

    /// The desks that read this room and are not of this organisation: those now in it, and those that were
    /// served of it before.
    pub fn desks(&self, room: &Known, but: &Org) -> Vec<MemberName> {
        let mut all: Vec<MemberName> =
            room.readers.iter().chain(self.members(room.id)).filter(|it| it.org() != but).cloned().collect();
        all.sort();
        all.dedup();
        all
    }
}

/// What a desk was served of a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskServed {
    /// The desk.
    pub desk: MemberName,
    /// Whether the access log that would say so is here.
    pub known: bool,
    /// When it was first served, in seconds since 1970.
    pub at: Option<u64>,
    /// Where and when (in seconds since 1970) it was acknowledged by this desk.
    pub acknowledged: Option<(EntryRef, u64)>,
}

/// Whether a side that was asked to acknowledge a post has done so: any of its desks may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideOwes {
    /// The side.
    pub side: Side,
    /// By when, in seconds since 1970.
    pub by: u64,
    /// Where and when (in seconds since 1970) the first of its desks did.
    pub acknowledged: Option<(EntryRef, u64)>,
    /// Whether none did, and the time is past.
    pub overdue: bool,
}

/// How a post was received: by each desk of another organisation that reads it, and by each side that was
/// asked to acknowledge it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// By desk.
    pub desks: Vec<DeskServed>,
    /// By side; empty if no acknowledgement was asked for.
    pub owed: Vec<SideOwes>,
}

/// Acknowledgements by the post that they are of.
#[derive(Debug)]
pub struct Acknowledgements<'a>(HashMap<Ref, Vec<&'a Acknowledged>>);

impl<'a> Acknowledgements<'a> {
    /// All that a desk holds.
    pub fn of(holdings: &'a Holdings) -> Self {
        let mut all: HashMap<Ref, Vec<&Acknowledged>> = HashMap::new();
        for acknowledged in &holdings.acknowledgements {
            all.entry(acknowledged.post).or_default().push(acknowledged);
        }
        Self(all)
    }

    /// The first by somebody for whom this holds.
    fn first(&self, post: &Ref, by: impl Fn(&MemberName) -> bool) -> Option<(EntryRef, u64)> {
        let all = self.0.get(post)?.iter().filter(|it| by(&it.by));
        all.min_by_key(|it| it.accepted_at).map(|it| (it.entry.clone(), it.accepted_at))
    }
}

impl Received {
    /// How a post was received, as it is known at `now` (seconds since 1970).
    pub fn of(
        post: &Filed,
        room: &Known,
        served: &Served,
        acknowledgements: &Acknowledgements<'_>,
        now: u64,
    ) -> Self {
        let desks = served.desks(room, post.author.org()).into_iter().map(|desk| DeskServed {
            known: served.knows(desk.org()),
            at: served.at(room.id, post.entry.index, &desk),
            acknowledged: acknowledgements.first(&post.reference, |by| *by == desk),
            desk,
        });
        let desks = desks.collect();
        let by = post.content.as_ref().map_or(0, |content| content.message().ack_by);
        let own = Side::of(&post.author);
        let parties = room.parties.iter().map(|org| Side::Party(org.clone()));
        let sides = std::iter::once(Side::Mediators).chain(parties).filter(|side| by != 0 && *side != own);
        let owed = sides.map(|side| {
            let acknowledged = acknowledgements.first(&post.reference, |by| Side::of(by) == side);
            SideOwes { overdue: acknowledged.is_none() && !post.recalled && now > by, side, by, acknowledged }
        });
        Self { desks, owed: owed.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matters::sample::{NOW, Told, member, note, rooms};

    #[test]
    fn the_first_time_counts_and_ranges_may_overlap() {
        let mut column = Column::of(10);
        column.take(2, 5, 100);
        column.take(0, 10, 200);
        column.take(0, 3, 300);
        assert_eq!(column.at, [200, 200, 100, 100, 100, 200, 200, 200, 200, 200]);
        let mut empty = Column::of(0);
        empty.take(0, 0, 1);
        assert!(empty.at.is_empty());
    }

    #[test]
    fn an_acknowledgement_is_overdue_the_second_after_and_any_desk_of_the_side_may_give_it() {
        let mut told = Told::default();
        let at = told.post("us/kigali", "plenary", note(), None);
        let mut message = told.posts[at].content.as_ref().unwrap().message().clone();
        message.ack_by = NOW + 60;
        told.posts[at].content = Ok(tearline_ledger::content::Content::new(message).unwrap());
        let acknowledged = |desk: &str, accepted_at| Acknowledged {
            entry: "drc#9".parse().unwrap(),
            accepted_at,
            by: member(desk),
            post: told.posts[at].reference,
        };
        let acknowledgements =
            vec![acknowledged("drc/liaison", NOW + 5), acknowledged("drc/delegation", NOW + 3)];
        let holdings = Holdings { rooms: rooms(), acknowledgements, ..Holdings::default() };
        let room = &holdings.rooms[1];
        let received = |now| {
            let all = Acknowledgements::of(&holdings);
            Received::of(&told.posts[at], room, &Served::default(), &all, now).owed
        };
        let owed = received(NOW + 60);
        assert_eq!(owed.iter().map(|it| it.side.to_string()).collect::<Vec<_>>(), ["drc", "rwanda"]);
        assert_eq!(owed[0].acknowledged.as_ref().map(|(_, at)| *at), Some(NOW + 3));
        assert!(owed.iter().all(|it| !it.overdue));
        assert_eq!(received(NOW + 61).iter().map(|it| it.overdue).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn the_same_range_again_and_again_costs_nothing() {
        let size = 200_000;
        let mut column = Column::of(size);
        for time in 1..=20_000 {
            column.take(0, size, time);
        }
        assert!(column.at.iter().all(|at| *at == 1));
    }
}
