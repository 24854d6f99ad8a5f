//! What answers what: the threads of what a desk holds, as a table of positions.
//!
//! A reference that leads nowhere here stays one: what it leads to is not guessed.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::{Identity, Ref},
    name::RoomName,
};
use tearline_proto::v1::{IncidentStage, SessionPhase, content::Kind};

use crate::{
    holdings::{Filed, Known},
    refs::EntryRef,
};

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// A post that this desk holds.
    Here(EntryRef),
    /// An entry of a room that is known here, but no post that this desk holds.
    NotHere(RoomName),
    /// An entry of a room that is not known here.
    Elsewhere,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(entry) => entry.fmt(f),
            Self::NotHere(room) => write!(f, "an entry of {} that is not here", room.as_str()),
            Self::Elsewhere => f.write_str("an entry of a room not known here"),
        }
    }
}

/// The threads of what a desk holds.
#[derive(Debug)]
pub(super) struct Links {
    positions: HashMap<Identity, usize>,
    answers: Vec<Option<Link>>,
    parents: Vec<Option<usize>>,
    children: Vec<Vec<usize>>,
    /// Posts that name this one in `refers`.
    referrers: Vec<Vec<usize>>,
    /// Commitments that restate the one of this identity.
    restating: HashMap<Identity, Vec<usize>>,
    heads: Vec<bool>,
}

/// How a post comes into a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reached {
    /// It is the head, or answers a post of the thread.
    Answers,
    /// It refers to the head.
    Refers,
}

impl Links {
    pub(super) fn of(posts: &[Filed], rooms: &[Known]) -> Self {
        let positions = posts.iter().enumerate().map(|(at, post)| (post.reference.statement, at)).collect();
        let mut links = Self {
            positions,
            restating: HashMap::new(),
            answers: Vec::with_capacity(posts.len()),
            parents: Vec::with_capacity(posts.len()),
            children: vec![Vec::new(); posts.len()],
            referrers: vec![Vec::new(); posts.len()],
            heads: Vec::with_capacity(posts.len()),
        };
        let briefings = briefings(posts);
        for (at, post) in posts.iter().enumerate() {
            links.add(posts, rooms, &briefings, at, post);
        }
        links.cut_circles();
        for (at, parent) in links.parents.iter().enumerate() {
            if let Some(children) = parent.and_then(|parent| links.children.get_mut(parent)) {
                children.push(at);
            }
        }
        links.heads = posts
            .iter()
            .enumerate()
            .map(|(at, post)| links.above(at).is_none() || begins(post, links.answers(at).is_some()))
            .collect();
        links
    }

    fn add(
        &mut self,
        posts: &[Filed],
        rooms: &[Known],
        briefings: &HashMap<Digest, usize>,
        at: usize,
        post: &Filed,
    ) {
        let message = post.content.as_ref().ok().map(Content::message);
        let answers = message.and_then(|message| message.answers.as_ref()).and_then(Ref::from_message);
        let (mut link, mut parent) = (None, None);
        if let Some(reference) = answers {
            link = Some(self.resolve(posts, rooms, &reference));
            parent = self.position(posts, &reference);
        } else if let Some(briefing) = post.manifests.iter().find_map(|digest| briefings.get(digest)) {
            // A release: it belongs to the briefing that it was torn from, where that can be read.
            if *briefing != at {
                link = posts.get(*briefing).map(|post| Link::Here(post.entry.clone()));
                parent = Some(*briefing);
            }
        }
        self.answers.push(link);
        self.parents.push(parent.filter(|parent| *parent != at));
        let refers: HashSet<usize> = message
            .iter()
            .flat_map(|message| &message.refers)
            .filter_map(|reference| self.position(posts, &Ref::from_message(reference)?))
            .filter(|named| *named != at && Some(*named) != parent)
            .collect();
        for named in refers {
            if let Some(referrers) = self.referrers.get_mut(named) {
                referrers.push(at);
            }
        }
        if let Some(Kind::Commitment(commitment)) = message.and_then(|message| message.kind.as_ref()) {
            let undertaken = commitment.undertakings.iter();
            for identity in undertaken.filter_map(|it| Identity::from_slice(&it.statement)) {
                self.restating.entry(identity).or_default().push(at);
            }
        }
    }

    fn position(&self, posts: &[Filed], reference: &Ref) -> Option<usize> {
        let at = self.anywhere(&reference.statement)?;
        posts.get(at).filter(|post| post.reference.room == reference.room).map(|_| at)
    }

    pub(super) fn resolve(&self, posts: &[Filed], rooms: &[Known], reference: &Ref) -> Link {
        if let Some(post) = self.position(posts, reference).and_then(|at| posts.get(at)) {
            return Link::Here(post.entry.clone());
        }
        let known = rooms.iter().find(|room| room.id == reference.room);
        known.map_or(Link::Elsewhere, |room| Link::NotHere(room.name.clone()))
    }

    /// Digests make circles impossible; a reader that trusts nothing cuts them all the same.
    fn cut_circles(&mut self) {
        let mut done = vec![false; self.parents.len()];
        for start in 0..self.parents.len() {
            let (mut at, mut path) = (start, HashSet::new());
            while !done.get(at).copied().unwrap_or(true) && path.insert(at) {
                let Some(above) = self.above(at) else { break };
                if path.contains(&above) {
                    if let Some(parent) = self.parents.get_mut(at) {
                        *parent = None;
                    }
                    break;
                }
                at = above;
            }
            for at in path {
                if let Some(done) = done.get_mut(at) {
                    *done = true;
                }
            }
        }
    }

    /// What the post at `at` answers, or is released from.
    pub(super) fn above(&self, at: usize) -> Option<usize> {
        self.parents.get(at).copied().flatten()
    }

    pub(super) fn answers(&self, at: usize) -> Option<&Link> {
        self.answers.get(at).and_then(Option::as_ref)
    }

    pub(super) fn children(&self, at: usize) -> &[usize] {
        self.children.get(at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn referrers(&self, at: usize) -> &[usize] {
        self.referrers.get(at).map_or(&[], Vec::as_slice)
    }

    /// The position of the statement of this identity, in whatever room.
    pub(super) fn anywhere(&self, identity: &Identity) -> Option<usize> {
        self.positions.get(identity).copied()
    }

    /// Commitments that restate the one of this identity.
    pub(super) fn restating(&self, identity: &Identity) -> &[usize] {
        self.restating.get(identity).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_head(&self, at: usize) -> bool {
        self.heads.get(at).copied().unwrap_or(false)
    }

    /// The nearest head at or above the post at `at`.
    pub(super) fn head_of(&self, mut at: usize) -> usize {
        while !self.is_head(at) {
            match self.above(at) {
                Some(above) => at = above,
                None => break,
            }
        }
        at
    }

    /// The post at `head` and all that answers it; what refers to it, and all that answers that; ascending.
    pub(super) fn thread(&self, head: usize) -> Vec<(usize, Reached)> {
        let mut thread = vec![(head, Reached::Answers)];
        let mut seen: HashSet<usize> = HashSet::from([head]);
        self.descend(&mut thread, &mut seen, 0);
        for at in self.referrers(head) {
            if seen.insert(*at) {
                thread.push((*at, Reached::Refers));
                let from = thread.len() - 1;
                self.descend(&mut thread, &mut seen, from);
            }
        }
        thread.sort_unstable_by_key(|(at, _)| *at);
        thread
    }

    /// Adds all that answers what stands in the thread from this place on.
    fn descend(&self, thread: &mut Vec<(usize, Reached)>, seen: &mut HashSet<usize>, mut from: usize) {
        while let Some((at, _)) = thread.get(from).copied() {
            from += 1;
            let children = self.children(at).iter().filter(|child| seen.insert(**child));
            thread.extend(children.map(|child| (*child, Reached::Answers)));
        }
    }
}

/// Which post is the briefing of a manifest.
fn briefings(posts: &[Filed]) -> HashMap<Digest, usize> {
    let all = posts.iter().enumerate().filter(
        |(_, post)| matches!(&post.content, Ok(content) if matches!(content.kind(), Some(Kind::Briefing(_)))),
    );
    all.flat_map(|(at, post)| post.manifests.iter().map(move |digest| (*digest, at))).collect()
}

/// Whether a post begins a matter, wherever it stands.
fn begins(post: &Filed, answers: bool) -> bool {
    match post.content.as_ref().ok().and_then(|content| content.kind()) {
        Some(Kind::Concern(_) | Kind::Request(_) | Kind::Commitment(_)) => true,
        Some(Kind::Incident(incident)) => {
            let first = [IncidentStage::Alleged, IncidentStage::Registered].map(i32::from);
            !answers && first.contains(&incident.stage)
        }
        Some(Kind::Session(session)) => session.phase == i32::from(SessionPhase::Agenda),
        _ => false,
    }
}
