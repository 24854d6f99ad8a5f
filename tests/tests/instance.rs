//! What a dishonest server enters, room by room admissible, and a cut of all rooms reveals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use tearline_ledger::{
    digest::Digest,
    entry::Entry,
    id::RoomId,
    instance::{Instance, InstanceFault},
    replay::Replay,
    rules::RoomState,
    statement::{Act, Signed, Statement},
};
use tearline_tests::{
    desk::Desks,
    world::{Drafted, World, identity, sign},
};

/// The rooms of a server that keeps each room's rules, but not those across rooms.
struct Dishonest {
    world: World,
    desks: Desks,
    rooms: BTreeMap<RoomId, Vec<Entry>>,
}

impl Dishonest {
    fn new() -> Self {
        let world = World::kivu().unwrap();
        let entries = |room: &tearline_tests::house::Room| {
            room.entries().iter().map(tearline_ledger::rules::VerifiedEntry::to_entry).collect()
        };
        let rooms = world.house.rooms().map(|(id, room)| (id, entries(room))).collect();
        Self { desks: world.desks.clone(), world, rooms }
    }

    fn enter(&mut self, signed: Signed) {
        let entry = Entry::of_statement(self.world.house.now(), signed);
        let room = entry.statement().unwrap().room();
        self.rooms.entry(room).or_default().push(entry);
    }

    fn enter_all(&mut self, targets: Vec<Signed>) {
        for target in targets {
            self.enter(target);
        }
    }

    /// A release to drc and the plenary, proposed by washington; its approval by kinshasa, and both
    /// targets signed by both, entered nowhere.
    fn release(&mut self, manifests: &[Digest]) -> (Drafted, Signed, Vec<Signed>) {
        let Desks { washington, kinshasa, .. } = self.desks.clone();
        let targets = ["drc", "plenary"].map(|name| {
            let room = self.world.room(name).unwrap();
            let mut post = self.world.post(room, &washington, "cease-fire").unwrap();
            if let Act::Post(post) = &mut post.act {
                post.manifests = manifests.to_vec();
            }
            post
        });
        let drafted = self.world.propose(&washington, targets.into()).unwrap();
        self.world.take(&drafted.statement, &[&washington]).unwrap();
        self.enter(sign(&drafted.statement, &[&washington]).unwrap());
        let approval = sign(&self.world.approval(&kinshasa, &drafted).unwrap(), &[&kinshasa]).unwrap();
        let both = |target: &Statement| sign(target, &[&washington, &kinshasa]).unwrap();
        let targets = drafted.targets.iter().map(both).collect();
        (drafted, approval, targets)
    }

    /// Every room replays without fault; what the cut says.
    fn faults(&self) -> Vec<InstanceFault> {
        let mut instance = Instance::new();
        let mut states: Vec<RoomState> = Vec::new();
        for (id, entries) in &self.rooms {
            let mut replay = Replay::new(*id);
            let verified = replay.push(entries.clone()).unwrap();
            let state = replay.state().unwrap().clone();
            for entry in &verified {
                instance.observe(state.name(), entry);
            }
            states.push(state);
        }
        instance.check(&states)
    }

    fn index(&self, name: &str) -> u64 {
        u64::try_from(self.rooms[&self.world.room(name).unwrap()].len()).unwrap()
    }
}

#[test]
fn an_honest_servers_rooms_have_no_faults() {
    let mut server = Dishonest::new();
    assert_eq!(server.faults(), []);
    let (_, approval, targets) = server.release(&[]);
    server.enter(approval);
    server.enter_all(targets);
    assert_eq!(server.faults(), []);
}

#[test]
fn half_of_a_joint_release_is_named() {
    let mut server = Dishonest::new();
    let (drafted, approval, mut targets) = server.release(&[]);
    let index = server.index("chamber");
    server.enter(approval);
    server.enter(targets.remove(0));
    let target = identity(&drafted.targets[1]);
    assert_eq!(server.faults(), [InstanceFault::TargetMissing { index, target }]);
}

#[test]
fn a_target_without_its_approval_is_named() {
    let mut server = Dishonest::new();
    let (_, _, targets) = server.release(&[]);
    let [drc, plenary] = ["drc", "plenary"].map(|name| (name.to_owned(), server.index(name)));
    server.enter_all(targets);
    let faults = server.faults();
    assert_eq!(faults.len(), 2);
    for (room, index) in [drc, plenary] {
        assert!(faults.contains(&InstanceFault::NotEnacted { room, index }));
    }
}

#[test]
fn a_target_with_other_signatures_is_named() {
    let mut server = Dishonest::new();
    let (drafted, approval, mut targets) = server.release(&[]);
    let index = server.index("plenary");
    server.enter(approval);
    server.enter(targets.remove(0));
    server.enter(sign(&drafted.targets[1], &server.desks.mediators()).unwrap());
    let room = "plenary".to_owned();
    assert_eq!(server.faults(), [InstanceFault::TargetSignatures { room, index }]);
}

#[test]
fn a_target_of_two_enacted_proposals_is_named() {
    let mut server = Dishonest::new();
    let (drafted, approval, targets) = server.release(&[]);
    server.enter(approval);
    server.enter_all(targets);
    // The same targets once more, by the same two: their signatures are the same as well.
    let Desks { washington, kinshasa, .. } = server.desks.clone();
    let again = server.world.propose(&washington, drafted.targets.clone()).unwrap();
    let chamber = server.world.house.chamber();
    server.enter(sign(&again.statement, &[&washington]).unwrap());
    let mut approval = server.world.approval(&kinshasa, &again).unwrap();
    let mut replay = Replay::new(chamber);
    replay.push(server.rooms[&chamber].clone()).unwrap();
    approval.basis.size = replay.size();
    approval.basis.root = replay.tree().root();
    let index = server.index("chamber");
    server.enter(sign(&approval, &[&kinshasa]).unwrap());
    let twice =
        drafted.targets.iter().map(|target| InstanceFault::EnactedTwice { index, target: identity(target) });
    assert_eq!(server.faults(), twice.collect::<Vec<_>>());
}

#[test]
fn a_release_whose_manifest_was_not_recorded_before_is_named() {
    let manifest = Digest([5; 32]);
    let record = |server: &mut Dishonest| {
        let chamber = server.world.house.chamber();
        let washington = server.desks.washington.clone();
        let mut briefing = server.world.post(chamber, &washington, "briefing").unwrap();
        if let Act::Post(post) = &mut briefing.act {
            post.manifests = vec![manifest];
        }
        server.world.take(&briefing, &[&washington]).unwrap();
        server.enter(sign(&briefing, &[&washington]).unwrap());
    };
    let release = |server: &mut Dishonest| {
        let (_, approval, targets) = server.release(&[manifest]);
        server.enter(approval);
        server.enter_all(targets);
    };
    let unknown = |server: &Dishonest| {
        let faults = ["drc", "plenary"].map(|name| InstanceFault::ManifestUnknown {
            room: name.to_owned(),
            index: server.index(name) - 1,
        });
        let found = server.faults();
        assert_eq!(found.len(), 2);
        assert!(faults.iter().all(|fault| found.contains(fault)), "{found:?}");
    };
    let mut never = Dishonest::new();
    release(&mut never);
    unknown(&never);
    let mut later = Dishonest::new();
    release(&mut later);
    later.world.pass(1);
    record(&mut later);
    unknown(&later);
    let mut before = Dishonest::new();
    record(&mut before);
    release(&mut before);
    assert_eq!(before.faults(), []);
}

#[test]
fn mediators_that_differ_from_the_chambers_are_named() {
    let mut server = Dishonest::new();
    let Desks { washington, kinshasa, kigali, .. } = server.desks.clone();
    let drc = server.world.room("drc").unwrap();
    let change =
        |it: &mut tearline_ledger::charter::Charter| it.members.retain(|it| it.name != *kigali.name());
    let charter = server.world.charter(drc, &washington, change).unwrap();
    let drafted = server.world.propose(&washington, vec![charter]).unwrap();
    server.world.take(&drafted.statement, &[&washington]).unwrap();
    server.enter(sign(&drafted.statement, &[&washington]).unwrap());
    let approval = server.world.approval(&kinshasa, &drafted).unwrap();
    server.enter(sign(&approval, &[&kinshasa]).unwrap());
    server.enter(sign(&drafted.targets[0], &[&washington, &kinshasa]).unwrap());
    assert_eq!(server.faults(), [InstanceFault::MediatorsDiffer("drc".to_owned())]);
}

#[test]
fn two_rooms_of_one_name_are_named() {
    let mut server = Dishonest::new();
    let Desks { washington, kinshasa, .. } = server.desks.clone();
    let members = server.world.members_with(&["drc"]);
    let founding = server.world.founding("drc", 2, members, &washington).unwrap();
    let drafted = server.world.propose(&washington, vec![founding]).unwrap();
    server.world.take(&drafted.statement, &[&washington]).unwrap();
    server.enter(sign(&drafted.statement, &[&washington]).unwrap());
    let approval = server.world.approval(&kinshasa, &drafted).unwrap();
    server.enter(sign(&approval, &[&kinshasa]).unwrap());
    server.enter(sign(&drafted.targets[0], &[&washington, &kinshasa]).unwrap());
    assert_eq!(server.faults(), [InstanceFault::NameTwice("drc".to_owned())]);
}

#[test]
fn a_cut_has_one_chamber() {
    let mut server = Dishonest::new();
    let chamber = server.world.house.chamber();
    let desks = server.desks.clone();
    let members = server.world.members_with(&[]);
    let second = server.world.founding("chamber", 2, members, &desks.washington).unwrap();
    server.enter(sign(&second, &desks.mediators()).unwrap());
    let faults = server.faults();
    assert!(faults.contains(&InstanceFault::Chambers(2)), "{faults:?}");
    let second = RoomId(identity(&second).0);
    server.rooms.remove(&second);
    server.rooms.remove(&chamber);
    assert!(server.faults().contains(&InstanceFault::Chambers(0)));
}
