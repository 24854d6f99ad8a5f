//! Logs of one room with one fault (sections 5, 6 and 11). Nothing but the room itself is in them.

mod charters;
mod entries;

use anyhow::{Context as _, Result};
use tearline_ledger::{
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
    rules::VerifiedEntry,
    statement::{Act, Post, Statement},
};

use super::{Cut, Log, good};
use crate::{
    desk::{Desk, Desks},
    world::{World, sign},
};

/// The small world's room drc, to be falsified.
struct Base {
    world: World,
    drc: RoomId,
    taken: Vec<VerifiedEntry>,
    desks: Desks,
    now: u64,
}

impl Base {
    fn new() -> Result<Self> {
        let (world, drc, taken) = good::small()?;
        let (desks, now) = (world.desks.clone(), world.house.now());
        Ok(Self { world, drc, taken, desks, now })
    }

    fn cut(&self) -> Cut {
        Cut::of(&self.world).only(self.drc)
    }

    fn log(&self, name: &'static str, code: &'static str, cut: &Cut) -> Result<Log> {
        Ok(Log::new(name, Some(code), cut.write(self.world.log())?))
    }

    /// drc with this statement behind it, accepted now.
    fn with(
        &self,
        name: &'static str,
        code: &'static str,
        statement: &Statement,
        signers: &[&Desk],
    ) -> Result<Log> {
        let mut cut = self.cut();
        cut.enter(self.drc, self.now, &sign(statement, signers)?)?;
        self.log(name, code, &cut)
    }

    /// A post by drc's liaison.
    fn post(&self) -> Result<Statement> {
        self.world.clone().post(self.drc, &self.desks.drc_liaison, "One more")
    }

    fn taken(&self, at: usize) -> Result<&VerifiedEntry> {
        self.taken.get(at).context("too little was taken")
    }

    /// The same world after drc's custodian has removed its liaison: epoch 2.
    fn without_liaison(&self) -> Result<Self> {
        let mut world = self.world.clone();
        let delegation = &self.desks.drc_delegation;
        let charter = world.charter(self.drc, delegation, |charter| {
            charter.members.retain(|member| member.name != *self.desks.drc_liaison.name());
        })?;
        world.take(&charter, &[delegation])?;
        Ok(Self { world, drc: self.drc, taken: self.taken.clone(), desks: self.desks.clone(), now: self.now })
    }
}

fn sealed(statement: &mut Statement, change: impl FnOnce(&mut Post)) {
    if let Act::Post(post) = &mut statement.act {
        change(post);
    }
}

pub(super) fn logs() -> Result<Vec<Log>> {
    let base = Base::new()?;
    let mut out = entries::logs(&base)?;
    out.extend(bases(&base)?);
    out.extend(acts(&base)?);
    out.extend(quorum_raised(&base)?);
    out.extend(charters::logs(&base)?);
    Ok(out)
}

fn bases(base: &Base) -> Result<Vec<Log>> {
    let liaison = &base.desks.drc_liaison;
    let mut never = base.post()?;
    never.basis.root.0[0] ^= 1;
    let mut future = base.post()?;
    future.basis.size.0 += 1;
    let later = base.without_liaison()?;
    let delegation = &base.desks.drc_delegation;
    let mut before_charter = later.world.clone().post(base.drc, delegation, "Of the epoch before")?;
    before_charter.basis = later.world.basis_at(base.drc, 5)?;
    let mut old = base.post()?;
    old.basis = base.world.basis_at(base.drc, 4)?;
    let mut too_old = base.cut();
    too_old.enter(base.drc, base.now + 7 * 24 * 3600 + 1, &sign(&old, &[liaison])?)?;
    Ok(vec![
        base.with("basis-never-was", "BASIS_NEVER_WAS", &never, &[liaison])?,
        base.with("basis-in-future", "BASIS_IN_FUTURE", &future, &[liaison])?,
        later.with("basis-leaves-out-charter", "BASIS_LEAVES_OUT", &before_charter, &[delegation])?,
        base.log("basis-too-old", "BASIS_TOO_OLD", &too_old)?,
    ])
}

/// A proposal made before the chamber's quorum was raised, approved after.
fn quorum_raised(base: &Base) -> Result<Vec<Log>> {
    let mut world = base.world.clone();
    let Desks { washington, kinshasa, kigali, .. } = &base.desks;
    let chamber = world.house.chamber();
    let target = world.post(base.drc, kinshasa, "Proposed to two")?;
    let proposal = world.propose(kinshasa, vec![target])?;
    world.take(&proposal.statement, &[kinshasa])?;
    let charter = world.charter(chamber, washington, |charter| charter.quorum = 3)?;
    world.enact(vec![charter], washington, &[kigali])?;
    let approval = world.approval(washington, &proposal)?;
    let mut cut = Cut::of(&world).only(chamber);
    cut.enter(chamber, base.now, &sign(&approval, &[washington])?)?;
    Ok(vec![base.log("quorum-raised", "VALUE", &cut)?])
}

fn acts(base: &Base) -> Result<Vec<Log>> {
    let Desks { kinshasa, washington, drc_liaison: liaison, drc_delegation: delegation, monitor_1, .. } =
        &base.desks;
    let mut world = base.world.clone();
    let drc = base.drc;
    let release = world.post(drc, kinshasa, "By one only")?;
    let mut second = release.clone();
    second.id = StatementId::new(base.now - base.now % 3600 + 1, [1; 10]);
    let mut by_auditor = base.post()?;
    by_auditor.author = monitor_1.name().clone();
    let mut other_epoch = base.post()?;
    sealed(&mut other_epoch, |post| post.epoch = 2);
    let mut large = base.post()?;
    sealed(&mut large, |post| post.size = (1 << 20) + 1);
    let mut ended = base.post()?;
    sealed(&mut ended, |post| post.content_until = Some(base.now));
    let mut late = base.post()?;
    late.not_after = Some(base.now - 1);
    let recall = world.recall(liaison, base.taken(0)?)?;
    let unknown = {
        let mut recall = recall.clone();
        if let Act::Recall { id, .. } = &mut recall.act {
            *id = StatementId::new(0, [0; 10]);
        }
        recall
    };
    let mut recalled = base.cut();
    let again = world.recall(liaison, base.taken(0)?)?;
    recalled.enter(drc, base.now, &sign(&recall, &[liaison])?)?;
    recalled.enter(drc, base.now, &sign(&again, &[liaison])?)?;
    let rejection = Act::Rejection { proposal: base.taken(0)?.signed().identity() };
    let rejection = world.statement(drc, kinshasa, false, rejection)?;
    let chamber = base.world.house.chamber();
    let foreign =
        Ref { room: chamber, statement: Identity(Digest([1; 32])), id: StatementId::new(0, [0; 10]) };
    let foreign = world.statement(drc, kinshasa, false, Act::Acknowledgement(vec![foreign]))?;
    let not_open = Act::Rejection { proposal: base.taken(0)?.signed().identity() };
    let not_open = world.statement(chamber, kinshasa, false, not_open)?;
    let mut in_chamber = Cut::of(&base.world).only(chamber);
    in_chamber.enter(chamber, base.now, &sign(&not_open, &[kinshasa])?)?;
    let target = world.post(drc, kinshasa, "Proposed")?;
    let proposal = world.propose(kinshasa, vec![target])?;
    world.take(&proposal.statement, &[kinshasa])?;
    let own = world.approval(kinshasa, &proposal)?;
    let mut own_approval = Cut::of(&world).only(chamber);
    own_approval.enter(chamber, base.now, &sign(&own, &[kinshasa])?)?;
    Ok(vec![
        base.with("unmet-quorum", "NO_QUORUM", &release, &[kinshasa])?,
        base.with("quorum-with-a-party", "NO_QUORUM", &release, &[kinshasa, liaison])?,
        base.with("not-whole-hour", "NOT_WHOLE_HOUR", &second, &[kinshasa, washington])?,
        base.with("auditor-posts", "NOT_ALLOWED", &by_auditor, &[monitor_1])?,
        base.with("two-sign-a-party-post", "NOT_ONE_SIGNER", &base.post()?, &[liaison, delegation])?,
        base.with("author-did-not-sign", "AUTHOR_DID_NOT_SIGN", &base.post()?, &[delegation])?,
        base.with("another-epoch", "EPOCH", &other_epoch, &[liaison])?,
        base.with("over-limit", "OVER_LIMIT", &large, &[liaison])?,
        base.with("content-already-ended", "VALUE", &ended, &[liaison])?,
        base.with("too-late", "TOO_LATE", &late, &[liaison])?,
        base.with("recall-of-nothing", "NO_SUCH_POST", &unknown, &[liaison])?,
        base.log("recalled-twice", "ALREADY_RECALLED", &recalled)?,
        base.with("rejection-outside-the-chamber", "NOT_ALLOWED", &rejection, &[kinshasa])?,
        base.with("mediator-acknowledges-elsewhere", "NOT_ALLOWED", &foreign, &[kinshasa])?,
        base.log("rejection-of-nothing", "PROPOSAL_NOT_OPEN", &in_chamber)?,
        base.log("own-approval", "ALREADY_SIGNED", &own_approval)?,
    ])
}
