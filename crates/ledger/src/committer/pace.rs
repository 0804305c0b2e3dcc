//! How long attempts would wait, and so how many may.
//!
//! In a rush that passes, waiting a moment is better than being sent away. Under a load that stays, a long
//! queue serves nobody sooner: it only makes everybody wait. So as long as the queue gets empty now and then
//! it may grow long, and when it has not for a while it is kept short (the rule is that of "controlled
//! delay", with two targets).

use std::time::Duration;

use tokio::time::Instant;

use super::{Bounds, Settled};

/// How long an attempt may wait in a rush.
pub const RUSH_WAIT: Duration = Duration::from_secs(2);
/// How long under a load that stays.
pub const STANDING_WAIT: Duration = Duration::from_millis(500);
/// A queue that has not been empty for so long stands.
pub const RUSH: Duration = Duration::from_secs(1);

/// How quickly the queue is worked off.
#[derive(Debug)]
pub(super) struct Pace {
    /// What one attempt takes, in nanoseconds, in full batches that follow each other; 0 while there are
    /// none.
    each_ns: u64,
    settled_at: Instant,
    empty_at: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            each_ns: 0,
            settled_at: now,
            empty_at: now,
        }
    }

    /// Nobody waits any more but those in the batches under way.
    pub(super) fn queue_is_empty(&mut self, now: Instant) {
        self.empty_at = now;
    }

    /// A batch is over. Of the time it took, what another one took at the same time counts once.
    pub(super) fn settled(&mut self, batch: &Settled, bounds: &Bounds, now: Instant) {
        let took = now.duration_since(self.settled_at.max(batch.began_at));
        self.settled_at = now;
        // It took all that waited, so nobody waits for long; and what a few attempts take says nothing of
        // many.
        if batch.entries < bounds.batch_entries_max {
            self.each_ns = 0;
            return;
        }
        let took_ns = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let each_ns = (took_ns / batch.entries as u64).max(1);
        // The last batches count most; one slow sync among them is not the end of the world.
        self.each_ns = match self.each_ns {
            0 => each_ns,
            before => before - before / 8 + each_ns / 8,
        };
    }

    /// How many attempts may wait from now on: always enough for the batches that come next.
    pub(super) fn entries_max(&self, bounds: &Bounds, batches_max: usize) -> usize {
        let wait = if self.settled_at.duration_since(self.empty_at) > RUSH {
            STANDING_WAIT
        } else {
            RUSH_WAIT
        };
        if self.each_ns == 0 {
            return bounds.queue_entries_max;
        }
        let in_time = wait.as_nanos() / u128::from(self.each_ns);
        let in_time = usize::try_from(in_time).unwrap_or(usize::MAX);
        let least = bounds.batch_entries_max.saturating_mul(batches_max + 1);
        in_time.max(least).min(bounds.queue_entries_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        queue_entries_max: 16_384,
        batch_entries_max: 256,
        attempt_timeout: Duration::from_secs(5),
    };

    /// Batches of 256 that follow each other, each in so many milliseconds.
    fn after(batches: u32, each_ms: u64, gets_empty: bool) -> usize {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..batches {
            if gets_empty {
                pace.queue_is_empty(now);
            }
            let began_at = now;
            now += Duration::from_millis(each_ms);
            let entries = 256;
            pace.settled(&Settled { began_at, entries }, &BOUNDS, now);
        }
        pace.entries_max(&BOUNDS, 1)
    }

    #[tokio::test(start_paused = true)]
    async fn the_queue_is_as_long_as_can_be_worked_off_in_time() {
        assert_eq!(Pace::new(Instant::now()).entries_max(&BOUNDS, 1), 16_384);
        // 25,600 a second: in a rush all may wait, later half a second's worth.
        assert_eq!(after(10, 10, false), 16_384);
        assert_eq!(after(200, 10, false), 12_800);
        assert_eq!(after(200, 10, true), 16_384);
        // 2,560 a second, and 256 a second: never less than what the ledger takes next.
        assert_eq!(after(9, 100, false), 5_120);
        assert_eq!(after(200, 100, false), 1_280);
        assert_eq!(after(200, 500, false), 512);
        assert_eq!(after(200, 1_000, true), 512);
    }

    #[tokio::test(start_paused = true)]
    async fn batches_at_the_same_time_are_counted_once() {
        let began_at = Instant::now();
        let mut pace = Pace::new(began_at);
        for batch in 1..=100 {
            // Eight at a time, each in 80 ms: one is over every ten.
            let now = began_at + Duration::from_millis(80 + batch * 10);
            let batch = Settled {
                began_at: now.checked_sub(Duration::from_millis(80)).unwrap(),
                entries: 256,
            };
            pace.settled(&batch, &BOUNDS, now);
        }
        assert_eq!(pace.each_ns / 1_000, 10_000 / 256);
        // One that is not full took all that waited: then a rush may come.
        let entries = 3;
        pace.settled(&Settled { began_at, entries }, &BOUNDS, Instant::now());
        assert_eq!(pace.entries_max(&BOUNDS, 8), 16_384);
    }
}
