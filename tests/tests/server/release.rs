//! Nothing reaches a party unless K mediators signed exactly it, whoever sends what to the server.

use bytes::Bytes;
use tearline_ledger::{id::RoomId, statement::Statement};
use tearline_tests::{
    desk::Desk,
    live::{Live, receipt::now, wait_for},
    world::{sign, submission},
};
use tonic::Status;

use crate::reason;

/// Posts for these rooms, by washington.
fn targets(live: &mut Live, rooms: &[&str], text: &str) -> Vec<Statement> {
    let author = live.desks().washington;
    let post = |name: &&str| {
        let room = live.room(name).unwrap();
        live.world().post(room, &author, text).unwrap()
    };
    rooms.iter().map(post).collect()
}

/// Sends a call that must be refused, and sees that no room has changed.
async fn refused(live: &mut Live, desk: &Desk, call: &[(RoomId, Bytes)]) -> Status {
    let status = live.call(desk, call).await.unwrap().unwrap_err();
    let rooms: Vec<RoomId> = live.world().house.rooms().map(|(room, _)| room).collect();
    for room in rooms {
        assert!(live.follow(room).await.unwrap().is_empty(), "{status:?}, but something was entered");
    }
    status
}

#[tokio::test]
async fn k_signatures_release_and_the_recipient_can_check_them() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc", "rwanda"], "both sides will stop");
    let receipts = live.enact(posts, &desks.washington, &[&desks.kinshasa]).await.unwrap().unwrap();
    assert_eq!(receipts.len(), 3);
    for name in ["drc", "rwanda"] {
        let room = live.room(name).unwrap();
        let entry = live.world().house.room(room).unwrap().entries()[1].clone();
        assert_eq!(entry.signers().len(), 2);
        assert!(entry.by_quorum());
    }
}

#[tokio::test]
async fn one_mediators_signature_releases_nothing() {
    let mut live = Live::kivu().await.unwrap();
    let washington = live.desks().washington;
    let post = targets(&mut live, &["drc"], "alone").remove(0);
    let call = [submission(&sign(&post, &[&washington]).unwrap())];
    assert!(["NO_QUORUM", "NOT_ENACTED"].contains(&&*reason(&refused(&mut live, &washington, &call).await)));
}

#[tokio::test]
async fn targets_without_their_approval_are_refused() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc"], "text");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let mut call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    call.remove(0);
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &call).await), "NOT_ENACTED");
}

#[tokio::test]
async fn an_approval_without_its_targets_and_half_a_joint_release_are_refused() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc", "rwanda"], "text");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    for part in [&call[..1], &call[..2]] {
        assert_eq!(reason(&refused(&mut live, &desks.kinshasa, part).await), "TARGETS_MISSING");
    }
    let half = [call[0].clone(), call[2].clone()];
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &half).await), "NOT_THE_TARGET");
    let swapped = [call[0].clone(), call[2].clone(), call[1].clone()];
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &swapped).await), "NOT_THE_TARGET");
    live.call(&desks.kinshasa, &call).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_proposer_cannot_be_its_own_second_signature() {
    let mut live = Live::kivu().await.unwrap();
    let washington = live.desks().washington;
    let posts = targets(&mut live, &["drc"], "text");
    let proposal = live.propose(&washington, posts).await.unwrap();
    let approval = live.world().approval(&washington, &proposal).unwrap();
    let mut call = vec![submission(&sign(&approval, &[&washington]).unwrap())];
    call.push(submission(&sign(&proposal.targets[0], &[&washington]).unwrap()));
    assert_eq!(reason(&refused(&mut live, &washington, &call).await), "ALREADY_SIGNED");
    // Nor can keys of its own making.
    let second = washington.renewed(7).unwrap();
    let approval = live.world().approval(&second, &proposal).unwrap();
    let call = [submission(&sign(&approval, &[&second]).unwrap())];
    let status = refused(&mut live, &washington, &call).await;
    assert_eq!(reason(&status), "BAD_SIGNATURE", "{status:?}");
}

#[tokio::test]
async fn a_changed_text_is_not_the_target() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc"], "as approved");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let mut call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    let changed = targets(&mut live, &["drc"], "as it was not").remove(0);
    call[1] = submission(&sign(&changed, &signers).unwrap());
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &call).await), "NOT_THE_TARGET");
}

#[tokio::test]
async fn a_party_can_neither_propose_nor_approve_nor_post_as_a_mediator() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc"], "text");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let party = desks.drc_delegation.clone();
    let approval = live.world().approval(&party, &proposal).unwrap();
    let call = [
        submission(&sign(&approval, &[&party]).unwrap()),
        submission(&sign(&proposal.targets[0], &[&desks.washington, &party]).unwrap()),
    ];
    assert_eq!(reason(&refused(&mut live, &party, &call).await), "NO_SUCH_ROOM");
    // A mediator who hands it in does not help.
    assert_ne!(reason(&refused(&mut live, &desks.kinshasa, &call).await), "");
    // The whole of a real release, sent by the party that it is for, is refused as well.
    let signers = [&desks.washington, &desks.kinshasa];
    let call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    assert_eq!(reason(&refused(&mut live, &party, &call).await), "NO_SUCH_ROOM");
}

#[tokio::test]
async fn a_rejected_proposal_is_dead() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc"], "text");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let rejection = live.world().rejection(&desks.kigali, &proposal).unwrap();
    live.send(&rejection, &[&desks.kigali]).await.unwrap().unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &call).await), "PROPOSAL_NOT_OPEN");
}

#[tokio::test]
async fn a_proposal_past_its_time_is_dead() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc"], "text");
    let mut proposal = live.world().propose(&desks.washington, posts).unwrap();
    let until = now() + 2;
    proposal.statement.not_after = Some(until);
    live.send(&proposal.statement, &[&desks.washington]).await.unwrap().unwrap();
    wait_for("the proposal ends", async || Ok((now() > until).then_some(()))).await.unwrap();
    let signers = [&desks.washington, &desks.kinshasa];
    let call = live.world().last_call(&desks.kinshasa, &proposal, &signers).unwrap();
    assert_eq!(reason(&refused(&mut live, &desks.kinshasa, &call).await), "PROPOSAL_NOT_OPEN");
}

#[tokio::test]
async fn of_two_last_approvals_that_race_one_enacts() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let posts = targets(&mut live, &["drc", "rwanda"], "text");
    let proposal = live.propose(&desks.washington, posts).await.unwrap();
    let mut running = Vec::new();
    for approver in [&desks.kinshasa, &desks.kigali] {
        let signers = [&desks.washington, approver];
        let call = live.world().last_call(approver, &proposal, &signers).unwrap();
        let request = live.world().request(&call).unwrap();
        let mut client = live.client(approver).await.unwrap();
        running.push(tokio::spawn(async move { client.rooms.append(request).await }));
    }
    let mut taken = 0;
    for call in running {
        match call.await.unwrap() {
            Ok(_) => taken += 1,
            Err(status) => assert_eq!(reason(&status), "PROPOSAL_NOT_OPEN"),
        }
    }
    assert_eq!(taken, 1);
    for (name, new) in [("chamber", 1), ("drc", 1), ("rwanda", 1)] {
        let room = live.room(name).unwrap();
        assert_eq!(live.follow(room).await.unwrap().len(), new, "{name}");
    }
}

#[tokio::test]
async fn two_joint_releases_that_race_are_both_entered_whole() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let mut running = Vec::new();
    for (proposer, approver) in [(&desks.washington, &desks.kinshasa), (&desks.washington, &desks.kigali)] {
        let posts = targets(&mut live, &["drc", "rwanda", "plenary"], approver.name().desk());
        let proposal = live.propose(proposer, posts).await.unwrap();
        let call = live.world().last_call(approver, &proposal, &[proposer, approver]).unwrap();
        running.push((live.client(approver).await.unwrap(), live.world().request(&call).unwrap()));
    }
    let running: Vec<_> = running
        .into_iter()
        .map(|(mut client, request)| tokio::spawn(async move { client.rooms.append(request).await }))
        .collect();
    for call in running {
        assert_eq!(call.await.unwrap().unwrap().into_inner().receipts.len(), 4);
    }
    for name in ["chamber", "drc", "rwanda", "plenary"] {
        let room = live.room(name).unwrap();
        assert_eq!(live.follow(room).await.unwrap().len(), 2, "{name}");
    }
}
