//! `tearline.v1.Attachments`: sealed bytes in and out, in chunks, never whole in memory.
//!
//! An attachment is stored once, under its digest; it is served to whoever may read a post that names
//! it, after the access record of that post is durable.

use std::{pin::Pin, sync::Arc, time::Duration};

use tearline_ledger::{digest::Digest, entry::Entry, name::Role, statement::Act};
use tearline_proto::v1::{Chunk, GetRequest, PutResponse, attachments_server};
use tokio::sync::mpsc;
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

/// The service.
#[derive(Debug)]
pub struct Attachments<S>(pub Arc<House<S>>);

type ChunkStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

#[tonic::async_trait]
impl<S: Store> attachments_server::Attachments for Attachments<S> {
    async fn put(&self, request: Request<Streaming<Chunk>>) -> Result<Response<PutResponse>, Status> {
        let caller = Caller::of(&request)?;
        let mut chunks = request.into_inner();
        let Some(first) = chunks.message().await? else {
            return Err(error::refused("MALFORMED", None, "the stream of chunks is empty"));
        };
        let (_, view) = self.0.gate.room(&caller, &first.room).await?;
        let Some(state) = &view.state else { return Err(error::no_such_room()) };
        if caller.name.role() == Role::Auditor {
            return Err(error::not_allowed("NOT_ALLOWED", "an auditor does not post"));
        }
        let most = state.charter().limits.attachment_bytes.min(self.0.attachment_bytes);
        if first.size == 0 || first.size > most {
            let message = format!("an attachment has 1 to {most} sealed bytes here, not {}", first.size);
            return Err(error::refused("OVER_LIMIT", Some("size"), message));
        }
        let received = self.0.receive(first, &mut chunks).await?;
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
    /// The size of an attachment that is here as a whole.
    pub(super) async fn attachment_size(&self, digest: Digest) -> Result<Option<u64>, Status> {
        let chamber = self.registry.chamber().0;
        let found = self.files.get(&chamber, &digest, 0).await.map_err(|error| files(&error))?;
        Ok(found.map(|download| download.size()))
    }

    async fn receive(&self, first: Chunk, chunks: &mut Streaming<Chunk>) -> Result<u64, Status> {
        let digest = Digest::from_slice(&first.digest)
            .ok_or_else(|| error::refused("MALFORMED", Some("digest"), "a digest is 32 bytes"))?;
        let (chamber, size) = (self.registry.chamber().0, first.size);
        let put =
            self.files.put(&chamber, &digest, size, first.offset).await.map_err(|error| files(&error))?;
        let mut upload = match put {
            Put::Complete => return Ok(size),
            Put::Upload(upload) => upload,
        };
        let mut next = Some(first);
        while let Some(chunk) = next {
            if let Err(error) = upload.write(chunk.offset, chunk.data).await {
                return Err(files(&error));
            }
            next = match chunks.message().await {
                Ok(next) => next,
                // What came so far stays, and is where the sender resumes.
                Err(_) => return suspend(upload).await,
            };
        }
        if upload.received() < size {
            return suspend(upload).await;
        }
        upload.finish().await.map_err(|error| files(&error))?;
        Ok(size)
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
        let chamber = self.registry.chamber().0;
        let download = self.files.get(&chamber, &digest, request.offset).await;
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

fn files(error: &FilesError) -> Status {
    match error {
        FilesError::Beyond { .. }
        | FilesError::Busy
        | FilesError::Gap { .. }
        | FilesError::Incomplete { .. }
        | FilesError::Mismatch { .. } => error::refused("ATTACHMENT", None, error.to_string()),
        other => {
            tracing::error!(error = %other, "attachments cannot be used");
            error::fault()
        }
    }
}
