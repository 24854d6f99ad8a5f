//! A request: what each side that was asked has replied.

use std::collections::BTreeMap;

use tearline_proto::v1::{Request, Stance, content::Kind};

use super::{Matters, Side};
use crate::refs::EntryRef;

/// A side's newest reply that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replied {
    /// What it says.
    pub stance: Stance,
    /// Where it stands.
    pub entry: EntryRef,
    /// Whether it came after the time that was set.
    pub late: bool,
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestState {
    /// Every side that was asked, with what it has replied.
    pub asked: BTreeMap<Side, Option<Replied>>,
    /// Until when a reply is asked for, in seconds since 1970.
    pub reply_by: Option<u64>,
    /// Whether a reply is missing and that time is past.
    pub overdue: bool,
}

impl RequestState {
    /// The sides whose reply is missing.
    pub fn open_with(&self) -> impl Iterator<Item = &Side> {
        self.asked.iter().filter(|(_, replied)| replied.is_none()).map(|(side, _)| side)
    }
}

impl Matters<'_> {
    pub(super) fn request(&self, at: usize, request: &Request, now: u64) -> RequestState {
        let mut asked: BTreeMap<Side, Option<Replied>> = BTreeMap::new();
        let asking = self.posts.get(at).map(|post| Side::of(&post.author));
        if let Some(room) = self.posts.get(at).and_then(|post| self.room_of(post)) {
            // Mediators ask the parties of a room; a party asks the mediators.
            match &asking {
                Some(Side::Party(_)) => drop(asked.insert(Side::Mediators, None)),
                _ => asked.extend(room.parties.iter().map(|org| (Side::Party(org.clone()), None))),
            }
        }
        for (_, post, kind) in self.answers_to(at) {
            let (Kind::Reply(reply), side) = (kind, Side::of(&post.author)) else { continue };
            if Some(&side) == asking.as_ref() {
                continue;
            }
            let Ok(stance) = Stance::try_from(reply.stance) else { continue };
            let late = request.reply_by != 0 && post.accepted_at > request.reply_by;
            asked.insert(side, Some(Replied { stance, entry: post.entry.clone(), late }));
        }
        let open = asked.values().any(Option::is_none);
        let reply_by = (request.reply_by != 0).then_some(request.reply_by);
        RequestState { overdue: open && reply_by.is_some_and(|by| now > by), asked, reply_by }
    }
}
