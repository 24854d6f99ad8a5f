//! Appending statements that name attachments: each is in its room, whole and durable, before the statement is.
//!
//! An attachment comes from the caller's own organisation's uploads for that room. For one who reads the chamber it may
//! come from there: so a release hands on what the chamber has, without a copy. Nobody learns of uploads or rooms that
//! are not theirs. Specification: `docs/spec.md`, annex E.

use std::sync::Arc;

use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    statement::{Attachment, Signed},
};
use tonic::Status;

use super::{append::refused, attachments::files, rooms::House};
use crate::{
    error,
    files::Entered,
    gate::Caller,
    sequencer::{Accepted, Refused, Submission},
    store::Store,
};

/// An attachment that a statement of the call names.
struct Named {
    /// The statement's place in the call.
    at: usize,
    room: RoomId,
    attachment: Attachment,
}

/// Enters what the call names in its rooms, then the call. What a refused call brought in is taken out again.
pub(super) async fn append<S: Store>(
    house: &Arc<House<S>>,
    caller: &Caller,
    call: Vec<Submission<Signed>>,
) -> Result<Vec<Accepted>, Status> {
    let named = named(&call);
    if named.is_empty() {
        return house.sequencer.append(call).await.map_err(refused);
    }
    let (house, caller) = (Arc::clone(house), caller.clone());
    // A caller that goes away must not leave this half done.
    let done = tokio::spawn(async move { append_named(&house, &caller, call, &named).await });
    done.await.unwrap_or_else(|_| Err(error::fault()))
}

async fn append_named<S: Store>(
    house: &House<S>,
    caller: &Caller,
    call: Vec<Submission<Signed>>,
    named: &[Named],
) -> Result<Vec<Accepted>, Status> {
    // Another call may name the same attachment: it must not be taken out, or purged, under that.
    let _alone = house.files.alone().await;
    let mut fresh = Vec::new();
    if let Err(status) = enter_all(house, caller, named, &mut fresh).await {
        take_out(house, &fresh).await;
        return Err(status);
    }
    let answer = house.sequencer.append(call).await;
    match &answer {
        Ok(_) => settle(house, caller, named).await,
        // It may have been written.
        Err(Refused::CannotWrite) => {}
        Err(_) => take_out(house, &fresh).await,
    }
    answer.map_err(refused)
}

fn named(call: &[Submission<Signed>]) -> Vec<Named> {
    let posts = call.iter().enumerate().filter_map(|(at, submission)| {
        submission.statement.statement.sealed().map(|post| (at, submission.room, post))
    });
    let all = posts.flat_map(|(at, room, post)| {
        post.attachments.iter().map(move |attachment| Named { at, room, attachment: *attachment })
    });
    all.collect()
}

async fn enter_all<S: Store>(
    house: &House<S>,
    caller: &Caller,
    named: &[Named],
    fresh: &mut Vec<(RoomId, Digest)>,
) -> Result<(), Status> {
    for Named { at, room, attachment } in named {
        let Attachment { digest, size } = attachment;
        let found = enter(house, caller, *room, digest).await?;
        if found.is_some_and(|found| found.fresh) {
            fresh.push((*room, *digest));
        }
        if found.map(|found| found.size) != Some(*size) {
            let message =
                format!("submission {at}: attachment {digest} is not here, or not whole; send it first");
            return Err(error::refused("ATTACHMENT_MISSING", Some("attachments"), message));
        }
    }
    Ok(())
}

async fn enter<S: Store>(
    house: &House<S>,
    caller: &Caller,
    room: RoomId,
    digest: &Digest,
) -> Result<Option<Entered>, Status> {
    let found = house.files.enter(caller.name.org(), &room.0, digest).await;
    if let Some(entered) = found.map_err(|error| files(&error))? {
        return Ok(Some(entered));
    }
    let chamber = house.registry.chamber();
    if room == chamber || house.gate.room(caller, chamber.as_bytes()).await.is_err() {
        return Ok(None);
    }
    house.files.hand_on(&chamber.0, &room.0, digest).await.map_err(|error| files(&error))
}

/// The uploads have done their part; what is left of them would only be swept later.
async fn settle<S: Store>(house: &House<S>, caller: &Caller, named: &[Named]) {
    for Named { room, attachment, .. } in named {
        if let Err(error) = house.files.settle(caller.name.org(), &room.0, &attachment.digest).await {
            tracing::warn!(%error, "an upload stays until it is swept");
        }
    }
}

async fn take_out<S: Store>(house: &House<S>, fresh: &[(RoomId, Digest)]) {
    for (room, digest) in fresh {
        if let Err(error) = house.files.purge(&room.0, digest).await {
            tracing::warn!(%error, "an attachment that no statement names stays until it is swept");
        }
    }
}
