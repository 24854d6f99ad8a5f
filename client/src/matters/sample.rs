//! Posts for the tests of matters, made of content alone.

use tearline_ledger::{
    content::Content,
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
    name::MemberName,
};
use tearline_proto::v1::{self, content::Kind};

use crate::{
    holdings::{Absent, Filed, Known},
    refs::EntryRef,
};

pub(crate) const NOW: u64 = 1_705_239_000;

/// Two parties, their rooms and the plenary, as a mediator knows them.
pub(crate) fn rooms() -> Vec<Known> {
    ["drc", "plenary", "rwanda"].into_iter().map(room).collect()
}

pub(crate) fn room(name: &str) -> Known {
    let parties = if name == "plenary" { vec!["drc", "rwanda"] } else { vec![name] };
    let parties: Vec<tearline_ledger::name::Org> =
        parties.into_iter().map(|org| org.parse().unwrap()).collect();
    let own_of = (parties.len() == 1).then(|| parties[0].clone());
    Known { id: room_id(name), name: name.parse().unwrap(), parties, own_of, readers: Vec::new() }
}

fn room_id(name: &str) -> RoomId {
    RoomId(Digest::of(name.as_bytes()))
}

pub(crate) fn member(desk: &str) -> MemberName {
    let role = if desk.starts_with("us/") { "mediator" } else { "party" };
    format!("spiffe://kivu.example/{role}/{desk}").parse().unwrap()
}

/// A record that grows by a post a second.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) posts: Vec<Filed>,
}

impl Told {
    /// A post into a room; `answers` and `refers` are positions.
    pub(crate) fn post(&mut self, desk: &str, room: &str, kind: Kind, answers: Option<usize>) -> usize {
        let answers = answers.map(|at| self.posts[at].reference);
        self.push(desk, room, kind, answers, &[])
    }

    pub(crate) fn push(
        &mut self,
        desk: &str,
        room: &str,
        kind: Kind,
        answers: Option<Ref>,
        refers: &[Ref],
    ) -> usize {
        let at = self.posts.len() as u64;
        let content = Content::new(v1::Content {
            written_at: NOW,
            precedence: v1::Precedence::Routine.into(),
            subject: format!("subject {at}"),
            answers: answers.map(|answers| answers.to_message()),
            refers: refers.iter().map(Ref::to_message).collect(),
            kind: Some(kind),
            ..v1::Content::default()
        });
        let identity = Identity(Digest::of(&at.to_be_bytes()));
        let entry = EntryRef { room: room.parse().unwrap(), index: at };
        let author = member(desk);
        self.posts.push(Filed {
            entry,
            reference: Ref { room: room_id(room), statement: identity, id: StatementId::new(at, [0; 10]) },
            accepted_at: NOW + at,
            signers: vec![author.clone()],
            author,
            custodian: true,
            required: 1,
            digest: Digest([0; 32]),
            manifests: Vec::new(),
            content_until: None,
            recalled: false,
            content: Ok(content.unwrap()),
            portions: None,
        });
        self.posts.len() - 1
    }

    pub(crate) fn recall(&mut self, at: usize) {
        self.posts[at].recalled = true;
    }

    pub(crate) fn lose(&mut self, at: usize) {
        self.posts[at].content = Err(Absent::Recalled);
    }

    pub(crate) fn entry(&self, at: usize) -> EntryRef {
        self.posts[at].entry.clone()
    }
}

pub(crate) fn concern(reply_by: u64) -> Kind {
    Kind::Concern(v1::Concern {
        text: "a column".to_owned(),
        activity: v1::Activity::Offensive.into(),
        answer_use: v1::AnswerUse::Paraphrased.into(),
        reply_by,
        ..v1::Concern::default()
    })
}

pub(crate) fn assessment(finding: v1::Finding) -> Kind {
    Kind::Assessment(v1::Assessment {
        finding: finding.into(),
        activity: v1::Activity::Offensive.into(),
        likelihood: v1::Likelihood::Likely.into(),
        confidence: v1::Confidence::Moderate.into(),
        ..v1::Assessment::default()
    })
}

pub(crate) fn request(reply_by: u64) -> Kind {
    Kind::Request(v1::Request { text: "refrain".to_owned(), reply_by, place: None })
}

pub(crate) fn reply(stance: v1::Stance) -> Kind {
    Kind::Reply(v1::Reply { text: "we hear you".to_owned(), stance: stance.into() })
}

pub(crate) fn note() -> Kind {
    Kind::Note(v1::Note { text: "a note".to_owned() })
}

pub(crate) fn correction() -> Kind {
    Kind::Correction(v1::Correction { text: "14, not 40".to_owned() })
}

pub(crate) fn opinion() -> Kind {
    Kind::Opinion(v1::Opinion { agreement: v1::Agreement::Disagree.into(), text: String::new() })
}

pub(crate) fn promise(obligors: &[&str], from: u64, to: u64, rests_on: &[Ref]) -> Kind {
    let undertakings = obligors.iter().zip(rests_on).map(|(org, reference)| v1::Undertaking {
        organisation: (*org).to_owned(),
        statement: reference.statement.as_bytes().to_vec().into(),
    });
    Kind::Commitment(v1::Commitment {
        kind: v1::CommitmentKind::CeaseFire.into(),
        obligors: obligors.iter().map(|org| (*org).to_owned()).collect(),
        texts: vec![v1::LanguageText { language: "en".into(), text: "we hold".into(), authoritative: true }],
        from,
        to,
        undertakings: undertakings.collect(),
        ..v1::Commitment::default()
    })
}

pub(crate) fn kept(state: v1::Compliance, obligor: &str, (from, to): (u64, u64)) -> Kind {
    Kind::ComplianceNote(v1::ComplianceNote {
        state: state.into(),
        from,
        to,
        text: "seen from the air".to_owned(),
        obligor: obligor.to_owned(),
    })
}

pub(crate) fn incident(stage: v1::IncidentStage) -> Kind {
    let attributed_to = if stage == v1::IncidentStage::Attributed { "a militia" } else { "" };
    Kind::Incident(v1::Incident {
        stage: stage.into(),
        text: "shots".to_owned(),
        attributed_to: attributed_to.to_owned(),
        ..v1::Incident::default()
    })
}

pub(crate) fn session(phase: v1::SessionPhase, begins: u64) -> Kind {
    Kind::Session(v1::Session {
        phase: phase.into(),
        begins,
        items: vec!["the road".to_owned()],
        ..v1::Session::default()
    })
}
