//! What follows from the waits that were measured, one after the other. It knows no clock: each comes with its time.

use std::time::Duration;

use tokio::time::Instant;

/// Requests that wait for longer than this, and for [`OVER_MAX`], are too many. Up to here whoever is sent away would
/// have been served sooner, and each refusal costs others a part of their time.
const BUY_WAIT_MAX: Duration = Duration::from_millis(500);
/// An overload is over when they wait for no longer than this.
const CALM_WAIT_MAX: Duration = Duration::from_millis(250);
/// How long the wait may be too long before purchases are sent away: a rush that passes is served.
const OVER_MAX: Duration = Duration::from_secs(1);
/// Over what time waits are smoothed.
const SMOOTHED_OVER: Duration = Duration::from_millis(50);

/// The load of the last seconds.
#[derive(Debug)]
pub(super) struct Course {
    at: Instant,
    wait_us: f64,
    /// Since when the wait has been too long, without a calm moment.
    over_since: Option<Instant>,
}

/// What a course has led to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct State {
    /// How long requests wait.
    pub(super) wait: Duration,
    /// How long purchases have been sent away, if they are.
    pub(super) overloaded_for: Option<Duration>,
}

impl Course {
    /// It begins with nobody waiting.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            at: now,
            wait_us: 0.0,
            over_since: None,
        }
    }

    /// A probe has come back that has waited for so long.
    pub(super) fn goes_on(&mut self, waited: Duration, now: Instant) -> State {
        let since = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        // The longer it is that a wait stands for, the more it counts.
        let weight = since / (since + SMOOTHED_OVER.as_secs_f64());
        self.wait_us += (waited.as_secs_f64() * 1e6 - self.wait_us) * weight;
        let wait = Duration::from_secs_f64(self.wait_us / 1e6);

        let lasted = self.over_since.map(|at| now.duration_since(at));
        let overloaded_for = lasted.and_then(|lasted| lasted.checked_sub(OVER_MAX));
        let is_calm = if overloaded_for.is_some() {
            wait <= CALM_WAIT_MAX
        } else {
            wait <= BUY_WAIT_MAX
        };
        if is_calm {
            self.over_since = None;
        } else {
            self.over_since.get_or_insert(now);
        }
        State {
            wait,
            overloaded_for: overloaded_for.filter(|_| !is_calm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);
    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_millis(700);

    /// Probes that wait for so long, one after the other for such a time.
    fn probes(course: &mut Course, waited: Duration, time: Duration) -> State {
        let until = course.at + time;
        loop {
            let now = course.at + PERIOD + waited;
            let state = course.goes_on(waited, now);
            if now >= until {
                return state;
            }
        }
    }

    fn begun() -> Course {
        Course::new(Instant::now())
    }

    #[tokio::test]
    async fn a_rush_that_passes_sends_nobody_away() {
        let mut course = begun();
        let state = probes(&mut course, LONG, OVER_MAX / 2);
        assert!(state.wait > BUY_WAIT_MAX && state.overloaded_for.is_none());
        let state = probes(&mut course, SHORT, Duration::from_millis(200));
        assert!(state.wait < BUY_WAIT_MAX && state.overloaded_for.is_none());
        let state = probes(&mut course, LONG, OVER_MAX * 3 / 4);
        assert_eq!(state.overloaded_for, None, "the time begins anew");
    }

    #[tokio::test]
    async fn row_28_a_wait_that_stays_does_until_it_is_short() {
        let mut course = begun();
        let state = probes(&mut course, LONG, OVER_MAX + LONG * 3);
        assert!(state.overloaded_for.is_some(), "{state:?}");
        let between = (BUY_WAIT_MAX + CALM_WAIT_MAX) / 2;
        let state = probes(&mut course, between, Duration::from_secs(5));
        let lasted = state.overloaded_for;
        assert!(lasted > Some(Duration::from_secs(5)), "{state:?}");
        let state = probes(&mut course, SHORT, Duration::from_millis(200));
        assert_eq!(state.overloaded_for, None);
    }

    #[tokio::test]
    async fn one_probe_that_was_held_up_says_little() {
        let mut course = begun();
        probes(&mut course, SHORT, Duration::from_secs(1));
        let now = course.at + Duration::from_millis(30);
        let state = course.goes_on(Duration::from_millis(20), now);
        assert!(state.wait < Duration::from_millis(10), "{state:?}");
    }
}
