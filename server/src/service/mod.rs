//! The gRPC services: thin, for all meaning lies in statements.

pub mod attachments;
pub mod rooms;

mod append;
mod attached;
mod read;
mod vouch;
mod witnessed;

pub(crate) use append::entered;
pub use witnessed::Witnessed;
