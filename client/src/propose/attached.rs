//! Attachments that mediators hand on: recorded in the chamber first, released by their keys.
//!
//! Specification: `docs/spec.md`, sections 7.3 and 9.5. Every attachment of a release stands in a post of the chamber,
//! from where the server gives the same sealed bytes to the room. No two rooms are given bytes under the same key, for
//! their readers could match them: for each further room the chamber has a copy under another key.

use std::collections::{BTreeMap, BTreeSet};

use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::{Identity, RoomId},
    release::{Attached, Audience, open_sealed, shown_attachment_mark},
    statement::{Act, Attachment},
};
use tearline_proto::v1::{self, content::Kind};

use super::{Mediator, OpenRoom, ProposeError};
use crate::{
    attachments::HandedOn,
    compose::{PostTerms, Submission},
    refs::EntryRef,
};

impl Mediator<'_> {
    /// The post that records files in the chamber, so that a release may hand them on.
    pub fn record_files(&self, subject: &str, files: &[HandedOn]) -> Result<Submission, ProposeError> {
        let names: Vec<&str> = files.iter().map(|file| file.key.name.as_str()).collect();
        let content = Content::new(v1::Content {
            written_at: self.now,
            precedence: v1::Precedence::Routine.into(),
            subject: subject.to_owned(),
            attachments: files.iter().map(|file| file.key.clone()).collect(),
            kind: Some(Kind::Note(v1::Note { text: format!("Files: {}", names.join(", ")) })),
            ..v1::Content::default()
        })?;
        let chamber = self.chamber()?;
        let attachments = files.iter().map(|file| file.named).collect();
        let terms = PostTerms { attachments, ..PostTerms::default() };
        let draft = self.writer(&chamber)?.post(chamber.keys, &content, terms)?;
        Ok(draft.sign(self.key)?)
    }

    /// The attachments of a post.
    pub fn attachments_of(&self, entry: &EntryRef) -> Result<Vec<HandedOn>, ProposeError> {
        let room = self.room(entry.room.as_str())?;
        Ok(HandedOn::all(&self.content(&room, entry.index)?))
    }

    /// The attachments that a proposal hands on, in the order in which they are numbered on the screen.
    pub fn attachments_proposed(&self, identity: &Identity) -> Result<Vec<HandedOn>, ProposeError> {
        let proposed = self.opened(self.open_proposal(identity)?)?;
        let mut out = Vec::new();
        for target in &proposed.targets {
            out.extend(self.of_target(target)?);
        }
        Ok(out)
    }

    fn of_target(&self, target: &v1::Target) -> Result<Vec<HandedOn>, ProposeError> {
        let room = RoomId::from_slice(&target.room).and_then(|room| self.rooms.get(&room));
        let draft = crate::compose::Draft::parse(target.statement.clone(), None)?;
        let (Some(room), Act::Post(_)) = (room, &draft.statement().act) else { return Ok(Vec::new()) };
        let plain = open_sealed(room.replica.room(), room.keys, draft.statement(), &target.content)?;
        Ok(HandedOn::all(&Content::parse(&plain)?))
    }

    /// The newest post of the chamber, not recalled, that has this attachment.
    pub fn in_chamber(&self, digest: &Digest) -> Result<Option<u64>, ProposeError> {
        let chamber = self.chamber()?;
        for index in (0..chamber.replica.size()).rev() {
            let line = chamber.replica.line(index)?;
            let Act::Post(post) = &line.signed.statement.act else { continue };
            if !line.recalled && post.attachments.iter().any(|it| it.digest == *digest) {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// What the rooms say of every attachment.
    pub fn attached(&self) -> Result<BTreeMap<Digest, Attached>, ProposeError> {
        let mut out: BTreeMap<Digest, Attached> = BTreeMap::new();
        let chamber = self.chamber()?.replica.room();
        for (id, room) in &self.rooms {
            for index in 0..room.replica.size() {
                let line = room.replica.line(index)?;
                let Act::Post(post) = &line.signed.statement.act else { continue };
                if post.attachments.is_empty() {
                    continue;
                }
                if *id != chamber {
                    for attachment in &post.attachments {
                        out.entry(attachment.digest).or_default().rooms.insert(*id);
                    }
                    continue;
                }
                // What does not open here any more is of no briefing that could be released.
                let Ok(content) = self.content(room, index) else { continue };
                for handed in HandedOn::all(&content) {
                    let mark = Some(handed.key.mark.clone()).filter(|mark| !mark.is_empty());
                    out.entry(handed.named.digest).or_default().marks.extend(mark);
                }
            }
        }
        Ok(out)
    }

    /// Rooms that have an attachment, or would have it by an open proposal.
    pub fn rooms_with(&self, digest: &Digest) -> Result<BTreeSet<RoomId>, ProposeError> {
        let mut rooms = self.attached()?.remove(digest).map(|it| it.rooms).unwrap_or_default();
        for open in self.chamber()?.replica.state()?.proposals().values() {
            // One that does not open here, or is over, hands nothing on.
            let Ok(proposed) = self.opened(open) else { continue };
            if open.not_after < self.now {
                continue;
            }
            for target in &proposed.targets {
                let has =
                    self.of_target(target).is_ok_and(|all| all.iter().any(|it| it.named.digest == *digest));
                rooms.extend(RoomId::from_slice(&target.room).filter(|_| has));
            }
        }
        Ok(rooms)
    }

    /// As the readers of a room see them: each under the mark that they may see.
    pub(super) fn shown_to(
        &self,
        room: &OpenRoom<'_>,
        files: &[HandedOn],
    ) -> Result<(Vec<Attachment>, Vec<v1::AttachmentKey>), ProposeError> {
        let state = room.replica.state()?;
        let parties: Vec<_> = state.charter().parties().into_iter().collect();
        let instance = self.parties();
        let audience = Audience { parties: &parties, instance: &instance };
        let mut keys = Vec::new();
        for (number, file) in (1..).zip(files) {
            let mark = shown_attachment_mark(number, &file.key.mark, &audience).map_err(|fault| {
                ProposeError::Portions { room: state.name().as_str().to_owned(), fault: Box::new(fault) }
            })?;
            keys.push(v1::AttachmentKey { mark, ..file.key.clone() });
        }
        Ok((files.iter().map(|file| file.named).collect(), keys))
    }
}
