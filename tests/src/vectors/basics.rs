//! Vectors of frames, names and the one encoding (sections 1 and 2).

use anyhow::{Result, bail};
use prost::Message;
use serde_json::{Value, json};
use tearline_ledger::{
    digest::{Digest, frame},
    encoding::{self, EncodingError},
    name::{Domain, MemberName, NameError, Org, RoomName},
};
use tearline_proto::v1;

use super::{Answer, Case, Input, code};

pub(super) fn frames() -> Result<Vec<Case>> {
    let lists: [(&str, &[&[u8]]); 5] = [
        ("no field", &[]),
        ("one empty field", &[b""]),
        ("label only", &[b"tearline/v1/attachment"]),
        ("an empty field between two", &[b"ab", b"", b"c"]),
        ("label, digest and number", &[b"tearline/v1/epoch", &[7; 32], &[0, 0, 0, 0, 0, 0, 1, 44]]),
    ];
    let case = |(name, fields): (&str, &[&[u8]])| {
        let fields: Vec<String> = fields.iter().map(hex::encode).collect();
        Case::good(name, json!({ "fields": fields }))
    };
    Ok(lists.into_iter().map(case).collect())
}

pub(super) fn judge_frame(input: Input<'_>) -> Result<Answer> {
    let fields = input.byte_lists("fields")?;
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    let frame = frame(&fields);
    Ok(Ok(json!({ "frame": hex::encode(&frame), "sha256": Digest::of(&frame).to_hex() })))
}

pub(super) fn names() -> Result<Vec<Case>> {
    let long = |count: usize| "a".repeat(count);
    let longest = format!("{0}.{0}.{0}.{1}", long(63), long(61));
    let good = [
        ("domain", "kivu.example".to_owned()),
        ("domain", "a.b".to_owned()),
        ("domain", "x--1.9".to_owned()),
        ("domain", longest.clone()),
        ("organisation", "drc".to_owned()),
        ("organisation", "1".to_owned()),
        ("organisation", long(32)),
        ("room", "chamber".to_owned()),
        ("room", "drc-2".to_owned()),
        ("member", "spiffe://kivu.example/party/drc/liaison".to_owned()),
        ("member", "spiffe://kivu.example/mediator/us/kinshasa".to_owned()),
        ("member", "spiffe://kivu.example/auditor/un/monitor-1".to_owned()),
    ];
    let bad = [
        ("domain", "kivu".to_owned()),
        ("domain", String::new()),
        ("domain", "kivu..example".to_owned()),
        ("domain", "kivu.example.".to_owned()),
        ("domain", "Kivu.example".to_owned()),
        ("domain", format!("{}.b", long(64))),
        ("domain", format!("{longest}a")),
        ("organisation", String::new()),
        ("organisation", long(33)),
        ("organisation", "-drc".to_owned()),
        ("organisation", "drc-".to_owned()),
        ("organisation", "dr_c".to_owned()),
        ("organisation", "DRC".to_owned()),
        ("organisation", "dr\u{441}".to_owned()),
        ("room", "access/us".to_owned()),
        ("room", "..".to_owned()),
        ("member", "spiffe://kivu.example/party/drc".to_owned()),
        ("member", "spiffe://kivu.example/party/drc/liaison/x".to_owned()),
        ("member", "spiffe://kivu.example/party/drc/..".to_owned()),
        ("member", "spiffe://kivu.example/party//liaison".to_owned()),
        ("member", "spiffe://kivu.example/king/drc/liaison".to_owned()),
        ("member", "spiffe://kivu.example/Party/drc/liaison".to_owned()),
        ("member", "SPIFFE://kivu.example/party/drc/liaison".to_owned()),
        ("member", "spiffe://kivu.example:1/party/drc/liaison".to_owned()),
        ("member", "spiffe://kivu.example/party/drc/liaison ".to_owned()),
        ("member", "kivu.example/party/drc/liaison".to_owned()),
    ];
    let input = |(kind, text): &(&str, String)| json!({ "kind": kind, "text": text });
    let name = |(kind, text): &(&str, String)| format!("{kind}: {text}");
    let good = good.iter().map(|it| Case::good(name(it), input(it)));
    Ok(good.chain(bad.iter().map(|it| Case::bad(name(it), input(it)))).collect())
}

pub(super) fn judge_name(input: Input<'_>) -> Result<Answer> {
    let text = input.text("text")?;
    let parsed: std::result::Result<Value, NameError> = match input.text("kind")? {
        "domain" => text.parse::<Domain>().map(|name| json!({ "text": name.as_str() })),
        "organisation" => text.parse::<Org>().map(|name| json!({ "text": name.as_str() })),
        "room" => text.parse::<RoomName>().map(|name| json!({ "text": name.as_str() })),
        "member" => text.parse::<MemberName>().map(|name| {
            json!({
                "domain": name.domain().as_str(),
                "role": name.role().as_str(),
                "organisation": name.org().as_str(),
                "desk": name.desk(),
            })
        }),
        other => bail!("`{other}` is no kind of name"),
    };
    Ok(parsed.map_err(|error| code(&error)))
}

pub(super) fn encodings() -> Result<Vec<Case>> {
    let access = v1::Access { member: "m".into(), room: vec![1].into(), first: 3, count: 300 };
    let statement = v1::Statement {
        basis_size: u64::MAX,
        act: Some(v1::statement::Act::Rejection(v1::Rejection::default())),
        ..v1::Statement::default()
    };
    let entry = v1::BundleEntry { entry: vec![9].into(), content: Some(Vec::new().into()) };
    let place = v1::Place {
        name: "Goma".into(),
        longitude_e7: 292_338_000,
        latitude_e7: -16_792_000,
        precision_m: 500,
    };
    let content = v1::Content { precedence: -1, ..v1::Content::default() };
    let good = [
        ("an access record", "Access", access.encode_to_vec()),
        ("nothing but defaults", "Access", Vec::new()),
        ("the greatest number, and an empty act", "Statement", statement.encode_to_vec()),
        ("an optional field that is empty", "BundleEntry", entry.encode_to_vec()),
        ("negative numbers in zigzag", "Place", place.encode_to_vec()),
        ("an empty message that is there", "Charter", b"\x32\x00".to_vec()),
        ("empty elements of a list", "Proposal", b"\x0a\x00\x0a\x00".to_vec()),
        ("a negative enum", "Content", content.encode_to_vec()),
    ];
    let bad: [(&str, &str, &[u8]); 24] = [
        ("an unknown field", "Access", b"\x18\x03\x28\x01"),
        ("a doubled field", "Access", b"\x18\x03\x18\x03"),
        ("a long varint", "Access", b"\x18\x83\x00"),
        ("a long varint as length", "Access", b"\x0a\x81\x00a"),
        ("a long varint as tag", "Access", b"\x98\x00\x03"),
        ("a varint of 11 bytes", "Access", b"\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"),
        ("a varint of 2^64", "Access", b"\x18\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02"),
        ("a default number", "Access", b"\x18\x00"),
        ("a default text", "Access", b"\x0a\x00"),
        ("fields out of order", "Access", b"\x20\x01\x18\x03"),
        ("a length beyond the end", "Access", b"\x0a\x05ab"),
        ("a tag without a value", "Access", b"\x18"),
        ("another wire type", "Access", b"\x1a\x01a"),
        ("a group", "Access", b"\x1b\x1c"),
        ("not UTF-8", "Access", b"\x0a\x01\xff"),
        ("an overlong form in UTF-8", "Access", b"\x0a\x02\xc0\x80"),
        ("a surrogate in UTF-8", "Access", b"\x0a\x03\xed\xa0\x80"),
        ("field number 0", "Access", b"\x00\x01"),
        ("a flag of 2", "Member", b"\x10\x02"),
        ("a flag of 0", "Member", b"\x10\x00"),
        ("a 32-bit number of 2^32", "Charter", b"\x18\x80\x80\x80\x80\x10"),
        ("two acts", "Statement", b"\x72\x00\x6a\x00"),
        ("one act twice", "Statement", b"\x72\x00\x72\x00"),
        ("a list with another field between", "Proposal", b"\x0a\x01a\x12\x01b\x0a\x01c"),
    ];
    let input = |message: &str, bytes: &[u8]| json!({ "message": message, "bytes": hex::encode(bytes) });
    let good = good.iter().map(|(name, message, bytes)| Case::good(*name, input(message, bytes)));
    let bad = bad.iter().map(|(name, message, bytes)| Case::bad(*name, input(message, bytes)));
    Ok(good.chain(bad).collect())
}

pub(super) fn judge_encoding(input: Input<'_>) -> Result<Answer> {
    let bytes = input.bytes("bytes")?;
    Ok(match input.text("message")? {
        "Access" => decode::<v1::Access>(&bytes),
        "BundleEntry" => decode::<v1::BundleEntry>(&bytes),
        "Charter" => decode::<v1::Charter>(&bytes),
        "Content" => decode::<v1::Content>(&bytes),
        "Member" => decode::<v1::Member>(&bytes),
        "Place" => decode::<v1::Place>(&bytes),
        "Proposal" => decode::<v1::Proposal>(&bytes),
        "Statement" => decode::<v1::Statement>(&bytes),
        other => bail!("no vectors of message {other}"),
    })
}

fn decode<M: Message + Default>(bytes: &[u8]) -> Answer {
    let decoded: std::result::Result<M, EncodingError> = encoding::decode("message", bytes);
    decoded.map(|_| json!({})).map_err(|error| code(&error))
}
