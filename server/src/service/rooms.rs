//! `tearline.v1.Rooms`: what is asked, by whom, and the answer in the wire's form.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use tearline_ledger::{
    checkpoint::{Origin, SignedCheckpoint},
    cosign::{self, Standing},
    id::RoomId,
    merkle::{ConsistencyPlan, InclusionPlan, NodeId, ProofError, TreeSize},
    name::{Domain, Role},
    note::{KeyMaterial, Note, SignatureLine, VerifierKey},
};
use tearline_proto::v1::{
    AppendRequest, AppendResponse, CosignRequest, CosignResponse, ListRequest, ListResponse, Proof,
    ProveRequest, ReadRequest, RoomHead, Rows, VouchRequest, VouchResponse, rooms_server,
};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::{append, read, vouch, witnessed::Witnessed};
use crate::{
    error,
    files::Attachments,
    gate::{Caller, Gate, damaged},
    pace::Pace,
    quota::Quotas,
    registry::{Registry, RoomView},
    sequencer::{Sequencer, now},
    store::{Store, StoreError},
    tls::Tls,
};

/// By how many seconds a witness's clock may be ahead of the server's.
const WITNESS_AHEAD: u64 = 300;

/// What every call of the services works with.
#[derive(Debug)]
pub struct House<S> {
    /// The instance.
    pub domain: Domain,
    /// Rooms as of the last commit.
    pub registry: Arc<Registry<S>>,
    /// Who may enter.
    pub gate: Gate<S>,
    /// Orders what is appended and recorded.
    pub sequencer: Sequencer,
    /// What each organisation may use.
    pub quotas: Arc<Quotas>,
    /// Sealed attachments.
    pub files: Attachments,
    /// The most bytes of one attachment.
    pub attachment_bytes: u64,
    /// The server's log key.
    pub log_vkey: VerifierKey,
    /// Who may connect now.
    pub tls: Arc<Tls>,
    /// The tick on which answers to parties leave.
    pub pace: Pace,
    /// Cosignatures of the rooms that were asked for.
    pub witnessed: Witnessed,
    /// Becomes true when the server stops: streams that follow a room end then.
    pub stopping: watch::Receiver<bool>,
}

/// The service.
#[derive(Debug)]
pub struct Rooms<S>(pub Arc<House<S>>);

pub(super) type RowStream = Pin<Box<dyn Stream<Item = Result<Rows, Status>> + Send>>;

#[tonic::async_trait]
impl<S: Store> rooms_server::Rooms for Rooms<S> {
    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListResponse>, Status> {
        let caller = Caller::of(&request)?;
        let answer = self.0.list(&caller).await;
        self.0.pace.keep(&caller.name).await;
        answer.map(Response::new)
    }

    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendResponse>, Status> {
        let caller = Caller::of(&request)?;
        let answer = append::append(&self.0, &caller, request.into_inner()).await;
        self.0.pace.keep(&caller.name).await;
        answer.map(Response::new)
    }

    type ReadStream = RowStream;

    async fn read(&self, request: Request<ReadRequest>) -> Result<Response<RowStream>, Status> {
        let caller = Caller::of(&request)?;
        let name = caller.name.clone();
        let stream = read::read(Arc::clone(&self.0), caller, request.into_inner()).await;
        self.0.pace.keep(&name).await;
        stream.map(Response::new)
    }

    async fn prove(&self, request: Request<ProveRequest>) -> Result<Response<Proof>, Status> {
        let caller = Caller::of(&request)?;
        let answer = self.0.prove(&caller, &request.into_inner()).await;
        self.0.pace.keep(&caller.name).await;
        answer.map(Response::new)
    }

    async fn cosign(&self, request: Request<CosignRequest>) -> Result<Response<CosignResponse>, Status> {
        let caller = Caller::of(&request)?;
        let request = request.into_inner();
        let (room, _) = self.0.gate.room(&caller, &request.room).await?;
        if caller.name.role() != Role::Auditor {
            return Err(error::not_allowed("NOT_A_WITNESS", "only an auditor cosigns"));
        }
        self.0.cosign(room, &caller, &request.checkpoint).await?;
        Ok(Response::new(CosignResponse {}))
    }

    async fn vouch(&self, request: Request<VouchRequest>) -> Result<Response<VouchResponse>, Status> {
        let caller = Caller::of(&request)?;
        let answer = vouch::vouch(&self.0, &caller, &request.into_inner().certificates).await;
        self.0.pace.keep(&caller.name).await;
        answer.map(Response::new)
    }
}

impl<S: Store> House<S> {
    /// A room's checkpoint with the cosignatures of that very checkpoint.
    pub(crate) async fn cosigned(&self, room: RoomId, view: &RoomView) -> Result<Bytes, Status> {
        let lines = self.witnessed.lines(self.registry.store().as_ref(), room).await;
        let lines = lines.map_err(|error| broken(&error))?;
        if lines.is_empty() {
            return Ok(view.checkpoint.clone());
        }
        let key = Origin::new(self.domain.clone(), room.0).log_key(&self.log_vkey);
        // The server's own: what it signed need not be verified.
        let Ok(own) = Note::parse(&view.checkpoint) else { return Ok(view.checkpoint.clone()) };
        let mut out = view.checkpoint.to_vec();
        for note in lines.iter().filter_map(|bytes| Note::parse(bytes).ok()) {
            if note.unverified_text() == own.unverified_text() {
                for line in witness_lines(&note, &key) {
                    out.extend_from_slice(format!("{line}\n").as_bytes());
                }
            }
        }
        Ok(out.into())
    }

    /// Checkpoints of a room before its newest that witnesses cosigned last: what they confirm of a room
    /// that has gone on since.
    pub(crate) async fn cosigned_before(&self, room: RoomId, view: &RoomView) -> Result<Vec<Bytes>, Status> {
        let lines = self.witnessed.lines(self.registry.store().as_ref(), room).await;
        let lines = lines.map_err(|error| broken(&error))?;
        let newest = Note::parse(&view.checkpoint).ok();
        let newest = newest.as_ref().map(Note::unverified_text);
        let older =
            |bytes: &&Bytes| Note::parse(bytes).is_ok_and(|note| Some(note.unverified_text()) != newest);
        Ok(lines.iter().filter(older).cloned().collect())
    }

    /// Keeps a witness's cosignature of a checkpoint that this server signed, and nobody else's that came
    /// along.
    async fn cosign(&self, room: RoomId, caller: &Caller, note: &[u8]) -> Result<(), Status> {
        let bad = |message: &str| error::refused("BAD_COSIGNATURE", Some("checkpoint"), message);
        let key = Origin::new(self.domain.clone(), room.0).log_key(&self.log_vkey);
        let signed = SignedCheckpoint::open(note, &key)
            .map_err(|error| bad(&format!("it is no checkpoint of this room by this server: {error}")))?;
        let view = self.registry.view(room).await.map_err(|error| damaged(&error))?;
        let Some(witness) = view.as_deref().and_then(|view| self.witness_key(view, caller)) else {
            return Err(bad("the caller has no key to cosign with in this room"));
        };
        let (line, at) = match cosign::newest(&signed, &witness) {
            Ok(Some((_, Standing::At(at)))) if at > now().saturating_add(WITNESS_AHEAD) => {
                return Err(bad("it is dated more than 5 minutes after now by this server's clock"));
            }
            Ok(Some((line, Standing::At(at)))) => (line, at),
            Ok(Some((_, Standing::Unverified))) => {
                return Err(bad("its cosignature is of a type that nothing here verifies"));
            }
            Ok(None) => return Err(bad(&format!("it carries no cosignature of {}", caller.name.desk()))),
            Err(error) => return Err(bad(&error.to_string())),
        };
        let text = signed.note().unverified_text();
        let own = signed.note().signatures().iter().find(|line| line.claims(&key));
        let own = own.map(|line| format!("{line}\n")).unwrap_or_default();
        let note = Bytes::from(format!("{text}\n{own}{line}\n"));
        let store = self.registry.store();
        let before = self.witnessed.lines(store.as_ref(), room).await.map_err(|error| broken(&error))?;
        let newer = |note: &Bytes| {
            let kept = SignedCheckpoint::open(note, &key).ok()?;
            let (_, standing) = cosign::newest(&kept, &witness).ok()??;
            Some(Standing::At(at) <= standing && signed.size() <= kept.size() || signed.size() < kept.size())
        };
        if before.iter().any(|note| newer(note) == Some(true)) {
            // A call that was overtaken: what was confirmed since then says more.
            return Ok(());
        }
        let kept = self.witnessed.keep(store.as_ref(), room, caller.name.as_str(), note);
        kept.await.map_err(|error| broken(&error))
    }

    /// The key under which an auditor cosigns; an access log has no charter, so the chamber's says which that is.
    fn witness_key(&self, view: &RoomView, caller: &Caller) -> Option<VerifierKey> {
        let chamber = self.registry.cached(self.registry.chamber());
        let state = view.state.as_ref().or_else(|| chamber.as_ref()?.state.as_ref())?;
        cosign::witness_key(state.charter().member(&caller.name)?)
    }

    async fn list(&self, caller: &Caller) -> Result<ListResponse, Status> {
        let rooms = self.gate.rooms(caller).await?;
        let cut = self.registry.cut(&rooms).await.map_err(|error| damaged(&error))?;
        let mut rooms = Vec::with_capacity(cut.len());
        for (room, view) in cut {
            rooms.push(RoomHead {
                room: Bytes::copy_from_slice(room.as_bytes()),
                name: view.name.to_string(),
                checkpoint: self.cosigned(room, &view).await?,
                cosigned: self.cosigned_before(room, &view).await?,
            });
        }
        Ok(ListResponse { rooms })
    }

    async fn prove(&self, caller: &Caller, request: &ProveRequest) -> Result<Proof, Status> {
        let (room, view) = self.gate.room(caller, &request.room).await?;
        let newest = view.size();
        let size = if request.size == 0 { newest } else { TreeSize(request.size) };
        if size > newest {
            let message = format!("the room has {} entries, fewer than {}", newest.0, size.0);
            return Err(error::refused("OUT_OF_RANGE", Some("size"), message));
        }
        let range = |error: ProofError| error::refused("OUT_OF_RANGE", None, error.to_string());
        let mut proof =
            Proof { size: size.0, checkpoint: self.cosigned(room, &view).await?, ..Proof::default() };
        if request.inclusion {
            let plan = InclusionPlan::new(request.index, size).map_err(range)?;
            let hashes = self.hashes(room, plan.nodes()).await?;
            proof.inclusion = to_bytes(&plan.resolve(&hashes).map_err(|_| error::fault())?);
            let rows = self.registry.store().rows(&room.0, request.index, 1, usize::MAX, false).await;
            let row = rows.map_err(|error| broken(&error))?.into_iter().next();
            proof.entry = row.map(|row| row.entry).unwrap_or_default();
        }
        if request.from_size > 0 {
            let plan = ConsistencyPlan::new(TreeSize(request.from_size), size).map_err(range)?;
            let hashes = self.hashes(room, plan.nodes()).await?;
            proof.consistency = to_bytes(&plan.resolve(&hashes).map_err(|_| error::fault())?);
        }
        Ok(proof)
    }

    /// The inclusion proof of an entry in the tree of a view.
    pub(super) async fn inclusion(
        &self,
        room: RoomId,
        index: u64,
        view: &RoomView,
    ) -> Result<Vec<Bytes>, Status> {
        let plan = InclusionPlan::new(index, view.size()).map_err(|_| error::fault())?;
        // Of an entry that came with the view's own commit, all is in memory.
        let known: Option<Vec<_>> =
            plan.nodes().iter().map(|node| view.newest_nodes.get(node).copied()).collect();
        let hashes = match known {
            Some(hashes) => hashes,
            None => self.hashes(room, plan.nodes()).await?,
        };
        Ok(to_bytes(&plan.resolve(&hashes).map_err(|_| error::fault())?))
    }

    async fn hashes(
        &self,
        room: RoomId,
        nodes: &[NodeId],
    ) -> Result<Vec<tearline_ledger::digest::Digest>, Status> {
        self.registry.store().hashes(&room.0, nodes).await.map_err(|error| broken(&error))
    }
}

fn to_bytes(hashes: &[tearline_ledger::digest::Digest]) -> Vec<Bytes> {
    hashes.iter().map(|hash| Bytes::copy_from_slice(hash.as_bytes())).collect()
}

/// Signature lines of others than the log.
fn witness_lines<'a>(note: &'a Note, log: &VerifierKey) -> impl Iterator<Item = &'a SignatureLine> {
    let log = matches!(log.material(), KeyMaterial::Ed25519(_)).then(|| log.clone());
    note.signatures().iter().filter(move |line| log.as_ref().is_none_or(|log| !line.claims(log)))
}

/// A store that does not answer is the operator's business; the caller learns that it is one.
pub(super) fn broken(error: &StoreError) -> Status {
    tracing::error!(%error, "the store does not answer");
    error::fault()
}
