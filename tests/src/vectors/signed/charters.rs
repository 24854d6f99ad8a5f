//! Vectors of charters, as statements (section 4).

use anyhow::Result;
use bytes::Bytes;
use prost::Message as _;
use serde_json::json;
use tearline_ledger::{
    envelope::PayloadType,
    statement::{Act, Statement},
};
use tearline_proto::v1::{self, statement::Act as ActMessage};

use super::hex_input;
use crate::vectors::{
    Answer, Case, Input, code,
    fixture::{Few, charter, statement},
};

pub(in crate::vectors) fn charters() -> Result<Vec<Case>> {
    let few = Few::new()?;
    let founding = statement(&few.washington, Act::Charter(Box::new(charter(&few, true)?))).encode();
    let later = statement(&few.washington, Act::Charter(Box::new(charter(&few, false)?))).encode();
    let mut out = vec![
        Case::good("a founding", hex_input(&founding)),
        Case::good("a later charter", hex_input(&later)),
    ];
    let changed = |payload: &Bytes, change: Change| -> Result<Vec<u8>> {
        let mut message = v1::Statement::decode(payload.clone())?;
        if let Some(ActMessage::Charter(charter)) = &mut message.act {
            change(charter);
        }
        Ok(message.encode_to_vec())
    };
    for (name, change) in still_good() {
        out.push(Case::good(name, hex_input(&changed(&later, change)?)));
    }
    for (name, change) in wrong() {
        out.push(Case::bad(name, hex_input(&changed(&later, change)?)));
    }
    for (name, change) in wrong_foundings() {
        out.push(Case::bad(name, hex_input(&changed(&founding, change)?)));
    }
    let mut with_room = v1::Statement::decode(founding)?;
    with_room.room = bytes(32);
    out.push(Case::bad("a founding that names a room", hex_input(&with_room.encode_to_vec())));
    Ok(out)
}

type Change = fn(&mut v1::Charter);

fn bytes(length: usize) -> Bytes {
    Bytes::from(vec![0xee; length])
}

fn member(m: &mut v1::Charter, desk: &str, f: fn(&mut v1::Member)) {
    m.members.iter_mut().filter(|member| member.name.ends_with(desk)).for_each(f);
}

fn limits(m: &mut v1::Charter, f: fn(&mut v1::Limits)) {
    if let Some(limits) = &mut m.limits {
        f(limits);
    }
}

fn address(m: &mut v1::Charter, address: &str) {
    if let Some(service) = &mut m.service {
        address.clone_into(&mut service.address);
    }
}

fn still_good() -> Vec<(&'static str, Change)> {
    vec![
        ("a later epoch", |m| m.epoch = u64::MAX),
        ("a succession", |m| m.succession = true),
        ("no party", |m| m.members.retain(|member| !member.name.contains("/drc/"))),
        ("a party without a custodian", |m| member(m, "/delegation", |it| it.custodian = false)),
        ("a member without an endorsement", |m| member(m, "/liaison", |it| it.endorsement = Bytes::new())),
        ("an endorsement that nobody checks yet", |m| {
            member(m, "/liaison", |it| {
                it.endorsement = v1::Signature { keyid: bytes(32), sig: bytes(64) }.encode_to_vec().into();
            });
        }),
        ("an address in IPv6", |m| address(m, "[::1]:7443")),
        ("the greatest port", |m| address(m, "a:65535")),
    ]
}

fn wrong_foundings() -> Vec<(&'static str, Change)> {
    fn founding(m: &mut v1::Charter, f: fn(&mut v1::Founding)) {
        if let Some(founding) = &mut m.founding {
            f(founding);
        }
    }
    vec![
        ("a founding of epoch 2", |m| m.epoch = 2),
        ("a nonce of 31 bytes", |m| founding(m, |it| it.nonce = bytes(31))),
        ("a room name that is none", |m| founding(m, |it| it.name = "access/us".into())),
        ("another domain than its members'", |m| founding(m, |it| it.domain = "goma.example".into())),
        ("a domain that is none", |m| founding(m, |it| it.domain = "kivu".into())),
    ]
}

fn wrong() -> Vec<(&'static str, Change)> {
    vec![
        ("epoch 0", |m| m.epoch = 0),
        ("epoch 1 without a founding", |m| m.epoch = 1),
        ("suite 0", |m| m.suite = 0),
        ("suite 2", |m| m.suite = 2),
        ("quorum 1", |m| m.quorum = 1),
        ("a quorum above the mediators", |m| m.quorum = 3),
        ("no log key", |m| m.log_vkey.clear()),
        ("a log key with another id", |m| m.log_vkey = m.log_vkey.replacen('+', "+0", 1)),
        ("a log key of another name", |m| {
            m.log_vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".into();
        }),
        ("a log key of small order", |m| {
            m.log_vkey = "kivu.example+05edb981+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into();
        }),
        ("no limits", |m| m.limits = None),
        ("a limit of 0: basis_age", |m| limits(m, |it| it.basis_age = 0)),
        ("a limit of 0: content_bytes", |m| limits(m, |it| it.content_bytes = 0)),
        ("a limit of 0: attachment_bytes", |m| limits(m, |it| it.attachment_bytes = 0)),
        ("a limit of 0: attachments", |m| limits(m, |it| it.attachments = 0)),
        ("a commitment of 31 bytes", |m| m.key_commitment = bytes(31)),
        ("no members", |m| m.members.clear()),
        ("members out of order", |m| m.members.reverse()),
        ("a member twice", |m| m.members.extend(m.members.last().cloned())),
        ("one mediator", |m| m.members.retain(|member| !member.name.ends_with("/kinshasa"))),
        ("no service", |m| m.service = None),
        ("an address without a port", |m| address(m, "localhost")),
        ("an address with port 0", |m| address(m, "localhost:0")),
        ("an address with port 65536", |m| address(m, "localhost:65536")),
        ("an address without a host", |m| address(m, ":7443")),
        ("an address with a space", |m| address(m, "local host:7443")),
        ("an address of 261 characters", |m| address(m, &format!("{}:7443", "a".repeat(256)))),
        ("an authority of 31 bytes", |m| {
            if let Some(service) = &mut m.service {
                service.authority_sha256 = bytes(31);
            }
        }),
        ("a member of another domain", |m| {
            member(m, "/liaison", |it| it.name = "spiffe://zzz.example/party/drc/liaison".into());
        }),
        ("a name that is none", |m| member(m, "/liaison", |it| it.name.push(' '))),
        ("a mediator as custodian", |m| member(m, "/washington", |it| it.custodian = true)),
        ("an auditor with a wrap", |m| member(m, "/monitor-1", |it| it.wrap = bytes(4))),
        ("a party without a wrap", |m| member(m, "/liaison", |it| it.wrap = Bytes::new())),
        ("a party without a sealing key", |m| member(m, "/liaison", |it| it.seal_key = Bytes::new())),
        ("an endorsed mediator", |m| {
            member(m, "/washington", |it| {
                it.endorsement = v1::Signature { keyid: bytes(32), sig: bytes(64) }.encode_to_vec().into();
            });
        }),
        ("an endorsement that is none", |m| member(m, "/liaison", |it| it.endorsement = bytes(3))),
        ("an endorsement of 63 bytes", |m| {
            member(m, "/liaison", |it| {
                it.endorsement = v1::Signature { keyid: bytes(32), sig: bytes(63) }.encode_to_vec().into();
            });
        }),
        ("a signing key of small order", |m| {
            member(m, "/liaison", |it| it.sign_key = Bytes::from([&[1][..], &[0; 31]].concat()));
        }),
        ("a sealing key of 1215 bytes", |m| {
            member(m, "/liaison", |it| it.seal_key = it.seal_key.slice(1..));
        }),
        ("a certificate key's digest of 31 bytes", |m| {
            member(m, "/liaison", |it| it.tls_key_sha256 = bytes(31));
        }),
        ("two members with one signing key", |m| {
            let key = m.members.last().map(|member| member.sign_key.clone()).unwrap_or_default();
            m.members.iter_mut().for_each(|member| member.sign_key = key.clone());
        }),
        ("two members with one certificate key", |m| {
            m.members.iter_mut().for_each(|member| member.tls_key_sha256 = bytes(32));
        }),
    ]
}

pub(in crate::vectors) fn judge_charter(input: Input<'_>) -> Result<Answer> {
    let payload = input.bytes("bytes")?;
    let statement = match Statement::parse(&payload) {
        Ok(statement) => statement,
        Err(error) => return Ok(Err(code(&error))),
    };
    let Act::Charter(charter) = &statement.act else { return Ok(Err("NOT_A_CHARTER".to_owned())) };
    let members = charter.members.iter().map(|member| {
        json!({
            "name": member.name.as_str(),
            "custodian": member.custodian,
            "key_ids": member.key_ids().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "endorsed": member.endorsement.is_some(),
        })
    });
    Ok(Ok(json!({
        "identity": PayloadType::Statement.identity(&payload).to_string(),
        "founds": charter.founding.as_ref().map(|founding| founding.name.as_str()),
        "epoch": charter.epoch,
        "quorum": charter.quorum,
        "log_vkey": charter.log_vkey.to_string(),
        "members": members.collect::<Vec<_>>(),
    })))
}
