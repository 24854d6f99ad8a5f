//! A concern: unanswered, overdue, or answered with a finding.

use tearline_proto::v1::{Concern, Finding, content::Kind};

use super::Matters;
use crate::refs::EntryRef;

/// Where a concern stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConcernState {
    /// No assessment of it stands.
    Unanswered {
        /// Until when an answer is asked for, in seconds since 1970.
        reply_by: Option<u64>,
    },
    /// No assessment of it stands, and the time for one is past.
    Overdue {
        /// Since when, in seconds since 1970.
        since: u64,
    },
    /// The newest assessment that stands.
    Answered {
        /// What it finds.
        finding: Finding,
        /// Where it stands.
        by: EntryRef,
    },
}

impl Matters<'_> {
    pub(super) fn concern(&self, at: usize, concern: &Concern, now: u64) -> ConcernState {
        let assessed = self.answers_to(at).filter_map(|(_, post, kind)| match kind {
            Kind::Assessment(it) => Some((post, Finding::try_from(it.finding).ok()?)),
            _ => None,
        });
        match assessed.last() {
            Some((post, finding)) => ConcernState::Answered { finding, by: post.entry.clone() },
            None => match concern.reply_by {
                0 => ConcernState::Unanswered { reply_by: None },
                since if now > since => ConcernState::Overdue { since },
                by => ConcernState::Unanswered { reply_by: Some(by) },
            },
        }
    }
}
