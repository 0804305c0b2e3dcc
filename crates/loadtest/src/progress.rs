//! Says each second how it goes.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::answer::{KINDS, Kind};
use crate::feed::Feed;
use crate::report::text::{grouped, milliseconds};
use crate::run::Observed;
use crate::tally::Tallies;

/// Writes one line a second to standard error: over the last one on a terminal, below it elsewhere.
pub(crate) async fn show(feed: Arc<Feed>, tallies: Arc<Tallies>, observed: Arc<Mutex<Observed>>) {
    const PERIOD: Duration = Duration::from_secs(1);
    let is_terminal = stderr().is_terminal();
    let mut due_at = feed.began_at().max(Instant::now()) + PERIOD;
    let mut answers_before = 0;
    loop {
        sleep_until(due_at).await;
        due_at += PERIOD;
        let (counts, recent) = tallies.look();
        let answers: u64 = counts.iter().sum();
        let trouble: u64 = KINDS
            .into_iter()
            .filter(|kind| kind.is_trouble())
            .map(|kind| counts[kind as usize])
            .sum();
        let left = observed.lock().list.last().map(|seen| seen.status.stock);
        let count = |kind: Kind| grouped(counts[kind as usize]);
        let line = format!(
            "{:>4} s  {:>8}/s  purchased {}  already {}  sold out {}  busy {}  trouble {}  \
             p50 {}  p99 {}  left {}",
            feed.began_at().elapsed().as_secs(),
            grouped(answers - answers_before),
            count(Kind::Purchased),
            count(Kind::AlreadyPurchased),
            count(Kind::SoldOut),
            count(Kind::Busy),
            grouped(trouble),
            milliseconds(recent.value_at_quantile(0.5)),
            milliseconds(recent.value_at_quantile(0.99)),
            left.map_or("?".to_owned(), |left| left.to_string()),
        );
        answers_before = answers;
        let (before, after) = if is_terminal {
            ("\r\x1b[2K", "")
        } else {
            ("", "\n")
        };
        let mut stderr = stderr().lock();
        // Whoever no longer reads it does not need it.
        drop(write!(stderr, "{before}{line}{after}").and_then(|()| stderr.flush()));
    }
}

/// Leaves the last line standing.
pub(crate) fn end() {
    if stderr().is_terminal() {
        eprintln!();
    }
}
