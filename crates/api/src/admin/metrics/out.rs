//! Metrics of each kind, as the library writes them.

#![expect(
    clippy::cast_precision_loss,
    reason = "sums and bounds for a person to look at"
)]

use std::fmt;

use flashsale_meters::Counts;
use flashsale_sale::Timestamp;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

/// Upper bounds of the buckets of times, in microseconds: from what a refusal takes to what nobody waits for.
/// They are bounds of our own buckets as well, so nothing has to be guessed.
const TIMES_US: [u64; 16] = [
    128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288,
    1_048_576, 2_097_152, 8_388_608,
];
/// Upper bounds of the buckets of batches, in attempts.
const BATCHES: [u64; 10] = [1, 3, 7, 15, 31, 63, 127, 255, 511, 1_023];

/// Writes metrics of each kind.
pub(super) struct Out<'a>(DescriptorEncoder<'a>);

impl<'a> Out<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    pub(super) fn info<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&str, &str); N],
    ) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, None, MetricType::Info)?
            .encode_info(labels)
    }

    pub(super) fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); N], u64)>,
    ) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in values {
            count(&mut metric.encode_family(&labels)?, &value)?;
        }
        Ok(())
    }

    pub(super) fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = ([(&'static str, &'static str); N], u32)>,
    ) -> fmt::Result {
        let mut metric = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in values {
            metric
                .encode_family(&labels)?
                .encode_gauge(&i64::from(value))?;
        }
        Ok(())
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u32) -> fmt::Result {
        self.gauges(name, help, [([], value)])
    }

    /// In seconds since the epoch.
    pub(super) fn moment(&mut self, name: &str, help: &str, at: Timestamp) -> fmt::Result {
        self.seconds(name, help, at.0 as f64 / 1000.0)
    }

    pub(super) fn seconds(&mut self, name: &str, help: &str, seconds: f64) -> fmt::Result {
        self.0
            .encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?
            .encode_gauge(&seconds)
    }

    pub(super) fn process_cpu_seconds(&mut self, seconds: f64) -> fmt::Result {
        let (unit, help) = (Some(&Unit::Seconds), "User and system time.");
        let mut metric =
            self.0
                .encode_descriptor("process_cpu", help, unit, MetricType::Counter)?;
        count(&mut metric, &seconds)
    }

    pub(super) fn process_resident_bytes(&mut self, bytes: u64) -> fmt::Result {
        let (unit, help) = (Some(&Unit::Bytes), "Memory that is in use.");
        let name = "process_resident_memory";
        let mut metric = self
            .0
            .encode_descriptor(name, help, unit, MetricType::Gauge)?;
        metric.encode_gauge(&i64::try_from(bytes).unwrap_or(i64::MAX))
    }

    /// Times that were counted in whole microseconds, so that one of `n` was shorter than `n + 1`.
    pub(super) fn times(&mut self, name: &str, help: &str, microseconds: &Counts) -> fmt::Result {
        const PER_SECOND: f64 = 1e6;
        let bounds =
            TIMES_US.map(|bound| (bound as f64 / PER_SECOND, microseconds.up_to(bound - 1)));
        let sum = microseconds.sum() as f64 / PER_SECOND;
        self.histogram(
            name,
            help,
            Some(&Unit::Seconds),
            microseconds.count(),
            sum,
            &bounds,
        )
    }

    pub(super) fn numbers(&mut self, name: &str, help: &str, counts: &Counts) -> fmt::Result {
        let bounds = BATCHES.map(|bound| (bound as f64, counts.up_to(bound)));
        self.histogram(
            name,
            help,
            None,
            counts.count(),
            counts.sum() as f64,
            &bounds,
        )
    }

    /// Each bound comes with how many values are up to it.
    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        count: u64,
        sum: f64,
        bounds: &[(f64, u64)],
    ) -> fmt::Result {
        let all = [(f64::INFINITY, count)];
        let mut below = 0;
        let buckets: Vec<_> = bounds
            .iter()
            .chain(&all)
            .map(|(bound, up_to)| {
                let within = up_to.saturating_sub(below);
                below = *up_to;
                (*bound, within)
            })
            .collect();
        self.0
            .encode_descriptor(name, help, unit, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }
}

fn count(metric: &mut MetricEncoder<'_>, value: &impl EncodeCounterValue) -> fmt::Result {
    metric.encode_counter(value, None::<&Exemplar<NoLabelSet, u64>>)
}
