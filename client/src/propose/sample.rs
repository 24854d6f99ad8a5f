//! Several rooms with three mediators and a party, as a server would keep them, for tests of proposals.

use std::collections::BTreeMap;

use tearline_ledger::{
    card::{Card, SignedCard},
    charter::{Charter, Limits, Service},
    checkpoint::{Checkpoint, Origin},
    content::Content,
    digest::Digest,
    entry::Entry,
    id::{Ref, RoomId},
    keys::{SealingKey, SigningKey},
    merkle::TreeSize,
    name::MemberName,
    note::{KeyMaterial, VerifierKey},
    replay::Replay,
    roomkey::RoomKeys,
    rules::VerifiedEntry,
    statement::Act,
};
use tearline_proto::v1::{self, content::Kind};
use tempfile::TempDir;

use super::{Mediator, OpenRoom};
use crate::{
    compose::{
        PostTerms, Submission, Writer,
        charters::{Terms, founding},
    },
    replica::{self, Replica, verify::Identity},
    witness::Cosigner,
};

pub(crate) const NOW: u64 = 1_705_240_800;

pub(crate) struct Desk {
    pub(crate) name: MemberName,
    pub(crate) sign: SigningKey,
    pub(crate) seal: SealingKey,
    pub(crate) card: SignedCard,
}

pub(crate) fn desk(role: &str, desk: &str, custodian: bool, seed: u8) -> Desk {
    let name: MemberName = format!("spiffe://kivu.example/{role}/{desk}").parse().unwrap();
    let (sign, seal) = (SigningKey::from_seed(&[seed; 32]), SealingKey::from_seed(&[seed; 32]).unwrap());
    let tls = vec![seed; 40];
    let card = Card {
        name: name.clone(),
        custodian,
        sign_key: sign.public(),
        seal_key: Some(seal.public().clone()),
        tls_key: Digest::of(&tls),
    };
    let card = SignedCard::issue(card, tls.into(), &sign).unwrap();
    Desk { name, sign, seal, card }
}

struct Log {
    name: String,
    replay: Replay,
    rows: Vec<v1::Row>,
}

/// What a server has.
pub(crate) struct Hall {
    pub(crate) desks: [Desk; 3],
    pub(crate) party: Desk,
    logs: BTreeMap<RoomId, Log>,
    log_key: SigningKey,
    pub(crate) now: u64,
}

impl Hall {
    /// A chamber, and drc's own room.
    pub(crate) fn founded() -> Self {
        let desks = [
            desk("mediator", "us/goma", false, 10),
            desk("mediator", "us/kinshasa", false, 11),
            desk("mediator", "us/washington", false, 12),
        ];
        let party = desk("party", "drc/liaison", true, 20);
        let log_key = SigningKey::from_seed(&[9; 32]);
        let mut hall = Self { desks, party, logs: BTreeMap::new(), log_key, now: NOW };
        hall.found("chamber", false);
        hall.found("drc", true);
        hall
    }

    fn found(&mut self, name: &str, with_party: bool) {
        let party = with_party.then_some(&self.party);
        let members = self.desks.iter().chain(party);
        let log = KeyMaterial::Ed25519(self.log_key.public().to_bytes());
        let terms = Terms {
            quorum: 2,
            limits: Limits::default(),
            log_vkey: VerifierKey::new("kivu.example".parse().unwrap(), log),
            service: Service { address: "localhost:7443".to_owned(), authority: Digest([7; 32]) },
            members: members.map(|desk| desk.card.card().clone().into_member(None, None)).collect(),
            succession: false,
        };
        let domain = "kivu.example".parse().unwrap();
        let draft = founding(&self.desks[0].name, &domain, &name.parse().unwrap(), terms, NOW).unwrap().draft;
        let signatures = self.desks.iter().map(|desk| draft.signature(&desk.sign)).collect();
        self.accept(&draft.with_signatures(signatures).unwrap());
    }

    pub(crate) fn room(&self, name: &str) -> RoomId {
        *self.logs.iter().find(|(_, log)| log.name == name).unwrap().0
    }

    /// The charter in force.
    pub(crate) fn charter(&self, name: &str) -> Charter {
        self.logs[&self.room(name)].replay.state().unwrap().charter().clone()
    }

    pub(crate) fn accept(&mut self, submission: &Submission) -> VerifiedEntry {
        let signed = submission.signed.clone();
        let room = signed.room();
        if let Act::Charter(charter) = &signed.statement.act
            && let Some(founding) = &charter.founding
        {
            let (name, replay) = (founding.name.as_str().to_owned(), Replay::new(room));
            self.logs.insert(room, Log { name, replay, rows: Vec::new() });
        }
        let entry = Entry::of_statement(self.now, signed);
        let log = self.logs.get_mut(&room).unwrap();
        let verified = log.replay.push(vec![entry.clone()]).unwrap().remove(0);
        let (index, content) = (log.rows.len() as u64, submission.content.clone());
        log.rows.push(v1::Row { index, entry: entry.bytes().clone(), content });
        verified
    }

    /// A concern of the party's, in its own room.
    pub(crate) fn concern(&mut self) -> Ref {
        self.party_post(Kind::Concern(v1::Concern {
            text: "What is it?".to_owned(),
            activity: v1::Activity::Undetermined.into(),
            answer_use: v1::AnswerUse::NotAtAll.into(),
            ..v1::Concern::default()
        }))
    }

    /// A post of the party's, in its own room.
    pub(crate) fn party_post(&mut self, kind: Kind) -> Ref {
        let room = self.room("drc");
        let keys = self.keys(room, &self.party);
        let content = v1::Content {
            written_at: self.now,
            precedence: v1::Precedence::Priority.into(),
            subject: "Column".to_owned(),
            kind: Some(kind),
            ..v1::Content::default()
        };
        let replay = &self.logs[&room].replay;
        let basis = tearline_ledger::statement::Basis { size: replay.size(), root: replay.tree().root() };
        let writer =
            Writer { author: &self.party.name, state: replay.state().unwrap(), basis, now: self.now };
        let content = Content::new(content).unwrap();
        let draft = writer.post(&keys, &content, PostTerms::default()).unwrap();
        let submission = draft.sign(&self.party.sign).unwrap();
        let signed = &submission.signed;
        let reference = Ref { room, statement: signed.identity(), id: signed.statement.id };
        self.accept(&submission);
        reference
    }

    /// The keys that a desk learns from a room's charters; none where it has no wrap.
    pub(crate) fn keys(&self, room: RoomId, desk: &Desk) -> RoomKeys {
        let mut keys = RoomKeys::new();
        for row in &self.logs[&room].rows {
            let entry = Entry::parse(row.entry.clone()).unwrap();
            if let Act::Charter(charter) = &entry.statement().unwrap().statement.act {
                // A desk that was not yet, or is no longer, a member has no wrap here.
                drop(keys.learn(room, charter, &desk.name, &desk.seal));
            }
        }
        keys
    }

    /// Everything, fetched and verified by a desk.
    pub(crate) fn fetch(&self, desk: &Desk) -> View {
        let dir = tempfile::tempdir().unwrap();
        let rooms = self.logs.iter().map(|(room, log)| {
            let domain = "kivu.example".parse().unwrap();
            let identity = Identity { room: *room, name: log.name.clone(), domain };
            let folder = dir.path().join(&log.name);
            let kind = (replica::Kind::Room, replica::Content::Expected);
            let mut replica = Replica::open(&folder, identity, kind.0, kind.1).unwrap();
            let origin = Origin::new("kivu.example".parse().unwrap(), room.0);
            let (size, root) = (TreeSize(log.rows.len() as u64), log.replay.tree().root());
            let checkpoint = Checkpoint { origin, size, root }.sign(&Cosigner(&self.log_key)).unwrap();
            let rows = v1::Rows { rows: log.rows.clone(), checkpoint: checkpoint.to_bytes().into() };
            replica.take(rows, self.now).unwrap();
            (*room, (replica, self.keys(*room, desk)))
        });
        let rooms = rooms.collect();
        View { rooms, now: self.now, _dir: dir }
    }
}

/// What a desk has fetched.
pub(crate) struct View {
    rooms: BTreeMap<RoomId, (Replica, RoomKeys)>,
    now: u64,
    _dir: TempDir,
}

impl View {
    pub(crate) fn of<'a>(&'a self, desk: &'a Desk) -> Mediator<'a> {
        let rooms = self.rooms.iter().map(|(id, (replica, keys))| (*id, OpenRoom { replica, keys }));
        Mediator { name: &desk.name, key: &desk.sign, now: self.now, rooms: rooms.collect() }
    }

    pub(crate) fn room(&self, name: &str) -> OpenRoom<'_> {
        let (replica, keys) = self.rooms.values().find(|(replica, _)| replica.name() == name).unwrap();
        OpenRoom { replica, keys }
    }
}
