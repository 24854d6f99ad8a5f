//! `kill -9` under load, over and over on one store: what was acknowledged is there, once, in order; and of
//! whatever a reader was sent there is a record.
//!
//! `TEARLINE_KILLS` says how often (30 unless set): the full form is
//! `TEARLINE_KILLS=100 cargo test --release -p tearline-tests --test crash`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::{
    collections::{HashMap, HashSet},
    env,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tearline_ledger::{keys::fresh, statement::Statement};
use tearline_proto::v1;
use tearline_tests::{
    live::{Live, read, receipt},
    world::{sign, submission},
};

/// Statements that wait to be sent at each kill.
const LOAD: usize = 64;
/// The longest that a server lives, in milliseconds; each lives for a random part of it.
const LIFE: u64 = 150;

/// Envelope and place of each statement that was acknowledged.
type Acknowledged = Arc<Mutex<Vec<(Bytes, u64)>>>;
/// Places of the content that reached a reader.
type Served = Arc<Mutex<Vec<u64>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_each_kill_stands_once_and_in_order() {
    let kills = env::var("TEARLINE_KILLS").map_or(30, |kills| kills.parse().unwrap());
    let limits = "statements_per_minute = 4294967295\ncalls_per_organisation = 256\n";
    let mut live = Live::kivu_with(limits).await.unwrap();
    let room = live.room("drc").unwrap();
    let desk = live.desks().drc_liaison;
    let acknowledged = Acknowledged::default();
    let served = Served::default();
    let mut slowest = Duration::ZERO;
    for kill in 0..kills {
        let mut posts: Vec<Statement> = Vec::new();
        for at in 0..LOAD {
            posts.push(live.world().post(room, &desk, &format!("kill {kill}, report {at}")).unwrap());
        }
        let client = live.client(&desk).await.unwrap();
        let mut writers = Vec::new();
        for posts in posts.chunks(LOAD / 16) {
            let mut client = client.clone();
            let log = live.site.log_vkey.clone();
            let acknowledged = Arc::clone(&acknowledged);
            let mut requests = Vec::new();
            for post in posts {
                let call = submission(&sign(post, &[&desk]).unwrap());
                requests.push((live.world().request(std::slice::from_ref(&call)).unwrap(), call.1));
            }
            // A reader beside the writers: what it is sent must be recorded.
            let served = Arc::clone(&served);
            let mut reader = client.clone();
            writers.push(tokio::spawn(async move {
                for (request, envelope) in requests {
                    let Ok(answer) = client.rooms.append(request).await else { return };
                    let receipt = answer.into_inner().receipts.remove(0);
                    receipt::verify(&receipt, room, &envelope, &log).unwrap();
                    acknowledged.lock().unwrap().push((envelope, receipt.index));
                    let request = v1::ReadRequest { limit: 1, ..read(room, receipt.index, true) };
                    let Ok(rows) = reader.rooms.read(request).await else { return };
                    // The server may die in the middle of it.
                    if let Ok(Some(message)) = rows.into_inner().message().await
                        && message.rows.iter().any(|row| row.content.is_some())
                    {
                        served.lock().unwrap().push(receipt.index);
                    }
                }
            }));
        }
        let random = u64::from_be_bytes(*fresh::<8>().unwrap()) % LIFE;
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(random) {
            tokio::task::yield_now().await;
        }
        live.server.kill().unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        live.restart().unwrap();
        slowest = slowest.max(live.server.started_in());

        // The whole log verifies, from where it was verified before; so do the access records.
        live.follow(room).await.unwrap();
        let records = live.records(&desk).await.unwrap();
        let recorded: HashSet<u64> =
            records.iter().flat_map(|record| record.first..record.first + record.count).collect();
        for index in served.lock().unwrap().iter() {
            assert!(recorded.contains(index), "after kill {kill} nothing says that #{index} was served");
        }
        let entries = live.world().house.room(room).unwrap().entries();
        let mut places: HashMap<Bytes, Vec<u64>> = HashMap::new();
        for entry in entries {
            places.entry(entry.signed().envelope.encode()).or_default().push(entry.index());
        }
        for (envelope, index) in acknowledged.lock().unwrap().iter() {
            assert_eq!(places.get(envelope), Some(&vec![*index]), "after kill {kill}");
        }
    }
    let (acknowledged, served) = (acknowledged.lock().unwrap().len(), served.lock().unwrap().len());
    println!("{kills} kills, {acknowledged} acknowledged, {served} served, slowest start {slowest:?}");
    assert!(acknowledged > kills, "hardly anything was acknowledged: nothing was tested");
    assert!(served > kills / 2, "hardly anything was served: nothing was tested");
}
