//! A child process that never outlives the tests.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Reads until the test's end of the pipe is gone, be it by a crash or by kill -9, and then ends the
/// server. Ctrl-C reaches this shell as well, and must not end it before.
const GUARD: &str = r#"trap "" HUP INT TERM; read -r _; kill -9 "$0""#;

/// A running child, and the guard that ends it if the test is ended. Dropping it kills both.
pub(crate) struct Process {
    child: Child,
    guard: Child,
    frozen: bool,
}

impl Process {
    /// Starts a program in a folder. What it says is added to the log.
    pub(crate) fn spawn(program: &Path, arguments: &[&str], folder: &Path, log: File) -> Self {
        let for_errors = log.try_clone().expect("the log has a second handle");
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(for_errors)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
        let guard = Command::new("sh")
            .args(["-c", GUARD, &child.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        Self {
            child,
            guard,
            frozen: false,
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        let running = matches!(self.child.try_wait(), Ok(None));
        if !running {
            // From now on the process id may become another's.
            end(&mut self.guard);
        }
        running
    }

    /// Asks for an orderly end.
    pub(crate) fn terminate(&self) {
        // It may have ended by itself meanwhile, which the wait that follows will tell.
        let _ = kill_process(self.pid(), Signal::TERM);
    }

    /// kill -9, and waits for the end.
    pub(crate) fn kill(&mut self) {
        end(&mut self.guard);
        end(&mut self.child);
        self.frozen = false;
    }

    /// Stops the process in mid-air; returns when it stands still.
    pub(crate) fn freeze(&mut self) {
        assert!(self.is_running(), "a process that has ended is frozen");
        kill_process(self.pid(), Signal::STOP).expect("a child takes signals");
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), stopped).expect("a child can be waited for");
        self.frozen = true;
    }

    /// Lets a frozen process go on.
    pub(crate) fn thaw(&mut self) {
        assert!(self.is_running(), "a process that has ended is thawed");
        kill_process(self.pid(), Signal::CONT).expect("a child takes signals");
        self.frozen = false;
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// The processor time that it has used, its own and the system's for it.
    pub(crate) fn cpu(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.id());
        let stat = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("no processor time: {path}: {error}"));
        // The name in parentheses may hold anything. Behind it come the state, ten more fields, then
        // the two times in ticks.
        let (_, fields) = stat.rsplit_once(')').expect("the name is in parentheses");
        let times = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = times
            .map(|ticks| ticks.parse::<u64>().expect("a number of ticks"))
            .sum();
        Duration::from_millis(ticks * 1_000 / clock_ticks_per_second())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Both fail only if the process has ended, and been waited for, already.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
