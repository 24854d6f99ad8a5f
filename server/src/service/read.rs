//! Read: rows of a room, with their content once the access record is durable, and on request all that
//! comes later.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tearline_ledger::{entry::Entry, id::RoomId};
use tearline_proto::v1::{ReadRequest, Row, Rows};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

use super::rooms::{House, RowStream, broken};
use crate::{
    error,
    gate::{Caller, damaged},
    registry::RoomView,
    sequencer::{Following, Refused, Serve, now},
    store::{Store, StoredRow},
};

/// Bytes of entries and content in one message.
const MESSAGE_BYTES: usize = 256 * 1024;
/// Rows in one message.
const MESSAGE_ROWS: u64 = 1024;
/// Messages that may wait for a slow reader.
const AHEAD: usize = 4;
/// Before it reads a busy room again, a stream that follows looks whether its reader may still be there.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

pub(super) async fn read<S: Store>(
    house: Arc<House<S>>,
    caller: Caller,
    request: ReadRequest,
) -> Result<RowStream, Status> {
    let (room, view) = house.gate.room(&caller, &request.room).await?;
    let size = view.size().0;
    if request.from > size {
        let message = format!("the room has {size} entries; read from {size} at the most");
        return Err(error::refused("OUT_OF_RANGE", Some("from"), message));
    }
    let limit = if request.limit == 0 { u64::MAX } else { request.limit };
    let mut reader = Reader {
        house,
        caller,
        room,
        next: request.from,
        end: request.from.saturating_add(limit),
        // An access log has no content, so reading it leaves no record.
        content: request.content && view.state.is_some(),
        follow: request.follow,
    };
    let begun = reader.begin().await?;
    let first = reader.message(&begun.view).await?;
    let whole = !first.checkpoint.is_empty();
    if whole && !reader.follow {
        return Ok(Box::pin(tokio_stream::once(Ok(first))));
    }
    let (sender, receiver) = mpsc::channel(AHEAD);
    // There is room for the first.
    let _ = sender.try_send(Ok(first));
    tokio::spawn(reader.run(begun, whole, sender));
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

type Sender = mpsc::Sender<Result<Rows, Status>>;

struct Reader<S> {
    house: Arc<House<S>>,
    caller: Caller,
    room: RoomId,
    next: u64,
    end: u64,
    content: bool,
    follow: bool,
}

/// The room whose rows may leave now, and the guard that keeps later ones recorded.
struct Begun {
    view: Arc<RoomView>,
    _following: Option<Following>,
}

impl<S: Store> Reader<S> {
    /// Makes the access record durable, if content is to leave.
    async fn begin(&self) -> Result<Begun, Status> {
        if !self.content {
            return Ok(Begun { view: self.view().await?, _following: None });
        }
        let serve = Serve {
            room: self.room,
            member: self.caller.name.clone(),
            first: self.next,
            limit: self.end - self.next,
            follow: self.follow,
        };
        let (view, following) = self.house.sequencer.serve(serve).await.map_err(|refused| match refused {
            Refused::NoSuchRoom { .. } => error::no_such_room(),
            _ => error::unavailable("the server cannot record this access", Duration::from_secs(5)),
        })?;
        Ok(Begun { view, _following: following })
    }

    async fn view(&self) -> Result<Arc<RoomView>, Status> {
        let view = self.house.registry.view(self.room).await.map_err(|error| damaged(&error))?;
        view.ok_or_else(error::no_such_room)
    }

    /// Goes on after the first message, which brought all up to its checkpoint if `whole`.
    async fn run(mut self, begun: Begun, whole: bool, sender: Sender) {
        if let Err(status) = self.stream(&begun, whole, &sender).await {
            // A reader that has gone needs no answer.
            let _ = sender.send(Err(status)).await;
        }
    }

    async fn stream(&mut self, begun: &Begun, mut whole: bool, sender: &Sender) -> Result<(), Status> {
        let Some(mut sizes) = self.house.registry.sizes(self.room) else { return Ok(()) };
        let mut view = Arc::clone(&begun.view);
        let mut stopping = self.house.stopping.clone();
        loop {
            while !whole {
                let message = self.message(&view).await?;
                whole = !message.checkpoint.is_empty();
                if sender.send(Ok(message)).await.is_err() {
                    return Ok(());
                }
            }
            if !self.follow || self.next >= self.end {
                return Ok(());
            }
            // What was committed before `sizes` was there, or while rows were sent, is no change to it.
            if *sizes.borrow_and_update() <= self.next {
                tokio::select! {
                    changed = timeout(LOOK_AGAIN, sizes.changed()) => {
                        if matches!(changed, Ok(Err(_))) {
                            return Ok(());
                        }
                    }
                    () = sender.closed() => return Ok(()),
                    _ = stopping.wait_for(|stopping| *stopping) => {
                        return Err(error::unavailable("the server is stopping", Duration::from_secs(5)));
                    }
                }
            }
            self.house.pace.keep(&self.caller.name).await;
            self.house.gate.still(&self.caller, self.room).await?;
            // What a following reader is sent from here on was recorded in the commit that brought it.
            view = self.view().await?;
            whole = false;
        }
    }

    /// The next rows up to the view's size; with the last of them its checkpoint.
    async fn message(&mut self, view: &RoomView) -> Result<Rows, Status> {
        let upto = view.size().0.min(self.end);
        let mut message = Rows::default();
        if self.next < upto {
            let limit = (upto - self.next).min(MESSAGE_ROWS);
            let store = self.house.registry.store();
            let stored = store.rows(&self.room.0, self.next, limit, MESSAGE_BYTES, self.content).await;
            let stored = stored.map_err(|error| broken(&error))?;
            if stored.is_empty() {
                return Err(error::fault());
            }
            self.next += stored.len() as u64;
            message.rows = stored.into_iter().map(|row| self.row(row)).collect();
        }
        if self.next >= upto {
            message.checkpoint = self.house.cosigned(self.room, view).await?;
        }
        Ok(message)
    }

    fn row(&self, stored: StoredRow) -> Row {
        let serve = self.content && !stored.recalled && !expired(&stored.entry);
        Row { index: stored.index, entry: stored.entry, content: stored.content.filter(|_| serve) }
    }
}

/// Whether the content's own end is past.
fn expired(entry: &Bytes) -> bool {
    let Ok(entry) = Entry::parse(entry.clone()) else { return false };
    let end = entry.statement().and_then(|signed| signed.statement.sealed()).and_then(|it| it.content_until);
    end.is_some_and(|end| end <= now())
}
