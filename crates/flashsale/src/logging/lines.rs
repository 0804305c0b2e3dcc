//! Collects log lines, and writes them from a thread of its own, many at once: under load a line costs
//! its share of one system call, and no request ever waits for whoever reads the log.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// How many bytes of lines may wait to be written. What comes on top is lost, and counted.
const WAITING_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(10);

/// Where lines are put. Clones share one buffer.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    /// Held only while a line is copied in, or while the buffer is changed for an empty one.
    waiting: Mutex<Waiting>,
    /// Wakes the writer: the first line is there, or the end has come.
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    lines_lost: u64,
    is_ended: bool,
}

/// The thread that writes the lines out. When it is dropped, all that wait are written first.
pub(super) struct Writer {
    lines: Lines,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.0.waiting.lock();
        if waiting.bytes.len() + line.len() > WAITING_BYTES_MAX {
            waiting.lines_lost += 1;
            return;
        }
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if is_first {
            self.0.changed.notify_one();
        }
    }
}

/// For a formatter that hands over a whole line with each write.
impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Writer {
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let lines = Lines(Arc::new(Shared {
            waiting: Mutex::default(),
            changed: Condvar::new(),
        }));
        let shared = Arc::clone(&lines.0);
        let thread = std::thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || shared.write_out(out))?;
        Ok(Self {
            lines,
            thread: Some(thread),
        })
    }

    pub(super) fn lines(&self) -> Lines {
        self.lines.clone()
    }

    /// How many lines were lost so far.
    pub(super) fn lost(&self) -> u64 {
        self.lines.0.waiting.lock().lines_lost
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.lines.0.waiting.lock().is_ended = true;
        self.lines.0.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // If it has panicked, there is no log to say so in.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn write_out(&self, mut out: impl Write) {
        let mut bytes = Vec::new();
        loop {
            let mut waiting = self.waiting.lock();
            self.changed
                .wait_while(&mut waiting, |w| w.bytes.is_empty() && !w.is_ended);
            // Only the end cuts the gathering short.
            self.changed
                .wait_while_for(&mut waiting, |w| !w.is_ended, GATHER);
            let is_ended = waiting.is_ended;
            std::mem::swap(&mut waiting.bytes, &mut bytes);
            drop(waiting);
            // Nobody is left to be told that the log cannot be written.
            drop(out.write_all(&bytes).and_then(|()| out.flush()));
            bytes.clear();
            if is_ended {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what is written, but blocks until it is unlocked.
    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_written_in_its_order() {
        let out = Out::default();
        let writer = Writer::start(out.clone()).unwrap();
        let mut expected = Vec::new();
        for number in 0..1000 {
            let line = format!("{number}\n");
            writer.lines().push(line.as_bytes());
            expected.extend_from_slice(line.as_bytes());
        }
        assert_eq!(writer.lost(), 0);
        drop(writer);
        assert_eq!(*out.0.lock(), expected);
    }

    #[test]
    fn what_does_not_fit_is_lost_and_counted_and_holds_nobody_up() {
        let out = Out::default();
        let blocked = out.0.lock();
        let writer = Writer::start(out.clone()).unwrap();
        let line = vec![b'x'; WAITING_BYTES_MAX / 4];
        for _ in 0..20 {
            writer.lines().push(&line);
        }
        // Four wait, and at most four more are in the writer's hands.
        let lost = usize::try_from(writer.lost()).unwrap();
        assert!((12..=16).contains(&lost), "{lost}");
        drop(blocked);
        drop(writer);
        assert_eq!(out.0.lock().len(), (20 - lost) * line.len());
    }
}
