//! What was written and not sent: encrypted under the desk's own key, in the folder `drafts` of its profile.
//!
//! Specification: `docs/spec.md`, annex F. Whether a draft can be sent is for whoever reads it as a post.

mod sealed;

use std::{fmt, fs, io, path::PathBuf, str::FromStr};

use tearline_ledger::{
    keys::{NoRandomness, fresh},
    name::RoomName,
};
use zeroize::Zeroizing;

use crate::{
    desk::Desk,
    durable::{self, FileError},
    error::Error,
    template::Template,
};

/// No text that is edited is longer.
pub const TEXT_MAX: u64 = 64 << 20;
const FILE_MAX: u64 = TEXT_MAX + (1 << 16);
const ENDING: &str = ".draft";

/// Why a draft cannot be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// No draft has such a name.
    #[error("`{}` is no draft's name: `tearline drafts` lists them, by number", .0.escape_debug())]
    Name(String),
    /// None of this name.
    #[error("there is no draft {0}: `tearline drafts` lists those that there are")]
    NoSuch(DraftName),
    /// Other keys, or other bytes.
    #[error(
        "draft {0} does not open with this desk's keys: it was altered, or is another desk's; \
         `tearline drafts drop {0}` removes it"
    )]
    DoesNotOpen(DraftName),
    /// It opens to something else.
    #[error("draft {0} is of another version of this program: `tearline drafts drop {0}` removes it")]
    Contents(DraftName),
    /// The machine is at fault.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Too long, or the cipher refuses to work.
    #[error("the text cannot be encrypted: is it longer than {} MiB?", TEXT_MAX >> 20)]
    Cipher,
}

/// A draft's name: a number, given when it was first kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DraftName(u32);

impl fmt::Display for DraftName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for DraftName {
    type Err = DraftError;
    fn from_str(text: &str) -> Result<Self, DraftError> {
        let number = text.parse().ok().filter(|number: &u32| number.to_string() == text && *number > 0);
        number.map(Self).ok_or_else(|| DraftError::Name(text.to_owned()))
    }
}

/// What was written, and where it was to go.
#[derive(Clone)]
pub struct Draft {
    /// Of what kind.
    pub template: &'static Template,
    /// To which room, if that was said.
    pub room: Option<RoomName>,
    /// When it was kept, in seconds since 1970.
    pub kept_at: u64,
    /// As it was written, front matter and all.
    pub text: Zeroizing<String>,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({}, ..)", self.template.kind)
    }
}

impl Draft {
    /// The value of the line `subject:`, however much else is wrong with the text.
    pub fn subject(&self) -> &str {
        let value = |line: &'_ str| line.trim_start().strip_prefix("subject:").map(str::len);
        let line = self.text.lines().find(|line| value(line).is_some());
        line.and_then(|line| line.split_once(':')).map_or("", |(_, subject)| subject.trim())
    }

    fn encode(&self) -> Zeroizing<String> {
        let room = self.room.as_ref().map(|room| format!("room {}\n", room.as_str())).unwrap_or_default();
        let head = format!("kind {}\n{room}kept {}\n\n", self.template.kind, self.kept_at);
        let mut out = Zeroizing::new(String::with_capacity(head.len() + self.text.len()));
        out.push_str(&head);
        out.push_str(&self.text);
        out
    }

    fn parse(plain: &[u8]) -> Option<Self> {
        let (head, text) = str::from_utf8(plain).ok()?.split_once("\n\n")?;
        let mut lines = head.lines().peekable();
        let template = Template::of(lines.next()?.strip_prefix("kind ")?)?;
        let room = match lines.peek()?.strip_prefix("room ") {
            Some(room) => {
                lines.next();
                Some(room.parse().ok()?)
            }
            None => None,
        };
        let kept_at = lines.next()?.strip_prefix("kept ")?.parse().ok()?;
        lines.next().is_none().then(|| Self {
            template,
            room,
            kept_at,
            text: Zeroizing::new(text.to_owned()),
        })
    }
}

/// A draft's name, and the draft if it opens.
pub type Listed = (DraftName, Result<Draft, DraftError>);

/// The drafts of a desk whose keys are open.
pub struct Drafts {
    dir: PathBuf,
    member: String,
    secret: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for Drafts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Drafts({})", self.dir.display())
    }
}

impl Drafts {
    /// Of this desk.
    pub fn of(desk: &Desk) -> Result<Self, Error> {
        let dir = desk.profile().dir().join("drafts");
        let member = desk.member().as_str().to_owned();
        Ok(Self { dir, member, secret: desk.vault()?.seal_key().seed() })
    }

    /// All, in the order of their names. One that does not open hinders no other.
    pub fn list(&self) -> Result<Vec<Listed>, DraftError> {
        Ok(self.names()?.into_iter().map(|name| (name, self.get(name))).collect())
    }

    /// The draft of this name.
    pub fn get(&self, name: DraftName) -> Result<Draft, DraftError> {
        let bytes = durable::read(&self.path(name), FILE_MAX).map_err(|error| missing(name, error))?;
        let plain = sealed::open(&self.secret, &self.member, &bytes).ok_or(DraftError::DoesNotOpen(name))?;
        Draft::parse(&plain).ok_or(DraftError::Contents(name))
    }

    /// Keeps a draft, durably: in the place of the one of this name, or under a new name.
    pub fn keep(&self, name: Option<DraftName>, draft: &Draft) -> Result<DraftName, DraftError> {
        durable::make_folder(&self.dir)?;
        let salt = fresh::<{ sealed::SALT_LEN }>()?;
        let plain = draft.encode();
        let bytes = sealed::seal(&self.secret, &self.member, &salt, plain.as_bytes());
        let bytes = bytes.ok_or(DraftError::Cipher)?;
        if let Some(name) = name {
            durable::replace(&self.path(name), &bytes)?;
            return Ok(name);
        }
        let mut next = self.names()?.last().map_or(1, |last| last.0.saturating_add(1));
        loop {
            // Another command may have taken the number just now.
            match durable::create(&self.path(DraftName(next)), &bytes) {
                Err(FileError::Exists(_)) if next < u32::MAX => next += 1,
                done => return Ok(done.map(|()| DraftName(next))?),
            }
        }
    }

    /// Removes a draft, be it damaged or whole.
    pub fn remove(&self, name: DraftName) -> Result<(), DraftError> {
        let path = self.path(name);
        fs::remove_file(&path).map_err(|error| missing(name, durable::io_error("remove", &path)(error)))?;
        Ok(durable::sync_folder(&self.dir)?)
    }

    fn path(&self, name: DraftName) -> PathBuf {
        self.dir.join(format!("{name}{ENDING}"))
    }

    fn names(&self) -> Result<Vec<DraftName>, DraftError> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(durable::io_error("list", &self.dir))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let file = entry.map_err(durable::io_error("list", &self.dir))?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(ENDING)).map(str::parse::<DraftName>);
            names.extend(name.and_then(Result::ok));
        }
        names.sort_unstable();
        Ok(names)
    }
}

fn missing(name: DraftName, error: FileError) -> DraftError {
    if matches!(error, FileError::Missing(_)) { DraftError::NoSuch(name) } else { error.into() }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::MetadataExt as _, path::Path};

    use super::*;

    fn drafts(dir: &Path, secret: u8) -> Drafts {
        let member = "spiffe://kivu.example/party/drc/liaison".to_owned();
        Drafts { dir: dir.join("drafts"), member, secret: Zeroizing::new([secret; 32]) }
    }

    fn draft(kind: &str, room: Option<&str>, text: &str) -> Draft {
        let room = room.map(|room| room.parse().unwrap());
        let text = Zeroizing::new(text.to_owned());
        Draft { template: Template::of(kind).unwrap(), room, kept_at: 1_705_239_000, text }
    }

    #[test]
    fn a_draft_comes_back_as_it_was_kept_and_its_file_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = drafts(dir.path(), 1);
        assert!(drafts.list().unwrap().is_empty());
        let text = "---\nsubject: Column\n---\n\nkind of: text\n\nmore";
        let one = drafts.keep(None, &draft("concern", None, text)).unwrap();
        let two = drafts.keep(None, &draft("note", Some("drc"), "")).unwrap();
        assert_eq!((one, two), (DraftName(1), DraftName(2)));
        let read = drafts.get(one).unwrap();
        assert_eq!((read.template.kind, &read.room, read.kept_at), ("concern", &None, 1_705_239_000));
        assert_eq!((read.text.as_str(), read.subject()), (text, "Column"));
        assert_eq!(drafts.get(two).unwrap().room, Some("drc".parse().unwrap()));
        let path = drafts.path(one);
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"Column"));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(&drafts.dir).unwrap().mode() & 0o777, 0o700);
        assert_eq!(format!("{read:?} {drafts:?}").matches("Column").count(), 0);
    }

    #[test]
    fn a_draft_is_replaced_under_its_name_and_a_removed_one_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let drafts = drafts(dir.path(), 1);
        let one = drafts.keep(None, &draft("note", None, "one")).unwrap();
        assert_eq!(drafts.keep(Some(one), &draft("note", None, "two")).unwrap(), one);
        assert_eq!(drafts.get(one).unwrap().text.as_str(), "two");
        drafts.remove(one).unwrap();
        assert!(matches!(drafts.remove(one), Err(DraftError::NoSuch(_))));
        assert!(matches!(drafts.get(one), Err(DraftError::NoSuch(_))));
    }

    #[test]
    fn a_draft_that_does_not_open_hinders_no_other_and_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        let other = drafts(dir.path(), 2);
        let foreign = other.keep(None, &draft("note", None, "x")).unwrap();
        let own = drafts(dir.path(), 1);
        own.keep(None, &draft("note", None, "y")).unwrap();
        let all = own.list().unwrap();
        assert!(matches!(all[0].1, Err(DraftError::DoesNotOpen(_))) && all[1].1.is_ok());
        own.remove(foreign).unwrap();
        assert_eq!(own.list().unwrap().len(), 1);
    }

    #[test]
    fn only_a_number_is_a_name() {
        for bad in ["", "0", "01", "-1", "+1", "one", "../1", "4294967296"] {
            assert!(bad.parse::<DraftName>().is_err(), "{bad}");
        }
        assert_eq!("7".parse::<DraftName>().unwrap(), DraftName(7));
    }

    #[test]
    fn a_head_that_is_no_head_is_refused() {
        for bad in ["", "kind note\nkept 1\n", "kind poem\nkept 1\n\n", "kind note\n\n", "kept 1\n\n"] {
            assert!(Draft::parse(bad.as_bytes()).is_none(), "{bad:?}");
        }
        let more = b"kind note\nkept 1\nmore x\n\n";
        assert!(Draft::parse(more).is_none() && Draft::parse(b"kind note\nkept 1\n\n").is_some());
    }
}
