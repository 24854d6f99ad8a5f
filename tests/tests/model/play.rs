//! Plays the same calls to the rooms and to the model, and insists that they agree.

use std::collections::BTreeSet;

use anyhow::Result;
use tearline_ledger::{
    charter::Charter,
    id::RoomId,
    rules::VerifiedEntry,
    statement::{Act, Statement},
};
use tearline_tests::{
    desk::{Desk, Desks},
    house::NotTaken,
    model::{self, Model, Said},
    world::{Drafted, World, identity, sign, submission},
};

/// A statement and who signs it.
pub(crate) type Line = (Statement, Vec<Desk>);

/// The world and the model, side by side.
#[derive(Clone)]
pub(crate) struct Play {
    pub(crate) world: World,
    pub(crate) model: Model,
    pub(crate) desks: Desks,
    /// Proposals made so far, with the proposer.
    pub(crate) drafts: Vec<(Drafted, Desk)>,
    /// Everything that was taken.
    pub(crate) taken: Vec<VerifiedEntry>,
}

impl Play {
    /// The Kivu rooms, founded in both.
    pub(crate) fn new() -> Self {
        let world = World::kivu().unwrap();
        let mut play = Self {
            model: Model::at(world.house.now()),
            desks: world.desks.clone(),
            world,
            drafts: Vec::new(),
            taken: Vec::new(),
        };
        let rooms: Vec<_> = play.world.house.rooms().map(|(_, room)| room.entries().to_vec()).collect();
        for entries in rooms {
            let name = play.name(entries[0].room());
            let founding = play.project(&entries[0].signed().statement, &[]);
            play.model.found(&name, founding);
            // What stands in the chamber since then are the foundings of the other rooms.
            for entry in &entries[1..] {
                let all = play.desks.mediators().into_iter();
                let signers: Vec<Desk> =
                    all.filter(|desk| entry.signers().contains(desk.name())).cloned().collect();
                let said = play.project(&entry.signed().statement, &signers);
                play.model.replay(&said);
            }
        }
        play
    }

    pub(crate) fn name(&self, room: RoomId) -> String {
        self.world.state(room).map_or_else(|_| room.to_string(), |it| it.name().as_str().to_owned())
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.world.pass(seconds);
        self.model.now += seconds;
    }

    /// Says these in one call; whether they were taken. Panics if the rooms and the model disagree.
    pub(crate) fn say(&mut self, call: &[Line]) -> bool {
        let said: Vec<Said> =
            call.iter().map(|(statement, signers)| self.project(statement, signers)).collect();
        let submissions: Result<Vec<_>> = call
            .iter()
            .map(|(statement, signers)| {
                Ok(submission(&sign(statement, &signers.iter().collect::<Vec<_>>())?))
            })
            .collect();
        let answer = submissions.map(|call| self.world.house.append(&call));
        let expected = self.model.clone().take(&said);
        let taken = matches!(answer, Ok(Ok(_)));
        assert_eq!(taken, expected, "the rooms say {answer:?} to {said:#?}");
        match answer {
            Ok(Ok(entries)) => {
                self.model.take(&said);
                self.taken.extend(entries);
            }
            Ok(Err(NotTaken::Replay(_) | NotTaken::ReplayDiffers)) => {
                panic!("the program contradicts itself")
            }
            Ok(Err(_)) | Err(_) => {}
        }
        taken
    }

    fn project(&self, statement: &Statement, signers: &[Desk]) -> Said {
        let room = statement.room.unwrap_or(RoomId(identity(statement).0));
        let size = statement.basis.size.0;
        Said {
            identity: identity(statement).to_string(),
            id: statement.id.to_string(),
            hourly: statement.id.time().is_multiple_of(3600),
            room: self.name(room),
            author: statement.author.as_str().to_owned(),
            signers: signers.iter().map(|desk| desk.key_id().to_string()).collect::<BTreeSet<_>>(),
            basis: usize::try_from(size).unwrap(),
            basis_true: self.world.basis_at(room, size).is_ok_and(|basis| basis == statement.basis),
            not_after: statement.not_after,
            act: self.project_act(&statement.act),
        }
    }

    fn project_act(&self, act: &Act) -> model::Act {
        let text = ToString::to_string;
        match act {
            Act::Post(post) => model::Act::Post(post.epoch),
            Act::Charter(charter) => model::Act::Charter(project_charter(charter)),
            Act::Proposal(proposal) => model::Act::Propose {
                targets: proposal.targets.iter().map(|(target, _)| target.to_string()).collect(),
                quorum: usize::try_from(proposal.quorum).unwrap(),
                epoch: proposal.sealed.epoch,
            },
            Act::Approval { proposal, signatures } => {
                model::Act::Approve(proposal.to_string(), signatures.len())
            }
            Act::Rejection { proposal } => model::Act::Reject(proposal.to_string()),
            Act::Recall { post, .. } => model::Act::Recall(text(post)),
            Act::Acknowledgement(refs) => {
                let pair = |it: &tearline_ledger::id::Ref| (self.name(it.room), it.statement.to_string());
                model::Act::Acknowledge(refs.iter().map(pair).collect())
            }
        }
    }
}

fn project_charter(charter: &Charter) -> model::Charter {
    let project = |member: &tearline_ledger::charter::Member| {
        let plain = model::Member {
            role: member.name.role().to_string(),
            org: member.name.org().as_str().to_owned(),
            custodian: member.custodian,
            key: member.sign_key.key_id().to_string(),
            endorsed_by: member.endorsement.map(|it| it.key_id.to_string()),
        };
        (member.name.as_str().to_owned(), plain)
    };
    model::Charter {
        epoch: charter.epoch,
        quorum: usize::try_from(charter.quorum).unwrap(),
        members: charter.members.iter().map(project).collect(),
        succession: charter.succession,
    }
}
