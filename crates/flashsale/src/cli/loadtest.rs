//! The settings of a load test. They come from the command line alone: nothing should buy from a sale
//! because of a line in a file.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use flashsale_loadtest::plan::{CONNECTIONS_MAX, USERS_MAX};

use crate::moment::Moment;

/// The number of users of a rush, unless it is given.
const RUSH_USERS: u32 = 10_000;
/// Users and attempts of each in a storm, unless they are given.
const STORM: (u32, u32) = (20, 500);
/// Attempts a second in a steady run, unless they are given.
const STEADY_RATE: f64 = 1_000.0;
/// Watchers of a crowd, unless they are given.
const CROWD_WATCHERS: usize = 2_000;

#[derive(Debug, Args)]
pub(crate) struct LoadtestArguments {
    /// Server to buy from. It really buys: use a sale that is there for the test
    #[arg(long, default_value = "http://127.0.0.1:4000")]
    pub(crate) url: String,
    /// What kind of load
    #[arg(long, default_value = "rush")]
    pub(crate) scenario: ScenarioName,
    /// Users who buy [default: 10000; storm: 20; steady: as many as the rate asks for]
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=i64::from(USERS_MAX)))]
    pub(crate) users: Option<u32>,
    /// Attempts of each user [default: 1; storm: 500]
    #[arg(long)]
    pub(crate) attempts: Option<NonZeroU32>,
    /// Connections that buy at the same time; each sends one request after the other
    #[arg(long, default_value = "256", value_parser = parse_concurrency)]
    pub(crate) concurrency: usize,
    /// Attempts a second, for steady [default: 1000]
    #[arg(long, value_parser = parse_rate)]
    pub(crate) rate: Option<f64>,
    /// Longest random pause before an attempt: 250ms, 3s
    #[arg(long, default_value = "0ms", value_parser = parse_span)]
    pub(crate) jitter: Duration,
    /// Time for one answer
    #[arg(long, default_value = "10s", value_parser = parse_span)]
    pub(crate) timeout: Duration,
    /// Time for all attempts; what is not begun by then is left out
    #[arg(long, default_value = "1m", value_parser = parse_span)]
    pub(crate) duration: Duration,
    /// Longest wait for the start of the sale
    #[arg(long, default_value = "10m", value_parser = parse_span)]
    pub(crate) wait: Duration,
    /// Whether connections are kept for the next request
    #[arg(long, default_value = "keep-alive")]
    pub(crate) connections: Connections,
    /// Repetitions of an attempt that hears busy or nothing
    #[arg(long, default_value = "5")]
    pub(crate) retries: u32,
    /// Watchers, who look at the sale and do not buy [default: 0; crowd: 2000]
    #[arg(long, value_parser = parse_connections)]
    pub(crate) watchers: Option<usize>,
    /// How watchers look: ask again and again, or stay on the live stream
    #[arg(long, default_value = "poll")]
    pub(crate) watch: WatchName,
    /// Time between two looks of one watcher who asks
    #[arg(long, default_value = "3s", value_parser = parse_span)]
    pub(crate) watch_every: Duration,
    /// File with the certificates, in PEM, that the server's must lead to [default: those of the system]
    #[arg(long)]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Measure only: do not look up afterwards what every user has
    #[arg(long)]
    pub(crate) no_check: bool,
    /// File for all figures, in JSON
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// File for the report with plots, one page that needs no other file
    #[arg(long)]
    pub(crate) html: Option<PathBuf>,
    /// Say nothing while it runs
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScenarioName {
    /// Everybody at the start
    Rush,
    /// So many each second, whatever the server does; latency counts from when an attempt was due
    Steady,
    /// Few users, many attempts of each
    Storm,
    /// A rush while many watch
    Crowd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Connections {
    /// One connection for many requests
    KeepAlive,
    /// A new connection for each request
    New,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WatchName {
    /// GET /api/status
    Poll,
    /// GET /api/events
    Stream,
}

impl LoadtestArguments {
    /// Users, and attempts of each.
    pub(crate) fn crowd(&self) -> (u32, u32) {
        let (users, attempts) = match self.scenario {
            ScenarioName::Storm => STORM,
            ScenarioName::Steady => (self.steady_users(), 1),
            ScenarioName::Rush | ScenarioName::Crowd => (RUSH_USERS, 1),
        };
        let attempts = self.attempts.map_or(attempts, NonZeroU32::get);
        (self.users.unwrap_or(users), attempts)
    }

    /// Attempts a second, where they do not wait for each other.
    pub(crate) fn rate(&self) -> Option<f64> {
        let is_steady = self.scenario == ScenarioName::Steady;
        is_steady.then(|| self.rate.unwrap_or(STEADY_RATE))
    }

    pub(crate) fn watchers(&self) -> usize {
        let default = if self.scenario == ScenarioName::Crowd {
            CROWD_WATCHERS
        } else {
            0
        };
        self.watchers.unwrap_or(default)
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of users is taken, rounded and bounded"
    )]
    fn steady_users(&self) -> u32 {
        let users = self.rate.unwrap_or(STEADY_RATE) * self.duration.as_secs_f64();
        users.ceil().min(f64::from(USERS_MAX)) as u32
    }
}

fn parse_span(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(Moment::In(ms)) => Ok(Duration::from_millis(ms)),
        _ => Err("write 250ms, 30s, 5m or 1h"),
    }
}

fn parse_rate(text: &str) -> Result<f64, &'static str> {
    const RATE_MAX: f64 = 1_000_000.0;
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= RATE_MAX => Ok(rate),
        _ => Err("write a number above 0 and up to 1000000"),
    }
}

fn parse_concurrency(text: &str) -> Result<usize, String> {
    match parse_connections(text) {
        Ok(number @ 1..) => Ok(number),
        _ => Err(format!("write a number from 1 to {CONNECTIONS_MAX}")),
    }
}

fn parse_connections(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(number) if number <= CONNECTIONS_MAX => Ok(number),
        _ => Err(format!("write a number up to {CONNECTIONS_MAX}")),
    }
}
