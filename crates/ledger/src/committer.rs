//! Group commit: everything that waits becomes the next batch.
//!
//! While the ledger works on one batch, attempts gather in a bounded queue; when it is done, they are
//! the next. So a batch grows with the load by itself, and one fsync or one round trip pays for
//! hundreds of purchases, while a single buyer waits for nobody.
//!
//! Order: [`Committer::purchase`] is what a request calls; [`Queue::run`] is the one task behind.

use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::{Attempt, Outcome, Phase};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::{Clock, CommitError, Ledger};

/// The limits of a committer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many attempts may wait; one more is refused at once.
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
    /// The queue is full.
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

/// The way to the ledger for purchases. Clones share one queue; when the last is dropped, the queue
/// is worked off and [`Queue::run`] ends.
#[derive(Debug, Clone)]
pub struct Committer {
    queue: mpsc::Sender<Waiting>,
    attempt_timeout: Duration,
}

/// The other end of the queue, for the one task that works it off.
#[derive(Debug)]
pub struct Queue {
    waiting: mpsc::Receiver<Waiting>,
    bounds: Bounds,
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
        let committer = Self {
            queue,
            attempt_timeout: bounds.attempt_timeout,
        };
        (
            committer,
            Queue {
                waiting,
                bounds,
                lost,
            },
            Loss(news),
        )
    }

    /// Takes an attempt to the ledger and returns what came of it.
    ///
    /// If the caller goes away, the attempt is decided all the same.
    pub async fn purchase(&self, attempt: Attempt) -> Result<Outcome, Busy> {
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
    /// any more, or until the ledger is lost. One batch is under way at a time.
    pub async fn run(mut self, ledger: Arc<impl Ledger>, clock: Clock) {
        let mut waiting = Vec::with_capacity(self.bounds.batch_entries_max);
        let mut end_try_at = Instant::now();
        loop {
            tokio::select! {
                received = self.waiting.recv_many(&mut waiting, self.bounds.batch_entries_max) => {
                    if received == 0 {
                        return;
                    }
                }
                () = end_of_sale(&*ledger, &clock, end_try_at) => {
                    // If this fails, or the ledger's clock is behind, it is tried again, not at once.
                    end_try_at = Instant::now() + RETRY_PAUSE_MAX;
                }
            }
            let now = Instant::now();
            let in_time = |waiting: &Waiting| waiting.deadline > now;
            for late in waiting.extract_if(.., |waiting| !in_time(waiting)) {
                late.tell(Err(Busy::TimedOut));
            }
            if let Err(reason) = settle(&*ledger, &mut waiting).await {
                tracing::error!(reason, "the ledger is lost, nothing more is confirmed");
                self.lost.send_replace(Some(reason));
                return;
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

/// Commits one batch and answers everybody in it, whatever happens. Fails when the ledger is lost.
async fn settle(ledger: &impl Ledger, waiting: &mut Vec<Waiting>) -> Result<(), String> {
    let batch: Arc<[Attempt]> = waiting
        .iter()
        .map(|waiting| waiting.attempt.clone())
        .collect();
    let deadline = waiting.iter().map(|waiting| waiting.deadline).max();
    let error = match commit(ledger, batch, deadline).await {
        Ok(outcomes) => {
            for (waiting, outcome) in waiting.drain(..).zip(outcomes) {
                waiting.tell(Ok(outcome));
            }
            return Ok(());
        }
        Err(error) => error,
    };
    tracing::warn!(%error, attempts = waiting.len(), "a batch has no result");
    for waiting in waiting.drain(..) {
        waiting.tell(Err(Busy::Refused(error.clone())));
    }
    match error {
        CommitError::Lost(reason) => Err(reason),
        CommitError::NotApplied(_) | CommitError::Unknown(_) => Ok(()),
    }
}

/// Sends a batch of unknown fate again, with the same order ids, until the last deadline in it.
async fn commit(
    ledger: &impl Ledger,
    batch: Arc<[Attempt]>,
    deadline: Option<Instant>,
) -> Result<Vec<Outcome>, CommitError> {
    let mut pause = RETRY_PAUSE_MIN;
    loop {
        let result = ledger.commit(Arc::clone(&batch)).await;
        let Err(CommitError::Unknown(reason)) = &result else {
            return result;
        };
        if deadline.is_none_or(|deadline| Instant::now() + pause >= deadline) {
            return result;
        }
        tracing::warn!(reason, "a batch of unknown fate is sent again");
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
