//! A room's state as bytes, for whoever resumes from its own disk instead of replaying the log.
//!
//! It is derived, private to one version of the program, and trusted only as far as the disk is.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use prost::Message;

use super::{
    Refusal,
    state::{Constitution, OpenProposal, Purpose, RoomState},
};
use crate::{
    id::{Identity, RoomId},
    keys::KeyId,
    merkle::TreeSize,
    name::NameError,
    statement::{Act, Statement, StatementError},
};

/// Why bytes are not a snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Not in the shape of one.
    #[error("the stored state of the room is damaged: {0}")]
    Damaged(&'static str),
    /// Its charter does not parse.
    #[error("the stored state of the room is damaged: {0}")]
    Statement(#[from] StatementError),
    /// A name in it does not parse.
    #[error("the stored state of the room is damaged: {0}")]
    Name(#[from] NameError),
    /// Its charter contradicts its keys.
    #[error("the stored state of the room is damaged: {0}")]
    Refusal(#[from] Refusal),
}

#[derive(Clone, PartialEq, Message)]
struct Snapshot {
    #[prost(bytes = "bytes", tag = "1")]
    room: Bytes,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(bytes = "bytes", tag = "4")]
    charter_payload: Bytes,
    #[prost(uint64, tag = "5")]
    charter_index: u64,
    #[prost(message, repeated, tag = "6")]
    parties: Vec<PartyRow>,
    #[prost(message, repeated, tag = "7")]
    keys: Vec<KeyRow>,
    #[prost(message, repeated, tag = "8")]
    proposals: Vec<ProposalRow>,
}

#[derive(Clone, PartialEq, Message)]
struct PartyRow {
    #[prost(string, tag = "1")]
    org: String,
    #[prost(bool, tag = "2")]
    custodian: bool,
}

#[derive(Clone, PartialEq, Message)]
struct KeyRow {
    #[prost(bytes = "bytes", tag = "1")]
    id: Bytes,
    #[prost(string, tag = "2")]
    member: String,
    #[prost(uint32, tag = "3")]
    purpose: u32,
}

#[derive(Clone, PartialEq, Message)]
struct ProposalRow {
    #[prost(bytes = "bytes", tag = "1")]
    identity: Bytes,
    #[prost(uint64, tag = "2")]
    index: u64,
    #[prost(string, tag = "3")]
    author: String,
    #[prost(uint32, tag = "4")]
    quorum: u32,
    #[prost(uint64, tag = "5")]
    not_after: u64,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    targets: Vec<Bytes>,
    #[prost(message, repeated, tag = "7")]
    signatures: Vec<SignerRow>,
}

#[derive(Clone, PartialEq, Message)]
struct SignerRow {
    #[prost(string, tag = "1")]
    member: String,
    #[prost(bytes = "bytes", tag = "2")]
    key_id: Bytes,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    signatures: Vec<Bytes>,
}

impl RoomState {
    /// The state as bytes, without its size and last time, which the log itself tells.
    pub fn snapshot(&self) -> Bytes {
        let constitution = &self.constitution;
        let parties = constitution.parties.iter();
        let keys = constitution.keys.iter();
        Snapshot {
            room: bytes(constitution.room.as_bytes()),
            domain: constitution.domain.as_str().to_owned(),
            name: constitution.name.as_str().to_owned(),
            charter_payload: constitution.charter_payload.clone(),
            charter_index: constitution.charter_index,
            parties: parties
                .map(|(org, custodian)| PartyRow { org: org.as_str().to_owned(), custodian: *custodian })
                .collect(),
            keys: keys
                .map(|(id, (member, purpose))| KeyRow {
                    id: bytes(id.as_bytes()),
                    member: member.as_str().to_owned(),
                    purpose: *purpose as u32,
                })
                .collect(),
            proposals: self.proposals.iter().map(|(identity, open)| proposal_row(*identity, open)).collect(),
        }
        .encode_to_vec()
        .into()
    }

    /// The state that [`Self::snapshot`] gave, of a log of `size` entries, the last accepted then.
    pub fn restore(snapshot: &[u8], size: TreeSize, last_accepted_at: u64) -> Result<Self, SnapshotError> {
        let row = Snapshot::decode(snapshot).map_err(|_| SnapshotError::Damaged("it does not decode"))?;
        let room = RoomId::from_slice(&row.room).ok_or(SnapshotError::Damaged("room id"))?;
        let Act::Charter(charter) = Statement::parse(&row.charter_payload)?.act else {
            return Err(SnapshotError::Damaged("its charter is none"));
        };
        let names = (row.domain.parse()?, row.name.parse()?);
        let place = (row.charter_index, row.charter_payload.clone());
        let mut constitution = Constitution::enter(None, room, names, *charter, place)?;
        for party in row.parties {
            *constitution.parties.entry(party.org.parse()?).or_default() |= party.custodian;
        }
        for key in row.keys {
            let id = KeyId::from_slice(&key.id).ok_or(SnapshotError::Damaged("key id"))?;
            let purpose = [Purpose::Sign, Purpose::Seal, Purpose::Tls]
                .into_iter()
                .find(|purpose| *purpose as u32 == key.purpose)
                .ok_or(SnapshotError::Damaged("key purpose"))?;
            constitution.keys.insert(id, (key.member.parse()?, purpose));
        }
        let proposals = row
            .proposals
            .into_iter()
            .map(open_proposal)
            .collect::<Result<BTreeMap<_, _>, SnapshotError>>()?;
        Ok(Self {
            constitution: Arc::new(constitution),
            proposals: Arc::new(proposals),
            size,
            last_accepted_at,
        })
    }
}

fn bytes(slice: &[u8]) -> Bytes {
    Bytes::copy_from_slice(slice)
}

fn proposal_row(identity: Identity, open: &OpenProposal) -> ProposalRow {
    ProposalRow {
        identity: bytes(identity.as_bytes()),
        index: open.index,
        author: open.author.as_str().to_owned(),
        quorum: open.quorum,
        not_after: open.not_after,
        targets: open.targets.iter().map(|target| bytes(target.as_bytes())).collect(),
        signatures: open
            .signatures
            .iter()
            .map(|(member, key_id, all)| SignerRow {
                member: member.as_str().to_owned(),
                key_id: bytes(key_id.as_bytes()),
                signatures: all.iter().map(|signature| bytes(signature)).collect(),
            })
            .collect(),
    }
}

fn open_proposal(row: ProposalRow) -> Result<(Identity, OpenProposal), SnapshotError> {
    let damaged = || SnapshotError::Damaged("open proposal");
    let identity = |bytes: &Bytes| Identity::from_slice(bytes).ok_or_else(damaged);
    let signature = |bytes: &Bytes| bytes.as_ref().try_into().map_err(|_| damaged());
    let signatures = row
        .signatures
        .into_iter()
        .map(|signer| {
            let all = signer.signatures.iter().map(signature).collect::<Result<Vec<_>, _>>()?;
            Ok((signer.member.parse()?, KeyId::from_slice(&signer.key_id).ok_or_else(damaged)?, all))
        })
        .collect::<Result<Vec<_>, SnapshotError>>()?;
    let open = OpenProposal {
        index: row.index,
        author: row.author.parse()?,
        quorum: row.quorum,
        not_after: row.not_after,
        targets: row.targets.iter().map(identity).collect::<Result<_, _>>()?,
        signatures,
    };
    Ok((identity(&row.identity)?, open))
}
