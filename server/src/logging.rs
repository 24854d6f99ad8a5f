//! The server's log: lines on standard error, for people or for machines.
//!
//! Secrets never get here: no type that holds one shows it. This file refuses to know what is logged.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};

/// Begins to write the log. A second call changes nothing.
pub fn start(settings: &LogSettings) {
    // Libraries at `debug` would log every frame.
    let filter = EnvFilter::new(format!("warn,tearline_server={0},tearlined={0}", settings.level));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
}
