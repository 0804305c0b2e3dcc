//! So many requests in such a time.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// The most requests of a rate.
const REQUESTS_MAX: u32 = 1_000_000;
/// The longest time of a rate.
const PERIOD_MAX: Duration = Duration::from_hours(24);

/// So many requests in such a time: all of them at once, if need be, and then one after the other as the
/// time goes by. Written `20/10s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    requests: NonZeroU32,
    period: Duration,
}

/// Why a text is no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "write a number of requests from 1 to 1000000, a slash, and a time from 1ms to 24h: 20/10s, 500/1m"
)]
pub struct InvalidRate;

impl Rate {
    /// How many may come at once.
    pub fn requests(self) -> u32 {
        self.requests.get()
    }

    /// In which time as many may come again.
    pub fn period(self) -> Duration {
        self.period
    }

    /// The same in microseconds, at least one for each request.
    pub fn period_us(self) -> u64 {
        let us = u64::try_from(self.period.as_micros()).expect("a day has fewer microseconds");
        us.max(self.requests.get().into())
    }

    /// The time after which one more may come, in microseconds.
    pub fn interval_us(self) -> u64 {
        self.period_us() / u64::from(self.requests.get())
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (requests, period) = text.split_once('/').ok_or(InvalidRate)?;
        let requests = number(requests.trim()).ok_or(InvalidRate)?;
        let period = period.trim();
        let digits = period
            .find(|c: char| !c.is_ascii_digit())
            .ok_or(InvalidRate)?;
        let (count, unit) = period.split_at(digits);
        let count = number(count).ok_or(InvalidRate)?.get();
        let unit = match unit {
            "ms" => Duration::from_millis(1),
            "s" => Duration::from_secs(1),
            "m" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return Err(InvalidRate),
        };
        let period = unit.checked_mul(count).ok_or(InvalidRate)?;
        if requests.get() > REQUESTS_MAX || period > PERIOD_MAX {
            return Err(InvalidRate);
        }
        Ok(Self { requests, period })
    }
}

/// Digits alone: no sign, no spaces.
fn number(text: &str) -> Option<NonZeroU32> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.period.as_millis();
        match ms % 1000 {
            0 => write!(f, "{}/{}s", self.requests, ms / 1000),
            _ => write!(f, "{}/{ms}ms", self.requests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_time() {
        for (text, requests, ms, again) in [
            ("20/10s", 20, 10_000, "20/10s"),
            (" 1 / 500ms ", 1, 500, "1/500ms"),
            ("600/1m", 600, 60_000, "600/60s"),
            ("1000000/24h", 1_000_000, 86_400_000, "1000000/86400s"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.requests(), requests, "{text}");
            assert_eq!(rate.period(), Duration::from_millis(ms), "{text}");
            assert_eq!(rate.to_string(), again);
        }
        for wrong in [
            "",
            "20",
            "/",
            "20/",
            "/10s",
            "0/10s",
            "20/0s",
            "20/10",
            "-1/10s",
            "+2/10s",
            "2.5/1s",
            "20/10d",
            "1000001/1s",
            "1/25h",
            "1/99999999999h",
            "20/1 s",
            "20/s",
            "20//s",
            "٣/10s",
        ] {
            assert_eq!(wrong.parse::<Rate>(), Err(InvalidRate), "{wrong}");
        }
    }

    #[test]
    fn every_request_takes_some_time() {
        let rate: Rate = "1000000/1ms".parse().unwrap();
        assert_eq!((rate.interval_us(), rate.period_us()), (1, 1_000_000));
    }
}
