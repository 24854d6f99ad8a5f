//! Append: from the wire to the sequencer, and its answer back.

use std::sync::Arc;

use bytes::Bytes;
use tearline_ledger::{
    digest::Digest,
    id::RoomId,
    name::Role,
    rules::Refusal,
    statement::{Act, Signed},
};
use tearline_proto::v1::{self, AppendRequest, AppendResponse, Receipt};
use tonic::Status;

use super::{attached, rooms::House};
use crate::{
    error,
    gate::Caller,
    sequencer::{Accepted, Refused, Submission},
    store::Store,
};

/// Submissions of one call.
const SUBMISSIONS_MAX: usize = 64;

pub(super) async fn append<S: Store>(
    house: &Arc<House<S>>,
    caller: &Caller,
    request: AppendRequest,
) -> Result<AppendResponse, Status> {
    let count = request.submissions.len();
    if count == 0 || count > SUBMISSIONS_MAX {
        let message = format!("{count} submissions; send 1 to {SUBMISSIONS_MAX} in one call");
        return Err(error::refused("COUNT", Some("submissions"), message));
    }
    let counted = u32::try_from(count).unwrap_or(u32::MAX);
    house.quotas.statements(caller.name.org(), counted).map_err(|wait| {
        error::limit("statements_per_minute", "your organisation has sent too many statements", Some(wait))
    })?;
    let receipts = entered(house, caller, request.submissions).await?;
    Ok(AppendResponse { receipts })
}

/// Enters submissions whose count was judged, all or none.
pub(crate) async fn entered<S: Store>(
    house: &Arc<House<S>>,
    caller: &Caller,
    submissions: Vec<v1::Submission>,
) -> Result<Vec<Receipt>, Status> {
    let mut call = Vec::with_capacity(submissions.len());
    for (at, submission) in submissions.into_iter().enumerate() {
        call.push(parse(at, &submission.room, &submission.envelope, submission.content)?);
    }
    enter(house, caller, &call).await?;
    let accepted = attached::append(house, caller, call).await?;
    let mut receipts = Vec::with_capacity(accepted.len());
    for accepted in accepted {
        receipts.push(receipt(house, accepted).await?);
    }
    Ok(receipts)
}

fn parse(at: usize, room: &[u8], envelope: &[u8], content: Bytes) -> Result<Submission<Signed>, Status> {
    let field = |name: &str| format!("submissions[{at}].{name}");
    let statement = Signed::parse(envelope).map_err(|error| {
        error::refused("MALFORMED", Some(&field("envelope")), format!("submission {at}: {error}"))
    })?;
    let room = RoomId::from_slice(room).filter(|room| *room == statement.room()).ok_or_else(|| {
        let message = format!("submission {at}: the statement is for another room than the submission");
        error::refused("OTHER_ROOM", Some(&field("room")), message)
    })?;
    let fits = match statement.statement.sealed() {
        None => content.is_empty(),
        Some(post) => post.size == content.len() as u64 && post.digest == Digest::of(&content),
    };
    if !fits {
        let message = format!("submission {at}: the content is not the one whose digest the statement names");
        return Err(error::refused("CONTENT", Some(&field("content")), message));
    }
    let content = statement.statement.sealed().map(|_| content);
    Ok(Submission { room, statement, content })
}

/// The caller must be in every room of the call; a mediator of the chamber may found one.
async fn enter<S: Store>(
    house: &House<S>,
    caller: &Caller,
    call: &[Submission<Signed>],
) -> Result<(), Status> {
    for submission in call {
        let statement = &submission.statement.statement;
        let founding = match &statement.act {
            Act::Charter(charter) => charter.founding.is_some().then_some(charter),
            _ => None,
        };
        let Some(charter) = founding else {
            house.gate.room(caller, submission.room.as_bytes()).await?;
            continue;
        };
        if submission.room == house.registry.chamber() {
            // Before the chamber stands, its own founding charter says who may bring it.
            let named = charter.member(&caller.name).is_some_and(|member| member.tls_key == caller.tls_key());
            if !named {
                house.gate.admit(caller).await?;
            }
        } else {
            house.gate.room(caller, house.registry.chamber().as_bytes()).await?;
            if caller.name.role() != Role::Mediator {
                return Err(error::not_allowed("NOT_ALLOWED", "only a mediator founds a room"));
            }
        }
    }
    Ok(())
}

async fn receipt<S: Store>(house: &House<S>, accepted: Accepted) -> Result<Receipt, Status> {
    let Accepted { room, index, entry, view } = accepted;
    let proof = house.inclusion(room, index, &view).await?;
    Ok(Receipt { entry, index, proof, checkpoint: view.checkpoint.clone() })
}

pub(super) fn refused(refused: Refused) -> Status {
    let message = refused.to_string();
    match refused {
        Refused::Rule { at, refusal } => {
            let field = format!("submissions[{at}]");
            match refusal {
                Refusal::OverLimit(_) | Refusal::Value(_) => {
                    error::refused(refusal.code(), Some(&field), message)
                }
                _ => error::conflict(refusal.code(), &field, message),
            }
        }
        Refused::Signature { at, .. } => {
            error::refused("BAD_SIGNATURE", Some(&format!("submissions[{at}].envelope")), message)
        }
        Refused::LogKey { .. } => error::conflict("LOG_KEY", "charter", message),
        Refused::NameTaken { .. } => error::conflict("NAME_TAKEN", "charter", message),
        Refused::OtherChamber { .. } => error::conflict("OTHER_CHAMBER", "charter", message),
        Refused::MediatorsDiffer(_) => error::conflict("MEDIATORS_DIFFER", "charter", message),
        Refused::NoSuchRoom { .. } => error::no_such_room(),
        Refused::CannotWrite => error::unavailable(message, std::time::Duration::from_secs(5)),
    }
}
