//! Which attempt comes next, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::plan::{Arrival, Plan};

/// Hands every attempt out once, to whichever connection is free.
#[derive(Debug)]
pub(crate) struct Feed {
    /// The number of the next attempt. Every connection counts it up.
    next: AtomicU64,
    total: u64,
    users: u64,
    began_at: Instant,
    ends_at: Instant,
    /// The time between two attempts, if they come at a given rate.
    interval: Option<Duration>,
    /// True when somebody wants the run to end early.
    is_stopped: watch::Sender<bool>,
}

/// One attempt of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) user: u32,
    pub(crate) attempt: u32,
    /// When it is due, if that is fixed beforehand.
    pub(crate) due_at: Option<Instant>,
}

impl Feed {
    /// Attempts from `began_at` on.
    pub(crate) fn new(plan: &Plan, began_at: Instant) -> Self {
        Self {
            next: AtomicU64::new(0),
            total: plan.attempts_total(),
            users: u64::from(plan.users),
            began_at,
            ends_at: began_at + plan.duration_max,
            interval: match plan.arrival {
                Arrival::WhenFree => None,
                Arrival::PerSecond(rate) => Some(Duration::from_secs_f64(1.0 / rate)),
            },
            is_stopped: watch::Sender::new(false),
        }
    }

    /// The next attempt: each user's first, then each user's second, and so on. None when all are handed
    /// out, when time is over, or after a stop.
    pub(crate) fn take(&self) -> Option<Ticket> {
        if self.is_over(Instant::now()) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.total {
            return None;
        }
        let due_at = self.interval.map(|interval| {
            self.began_at + Duration::from_nanos_u128(interval.as_nanos() * u128::from(number))
        });
        if due_at.is_some_and(|due_at| due_at >= self.ends_at) {
            return None;
        }
        let (attempt, user) = (number / self.users, number % self.users);
        let narrow = |number: u64| u32::try_from(number).expect("users and attempts fit 32 bits");
        Some(Ticket {
            user: narrow(user),
            attempt: narrow(attempt),
            due_at,
        })
    }

    /// When the first attempt was due.
    pub(crate) fn began_at(&self) -> Instant {
        self.began_at
    }

    /// When the last attempt may begin.
    pub(crate) fn ends_at(&self) -> Instant {
        self.ends_at
    }

    /// How many attempts were handed out.
    pub(crate) fn taken(&self) -> u64 {
        self.next.load(Ordering::Relaxed).min(self.total)
    }

    pub(crate) fn stop(&self) {
        self.is_stopped.send_replace(true);
    }

    /// Returns when somebody wants the run to end early.
    pub(crate) async fn stopped(&self) {
        // The sender is here, so it cannot be gone.
        drop(
            self.is_stopped
                .subscribe()
                .wait_for(|is_stopped| *is_stopped)
                .await,
        );
    }

    pub(crate) fn is_over(&self, now: Instant) -> bool {
        *self.is_stopped.borrow() || now >= self.ends_at
    }
}

/// Waits for a moment, more exactly than the millisecond of the runtime's timers, so that what is measured
/// is the server.
pub(crate) async fn wait_until(moment: Instant) {
    const TIMER_ERROR: Duration = Duration::from_millis(2);
    if moment > Instant::now() + TIMER_ERROR {
        sleep_until(moment - TIMER_ERROR).await;
    }
    while Instant::now() < moment {
        tokio::task::yield_now().await;
    }
}
