//! What follows from the waits that were measured, one after the other. It knows no clock: each comes with its time.

use std::time::Duration;

use tokio::time::Instant;

/// Requests that wait for longer than this, and for [`OVER_MAX`], are too many.
const BUY_WAIT_MAX: Duration = Duration::from_millis(100);
/// How long the wait is to be when those are gone who are too many: enough that there is work until others come.
const WAIT_KEPT: Duration = Duration::from_millis(50);
/// How long the wait may be too long before purchases are sent away: a rush that passes is served.
const OVER_MAX: Duration = Duration::from_secs(1);
/// How long purchases are sent away at a stretch. Whom that does not send away, because they come back at once, must
/// not keep out those who stay.
const AWAY_MAX: Duration = Duration::from_millis(500);
/// Over what time waits are smoothed.
const SMOOTHED_OVER: Duration = Duration::from_millis(50);
/// Over what time the rate of purchases is.
const RATE_OVER: Duration = Duration::from_millis(500);
/// Whoever was sent away and comes back into the next overload within this time was told to come back too soon.
const NEXT_OVERLOAD_MAX: Duration = Duration::from_secs(15);
/// How much slower the line is served at most than purchases are.
const SLOWNESS_MAX: f64 = 16.0;
/// The least that is taken for the rate of purchases, in each second, as long as there were few.
const RATE_MIN: f64 = 100.0;

/// The load of the last seconds.
#[derive(Debug)]
pub(super) struct Course {
    at: Instant,
    wait_us: f64,
    purchases: u64,
    purchases_per_second: f64,
    /// Since when the wait has been too long.
    over_since: Option<Instant>,
    overload: Overload,
}

/// Whether there is one, and what the last ones say of the next.
#[derive(Debug)]
struct Overload {
    began_at: Option<Instant>,
    /// How many purchases it is to send away.
    excess: u64,
    ended_at: Option<Instant>,
    slowness: f64,
}

/// What a course has led to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// How long requests wait.
    pub(super) wait: Duration,
    /// Whether purchases are to be sent away.
    pub(super) sends_away: bool,
    /// How many, while that is so: those who wait longer than they should.
    pub(super) excess: u64,
    /// What lies between two places in the line.
    pub(super) each: Duration,
}

impl Course {
    /// It begins with nobody waiting, and so many purchases made.
    pub(super) fn new(now: Instant, purchases: u64) -> Self {
        Self {
            at: now,
            wait_us: 0.0,
            purchases,
            purchases_per_second: 0.0,
            over_since: None,
            overload: Overload {
                began_at: None,
                excess: 0,
                ended_at: None,
                slowness: 1.0,
            },
        }
    }

    /// A probe has come back that has waited for so long; so many purchases were made by then in all.
    pub(super) fn goes_on(&mut self, waited: Duration, purchases: u64, now: Instant) -> State {
        let since = now.duration_since(self.at);
        self.at = now;
        smooth(&mut self.wait_us, micros(waited), since, SMOOTHED_OVER);
        if !since.is_zero() {
            let made = u32::try_from(purchases - self.purchases).unwrap_or(u32::MAX);
            let rate = f64::from(made) / since.as_secs_f64();
            smooth(&mut self.purchases_per_second, rate, since, RATE_OVER);
            self.purchases = purchases;
        }

        let rate = self.purchases_per_second.max(RATE_MIN);
        let is_over = self.wait_us > micros(BUY_WAIT_MAX);
        let over_since = *self.over_since.get_or_insert(now);
        if !is_over {
            self.over_since = None;
            self.overload.ends(now);
        } else if self
            .overload
            .has_lasted(now)
            .is_some_and(|time| time >= AWAY_MAX)
        {
            self.over_since = Some(now);
            self.overload.ends(now);
        } else if now.duration_since(over_since) >= OVER_MAX {
            let too_long_us = self.wait_us - micros(WAIT_KEPT);
            self.overload.begins(rate * too_long_us / 1e6, now);
        }

        State {
            wait: Duration::from_secs_f64(self.wait_us / 1e6),
            sends_away: self.overload.began_at.is_some(),
            excess: self.overload.excess,
            each: Duration::from_secs_f64(self.overload.slowness / rate),
        }
    }
}

impl Overload {
    /// Each that soon follows on another doubles the time until somebody may come back: to send people away costs
    /// less than to serve them, but not nothing, so who is too many must not come back again and again.
    fn begins(&mut self, excess: f64, now: Instant) {
        if self.began_at.is_some() {
            return;
        }
        self.began_at = Some(now);
        self.excess = whole(excess);
        let ended_at = self.ended_at;
        let is_next = ended_at.is_some_and(|at| now.duration_since(at) < NEXT_OVERLOAD_MAX);
        self.slowness = if is_next {
            (self.slowness * 2.0).min(SLOWNESS_MAX)
        } else {
            1.0
        };
    }

    fn ends(&mut self, now: Instant) {
        if self.began_at.take().is_some() {
            self.ended_at = Some(now);
        }
    }

    fn has_lasted(&self, now: Instant) -> Option<Duration> {
        Some(now.duration_since(self.began_at?))
    }
}

/// Moves a value towards a new one: the further, the longer it was that it is there for.
fn smooth(value: &mut f64, new: f64, since: Duration, over: Duration) {
    let (since, over) = (since.as_secs_f64(), over.as_secs_f64());
    *value += (new - *value) * since / (since + over);
}

/// A number of people. It is far from the limits of either type.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float saturates"
)]
fn whole(number: f64) -> u64 {
    number as u64
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_millis(10);

    /// Probes that wait for so long, one after the other for such a time.
    fn probes(course: &mut Course, waited: Duration, time: Duration) -> State {
        let until = course.at + time;
        let mut purchases = course.purchases;
        loop {
            let now = course.at + PERIOD + waited;
            // A thousand a second.
            purchases += u64::try_from((PERIOD + waited).as_millis()).unwrap();
            let state = course.goes_on(waited, purchases, now);
            if now >= until {
                return state;
            }
        }
    }

    fn begun() -> Course {
        Course::new(Instant::now(), 7)
    }

    #[tokio::test]
    async fn a_rush_that_passes_sends_nobody_away() {
        let mut course = begun();
        let state = probes(&mut course, LONG, OVER_MAX / 2);
        assert!(!state.sends_away && state.wait > BUY_WAIT_MAX, "{state:?}");
        let state = probes(&mut course, SHORT, Duration::from_millis(200));
        assert!(!state.sends_away && state.wait < BUY_WAIT_MAX, "{state:?}");
        let state = probes(&mut course, LONG, OVER_MAX / 2);
        assert!(!state.sends_away, "the time begins anew: {state:?}");
    }

    const SHORT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn row_28_a_wait_that_stays_does_until_it_is_short() {
        let mut course = begun();
        probes(&mut course, SHORT, Duration::from_secs(10));
        let state = probes(&mut course, LONG, OVER_MAX + LONG);
        // Of 300 ms' worth of a thousand a second, all but those of 50 ms.
        assert!(
            state.sends_away && (200..=250).contains(&state.excess),
            "{state:?}"
        );
        assert!(!probes(&mut course, SHORT, AWAY_MAX / 2).sends_away);
    }

    #[tokio::test]
    async fn row_28_a_crowd_that_does_not_go_is_served_most_of_the_time() {
        let mut course = begun();
        let began_at = course.at;
        let mut sent_away = Duration::ZERO;
        while course.at < began_at + Duration::from_mins(1) {
            let before = course.at;
            if probes(&mut course, LONG, Duration::ZERO).sends_away {
                sent_away += course.at - before;
            }
        }
        let (least, most) = (Duration::from_secs(10), Duration::from_secs(30));
        assert!(least < sent_away && sent_away < most, "{sent_away:?}");
    }

    #[tokio::test]
    async fn the_line_is_served_as_purchases_are_and_slower_if_that_was_too_quick() {
        let mut course = begun();
        let each_ms = |state: State| (state.each + Duration::from_micros(500)).as_millis();
        probes(&mut course, SHORT, Duration::from_secs(10));
        let mut slowness = Vec::new();
        for _ in 0..7 {
            let state = probes(&mut course, LONG, OVER_MAX + LONG);
            slowness.push(each_ms(state));
            probes(&mut course, SHORT, Duration::from_secs(1));
        }
        assert_eq!(slowness, [1, 2, 4, 8, 16, 16, 16]);
        probes(&mut course, SHORT, NEXT_OVERLOAD_MAX);
        let state = probes(&mut course, LONG, OVER_MAX + LONG);
        assert_eq!([each_ms(state)], [1], "it was quiet for long enough");
    }

    #[tokio::test]
    async fn one_probe_that_was_held_up_says_little() {
        let mut course = begun();
        probes(&mut course, SHORT, Duration::from_secs(1));
        let now = course.at + Duration::from_millis(30);
        let state = course.goes_on(Duration::from_millis(20), course.purchases, now);
        assert!(state.wait < Duration::from_millis(10), "{state:?}");
    }
}
