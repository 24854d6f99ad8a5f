//! A letter: all that waits, and how far each room is known here.

use std::path::Path;

use bytes::Bytes;
use tearline_ledger::courier::{
    LETTER_MAX, UNITS_MAX,
    letter::{Held, Letter, Sender},
};

use super::{CourierFault, Outbox, Waiting};
use crate::{
    connect::Certificates,
    desk::{Desk, now},
    durable::Delivery,
    error::Error,
};

/// How long a letter may be on its way without being refused for a certificate that lapsed meanwhile, in seconds.
const JOURNEY: u64 = 14 * 24 * 60 * 60;
/// What frames a letter, at the most: its beginning, rooms, signature and end.
const FRAME: usize = 1 << 20;

/// A letter that was written.
#[derive(Debug)]
pub struct Written {
    /// What goes with it.
    pub units: Vec<Waiting>,
    /// How many units wait for the next letter, because this one is full.
    pub left: usize,
    /// Units that were refused for good, and go with no letter.
    pub refused: usize,
    /// Names of rooms, and how many entries of each are here.
    pub rooms: Vec<(String, u64)>,
    /// Units that are older than their room lets a statement be: what was entered since may refuse them.
    pub old: Vec<u32>,
    /// Whether the desk's certificate has lapsed, or does within 14 days: then the letter is refused.
    pub lapses: bool,
}

/// Writes a letter into a file that is not there yet.
pub fn write(desk: &Desk, path: &Path) -> Result<Written, Error> {
    let (outbox, at) = (Outbox::of(desk), now());
    let (mut held, mut rooms, mut oldest) = (Vec::new(), Vec::new(), Vec::new());
    for (room, name) in desk.profile().rooms()? {
        let replica = desk.replica(room, &name)?;
        let size = replica.size();
        let withheld = replica.withheld(at).map_err(|error| desk.alarmed(room, error))?;
        let from = withheld.first().copied().unwrap_or(size).min(size);
        held.push(Held { room, size, from });
        rooms.push((name.as_str().to_owned(), size));
        if let Ok(state) = replica.state() {
            oldest.push((room, at.saturating_sub(state.charter().limits.basis_age)));
        }
    }
    let (going, refused): (Vec<_>, Vec<_>) = outbox.list()?.into_iter().partition(Waiting::goes);
    let (mut units, mut bytes, all) = (Vec::new(), FRAME, going.len());
    for waiting in going {
        bytes += waiting.unit.encoded_len() + 16;
        if bytes > LETTER_MAX || units.len() == UNITS_MAX {
            break;
        }
        units.push(waiting);
    }
    let certificates = Certificates::load(desk.profile(), desk.vault()?.tls_public().as_ref())?;
    let sender = Sender {
        domain: desk.member().domain().clone(),
        member: desk.member().clone(),
        written_at: at,
        certificates: certificates.chain().map(Bytes::copy_from_slice).collect(),
    };
    let fit: Vec<_> = units.iter().map(|waiting| waiting.unit.clone()).collect();
    let letter = Letter::write(&sender, &held, &fit, desk.vault()?.sign_key())
        .map_err(|error| CourierFault::Paper { path: path.to_owned(), error })?;
    let parsed =
        Letter::parse(&letter).map_err(|error| CourierFault::Paper { path: path.to_owned(), error })?;
    let sizes: Vec<_> = held.iter().map(|held| (held.room, held.size)).collect();
    outbox.remember(&parsed.digest(), &sizes)?;
    let mut out = Delivery::begin(path)?;
    out.put(&letter)?;
    out.finish()?;
    let is_old = |waiting: &&Waiting| {
        waiting.unit.statements().iter().any(|signed| {
            oldest.iter().any(|(room, oldest)| *room == signed.room() && waiting.kept_at < *oldest)
        })
    };
    let old = units.iter().filter(is_old).map(|waiting| waiting.number).collect();
    let lapses = !certificates.holds_at(at.saturating_add(JOURNEY));
    Ok(Written { left: all - units.len(), refused: refused.len(), rooms, old, units, lapses })
}
