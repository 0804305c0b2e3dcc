//! A server that has only a part of the processor, so that the load of a test is many times of what it can do,
//! however quick or slow the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// It runs for so long,
const RUNS: Duration = Duration::from_millis(1);
/// and then stands still for so long.
const RESTS: Duration = Duration::from_millis(19);

/// A process that is stopped and let go on, again and again. Dropped, it runs as before.
pub(crate) struct Slowed {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Slowed {
    /// To a tenth or less.
    pub(crate) fn new(pid: Pid) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let thread = thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                // If it has ended, the test finds out.
                let _ = kill_process(pid, Signal::STOP);
                thread::sleep(RESTS);
                let _ = kill_process(pid, Signal::CONT);
                thread::sleep(RUNS);
            }
        });
        Self {
            over,
            thread: Some(thread),
        }
    }
}

impl Drop for Slowed {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
