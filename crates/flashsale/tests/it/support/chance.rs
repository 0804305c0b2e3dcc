//! Random choices that can be repeated.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Set to repeat a run: the seed that a failing test has printed.
const SEED_VARIABLE: &str = "FLASHSALE_TEST_SEED";

/// A source of random choices (`SplitMix64`). It is written out here so that a seed in an old log
/// keeps its meaning whatever versions the dependencies have by then.
#[derive(Debug, Clone)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// A fresh seed, or the one asked for, printed so that a failure can be repeated.
    pub(crate) fn announced(test: &str) -> Self {
        let seed = match std::env::var(SEED_VARIABLE) {
            Ok(text) => text.parse().expect("the seed is a number"),
            Err(_) => RandomState::new().build_hasher().finish(),
        };
        println!("{test}: seed {seed} (repeat with {SEED_VARIABLE}={seed})");
        Self::seeded(seed)
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `from..=to`.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        assert!(from <= to, "an empty range has no number to choose");
        from + self.next() % (to - from + 1)
    }

    /// An index below `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        assert!(length > 0, "nothing to choose from");
        usize::try_from(self.next() % length as u64).expect("an index of this machine")
    }

    /// True once in `odds` times.
    pub(crate) fn once_in(&mut self, odds: u64) -> bool {
        self.next().is_multiple_of(odds)
    }
}
