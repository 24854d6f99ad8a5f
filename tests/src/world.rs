//! Builders of every kind of statement, and the Kivu scenario's rooms, founded and ready.
//!
//! A statement is made here as an honest client makes it, with really sealed content and real wraps;
//! all its fields are open, so that a test can falsify any of them before it is signed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use prost::Message as _;
use tearline_ledger::{
    charter::{Charter, Founding, Limits, Member, Service},
    digest::{Digest, frame_digest},
    envelope::{Envelope, PayloadType, Signature},
    id::{HOUR, Identity, Ref, RoomId, StatementId},
    merkle::TreeSize,
    name::Role,
    roomkey::{NewEpoch, RoomKeys},
    rules::{RoomState, VerifiedEntry},
    seal,
    statement::{Act, Basis, Post, Proposal, Signed, Statement},
    wrap::RoomKey,
};
use tearline_proto::v1;

use crate::{
    desk::{Desk, Desks, domain},
    house::{House, LogKey, NotTaken},
};

/// When the world begins: 14 November 2023, 22:00 UTC, in seconds since 1970; a whole hour.
pub const START: u64 = 472_222 * HOUR;

/// How long a drafted proposal is open, in seconds.
pub const OPEN_FOR: u64 = 24 * HOUR;

/// A proposal with the statements that it would enact.
#[derive(Debug, Clone)]
pub struct Drafted {
    /// The proposal.
    pub statement: Statement,
    /// Its targets, in order.
    pub targets: Vec<Statement>,
}

/// The desks, their rooms, and all that they would know together.
#[derive(Debug, Clone)]
pub struct World {
    /// The rooms.
    pub house: House,
    /// Everyone.
    pub desks: Desks,
    log: Arc<LogKey>,
    /// By their commitments.
    room_keys: HashMap<Digest, RoomKey>,
    /// Sealed content by its digest.
    contents: HashMap<Digest, Bytes>,
    /// Of charters drafted since the last proposal.
    seed: [u8; 32],
    drawn: u64,
}

impl World {
    /// The chamber alone, founded by all three mediators with quorum 2; the auditors are in it.
    pub fn chamber_only() -> Result<Self> {
        let mut world = Self {
            house: House::new(RoomId(Digest::default()), START),
            desks: Desks::new()?,
            log: Arc::new(LogKey::from_seed(&[0x10; 32])),
            room_keys: HashMap::new(),
            contents: HashMap::new(),
            seed: [0; 32],
            drawn: 0,
        };
        world.seed = world.draw();
        let desks = world.desks.clone();
        let members = world.members_with(&[]);
        let charter = world.founding("chamber", 2, members, &desks.washington)?;
        let signed = sign(&charter, &desks.mediators())?;
        world.house = House::new(signed.room(), START);
        world.house.append(&[submission(&signed)])?;
        Ok(world)
    }

    /// The Kivu scenario's rooms: chamber, drc, rwanda and plenary, everyone in its place.
    pub fn kivu() -> Result<Self> {
        let mut world = Self::chamber_only()?;
        let Desks { washington, kinshasa, .. } = world.desks.clone();
        for (name, parties) in
            [("drc", vec!["drc"]), ("rwanda", vec!["rwanda"]), ("plenary", vec!["drc", "rwanda"])]
        {
            let members = world.members_with(&parties);
            let charter = world.founding(name, 2, members, &washington)?;
            world.enact(vec![charter], &washington, &[&kinshasa])?;
        }
        Ok(world)
    }

    /// Mediators, auditors, and the desks of these parties.
    pub fn members_with(&self, parties: &[&str]) -> Vec<Member> {
        let desks = &self.desks;
        let of_party = desks.drc().into_iter().chain(desks.rwanda());
        let of_party = of_party.filter(|desk| parties.contains(&desk.name().org().as_str()));
        desks.mediators().into_iter().chain(desks.auditors()).chain(of_party).map(Desk::member).collect()
    }

    /// The room of this name.
    pub fn room(&self, name: &str) -> Result<RoomId> {
        let named = |state: &RoomState| state.name().as_str() == name;
        let mut rooms = self.house.rooms().filter(|(_, room)| room.replay().state().is_some_and(named));
        rooms.next().map(|(id, _)| id).with_context(|| format!("there is no room {name}"))
    }

    /// The state of a room.
    pub fn state(&self, room: RoomId) -> Result<&RoomState> {
        self.house.state(room).with_context(|| format!("there is no room {room}"))
    }

    /// The key of the room's current epoch.
    pub fn room_key(&self, room: RoomId) -> Result<&RoomKey> {
        let commitment = self.state(room)?.charter().key_commitment;
        self.room_keys.get(&commitment).context("the room's key was not drafted here")
    }

    /// The sealed content of this digest.
    pub fn content(&self, digest: &Digest) -> Option<&Bytes> {
        self.contents.get(digest)
    }

    /// The log's key.
    pub fn log(&self) -> &LogKey {
        &self.log
    }

    /// Lets time pass, in seconds.
    pub fn pass(&mut self, seconds: u64) {
        self.house.set_now(self.house.now() + seconds);
    }

    /// The room's whole history.
    pub fn basis(&self, room: RoomId) -> Result<Basis> {
        self.basis_at(room, self.state(room)?.size().0)
    }

    /// The room's first `size` entries.
    pub fn basis_at(&self, room: RoomId, size: u64) -> Result<Basis> {
        let tree = self.house.room(room).context("there is no such room")?.replay().tree();
        let size = TreeSize(size);
        Ok(Basis { size, root: tree.root_at(size).context("the room was never so long")? })
    }

    /// 32 bytes that were not drawn before, the same in every run.
    pub fn draw(&mut self) -> [u8; 32] {
        self.drawn += 1;
        frame_digest(&[b"drawn", &self.drawn.to_be_bytes()]).0
    }

    /// A new id of the present second, or if `hourly` of the present hour.
    pub fn id(&mut self, hourly: bool) -> StatementId {
        let now = self.house.now();
        let random = self.draw();
        let random = *random.first_chunk::<10>().unwrap_or(&[0; 10]);
        StatementId::new(if hourly { now - now % HOUR } else { now }, random)
    }

    /// Any act of anyone in a room, upon the room's newest history.
    pub fn statement(&mut self, room: RoomId, author: &Desk, hourly: bool, act: Act) -> Result<Statement> {
        let basis = self.basis(room)?;
        let id = self.id(hourly);
        Ok(Statement { id, room: Some(room), author: author.name().clone(), basis, not_after: None, act })
    }

    /// A note, sealed for the room; by a mediator in a room with a party, with an id of the hour.
    pub fn post(&mut self, room: RoomId, author: &Desk, text: &str) -> Result<Statement> {
        let note = v1::Note { text: text.to_owned() };
        let content = v1::Content {
            written_at: self.house.now(),
            precedence: v1::Precedence::Routine.into(),
            subject: text.to_owned(),
            kind: Some(v1::content::Kind::Note(note)),
            ..v1::Content::default()
        };
        let by_quorum =
            author.name().role() == Role::Mediator && self.state(room)?.constitution().has_party();
        let id = self.id(by_quorum);
        let post = self.seal(room, id, author, &content.encode_to_vec())?;
        let mut statement = self.statement(room, author, by_quorum, Act::Post(post))?;
        statement.id = id;
        Ok(statement)
    }

    /// Seals content for a room's current epoch; [`Self::content`] has the sealed bytes from then on.
    pub fn seal(&mut self, room: RoomId, id: StatementId, author: &Desk, plain: &[u8]) -> Result<Post> {
        let salt = self.draw();
        let epoch = self.state(room)?.charter().epoch;
        let context =
            seal::Context { room: &room.0, epoch, id: id.as_bytes(), author: author.name().as_str() };
        let sealed = seal::seal(self.room_key(room)?, &salt, &context, plain)?;
        self.contents.insert(sealed.claim.digest, sealed.bytes.into());
        Ok(Post {
            epoch,
            salt,
            key_commitment: Digest(sealed.claim.key_commitment),
            digest: sealed.claim.digest,
            size: sealed.claim.size,
            attachments: Vec::new(),
            content_until: None,
            manifests: Vec::new(),
        })
    }

    /// A room's founding charter; keys are made and wrapped, members sorted.
    pub fn founding(
        &mut self,
        name: &str,
        quorum: u32,
        members: Vec<Member>,
        author: &Desk,
    ) -> Result<Statement> {
        let domain = domain()?;
        let mut charter = Charter {
            founding: Some(Founding { domain: domain.clone(), name: name.parse()?, nonce: self.draw() }),
            epoch: 1,
            quorum,
            log_vkey: self.log.vkey(&domain)?,
            limits: Limits::default(),
            key_commitment: Digest::default(),
            members,
            succession: false,
            service: Service { address: "localhost:7443".to_owned(), authority: Digest([0xca; 32]) },
        };
        self.rekey(None, &mut charter)?;
        Ok(Statement {
            id: self.id(true),
            room: None,
            author: author.name().clone(),
            basis: Basis::NOTHING,
            not_after: None,
            act: Act::Charter(Box::new(charter)),
        })
    }

    /// The charter that follows upon a room's, with this change; by a mediator with an id of the hour.
    pub fn charter(
        &mut self,
        room: RoomId,
        author: &Desk,
        change: impl FnOnce(&mut Charter),
    ) -> Result<Statement> {
        let mut charter = self.state(room)?.charter().clone();
        charter.founding = None;
        charter.epoch += 1;
        charter.succession = false;
        change(&mut charter);
        self.rekey(Some(room), &mut charter)?;
        let hourly = author.name().role() == Role::Mediator;
        self.statement(room, author, hourly, Act::Charter(Box::new(charter)))
    }

    /// Sorts a charter's members, and gives it a new key by the seed of the next proposal.
    pub fn rekey(&mut self, room: Option<RoomId>, charter: &mut Charter) -> Result<()> {
        charter.members.sort_by(|a, b| a.name.cmp(&b.name));
        let seed = self.seed;
        let epoch = NewEpoch {
            seed: &seed,
            room_or_nonce: tearline_ledger::roomkey::room_or_nonce(room, charter),
            epoch: charter.epoch,
            earlier: &RoomKeys::new(),
            grants: &BTreeMap::new(),
        };
        epoch.wrap_for(&mut charter.members)?;
        let (key, commitment) = epoch.key();
        charter.key_commitment = commitment;
        self.room_keys.insert(commitment, key);
        Ok(())
    }

    /// A proposal to enact these, open for [`OPEN_FOR`], at the chamber's quorum.
    pub fn propose(&mut self, author: &Desk, targets: Vec<Statement>) -> Result<Drafted> {
        let chamber = self.house.chamber();
        let next_seed = self.draw();
        let proposed = v1::Proposed {
            targets: targets.iter().map(|target| self.proposed_target(target)).collect(),
            seed: std::mem::replace(&mut self.seed, next_seed).to_vec().into(),
            ..v1::Proposed::default()
        };
        let id = self.id(false);
        let proposal = Proposal {
            targets: targets.iter().map(|target| (identity(target), signature(target, author))).collect(),
            sealed: self.seal(chamber, id, author, &proposed.encode_to_vec())?,
            quorum: self.state(chamber)?.charter().quorum,
        };
        let mut statement = self.statement(chamber, author, false, Act::Proposal(proposal))?;
        statement.id = id;
        statement.not_after = Some(self.house.now() + OPEN_FOR);
        Ok(Drafted { statement, targets })
    }

    fn proposed_target(&self, target: &Statement) -> v1::Target {
        let content = target.sealed().and_then(|post| self.contents.get(&post.digest));
        let room = target.room.unwrap_or(RoomId(identity(target).0));
        v1::Target {
            room: room.as_bytes().to_vec().into(),
            statement: target.encode(),
            content: content.cloned().unwrap_or_default(),
        }
    }

    /// An approval of a proposal that stands in the chamber.
    pub fn approval(&mut self, author: &Desk, proposal: &Drafted) -> Result<Statement> {
        let act = Act::Approval {
            proposal: identity(&proposal.statement),
            signatures: proposal.targets.iter().map(|target| signature(target, author)).collect(),
        };
        self.statement(self.house.chamber(), author, false, act)
    }

    /// A rejection, or by its author a withdrawal, of a proposal.
    pub fn rejection(&mut self, author: &Desk, proposal: &Drafted) -> Result<Statement> {
        let act = Act::Rejection { proposal: identity(&proposal.statement) };
        self.statement(self.house.chamber(), author, false, act)
    }

    /// A recall of a post in the same room; by a mediator with an id of the hour.
    pub fn recall(&mut self, author: &Desk, post: &VerifiedEntry) -> Result<Statement> {
        let act = Act::Recall { post: post.signed().identity(), id: post.signed().statement.id };
        self.statement(post.room(), author, author.name().role() == Role::Mediator, act)
    }

    /// An acknowledgement, in `room`, of posts of any rooms.
    pub fn acknowledgement(
        &mut self,
        room: RoomId,
        author: &Desk,
        posts: &[&VerifiedEntry],
    ) -> Result<Statement> {
        let mut refs: Vec<Ref> = posts.iter().map(|post| reference(post)).collect();
        refs.sort();
        self.statement(room, author, false, Act::Acknowledgement(refs))
    }

    /// Signs a statement and sends it alone. The outer error is of the fixture, the inner the answer.
    pub fn send(
        &mut self,
        statement: &Statement,
        signers: &[&Desk],
    ) -> Result<Result<VerifiedEntry, NotTaken>> {
        let signed = sign(statement, signers)?;
        let taken = self.house.append(&[submission(&signed)]);
        Ok(taken.and_then(|mut taken| taken.pop().ok_or(NotTaken::ReplayDiffers)))
    }

    /// As [`Self::send`], of what must be taken.
    pub fn take(&mut self, statement: &Statement, signers: &[&Desk]) -> Result<VerifiedEntry> {
        Ok(self.send(statement, signers)??)
    }

    /// Proposes and approves; the last approver sends the targets along. Gives what was taken then.
    pub fn enact(
        &mut self,
        targets: Vec<Statement>,
        proposer: &Desk,
        approvers: &[&Desk],
    ) -> Result<Vec<VerifiedEntry>> {
        let proposal = self.propose(proposer, targets)?;
        self.take(&proposal.statement, &[proposer])?;
        let (last, before) = approvers.split_last().context("no approver")?;
        for approver in before {
            let approval = self.approval(approver, &proposal)?;
            self.take(&approval, &[approver])?;
        }
        let signers: Vec<&Desk> = [proposer].into_iter().chain(approvers.iter().copied()).collect();
        let call = self.last_call(last, &proposal, &signers)?;
        Ok(self.house.append(&call)?)
    }

    /// What the K-th approver sends: its approval, then each target signed by all of `signers`.
    pub fn last_call(
        &mut self,
        approver: &Desk,
        proposal: &Drafted,
        signers: &[&Desk],
    ) -> Result<Vec<(RoomId, Bytes)>> {
        let approval = sign(&self.approval(approver, proposal)?, &[approver])?;
        let mut call = vec![submission(&approval)];
        for target in &proposal.targets {
            call.push(submission(&sign(target, signers)?));
        }
        Ok(call)
    }
}

/// A statement in its envelope, signed by these desks.
pub fn sign(statement: &Statement, signers: &[&Desk]) -> Result<Signed> {
    let payload = statement.encode();
    let make = |desk: &&Desk| Signature::make(PayloadType::Statement, &payload, desk.sign_key());
    let signatures = signers.iter().map(make).collect();
    Ok(Signed::from_envelope(Envelope::of(PayloadType::Statement, payload, signatures)?)?)
}

/// What is sent to a server of a signed statement.
pub fn submission(signed: &Signed) -> (RoomId, Bytes) {
    (signed.room(), signed.envelope.encode())
}

/// A statement's identity, before anyone has signed it.
pub fn identity(statement: &Statement) -> Identity {
    PayloadType::Statement.identity(&statement.encode())
}

/// A desk's signature on a statement, as proposals and approvals hold it.
pub fn signature(statement: &Statement, desk: &Desk) -> [u8; 64] {
    Signature::make(PayloadType::Statement, &statement.encode(), desk.sign_key()).bytes
}

/// A reference to a statement that stands.
pub fn reference(entry: &VerifiedEntry) -> Ref {
    let signed = entry.signed();
    Ref { room: entry.room(), statement: signed.identity(), id: signed.statement.id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scenarios_rooms_are_founded_and_agree() {
        let world = World::kivu().unwrap();
        for (name, members) in [("chamber", 5), ("drc", 7), ("rwanda", 7), ("plenary", 9)] {
            let state = world.state(world.room(name).unwrap()).unwrap();
            assert_eq!(state.charter().members.len(), members, "{name}");
        }
        assert_eq!(world.house.rooms().count(), 4);
    }

    #[test]
    fn two_worlds_are_the_same() {
        let rooms = |world: World| world.house.rooms().map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(rooms(World::kivu().unwrap()), rooms(World::kivu().unwrap()));
    }

    #[test]
    fn each_member_opens_its_wrap_and_what_is_posted() {
        let mut world = World::kivu().unwrap();
        let room = world.room("drc").unwrap();
        let drc = world.desks.drc_liaison.clone();
        let post = world.post(room, &drc, "a column of 40 vehicles").unwrap();
        let mut keys = RoomKeys::new();
        let charter = world.state(room).unwrap().charter();
        keys.learn(room, charter, drc.name(), drc.seal_key().unwrap()).unwrap();
        assert_eq!(keys.get(1).unwrap().expose(), world.room_key(room).unwrap().expose());
        let sealed = post.sealed().unwrap();
        let id = post.id;
        let context =
            seal::Context { room: &room.0, epoch: 1, id: id.as_bytes(), author: drc.name().as_str() };
        let claim = seal::Claim {
            salt: sealed.salt,
            key_commitment: sealed.key_commitment.0,
            digest: sealed.digest,
            size: sealed.size,
        };
        let bytes = world.content(&sealed.digest).unwrap();
        assert!(seal::open(keys.get(1).unwrap(), &context, &claim, bytes).is_ok());
    }

    #[test]
    fn a_checkpoint_is_of_the_room_and_by_the_log() {
        let world = World::kivu().unwrap();
        let room = world.room("drc").unwrap();
        let checkpoint = world.house.checkpoint(room, world.log()).unwrap().unwrap();
        assert_eq!(checkpoint.size(), TreeSize(1));
        assert_eq!(checkpoint.root(), world.basis(room).unwrap().root);
    }
}
