//! Read: rows of a room, with their content once the access record is durable, and on request all that
//! comes later.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tearline_ledger::{entry::Entry, id::RoomId};
use tearline_proto::v1::{ReadRequest, Row, Rows};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use super::rooms::{House, broken};
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
) -> Result<impl Stream<Item = Result<Rows, Status>> + Send + use<S>, Status> {
    let (room, view) = house.gate.room(&caller, &request.room).await?;
    let size = view.size().0;
    if request.from > size {
        let message = format!("the room has {size} entries; read from {size} at the most");
        return Err(error::refused("OUT_OF_RANGE", Some("from"), message));
    }
    let limit = if request.limit == 0 { u64::MAX } else { request.limit };
    // An access log has no content, so reading it leaves no record.
    let content = request.content && view.state.is_some();
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reader = Reader {
        house,
        caller,
        room,
        next: request.from,
        end: request.from.saturating_add(limit),
        content,
        follow: request.follow,
        sender,
    };
    let first = reader.begin().await?;
    tokio::spawn(reader.run(first));
    Ok(ReceiverStream::new(receiver))
}

struct Reader<S> {
    house: Arc<House<S>>,
    caller: Caller,
    room: RoomId,
    next: u64,
    end: u64,
    content: bool,
    follow: bool,
    sender: mpsc::Sender<Result<Rows, Status>>,
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

    async fn run(mut self, begun: Begun) {
        if let Err(status) = self.stream(&begun).await {
            // A reader that has gone needs no answer.
            let _ = self.sender.send(Err(status)).await;
        }
    }

    async fn stream(&mut self, begun: &Begun) -> Result<(), Status> {
        let Some(mut sizes) = self.house.registry.sizes(self.room) else { return Ok(()) };
        let mut view = Arc::clone(&begun.view);
        let mut stopping = self.house.stopping.clone();
        loop {
            if !self.send_rows(&view).await? {
                return Ok(());
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
                    () = self.sender.closed() => return Ok(()),
                    _ = stopping.wait_for(|stopping| *stopping) => {
                        return Err(error::unavailable("the server is stopping", Duration::from_secs(5)));
                    }
                }
            }
            self.house.pace.keep(&self.caller.name).await;
            self.house.gate.still(&self.caller, self.room).await?;
            // What a following reader is sent from here on was recorded in the commit that brought it.
            view = self.view().await?;
        }
    }

    /// Sends rows up to the view's size, then its checkpoint. False: the reader has gone.
    async fn send_rows(&mut self, view: &RoomView) -> Result<bool, Status> {
        let upto = view.size().0.min(self.end);
        let begins = self.next;
        while self.next < upto {
            let limit = (upto - self.next).min(MESSAGE_ROWS);
            let stored =
                self.house.registry.store().rows(&self.room.0, self.next, limit, MESSAGE_BYTES, self.content);
            let stored = stored.await.map_err(|error| broken(&error))?;
            if stored.is_empty() {
                return Err(error::fault());
            }
            self.next += stored.len() as u64;
            let last = self.next >= upto;
            let checkpoint = if last { self.house.cosigned(self.room, view).await? } else { Bytes::new() };
            let rows = stored.into_iter().map(|row| self.row(row)).collect();
            if self.sender.send(Ok(Rows { rows, checkpoint })).await.is_err() {
                return Ok(false);
            }
        }
        if begins == self.next {
            let checkpoint = self.house.cosigned(self.room, view).await?;
            return Ok(self.sender.send(Ok(Rows { rows: Vec::new(), checkpoint })).await.is_ok());
        }
        Ok(true)
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
