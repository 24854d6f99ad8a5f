//! Many calls in flight for a while, and what they came to.
//!
//! It refuses to know what a call does.

use std::{
    fs,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use tokio::task::JoinSet;

/// What a round came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Units in a second.
    pub(crate) per_second: f64,
    /// Processor time of the server for each unit, in microseconds.
    pub(crate) server_us: f64,
    /// Processor time of the client for each unit, in microseconds.
    pub(crate) client_us: f64,
}

/// Runs `call` over and over, `in_flight` at once, for `length`. `call` is given its worker's number and
/// answers how many units it did.
pub(crate) async fn drive<F, C>(in_flight: usize, length: Duration, server: u32, call: F) -> Result<Rate>
where
    F: Fn(usize) -> C + Clone + Send + 'static,
    C: Future<Output = Result<u64>> + Send,
{
    let (server_before, client_before) = (processor_time(server)?, processor_time(std::process::id())?);
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..in_flight {
        let call = call.clone();
        workers.spawn(async move {
            let mut units = 0;
            while begun.elapsed() < length {
                units += call(worker).await?;
            }
            anyhow::Ok(units)
        });
    }
    let mut units = 0;
    while let Some(done) = workers.join_next().await {
        units += done??;
    }
    let seconds = begun.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let units = units.max(1) as f64;
    let each = |before: f64, pid| Ok::<_, anyhow::Error>((processor_time(pid)? - before) * 1e6 / units);
    Ok(Rate {
        per_second: units / seconds,
        server_us: each(server_before, server)?,
        client_us: each(client_before, std::process::id())?,
    })
}

/// Seconds of processor time that a process has used.
pub(crate) fn processor_time(pid: u32) -> Result<f64> {
    /// `USER_HZ`, which Linux has fixed for all that it tells programs.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit_once(')').context("/proc/PID/stat")?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).context("no times");
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}
