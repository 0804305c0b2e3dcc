//! The settings of the check before the sale.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use flashsale_api::bots::service_url::ServiceUrl;
use flashsale_api::bots::{BITS_MAX, BITS_MIN};

use crate::moment::Moment;

/// How long the service may take.
const TIMEOUT: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(30)];
/// How long a pass is good.
const LIFETIME: [Duration; 2] = [Duration::from_secs(1), Duration::from_hours(7 * 24)];
/// The longest site key, in characters.
const SITE_KEY_CHARS_MAX: usize = 200;

/// What must be passed before buying (docs/bots.md says more).
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Against bots")]
pub(crate) struct BotSettings {
    /// What a buyer must pass once, before he may buy
    #[arg(long, env, default_value = "none")]
    pub(crate) bot_check: BotCheck,
    /// Work to prove, in bits from 8 to 26; each more doubles it [default: 18]
    #[arg(long, env, value_parser = clap::value_parser!(u8).range(i64::from(BITS_MIN)..=i64::from(BITS_MAX)))]
    pub(crate) proof_of_work_bits: Option<u8>,
    /// Address at which the service looks at tokens: its siteverify
    #[arg(long, env)]
    pub(crate) bot_service_verify_url: Option<ServiceUrl>,
    /// File with the secret that the service knows this server by
    #[arg(long, env)]
    pub(crate) bot_service_secret_file: Option<PathBuf>,
    /// Key that the service knows the page by; everybody may know it
    #[arg(long, env, value_parser = parse_site_key)]
    pub(crate) bot_service_site_key: Option<String>,
    /// Script of the service's widget, which the page loads
    #[arg(long, env)]
    pub(crate) bot_service_script: Option<ServiceUrl>,
    /// Time for the service's answer, from 100ms to 30s [default: 3s]
    #[arg(long, env, value_parser = parse_timeout)]
    pub(crate) bot_service_timeout: Option<Duration>,
    /// What holds when the service does not answer in time: refuse or admit [default: refuse]
    #[arg(long, env, hide_possible_values = true)]
    pub(crate) bot_service_failure: Option<ServiceFailure>,
    /// How long a pass is good, from 1s to 7d [default: 2h]
    #[arg(long, env, value_parser = parse_lifetime)]
    pub(crate) bot_pass_lifetime: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BotCheck {
    /// Nothing
    None,
    /// A proof of work in the page, without anybody else
    ProofOfWork,
    /// The word of a service such as Turnstile
    Service,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ServiceFailure {
    /// Nobody gets a pass
    Refuse,
    /// Everybody gets one
    Admit,
}

fn parse_site_key(text: &str) -> Result<String, &'static str> {
    let is_plain = text.chars().all(|c| c.is_ascii_graphic());
    if text.is_empty() || text.len() > SITE_KEY_CHARS_MAX || !is_plain {
        return Err("write the key as the service shows it");
    }
    Ok(text.to_owned())
}

fn parse_timeout(text: &str) -> Result<Duration, &'static str> {
    duration(text, TIMEOUT).ok_or("write a time from 100ms to 30s")
}

fn parse_lifetime(text: &str) -> Result<Duration, &'static str> {
    duration(text, LIFETIME).ok_or("write a time from 1s to 7d: 30m, 2h")
}

/// A time from now is written in the same way.
fn duration(text: &str, [least, most]: [Duration; 2]) -> Option<Duration> {
    let Ok(Moment::In(ms)) = text.parse() else {
        return None;
    };
    let duration = Duration::from_millis(ms);
    (least..=most).contains(&duration).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_and_bounds() {
        for (text, ms) in [("100ms", 100), ("3s", 3_000), ("30s", 30_000)] {
            assert_eq!(parse_timeout(text), Ok(Duration::from_millis(ms)));
        }
        for wrong in ["", "3", "99ms", "31s", "1m", "-1s", "2026-12-01T12:00:00Z"] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_lifetime("7d"), Ok(LIFETIME[1]));
        for wrong in ["999ms", "8d", "2", "1700000000"] {
            assert!(parse_lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_site_key_is_plain() {
        assert!(parse_site_key("0x4AAA-_.").is_ok());
        for wrong in ["", "a b", "é", "a\n", &"a".repeat(201)] {
            assert!(parse_site_key(wrong).is_err(), "{wrong}");
        }
    }
}
