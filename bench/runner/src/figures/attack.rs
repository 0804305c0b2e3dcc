//! What was measured under attack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One server, honest buyers, and everything at once that is against them.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attack {
    pub(crate) buyers: u64,
    pub(crate) seconds: f64,
    /// What honest buyers got, alone and under attack.
    pub(crate) alone: Honest,
    pub(crate) attacked: Honest,
    /// The server's memory in bytes: before, at the most, and when the attackers had gone.
    pub(crate) resident_before: u64,
    pub(crate) resident_most: u64,
    pub(crate) resident_after: u64,
    /// Its open files and sockets.
    pub(crate) descriptors_before: u64,
    pub(crate) descriptors_after: u64,
    pub(crate) attackers: Vec<Attacker>,
    /// Orders in the books, which were in order.
    pub(crate) orders: u64,
}

/// What honest buyers noticed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Honest {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) max_us: f64,
    pub(crate) bought: u64,
    /// Answered with anything but an order.
    pub(crate) refused: u64,
    /// Not answered.
    pub(crate) failed: u64,
}

/// One kind of attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attacker {
    pub(crate) what: String,
    /// One sentence on what came of it.
    pub(crate) why: String,
    pub(crate) got: Got,
}

/// What an attacker got.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Got {
    /// Answers by their status.
    pub(crate) answers: BTreeMap<u16, u64>,
    /// How often a connection ended without an answer, or could not be made.
    pub(crate) closed: u64,
}

impl Got {
    pub(crate) fn note(&mut self, status: Option<u16>) {
        match status {
            Some(status) => *self.answers.entry(status).or_default() += 1,
            None => self.closed += 1,
        }
    }

    pub(crate) fn all(&self) -> u64 {
        self.answers.values().sum::<u64>() + self.closed
    }

    pub(crate) fn orders(&self) -> u64 {
        self.answers.get(&200).copied().unwrap_or(0)
    }
}
