//! A party's desk that posts and reads as a real client does, fast: it seals, signs, verifies receipts
//! and proofs, opens what it reads. It refuses to know how it is measured.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use prost::Message as _;
use tearline_ledger::{
    checkpoint::{Origin, SignedCheckpoint},
    digest::Digest,
    entry::Entry,
    envelope::{Envelope, PayloadType},
    id::{RoomId, StatementId},
    keys::{PublicKey, fresh},
    note::VerifierKey,
    rules,
    seal::{self, Claim, Context},
    statement::{Act, Basis, Post, Signed, Statement},
    wrap::RoomKey,
};
use tearline_proto::v1;
use tearline_tests::{
    desk::{Desk, domain},
    live::{Live, client::Client, receipt},
};

/// Statements whose signatures a reader verifies together.
const BATCH: usize = 64;
/// Opened checkpoints that are remembered.
const CHECKPOINTS: usize = 512;

/// The desk, its room, and what it has verified of it.
pub(crate) struct Author {
    desk: Desk,
    room: RoomId,
    epoch: u64,
    room_key: RoomKey,
    log: VerifierKey,
    sign_key: PublicKey,
    known: Mutex<Known>,
    unverified: Mutex<Vec<Signed>>,
    turn: AtomicU64,
}

struct Known {
    newest: Basis,
    checkpoints: HashMap<Bytes, Arc<SignedCheckpoint>>,
    leaves: HashMap<u64, Digest>,
}

/// A statement ready to be sent.
pub(crate) struct Ready {
    envelope: Bytes,
    content: Bytes,
}

impl Author {
    /// The desk in a room that a live instance has founded.
    pub(crate) fn new(live: &mut Live, desk: Desk, room: RoomId) -> Result<Self> {
        let log = Origin::new(domain()?, room.0).log_key(&live.site.log_vkey);
        let newest = live.world().basis(room)?;
        let room_key = live.world().room_key(room)?.clone();
        let epoch = live.world().state(room)?.charter().epoch;
        let known = Known { newest, checkpoints: HashMap::new(), leaves: HashMap::new() };
        Ok(Self {
            sign_key: desk.card().sign_key,
            desk,
            room,
            epoch,
            room_key,
            log,
            known: Mutex::new(known),
            unverified: Mutex::default(),
            turn: AtomicU64::new(0),
        })
    }

    /// Entries whose place in the room is verified.
    pub(crate) fn entries(&self) -> u64 {
        self.known().leaves.len() as u64
    }

    /// Posts `count` statements of 1 KiB in one call, and verifies every receipt.
    pub(crate) async fn publish(&self, mut client: Client, count: u64) -> Result<u64> {
        let ready = (0..count).map(|_| self.write()).collect::<Result<Vec<_>>>()?;
        let submission = |ready: &Ready| v1::Submission {
            room: Bytes::copy_from_slice(self.room.as_bytes()),
            envelope: ready.envelope.clone(),
            content: ready.content.clone(),
        };
        let request = v1::AppendRequest { submissions: ready.iter().map(submission).collect() };
        let receipts = client.rooms.append(request).await?.into_inner().receipts;
        ensure!(receipts.len() == ready.len(), "not every statement has a receipt");
        for (receipt, ready) in receipts.iter().zip(&ready) {
            let checkpoint = self.checkpoint(&receipt.checkpoint)?;
            let entry = receipt::verify_in(receipt, &checkpoint, &ready.envelope)?;
            self.known().leaves.insert(receipt.index, entry.leaf());
        }
        Ok(count)
    }

    /// Reads one entry that it knows the place of, verifies and opens it.
    pub(crate) async fn fetch(&self, mut client: Client) -> Result<u64> {
        let entries = self.entries();
        // A stride that visits all in an order that no cache foresees.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let index = 1 + turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) % entries;
        let room = Bytes::copy_from_slice(self.room.as_bytes());
        let request = v1::ReadRequest { room, from: index, limit: 1, content: true, follow: false };
        let mut stream = client.rooms.read(request).await?.into_inner();
        let message = stream.message().await?.context("no row")?;
        ensure!(stream.message().await?.is_none(), "more rows than were asked for");
        self.checkpoint(&message.checkpoint)?;
        let [row] = <[v1::Row; 1]>::try_from(message.rows).map_err(|_| anyhow::anyhow!("not one row"))?;
        let entry = Entry::parse(row.entry)?;
        let known = self.known().leaves.get(&index).copied();
        ensure!(row.index == index && known == Some(entry.leaf()), "another entry than stands there");
        let signed = entry.statement().context("no statement")?;
        self.open(signed, &row.content.context("no content")?)?;
        self.verify_later(signed.clone())?;
        Ok(1)
    }

    fn write(&self) -> Result<Ready> {
        let id = StatementId::new(receipt::now(), *fresh::<10>()?);
        let note = v1::Note { text: "x".repeat(960) };
        let content = v1::Content {
            written_at: receipt::now(),
            precedence: v1::Precedence::Routine.into(),
            subject: "Column towards Sake".to_owned(),
            kind: Some(v1::content::Kind::Note(note)),
            ..v1::Content::default()
        };
        let sealed = seal::seal(
            &self.room_key,
            &seal::fresh_salt()?,
            &self.context(&id, self.epoch),
            &content.encode_to_vec(),
        )?;
        let Claim { salt, key_commitment, digest, size } = sealed.claim;
        let post = Post {
            epoch: self.epoch,
            salt,
            key_commitment: Digest(key_commitment),
            digest,
            size,
            attachments: Vec::new(),
            content_until: None,
            manifests: Vec::new(),
        };
        let statement = Statement {
            id,
            room: Some(self.room),
            author: self.desk.name().clone(),
            basis: self.known().newest,
            not_after: None,
            act: Act::Post(post),
        };
        let envelope = Envelope::sign(PayloadType::Statement, statement.encode(), self.desk.sign_key());
        Ok(Ready { envelope: envelope.encode(), content: sealed.bytes.into() })
    }

    fn open(&self, signed: &Signed, sealed: &[u8]) -> Result<()> {
        let statement = &signed.statement;
        let post = statement.sealed().context("no post")?;
        let claim = Claim {
            salt: post.salt,
            key_commitment: post.key_commitment.0,
            digest: post.digest,
            size: post.size,
        };
        let place = self.context(&statement.id, post.epoch);
        let plain = seal::open(&self.room_key, &place, &claim, sealed)?;
        let content = v1::Content::decode(plain.as_slice())?;
        ensure!(content.kind.is_some(), "the content is empty");
        Ok(())
    }

    fn context<'a>(&'a self, id: &'a StatementId, epoch: u64) -> Context<'a> {
        Context { room: &self.room.0, epoch, id: id.as_bytes(), author: self.desk.name().as_str() }
    }

    /// The checkpoint, verified once however many receipts come with it.
    fn checkpoint(&self, bytes: &Bytes) -> Result<Arc<SignedCheckpoint>> {
        if let Some(checkpoint) = self.known().checkpoints.get(bytes) {
            return Ok(Arc::clone(checkpoint));
        }
        let checkpoint = Arc::new(SignedCheckpoint::open(bytes, &self.log)?);
        let mut known = self.known();
        if checkpoint.size() > known.newest.size {
            known.newest = Basis { size: checkpoint.size(), root: checkpoint.root() };
        }
        if known.checkpoints.len() >= CHECKPOINTS {
            known.checkpoints.clear();
        }
        known.checkpoints.insert(bytes.clone(), Arc::clone(&checkpoint));
        Ok(checkpoint)
    }

    /// Signatures are verified in batches, as a client does that catches up.
    fn verify_later(&self, signed: Signed) -> Result<()> {
        let mut unverified = self.unverified.lock().unwrap_or_else(PoisonError::into_inner);
        unverified.push(signed);
        if unverified.len() < BATCH {
            return Ok(());
        }
        let batch = std::mem::take(&mut *unverified);
        drop(unverified);
        let key = self.sign_key.key_id();
        for checked in rules::check(batch, |_, id| (*id == key).then_some(self.sign_key)) {
            checked?;
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
