//! A session: its agenda only, or its minutes too.

use tearline_proto::v1::{Session, SessionPhase, content::Kind};

use super::Matters;
use crate::refs::EntryRef;

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// It has an agenda and no minutes.
    AgendaOnly {
        /// When it begins, in seconds since 1970.
        begins: u64,
        /// Whether that is past.
        past: bool,
    },
    /// Its minutes are there.
    Minutes {
        /// The newest that stand.
        entry: EntryRef,
    },
}

impl Matters<'_> {
    pub(super) fn session(&self, at: usize, session: &Session, now: u64) -> SessionState {
        let minutes = self.answers_to(at).filter(|(.., kind)| matches!(kind, Kind::Session(_)));
        let own = self.posts.get(at).filter(|_| session.phase == i32::from(SessionPhase::Minutes));
        let newest = minutes.map(|(_, post, _)| post).last().or(own);
        newest
            .map_or(SessionState::AgendaOnly { begins: session.begins, past: now > session.begins }, |post| {
                SessionState::Minutes { entry: post.entry.clone() }
            })
    }
}
