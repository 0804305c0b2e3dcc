//! How long requests wait on this node, and what gives way when that is too long.
//!
//! Whoever overloads a server makes all requests wait in one place: the queue of sockets that have something to
//! read. [`probe`] measures the wait there, [`course`] says what follows from it. Two things give way, one after
//! the other:
//! - who only looks is *held* as soon as the wait is felt ([`Load::give_way`]): the answer comes, but later, so that
//!   whoever asks without a pause asks less often;
//! - who wants to buy is *sent away* when the wait is long and stays so ([`Load::sends_away_one`]), and told when to
//!   come back ([`excess`]).

mod course;
mod excess;
pub mod probe;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flashsale_meters::Counter;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::answer::Refusal;
use excess::Excess;

/// How long requests may wait before it is felt, and looks are held.
const LOOK_WAIT_MAX: Duration = Duration::from_millis(20);
/// How long a look is held at most.
const HELD_MAX: Duration = Duration::from_secs(6);
/// How many looks may be held at once.
pub(crate) const HELD_LOOKS_MAX: usize = 8_192;
/// How many looks are let go at once, at least, when the wait is short again. It doubles while it stays so, and halves
/// while it does not: what nobody needs is not left lying.
const LET_GO_MIN: usize = 8;
/// The most that it comes to.
const LET_GO_MAX: usize = 1_024;

/// What is known of the load, made once for the process. [`probe::Probe`] keeps it up.
pub struct Load {
    began_at: Instant,
    /// How long requests waited lately.
    wait_us: AtomicU64,
    /// When the probe under way was due, in microseconds since the beginning; 0 if none is. A runtime that
    /// stands still sends none and brings none back, and is noticed by this.
    due_at_us: AtomicU64,
    excess: Excess,
    /// One for each look that may be held.
    places: Semaphore,
    /// One for each held look that may go on. In the end it is closed, and everybody may.
    turns: Semaphore,
    /// Purchases that were sent away before anything of them was read.
    pub(crate) sent_away: Counter,
}

impl Load {
    /// Nothing is known yet, and nobody waits.
    #[expect(clippy::new_without_default, reason = "it begins when it is made")]
    pub fn new() -> Self {
        Self {
            began_at: Instant::now(),
            wait_us: AtomicU64::new(0),
            due_at_us: AtomicU64::new(0),
            excess: Excess::default(),
            places: Semaphore::new(HELD_LOOKS_MAX),
            turns: Semaphore::new(0),
            sent_away: Counter::default(),
        }
    }

    /// How long a request that arrives now waits before anything is done for it.
    pub(crate) fn wait(&self) -> Duration {
        let lately_us = self.wait_us.load(Ordering::Relaxed);
        let under_way_us = match self.due_at_us.load(Ordering::Relaxed) {
            0 => 0,
            due_at_us => self.now_us().saturating_sub(due_at_us),
        };
        Duration::from_micros(lately_us.max(under_way_us))
    }

    /// Whether requests wait for so long that the node must save its time.
    pub(crate) fn is_felt(&self) -> bool {
        self.wait() > LOOK_WAIT_MAX
    }

    /// Whether purchases are sent away for now.
    pub(crate) fn is_overloaded(&self) -> bool {
        self.excess.is_there()
    }

    /// Whether the purchase that asks is to be sent away.
    pub(crate) fn sends_away_one(&self) -> bool {
        self.excess.takes()
    }

    /// In how many milliseconds somebody may come back who is sent away now. `chance` is any number.
    pub(crate) fn return_ms(&self, chance: u16) -> u64 {
        self.excess.return_ms(chance)
    }

    /// How many looks are held.
    pub(crate) fn held(&self) -> usize {
        HELD_LOOKS_MAX - self.places.available_permits()
    }

    /// Returns when a request that only looks may go on: at once while the wait is short. Fails if too many wait
    /// for that already.
    pub(crate) async fn give_way(&self) -> Result<(), Refusal> {
        if !self.is_felt() {
            return Ok(());
        }
        // Every connection has room for what is not in a box.
        Box::pin(self.hold()).await
    }

    async fn hold(&self) -> Result<(), Refusal> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Refusal::Crowded(format!("{HELD_LOOKS_MAX} looks are held")));
        };
        // Its turn has come; or it has waited long enough, or the server stops.
        if let Ok(Ok(turn)) = timeout(HELD_MAX, self.turns.acquire()).await {
            turn.forget();
        }
        Ok(())
    }

    /// Lets some of the held looks go on. Returns how many may do so the next time.
    fn let_go(&self, at_once: usize) -> usize {
        if self.is_felt() {
            return (at_once / 2).max(LET_GO_MIN);
        }
        if self.held() > 0 && self.turns.available_permits() == 0 {
            self.turns.add_permits(at_once.min(self.held()));
        }
        (at_once * 2).min(LET_GO_MAX)
    }

    /// Nobody is held from now on, and the probe ends.
    pub(crate) fn end(&self) {
        self.turns.close();
    }

    fn has_ended(&self) -> bool {
        self.turns.is_closed()
    }

    fn now_us(&self) -> u64 {
        self.micros(Instant::now())
    }

    fn micros(&self, at: Instant) -> u64 {
        let since = at.duration_since(self.began_at).as_micros();
        // Zero stands for never.
        u64::try_from(since).unwrap_or(u64::MAX).max(1)
    }
}

impl fmt::Debug for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Load")
            .field("wait", &self.wait())
            .field("is_overloaded", &self.is_overloaded())
            .field("held", &self.held())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
