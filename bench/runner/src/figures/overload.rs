//! What was measured with more buyers than the server can serve.

use serde::{Deserialize, Serialize};

/// A server that was slowed down, under load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Overload {
    /// As many as can be served: each buyer comes back at once.
    pub(crate) capacity: Served,
    /// So many times as many new buyers each second.
    pub(crate) steps: Vec<Offered>,
    /// With so many others who look without a pause.
    pub(crate) watched: Vec<Watched>,
}

/// What came of purchases.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Served {
    pub(crate) seconds: f64,
    /// Answers: 200, 503, others below 500, and others besides or none in time.
    pub(crate) accepted: u64,
    pub(crate) sent_away: u64,
    pub(crate) refused: u64,
    pub(crate) failed: u64,
    /// Of the accepted request itself, from when it was sent.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// How much of a core the server got.
    pub(crate) cores: f64,
}

/// Buyers who come at their own rate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Offered {
    /// New buyers by the capacity.
    pub(crate) times: f64,
    pub(crate) arrived: u64,
    /// Attempts that found no free connection until the end.
    pub(crate) unsent: u64,
    pub(crate) served: Served,
}

/// Buyers among others who only look.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Watched {
    pub(crate) watchers: u64,
    /// Looks that were answered with the status, and others.
    pub(crate) looks: u64,
    pub(crate) looks_in_vain: u64,
    pub(crate) served: Served,
}

impl Served {
    pub(crate) fn accepted_per_second(&self) -> f64 {
        self.per_second(self.accepted)
    }

    pub(crate) fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.seconds
    }
}
