//! What an append costs as the store grows. Run it alone, in release:
//! `cargo test --release -p tearline-server growth -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use super::*;

/// Rows a commit, as the sequencer's group commit makes them under load.
const BATCH: u64 = 64;

#[tokio::test]
#[ignore = "a measurement, of a minute or so"]
async fn an_append_costs_the_same_at_every_size() {
    let dir = tempfile::tempdir_in(".").unwrap();
    let store = open(dir.path()).unwrap();
    let mut author = Author::new(1);
    println!("{:>9} {:>12} {:>12} {:>12} {:>12}", "rows", "append µs", "cpu µs", "read µs", "proof µs");
    for target in [1_000, 3_000, 10_000, 30_000, 100_000_u64] {
        // The last tenth before the target is what is timed.
        while author.size < target - target / 10 {
            append(&store, &mut author).await;
        }
        let (wall, cpu, from) = (Instant::now(), cpu_time(), author.size);
        while author.size < target {
            append(&store, &mut author).await;
        }
        let (wall, cpu) = (wall.elapsed(), cpu_time().saturating_sub(cpu));
        let appended = author.size - from;
        let reads = Instant::now();
        for n in 0..500 {
            let index = n * 7_919 % author.size;
            assert_eq!(store.rows(&author.room, index, 1, 1 << 20, true).await.unwrap().len(), 1);
        }
        let reads = reads.elapsed();
        let proofs = Instant::now();
        for n in 0..500 {
            let index = n * 7_919 % author.size;
            let nodes: Vec<_> = (0..author.size.ilog2())
                .map(|level| NodeId { level, index: (index >> level) ^ 1 })
                .filter(|node| ((node.index + 1) << node.level) <= author.size)
                .collect();
            store.hashes(&author.room, &nodes).await.unwrap();
        }
        let (appends, cpu, reads, proofs) =
            (each(wall, appended), each(cpu, appended), each(reads, 500), each(proofs.elapsed(), 500));
        println!("{:>9} {appends:>12.1} {cpu:>12.1} {reads:>12.1} {proofs:>12.1}", author.size);
    }
    let sync = Instant::now();
    let mut from = 0;
    while from < author.size {
        from += store.rows(&author.room, from, 512, 1 << 20, true).await.unwrap().len() as u64;
    }
    println!("in order: {:.1} µs a row", each(sync.elapsed(), author.size));
    let scrub = Instant::now();
    assert_whole(&store, &author.room).await;
    println!("scrub:    {:.1} µs a row", each(scrub.elapsed(), author.size));
    drop(store);
    let start = Instant::now();
    let store = open(dir.path()).unwrap();
    println!("start:    {:.3} s", start.elapsed().as_secs_f64());
    let single = Instant::now();
    for _ in 0..500 {
        let commit = author.one(&[1; 450], Some(&[2; 1_200]));
        store.commit(commit).await.unwrap();
    }
    println!("one at a time: {:.1} µs", each(single.elapsed(), 500));
}

async fn append(store: &SledStore, author: &mut Author) {
    let before = author.size;
    let rows = (0..BATCH).map(|_| author.row(&[1; 450], Some(&[2; 1_200]))).collect();
    store.commit(just(author.commit(before, rows))).await.unwrap();
}

/// Microseconds for each of `count`.
fn each(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u32::try_from(count).unwrap())
}

/// User and system time of this process.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
