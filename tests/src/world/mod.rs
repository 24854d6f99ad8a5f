//! The Kivu scenario's rooms, founded and ready, and all that its desks would know together.
//!
//! Content is really sealed and room keys are really wrapped. What each desk would say is in `draft`.

mod draft;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use tearline_ledger::{
    charter::{Charter, Member},
    digest::{Digest, frame_digest},
    envelope::{Envelope, PayloadType, Signature},
    id::{HOUR, Identity, Ref, RoomId, StatementId},
    merkle::TreeSize,
    note::VerifierKey,
    roomkey::{NewEpoch, RoomKeys},
    rules::{Refusal, RoomState, VerifiedEntry},
    seal,
    statement::{Basis, Post, Signed, Statement},
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
    log_vkey: VerifierKey,
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
        let log = LogKey::from_seed(&[0x10; 32]);
        let log_vkey = log.vkey(&domain()?)?;
        let (mut world, founding) = Self::to_be_founded(Desks::new()?, log_vkey, START)?;
        world.log = Arc::new(log);
        world.house.append(&[submission(&founding)])?;
        Ok(world)
    }

    /// As [`Self::kivu`], where washington has proposed a post to drc and one to the plenary.
    pub fn with_proposal() -> Result<(Self, Drafted)> {
        let mut world = Self::kivu()?;
        let washington = world.desks.washington.clone();
        let mut targets = Vec::new();
        for name in ["drc", "plenary"] {
            let room = world.room(name)?;
            targets.push(world.post(room, &washington, "cease-fire")?);
        }
        let drafted = world.propose(&washington, targets)?;
        world.take(&drafted.statement, &[&washington])?;
        Ok((world, drafted))
    }

    /// No rooms yet, and what founds the chamber. Charters name this key as the log's.
    pub fn to_be_founded(desks: Desks, log_vkey: VerifierKey, now: u64) -> Result<(Self, Signed)> {
        let mut world = Self {
            house: House::new(RoomId(Digest::default()), now),
            desks,
            log: Arc::new(LogKey::from_seed(&[0; 32])),
            log_vkey,
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
        world.house = House::new(signed.room(), now);
        Ok((world, signed))
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

    /// What goes over the wire of a call: each statement with the content that was sealed for it here.
    pub fn request(&self, call: &[(RoomId, Bytes)]) -> Result<v1::AppendRequest> {
        let submissions = call.iter().map(|(room, envelope)| {
            let signed = Signed::parse(envelope)?;
            let content = signed.statement.sealed().and_then(|post| self.contents.get(&post.digest));
            Ok(v1::Submission {
                room: room.as_bytes().to_vec().into(),
                envelope: envelope.clone(),
                content: content.cloned().unwrap_or_default(),
            })
        });
        Ok(v1::AppendRequest { submissions: submissions.collect::<Result<_>>()? })
    }

    /// The log's key, of a world that is its own server.
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

    /// Why the rules refuse a statement that is sent alone; an error if they do not, or others do.
    pub fn refusal(&mut self, statement: &Statement, signers: &[&Desk]) -> Result<Refusal> {
        self.call_refusal(&[submission(&sign(statement, signers)?)])
    }

    /// Why the rules refuse a call; an error if they do not, or others do.
    pub fn call_refusal(&mut self, call: &[(RoomId, Bytes)]) -> Result<Refusal> {
        match self.house.append(call) {
            Err(NotTaken::Refused { refusal, .. }) => Ok(refusal),
            Err(other) => Err(other.into()),
            Ok(_) => bail!("it was taken"),
        }
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
