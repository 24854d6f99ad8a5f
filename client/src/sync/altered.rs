//! What a server that contradicts itself is asked once more: which entry is another now, how short its log has
//! become, and what it signs for that.
//!
//! It only looks for what shows a contradiction to others; what is one, `replica` has said already.

use bytes::Bytes;
use tearline_ledger::{
    id::RoomId,
    merkle::{Tree, leaf_hash},
};
use tearline_proto::v1;

use super::{Fault, take_all};
use crate::{
    alarm::Alarm,
    desk::{Desk, now},
    error::Error,
    evidence::{Exhibit, Raised},
    replica::Replica,
    session::{Reading, Session, id_bytes},
};

/// The server says that the log ends before what was verified: its own checkpoint must show it.
pub(super) async fn shrunk(session: &Session, desk: &Desk, replica: &mut Replica, refused: Error) -> Error {
    let room = replica.room();
    let request = v1::ProveRequest { room: id_bytes(room), ..v1::ProveRequest::default() };
    let proof = match session.prove(request).await {
        Ok(proof) => proof,
        Err(error) => return error,
    };
    let checkpoint = match replica.take_checkpoint(&proof.checkpoint, now()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return desk.alarmed(room, error),
    };
    let (had, has) = (replica.size(), checkpoint.size().0);
    if has >= had {
        return refused;
    }
    let alarm = Alarm::Shrunk { room: replica.name().to_owned(), had, has };
    let mut raised = Raised::from(alarm).with(Exhibit::checkpoint("served now", &proof.checkpoint));
    let kept = replica.checkpoint().map(|kept| Exhibit::checkpoint("kept here", &kept.to_bytes()));
    raised.exhibits.extend(kept);
    desk.raise(room, raised)
}

/// Something does not fit: reads the log again, to name the entry that was altered if one was, and to keep
/// what proves to anyone that the server signed two histories.
pub(super) async fn locate(
    session: &Session,
    desk: &Desk,
    replica: &mut Replica,
    mut raised: Raised,
) -> Error {
    let room = replica.room();
    let suspicious = matches!(
        raised.alarm,
        Alarm::Altered { .. } | Alarm::NotCovered { .. } | Alarm::Forked { .. } | Alarm::RuleBroken { .. }
    );
    if !suspicious {
        return desk.raise(room, raised);
    }
    let limit = replica.size();
    let reading = Reading { room, from: 0, limit, content: false, follow: false };
    if let Err(Fault::Raised(mut found)) = take_all(session, replica, reading, &mut |_| ()).await
        && matches!(found.alarm, Alarm::Altered { .. })
    {
        let others =
            raised.exhibits.into_iter().filter(|it| !found.exhibits.contains(it)).collect::<Vec<_>>();
        found.exhibits.extend(others);
        raised = *found;
    }
    // What the server says now it may not say again: an alarm without this is still an alarm.
    if let Alarm::Altered { index, .. } = raised.alarm
        && let Ok(Some(exhibits)) = served_tree(session, room, index).await
    {
        let new = |it: &Exhibit| !raised.exhibits.iter().any(|other| other.shows_the_same(it));
        let exhibits: Vec<Exhibit> = exhibits.into_iter().filter(new).collect();
        raised.exhibits.extend(exhibits);
    }
    desk.raise(room, raised)
}

/// The entry at an index as the server serves it now, with the checkpoint that it signs for it and the proof
/// that leads from the one to the other; `None` if its checkpoint does not cover what it serves.
async fn served_tree(session: &Session, room: RoomId, index: u64) -> Result<Option<Vec<Exhibit>>, Error> {
    let reading = Reading { room, from: 0, limit: 0, content: false, follow: false };
    let mut rows = session.read(reading).await?;
    let (mut tree, mut entry, mut checkpoint) = (Tree::new(), None, Bytes::new());
    while let Some(message) = rows.next().await? {
        for row in message.rows {
            if row.index == index {
                entry = Some(row.entry.clone());
            }
            tree.append(leaf_hash(&row.entry));
        }
        if !message.checkpoint.is_empty() {
            checkpoint = message.checkpoint;
        }
    }
    Ok(entry.and_then(|entry| Exhibit::of_served_tree(&tree, index, &entry, &checkpoint)))
}
