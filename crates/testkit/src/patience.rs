//! Waits that end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How often a wait looks again. Short, because many starts and stops add up.
const POLL: Duration = Duration::from_millis(5);

/// A bound on how long something is waited for.
pub(crate) struct Patience {
    deadline: Instant,
}

impl Patience {
    pub(crate) fn of(bound: Duration) -> Self {
        Self {
            deadline: Instant::now() + bound,
        }
    }

    /// Waits a moment before the next look; false if the time is up.
    pub(crate) async fn another_look(&self) -> bool {
        sleep(POLL).await;
        Instant::now() < self.deadline
    }
}
