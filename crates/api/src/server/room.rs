//! Room for who comes when every place is taken: who has rested for longest goes.
//!
//! A browser keeps its connection open long after it has asked, and a flood of idle connections costs an attacker
//! next to nothing. Neither keeps out for long somebody who wants to ask.
//!
//! It is no defence against somebody who does more: a byte on each connection makes it half a head, and that never
//! rests. Such a connection has its place until a deadline ends it, and may come again: `HEADER_TIMEOUT_MS` for half a
//! head, `BODY_TIMEOUT_MS` for an answer that nobody takes, `IDLE_TIMEOUT_MS` for HTTP/2 that says something every
//! second, or leaves its window closed. Nothing here bounds how many connections one address has: behind a proxy all
//! have the same one. Whoever must stand that puts a front before the server that does.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::stage::Stage;

/// How long a connection must have been idle to be closed in favour of another.
pub(super) const RESTED_MIN: Duration = Duration::from_secs(2);
/// How many are closed at once, because to look for them means to look at all.
const LEAVING_AT_ONCE: usize = 64;
/// How long it takes at least from one look to the next.
const LOOK_PERIOD: Duration = Duration::from_millis(50);

/// Every open connection, for the accept loop alone.
#[derive(Debug)]
pub(super) struct Room {
    places: Arc<Semaphore>,
    /// Of those that are open, and some that no longer are.
    stages: Vec<Weak<Stage>>,
    looked_at: Option<Instant>,
}

impl Room {
    /// For so many.
    pub(super) fn new(connections_max: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(connections_max)),
            stages: Vec::new(),
            looked_at: None,
        }
    }

    /// A place, as soon as there is one.
    pub(super) async fn place(&mut self) -> OwnedSemaphorePermit {
        loop {
            let place = Arc::clone(&self.places).acquire_owned();
            // The first time it is there, or is not, without a wait.
            let wait = if self.places.available_permits() > 0 {
                Duration::MAX
            } else {
                self.make();
                LOOK_PERIOD
            };
            if let Ok(place) = timeout(wait, place).await {
                return place.expect("the semaphore is never closed");
            }
        }
    }

    /// One more is open; so many are, with it, or were a moment ago.
    pub(super) fn enter(&mut self, stage: &Arc<Stage>, open: usize) {
        if self.stages.len() > open * 2 + LEAVING_AT_ONCE {
            self.stages.retain(|stage| stage.strong_count() > 0);
            self.stages.shrink_to(open * 2);
        }
        self.stages.push(Arc::downgrade(stage));
    }

    /// Asks those to leave that have been idle for longest.
    fn make(&mut self) {
        let now = Instant::now();
        if self.looked_at.is_some_and(|at| now < at + LOOK_PERIOD) {
            return;
        }
        self.looked_at = Some(now);
        let open = self.stages.iter().filter_map(Weak::upgrade);
        let mut resting: Vec<_> = open
            .filter_map(|stage| Some((stage.rests_since()?, stage)))
            .filter(|(since, _)| now.duration_since(*since) >= RESTED_MIN)
            .collect();
        resting.sort_unstable_by_key(|(since, _)| *since);
        for (since, stage) in resting.into_iter().take(LEAVING_AT_ONCE) {
            stage.leave(since);
        }
    }
}
