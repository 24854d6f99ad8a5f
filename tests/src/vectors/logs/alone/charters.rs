//! Charters that may not follow upon the one in force (section 6.2).

use anyhow::Result;
use tearline_ledger::{charter::Charter, digest::Digest, name::Role};

use super::{Base, Log};
use crate::desk::Desk;

/// What stands before the key in the SPKI of an Ed25519 key (RFC 8410).
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

pub(super) fn logs(base: &Base) -> Result<Vec<Log>> {
    let desks = &base.desks;
    let (washington, kinshasa, delegation) = (&desks.washington, &desks.kinshasa, &desks.drc_delegation);
    let charter = |author: &Desk, change: &dyn Fn(&mut Charter)| {
        base.world.clone().charter(base.drc, author, |charter| change(charter))
    };
    let skipped = charter(washington, &|charter| charter.epoch += 1)?;
    let without = |desk: &Desk| {
        let name = desk.name().clone();
        move |charter: &mut Charter| charter.members.retain(|member| member.name != name)
    };
    let alone = charter(washington, &without(&desks.drc_liaison))?;
    let removes_mediator = charter(delegation, &without(&desks.kigali))?;
    let new = Desk::new(Role::Party, "drc/embassy")?;
    let unendorsed = charter(washington, &|charter| charter.members.push(new.member()))?;
    let by_itself = charter(washington, &|charter| charter.members.push(new.member_endorsed_by(&new)))?;
    let successor = charter(washington, &|charter| {
        charter.members.push(new.member_endorsed_by(delegation));
        charter.succession = true;
    })?;
    let reused = charter(washington, &|charter| {
        let old = desks.monitor_1.member().tls_key;
        for member in &mut charter.members {
            if member.name == *desks.monitor_1.name() {
                member.tls_key.0 = [7; 32];
            } else if member.name == *desks.monitor_2.name() {
                member.tls_key = old;
            }
        }
    })?;
    let signs_and_certifies = charter(washington, &|charter| {
        let spki = [ED25519_SPKI, desks.monitor_2.sign_key().public().as_ref()].concat();
        let monitor = charter.members.iter_mut().filter(|member| member.name == *desks.monitor_1.name());
        for member in monitor {
            member.tls_key = Digest::of(&spki);
        }
    })?;
    let both = [washington, kinshasa];
    Ok(vec![
        base.with("charter-skips-an-epoch", "CHARTER", &skipped, &both)?,
        base.with("charter-by-one-mediator", "NO_QUORUM", &alone, &[washington])?,
        base.with("custodian-removes-a-mediator", "NO_QUORUM", &removes_mediator, &[delegation])?,
        base.with("member-without-endorsement", "NOT_ENDORSED", &unendorsed, &both)?,
        base.with("member-endorsed-by-itself", "NOT_ENDORSED", &by_itself, &both)?,
        base.with("succession-without-need", "CHARTER", &successor, &both)?,
        base.with("key-of-another-member", "KEY_REUSED", &reused, &both)?,
        base.with("certificate-of-a-signing-key", "KEY_REUSED", &signs_and_certifies, &both)?,
    ])
}
