//! What a person reads in the end: the figures of a run, as text, as JSON, and as a page with plots.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts are drawn and shown to a few digits"
)]

mod html;
mod plots;
pub(crate) mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

use crate::answer::{KINDS, Status};
use crate::books::{Books, Verdict};
use crate::feed::Feed;
use crate::plan::{Arrival, Plan, Scenario, Watch};
use crate::run::Observed;
use crate::tally::Tally;

/// Everything that one run has found. As JSON, names are in camelCase and carry their units.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The program and its version.
    pub tool: &'static str,
    /// Which server.
    pub url: String,
    /// What kind of load.
    pub scenario: Scenario,
    /// What the run was told to do.
    pub settings: Settings,
    /// The sale as it was before.
    pub sale: SaleBefore,
    /// How long buying took, in milliseconds.
    pub took_ms: f64,
    /// Whether somebody ended the run early.
    pub was_stopped: bool,
    /// Attempts that were begun. One has several answers if it was repeated.
    pub attempts: u64,
    /// Answers to purchases, by kind.
    pub answers: BTreeMap<&'static str, u64>,
    /// Answers to purchases in a second, over the whole run.
    pub answers_per_second: f64,
    /// Latency of purchases that were confirmed.
    pub purchased: Option<Latency>,
    /// Latency of every other answer to a purchase.
    pub others: Option<Latency>,
    /// What the watchers got.
    pub watchers: Watchers,
    /// What happened when.
    pub over_time: OverTime,
    /// Units left and sold, as the status said.
    pub stock_over_time: Vec<StockAt>,
    /// The checks, unless they were left out.
    pub books: Option<Books>,
}

/// What the run was told to do.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    users: u32,
    attempts: u32,
    concurrency: usize,
    /// Attempts a second; none in a closed loop.
    rate_per_second: Option<f64>,
    jitter_ms: u64,
    timeout_ms: u64,
    duration_max_ms: u64,
    keep_alive: bool,
    retries_max: u32,
    watchers: usize,
    /// The pause between two looks of a watcher; none on a live stream.
    watch_every_ms: Option<u64>,
}

/// The sale as the first status showed it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SaleBefore {
    product_id: String,
    product_description: String,
    status: String,
    starts_at: u64,
    ends_at: u64,
    /// The server's clock at the first look, in epoch milliseconds.
    server_time: u64,
    /// Units that were left.
    stock: i64,
    sold: i64,
}

/// A distribution of times, in microseconds.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// The mean.
    pub mean_us: f64,
    /// The shortest.
    pub min_us: u64,
    /// Half were at most this long.
    pub p50_us: u64,
    /// 90 % were at most this long.
    pub p90_us: u64,
    /// 99 % were at most this long.
    pub p99_us: u64,
    /// 99.9 % were at most this long.
    pub p999_us: u64,
    /// The longest.
    pub max_us: u64,
    /// Pairs of a quantile, from 0 to 1, and its time.
    pub curve: Vec<(f64, u64)>,
}

/// What those saw who only looked.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watchers {
    /// Latency of their requests.
    pub latency: Option<Latency>,
    /// Events of live streams.
    pub events: u64,
    /// Requests without an answer, and streams that ended.
    pub failures: u64,
}

/// What happened in each slice of time.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OverTime {
    /// How long a slice is.
    pub slice_ms: f64,
    /// What the numbers in `answers` of a slice count, in order.
    pub kinds: Vec<&'static str>,
    /// The slices, from the first attempt on.
    pub slices: Vec<SliceReport>,
}

/// One slice of time.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SliceReport {
    /// Answers by kind.
    pub answers: [u64; KINDS.len()],
    /// The median latency, in microseconds.
    pub p50_us: u64,
    /// 99 % were at most this long.
    pub p99_us: u64,
}

/// The stock at one moment.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StockAt {
    /// Since the first attempt.
    #[serde(serialize_with = "as_ms")]
    pub at_ms: Duration,
    /// Units left.
    pub stock: i64,
    /// Units sold.
    pub sold: i64,
}

impl Report {
    #[expect(
        clippy::too_many_arguments,
        reason = "it gathers all that a run has left"
    )]
    pub(crate) fn new(
        plan: &Plan,
        before: &Status,
        feed: &Feed,
        took: Duration,
        was_stopped: bool,
        tally: &Tally,
        observed: &Observed,
        books: Option<Books>,
    ) -> Self {
        let answers: u64 = tally.counts.iter().sum();
        let by_kind = KINDS
            .into_iter()
            .map(|kind| (kind.name(), tally.counts[kind as usize]));
        Self {
            tool: concat!("flashsale loadtest ", env!("CARGO_PKG_VERSION")),
            url: plan.target.url().to_owned(),
            scenario: plan.scenario,
            settings: Settings::new(plan),
            sale: SaleBefore::new(before),
            took_ms: took.as_secs_f64() * 1000.0,
            was_stopped,
            attempts: feed.taken(),
            answers: by_kind.collect(),
            answers_per_second: answers as f64 / took.as_secs_f64(),
            purchased: Latency::new(&tally.purchased),
            others: Latency::new(&tally.others),
            watchers: Watchers {
                latency: Latency::new(&tally.watched),
                events: tally.events,
                failures: tally.watch_failures,
            },
            over_time: OverTime::new(tally),
            stock_over_time: observed.list.iter().map(StockAt::new).collect(),
            books,
        }
    }

    /// The worst that the checks found; a run without checks has measured what it was to measure.
    pub fn verdict(&self) -> Verdict {
        self.books
            .as_ref()
            .map_or(Verdict::NotApplicable, Books::verdict)
    }

    /// Some lines for a terminal.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// One file that shows everything and needs no other.
    pub fn to_html(&self) -> String {
        html::write(self)
    }

    /// All figures.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts and numbers always serialise")
    }

    /// The distributions that there are, by what was answered.
    pub(crate) fn latencies(&self) -> impl Iterator<Item = (&'static str, &Latency)> {
        let all = [
            ("purchased", &self.purchased),
            ("every other answer", &self.others),
            ("watchers", &self.watchers.latency),
        ];
        all.into_iter()
            .filter_map(|(name, latency)| Some((name, latency.as_ref()?)))
    }

    /// How many answers had this name.
    pub(crate) fn count(&self, kind: &str) -> u64 {
        self.answers.get(kind).copied().unwrap_or(0)
    }
}

impl Settings {
    fn new(plan: &Plan) -> Self {
        Self {
            users: plan.users,
            attempts: plan.attempts,
            concurrency: plan.connections,
            rate_per_second: match plan.arrival {
                Arrival::WhenFree => None,
                Arrival::PerSecond(rate) => Some(rate),
            },
            jitter_ms: milliseconds(plan.jitter),
            timeout_ms: milliseconds(plan.timeout),
            duration_max_ms: milliseconds(plan.duration_max),
            keep_alive: plan.keep_alive,
            retries_max: plan.retries_max,
            watchers: plan.watchers,
            watch_every_ms: match plan.watch {
                Watch::Poll(period) => Some(milliseconds(period)),
                Watch::Stream => None,
            },
        }
    }
}

impl SaleBefore {
    fn new(status: &Status) -> Self {
        Self {
            product_id: status.product_id.clone(),
            product_description: status.product_description.clone(),
            status: status.phase.clone(),
            starts_at: status.starts_at,
            ends_at: status.ends_at,
            server_time: status.server_time,
            stock: status.stock,
            sold: status.sold,
        }
    }
}

impl Latency {
    /// None when nothing was measured.
    fn new(times: &Histogram<u64>) -> Option<Self> {
        if times.is_empty() {
            return None;
        }
        let at = |quantile| times.value_at_quantile(quantile);
        // Ten points for each further nine, as far as there are values to tell them apart.
        let nines = (times.len() as f64).log10();
        let steps = (1_u32..)
            .map(|step| f64::from(step) / 10.0)
            .take_while(|nine| *nine <= nines);
        let quantiles = std::iter::once(0.0).chain(steps.map(|nine| 1.0 - 10_f64.powf(-nine)));
        let mut curve: Vec<_> = quantiles.map(|quantile| (quantile, at(quantile))).collect();
        curve.push((1.0, times.max()));
        Some(Self {
            count: times.len(),
            mean_us: times.mean(),
            min_us: times.min(),
            p50_us: at(0.5),
            p90_us: at(0.9),
            p99_us: at(0.99),
            p999_us: at(0.999),
            max_us: times.max(),
            curve,
        })
    }
}

impl OverTime {
    fn new(tally: &Tally) -> Self {
        let slices = tally.slices.list.iter().map(|slice| SliceReport {
            answers: slice.counts,
            p50_us: slice.latency.value_at_quantile(0.5),
            p99_us: slice.latency.value_at_quantile(0.99),
        });
        Self {
            slice_ms: tally.slices.width.as_secs_f64() * 1000.0,
            kinds: KINDS.into_iter().map(crate::answer::Kind::name).collect(),
            slices: slices.collect(),
        }
    }
}

impl StockAt {
    fn new(observation: &crate::run::Observation) -> Self {
        Self {
            at_ms: observation.at,
            stock: observation.status.stock,
            sold: observation.status.sold,
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn as_ms<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64() * 1000.0)
}
