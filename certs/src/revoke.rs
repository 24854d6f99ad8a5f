//! Revoking certificates, and signing the list that tells servers.
//!
//! Knows nothing of charters: removing a member from its rooms is the mediators' act, not this.

use crate::{
    authority::{Authority, Held},
    crl::{self, CrlState},
    entry::{Entry, Reason, Revoked},
    error::Error,
    moment::Moment,
};

impl Authority {
    /// Revokes every live certificate that `which` names (a SPIFFE id, `ORG/MEMBER` or a server's
    /// name), or the one with that serial, and signs a new revocation list. `KeyCompromise`
    /// revokes every live certificate of the key. Answers what was revoked.
    pub fn revoke(&self, which: &str, reason: Reason) -> Result<Vec<Entry>, Error> {
        self.revoke_until(which, reason, None)
    }

    /// As `revoke`, with a list that is good until `next_update`.
    pub fn revoke_until(
        &self,
        which: &str,
        reason: Reason,
        next_update: Option<Moment>,
    ) -> Result<Vec<Entry>, Error> {
        let now = Moment::now();
        let mut held = self.hold()?;
        let found = held.index.find(which, |entry| entry.is_live(now))?;
        let Some(first) = found.fitting.first() else {
            let Entry { serial, subject, .. } = found.newest;
            let (name, state) = (subject.to_string(), found.newest.fate());
            return Err(Error::NothingLive { name, serial: *serial, state });
        };
        let (key, serials): (_, Vec<_>) =
            (first.tls_key.clone(), found.fitting.iter().map(|entry| entry.serial).collect());
        let meant = |entry: &Entry| {
            serials.contains(&entry.serial) || (reason == Reason::KeyCompromise && entry.tls_key == key)
        };
        let revoked = held.revoke(meant, reason, now);
        self.publish(&mut held, now, next_update)?;
        Ok(revoked)
    }

    /// Signs a new revocation list with the same certificates, good until `next_update`: if none is
    /// given, for seven days, or as long as the present list if that is longer. A `next_update` in
    /// the past makes a list that has lapsed, for tests.
    pub fn refresh_crl(&self, next_update: Option<Moment>) -> Result<CrlState, Error> {
        let mut held = self.hold()?;
        self.publish(&mut held, Moment::now(), next_update)
    }

    /// Saves the books and signs their list under the next number.
    pub(crate) fn publish(
        &self,
        held: &mut Held,
        now: Moment,
        next_update: Option<Moment>,
    ) -> Result<CrlState, Error> {
        held.index.crl_number += 1;
        held.index.save(&self.dir)?;
        let end = next_update.unwrap_or_else(|| crl::usual_end(&self.dir, now));
        crl::write(&self.dir, &self.issuer, &held.index, now, end)
    }
}

impl Held {
    /// Marks the live ones among those meant, in memory.
    pub(crate) fn revoke(
        &mut self,
        meant: impl Fn(&Entry) -> bool,
        reason: Reason,
        now: Moment,
    ) -> Vec<Entry> {
        let mut revoked = Vec::new();
        for entry in self.index.entries.iter_mut().filter(|entry| entry.is_live(now) && meant(entry)) {
            entry.revoked = Some(Revoked { at: now, reason });
            revoked.push(entry.clone());
        }
        revoked
    }
}
