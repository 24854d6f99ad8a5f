//! What each party was already given on the matter of a proposal: the same threads, the same briefings, and
//! threads that refer to them.
//!
//! A matter is followed through every room that this desk reads, so that an approver sees the one party's
//! side beside the other's. Answered offline; of what does not open, only what its statement says counts.

use std::collections::{BTreeMap, BTreeSet};

use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::Ref,
    name::{Org, Role, RoomName},
    release::{Shown, ShownAct, ShownRef},
    statement::Act,
};
use tearline_proto::v1::{self, content::Kind};

use super::{Mediator, OpenRoom, ProposeError};
use crate::refs::EntryRef;

/// What parties were already given on the matter of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlreadyGiven {
    /// Every party of the instance; none if the proposal neither sends nor takes back a post.
    pub to: Vec<GivenTo>,
    /// Words that would be sent to one party and were given to another, apart from the first: if the two
    /// compare what they hold, they know that both come from one hand.
    pub same_words: Vec<SameWords>,
}

/// A text that another party has word for word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SameWords {
    /// The field, as in `subject`.
    pub field: &'static str,
    /// The room that it would be sent to.
    pub room: RoomName,
    /// Where the other party has it.
    pub entry: EntryRef,
}

/// What one party was given on a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenTo {
    /// The party.
    pub party: Org,
    /// Posts by mediators that it reads or could read, by room and in the order of each; also recalled ones,
    /// since what was read cannot be unread.
    pub posts: Vec<OnMatter>,
}

/// A mediators' post on the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnMatter {
    /// Where it stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub at: u64,
    /// Its subject; `None` if it does not open here any more.
    pub subject: Option<String>,
    /// Whether it was recalled since.
    pub recalled: bool,
    /// The briefing that it released portions of, and their numbers, as far as it opens.
    pub portions: Option<(EntryRef, Vec<u32>)>,
}

/// A post as the matter is followed through it.
struct Node {
    reference: Ref,
    entry: EntryRef,
    parties: Vec<Org>,
    by_mediator: bool,
    at: u64,
    recalled: bool,
    briefing: Option<Ref>,
    answers: Option<Ref>,
    refers: Vec<Ref>,
    content: Option<Content>,
}

/// All posts of rooms that have a party.
struct Web(BTreeMap<Ref, Node>);

/// Threads, each by the post that it began with, and briefings.
#[derive(Default, Clone, PartialEq)]
struct Matter {
    threads: BTreeSet<Ref>,
    briefings: BTreeSet<Ref>,
}

impl Mediator<'_> {
    /// What each party of the instance was already given on the matter of what is shown; nothing if no post
    /// is sent or taken back. `briefing` is the one that the proposal names.
    pub fn given_on_matter(
        &self,
        shown: &Shown,
        briefing: Option<Ref>,
    ) -> Result<AlreadyGiven, ProposeError> {
        let mut seeds: Vec<Ref> = Vec::new();
        let mut posts = 0;
        for target in &shown.targets {
            match &target.act {
                ShownAct::Post(post) => {
                    posts += 1;
                    for named in post.answers.iter().chain(&post.refers) {
                        seeds.push(self.named(named)?);
                    }
                }
                ShownAct::Recall(recall) => {
                    posts += 1;
                    seeds.push(self.named(&ShownRef { room: target.name.clone(), index: recall.index })?);
                }
                ShownAct::Charter(_) => {}
            }
        }
        if posts == 0 {
            return Ok(AlreadyGiven::default());
        }
        let web = self.web()?;
        let matter = web.matter(&seeds, briefing);
        let parties = self.parties().into_iter();
        let to = parties.map(|party| self.given_to(party, &web, &matter)).collect::<Result<_, _>>()?;
        Ok(AlreadyGiven { to, same_words: web.same_words(shown, &matter) })
    }

    fn named(&self, named: &ShownRef) -> Result<Ref, ProposeError> {
        Ok(self.room(named.room.as_str())?.replica.resolve(named.index)?.to_ref())
    }

    fn given_to(&self, party: Org, web: &Web, matter: &Matter) -> Result<GivenTo, ProposeError> {
        let of_party = web.on(matter).filter(|node| node.by_mediator && node.parties.contains(&party));
        let mut posts = of_party.map(|node| self.on_matter(node)).collect::<Result<Vec<_>, _>>()?;
        posts.sort_by(|one, two| one.entry.cmp(&two.entry));
        Ok(GivenTo { party, posts })
    }

    fn on_matter(&self, node: &Node) -> Result<OnMatter, ProposeError> {
        let subject = node.content.as_ref().map(|content| content.message().subject.clone());
        let portions = node.briefing.map(|briefing| {
            let chamber = self.chamber()?;
            let entry = chamber.replica.find(&briefing.id).ok_or(ProposeError::NotABriefing)?;
            let entry = EntryRef { room: chamber.replica.state()?.name().clone(), index: entry };
            let tearline = node.content.as_ref().and_then(|content| content.message().tearline.as_ref());
            let numbers = tearline.map(|it| self.numbers(&briefing, &node.reference, it)).transpose()?;
            Ok::<_, ProposeError>((entry, numbers.unwrap_or_default()))
        });
        Ok(OnMatter {
            entry: node.entry.clone(),
            at: node.at,
            subject,
            recalled: node.recalled,
            portions: portions.transpose()?,
        })
    }

    /// Which portions of the briefing these are: each has a salt of its own.
    fn numbers(&self, briefing: &Ref, post: &Ref, released: &v1::Tearline) -> Result<Vec<u32>, ProposeError> {
        // A briefing that is gone here is still the same matter.
        let Ok(recorded) = self.briefing(briefing) else { return Ok(Vec::new()) };
        let manifest = recorded.manifest(post.room)?;
        let salts = (1..).zip((0..recorded.len()).filter_map(|at| manifest.salt(at)));
        let of = |salt: &[u8; 32]| released.portions.iter().any(|it| it.salt.as_ref() == salt);
        Ok(salts.filter(|(_, salt)| of(salt)).map(|(number, _)| number).collect())
    }

    /// The briefing of each manifest digest that the chamber lists.
    fn manifests(&self) -> Result<BTreeMap<Digest, Ref>, ProposeError> {
        let (chamber, mut out) = (self.chamber()?, BTreeMap::new());
        for index in 0..chamber.replica.size() {
            let line = chamber.replica.line(index)?;
            let Act::Post(post) = &line.signed.statement.act else { continue };
            if post.manifests.is_empty() {
                continue;
            }
            let content = self.content(&chamber, index).ok();
            let briefing = match content.as_ref().and_then(Content::kind) {
                Some(Kind::ManifestNotice(notice)) => notice.briefing.as_ref().and_then(Ref::from_message),
                _ => Some(chamber.replica.resolve(index)?.to_ref()),
            };
            out.extend(briefing.iter().flat_map(|it| post.manifests.iter().map(|digest| (*digest, *it))));
        }
        Ok(out)
    }

    fn web(&self) -> Result<Web, ProposeError> {
        let (manifests, mut out) = (self.manifests()?, BTreeMap::new());
        for room in self.rooms.values() {
            if !room.replica.state()?.constitution().has_party() {
                continue;
            }
            for index in 0..room.replica.size() {
                if let Some(node) = self.node(room, index, &manifests)? {
                    out.insert(node.reference, node);
                }
            }
        }
        Ok(Web(out))
    }

    fn node(
        &self,
        room: &OpenRoom<'_>,
        index: u64,
        manifests: &BTreeMap<Digest, Ref>,
    ) -> Result<Option<Node>, ProposeError> {
        let line = room.replica.line(index)?;
        let statement = &line.signed.statement;
        let Act::Post(post) = &statement.act else { return Ok(None) };
        let constitution = room.replica.state()?.constitution();
        let content = self.content(room, index).ok();
        let message = content.as_ref().map(Content::message);
        Ok(Some(Node {
            reference: room.replica.resolve(index)?.to_ref(),
            entry: EntryRef { room: constitution.name().clone(), index },
            parties: constitution.parties().cloned().collect(),
            by_mediator: statement.author.role() == Role::Mediator,
            at: line.accepted_at,
            recalled: line.recalled,
            briefing: post.manifests.iter().find_map(|digest| manifests.get(digest).copied()),
            answers: message.and_then(|it| it.answers.as_ref()).and_then(Ref::from_message),
            refers: message
                .map(|it| it.refers.iter().filter_map(Ref::from_message).collect())
                .unwrap_or_default(),
            content,
        }))
    }
}

impl Web {
    /// The post that a thread began with, as far as its answers are known.
    fn root(&self, of: Ref) -> Ref {
        let (mut at, mut seen) = (of, BTreeSet::new());
        while let Some(answers) = self.0.get(&at).and_then(|node| node.answers)
            && seen.insert(at)
        {
            at = answers;
        }
        at
    }

    /// The threads and briefings that hang together with these, and then, one step further, the threads that
    /// refer to them or that they refer to.
    fn matter(&self, seeds: &[Ref], briefing: Option<Ref>) -> Matter {
        let mut matter = Matter {
            threads: seeds.iter().map(|seed| self.root(*seed)).collect(),
            briefings: briefing.into_iter().collect(),
        };
        self.close(&mut matter);
        let mut referring = BTreeSet::new();
        for node in self.0.values() {
            let inside = self.is_on(&matter, node);
            for named in &node.refers {
                let named_inside =
                    matter.threads.contains(&self.root(*named)) || matter.briefings.contains(named);
                if inside != named_inside {
                    referring.insert(self.root(if inside { *named } else { node.reference }));
                }
            }
        }
        matter.threads.extend(referring);
        matter
    }

    fn close(&self, matter: &mut Matter) {
        loop {
            let before = matter.clone();
            for node in self.0.values() {
                if self.is_on(matter, node) {
                    matter.threads.insert(self.root(node.reference));
                    matter.briefings.extend(node.briefing);
                }
            }
            if *matter == before {
                return;
            }
        }
    }

    fn is_on(&self, matter: &Matter, node: &Node) -> bool {
        matter.threads.contains(&self.root(node.reference))
            || node.briefing.is_some_and(|briefing| matter.briefings.contains(&briefing))
    }

    /// Texts that would go to a room and are, on this matter, in a room that its parties do not read.
    fn same_words(&self, shown: &Shown, matter: &Matter) -> Vec<SameWords> {
        let mut out = BTreeSet::new();
        for target in &shown.targets {
            let ShownAct::Post(post) = &target.act else { continue };
            let texts = post.content.texts();
            let apart = |node: &&Node| {
                node.by_mediator && !post.parties.iter().any(|party| node.parties.contains(party))
            };
            for node in self.on(matter).filter(apart) {
                let given = node.content.as_ref().map(Content::texts).unwrap_or_default();
                let same = texts.iter().filter(|(_, text)| given.iter().any(|(_, other)| other == text));
                out.extend(same.map(|(field, _)| SameWords {
                    field,
                    room: target.name.clone(),
                    entry: node.entry.clone(),
                }));
            }
        }
        out.into_iter().collect()
    }

    fn on<'a>(&'a self, matter: &'a Matter) -> impl Iterator<Item = &'a Node> {
        self.0.values().filter(|node| self.is_on(matter, node))
    }
}
