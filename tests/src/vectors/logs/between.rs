//! Logs that are good one by one and contradict each other (section 8), and broken access logs.

use anyhow::Result;
use tearline_ledger::{digest::Digest, statement::Act};

use super::{Cut, Log, good};
use crate::world::sign;

pub(super) fn logs() -> Result<Vec<Log>> {
    let (world, drc, _) = good::small()?;
    let desks = &world.desks;
    let now = world.house.now();
    let write =
        |name, code, cut: &Cut| Ok::<_, anyhow::Error>(Log::new(name, Some(code), cut.write(world.log())?));
    let mut out = vec![half_release()?];

    let mut drafts = world.clone();
    let release = drafts.post(drc, &desks.kinshasa, "Never proposed")?;
    let mut cut = Cut::of(&world);
    cut.enter(drc, now, &sign(&release, &[&desks.kinshasa, &desks.washington])?)?;
    out.push(write("never-enacted", "NOT_ENACTED", &cut)?);

    let mut drafts = world.clone();
    let release = drafts.post(drc, &desks.kinshasa, "Proposed by two, signed by three")?;
    let proposal = drafts.propose(&desks.kinshasa, vec![release.clone()])?;
    let chamber = drafts.house.chamber();
    drafts.take(&proposal.statement, &[&desks.kinshasa])?;
    let approval = sign(&drafts.approval(&desks.washington, &proposal)?, &[&desks.washington])?;
    let mut cut = Cut::of(&drafts);
    cut.enter(chamber, now, &approval)?;
    cut.enter(drc, now, &sign(&release, &desks.mediators())?)?;
    out.push(write("other-signatures", "TARGET_SIGNATURES", &cut)?);

    let mut drafts = world.clone();
    let release = drafts.post(drc, &desks.kinshasa, "Enacted twice")?;
    let first = drafts.propose(&desks.kinshasa, vec![release.clone()])?;
    let second = drafts.propose(&desks.kinshasa, vec![release])?;
    drafts.take(&first.statement, &[&desks.kinshasa])?;
    drafts.take(&second.statement, &[&desks.kinshasa])?;
    let call = drafts.last_call(&desks.washington, &first, &[&desks.kinshasa, &desks.washington])?;
    drafts.house.append(&call)?;
    let approval = sign(&drafts.approval(&desks.washington, &second)?, &[&desks.washington])?;
    let mut cut = Cut::of(&drafts);
    cut.enter(chamber, now, &approval)?;
    out.push(write("enacted-twice", "ENACTED_TWICE", &cut)?);

    let mut drafts = world.clone();
    let mut release = drafts.post(drc, &desks.kinshasa, "Of no briefing")?;
    if let Act::Post(post) = &mut release.act {
        post.manifests = vec![Digest([7; 32])];
    }
    drafts.enact(vec![release], &desks.kinshasa, &[&desks.washington])?;
    out.push(write("manifest-unknown", "MANIFEST_UNKNOWN", &Cut::of(&drafts))?);

    let mut drafts = world.clone();
    let mut cut = Cut::of(&world);
    let charter = drafts.charter(drc, &desks.washington, |charter| {
        charter.members.retain(|member| member.name != *desks.kigali.name());
    })?;
    cut.enter(drc, now, &sign(&charter, &[&desks.washington, &desks.kinshasa])?)?;
    out.push(write("mediators-differ", "MEDIATORS_DIFFER", &cut)?);

    out.push(write("no-chamber", "CHAMBERS", &Cut::of(&world).only(drc))?);

    let mut cut = Cut::of(&world);
    let id = cut.add_access(chamber, desks.kinshasa.name(), drc, &[now, now - 1]);
    out.push(write("access-time-goes-back", "TIME_GOES_BACK", &cut)?);
    let stray = cut.part(drc)?.entries.last().cloned();
    let log = cut.part(id)?;
    log.entries.truncate(1);
    log.entries.extend(stray.map(|row| tearline_ledger::bundle::BundleEntry { content: None, ..row }));
    out.push(write("access-with-a-statement", "WRONG_KIND", &cut)?);
    let mut cut = Cut::of(&world);
    cut.add_access(drc, desks.kinshasa.name(), drc, &[now]);
    out.push(write("access-of-another-home", "NAME", &cut)?);
    Ok(out)
}

/// A joint release of which one room lacks its part.
fn half_release() -> Result<Log> {
    let world = good::released_to_both()?;
    let rwanda = world.room("rwanda")?;
    let mut cut = Cut::of(&world);
    cut.part(rwanda)?.entries.pop();
    Ok(Log::new("half-release", Some("TARGET_MISSING"), cut.write(world.log())?))
}
