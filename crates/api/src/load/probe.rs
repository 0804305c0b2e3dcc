//! Measures the wait where requests wait.
//!
//! A byte that the server sends to itself lies in the same queue of the system as those of every client, wakes the
//! same runtime, and its reader stands behind the same tasks. So the time from its sending to its reading is what a
//! request waits that arrives now. It sees whatever holds requests up, also a machine that has given its processors
//! to others, and needs no figures about that machine.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Instant, sleep_until};

use super::course::{Course, State};
use super::{LET_GO_MIN, Load};
use crate::App;
use crate::meters::Attempted;

/// How long it rests between two bytes.
const PERIOD: Duration = Duration::from_millis(10);

/// Both ends of the way that the byte goes.
#[derive(Debug)]
pub struct Probe {
    there: UnixStream,
    here: UnixStream,
}

impl Probe {
    /// Fails if the system has no descriptors left.
    pub fn open() -> io::Result<Self> {
        let (there, here) = UnixStream::pair()?;
        Ok(Self { there, here })
    }

    /// Keeps up what is known of the load, until the server stops.
    pub async fn keep_up(self, app: Arc<App>) {
        let load = &app.load;
        let purchases = || app.meters.attempts(Attempted::Purchased);
        let mut course = Course::new(Instant::now());
        let mut made_before = purchases();
        let mut let_go = LET_GO_MIN;
        while !load.has_ended() {
            // It counts from when it was due: what keeps it from being sent keeps requests from being read.
            let due_at = Instant::now() + PERIOD;
            load.due_at_us.store(load.micros(due_at), Ordering::Relaxed);
            sleep_until(due_at).await;
            let sent = self.send().await;
            let now = Instant::now();
            load.due_at_us.store(0, Ordering::Relaxed);
            if let Err(error) = sent {
                tracing::error!(%error, "the wait of requests is not measured any more");
                return load.keep(State::default(), 0);
            }
            let waited = now.duration_since(due_at);
            let made = purchases();
            load.keep(course.goes_on(waited, now), made - made_before);
            made_before = made;
            let_go = load.let_go(let_go);
        }
    }

    async fn send(&self) -> io::Result<()> {
        // Until a read finds nothing, the runtime takes the socket for one that can be read, and would not wait.
        let mut bytes = [0; 8];
        while is_done(self.here.try_read(&mut bytes))? {}
        self.there.writable().await?;
        is_done(self.there.try_write(&[0]))?;
        self.here.readable().await
    }
}

/// Whether there was something to do.
fn is_done(result: io::Result<usize>) -> io::Result<bool> {
    match result {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

impl Load {
    fn keep(&self, state: State, made: u64) {
        let wait_us = u64::try_from(state.wait.as_micros()).unwrap_or(u64::MAX);
        self.wait_us.store(wait_us, Ordering::Relaxed);
        self.excess.goes_on(state.overloaded_for, made);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It must not find the way short because it does not look.
    #[tokio::test]
    async fn a_runtime_that_is_busy_makes_it_wait() {
        const BUSY: Duration = Duration::from_millis(30);
        let probe = Probe::open().unwrap();
        for _ in 0..3 {
            let busy = tokio::spawn(async { std::thread::sleep(BUSY) });
            let sent_at = Instant::now();
            probe.send().await.unwrap();
            assert!(sent_at.elapsed() >= BUSY, "{:?}", sent_at.elapsed());
            busy.await.unwrap();
        }
    }
}
