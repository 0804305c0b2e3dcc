//! Counters and histograms that many threads write at once, and one reads now and then.
//!
//! - [`Counter`]: only ever grows;
//! - [`Histogram`] (in [`histogram`]): how often which value came, within an eighth of it.
//!
//! To write is one addition without a lock, because buyers wait for it. It knows no clock, no names and
//! no format: whoever reads gives a meaning to the numbers.

pub mod histogram;

use std::sync::atomic::{AtomicU64, Ordering};

pub use histogram::{Counts, Histogram};

/// A number that only ever grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds some.
    pub fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    /// The number so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
