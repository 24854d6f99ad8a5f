//! Vectors of statements other than charters (section 3.2).

use anyhow::{Context as _, Result};
use bytes::Bytes;
use prost::Message as _;
use serde_json::json;
use tearline_ledger::{
    digest::Digest,
    id::{Identity, Ref, RoomId, StatementId},
    statement::{Act, Attachment, Proposal, Statement, StatementError},
};
use tearline_proto::v1::{self, statement::Act as ActMessage};

use super::hex_input;
use crate::vectors::{
    Answer, Case, Input, code,
    fixture::{Few, ROOM, TIME, post, statement},
};

fn digest(byte: u8) -> Digest {
    Digest([byte; 32])
}

fn reference(room: u8, statement: u8) -> Ref {
    let id = StatementId::new(TIME, [statement; 10]);
    Ref { room: RoomId(digest(room)), statement: Identity(digest(statement)), id }
}

/// One statement of each act.
fn good(few: &Few) -> Vec<(&'static str, Statement)> {
    let id = StatementId::new(TIME, [0xbb; 10]);
    let mut full = post();
    full.attachments =
        vec![Attachment { digest: digest(1), size: 1 }, Attachment { digest: digest(1), size: 1 }];
    full.content_until = Some(TIME + 1);
    full.manifests = vec![digest(1), digest(2)];
    let mut proposal = statement(
        &few.kinshasa,
        Act::Proposal(Proposal {
            targets: vec![(Identity(digest(2)), [3; 64]), (Identity(digest(1)), [4; 64])],
            sealed: post(),
            quorum: 2,
        }),
    );
    proposal.not_after = Some(TIME + 3600);
    let approval = Act::Approval { proposal: Identity(digest(5)), signatures: vec![[6; 64]; 2] };
    vec![
        ("a post", statement(&few.liaison, Act::Post(post()))),
        ("a post with everything", statement(&few.kinshasa, Act::Post(full))),
        ("a proposal", proposal),
        ("an approval", statement(&few.washington, approval)),
        ("a rejection", statement(&few.washington, Act::Rejection { proposal: Identity(digest(5)) })),
        ("a recall", statement(&few.liaison, Act::Recall { post: Identity(digest(5)), id })),
        (
            "an acknowledgement",
            statement(
                &few.liaison,
                Act::Acknowledgement(vec![reference(1, 2), reference(1, 3), reference(2, 1)]),
            ),
        ),
    ]
}

pub(in crate::vectors) fn statements() -> Result<Vec<Case>> {
    let good = good(&Few::new()?);
    let mut out: Vec<Case> =
        good.iter().map(|(name, statement)| Case::good(*name, hex_input(&statement.encode()))).collect();
    for (name, act, change) in changes() {
        let (_, statement) = good.get(act).context("no such statement")?;
        let mut message = v1::Statement::decode(statement.encode())?;
        change(&mut message);
        out.push(Case::bad(name, hex_input(&message.encode_to_vec())));
    }
    Ok(out)
}

type Change = fn(&mut v1::Statement);

const POST: usize = 0;
const FULL: usize = 1;
const PROPOSAL: usize = 2;
const APPROVAL: usize = 3;
const REJECTION: usize = 4;
const RECALL: usize = 5;
const ACKNOWLEDGEMENT: usize = 6;

fn post_of(m: &mut v1::Statement, f: fn(&mut v1::Post)) {
    if let Some(ActMessage::Post(post)) = &mut m.act {
        f(post);
    }
}

fn proposal_of(m: &mut v1::Statement, f: fn(&mut v1::Proposal)) {
    if let Some(ActMessage::Proposal(proposal)) = &mut m.act {
        f(proposal);
    }
}

fn sealed_of(m: &mut v1::Statement, f: fn(&mut v1::Post)) {
    if let Some(ActMessage::Proposal(v1::Proposal { sealed: Some(post), .. })) = &mut m.act {
        f(post);
    }
}

fn posts_of(m: &mut v1::Statement, f: fn(&mut Vec<v1::Ref>)) {
    if let Some(ActMessage::Acknowledgement(it)) = &mut m.act {
        f(&mut it.posts);
    }
}

fn signatures_of(m: &mut v1::Statement, f: fn(&mut Vec<Bytes>)) {
    if let Some(ActMessage::Approval(it)) = &mut m.act {
        f(&mut it.signatures);
    }
}

fn bytes(length: usize) -> Bytes {
    Bytes::from(vec![0xee; length])
}

/// What makes a good statement a bad one: its name, the good one's number, the change.
fn changes() -> Vec<(&'static str, usize, Change)> {
    vec![
        ("no act", POST, |m| m.act = None),
        ("no room", POST, |m| m.room = Bytes::new()),
        ("a room of 31 bytes", POST, |m| m.room = bytes(31)),
        ("no basis", POST, |m| (m.basis_size, m.basis_root) = (0, Bytes::new())),
        ("a basis without a root", POST, |m| m.basis_root = Bytes::new()),
        ("a basis without a size", POST, |m| m.basis_size = 0),
        ("a root of 33 bytes", POST, |m| m.basis_root = bytes(33)),
        ("an id of 15 bytes", POST, |m| m.id = bytes(15)),
        ("an id of 17 bytes", POST, |m| m.id = bytes(17)),
        ("no author", POST, |m| m.author.clear()),
        ("an author that is no member", POST, |m| m.author.push('/')),
        ("a post of epoch 0", POST, |m| post_of(m, |post| post.epoch = 0)),
        ("a post of nothing", POST, |m| post_of(m, |post| post.size = 0)),
        ("a salt of 31 bytes", POST, |m| post_of(m, |post| post.salt = bytes(31))),
        ("a key commitment of 33 bytes", POST, |m| post_of(m, |post| post.key_commitment = bytes(33))),
        ("a content digest of 0 bytes", POST, |m| post_of(m, |post| post.digest = Bytes::new())),
        ("descending manifests", FULL, |m| post_of(m, |post| post.manifests.reverse())),
        ("a manifest twice", FULL, |m| post_of(m, |post| post.manifests = vec![bytes(32); 2])),
        ("a manifest of 31 bytes", FULL, |m| post_of(m, |post| post.manifests = vec![bytes(31)])),
        ("65 manifests", FULL, |m| {
            post_of(m, |post| post.manifests = (0..65).map(|n| Bytes::from(vec![n; 32])).collect());
        }),
        ("an attachment of nothing", FULL, |m| {
            post_of(m, |post| post.attachments.iter_mut().for_each(|it| it.size = 0));
        }),
        ("an attachment digest of 31 bytes", FULL, |m| {
            post_of(m, |post| post.attachments.iter_mut().for_each(|it| it.digest = bytes(31)));
        }),
        ("a proposal without an end", PROPOSAL, |m| m.not_after = 0),
        ("a proposal of nothing", PROPOSAL, |m| {
            proposal_of(m, |it| (it.targets, it.signatures) = (Vec::new(), Vec::new()));
        }),
        ("a proposal that lacks a signature", PROPOSAL, |m| proposal_of(m, |it| it.signatures.truncate(1))),
        ("a proposal of one target twice", PROPOSAL, |m| {
            proposal_of(m, |it| it.targets = vec![bytes(32); 2]);
        }),
        ("a proposal of 64 targets", PROPOSAL, |m| {
            proposal_of(m, |it| {
                it.targets = (0..64).map(|n| Bytes::from(vec![n; 32])).collect();
                it.signatures = vec![bytes(64); 64];
            });
        }),
        ("a target of 31 bytes", PROPOSAL, |m| {
            proposal_of(m, |it| (it.targets, it.signatures) = (vec![bytes(31)], vec![bytes(64)]));
        }),
        ("a signature on a target of 63 bytes", PROPOSAL, |m| {
            proposal_of(m, |it| (it.targets, it.signatures) = (vec![bytes(32)], vec![bytes(63)]));
        }),
        ("a proposal without a sealed part", PROPOSAL, |m| proposal_of(m, |it| it.sealed = None)),
        ("a sealed part with a manifest", PROPOSAL, |m| sealed_of(m, |it| it.manifests = vec![bytes(32)])),
        ("a sealed part with an end", PROPOSAL, |m| sealed_of(m, |it| it.content_until = 1)),
        ("a sealed part with an attachment", PROPOSAL, |m| {
            sealed_of(m, |it| it.attachments = vec![v1::Attachment { digest: bytes(32), size: 1 }]);
        }),
        ("an approval of nothing", APPROVAL, |m| signatures_of(m, Vec::clear)),
        ("an approval of 64 signatures", APPROVAL, |m| signatures_of(m, |it| *it = vec![bytes(64); 64])),
        ("an approval's signature of 65 bytes", APPROVAL, |m| signatures_of(m, |it| *it = vec![bytes(65)])),
        ("a rejection of 31 bytes", REJECTION, |m| {
            m.act = Some(ActMessage::Rejection(v1::Rejection { proposal: bytes(31) }));
        }),
        ("a recall without the post's id", RECALL, |m| {
            m.act = Some(ActMessage::Recall(v1::Recall { post: bytes(32), id: Bytes::new() }));
        }),
        ("an acknowledgement of nothing", ACKNOWLEDGEMENT, |m| posts_of(m, Vec::clear)),
        ("descending references", ACKNOWLEDGEMENT, |m| posts_of(m, |it| it.reverse())),
        ("a reference twice", ACKNOWLEDGEMENT, |m| posts_of(m, |it| it.extend(it.last().cloned()))),
        ("a reference with an id of 15 bytes", ACKNOWLEDGEMENT, |m| {
            posts_of(m, |it| it.iter_mut().for_each(|post| post.id = bytes(15)));
        }),
        ("257 references", ACKNOWLEDGEMENT, |m| {
            posts_of(m, |it| {
                let numbered = |n: u16| Bytes::from([n.to_be_bytes().repeat(16)].concat());
                let post = |n| v1::Ref { room: bytes(32), statement: numbered(n), id: bytes(16) };
                *it = (0..257).map(post).collect();
            });
        }),
    ]
}

pub(in crate::vectors) fn judge_statement(input: Input<'_>) -> Result<Answer> {
    let payload = input.bytes("bytes")?;
    Ok(read(&payload).map_err(|error| code(&error)))
}

fn read(payload: &[u8]) -> std::result::Result<serde_json::Value, StatementError> {
    let statement = Statement::parse(payload)?;
    Ok(json!({
        "id": statement.id.to_string(),
        "whole_hour": statement.id.is_whole_hour(),
        "room": statement.room.unwrap_or(ROOM).to_string(),
        "author": statement.author.as_str(),
        "basis_size": statement.basis.size.0,
        "basis_root": statement.basis.root.to_hex(),
        "not_after": statement.not_after,
        "act": statement.act.name(),
        "identity": tearline_ledger::envelope::PayloadType::Statement.identity(payload).to_string(),
    }))
}
