//! A post as it may be shown: opened, of a kind that its author may write there, its portions word for word
//! in the record.
//!
//! Specification: `docs/spec.md`, sections 9.2 and 9.4. Whatever shows, lists or counts posts goes through
//! here, so that nothing is shown that was not judged. How it looks is `show`'s affair.

use tearline_ledger::{
    charter::Charter,
    content::{Authored, Content, Place},
    digest::Digest,
    id::{Ref, RoomId},
    manifest::Manifest,
    name::{MemberName, Role, RoomName},
    statement::{Act, Post},
};

use crate::{
    alarm::Alarm,
    desk::{Desk, Room, now},
    error::Error,
    evidence::{Exhibit, Raised},
    refs::EntryRef,
    replica::{Line, verify::CLOCK_SECONDS},
    write::Referent,
};

/// A post that was opened and judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Where it stands.
    pub entry: EntryRef,
    /// The same, as statements refer to it.
    pub reference: Ref,
    /// The statement.
    pub line: Line,
    /// Whether its author was a custodian of its party then.
    pub custodian: bool,
    /// What it says.
    pub content: Content,
    /// How many signatures it needed.
    pub required: u32,
    /// How many released portions it has, all of them in the manifest that was signed.
    pub portions: Option<usize>,
}

/// The post at this index, opened and judged.
///
/// # Errors
///
/// [`Error::NotAPost`], content that was recalled, has expired or does not open, or an alarm if it is withheld or
/// breaks a rule of content.
pub fn reading(desk: &Desk, room: &Room, index: u64) -> Result<Reading, Error> {
    let id = room.replica.room();
    let line = room.replica.line(index).map_err(|error| desk.alarmed(id, error))?;
    reading_of(desk, room, line)
}

/// The same for a statement that is at hand.
pub fn reading_of(desk: &Desk, room: &Room, line: Line) -> Result<Reading, Error> {
    Reader::new(desk, room, &[])?.read(line)
}

/// Reads posts of one room one after another: each charter is looked up once.
#[derive(Debug)]
pub struct Reader<'a> {
    desk: &'a Desk,
    room: &'a Room,
    /// Rooms that are open already, where what is answered is looked up.
    others: &'a [Room],
    name: RoomName,
    /// Where charters stand, ascending.
    charters: Vec<u64>,
    /// The charter that was looked up last, and where it stands.
    charter: Option<(u64, Charter)>,
}

impl<'a> Reader<'a> {
    /// A reader of this room; `others` are rooms that are open already.
    pub fn new(desk: &'a Desk, room: &'a Room, others: &'a [Room]) -> Result<Self, Error> {
        let charters = room.replica.charter_indices().collect();
        Ok(Self { desk, room, others, name: room.name()?, charters, charter: None })
    }

    /// The post, opened and judged.
    ///
    /// # Errors
    ///
    /// As [`reading`].
    pub fn read(&mut self, line: Line) -> Result<Reading, Error> {
        let entry = EntryRef { room: self.name.clone(), index: line.index };
        let Act::Post(post) = &line.signed.statement.act else {
            return Err(Error::NotAPost { entry, act: line.signed.statement.act.name() });
        };
        let (desk, room, id) = (self.desk, self.room, self.room.replica.room());
        let content = match room.content(&line) {
            Err(Error::NoContent { .. }) if is_withheld(desk, &line) => {
                let name = room.replica.name().to_owned();
                return Err(desk.raise(id, Alarm::Withheld { room: name, indices: vec![line.index] }.into()));
            }
            content => content?,
        };
        let author = &line.signed.statement.author;
        let answering = self.may_answer(&content, author);
        let charter = self.charter_before(line.index)?;
        let place = Place::new(author, &entry.room, charter);
        let judged = content.check_place(&place).map_err(|error| error.to_string());
        let judged = judged.and(answering);
        let judged = judged.and_then(|()| portions(&content, post)).map_err(|reason| {
            let name = room.replica.name().to_owned();
            let raised = Raised::from(Alarm::BadPost { room: name, index: line.index, reason });
            match room.replica.require_entry(line.index) {
                Ok(kept) => {
                    desk.raise(id, raised.with(Exhibit::entry("kept here", line.index, kept.bytes())))
                }
                Err(error) => desk.alarmed(id, error),
            }
        })?;
        let by_quorum = author.role() == Role::Mediator && !charter.parties().is_empty();
        let required = if by_quorum { charter.quorum } else { 1 };
        let statement = &line.signed.statement;
        let reference = Ref { room: id, statement: line.signed.identity(), id: statement.id };
        let custodian = charter.member(author).is_some_and(|member| member.custodian);
        Ok(Reading { entry, reference, custodian, content, required, portions: judged, line })
    }

    /// Whether a post may answer what it answers. What is not at hand, or not any more, is not judged.
    fn may_answer(&self, content: &Content, author: &MemberName) -> Result<(), String> {
        let Some(answers) = content.message().answers.as_ref().and_then(Ref::from_message) else {
            return Ok(());
        };
        let here = std::iter::once(self.room).chain(self.others);
        let answered = match here.into_iter().find(|room| room.replica.room() == answers.room) {
            Some(room) => authored(room, &answers),
            None => self.opened(answers.room).and_then(|room| authored(&room, &answers)),
        };
        let Some((other, by)) = answered else { return Ok(()) };
        let post = Authored { content, author };
        post.may_answer(&Authored { content: &other, author: &by }).map_err(|error| error.to_string())
    }

    /// Another room that this desk knows.
    fn opened(&self, room: RoomId) -> Option<Room> {
        let mut known = self.desk.profile().rooms().unwrap_or_default().into_iter();
        let (id, name) = known.find(|(id, _)| *id == room)?;
        self.desk.open_room(id, &name).ok()
    }

    /// The charter in force just before the entry at `index`.
    fn charter_before(&mut self, index: u64) -> Result<&Charter, Error> {
        let after = self.charters.partition_point(|at| *at < index.max(1));
        let at = after.checked_sub(1).and_then(|last| self.charters.get(last)).copied().unwrap_or(0);
        let charter = match self.charter.take() {
            Some((known, charter)) if known == at => charter,
            _ => {
                let found = self.room.replica.charter_at(at);
                found.map_err(|error| self.desk.alarmed(self.room.replica.room(), error))?
            }
        };
        Ok(&self.charter.insert((at, charter)).1)
    }
}

/// Whether content that is not here should be.
fn is_withheld(desk: &Desk, line: &Line) -> bool {
    // By as much as clocks may differ, the server may have thought that it has expired.
    let now = now().saturating_add(CLOCK_SECONDS);
    desk.member().role().reads_content() && !line.recalled && !line.is_expired(now)
}

/// What stands at an entry, for a post that is being written.
///
/// # Errors
///
/// The room or the entry is not known here, or the local copy cannot be used.
pub fn referent(desk: &Desk, entry: &EntryRef) -> Result<Referent, Error> {
    let room = desk.room(&entry.room)?;
    let id = room.replica.room();
    let line = room.replica.line(entry.index).map_err(|error| desk.alarmed(id, error))?;
    let statement = &line.signed.statement;
    let post = matches!(statement.act, Act::Post(_));
    Ok(Referent {
        entry: entry.clone(),
        reference: Ref { room: id, statement: line.signed.identity(), id: statement.id },
        author: statement.author.clone(),
        post,
        content: if post { room.content(&line).ok() } else { None },
    })
}

/// The opened content and the author of a post in this room, if it is at hand.
fn authored(room: &Room, reference: &Ref) -> Option<(Content, MemberName)> {
    let line = room.replica.line(room.replica.find(&reference.id)?).ok()?;
    let same = line.signed.identity() == reference.statement;
    let content = if same { room.content(&line).ok()? } else { return None };
    Some((content, line.signed.statement.author))
}

/// How many released portions there are, all of which are in the manifest that the post commits to.
fn portions(content: &Content, post: &Post) -> Result<Option<usize>, String> {
    let Some(tearline) = &content.message().tearline else { return Ok(None) };
    let manifest = Manifest::from_bytes(&tearline.manifest)
        .map_err(|error| format!("its manifest is damaged ({error})"))?;
    let blind =
        tearline.blind.as_ref().try_into().map_err(|_| "its manifest's blind is damaged".to_owned())?;
    let digest: Digest = manifest.digest(blind);
    if post.manifests != [digest] {
        return Err("its manifest is not the one that was signed".to_owned());
    }
    for (number, portion) in (1..).zip(&tearline.portions) {
        let salt = <&[u8; 32]>::try_from(portion.salt.as_ref());
        if !salt.is_ok_and(|salt| manifest.contains(salt, &portion.text)) {
            return Err(format!("portion {number} is not in the record's manifest"));
        }
    }
    Ok(Some(tearline.portions.len()))
}

#[cfg(test)]
mod tests {
    use tearline_ledger::name::RoomName;
    use tearline_proto::v1::{self, content::Kind};

    use super::*;
    use crate::{profile::Profile, sample::House};

    #[test]
    fn a_post_that_answers_what_it_may_not_is_an_alarm_and_one_that_may_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let mut house = House::founded().post(&["one"]);
        let refer = |submission: &crate::compose::Submission| {
            let signed = &submission.signed;
            Ref { room: signed.room(), statement: signed.identity(), id: signed.statement.id }
        };
        let decoy = house.submission("", Kind::Decoy(v1::Decoy::default()), None);
        let note = house.submission("two", Kind::Note(v1::Note { text: "two".to_owned() }), None);
        let corrects = |house: &House, post: Ref| {
            let text = "It was otherwise.".to_owned();
            house.submission("corrected", Kind::Correction(v1::Correction { text }), Some(post))
        };
        let (silent, said) = (refer(&decoy), refer(&note));
        house.accept(decoy);
        house.accept(note);
        for post in [silent, said] {
            let correction = corrects(&house, post);
            house.accept(correction);
        }
        let desk = &house.desks[1];
        let mut profile = Profile::create(dir.path(), &desk.name).unwrap();
        let name: RoomName = "chamber".parse().unwrap();
        profile.add_rooms(&[(house.replay.room(), Some(name.clone()))]).unwrap();
        let desk = Desk::new(profile, Some(desk.vault()));
        let mut replica = desk.replica(house.replay.room(), &name).unwrap();
        replica.take(house.rows(0, house.rows.len()), house.now).unwrap();
        drop(replica);
        let room = desk.room(&name).unwrap();

        let Err(Error::Alarm(caught)) = reading(&desk, &room, 4) else { panic!("no alarm") };
        assert_eq!((caught.alarm.kind(), caught.alarm.index()), ("bad-post", Some(4)));
        assert!(caught.alarm.to_string().contains("cannot answer a post that says nothing"));
        assert!(caught.evidence.exists());
        assert_eq!(reading(&desk, &room, 5).unwrap().content.kind_name(), "correction");

        let found = referent(&desk, &"chamber#3".parse().unwrap()).unwrap();
        assert_eq!((found.reference, found.post), (said, true));
        assert_eq!(found.content.unwrap().message().subject, "two");
        let founding = referent(&desk, &"chamber#0".parse().unwrap()).unwrap();
        assert!(!founding.post && founding.content.is_none());
        assert!(referent(&desk, &"chamber#6".parse().unwrap()).is_err());
    }

    #[test]
    fn content_that_is_missing_without_a_reason_is_an_alarm_and_its_evidence_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut house = House::founded().post(&["one", "two"]);
        house.rows[1].content = None;
        let mut profile = Profile::create(dir.path(), &house.desks[1].name).unwrap();
        let name: RoomName = "chamber".parse().unwrap();
        profile.add_rooms(&[(house.replay.room(), Some(name.clone()))]).unwrap();
        let desk = Desk::new(profile, Some(house.desks[1].vault()));
        let mut replica = desk.replica(house.replay.room(), &name).unwrap();
        replica.take(house.rows(0, house.rows.len()), house.now).unwrap();
        drop(replica);
        let room = desk.room(&name).unwrap();
        let error = reading(&desk, &room, 1).unwrap_err();
        assert_eq!(error.exit_code(), crate::error::EXIT_ALARM);
        let Error::Alarm(caught) = error else { panic!("no alarm") };
        assert_eq!((caught.alarm.kind(), caught.alarm.index()), ("withheld", Some(1)));
        assert!(caught.evidence.exists());
        assert_eq!(reading(&desk, &room, 2).unwrap().content.message().subject, "two");
        assert!(matches!(reading(&desk, &room, 0), Err(Error::NotAPost { act: "charter", .. })));
    }
}
