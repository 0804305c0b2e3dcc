use std::collections::VecDeque;

use flashsale_sale::{Brake, Order, Timestamp, UserId, View};
use parking_lot::Mutex;

use super::*;
use crate::contract::{ENDS_AT, STARTS_AT, TestClock, attempt, sale};
use crate::{CsrfKey, Unavailable};

/// A ledger that does what the test tells it, batch by batch; after that it stores everything.
struct Script {
    view: Arc<View>,
    steps: Mutex<VecDeque<Step>>,
    /// The attempts' order ids of every batch that came.
    batches: Mutex<Vec<Vec<u128>>>,
    /// Whether the attempts of each batch were to be counted.
    counted: Mutex<Vec<bool>>,
    batches_max: usize,
}

enum Step {
    Fail(CommitError),
    Take(Duration),
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Self::of_several(1, steps)
    }

    /// One that takes several batches at once.
    fn of_several(batches_max: usize, steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        let view = Arc::new(View::new(Arc::new(sale(1_000_000))));
        let steps = Mutex::new(steps.into_iter().collect());
        Arc::new(Self {
            view,
            steps,
            batches: Mutex::default(),
            counted: Mutex::default(),
            batches_max,
        })
    }

    fn batch_sizes(&self) -> Vec<usize> {
        self.batches.lock().iter().map(Vec::len).collect()
    }
}

impl Ledger for Script {
    fn view(&self) -> &Arc<View> {
        &self.view
    }

    fn csrf_key(&self) -> &CsrfKey {
        &[0; 32]
    }

    fn clock(&self) -> Clock {
        TestClock::at(STARTS_AT).clock()
    }

    fn clock_margin(&self) -> Duration {
        Duration::ZERO
    }

    fn batches_max(&self) -> usize {
        self.batches_max
    }

    async fn commit(&self, batch: Arc<[Attempt]>) -> Result<Vec<Outcome>, CommitError> {
        let ids = batch
            .iter()
            .map(|attempt| u128::from_be_bytes(attempt.order_id.0))
            .collect();
        self.batches.lock().push(ids);
        let is_counted = batch.iter().all(|attempt| attempt.network.is_some());
        self.counted.lock().push(is_counted);
        let step = self.steps.lock().pop_front();
        match step {
            Some(Step::Fail(error)) => return Err(error),
            Some(Step::Take(time)) => tokio::time::sleep(time).await,
            None => {}
        }
        let order = |attempt: &Attempt| Order {
            unit: 1,
            id: attempt.order_id,
            user: attempt.user.clone(),
            ordered_at: Timestamp(STARTS_AT),
            idempotency_key: None,
        };
        Ok(batch
            .iter()
            .map(|attempt| Outcome::Purchased(order(attempt)))
            .collect())
    }

    async fn set_brake(&self, _: bool) -> Result<Brake, CommitError> {
        Ok(Brake::default())
    }

    async fn find(&self, _: &UserId) -> Result<Option<Order>, Unavailable> {
        Ok(None)
    }

    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    async fn close(self) {}
}

const BOUNDS: Bounds = Bounds {
    queue_entries_max: 8,
    batch_entries_max: 4,
    attempt_timeout: Duration::from_secs(5),
};

fn start(script: &Arc<Script>) -> (Committer, Loss, tokio::task::JoinHandle<()>) {
    let (committer, queue, loss) = Committer::new(BOUNDS);
    let clock = TestClock::at(STARTS_AT).clock();
    (
        committer,
        loss,
        tokio::spawn(queue.run(Arc::clone(script), clock)),
    )
}

/// Sends purchases one after the other without waiting for their answers.
async fn send(
    committer: &Committer,
    ids: std::ops::Range<u32>,
) -> Vec<tokio::task::JoinHandle<Result<Outcome, Busy>>> {
    let mut answers = Vec::new();
    for id in ids {
        let committer = committer.clone();
        answers.push(tokio::spawn(async move {
            committer.purchase(attempt(id, id.into())).await
        }));
        tokio::task::yield_now().await;
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn what_waits_becomes_the_next_batch() {
    let script = Script::new([Step::Take(Duration::from_secs(1))]);
    let (committer, _loss, _task) = start(&script);
    for answer in send(&committer, 0..7).await {
        assert!(answer.await.unwrap().is_ok());
    }
    assert_eq!(script.batch_sizes(), [1, 4, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_unknown_fate_is_sent_again_with_the_same_ids() {
    let unknown = || Step::Fail(CommitError::Unknown("cut".into()));
    let script = Script::new([unknown(), unknown(), unknown()]);
    let (committer, _loss, _task) = start(&script);
    assert!(committer.purchase(attempt(1, 42)).await.is_ok());
    assert_eq!(*script.batches.lock(), vec![vec![42]; 4]);
    // Nobody can help it that an answer was lost, so the attempt is counted once.
    assert_eq!(*script.counted.lock(), [true, false, false, false]);
}

/// The first try may have been stored. That a later one could not be sent says nothing about it.
#[tokio::test(start_paused = true)]
async fn what_was_in_doubt_stays_in_doubt_when_a_later_try_does_nothing() {
    let unknown = Step::Fail(CommitError::Unknown("cut".into()));
    let down = || Step::Fail(CommitError::NotApplied("connection refused".into()));
    let script = Script::new([unknown, down(), down()]);
    let (committer, _loss, _task) = start(&script);
    assert!(committer.purchase(attempt(1, 42)).await.is_ok());
    assert_eq!(*script.batches.lock(), vec![vec![42]; 4]);

    let unknown = Step::Fail(CommitError::Unknown("cut".into()));
    let script = Script::new([unknown].into_iter().chain((0..1_000).map(|_| down())));
    let (committer, _loss, _task) = start(&script);
    let refused = committer.purchase(attempt(1, 42)).await.unwrap_err();
    let is_unknown = matches!(
        refused,
        Busy::TimedOut | Busy::Refused(CommitError::Unknown(_))
    );
    assert!(is_unknown, "{refused:?}");
}

/// A ledger that takes several batches at once gets a further one only when it is full.
#[tokio::test(start_paused = true)]
async fn several_batches_are_under_way_at_once_when_they_are_full() {
    let second = || Step::Take(Duration::from_secs(1));
    let script = Script::of_several(3, [second(), second(), second(), second()]);
    let (committer, _loss, _task) = start(&script);
    let mut answers = send(&committer, 0..1).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    answers.extend(send(&committer, 1..4).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        script.batch_sizes(),
        [1],
        "three wait for more, or for the first to end"
    );
    answers.extend(send(&committer, 4..9).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(script.batch_sizes(), [1, 4, 4], "full ones begin");
    answers.extend(send(&committer, 9..14).await);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(
        script.batch_sizes(),
        [1, 4, 4],
        "and no more than three at once"
    );
    for answer in answers {
        assert!(answer.await.unwrap().is_ok());
    }
    assert_eq!(script.batch_sizes(), [1, 4, 4, 4, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_fate_is_told_as_busy_only_at_the_deadline() {
    let script = Script::new((0..1_000).map(|_| Step::Fail(CommitError::Unknown("cut".into()))));
    let (committer, _loss, _task) = start(&script);
    let started_at = Instant::now();
    assert!(committer.purchase(attempt(1, 1)).await.is_err());
    let time = started_at.elapsed();
    assert!(
        time > Duration::from_secs(4) && time <= BOUNDS.attempt_timeout,
        "{time:?}"
    );
    assert!(script.batch_sizes().len() < 40, "the pauses grow");
}

#[tokio::test(start_paused = true)]
async fn what_was_not_stored_is_busy_at_once_and_selling_goes_on() {
    let script = Script::new([Step::Fail(CommitError::NotApplied("disk full".into()))]);
    let (committer, _loss, _task) = start(&script);
    let error = CommitError::NotApplied("disk full".into());
    assert_eq!(
        committer.purchase(attempt(1, 1)).await,
        Err(Busy::Refused(error))
    );
    assert!(committer.purchase(attempt(1, 2)).await.is_ok());
}

/// FAULTS 9: the queue is bounded, and what cannot be answered in time is told so in time.
#[tokio::test(start_paused = true)]
async fn row_09_a_stalled_ledger_sheds_what_it_cannot_take() {
    let script = Script::new([Step::Take(Duration::from_mins(1))]);
    let (committer, _loss, _task) = start(&script);
    let started_at = Instant::now();
    let mut answers = send(&committer, 0..1).await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    answers.extend(send(&committer, 1..20).await);
    let mut refused = Vec::new();
    for answer in answers {
        refused.push(answer.await.unwrap().unwrap_err());
    }
    // One was in the batch, eight in the queue, the rest was sent away at once.
    assert_eq!(refused[..9], vec![Busy::TimedOut; 9]);
    assert_eq!(refused[9..], vec![Busy::QueueFull; 11]);
    assert!(started_at.elapsed() < BOUNDS.attempt_timeout + Duration::from_secs(1));

    // When the ledger moves again, nobody waits for what is late, and it is not stored.
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert!(committer.purchase(attempt(50, 50)).await.is_ok());
    let stored: Vec<_> = script.batches.lock().concat();
    assert_eq!(stored, [0, 50]);
}

#[tokio::test(start_paused = true)]
async fn row_06_a_lost_ledger_is_told_and_nothing_more_is_confirmed() {
    let script = Script::new([Step::Fail(CommitError::Lost("fsync failed".into()))]);
    let (committer, loss, task) = start(&script);
    let answers = send(&committer, 0..6).await;
    for answer in answers {
        assert!(answer.await.unwrap().is_err());
    }
    assert_eq!(loss.reason().await, "fsync failed");
    task.await.unwrap();
    assert_eq!(committer.purchase(attempt(9, 9)).await, Err(Busy::Stopping));
    assert_eq!(script.batch_sizes(), [1]);
}

#[tokio::test(start_paused = true)]
async fn row_11_what_waits_is_settled_before_the_task_ends() {
    let script = Script::new([Step::Take(Duration::from_secs(1))]);
    let (committer, _loss, task) = start(&script);
    let answers = send(&committer, 0..7).await;
    drop(committer);
    task.await.unwrap();
    for answer in answers {
        assert!(answer.await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_sale_is_written_down_without_a_buyer() {
    let script = Script::new([Step::Fail(CommitError::NotApplied("disk full".into()))]);
    let (_committer, queue, _loss) = Committer::new(BOUNDS);
    let clock = TestClock::at(STARTS_AT);
    let _task = tokio::spawn(queue.run(Arc::clone(&script) as Arc<Script>, clock.clock()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(script.batches.lock().is_empty());
    clock.set(ENDS_AT);
    tokio::time::sleep(Duration::from_secs(2)).await;
    // It failed once and is tried again, now and then, until the view says that the ledger knows.
    let tries = script.batches.lock().len();
    assert!((2..20).contains(&tries), "{tries}");
    script.view.observe(Timestamp(ENDS_AT));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tries = script.batches.lock().len();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(script.batches.lock().len(), tries);
}

#[tokio::test(start_paused = true)]
async fn who_is_patient_waits_for_longer_than_the_pace_allows() {
    let (committer, _loss, _task) = start(&Script::new([]));
    committer.admitted_max.store(0, Ordering::Relaxed);
    let refused = committer.purchase(attempt(1, 1)).await;
    assert_eq!(refused, Err(Busy::QueueFull));
    let patient = committer.purchase_patiently(attempt(1, 1)).await;
    assert!(patient.is_ok(), "{patient:?}");
}
