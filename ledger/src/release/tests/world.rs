//! A small instance for the tests: four rooms, replayed, and a recorded briefing.

use std::sync::LazyLock;

use bytes::Bytes;
use prost::Message as _;

use super::super::*;
use crate::{
    charter::{Charter, Founding, Limits, Member, Service},
    digest::Digest,
    entry::Entry,
    envelope::{Envelope, PayloadType, Signature},
    id::{HOUR, Identity, StatementId},
    keys::{SealingKey, SigningKey},
    merkle::TreeSize,
    name::{Domain, Role, RoomName},
    note::{KeyMaterial, VerifierKey},
    replay::Replay,
    seal::{self, Context},
    statement::{Act, Basis, Post, Signed, Statement},
};

pub(crate) const NOW: u64 = 1_705_240_800;
pub(crate) const SEED: [u8; 32] = [7; 32];
pub(crate) const PORTIONS: [(&str, &str); 5] = [
    ("C//REL TO DRC", "A column of about 40 vehicles left Kitchanga."),
    ("S//NF", "The source is a driver."),
    ("U", "The road to Sake is open."),
    ("S//ORCON//REL TO DRC, RWA", "The column halted by noon."),
    ("C//REL TO DRC, RWA", "The cease-fire holds."),
];

pub(crate) struct Desk {
    pub(crate) name: MemberName,
    pub(crate) sign: SigningKey,
    seal: SealingKey,
    pub(crate) tls: Bytes,
    custodian: bool,
}

impl Desk {
    pub(crate) fn new(role: Role, text: &str, seed: u8) -> Self {
        let domain: Domain = "kivu.example".parse().unwrap();
        Self {
            name: MemberName::from_desk(&domain, role, text).unwrap(),
            sign: SigningKey::from_seed(&[seed; 32]),
            seal: SealingKey::from_seed(&[seed; 32]).unwrap(),
            tls: vec![seed; 40].into(),
            custodian: false,
        }
    }

    pub(crate) fn custodian(text: &str, seed: u8) -> Self {
        Self { custodian: true, ..Self::new(Role::Party, text, seed) }
    }

    pub(crate) fn member(&self) -> Member {
        Member {
            name: self.name.clone(),
            custodian: self.custodian,
            sign_key: self.sign.public(),
            seal_key: Some(self.seal.public().clone()),
            tls_key: Digest::of(&self.tls),
            endorsement: None,
            wrap: None,
        }
    }
}

pub(crate) struct Held {
    pub(crate) replay: Replay,
    pub(crate) keys: RoomKeys,
}

impl Held {
    pub(crate) fn id(&self) -> RoomId {
        self.replay.room()
    }

    pub(crate) fn state(&self) -> &RoomState {
        self.replay.state().unwrap()
    }

    pub(crate) fn found(name: &str, members: &[&Desk], signers: &[&Desk]) -> Self {
        let mut charter = founding_charter(name, members);
        complete_charter(&mut charter, None, &SEED, &RoomKeys::new(), &BTreeMap::new()).unwrap();
        let statement = founding_statement(&signers[0].name, charter.clone());
        let signed = sign(&statement, signers);
        let room = signed.room();
        let mut keys = RoomKeys::new();
        keys.learn(room, &charter, &members[0].name, &members[0].seal).unwrap();
        let mut held = Self { replay: Replay::new(room), keys };
        held.push(signed);
        held
    }

    pub(crate) fn push(&mut self, signed: Signed) -> Ref {
        let reference = Ref { room: self.id(), statement: signed.identity(), id: signed.statement.id };
        self.replay.push(vec![Entry::of_statement(NOW, signed)]).unwrap();
        reference
    }

    pub(crate) fn statement(&self, author: &MemberName, random: u8, act: Act) -> Statement {
        let size = self.replay.size();
        let root = self.replay.tree().root_at(size).unwrap();
        Statement {
            id: StatementId::new(NOW - NOW % HOUR, [random; 10]),
            room: Some(self.id()),
            author: author.clone(),
            basis: Basis { size, root },
            not_after: None,
            act,
        }
    }

    /// A post of this content, and its sealed bytes.
    pub(crate) fn post(
        &self,
        author: &MemberName,
        random: u8,
        content: &v1::Content,
        manifests: Vec<Digest>,
    ) -> (Statement, Vec<u8>) {
        let epoch = self.state().charter().epoch;
        let id = StatementId::new(NOW - NOW % HOUR, [random; 10]);
        let place = Context { room: &self.id().0, epoch, id: id.as_bytes(), author: author.as_str() };
        let sealed = seal::seal(self.keys.get(epoch).unwrap(), &[9; 32], &place, &content.encode_to_vec());
        let sealed = sealed.unwrap();
        let post = Post {
            epoch,
            salt: sealed.claim.salt,
            key_commitment: Digest(sealed.claim.key_commitment),
            digest: sealed.claim.digest,
            size: sealed.claim.size,
            attachments: Vec::new(),
            content_until: None,
            manifests,
        };
        (self.statement(author, random, Act::Post(post)), sealed.bytes)
    }
}

pub(crate) fn founding_charter(name: &str, members: &[&Desk]) -> Charter {
    let mut members: Vec<Member> = members.iter().map(|desk| desk.member()).collect();
    members.sort_by(|one, two| one.name.cmp(&two.name));
    let log = KeyMaterial::Ed25519(SigningKey::from_seed(&[99; 32]).public().to_bytes());
    Charter {
        founding: Some(Founding {
            domain: "kivu.example".parse().unwrap(),
            name: name.parse::<RoomName>().unwrap(),
            nonce: Digest::of(name.as_bytes()).0,
        }),
        epoch: 1,
        quorum: 2,
        log_vkey: VerifierKey::new("kivu.example".parse().unwrap(), log),
        limits: Limits::default(),
        key_commitment: Digest([0; 32]),
        members,
        succession: false,
        service: Service { address: "localhost:4444".to_owned(), authority: Digest([1; 32]) },
    }
}

pub(crate) fn founding_statement(author: &MemberName, charter: Charter) -> Statement {
    Statement {
        id: StatementId::new(NOW - NOW % HOUR, [1; 10]),
        room: None,
        author: author.clone(),
        basis: Basis::NOTHING,
        not_after: None,
        act: Act::Charter(Box::new(charter)),
    }
}

pub(crate) fn sign(statement: &Statement, signers: &[&Desk]) -> Signed {
    let payload = statement.encode();
    let made = signers.iter().map(|desk| Signature::make(PayloadType::Statement, &payload, &desk.sign));
    let envelope = Envelope::of(PayloadType::Statement, payload.clone(), made.collect()).unwrap();
    Signed::from_envelope(envelope).unwrap()
}

pub(crate) struct World {
    pub(crate) mediators: [Desk; 3],
    pub(crate) drc: Desk,
    pub(crate) chamber: Held,
    pub(crate) drc_room: Held,
    pub(crate) rwanda_room: Held,
    pub(crate) plenary: Held,
    pub(crate) briefing: RecordedBriefing,
    /// By drc, in its own room.
    pub(crate) concern: Ref,
    /// By drc, in the plenary.
    pub(crate) note: Ref,
    /// By mediators, in drc's room.
    pub(crate) given: Ref,
}

pub(crate) fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(World::new);
    &WORLD
}

pub(crate) fn note_content(text: &str) -> v1::Content {
    v1::Content {
        written_at: NOW,
        precedence: v1::Precedence::Routine.into(),
        subject: "Column towards Sake".to_owned(),
        kind: Some(v1::content::Kind::Note(v1::Note { text: text.to_owned() })),
        ..v1::Content::default()
    }
}

impl World {
    fn new() -> Self {
        let mediators = ["us/kinshasa", "us/washington", "us/goma"];
        let mediators: [Desk; 3] = std::array::from_fn(|at| {
            Desk::new(Role::Mediator, mediators[at], u8::try_from(at).unwrap() + 10)
        });
        let (drc, rwanda) =
            (Desk::new(Role::Party, "drc/liaison", 20), Desk::new(Role::Party, "rwanda/liaison", 21));
        let [one, two, three] = &mediators;
        let mut chamber = Held::found("chamber", &[one, two, three], &[one, two, three]);
        let mut drc_room = Held::found("drc", &[one, two, three, &drc], &[one, two]);
        let rwanda_room = Held::found("rwanda", &[one, two, three, &rwanda], &[one, two]);
        let mut plenary = Held::found("plenary", &[one, two, three, &drc, &rwanda], &[one, two]);
        let texts: Vec<&str> = PORTIONS.iter().map(|(_, text)| *text).collect();
        let rooms = [drc_room.id(), rwanda_room.id(), plenary.id()];
        let manifests = manifest_digests(&SEED, &texts, rooms).unwrap();
        let content = v1::Content {
            kind: Some(v1::content::Kind::Briefing(v1::Briefing {
                portions: PORTIONS
                    .map(|(mark, text)| v1::Portion { mark: mark.to_owned(), text: text.to_owned() })
                    .to_vec(),
                seed: SEED.to_vec().into(),
                originator: three.name.as_str().to_owned(),
                ..v1::Briefing::default()
            })),
            ..note_content("")
        };
        let (statement, _) = chamber.post(&one.name, 2, &content, manifests);
        let Act::Post(post) = statement.act.clone() else { panic!() };
        let reference = chamber.push(sign(&statement, &[one]));
        let content = Content::new(content).unwrap();
        let briefing = RecordedBriefing::new(reference, &one.name, &post, &content, []).unwrap();
        let (statement, _) = drc_room.post(&drc.name, 3, &note_content("What is it?"), vec![]);
        let concern = drc_room.push(sign(&statement, &[&drc]));
        let (statement, _) = drc_room.post(&one.name, 4, &note_content("Ours."), vec![]);
        let given = drc_room.push(sign(&statement, &[one, two]));
        let (statement, _) = plenary.post(&drc.name, 3, &note_content("To all."), vec![]);
        let note = plenary.push(sign(&statement, &[&drc]));
        Self { mediators, drc, chamber, drc_room, rwanda_room, plenary, briefing, concern, note, given }
    }

    pub(crate) fn rooms(&self) -> Rooms<'_> {
        [&self.chamber, &self.drc_room, &self.rwanda_room, &self.plenary]
            .into_iter()
            .map(|held| {
                let room = Room { state: held.state(), keys: &held.keys, past: held.replay.past() };
                (held.id(), room)
            })
            .collect()
    }

    /// A release of these portions into a room, well made.
    pub(crate) fn release(&self, held: &Held, numbers: &[u32], lowered: &[v1::Downgrade]) -> Release {
        let parties: Vec<Org> = held.state().charter().parties().into_iter().collect();
        let instance = ["drc".parse().unwrap(), "rwanda".parse().unwrap()];
        let audience = Audience { parties: &parties, instance: &instance };
        let downgrades = Downgrades::parse(&self.briefing, lowered).unwrap();
        let numbers = numbers.iter().copied().collect();
        let (tearline, digest) =
            build_tearline(&self.briefing, held.id(), &numbers, &downgrades, &audience).unwrap();
        let kind = v1::content::Kind::Release(v1::Release { note: String::new() });
        let content = v1::Content { tearline: Some(tearline), kind: Some(kind), ..note_content("") };
        Release { content, manifests: vec![digest] }
    }
}

pub(crate) struct Release {
    pub(crate) content: v1::Content,
    pub(crate) manifests: Vec<Digest>,
}

/// A proposal in the making, by the first mediator, about to be signed by the first and second.
pub(crate) struct Draft {
    pub(crate) proposed: v1::Proposed,
    pub(crate) targets: Vec<Identity>,
    pub(crate) signers: BTreeSet<MemberName>,
    pub(crate) quorum: u32,
    pub(crate) attached: BTreeMap<Digest, Attached>,
    /// What was posted, where it is not the note that stands for everything else.
    pub(crate) contents: BTreeMap<Ref, Option<Content>>,
    pub(crate) rooms: Rooms<'static>,
    world: &'static World,
}

impl Draft {
    pub(crate) fn new() -> Self {
        let world = world();
        let briefing = Some(world.briefing.reference().to_message());
        let signers = world.mediators.iter().take(2).map(|desk| desk.name.clone()).collect();
        let proposed = v1::Proposed { briefing, ..v1::Proposed::default() };
        let (contents, rooms) = (BTreeMap::new(), world.rooms());
        let (targets, attached) = (Vec::new(), BTreeMap::new());
        Self { proposed, targets, signers, quorum: 2, attached, contents, rooms, world }
    }

    pub(crate) fn add(&mut self, statement: &Statement, sealed: Vec<u8>) -> &mut Self {
        let payload = statement.encode();
        let identity = PayloadType::Statement.identity(&payload);
        let room = statement.room.unwrap_or(RoomId(identity.0));
        self.targets.push(identity);
        self.proposed.targets.push(v1::Target {
            room: room.as_bytes().to_vec().into(),
            statement: payload,
            content: sealed.into(),
        });
        self
    }

    /// Adds a post of the first mediator's.
    pub(crate) fn release(&mut self, held: &Held, release: &Release) -> &mut Self {
        let author = &self.world.mediators[0].name;
        let (statement, sealed) = held.post(author, 50, &release.content, release.manifests.clone());
        self.add(&statement, sealed)
    }

    pub(crate) fn check(&self) -> Result<Shown, ReleaseFault> {
        let sealed = Post {
            epoch: 1,
            salt: [0; 32],
            key_commitment: Digest([0; 32]),
            digest: Digest([0; 32]),
            size: 1,
            attachments: Vec::new(),
            content_until: None,
            manifests: Vec::new(),
        };
        let targets = self.targets.iter().map(|target| (*target, [0; 64])).collect();
        check(&Question {
            author: &self.world.mediators[0].name,
            proposal: &Proposal { targets, sealed, quorum: self.quorum },
            proposed: &self.proposed,
            rooms: &self.rooms,
            briefing: Some(&self.world.briefing),
            attached: &|digest| self.attached.get(digest).cloned().unwrap_or_default(),
            content: &|reference| match self.contents.get(reference) {
                Some(content) => content.clone(),
                None => Some(Content::new(note_content("Ours.")).unwrap()),
            },
            signers: &self.signers,
        })
    }

    /// The rule that the first target breaks.
    pub(crate) fn fault(&self) -> TargetFault {
        match self.check() {
            Err(ReleaseFault::Target { fault, .. }) => *fault,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn downgrade(portion: u32, from: &str, to: &str) -> v1::Downgrade {
    let reason = "Releasable after review.".to_owned();
    v1::Downgrade { portion, from: from.to_owned(), to: to.to_owned(), reason }
}

pub(crate) const NOTHING_BASIS: Basis = Basis { size: TreeSize(1), root: Digest([3; 32]) };
