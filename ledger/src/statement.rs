//! Statements: everything that a member can say in a room, as one well-formed value.
//!
//! Specification: `docs/spec.md`, section 3. A statement that parses is well-formed by itself; whether
//! it may stand where it stands is in `rules`.

use bytes::Bytes;
use prost::Message as _;
use tearline_proto::v1::{self, statement::Act as ActMessage};

use crate::{
    charter::{Charter, CharterError},
    digest::Digest,
    encoding::{self, EncodingError},
    envelope::{Envelope, EnvelopeError, PayloadType},
    id::{Identity, Ref, RoomId, StatementId},
    merkle::TreeSize,
    name::{MemberName, NameError},
};

/// Targets of one proposal, and so submissions of one call less one.
pub const TARGETS_MAX: usize = 63;
/// Posts that one acknowledgement refers to.
pub const ACKNOWLEDGED_MAX: usize = 256;
/// Manifest digests of one post: one for each room that has a party.
pub const MANIFESTS_MAX: usize = 64;

/// Why bytes are not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Not in the one encoding.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// The envelope around it is not well-formed.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// A name that is not one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A charter that is not one.
    #[error(transparent)]
    Charter(#[from] CharterError),
    /// A field that is missing, superfluous, of the wrong length or out of bounds.
    #[error("the statement's {0}")]
    Field(&'static str),
}

/// The history that a statement is made upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// How many entries; 0 only in a founding charter.
    pub size: TreeSize,
    /// The root of the tree of that size; all zero for size 0.
    pub root: Digest,
}

impl Basis {
    /// Before any history.
    pub const NOTHING: Self = Self { size: TreeSize(0), root: Digest([0; 32]) };
}

/// Sealed content, by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Of the room key.
    pub epoch: u64,
    /// Drawn at sealing.
    pub salt: [u8; 32],
    /// Commits to the content's key.
    pub key_commitment: Digest,
    /// SHA-256 of the sealed content.
    pub digest: Digest,
    /// Of the sealed content, in bytes.
    pub size: u64,
    /// Sealed attachments.
    pub attachments: Vec<Attachment>,
    /// When the content may be dropped, in seconds since 1970.
    pub content_until: Option<u64>,
    /// Manifest digests, ascending.
    pub manifests: Vec<Digest>,
}

/// A sealed attachment, by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachment {
    /// SHA-256 of the sealed attachment.
    pub digest: Digest,
    /// Of the sealed attachment, in bytes.
    pub size: u64,
}

/// What one officer would have the others sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Each target's identity, with the proposer's signature on it.
    pub targets: Vec<(Identity, [u8; 64])>,
    /// The targets themselves.
    pub sealed: Post,
    /// Signers at which it is enacted, the proposer among them.
    pub quorum: u32,
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A new constitution.
    Charter(Box<Charter>),
    /// Content.
    Post(Post),
    /// Asks the other officers.
    Proposal(Proposal),
    /// One more officer signs a proposal's targets, in order.
    Approval {
        /// The proposal.
        proposal: Identity,
        /// The author's signature on each target.
        signatures: Vec<[u8; 64]>,
    },
    /// Ends a proposal.
    Rejection {
        /// The proposal.
        proposal: Identity,
    },
    /// Takes a post back.
    Recall {
        /// The post.
        post: Identity,
        /// Its statement id.
        id: StatementId,
    },
    /// Says that posts have been read.
    Acknowledgement(Vec<Ref>),
}

impl Act {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Charter(_) => "charter",
            Self::Post(_) => "post",
            Self::Proposal(_) => "proposal",
            Self::Approval { .. } => "approval",
            Self::Rejection { .. } => "rejection",
            Self::Recall { .. } => "recall",
            Self::Acknowledgement(_) => "acknowledgement",
        }
    }
}

/// A well-formed statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Unique in its room.
    pub id: StatementId,
    /// The room; `None` in a founding charter.
    pub room: Option<RoomId>,
    /// Whose it is.
    pub author: MemberName,
    /// The history that the author had verified.
    pub basis: Basis,
    /// When it can no longer be accepted, in seconds since 1970.
    pub not_after: Option<u64>,
    /// What it does.
    pub act: Act,
}

impl Statement {
    /// Parses a statement's payload.
    pub fn parse(payload: &[u8]) -> Result<Self, StatementError> {
        let message: v1::Statement = encoding::decode("statement", payload)?;
        let field = StatementError::Field;
        let act = parse_act(message.act.ok_or(field("act is missing"))?)?;
        let founding = matches!(&act, Act::Charter(charter) if charter.founding.is_some());
        let room = match (message.room.is_empty(), founding) {
            (true, true) => None,
            (false, false) => Some(RoomId::from_slice(&message.room).ok_or(field("room is not 32 bytes"))?),
            _ => return Err(field("room is absent in a founding charter, and only there")),
        };
        let basis = match (message.basis_size, message.basis_root.is_empty()) {
            (0, true) if founding => Basis::NOTHING,
            (size, false) if size > 0 && !founding => Basis {
                size: TreeSize(size),
                root: Digest::from_slice(&message.basis_root).ok_or(field("basis_root is not 32 bytes"))?,
            },
            _ => return Err(field("basis is absent in a founding charter, and only there")),
        };
        let statement = Self {
            id: StatementId::from_slice(&message.id).ok_or(field("id is not 16 bytes"))?,
            room,
            author: message.author.parse()?,
            basis,
            not_after: (message.not_after != 0).then_some(message.not_after),
            act,
        };
        if matches!(statement.act, Act::Proposal(_)) && statement.not_after.is_none() {
            return Err(field("not_after is missing: a proposal has an end"));
        }
        Ok(statement)
    }

    /// The statement's one encoding.
    pub fn encode(&self) -> Bytes {
        let bytes = |slice: &[u8]| Bytes::copy_from_slice(slice);
        v1::Statement {
            id: bytes(self.id.as_bytes()),
            room: self.room.map(|room| bytes(room.as_bytes())).unwrap_or_default(),
            author: self.author.as_str().to_owned(),
            basis_size: self.basis.size.0,
            basis_root: if self.basis.size.0 == 0 { Bytes::new() } else { bytes(self.basis.root.as_bytes()) },
            not_after: self.not_after.unwrap_or(0),
            act: Some(act_message(&self.act)),
        }
        .encode_to_vec()
        .into()
    }

    /// The sealed content that belongs to it.
    pub fn sealed(&self) -> Option<&Post> {
        match &self.act {
            Act::Post(post) => Some(post),
            Act::Proposal(proposal) => Some(&proposal.sealed),
            _ => None,
        }
    }
}

/// A statement in its envelope, well-formed; nobody has verified its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was signed, and by whom.
    pub envelope: Envelope,
    /// The payload, parsed.
    pub statement: Statement,
}

impl Signed {
    /// Parses an encoded envelope that holds a statement.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::from_envelope(Envelope::parse(PayloadType::Statement, bytes)?)
    }

    /// Parses the statement in an envelope.
    pub fn from_envelope(envelope: Envelope) -> Result<Self, StatementError> {
        let statement = Statement::parse(envelope.payload())?;
        Ok(Self { envelope, statement })
    }

    /// Its identity.
    pub fn identity(&self) -> Identity {
        self.envelope.identity()
    }

    /// The room that it belongs to: for a founding charter, the one that it founds.
    pub fn room(&self) -> RoomId {
        self.statement.room.unwrap_or(RoomId(self.identity().0))
    }
}

fn signature(bytes: &Bytes) -> Result<[u8; 64], StatementError> {
    bytes
        .as_ref()
        .try_into()
        .map_err(|_| StatementError::Field("signatures on targets are not 64 bytes each"))
}

fn identity(bytes: &Bytes) -> Result<Identity, StatementError> {
    Identity::from_slice(bytes).ok_or(StatementError::Field("identities of statements are not 32 bytes each"))
}

fn parse_act(act: ActMessage) -> Result<Act, StatementError> {
    let field = StatementError::Field;
    Ok(match act {
        ActMessage::Charter(charter) => Act::Charter(Box::new(Charter::parse(charter)?)),
        ActMessage::Post(post) => Act::Post(parse_post(&post)?),
        ActMessage::Proposal(proposal) => Act::Proposal(parse_proposal(&proposal)?),
        ActMessage::Approval(approval) => {
            let signatures = approval.signatures.iter().map(signature).collect::<Result<Vec<_>, _>>()?;
            if signatures.is_empty() || signatures.len() > TARGETS_MAX {
                return Err(field("signatures on targets are not 1 to 63"));
            }
            Act::Approval { proposal: identity(&approval.proposal)?, signatures }
        }
        ActMessage::Rejection(rejection) => Act::Rejection { proposal: identity(&rejection.proposal)? },
        ActMessage::Recall(recall) => Act::Recall {
            post: identity(&recall.post)?,
            id: StatementId::from_slice(&recall.id).ok_or(field("recalled post's id is not 16 bytes"))?,
        },
        ActMessage::Acknowledgement(acknowledgement) => {
            let posts = acknowledgement.posts.iter().map(Ref::from_message).collect::<Option<Vec<_>>>();
            let posts = posts.ok_or(field("acknowledged posts have a field of the wrong length"))?;
            if posts.is_empty() || posts.len() > ACKNOWLEDGED_MAX {
                return Err(field("acknowledged posts are not 1 to 256"));
            }
            if !posts.iter().zip(posts.iter().skip(1)).all(|(a, b)| a < b) {
                return Err(field("acknowledged posts are not in ascending order"));
            }
            Act::Acknowledgement(posts)
        }
    })
}

fn parse_post(post: &v1::Post) -> Result<Post, StatementError> {
    let field = StatementError::Field;
    let digest = |bytes: &Bytes, what| Digest::from_slice(bytes).ok_or(field(what));
    let attachments = post
        .attachments
        .iter()
        .map(|attachment| {
            let digest = digest(&attachment.digest, "attachment digest is not 32 bytes")?;
            if attachment.size == 0 {
                return Err(field("attachment size is 0"));
            }
            Ok(Attachment { digest, size: attachment.size })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let manifests = post
        .manifests
        .iter()
        .map(|bytes| digest(bytes, "manifest digest is not 32 bytes"))
        .collect::<Result<Vec<_>, _>>()?;
    if manifests.len() > MANIFESTS_MAX || !manifests.iter().zip(manifests.iter().skip(1)).all(|(a, b)| a < b)
    {
        return Err(field("manifest digests are more than 64 or not ascending"));
    }
    if post.epoch == 0 || post.size == 0 {
        return Err(field("epoch or content size is 0"));
    }
    Ok(Post {
        epoch: post.epoch,
        salt: post.salt.as_ref().try_into().map_err(|_| field("salt is not 32 bytes"))?,
        key_commitment: digest(&post.key_commitment, "key_commitment is not 32 bytes")?,
        digest: digest(&post.digest, "content digest is not 32 bytes")?,
        size: post.size,
        attachments,
        content_until: (post.content_until != 0).then_some(post.content_until),
        manifests,
    })
}

fn parse_proposal(proposal: &v1::Proposal) -> Result<Proposal, StatementError> {
    let field = StatementError::Field;
    let count = proposal.targets.len();
    if count == 0 || count > TARGETS_MAX || count != proposal.signatures.len() {
        return Err(field("targets are not 1 to 63, each with one signature"));
    }
    let targets = proposal
        .targets
        .iter()
        .zip(&proposal.signatures)
        .map(|(target, bytes)| Ok((identity(target)?, signature(bytes)?)))
        .collect::<Result<Vec<_>, StatementError>>()?;
    let mut seen = std::collections::BTreeSet::new();
    if !targets.iter().all(|(target, _)| seen.insert(*target)) {
        return Err(field("targets have one twice"));
    }
    let sealed = parse_post(proposal.sealed.as_ref().ok_or(field("sealed part is missing"))?)?;
    if !sealed.manifests.is_empty() || !sealed.attachments.is_empty() || sealed.content_until.is_some() {
        return Err(field("sealed part has manifests, attachments or an end"));
    }
    Ok(Proposal { targets, sealed, quorum: proposal.quorum })
}

fn act_message(act: &Act) -> ActMessage {
    let bytes = |slice: &[u8]| Bytes::copy_from_slice(slice);
    match act {
        Act::Charter(charter) => ActMessage::Charter(charter.to_message()),
        Act::Post(post) => ActMessage::Post(post_message(post)),
        Act::Proposal(proposal) => ActMessage::Proposal(v1::Proposal {
            targets: proposal.targets.iter().map(|(target, _)| bytes(target.as_bytes())).collect(),
            signatures: proposal.targets.iter().map(|(_, signature)| bytes(signature)).collect(),
            sealed: Some(post_message(&proposal.sealed)),
            quorum: proposal.quorum,
        }),
        Act::Approval { proposal, signatures } => ActMessage::Approval(v1::Approval {
            proposal: bytes(proposal.as_bytes()),
            signatures: signatures.iter().map(|signature| bytes(signature)).collect(),
        }),
        Act::Rejection { proposal } => {
            ActMessage::Rejection(v1::Rejection { proposal: bytes(proposal.as_bytes()) })
        }
        Act::Recall { post, id } => {
            ActMessage::Recall(v1::Recall { post: bytes(post.as_bytes()), id: bytes(id.as_bytes()) })
        }
        Act::Acknowledgement(posts) => ActMessage::Acknowledgement(v1::Acknowledgement {
            posts: posts.iter().map(Ref::to_message).collect(),
        }),
    }
}

fn post_message(post: &Post) -> v1::Post {
    let bytes = |slice: &[u8]| Bytes::copy_from_slice(slice);
    v1::Post {
        epoch: post.epoch,
        salt: bytes(&post.salt),
        key_commitment: bytes(post.key_commitment.as_bytes()),
        digest: bytes(post.digest.as_bytes()),
        size: post.size,
        attachments: post
            .attachments
            .iter()
            .map(|attachment| v1::Attachment {
                digest: bytes(attachment.digest.as_bytes()),
                size: attachment.size,
            })
            .collect(),
        content_until: post.content_until.unwrap_or(0),
        manifests: post.manifests.iter().map(|digest| bytes(digest.as_bytes())).collect(),
    }
}
