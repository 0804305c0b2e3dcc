//! What holds for which connection, and what is counted.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;

/// What happens to bytes and to new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    Delay(Duration),
    Hold,
    BlackHole,
    DropAnswers,
    Refuse,
}

/// The mode, and what has befallen connections for good. Connections are numbered from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) mode: Mode,
    /// Connections up to this number carry nothing any more.
    pub(crate) silent: u64,
    /// Connections up to this number are cut.
    pub(crate) cut: u64,
}

/// Requests that cost their client the connection.
#[derive(Debug)]
pub(crate) struct Trap {
    needle: Vec<u8>,
    times: u64,
    kind: Cut,
}

/// Whether the server carries out the request that is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Before,
    After,
}

impl Trap {
    pub(crate) fn new(needle: &[u8], times: u64, kind: Cut) -> Self {
        Self {
            needle: needle.to_owned(),
            times,
            kind,
        }
    }

    fn matches(&self, request: &[u8]) -> bool {
        // No bytes at all are in every request.
        let length = self.needle.len();
        length == 0 || request.windows(length).any(|part| part == self.needle)
    }
}

/// What the proxy, its acceptor and its connections share.
pub(crate) struct Shared {
    pub(crate) target: SocketAddr,
    /// The acceptor changes them; connections watch them.
    pub(crate) rules: watch::Sender<Rules>,
    // Locked for a moment at a time: the test sets it, every request looks at it.
    trap: Mutex<Option<Trap>>,
    connections: AtomicU64,
    cuts: AtomicU64,
}

impl Shared {
    pub(crate) fn new(target: SocketAddr) -> Self {
        let rules = Rules {
            mode: Mode::Pass,
            silent: 0,
            cut: 0,
        };
        Self {
            target,
            rules: watch::Sender::new(rules),
            trap: Mutex::new(None),
            connections: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
        }
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }

    /// Counts a new connection, and returns its number.
    pub(crate) fn count(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn set_trap(&self, trap: Option<Trap>) {
        *self.trap() = trap;
    }

    /// Whether this request is one that is to be cut.
    pub(crate) fn spring(&self, request: &[u8]) -> Option<Cut> {
        let mut trap = self.trap();
        let trap = trap.as_mut().filter(|trap| trap.times > 0)?;
        if !trap.matches(request) {
            return None;
        }
        trap.times -= 1;
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(trap.kind)
    }

    fn trap(&self) -> MutexGuard<'_, Option<Trap>> {
        self.trap.lock().expect("no holder panics")
    }
}
