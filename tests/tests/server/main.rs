//! The shipped server as a process, asked by raw gRPC over mutual TLS. One file a subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod appending;
mod attachments;
mod certificates;
mod isolation;
mod limits;
mod purge;
mod records;
mod release;
mod restart;
mod streams;

use tearline_tests::desk::Desk;
use tearline_tests::live::Live;
use tonic::Status;
use tonic_types::StatusExt as _;

/// The stable reason of a refusal, for machines.
fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// Posts a note of a party's desk in the room of this name.
async fn note(live: &mut Live, room: &str, desk: &Desk, text: &str) -> tearline_proto::v1::Receipt {
    let room = live.room(room).unwrap();
    let post = live.world().post(room, desk, text).unwrap();
    live.send(&post, &[desk]).await.unwrap().unwrap()
}
