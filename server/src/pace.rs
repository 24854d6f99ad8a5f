//! The pace: answers to parties leave on a fixed tick only, so that their timing tells nothing of what
//! goes on in other rooms.
//!
//! Off by default. Specification: `docs/operations.md`, configuration key `pace_milliseconds`.

use std::time::Duration;

use tearline_ledger::name::{MemberName, Role};
use tokio::time::{Instant, sleep_until};

/// The tick on which answers to parties leave.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    tick: Duration,
}

impl Pace {
    /// A tick of so many milliseconds; 0: none.
    pub fn new(milliseconds: u32) -> Self {
        Self { start: Instant::now(), tick: Duration::from_millis(milliseconds.into()) }
    }

    /// Waits for the next tick, if this member is a party's and there is a tick.
    pub async fn keep(&self, member: &MemberName) {
        if !self.tick.is_zero() && member.role() == Role::Party {
            sleep_until(self.next(Instant::now())).await;
        }
    }

    /// The first tick after `now`.
    fn next(&self, now: Instant) -> Instant {
        let passed = now.duration_since(self.start).as_nanos();
        let ticks = passed / self.tick.as_nanos().max(1) + 1;
        let nanos = ticks.saturating_mul(self.tick.as_nanos());
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(text: &str) -> MemberName {
        text.parse().unwrap()
    }

    #[test]
    fn ticks_do_not_depend_on_when_they_are_asked_for() {
        let pace = Pace::new(100);
        let at = |milliseconds| pace.start + Duration::from_millis(milliseconds);
        assert_eq!(pace.next(at(0)), at(100));
        assert_eq!(pace.next(at(99)), at(100));
        assert_eq!(pace.next(at(100)), at(200));
        assert_eq!(pace.next(at(1234)), at(1300));
    }

    #[tokio::test]
    async fn only_a_party_waits_and_only_if_there_is_a_tick() {
        let party = member("spiffe://kivu.example/party/drc/liaison");
        let begun = Instant::now();
        Pace::new(0).keep(&party).await;
        Pace::new(3_600_000).keep(&member("spiffe://kivu.example/mediator/us/kigali")).await;
        Pace::new(3_600_000).keep(&member("spiffe://kivu.example/auditor/un/monitor-1")).await;
        assert!(begun.elapsed() < Duration::from_mins(1));
        let pace = Pace::new(20);
        pace.keep(&party).await;
        assert!(pace.start.elapsed() >= Duration::from_millis(20));
    }
}
