//! `tearline.v1.Attachments`: sealed bytes in and out, in chunks, never whole in memory.
//!
//! An attachment is stored under its room and digest; it is served to whoever may read a post that names
//! it, after the access record of that post is durable. Which statement may name it is `append`'s affair.

use std::{pin::Pin, sync::Arc, time::Duration};

use tearline_ledger::{digest::Digest, entry::Entry, id::RoomId, name::Role, statement::Act};
use tearline_proto::v1::{Chunk, GetRequest, OfferRequest, OfferResponse, PutResponse, attachments_server};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};

use super::rooms::{House, broken};
use crate::{
    error,
    files::{Download, FilesError, Put, Upload},
    gate::Caller,
    sequencer::{Serve, now},
    store::Store,
};

/// Chunks that may wait for a slow reader.
const AHEAD: usize = 4;
/// An upload whose next chunk does not come for so long is broken off, to be resumed.
const IDLE: Duration = Duration::from_mins(1);

/// The service.
#[derive(Debug)]
pub struct Attachments<S>(pub Arc<House<S>>);

type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

#[tonic::async_trait]
impl<S: Store> attachments_server::Attachments for Attachments<S> {
    async fn offer(&self, request: Request<OfferRequest>) -> Result<Response<OfferResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (room, digest) = self.0.may_send(&caller, &request.room, &request.digest, request.size).await?;
        let received = self.0.files.offer(caller.name.org(), &room.0, &digest).await;
        let received = received.map_err(|error| files(&error))?;
        self.0.pace.keep(&caller.name).await;
        Ok(Response::new(OfferResponse { received }))
    }

    async fn put(&self, request: Request<Streaming<Chunk>>) -> Result<Response<PutResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut chunks = request.into_inner();
        let Some(first) = chunks.message().await? else {
            return Err(error::refused("MALFORMED", None, "the stream of chunks is empty"));
        };
        let (room, digest) = self.0.may_send(&caller, &first.room, &first.digest, first.size).await?;
        let (org, size) = (caller.name.org(), first.size);
        let put = self.0.files.put(org, &room.0, &digest, size, first.offset).await;
        let received = match put.map_err(|error| files(&error))? {
            Put::Complete => size,
            Put::Upload(upload) => receive(upload, size, first, &mut chunks).await?,
        };
        Ok(Response::new(PutResponse { received }))
    }

    type GetStream = ChunkStream;

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<ChunkStream>, Status> {
        let caller = Caller::of(&request)?;
        let stream = self.0.send(caller, request.into_inner()).await?;
        Ok(Response::new(Box::pin(stream)))
    }
}

impl<S: Store> House<S> {
    /// Where an attachment that the caller wants to send belongs, if it may be sent at all.
    async fn may_send(
        &self,
        caller: &Caller,
        room: &[u8],
        digest: &[u8],
        size: u64,
    ) -> Result<(RoomId, Digest), Status> {
        let (room, view) = self.gate.room(caller, room).await?;
        let Some(state) = &view.state else { return Err(error::no_such_room()) };
        match caller.name.role() {
            Role::Auditor => return Err(error::not_allowed("NOT_ALLOWED", "an auditor does not post")),
            Role::Mediator if state.constitution().has_party() => {
                let message = "what mediators give a party comes from the chamber: send the attachment there, and \
                               let the release name it";
                return Err(error::not_allowed("SEND_TO_CHAMBER", message));
            }
            _ => {}
        }
        let most = state.charter().limits.attachment_bytes.min(self.attachment_bytes);
        if size == 0 || size > most {
            let message =
                format!("an attachment has 1 to {most} sealed bytes here, not {size}: split the file");
            return Err(error::refused("OVER_LIMIT", Some("size"), message));
        }
        let digest = Digest::from_slice(digest)
            .ok_or_else(|| error::refused("MALFORMED", Some("digest"), "a digest is 32 bytes"))?;
        Ok((room, digest))
    }

    async fn send(
        self: &Arc<Self>,
        caller: Caller,
        request: GetRequest,
    ) -> Result<impl Stream<Item = Result<Chunk, Status>> + Send + use<S>, Status> {
        let (room, _) = self.gate.room(&caller, &request.room).await?;
        let missing = || {
            error::not_in_room(
                "NO_SUCH_ATTACHMENT",
                "the post at this index names no such attachment, or was recalled or has expired",
            )
        };
        let digest = Digest::from_slice(&request.digest).ok_or_else(missing)?;
        let rows = self.registry.store().rows(&room.0, request.index, 1, usize::MAX, false).await;
        let row = rows.map_err(|error| broken(&error))?.into_iter().next().ok_or_else(missing)?;
        let entry = Entry::parse(row.entry).map_err(|_| error::fault())?;
        let post = entry.statement().and_then(|signed| match &signed.statement.act {
            Act::Post(post) => Some(post),
            _ => None,
        });
        let names = |post: &tearline_ledger::statement::Post| {
            post.attachments.iter().any(|attachment| attachment.digest == digest)
                && post.content_until.is_none_or(|end| end > now())
        };
        if row.recalled || !post.is_some_and(names) {
            return Err(missing());
        }
        let download = self.files.get(&room.0, &digest, request.offset).await;
        let download = download.map_err(|error| files(&error))?.ok_or_else(missing)?;
        let serve =
            Serve { room, member: caller.name.clone(), first: request.index, limit: 1, follow: false };
        self.sequencer.serve(serve).await.map_err(|_| {
            error::unavailable("the server cannot record this access", Duration::from_secs(5))
        })?;
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(pump(download, request, sender));
        Ok(ReceiverStream::new(receiver))
    }
}

/// All chunks, or as many as came before the sender broke off: that is where it resumes.
async fn receive(
    mut upload: Upload,
    size: u64,
    first: Chunk,
    chunks: &mut Streaming<Chunk>,
) -> Result<u64, Status> {
    let mut next = Some(first);
    while let Some(chunk) = next {
        upload.write(chunk.offset, chunk.data).await.map_err(|error| files(&error))?;
        next = match timeout(IDLE, chunks.message()).await {
            Ok(Ok(next)) => next,
            Ok(Err(_)) | Err(_) => return suspend(upload).await,
        };
    }
    if upload.received() < size {
        return suspend(upload).await;
    }
    upload.finish().await.map_err(|error| files(&error))?;
    Ok(size)
}

async fn suspend(upload: Upload) -> Result<u64, Status> {
    upload.suspend().await.map_err(|error| files(&error))
}

async fn pump(mut download: Download, request: GetRequest, sender: mpsc::Sender<Result<Chunk, Status>>) {
    let mut offset = request.offset;
    let size = download.size();
    let mut head = Some((request.room, request.digest));
    loop {
        let message = match download.next().await {
            Ok(Some(data)) => {
                let (room, digest) = head.take().unwrap_or_default();
                let first = !digest.is_empty();
                let at = offset;
                offset += data.len() as u64;
                Ok(Chunk { room, digest, size: if first { size } else { 0 }, offset: at, data })
            }
            Ok(None) => return,
            Err(error) => Err(files(&error)),
        };
        let failed = message.is_err();
        if sender.send(message).await.is_err() || failed {
            return;
        }
    }
}

pub(super) fn files(error: &FilesError) -> Status {
    match error {
        FilesError::Beyond { .. }
        | FilesError::Gap { .. }
        | FilesError::Incomplete { .. }
        | FilesError::Mismatch { .. } => error::refused("ATTACHMENT", None, error.to_string()),
        FilesError::Busy => error::conflict("ATTACHMENT_BUSY", "attachments", error.to_string()),
        FilesError::TooMany { .. } => error::limit("uploads_per_organisation", error.to_string(), None),
        FilesError::Full { path } => {
            tracing::error!(path = %path.display(), "THE DISK IS FULL: an attachment was not taken");
            error::unavailable(error.to_string(), Duration::from_mins(1))
        }
        other => {
            tracing::error!(error = %other, "attachments cannot be used");
            error::fault()
        }
    }
}
