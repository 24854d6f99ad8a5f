//! Content that may go from the disk: of posts that were recalled or have expired, and of nothing else.
//!
//! The log stays as it is, so everything still verifies; entries say why their content is missing. It works on
//! a stopped server's store and beside a running server alike. What the disk keeps of freed bytes is the
//! engine's affair: `docs/spec.md`, annex D. Specification: `docs/operations.md`, "Purging".

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry as MapEntry};
use std::time::Duration;

use tearline_ledger::{
    access::access_log_org,
    digest::Digest,
    entry::{Entry, EntryError},
    statement::Act,
};

use crate::{
    files::{Attachments, FilesError},
    sequencer::now,
    store::{ContentState, RoomId, Store, StoreError, StoredRow},
};

/// Rows of one step.
const STEP: u64 = 64;
/// Between two steps of a running server, so that those who read and write hardly feel it.
const PAUSE: Duration = Duration::from_millis(20);
/// A running server looks at least this often whether something is due.
const PERIOD: Duration = Duration::from_mins(1);

/// Why purging stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PurgeError {
    /// The store does not answer, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An attachment cannot be removed.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A stored entry is none: the store is damaged.
    #[error("{room}#{index}: {error}; run `tearlined check` before anything is purged")]
    Entry {
        /// The room's name.
        room: String,
        /// The entry.
        index: u64,
        /// What is wrong.
        error: Box<EntryError>,
    },
}

/// Why content may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its post was recalled.
    Recalled,
    /// The end that its author gave it is past.
    Expired,
}

/// A post whose content or attachments go, or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The room's name.
    pub room: String,
    /// The entry.
    pub index: u64,
    /// Why.
    pub why: Why,
    /// Whether its content was still there.
    pub content: bool,
    /// How many of its attachments were there and are named by no post of the room that stands.
    pub attachments: usize,
}

/// All posts that content may have to be removed of, now or later: found by walking the rooms once, and then
/// whatever is new.
#[derive(Debug, Default)]
pub struct Survey {
    /// How far each room was walked.
    walked: BTreeMap<RoomId, u64>,
    posts: BTreeMap<(RoomId, u64), Post>,
}

/// What matters of a post here.
#[derive(Debug)]
struct Post {
    room: String,
    recalled_at: Option<u64>,
    ends: Option<u64>,
    /// Whether its content is there.
    content: bool,
    attachments: Vec<Digest>,
}

impl Post {
    /// Why and since when its content may go; `None` while it stands.
    fn gone(&self, now: u64) -> Option<(Why, u64)> {
        let expired = self.ends.filter(|end| *end <= now).map(|end| (Why::Expired, end));
        let recalled = self.recalled_at.map(|at| (Why::Recalled, at));
        [recalled, expired].into_iter().flatten().min_by_key(|(_, since)| *since)
    }

    /// The same if that is `after` seconds ago or more.
    fn due(&self, now: u64, after: u64) -> Option<Why> {
        self.gone(now).filter(|(_, since)| since.saturating_add(after) <= now).map(|(why, _)| why)
    }
}

impl Survey {
    /// Walks what is new in every room, with a pause between two steps.
    pub async fn extend<S: Store>(&mut self, store: &S, pause: Duration) -> Result<(), PurgeError> {
        for (room, name) in store.rooms().await? {
            // Access logs have no content.
            if access_log_org(&name).is_some() {
                continue;
            }
            loop {
                let from = self.walked.get(&room).copied().unwrap_or(0);
                let rows = store.rows(&room, from, STEP, usize::MAX, false).await?;
                let Some(last) = rows.last() else { break };
                let next = last.index + 1;
                for row in rows {
                    self.note(store, &room, &name, row).await?;
                }
                self.walked.insert(room, next);
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    /// Removes what has been recalled or expired for `after` seconds at `now`, durably, posts first; a dry run
    /// only says what that would be. What was removed before is not told again.
    ///
    /// An attachment goes from a room only if every post of that room that names it may: whoever appends at the
    /// same time waits, see [`Attachments::alone`]. What another room has of the same bytes is that room's, and
    /// what no post names yet is its sender's: neither is touched.
    pub async fn purge<S: Store>(
        &mut self,
        store: &S,
        files: &Attachments,
        (now, after): (u64, u64),
        dry_run: bool,
    ) -> Result<Vec<Gone>, PurgeError> {
        let mut removable = self.removable(files, (now, after)).await?;
        let mut out = Vec::new();
        for ((room, index), post) in &mut self.posts {
            let Some(why) = post.due(now, after) else { continue };
            let attachments: Vec<&Digest> =
                post.attachments.iter().filter(|digest| removable.remove(&(*room, **digest))).collect();
            if !post.content && attachments.is_empty() {
                continue;
            }
            if !dry_run {
                store.purge(room, *index).await?;
                for digest in &attachments {
                    files.purge(room, digest).await?;
                }
            }
            let (content, attachments) = (post.content, attachments.len());
            post.content &= dry_run;
            out.push(Gone { room: post.room.clone(), index: *index, why, content, attachments });
        }
        Ok(out)
    }

    /// What the rooms have that no post of theirs keeps there.
    async fn removable(
        &self,
        files: &Attachments,
        (now, after): (u64, u64),
    ) -> Result<BTreeSet<(RoomId, Digest)>, PurgeError> {
        let mut out = BTreeSet::new();
        for room in files.rooms().await? {
            out.extend(files.list(&room).await?.into_iter().map(|digest| (room, digest)));
        }
        for ((room, _), post) in self.posts.iter().filter(|(_, post)| post.due(now, after).is_none()) {
            for digest in &post.attachments {
                out.remove(&(*room, *digest));
            }
        }
        Ok(out)
    }

    async fn note<S: Store>(
        &mut self,
        store: &S,
        room: &RoomId,
        name: &str,
        row: StoredRow,
    ) -> Result<(), PurgeError> {
        let entry = parse(name, &row)?;
        let Some(signed) = entry.statement() else { return Ok(()) };
        if let Some(sealed) = signed.statement.sealed()
            && (sealed.content_until.is_some() || !sealed.attachments.is_empty())
        {
            self.posts.insert((*room, row.index), Post::of(name, &row, &entry));
        }
        let Act::Recall { id, .. } = &signed.statement.act else { return Ok(()) };
        let Some(index) = store.find(room, id.as_bytes()).await? else { return Ok(()) };
        let post = match self.posts.entry((*room, index)) {
            MapEntry::Occupied(known) => known.into_mut(),
            MapEntry::Vacant(unknown) => {
                let rows = store.rows(room, index, 1, usize::MAX, false).await?;
                let Some(post) = rows.into_iter().next() else { return Ok(()) };
                let recalled = parse(name, &post)?;
                unknown.insert(Post::of(name, &post, &recalled))
            }
        };
        post.recalled_at = Some(entry.accepted_at());
        Ok(())
    }
}

impl Post {
    fn of(room: &str, row: &StoredRow, entry: &Entry) -> Self {
        let sealed = entry.statement().and_then(|signed| signed.statement.sealed());
        let attachments = sealed.map(|post| post.attachments.iter().map(|it| it.digest).collect());
        Self {
            room: room.to_owned(),
            recalled_at: None,
            ends: sealed.and_then(|post| post.content_until),
            content: row.content_state == ContentState::Present,
            attachments: attachments.unwrap_or_default(),
        }
    }
}

fn parse(room: &str, row: &StoredRow) -> Result<Entry, PurgeError> {
    let broken =
        |error| PurgeError::Entry { room: room.to_owned(), index: row.index, error: Box::new(error) };
    Entry::parse(row.entry.clone()).map_err(broken)
}

/// Purges, on a stopped server's store, all that may go; a dry run only says what that would be.
pub async fn once<S: Store>(store: &S, files: &Attachments, dry_run: bool) -> Result<Vec<Gone>, PurgeError> {
    let mut survey = Survey::default();
    survey.extend(store, Duration::ZERO).await?;
    survey.purge(store, files, (now(), 0), dry_run).await
}

/// Purges, beside a running server, what has been recalled or expired for `after`, until the task is dropped.
pub async fn keep<S: Store>(store: &S, files: &Attachments, after: Duration) {
    let mut survey = Survey::default();
    loop {
        match step(&mut survey, store, files, after).await {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => {
                let contents = gone.iter().filter(|post| post.content).count();
                let attachments: usize = gone.iter().map(|post| post.attachments).sum();
                tracing::info!(contents, attachments, "purged what was recalled or has expired");
            }
            // A store that has failed is told of by whoever writes to it.
            Err(PurgeError::Store(StoreError::Failed { .. })) => return,
            Err(error) => {
                tracing::error!(%error, "purging has stopped until the next start");
                return;
            }
        }
        tokio::time::sleep(after.clamp(Duration::from_secs(1), PERIOD)).await;
    }
}

async fn step<S: Store>(
    survey: &mut Survey,
    store: &S,
    files: &Attachments,
    after: Duration,
) -> Result<Vec<Gone>, PurgeError> {
    survey.extend(store, PAUSE).await?;
    // From here on no post can name an attachment anew before it is known whether that one goes.
    let _alone = files.alone().await;
    survey.extend(store, Duration::ZERO).await?;
    survey.purge(store, files, (now(), after.as_secs()), false).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(recalled_at: Option<u64>, ends: Option<u64>) -> Post {
        Post { room: "drc".to_owned(), recalled_at, ends, content: true, attachments: Vec::new() }
    }

    #[test]
    fn only_what_was_recalled_or_has_expired_is_due_and_not_before_its_time() {
        assert_eq!(post(None, None).due(u64::MAX, 0), None);
        assert_eq!(post(Some(100), None).due(100, 0), Some(Why::Recalled));
        assert_eq!(post(Some(100), None).due(109, 10), None);
        assert_eq!(post(Some(100), None).due(110, 10), Some(Why::Recalled));
        assert_eq!(post(None, Some(100)).due(99, 0), None);
        assert_eq!(post(None, Some(100)).due(100, 0), Some(Why::Expired));
        assert_eq!(post(None, Some(100)).due(109, 10), None);
        assert_eq!(post(Some(100), None).due(u64::MAX, u64::MAX), Some(Why::Recalled));
    }

    #[test]
    fn whatever_came_first_counts() {
        assert_eq!(post(Some(50), Some(100)).due(60, 10), Some(Why::Recalled));
        assert_eq!(post(Some(150), Some(100)).due(110, 10), Some(Why::Expired));
        // A clock that was put back makes nothing due.
        assert_eq!(post(Some(150), Some(100)).due(99, 0), None);
    }
}
