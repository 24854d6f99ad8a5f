//! Opens what a statement carries sealed.
//!
//! Specification: `docs/spec.md`, section 7.2. Knows nothing of what is inside but its length.

use tearline_proto::v1;
use zeroize::Zeroizing;

use super::OpenFault;
use crate::{
    encoding,
    id::RoomId,
    roomkey::RoomKeys,
    seal::{self, Claim, Context},
    statement::Statement,
};

/// The sealed part of a proposal of this chamber.
pub fn open_proposal(
    chamber: RoomId,
    keys: &RoomKeys,
    statement: &Statement,
    sealed: &[u8],
) -> Result<v1::Proposed, OpenFault> {
    let plain = open_sealed(chamber, keys, statement, sealed)?;
    Ok(encoding::decode("sealed part of the proposal", &plain)?)
}

/// The content of a statement of this room, not yet interpreted; wiped when dropped.
pub fn open_sealed(
    room: RoomId,
    keys: &RoomKeys,
    statement: &Statement,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenFault> {
    let post = statement.sealed().ok_or(OpenFault::NothingSealed)?;
    let key = keys.get(post.epoch).ok_or(OpenFault::NoKey(post.epoch))?;
    let context = Context {
        room: &room.0,
        epoch: post.epoch,
        id: statement.id.as_bytes(),
        author: statement.author.as_str(),
    };
    let claim = Claim {
        salt: post.salt,
        key_commitment: *post.key_commitment.as_bytes(),
        digest: post.digest,
        size: post.size,
    };
    Ok(Zeroizing::new(seal::open(key, &context, &claim, sealed)?))
}
