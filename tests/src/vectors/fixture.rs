//! Desks, a small charter and plain statements that the vectors are made from. None of them stands in
//! a room, so nothing in them has to be true.

use anyhow::Result;
use bytes::Bytes;
use tearline_ledger::{
    charter::{Charter, Founding, Limits, Member, Service},
    digest::Digest,
    id::{RoomId, StatementId},
    merkle::TreeSize,
    name::Role,
    statement::{Act, Basis, Post, Statement},
};

use crate::{
    desk::{Desk, domain},
    house::LogKey,
};

/// When statements of vectors were made: a whole hour, in seconds since 1970.
pub(super) const TIME: u64 = 1_699_999_200;
/// The room of statements that found none.
pub(super) const ROOM: RoomId = RoomId(Digest([0x11; 32]));

/// Two mediators, a party's custodian and liaison, an auditor.
pub(super) struct Few {
    pub(super) washington: Desk,
    pub(super) kinshasa: Desk,
    pub(super) delegation: Desk,
    pub(super) liaison: Desk,
    pub(super) monitor: Desk,
}

impl Few {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            washington: Desk::new(Role::Mediator, "us/washington")?,
            kinshasa: Desk::new(Role::Mediator, "us/kinshasa")?,
            delegation: Desk::custodian("drc/delegation")?,
            liaison: Desk::new(Role::Party, "drc/liaison")?,
            monitor: Desk::new(Role::Auditor, "un/monitor-1")?,
        })
    }
}

/// The key of every log.
pub(super) fn log_key() -> LogKey {
    LogKey::from_seed(&[0x10; 32])
}

/// A charter of the few; its wraps are wraps in length only.
pub(super) fn charter(few: &Few, founding: bool) -> Result<Charter> {
    let domain = domain()?;
    let wrapped = |member: Member| {
        let wrap = member.seal_key.is_some().then(|| Bytes::from_static(&[0x33; 4]));
        Member { wrap, ..member }
    };
    let members = [
        few.monitor.member(),
        few.kinshasa.member(),
        few.washington.member(),
        few.delegation.member(),
        few.liaison.member_endorsed_by(&few.delegation),
    ];
    Ok(Charter {
        founding: founding
            .then(|| {
                Ok::<_, anyhow::Error>(Founding {
                    domain: domain.clone(),
                    name: "drc".parse()?,
                    nonce: [0x22; 32],
                })
            })
            .transpose()?,
        epoch: if founding { 1 } else { 2 },
        quorum: 2,
        log_vkey: log_key().vkey(&domain)?,
        limits: Limits::default(),
        key_commitment: Digest([0x44; 32]),
        members: members.into_iter().map(wrapped).collect(),
        succession: false,
        service: Service { address: "localhost:7443".to_owned(), authority: Digest([0x55; 32]) },
    })
}

/// A sealed part; nothing is sealed.
pub(super) fn post() -> Post {
    Post {
        epoch: 1,
        salt: [0x66; 32],
        key_commitment: Digest([0x77; 32]),
        digest: Digest([0x88; 32]),
        size: 1040,
        attachments: Vec::new(),
        content_until: None,
        manifests: Vec::new(),
    }
}

/// A statement of a desk in [`ROOM`], or a founding charter.
pub(super) fn statement(author: &Desk, act: Act) -> Statement {
    let founding = matches!(&act, Act::Charter(charter) if charter.founding.is_some());
    let basis = Basis { size: TreeSize(7), root: Digest([0x99; 32]) };
    Statement {
        id: StatementId::new(TIME, [0xaa; 10]),
        room: (!founding).then_some(ROOM),
        author: author.name().clone(),
        basis: if founding { Basis::NOTHING } else { basis },
        not_after: None,
        act,
    }
}
