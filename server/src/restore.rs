//! `tearlined restore`: a store built anew from a bundle, to the same roots.
//!
//! The bundle is audited as anybody would; what is verified is written into a folder of its own, which takes the
//! store's place only once it is whole. Nothing is believed because of where the bundle comes from.
//! Specification: `docs/spec.md`, sections 11 and 11.1; the operator's guide says when to use it.

use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tearline_ledger::{
    audit::{Audit, AuditFault, Audited, AuditedEntry, Step},
    checkpoint::{CheckpointError, Origin, SignedCheckpoint},
    digest::Digest,
    id::RoomId,
    merkle::Frontier,
    name::{Domain, Role},
    note::{SignatureLine, VerifierKey},
    replay::check_here,
    rules::{Effect, RoomState},
};

use crate::{
    check,
    files::Attachments,
    sequencer::now,
    store::{Commit, NewRow, Options, RoomCommit, SledStore, Store, StoreError},
};

const READ: usize = 1 << 20;
/// Beside the store's folder, as long as the restored one is not whole.
const UNDER_WAY: &str = "restoring";

/// What a restored store is to be.
#[derive(Debug, Clone)]
pub struct Expected<'a> {
    /// The instance.
    pub domain: &'a Domain,
    /// Its chamber.
    pub chamber: Digest,
    /// The log key that the configuration leads to.
    pub log_key: &'a VerifierKey,
    /// Whether content may be missing though it was neither recalled nor has expired.
    pub without_content: bool,
}

/// What was restored.
#[derive(Debug, Default)]
pub struct Restored {
    /// Every room and access log.
    pub rooms: Vec<Audited>,
    /// Posts without the content that they should have: their readers will see an alarm.
    pub without_content: u64,
    /// Attachments that posts name and that are not in their folder as they were received. No bundle has them.
    pub without_attachments: usize,
    /// The first post that names one of them, as in `drc#4`.
    pub first_attachment: Option<String>,
}

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// There is a store.
    #[error("{}: there is a store already: move it away first, and keep it", .0.display())]
    Exists(PathBuf),
    /// The bundle cannot be read.
    #[error("the bundle cannot be read: {0}")]
    Read(#[source] io::Error),
    /// The bundle is not in order.
    #[error("the bundle is not in order, and nothing was restored: {0}")]
    Audit(#[from] AuditFault),
    /// The bundle is of another instance.
    #[error(
        "the bundle is of {found}, and the configuration of {expected}: see `domain` and `chamber` in it"
    )]
    OtherInstance {
        /// Domain and chamber of the bundle.
        found: String,
        /// Those of the configuration.
        expected: String,
    },
    /// The charters name another log key.
    #[error(
        "the charter of {room} names the log key {named}, but `log_key` holds {held}: put back the file of that key"
    )]
    OtherLogKey {
        /// The room.
        room: String,
        /// What its charter says.
        named: Box<VerifierKey>,
        /// What the configuration leads to.
        held: Box<VerifierKey>,
    },
    /// Content is missing for no reason.
    #[error(
        "the bundle lacks the content of {count} posts and proposals that were neither recalled nor have expired, the first of them {first}: \
         use one made with `tearline export --content` or `tearlined backup`, or say --without-content and let their readers see an alarm"
    )]
    WithoutContent {
        /// How many.
        count: u64,
        /// As in `drc#4`.
        first: String,
    },
    /// The checkpoint cannot be taken apart.
    #[error("the checkpoint of {room}: {error}")]
    Checkpoint {
        /// The room.
        room: String,
        /// What is wrong.
        error: CheckpointError,
    },
    /// The new store cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was written is not what was read.
    #[error("what was written is damaged: {0}: see whether the disk is well, then try again")]
    Damaged(String),
    /// The folder cannot be put in its place.
    #[error("{}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// Builds the store in `folder`, which must not be there, from a bundle. `progress` is told how many bytes
/// have been read. `files` are only looked at: a store is whole without them, and they may be put back later.
pub async fn restore(
    (folder, files): (&Path, &Attachments),
    bundle: impl Read,
    expected: &Expected<'_>,
    progress: impl FnMut(u64),
) -> Result<Restored, RestoreError> {
    if folder.symlink_metadata().is_ok() {
        return Err(RestoreError::Exists(folder.to_owned()));
    }
    let part = folder.with_extension(UNDER_WAY);
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| RestoreError::Folder { path, source }
    };
    // What an earlier attempt left.
    match fs::remove_dir_all(&part) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(at(&part)(source)),
        _ => {}
    }
    let written = write((&part, files), bundle, expected, progress).await;
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&part);
    }
    let restored = written?;
    fs::rename(&part, folder).map_err(at(folder))?;
    let parent = folder.parent().unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(at(parent))?;
    Ok(restored)
}

async fn write(
    (part, files): (&Path, &Attachments),
    mut bundle: impl Read,
    expected: &Expected<'_>,
    mut progress: impl FnMut(u64),
) -> Result<Restored, RestoreError> {
    let store = SledStore::open(part, Options::default())?;
    let (rooms, done) = (HashMap::new(), Restored::default());
    let mut restoring = Restoring { store, files, rooms, done, first_missing: None };
    let mut audit = Audit::new(check_here);
    let (mut buffer, mut total) = (vec![0; READ], 0);
    loop {
        let read = bundle.read(&mut buffer).map_err(RestoreError::Read)?;
        if read == 0 {
            break;
        }
        total += read as u64;
        progress(total);
        let mut steps = Vec::new();
        audit.feed(buffer.get(..read).unwrap_or_default(), |step| steps.push(step))?;
        if let Some(begin) = audit.begin() {
            same_instance((&begin.domain, begin.chamber), expected)?;
        }
        for step in steps {
            restoring.take(step, expected).await?;
        }
    }
    audit.finish()?;
    if let Some(first) = restoring.first_missing.filter(|_| !expected.without_content) {
        return Err(RestoreError::WithoutContent { count: restoring.done.without_content, first });
    }
    if !expected.without_content {
        whole(&restoring.store).await?;
    }
    Ok(restoring.done)
}

fn same_instance((domain, chamber): (&Domain, RoomId), expected: &Expected<'_>) -> Result<(), RestoreError> {
    if domain == expected.domain && chamber.0 == expected.chamber {
        return Ok(());
    }
    Err(RestoreError::OtherInstance {
        found: format!("{} with chamber {chamber}", domain.as_str()),
        expected: format!("{} with chamber {}", expected.domain.as_str(), expected.chamber),
    })
}

/// What was written is read back and verified once more, as `tearlined check` does.
async fn whole(store: &SledStore) -> Result<(), RestoreError> {
    let mut damage = None;
    let told = |checked: &check::Checked| {
        if let Some(fault) = &checked.fault
            && damage.is_none()
        {
            let place = fault.index.map(|index| format!("#{index}")).unwrap_or_default();
            damage = Some(format!("{}{place}: {}", checked.name, fault.what));
        }
    };
    check::check(store, None, told).await?;
    damage.map_or(Ok(()), |damage| Err(RestoreError::Damaged(damage)))
}

#[derive(Default)]
struct Part {
    frontier: Frontier,
    recalled: BTreeSet<u64>,
    /// Sealed statements whose content did not come and has no end that is past.
    missing: Vec<u64>,
    /// Attachments with the posts that name them and have no end that is past.
    attachments: Vec<(u64, Digest)>,
}

struct Restoring<'a> {
    store: SledStore,
    files: &'a Attachments,
    rooms: HashMap<RoomId, Part>,
    done: Restored,
    first_missing: Option<String>,
}

impl Restoring<'_> {
    async fn take(&mut self, step: Step, expected: &Expected<'_>) -> Result<(), RestoreError> {
        match step {
            Step::Entries { room, name, entries } => self.enter(room, &name, entries).await,
            Step::Room { audited, state, checkpoint } => {
                if let Some(state) = &state {
                    same_log_key(state, expected)?;
                }
                self.close(&audited, state.as_deref(), (&checkpoint, expected)).await?;
                self.done.rooms.push(audited);
                Ok(())
            }
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
            if let Some(verified) = &audited.verified
                && let Effect::Recalled(post) = verified.effect()
            {
                recalled.push(*post);
            }
            let mut content = audited.content;
            let signed = audited.entry.statement();
            let sealed = signed.and_then(|signed| signed.statement.sealed());
            if let Some(post) = sealed.filter(|post| post.content_until.is_none_or(|end| end > now())) {
                part.attachments.extend(post.attachments.iter().map(|it| (index, it.digest)));
            }
            if let (Some(post), None) = (sealed, &content) {
                // Entered empty, and purged at once: so the store knows that there was some.
                content = Some(Bytes::new());
                gone.push(index);
                if post.content_until.is_none_or(|end| end > now()) {
                    part.missing.push(index);
                }
            }
            let id = signed.map(|signed| *signed.statement.id.as_bytes());
            let nodes = part.frontier.append(audited.entry.leaf());
            rows.push(NewRow { id, entry: audited.entry.bytes().clone(), content, nodes });
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
        (note, expected): (&Bytes, &Expected<'_>),
    ) -> Result<(), RestoreError> {
        let Some(part) = self.rooms.remove(&audited.room) else { return Ok(()) };
        let unexplained: Vec<u64> =
            part.missing.into_iter().filter(|index| !part.recalled.contains(index)).collect();
        self.done.without_content += unexplained.len() as u64;
        if let Some(first) = unexplained.first() {
            self.first_missing.get_or_insert_with(|| format!("{}#{first}", audited.name));
        }
        let mut named = BTreeSet::new();
        for (index, digest) in &part.attachments {
            if part.recalled.contains(index) || !named.insert(digest) {
                continue;
            }
            // One that cannot be read is none; what to do is the same.
            if !self.files.verify(&audited.room.0, digest).await.unwrap_or(false) {
                self.done.without_attachments += 1;
                self.done.first_attachment.get_or_insert_with(|| format!("{}#{index}", audited.name));
            }
        }
        let key = Origin::new(expected.domain.clone(), audited.room.0).log_key(expected.log_key);
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
