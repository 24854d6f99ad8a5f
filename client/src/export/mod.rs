//! Exporting: all rooms as they stand at one moment, written into a bundle that appears only when it is whole.
//!
//! What was written before an export was broken off lies beside it (`FILE.part`, with its plan in `FILE.journal`), and is
//! where the next attempt goes on, of the same cut: each row of it is compared with what this desk has verified, and the
//! first that is not right and all after it are written anew. Rows are written as they come: memory is that of the
//! replica of one room, whatever its content. What to do with the bundle is the caller's. Specification: `docs/spec.md`,
//! section 11.

mod plan;
mod progress;
mod write;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use self::write::Cursor;
pub use self::{
    plan::{Contents, Plan},
    progress::Done,
};
use crate::{
    desk::Desk,
    durable::{self, io_error},
    error::Error,
    replica::Replica,
    session::Session,
    sync,
};

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The bundle is there.
    #[error("{} exists: give another name", .0.display())]
    Exists(PathBuf),
    /// There is a part without a plan.
    #[error("{} is there, but not of an export that was broken off: move it away", .0.display())]
    Foreign(PathBuf),
    /// The plan cannot be read.
    #[error("{}: not the plan of an export ({reason}); to begin anew, remove it and the file beside it that ends in .part", path.display())]
    Plan {
        /// The journal.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The export that was broken off is another desk's.
    #[error("an export by {desk} to this file was broken off: give another name, or remove {}", path.display())]
    OtherDesk {
        /// The journal.
        path: PathBuf,
        /// Whose.
        desk: String,
    },
    /// The export that was broken off was asked for otherwise.
    #[error("an export {before} content to this file was broken off: say the same again to go on with it, or give another name, or remove {}", path.display())]
    OtherContents {
        /// The journal.
        path: PathBuf,
        /// `with` or `without`.
        before: &'static str,
    },
    /// Another command is writing it.
    #[error("another command is writing {}: wait for it", .0.display())]
    InUse(PathBuf),
    /// A room's head cannot be taken apart.
    #[error("the checkpoint of {room} cannot be used: {reason}")]
    Head {
        /// The room.
        room: String,
        /// What is wrong.
        reason: String,
    },
    /// There is nothing.
    #[error("there is no room to export: this desk is in none")]
    Nothing,
}

/// A bundle that is being written, or was.
#[derive(Debug)]
pub struct Export {
    target: PathBuf,
    part: PathBuf,
    journal: PathBuf,
    file: File,
    plan: Option<Plan>,
}

impl Export {
    /// Takes the place where a bundle is to be, and what an earlier attempt by this desk left of it.
    pub fn at(target: &Path, desk: &Desk, contents: Contents) -> Result<Self, Error> {
        if target.symlink_metadata().is_ok() {
            return Err(ExportError::Exists(target.to_owned()).into());
        }
        let beside = |end: &str| {
            let mut name = target.file_name().unwrap_or_default().to_owned();
            name.push(end);
            target.with_file_name(name)
        };
        let (part, journal) = (beside(".part"), beside(".journal"));
        let plan = Plan::read(&journal)?;
        match &plan {
            None if part.symlink_metadata().is_ok_and(|found| found.len() > 0) => {
                return Err(ExportError::Foreign(part).into());
            }
            None => {}
            Some(plan) => plan.require(desk, contents, &journal)?,
        }
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&part);
        let file = file.map_err(io_error("open", &part))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { target: target.to_owned(), part, journal, file, plan }),
            Err(TryLockError::WouldBlock) => Err(ExportError::InUse(part).into()),
            Err(TryLockError::Error(error)) => Err(io_error("lock", &part)(error).into()),
        }
    }

    /// Whether an earlier attempt was broken off after its rooms had been fetched.
    pub fn goes_on(&self) -> bool {
        self.plan.is_some()
    }

    /// Fixes what is to be written, durably: the rooms of a cut that are up to date here, and their access logs.
    pub fn begin(&mut self, plan: Plan) -> Result<(), Error> {
        self.file.set_len(0).map_err(io_error("write", &self.part))?;
        plan.keep(&self.journal)?;
        self.plan = Some(plan);
        Ok(())
    }

    /// Writes what is missing, and gives the bundle its name. `told` is told how far it is.
    ///
    /// # Errors
    ///
    /// What was written stays, for the next attempt.
    pub async fn run(
        mut self,
        session: &Session,
        desk: &Desk,
        told: &mut (dyn FnMut(Done) + Send),
    ) -> Result<Done, Error> {
        let Some(plan) = self.plan.take() else { return Err(ExportError::Nothing.into()) };
        let mut cursor = Cursor::resume(desk, &plan, (&mut self.file, &self.part))?;
        told(cursor.done());
        while let Some(log) = cursor.next_room()? {
            let (replica, from) = (log.replica, log.from);
            let server = plan.contents == Contents::Server && replica.replay().is_some();
            let mut each = |index, content| {
                cursor.entry(&replica, index, content)?;
                told(cursor.done());
                Ok::<(), Error>(())
            };
            if server {
                sync::contents(session, desk, &replica, (from, log.size), &mut each).await?;
            } else {
                (from..log.size).try_for_each(|index| each(index, kept(desk, &plan, &replica, index)?))?;
            }
        }
        let done = cursor.finish()?;
        self.file.sync_all().map_err(io_error("write", &self.part))?;
        // A link, unlike a rename, takes no file's place.
        fs::hard_link(&self.part, &self.target).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Error::from(ExportError::Exists(self.target.clone())),
            _ => io_error("create", &self.target)(error).into(),
        })?;
        for path in [&self.part, &self.journal] {
            fs::remove_file(path).map_err(io_error("remove", path))?;
        }
        durable::sync_parent(&self.target)?;
        Ok(done)
    }

    /// Whether it has the chamber, without which nobody can verify the rules across rooms.
    pub fn is_whole(&self) -> bool {
        self.plan.as_ref().is_some_and(Plan::is_whole)
    }

    /// Where it lies until it is whole.
    pub fn part(&self) -> &Path {
        &self.part
    }
}

/// The content of an entry that this desk keeps, if content is wanted.
fn kept(desk: &Desk, plan: &Plan, replica: &Replica, index: u64) -> Result<Option<bytes::Bytes>, Error> {
    if plan.contents != Contents::Kept || replica.replay().is_none() {
        return Ok(None);
    }
    replica.sealed_content(index).map_err(|error| desk.alarmed(replica.room(), error))
}

impl From<ExportError> for Error {
    fn from(error: ExportError) -> Self {
        Self::Export(Box::new(error))
    }
}
