//! Statements, made upon what this desk has verified, sealed and signed.
//!
//! Specification: `docs/spec.md`, sections 3 and 7. What is made here the rules may still refuse; who
//! must sign is theirs to say. Sending is `submit`'s affair.

pub mod charters;

use bytes::Bytes;
use tearline_ledger::{
    content::{Content, ContentError, Place},
    digest::Digest,
    envelope::{Envelope, EnvelopeError, PayloadType, Signature},
    id::{HOUR, Identity, Ref, RoomId, StatementId},
    keys::{NoRandomness, SigningKey, fresh},
    name::{MemberName, Role},
    release::OpenFault,
    roomkey::{RoomKeyError, RoomKeys},
    rules::RoomState,
    seal::{self, SealError},
    statement::{Act, Attachment, Basis, Post, Signed, Statement, StatementError},
};
use tearline_proto::v1;

/// Why a statement cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// The content is not in order, or does not belong here.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The content cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The room's keys cannot be wrapped.
    #[error(transparent)]
    RoomKey(#[from] RoomKeyError),
    /// This desk has no key of the room's epoch.
    #[error(
        "this desk has no key for epoch {epoch} of {room}: it was not admitted to it, or its wrap did not open"
    )]
    NoKey {
        /// The room's name.
        room: String,
        /// The epoch.
        epoch: u64,
    },
    /// Larger than the room accepts.
    #[error("the content takes {size} bytes sealed, and {room} accepts {max}: shorten it or attach a file")]
    TooLarge {
        /// The room's name.
        room: String,
        /// Sealed, in bytes.
        size: u64,
        /// The room's limit.
        max: u64,
    },
    /// No randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// What was made is not a well-formed statement.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Signatures that do not make an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A charter cannot have so many epochs.
    #[error("the room has no further epoch")]
    LastEpoch,
}

/// How much of the time of writing an id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    /// The second: for what one member signs alone.
    Second,
    /// The hour: for what needs K signatures, so that nobody reads deliberation from it.
    Hour,
}

/// A fresh id of this time.
pub fn new_id(now: u64, grain: Grain) -> Result<StatementId, NoRandomness> {
    let time = match grain {
        Grain::Second => now,
        Grain::Hour => now - now % HOUR,
    };
    Ok(StatementId::new(time, *fresh::<10>()?))
}

/// A statement with its sealed content, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    room: RoomId,
    statement: Statement,
    payload: Bytes,
    content: Option<Bytes>,
}

impl Draft {
    /// The draft of a statement; refused if the statement is not well-formed.
    pub fn new(statement: &Statement, content: Option<Bytes>) -> Result<Self, ComposeError> {
        Self::parse(statement.encode(), content)
    }

    /// The draft that this payload is: what another desk proposed.
    pub fn parse(payload: Bytes, content: Option<Bytes>) -> Result<Self, ComposeError> {
        let statement = Statement::parse(&payload)?;
        let room = statement.room.unwrap_or(RoomId(PayloadType::Statement.identity(&payload).0));
        Ok(Self { room, statement, payload, content })
    }

    /// The room: of a founding charter, the one that it founds.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// The statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// What is signed.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The sealed content.
    pub fn content(&self) -> Option<&Bytes> {
        self.content.as_ref()
    }

    /// The statement's identity.
    pub fn identity(&self) -> Identity {
        PayloadType::Statement.identity(&self.payload)
    }

    /// One member's signature on it.
    pub fn signature(&self, key: &SigningKey) -> Signature {
        Signature::make(PayloadType::Statement, &self.payload, key)
    }

    /// Signed by one member, ready to be sent.
    pub fn sign(self, key: &SigningKey) -> Result<Submission, ComposeError> {
        let signature = self.signature(key);
        self.with_signatures(vec![signature])
    }

    /// With the signatures of several, in any order, ready to be sent.
    pub fn with_signatures(self, signatures: Vec<Signature>) -> Result<Submission, ComposeError> {
        let envelope = Envelope::of(PayloadType::Statement, self.payload, signatures)?;
        Ok(Submission { signed: Signed::from_envelope(envelope)?, content: self.content })
    }
}

/// A signed statement with its sealed content, ready to be sent. Sent again, it is answered again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The statement in its envelope.
    pub signed: Signed,
    /// The sealed content of a post or proposal.
    pub content: Option<Bytes>,
}

impl Submission {
    /// As a message.
    pub fn to_message(&self) -> v1::Submission {
        v1::Submission {
            room: Bytes::copy_from_slice(self.signed.room().as_bytes()),
            envelope: self.signed.envelope.encode(),
            content: self.content.clone().unwrap_or_default(),
        }
    }
}

/// What a post says beside its content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostTerms {
    /// Sealed attachments, uploaded already.
    pub attachments: Vec<Attachment>,
    /// When the content may be dropped, in seconds since 1970.
    pub content_until: Option<u64>,
    /// Manifest digests, in any order.
    pub manifests: Vec<Digest>,
    /// When the post can no longer be accepted, in seconds since 1970.
    pub not_after: Option<u64>,
}

/// Who writes, in which room, upon which verified history.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The author.
    pub author: &'a MemberName,
    /// The room as the author has verified it.
    pub state: &'a RoomState,
    /// The newest head that the author has verified.
    pub basis: Basis,
    /// The author's clock, in seconds since 1970.
    pub now: u64,
}

impl Writer<'_> {
    /// A post of this content, sealed under the room's current key with a fresh salt.
    pub fn post(&self, keys: &RoomKeys, content: &Content, terms: PostTerms) -> Result<Draft, ComposeError> {
        content.check_place(&Place::new(self.author, self.state.name(), self.state.charter()))?;
        let quorum = self.author.role() == Role::Mediator && self.state.constitution().has_party();
        let id = new_id(self.now, if quorum { Grain::Hour } else { Grain::Second })?;
        let (mut post, sealed) = self.seal(keys, id, &content.encode())?;
        post.attachments = terms.attachments;
        post.content_until = terms.content_until;
        post.manifests = terms.manifests;
        post.manifests.sort_unstable();
        post.manifests.dedup();
        self.draft(id, terms.not_after, Act::Post(post), Some(sealed))
    }

    /// Says that posts have been read.
    pub fn acknowledgement(&self, mut posts: Vec<Ref>) -> Result<Draft, ComposeError> {
        posts.sort_unstable();
        posts.dedup();
        self.alone(Act::Acknowledgement(posts))
    }

    /// Ends a proposal.
    pub fn rejection(&self, proposal: Identity) -> Result<Draft, ComposeError> {
        self.alone(Act::Rejection { proposal })
    }

    /// Takes a post of the author's own party back.
    pub fn recall_own(&self, post: &Ref) -> Result<Draft, ComposeError> {
        self.alone(Act::Recall { post: post.statement, id: post.id })
    }

    /// Takes a mediator's post back; K mediators sign it.
    pub fn recall_by_quorum(&self, post: &Ref) -> Result<Draft, ComposeError> {
        let id = new_id(self.now, Grain::Hour)?;
        self.draft(id, None, Act::Recall { post: post.statement, id: post.id }, None)
    }

    /// Seals `plain` for the statement of this id, and says of it what the statement has to say.
    pub fn seal(
        &self,
        keys: &RoomKeys,
        id: StatementId,
        plain: &[u8],
    ) -> Result<(Post, Bytes), ComposeError> {
        let room = || self.state.name().as_str().to_owned();
        let charter = self.state.charter();
        let epoch = charter.epoch;
        let key = keys.get(epoch).ok_or_else(|| ComposeError::NoKey { room: room(), epoch })?;
        let (room_id, author) = (self.state.room(), self.author.as_str());
        let context = seal::Context { room: &room_id.0, epoch, id: id.as_bytes(), author };
        let sealed = seal::seal(key, &seal::fresh_salt()?, &context, plain)?;
        let (size, max) = (sealed.claim.size, charter.limits.content_bytes);
        if size > max {
            return Err(ComposeError::TooLarge { room: room(), size, max });
        }
        let post = Post {
            epoch,
            salt: sealed.claim.salt,
            key_commitment: Digest(sealed.claim.key_commitment),
            digest: sealed.claim.digest,
            size,
            attachments: Vec::new(),
            content_until: None,
            manifests: Vec::new(),
        };
        Ok((post, sealed.bytes.into()))
    }

    /// A statement of this room upon this basis.
    pub fn draft(
        &self,
        id: StatementId,
        not_after: Option<u64>,
        act: Act,
        content: Option<Bytes>,
    ) -> Result<Draft, ComposeError> {
        let (room, author) = (Some(self.state.room()), self.author.clone());
        Draft::new(&Statement { id, room, author, basis: self.basis, not_after, act }, content)
    }

    fn alone(&self, act: Act) -> Result<Draft, ComposeError> {
        self.draft(new_id(self.now, Grain::Second)?, None, act, None)
    }
}

/// Why sealed content does not open here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It does not open.
    #[error(transparent)]
    Sealed(#[from] OpenFault),
    /// Opens to something that is not content: the author is at fault.
    #[error("it opens, but its author did not follow the protocol: {0}")]
    Content(#[from] ContentError),
}
