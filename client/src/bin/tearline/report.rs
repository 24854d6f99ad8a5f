//! What a command says at its end: text for a person, or one JSON object for a program.

use std::io::{self, StdoutLock, Write};

use anstream::AutoStream;
use serde_json::Value;

use crate::context::{Context, Failure};

/// Writes the one or the other. Colours of a text are shown where the command line and the terminal allow it.
pub(crate) fn say(context: &Context, json: &Value, text: &str) -> Result<(), Failure> {
    let out = io::stdout().lock();
    let written =
        if context.json { write(out, &json.to_string()) } else { write(colour(context, out), text) };
    written.map_err(|error| Failure::refused(format!("standard output cannot be written: {error}")))
}

fn colour(context: &Context, out: StdoutLock<'static>) -> AutoStream<StdoutLock<'static>> {
    AutoStream::new(out, context.color)
}

fn write(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}
