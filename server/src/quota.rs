//! What each organisation may use at once: connections, calls, streams, statements a minute.
//!
//! Places are reserved: an organisation's share is there whatever others do, and nothing in an answer
//! tells of others. This file refuses to know what a call is for. Specification: `docs/spec.md`, annex C.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tearline_ledger::name::Org;
use tokio::time::Instant;

use crate::config::Limits;

/// Connections beyond an organisation's share that are told so, rather than dropped.
pub(crate) const OVERFLOW: u32 = 4;

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Full {
    /// More organisations are connected than the configuration reserves places for.
    #[error("more than {0} organisations are connected: raise `organisations` in the configuration")]
    Organisations(u32),
    /// The organisation uses its whole share.
    #[error(
        "your organisation already has {most} {what} open, which is its share (`{key}`): close one, or ask the operator for more"
    )]
    Share {
        /// What there are too many of.
        what: &'static str,
        /// The key in the configuration.
        key: &'static str,
        /// The share.
        most: u32,
    },
}

/// All organisations' shares and what is used of them.
#[derive(Debug)]
pub struct Quotas {
    shares: [u32; KINDS],
    organisations: u32,
    statements_per_minute: u32,
    used: Mutex<HashMap<Org, Used>>,
}

impl Quotas {
    /// Shares as in `limits`, nothing used.
    pub fn new(limits: &Limits) -> Arc<Self> {
        let mut shares = [0; KINDS];
        for (kind, share) in [
            (Kind::Connection, limits.connections_per_organisation.get()),
            (Kind::Overflow, OVERFLOW),
            (Kind::Call, limits.calls_per_organisation.get()),
            (Kind::Stream, limits.streams_per_organisation.get()),
        ] {
            if let Some(place) = shares.get_mut(kind as usize) {
                *place = share;
            }
        }
        Arc::new(Self {
            shares,
            organisations: limits.organisations.get(),
            statements_per_minute: limits.statements_per_minute.get(),
            used: Mutex::new(HashMap::new()),
        })
    }

    /// A place for one of the organisation's things of this kind, given back when dropped.
    pub fn enter(self: &Arc<Self>, org: &Org, kind: Kind) -> Result<Place, Full> {
        self.enter_at(org, kind, Instant::now())
    }

    fn enter_at(self: &Arc<Self>, org: &Org, kind: Kind, now: Instant) -> Result<Place, Full> {
        let most = self.shares.get(kind as usize).copied().unwrap_or(0);
        let mut used = self.lock();
        let entry = self.entry(&mut used, org, now)?;
        let full = Full::Share { what: kind.what(), key: kind.key(), most };
        let count = entry.counts.get_mut(kind as usize).ok_or(full)?;
        if *count >= most {
            return Err(full);
        }
        *count += 1;
        Ok(Place { quotas: Arc::clone(self), org: org.clone(), kind })
    }

    /// Counts `count` statements of the organisation, or says how long to wait until they may come.
    pub fn statements(&self, org: &Org, count: u32) -> Result<(), Duration> {
        self.statements_at(org, count, Instant::now())
    }

    fn statements_at(&self, org: &Org, count: u32, now: Instant) -> Result<(), Duration> {
        let mut used = self.lock();
        match self.entry(&mut used, org, now) {
            Ok(entry) => entry.statements.take(count, now),
            Err(_) => Err(MINUTE),
        }
    }

    fn entry<'a>(
        &self,
        used: &'a mut HashMap<Org, Used>,
        org: &Org,
        now: Instant,
    ) -> Result<&'a mut Used, Full> {
        if !used.contains_key(org) {
            let most = usize::try_from(self.organisations).unwrap_or(usize::MAX);
            if used.len() >= most {
                used.retain(|_, entry| !entry.is_unused(now));
            }
            if used.len() >= most {
                return Err(Full::Organisations(self.organisations));
            }
        }
        Ok(used.entry(org.clone()).or_insert_with(|| Used {
            counts: [0; KINDS],
            statements: Bucket::new(self.statements_per_minute, MINUTE, now),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Org, Used>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Kind {
    /// A connection.
    Connection,
    /// A connection beyond the share, kept open only to say so.
    Overflow,
    /// A call that is answered at once.
    Call,
    /// A call that streams, until its stream ends.
    Stream,
}

const KINDS: usize = 4;
const MINUTE: Duration = Duration::from_mins(1);

impl Kind {
    fn what(self) -> &'static str {
        match self {
            Self::Connection | Self::Overflow => "connections",
            Self::Call => "calls",
            Self::Stream => "streams",
        }
    }

    /// The key of the share in the configuration.
    pub fn key(self) -> &'static str {
        match self {
            Self::Connection | Self::Overflow => "connections_per_organisation",
            Self::Call => "calls_per_organisation",
            Self::Stream => "streams_per_organisation",
        }
    }
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Place {
    quotas: Arc<Quotas>,
    org: Org,
    kind: Kind,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut used = self.quotas.lock();
        if let Some(count) =
            used.get_mut(&self.org).and_then(|entry| entry.counts.get_mut(self.kind as usize))
        {
            *count = count.saturating_sub(1);
        }
    }
}

#[derive(Debug)]
struct Used {
    counts: [u32; KINDS],
    statements: Bucket,
}

impl Used {
    /// Forgetting it then changes nothing: no place is taken and the whole rate is available.
    fn is_unused(&self, now: Instant) -> bool {
        self.counts.iter().all(|&count| count == 0) && self.statements.is_full(now)
    }
}

/// A rate with a burst of one period's worth (GCRA): one instant is all its state.
#[derive(Debug)]
pub(crate) struct Bucket {
    each: Duration,
    burst: Duration,
    /// When all that was taken will have been earned.
    earned: Instant,
}

impl Bucket {
    /// At most `count` in any `period`, and all of them at once if none were taken before.
    pub(crate) fn new(count: u32, period: Duration, now: Instant) -> Self {
        Self { each: period / count.max(1), burst: period, earned: now }
    }

    /// Takes `count`, or says how long to wait.
    pub(crate) fn take(&mut self, count: u32, now: Instant) -> Result<(), Duration> {
        self.reserve(count, now, Duration::ZERO).map(|_| ())
    }

    /// Takes `count` and says how long to wait before using them, if that is at most `longest`;
    /// otherwise takes none and says how long it would have been.
    pub(crate) fn reserve(
        &mut self,
        count: u32,
        now: Instant,
        longest: Duration,
    ) -> Result<Duration, Duration> {
        let earned = self.earned.max(now) + self.each.saturating_mul(count);
        let wait = earned.duration_since(now).saturating_sub(self.burst);
        if wait > longest {
            return Err(wait);
        }
        self.earned = earned;
        Ok(wait)
    }

    fn is_full(&self, now: Instant) -> bool {
        self.earned <= now
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn quotas(organisations: u32) -> Arc<Quotas> {
        Quotas::new(&Limits {
            organisations: NonZeroU32::new(organisations).unwrap(),
            connections_per_organisation: NonZeroU32::new(2).unwrap(),
            statements_per_minute: NonZeroU32::new(60).unwrap(),
            ..Limits::default()
        })
    }

    fn org(name: &str) -> Org {
        name.parse().unwrap()
    }

    #[test]
    fn one_organisation_cannot_use_up_the_share_of_another() {
        let quotas = quotas(2);
        let (drc, rwanda) = (org("drc"), org("rwanda"));
        let first = quotas.enter(&drc, Kind::Connection).unwrap();
        let _second = quotas.enter(&drc, Kind::Connection).unwrap();
        let full = quotas.enter(&drc, Kind::Connection).unwrap_err();
        assert!(full.to_string().contains("already has 2 connections"), "{full}");
        let _other = quotas.enter(&rwanda, Kind::Connection).unwrap();
        drop(first);
        let _again = quotas.enter(&drc, Kind::Connection).unwrap();
    }

    #[test]
    fn an_organisation_that_left_makes_room_but_not_before_its_rate_is_earned() {
        let (quotas, now) = (quotas(1), Instant::now());
        let place = quotas.enter_at(&org("drc"), Kind::Connection, now).unwrap();
        assert_eq!(quotas.statements_at(&org("drc"), 60, now), Ok(()));
        let other = |now| quotas.enter_at(&org("rwanda"), Kind::Connection, now);
        assert_eq!(other(now + MINUTE).unwrap_err(), Full::Organisations(1));
        drop(place);
        assert!(other(now).is_err());
        let _place = other(now + MINUTE).unwrap();
    }

    #[test]
    fn statements_beyond_the_rate_are_told_how_long_to_wait() {
        let (quotas, now) = (quotas(1), Instant::now());
        assert_eq!(quotas.statements_at(&org("drc"), 60, now), Ok(()));
        assert_eq!(quotas.statements_at(&org("drc"), 2, now), Err(Duration::from_secs(2)));
        let later = now + Duration::from_secs(2);
        assert_eq!(quotas.statements_at(&org("drc"), 2, later), Ok(()));
        assert!(quotas.statements_at(&org("drc"), 1, later).is_err());
    }

    #[test]
    fn a_reservation_longer_than_allowed_takes_nothing() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut bucket = Bucket::new(1, second, now);
        assert_eq!(bucket.reserve(1, now, second), Ok(Duration::ZERO));
        assert_eq!(bucket.reserve(1, now, second), Ok(second));
        assert_eq!(bucket.reserve(1, now, second), Err(2 * second));
        assert_eq!(bucket.reserve(1, now, second), Err(2 * second));
    }
}
