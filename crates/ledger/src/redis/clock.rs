//! The clock of the server that decides, as a node can read it without asking.
//!
//! Each answer of the server that brings its time says how far it is from this node's clock. That of the
//! node is one that only runs on, so nobody who sets the wall clock of a node changes what it tells.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flashsale_sale::Timestamp;
use tokio::time::Instant;

/// How much later than [`now`](ServerClock::now) the server's clock may be: two clocks run apart a little
/// between two answers, and the time of an answer is known only to half its way.
pub(super) const MARGIN: Duration = Duration::from_millis(MARGIN_MS);
pub(super) const MARGIN_MS: u64 = 500;

/// An answer that took longer says too little about the time.
const ROUND_TRIP_MAX: Duration = Duration::from_millis(200);
const _: () = assert!(ROUND_TRIP_MAX.as_millis() < MARGIN.as_millis());

#[derive(Debug)]
pub(super) struct ServerClock {
    origin: Instant,
    /// The server's time at `origin`, in milliseconds. It may lie before 1970, as an offset may.
    offset_ms: AtomicI64,
}

impl ServerClock {
    /// A clock that was right at some moment between the two.
    pub(super) fn set(time: Timestamp, asked_at: Instant, answered_at: Instant) -> Self {
        let clock = Self {
            origin: asked_at,
            offset_ms: AtomicI64::new(0),
        };
        clock.put(time, asked_at, answered_at);
        clock
    }

    /// Takes in the time of an answer.
    pub(super) fn observe(&self, time: Timestamp, asked_at: Instant, answered_at: Instant) {
        if answered_at - asked_at <= ROUND_TRIP_MAX {
            self.put(time, asked_at, answered_at);
        }
    }

    fn put(&self, time: Timestamp, asked_at: Instant, answered_at: Instant) {
        let middle = asked_at + (answered_at - asked_at) / 2;
        let offset = i64::try_from(time.0)
            .unwrap_or(i64::MAX)
            .saturating_sub(self.since_origin_ms(middle));
        self.offset_ms.store(offset, Ordering::Release);
    }

    /// The server's time, as well as it is known.
    pub(super) fn now(&self) -> Timestamp {
        let ms = self
            .offset_ms
            .load(Ordering::Acquire)
            .saturating_add(self.since_origin_ms(Instant::now()));
        Timestamp(u64::try_from(ms).unwrap_or(0))
    }

    fn since_origin_ms(&self, at: Instant) -> i64 {
        i64::try_from((at - self.origin).as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_runs_on_from_the_middle_of_an_answer() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        tokio::time::advance(ms(20)).await;
        let clock = ServerClock::set(Timestamp(10_000), start, Instant::now());
        assert_eq!(clock.now(), Timestamp(10_010));
        tokio::time::advance(ms(1_000)).await;
        assert_eq!(clock.now(), Timestamp(11_010));

        // The server's clock was set back; a quick answer tells, a slow one does not.
        let asked_at = Instant::now();
        tokio::time::advance(ms(300)).await;
        clock.observe(Timestamp(5_000), asked_at, Instant::now());
        assert_eq!(clock.now(), Timestamp(11_310));
        let asked_at = Instant::now();
        clock.observe(Timestamp(5_000), asked_at, asked_at);
        assert_eq!(clock.now(), Timestamp(5_000));
    }
}
