//! Which posts are asked for: by time, place, party, room, kind, precedence, and whether they were read.

use std::collections::BTreeSet;

use tearline_ledger::{
    content::Content,
    name::{Org, RoomName},
};
use tearline_proto::v1::{Commitment, Precedence, content::Kind};

use super::{
    places::{Point, may_lie_within, place},
    span::{Span, SpanError},
    words::contains,
};
use crate::{
    holdings::{Filed, Holdings},
    show::words::Scale as _,
};

/// The kinds of posts of which there are, as they are typed.
const KINDS: [&str; 14] = [
    "briefing",
    "release",
    "concern",
    "assessment",
    "note",
    "request",
    "reply",
    "commitment",
    "compliance-note",
    "incident",
    "activity-notice",
    "session",
    "opinion",
    "correction",
];

/// Why a filter makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// No span of time.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// Not a position.
    #[error("`{}` is no position: write longitude, then latitude, in degrees, as in 29.0453,-1.5736", .0.escape_debug())]
    Position(String),
    /// Not a distance.
    #[error("`{}` is no distance: write kilometres, as in 10 or 2.5", .0.escape_debug())]
    Distance(String),
    /// A position without a distance, or the reverse.
    #[error("--near and --within go together, as in --near 29.0453,-1.5736 --within 10")]
    Apart,
    /// Not a party of any room known here.
    #[error("no party named {} is known here; {known}", .name.escape_debug())]
    Party {
        /// As typed.
        name: String,
        /// Those that are.
        known: String,
    },
    /// Not a room known here.
    #[error("no room named {} is known here: see `tearline status`", .0.escape_debug())]
    Room(String),
    /// Not a kind of post.
    #[error("`{}` is no kind of post: use one of {}", .0.escape_debug(), KINDS.join(", "))]
    Kind(String),
    /// Not a precedence.
    #[error("{0}")]
    Precedence(String),
}

/// A filter as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// A time.
    pub from: Option<String>,
    /// A time.
    pub to: Option<String>,
    /// Part of a place's name.
    pub place: Option<String>,
    /// `LONGITUDE,LATITUDE`.
    pub near: Option<String>,
    /// Kilometres.
    pub within: Option<String>,
    /// An organisation.
    pub party: Option<String>,
    /// Room names.
    pub rooms: Vec<String>,
    /// Kinds of posts.
    pub kinds: Vec<String>,
    /// The least precedence.
    pub precedence: Option<String>,
    /// Only what was not read at this desk.
    pub unread: bool,
}

/// What a post must be to be let through.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    span: Span,
    place: Option<String>,
    near: Option<(Point, f64)>,
    party: Option<Org>,
    rooms: Vec<RoomName>,
    kinds: Vec<&'static str>,
    precedence: Option<Precedence>,
    /// Entries that were read at this desk, if only others are wanted.
    unread_but: Option<BTreeSet<String>>,
}

impl Filter {
    /// The filter that was asked for; `read` are the entries that were read at this desk.
    pub fn new(asked: &Asked, holdings: &Holdings, read: &BTreeSet<String>) -> Result<Self, FilterError> {
        let near = match (&asked.near, &asked.within) {
            (Some(near), Some(within)) => Some((position(near)?, metres(within)?)),
            (None, None) => None,
            _ => return Err(FilterError::Apart),
        };
        let precedence = asked.precedence.as_deref().map(Precedence::parse).transpose();
        Ok(Self {
            span: Span::new(asked.from.as_deref(), asked.to.as_deref())?,
            near,
            place: asked.place.clone(),
            party: asked.party.as_deref().map(|name| party(name, holdings)).transpose()?,
            rooms: asked.rooms.iter().map(|name| room(name, holdings)).collect::<Result<_, _>>()?,
            kinds: asked.kinds.iter().map(|name| kind(name)).collect::<Result<_, _>>()?,
            precedence: precedence.map_err(FilterError::Precedence)?,
            unread_but: asked.unread.then(|| read.clone()),
        })
    }

    /// Whether it asks for posts of these rooms only; empty if of all.
    pub fn rooms(&self) -> &[RoomName] {
        &self.rooms
    }

    /// Whether something of this time, room and author passes that is no post: nothing else may be asked
    /// for.
    pub fn lets_act(&self, at: u64, room: &RoomName, by: &Org) -> bool {
        let of_posts = self.place.is_some()
            || self.near.is_some()
            || !self.kinds.is_empty()
            || self.precedence.is_some()
            || self.unread_but.is_some();
        let party = self.party.as_ref().is_none_or(|party| party == by || party.as_str() == room.as_str());
        !of_posts && party && self.span.holds(at) && self.lets_room(room)
    }

    /// Whether a post passes.
    pub fn lets(&self, post: &Filed, holdings: &Holdings) -> bool {
        self.lets_kind(post) && self.lets_but_for_kind(post, holdings)
    }

    /// Whether the post is of a kind that is asked for.
    pub fn lets_kind(&self, post: &Filed) -> bool {
        let kind = post.content.as_ref().ok().map(Content::kind_name);
        self.kinds.is_empty() || kind.is_some_and(|kind| self.kinds.contains(&kind))
    }

    /// Whether a post passes, of whatever kind it is.
    pub fn lets_but_for_kind(&self, post: &Filed, holdings: &Holdings) -> bool {
        self.span.holds(post.accepted_at)
            && self.lets_room(&post.entry.room)
            && self.lets_party(post, holdings)
            && self.lets_place(post)
            && self.lets_precedence(post)
            && self.unread_but.as_ref().is_none_or(|read| !read.contains(&post.entry.to_string()))
    }

    fn lets_room(&self, room: &RoomName) -> bool {
        self.rooms.is_empty() || self.rooms.contains(room)
    }

    /// What a party wrote, what stands in its own room, and what names it.
    fn lets_party(&self, post: &Filed, holdings: &Holdings) -> bool {
        let Some(party) = &self.party else { return true };
        let own = |room: &crate::holdings::Known| room.own_of.as_ref() == Some(party);
        post.author.org() == party
            || holdings.room(&post.entry.room).is_some_and(own)
            || post.content.as_ref().ok().and_then(|it| it.kind()).is_some_and(|kind| names(kind, party))
    }

    fn lets_place(&self, post: &Filed) -> bool {
        if self.place.is_none() && self.near.is_none() {
            return true;
        }
        let Some(place) = post.content.as_ref().ok().and_then(place) else { return false };
        self.place.as_ref().is_none_or(|wanted| contains(&place.name, wanted))
            && self.near.is_none_or(|(point, metres)| may_lie_within(place, point, metres))
    }

    fn lets_precedence(&self, post: &Filed) -> bool {
        let Some(least) = self.precedence else { return true };
        post.content.as_ref().is_ok_and(|content| content.message().precedence >= i32::from(least))
    }
}

/// Whether a post is about what this party promised, or was promised, or is said to have done.
fn names(kind: &Kind, party: &Org) -> bool {
    let party = party.as_str();
    match kind {
        Kind::Commitment(Commitment { obligors, beneficiaries, .. }) => {
            obligors.iter().chain(beneficiaries).any(|org| org == party)
        }
        Kind::ComplianceNote(note) => note.obligor == party,
        Kind::Incident(incident) => incident.attributed_to == party,
        _ => false,
    }
}

fn position(text: &str) -> Result<Point, FilterError> {
    let bad = || FilterError::Position(text.to_owned());
    let (longitude, latitude) = crate::write::place::position(text).map_err(|_| bad())?;
    let on_earth = longitude.abs() <= 1_800_000_000 && latitude.abs() <= 900_000_000;
    if on_earth { Ok(Point::of_e7(longitude, latitude)) } else { Err(bad()) }
}

fn metres(text: &str) -> Result<f64, FilterError> {
    let bad = || FilterError::Distance(text.to_owned());
    let digits = text.trim().trim_end_matches("km").trim();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let kilometres: f64 = digits.parse().ok().filter(|_| plain).ok_or_else(bad)?;
    // Farther than half way round the earth is everywhere.
    if kilometres <= 20_100.0 { Ok(kilometres * 1000.0) } else { Err(bad()) }
}

fn party(name: &str, holdings: &Holdings) -> Result<Org, FilterError> {
    let known = holdings.parties();
    let found = known.iter().find(|org| org.as_str() == name);
    found.map(|org| (*org).clone()).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|org| org.as_str()).collect();
        let known =
            if names.is_empty() { "none is".to_owned() } else { format!("there is {}", names.join(", ")) };
        FilterError::Party { name: name.to_owned(), known }
    })
}

fn room(name: &str, holdings: &Holdings) -> Result<RoomName, FilterError> {
    let found = holdings.rooms.iter().find(|room| room.name.as_str() == name);
    found.map(|room| room.name.clone()).ok_or_else(|| FilterError::Room(name.to_owned()))
}

fn kind(name: &str) -> Result<&'static str, FilterError> {
    let typed = name.to_lowercase().replace([' ', '_'], "-");
    let found = KINDS.iter().find(|kind| **kind == typed);
    let spoken = found.map(|kind| match *kind {
        "compliance-note" => "compliance note",
        "activity-notice" => "activity notice",
        kind => kind,
    });
    spoken.ok_or_else(|| FilterError::Kind(name.to_owned()))
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
