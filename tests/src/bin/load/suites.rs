//! The suites: what is timed, in which rooms, beside which floor.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use indicatif::{ProgressBar, ProgressStyle};
use tearline_tests::live::{Live, client::Client, server::peak_memory};

use super::{
    Effort,
    author::Author,
    bare::{self, Bare},
    drive::{Rate, drive},
    floor::{Floor, echo},
    report::Figure,
};

/// No limit of an organisation may be what is measured.
const LIMITS: &str = "\
calls_per_organisation = 4096
calls_per_connection = 4096
streams_per_connection = 4096
streams_per_organisation = 4096
connections_per_organisation = 64
statements_per_minute = 4294967295
";
/// The room that is written and read.
const ROOM: &str = "drc";
/// Entries of the room before anything is timed.
const FILLED: u64 = 1000;
/// Statements of a call that fills a room.
const FILL: u64 = 64;

/// A server with one room to write in, and a floor beside it.
struct Bench {
    live: Live,
    floor: Floor,
    author: Arc<Author>,
    clients: Vec<Client>,
    effort: Effort,
    progress: ProgressBar,
}

/// These of `publish`, `publish16` and `fetch`, in a room of 1,000 entries and what the suites add.
pub(crate) async fn speed(effort: Effort, suites: &[&'static str]) -> Result<Vec<Figure>> {
    let mut bench = Bench::start(effort).await?;
    bench.fill(FILLED).await?;
    let mut figures = Vec::new();
    for suite in suites {
        figures.push(bench.measure(suite, (*suite).to_owned()).await?);
    }
    bench.progress.finish_and_clear();
    Ok(figures)
}

/// `publish` and `fetch` at 1,000 entries in one room, then ten times as many, up to `to`.
pub(crate) async fn growth(effort: Effort, to: u64) -> Result<Vec<Figure>> {
    let mut bench = Bench::start(effort).await?;
    let mut figures: Vec<Figure> = Vec::new();
    let mut smallest: Vec<(f64, f64)> = Vec::new();
    let mut size = FILLED;
    while size <= to {
        bench.fill(size).await?;
        let (started, bare) = bench.restart().await?;
        for (at, suite) in ["fetch", "publish"].into_iter().enumerate() {
            let mut figure = bench.measure(suite, format!("{suite} at {size}")).await?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 KiB")]
            let memory = peak_memory(bench.live.server.pid())? as f64 / 1024.0;
            if smallest.len() <= at {
                smallest.push((figure.ratio, memory));
            }
            let (first, first_memory) = *smallest.get(at).context("the smallest room")?;
            figure.target = None;
            figure.growth = Some(first / figure.ratio);
            figure.notes = vec![
                ("start s", started.as_secs_f64()),
                ("bare start s", bare.start),
                ("bare read us", bare.read),
                ("memory MiB", memory),
                ("memory growth", memory / first_memory),
            ];
            figures.push(figure);
        }
        size *= 10;
    }
    bench.progress.finish_and_clear();
    Ok(figures)
}

impl Bench {
    async fn start(effort: Effort) -> Result<Self> {
        let progress =
            ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {msg}")?);
        progress.enable_steady_tick(Duration::from_millis(200));
        progress.set_message("founding rooms");
        let mut live = Live::kivu_with(LIMITS).await?;
        let room = live.room(ROOM)?;
        let desk = live.desks().drc_liaison;
        let author = Arc::new(Author::new(&mut live, desk.clone(), room)?);
        let credentials = live.site.credentials(&desk)?;
        let floor =
            Floor::start(&live.site.config(), &live.site.root()?, &credentials, effort.connections).await?;
        let mut bench = Self { live, floor, author, clients: Vec::new(), effort, progress };
        bench.connect().await?;
        Ok(bench)
    }

    async fn connect(&mut self) -> Result<()> {
        self.clients.clear();
        let desk = self.live.desks().drc_liaison;
        for _ in 0..self.effort.connections {
            self.clients.push(self.live.connect(&desk).await?);
        }
        Ok(())
    }

    /// Stops the server and starts it again; how long until it listened, and what bare sled does with its data.
    async fn restart(&mut self) -> Result<(Duration, Bare)> {
        self.clients.clear();
        self.live.server.ask_to_stop()?;
        self.live.server.ended().await?;
        let rows = self.live.site.server().join("data/store/rows");
        let bare = bare::measure(&rows, ROOM, self.effort.round).await?;
        self.live.restart()?;
        self.connect().await?;
        Ok((self.live.server.started_in(), bare))
    }

    /// Posts until the room has so many entries.
    async fn fill(&mut self, size: u64) -> Result<()> {
        let clients = self.clients.clone();
        while self.author.entries() < size {
            self.progress.set_message(format!("filling a room: {} of {size}", self.author.entries()));
            let missing = size - self.author.entries();
            let calls = missing.div_ceil(FILL).min(32);
            let running: Vec<_> = clients
                .iter()
                .cycle()
                .take(usize::try_from(calls)?)
                .map(|client| {
                    let (author, client) = (Arc::clone(&self.author), client.clone());
                    tokio::spawn(async move { author.publish(client, FILL.min(missing)).await })
                })
                .collect();
            for call in running {
                call.await??;
            }
        }
        Ok(())
    }

    /// Rounds of floor and suite by turns; the median of their ratios.
    async fn measure(&mut self, suite: &'static str, name: String) -> Result<Figure> {
        let mut rounds: Vec<(Rate, Rate, f64)> = Vec::new();
        // One round warms both up and does not count.
        for round in 0..=self.effort.rounds {
            self.progress.set_message(format!("{name}: round {round} of {}", self.effort.rounds));
            let floor = self.floor_round().await?;
            let measured = self.round(suite).await?;
            if round > 0 {
                rounds.push((floor, measured, measured.per_second / floor.per_second));
            }
        }
        rounds.sort_by(|a, b| a.2.total_cmp(&b.2));
        let (floor, measured, ratio) = *rounds.get(rounds.len() / 2).context("no rounds")?;
        let target = match suite {
            "publish" => 0.34,
            "publish16" => 0.48,
            _ => 0.50,
        };
        let (least, most) = (rounds.first(), rounds.last());
        let notes = [("least", least), ("most", most)];
        let notes = notes.into_iter().filter_map(|(name, it)| Some((name, it?.2))).collect();
        Ok(Figure { name, floor, measured, ratio, target: Some(target), growth: None, notes })
    }

    async fn floor_round(&self) -> Result<Rate> {
        let Effort { in_flight, round, .. } = self.effort;
        let payload = Bytes::from(vec![0x5a; 1024]);
        let clients = self.floor.clients();
        drive(in_flight, round, self.floor.pid()?, move |worker| {
            let client = clients.iter().cycle().nth(worker % clients.len()).cloned();
            let payload = payload.clone();
            async move { echo(client.context("no connection")?, payload).await }
        })
        .await
    }

    async fn round(&self, suite: &'static str) -> Result<Rate> {
        let Effort { in_flight, round, .. } = self.effort;
        let (clients, author) = (self.clients.clone(), Arc::clone(&self.author));
        drive(in_flight, round, self.live.server.pid(), move |worker| {
            let client = clients.iter().cycle().nth(worker % clients.len()).cloned();
            let author = Arc::clone(&author);
            async move {
                let client = client.context("no connection")?;
                match suite {
                    "publish" => author.publish(client, 1).await,
                    "publish16" => author.publish(client, 16).await,
                    _ => author.fetch(client).await,
                }
            }
        })
        .await
    }
}
