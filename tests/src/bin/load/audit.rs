//! The audit: a bundle verified by everything that there is to verify, on all cores, beside nothing but its signatures.
//!
//! The floor is batch Ed25519 checks of the very statements of the bundle, in memory, on as many threads and in batches
//! as large as the audit's. Then the shipped command's peak memory, over two sizes. It refuses to know what is verified.

use std::{
    fs::{self, File},
    num::NonZero,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use indicatif::ProgressBar;
use tearline_ledger::{
    audit::BATCH,
    bundle::{Reader, Row},
    entry::Entry,
    keys::{Batch, KeyId, PublicKey},
    statement::{Act, Signed},
};
use tearline_tests::{
    live::binaries::binary, live::server::peak_memory, vectors::logs::bundle_of, world::World,
};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    Effort,
    drive::{Rate, processor_time},
    report::Figure,
};

/// Plain bytes of each content.
const CONTENT: usize = 480;

/// A statement's signatures, as the floor checks them.
struct Claimed {
    message: Vec<u8>,
    signatures: Vec<(PublicKey, [u8; 64])>,
}

/// Entries alone and with 1 KiB of content, then memory.
pub(crate) async fn audit(effort: Effort, statements: u64) -> Result<Vec<Figure>> {
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(Duration::from_millis(200));
    let folder = TempDir::new()?;
    let (small, large) = (folder.path().join("small.bundle"), folder.path().join("large.bundle"));
    let mut world = World::kivu()?;
    fill(&mut world, statements / 10, &progress)?;
    write(&world, &small)?;
    fill(&mut world, statements, &progress)?;
    write(&world, &large)?;
    let bare = folder.path().join("bare.bundle");
    without_content(&large, &bare)?;
    let mut figures = Vec::new();
    for (name, bundle) in [("audit", &bare), ("audit with content", &large)] {
        progress.set_message(name);
        figures.push(measure(name, bundle, effort)?);
    }
    let (less, more) = (peak(&small).await?, peak(&large).await?);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = (more.saturating_sub(less) * 1024) as f64 / (statements - statements / 10) as f64;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let mib = |kib: u64| kib as f64 / 1024.0;
    if let Some(last) = figures.last_mut() {
        last.notes.extend([("small MiB", mib(less)), ("large MiB", mib(more)), ("bytes an entry", each)]);
    }
    progress.finish_and_clear();
    Ok(figures)
}

/// Posts by several officers in several rooms, until there are so many.
fn fill(world: &mut World, statements: u64, progress: &ProgressBar) -> Result<()> {
    let desks = world.desks.clone();
    let (drc, rwanda, plenary) = (world.room("drc")?, world.room("rwanda")?, world.room("plenary")?);
    let [one, two] = desks.drc().map(Clone::clone);
    let [three, four] = desks.rwanda().map(Clone::clone);
    let places =
        [(drc, &one), (rwanda, &three), (drc, &two), (plenary, &one), (rwanda, &four), (plenary, &three)];
    let text = "x".repeat(CONTENT);
    let before: u64 = world.house.rooms().map(|(_, room)| room.entries().len() as u64).sum();
    for (count, (room, desk)) in (before..statements).zip(places.iter().cycle()) {
        if count.is_multiple_of(1000) {
            progress.set_message(format!("writing statements: {count} of {statements}"));
        }
        let post = world.post(*room, desk, &text)?;
        world.take(&post, &[desk])?;
    }
    Ok(())
}

fn write(world: &World, path: &Path) -> Result<()> {
    Ok(fs::write(path, bundle_of(world, world.log())?)?)
}

/// The same bundle, without content.
fn without_content(from: &Path, to: &Path) -> Result<()> {
    let (mut reader, mut writer, mut out) = (Reader::new(), None, Vec::new());
    reader.feed(&fs::read(from)?);
    while let Some(row) = reader.next_row()? {
        match (row, &mut writer) {
            (Row::Begin(begin), _) => {
                let (made, bytes) = tearline_ledger::bundle::Writer::begin(&begin);
                writer = Some(made);
                out.extend_from_slice(&bytes);
            }
            (Row::Room(room), Some(writer)) => out.extend_from_slice(&writer.room(&room)),
            (Row::Entry(mut entry), Some(writer)) => {
                entry.content = None;
                out.extend_from_slice(&writer.entry(entry));
            }
            _ => {}
        }
    }
    out.extend_from_slice(&writer.context("an empty bundle")?.end());
    Ok(fs::write(to, out)?)
}

/// Rounds of floor and audit by turns; the median of their ratios.
fn measure(name: &str, bundle: &Path, effort: Effort) -> Result<Figure> {
    let claims = claims(bundle)?;
    let mut rounds = Vec::new();
    for round in 0..=effort.rounds {
        let floor = timed(effort, || check(&claims))?;
        let measured = timed(effort, || {
            let verified = tearline_audit::verify(File::open(bundle)?, |_| ())?;
            let signatures: u64 = verified.rooms.iter().map(|room| room.signatures).sum();
            ensure!(signatures >= claims.len() as u64, "not all statements were verified");
            Ok(claims.len())
        })?;
        // One round warms both up and does not count.
        if round > 0 {
            rounds.push((floor, measured, measured.per_second / floor.per_second));
        }
    }
    rounds.sort_by(|a, b| a.2.total_cmp(&b.2));
    let (floor, measured, ratio) = *rounds.get(rounds.len() / 2).context("no rounds")?;
    let notes = [("least", rounds.first()), ("most", rounds.last())];
    let mut notes: Vec<_> = notes.into_iter().filter_map(|(name, it)| Some((name, it?.2))).collect();
    notes.push(("by processor time", floor.client_us / measured.client_us));
    Ok(Figure { name: name.to_owned(), floor, measured, ratio, target: Some(0.80), growth: None, notes })
}

/// Does it over and over for a round.
fn timed(effort: Effort, mut once: impl FnMut() -> Result<usize>) -> Result<Rate> {
    let (begun, before, mut units) = (Instant::now(), processor_time(std::process::id())?, 0);
    while units == 0 || begun.elapsed() < effort.round {
        units += once()?;
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let units = units as f64;
    let used = processor_time(std::process::id())? - before;
    let per_second = units / begun.elapsed().as_secs_f64();
    Ok(Rate { per_second, server_us: 0.0, client_us: used * 1e6 / units })
}

/// All signatures of a bundle, with the keys of its charters.
fn claims(bundle: &Path) -> Result<Vec<Claimed>> {
    let mut reader = Reader::new();
    reader.feed(&fs::read(bundle)?);
    let mut statements: Vec<Signed> = Vec::new();
    while let Some(row) = reader.next_row()? {
        if let Row::Entry(row) = row {
            statements.extend(Entry::parse(row.entry)?.statement().cloned());
        }
    }
    let charters = statements.iter().filter_map(|signed| match &signed.statement.act {
        Act::Charter(charter) => Some(charter),
        _ => None,
    });
    let keys = charters.flat_map(|charter| &charter.members).map(|it| (it.sign_key.key_id(), it.sign_key));
    let keys: std::collections::HashMap<KeyId, PublicKey> = keys.collect();
    let claimed = |signed: &Signed| {
        let envelope = &signed.envelope;
        let signatures = envelope.signatures().iter().map(|it| Some((*keys.get(&it.key_id)?, it.bytes)));
        let signatures = signatures.collect::<Option<Vec<_>>>().context("an unknown key")?;
        anyhow::Ok(Claimed { message: envelope.pae(), signatures })
    };
    statements.iter().map(claimed).collect()
}

fn check(claims: &[Claimed]) -> Result<usize> {
    let batches: Vec<&[Claimed]> = claims.chunks(BATCH).collect();
    let next = AtomicUsize::new(0);
    let one = || {
        while let Some(claims) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut batch = Batch::new();
            for claimed in *claims {
                for (key, signature) in &claimed.signatures {
                    batch.push(key, signature, &claimed.message);
                }
            }
            if batch.verify().is_err() {
                return false;
            }
        }
        true
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let good = thread::scope(|scope| {
        let running: Vec<_> = (0..cores).map(|_| scope.spawn(one)).collect();
        running.into_iter().all(|thread| thread.join().unwrap_or(false))
    });
    ensure!(good, "a signature of the floor does not hold");
    Ok(claims.len())
}

/// Peak memory of the shipped command that verifies a bundle, in KiB.
async fn peak(bundle: &Path) -> Result<u64> {
    let mut command = Command::new(binary("tearline")?);
    let mut running = command.arg("verify-bundle").arg(bundle).stdout(std::process::Stdio::null()).spawn()?;
    let pid = running.id().context("it has ended")?;
    let mut peak = 0;
    loop {
        if let Some(status) = running.try_wait()? {
            ensure!(status.success(), "the bundle does not verify");
            return Ok(peak);
        }
        // It may end meanwhile.
        peak = peak.max(peak_memory(pid).unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
