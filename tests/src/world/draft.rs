//! Statements of every kind, as an honest client drafts them, upon the newest history.
//!
//! All fields are open, so that a test can falsify any of them before it is signed.

use anyhow::Result;
use prost::Message as _;
use tearline_ledger::{
    charter::{Charter, Founding, Limits, Member, Service},
    digest::Digest,
    id::{Ref, RoomId},
    name::Role,
    rules::VerifiedEntry,
    statement::{Act, Basis, Proposal, Statement},
};
use tearline_proto::v1;

use super::{Drafted, OPEN_FOR, World, identity, reference, signature};
use crate::desk::{Desk, domain};

impl World {
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
            log_vkey: self.log_vkey.clone(),
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
}
