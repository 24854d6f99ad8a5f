//! A desk's folder: who it is, where its server is, what it knows of its rooms, what it has read.
//!
//! Layout: `profile.toml`, `keys.age`, `card.tearline`, `certificate.pem`, `authority.pem`,
//! `rooms/ROOM-ID/…`, `access/LOG-ID/…`, `cosigned/`, `evidence/`, `marks.json`, `drafts/`, `editing/`. Nothing in it
//! is overwritten unasked. What a room's folder holds is known to `replica` alone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tearline_ledger::{
    card::{CardError, SignedCard},
    digest::Digest,
    id::RoomId,
    name::{MemberName, NameError, RoomName},
};

use crate::{
    durable::{self, FileError, Lock},
    policy::Policy,
};

const SETTINGS_MAX: u64 = 1 << 20;
const PAPER_MAX: u64 = 64 << 20;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// `profile.toml` is not as it should be.
    #[error("{}: {reason}", path.display())]
    Settings {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name in it is none.
    #[error("the profile: {0}")]
    Name(#[from] NameError),
    /// The card in it is damaged.
    #[error("the profile's card: {0}")]
    Card(#[from] CardError),
    /// No profile there.
    #[error(
        "there is no desk in {} (no profile.toml): name its folder with --profile DIR or TEARLINE_PROFILE, or make a desk with \
         `tearline init`", dir.display()
    )]
    NoDesk {
        /// The folder.
        dir: PathBuf,
    },
    /// Not joined yet.
    #[error("this desk has not joined: run `tearline join INVITATION` with the file that the operator sent")]
    NotJoined,
    /// No room of this name.
    #[error("no room named {0} is known here: `tearline fetch` learns which rooms this desk has")]
    NoRoom(String),
    /// The marks are damaged.
    #[error("{}: {reason}; remove it to count everything as unread", path.display())]
    Marks {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A room that this desk is a member of, or an access log that it may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownRoom {
    /// 64 hexadecimal digits.
    id: String,
    /// As the founding charter names it; unknown until the room's log is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// The contents of `profile.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    member: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
    #[serde(default = "certificate_file")]
    certificate: String,
    #[serde(default = "authority_file")]
    authority: String,
    #[serde(default)]
    policy: Policy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rooms: Vec<KnownRoom>,
}

fn certificate_file() -> String {
    "certificate.pem".to_owned()
}

fn authority_file() -> String {
    "authority.pem".to_owned()
}

/// A desk's folder.
#[derive(Debug, Clone)]
pub struct Profile {
    dir: PathBuf,
    member: MemberName,
    settings: Settings,
}

impl Profile {
    /// Makes a folder with the profile of `member` in it. A profile that is there already is refused.
    pub fn create(dir: &Path, member: &MemberName) -> Result<Self, ProfileError> {
        let settings = Settings {
            member: member.as_str().to_owned(),
            server: None,
            certificate: certificate_file(),
            authority: authority_file(),
            policy: Policy::default(),
            rooms: Vec::new(),
        };
        durable::make_folder(dir)?;
        durable::create(&dir.join("profile.toml"), to_toml(dir, &settings)?.as_bytes())?;
        for folder in ["rooms", "access", "evidence"] {
            durable::make_folder(&dir.join(folder))?;
        }
        Ok(Self { dir: dir.to_owned(), member: member.clone(), settings })
    }

    /// Opens the profile in a folder.
    pub fn open(dir: &Path) -> Result<Self, ProfileError> {
        let settings = read_settings(dir)?;
        Ok(Self { dir: dir.to_owned(), member: settings.member.parse()?, settings })
    }

    /// Whose it is.
    pub fn member(&self) -> &MemberName {
        &self.member
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `HOST:PORT` of the server.
    pub fn server(&self) -> Result<&str, ProfileError> {
        self.settings.server.as_deref().ok_or(ProfileError::NotJoined)
    }

    /// What this desk expects of the server and of witnesses.
    pub fn policy(&self) -> &Policy {
        &self.settings.policy
    }

    /// The vault's file.
    pub fn keys_path(&self) -> PathBuf {
        self.dir.join("keys.age")
    }

    /// The desk's certificate, and any between it and the authority (PEM).
    pub fn certificate_path(&self) -> PathBuf {
        self.dir.join(&self.settings.certificate)
    }

    /// The certificate authority's certificate (PEM), the only one that is trusted.
    pub fn authority_path(&self) -> PathBuf {
        self.dir.join(&self.settings.authority)
    }

    /// What this desk cosigned last in a room, or of an access log. It is not in that log's folder: whoever
    /// moves a damaged copy away must not forget it.
    pub fn cosigned_path(&self, room: RoomId) -> PathBuf {
        self.dir.join("cosigned").join(room.to_string())
    }

    /// Where evidence against the server is kept.
    pub fn evidence_dir(&self) -> PathBuf {
        self.dir.join("evidence")
    }

    /// The folder of a room's replica.
    pub fn room_dir(&self, room: RoomId) -> PathBuf {
        self.dir.join("rooms").join(room.to_string())
    }

    /// The folder of an access log's replica.
    pub fn access_dir(&self, log: RoomId) -> PathBuf {
        self.dir.join("access").join(log.to_string())
    }

    /// The rooms whose names are known, in the order of their names.
    pub fn rooms(&self) -> Result<Vec<(RoomId, RoomName)>, ProfileError> {
        let rooms = self.settings.rooms.iter().map(|room| self.parse_room(room));
        let rooms = rooms.collect::<Result<Vec<_>, _>>()?;
        let mut named: Vec<(RoomId, RoomName)> =
            rooms.into_iter().filter_map(|(id, name)| Some((id, name?))).collect();
        named.sort_by(|(_, one), (_, other)| one.as_str().cmp(other.as_str()));
        Ok(named)
    }

    /// Whether this room came with an invitation, or was accepted since.
    pub fn trusts(&self, room: RoomId) -> bool {
        let id = room.to_string();
        self.settings.rooms.iter().any(|known| known.id == id)
    }

    /// The room of this name.
    pub fn room(&self, name: &RoomName) -> Result<RoomId, ProfileError> {
        let rooms = self.rooms()?;
        let found = rooms.into_iter().find(|(_, other)| other == name);
        found.map(|(id, _)| id).ok_or_else(|| ProfileError::NoRoom(name.as_str().to_owned()))
    }

    /// Adds rooms that are not known yet, and names to those that had none.
    pub fn add_rooms(&mut self, rooms: &[(RoomId, Option<RoomName>)]) -> Result<(), ProfileError> {
        let added = |known: &[KnownRoom]| {
            let mut all = known.to_vec();
            for (id, name) in rooms {
                let (id, name) = (id.to_string(), name.as_ref().map(|name| name.as_str().to_owned()));
                match all.iter_mut().find(|other| other.id == id) {
                    Some(other) => other.name = other.name.take().or(name),
                    None => all.push(KnownRoom { id, name }),
                }
            }
            all
        };
        if added(&self.settings.rooms) == self.settings.rooms {
            return Ok(());
        }
        self.change(|settings| settings.rooms = added(&settings.rooms))
    }

    /// Says where the server is.
    pub fn set_server(&mut self, address: &str) -> Result<(), ProfileError> {
        self.change(|settings| settings.server = Some(address.to_owned()))
    }

    /// Says what this desk expects of the server and of witnesses.
    pub fn set_policy(&mut self, policy: Policy) -> Result<(), ProfileError> {
        self.change(|settings| settings.policy = policy)
    }

    /// Keeps the desk's own card.
    pub fn put_card(&self, card: &SignedCard) -> Result<(), ProfileError> {
        Ok(durable::create(&self.card_path(), card.to_text().as_bytes())?)
    }

    /// The desk's own card.
    pub fn card(&self) -> Result<SignedCard, ProfileError> {
        let bytes = durable::read(&self.card_path(), PAPER_MAX)?;
        Ok(SignedCard::from_text(&String::from_utf8_lossy(&bytes))?)
    }

    /// The file of the desk's own card.
    pub fn card_path(&self) -> PathBuf {
        self.dir.join("card.tearline")
    }

    /// Held while several files of the profile are changed together.
    pub fn lock(&self) -> Result<Lock, ProfileError> {
        Ok(Lock::take(&self.dir.join("lock"))?)
    }

    fn change(&mut self, change: impl FnOnce(&mut Settings)) -> Result<(), ProfileError> {
        let _lock = self.lock()?;
        let mut settings = read_settings(&self.dir)?;
        change(&mut settings);
        durable::replace(&self.dir.join("profile.toml"), to_toml(&self.dir, &settings)?.as_bytes())?;
        self.settings = settings;
        Ok(())
    }

    fn parse_room(&self, room: &KnownRoom) -> Result<(RoomId, Option<RoomName>), ProfileError> {
        let id = Digest::from_hex(&room.id).map(RoomId);
        let id = id.ok_or_else(|| settings_error(&self.dir, format!("`{}` is not a room id", room.id)))?;
        Ok((id, room.name.as_deref().map(str::parse).transpose()?))
    }
}

fn read_settings(dir: &Path) -> Result<Settings, ProfileError> {
    let bytes = durable::read(&dir.join("profile.toml"), SETTINGS_MAX).map_err(|error| match error {
        FileError::Missing(_) => ProfileError::NoDesk { dir: dir.to_owned() },
        other => other.into(),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| settings_error(dir, error.to_string()))?;
    toml::from_str(&text).map_err(|error| settings_error(dir, error.to_string()))
}

fn to_toml(dir: &Path, settings: &Settings) -> Result<String, ProfileError> {
    toml::to_string_pretty(settings).map_err(|error| settings_error(dir, error.to_string()))
}

fn settings_error(dir: &Path, reason: String) -> ProfileError {
    ProfileError::Settings { path: dir.join("profile.toml"), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> MemberName {
        "spiffe://kivu.example/party/drc/liaison".parse().unwrap()
    }

    fn room(byte: u8) -> RoomId {
        RoomId(Digest([byte; 32]))
    }

    fn name(text: &str) -> RoomName {
        text.parse().unwrap()
    }

    #[test]
    fn a_profile_reads_back_as_it_was_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("liaison");
        let mut made = Profile::create(&path, &member()).unwrap();
        made.set_server("tearline.example:7443").unwrap();
        made.add_rooms(&[(room(1), Some(name("drc"))), (room(2), None)]).unwrap();
        made.add_rooms(&[(room(1), Some(name("other"))), (room(2), Some(name("plenary")))]).unwrap();
        let read = Profile::open(&path).unwrap();
        assert_eq!(read.settings, made.settings);
        assert_eq!(read.member(), &member());
        assert_eq!(read.rooms().unwrap(), [(room(1), name("drc")), (room(2), name("plenary"))]);
        assert!(read.trusts(room(2)) && !read.trusts(room(3)));
        assert_eq!(read.room(&"plenary".parse().unwrap()).unwrap(), room(2));
        assert!(matches!(read.room(&"rwanda".parse().unwrap()), Err(ProfileError::NoRoom(_))));
    }

    #[test]
    fn a_profile_that_is_there_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        Profile::create(dir.path(), &member()).unwrap();
        let refused = Profile::create(dir.path(), &member());
        assert!(matches!(refused, Err(ProfileError::File(FileError::Exists(_)))));
        assert!(matches!(Profile::open(dir.path()).unwrap().server(), Err(ProfileError::NotJoined)));
    }

    #[test]
    fn settings_with_an_unknown_key_are_refused_with_their_place() {
        let dir = tempfile::tempdir().unwrap();
        Profile::create(dir.path(), &member()).unwrap();
        let path = dir.path().join("profile.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("sever = \"x\"\n{text}")).unwrap();
        let error = Profile::open(dir.path()).unwrap_err().to_string();
        assert!(error.contains("profile.toml") && error.contains("sever"), "{error}");
    }

    #[test]
    fn two_commands_do_not_undo_each_others_changes() {
        let dir = tempfile::tempdir().unwrap();
        let mut one = Profile::create(dir.path(), &member()).unwrap();
        let mut two = Profile::open(dir.path()).unwrap();
        one.set_server("one.example:1").unwrap();
        two.add_rooms(&[(room(1), Some(name("drc")))]).unwrap();
        one.change_marks(|marks| marks.read.extend(["drc#1".to_owned()])).unwrap();
        two.change_marks(|marks| marks.read.extend(["drc#2".to_owned()])).unwrap();
        let read = Profile::open(dir.path()).unwrap();
        assert_eq!(read.server().unwrap(), "one.example:1");
        assert_eq!((read.rooms().unwrap().len(), read.marks().unwrap().read.len()), (1, 2));
    }
}
