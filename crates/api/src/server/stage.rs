//! What a connection is at: whether a request is under way, whether it rests, and whether it is to leave.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};

use tokio::time::Instant;

/// When the server was told to stop, if it was: one for all its connections.
pub(super) type Stop = Arc<OnceLock<Instant>>;

/// How many requests of this connection have begun and ended. The service tells, the stream reads. All
/// of it happens in the connection's one task; only whether it rests is seen by others.
#[derive(Debug)]
pub(super) struct Stage {
    begun: AtomicUsize,
    ended: AtomicUsize,
    /// Parts of answers that HTTP/2 still holds back, although their requests have ended.
    unsent: AtomicUsize,
    pub(super) stop: Stop,
    rest: Mutex<Rest>,
}

/// What is known of a connection that waits for a request.
#[derive(Debug, Default)]
struct Rest {
    since: Option<Mark>,
    /// Whether the connection is to end with this rest. Whatever ends the rest takes it back.
    leaves: bool,
    waker: Option<Waker>,
}

impl Stage {
    pub(super) fn new(stop: Stop) -> Self {
        Self {
            begun: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            stop,
            rest: Mutex::default(),
        }
    }

    /// Since when no request has been under way, nor its beginning, nor an answer on its way out, if there is none now.
    pub(super) fn rests_since(&self) -> Option<Instant> {
        let mark = self.rest().since?;
        let is_over = !self.in_request() && self.unsent.load(Ordering::Relaxed) == 0;
        (is_over && mark.begun == self.begun()).then_some(mark.at)
    }

    /// Ends the connection, if by the time that it hears of this it has still rested since then.
    pub(super) fn leave(&self, since: Instant) {
        let mut rest = self.rest();
        if rest.since.is_some_and(|mark| mark.at == since) {
            rest.leaves = true;
            if let Some(waker) = rest.waker.take() {
                waker.wake();
            }
        }
    }

    /// The connection has rested since then. Says whether it was asked to leave, and wakes it when it is.
    pub(super) fn rest_since(&self, mark: Mark, context: &Context<'_>) -> bool {
        let mut rest = self.rest();
        if rest.since != Some(mark) {
            (rest.since, rest.leaves) = (Some(mark), false);
        }
        match &mut rest.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        rest.leaves
    }

    /// Something is under way.
    pub(super) fn no_rest(&self) {
        let mut rest = self.rest();
        (rest.since, rest.leaves) = (None, false);
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn request_began(&self) {
        count_up(&self.begun);
    }

    pub(super) fn request_ended(&self) {
        count_up(&self.ended);
    }

    pub(super) fn part_waits(&self) {
        count_up(&self.unsent);
    }

    pub(super) fn part_went(&self) {
        let less = self.unsent.load(Ordering::Relaxed).wrapping_sub(1);
        self.unsent.store(less, Ordering::Relaxed);
    }

    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    pub(super) fn in_request(&self) -> bool {
        self.begun() != self.ended.load(Ordering::Relaxed)
    }
}

/// Without a locked instruction, which one writer does not need.
fn count_up(count: &AtomicUsize) {
    let next = count.load(Ordering::Relaxed).wrapping_add(1);
    count.store(next, Ordering::Relaxed);
}

/// A moment, and how many requests had begun by then: what it says is over with the next one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) at: Instant,
    pub(super) begun: usize,
}

impl Mark {
    pub(super) fn now(begun: usize) -> Self {
        let at = Instant::now();
        Self { at, begun }
    }
}
