//! What is no statement at all, whatever the room, and no admission: encodings, lengths, order and keys.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bytes::Bytes;
use prost::Message as _;
use tearline_ledger::{
    admission::{Admission, AdmissionError},
    charter::CharterError,
    encoding::EncodingError,
    envelope::EnvelopeError,
    keys::KeyError,
    statement::{Act, Signed, Statement, StatementError},
};
use tearline_proto::v1::{self, statement::Act as ActMessage};
use tearline_tests::{
    desk::Desks,
    world::{World, sign},
};

fn kivu() -> (World, Desks) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    (world, desks)
}

/// One good statement of every kind, as messages.
fn all() -> Vec<v1::Statement> {
    let (mut world, desks) = kivu();
    let Desks { washington, kinshasa, drc_liaison, .. } = &desks;
    let drc = world.room("drc").unwrap();
    let members = world.members_with(&["drc"]);
    let founding = world.founding("other", 2, members, washington).unwrap();
    let charter = world.charter(drc, washington, |_| ()).unwrap();
    let post = world.post(drc, drc_liaison, "text").unwrap();
    let entry = world.take(&post, &[drc_liaison]).unwrap();
    let proposal = world.propose(washington, vec![charter.clone(), post.clone()]).unwrap();
    let approval = world.approval(kinshasa, &proposal).unwrap();
    let rejection = world.rejection(kinshasa, &proposal).unwrap();
    let recall = world.recall(drc_liaison, &entry).unwrap();
    let seen = world.acknowledgement(drc, drc_liaison, &[&entry]).unwrap();
    [founding, charter, post, proposal.statement, approval, rejection, recall, seen]
        .iter()
        .map(|statement| v1::Statement::decode(statement.encode()).unwrap())
        .collect()
}

fn parse(message: &v1::Statement) -> Result<Statement, StatementError> {
    Statement::parse(&message.encode_to_vec())
}

/// The fault of the good post with one thing changed.
fn post_fault(change: impl FnOnce(&mut v1::Post)) -> StatementError {
    let mut message = all().swap_remove(2);
    if let Some(ActMessage::Post(post)) = &mut message.act {
        change(post);
    }
    parse(&message).unwrap_err()
}

/// The fault of the good charter with one thing changed.
fn charter_fault(change: impl FnOnce(&mut v1::Charter)) -> StatementError {
    let mut message = all().swap_remove(1);
    if let Some(ActMessage::Charter(charter)) = &mut message.act {
        change(charter);
    }
    parse(&message).unwrap_err()
}

fn key_fault(change: impl FnOnce(&mut v1::Member)) -> KeyError {
    match charter_fault(|charter| change(&mut charter.members[0])) {
        StatementError::Charter(CharterError::Key { error, .. }) => error,
        other => panic!("{other}"),
    }
}

/// The first member of this role.
fn of<'a>(charter: &'a mut v1::Charter, role: &str) -> &'a mut v1::Member {
    charter.members.iter_mut().find(|member| member.name.contains(role)).unwrap()
}

fn short(bytes: &mut Bytes) {
    *bytes = bytes.slice(..bytes.len() - 1);
}

#[test]
fn every_kind_of_statement_reads_back_as_it_was_written() {
    for message in all() {
        let statement = parse(&message).unwrap();
        assert_eq!(statement.encode(), message.encode_to_vec(), "{}", statement.act.name());
    }
}

#[test]
fn cut_off_or_extended_bytes_are_no_statement() {
    for message in all() {
        let good = message.encode_to_vec();
        for end in (0..good.len()).step_by(7) {
            assert!(Statement::parse(&good[..end]).is_err());
        }
        for added in [&b"\x78\x01"[..], b"\x30\x00", b"\xff", b"\x0b\x0b\x0b\x0c\x0c\x0c"] {
            assert!(Statement::parse(&[&good, added].concat()).is_err());
        }
    }
}

#[test]
fn unknown_fields_are_refused_in_statement_and_envelope() {
    let (mut world, desks) = kivu();
    let post = world.post(world.room("drc").unwrap(), &desks.drc_liaison, "text").unwrap();
    let envelope = sign(&post, &[&desks.drc_liaison]).unwrap().envelope.encode();
    let more = [&envelope[..], b"\x20\x01"].concat();
    let what = EncodingError::NotCanonical { what: "envelope" };
    assert_eq!(Signed::parse(&more), Err(EnvelopeError::Encoding(what).into()));
    let more = [&post.encode()[..], b"\xa0\x06\x01"].concat();
    let what = EncodingError::NotCanonical { what: "statement" };
    assert_eq!(Statement::parse(&more), Err(what.into()));
}

#[test]
fn a_statement_does_one_thing() {
    let [post, rejection] = [2, 5].map(|at| all().swap_remove(at));
    let mut none = post.clone();
    none.act = None;
    assert_eq!(parse(&none), Err(StatementError::Field("act is missing")));
    let act_only = v1::Statement { act: rejection.act, ..v1::Statement::default() };
    let two = [post.encode_to_vec(), act_only.encode_to_vec()].concat();
    assert_eq!(Statement::parse(&two), Err(EncodingError::NotCanonical { what: "statement" }.into()));
}

#[test]
fn room_and_basis_are_absent_in_a_founding_and_only_there() {
    let room = StatementError::Field("room is absent in a founding charter, and only there");
    let basis = StatementError::Field("basis is absent in a founding charter, and only there");
    for (at, message) in all().into_iter().enumerate() {
        let mut other = message.clone();
        other.room = if at == 0 { vec![1; 32].into() } else { Bytes::new() };
        assert_eq!(parse(&other), Err(room.clone()));
        let mut other = message.clone();
        (other.basis_size, other.basis_root) =
            if at == 0 { (1, vec![1; 32].into()) } else { (0, Bytes::new()) };
        assert_eq!(parse(&other), Err(basis.clone()));
        let mut other = message;
        other.basis_size = u64::from(at == 0);
        assert_eq!(parse(&other), Err(basis.clone()));
    }
}

#[test]
fn fields_have_their_lengths() {
    for message in all() {
        let mut other = message.clone();
        short(&mut other.id);
        assert_eq!(parse(&other), Err(StatementError::Field("id is not 16 bytes")));
        let mut other = message;
        other.author = other.author.to_uppercase();
        assert!(matches!(parse(&other), Err(StatementError::Name(_))));
    }
    let changes: [fn(&mut v1::Post); 9] = [
        |post| short(&mut post.salt),
        |post| short(&mut post.key_commitment),
        |post| short(&mut post.digest),
        |post| post.size = 0,
        |post| post.epoch = 0,
        |post| post.attachments.push(v1::Attachment { digest: vec![1; 31].into(), size: 1 }),
        |post| post.attachments.push(v1::Attachment { digest: vec![1; 32].into(), size: 0 }),
        |post| post.manifests = vec![vec![1; 31].into()],
        |post| post.manifests = (0..65).map(|at| vec![at; 32].into()).collect(),
    ];
    for change in changes {
        assert!(matches!(post_fault(change), StatementError::Field(_)));
    }
    for manifests in [[1, 1], [2, 1]] {
        let fault = post_fault(|post| post.manifests = manifests.map(|at| vec![at; 32].into()).into());
        assert_eq!(fault, StatementError::Field("manifest digests are more than 64 or not ascending"));
    }
}

#[test]
fn a_proposal_has_1_to_63_distinct_targets_each_with_a_signature_and_an_end() {
    let message = all().swap_remove(3);
    let fault = |change: fn(&mut v1::Proposal)| {
        let mut message = message.clone();
        if let Some(ActMessage::Proposal(proposal)) = &mut message.act {
            change(proposal);
        }
        parse(&message).unwrap_err().to_string()
    };
    let count = "the statement's targets are not 1 to 63, each with one signature";
    assert_eq!(fault(|it| (it.targets.clear(), it.signatures.clear()).0), count);
    assert_eq!(fault(|it| drop(it.signatures.pop())), count);
    assert_eq!(
        fault(|it| (it.targets, it.signatures) = (vec![Bytes::new(); 64], vec![Bytes::new(); 64])),
        count
    );
    assert_eq!(fault(|it| it.targets[1] = it.targets[0].clone()), "the statement's targets have one twice");
    assert_eq!(fault(|it| it.sealed = None), "the statement's sealed part is missing");
    assert!(fault(|it| short(&mut it.targets[0])).contains("32 bytes"));
    assert!(fault(|it| short(&mut it.signatures[0])).contains("64 bytes"));
    assert!(fault(|it| it.sealed.as_mut().unwrap().content_until = 1).contains("or an end"));
    let endless = v1::Statement { not_after: 0, ..message };
    assert_eq!(parse(&endless), Err(StatementError::Field("not_after is missing: a proposal has an end")));
}

#[test]
fn keys_that_are_not_good_ones_are_not_admitted() {
    let key = |bytes: &[u8]| key_fault(|member| member.sign_key = Bytes::copy_from_slice(bytes));
    assert!(matches!(key(&[1; 31]), KeyError::Length { .. }));
    assert!(matches!(key(&[0; 32]), KeyError::SmallOrder));
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(matches!(key(&identity), KeyError::SmallOrder));
    let non_canonical =
        hex::decode("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f").unwrap();
    assert!(matches!(key(&non_canonical), KeyError::NotCanonical(_)));
    let seal = |change: fn(&mut Vec<u8>)| match charter_fault(|charter| {
        let member = of(charter, "/party/");
        let mut bytes = member.seal_key.to_vec();
        change(&mut bytes);
        member.seal_key = bytes.into();
    }) {
        StatementError::Charter(CharterError::Key { error, .. }) => error,
        other => panic!("{other}"),
    };
    assert!(matches!(seal(|key| key.truncate(1215)), KeyError::Length { .. }));
    assert!(matches!(seal(|key| key.fill(0)), KeyError::Zero(_)));
    assert!(matches!(seal(|key| key[1184..].fill(0)), KeyError::Zero(_)));
    assert!(matches!(seal(|key| key[..1184].fill(0)), KeyError::Zero(_)));
    assert!(matches!(seal(|key| key[..3].fill(0xff)), KeyError::Modulus));
}

type Change = fn(&mut v1::Charter);

#[test]
fn a_log_key_that_is_not_a_good_one_is_not_admitted() {
    let weak = charter_fault(|charter| {
        charter.log_vkey = "kivu.example+05edb981+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    });
    assert_eq!(weak, StatementError::Charter(CharterError::LogKey(KeyError::SmallOrder)));
}

#[test]
fn a_charter_is_whole() {
    let field = |fault: StatementError| match fault {
        StatementError::Charter(CharterError::Field(text)) => text,
        other => panic!("{other}"),
    };
    let changes: [(Change, &str); 17] = [
        (|it| it.epoch = 1, "epoch"),
        (|it| it.epoch = 0, "epoch"),
        (|it| it.suite = 2, "suite"),
        (|it| it.quorum = 1, "quorum"),
        (|it| it.quorum = 4, "quorum"),
        (|it| it.log_vkey.push('x'), "log_vkey"),
        (|it| it.limits = None, "limits"),
        (|it| it.limits.as_mut().unwrap().basis_age = 0, "limits"),
        (|it| short(&mut it.key_commitment), "key_commitment"),
        (|it| it.members.clear(), "members"),
        (|it| it.members.reverse(), "members"),
        (|it| it.members.push(it.members[0].clone()), "members"),
        (|it| it.members = vec![it.members[0].clone(); 257], "members"),
        (|it| it.members[1].tls_key_sha256 = it.members[0].tls_key_sha256.clone(), "members share a key"),
        (|it| it.service = None, "service"),
        (|it| it.service.as_mut().unwrap().address = "localhost".into(), "service"),
        (|it| it.service.as_mut().unwrap().address = "localhost:0".into(), "service"),
    ];
    for (change, text) in changes {
        let found = field(charter_fault(change));
        assert!(found.starts_with(text), "{found}");
    }
}

#[test]
fn wraps_and_sealing_keys_are_those_of_members_who_read() {
    let member = |change: fn(&mut v1::Charter)| match charter_fault(change) {
        StatementError::Charter(CharterError::Member { what, .. }) => what,
        other => panic!("{other}"),
    };
    let wrap = "a wrap belongs to those who read content, and to no other";
    assert_eq!(member(|it| of(it, "/auditor/").wrap = vec![1; 9].into()), wrap);
    assert_eq!(member(|it| of(it, "/party/").wrap = Bytes::new()), wrap);
    let long = "the wrap is longer than 64 KiB";
    assert_eq!(member(|it| of(it, "/party/").wrap = vec![1; 65_537].into()), long);
    let seal = "a sealing key belongs to those who read content, and to no other";
    assert_eq!(member(|it| of(it, "/party/").seal_key = Bytes::new()), seal);
    let custodian = "only a party has custodians";
    assert_eq!(member(|it| of(it, "/mediator/").custodian = true), custodian);
}

#[test]
fn the_certificate_keys_of_an_admission_ascend() {
    let (mut world, desks) = kivu();
    let Desks { washington, kinshasa, .. } = &desks;
    let members = world.members_with(&["drc"]);
    let founding = world.founding("other", 2, members, washington).unwrap();
    let signed = sign(&founding, &[washington, kinshasa]).unwrap();
    let keys: Vec<Bytes> = [b"a", b"b"].map(|key| Bytes::from_static(key)).into();
    let good = Admission::new(vec![signed], keys.clone()).unwrap().encode();
    let with = |tls_keys| {
        let mut message = v1::Admission::decode(good.as_slice()).unwrap();
        message.tls_keys = tls_keys;
        Admission::parse(&message.encode_to_vec()).map(|_| ())
    };
    assert_eq!(with(keys.clone()), Ok(()));
    assert_eq!(with(keys.iter().rev().cloned().collect()), Err(AdmissionError::TlsKeys));
    assert_eq!(with(vec![keys[0].clone(); 2]), Err(AdmissionError::TlsKeys));
}

#[test]
fn an_edited_statement_is_another_identity() {
    let (mut world, desks) = kivu();
    let post = world.post(world.room("drc").unwrap(), &desks.drc_liaison, "text").unwrap();
    let mut other = post.clone();
    if let Act::Post(post) = &mut other.act {
        post.salt[0] ^= 1;
    }
    let of = |statement: &Statement| sign(statement, &[&desks.drc_liaison]).unwrap().identity();
    assert_ne!(of(&post), of(&other));
}
