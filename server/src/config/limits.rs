//! Every limit of the server, with its default: whatever a stranger or a member can make grow.
//!
//! Shares are given for one organisation; the server's total is that times `organisations`. This file
//! refuses to know how a limit is kept. Specification: `docs/operations.md`.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Deserializer};

/// All limits. Times are whole seconds in the file, sizes are bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest message in either direction. At least 64 KiB, at most 64 MiB.
    pub message_bytes: NonZeroU32,
    /// The largest attachment, sealed.
    pub attachment_bytes: u64,
    /// Attachments that one organisation may have sent, whole or in part, and that no statement names yet.
    pub uploads_per_organisation: NonZeroU32,
    /// How many organisations have places reserved: mediators, parties and auditors together.
    pub organisations: NonZeroU32,
    /// Open connections of one organisation.
    pub connections_per_organisation: NonZeroU32,
    /// Calls in flight of one organisation, streams excepted.
    pub calls_per_organisation: NonZeroU32,
    /// Open streams of one organisation: reading, following, attachments.
    pub streams_per_organisation: NonZeroU32,
    /// Statements that one organisation may append in a minute. At least 64, the most that one call appends.
    pub statements_per_minute: NonZeroU32,
    /// Calls of one connection that are worked on at once; further ones wait.
    pub calls_per_connection: NonZeroU32,
    /// HTTP/2 streams of one connection.
    pub streams_per_connection: NonZeroU32,
    /// Handshakes under way. Beyond it the oldest of the busiest address is dropped.
    pub handshakes_in_flight: NonZeroU32,
    /// Handshakes that are worked on in a second. Those of strangers who send nothing do not count.
    pub handshakes_per_second: NonZeroU32,
    /// A handshake is done in this time or dropped.
    #[serde(rename = "handshake_timeout_seconds", deserialize_with = "seconds")]
    pub handshake_timeout: Duration,
    /// A call is answered in this time; streams are excepted.
    #[serde(rename = "request_timeout_seconds", deserialize_with = "seconds")]
    pub request_timeout: Duration,
    /// A connection without a call is closed after this time.
    #[serde(rename = "idle_timeout_seconds", deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    /// How often a silent connection is asked whether it lives.
    #[serde(rename = "keepalive_interval_seconds", deserialize_with = "seconds")]
    pub keepalive_interval: Duration,
    /// How long it has to answer that.
    #[serde(rename = "keepalive_timeout_seconds", deserialize_with = "seconds")]
    pub keepalive_timeout: Duration,
    /// After this time a connection takes no new calls; its client makes another.
    #[serde(rename = "connection_age_seconds", deserialize_with = "seconds")]
    pub connection_age: Duration,
    /// How long open calls and streams have at a stop.
    #[serde(rename = "stop_deadline_seconds", deserialize_with = "seconds")]
    pub stop_deadline: Duration,
    /// What a client may send ahead on one stream.
    pub stream_window_bytes: NonZeroU32,
    /// What a client may send ahead on one connection.
    pub connection_window_bytes: NonZeroU32,
    /// All headers of a call together.
    pub header_list_bytes: NonZeroU32,
    /// Streams that a client reset before they were looked at; beyond it the connection is closed.
    pub pending_reset_streams: NonZeroU32,
    /// Streams that the server reset for the client's errors; beyond it the connection is closed.
    pub local_error_reset_streams: NonZeroU32,
    /// Answers to parties leave on a tick of this many milliseconds; 0: at once.
    pub pace_milliseconds: u32,
}

/// A number above zero, known at compile time.
const fn n(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(value) => value,
        None => NonZeroU32::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: n(4 << 20),
            attachment_bytes: 256 << 20,
            uploads_per_organisation: n(16),
            organisations: n(16),
            connections_per_organisation: n(16),
            calls_per_organisation: n(32),
            streams_per_organisation: n(64),
            statements_per_minute: n(600),
            calls_per_connection: n(32),
            streams_per_connection: n(64),
            handshakes_in_flight: n(256),
            handshakes_per_second: n(200),
            handshake_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(5),
            keepalive_interval: Duration::from_secs(30),
            keepalive_timeout: Duration::from_secs(10),
            connection_age: Duration::from_mins(30),
            stop_deadline: Duration::from_secs(10),
            stream_window_bytes: n(256 << 10),
            connection_window_bytes: n(1 << 20),
            header_list_bytes: n(8 << 10),
            pending_reset_streams: n(20),
            local_error_reset_streams: n(64),
            pace_milliseconds: 0,
        }
    }
}

/// HTTP/2's largest window.
const WINDOW_MAX: u32 = (1 << 31) - 1;

impl Limits {
    /// The largest message, for those that count in `usize`.
    pub fn message_size(&self) -> usize {
        usize::try_from(self.message_bytes.get()).unwrap_or(usize::MAX)
    }

    /// How many attachments of one organisation may wait for a statement.
    pub fn uploads(&self) -> usize {
        usize::try_from(self.uploads_per_organisation.get()).unwrap_or(usize::MAX)
    }

    /// The most connections and handshakes that can be open at once.
    pub fn most_sockets(&self) -> u64 {
        let share = u64::from(self.connections_per_organisation.get()) + u64::from(crate::quota::OVERFLOW);
        u64::from(self.organisations.get()) * share + u64::from(self.handshakes_in_flight.get())
    }

    /// The first key whose value cannot work, and why.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, value, least, most) in [
            ("message_bytes", self.message_bytes, 64 << 10, 64 << 20),
            ("uploads_per_organisation", self.uploads_per_organisation, 1, 4096),
            ("organisations", self.organisations, 1, 4096),
            ("connections_per_organisation", self.connections_per_organisation, 1, 4096),
            ("handshakes_in_flight", self.handshakes_in_flight, 1, 65_536),
            ("statements_per_minute", self.statements_per_minute, 64, u32::MAX),
            ("stream_window_bytes", self.stream_window_bytes, 16 << 10, WINDOW_MAX),
            ("connection_window_bytes", self.connection_window_bytes, 64 << 10, WINDOW_MAX),
            ("header_list_bytes", self.header_list_bytes, 1 << 10, 1 << 20),
        ] {
            if value.get() < least {
                return Err((key, format!("{value} is too little: make it at least {least}")));
            }
            if value.get() > most {
                return Err((key, format!("{value} is too much: make it at most {most}")));
            }
        }
        if self.pace_milliseconds > 60_000 {
            return Err(("pace_milliseconds", "more than a minute: make it at most 60000".into()));
        }
        Ok(())
    }
}

/// A whole number of seconds above zero, at most a day.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    use serde::de::Error as _;
    const DAY: u64 = 24 * 60 * 60;
    match u64::deserialize(from)? {
        value @ 1..=DAY => Ok(Duration::from_secs(value)),
        value => Err(D::Error::custom(format_args!("{value} seconds cannot work: use 1 to {DAY}"))),
    }
}
