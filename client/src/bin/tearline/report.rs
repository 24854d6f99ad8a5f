//! What a command says at its end: text for a person, or one JSON object for a program.

use std::io::{self, Write as _};

use serde_json::Value;

use crate::context::{Context, Failure};

/// Writes the one or the other.
pub(crate) fn say(context: &Context, json: &Value, text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = if context.json {
        writeln!(out, "{json}")
    } else if text.ends_with('\n') || text.is_empty() {
        write!(out, "{text}")
    } else {
        writeln!(out, "{text}")
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::refused(format!("standard output cannot be written: {error}")))
}
