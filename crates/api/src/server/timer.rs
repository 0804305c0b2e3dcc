//! Waits that mostly do not come to their end.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that costs nothing while a connection is quick: it is made at the first wait, and moved
/// only when it rings too early.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Ready at the deadline; until then the task is woken in time to look again.
    pub(super) fn poll(&mut self, context: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let sleep = self
            .0
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(context).is_ready() {
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }

    #[cfg(test)]
    pub(super) fn is_off(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn stop(&mut self) {
        self.0 = None;
    }
}
