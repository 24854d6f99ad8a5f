//! What is kept of a file on its way out, so that an interrupted sending goes on: what the file is recognised by, and the
//! key, sealed under the room's own key.
//!
//! Refuses to know the sealed bytes, which lie beside it under the same name.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tearline_ledger::{digest::Digest, keys::fresh, seal, stream::sealed_size};
use tearline_proto::v1;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    AttachmentError, HandedOn, Waiting,
    error::io_error,
    outgoing::{Outgoing, files},
};
use crate::{desk::Room, durable};

/// A journal is a few lines.
const JOURNAL_MAX: u64 = 64 << 10;

/// What a file is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    path: PathBuf,
    pub(super) size: u64,
    inode: u64,
    modified: (i64, i64),
}

/// What goes into a journal's sealed part.
#[derive(Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) facts: Facts,
    pub(super) plain: String,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) mark: String,
    pub(super) digest: String,
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// A journal: sealed, with the claim that opens it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    epoch: u64,
    id: String,
    salt: String,
    key_commitment: String,
    digest: String,
    sealed: String,
}

/// The journal of a file, sealed.
pub(super) fn close(room: &Room, secret: &Secret) -> Result<Vec<u8>, AttachmentError> {
    let no_key = || AttachmentError::NoRoomKey(room.replica.name().to_owned());
    let epoch = room.keys.epochs().max().ok_or_else(no_key)?;
    let key = room.keys.get(epoch).ok_or_else(no_key)?;
    let plain = Zeroizing::new(serde_json::to_vec(secret).unwrap_or_default());
    let id = *fresh::<16>()?;
    let room_id = room.replica.room().0;
    let context = seal::Context { room: &room_id, epoch, id: &id, author: JOURNAL };
    let sealed = seal::seal(key, &seal::fresh_salt()?, &context, &plain)?;
    let journal = Journal {
        epoch,
        id: hex::encode(id),
        salt: hex::encode(sealed.claim.salt),
        key_commitment: hex::encode(sealed.claim.key_commitment),
        digest: sealed.claim.digest.to_hex(),
        sealed: hex::encode(&sealed.bytes),
    };
    Ok(serde_json::to_vec(&journal).unwrap_or_default())
}

/// No member is called so: what is sealed for a journal opens as nothing else.
const JOURNAL: &str = "tearline/v1/outgoing";

/// What an earlier attempt left of this very file for this room.
pub(super) fn find(
    waiting: &Waiting,
    room: &Room,
    facts: &Facts,
) -> Result<Option<Outgoing>, AttachmentError> {
    for (path, _) in files(waiting)? {
        if path.extension().is_none_or(|it| it != "journal") {
            continue;
        }
        let Ok(bytes) = durable::read(&path, JOURNAL_MAX) else { continue };
        let Some(secret) = open_journal(room, &bytes) else { continue };
        let sealed = path.with_extension("sealed");
        let whole = || fs::metadata(&sealed).map(|it| it.len()).ok() == sealed_size(secret.facts.size);
        if secret.facts == *facts && whole() {
            return Ok(outgoing(&secret, sealed, path));
        }
    }
    Ok(None)
}

fn outgoing(secret: &Secret, sealed: PathBuf, journal: PathBuf) -> Option<Outgoing> {
    let digest = Digest::from_hex(&secret.digest)?;
    let key = v1::AttachmentKey {
        digest: digest.as_bytes().to_vec().into(),
        size: secret.facts.size,
        key: hex::decode(&secret.key).ok()?.into(),
        name: secret.name.clone(),
        media_type: secret.media_type.clone(),
        mark: secret.mark.clone(),
    };
    let handed = HandedOn::of(&key)?;
    Some(Outgoing { handed, plain: Digest::from_hex(&secret.plain)?, resumed: true, sealed, journal })
}

fn open_journal(room: &Room, bytes: &[u8]) -> Option<Secret> {
    let journal: Journal = serde_json::from_slice(bytes).ok()?;
    let key = room.keys.get(journal.epoch)?;
    let id: [u8; 16] = hex::decode(&journal.id).ok()?.try_into().ok()?;
    let sealed = hex::decode(&journal.sealed).ok()?;
    let claim = seal::Claim {
        salt: hex::decode(&journal.salt).ok()?.try_into().ok()?,
        key_commitment: hex::decode(&journal.key_commitment).ok()?.try_into().ok()?,
        digest: Digest::from_hex(&journal.digest)?,
        size: sealed.len() as u64,
    };
    let room_id = room.replica.room().0;
    let context = seal::Context { room: &room_id, epoch: journal.epoch, id: &id, author: JOURNAL };
    let plain = Zeroizing::new(seal::open(key, &context, &claim, &sealed).ok()?);
    serde_json::from_slice(&plain).ok()
}

/// What a file is recognised by.
pub(super) fn facts(path: &Path, found: &Metadata) -> Result<Facts, AttachmentError> {
    let whole = fs::canonicalize(path).map_err(io_error("look at", path))?;
    Ok(Facts {
        path: whole,
        size: found.len(),
        inode: found.ino(),
        modified: (found.mtime(), found.mtime_nsec()),
    })
}
