//! How often which value came.

use std::sync::atomic::{AtomicU64, Ordering};

/// Each power of two is split into so many buckets, so that a value is known within an eighth of it.
const PARTS: u64 = 1 << PARTS_BITS;
const PARTS_BITS: u32 = 3;
/// Values from here on are counted as this one: 2^36 microseconds are 19 hours.
const VALUE_MAX: u64 = (1 << 36) - 1;
const BUCKETS: usize = index_of(VALUE_MAX) + 1;

/// Counts values, whatever their unit. Small ones, up to 15, are counted exactly.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
            sum: AtomicU64::new(0),
        }
    }
}

impl Histogram {
    /// Counts one value.
    pub fn record(&self, value: u64) {
        let value = value.min(VALUE_MAX);
        self.buckets[index_of(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// What was counted so far. Values that come meanwhile may be in it or not.
    pub fn counts(&self) -> Counts {
        let load = |bucket: &AtomicU64| bucket.load(Ordering::Relaxed);
        Counts {
            buckets: self.buckets.iter().map(load).collect(),
            sum: self.sum.load(Ordering::Relaxed),
        }
    }
}

/// What a histogram had counted at one moment, or between two.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Empty is the same as zeros.
    buckets: Vec<u64>,
    sum: u64,
}

impl Counts {
    /// What came since an earlier moment.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = earlier.buckets.iter().copied().chain(std::iter::repeat(0));
        let buckets = self.buckets.iter().zip(before);
        Self {
            buckets: buckets.map(|(now, before)| now - before).collect(),
            sum: self.sum.wrapping_sub(earlier.sum),
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// What they add up to.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// How many are certainly not above this value: those of whole buckets.
    pub fn up_to(&self, value: u64) -> u64 {
        let whole = (0..self.buckets.len()).take_while(|index| highest_of(*index) <= value);
        whole.map(|index| self.buckets[index]).sum()
    }

    /// The value that so great a share (0 to 1) of all does not exceed, at most an eighth too high; 0 if
    /// there is none.
    pub fn quantile(&self, share: f64) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of values is small, and not negative"
        )]
        let rank = ((self.count() as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (index, number) in self.buckets.iter().enumerate() {
            seen += number;
            if seen >= rank {
                return highest_of(index);
            }
        }
        0
    }

    /// The highest value, at most an eighth too high; 0 if there is none.
    pub fn max(&self) -> u64 {
        self.buckets
            .iter()
            .rposition(|number| *number > 0)
            .map_or(0, highest_of)
    }
}

/// Where a value is counted.
const fn index_of(value: u64) -> usize {
    if value < PARTS {
        return narrow(value);
    }
    // The highest bit says which power of two, the bits behind it which part.
    let power = value.ilog2() - PARTS_BITS;
    narrow((power as u64 + 1) * PARTS + (value >> power) - PARTS)
}

/// The highest value that is counted there.
const fn highest_of(index: usize) -> u64 {
    let index = index as u64;
    if index < PARTS {
        return index;
    }
    let (power, part) = (index / PARTS - 1, index % PARTS);
    ((PARTS + part + 1) << power) - 1
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "there are only some hundred buckets"
)]
const fn narrow(index: u64) -> usize {
    index as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_its_place() {
        let mut last = 0;
        for value in (0..5_000).chain((13..36).flat_map(|power| {
            let value = 1_u64 << power;
            [value - 1, value, value + 1]
        })) {
            let index = index_of(value);
            assert!(index >= last, "{value}");
            last = index;
            let highest = highest_of(index);
            assert!(highest >= value, "{value} is counted up to {highest}");
            assert!(highest - value <= value / 8, "{value}, {highest}");
            assert!(value < 16 || index == 0 || highest_of(index - 1) < value);
            assert!(value >= 16 || highest == value, "small ones are exact");
        }
        assert_eq!(index_of(VALUE_MAX), BUCKETS - 1);
    }

    #[test]
    fn quantiles_sums_and_differences() {
        let histogram = Histogram::default();
        let nothing = histogram.counts();
        assert_eq!(
            (nothing.quantile(0.5), nothing.max(), nothing.count()),
            (0, 0, 0)
        );
        for value in 1..=10 {
            histogram.record(value);
        }
        let ten = histogram.counts();
        assert_eq!(
            (ten.quantile(0.5), ten.quantile(0.99), ten.max()),
            (5, 10, 10)
        );
        assert_eq!((ten.count(), ten.sum(), ten.up_to(3)), (10, 55, 3));
        histogram.record(1_000);
        histogram.record(u64::MAX);
        let later = histogram.counts().since(&ten);
        assert_eq!(later.count(), 2);
        assert_eq!((later.quantile(0.5), later.max()), (1_023, VALUE_MAX));
        assert_eq!(later.sum(), 1_000 + VALUE_MAX);
        assert_eq!(later.up_to(1_000), 0, "its bucket reaches to 1,023");
        assert_eq!(later.up_to(1_023), 1);
        assert_eq!(ten.since(&Counts::default()).count(), 10);
    }
}
