//! Which purchases are sent away while there are too many, and when they may come back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// At least so many purchases are made for each that is sent away. To send one away costs up to half of what it costs
/// to make one; if it were done without a bound, a crowd that does not go would leave time for nothing else.
const MADE_FOR_EACH: u64 = 8;
/// How many may be sent away at a stretch, if that many purchases were made before.
const AT_A_STRETCH_MAX: u64 = 1_000;
/// After this time everybody may come back, at the earliest.
pub(super) const RETURN_MIN: Duration = Duration::from_secs(1);
/// And at the latest after this.
pub(super) const RETURN_MAX: Duration = Duration::from_secs(10);

/// Nobody is sent away until [`Excess::goes_on`] says that there is an overload.
#[derive(Debug, Default)]
pub(super) struct Excess {
    /// How long the overload has lasted, in milliseconds and one more; 0 if there is none.
    lasted_ms: AtomicU64,
    /// Purchases that were made meanwhile, and that nobody has been sent away for.
    made: AtomicU64,
}

impl Excess {
    /// There has been an overload for so long, or there is none; so many purchases were made since the last time.
    pub(super) fn goes_on(&self, lasted: Option<Duration>, made: u64) {
        let is_first = !self.is_there();
        let lasted_ms = lasted.map_or(0, |lasted| millis(lasted).saturating_add(1));
        self.lasted_ms.store(lasted_ms, Ordering::Relaxed);
        let add = |before: u64| {
            let before = if is_first { 0 } else { before };
            Some((before + made).min(AT_A_STRETCH_MAX * MADE_FOR_EACH))
        };
        // It never fails, because there is always a new value.
        let _ = self
            .made
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Whether there is one.
    pub(super) fn is_there(&self) -> bool {
        self.lasted_ms.load(Ordering::Relaxed) > 0
    }

    /// Whether the purchase that asks is to be sent away.
    pub(super) fn takes(&self) -> bool {
        let take = |made: u64| made.checked_sub(MADE_FOR_EACH);
        self.is_there()
            && self
                .made
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_ok()
    }

    /// After what time somebody may come back who is sent away now. What has lasted for long will last for long, so
    /// it is about as much again. `chance` is any number: it spreads those who ask at one moment.
    pub(super) fn return_ms(&self, chance: u16) -> u64 {
        let lasted_ms = self.lasted_ms.load(Ordering::Relaxed);
        // With the quarter that chance adds, it is no longer than the longest.
        let pause_ms = lasted_ms.clamp(millis(RETURN_MIN), millis(RETURN_MAX) / 5 * 4);
        pause_ms + pause_ms / 4 * u64::from(chance) / u64::from(u16::MAX)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTED: Option<Duration> = Some(Duration::from_secs(3));

    fn taken(excess: &Excess) -> usize {
        std::iter::repeat_with(|| excess.takes())
            .take_while(|is_taken| *is_taken)
            .count()
    }

    #[test]
    fn row_28_a_node_that_sends_away_still_sells() {
        let excess = Excess::default();
        excess.goes_on(None, 1_000);
        assert_eq!(taken(&excess), 0, "without an overload nobody is");
        excess.goes_on(LASTED, 2 * MADE_FOR_EACH + 1);
        assert_eq!(taken(&excess), 2, "what was before does not count");
        excess.goes_on(LASTED, MADE_FOR_EACH - 1);
        assert_eq!(taken(&excess), 1, "what was left over does");
        excess.goes_on(LASTED, u64::MAX / 2);
        assert_eq!(taken(&excess), 1_000);
        excess.goes_on(None, 1_000);
        assert_eq!(taken(&excess), 0);
    }

    #[test]
    fn row_28_everybody_comes_back_within_its_bounds_and_not_at_once() {
        let excess = Excess::default();
        let times = |lasted| {
            excess.goes_on(lasted, 0);
            (excess.return_ms(0), excess.return_ms(u16::MAX))
        };
        assert_eq!(times(None), (1_000, 1_250));
        assert_eq!(times(Some(Duration::ZERO)), (1_000, 1_250));
        assert_eq!(times(LASTED), (3_001, 3_751));
        assert_eq!(times(Some(Duration::from_hours(1))), (8_000, 10_000));
        assert_eq!(times(Some(Duration::MAX)), (8_000, 10_000));
        let middle = excess.return_ms(u16::MAX / 2);
        assert!((8_900..=9_100).contains(&middle), "{middle}");
    }
}
