//! What the server answers when it does not do what was asked: gRPC statuses with `google.rpc`
//! details, so that a client can show what was wrong, in which field, and what to do.
//!
//! This file refuses to know the rules: it is given facts. Nothing in an answer about one room may
//! tell of another (`docs/spec.md`, annex C), so a room that the caller may not enter and a room
//! that does not exist have one constant answer.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The domain of every `ErrorInfo`: with the reason, it names the error for machines.
pub const DOMAIN: &str = "tearline";

/// The request breaks a rule and will break it again: `INVALID_ARGUMENT`.
///
/// `reason` is upper snake case and stable; `field` is the path of the field in the request;
/// `message` says what is wrong and what to do.
pub fn refused(reason: &'static str, field: Option<&str>, message: impl Into<String>) -> Status {
    let message = message.into();
    let mut details = info(reason);
    if let Some(field) = field {
        details.add_bad_request_violation(field, &message);
    }
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The request was right once, or may be right later, but not in the room's present state:
/// `FAILED_PRECONDITION`. `subject` names what stands in the way, as in `rooms/ROOM-ID`.
pub fn conflict(reason: &'static str, subject: &str, message: impl Into<String>) -> Status {
    let message = message.into();
    let mut details = info(reason);
    details.add_precondition_failure_violation(reason, subject, &message);
    Status::with_error_details(Code::FailedPrecondition, message, details)
}

/// The one answer for a room that does not exist and for one that the caller may not enter:
/// `NOT_FOUND`. It has no parameter, so that it cannot tell the two apart.
pub fn no_such_room() -> Status {
    Status::with_error_details(
        Code::NotFound,
        "there is no such room among your rooms: `List` names them",
        info("NO_SUCH_ROOM"),
    )
}

/// The room is the caller's, and what was asked for is not in it: `NOT_FOUND`.
pub fn not_in_room(reason: &'static str, message: impl Into<String>) -> Status {
    Status::with_error_details(Code::NotFound, message, info(reason))
}

/// The caller may be in the room but not do this: `PERMISSION_DENIED`.
pub fn not_allowed(reason: &'static str, message: impl Into<String>) -> Status {
    Status::with_error_details(Code::PermissionDenied, message, info(reason))
}

/// The caller is nobody to this server, or no longer: `UNAUTHENTICATED`.
pub fn unauthenticated(reason: &'static str, message: impl Into<String>) -> Status {
    Status::with_error_details(Code::Unauthenticated, message, info(reason))
}

/// A limit of the caller's own organisation is reached: `RESOURCE_EXHAUSTED`.
///
/// `limit` is the key in the server's configuration; `retry` is how long to wait, if waiting helps.
/// Limits are reserved for each organisation, so this never tells of another's traffic.
pub fn limit(limit: &'static str, message: impl Into<String>, retry: Option<Duration>) -> Status {
    let message = message.into();
    let mut details = info("LIMIT");
    details.add_quota_failure_violation(limit, &message);
    if retry.is_some() {
        details.set_retry_info(retry);
    }
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// The request took longer than the server gives it: `DEADLINE_EXCEEDED`. It may have been done.
pub fn too_slow(after: Duration) -> Status {
    Status::with_error_details(
        Code::DeadlineExceeded,
        format!("not answered within {} s; whether it was done is unknown: ask again", after.as_secs()),
        info("TOO_SLOW"),
    )
}

/// The server is stopping or starting: `UNAVAILABLE`, to be tried again after `retry`.
pub fn unavailable(message: impl Into<String>, retry: Duration) -> Status {
    let mut details = info("UNAVAILABLE");
    details.set_retry_info(Some(retry));
    Status::with_error_details(Code::Unavailable, message, details)
}

/// A fault of the server: `INTERNAL`. What it was goes to the log, under `tracing`, and not to the caller.
pub fn fault() -> Status {
    Status::with_error_details(
        Code::Internal,
        "the server failed; nothing was acknowledged. Its operator finds the cause in its log",
        info("FAULT"),
    )
}

fn info(reason: &'static str) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_reason_field_and_remedy() {
        let status =
            refused("BAD_LENGTH", Some("submissions[3].room"), "a room id is 32 bytes: copy it whole");
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        let error = details.error_info().unwrap();
        assert_eq!((error.reason.as_str(), error.domain.as_str()), ("BAD_LENGTH", DOMAIN));
        let violation = details.bad_request().unwrap().field_violations.first().unwrap();
        assert_eq!(violation.field, "submissions[3].room");
        assert_eq!(violation.description, "a room id is 32 bytes: copy it whole");
    }

    #[test]
    fn a_limit_says_which_one_and_when_to_come_back() {
        let status = limit("statements_per_minute", "too many", Some(Duration::from_secs(3)));
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(
            details.quota_failure().unwrap().violations.first().unwrap().subject,
            "statements_per_minute"
        );
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(Duration::from_secs(3)));
    }

    /// Pinned: clients tell "no such room" by these bytes, and they may hold nothing of any room.
    #[test]
    fn the_answer_for_a_room_that_is_not_yours_is_constant() {
        let status = no_such_room();
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(status.details(), no_such_room().details());
        assert_eq!(
            hex::encode(status.details()),
            concat!(
                "080512397468657265206973206e6f207375636820726f6f6d20616d6f6e6720796f757220726f6f",
                "6d733a20604c69737460206e616d6573207468656d1a440a28747970652e676f6f676c6561706973",
                "2e636f6d2f676f6f676c652e7270632e4572726f72496e666f12180a0c4e4f5f535543485f524f4f",
                "4d1208746561726c696e65",
            )
        );
    }
}
