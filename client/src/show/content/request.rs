//! A request, and the reply to it.

use tearline_proto::v1::{Reply, Request, Stance};

use super::fields::{Fields, Object, place};
use crate::show::words::Scale as _;

pub(super) fn text(request: &Request) -> String {
    Fields::default()
        .place("PLACE", request.place.as_ref())
        .time("REPLY BY", request.reply_by)
        .paragraph(&request.text)
        .to_string()
}

pub(super) fn json(request: &Request, out: &mut Object) {
    out.text("text", &request.text);
    out.set("place", place(request.place.as_ref()));
    out.time("reply_by", request.reply_by);
}

pub(super) fn reply_text(reply: &Reply) -> String {
    Fields::default().headline(Stance::word(reply.stance)).paragraph(&reply.text).to_string()
}

pub(super) fn reply_json(reply: &Reply, out: &mut Object) {
    out.text("stance", Stance::word(reply.stance));
    out.text("text", &reply.text);
}
