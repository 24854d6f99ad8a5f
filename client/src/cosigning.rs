//! An auditor's client as a witness: it cosigns what it verified, and never two roots at one size.
//!
//! Specification: `docs/spec.md`, section 5. What is cosigned is durable before it is signed. It is kept
//! beside the replicas, so that even a replica that was fetched anew must continue it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tearline_ledger::{
    checkpoint::SignedCheckpoint,
    cosign::{self, CosignError},
    keys::SigningKey,
    merkle::TreeSize,
    name::MemberName,
    note::{KeyMaterial, NoteSigner as _, VerifierKey},
};

use crate::{
    alarm::Alarm,
    desk::{Desk, now},
    durable::{self, FileError, Lock},
    error::Error,
    evidence::{Exhibit, Raised},
    replica::{Replica, verify::CLOCK_SECONDS},
    session::Session,
    witness::Cosigner,
};

const STATE_MAX: u64 = 1 << 16;

/// The newest checkpoint that this desk cosigned in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    size: u64,
    root: String,
    /// As it was before it was cosigned.
    #[serde(default)]
    note: Option<String>,
}

/// Cosigns a room's newest checkpoint, which the replica has verified, and hands it to the server.
pub async fn cosign(session: &Session, desk: &Desk, replica: &Replica) -> Result<SignedCheckpoint, Error> {
    let checkpoint = prepare(desk, replica, now())?;
    session.cosign(replica.room(), checkpoint.to_bytes().into()).await?;
    Ok(checkpoint)
}

/// The newest checkpoint with this desk's cosignature of `now`; that it was made is durable.
pub fn prepare(desk: &Desk, replica: &Replica, now: u64) -> Result<SignedCheckpoint, Error> {
    let (room, name) = (replica.room(), replica.name().to_owned());
    let alarmed = |error| desk.alarmed(room, error);
    let empty = || Error::Replica(crate::replica::ReplicaError::Empty(name.clone()));
    let mut checkpoint = replica.checkpoint().ok_or_else(empty)?.clone();
    let ahead = replica.last_accepted_at().map_err(alarmed)?.unwrap_or_default().saturating_sub(now);
    if ahead > CLOCK_SECONDS {
        let index = replica.size().saturating_sub(1);
        let alarm = Alarm::ClockDiffers { room: name, index, seconds: ahead };
        return Err(desk.raise(room, alarm.into()));
    }
    let path = desk.profile().cosigned_path(room);
    path.parent().map_or(Ok(()), durable::make_folder)?;
    let _lock = Lock::take(&path.with_extension("lock"))?;
    if let Some(last) = read(&path)? {
        let verified = replica.tree().root_at(TreeSize(last.size)).map(|root| root.to_hex());
        if verified.as_ref() != Some(&last.root) {
            let (room_name, size) = (name.clone(), last.size);
            let shrunk = Alarm::Shrunk { room: name, had: last.size, has: replica.size() };
            let alarm = verified.map_or(shrunk, |_| Alarm::Forked { room: room_name, size });
            let mut raised =
                Raised::from(alarm).with(Exhibit::checkpoint("served now", &checkpoint.to_bytes()));
            raised
                .exhibits
                .extend(last.note.as_ref().map(|note| Exhibit::checkpoint("cosigned", note.as_bytes())));
            return Err(desk.raise(room, raised));
        }
    }
    let note = Some(checkpoint.note().to_string());
    let last = Last { size: checkpoint.size().0, root: checkpoint.root().to_hex(), note };
    durable::replace(&path, &serde_json::to_vec(&last).unwrap_or_default())?;
    attach(&mut checkpoint, desk.member(), desk.vault()?.sign_key(), now)?;
    Ok(checkpoint)
}

fn attach(
    checkpoint: &mut SignedCheckpoint,
    member: &MemberName,
    key: &SigningKey,
    now: u64,
) -> Result<(), CosignFault> {
    let signer = Cosigner(key);
    let name = member.desk().parse().map_err(|_| CosignFault::Name(member.clone()))?;
    let witness = VerifierKey::new(name, KeyMaterial::Ed25519Cosignature(signer.public_key()));
    let line = cosign::cosign(checkpoint, witness.name(), &signer, now)?;
    cosign::attach(checkpoint, line, &witness)?;
    Ok(())
}

/// Why a cosignature cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CosignFault {
    /// The library refuses.
    #[error(transparent)]
    Cosign(#[from] CosignError),
    /// A desk's name that no note can carry.
    #[error("{0} cannot be the name of a witness")]
    Name(MemberName),
    /// What was cosigned before cannot be read.
    #[error(
        "{} is damaged: what this desk cosigned before is not known, and it cosigns nothing there. Compare with another \
         auditor's `tearline status` before you remove it", .0.display()
    )]
    Damaged(PathBuf),
}

fn read(path: &std::path::Path) -> Result<Option<Last>, Error> {
    match durable::read(path, STATE_MAX) {
        Ok(bytes) => {
            let damaged = |_| CosignFault::Damaged(path.to_owned());
            Ok(Some(serde_json::from_slice(&bytes).map_err(damaged)?))
        }
        Err(FileError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::Profile, sample::House, witness::witnesses};

    fn auditor(dir: &std::path::Path, house: &House) -> (Desk, Replica) {
        let profile = Profile::create(dir, &house.auditor.name).unwrap();
        let desk = Desk::new(profile, Some(house.auditor.vault()));
        let replica = desk.replica(house.replay.room(), &"chamber".parse().unwrap()).unwrap();
        (desk, replica)
    }

    #[test]
    fn a_cosignature_counts_for_whoever_knows_the_charter() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded().post(&["one"]);
        let (desk, mut replica) = auditor(dir.path(), &house);
        replica.take(house.rows(0, 2), house.now).unwrap();
        let cosigned = prepare(&desk, &replica, house.now).unwrap();
        let found = witnesses(&cosigned, house.replay.state().unwrap().charter()).unwrap();
        assert_eq!((found.len(), found[0].at), (1, house.now));
        prepare(&desk, &replica, house.now + 60).unwrap();
    }

    #[test]
    fn no_second_root_is_cosigned_even_if_the_replica_is_lost() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded().post(&["one"]);
        let (desk, mut replica) = auditor(dir.path(), &house);
        replica.take(house.rows(0, 2), house.now).unwrap();
        prepare(&desk, &replica, house.now).unwrap();
        let path = desk.profile().cosigned_path(replica.room());
        std::fs::remove_dir_all(desk.profile().room_dir(replica.room())).unwrap();
        std::fs::write(&path, format!("{{\"size\":2,\"root\":\"{}\"}}", "00".repeat(32))).unwrap();
        let Err(Error::Alarm(caught)) = prepare(&desk, &replica, house.now) else { panic!("no alarm") };
        assert_eq!(caught.alarm, Alarm::Forked { room: "chamber".to_owned(), size: 2 });
        std::fs::write(&path, "nonsense").unwrap();
        assert!(matches!(prepare(&desk, &replica, house.now), Err(Error::Cosign(CosignFault::Damaged(_)))));
    }

    #[test]
    fn a_room_whose_clock_is_ahead_is_not_cosigned() {
        let dir = tempfile::tempdir().unwrap();
        let house = House::founded();
        let (desk, mut replica) = auditor(dir.path(), &house);
        replica.take(house.rows(0, 1), house.now).unwrap();
        let Err(Error::Alarm(caught)) = prepare(&desk, &replica, house.now - 301) else { panic!("no alarm") };
        assert_eq!(caught.alarm.kind(), "clock-differs");
    }
}
