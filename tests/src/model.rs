//! A second opinion on who may do what, written from the protocol's text in the plainest way.
//!
//! It shares no code with the ledger and knows no bytes, keys or hashes: names are texts, a log is a
//! list, and every question is answered by looking through everything. It covers all acts but foundings.

use std::collections::{BTreeMap, BTreeSet};

/// How old the first entry that a basis leaves out may be, in seconds.
const BASIS_AGE: u64 = 7 * 24 * 3600;
/// How long a proposal may be open, in seconds.
const OPEN_MAX: u64 = 7 * 24 * 3600;

/// A member, as a charter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// `mediator`, `party` or `auditor`.
    pub role: String,
    /// Its organisation.
    pub org: String,
    /// Whether it is its party's custodian.
    pub custodian: bool,
    /// Its signing key.
    pub key: String,
    /// The key that vouches for this member with these keys.
    pub endorsed_by: Option<String>,
}

/// A room's constitution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charter {
    /// One more each time.
    pub epoch: u64,
    /// K.
    pub quorum: usize,
    /// By name.
    pub members: BTreeMap<String, Member>,
    /// Whether it claims a succession.
    pub succession: bool,
}

/// What is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Content, sealed for an epoch.
    Post(u64),
    /// A new constitution.
    Charter(Charter),
    /// Asks for signatures on these statements.
    Propose {
        /// Identities.
        targets: Vec<String>,
        /// Signers at which it is enacted.
        quorum: usize,
        /// Of its own sealed part.
        epoch: u64,
    },
    /// Signs them: the proposal, and how many signatures.
    Approve(String, usize),
    /// Ends the proposal.
    Reject(String),
    /// Takes a post back.
    Recall(String),
    /// Says what was read: rooms and identities.
    Acknowledge(Vec<(String, String)>),
}

/// A statement, by all that matters to the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its identity.
    pub identity: String,
    /// Its id.
    pub id: String,
    /// Whether the id's time is a whole hour.
    pub hourly: bool,
    /// Its room.
    pub room: String,
    /// Its author's name.
    pub author: String,
    /// Keys of those who signed.
    pub signers: BTreeSet<String>,
    /// How many entries its author had verified.
    pub basis: usize,
    /// Whether the room had that history.
    pub basis_true: bool,
    /// Its end.
    pub not_after: Option<u64>,
    /// What is said.
    pub act: Act,
}

#[derive(Debug, Clone)]
struct Standing {
    said: Said,
    at: u64,
    recalled: bool,
}

#[derive(Debug, Clone)]
struct Room {
    charter: Charter,
    charter_at: usize,
    parties_ever: BTreeSet<String>,
    custodians_ever: BTreeSet<String>,
    log: Vec<Standing>,
}

#[derive(Debug, Clone)]
struct Open {
    index: usize,
    targets: Vec<String>,
    quorum: usize,
    not_after: u64,
    names: BTreeSet<String>,
    keys: BTreeSet<String>,
}

/// All rooms, as the model sees them.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The clock, in seconds since 1970.
    pub now: u64,
    rooms: BTreeMap<String, Room>,
    open: BTreeMap<String, Open>,
}

/// What admitting a statement means for the rest of its call.
struct Admitted {
    by_quorum: bool,
    /// Identities that must follow, all signed by these keys.
    enacts: Option<(Vec<String>, BTreeSet<String>)>,
}

const ALONE: Option<Admitted> = Some(Admitted { by_quorum: false, enacts: None });
const TOGETHER: Option<Admitted> = Some(Admitted { by_quorum: true, enacts: None });

impl Model {
    /// No rooms, at this time.
    pub fn at(now: u64) -> Self {
        Self { now, ..Self::default() }
    }

    /// A room whose founding charter stands already.
    pub fn found(&mut self, name: &str, founding: Said) {
        let Act::Charter(charter) = founding.act.clone() else { return };
        let mut room = Room {
            charter: charter.clone(),
            charter_at: 0,
            parties_ever: BTreeSet::new(),
            custodians_ever: BTreeSet::new(),
            log: vec![Standing { said: founding, at: self.now, recalled: false }],
        };
        room.enter(charter, 0);
        self.rooms.insert(name.to_owned(), room);
    }

    /// Enters what is known to stand already.
    pub fn replay(&mut self, said: &Said) {
        self.enter(said);
    }

    /// Whether the call is taken; if it is not, nothing is changed.
    pub fn take(&mut self, call: &[Said]) -> bool {
        let mut next = self.clone();
        let taken = next.try_call(call).is_some();
        if taken {
            *self = next;
        }
        taken
    }

    fn try_call(&mut self, call: &[Said]) -> Option<()> {
        let mut awaited: Vec<(String, BTreeSet<String>)> = Vec::new();
        for said in call {
            let admitted = self.admit(said)?;
            if awaited.is_empty() {
                if admitted.by_quorum {
                    return None;
                }
            } else {
                let (identity, keys) = awaited.remove(0);
                if identity != said.identity || keys != said.signers || !admitted.by_quorum {
                    return None;
                }
            }
            if let Some((targets, keys)) = admitted.enacts {
                awaited.extend(targets.into_iter().map(|target| (target, keys.clone())));
            }
        }
        let mut mediators = self.rooms.values().map(Room::mediators);
        let first = mediators.next();
        let agree = mediators.all(|other| Some(other) == first);
        (awaited.is_empty() && agree).then_some(())
    }

    fn admit(&mut self, said: &Said) -> Option<Admitted> {
        let room = self.rooms.get(&said.room)?;
        let fits = room.log.iter().all(|standing| standing.said.id != said.id && standing.at <= self.now)
            && said.not_after.is_none_or(|end| self.now <= end)
            && said.basis_true
            && covers(said, room.charter_at)
            && said.basis <= room.log.len()
            && room.log.get(said.basis).is_none_or(|entry| self.now <= entry.at + BASIS_AGE);
        let author_signed = said.signers.contains(&room.charter.members.get(&said.author)?.key);
        if !fits || !author_signed || !said.signers.iter().all(|key| room.member(key).is_some()) {
            return None;
        }
        let admitted = self.judge(room, said)?;
        self.enter(said);
        Some(admitted)
    }

    fn judge(&self, room: &Room, said: &Said) -> Option<Admitted> {
        let author = room.charter.members.get(&said.author)?;
        let alone = said.signers.len() == 1;
        let mediator_in_chamber = said.room == "chamber" && alone && author.role == "mediator";
        match &said.act {
            Act::Post(epoch) if *epoch != room.charter.epoch => None,
            Act::Post(_) if author.role == "party" && alone => ALONE,
            Act::Post(_) if author.role == "mediator" && !room.parties_ever.is_empty() => {
                room.quorum(said).then_some(TOGETHER)?
            }
            Act::Post(_) if author.role == "mediator" && alone => ALONE,
            Act::Post(_) => None,
            Act::Charter(charter) => room.judge_charter(said, charter),
            Act::Propose { targets, quorum, epoch } => {
                let end = said.not_after?;
                let good = mediator_in_chamber
                    && *epoch == room.charter.epoch
                    && !targets.is_empty()
                    && end <= self.now + OPEN_MAX
                    && (room.charter.quorum..=room.mediators().len()).contains(quorum);
                good.then_some(ALONE)?
            }
            Act::Approve(proposal, count) => {
                let open = self.open.get(proposal)?;
                let good = mediator_in_chamber
                    && self.now <= open.not_after
                    && covers(said, open.index)
                    && !open.names.contains(&said.author)
                    && open.quorum >= room.charter.quorum
                    && *count == open.targets.len();
                let keys: BTreeSet<String> = open.keys.union(&said.signers).cloned().collect();
                let enacts = (keys.len() >= open.quorum).then(|| (open.targets.clone(), keys));
                good.then_some(Admitted { by_quorum: false, enacts })
            }
            Act::Reject(proposal) => {
                let open = self.open.get(proposal)?;
                let good = mediator_in_chamber && self.now <= open.not_after && covers(said, open.index);
                good.then_some(ALONE)?
            }
            Act::Recall(post) => {
                let (index, standing) = room.post(post)?;
                if standing.recalled || !covers(said, index) {
                    return None;
                }
                if !standing.said.author.contains("/party/") {
                    return room.quorum(said).then_some(TOGETHER)?;
                }
                let of_its_party = standing.said.author.contains(&format!("/party/{}/", author.org));
                let may = said.author == standing.said.author || (author.custodian && of_its_party);
                (alone && may).then_some(ALONE)?
            }
            Act::Acknowledge(posts) => {
                let mut here = posts.iter().filter(|(room, _)| *room == said.room);
                let stand =
                    here.all(|(_, post)| room.post(post).is_some_and(|(index, _)| covers(said, index)));
                let only_here = posts.iter().all(|(room, _)| *room == said.room);
                let reads = author.role == "party" || (author.role == "mediator" && only_here);
                (alone && room.parties_ever.len() == 1 && reads && stand).then_some(ALONE)?
            }
        }
    }

    fn enter(&mut self, said: &Said) {
        let Some(room) = self.rooms.get_mut(&said.room) else { return };
        let index = room.log.len();
        match &said.act {
            Act::Charter(charter) => room.enter(charter.clone(), index),
            Act::Recall(post) => {
                for standing in room.log.iter_mut().filter(|standing| standing.said.identity == *post) {
                    standing.recalled = true;
                }
            }
            Act::Propose { targets, quorum, .. } => {
                let open = Open {
                    index,
                    targets: targets.clone(),
                    quorum: *quorum,
                    not_after: said.not_after.unwrap_or(0),
                    names: [said.author.clone()].into(),
                    keys: said.signers.clone(),
                };
                self.open.insert(said.identity.clone(), open);
            }
            Act::Approve(proposal, _) => {
                if let Some(open) = self.open.get_mut(proposal) {
                    open.names.insert(said.author.clone());
                    open.keys.extend(said.signers.iter().cloned());
                    if open.names.len() >= open.quorum {
                        self.open.remove(proposal);
                    }
                }
            }
            Act::Reject(proposal) => {
                self.open.remove(proposal);
            }
            Act::Post(_) | Act::Acknowledge(_) => {}
        }
        room.log.push(Standing { said: said.clone(), at: self.now, recalled: false });
    }
}

fn covers(said: &Said, index: usize) -> bool {
    said.basis > index
}

impl Room {
    fn member(&self, key: &str) -> Option<(&String, &Member)> {
        self.charter.members.iter().find(|(_, member)| member.key == key)
    }

    fn mediators(&self) -> BTreeMap<String, Member> {
        let members = self.charter.members.clone();
        members.into_iter().filter(|(_, member)| member.role == "mediator").collect()
    }

    fn post(&self, identity: &str) -> Option<(usize, &Standing)> {
        let mut log = self.log.iter().enumerate();
        log.find(|(_, it)| it.said.identity == identity && matches!(it.said.act, Act::Post(_)))
    }

    /// At least K mediators, nobody else, and an id that tells the hour only.
    fn quorum(&self, said: &Said) -> bool {
        let mediators = self.mediators();
        said.hourly
            && said.signers.len() >= self.charter.quorum
            && said.signers.iter().all(|key| mediators.values().any(|member| member.key == *key))
    }

    fn judge_charter(&self, said: &Said, new: &Charter) -> Option<Admitted> {
        let old = &self.charter;
        let mediators = new.members.values().filter(|member| member.role == "mediator").count();
        let parties = new.members.values().any(|member| member.role == "party");
        if new.epoch != old.epoch + 1
            || !(2..=mediators).contains(&new.quorum)
            || (said.room == "chamber" && parties)
        {
            return None;
        }
        let removed: Vec<&Member> =
            old.members.iter().filter(|(name, _)| !new.members.contains_key(*name)).map(|it| it.1).collect();
        let others: Vec<&Member> = new
            .members
            .iter()
            .filter(|(name, member)| old.members.get(*name) != Some(member))
            .map(|it| it.1)
            .collect();
        let custodians = |org: &str| -> Vec<&Member> {
            old.members.values().filter(|member| member.custodian && member.org == org).collect()
        };
        if let [first, ..] = removed.as_slice() {
            let one_party =
                first.role == "party" && removed.iter().all(|it| it.role == "party" && it.org == first.org);
            let nothing_else = others.is_empty() && new.quorum == old.quorum && !new.succession;
            let custodian = custodians(&first.org).iter().any(|it| said.signers == [it.key.clone()].into());
            if one_party && nothing_else && custodian {
                return ALONE;
            }
        }
        if !self.quorum(said) {
            return None;
        }
        let mut succession = false;
        for member in others {
            if member.role != "party" || !self.custodians_ever.contains(&member.org) {
                continue;
            }
            let custodians = custodians(&member.org);
            if custodians.is_empty() {
                succession = true;
            } else if !custodians.iter().any(|it| Some(&it.key) == member.endorsed_by.as_ref()) {
                return None;
            }
        }
        (succession == new.succession).then_some(TOGETHER)?
    }

    fn enter(&mut self, charter: Charter, index: usize) {
        for member in charter.members.values().filter(|member| member.role == "party") {
            self.parties_ever.insert(member.org.clone());
            if member.custodian {
                self.custodians_ever.insert(member.org.clone());
            }
        }
        self.charter = charter;
        self.charter_at = index;
    }
}
