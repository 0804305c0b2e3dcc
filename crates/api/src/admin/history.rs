//! What happened in each second of the last minutes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashsale_meters::Counts;
use serde::Serialize;
use tokio::time::MissedTickBehavior;
use utoipa::ToSchema;

use super::Admin;
use crate::App;
use crate::meters::{Attempted, CLASSES, Route};

/// How much time one sample is for.
const SAMPLE_PERIOD: Duration = Duration::from_secs(1);
/// How many samples are kept: a quarter of an hour.
pub(super) const SAMPLES_MAX: usize = 900;

/// The samples, written by one task and read by whoever looks.
#[derive(Debug, Default)]
pub struct History(Mutex<VecDeque<Arc<Sample>>>);

/// What one second was like.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sample {
    /// Counts the samples of this process, from 1.
    sequence: u64,
    /// When the second ended, in milliseconds of the ledger's clock.
    at: u64,
    outcomes: Outcomes,
    /// Units that were sold when it ended.
    sold: u32,
    /// Units that were left.
    left: u32,
    /// Of purchases that came as far as the sale.
    latency: Times,
    /// The most attempts that waited at once.
    queue: usize,
    /// How many batches the ledger took.
    batches: u64,
    /// Attempts of a batch; 0 without a batch.
    batch_mean: f64,
    /// Attempts of the largest one.
    batch_max: u64,
    /// What the ledger took for a batch.
    commit: Times,
    /// Connections of buyers that were open when it ended.
    connections: u64,
    /// Live streams among them.
    streams: usize,
    /// How often the status was asked for.
    status_requests: u64,
    /// Whether the node could take orders when it ended.
    ready: bool,
}

/// How many purchases came to what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcomes {
    purchased: u64,
    already_purchased: u64,
    sold_out: u64,
    not_active: u64,
    paused: u64,
    busy: u64,
    /// Too many from one address or for one user.
    rate_limited: u64,
    /// Before the sale was asked.
    refused: u64,
    /// By a fault of the server.
    failed: u64,
}

/// Times in microseconds, each at most an eighth too high; all 0 when there were none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Times {
    /// How many there were.
    count: u64,
    p50_us: u64,
    p90_us: u64,
    p99_us: u64,
    max_us: u64,
}

impl History {
    /// Takes a sample each second, until it is dropped.
    pub async fn keep(admin: Arc<Admin>) {
        let mut seconds = tokio::time::interval(SAMPLE_PERIOD);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        seconds.tick().await;
        let mut before = Totals::of(&admin.app);
        for sequence in 1.. {
            seconds.tick().await;
            let now = Totals::of(&admin.app);
            let sample = Sample::between(&before, &now, &admin.app, sequence);
            before = now;
            let mut samples = admin
                .history
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if samples.len() == SAMPLES_MAX {
                samples.pop_front();
            }
            samples.push_back(Arc::new(sample));
        }
    }

    /// The samples behind this one. Of an earlier process there are none, so a number that was never
    /// reached stands for all of them.
    pub(super) fn after(&self, sequence: u64) -> Vec<Arc<Sample>> {
        let samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = samples.back().map_or(0, |sample| sample.sequence);
        let after = if sequence > last { 0 } else { sequence };
        let behind = samples.iter().filter(|sample| sample.sequence > after);
        behind.cloned().collect()
    }
}

/// What had been counted at one moment.
struct Totals {
    attempts: [u64; Attempted::ALL.len()],
    purchase_us: Counts,
    batch_entries: Counts,
    commit_us: Counts,
    status_requests: u64,
}

impl Totals {
    fn of(app: &App) -> Self {
        let backlog = app.orders.backlog();
        let classes = 0..CLASSES.len();
        Self {
            attempts: Attempted::ALL.map(|attempted| app.meters.attempts(attempted)),
            purchase_us: app.meters.purchase_us.counts(),
            batch_entries: backlog.batch_entries,
            commit_us: backlog.commit_us,
            status_requests: classes
                .map(|class| app.meters.answers(Route::Status, class))
                .sum(),
        }
    }
}

impl Sample {
    fn between(before: &Totals, now: &Totals, app: &App, sequence: u64) -> Self {
        let attempts =
            |attempted| now.attempts[attempted as usize] - before.attempts[attempted as usize];
        let batches = now.batch_entries.since(&before.batch_entries);
        let status = app.view.status(app.now());
        Self {
            sequence,
            at: status.now.0,
            outcomes: Outcomes {
                purchased: attempts(Attempted::Purchased),
                already_purchased: attempts(Attempted::AlreadyPurchased),
                sold_out: attempts(Attempted::SoldOut),
                not_active: attempts(Attempted::NotActive),
                paused: attempts(Attempted::Paused),
                busy: attempts(Attempted::Busy),
                rate_limited: attempts(Attempted::RateLimited),
                refused: attempts(Attempted::Refused),
                failed: attempts(Attempted::Failed),
            },
            sold: status.sold,
            left: status.remaining,
            latency: Times::of(&now.purchase_us.since(&before.purchase_us)),
            queue: app.orders.take_queue_peak(),
            batches: batches.count(),
            batch_mean: mean(&batches),
            batch_max: batches.max(),
            commit: Times::of(&now.commit_us.since(&before.commit_us)),
            connections: app.meters.connections(),
            streams: app.live.streams(),
            status_requests: now.status_requests - before.status_requests,
            ready: app.orders.ready().is_ok(),
        }
    }
}

impl Times {
    fn of(counts: &Counts) -> Self {
        Self {
            count: counts.count(),
            p50_us: counts.quantile(0.5),
            p90_us: counts.quantile(0.9),
            p99_us: counts.quantile(0.99),
            max_us: counts.max(),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a batch has some hundred attempts"
)]
fn mean(counts: &Counts) -> f64 {
    let number = counts.count().max(1) as f64;
    (counts.sum() as f64 / number * 10.0).round() / 10.0
}
