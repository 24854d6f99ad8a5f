//! A small room for tests of this crate: two mediators, an auditor, a log key, entries as a server
//! would accept them.

use tearline_ledger::{
    card::Card,
    charter::{Limits, Service},
    checkpoint::{Checkpoint, Origin},
    content::Content,
    digest::Digest,
    entry::Entry,
    id::Ref,
    keys::{SealingKey, SigningKey},
    name::MemberName,
    note::{KeyMaterial, VerifierKey},
    replay::Replay,
    roomkey::RoomKeys,
};
use tearline_proto::v1;

use crate::{
    compose::{
        Submission, Writer,
        charters::{Terms, founding},
    },
    replica::verify::Identity,
    vault::Vault,
    witness::Cosigner,
};

pub(crate) const NOW: u64 = 1_700_000_000;

pub(crate) struct Desk {
    pub(crate) name: MemberName,
    pub(crate) sign: SigningKey,
    pub(crate) seal: SealingKey,
}

pub(crate) fn desk(role: &str, desk: &str, seed: u8) -> Desk {
    Desk {
        name: format!("spiffe://kivu.example/{role}/{desk}").parse().unwrap(),
        sign: SigningKey::from_seed(&[seed; 32]),
        seal: SealingKey::from_seed(&[seed; 32]).unwrap(),
    }
}

impl Desk {
    pub(crate) fn vault(&self) -> Vault {
        let seal = SealingKey::from_seed(&self.seal.seed()).unwrap();
        Vault::sample(SigningKey::from_seed(&self.sign.seed()), seal)
    }

    pub(crate) fn card(&self) -> Card {
        Card {
            name: self.name.clone(),
            custodian: false,
            sign_key: self.sign.public(),
            seal_key: self.name.role().reads_content().then(|| self.seal.public().clone()),
            tls_key: Digest::of(self.name.as_str().as_bytes()),
        }
    }
}

/// A chamber as its server has it.
pub(crate) struct House {
    pub(crate) desks: [Desk; 2],
    pub(crate) auditor: Desk,
    pub(crate) log: SigningKey,
    pub(crate) replay: Replay,
    pub(crate) rows: Vec<v1::Row>,
    pub(crate) now: u64,
}

impl House {
    /// A chamber of one entry.
    pub(crate) fn founded() -> Self {
        Self::founded_by([1, 2])
    }

    /// As [`Self::founded`], by mediators with the keys of these seeds.
    pub(crate) fn founded_by([one, two]: [u8; 2]) -> Self {
        let desks = [desk("mediator", "us/kigali", one), desk("mediator", "us/kinshasa", two)];
        let (auditor, log) = (desk("auditor", "un/monitor-1", 3), SigningKey::from_seed(&[9; 32]));
        let name = "kivu.example".parse().unwrap();
        let terms = Terms {
            quorum: 2,
            limits: Limits::default(),
            log_vkey: VerifierKey::new(name, KeyMaterial::Ed25519(log.public().to_bytes())),
            service: Service { address: "localhost:7443".to_owned(), authority: Digest([7; 32]) },
            members: desks.iter().chain([&auditor]).map(|desk| desk.card().into_member(None, None)).collect(),
            succession: false,
        };
        let domain = "kivu.example".parse().unwrap();
        let draft = founding(&desks[0].name, &domain, &"chamber".parse().unwrap(), terms, NOW).unwrap().draft;
        let signatures = desks.iter().map(|desk| draft.signature(&desk.sign)).collect();
        let replay = Replay::new(draft.room());
        let mut house = Self { desks, auditor, log, replay, rows: Vec::new(), now: NOW };
        house.accept(draft.with_signatures(signatures).unwrap());
        house
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity {
            room: self.replay.room(),
            name: "chamber".to_owned(),
            domain: "kivu.example".parse().unwrap(),
        }
    }

    pub(crate) fn keys(&self) -> RoomKeys {
        let mut keys = RoomKeys::new();
        let charter = self.replay.state().unwrap().charter().clone();
        keys.learn(self.replay.room(), &charter, &self.desks[0].name, &self.desks[0].seal).unwrap();
        keys
    }

    pub(crate) fn writer(&self) -> Writer<'_> {
        let (size, root) = (self.replay.size(), self.replay.tree().root());
        Writer {
            author: &self.desks[0].name,
            state: self.replay.state().unwrap(),
            basis: tearline_ledger::statement::Basis { size, root },
            now: self.now,
        }
    }

    pub(crate) fn note(&self, text: &str) -> Submission {
        self.submission(text, v1::content::Kind::Note(v1::Note { text: text.to_owned() }), None)
    }

    /// A post of this kind that answers this one, whether it may or not.
    pub(crate) fn submission(
        &self,
        subject: &str,
        kind: v1::content::Kind,
        answers: Option<Ref>,
    ) -> Submission {
        let content = v1::Content {
            written_at: self.now,
            precedence: v1::Precedence::Routine.into(),
            subject: subject.to_owned(),
            answers: answers.as_ref().map(Ref::to_message),
            kind: Some(kind),
            ..v1::Content::default()
        };
        let content = Content::new(content).unwrap();
        let draft = self.writer().post(&self.keys(), &content, crate::compose::PostTerms::default()).unwrap();
        draft.sign(&self.desks[0].sign).unwrap()
    }

    /// Posts a note for each text.
    pub(crate) fn post(mut self, texts: &[&str]) -> Self {
        for text in texts {
            self.now += 60;
            let note = self.note(text);
            self.accept(note);
        }
        self
    }

    pub(crate) fn accept(&mut self, submission: Submission) {
        let entry = Entry::of_statement(self.now, submission.signed);
        self.replay.push(vec![entry.clone()]).unwrap();
        let index = self.rows.len() as u64;
        self.rows.push(v1::Row { index, entry: entry.bytes().clone(), content: submission.content });
    }

    /// The checkpoint of the tree as it was at this size.
    pub(crate) fn checkpoint(&self, size: u64) -> Vec<u8> {
        let size = tearline_ledger::merkle::TreeSize(size);
        self.checkpoint_of(size.0, self.replay.tree().root_at(size).unwrap())
    }

    pub(crate) fn checkpoint_of(&self, size: u64, root: Digest) -> Vec<u8> {
        let origin = Origin::new("kivu.example".parse().unwrap(), self.replay.room().0);
        let checkpoint = Checkpoint { origin, size: tearline_ledger::merkle::TreeSize(size), root };
        checkpoint.sign(&Cosigner(&self.log)).unwrap().to_bytes()
    }

    /// What a server sends of these entries, with the checkpoint that covers them.
    pub(crate) fn rows(&self, from: usize, to: usize) -> v1::Rows {
        let checkpoint = self.checkpoint(to as u64).into();
        v1::Rows { rows: self.rows[from..to].to_vec(), checkpoint }
    }
}
