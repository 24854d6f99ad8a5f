//! Vectors of letters and answers as files (section 15); what an answer's entries mean is for their reader.

use anyhow::Result;
use bytes::Bytes;
use prost::Message as _;
use serde_json::{Value, json};
use tearline_ledger::{
    bundle::BundleEntry,
    courier::{
        CourierError,
        answer::{self, Begin, Outcome, Reader, Refusal, Room, Row, Writer},
        letter::{self, Held, Letter, Sender, Unit},
    },
    digest::Digest,
    envelope::{Envelope, PayloadType, Signature},
    id::{Identity, Ref, RoomId, StatementId},
    keys::{PublicKey, SigningKey},
    merkle::TreeSize,
    statement::{Act, Basis, Statement},
};
use tearline_proto::v1::{self, letter_row};

use super::{Answer, Case, Input, code, fixture::TIME};
use crate::desk::domain;

const DESK: &str = "spiffe://kivu.example/party/drc/liaison";

fn room_id(byte: u8) -> RoomId {
    RoomId(Digest([byte; 32]))
}

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn sender() -> Result<Sender> {
    let certificates = vec![Bytes::from_static(b"its certificate")];
    Ok(Sender { domain: domain()?, member: DESK.parse()?, written_at: TIME, certificates })
}

/// A letter that only asks, with these certificates, whatever a letter may have.
fn with_certificates(certificates: &[&[u8]]) -> Vec<u8> {
    let begin = v1::LetterBegin {
        domain: "kivu.example".to_owned(),
        member: DESK.to_owned(),
        written_at: TIME,
        certificates: certificates.iter().map(|it| Bytes::copy_from_slice(it)).collect(),
    };
    let mut out = letter::MAGIC.to_vec();
    put(&mut out, letter_row::Row::Begin(begin));
    let signature = Signature::make(PayloadType::Letter, Digest::of(&out).as_bytes(), &key());
    put(&mut out, letter_row::Row::Signature(signature.to_message()));
    let sha256 = Bytes::copy_from_slice(Digest::of(&out).as_bytes());
    put(&mut out, letter_row::Row::End(v1::BundleEnd { rows: 2, sha256 }));
    out
}

fn put(out: &mut Vec<u8>, row: letter_row::Row) {
    let row = v1::LetterRow { row: Some(row) }.encode_to_vec();
    out.extend(u32::try_from(row.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend(row);
}

fn unit(numbers: &[u8]) -> Result<Unit> {
    let mut submissions = Vec::new();
    for number in numbers {
        let id = StatementId::new(TIME, [*number; 10]);
        let post = Ref { room: room_id(1), statement: Identity(Digest([*number; 32])), id };
        let statement = Statement {
            id,
            room: Some(room_id(1)),
            author: DESK.parse()?,
            basis: Basis { size: TreeSize(1), root: Digest([9; 32]) },
            not_after: None,
            act: Act::Acknowledgement(vec![post]),
        };
        submissions.push(v1::Submission {
            room: Bytes::copy_from_slice(room_id(1).as_bytes()),
            envelope: Envelope::sign(PayloadType::Statement, statement.encode(), &key()).encode(),
            content: Bytes::new(),
        });
    }
    Unit::of(submissions).map_err(anyhow::Error::msg)
}

fn letter() -> Result<Bytes> {
    let held = |byte, size, from| Held { room: room_id(byte), size, from };
    Ok(Letter::write(&sender()?, &[held(1, 5, 5), held(2, 9, 4)], &[unit(&[1])?, unit(&[2, 3])?], &key())?)
}

/// An answer with these outcomes and rooms, by their byte, first index, size and how many entries follow.
fn answer(outcomes: &[Outcome], rooms: &[(u8, u64, u64, usize)]) -> Result<Vec<u8>> {
    let Sender { domain, member, written_at, .. } = sender()?;
    let (mut writer, first) = Writer::begin(&Begin { domain, member, written_at, letter: Digest([5; 32]) });
    let mut out = first.to_vec();
    for outcome in outcomes {
        out.extend_from_slice(&writer.outcome(outcome.clone()));
    }
    for (byte, first, size, entries) in rooms {
        out.extend_from_slice(&writer.room(&Room {
            room: room_id(*byte),
            name: format!("room-{byte}").parse()?,
            first: *first,
            size: *size,
            checkpoint: Bytes::from_static(b"note"),
            cosigned: vec![Bytes::from_static(b"older")],
        }));
        for at in 0..*entries {
            let content = (at == 1).then(|| Bytes::from_static(b"sealed"));
            out.extend_from_slice(
                &writer.entry(BundleEntry { entry: Bytes::from_static(b"entry"), content }),
            );
        }
    }
    out.extend_from_slice(&writer.end());
    Ok(out)
}

fn entered(byte: u8) -> Outcome {
    let receipt = v1::Receipt {
        entry: Bytes::from_static(b"entry"),
        index: 7,
        proof: vec![Bytes::copy_from_slice(&[8; 32])],
        checkpoint: Bytes::from_static(b"note"),
    };
    Outcome { unit: Digest([byte; 32]), result: Ok(vec![receipt]) }
}

fn refused(byte: u8, reason: &str) -> Outcome {
    let refusal = Refusal { reason: reason.to_owned(), message: "why".to_owned() };
    Outcome { unit: Digest([byte; 32]), result: Err(refusal) }
}

pub(super) fn couriers() -> Result<Vec<Case>> {
    let by = hex::encode(key().public().to_bytes());
    let input = |bytes: &[u8]| json!({ "bytes": hex::encode(bytes), "key": by });
    let of = |outcomes: &[Outcome], rooms: &[(u8, u64, u64, usize)]| -> Result<Value> {
        Ok(input(&answer(outcomes, rooms)?))
    };
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1);
        input(&bytes)
    };
    let (letter, both) = (letter()?, [entered(1), refused(2, "EPOCH")]);
    let full = answer(&both, &[(1, 3, 1, 1), (2, 0, 2, 2)])?;
    let other = hex::encode(SigningKey::from_seed(&[4; 32]).public().to_bytes());
    let empty = Letter::write(&sender()?, &[], &[], &key())?;
    let (signature, end) = (letter.len() - 42 - 60, letter.len() - 1);
    Ok(vec![
        Case::good("a letter", input(&letter)),
        Case::good("a letter that only asks", input(&empty)),
        Case::good("a letter with four certificates", input(&with_certificates(&[b"a", b"b", b"c", b"d"]))),
        Case::bad("a letter without a certificate", input(&with_certificates(&[]))),
        Case::bad("a letter with an empty certificate", input(&with_certificates(&[b"a", b""]))),
        Case::bad("a letter with five certificates", input(&with_certificates(&[&[1][..]; 5]))),
        Case::bad("a letter with a long certificate", input(&with_certificates(&[&[1; 16385]]))),
        Case::good("an answer", input(&full)),
        Case::good("an answer of nothing", of(&[], &[])?),
        Case::good("an answer of a room without news", of(&[], &[(1, 5, 0, 0)])?),
        Case::bad("a letter by another key", json!({ "bytes": hex::encode(&letter), "key": other })),
        Case::bad("a changed byte in a letter's signature", flipped(&letter, signature)),
        Case::bad("a changed byte in a letter's end", flipped(&letter, end)),
        Case::bad("a letter of another version", flipped(&letter, letter::MAGIC.len() - 2)),
        Case::bad("half a letter", input(letter.get(..end / 2).unwrap_or_default())),
        Case::bad("a letter twice", input(&[&letter[..], &letter[..]].concat())),
        Case::bad("an answer of another version", flipped(&full, answer::MAGIC.len() - 2)),
        Case::bad("a changed byte in an answer", flipped(&full, answer::MAGIC.len() + 10)),
        Case::bad("an answer with a byte too many", input(&[&full[..], &[0]].concat())),
        Case::bad("an answer cut off", input(full.get(..full.len() - 1).unwrap_or_default())),
        Case::bad("a unit answered twice", of(&[entered(1), refused(1, "EPOCH")], &[])?),
        Case::bad("a refusal without a name", of(&[refused(1, "")], &[])?),
        Case::bad("a refusal by no name", of(&[refused(1, "no name")], &[])?),
        Case::bad("rooms that descend", of(&[], &[(2, 0, 0, 0), (1, 0, 0, 0)])?),
        Case::bad("an entry too few", of(&[], &[(1, 0, 2, 1)])?),
        Case::bad("an entry too many", of(&[], &[(1, 0, 1, 2)])?),
        Case::bad("a size beyond all numbers", of(&[], &[(1, u64::MAX, 1, 1)])?),
    ])
}

pub(super) fn judge_courier(input: Input<'_>) -> Result<Answer> {
    let bytes = input.bytes("bytes")?;
    if bytes.starts_with(answer::MAGIC) {
        return Ok(read(&bytes).map(|rows| json!({ "rows": rows })).map_err(|error| code(&error)));
    }
    let parsed = match Letter::parse(&bytes) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Err(code(&error))),
    };
    let key = PublicKey::admit(&input.bytes("key")?)?;
    if !parsed.is_signed_by(&key) {
        return Ok(Err("SIGNATURE".to_owned()));
    }
    let rooms = parsed.rooms.iter();
    Ok(Ok(json!({
        "letter": parsed.digest().to_hex(),
        "member": parsed.sender.member.as_str(),
        "written_at": parsed.sender.written_at,
        "certificates": parsed.sender.certificates.iter().map(hex::encode).collect::<Vec<_>>(),
        "rooms": rooms
            .map(|held| json!({"room": held.room.to_string(), "size": held.size, "from": held.from}))
            .collect::<Vec<_>>(),
        "units": parsed.units.iter().map(|unit| unit.digest().to_hex()).collect::<Vec<_>>(),
    })))
}

fn read(bytes: &[u8]) -> std::result::Result<Vec<Value>, CourierError> {
    let mut reader = Reader::new();
    reader.feed(bytes);
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(match row {
            Row::Begin(begin) => json!({
                "begin": begin.domain.as_str(),
                "member": begin.member.as_str(),
                "written_at": begin.written_at,
                "letter": begin.letter.to_hex(),
            }),
            Row::Outcome(outcome) => json!({
                "unit": outcome.unit.to_hex(),
                "entered": outcome.result.as_ref().map_or(0, Vec::len),
                "reason": outcome.result.err().map(|refusal| refusal.reason).unwrap_or_default(),
            }),
            Row::Room(room) => json!({
                "room": room.room.to_string(),
                "name": room.name.as_str(),
                "first": room.first,
                "size": room.size,
                "checkpoint": hex::encode(&room.checkpoint),
                "cosigned": room.cosigned.iter().map(hex::encode).collect::<Vec<_>>(),
            }),
            Row::Entry(entry) => json!({
                "entry": hex::encode(&entry.entry),
                "content": entry.content.map(hex::encode),
            }),
            Row::End => json!({ "end": rows.len() }),
        });
    }
    reader.finish()?;
    Ok(rows)
}
