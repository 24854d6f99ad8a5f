//! The rules of a room: the one copy, by which the server admits, the client reads and the auditor
//! verifies.
//!
//! Specification: `docs/spec.md`, section 6. `apply` judges everything that can be judged without
//! opening content; it does no I/O and looks into the past only through [`Past`]. Rules on sealed text
//! are in `release`, those across rooms in `instance`.

mod acts;
mod charters;
mod check;
mod refusal;
mod snapshot;
mod state;
mod unit;

pub use check::{CheckedStatement, SignatureError, check};
pub use refusal::Refusal;
pub use snapshot::SnapshotError;
pub use state::{Constitution, OpenProposal, Purpose, RoomState};
pub use unit::Unit;

use self::acts::Judged;
use crate::{
    digest::Digest,
    entry::Entry,
    envelope::Signature,
    id::{Identity, RoomId, StatementId},
    merkle::TreeSize,
    name::MemberName,
    statement::{Act, Signed},
};

/// The history of one room, as whoever applies the rules has it. It need answer only for what is
/// already in the log.
pub trait Past {
    /// The root of the tree of this size; `None` if the log is shorter.
    fn root_at(&self, size: TreeSize) -> Option<Digest>;
    /// When the entry at this index was accepted; `None` if there is none.
    fn accepted_at(&self, index: u64) -> Option<u64>;
    /// The statement of this id; `None` if there is none.
    fn find(&self, id: &StatementId) -> Option<Found>;
}

/// A statement found by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub index: u64,
    /// Which one it is.
    pub identity: Identity,
    /// Its author, if it is a post.
    pub post_author: Option<MemberName>,
    /// Whether a later entry recalled it.
    pub recalled: bool,
}

/// A statement and the time at which it is accepted, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedEntry {
    /// Seconds since 1970.
    pub accepted_at: u64,
    /// Its signatures are verified.
    pub checked: CheckedStatement,
}

/// What an entry did to its room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The room exists.
    Founded,
    /// A new charter is in force.
    Chartered,
    /// Content was posted.
    Posted,
    /// A proposal is open.
    Proposed,
    /// One more officer approved; more are needed.
    Approved(Identity),
    /// The last officer needed approved: these statements must follow in the same call.
    Enacted {
        /// The proposal.
        proposal: Identity,
        /// Identities and exact signatures, in order.
        targets: Vec<EnactedTarget>,
    },
    /// A proposal was rejected, or withdrawn by its author.
    Rejected(Identity),
    /// The post at this index was recalled.
    Recalled(u64),
    /// Posts were acknowledged.
    Acknowledged,
}

/// A statement that an enacted proposal puts into its room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnactedTarget {
    /// Which statement.
    pub identity: Identity,
    /// Its signatures, ascending by key id: the proposer's and all approvers'.
    pub signatures: Vec<Signature>,
}

/// An entry that the rules admit where it stands. Only this module makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    room: RoomId,
    index: u64,
    accepted_at: u64,
    signed: Signed,
    signers: Vec<MemberName>,
    by_quorum: bool,
    effect: Effect,
}

impl VerifiedEntry {
    /// The room.
    pub fn room(&self) -> RoomId {
        self.room
    }

    /// Its index in the room's log.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Seconds since 1970.
    pub fn accepted_at(&self) -> u64 {
        self.accepted_at
    }

    /// The statement in its envelope.
    pub fn signed(&self) -> &Signed {
        &self.signed
    }

    /// Who signed, in the order of key ids.
    pub fn signers(&self) -> &[MemberName] {
        &self.signers
    }

    /// Whether it needed, and had, K mediators' signatures.
    pub fn by_quorum(&self) -> bool {
        self.by_quorum
    }

    /// What it did.
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// The entry as the log stores it.
    pub fn to_entry(&self) -> Entry {
        Entry::of_statement(self.accepted_at, self.signed.clone())
    }

    /// What a later look by its id finds; whether it was recalled is for the caller to keep.
    pub fn found(&self) -> Found {
        Found {
            index: self.index,
            identity: self.signed.identity(),
            post_author: matches!(self.signed.statement.act, Act::Post(_)).then(|| self.author_by_charter()),
            recalled: false,
        }
    }

    /// The author, who is among the signers, as the charter has the name: so that one copy serves all entries.
    fn author_by_charter(&self) -> MemberName {
        let author = &self.signed.statement.author;
        self.signers.iter().find(|signer| *signer == author).unwrap_or(author).clone()
    }

    /// Whether the room's state, beyond its size and time, is another than before.
    pub fn changes_state(&self) -> bool {
        !matches!(self.effect, Effect::Posted | Effect::Acknowledged | Effect::Recalled(_))
    }
}

/// Founds a room: judges its first entry.
pub fn found(entry: &CheckedEntry) -> Result<(RoomState, VerifiedEntry), Refusal> {
    let signed = entry.checked.signed();
    let (state, signers, by_quorum) = charters::found(entry)?;
    let verified = VerifiedEntry {
        room: state.room(),
        index: 0,
        accepted_at: entry.accepted_at,
        signed: signed.clone(),
        signers,
        by_quorum,
        effect: Effect::Founded,
    };
    Ok((state, verified))
}

/// Judges the next entry of a room. `state` is unchanged if it is refused.
pub fn apply(
    state: &mut RoomState,
    entry: &CheckedEntry,
    past: &impl Past,
) -> Result<VerifiedEntry, Refusal> {
    let (judged, signers) = judge(state, entry, past)?;
    Ok(advance(state, entry.clone(), judged, signers))
}

/// As [`apply`], of an entry that is not needed any more.
pub fn apply_owned(
    state: &mut RoomState,
    entry: CheckedEntry,
    past: &impl Past,
) -> Result<VerifiedEntry, Refusal> {
    let (judged, signers) = judge(state, &entry, past)?;
    Ok(advance(state, entry, judged, signers))
}

fn judge(
    state: &RoomState,
    entry: &CheckedEntry,
    past: &impl Past,
) -> Result<(Judged, Vec<MemberName>), Refusal> {
    let signed = entry.checked.signed();
    let statement = &signed.statement;
    if statement.room != Some(state.room()) {
        return Err(Refusal::OtherRoom);
    }
    if let Some(found) = past.find(&statement.id) {
        return Err(if found.identity == signed.identity() {
            Refusal::Repeated { index: found.index }
        } else {
            Refusal::IdTaken { index: found.index }
        });
    }
    if entry.accepted_at < state.last_accepted_at() {
        return Err(Refusal::TimeGoesBack);
    }
    if statement.not_after.is_some_and(|end| entry.accepted_at > end) {
        return Err(Refusal::TooLate);
    }
    check_basis(state, entry, past)?;
    let signers = state.constitution().signers(signed)?;
    let judged = acts::judge(state, entry, past, &signers)?;
    Ok((judged, signers.iter().map(|member| member.name.clone()).collect()))
}

fn advance(
    state: &mut RoomState,
    entry: CheckedEntry,
    judged: Judged,
    signers: Vec<MemberName>,
) -> VerifiedEntry {
    let (room, index, accepted_at) = (state.room(), state.size().0, entry.accepted_at);
    state.advance(&entry, judged.change);
    let (by_quorum, effect) = (judged.by_quorum, judged.effect);
    VerifiedEntry {
        room,
        index,
        accepted_at,
        signed: entry.checked.into_signed(),
        signers,
        by_quorum,
        effect,
    }
}

fn check_basis(state: &RoomState, entry: &CheckedEntry, past: &impl Past) -> Result<(), Refusal> {
    let basis = entry.checked.signed().statement.basis;
    if basis.size > state.size() {
        return Err(Refusal::BasisInFuture { basis: basis.size.0, size: state.size().0 });
    }
    if past.root_at(basis.size) != Some(basis.root) {
        return Err(Refusal::BasisNeverWas { basis: basis.size.0 });
    }
    state::require_covered(basis, state.constitution().charter_index())?;
    if basis.size < state.size() {
        let uncovered =
            past.accepted_at(basis.size.0).ok_or(Refusal::BasisNeverWas { basis: basis.size.0 })?;
        let age = state.constitution().charter().limits.basis_age;
        if uncovered.saturating_add(age) < entry.accepted_at {
            return Err(Refusal::BasisTooOld { basis: basis.size.0 });
        }
    }
    Ok(())
}
