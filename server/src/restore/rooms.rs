//! The rooms of a store that is being restored: rows as they are verified, then each room's head.
//!
//! Nobody reads the store before all of it is written. What is verified, and how, is not known here.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use tearline_ledger::{
    audit::{Audited, AuditedEntry, Step},
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    id::RoomId,
    merkle::Frontier,
    name::Role,
    note::SignatureLine,
    rules::{Effect, RoomState, VerifiedEntry},
    statement::Post,
};

use super::{Expected, RestoreError, Restored, attached::Attached};
use crate::{
    sequencer::now,
    store::{Commit, NewRow, RoomCommit, SledStore, Store},
};

#[derive(Default)]
struct Part {
    frontier: Frontier,
    recalled: BTreeSet<u64>,
    /// Sealed statements whose content did not come and has no end that is past.
    missing: Vec<u64>,
    /// Attachments with the posts that name them and have no end that is past.
    attachments: Vec<(u64, Digest)>,
}

/// A store that is being written.
pub(super) struct Restoring<'a> {
    store: SledStore,
    attached: Attached<'a>,
    expected: &'a Expected<'a>,
    rooms: HashMap<RoomId, Part>,
    done: Restored,
    first_missing: Option<String>,
}

impl<'a> Restoring<'a> {
    /// Nothing is in it yet.
    pub(super) fn new(store: SledStore, attached: Attached<'a>, expected: &'a Expected<'a>) -> Self {
        let (rooms, done) = (HashMap::new(), Restored::default());
        Self { store, attached, expected, rooms, done, first_missing: None }
    }

    /// Nothing more comes: all content must be there, unless it was said that it need not. Puts the attachments in
    /// their rooms.
    pub(super) async fn finish(mut self) -> Result<(SledStore, Restored), RestoreError> {
        if let Some(first) = self.first_missing.filter(|_| !self.expected.without_content) {
            return Err(RestoreError::WithoutContent { count: self.done.without_content, first });
        }
        self.attached.place(&mut self.done).await?;
        Ok((self.store, self.done))
    }

    /// Writes what the audit has verified.
    pub(super) async fn take(&mut self, step: Step) -> Result<(), RestoreError> {
        match step {
            Step::Entries { room, name, entries } => self.enter(room, &name, entries).await,
            Step::Room { audited, state, checkpoint } => {
                if let Some(state) = &state {
                    same_log_key(state, self.expected)?;
                }
                self.close(&audited, state.as_deref(), &checkpoint).await?;
                self.done.rooms.push(audited);
                Ok(())
            }
            Step::Piece { piece, whole, .. } => Ok(self.attached.take(&piece, whole)?),
            Step::End => Ok(()),
        }
    }

    /// Writes entries under no checkpoint yet: until the room is closed nobody reads them.
    async fn enter(
        &mut self,
        room: RoomId,
        name: &str,
        entries: Vec<AuditedEntry>,
    ) -> Result<(), RestoreError> {
        let known = self.rooms.contains_key(&room);
        let part = self.rooms.entry(room).or_default();
        let expected_size = part.frontier.size().0;
        let (mut rows, mut recalled, mut gone) = (Vec::with_capacity(entries.len()), Vec::new(), Vec::new());
        for (index, audited) in (expected_size..).zip(entries) {
            if let Some(Effect::Recalled(post)) = audited.verified().map(VerifiedEntry::effect) {
                recalled.push(*post);
            }
            let signed = audited.verified().map(VerifiedEntry::signed);
            let sealed = signed.and_then(|signed| signed.statement.sealed());
            let live = |post: &&Post| post.content_until.is_none_or(|end| end > now());
            if let Some(post) = sealed.filter(live) {
                part.attachments.extend(post.attachments.iter().map(|it| (index, it.digest)));
            }
            // An older bundle may have what has expired since.
            let mut content = audited.content.clone().filter(|_| sealed.as_ref().is_some_and(live));
            if sealed.is_some() && content.is_none() {
                // Entered empty, and purged at once: so the store knows that there was some.
                content = Some(Bytes::new());
                gone.push(index);
                part.missing.extend(sealed.filter(live).map(|_| index));
            }
            let id = signed.map(|signed| *signed.statement.id.as_bytes());
            let nodes = part.frontier.append(audited.leaf);
            rows.push(NewRow { id, entry: audited.bytes, content, nodes });
        }
        part.recalled.extend(&recalled);
        let commit = RoomCommit {
            room: room.0,
            expected_size,
            create: (!known).then(|| name.to_owned()),
            rows,
            root: part.frontier.root(),
            recalled,
            ..RoomCommit::default()
        };
        self.store.commit(Commit { rooms: vec![commit] }).await?;
        for index in gone {
            self.store.purge(&room.0, index).await?;
        }
        Ok(())
    }

    /// Gives a room its checkpoint, its state and its members.
    async fn close(
        &mut self,
        audited: &Audited,
        state: Option<&RoomState>,
        note: &Bytes,
    ) -> Result<(), RestoreError> {
        let Some(part) = self.rooms.remove(&audited.room) else { return Ok(()) };
        let unexplained: Vec<u64> =
            part.missing.into_iter().filter(|index| !part.recalled.contains(index)).collect();
        self.done.without_content += unexplained.len() as u64;
        if let Some(first) = unexplained.first() {
            self.first_missing.get_or_insert_with(|| format!("{}#{first}", audited.name));
        }
        for index in &part.recalled {
            // An older bundle may have what was recalled since.
            self.store.purge(&audited.room.0, *index).await?;
        }
        let standing = part.attachments.iter().filter(|(index, _)| !part.recalled.contains(index));
        for (index, digest) in standing {
            self.attached.name(audited.room, *digest, || format!("{}#{index}", audited.name));
        }
        let key = Origin::new(self.expected.domain.clone(), audited.room.0).log_key(self.expected.log_key);
        let checkpoint = SignedCheckpoint::open(note, &key)
            .map_err(|error| RestoreError::Checkpoint { room: audited.name.clone(), error })?;
        let own = note_of(&checkpoint, None);
        let members = state.map(|state| {
            state.charter().members.iter().map(|member| member.name.as_str().to_owned()).collect()
        });
        let commit = RoomCommit {
            room: audited.room.0,
            expected_size: audited.entries,
            checkpoint: own,
            root: audited.root,
            state: state.map(RoomState::snapshot),
            members,
            ..RoomCommit::default()
        };
        self.store.commit(Commit { rooms: vec![commit] }).await?;
        let members = state.into_iter().flat_map(|state| &state.charter().members);
        for witness in members.filter(|member| member.name.role() == Role::Auditor) {
            let mut lines = checkpoint.other_lines();
            if let Some(line) = lines.find(|line| line.name().to_string() == witness.name.desk()) {
                let note = note_of(&checkpoint, Some(line));
                self.store.put_cosignature(&audited.room.0, witness.name.as_str(), note).await?;
            }
        }
        Ok(())
    }
}

/// A checkpoint with the log's own signature, and that of one witness.
fn note_of(checkpoint: &SignedCheckpoint, witness: Option<&SignatureLine>) -> Bytes {
    let others: Vec<&SignatureLine> = checkpoint.other_lines().collect();
    let own = checkpoint.note().signatures().iter().filter(|line| !others.contains(line));
    let lines = own.chain(witness).map(|line| format!("{line}\n"));
    format!("{}\n{}", checkpoint.checkpoint().text(), lines.collect::<String>()).into()
}

fn same_log_key(state: &RoomState, expected: &Expected<'_>) -> Result<(), RestoreError> {
    let named = &state.charter().log_vkey;
    if named == expected.log_key {
        return Ok(());
    }
    Err(RestoreError::OtherLogKey {
        room: state.name().as_str().to_owned(),
        named: Box::new(named.clone()),
        held: Box::new(expected.log_key.clone()),
    })
}
