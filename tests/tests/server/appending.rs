//! Appending, reading back, proving: what members get when all is well.

use std::collections::BTreeSet;

use tearline_ledger::{
    entry::Entry,
    instance::Instance,
    merkle::{TreeSize, verify_consistency, verify_inclusion},
};
use tearline_proto::v1;
use tearline_tests::{
    live::{Live, read, receipt},
    world::{sign, submission},
};

use crate::{note, reason};

#[tokio::test]
async fn a_call_sent_again_is_answered_again_and_stored_once() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let post = live.world().post(room, &desk, "a column of 40 vehicles").unwrap();
    let first = live.send(&post, &[&desk]).await.unwrap().unwrap();
    note(&mut live, "drc", &desk, "in between").await;
    let again = live.send(&post, &[&desk]).await.unwrap().unwrap();
    assert_eq!((again.index, &again.entry), (first.index, &first.entry));
    assert_eq!(live.world().state(room).unwrap().size(), TreeSize(3));

    // Another statement under the same id is refused.
    let mut other = live.world().post(room, &desk, "something else").unwrap();
    other.id = post.id;
    let refused = live.send(&other, &[&desk]).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "ID_TAKEN");
}

#[tokio::test]
async fn the_same_call_twice_in_one_commit_is_stored_once_and_answered_twice() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let post = live.world().post(room, &desk, "a column of 40 vehicles").unwrap();
    let request = live.world().request(&[submission(&sign(&post, &[&desk]).unwrap())]).unwrap();
    let client = live.client(&desk).await.unwrap();
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (mut client, request) = (client.clone(), request.clone());
            tokio::spawn(async move { client.rooms.append(request).await })
        })
        .collect();
    let mut entries = BTreeSet::new();
    for call in calls {
        let answer = call.await.unwrap().unwrap().into_inner();
        entries.insert((answer.receipts[0].index, answer.receipts[0].entry.clone()));
    }
    assert_eq!(entries.len(), 1);
    live.follow(room).await.unwrap();
    assert_eq!(live.world().state(room).unwrap().size(), TreeSize(2));
}

#[tokio::test]
async fn sixty_four_writers_at_once_are_all_entered_once_in_one_order() {
    let limits = "calls_per_organisation = 64\ncalls_per_connection = 64\n";
    let mut live = Live::kivu_with(limits).await.unwrap();
    let (room, desks) = (live.room("drc").unwrap(), live.desks());
    let mut calls = Vec::new();
    for at in 0..64 {
        let desk = desks.drc()[at % 2];
        let post = live.world().post(room, desk, &format!("report {at}")).unwrap();
        let call = submission(&sign(&post, &[desk]).unwrap());
        let request = live.world().request(std::slice::from_ref(&call)).unwrap();
        calls.push((live.client(desk).await.unwrap(), request, call.1));
    }
    let log = live.site.log_vkey.clone();
    let running: Vec<_> = calls
        .into_iter()
        .map(|(mut client, request, envelope)| {
            let log = log.clone();
            tokio::spawn(async move {
                let answer = client.rooms.append(request).await.unwrap().into_inner();
                receipt::verify(&answer.receipts[0], room, &envelope, &log).unwrap();
                answer.receipts[0].index
            })
        })
        .collect();
    let mut indices = BTreeSet::new();
    for call in running {
        indices.insert(call.await.unwrap());
    }
    assert_eq!(indices, (1..65).collect());
    // The log verifies as a whole.
    assert_eq!(live.follow(room).await.unwrap().len(), 64);
}

#[tokio::test]
async fn a_call_is_taken_whole_or_not_at_all() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let good = live.world().post(room, &desk, "good").unwrap();
    let mut bad = live.world().post(room, &desk, "bad").unwrap();
    bad.basis.root.0[0] ^= 1;
    let call = [&good, &bad].map(|post| submission(&sign(post, &[&desk]).unwrap()));
    let refused = live.call(&desk, &call).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "BASIS_NEVER_WAS");
    assert!(refused.message().contains("submission 1"), "{refused:?}");
    assert!(live.follow(room).await.unwrap().is_empty());
    // Nothing of it is left over: the good one alone is new.
    assert_eq!(live.send(&good, &[&desk]).await.unwrap().unwrap().index, 1);
}

#[tokio::test]
async fn several_statements_of_one_call_stand_in_its_order_upon_the_same_basis() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let mut call = Vec::new();
    for at in 0..64 {
        let post = live.world().post(room, &desk, &format!("report {at}")).unwrap();
        call.push(submission(&sign(&post, &[&desk]).unwrap()));
    }
    let receipts = live.call(&desk, &call).await.unwrap().unwrap();
    let indices: Vec<u64> = receipts.iter().map(|receipt| receipt.index).collect();
    assert_eq!(indices, (1..65).collect::<Vec<_>>());
    call.push(call[0].clone());
    let refused = live.call(&desk, &call).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "COUNT");
}

#[tokio::test]
async fn what_breaks_a_rule_of_form_is_refused_with_its_field() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let post = live.world().post(room, &desk, "text").unwrap();
    let call = [submission(&sign(&post, &[&desk]).unwrap())];
    let good = live.world().request(&call).unwrap();
    let mut client = live.client(&desk).await.unwrap();
    let mut refused = async |change: &dyn Fn(&mut v1::Submission)| {
        let mut request = good.clone();
        change(&mut request.submissions[0]);
        reason(&client.rooms.append(request).await.unwrap_err())
    };
    assert_eq!(refused(&|it| it.content = b"other".as_slice().into()).await, "CONTENT");
    assert_eq!(refused(&|it| it.content.clear()).await, "CONTENT");
    assert_eq!(refused(&|it| it.envelope = it.envelope.slice(1..)).await, "MALFORMED");
    assert_eq!(refused(&|it| it.room = vec![7; 32].into()).await, "OTHER_ROOM");
    let forged = |it: &mut v1::Submission| {
        let mut envelope = <v1::Envelope as prost::Message>::decode(it.envelope.clone()).unwrap();
        let mut sig = envelope.signatures[0].sig.to_vec();
        sig[5] ^= 1;
        envelope.signatures[0].sig = sig.into();
        it.envelope = prost::Message::encode_to_vec(&envelope).into();
    };
    assert_eq!(refused(&forged).await, "BAD_SIGNATURE");
    assert!(live.follow(room).await.unwrap().is_empty());
}

#[tokio::test]
async fn content_is_served_when_asked_for_and_not_otherwise() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    let post = live.world().post(room, &desk, "a column of 40 vehicles").unwrap();
    live.send(&post, &[&desk]).await.unwrap().unwrap();
    let without = live.rows(&desk, read(room, 0, false)).await.unwrap().unwrap();
    assert!(without.iter().all(|row| row.content.is_none()));
    let with = live.rows(&desk, read(room, 0, true)).await.unwrap().unwrap();
    let sealed = live.world().content(&post.sealed().unwrap().digest).cloned();
    assert_eq!((with[0].content.as_ref(), with[1].content.clone()), (None, sealed));

    // Beyond the end is an error, at the end is nothing.
    assert!(live.rows(&desk, read(room, 2, true)).await.unwrap().unwrap().is_empty());
    let refused = live.rows(&desk, read(room, 3, true)).await.unwrap().unwrap_err();
    assert_eq!(reason(&refused), "OUT_OF_RANGE");
}

#[tokio::test]
async fn recalled_content_is_served_no_more() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    note(&mut live, "drc", &desk, "a mistake").await;
    let post = live.world().house.room(room).unwrap().entries()[1].clone();
    let recall = live.world().recall(&desk, &post).unwrap();
    live.send(&recall, &[&desk]).await.unwrap().unwrap();
    let rows = live.rows(&desk, read(room, 0, true)).await.unwrap().unwrap();
    assert!(rows.iter().all(|row| row.content.is_none()));
}

#[tokio::test]
async fn proofs_of_inclusion_and_consistency_hold() {
    let mut live = Live::kivu().await.unwrap();
    let (room, desk) = (live.room("drc").unwrap(), live.desks().drc_liaison);
    for at in 0..9 {
        note(&mut live, "drc", &desk, &format!("report {at}")).await;
    }
    let tree = live.world().house.room(room).unwrap().replay().tree().clone();
    let mut client = live.client(&desk).await.unwrap();
    for (index, from_size, size) in [(0, 1, 10), (9, 7, 0), (3, 4, 6), (5, 6, 6)] {
        let request = v1::ProveRequest {
            room: room.as_bytes().to_vec().into(),
            index,
            inclusion: true,
            from_size,
            size,
        };
        let proof = client.rooms.prove(request).await.unwrap().into_inner();
        let size = TreeSize(proof.size);
        let now = tree.root_at(size).unwrap();
        let leaf = Entry::parse(proof.entry).unwrap().leaf();
        verify_inclusion(&leaf, index, size, &receipt::digests(&proof.inclusion).unwrap(), &now).unwrap();
        let old = TreeSize(from_size);
        let hashes = receipt::digests(&proof.consistency).unwrap();
        verify_consistency(old, &tree.root_at(old).unwrap(), size, &now, &hashes).unwrap();
        let checkpoint = receipt::checkpoint(&proof.checkpoint, room, &live.site.log_vkey).unwrap();
        assert_eq!((checkpoint.size(), checkpoint.root()), (TreeSize(10), tree.root()));
    }
}

#[tokio::test]
async fn a_list_is_a_cut_and_each_sees_its_own_rooms() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let mut names = async |desk| {
        let mut client = live.client(desk).await.unwrap();
        let rooms = client.rooms.list(v1::ListRequest {}).await.unwrap().into_inner().rooms;
        rooms.into_iter().map(|head| head.name).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(&desks.washington).await, set(&["chamber", "drc", "rwanda", "plenary"]));
    assert_eq!(names(&desks.monitor_1).await, set(&["chamber", "drc", "rwanda", "plenary"]));
    assert_eq!(names(&desks.drc_liaison).await, set(&["drc", "plenary"]));
    assert_eq!(names(&desks.rwanda_liaison).await, set(&["rwanda", "plenary"]));
    let states: Vec<_> =
        live.world().house.rooms().filter_map(|(_, room)| room.replay().state().cloned()).collect();
    assert!(Instance::new().check(states.iter()).is_empty());
}

#[tokio::test]
async fn a_list_never_shows_half_of_a_joint_release() {
    let mut live = Live::kivu().await.unwrap();
    let desks = live.desks();
    let auditor = live.client(&desks.monitor_1).await.unwrap();
    let rooms = ["chamber", "drc", "rwanda"].map(|name| live.room(name).unwrap());
    let log = live.site.log_vkey.clone();
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let watcher = tokio::spawn(async move {
        let mut client = auditor;
        let mut cuts = Vec::new();
        while stopped.try_recv().is_err() {
            let heads = client.rooms.list(v1::ListRequest {}).await.unwrap().into_inner().rooms;
            let size = |id: &tearline_ledger::id::RoomId| {
                let head = heads.iter().find(|head| head.room == id.as_bytes()[..]).unwrap();
                receipt::checkpoint(&head.checkpoint, *id, &log).unwrap().size().0
            };
            cuts.push(rooms.each_ref().map(size));
        }
        cuts
    });
    for at in 0..8 {
        let targets = ["drc", "rwanda"].map(|name| {
            let room = live.room(name).unwrap();
            live.world().post(room, &desks.washington, &format!("joint {at}")).unwrap()
        });
        live.enact(targets.to_vec(), &desks.washington, &[&desks.kinshasa]).await.unwrap().unwrap();
    }
    stop.send(()).unwrap();
    let cuts = watcher.await.unwrap();
    assert!(!cuts.is_empty());
    for [_, drc, rwanda] in cuts {
        assert_eq!(drc, rwanda);
    }
}
