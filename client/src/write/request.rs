//! A request and the reply to it; and what is a text alone: a note, a correction.

use tearline_proto::v1::{self, Stance, content::Kind};

use super::{Body, WriteError, place, text_below};
use crate::{
    front::{Front, utc},
    show::words::Scale as _,
};

pub(super) fn request(mut front: Front) -> Result<Body, WriteError> {
    let reply_by = front.take("reply-by", utc)?.unwrap_or(0);
    let place = place::take(&mut front, "place")?;
    Ok(Kind::Request(v1::Request { text: text_below(front)?, reply_by, place }).into())
}

pub(super) fn reply(mut front: Front) -> Result<Body, WriteError> {
    let stance = front.need("stance", Stance::parse)?.into();
    Ok(Kind::Reply(v1::Reply { text: text_below(front)?, stance }).into())
}

pub(super) fn note(front: Front) -> Result<Body, WriteError> {
    Ok(Kind::Note(v1::Note { text: text_below(front)? }).into())
}

pub(super) fn correction(front: Front) -> Result<Body, WriteError> {
    Ok(Kind::Correction(v1::Correction { text: text_below(front)? }).into())
}
