//! Vectors of envelopes, statements, charters, entries and cards (sections 3, 4, 5.1 and 10).

mod charters;
mod statements;

use anyhow::Result;
use bytes::Bytes;
use prost::Message as _;
use serde_json::json;
use tearline_ledger::{
    armor::{self, Paper},
    card::SignedCard,
    digest::{Digest, frame},
    entry::{AccessRecord, Body, Entry},
    envelope::{Envelope, PayloadType, Signature},
    id::Identity,
    statement::{Act, Signed},
};
use tearline_proto::v1;

use super::{
    Answer, Case, Input, code,
    fixture::{Few, ROOM, TIME, post, statement},
};

pub(super) use charters::{charters, judge_charter};
pub(super) use statements::{judge_statement, statements};

fn hex_input(bytes: &[u8]) -> serde_json::Value {
    json!({ "bytes": hex::encode(bytes) })
}

pub(super) fn envelopes() -> Result<Vec<Case>> {
    let few = Few::new()?;
    let payload = Bytes::from_static(b"payload");
    let sign = |desk: &crate::desk::Desk| Signature::make(PayloadType::Statement, &payload, desk.sign_key());
    let both = vec![sign(&few.washington), sign(&few.kinshasa)];
    let both = Envelope::of(PayloadType::Statement, payload.clone(), both)?;
    let one = Envelope::sign(PayloadType::Statement, payload, few.washington.sign_key());
    let card = Envelope::sign(PayloadType::Card, Bytes::new(), few.washington.sign_key());
    let message = v1::Envelope::decode(both.encode())?;
    let changed = |name: &str, change: &dyn Fn(&mut v1::Envelope)| {
        let mut message = message.clone();
        change(&mut message);
        Case::bad(name, hex_input(&message.encode_to_vec()))
    };
    let first = |m: &mut v1::Envelope, f: &dyn Fn(&mut v1::Signature)| {
        if let Some(signature) = m.signatures.first_mut() {
            f(signature);
        }
    };
    let mut trailing = both.encode().to_vec();
    trailing.push(0);
    Ok(vec![
        Case::good("one signature", hex_input(&one.encode())),
        Case::good("two signatures", hex_input(&both.encode())),
        Case::bad("a card's envelope in a statement's place", hex_input(&card.encode())),
        changed("another payload type", &|m| m.payload_type.push('x')),
        changed("no payload type", &|m| m.payload_type.clear()),
        changed("no signature", &|m| m.signatures.clear()),
        changed("descending key ids", &|m| m.signatures.reverse()),
        changed("one key id twice", &|m| m.signatures.extend(m.signatures.last().cloned())),
        changed("257 signatures", &|m| {
            let id = |n: u32| Bytes::from(Digest::of(&n.to_be_bytes()).0.to_vec());
            let sig = Bytes::from(vec![1; 64]);
            m.signatures = (0..257).map(|n| v1::Signature { keyid: id(n), sig: sig.clone() }).collect();
            m.signatures.sort_by(|a, b| a.keyid.cmp(&b.keyid));
        }),
        changed("a key id of 31 bytes", &|m| first(m, &|s| s.keyid = s.keyid.slice(1..))),
        changed("a signature of 63 bytes", &|m| first(m, &|s| s.sig = s.sig.slice(1..))),
        changed("a signature of 65 bytes", &|m| {
            first(m, &|s| s.sig = [s.sig.as_ref(), &[0]].concat().into());
        }),
        Case::bad("a byte too many", hex_input(&trailing)),
        Case::bad("nothing", hex_input(b"")),
    ])
}

pub(super) fn judge_envelope(input: Input<'_>) -> Result<Answer> {
    let parsed = Envelope::parse(PayloadType::Statement, &input.bytes("bytes")?);
    let read = parsed.map(|envelope| {
        let ids = envelope.signatures().iter().map(|signature| signature.key_id.to_string());
        json!({
            "payload": hex::encode(envelope.payload()),
            "pae": hex::encode(envelope.pae()),
            "identity": envelope.identity().to_string(),
            "key_ids": ids.collect::<Vec<_>>(),
        })
    });
    Ok(read.map_err(|error| code(&error)))
}

pub(super) fn entries() -> Result<Vec<Case>> {
    let few = Few::new()?;
    let payload = statement(&few.liaison, Act::Post(post())).encode();
    let envelope = Envelope::sign(PayloadType::Statement, payload, few.liaison.sign_key());
    let entry = Entry::of_statement(TIME, Signed::from_envelope(envelope.clone())?);
    let access = |first, count| {
        let record = AccessRecord { member: few.liaison.name().clone(), room: ROOM, first, count };
        Entry::of_access(TIME, record).bytes().to_vec()
    };
    let raw =
        |accepted_at: u64, body: Option<v1::entry::Body>| v1::Entry { accepted_at, body }.encode_to_vec();
    let access_of = |member: &str, room: usize| {
        let room = Bytes::from(vec![0x11; room]);
        Some(v1::entry::Body::Access(v1::Access { member: member.to_owned(), room, first: 0, count: 1 }))
    };
    let body = Some(v1::entry::Body::Envelope(envelope.encode()));
    let card = Envelope::sign(PayloadType::Card, envelope.payload().clone(), few.liaison.sign_key());
    let truncated = envelope.encode();
    let truncated = truncated.slice(..truncated.len() - 1);
    Ok(vec![
        Case::good("a statement", hex_input(entry.bytes())),
        Case::good("a statement accepted at 0", hex_input(&raw(0, body))),
        Case::good("an access record", hex_input(&access(3, 40))),
        Case::good("an access record of nothing", hex_input(&access(0, 0))),
        Case::bad("nothing", hex_input(b"")),
        Case::bad("a time alone", hex_input(&raw(TIME, None))),
        Case::bad("an empty envelope", hex_input(&raw(TIME, Some(v1::entry::Body::Envelope(Bytes::new()))))),
        Case::bad("a cut envelope", hex_input(&raw(TIME, Some(v1::entry::Body::Envelope(truncated))))),
        Case::bad("a card's envelope", hex_input(&raw(TIME, Some(v1::entry::Body::Envelope(card.encode()))))),
        Case::bad("an access by nobody", hex_input(&raw(TIME, access_of("", 32)))),
        Case::bad("an access to a room id of 31 bytes", {
            hex_input(&raw(TIME, access_of(few.liaison.name().as_str(), 31)))
        }),
        Case::bad("both bodies", hex_input(&[entry.bytes().as_ref(), b"\x1a\x00"].concat())),
    ])
}

pub(super) fn judge_entry(input: Input<'_>) -> Result<Answer> {
    let parsed = Entry::parse(input.bytes("bytes")?.into());
    let read = parsed.map(|entry| {
        let body = match entry.body() {
            Body::Statement(signed) => json!({ "statement": signed.identity().to_string() }),
            Body::Access(record) => json!({
                "member": record.member.as_str(),
                "room": record.room.to_string(),
                "first": record.first,
                "count": record.count,
            }),
        };
        json!({ "accepted_at": entry.accepted_at(), "leaf": entry.leaf().to_hex(), "body": body })
    });
    Ok(read.map_err(|error| code(&error)))
}

pub(super) fn cards() -> Result<Vec<Case>> {
    let few = Few::new()?;
    let issue = |desk: &crate::desk::Desk| {
        SignedCard::issue(desk.card().clone(), desk.tls_spki().clone(), desk.sign_key())
    };
    let own = issue(&few.liaison)?;
    let endorsed = own.endorse(few.delegation.sign_key())?;
    let armored = |body: &[u8]| armor::write(Paper::Card, "Tearline card of drc/liaison", body);
    let body = armor::read(Paper::Card, &own.to_text())?;
    let card = few.liaison.card();
    let of = |card: Bytes, signer: &crate::desk::Desk, tls: &[u8]| {
        let envelope = Envelope::sign(PayloadType::Card, card, signer.sign_key());
        armored(&frame(&[&envelope.encode(), tls]))
    };
    let tls = few.liaison.tls_spki();
    let mut weak = v1::Card::decode(card.encode())?;
    weak.sign_key = Bytes::from([&[1][..], &[0; 31]].concat());
    let mut auditor = v1::Card::decode(few.monitor.card().encode())?;
    auditor.custodian = true;
    let mut unsealed = v1::Card::decode(card.encode())?;
    unsealed.seal_key = Bytes::new();
    let text = |text: String| json!({ "text": text });
    Ok(vec![
        Case::good("a party's desk", text(own.to_text())),
        Case::good("endorsed", text(endorsed.to_text())),
        Case::good("a custodian", text(issue(&few.delegation)?.to_text())),
        Case::good("a mediator", text(issue(&few.washington)?.to_text())),
        Case::good("an auditor", text(issue(&few.monitor)?.to_text())),
        Case::good(
            "with CRLF and text before",
            text(format!("Hello\n{}", own.to_text()).replace('\n', "\r\n")),
        ),
        Case::bad("signed by another only", text(of(card.encode(), &few.delegation, tls))),
        Case::bad("with another certificate key", text(of(card.encode(), &few.liaison, b"another"))),
        Case::bad("a weak key", text(of(weak.encode_to_vec().into(), &few.liaison, tls))),
        Case::bad("an auditor as custodian", text(of(auditor.encode_to_vec().into(), &few.monitor, tls))),
        Case::bad(
            "a party without a sealing key",
            text(of(unsealed.encode_to_vec().into(), &few.liaison, tls)),
        ),
        Case::bad("a field too many", text(armored(&[body.as_slice(), &[0; 4]].concat()))),
        Case::bad("cut", text(own.to_text().replacen("-----END", "----", 1))),
        Case::bad("another paper", text(own.to_text().replace("CARD", "ADMISSION"))),
        Case::bad("two papers", text(own.to_text().repeat(2))),
        Case::bad("no base64", text(own.to_text().replacen("\nA", "\n*", 1))),
    ])
}

pub(super) fn judge_card(input: Input<'_>) -> Result<Answer> {
    let read = SignedCard::from_text(input.text("text")?).map(|signed| {
        let card = signed.card();
        json!({
            "name": card.name.as_str(),
            "custodian": card.custodian,
            "key_id": card.sign_key.key_id().to_string(),
            "tls_key_sha256": card.tls_key.to_hex(),
            "fingerprint": Identity(card.fingerprint()).to_string(),
        })
    });
    Ok(read.map_err(|error| code(&error)))
}
