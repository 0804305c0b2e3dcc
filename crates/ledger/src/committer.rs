//! Group commit: everything that waits becomes the next batch.
//!
//! While the ledger works on one batch, attempts gather in a bounded queue; when it is done, they are
//! the next. A ledger behind a network may take several at once. So a batch grows with the load by itself, and one fsync or one round trip pays for
//! hundreds of purchases, while a single buyer waits for nobody.
//!
//! A queue that never gets empty only makes everybody wait. So there is a bound on the time, too ([`pace`]):
//! a rush may wait longer than a load that stays.
//!
//! Order: [`Committer::purchase`] is what a request calls; [`Queue::run`] is the one task behind.

pub mod pace;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flashsale_meters::Histogram;
use flashsale_sale::{Attempt, Outcome, Phase};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::{Clock, CommitError, Ledger};
use pace::Pace;

/// The limits of a committer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many attempts may wait, if the ledger is quick; one more is refused at once.
    pub queue_entries_max: usize,
    /// How many attempts one batch may hold.
    pub batch_entries_max: usize,
    /// How long one attempt may take, from its arrival to its answer.
    pub attempt_timeout: Duration,
}

/// The first pause before a batch of unknown fate is sent again. It doubles each time.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest pause before a batch is sent again.
const RETRY_PAUSE_MAX: Duration = Duration::from_millis(250);
/// How often the clock is read while the sale goes on: it may have been set forward.
const CLOCK_CHECK_PERIOD: Duration = Duration::from_secs(1);

/// No answer now; the same attempt later gets one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Busy {
    /// The queue is full, or as long as can be worked off in a short time.
    #[error("too many purchases are waiting")]
    QueueFull,
    /// The attempt was not answered in its time. It may still become an order.
    #[error("the ledger did not answer in time")]
    TimedOut,
    /// The ledger could not store the batch, or nobody knows whether it did.
    #[error(transparent)]
    Refused(CommitError),
    /// The server is about to stop.
    #[error("the server is stopping")]
    Stopping,
}

/// What can be seen of a committer at work.
#[derive(Debug, Default)]
pub struct CommitterMeters {
    /// How many attempts the batches had that were stored or refused.
    pub batch_entries: Histogram,
    /// How long the ledger took for each, tries included, in microseconds.
    pub commit_us: Histogram,
    /// The most attempts that have waited at once since this was asked for the last time.
    queue_entries_peak: AtomicUsize,
}

impl CommitterMeters {
    /// The most attempts that have waited at once since the last call.
    pub fn take_queue_peak(&self) -> usize {
        self.queue_entries_peak.swap(0, Ordering::Relaxed)
    }
}

/// The way to the ledger for purchases. Clones share one queue; when the last is dropped, the queue
/// is worked off and [`Queue::run`] ends.
#[derive(Debug, Clone)]
pub struct Committer {
    queue: mpsc::Sender<Waiting>,
    attempt_timeout: Duration,
    /// How many may wait at this moment.
    admitted_max: Arc<AtomicUsize>,
    meters: Arc<CommitterMeters>,
}

/// The other end of the queue, for the one task that works it off.
#[derive(Debug)]
pub struct Queue {
    waiting: mpsc::Receiver<Waiting>,
    bounds: Bounds,
    admitted_max: Arc<AtomicUsize>,
    meters: Arc<CommitterMeters>,
    lost: watch::Sender<Option<String>>,
}

/// Tells when the ledger is lost to this process.
#[derive(Debug, Clone)]
pub struct Loss(watch::Receiver<Option<String>>);

#[derive(Debug)]
struct Waiting {
    attempt: Attempt,
    deadline: Instant,
    answer: oneshot::Sender<Result<Outcome, Busy>>,
}

impl Committer {
    /// A committer, the queue for its task, and the news of a loss.
    pub fn new(bounds: Bounds) -> (Self, Queue, Loss) {
        let (queue, waiting) = mpsc::channel(bounds.queue_entries_max);
        let (lost, news) = watch::channel(None);
        let meters = Arc::<CommitterMeters>::default();
        let admitted_max = Arc::new(AtomicUsize::new(bounds.queue_entries_max));
        let committer = Self {
            queue,
            meters: Arc::clone(&meters),
            admitted_max: Arc::clone(&admitted_max),
            attempt_timeout: bounds.attempt_timeout,
        };
        (
            committer,
            Queue {
                waiting,
                bounds,
                admitted_max,
                meters,
                lost,
            },
            Loss(news),
        )
    }

    /// Takes an attempt to the ledger and returns what came of it.
    ///
    /// If the caller goes away, the attempt is decided all the same.
    pub async fn purchase(&self, attempt: Attempt) -> Result<Outcome, Busy> {
        if self.queue_len() >= self.admitted_max.load(Ordering::Relaxed) {
            return Err(Busy::QueueFull);
        }
        self.purchase_patiently(attempt).await
    }

    /// The same, but there is no bound on the time in the queue other than the attempt's deadline: for when it is not
    /// the ledger that is slow, but the whole node.
    pub async fn purchase_patiently(&self, attempt: Attempt) -> Result<Outcome, Busy> {
        let deadline = Instant::now() + self.attempt_timeout;
        let (answer, outcome) = oneshot::channel();
        self.queue
            .try_send(Waiting {
                attempt,
                deadline,
                answer,
            })
            .map_err(|refused| match refused {
                mpsc::error::TrySendError::Full(_) => Busy::QueueFull,
                mpsc::error::TrySendError::Closed(_) => Busy::Stopping,
            })?;
        match tokio::time::timeout_at(deadline, outcome).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_task_ended)) => Err(Busy::Stopping),
            Err(_elapsed) => Err(Busy::TimedOut),
        }
    }

    /// What can be seen of the work.
    pub fn meters(&self) -> &Arc<CommitterMeters> {
        &self.meters
    }

    /// How many attempts may wait.
    pub fn queue_max(&self) -> usize {
        self.queue.max_capacity()
    }

    /// How many attempts wait for their batch.
    pub fn queue_len(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl Loss {
    /// Returns when nothing can be confirmed any more, with the reason.
    pub async fn reason(mut self) -> String {
        match self.0.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone().unwrap_or_default(),
            // It ends by itself only after the last committer is gone, and then nobody asks.
            Err(_) => "the committer has ended before its time".to_owned(),
        }
    }
}

impl Queue {
    /// Works the queue off, batch by batch, until every [`Committer`] is dropped and nothing waits
    /// any more, or until the ledger is lost.
    ///
    /// A batch begins as soon as none is under way. Where the ledger takes several at once, a further one
    /// begins when it is full: smaller ones would cost the ledger more and bring nobody an answer earlier.
    pub async fn run(mut self, ledger: Arc<impl Ledger>, clock: Clock) {
        let entries_max = self.bounds.batch_entries_max;
        let mut waiting = Vec::with_capacity(entries_max);
        let mut under_way = FuturesUnordered::new();
        let mut end_try_at = Instant::now();
        let mut is_closed = false;
        let mut pace = Pace::new(Instant::now());
        loop {
            let has_room = under_way.len() < ledger.batches_max();
            if has_room
                && (waiting.len() == entries_max || under_way.is_empty())
                && !waiting.is_empty()
            {
                let peak = waiting.len() + self.waiting.len();
                let peaks = &self.meters.queue_entries_peak;
                peaks.fetch_max(peak, Ordering::Relaxed);
                let batch = std::mem::take(&mut waiting);
                if self.waiting.is_empty() {
                    pace.queue_is_empty(Instant::now());
                }
                under_way.push(settle(&*ledger, batch, &self.meters));
                continue;
            }
            if is_closed && under_way.is_empty() {
                return;
            }
            let room = entries_max - waiting.len();
            tokio::select! {
                Some(settled) = under_way.next(), if !under_way.is_empty() => {
                    match settled {
                        Ok(settled) => {
                            pace.settled(&settled, &self.bounds, Instant::now());
                            let admitted_max = pace.entries_max(&self.bounds, ledger.batches_max());
                            self.admitted_max.store(admitted_max, Ordering::Relaxed);
                        }
                        Err(reason) => {
                            tracing::error!(reason, "the ledger is lost, nothing more is confirmed");
                            self.lost.send_replace(Some(reason));
                            return;
                        }
                    }
                }
                received = self.waiting.recv_many(&mut waiting, room),
                    if has_room && !is_closed && room > 0 =>
                {
                    is_closed = received == 0;
                }
                () = end_of_sale(&*ledger, &clock, end_try_at), if under_way.is_empty() => {
                    // If this fails, or the ledger's clock is behind, it is tried again, not at once.
                    end_try_at = Instant::now() + RETRY_PAUSE_MAX;
                    under_way.push(settle(&*ledger, Vec::new(), &self.meters));
                }
            }
        }
    }
}

/// Returns when the clock has passed the end of the sale and the ledger has not seen it yet, not
/// before `try_at`. The batch that follows, empty or not, makes the end durable.
async fn end_of_sale(ledger: &impl Ledger, clock: &Clock, try_at: Instant) {
    let view = ledger.view();
    let window = view.sale().window();
    if window.phase(view.ledger_time()) == Phase::Ended {
        return std::future::pending().await;
    }
    loop {
        let left_ms = window.ends_at().0.saturating_sub(clock().0);
        if left_ms == 0 {
            return tokio::time::sleep_until(try_at).await;
        }
        tokio::time::sleep(Duration::from_millis(left_ms).min(CLOCK_CHECK_PERIOD)).await;
    }
}

/// A batch that is over.
struct Settled {
    began_at: Instant,
    entries: usize,
}

/// Commits one batch and answers everybody in it, whatever happens. Fails when the ledger is lost.
async fn settle(
    ledger: &impl Ledger,
    mut waiting: Vec<Waiting>,
    meters: &CommitterMeters,
) -> Result<Settled, String> {
    let now = Instant::now();
    for late in waiting.extract_if(.., |waiting| waiting.deadline <= now) {
        late.tell(Err(Busy::TimedOut));
    }
    let settled = Settled {
        began_at: now,
        entries: waiting.len(),
    };
    let batch: Arc<[Attempt]> = waiting
        .iter()
        .map(|waiting| waiting.attempt.clone())
        .collect();
    let deadline = waiting.iter().map(|waiting| waiting.deadline).max();
    let error = match commit(ledger, batch, deadline).await {
        Ok(outcomes) => {
            if !waiting.is_empty() {
                meters.batch_entries.record(waiting.len() as u64);
                let time = now.elapsed().as_micros();
                meters
                    .commit_us
                    .record(u64::try_from(time).unwrap_or(u64::MAX));
            }
            for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
                waiting.tell(Ok(outcome));
            }
            return Ok(settled);
        }
        Err(error) => error,
    };
    tracing::warn!(%error, attempts = waiting.len(), "a batch has no result");
    for waiting in waiting {
        waiting.tell(Err(Busy::Refused(error.clone())));
    }
    match error {
        CommitError::Lost(reason) => Err(reason),
        CommitError::NotApplied(_) | CommitError::Unknown(_) => Ok(settled),
    }
}

/// Sends a batch of unknown fate again, with the same order ids, until the last deadline in it.
async fn commit(
    ledger: &impl Ledger,
    mut batch: Arc<[Attempt]>,
    deadline: Option<Instant>,
) -> Result<Vec<Outcome>, CommitError> {
    let mut pause = RETRY_PAUSE_MIN;
    let mut is_in_doubt = false;
    loop {
        let reason = match ledger.commit(Arc::clone(&batch)).await {
            Err(CommitError::Unknown(reason)) => reason,
            // This try did nothing. What an earlier one did is as unknown as before.
            Err(CommitError::NotApplied(reason)) if is_in_doubt => reason,
            result => return result,
        };
        is_in_doubt = true;
        if deadline.is_none_or(|deadline| Instant::now() + pause >= deadline) {
            return Err(CommitError::Unknown(reason));
        }
        tracing::warn!(reason, "a batch of unknown fate is sent again");
        batch = batch.iter().map(Attempt::again).collect();
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_PAUSE_MAX);
    }
}

impl Waiting {
    /// The buyer may have hung up by now; then there is nobody to tell.
    fn tell(self, answer: Result<Outcome, Busy>) {
        drop(self.answer.send(answer));
    }
}

#[cfg(test)]
mod tests;
