//! What the system says of this process.

/// At one moment, since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Process {
    /// User and system time, in seconds.
    pub cpu_seconds: f64,
    /// Memory that is in use, in bytes.
    pub resident_bytes: u64,
    /// Files, sockets among them.
    pub open_fds: u64,
    /// How many of them there may be.
    pub max_fds: u64,
}
