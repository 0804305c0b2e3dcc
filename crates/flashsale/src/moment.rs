//! How a time is written in a setting.

use std::str::FromStr;

use flashsale_sale::Timestamp;

/// A time as a person gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A certain moment.
    At(Timestamp),
    /// So many milliseconds after the first start of the server.
    In(u64),
}

impl Moment {
    /// The moment it means if the server starts now.
    pub(crate) fn from(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::In(ms) => Timestamp(now.0.saturating_add(ms)),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        match (number.parse::<u64>(), unit) {
            (Ok(number), "") => epoch(number),
            (Ok(number), "ms" | "s" | "m" | "h" | "d") => relative(number, unit),
            _ => calendar(text),
        }
    }
}

/// Seconds or milliseconds, told apart by their size. What could be neither, or a date without its
/// hyphens, is refused.
fn epoch(number: u64) -> Result<Moment, String> {
    // From 2001 to 2286 seconds have 10 digits, and milliseconds 13.
    match number {
        1_000_000_000..=9_999_999_999 => Ok(Moment::At(Timestamp(number * 1000))),
        1_000_000_000_000..=9_999_999_999_999 => Ok(Moment::At(Timestamp(number))),
        _ => Err(
            "a bare number must be epoch seconds (10 digits) or milliseconds (13 digits); \
                  write 30s, 5m or 1h for a time from now"
                .to_owned(),
        ),
    }
}

fn relative(number: u64, unit: &str) -> Result<Moment, String> {
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => 86_400_000,
    };
    number
        .checked_mul(unit_ms)
        .filter(|ms| *ms <= Timestamp::MAX.0)
        .map(Moment::In)
        .ok_or_else(|| "this is too far away".to_owned())
}

/// RFC 3339, which names its offset from UTC: a time of day without one is another moment in every
/// country.
fn calendar(text: &str) -> Result<Moment, String> {
    let instant = text.parse::<jiff::Timestamp>().map_err(|_| {
        let without_offset = text.parse::<jiff::civil::DateTime>().is_ok();
        if without_offset {
            "the offset from UTC is missing: write 2026-12-01T12:00:00+01:00, or Z for UTC"
        } else {
            "write 2026-12-01T12:00:00+01:00, epoch seconds or milliseconds, or 30s, 5m, 1h"
        }
        .to_owned()
    })?;
    u64::try_from(instant.as_millisecond())
        .map(|ms| Moment::At(Timestamp(ms)))
        .map_err(|_| "the time is before 1970".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Moment>) {
        assert_eq!(text.parse::<Moment>().ok(), expected, "{text:?}");
    }

    #[test]
    fn row_46_times_are_read_and_ambiguous_ones_refused() {
        let noon = Some(Moment::At(Timestamp(1_796_122_800_000)));
        check("2026-12-01T12:00:00+01:00", noon);
        check("2026-12-01T11:00:00Z", noon);
        check("2026-12-01 11:00:00Z", noon);
        check("1796122800", noon);
        check("1796122800000", noon);
        check("0s", Some(Moment::In(0)));
        check("250ms", Some(Moment::In(250)));
        check("30s", Some(Moment::In(30_000)));
        check("5m", Some(Moment::In(300_000)));
        check("1h", Some(Moment::In(3_600_000)));
        check("2d", Some(Moment::In(172_800_000)));
        for text in [
            "",
            "x",
            "-5m",
            "-1",
            "0",
            "5",
            "20261201",
            "179612280000",
            "17961228000000",
            "1.5h",
            "1 h",
            "5M",
            "noon",
            "2026-12-01",
            "2026-12-01T12:00:00",
            "1969-12-31T23:59:59Z",
            "2026-13-01T12:00:00Z",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_missing_offset_is_named() {
        let refusal = "2026-12-01T12:00:00".parse::<Moment>().unwrap_err();
        assert!(refusal.contains("offset"), "{refusal}");
    }
}
