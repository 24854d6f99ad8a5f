//! `tearlined check`: all that is stored, verified as an auditor would, with the server stopped.
//!
//! Each room is scrubbed, replayed by the rules, its contents and attachments compared with what its entries name, its
//! head with the replay, its checkpoint opened. It keeps about 250 bytes of memory an entry and refuses to
//! mend anything. Specification: `docs/spec.md`, sections 5, 6 and 12.

use std::{collections::BTreeSet, time::Duration};

use tearline_ledger::{
    access::{access_log_id, access_log_org},
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    id::RoomId,
    merkle::{Tree, TreeSize},
    name::Domain,
    note::VerifierKey,
    replay::{AccessReplay, Replay, ReplayError},
    rules::RoomState,
    statement::Post,
};

use crate::{
    files::{Attachments, FilesError},
    scrub,
    sequencer::now,
    store::{ContentState, Damage, Head, Store, StoreError, StoredRow},
};

/// Rows that are read and verified together.
const ROWS: u64 = 256;
/// Bytes that are read together, at the most.
const BYTES: usize = 16 << 20;

/// What a room was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its name, or an access log's.
    pub name: String,
    /// Its id.
    pub room: RoomId,
    /// How many entries it has.
    pub size: u64,
    /// The first thing that is wrong; `None` if it is whole.
    pub fault: Option<Fault>,
}

/// What is wrong with a stored room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which entry; `None` if it is the room as a whole.
    pub index: Option<u64>,
    /// What.
    pub what: String,
}

impl Fault {
    fn room(what: impl Into<String>) -> Self {
        Self { index: None, what: what.into() }
    }

    fn entry(index: u64, what: impl Into<String>) -> Self {
        Self { index: Some(index), what: what.into() }
    }
}

impl From<Damage> for Fault {
    fn from(damage: Damage) -> Self {
        Self { index: damage.index, what: damage.what }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged(damage) => damage.into(),
            other => Self::room(other.to_string()),
        }
    }
}

impl From<ReplayError> for Fault {
    fn from(error: ReplayError) -> Self {
        Self::entry(error.index, error.fault.to_string())
    }
}

impl From<FilesError> for Fault {
    fn from(error: FilesError) -> Self {
        Self::room(error.to_string())
    }
}

/// Whose log key signs an access log: a room that was replayed.
struct Home {
    room: RoomId,
    domain: Domain,
    log_vkey: VerifierKey,
}

/// Verifies every stored room; `told` is told of each as it is done. Whether all are whole. Without `files` nothing is
/// said of attachments.
pub async fn check<S: Store>(
    store: &S,
    files: Option<&Attachments>,
    mut told: impl FnMut(&Checked),
) -> Result<bool, StoreError> {
    let (logs, rooms): (Vec<_>, Vec<_>) =
        store.rooms().await?.into_iter().partition(|(_, name)| access_log_org(name).is_some());
    let (mut homes, mut whole) = (Vec::new(), true);
    let mut tell = |(room, name), size, fault: Option<Fault>| {
        whole &= fault.is_none();
        told(&Checked { name, room: RoomId(room), size, fault });
    };
    for (id, name) in rooms {
        let (size, found) = match head(store, id).await {
            Ok(head) => (head.size, room((store, files), id, &name, &head).await),
            Err(fault) => (0, Err(fault)),
        };
        let fault = found.map(|home| homes.push(home)).err();
        tell((id, name), size, fault);
    }
    for (id, name) in logs {
        let (size, found) = match head(store, id).await {
            Ok(head) => (head.size, access_log(store, id, &name, &head, &homes).await),
            Err(fault) => (0, Err(fault)),
        };
        tell((id, name), size, found.err());
    }
    Ok(whole)
}

async fn head<S: Store>(store: &S, id: Digest) -> Result<Head, Fault> {
    if let Some(damage) = scrub::one(store, &id, Duration::ZERO).await {
        return Err(damage.into());
    }
    store.head(&id).await?.ok_or_else(|| Fault::room("it has no head"))
}

async fn room<S: Store>(
    (store, files): (&S, Option<&Attachments>),
    id: Digest,
    name: &str,
    head: &Head,
) -> Result<Home, Fault> {
    let mut replay = Replay::new(RoomId(id));
    let (mut from, mut recalled, mut seen) = (0, Vec::new(), BTreeSet::new());
    while from < head.size {
        let rows = rows(store, &id, from).await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            entries.push(entry(row)?);
        }
        let verified = replay.push(entries)?;
        for (row, verified) in rows.iter().zip(&verified) {
            let statement = &verified.signed().statement;
            if store.find(&id, statement.id.as_bytes()).await? != Some(row.index) {
                return Err(Fault::entry(row.index, "the index of ids does not lead to it"));
            }
            let sealed = statement.sealed();
            content(row, sealed)?;
            if let Some(files) = files {
                attachments(files, id, row, sealed, &mut seen).await?;
            }
            recalled.push(row.recalled);
        }
        from += rows.len() as u64;
    }
    let marked = (0..).zip(&recalled).find(|(index, recalled)| replay.is_recalled(*index) != **recalled);
    if let Some((index, _)) = marked {
        return Err(Fault::entry(index, "its mark as recalled is not what the log says"));
    }
    let state = replay.state().ok_or_else(|| Fault::room("it has no entries"))?;
    if state.name().as_str() != name {
        return Err(Fault::room("its name is not that of its founding charter"));
    }
    state_of_head(state, head)?;
    let home = Home {
        room: RoomId(id),
        domain: state.constitution().domain().clone(),
        log_vkey: state.charter().log_vkey.clone(),
    };
    tree_of_head(replay.tree(), head)?;
    checkpoint(&home, id, head)?;
    Ok(home)
}

async fn access_log<S: Store>(
    store: &S,
    id: Digest,
    name: &str,
    head: &Head,
    homes: &[Home],
) -> Result<(), Fault> {
    let mut replay = AccessReplay::default();
    let mut from = 0;
    while from < head.size {
        let rows = rows(store, &id, from).await?;
        for row in &rows {
            replay.push(&entry(row)?)?;
        }
        from += rows.len() as u64;
    }
    tree_of_head(replay.tree(), head)?;
    let org = access_log_org(name).ok_or_else(|| Fault::room("its name is not an access log's"))?;
    let home = homes.iter().find(|home| access_log_id(home.room, &org).0 == id);
    checkpoint(home.ok_or_else(|| Fault::room("it is the access log of no room that is whole"))?, id, head)
}

async fn rows<S: Store>(store: &S, room: &Digest, from: u64) -> Result<Vec<StoredRow>, Fault> {
    let rows = store.rows(room, from, ROWS, BYTES, true).await?;
    if rows.is_empty() { Err(Fault::entry(from, "it is missing")) } else { Ok(rows) }
}

fn entry(row: &StoredRow) -> Result<Entry, Fault> {
    Entry::parse(row.entry.clone()).map_err(|error| Fault::entry(row.index, error.to_string()))
}

/// That the content beside an entry is the one that it names, and is there unless it may be gone.
fn content(row: &StoredRow, sealed: Option<&Post>) -> Result<(), Fault> {
    let fault = |what: &str| Err(Fault::entry(row.index, what));
    match (sealed, row.content_state, &row.content) {
        (None, ContentState::Absent, None) => Ok(()),
        (None, ..) => fault("there is content beside an entry that names none"),
        (Some(post), ContentState::Present, Some(content)) => {
            if post.size == content.len() as u64 && post.digest == Digest::of(content) {
                Ok(())
            } else {
                fault("its content is not the one that it names")
            }
        }
        // Removed after a recall, or at the end that its author gave it.
        (Some(post), ContentState::Purged, None)
            if row.recalled || post.content_until.is_some_and(|end| end <= now()) =>
        {
            Ok(())
        }
        (Some(_), ..) => fault("its content is missing"),
    }
}

/// That the attachments which a post names are there and as they were received, unless they may be gone.
async fn attachments(
    files: &Attachments,
    room: Digest,
    row: &StoredRow,
    sealed: Option<&Post>,
    seen: &mut BTreeSet<Digest>,
) -> Result<(), Fault> {
    let Some(post) = sealed else { return Ok(()) };
    if row.recalled || post.content_until.is_some_and(|end| end <= now()) {
        return Ok(());
    }
    for attachment in &post.attachments {
        if seen.insert(attachment.digest) && !files.verify(&room, &attachment.digest).await? {
            let what = format!("its attachment {} is missing, or not as it was received", attachment.digest);
            return Err(Fault::entry(row.index, what));
        }
    }
    Ok(())
}

fn state_of_head(state: &RoomState, head: &Head) -> Result<(), Fault> {
    let kept = RoomState::restore(&head.state, state.size(), state.last_accepted_at());
    let kept = kept.map_err(|error| Fault::room(format!("its stored state: {error}")))?;
    if kept.snapshot() != state.snapshot() {
        return Err(Fault::room("its stored state is not the one that its entries give"));
    }
    let members: BTreeSet<&str> = state.charter().members.iter().map(|member| member.name.as_str()).collect();
    if head.members.iter().map(String::as_str).collect::<BTreeSet<_>>() != members {
        return Err(Fault::room("its stored members are not those of its charter"));
    }
    Ok(())
}

fn tree_of_head(tree: &Tree, head: &Head) -> Result<(), Fault> {
    if tree.size() == TreeSize(head.size) && tree.root() == head.root {
        return Ok(());
    }
    Err(Fault::room("the tree of its entries has another root than its head says"))
}

fn checkpoint(home: &Home, room: Digest, head: &Head) -> Result<(), Fault> {
    let origin = Origin::new(home.domain.clone(), room);
    let opened = SignedCheckpoint::open(&head.checkpoint, &origin.log_key(&home.log_vkey));
    let opened = opened.map_err(|error| Fault::room(format!("its checkpoint: {error}")))?;
    let good =
        *opened.origin() == origin && opened.size() == TreeSize(head.size) && opened.root() == head.root;
    if good { Ok(()) } else { Err(Fault::room("its checkpoint is of another tree than its head")) }
}
