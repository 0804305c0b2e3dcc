//! When those who are sent away may come back: one after the other, and not all at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The first may come back after this time.
pub(super) const RETURN_MIN: Duration = Duration::from_secs(1);
/// And the last. Then comes nobody's turn any more: who is still told to come back then comes when he can.
pub(super) const RETURN_MAX: Duration = Duration::from_secs(10);
/// By how much each may come later than his turn, at most.
const SPREAD: Duration = Duration::from_millis(500);
/// How long the line is, then.
const LINE_MAX: Duration = RETURN_MAX.saturating_sub(RETURN_MIN).saturating_sub(SPREAD);
/// What lies between two places at first.
const EACH_US: u64 = 1_000;

/// A line at whose end everybody gets a place. Nobody is in it: it is a promise of when there is time.
#[derive(Debug)]
pub(super) struct Line {
    /// When the last place is served, in microseconds since the beginning.
    end_us: AtomicU64,
    each_us: AtomicU64,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            end_us: AtomicU64::new(0),
            each_us: AtomicU64::new(EACH_US),
        }
    }
}

impl Line {
    /// So much time lies between two places from now on.
    pub(super) fn is_served_each(&self, each: Duration) {
        let each_us = micros(each.min(LINE_MAX)).max(1);
        self.each_us.store(each_us, Ordering::Relaxed);
    }

    /// After what time the next may come back. `chance` is any number: it spreads those who get their places at one
    /// moment, the more the further they are.
    pub(super) fn next(&self, now_us: u64, chance: u16) -> Duration {
        let each_us = self.each_us.load(Ordering::Relaxed);
        let after = |end_us: u64| (end_us.max(now_us) + each_us).min(now_us + micros(LINE_MAX));
        let update = |end_us| Some(after(end_us));
        let updated = self
            .end_us
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        let (Ok(before) | Err(before)) = updated;
        let place_us = after(before) - now_us;
        let chance = u64::from(chance);
        let earlier_us = place_us / 4 * chance / 65_536;
        let later_us = micros(SPREAD) * chance / 65_536;
        RETURN_MIN + Duration::from_micros(place_us - earlier_us + later_us)
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: u64 = 5_000_000;

    #[test]
    fn places_follow_each_other_at_the_rate_at_which_they_are_served() {
        let line = Line::default();
        line.is_served_each(Duration::from_millis(2));
        for place in 1..=1_000 {
            let wait = line.next(NOW_US, 0);
            assert_eq!(wait, RETURN_MIN + Duration::from_millis(2 * place));
        }
        // A second later half of them had their turn.
        let wait = line.next(NOW_US + 1_000_000, 0);
        assert_eq!(wait, RETURN_MIN + Duration::from_millis(1_002));
        // And later all.
        let wait = line.next(NOW_US + 60_000_000, 0);
        assert_eq!(wait, RETURN_MIN + Duration::from_millis(2));
    }

    #[test]
    fn row_28_everybody_comes_back_within_its_bounds_and_not_at_once() {
        let line = Line::default();
        line.is_served_each(Duration::from_hours(1));
        let mut times = std::collections::BTreeSet::new();
        for number in 0..=u16::MAX {
            let wait = line.next(NOW_US, number);
            assert!((RETURN_MIN..=RETURN_MAX).contains(&wait), "{wait:?}");
            times.insert(wait.as_millis());
        }
        let (first, last) = (times.first().unwrap(), times.last().unwrap());
        assert!(last - first > 1_000, "{first} to {last} ms");
        // The end of the line is bounded, too: soon after, it is short again.
        let later_us = NOW_US + micros(LINE_MAX);
        line.is_served_each(Duration::from_micros(1));
        assert!(line.next(later_us, 0) <= RETURN_MIN + Duration::from_millis(1));
    }
}
