//! Who may post, recall and acknowledge what, where: each refusal by its name, each legal act taken.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    rules::{Effect, Refusal, SignatureError},
    seal::{self, SealError},
    statement::{Act, Attachment, Post, Statement},
};
use tearline_tests::{
    desk::Desks,
    house::NotTaken,
    world::{World, sign, submission},
};

fn kivu() -> (World, Desks, RoomId) {
    let world = World::kivu().unwrap();
    let desks = world.desks.clone();
    let drc = world.room("drc").unwrap();
    (world, desks, drc)
}

fn content(statement: &mut Statement) -> &mut Post {
    match &mut statement.act {
        Act::Post(post) => post,
        _ => panic!("not a post"),
    }
}

/// A post of drc's liaison with one thing changed, and what the rules say to it.
fn changed_post(change: impl FnOnce(&mut Post)) -> Refusal {
    let (mut world, desks, drc) = kivu();
    let mut post = world.post(drc, &desks.drc_liaison, "concern").unwrap();
    change(content(&mut post));
    world.refusal(&post, &[&desks.drc_liaison]).unwrap()
}

#[test]
fn every_member_of_a_party_posts_alone_in_its_own_and_in_a_shared_room() {
    let (mut world, desks, drc) = kivu();
    let plenary = world.room("plenary").unwrap();
    for room in [drc, plenary] {
        for desk in desks.drc() {
            let post = world.post(room, desk, "commitment").unwrap();
            let entry = world.take(&post, &[desk]).unwrap();
            assert_eq!(*entry.effect(), Effect::Posted);
            assert!(!entry.by_quorum());
            assert_eq!(entry.signers(), [desk.name().clone()]);
        }
    }
}

#[test]
fn a_mediator_posts_alone_in_the_chamber() {
    let (mut world, desks, _) = kivu();
    let chamber = world.house.chamber();
    for desk in desks.mediators() {
        let mut post = world.post(chamber, desk, "briefing").unwrap();
        content(&mut post).manifests = vec![Digest([1; 32]), Digest([2; 32])];
        assert!(!world.take(&post, &[desk]).unwrap().by_quorum());
    }
}

#[test]
fn a_quorum_posts_in_a_partys_room_and_in_a_shared_one() {
    let (mut world, desks, drc) = kivu();
    let plenary = world.room("plenary").unwrap();
    let targets = [drc, plenary].map(|room| world.post(room, &desks.washington, "cease-fire").unwrap());
    let taken = world.enact(targets.into(), &desks.washington, &[&desks.kinshasa, &desks.kigali]);
    let _ = taken.expect_err("the quorum is 2: the second signature enacts");
    let (mut world, desks, drc) = kivu();
    let targets = [drc, plenary].map(|room| world.post(room, &desks.washington, "cease-fire").unwrap());
    let taken = world.enact(targets.into(), &desks.washington, &[&desks.kinshasa]).unwrap();
    assert_eq!(taken.len(), 3);
    assert!(taken[1..].iter().all(|entry| entry.by_quorum() && entry.signers().len() == 2));
}

#[test]
fn a_mediator_alone_does_not_post_into_a_partys_room() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.washington, "offer").unwrap();
    let refusal = world.refusal(&post, &[&desks.washington]).unwrap();
    assert_eq!(refusal, Refusal::NoQuorum { act: "a mediator's post", needed: 2, mediators: 1, count: 1 });
}

#[test]
fn a_party_does_not_stand_in_for_a_mediator() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.washington, "offer").unwrap();
    for signers in [
        vec![&desks.washington, &desks.drc_liaison],
        vec![&desks.washington, &desks.kinshasa, &desks.monitor_1],
    ] {
        let refusal = world.refusal(&post, &signers).unwrap();
        assert!(matches!(refusal, Refusal::NoQuorum { needed: 2, .. }), "{refusal}");
    }
}

#[test]
fn a_quorums_post_without_a_proposal_is_refused() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.washington, "offer").unwrap();
    let refusal = world.refusal(&post, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotEnacted);
}

#[test]
fn a_quorums_post_tells_only_the_hour() {
    let (mut world, desks, drc) = kivu();
    world.pass(1);
    let mut post = world.post(drc, &desks.washington, "offer").unwrap();
    post.id = world.id(false);
    let refusal = world.refusal(&post, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotWholeHour);
}

#[test]
fn an_auditor_does_not_post() {
    let (mut world, desks, drc) = kivu();
    for room in [drc, world.house.chamber()] {
        let post = world.post(room, &desks.monitor_1, "remark").unwrap();
        let refusal = world.refusal(&post, &[&desks.monitor_1]).unwrap();
        assert_eq!(refusal, Refusal::NotAllowed("an auditor does not post"));
    }
}

#[test]
fn a_member_of_another_room_does_not_post_here() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.rwanda_liaison, "spy").unwrap();
    let refusal = world.refusal(&post, &[&desks.rwanda_liaison]).unwrap();
    assert_eq!(refusal, Refusal::NotAMember(desks.rwanda_liaison.key_id()));
}

#[test]
fn nobody_posts_as_another() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.drc_delegation, "forged").unwrap();
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::AuthorDidNotSign);
}

#[test]
fn nobody_posts_with_a_key_that_no_charter_names() {
    let (mut world, desks, drc) = kivu();
    let other = desks.drc_liaison.renewed(1).unwrap();
    let post = world.post(drc, &other, "with another key").unwrap();
    let answer = world.send(&post, &[&other]).unwrap();
    let error = SignatureError::UnknownKey(other.key_id());
    assert_eq!(answer, Err(NotTaken::Signature { at: 0, error }));
}

#[test]
fn nobody_posts_with_a_removed_key() {
    let (mut world, desks, drc) = kivu();
    let charter = world
        .charter(drc, &desks.drc_delegation, |charter| {
            charter.members.retain(|member| member.name != *desks.drc_liaison.name());
        })
        .unwrap();
    world.take(&charter, &[&desks.drc_delegation]).unwrap();
    let post = world.post(drc, &desks.drc_liaison, "still here").unwrap();
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::NotAMember(desks.drc_liaison.key_id()));
}

#[test]
fn an_altered_text_or_signature_does_not_verify() {
    let (mut world, desks, drc) = kivu();
    let good = sign(&world.post(drc, &desks.drc_liaison, "text").unwrap(), &[&desks.drc_liaison]).unwrap();
    let other = sign(&world.post(drc, &desks.drc_liaison, "other").unwrap(), &[&desks.drc_liaison]).unwrap();
    let mut forged = other.envelope.signatures().to_vec();
    forged[0].bytes = good.envelope.signatures()[0].bytes;
    let kind = tearline_ledger::envelope::PayloadType::Statement;
    let forged = tearline_ledger::envelope::Envelope::of(kind, other.envelope.payload().clone(), forged);
    let answer = world.house.append(&[(drc, forged.unwrap().encode())]);
    assert_eq!(answer, Err(NotTaken::Signature { at: 0, error: SignatureError::Bad }));
}

#[test]
fn two_signatures_on_a_partys_post_are_one_too_many() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.drc_liaison, "both").unwrap();
    let refusal = world.refusal(&post, &desks.drc()).unwrap();
    assert_eq!(refusal, Refusal::NotOneSigner { act: "a party's post", count: 2 });
    let post = world.post(world.house.chamber(), &desks.washington, "both").unwrap();
    let refusal = world.refusal(&post, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotOneSigner { act: "a mediator's post", count: 2 });
}

#[test]
fn a_post_of_another_epoch_is_refused() {
    for epoch in [2, u64::MAX] {
        assert_eq!(changed_post(|post| post.epoch = epoch), Refusal::Epoch { found: epoch, current: 1 });
    }
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.drc_liaison, "sealed before").unwrap();
    let charter = world.charter(drc, &desks.washington, |_| ()).unwrap();
    world.enact(vec![charter], &desks.washington, &[&desks.kinshasa]).unwrap();
    let post = Statement { basis: world.basis(drc).unwrap(), ..post };
    let refusal = world.refusal(&post, &[&desks.drc_liaison]).unwrap();
    assert_eq!(refusal, Refusal::Epoch { found: 1, current: 2 });
}

#[test]
fn a_post_over_the_rooms_limits_is_refused() {
    let attachment = Attachment { digest: Digest([1; 32]), size: 1 };
    let over = Refusal::OverLimit;
    assert_eq!(changed_post(|post| post.size = (1 << 20) + 1), over("the content's size"));
    assert_eq!(
        changed_post(|post| post.attachments = vec![attachment; 17]),
        over("the number of attachments")
    );
    let large = Attachment { size: (256 << 20) + 1, ..attachment };
    assert_eq!(changed_post(|post| post.attachments = vec![large]), over("an attachment's size"));
}

#[test]
fn a_post_at_the_rooms_limits_is_taken() {
    let (mut world, desks, drc) = kivu();
    let mut post = world.post(drc, &desks.drc_liaison, "large").unwrap();
    content(&mut post).size = 1 << 20;
    content(&mut post).attachments = vec![Attachment { digest: Digest([1; 32]), size: 256 << 20 }; 16];
    content(&mut post).content_until = Some(world.house.now() + 1);
    world.take(&post, &[&desks.drc_liaison]).unwrap();
}

#[test]
fn a_post_whose_content_is_gone_already_is_refused() {
    let end = tearline_tests::world::START;
    let refusal = changed_post(|post| post.content_until = Some(end));
    assert_eq!(refusal, Refusal::Value("the content's end (content_until) is already past"));
}

#[test]
fn a_party_names_no_manifests_and_a_release_at_most_one() {
    let refusal = changed_post(|post| post.manifests = vec![Digest([1; 32])]);
    assert_eq!(refusal, Refusal::NotAllowed("only a mediator's post names manifests"));
    let (mut world, desks, drc) = kivu();
    let mut post = world.post(drc, &desks.washington, "release").unwrap();
    content(&mut post).manifests = vec![Digest([1; 32]), Digest([2; 32])];
    let refusal = world.refusal(&post, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::Value("a release names one manifest, its room's own"));
}

#[test]
fn anothers_sealed_content_signed_anew_does_not_open() {
    let (mut world, desks, drc) = kivu();
    let post = world.post(drc, &desks.drc_delegation, "commitment").unwrap();
    let sealed = post.sealed().unwrap();
    let mine = Statement { author: desks.drc_liaison.name().clone(), id: world.id(false), ..post.clone() };
    world.take(&mine, &[&desks.drc_liaison]).unwrap();
    let claim = seal::Claim {
        salt: sealed.salt,
        key_commitment: sealed.key_commitment.0,
        digest: sealed.digest,
        size: sealed.size,
    };
    let open = |statement: &Statement| {
        let author = statement.author.as_str();
        let context = seal::Context { room: &drc.0, epoch: 1, id: statement.id.as_bytes(), author };
        seal::open(world.room_key(drc).unwrap(), &context, &claim, world.content(&sealed.digest).unwrap())
    };
    assert!(open(&post).is_ok());
    assert_eq!(open(&mine), Err(SealError::KeyCommitment));
}

#[test]
fn a_partys_post_is_recalled_by_its_author_or_its_custodian() {
    let (mut world, desks, drc) = kivu();
    for desk in desks.drc() {
        let post = world.post(drc, &desks.drc_liaison, "mistaken").unwrap();
        let post = world.take(&post, &[&desks.drc_liaison]).unwrap();
        let recall = world.recall(desk, &post).unwrap();
        let recall = world.take(&recall, &[desk]).unwrap();
        assert_eq!(*recall.effect(), Effect::Recalled(post.index()));
        assert!(world.house.room(drc).unwrap().replay().is_recalled(post.index()));
    }
}

#[test]
fn a_partys_post_is_recalled_by_nobody_else() {
    let (mut world, desks, _) = kivu();
    let plenary = world.room("plenary").unwrap();
    let post = world.post(plenary, &desks.drc_delegation, "commitment").unwrap();
    let post = world.take(&post, &[&desks.drc_delegation]).unwrap();
    let others = [&desks.drc_liaison, &desks.rwanda_delegation, &desks.washington, &desks.monitor_1];
    for desk in others {
        let recall = world.recall(desk, &post).unwrap();
        let refusal = world.refusal(&recall, &[desk]).unwrap();
        assert!(matches!(refusal, Refusal::NotAllowed(_)), "{}: {refusal}", desk.name().desk());
    }
    let recall = world.recall(&desks.washington, &post).unwrap();
    let refusal = world.refusal(&recall, &[&desks.washington, &desks.kinshasa]).unwrap();
    assert_eq!(refusal, Refusal::NotOneSigner { act: "the recall of a party's post", count: 2 });
}

#[test]
fn a_mediators_post_is_recalled_by_a_quorum_only() {
    let (mut world, desks, drc) = kivu();
    let Desks { washington, kinshasa, kigali, .. } = &desks;
    let post = world.post(drc, washington, "offer").unwrap();
    let post = world.enact(vec![post], washington, &[kinshasa]).unwrap().pop().unwrap();
    for desk in [washington, &desks.drc_delegation] {
        let recall = world.recall(desk, &post).unwrap();
        assert!(matches!(world.refusal(&recall, &[desk]).unwrap(), Refusal::NoQuorum { needed: 2, .. }));
    }
    let recall = world.recall(kigali, &post).unwrap();
    assert_eq!(world.refusal(&recall, &[kigali, washington]).unwrap(), Refusal::NotEnacted);
    let taken = world.enact(vec![recall], kigali, &[washington]).unwrap();
    assert_eq!(*taken[1].effect(), Effect::Recalled(post.index()));
    assert!(taken[1].by_quorum());
}

#[test]
fn a_post_is_recalled_once_and_only_a_post() {
    let (mut world, desks, drc) = kivu();
    let desk = &desks.drc_liaison;
    let post = world.post(drc, desk, "mistaken").unwrap();
    let post = world.take(&post, &[desk]).unwrap();
    let first = world.recall(desk, &post).unwrap();
    let first = world.take(&first, &[desk]).unwrap();
    let again = world.recall(desk, &post).unwrap();
    assert_eq!(world.refusal(&again, &[desk]).unwrap(), Refusal::AlreadyRecalled);
    let of_recall = world.recall(desk, &first).unwrap();
    assert_eq!(world.refusal(&of_recall, &[desk]).unwrap(), Refusal::NoSuchPost);
    let mut mixed = world.recall(desk, &post).unwrap();
    if let Act::Recall { id, .. } = &mut mixed.act {
        *id = first.signed().statement.id;
    }
    assert_eq!(world.refusal(&mixed, &[desk]).unwrap(), Refusal::NoSuchPost);
}

#[test]
fn two_recalls_of_one_post_in_one_call_are_refused() {
    let (mut world, desks, drc) = kivu();
    let desk = &desks.drc_liaison;
    let post = world.post(drc, desk, "mistaken").unwrap();
    let post = world.take(&post, &[desk]).unwrap();
    let call = [0, 1].map(|_| submission(&sign(&world.recall(desk, &post).unwrap(), &[desk]).unwrap()));
    assert_eq!(world.call_refusal(&call).unwrap(), Refusal::AlreadyRecalled);
    assert!(!world.house.room(drc).unwrap().replay().is_recalled(post.index()));
}

#[test]
fn a_recall_is_made_upon_a_history_that_has_the_post() {
    let (mut world, desks, drc) = kivu();
    let desk = &desks.drc_liaison;
    let post = world.post(drc, desk, "mistaken").unwrap();
    let post = world.take(&post, &[desk]).unwrap();
    let mut recall = world.recall(desk, &post).unwrap();
    recall.basis = world.basis_at(drc, 1).unwrap();
    assert_eq!(world.refusal(&recall, &[desk]).unwrap(), Refusal::BasisLeavesOut { index: 1 });
}
