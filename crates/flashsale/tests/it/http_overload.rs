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

/// The same where the queue is long: in a rush two seconds' worth may wait.
const CONNECTIONS_OF_RUSH: usize = 1_200;
/// How long it takes until a load that stays is told from a rush, and what the rush has left is worked off.
const SETTLES: Duration = Duration::from_secs(4);

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
    let after = confirmed(&load(12, "after").await);
    assert!(after * 10 >= before * 7, "{before} before, {after} after");
    let best = before.min(after);

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

    let slow = percentile(95, refused.into_iter());
    println!("row 28: 95 % of the refusals within {slow:?}");
    assert!(
        slow < Duration::from_millis(500),
        "refusals wait: 95 % take up to {slow:?}"
    );
}

/// However long the queue may be: under a load that stays it holds half a second's work, and for whom there is no
/// place is told at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn row_28_in_a_load_that_stays_nobody_waits_for_long() {
    let _machine = machine_alone().await;
    let setup = TestServer::setup().stock(1_000_000).with_faults();
    let server = setup.env("PURCHASE_BATCH_MAX", BATCH_MAX).start().await;
    let door = server.door().await;
    server.faults().set(Word::StallSyncMs, SYNC_MS);
    let load = open_loop(
        &door,
        CONNECTIONS_OF_RUSH,
        CAPACITY_PER_SECOND * 10,
        SETTLES + TIME,
        "tenfold",
    );
    let answers = load.await;

    let settled = answers.iter().filter(|timed| timed.due_after > SETTLES);
    let (accepted, refused): (Vec<_>, Vec<_>) =
        settled.partition(|timed| matches!(timed.answer, Answer::Purchased(_)));
    assert!(refused.iter().all(|timed| timed.answer == Answer::Busy));
    let median = percentile(50, accepted.iter().copied());
    let (slow, refusal) = (
        percentile(95, accepted.into_iter()),
        percentile(95, refused.into_iter()),
    );
    println!(
        "row 28: half of the accepted within {median:?}, 95 % within {slow:?}; 95 % of the refusals {refusal:?}"
    );
    // The queue was as long as it may be, so it is the time that has bounded it.
    assert!(median > Duration::from_millis(300), "{median:?}");
    assert!(slow < Duration::from_secs(1), "{slow:?}");
    assert!(refusal < Duration::from_millis(300), "{refusal:?}");
}

/// How long so many of a hundred took at most.
fn percentile<'a>(percent: usize, answers: impl Iterator<Item = &'a Timed>) -> Duration {
    let mut latencies: Vec<_> = answers.map(|timed| timed.latency).collect();
    latencies.sort();
    latencies[latencies.len() * percent / 100]
}
