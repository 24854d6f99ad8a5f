//! Entries that were altered, dropped, moved or signed by others; checkpoints, names and contents that
//! do not fit.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use tearline_ledger::{
    digest::Digest,
    envelope::{Envelope, PayloadType, Signature},
    id::RoomId,
    statement::Signed,
};

use super::{Base, Log};
use crate::{house::LogKey, vectors::logs::Cut, world::sign};

pub(super) fn logs(base: &Base) -> Result<Vec<Log>> {
    let drc = base.drc;
    let changed = |change: &dyn Fn(&mut Vec<tearline_ledger::bundle::BundleEntry>)| -> Result<Cut> {
        let mut cut = base.cut();
        change(&mut cut.part(drc)?.entries);
        Ok(cut)
    };
    let digest = base.taken(0)?.signed().statement.sealed().context("not a post")?.digest;
    let mut out = vec![
        base.log(
            "changed-byte",
            "BAD_SIGNATURE",
            &changed(&|rows| {
                rows.iter_mut().skip(1).take(1).for_each(|row| row.entry = flipped(&row.entry, &digest.0));
                for row in rows {
                    row.content = None;
                }
            })?,
        )?,
        base.log(
            "malformed-entry",
            "ENTRY",
            &changed(&|rows| {
                rows.iter_mut()
                    .skip(1)
                    .take(1)
                    .for_each(|row| row.entry = [&row.entry[..], &[0]].concat().into());
            })?,
        )?,
        base.log("dropped-entry", "BASIS_IN_FUTURE", &changed(&|rows| drop(rows.remove(1)))?)?,
        base.log("swapped-entries", "BASIS_IN_FUTURE", &changed(&|rows| rows.swap(3, 4))?)?,
        base.log("doubled-entry", "REPEATED", &changed(&|rows| rows.extend(rows.last().cloned()))?)?,
        base.log(
            "changed-content",
            "CONTENT",
            &changed(&|rows| {
                for content in rows.iter_mut().filter_map(|row| row.content.as_mut()).take(1) {
                    *content = flipped(content, content.get(..4).unwrap_or_default());
                }
            })?,
        )?,
    ];
    out.push(rewritten(base)?);
    out.extend(signatures(base)?);
    out.extend(frames(base)?);
    Ok(out)
}

/// The bytes with the first bit of the first place flipped where `found` stands.
fn flipped(bytes: &Bytes, found: &[u8]) -> Bytes {
    let at = bytes.windows(found.len()).position(|window| window == found).unwrap_or(0);
    let mut out = bytes.to_vec();
    out.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
    out.into()
}

/// Another good entry in the place of one: what follows was signed upon another history.
fn rewritten(base: &Base) -> Result<Log> {
    let mut other = base.post()?;
    other.basis = base.world.basis_at(base.drc, 1)?;
    let mut cut = base.cut();
    let accepted_at = base.taken(0)?.accepted_at();
    cut.enter(base.drc, accepted_at, &sign(&other, &[&base.desks.drc_liaison])?)?;
    let rows = &mut cut.part(base.drc)?.entries;
    drop(rows.swap_remove(1));
    base.log("rewritten-entry", "BASIS_NEVER_WAS", &cut)
}

fn signatures(base: &Base) -> Result<Vec<Log>> {
    let (liaison, delegation) = (&base.desks.drc_liaison, &base.desks.drc_delegation);
    let post = base.post()?;
    let forged = Signature {
        key_id: liaison.key_id(),
        bytes: Signature::make(PayloadType::Statement, &post.encode(), delegation.sign_key()).bytes,
    };
    let envelope = Envelope::of(PayloadType::Statement, post.encode(), vec![forged])?;
    let mut wrong = base.cut();
    wrong.enter(base.drc, base.now, &Signed::from_envelope(envelope)?)?;
    let removed = base.without_liaison()?;
    let after = removed.post()?;
    let mut taken_id = base.post()?;
    taken_id.id = base.taken(0)?.signed().statement.id;
    let mut elsewhere = base.post()?;
    elsewhere.room = Some(base.world.house.chamber());
    let mut back = base.cut();
    back.enter(base.drc, base.now - 1, &sign(&post, &[liaison])?)?;
    Ok(vec![
        base.log("wrong-signature", "BAD_SIGNATURE", &wrong)?,
        base.with("unknown-key", "UNKNOWN_KEY", &post, &[&base.desks.rwanda_liaison])?,
        removed.with("removed-member", "NOT_A_MEMBER", &after, &[liaison])?,
        base.with("id-taken", "ID_TAKEN", &taken_id, &[liaison])?,
        base.with("other-room", "OTHER_ROOM", &elsewhere, &[liaison])?,
        base.log("time-goes-back", "TIME_GOES_BACK", &back)?,
    ])
}

/// What stands around the entries.
fn frames(base: &Base) -> Result<Vec<Log>> {
    let (drc, log) = (base.drc, base.world.log());
    let mut dropped_tail = base.cut();
    let honest = dropped_tail.checkpoint(drc, log)?;
    let part = dropped_tail.part(drc)?;
    part.entries.pop();
    part.checkpoint = Some(honest);
    let mut other_key = base.cut();
    let foreign = other_key.checkpoint(drc, &LogKey::from_seed(&[0x11; 32]))?;
    other_key.part(drc)?.checkpoint = Some(foreign);
    let mut cosigned = Cut::of(&base.world);
    let confirmed = cosigned.cosigned(drc, log, (&base.desks.monitor_1, base.now))?;
    cosigned.part(drc)?.checkpoint = Some(confirmed);
    let mut falsely = base.cut();
    let mut shorter = base.cut();
    shorter.part(drc)?.entries.pop();
    let foreign = falsely.with_line_of(&shorter, drc, log, (&base.desks.monitor_1, base.now))?;
    falsely.part(drc)?.checkpoint = Some(foreign);
    let mut renamed = base.cut();
    "rwanda".clone_into(&mut renamed.part(drc)?.name);
    let mut claims = base.cut();
    let part = claims.parts.remove(&drc).context("there is no such room")?;
    claims.parts.insert(RoomId(Digest([1; 32])), part);
    let mut altered = base.cut().write(log)?;
    let middle = altered.len() / 2;
    altered.iter_mut().skip(middle).take(1).for_each(|byte| *byte ^= 1);
    Ok(vec![
        base.log("dropped-tail", "CHECKPOINT", &dropped_tail)?,
        base.log("checkpoint-by-another-key", "CHECKPOINT", &other_key)?,
        Log::new("cosigned", None, cosigned.write(log)?),
        base.log("cosigned-another-tree", "CHECKPOINT", &falsely)?,
        base.log("another-name", "NAME", &renamed)?,
        base.log("claims-to-be-another-room", "FOUNDS_OTHER_ROOM", &claims)?,
        Log::new("altered-file", Some("BUNDLE"), altered),
    ])
}
