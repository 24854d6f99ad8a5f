//! `tearlined restore`: a store, and attachments, built anew from one or several bundles, to the same roots.
//!
//! What is in the bundles is audited on all cores as anybody would; what is verified is written into folders of its own,
//! which take their places only once all of it is whole. Nothing is believed because of where a bundle comes from.
//! Specification: `docs/spec.md`, sections 11 and 11.1; the operator's guide says when to use it.

mod attached;
mod error;
mod merge;
mod rooms;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tearline_audit::{BundleFault, audit};
use tearline_ledger::{
    audit::{Audit, Audited},
    digest::Digest,
    name::Domain,
    note::VerifierKey,
};
use tokio::runtime::Runtime;

pub use self::error::RestoreError;
use self::{attached::Attached, merge::Merge, rooms::Restoring};
use crate::{
    check,
    files::Attachments,
    store::{Options, SledStore},
};

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
    /// Attachments that were put back.
    pub attachments: usize,
    /// Attachments that posts name, that are in no bundle, and that are not in their folder as they were received.
    pub without_attachments: usize,
    /// The first post that names one of them, as in `drc#4`.
    pub first_attachment: Option<String>,
}

/// Builds the store in `folder`, which must not be there, from bundles, and puts back the attachments that they have.
/// `progress` is told how many bytes have been read of all.
///
/// # Errors
///
/// Why nothing was restored.
pub fn restore(
    runtime: &Runtime,
    (folder, files): (&Path, &Attachments),
    bundles: &[PathBuf],
    expected: &Expected<'_>,
    progress: impl FnMut(u64) + Clone,
) -> Result<Restored, RestoreError> {
    if folder.symlink_metadata().is_ok() {
        return Err(RestoreError::Exists(folder.to_owned()));
    }
    let (part, staged) = (folder.with_extension(UNDER_WAY), files.dir().with_extension(UNDER_WAY));
    // What an earlier attempt left.
    remove(&part)?;
    remove(&staged)?;
    let attached = Attached::new(files, staged.clone());
    let written = write((runtime, &part), attached, bundles, expected, progress);
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_dir_all(&part);
    }
    let _ = fs::remove_dir_all(&staged);
    let restored = written?;
    fs::rename(&part, folder).map_err(at(folder))?;
    let parent = folder.parent().unwrap_or(Path::new("."));
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(at(parent))?;
    Ok(restored)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RestoreError {
    let path = path.to_owned();
    move |source| RestoreError::Folder { path, source }
}

fn remove(folder: &Path) -> Result<(), RestoreError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(at(folder)(source)),
        _ => Ok(()),
    }
}

fn write(
    (runtime, part): (&Runtime, &Path),
    attached: Attached<'_>,
    bundles: &[PathBuf],
    expected: &Expected<'_>,
    progress: impl FnMut(u64) + Clone,
) -> Result<Restored, RestoreError> {
    let open = |path: &PathBuf| match File::open(path) {
        Ok(file) => Ok((path.clone(), file)),
        Err(error) => Err(RestoreError::Source { path: path.clone(), error: BundleFault::Io(error) }),
    };
    let opened = bundles.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let rows = Merge::of(opened, expected, progress)?;
    let store = SledStore::open(part, Options::default())?;
    let mut restoring = Restoring::new(store, attached, expected);
    let audited =
        audit(&mut Audit::new(), rows, |step| runtime.block_on(restoring.take(step)).map_err(Stop::Here));
    audited.map_err(|stop| match stop {
        Stop::Here(error) => error,
        Stop::Fault(BundleFault::Audit(fault)) => RestoreError::Audit { bundles: bundles.to_vec(), fault },
        Stop::Fault(error) => RestoreError::Source { path: part.to_owned(), error },
    })?;
    let (store, restored) = runtime.block_on(restoring.finish())?;
    if !expected.without_content {
        runtime.block_on(whole(&store))?;
    }
    Ok(restored)
}

/// What ended the audit.
enum Stop {
    Here(RestoreError),
    Fault(BundleFault),
}

impl From<BundleFault> for Stop {
    fn from(fault: BundleFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<RestoreError> for Stop {
    fn from(error: RestoreError) -> Self {
        Self::Here(error)
    }
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
