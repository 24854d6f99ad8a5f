//! Thousands of acts by anyone, some of them wrong in one way or another.

use tearline_ledger::{
    charter::Charter,
    digest::Digest,
    id::RoomId,
    merkle::TreeSize,
    rules::VerifiedEntry,
    statement::{Act, Basis, Statement},
};
use tearline_tests::{
    desk::Desk,
    second,
    vectors::logs::bundle_of,
    world::{Drafted, World},
};

use crate::play::{Line, Play};

/// xorshift64*: chance that is the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % bound
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }
}

struct Player {
    play: Play,
    chance: Chance,
    /// Every desk, with the newest keys that it made for itself.
    desks: Vec<Desk>,
    generation: u32,
}

impl Player {
    fn new(seed: u64) -> Self {
        let play = Play::new();
        let all = &play.desks;
        let parties = all.drc().into_iter().chain(all.rwanda());
        let desks = all.mediators().into_iter().chain(parties).chain([&all.monitor_1]).cloned().collect();
        Self { play, chance: Chance(seed), desks, generation: 0 }
    }

    fn desk(&mut self) -> Desk {
        self.chance.of(&self.desks).clone()
    }

    fn mediator(&mut self) -> Desk {
        self.desks[self.chance.below(3)].clone()
    }

    fn room(&mut self) -> RoomId {
        let rooms: Vec<RoomId> = self.play.world.house.rooms().map(|(id, _)| id).collect();
        *self.chance.of(&rooms)
    }

    fn posted(&mut self) -> Option<VerifiedEntry> {
        let posts: Vec<_> =
            self.play.taken.iter().filter(|it| matches!(it.signed().statement.act, Act::Post(_))).collect();
        let recent = posts.len().saturating_sub(12);
        (!posts.is_empty()).then(|| (*self.chance.of(&posts[recent..])).clone())
    }

    fn draft(&mut self) -> Option<(Drafted, Desk)> {
        let recent = self.play.drafts.len().saturating_sub(4);
        (!self.play.drafts.is_empty()).then(|| self.chance.of(&self.play.drafts[recent..]).clone())
    }

    fn step(&mut self) -> bool {
        if self.chance.one_in(6) {
            let seconds = *self.chance.of(&[1, 60, 3600, 3600, 30_000, 90_000, 700_000]);
            self.play.pass(seconds);
        }
        let Some(mut call) = self.intent() else { return false };
        if self.chance.one_in(4) {
            self.spoil(&mut call);
        }
        self.play.say(&call)
    }

    fn intent(&mut self) -> Option<Vec<Line>> {
        match self.chance.below(12) {
            0..=2 => {
                let (room, desk) = (self.room(), self.desk());
                Some(vec![(self.play.world.post(room, &desk, "text").unwrap(), vec![desk])])
            }
            3 | 4 => self.proposal(),
            5..=7 => self.approval(),
            8 => {
                let (draft, _) = self.draft()?;
                let desk = self.mediator();
                // Rarely, or nothing would ever be enacted.
                self.chance
                    .one_in(3)
                    .then(|| vec![(self.play.world.rejection(&desk, &draft).unwrap(), vec![desk])])
            }
            9 => {
                let (post, desk) = (self.posted()?, self.desk());
                Some(vec![(self.play.world.recall(&desk, &post).unwrap(), vec![desk])])
            }
            10 => {
                let (post, other, desk) = (self.posted()?, self.posted()?, self.desk());
                let mut posts = vec![&post];
                if other != post {
                    posts.push(&other);
                }
                let room = if self.chance.one_in(3) { self.room() } else { post.room() };
                Some(vec![(self.play.world.acknowledgement(room, &desk, &posts).unwrap(), vec![desk])])
            }
            _ => {
                let (room, desk, gone) = (self.room(), self.desk(), self.desk());
                let remove = |charter: &mut Charter| charter.members.retain(|it| it.name != *gone.name());
                Some(vec![(self.play.world.charter(room, &desk, remove).unwrap(), vec![desk])])
            }
        }
    }

    fn proposal(&mut self) -> Option<Vec<Line>> {
        let desk = self.mediator();
        let mut targets = Vec::new();
        for _ in 0..=self.chance.below(2) {
            targets.push(self.target(&desk)?);
        }
        let mut draft = self.play.world.propose(&desk, targets).unwrap();
        if let (Act::Proposal(proposal), true) = (&mut draft.statement.act, self.chance.one_in(5)) {
            proposal.quorum = u32::try_from(self.chance.below(5)).unwrap();
        }
        if self.chance.one_in(8) {
            draft.statement.not_after = Some(self.play.world.house.now() + 700_000);
        }
        self.play.drafts.push((draft.clone(), desk.clone()));
        Some(vec![(draft.statement, vec![desk])])
    }

    fn target(&mut self, desk: &Desk) -> Option<Statement> {
        let room = self.room();
        match self.chance.below(5) {
            0..=2 => Some(self.play.world.post(room, desk, "release").unwrap()),
            3 => {
                let post = self.posted()?;
                Some(self.play.world.recall(desk, &post).unwrap())
            }
            _ => Some(self.charter(room, desk)),
        }
    }

    fn charter(&mut self, room: RoomId, author: &Desk) -> Statement {
        let at = self.chance.below(self.desks.len());
        let old = self.desks[at].clone();
        let custodian = self.desk();
        self.generation += 1;
        let renewed = old.renewed(self.generation).unwrap();
        let endorsed = !self.chance.one_in(3);
        let is_party = old.name().role().as_str() == "party";
        let custodians =
            self.desks.iter().filter(|it| it.card().custodian && it.name().org() == old.name().org());
        let custodian = custodians.last().unwrap_or(&custodian).clone();
        let member = |desk: &Desk| {
            if endorsed && is_party { desk.member_endorsed_by(&custodian) } else { desk.member() }
        };
        let (kind, succession) = (self.chance.below(6), self.chance.one_in(6));
        let quorum = u32::try_from(2 + self.chance.below(2)).unwrap();
        let charter = self.play.world.charter(room, author, |charter| {
            charter.succession = succession;
            let without = |charter: &mut Charter| charter.members.retain(|it| it.name != *old.name());
            match kind {
                0 => charter.quorum = quorum,
                1 => without(charter),
                2 | 3 if is_party => {
                    without(charter);
                    charter.members.push(member(&old));
                }
                4 if is_party => {
                    without(charter);
                    charter.members.push(member(&renewed));
                }
                _ => {}
            }
        });
        if kind == 4 && is_party {
            self.desks[at] = renewed;
        }
        charter.unwrap()
    }

    fn approval(&mut self) -> Option<Vec<Line>> {
        let (draft, proposer) = self.draft()?;
        let desk = self.mediator();
        let approval = self.play.world.approval(&desk, &draft).unwrap();
        let mut call = vec![(approval, vec![desk.clone()])];
        let chamber = self.play.world.house.chamber();
        let open = self.play.world.state(chamber).unwrap().proposals();
        let Some(open) = open.get(&tearline_tests::world::identity(&draft.statement)) else {
            return Some(call);
        };
        let mut signers: Vec<Desk> = vec![proposer];
        for (name, ..) in &open.signatures {
            let known =
                self.desks.iter().find(|it| it.name() == name && signers.iter().all(|s| s.name() != name));
            signers.extend(known.cloned());
        }
        if signers.iter().all(|it| it.name() != desk.name()) {
            signers.push(desk);
        }
        if signers.len() >= usize::try_from(open.quorum).unwrap() || self.chance.one_in(10) {
            call.extend(draft.targets.iter().map(|target| (target.clone(), signers.clone())));
        }
        Some(call)
    }

    /// Makes one thing wrong, or at least different.
    fn spoil(&mut self, call: &mut Vec<Line>) {
        let at = self.chance.below(call.len());
        let other = self.desk();
        let (statement, signers) = &mut call[at];
        match self.chance.below(13) {
            0 => statement.author = other.name().clone(),
            1 => *signers = vec![other],
            2 if signers.iter().all(|it| it.key_id() != other.key_id()) => signers.push(other),
            3 => statement.basis.root = Digest([7; 32]),
            4 => statement.basis.size = TreeSize(statement.basis.size.0 + 1),
            5 | 6 => {
                let size =
                    1 + u64::try_from(self.chance.below(usize::try_from(statement.basis.size.0).unwrap()))
                        .unwrap();
                if let Some(Ok(older)) = statement.room.map(|room| self.play.world.basis_at(room, size)) {
                    statement.basis = older;
                }
            }
            7 => statement.not_after = Some(self.play.world.house.now() - 1),
            8 => statement.id = self.play.world.id(false),
            9 => {
                if let Some(before) = self.play.taken.last() {
                    statement.id = before.signed().statement.id;
                }
            }
            10 => {
                let room = self.room();
                statement.room = Some(room);
                statement.basis = self.play.world.basis(room).unwrap_or(Basis::NOTHING);
            }
            11 => drop(call.remove(at)),
            12 => call.reverse(),
            _ => {}
        }
    }
}

#[test]
fn rules_and_model_agree_on_random_acts() {
    let mut taken = 0;
    let mut kinds = std::collections::BTreeMap::<_, usize>::new();
    let mut worlds = Vec::new();
    for seed in 1..=12 {
        let mut player = Player::new(seed);
        taken += (0..400).filter(|_| player.step()).count();
        for entry in &player.play.taken {
            *kinds.entry((entry.signed().statement.act.name(), entry.by_quorum())).or_default() += 1;
        }
        worlds.push((format!("random-{seed}"), player.play.world));
    }
    let bundle = |(name, world): &(String, World)| (name.clone(), bundle_of(world, world.log()).unwrap());
    second::agrees_on(worlds.iter().map(bundle)).unwrap();
    println!("{taken} of 4800 taken: {kinds:?}");
    assert!(taken > 900, "only {taken} of 4800 acts were taken: too few to say much");
    for wanted in ["charter", "post", "recall"] {
        assert!(kinds.contains_key(&(wanted, true)), "no {wanted} was enacted");
    }
    assert_eq!(kinds.keys().map(|(name, _)| name).collect::<std::collections::BTreeSet<_>>().len(), 7);
}
