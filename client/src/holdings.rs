//! Everything that this desk can read, gathered in one pass over its rooms: posts, opened and judged, with
//! recalls, acknowledgements and charters.
//!
//! What is not here is said, never guessed. It refuses to know what posts mean to each other (`matters`).

use std::collections::BTreeSet;

use tearline_ledger::{
    charter::Charter,
    content::Content,
    digest::Digest,
    id::{Ref, RoomId},
    name::{MemberName, Org, RoomName},
    statement::{Act, Post},
};

use crate::{
    alarm::Alarm,
    desk::{Desk, Room},
    error::Error,
    reading::{Reader, Reading},
    refs::EntryRef,
    replica::Line,
    show::content::safe,
    standing::{Standing, Standings},
};

/// Why the content of a post is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// It was recalled.
    Recalled,
    /// Its signed end is past.
    Expired,
    /// It does not open here, or was not served, and why.
    Closed(String),
    /// The server should have served it and did not: an alarm, with its evidence kept.
    Withheld(String),
    /// It breaks a rule of content: an alarm, with its evidence kept.
    Alarming(String),
}

impl Absent {
    /// In the place of a subject, in brackets.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Recalled | Self::Expired => "(its content is not here)",
            Self::Closed(_) => "(does not open here)",
            Self::Withheld(_) => "(WITHHELD by the server: read it for the alarm)",
            Self::Alarming(_) => "(ALARM: it breaks the rules of content)",
        }
    }
}

/// A post where it is filed: where it stands, who signed, what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// Where it stands.
    pub entry: EntryRef,
    /// The same, as statements refer to it.
    pub reference: Ref,
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// Who wrote it.
    pub author: MemberName,
    /// Whether its author was a custodian of its party then; unknown, and so false, without content.
    pub custodian: bool,
    /// Who signed, by name.
    pub signers: Vec<MemberName>,
    /// How many signatures it needed; 0 if that is unknown, without content.
    pub required: u32,
    /// Of the sealed content.
    pub digest: Digest,
    /// The manifests that it names.
    pub manifests: Vec<Digest>,
    /// When its content may be dropped, in seconds since 1970.
    pub content_until: Option<u64>,
    /// Whether it was recalled.
    pub recalled: bool,
    /// What it says, or why that is not here.
    pub content: Result<Content, Absent>,
    /// How many released portions it has, all of them in the manifest that was signed.
    pub portions: Option<usize>,
}

/// That a member has acknowledged a post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Where the acknowledgement stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// Who.
    pub by: MemberName,
    /// Which post.
    pub post: Ref,
}

/// That a post was recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// Where the recall stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// Who signed, by name.
    pub signers: Vec<MemberName>,
    /// Which post, as people write it.
    pub post: EntryRef,
}

/// A charter, and what it changed in who is in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chartered {
    /// Where it stands.
    pub entry: EntryRef,
    /// When it was accepted, in seconds since 1970.
    pub accepted_at: u64,
    /// Who signed, by name.
    pub signers: Vec<MemberName>,
    /// Its number.
    pub epoch: u64,
    /// Who came in with it.
    pub joined: Vec<MemberName>,
    /// Who is not in it any more.
    pub left: Vec<MemberName>,
    /// Whether a party's desk came in without a custodian's word.
    pub succession: bool,
}

/// A room as it is known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// The parties that read it or once did.
    pub parties: Vec<Org>,
    /// The party whose own room it is.
    pub own_of: Option<Org>,
    /// Who reads its content now.
    pub readers: Vec<MemberName>,
}

/// Everything that this desk can read.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    /// The rooms, by name.
    pub rooms: Vec<Known>,
    /// All posts but decoys and manifest notices, in the order in which they were accepted; those of one
    /// second by room and index.
    pub posts: Vec<Filed>,
    /// All acknowledgements, room by room.
    pub acknowledgements: Vec<Acknowledged>,
    /// All recalls, room by room.
    pub recalls: Vec<Recalled>,
    /// All charters, room by room.
    pub charters: Vec<Chartered>,
    /// What happened to posts since they were made.
    pub standings: Standings,
}

impl Holdings {
    /// Reads every entry of these rooms once. `now` is this desk's clock, in seconds since 1970.
    ///
    /// A post that breaks a rule of content keeps its evidence and stays among them as
    /// [`Absent::Alarming`], so that one bad post hides no others.
    pub fn gather(desk: &Desk, rooms: &[Room], now: u64) -> Result<Self, Error> {
        let mut holdings = Self::default();
        for room in rooms {
            holdings.add(desk, room, rooms, now)?;
        }
        holdings.rooms.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        holdings
            .posts
            .sort_by(|one, other| (one.accepted_at, &one.entry).cmp(&(other.accepted_at, &other.entry)));
        Ok(holdings)
    }

    /// How a post stands at `now` (seconds since 1970).
    pub fn standing(&self, post: &Filed, now: u64) -> Standing {
        self.standings.of_post(&post.reference, &post.author, post.content_until, now)
    }

    /// The messages of alarms that these posts gave.
    pub fn alarms(&self) -> impl Iterator<Item = &str> {
        self.posts.iter().filter_map(|post| match &post.content {
            Err(Absent::Alarming(reason) | Absent::Withheld(reason)) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// The room of this name.
    pub fn room(&self, name: &RoomName) -> Option<&Known> {
        self.rooms.iter().find(|room| room.name == *name)
    }

    /// Every party of the rooms that are known here.
    pub fn parties(&self) -> BTreeSet<&Org> {
        self.rooms.iter().flat_map(|room| &room.parties).collect()
    }

    fn add(&mut self, desk: &Desk, room: &Room, rooms: &[Room], now: u64) -> Result<(), Error> {
        let (id, name) = (room.replica.room(), room.name()?);
        if room.replica.size() == 0 {
            return Ok(());
        }
        let alarmed = |error| desk.alarmed(id, error);
        let state = room.replica.state().map_err(alarmed)?;
        let members = state.charter().members.iter().map(|member| &member.name);
        self.rooms.push(Known {
            id,
            name: name.clone(),
            parties: state.constitution().parties().cloned().collect(),
            own_of: state.constitution().own_room_of().cloned(),
            readers: members.filter(|member| member.role().reads_content()).cloned().collect(),
        });
        let mut reader = Reader::new(desk, room, rooms)?;
        let mut before: Option<Charter> = None;
        for index in 0..room.replica.size() {
            let line = room.replica.line(index).map_err(alarmed)?;
            let entry = EntryRef { room: name.clone(), index };
            let (accepted_at, signers) = (line.accepted_at, by_name(&line));
            match &line.signed.statement.act {
                Act::Post(post) => {
                    let post = post.clone();
                    let note = |reading: &Reading| self.standings.note_correction(reading);
                    self.posts.extend(filed(&mut reader, (entry, id), line, &post, (now, note))?);
                }
                Act::Acknowledgement(posts) => {
                    let by = &line.signed.statement.author;
                    self.acknowledgements.extend(posts.iter().map(|post| Acknowledged {
                        entry: entry.clone(),
                        accepted_at,
                        by: by.clone(),
                        post: *post,
                    }));
                }
                Act::Recall { id, .. } => {
                    self.standings.note_recall(entry.clone(), &line);
                    let Some(index) = room.replica.find(id) else { continue };
                    let post = EntryRef { room: name.clone(), index };
                    self.recalls.push(Recalled { entry, accepted_at, signers, post });
                }
                Act::Charter(charter) => {
                    self.charters.push(chartered((entry, accepted_at, signers), before.as_ref(), charter));
                    before = Some((**charter).clone());
                }
                _ => (),
            }
        }
        Ok(())
    }
}

impl Filed {
    /// One post of a room, opened and judged; `None` if it is none, or of a kind that readers pass over. `now`
    /// is this desk's clock, in seconds since 1970.
    pub fn of(desk: &Desk, room: &Room, line: Line, now: u64) -> Result<Option<Self>, Error> {
        let Act::Post(post) = line.signed.statement.act.clone() else { return Ok(None) };
        let mut reader = Reader::new(desk, room, &[])?;
        let entry = EntryRef { room: room.name()?, index: line.index };
        filed(&mut reader, (entry, room.replica.room()), line, &post, (now, |_: &Reading| ()))
    }

    /// Its subject, safe to show, or why that is not here.
    pub fn subject(&self) -> String {
        match &self.content {
            Ok(content) => safe(&content.message().subject),
            Err(absent) => absent.words().to_owned(),
        }
    }
}

fn by_name(line: &Line) -> Vec<MemberName> {
    let mut signers = line.signers.clone();
    signers.sort();
    signers
}

/// The post, unless readers pass over its kind.
fn filed(
    reader: &mut Reader<'_>,
    (entry, room): (EntryRef, RoomId),
    line: Line,
    post: &Post,
    (now, note): (u64, impl FnOnce(&Reading)),
) -> Result<Option<Filed>, Error> {
    let statement = &line.signed.statement;
    let mut filed = Filed {
        reference: Ref { room, statement: line.signed.identity(), id: statement.id },
        entry,
        accepted_at: line.accepted_at,
        author: statement.author.clone(),
        custodian: false,
        signers: by_name(&line),
        required: 0,
        digest: post.digest,
        manifests: post.manifests.clone(),
        content_until: post.content_until,
        recalled: line.recalled,
        content: Err(Absent::Recalled),
        portions: None,
    };
    match reader.read(line) {
        Ok(reading) if matches!(reading.content.kind_name(), "decoy" | "manifest notice") => return Ok(None),
        Ok(reading) => {
            note(&reading);
            (filed.custodian, filed.required) = (reading.custodian, reading.required);
            (filed.portions, filed.content) = (reading.portions, Ok(reading.content));
        }
        Err(Error::Alarm(caught)) if matches!(caught.alarm, Alarm::Withheld { .. }) => {
            filed.content = Err(Absent::Withheld(caught.to_string()));
        }
        Err(Error::Alarm(caught)) => filed.content = Err(Absent::Alarming(caught.to_string())),
        Err(error @ Error::Open { .. }) => filed.content = Err(Absent::Closed(error.to_string())),
        Err(error @ Error::NoContent { .. }) => {
            let expired = filed.content_until.is_some_and(|until| until < now);
            filed.content = Err(match (filed.recalled, expired) {
                (true, _) => Absent::Recalled,
                (false, true) => Absent::Expired,
                (false, false) => Absent::Closed(error.to_string()),
            });
        }
        Err(error) => return Err(error),
    }
    Ok(Some(filed))
}

fn chartered(
    (entry, accepted_at, signers): (EntryRef, u64, Vec<MemberName>),
    before: Option<&Charter>,
    charter: &Charter,
) -> Chartered {
    let names = |charter: &Charter| -> BTreeSet<MemberName> {
        charter.members.iter().map(|member| member.name.clone()).collect()
    };
    let (was, is) = (before.map(names).unwrap_or_default(), names(charter));
    Chartered {
        entry,
        accepted_at,
        signers,
        epoch: charter.epoch,
        joined: is.difference(&was).cloned().collect(),
        left: was.difference(&is).cloned().collect(),
        succession: charter.succession,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{profile::Profile, sample::House};

    fn held(house: &House) -> Holdings {
        let dir = tempfile::tempdir().unwrap();
        let own = &house.desks[0];
        let mut profile = Profile::create(dir.path(), &own.name).unwrap();
        let (id, name): (RoomId, RoomName) = (house.replay.room(), "chamber".parse().unwrap());
        profile.add_rooms(&[(id, Some(name.clone()))]).unwrap();
        let desk = Desk::new(profile, Some(own.vault()));
        let mut replica = desk.replica(id, &name).unwrap();
        replica.take(house.rows(0, house.rows.len()), house.now).unwrap();
        let rooms = desk.rooms().unwrap();
        Holdings::gather(&desk, &rooms, house.now).unwrap()
    }

    #[test]
    fn a_desk_holds_every_post_that_it_can_read_and_every_charter() {
        let held = held(&House::founded().post(&["one", "two"]));
        let subjects: Vec<String> = held.posts.iter().map(Filed::subject).collect();
        assert_eq!(subjects, ["one", "two"]);
        let first = &held.posts[0];
        assert_eq!(
            (first.entry.to_string().as_str(), first.required, first.recalled),
            ("chamber#1", 1, false)
        );
        assert_eq!(held.charters.len(), 1);
        assert_eq!((held.charters[0].epoch, held.charters[0].joined.len()), (1, 3));
        assert_eq!(held.rooms[0].readers.len(), 2, "an auditor reads nothing");
        assert_eq!(held.alarms().count(), 0);
        assert_eq!(held.standing(first, 0), Standing::default());
    }
}
