//! What one run does, and its bounds.

use std::time::Duration;

use serde::Serialize;

use crate::Target;

/// The most users of a run: their state is kept in memory, a byte and a confirmed order for each.
pub const USERS_MAX: u32 = 10_000_000;
/// The most connections of buyers, and the most watchers: about what one address can have open to another.
pub const CONNECTIONS_MAX: usize = 28_000;

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which server.
    pub target: Target,
    /// What the run is called in the report.
    pub scenario: Scenario,
    /// How many users buy, at most [`USERS_MAX`].
    pub users: u32,
    /// How often each of them tries. Attempt after attempt goes round all users.
    pub attempts: u32,
    /// How many connections buy at the same time, at most [`CONNECTIONS_MAX`].
    pub connections: usize,
    /// When an attempt is made.
    pub arrival: Arrival,
    /// Each attempt is put off by a random time up to this.
    pub jitter: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How long buying may take. What is not begun by then is left out.
    pub duration_max: Duration,
    /// How long to wait for the start of the sale.
    pub wait_max: Duration,
    /// Whether a connection is used again, or each request opens a new one.
    pub keep_alive: bool,
    /// How often one attempt is repeated after `busy`, a lost connection or a late answer.
    pub retries_max: u32,
    /// How many only look at the sale, at most [`CONNECTIONS_MAX`].
    pub watchers: usize,
    /// How they look.
    pub watch: Watch,
    /// Tells the users of one run from those of another.
    pub seed: u64,
    /// Whether to look up every user in the end.
    pub checks_books: bool,
    /// Whether to say each second how it goes.
    pub shows_progress: bool,
}

/// The kinds of load that have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scenario {
    /// Everybody at the start.
    Rush,
    /// A given number each second, whatever the server does.
    Steady,
    /// Few users, many attempts of each.
    Storm,
    /// A rush while many watch.
    Crowd,
}

/// When an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrival {
    /// As soon as one of the connections is free (closed loop). Latency counts from sending.
    WhenFree,
    /// So many each second (open loop). Latency counts from the moment at which the attempt was due, so
    /// that it holds the time for which it had to wait for a connection.
    PerSecond(f64),
}

/// How a watcher looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watch {
    /// Asks for the status each time that this has passed.
    Poll(Duration),
    /// Stays on the live stream of events.
    Stream,
}

impl Plan {
    /// How many attempts there are, if time permits.
    pub(crate) fn attempts_total(&self) -> u64 {
        u64::from(self.users) * u64::from(self.attempts)
    }

    /// The id of a user, by number. It looks random, as those of real users do, so that a database sees
    /// no order in them.
    pub fn user_id(&self, number: u32) -> String {
        format!(
            "load-{:016x}@example.com",
            mix(mix(self.seed) ^ u64::from(number))
        )
    }

    /// The name of one attempt for its repetitions.
    pub(crate) fn idempotency_key(&self, user: u32, attempt: u32) -> String {
        let user_half = mix(mix(self.seed) ^ u64::from(user));
        format!(
            "{user_half:016x}{:016x}",
            mix(!user_half ^ u64::from(attempt))
        )
    }
}

/// Maps numbers to others, one to one, so that neighbours end up far apart (the finaliser of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}
