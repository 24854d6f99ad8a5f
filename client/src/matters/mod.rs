//! Matters: what hangs together, and where it stands.
//!
//! A concern with its assessments, a request with its replies, a commitment with its compliance notes and
//! incidents, an incident with its stages, a session with its minutes; whatever else begins a thread of its
//! own. All of it is derived by replay from what was verified and stored nowhere. Time is an argument. Recalled posts
//! have no effect and stay where they were.

mod bearing;
mod commitment;
mod concern;
mod incident;
mod links;
mod request;
mod session;
mod side;
mod state;
mod words;

use tearline_ledger::{content::Content, id::Ref, name::RoomName};
use tearline_proto::v1::content::Kind;

use self::links::{Links, Reached};
pub use self::{
    bearing::Bearing,
    commitment::{CommitmentState, Compliant, Phase, Said, Undertaken},
    concern::ConcernState,
    incident::IncidentState,
    links::Link,
    request::{Replied, RequestState},
    session::SessionState,
    side::Side,
    state::State,
};
use crate::{
    holdings::{Filed, Holdings, Known},
    refs::EntryRef,
};

/// Every matter of what this desk holds.
#[derive(Debug)]
pub struct Matters<'a> {
    posts: &'a [Filed],
    rooms: &'a [Known],
    links: Links,
}

/// A matter at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Matter<'a> {
    /// The post that it is about.
    pub head: &'a Filed,
    /// Where it stands.
    pub state: State,
    /// Everything in its thread, oldest first, the head among it.
    pub parts: Vec<Part<'a>>,
    /// The head of the matter in whose thread this one lies.
    pub under: Option<EntryRef>,
}

/// A post in the thread of a matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Part<'a> {
    /// The post.
    pub post: &'a Filed,
    /// What it answers, or is released from.
    pub answers: Option<Link>,
    /// What else it refers to.
    pub refers: Vec<Link>,
    /// What it does to the matter.
    pub bearing: Bearing,
    /// Corrections of it, from the same side, oldest first.
    pub corrected_by: Vec<EntryRef>,
}

impl Matter<'_> {
    /// When the last post of the thread was accepted, in seconds since 1970.
    pub fn last_at(&self) -> u64 {
        self.last().0
    }

    /// The same, and where that post stands: in one room what was accepted in one second has an order too.
    pub fn last(&self) -> (u64, &EntryRef) {
        let all = self.parts.iter().map(|part| (part.post.accepted_at, &part.post.entry));
        all.max().unwrap_or((self.head.accepted_at, &self.head.entry))
    }

    /// What kind of matter it is: the kind of its head.
    pub fn kind_name(&self) -> &'static str {
        self.head.content.as_ref().map_or("post", Content::kind_name)
    }
}

impl<'a> Matters<'a> {
    /// The matters of what a desk holds.
    pub fn of(holdings: &'a Holdings) -> Self {
        Self::new(&holdings.posts, &holdings.rooms)
    }

    /// The matters of these posts, oldest first, of these rooms.
    pub fn new(posts: &'a [Filed], rooms: &'a [Known]) -> Self {
        Self { posts, rooms, links: Links::of(posts, rooms) }
    }

    /// Every matter as it stands at `now` (seconds since 1970), in the order in which they began.
    pub fn all(&self, now: u64) -> impl Iterator<Item = Matter<'a>> + '_ {
        (0..self.posts.len()).filter(|at| self.links.is_head(*at)).filter_map(move |at| self.matter(at, now))
    }

    /// The matter that this entry begins, or else the one in whose thread it lies.
    pub fn find(&self, entry: &EntryRef, now: u64) -> Option<Matter<'a>> {
        let at = self.posts.iter().position(|post| post.entry == *entry)?;
        self.matter(self.links.head_of(at), now)
    }

    /// The outermost thread's head of every post, in the order of the posts.
    pub fn roots(&self) -> Vec<&'a Filed> {
        let mut roots: Vec<usize> = Vec::with_capacity(self.posts.len());
        let mut known = vec![None; self.posts.len()];
        for start in 0..self.posts.len() {
            let (mut at, mut path) = (start, vec![start]);
            let root = loop {
                if let Some(root) = known.get(at).copied().flatten() {
                    break root;
                }
                match self.links.above(at) {
                    Some(above) => {
                        path.push(above);
                        at = above;
                    }
                    None => break at,
                }
            };
            for at in path {
                if let Some(slot) = known.get_mut(at) {
                    *slot = Some(root);
                }
            }
            roots.push(root);
        }
        roots.into_iter().filter_map(|root| self.posts.get(root)).collect()
    }

    /// What a reference leads to.
    pub fn link(&self, reference: &Ref) -> Link {
        self.links.resolve(self.posts, self.rooms, reference)
    }

    fn matter(&self, at: usize, now: u64) -> Option<Matter<'a>> {
        let head = self.posts.get(at)?;
        let (thread, mut replayed) = (self.links.thread(at), bearing::Replayed::new());
        let parts = thread.into_iter().filter_map(|place| self.part(at, place, &mut replayed)).collect();
        let under = self.links.above(at).map(|above| self.links.head_of(above));
        let under = under.and_then(|above| self.posts.get(above)).map(|post| post.entry.clone());
        Some(Matter { head, state: self.state(at, now), parts, under })
    }

    fn part(
        &self,
        head: usize,
        place: (usize, Reached),
        replayed: &mut bearing::Replayed,
    ) -> Option<Part<'a>> {
        let (at, _) = place;
        let post = self.posts.get(at)?;
        let message = post.content.as_ref().ok().map(Content::message);
        let refers = message.iter().flat_map(|message| &message.refers).filter_map(Ref::from_message);
        Some(Part {
            post,
            answers: self.links.answers(at).cloned(),
            refers: refers.map(|reference| self.link(&reference)).collect(),
            bearing: self.bearing(head, place, replayed),
            corrected_by: self.corrections(at).map(|post| post.entry.clone()).collect(),
        })
    }

    /// Where the matter with this head stands.
    fn state(&self, at: usize, now: u64) -> State {
        let Some(head) = self.posts.get(at) else { return State::Absent };
        if head.recalled {
            return State::Recalled;
        }
        let Ok(content) = &head.content else { return State::Absent };
        match content.kind() {
            Some(Kind::Concern(concern)) => State::Concern(self.concern(at, concern, now)),
            Some(Kind::Request(request)) => State::Request(self.request(at, request, now)),
            Some(Kind::Commitment(it)) => State::Commitment(Box::new(self.commitment(at, it, now))),
            Some(Kind::Incident(_)) => State::Incident(self.incident(at)),
            Some(Kind::Session(session)) => State::Session(self.session(at, session, now)),
            _ => State::Posted,
        }
    }

    /// Posts that answer the one at `at`, may do so, and were not recalled, oldest first.
    fn answers_to(&self, at: usize) -> impl Iterator<Item = (usize, &'a Filed, &'a Kind)> + '_ {
        let answered = self.posts.get(at);
        self.links.children(at).iter().filter_map(move |child| {
            let post = self.posts.get(*child)?;
            let kind = post.content.as_ref().ok()?.kind()?;
            let live = !post.recalled && bearing::may_answer(post, answered?).is_ok();
            live.then_some((*child, post, kind))
        })
    }

    /// Corrections of the post at `at` that count.
    fn corrections(&self, at: usize) -> impl Iterator<Item = &'a Filed> + '_ {
        let corrections = self.answers_to(at).filter(|(.., kind)| matches!(kind, Kind::Correction(_)));
        corrections.map(|(_, post, _)| post)
    }

    fn room_of(&self, post: &Filed) -> Option<&'a Known> {
        self.room_named(&post.entry.room)
    }

    fn room_named(&self, name: &RoomName) -> Option<&'a Known> {
        self.rooms.iter().find(|room| room.name == *name)
    }
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
