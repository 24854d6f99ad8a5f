//! Good logs, and the worlds that all logs are made from.

use anyhow::{Context as _, Result};
use tearline_ledger::{id::RoomId, name::Role, rules::VerifiedEntry};

use super::{Cut, Log};
use crate::{desk::Desk, world::World};

/// The chamber and the own rooms of these parties.
pub(super) fn rooms(parties: &[&str]) -> Result<World> {
    let mut world = World::chamber_only()?;
    let (washington, kinshasa) = (world.desks.washington.clone(), world.desks.kinshasa.clone());
    for party in parties {
        let members = world.members_with(&[party]);
        let charter = world.founding(party, 2, members, &washington)?;
        world.enact(vec![charter], &washington, &[&kinshasa])?;
    }
    Ok(world)
}

/// Chamber and drc: a post, a release, an acknowledgement of it, another post: drc#1 to drc#4.
pub(super) fn small() -> Result<(World, RoomId, Vec<VerifiedEntry>)> {
    let mut world = rooms(&["drc"])?;
    let drc = world.room("drc")?;
    let desks = world.desks.clone();
    let mut taken = Vec::new();
    world.pass(60);
    let post = world.post(drc, &desks.drc_liaison, "A column of about 40 vehicles")?;
    taken.push(world.take(&post, &[&desks.drc_liaison])?);
    world.pass(60);
    let release = world.post(drc, &desks.kinshasa, "It is a rotation")?;
    let mut enacted = world.enact(vec![release], &desks.kinshasa, &[&desks.washington])?;
    taken.push(enacted.pop().context("nothing was enacted")?);
    world.pass(60);
    let read: Vec<&VerifiedEntry> = taken.iter().skip(1).collect();
    let ack = world.acknowledgement(drc, &desks.drc_liaison, &read)?;
    taken.push(world.take(&ack, &[&desks.drc_liaison])?);
    world.pass(60);
    let post = world.post(drc, &desks.drc_delegation, "Thank you")?;
    taken.push(world.take(&post, &[&desks.drc_delegation])?);
    Ok((world, drc, taken))
}

pub(super) fn logs() -> Result<Vec<Log>> {
    let (world, drc, taken) = small()?;
    let write = |name, cut: &Cut| Ok::<_, anyhow::Error>(Log::new(name, None, cut.write(world.log())?));
    let cut = Cut::of(&world);
    let mut no_content = cut.clone();
    no_content.part(drc)?.entries.iter_mut().for_each(|row| row.content = None);
    let mut with_access = cut.clone();
    let (chamber, now) = (world.house.chamber(), world.house.now());
    with_access.add_access(chamber, world.desks.kinshasa.name(), drc, &[now, now, now + 1]);
    with_access.add_access(chamber, world.desks.monitor_1.name(), chamber, &[]);
    with_access.add_access(drc, world.desks.drc_liaison.name(), drc, &[now]);
    Ok(vec![
        write("small", &cut)?,
        write("without-content", &no_content)?,
        write("access", &with_access)?,
        acts(world.clone(), drc, &taken)?,
        charters(world.clone(), drc)?,
        joint_release()?,
    ])
}

/// Every act that `small` does not have.
fn acts(mut world: World, drc: RoomId, taken: &[VerifiedEntry]) -> Result<Log> {
    let desks = world.desks.clone();
    let [own, released, ..] = taken else { anyhow::bail!("too little was taken") };
    let recall = world.recall(&desks.drc_delegation, own)?;
    world.take(&recall, &[&desks.drc_delegation])?;
    let recall = world.recall(&desks.kinshasa, released)?;
    world.enact(vec![recall], &desks.kinshasa, &[&desks.kigali])?;
    let target = world.post(drc, &desks.kigali, "Never mind")?;
    let proposal = world.propose(&desks.kigali, vec![target])?;
    world.take(&proposal.statement, &[&desks.kigali])?;
    let rejection = world.rejection(&desks.washington, &proposal)?;
    world.take(&rejection, &[&desks.washington])?;
    let chamber = world.house.chamber();
    let note = world.post(chamber, &desks.washington, "Among ourselves")?;
    world.take(&note, &[&desks.washington])?;
    Ok(Log::new("acts", None, Cut::of(&world).write(world.log())?))
}

/// A member added with its custodian's endorsement, keys changed, a member removed by the custodian.
fn charters(mut world: World, drc: RoomId) -> Result<Log> {
    let desks = world.desks.clone();
    let new = Desk::new(Role::Party, "drc/embassy")?.member_endorsed_by(&desks.drc_delegation);
    let charter = world.charter(drc, &desks.washington, |charter| charter.members.push(new))?;
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa])?;
    let renewed = desks.drc_liaison.renewed(1)?.member_endorsed_by(&desks.drc_delegation);
    let charter = world.charter(drc, &desks.kinshasa, |charter| {
        charter.members.retain(|member| member.name != renewed.name);
        charter.members.push(renewed);
    })?;
    world.enact(vec![charter], &desks.kinshasa, &[&desks.kigali])?;
    let charter = world.charter(drc, &desks.drc_delegation, |charter| {
        charter.members.retain(|member| member.name.desk() != "drc/embassy");
    })?;
    world.take(&charter, &[&desks.drc_delegation])?;
    Ok(Log::new("charters", None, Cut::of(&world).write(world.log())?))
}

/// Two parties' rooms with the same post, by one proposal.
pub(super) fn released_to_both() -> Result<World> {
    let mut world = rooms(&["drc", "rwanda"])?;
    let desks = world.desks.clone();
    let (drc, rwanda) = (world.room("drc")?, world.room("rwanda")?);
    let both = vec![
        world.post(drc, &desks.kinshasa, "To both alike")?,
        world.post(rwanda, &desks.kinshasa, "To both alike")?,
    ];
    world.enact(both, &desks.kinshasa, &[&desks.washington])?;
    Ok(world)
}

/// One proposal that releases to two parties.
fn joint_release() -> Result<Log> {
    let world = released_to_both()?;
    Ok(Log::new("joint-release", None, Cut::of(&world).write(world.log())?))
}
