//! Slows a server down to a part of a core, so that a load generator on the same machine is ten times as
//! strong as it: the server runs for a moment, is stopped for nine times as long, and so on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::Failure;
use crate::process::{Running, SERVER_CORE, now, stay_on};

/// How long the server runs at a stretch. The system may let it run for longer.
const RUN: Duration = Duration::from_millis(1);
/// For how many times as long it is stopped then.
const STOPPED_BY_RUN: u32 = 9;

/// While this lives, the server is slow; when it is dropped, the server runs, whatever has happened.
pub(crate) struct Throttle<'a> {
    /// It must not be gone, or its number might be another's.
    _server: &'a Running,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Throttle<'a> {
    /// Begins. It ends by itself after `time_max`.
    pub(crate) fn start(server: &'a Running, time_max: Duration) -> Result<Self, Failure> {
        let pid = server.pid().ok_or("a server without a number")?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            let _running_in_the_end = RunsInTheEnd(pid);
            // On the core that is idle whenever the server has to be woken. Elsewhere it works as well.
            drop(stay_on(SERVER_CORE));
            let ends_at = now() + time_max;
            while !ends.load(Ordering::Relaxed) && now() < ends_at {
                // Before it is woken, because then it may run at once, and this thread later.
                let began_at = now();
                let _ = kill_process(pid, Signal::CONT);
                std::thread::sleep(RUN);
                if kill_process(pid, Signal::STOP).is_err() {
                    return;
                }
                std::thread::sleep(stopped_for(began_at.elapsed()));
            }
        });
        Ok(Self {
            _server: server,
            is_over,
            thread: Some(thread),
        })
    }
}

impl Drop for Throttle<'_> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // If it has panicked, it has let the server run all the same.
            drop(thread.join());
        }
    }
}

/// If it ran for too long, it pays with the pause.
fn stopped_for(ran: Duration) -> Duration {
    ran * STOPPED_BY_RUN
}

struct RunsInTheEnd(Pid);

impl Drop for RunsInTheEnd {
    fn drop(&mut self) {
        // A server that has ended needs no more.
        let _ = kill_process(self.0, Signal::CONT);
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_program_gets_a_small_part_of_a_core_and_all_of_it_afterwards() {
        let program = Running::spawn(Command::new("sh").args(["-c", "while :; do :; done"]));
        let program = program.unwrap();
        let until = |what: &str, reached: &dyn Fn() -> bool| {
            let began_at = now();
            while !reached() {
                assert!(began_at.elapsed() < Duration::from_mins(1), "{what}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        let began_at = now();
        let throttle = Throttle::start(&program, Duration::from_mins(2)).unwrap();
        let slow = Duration::from_millis(100);
        until("it runs", &|| program.cpu().unwrap() >= slow);
        let (took, cpu) = (began_at.elapsed(), program.cpu().unwrap());
        assert!(cpu < took / 4, "{cpu:?} of {took:?}");
        drop(throttle);
        until("it runs on", &|| program.cpu().unwrap() >= cpu + slow);
    }

    #[test]
    fn it_ends_by_itself() {
        let program = Running::spawn(Command::new("sh").args(["-c", "while :; do :; done"]));
        let program = program.unwrap();
        let mut throttle = Throttle::start(&program, Duration::from_millis(50)).unwrap();
        throttle.thread.take().unwrap().join().unwrap();
        let cpu = program.cpu().unwrap();
        let began_at = now();
        while program.cpu().unwrap() < cpu + Duration::from_millis(50) {
            assert!(began_at.elapsed() < Duration::from_mins(1), "it is stopped");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
