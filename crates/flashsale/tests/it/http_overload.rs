//! More load than the server can hold.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::client::Answer;
use crate::support::faults::Word;
use crate::support::load::{Timed, open_loop};
use crate::support::machine_alone;
use crate::support::server::TestServer;

/// A disk that takes this long for a batch makes the capacity known on any machine: 16 purchases in
/// 40 ms are 400 a second.
const SYNC_MS: i64 = 40;
const BATCH_MAX: u64 = 16;
const QUEUE_MAX: u64 = 64;
const CAPACITY_PER_SECOND: u64 = BATCH_MAX * 1_000 / SYNC_MS.unsigned_abs();

const TIME: Duration = Duration::from_secs(5);

/// More than can wait in the server, so that the arrivals never wait for a free connection.
const CONNECTIONS: usize = 400;

fn confirmed(answers: &[Timed]) -> usize {
    answers
        .iter()
        .filter(|timed| matches!(timed.answer, Answer::Purchased(_)))
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_28_at_ten_times_the_load_goodput_stays_and_the_rest_is_told_quickly() {
    let _machine = machine_alone().await;
    let setup = TestServer::setup().stock(1_000_000).with_faults();
    let setup = setup
        .env("PURCHASE_BATCH_MAX", BATCH_MAX)
        .env("PURCHASE_QUEUE_MAX", QUEUE_MAX);
    let server = setup.start().await;
    let door = server.door().await;
    server.faults().set(Word::StallSyncMs, SYNC_MS);

    let load = async |tenths, prefix| {
        let per_second = CAPACITY_PER_SECOND * tenths / 10;
        open_loop(&door, CONNECTIONS, per_second, TIME, prefix).await
    };
    // A little more than it can hold, so that no batch goes half empty: this is the best it does. It is counted
    // before and after, so that a disk that has got slower in between is no fault of the server's.
    let before = confirmed(&load(12, "before").await);
    let overloaded = load(100, "tenfold").await;
    let best = before.min(confirmed(&load(12, "after").await));

    let (good, goal) = (confirmed(&overloaded), best * 9 / 10);
    println!(
        "row 28: {best} confirmed at the best, {good} of {} at ten times",
        overloaded.len()
    );
    assert!(
        good >= goal,
        "goodput fell: {good} confirmed in {TIME:?}, expected at least {goal}"
    );

    let refused: Vec<&Timed> = overloaded
        .iter()
        .filter(|timed| timed.answer == Answer::Busy)
        .collect();
    assert_eq!(
        good + refused.len(),
        overloaded.len(),
        "every other answer is `busy`"
    );
    assert!(refused.len() > good, "the load was no overload");
    for timed in &refused {
        let (Some(ms), Some(s)) = (timed.retry_after_ms, timed.retry_after_s) else {
            panic!("`busy` without both forms of the pause: {timed:?}");
        };
        assert_eq!(
            s,
            ms.div_ceil(1_000),
            "the header rounds up what the body says"
        );
    }
    let pauses: BTreeSet<_> = refused
        .iter()
        .filter_map(|timed| timed.retry_after_ms)
        .collect();
    assert!(
        pauses.len() > 20,
        "the pauses are not spread, so that all would come again at once: {pauses:?}"
    );

    let mut latencies: Vec<Duration> = refused.iter().map(|timed| timed.latency).collect();
    latencies.sort();
    let slow = latencies[latencies.len() * 95 / 100];
    println!("row 28: 95 % of {} refusals within {slow:?}", refused.len());
    assert!(
        slow < Duration::from_millis(500),
        "refusals wait: 95 % take up to {slow:?}"
    );
}
