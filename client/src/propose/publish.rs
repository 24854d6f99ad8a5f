//! Briefings into the chamber, with a manifest for each room that has a party.
//!
//! Specification: `docs/spec.md`, sections 9.3 and 9.4. Nothing here leaves the chamber.

use tearline_ledger::{
    content::Content,
    id::{Ref, RoomId},
    keys::fresh,
    name::{MemberName, Role},
    portion::BriefingFile,
    release::manifest_digests,
    rules::RoomState,
};
use tearline_proto::v1::{self, content::Kind};

use super::{Mediator, OpenRoom, ProposeError};
use crate::{
    attachments::HandedOn,
    compose::{PostTerms, Submission},
};

impl Mediator<'_> {
    /// The post that records a briefing. Its seed is drawn here and known to the chamber only.
    pub fn publish(&self, file: &BriefingFile) -> Result<Submission, ProposeError> {
        self.publish_with(file, &[])
    }

    /// The same, with attachments.
    pub fn publish_with(
        &self,
        file: &BriefingFile,
        attached: &[HandedOn],
    ) -> Result<Submission, ProposeError> {
        let seed = fresh::<32>()?;
        let texts: Vec<&str> = file.portions.iter().map(|portion| portion.text.as_str()).collect();
        let manifests = manifest_digests(&seed, &texts, self.rooms_with_a_party())?;
        let attachments = attached.iter().map(|it| it.key.clone()).collect();
        let content = self.briefing_content(file, seed.as_slice())?;
        let content = Content::new(v1::Content { attachments, ..content })?;
        let chamber = self.chamber()?;
        let attachments = attached.iter().map(|it| it.named).collect();
        let terms = PostTerms { attachments, manifests, ..PostTerms::default() };
        let draft = self.writer(&chamber)?.post(chamber.keys, &content, terms)?;
        Ok(draft.sign(self.key)?)
    }

    /// The post that adds a briefing's manifest for a room that was founded later.
    pub fn notify_manifest(&self, briefing: &Ref, room: &OpenRoom<'_>) -> Result<Submission, ProposeError> {
        let recorded = self.briefing(briefing)?;
        let notice = v1::ManifestNotice {
            briefing: Some(briefing.to_message()),
            room: room.replica.room().as_bytes().to_vec().into(),
        };
        let content = Content::new(v1::Content {
            written_at: self.now,
            precedence: v1::Precedence::Routine.into(),
            kind: Some(Kind::ManifestNotice(notice)),
            ..v1::Content::default()
        })?;
        let manifests = vec![recorded.manifest(room.replica.room())?.digest()];
        let chamber = self.chamber()?;
        let terms = PostTerms { manifests, ..PostTerms::default() };
        let draft = self.writer(&chamber)?.post(chamber.keys, &content, terms)?;
        Ok(draft.sign(self.key)?)
    }

    fn rooms_with_a_party(&self) -> Vec<RoomId> {
        let states = self.rooms.values().filter_map(|room| room.replica.state().ok());
        states.filter(|state| state.constitution().has_party()).map(RoomState::room).collect()
    }

    fn briefing_content(&self, file: &BriefingFile, seed: &[u8]) -> Result<v1::Content, ProposeError> {
        let front = &file.front;
        let originator = match &front.originator {
            Some(desk) => MemberName::from_desk(self.name.domain(), Role::Mediator, desk)?,
            None => self.name.clone(),
        };
        let portions = file
            .portions
            .iter()
            .map(|portion| v1::Portion { mark: portion.mark.to_string(), text: portion.text.clone() });
        let source = front.source.as_ref().map(|source| v1::Source {
            reliability: source.reliability.into(),
            credibility: source.credibility.into(),
            description: source.description.clone().unwrap_or_default(),
        });
        Ok(v1::Content {
            written_at: self.now,
            precedence: front.precedence.into(),
            subject: front.subject.clone(),
            kind: Some(Kind::Briefing(v1::Briefing {
                portions: portions.collect(),
                seed: seed.to_vec().into(),
                source,
                information_until: front.information_until.unwrap_or(0),
                originator: originator.as_str().to_owned(),
            })),
            ..v1::Content::default()
        })
    }
}
