//! Metrics of each kind, as the library writes them.

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
const TIMES_US: [u64; 16] = [
    127, 255, 511, 1_023, 2_047, 4_095, 8_191, 16_383, 32_767, 65_535, 131_071, 262_143, 524_287,
    1_048_575, 2_097_151, 8_388_607,
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
        #[expect(clippy::cast_precision_loss, reason = "no sale is so far away")]
        let seconds = at.0 as f64 / 1000.0;
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

    /// Times that were counted in microseconds.
    pub(super) fn times(&mut self, name: &str, help: &str, microseconds: &Counts) -> fmt::Result {
        let unit = Some(&Unit::Seconds);
        self.histogram(name, help, unit, microseconds, &TIMES_US, 1e-6)
    }

    pub(super) fn numbers(&mut self, name: &str, help: &str, counts: &Counts) -> fmt::Result {
        self.histogram(name, help, None, counts, &BATCHES, 1.0)
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a sum of times, shown to a person"
    )]
    fn histogram(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        counts: &Counts,
        bounds: &[u64],
        scale: f64,
    ) -> fmt::Result {
        let mut below = 0;
        let mut buckets = Vec::with_capacity(bounds.len() + 1);
        for bound in bounds {
            let up_to = counts.up_to(*bound);
            buckets.push((*bound as f64 * scale, up_to - below));
            below = up_to;
        }
        let count = counts.count();
        buckets.push((f64::MAX, count - below));
        self.0
            .encode_descriptor(name, help, unit, MetricType::Histogram)?
            .encode_histogram::<NoLabelSet>(counts.sum() as f64 * scale, count, &buckets, None)
    }
}

fn count(metric: &mut MetricEncoder<'_>, value: &impl EncodeCounterValue) -> fmt::Result {
    metric.encode_counter(value, None::<&Exemplar<NoLabelSet, u64>>)
}
