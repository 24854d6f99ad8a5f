//! Who may do what: one function for each act.
//!
//! Specification: `docs/spec.md`, section 6.3. The charter's own rules are in `charters`.

use super::{
    CheckedEntry, Effect, EnactedTarget, Past, Refusal, charters,
    state::{Change, OpenProposal, PROPOSALS_MAX, RoomState, require_covered},
};
use crate::{
    charter::Member,
    id::{Identity, Ref, StatementId},
    name::Role,
    statement::{Act, Post, Proposal},
};

/// The longest time for which a proposal may be open: 7 days, in seconds.
pub(super) const PROPOSAL_AGE_MAX: u64 = 7 * 24 * 3600;

/// What the rules found of an admissible act.
pub(super) struct Judged {
    pub(super) by_quorum: bool,
    pub(super) effect: Effect,
    pub(super) change: Change,
}

impl Judged {
    fn plain(by_quorum: bool, effect: Effect) -> Self {
        Self { by_quorum, effect, change: Change::Nothing }
    }
}

pub(super) fn judge(
    state: &RoomState,
    entry: &CheckedEntry,
    past: &impl Past,
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let statement = &entry.checked.signed().statement;
    match &statement.act {
        Act::Charter(charter) => charters::succeed(state, entry, charter, signers),
        Act::Post(it) => post(state, entry, it, signers),
        Act::Proposal(it) => proposal(state, entry, it, signers),
        Act::Approval { proposal, signatures } => approval(state, entry, *proposal, signatures, signers),
        Act::Rejection { proposal } => rejection(state, entry, *proposal, signers),
        Act::Recall { post, id } => recall(state, entry, past, (*post, id), signers),
        Act::Acknowledgement(posts) => acknowledgement(state, entry, past, posts, signers),
    }
}

/// Exactly one signature, the author's.
fn one(act: &'static str, signers: &[&Member]) -> Result<(), Refusal> {
    if signers.len() == 1 { Ok(()) } else { Err(Refusal::NotOneSigner { act, count: signers.len() }) }
}

/// At least K mediators and nobody else, by an id that tells no more than the hour.
pub(super) fn quorum(
    act: &'static str,
    needed: u32,
    id: StatementId,
    signers: &[&Member],
) -> Result<(), Refusal> {
    let mediators = signers.iter().filter(|member| member.name.role() == Role::Mediator).count();
    let enough = usize::try_from(needed).is_ok_and(|needed| mediators >= needed);
    if mediators != signers.len() || !enough {
        return Err(Refusal::NoQuorum { act, needed, mediators, count: signers.len() });
    }
    if id.is_whole_hour() { Ok(()) } else { Err(Refusal::NotWholeHour) }
}

/// One mediator, in the chamber.
fn one_mediator_in_chamber(
    state: &RoomState,
    act: &'static str,
    elsewhere: &'static str,
    signers: &[&Member],
) -> Result<(), Refusal> {
    if !state.name().is_chamber() {
        return Err(Refusal::NotAllowed(elsewhere));
    }
    one(act, signers)?;
    if signers.iter().all(|member| member.name.role() == Role::Mediator) {
        Ok(())
    } else {
        Err(Refusal::NotAllowed("only a mediator proposes, approves or rejects"))
    }
}

fn sealed(state: &RoomState, accepted_at: u64, post: &Post) -> Result<(), Refusal> {
    let charter = state.charter();
    if post.epoch != charter.epoch {
        return Err(Refusal::Epoch { found: post.epoch, current: charter.epoch });
    }
    let limits = &charter.limits;
    if post.size > limits.content_bytes {
        return Err(Refusal::OverLimit("the content's size"));
    }
    if u32::try_from(post.attachments.len()).map_or(true, |count| count > limits.attachments) {
        return Err(Refusal::OverLimit("the number of attachments"));
    }
    if post.attachments.iter().any(|attachment| attachment.size > limits.attachment_bytes) {
        return Err(Refusal::OverLimit("an attachment's size"));
    }
    if post.content_until.is_some_and(|end| end <= accepted_at) {
        return Err(Refusal::Value("the content's end (content_until) is already past"));
    }
    Ok(())
}

fn post(
    state: &RoomState,
    entry: &CheckedEntry,
    post: &Post,
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let statement = &entry.checked.signed().statement;
    sealed(state, entry.accepted_at, post)?;
    let has_party = state.constitution().has_party();
    match statement.author.role() {
        Role::Auditor => return Err(Refusal::NotAllowed("an auditor does not post")),
        Role::Party => {
            one("a party's post", signers)?;
            if !post.manifests.is_empty() {
                return Err(Refusal::NotAllowed("only a mediator's post names manifests"));
            }
        }
        Role::Mediator if has_party => {
            quorum("a mediator's post", state.charter().quorum, statement.id, signers)?;
            if post.manifests.len() > 1 {
                return Err(Refusal::Value("a release names one manifest, its room's own"));
            }
        }
        Role::Mediator => one("a mediator's post", signers)?,
    }
    let by_quorum = has_party && statement.author.role() == Role::Mediator;
    Ok(Judged::plain(by_quorum, Effect::Posted))
}

fn proposal(
    state: &RoomState,
    entry: &CheckedEntry,
    proposal: &Proposal,
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let signed = entry.checked.signed();
    one_mediator_in_chamber(state, "a proposal", "a proposal belongs in the chamber", signers)?;
    sealed(state, entry.accepted_at, &proposal.sealed)?;
    let not_after = signed.statement.not_after.unwrap_or(0);
    if not_after > entry.accepted_at.saturating_add(PROPOSAL_AGE_MAX) {
        return Err(Refusal::Value("a proposal is open for at most 7 days"));
    }
    let mediators = state.charter().mediators().count();
    if proposal.quorum < state.charter().quorum
        || usize::try_from(proposal.quorum).map_or(true, |quorum| quorum > mediators)
    {
        return Err(Refusal::Value("a proposal's quorum is from the chamber's to the number of mediators"));
    }
    if state.proposals.values().filter(|open| open.not_after >= entry.accepted_at).count() >= PROPOSALS_MAX {
        return Err(Refusal::OverLimit("the number of open proposals"));
    }
    let key_ids = signed.envelope.signatures().iter().map(|signature| signature.key_id);
    let (targets, signatures): (Vec<_>, Vec<_>) = proposal.targets.iter().copied().unzip();
    let open = OpenProposal {
        index: state.size().0,
        author: signed.statement.author.clone(),
        quorum: proposal.quorum,
        not_after,
        targets,
        signatures: key_ids
            .map(|key_id| (signed.statement.author.clone(), key_id, signatures.clone()))
            .collect(),
    };
    let change = Change::Proposal(signed.identity(), Some(Box::new(open)));
    Ok(Judged { by_quorum: false, effect: Effect::Proposed, change })
}

/// The open proposal of this identity, within its time and covered by the statement's basis.
fn open<'a>(
    state: &'a RoomState,
    entry: &CheckedEntry,
    proposal: Identity,
) -> Result<&'a OpenProposal, Refusal> {
    let open = state.proposals.get(&proposal).filter(|open| open.not_after >= entry.accepted_at);
    let open = open.ok_or(Refusal::ProposalNotOpen)?;
    require_covered(entry.checked.signed().statement.basis, open.index)?;
    Ok(open)
}

fn approval(
    state: &RoomState,
    entry: &CheckedEntry,
    proposal: Identity,
    signatures: &[[u8; 64]],
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let signed = entry.checked.signed();
    let author = &signed.statement.author;
    one_mediator_in_chamber(state, "an approval", "an approval belongs in the chamber", signers)?;
    let mut open = open(state, entry, proposal)?.clone();
    if open.signatures.iter().any(|(name, ..)| name == author) {
        return Err(Refusal::AlreadySigned);
    }
    if open.quorum < state.charter().quorum {
        return Err(Refusal::Value("the quorum was raised after the proposal was made; propose anew"));
    }
    if signatures.len() != open.targets.len() {
        return Err(Refusal::Value("an approval has one signature for each target, in order"));
    }
    let key_ids = signed.envelope.signatures().iter().map(|signature| signature.key_id);
    open.signatures.extend(key_ids.map(|key_id| (author.clone(), key_id, signatures.to_vec())));
    if u32::try_from(open.signatures.len()).is_ok_and(|count| count < open.quorum) {
        let change = Change::Proposal(proposal, Some(Box::new(open)));
        return Ok(Judged { by_quorum: false, effect: Effect::Approved(proposal), change });
    }
    let targets = open
        .targets
        .iter()
        .enumerate()
        .map(|(at, identity)| EnactedTarget { identity: *identity, signatures: open.signatures_on(at) })
        .collect();
    let effect = Effect::Enacted { proposal, targets };
    Ok(Judged { by_quorum: false, effect, change: Change::Proposal(proposal, None) })
}

fn rejection(
    state: &RoomState,
    entry: &CheckedEntry,
    proposal: Identity,
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    one_mediator_in_chamber(state, "a rejection", "a rejection belongs in the chamber", signers)?;
    open(state, entry, proposal)?;
    let change = Change::Proposal(proposal, None);
    Ok(Judged { by_quorum: false, effect: Effect::Rejected(proposal), change })
}

fn recall(
    state: &RoomState,
    entry: &CheckedEntry,
    past: &impl Past,
    (identity, id): (Identity, &StatementId),
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let statement = &entry.checked.signed().statement;
    let found = past.find(id).filter(|found| found.identity == identity).ok_or(Refusal::NoSuchPost)?;
    let post_author = found.post_author.ok_or(Refusal::NoSuchPost)?;
    require_covered(statement.basis, found.index)?;
    if found.recalled {
        return Err(Refusal::AlreadyRecalled);
    }
    let effect = Effect::Recalled(found.index);
    if post_author.role() == Role::Party {
        one("the recall of a party's post", signers)?;
        let allowed = |member: &&Member| {
            member.name == post_author || (member.custodian && member.name.org() == post_author.org())
        };
        if !signers.iter().all(allowed) {
            return Err(Refusal::NotAllowed(
                "a party's post is recalled by its author or its party's custodian",
            ));
        }
        return Ok(Judged::plain(false, effect));
    }
    quorum("the recall of a mediator's post", state.charter().quorum, statement.id, signers)?;
    Ok(Judged::plain(true, effect))
}

fn acknowledgement(
    state: &RoomState,
    entry: &CheckedEntry,
    past: &impl Past,
    posts: &[Ref],
    signers: &[&Member],
) -> Result<Judged, Refusal> {
    let statement = &entry.checked.signed().statement;
    if state.constitution().own_room_of().is_none() {
        return Err(Refusal::NotAllowed("an acknowledgement belongs in a party's own room"));
    }
    one("an acknowledgement", signers)?;
    if !statement.author.role().reads_content() {
        return Err(Refusal::NotAllowed("an auditor reads nothing, and so acknowledges nothing"));
    }
    if statement.author.role() == Role::Mediator && posts.iter().any(|post| post.room != state.room()) {
        return Err(Refusal::NotAllowed("a mediator acknowledges in a party's room that room's posts only"));
    }
    for post in posts.iter().filter(|post| post.room == state.room()) {
        let found = past.find(&post.id).filter(|found| found.identity == post.statement);
        let found = found.filter(|found| found.post_author.is_some()).ok_or(Refusal::NoSuchPost)?;
        require_covered(statement.basis, found.index)?;
    }
    Ok(Judged::plain(false, Effect::Acknowledged))
}
