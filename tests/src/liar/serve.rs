//! The liar's side of `tearline.v1.Rooms`: it serves its logs as they stand, to whoever comes.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tearline_ledger::{
    bundle::BundleEntry,
    entry::Entry,
    envelope::{Envelope, PayloadType},
    id::RoomId,
    merkle::TreeSize,
    statement::Signed,
};
use tearline_proto::v1::{
    AppendRequest, AppendResponse, CosignRequest, CosignResponse, ListRequest, ListResponse, Proof,
    ProveRequest, ReadRequest, Receipt, RoomHead, Row, Rows as RowsMessage, Submission, VouchRequest,
    VouchResponse, rooms_server,
};
use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use super::{Cosigns, Lies, Log, Takes};

/// The service.
pub(super) struct Rooms(pub(super) Arc<Mutex<Lies>>);

impl Rooms {
    fn lies(&self) -> MutexGuard<'_, Lies> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl rooms_server::Rooms for Rooms {
    async fn list(&self, _: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let head = |log: &Log| RoomHead {
            room: id(log),
            name: log.name.clone(),
            checkpoint: log.listed.clone().unwrap_or_else(|| log.checkpoint.clone()),
            cosigned: log.cosigned.clone(),
        };
        Ok(Response::new(ListResponse { rooms: self.lies().logs.iter().map(head).collect() }))
    }

    type ReadStream = Iter<std::vec::IntoIter<Result<RowsMessage, Status>>>;

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        let request = request.into_inner();
        let mut lies = self.lies();
        let read = RoomId::from_slice(&request.room).map(|room| (room, request.from));
        lies.reads.extend(read);
        let mut log = find(&lies, &request.room)?;
        if let Some((asked, instead)) = &lies.answers_for
            && log.name == *asked
        {
            log = lies.logs.iter().find(|log| log.name == *instead).unwrap_or(log);
        }
        let rows = log.rows.iter().zip(0..).skip_while(|(_, index)| *index < request.from);
        let row = |(row, index): (&BundleEntry, u64)| Row {
            index,
            entry: row.entry.clone(),
            content: row.content.clone().filter(|_| request.content),
        };
        let message = RowsMessage { rows: rows.map(row).collect(), checkpoint: log.checkpoint.clone() };
        Ok(Response::new(tokio_stream::iter(vec![Ok(message)])))
    }

    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        let mut lies = self.lies();
        let before: Vec<Log> = lies.logs.clone();
        let mut receipts: Vec<Receipt> = Vec::new();
        for submission in request.into_inner().submissions {
            if lies.takes == Takes::TheFirst
                && let Some(first) = receipts.first().cloned()
            {
                receipts.push(first);
                continue;
            }
            let mut receipt = enter(&mut lies, submission)?;
            if lies.takes == Takes::WithFalseProofs {
                receipt.proof = receipt.proof.iter().map(|hash| Bytes::from(vec![7; hash.len()])).collect();
            }
            receipts.push(receipt);
        }
        if lies.takes == Takes::AndForgets {
            lies.logs = before;
        }
        Ok(Response::new(AppendResponse { receipts }))
    }

    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<Proof>, Status> {
        let request = request.into_inner();
        let lies = self.lies();
        let log = find(&lies, &request.room)?;
        let tree = log.tree();
        let size = if request.size == 0 { tree.size() } else { TreeSize(request.size) };
        let refused = |error| Status::out_of_range(format!("{error}"));
        let mut proof = Proof { size: size.0, checkpoint: log.checkpoint.clone(), ..Proof::default() };
        if request.inclusion {
            let hashes = tree.inclusion(request.index, size).map_err(refused)?;
            proof.inclusion = hashes.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect();
            let row = usize::try_from(request.index).ok().and_then(|index| log.rows.get(index));
            proof.entry = row.map(|row| row.entry.clone()).unwrap_or_default();
        }
        if request.from_size > 0 {
            let hashes = tree.consistency(TreeSize(request.from_size), size).map_err(refused)?;
            proof.consistency = hashes.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect();
        }
        Ok(Response::new(proof))
    }

    /// For anybody: it could as well serve him itself.
    async fn vouch(&self, _: Request<VouchRequest>) -> Result<Response<VouchResponse>, Status> {
        Ok(Response::new(VouchResponse {}))
    }

    async fn cosign(&self, request: Request<CosignRequest>) -> Result<Response<CosignResponse>, Status> {
        let request = request.into_inner();
        let holds = {
            let mut lies = self.lies();
            let room = RoomId::from_slice(&request.room);
            lies.handed.extend(room.map(|room| (room, request.checkpoint.clone())));
            let holds = lies.cosigns == Cosigns::Holds;
            if let Some(log) = lies.logs.iter_mut().find(|log| Some(log.room) == room && !holds) {
                log.checkpoint = request.checkpoint;
            }
            holds
        };
        if holds {
            std::future::pending::<()>().await;
        }
        Ok(Response::new(CosignResponse {}))
    }
}

fn id(log: &Log) -> Bytes {
    Bytes::copy_from_slice(log.room.as_bytes())
}

fn find<'a>(lies: &'a Lies, room: &[u8]) -> Result<&'a Log, Status> {
    let room = RoomId::from_slice(room);
    let log = lies.logs.iter().find(|log| Some(log.room) == room);
    log.ok_or_else(|| Status::not_found("no such room, or not yours"))
}

/// Enters a statement without judging it, with a true receipt.
fn enter(lies: &mut Lies, submission: Submission) -> Result<Receipt, Status> {
    let refused = |error: &dyn std::fmt::Display| Status::invalid_argument(error.to_string());
    let envelope =
        Envelope::parse(PayloadType::Statement, &submission.envelope).map_err(|error| refused(&error))?;
    let signed = Signed::from_envelope(envelope).map_err(|error| refused(&error))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let entry = Entry::of_statement(now, signed).bytes().clone();
    let name = find(lies, &submission.room)?.name.clone();
    let content = Some(submission.content).filter(|content| !content.is_empty());
    let row = BundleEntry { entry: entry.clone(), content };
    lies.change(&name, |log| log.rows.push(row)).map_err(|error| Status::internal(error.to_string()))?;
    let log = find(lies, &submission.room)?;
    let tree = log.tree();
    let index = tree.size().0 - 1;
    let proof = tree.inclusion(index, tree.size()).map_err(|error| refused(&error))?;
    let proof = proof.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect();
    Ok(Receipt { entry, index, proof, checkpoint: log.checkpoint.clone() })
}
