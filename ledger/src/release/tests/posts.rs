//! Posts, recalls, and what holds of every target.

use prost::Message as _;

use super::super::*;
use super::world::*;
use crate::{
    digest::Digest,
    id::StatementId,
    seal::SealError,
    statement::{Act, Statement},
};

fn author() -> MemberName {
    world().mediators[0].name.clone()
}

fn note(text: &str) -> (Statement, Vec<u8>) {
    world().drc_room.post(&author(), 50, &note_content(text), vec![])
}

fn content_fault(change: impl FnOnce(&mut v1::Content)) -> TargetFault {
    let mut content = note_content("text");
    change(&mut content);
    let (statement, sealed) = world().drc_room.post(&author(), 50, &content, vec![]);
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    draft.fault()
}

fn changed(change: impl FnOnce(&mut Statement)) -> TargetFault {
    let (mut statement, sealed) = note("text");
    change(&mut statement);
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    draft.fault()
}

#[test]
fn statement_and_list_must_agree() {
    let mut draft = Draft::new();
    let (statement, sealed) = note("text");
    draft.add(&statement, sealed);
    let identity = draft.targets[0];
    draft.targets.push(identity);
    assert_eq!(draft.check(), Err(ReleaseFault::TargetCount { listed: 2, sealed: 1 }));
    draft.targets = vec![world().concern.statement];
    assert_eq!(draft.fault(), TargetFault::Identity);
    draft.targets = vec![identity];
    draft.proposed.targets[0].room = world().plenary.id().as_bytes().to_vec().into();
    assert_eq!(draft.fault(), TargetFault::Room);
}

#[test]
fn targets_of_a_proposal_stand_in_the_order_of_its_list() {
    let world = world();
    let mut draft = Draft::new();
    draft.release(&world.drc_room, &world.release(&world.drc_room, &[5], &[]));
    draft.release(&world.rwanda_room, &world.release(&world.rwanda_room, &[5], &[]));
    assert!(draft.check().is_ok());
    draft.proposed.targets.reverse();
    assert_eq!(draft.fault(), TargetFault::Identity);
}

#[test]
fn what_is_no_statement_is_refused() {
    let mut draft = Draft::new();
    draft.add(&note("text").0, vec![]);
    draft.proposed.targets[0].statement = bytes::Bytes::from_static(b"x");
    draft.targets = vec![crate::envelope::PayloadType::Statement.identity(b"x")];
    assert!(matches!(draft.fault(), TargetFault::Statement(_)));
}

#[test]
fn author_time_id_and_basis_are_those_of_a_release() {
    assert!(matches!(changed(|it| it.author = world().mediators[1].name.clone()), TargetFault::Author(_)));
    assert_eq!(changed(|it| it.id = StatementId::new(NOW + 1, [50; 10])), TargetFault::NotWholeHour);
    assert_eq!(changed(|it| it.id = world().concern.id), TargetFault::IdTaken { index: 1 });
    assert_eq!(changed(|it| it.basis = NOTHING_BASIS), TargetFault::Basis { size: 1 });
    let unknown = RoomId(Digest([8; 32]));
    assert_eq!(changed(|it| it.room = Some(unknown)), TargetFault::UnknownRoom(unknown));
}

#[test]
fn content_must_be_the_bytes_that_the_post_names() {
    let mut draft = Draft::new();
    let (statement, sealed) = note("text");
    draft.add(&statement, sealed);
    draft.proposed.targets[0].content = vec![0; 40].into();
    assert_eq!(draft.fault(), OpenFault::Seal(SealError::Digest).into());
    let stale = changed(|it| {
        if let Act::Post(post) = &mut it.act {
            post.epoch = 2;
        }
    });
    assert_eq!(stale, TargetFault::Epoch { found: 2, current: 1 });
    let key = changed(|it| {
        if let Act::Post(post) = &mut it.act {
            post.salt = [8; 32];
        }
    });
    assert_eq!(key, OpenFault::Seal(SealError::KeyCommitment).into());
}

#[test]
fn content_that_is_not_well_formed_or_does_not_belong_is_refused() {
    assert!(matches!(content_fault(|it| it.subject.clear()), TargetFault::Content(_)));
    let briefing = v1::content::Kind::ManifestNotice(v1::ManifestNotice {
        briefing: Some(world().briefing.reference().to_message()),
        room: vec![1; 32].into(),
    });
    assert!(matches!(content_fault(|it| it.kind = Some(briefing)), TargetFault::Content(_)));
}

#[test]
fn the_time_of_writing_tells_no_more_than_the_hour() {
    assert_eq!(content_fault(|it| it.written_at = NOW + 1), TargetFault::WrittenAt);
}

#[test]
fn no_byte_of_what_a_proposal_seals_can_be_changed() {
    let world = world();
    let mut draft = Draft::new();
    draft.release(&world.drc_room, &world.release(&world.drc_room, &[1, 3], &[]));
    draft.release(&world.plenary, &world.release(&world.plenary, &[5], &[]));
    assert!(draft.check().is_ok());
    let good = draft.proposed.encode_to_vec();
    for at in (0..good.len()).step_by(5) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        if let Ok(changed) = crate::encoding::decode::<v1::Proposed>("proposal", &bytes) {
            draft.proposed = changed;
            assert!(draft.check().is_err(), "byte {at}");
        }
    }
}

#[test]
fn a_reference_to_what_the_readers_do_not_read_is_refused() {
    let leak = |reference: Ref| content_fault(|it| it.refers = vec![reference.to_message()]);
    let chamber = TargetFault::ReferenceLeaks { room: "chamber".to_owned() };
    assert_eq!(leak(world().briefing.reference()), chamber);
    let gone = Ref { statement: world().note.statement, ..world().concern };
    assert!(matches!(leak(gone), TargetFault::ReferenceUnknown { .. }));
    let (statement, sealed) = world().rwanda_room.post(
        &author(),
        50,
        &v1::Content { answers: Some(world().concern.to_message()), ..note_content("text") },
        vec![],
    );
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    assert_eq!(draft.fault(), TargetFault::ReferenceLeaks { room: "drc".to_owned() });
}

#[test]
fn references_to_the_own_room_and_to_shared_rooms_are_shown() {
    let content = v1::Content {
        answers: Some(world().concern.to_message()),
        refers: vec![world().note.to_message()],
        ..note_content("text")
    };
    let (statement, sealed) = world().drc_room.post(&author(), 50, &content, vec![]);
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    let shown = draft.check().unwrap();
    let ShownAct::Post(post) = &shown.targets[0].act else { panic!() };
    assert_eq!(post.answers.as_ref().map(|it| (it.room.as_str(), it.index)), Some(("drc", 1)));
    assert_eq!(post.refers[0].room.as_str(), "plenary");
}

#[test]
fn attachments_must_be_those_whose_keys_are_handed_on() {
    let handed = v1::AttachmentKey {
        digest: vec![1; 32].into(),
        size: 1024,
        key: vec![2; 32].into(),
        name: "map.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        mark: String::new(),
    };
    let content = v1::Content { attachments: vec![handed], ..note_content("text") };
    let (mut statement, sealed) = world().drc_room.post(&author(), 50, &content, vec![]);
    let mut draft = Draft::new();
    draft.add(&statement, sealed.clone());
    assert_eq!(draft.fault(), TargetFault::Attachments);
    let size = crate::stream::sealed_size(1024).unwrap();
    for (digest, size, good) in
        [(Digest([1; 32]), size, true), (Digest([1; 32]), size + 1, false), (Digest([3; 32]), size, false)]
    {
        if let Act::Post(post) = &mut statement.act {
            post.attachments = vec![crate::statement::Attachment { digest, size }];
        }
        let mut draft = Draft::new();
        draft.add(&statement, sealed.clone());
        assert_eq!(draft.check().is_ok(), good, "{digest} {size}");
    }
}

/// A draft that hands one attachment, shown under this mark, to drc; and to rwanda too, if `twice`.
fn handing(mark: &str, twice: bool) -> Draft {
    let handed = v1::AttachmentKey {
        digest: vec![1; 32].into(),
        size: 1024,
        key: vec![2; 32].into(),
        name: "map.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        mark: mark.to_owned(),
    };
    let content = v1::Content { attachments: vec![handed], ..note_content("text") };
    let size = crate::stream::sealed_size(1024).unwrap();
    let mut draft = Draft::new();
    let rooms = [&world().drc_room, &world().rwanda_room];
    for (room, id) in rooms.into_iter().zip([50, 51]).take(1 + usize::from(twice)) {
        let (mut statement, sealed) = room.post(&author(), id, &content, vec![]);
        if let Act::Post(post) = &mut statement.act {
            post.attachments = vec![crate::statement::Attachment { digest: Digest([1; 32]), size }];
        }
        draft.add(&statement, sealed);
    }
    draft
}

fn attached(marks: &[&str]) -> Attached {
    Attached { marks: marks.iter().map(|mark| (*mark).to_owned()).collect(), ..Attached::default() }
}

#[test]
fn an_attachment_goes_only_to_whom_its_mark_names_and_is_shown_under_what_they_may_see() {
    let digest = Digest([1; 32]);
    let mut draft = handing("C//REL TO DRC", false);
    draft.attached.insert(digest, attached(&["C//REL TO DRC, RWA"]));
    assert!(draft.check().is_ok());
    for (marks, shown) in [
        (&["S//NF"][..], "S//NF"),
        (&["C//REL TO DRC", "S//NF"], "C//REL TO DRC"),
        (&["C//REL TO RWA"], "C//REL TO RWA"),
        (&["C//REL TO DRC, RWA"], "C//REL TO DRC, RWA"),
        (&["C//REL TO DRC"], ""),
        (&[], "C//REL TO DRC"),
    ] {
        let mut draft = handing(shown, false);
        draft.attached.insert(digest, attached(marks));
        let fault = draft.fault();
        let refused =
            matches!(fault, TargetFault::AttachmentNotReleasable { .. } | TargetFault::AttachmentMark { .. });
        assert!(refused, "{marks:?} {shown}: {fault}");
    }
}

#[test]
fn an_orcon_attachment_needs_the_originator() {
    let mut draft = handing("S//ORCON//REL TO DRC", false);
    draft.attached.insert(Digest([1; 32]), attached(&["S//ORCON//REL TO DRC"]));
    let signed = draft.check().map(|shown| shown.originator);
    assert!(matches!(signed, Ok(Some(_)) | Err(ReleaseFault::Originator { .. })), "{signed:?}");
    draft.proposed.briefing = None;
    assert_eq!(draft.check(), Err(ReleaseFault::OrconAttachment));
}

#[test]
fn the_same_sealed_attachment_is_in_no_two_rooms_that_parties_read() {
    assert_eq!(handing("", false).check().map(|_| ()), Ok(()));
    let Err(ReleaseFault::Target { target: 2, fault, .. }) = handing("", true).check() else { panic!() };
    assert_eq!(*fault, TargetFault::AttachmentShared { attachment: 1 });
    let mut given = handing("", false);
    let room = world().drc_room.id();
    given.attached.insert(Digest([1; 32]), Attached { rooms: [room].into(), ..Attached::default() });
    assert!(given.check().is_ok(), "it is in this room already");
    let other = world().rwanda_room.id();
    given.attached.insert(Digest([1; 32]), Attached { rooms: [other].into(), ..Attached::default() });
    assert_eq!(given.fault(), TargetFault::AttachmentShared { attachment: 1 });
}

#[test]
fn what_needs_no_approval_is_refused() {
    let (statement, sealed) = world().chamber.post(&author(), 50, &note_content("text"), vec![]);
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    assert_eq!(draft.fault(), TargetFault::NotByQuorum { act: "post" });
    let acknowledgement = Act::Acknowledgement(vec![world().concern]);
    let statement = world().drc_room.statement(&author(), 50, acknowledgement);
    let mut draft = Draft::new();
    draft.add(&statement, vec![]);
    assert_eq!(draft.fault(), TargetFault::NotByQuorum { act: "acknowledgement" });
}

#[test]
fn a_rooms_larger_quorum_and_its_mediators_count() {
    let (statement, sealed) = note("text");
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    draft.quorum = 1;
    assert_eq!(draft.fault(), TargetFault::Quorum { needed: 2, given: 1 });
    draft.quorum = 2;
    let stranger = Desk::new(crate::name::Role::Mediator, "us/paris", 40).name;
    draft.signers.insert(stranger.clone());
    assert_eq!(draft.fault(), TargetFault::Signer(stranger));
}

fn recall(post: Ref) -> Draft {
    let act = Act::Recall { post: post.statement, id: post.id };
    let mut draft = Draft::new();
    draft.add(&world().drc_room.statement(&author(), 50, act), vec![]);
    draft
}

#[test]
fn the_recall_of_a_mediators_post_is_shown_with_the_post() {
    let shown = recall(world().given).check().unwrap();
    let ShownAct::Recall(recalled) = &shown.targets[0].act else { panic!() };
    assert_eq!((recalled.index, recalled.author.desk()), (2, "us/kinshasa"));
    assert!(recalled.content.is_some());
}

#[test]
fn recalls_of_nothing_of_a_partys_post_or_with_content_are_refused() {
    let other = Ref { statement: world().concern.statement, ..world().given };
    assert_eq!(recall(other).fault(), TargetFault::NoSuchPost);
    assert_eq!(recall(world().concern).fault(), TargetFault::NotByQuorum { act: "recall" });
    let mut draft = recall(world().given);
    draft.proposed.targets[0].content = vec![1].into();
    assert_eq!(draft.fault(), TargetFault::ContentUnasked);
}

#[test]
fn misleading_characters_refuse_nothing_and_are_shown() {
    let (statement, sealed) = note("Safe\u{202e}evas\u{202c} to return \u{200b}");
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    draft.proposed.note = "\u{1b}[2J".to_owned();
    let warnings = draft.check().unwrap().warnings;
    assert_eq!(
        warnings.iter().map(|it| (it.target, it.field)).collect::<Vec<_>>(),
        [(None, "note"), (Some(1), "text")]
    );
    assert_eq!(warnings[1].characters.len(), 3);
    assert!(warnings[1].visible.contains("RIGHT-TO-LEFT OVERRIDE"));
}

#[test]
fn a_false_signature_on_a_target_is_found() {
    let world = world();
    let (statement, sealed) = note("text");
    let mut draft = Draft::new();
    draft.add(&statement, sealed);
    let message = crate::envelope::PayloadType::Statement.pae(&statement.encode());
    let desk = &world.mediators[0];
    let mut open = crate::rules::OpenProposal {
        index: 2,
        author: desk.name.clone(),
        quorum: 2,
        not_after: NOW,
        targets: draft.targets.clone(),
        signatures: vec![(desk.name.clone(), desk.sign.public().key_id(), vec![desk.sign.sign(&message)])],
    };
    let rooms = world.rooms();
    let chamber = &rooms[&world.chamber.id()];
    assert_eq!(check_signatures(&open, &draft.proposed, chamber), Ok(()));
    open.signatures[0].2[0][0] ^= 1;
    let fault = ReleaseFault::Signature { signer: "us/kinshasa".to_owned(), target: 1 };
    assert_eq!(check_signatures(&open, &draft.proposed, chamber), Err(fault));
}
