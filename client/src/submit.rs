//! Sending statements: all or none, with every receipt verified and kept.
//!
//! Specification: `docs/spec.md`, sections 5 and 6.4. The same statements may be sent again: they are
//! answered again and stored once. Whether to make them anew is for the caller.

use tearline_ledger::{digest::Digest, id::RoomId, replay::Replay, statement::Act};
use tearline_proto::v1;

use crate::{
    alarm::Alarm,
    compose::Submission,
    desk::{Desk, now},
    error::Error,
    receipts::{self, Receipt},
    replica::verify::{Identity, Log, Verifier},
    session::Session,
    sync,
};

/// Sends statements in one call. `first_sent` is when they were first sent, by this desk's clock in
/// seconds since 1970: now, unless the answer to an earlier call was lost.
pub async fn submit(
    session: &Session,
    desk: &Desk,
    submissions: &[Submission],
    first_sent: u64,
) -> Result<Vec<Receipt>, Error> {
    let messages = submissions.iter().map(Submission::to_message).collect();
    let answers = session.append(messages).await?;
    let came = now();
    let mut out = Vec::new();
    if answers.len() != submissions.len() {
        let room = submissions.first().map(|sent| sent.signed.room());
        let name = room.map(|room| name_of(desk, room, submissions)).unwrap_or_default();
        let reason = format!("{} receipts came for {} statements", answers.len(), submissions.len());
        let alarm = Alarm::FalseReceipt { room: name, reason };
        return Err(desk.raise(room.unwrap_or(RoomId(Digest::default())), alarm.into()));
    }
    for (sent, answer) in submissions.iter().zip(&answers) {
        let receipt = check(session, desk, submissions, (sent, answer), (first_sent, came)).await?;
        receipts::keep(desk, &receipt)?;
        out.push(receipt);
    }
    Ok(out)
}

async fn check(
    session: &Session,
    desk: &Desk,
    all: &[Submission],
    (sent, answer): (&Submission, &v1::Receipt),
    times: (u64, u64),
) -> Result<Receipt, Error> {
    let room = sent.signed.room();
    let known = desk.profile().rooms()?.into_iter().find(|(id, _)| *id == room);
    let Some((_, name)) = known else {
        let verifier = unknown(desk, room, name_of(desk, room, all));
        return receipts::check(&verifier, sent, answer, times).map_err(|raised| desk.raise(room, raised));
    };
    let mut replica = desk.replica(room, &name)?;
    match receipts::check(replica.verifier(), sent, answer, times) {
        Ok(receipt) => Ok(receipt),
        // Another charter may have changed the log key since: look before anyone is accused.
        Err(raised) if matches!(raised.alarm, Alarm::BadCheckpoint { .. }) => {
            sync::sync(session, desk, &mut replica, &mut |_| ()).await?;
            receipts::check(replica.verifier(), sent, answer, times)
                .map_err(|raised| desk.raise(room, raised))
        }
        Err(raised) => Err(desk.raise(room, raised)),
    }
}

/// A room that is only being founded.
fn unknown(desk: &Desk, room: RoomId, name: String) -> Verifier {
    let domain = desk.member().domain().clone();
    let identity = Identity { room, name, domain };
    Verifier::new(identity, Log::Room(Box::new(Replay::new(room))), Vec::new())
}

fn name_of(desk: &Desk, room: RoomId, all: &[Submission]) -> String {
    let founded = all.iter().filter(|sent| sent.signed.room() == room).find_map(|sent| {
        match &sent.signed.statement.act {
            Act::Charter(charter) => {
                charter.founding.as_ref().map(|founding| founding.name.as_str().to_owned())
            }
            _ => None,
        }
    });
    let known = desk.profile().rooms().unwrap_or_default();
    let named = known.into_iter().find(|(id, _)| *id == room).map(|(_, name)| name.as_str().to_owned());
    founded.or(named).unwrap_or_else(|| room.to_string())
}
