//! A child process whose output is drained, whose end is waited for with a bound, and which never
//! outlives the test that started it.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// How often a wait looks again. Short, because a hundred starts and stops add up.
const POLL: Duration = Duration::from_millis(2);

/// How a process ended and all it said.
#[derive(Debug, Clone)]
pub(crate) struct Exit {
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it, if one did.
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Exit {
    /// Everything said, for searching a message whichever stream carries it.
    pub(crate) fn said(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    /// Fails unless one line of stdout has all of these words.
    #[track_caller]
    pub(crate) fn assert_line_with(&self, words: &[&str]) {
        let mut lines = self.stdout.lines();
        let found = lines.any(|line| words.iter().all(|word| line.contains(word)));
        assert!(found, "no line has all of {words:?}:\n{}", self.said());
    }
}

/// What one stream has carried so far; a thread of its own fills it, so that a full pipe can never
/// stop the child.
#[derive(Default)]
struct Drain {
    text: Arc<Mutex<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

impl Drain {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let thread = std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(read) if read > 0) {
                kept.lock()
                    .expect("no holder panics")
                    .extend_from_slice(&line);
                line.clear();
            }
        });
        Self {
            text,
            thread: Some(thread),
        }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("no holder panics")).into_owned()
    }

    fn read_to_the_end(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a drain does not panic");
        }
        self.so_far()
    }
}

/// A running child. Dropping it kills it, by its process id.
pub(crate) struct Process {
    child: Child,
    stdout: Drain,
    stderr: Drain,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot run {}: {error}", command.get_program().display())
            });
        let stdout = Drain::of(child.stdout.take().expect("stdout is piped"));
        let stderr = Drain::of(child.stderr.take().expect("stderr is piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// The memory that it has, in bytes, as the system tells.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("a process that lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
        let kilobytes: u64 = kilobytes
            .and_then(|text| text.parse().ok())
            .expect("a number");
        kilobytes * 1024
    }

    /// What stdout has carried so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.so_far()
    }

    /// What stderr has carried so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks for an orderly stop.
    pub(crate) fn terminate(&self) {
        // It may have ended by itself meanwhile, which the wait that follows will tell.
        let _ = kill_process(self.pid(), Signal::TERM);
    }

    /// kill -9. The exit is still to be waited for.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits for the end, or gives up after `bound` with `None`.
    pub(crate) async fn ended_within(&mut self, bound: Duration) -> Option<Exit> {
        let deadline = Instant::now() + bound;
        loop {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return Some(Exit {
                    code: status.code(),
                    signal: status.signal(),
                    stdout: self.stdout.read_to_the_end(),
                    stderr: self.stderr.read_to_the_end(),
                });
            }
            if Instant::now() > deadline {
                return None;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits for the end; a process that does not end in time fails the test.
    pub(crate) async fn exit(mut self, bound: Duration) -> Exit {
        match self.ended_within(bound).await {
            Some(exit) => exit,
            None => panic!(
                "still running after {bound:?}; stderr so far:\n{}",
                self.stderr()
            ),
        }
    }
}

/// kill -9, from a place that does not hold the process.
pub(crate) fn kill_by_id(pid: Pid) {
    kill_process(pid, Signal::KILL).expect("the process runs");
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
