//! The generic cell rate algorithm: one number for each who asks, the moment at which all that was asked
//! will have been paid off ("theoretical arrival time", ITU-T I.371).

use crate::Rate;

/// What the rule says of one more request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may pass, and this is the new moment to keep.
    Allowed(u64),
    /// It may pass after so many microseconds.
    Refused(u64),
}

/// One more request at `now`, of somebody for whom `paid_off` is kept; 0 for somebody who is new. Both
/// in microseconds. Whoever is paid off before now is as good as new.
pub fn decide(rate: Rate, paid_off: u64, now: u64) -> Verdict {
    let next = paid_off.max(now).saturating_add(rate.interval_us());
    // As many as the rate has may come at once, so the debt may be that long.
    let latest = now.saturating_add(rate.interval_us().saturating_mul(rate.requests().into()));
    if next <= latest {
        Verdict::Allowed(next)
    } else {
        Verdict::Refused(next - latest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(rate: Rate, times: impl IntoIterator<Item = u64>) -> Vec<bool> {
        let mut paid_off = 0;
        let one = |now| match decide(rate, paid_off, now) {
            Verdict::Allowed(next) => {
                paid_off = next;
                true
            }
            Verdict::Refused(wait) => {
                let later = decide(rate, paid_off, now + wait);
                assert!(
                    matches!(later, Verdict::Allowed(_)),
                    "told to wait {wait} from {now}"
                );
                let sooner = decide(rate, paid_off, now + wait - 1);
                assert!(
                    matches!(sooner, Verdict::Refused(_)),
                    "told to wait too long"
                );
                false
            }
        };
        times.into_iter().map(one).collect()
    }

    #[test]
    fn a_burst_passes_and_then_one_by_one() {
        let rate: Rate = "3/3s".parse().unwrap();
        let second = 1_000_000;
        let start = 50 * second;
        assert_eq!(asked(rate, [start; 5]), [true, true, true, false, false]);
        let then = [
            start,
            start,
            start,
            start + second - 1,
            start + second,
            start + second,
        ];
        assert_eq!(asked(rate, then), [true, true, true, false, true, false]);
        // Whoever waits long enough has the whole burst again, and no more.
        let again = [start; 3].into_iter().chain([start + 100 * second; 4]);
        assert_eq!(
            asked(rate, again),
            [true, true, true, true, true, true, false]
        );
    }

    proptest! {
        /// In no stretch of time does more pass than the burst and what the time has earned; and somebody who
        /// keeps to the rate is never refused.
        #[test]
        fn no_more_than_the_rate_passes(
            requests in 1..50_u32,
            period_ms in 1..5_000_u64,
            gaps in prop::collection::vec(0..200_000_u64, 1..200),
        ) {
            let rate: Rate = format!("{requests}/{period_ms}ms").parse().unwrap();
            let mut now = 7_000_000;
            let times: Vec<u64> = gaps.iter().map(|gap| { now += gap; now }).collect();
            let passed: Vec<u64> = times.iter().copied().zip(asked(rate, times.iter().copied()))
                .filter_map(|(time, passes)| passes.then_some(time))
                .collect();
            for (first, from) in passed.iter().enumerate() {
                for (last, to) in passed.iter().enumerate().skip(first) {
                    let earned = (to - from) / rate.interval_us();
                    prop_assert!((last - first + 1) as u64 <= u64::from(requests) + earned);
                }
            }
            let patient = (0..100).map(|number| 7_000_000 + number * rate.interval_us());
            prop_assert!(asked(rate, patient).into_iter().all(|passes| passes));
        }
    }
}
