//! Calls to the server: one function each, with the server's refusals as facts.
//!
//! What it answers is verified by those who call. Nothing here is believed.

use std::{future::Future, time::Duration};

use bytes::Bytes;
use tearline_ledger::{digest::Digest, id::RoomId};
use tearline_proto::v1::{self, attachments_client::AttachmentsClient, rooms_client::RoomsClient};
use tonic::{Status, Streaming, transport::Channel};
use tonic_types::StatusExt as _;

use crate::{
    connect::{ConnectError, Connection, Credentials},
    desk::Desk,
    error::{Error, Refused},
};

/// How long a call, or the next message of a stream that is not followed, may take.
pub const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// The longest message: rows with the sealed content of several posts.
const MESSAGE_MAX: usize = 64 << 20;

/// A connection with the server's services; or, for a desk that goes by courier, none.
#[derive(Debug, Clone)]
pub struct Session(Option<Line>);

#[derive(Debug, Clone)]
struct Line {
    connection: Connection,
    rooms: RoomsClient<Channel>,
    attachments: AttachmentsClient<Channel>,
}

/// What to read of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Which log.
    pub room: RoomId,
    /// From which index on.
    pub from: u64,
    /// How many entries; 0: to the end.
    pub limit: u64,
    /// With sealed content.
    pub content: bool,
    /// And whatever comes later.
    pub follow: bool,
}

impl Session {
    /// Connects this desk to its server.
    pub async fn open(desk: &Desk) -> Result<Self, Error> {
        // First, for a desk that has not joined has no certificate either.
        let server = desk.profile().server()?;
        let credentials = Credentials::load(desk.profile(), desk.vault()?)?;
        Ok(Self::over(Connection::open(server, credentials).await?))
    }

    /// The services over a connection.
    pub fn over(connection: Connection) -> Self {
        let rooms = RoomsClient::new(connection.channel())
            .max_decoding_message_size(MESSAGE_MAX)
            .max_encoding_message_size(MESSAGE_MAX);
        let attachments = AttachmentsClient::new(connection.channel()).max_decoding_message_size(MESSAGE_MAX);
        Self(Some(Line { connection, rooms, attachments }))
    }

    /// No connection: every call fails with [`Error::ByCourier`].
    pub fn by_courier() -> Self {
        Self(None)
    }

    /// Whether there is no connection, and there is to be none.
    pub fn goes_by_courier(&self) -> bool {
        self.0.is_none()
    }

    /// The attachments service.
    pub fn attachments(&self) -> Result<AttachmentsClient<Channel>, Error> {
        Ok(self.line()?.attachments.clone())
    }

    fn line(&self) -> Result<&Line, Error> {
        self.0.as_ref().ok_or(Error::ByCourier)
    }

    fn rooms(&self) -> Result<RoomsClient<Channel>, Error> {
        Ok(self.line()?.rooms.clone())
    }

    /// Whether an attachment may be sent, and how many of its sealed bytes the server has.
    pub async fn offer(&self, room: RoomId, digest: Digest, size: u64) -> Result<u64, Error> {
        let digest = Bytes::copy_from_slice(digest.as_bytes());
        let request = v1::OfferRequest { room: id_bytes(room), digest, size };
        Ok(self.call(self.attachments()?.offer(request)).await?.received)
    }

    /// The caller's rooms, as a cut.
    pub async fn list(&self) -> Result<Vec<v1::RoomHead>, Error> {
        Ok(self.call(self.rooms()?.list(v1::ListRequest {})).await?.rooms)
    }

    /// Submissions, all or none.
    pub async fn append(&self, submissions: Vec<v1::Submission>) -> Result<Vec<v1::Receipt>, Error> {
        Ok(self.call(self.rooms()?.append(v1::AppendRequest { submissions })).await?.receipts)
    }

    /// Entries of a log, then the checkpoint that covers them.
    pub async fn read(&self, reading: Reading) -> Result<Rows<'_>, Error> {
        let Reading { room, from, limit, content, follow } = reading;
        let request = v1::ReadRequest { room: id_bytes(room), from, limit, content, follow };
        let stream = self.call(self.rooms()?.read(request)).await?;
        Ok(Rows { session: self, stream, follow })
    }

    /// Proofs and the newest checkpoint.
    pub async fn prove(&self, request: v1::ProveRequest) -> Result<v1::Proof, Error> {
        self.call(self.rooms()?.prove(request)).await
    }

    /// Hands over a checkpoint with this desk's cosignature.
    pub async fn cosign(&self, room: RoomId, checkpoint: Bytes) -> Result<(), Error> {
        let request = v1::CosignRequest { room: id_bytes(room), checkpoint };
        self.call(self.rooms()?.cosign(request)).await.map(drop)
    }

    /// Whether a member of one of this desk's rooms would be let in now by these certificates; if not, it is refused
    /// with the reason.
    pub async fn vouch(&self, certificates: Vec<Bytes>) -> Result<(), Error> {
        self.call(self.rooms()?.vouch(v1::VouchRequest { certificates })).await.map(drop)
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<tonic::Response<T>, Status>>,
    ) -> Result<T, Error> {
        let answer = tokio::time::timeout(CALL_TIMEOUT, call).await.map_err(|_| self.timed_out())?;
        Ok(answer.map_err(|status| self.refused(&status))?.into_inner())
    }

    /// Nothing came for as long as a call may take.
    pub(crate) fn timed_out(&self) -> Error {
        let Some(line) = &self.0 else { return Error::ByCourier };
        let address = line.connection.address().to_owned();
        let reason = format!("no answer within {} seconds", CALL_TIMEOUT.as_secs());
        ConnectError::Lost { address, reason }.into()
    }

    /// A status as a fact: the connection's, or the server's.
    pub fn refused(&self, status: &Status) -> Error {
        if let Some(error) = self.0.as_ref().and_then(|line| line.connection.explain(status)) {
            return error.into();
        }
        let details = status.get_error_details();
        let field = details.bad_request().and_then(|bad| bad.field_violations.first());
        let retry = details.retry_info().and_then(|retry| retry.retry_delay);
        Error::Refused(Box::new(Refused {
            code: status.code(),
            reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
            message: status.message().to_owned(),
            field: field.map(|field| field.field.clone()),
            retry_after: retry.map(|delay| delay.as_secs()),
        }))
    }
}

/// A stream of rows.
#[derive(Debug)]
pub struct Rows<'a> {
    session: &'a Session,
    stream: Streaming<v1::Rows>,
    follow: bool,
}

impl Rows<'_> {
    /// The next message; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<v1::Rows>, Error> {
        let next = self.stream.message();
        let next = if self.follow {
            next.await
        } else {
            tokio::time::timeout(CALL_TIMEOUT, next).await.map_err(|_| self.session.timed_out())?
        };
        next.map_err(|status| self.session.refused(&status))
    }
}

pub(crate) fn id_bytes(room: RoomId) -> Bytes {
    Bytes::copy_from_slice(room.as_bytes())
}
