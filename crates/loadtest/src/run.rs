//! A run, from the first look at the sale to the report.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Plan;
use crate::answer::Status;
use crate::books;
use crate::buyer::Buyer;
use crate::claims::Claims;
use crate::feed::{Feed, wait_until};
use crate::plan::Watch;
use crate::progress;
use crate::report::Report;
use crate::tally::Tallies;
use crate::watcher::{self, Eye};

/// Connections opened at the same time: more would overflow the backlog of a listener.
const OPENING_MAX: usize = 64;
/// The time for all connections to open and to fetch their tokens.
const OPENING_TIME_MAX: Duration = Duration::from_mins(1);
/// How long before the start connections are opened: servers close one that is idle for longer.
const OPENING_LEAD: Duration = Duration::from_secs(30);
/// How often the state of the sale is asked for while the run goes on.
const OBSERVE_PERIOD: Duration = Duration::from_millis(20);
/// One more observation, and every second one is forgotten.
const OBSERVATIONS_MAX: usize = 2_000;

/// What must not be seen is noted this often.
const FAULTS_MAX: usize = 5;

/// Why there is no report.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct Unmeasured(pub String);

/// The state of the sale at one moment of the run.
#[derive(Debug, Clone)]
pub(crate) struct Observation {
    /// Since the first attempt was due.
    pub(crate) at: Duration,
    pub(crate) status: Status,
}

/// What was seen of the sale meanwhile.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) list: Vec<Observation>,
    /// What must not be seen, the first few.
    pub(crate) faults: Vec<String>,
    /// Observations to pass over between two that are kept.
    gap: usize,
    passed_over: usize,
}

/// Buys as the plan says, then checks the books. A `stop` ends the buying, not the checks.
///
/// `threads` is how many threads the runtime works with. Fails when nothing can be measured.
pub async fn run(
    plan: Plan,
    threads: usize,
    stop: impl Future<Output = ()>,
) -> Result<Report, Unmeasured> {
    let plan = Arc::new(plan);
    let mut clerk = Buyer::new(&plan);
    let (before, starts_at) = first_look(&plan, &mut clerk).await?;
    let url = plan.target.url();
    if plan.watchers > 0 && plan.watch == Watch::Stream {
        let checked = watcher::check_stream(&plan).await;
        checked
            .map_err(|reason| Unmeasured(format!("{url}: no live stream to watch: {reason}")))?;
    }
    if let Some(opens_at) = starts_at.checked_sub(OPENING_LEAD) {
        tokio::time::sleep_until(opens_at).await;
    }
    let opening = timeout(OPENING_TIME_MAX, open_all(&plan)).await;
    let mut buyers = opening.map_err(|_elapsed| {
        let (number, seconds) = (plan.connections, OPENING_TIME_MAX.as_secs());
        Unmeasured(format!(
            "{url}: {number} connections did not get their tokens within {seconds} s"
        ))
    })??;

    let began_at = starts_at.max(Instant::now());
    let feed = Arc::new(Feed::new(&plan, began_at));
    let tallies = Arc::new(Tallies::new(threads, began_at));
    let claims = Arc::new(Claims::new(plan.users));
    let observed = Arc::new(Mutex::new(Observed::default()));

    let mut onlookers = JoinSet::new();
    for number in 0..plan.watchers {
        let (plan, tallies, ends_at) = (Arc::clone(&plan), Arc::clone(&tallies), feed.ends_at());
        onlookers.spawn(async move { watcher::watch(&plan, number, &tallies, ends_at).await });
    }
    onlookers.spawn(observe(clerk, began_at, Arc::clone(&observed)));
    if plan.shows_progress {
        onlookers.spawn(progress::show(
            Arc::clone(&feed),
            Arc::clone(&tallies),
            Arc::clone(&observed),
        ));
    }

    let mut buying = JoinSet::new();
    for (number, buyer) in buyers.drain(..).enumerate() {
        let (feed, tallies, claims) =
            (Arc::clone(&feed), Arc::clone(&tallies), Arc::clone(&claims));
        buying.spawn(async move {
            tokio::select! {
                () = wait_until(feed.began_at()) => {}
                () = feed.stopped() => return,
            }
            buyer.buy_all(number, &feed, &tallies, &claims).await;
        });
    }
    let was_stopped = until_all_have_bought(&plan, &feed, &mut buying, stop).await;
    let took = began_at.elapsed();
    onlookers.shutdown().await;
    if plan.shows_progress {
        progress::end();
    }

    let tally = Arc::into_inner(tallies)
        .expect("everybody has ended")
        .into_whole();
    let claims = Arc::into_inner(claims).expect("everybody has ended");
    let mut observed = Arc::into_inner(observed)
        .expect("everybody has ended")
        .into_inner();
    if let Ok(status) = Buyer::new(&plan).status().await {
        observed.list.push(Observation { at: took, status });
    }
    let faults: Vec<String> = observed
        .faults
        .iter()
        .chain(&tally.watch_faults)
        .cloned()
        .collect();
    let books = if plan.checks_books {
        Some(books::check(&plan, &before, claims, faults).await)
    } else {
        None
    };
    Ok(Report::new(
        &plan,
        &before,
        &feed,
        took,
        was_stopped,
        &tally,
        &observed,
        books,
    ))
}

/// The state before the run, and the moment from which buying makes sense.
async fn first_look(plan: &Plan, clerk: &mut Buyer) -> Result<(Status, Instant), Unmeasured> {
    let url = plan.target.url();
    let status = clerk
        .status()
        .await
        .map_err(|reason| Unmeasured(format!("{url}: {reason}")))?;
    let seen_at = Instant::now();
    // The server's clock showed this time at the latest when the answer came, so the sale has certainly
    // begun by then.
    let left = Duration::from_millis(status.starts_at.saturating_sub(status.server_time));
    if left > plan.wait_max {
        return Err(Unmeasured(format!(
            "{url}: the sale starts in {} s, and the longest wait is {} s (--wait)",
            left.as_secs(),
            plan.wait_max.as_secs()
        )));
    }
    if plan.shows_progress && !left.is_zero() {
        eprintln!("the sale starts in {:.1} s", left.as_secs_f64());
    }
    Ok((status, seen_at + left))
}

/// Opens every buyer's connection and fetches a token on each. Those that fail try again when they buy.
async fn open_all(plan: &Arc<Plan>) -> Result<Vec<Buyer>, Unmeasured> {
    let wanted = plan
        .connections
        .min(usize::try_from(plan.attempts_total()).unwrap_or(usize::MAX));
    let mut buyers = Vec::with_capacity(wanted);
    let mut opening = JoinSet::new();
    let mut begun = 0;
    let mut failures = Vec::new();
    while buyers.len() < wanted {
        while begun < wanted && opening.len() < OPENING_MAX {
            let mut buyer = Buyer::new(plan);
            opening.spawn(async move {
                let opened = buyer.prepare().await;
                (buyer, opened)
            });
            begun += 1;
        }
        let (buyer, opened) = opening
            .join_next()
            .await
            .expect("some are opening")
            .expect("no panic");
        failures.extend(opened.err());
        buyers.push(buyer);
    }
    if wanted > 0 && failures.len() == wanted {
        let (url, reason) = (plan.target.url(), &failures[0]);
        return Err(Unmeasured(format!(
            "{url}: no connection got a token; the first: {reason}"
        )));
    }
    Ok(buyers)
}

/// Returns when every attempt is made, or time is over, or somebody wants it to end; says whether the last.
async fn until_all_have_bought(
    plan: &Plan,
    feed: &Feed,
    buying: &mut JoinSet<()>,
    stop: impl Future<Output = ()>,
) -> bool {
    let mut stop = std::pin::pin!(stop);
    let watch_until = match (plan.attempts_total(), plan.watch) {
        (0, _) => feed.ends_at(),
        // Every watcher is to have looked once.
        (_, Watch::Poll(period)) if plan.watchers > 0 => feed.began_at() + period,
        _ => feed.began_at(),
    };
    let all_done = async {
        while buying.join_next().await.is_some() {}
        tokio::time::sleep_until(watch_until.min(feed.ends_at())).await;
    };
    tokio::select! {
        () = all_done => return false,
        () = &mut stop => {}
    }
    feed.stop();
    // Whoever waits for an answer gets it, or its timeout.
    let rest = async { while buying.join_next().await.is_some() {} };
    if timeout(plan.timeout * 2, rest).await.is_err() {
        buying.shutdown().await;
    }
    true
}

/// Looks at the sale again and again.
async fn observe(mut clerk: Buyer, began_at: Instant, observed: Arc<Mutex<Observed>>) {
    let mut eye = Eye::default();
    loop {
        // A server that does not answer is noticed by those who buy.
        if let Ok(status) = clerk.status().await {
            let mut observed = observed.lock();
            let room = FAULTS_MAX.saturating_sub(observed.faults.len());
            observed
                .faults
                .extend(eye.sees(&status).into_iter().take(room));
            observed.add(Observation {
                at: began_at.elapsed(),
                status,
            });
        }
        sleep(OBSERVE_PERIOD).await;
    }
}

impl Observed {
    fn add(&mut self, observation: Observation) {
        if self.passed_over < self.gap {
            self.passed_over += 1;
            return;
        }
        self.passed_over = 0;
        self.list.push(observation);
        if self.list.len() > OBSERVATIONS_MAX {
            let mut position = 0;
            self.list.retain(|_| {
                position += 1;
                position % 2 == 1
            });
            self.gap = self.gap * 2 + 1;
        }
    }
}
