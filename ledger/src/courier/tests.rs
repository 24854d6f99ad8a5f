use bytes::Bytes;
use tearline_proto::v1;

use super::{
    CourierError, Paper,
    answer::{Begin, Outcome, Reader, Refusal, Room, Row, Writer},
    letter::{Held, Letter, Sender, Unit},
};
use crate::{
    bundle::BundleEntry,
    charter::Member,
    digest::Digest,
    envelope::{Envelope, PayloadType},
    id::{Ref, RoomId, StatementId},
    keys::SigningKey,
    merkle::TreeSize,
    statement::{Act, Basis, Statement},
};

const AT: u64 = 1_700_000_000;

fn room(byte: u8) -> RoomId {
    RoomId(Digest([byte; 32]))
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn sender() -> Sender {
    Sender {
        domain: "kivu.example".parse().unwrap(),
        member: "spiffe://kivu.example/party/drc/liaison".parse().unwrap(),
        written_at: AT,
        certificates: vec![Bytes::from_static(b"the desk's"), Bytes::from_static(b"one between")],
    }
}

fn submission(number: u8) -> v1::Submission {
    let post = Ref {
        room: room(1),
        statement: crate::id::Identity(Digest([number; 32])),
        id: StatementId::new(AT, [number; 10]),
    };
    let statement = Statement {
        id: StatementId::new(AT, [number; 10]),
        room: Some(room(1)),
        author: sender().member,
        basis: Basis { size: TreeSize(1), root: Digest([9; 32]) },
        not_after: None,
        act: Act::Acknowledgement(vec![post]),
    };
    let envelope = Envelope::sign(PayloadType::Statement, statement.encode(), &key());
    v1::Submission {
        room: Bytes::copy_from_slice(room(1).as_bytes()),
        envelope: envelope.encode(),
        content: Bytes::new(),
    }
}

fn unit(numbers: &[u8]) -> Unit {
    Unit::of(numbers.iter().map(|number| submission(*number)).collect()).unwrap()
}

fn letter() -> Bytes {
    let held = |byte, size, from| Held { room: room(byte), size, from };
    Letter::write(&sender(), &[held(2, 9, 4), held(1, 5, 5)], &[unit(&[1]), unit(&[2, 3])], &key()).unwrap()
}

fn answer() -> Vec<u8> {
    let Sender { domain, member, .. } = sender();
    let (mut writer, first) =
        Writer::begin(&Begin { domain, member, written_at: AT, letter: Digest([5; 32]) });
    let mut out = first.to_vec();
    let receipt = v1::Receipt { index: 7, entry: Bytes::from_static(b"entry"), ..v1::Receipt::default() };
    let results = [Ok(vec![receipt]), Err(Refusal::new("EPOCH", "another epoch"))];
    for (byte, result) in (1..).zip(results) {
        out.extend_from_slice(&writer.outcome(Outcome { unit: Digest([byte; 32]), result }));
    }
    for byte in [1, 2] {
        out.extend_from_slice(&writer.room(&Room {
            room: room(byte),
            name: format!("room-{byte}").parse().unwrap(),
            first: 3,
            size: 1,
            checkpoint: Bytes::from_static(b"note"),
            cosigned: vec![Bytes::from_static(b"older")],
        }));
        out.extend_from_slice(&writer.entry(BundleEntry {
            entry: Bytes::from_static(b"entry"),
            content: (byte == 2).then(|| Bytes::from_static(b"")),
        }));
    }
    out.extend_from_slice(&writer.end());
    out
}

fn read(bytes: &[u8], step: usize) -> Result<Vec<Row>, CourierError> {
    let (mut reader, mut rows) = (Reader::new(), Vec::new());
    for piece in bytes.chunks(step) {
        reader.feed(piece);
        while let Some(row) = reader.next_row()? {
            rows.push(row);
        }
    }
    reader.finish()?;
    Ok(rows)
}

#[test]
fn a_letter_reads_back_signed_by_its_desk_alone() {
    let parsed = Letter::parse(&letter()).unwrap();
    assert_eq!(parsed.sender, sender());
    assert_eq!(parsed.rooms.iter().map(|held| held.room).collect::<Vec<_>>(), [room(1), room(2)]);
    assert_eq!(parsed.units, [unit(&[1]), unit(&[2, 3])]);
    assert!(parsed.is_signed_by(&key().public()));
    assert!(!parsed.is_signed_by(&SigningKey::from_seed(&[4; 32]).public()));
    let member = |name: &str, seed: u8| Member {
        name: name.parse().unwrap(),
        custodian: false,
        sign_key: SigningKey::from_seed(&[seed; 32]).public(),
        seal_key: None,
        tls_key: Digest([8; 32]),
        endorsement: None,
        wrap: None,
    };
    let (own, other) = (sender().member, "spiffe://kivu.example/party/drc/delegation");
    assert!(parsed.is_of(&member(own.as_str(), 3), Digest([8; 32])));
    assert!(!parsed.is_of(&member(own.as_str(), 3), Digest([9; 32])), "another certificate's key");
    assert!(!parsed.is_of(&member(own.as_str(), 4), Digest([8; 32])), "another signing key");
    assert!(!parsed.is_of(&member(other, 3), Digest([8; 32])), "another desk");
}

#[test]
fn an_answer_reads_back_whatever_the_pieces() {
    let bytes = answer();
    let rows = read(&bytes, bytes.len()).unwrap();
    assert_eq!(rows.len(), 8);
    assert_eq!(read(&bytes, 1), Ok(rows));
}

#[test]
fn any_changed_byte_any_cut_and_anything_added_is_refused() {
    let (letter, answer) = (letter().to_vec(), answer());
    every_harm_is_refused(&letter, |bytes| Letter::parse(bytes).is_err());
    every_harm_is_refused(&answer, |bytes| read(bytes, 4096).is_err());
    assert_eq!(Letter::parse(&answer), Err(CourierError::Magic { paper: Paper::Letter }));
}

fn every_harm_is_refused(good: &[u8], refuses: impl Fn(&[u8]) -> bool) {
    assert!(!refuses(good));
    for at in 0..good.len() {
        let mut changed = good.to_vec();
        changed[at] ^= 1;
        assert!(refuses(&changed), "byte {at}");
        assert!(refuses(&good[..at]), "cut at {at}");
    }
    assert!(refuses(&[good, &[0]].concat()));
    assert!(refuses(&[good, good].concat()));
}

#[test]
fn a_row_that_claims_more_than_any_has_is_refused_before_it_is_waited_for() {
    let long = [super::answer::MAGIC, &u32::MAX.to_be_bytes()].concat();
    assert!(matches!(read(&long, 1), Err(CourierError::TooLong { row: 0, .. })));
}

#[test]
fn a_unit_is_what_an_append_takes() {
    assert!(Unit::of(Vec::new()).is_err());
    assert!(Unit::of((0..65).map(submission).collect()).is_err());
    assert!(Unit::of((0..64).map(submission).collect()).is_ok());
    let wrong = |change: fn(&mut v1::Submission)| {
        let mut submission = submission(1);
        change(&mut submission);
        Unit::of(vec![submission]).unwrap_err()
    };
    assert!(wrong(|it| it.room = Bytes::from_static(&[2; 32])).contains("another room"));
    assert!(wrong(|it| it.content = Bytes::from_static(b"more")).contains("content"));
    assert!(wrong(|it| it.envelope = Bytes::from_static(b"none")).starts_with("submission 0: "));
}

#[test]
fn a_letter_has_each_room_and_each_unit_once_and_wants_what_it_may_have() {
    let held = |byte, size, from| Held { room: room(byte), size, from };
    let write = |rooms: &[Held], units: &[Unit]| Letter::write(&sender(), rooms, units, &key());
    assert!(write(&[], &[]).is_ok());
    assert!(write(&[held(1, 1, 1), held(1, 2, 2)], &[]).is_err());
    assert!(write(&[held(1, 1, 2)], &[]).is_err());
    assert!(write(&[], &[unit(&[1]), unit(&[1])]).is_err());
    let mut other = sender();
    other.domain = "nile.example".parse().unwrap();
    assert!(Letter::write(&other, &[], &[], &key()).is_err());
}

#[test]
fn a_letter_has_the_desk_s_certificate_and_no_more_than_lead_to_the_authority() {
    let write = |certificates: &[&[u8]]| {
        let certificates = certificates.iter().map(|it| Bytes::copy_from_slice(it)).collect();
        Letter::write(&Sender { certificates, ..sender() }, &[], &[], &key())
    };
    let bytes = vec![1; super::CERTIFICATE_MAX + 1];
    let (one, none, longest) = (&bytes[..1], &bytes[..0], &bytes[..super::CERTIFICATE_MAX]);
    assert!(write(&[longest]).is_ok() && write(&[one; super::CERTIFICATES_MAX]).is_ok());
    for wrong in [&[][..], &[none], &[one, none], &[one; super::CERTIFICATES_MAX + 1], &[&bytes]] {
        assert!(write(wrong).is_err(), "{} certificates", wrong.len());
    }
}

#[test]
fn a_refusal_is_cut_to_what_an_answer_holds() {
    let refusal = Refusal::new("no reason", &"é".repeat(4000));
    assert_eq!((refusal.reason.as_str(), refusal.message.len()), ("REFUSED", 4096));
}

#[test]
fn the_bytes_of_letters_and_answers_do_not_change() {
    let digests = [Digest::of(&letter()).to_hex(), Digest::of(&answer()).to_hex()];
    assert_eq!(
        digests,
        [
            "3574d65356b61ff2726326e8ae055542044ff03ae0f26563ae4e347886054015",
            "0b37571570c916e4d4b3909ac3829f10110d24828bd74a5087095cb40f115e23",
        ]
    );
}
