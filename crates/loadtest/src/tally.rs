//! Counts and latencies, in all and over time.

use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::answer::{KINDS, Kind};

/// How many answers of each kind, in the order of [`KINDS`].
pub(crate) type Counts = [u64; KINDS.len()];

/// The longest latency that is told apart, in microseconds: longer than any timeout that makes sense.
const LATENCY_MAX_US: u64 = 10 * 60 * 1_000_000;
/// The width of the first slices of time.
const SLICE_MIN: Duration = Duration::from_millis(20);
/// One more slice, and they all get twice as wide.
const SLICES_MAX: usize = 400;

/// The tallies of one run, in several parts that different connections write to.
#[derive(Debug)]
pub(crate) struct Tallies(Vec<Mutex<Tally>>);

/// One part.
#[derive(Debug)]
pub(crate) struct Tally {
    began_at: Instant,
    pub(crate) counts: Counts,
    /// Latencies of `purchased`, in microseconds.
    pub(crate) purchased: Histogram<u64>,
    /// Latencies of every other answer to a purchase.
    pub(crate) others: Histogram<u64>,
    /// Latencies of the watchers' status requests.
    pub(crate) watched: Histogram<u64>,
    /// Latencies of purchases since somebody last looked.
    recent: Histogram<u64>,
    pub(crate) slices: Slices,
    /// What the watchers saw that must not be.
    pub(crate) watch_faults: Vec<String>,
    /// Watchers' requests without an answer, and streams that ended.
    pub(crate) watch_failures: u64,
    /// Events that the watchers got from live streams.
    pub(crate) events: u64,
}

/// What happened, slice after slice of equal width.
#[derive(Debug, Clone)]
pub(crate) struct Slices {
    pub(crate) width: Duration,
    pub(crate) list: Vec<Slice>,
}

/// What happened within one slice of time.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) counts: Counts,
    /// In microseconds, to 1 %.
    pub(crate) latency: Histogram<u32>,
}

impl Tallies {
    pub(crate) fn new(parts: usize, began_at: Instant) -> Self {
        Self(
            (0..parts.max(1))
                .map(|_| Mutex::new(Tally::new(began_at)))
                .collect(),
        )
    }

    /// The part of one connection, by its number.
    pub(crate) fn part(&self, connection: usize) -> MutexGuard<'_, Tally> {
        self.0[connection % self.0.len()].lock()
    }

    /// The counts so far, and the latencies since the last look.
    pub(crate) fn look(&self) -> (Counts, Histogram<u64>) {
        let mut counts = Counts::default();
        let mut recent = histogram();
        for part in &self.0 {
            let mut part = part.lock();
            add_counts(&mut counts, &part.counts);
            add(&mut recent, &part.recent);
            part.recent.reset();
        }
        (counts, recent)
    }

    /// All parts in one.
    pub(crate) fn into_whole(self) -> Tally {
        let parts = self.0.into_iter().map(Mutex::into_inner);
        parts
            .reduce(|mut whole, part| {
                whole.add(part);
                whole
            })
            .expect("there is at least one part")
    }
}

impl Tally {
    fn new(began_at: Instant) -> Self {
        Self {
            began_at,
            counts: Counts::default(),
            purchased: histogram(),
            others: histogram(),
            watched: histogram(),
            recent: histogram(),
            slices: Slices {
                width: SLICE_MIN,
                list: Vec::new(),
            },
            watch_faults: Vec::new(),
            watch_failures: 0,
            events: 0,
        }
    }

    /// Counts an answer that came at this moment after that time.
    pub(crate) fn count(&mut self, kind: Kind, now: Instant, latency: Duration) {
        let latency_us = in_us(latency);
        self.counts[kind as usize] += 1;
        let histogram = match kind {
            Kind::Purchased => &mut self.purchased,
            _ => &mut self.others,
        };
        histogram.saturating_record(latency_us);
        self.recent.saturating_record(latency_us);
        let slice = self.slices.at(now.saturating_duration_since(self.began_at));
        slice.counts[kind as usize] += 1;
        slice.latency.saturating_record(latency_us);
    }

    pub(crate) fn count_watched(&mut self, latency: Duration) {
        self.watched.saturating_record(in_us(latency));
    }

    /// Notes something that a watcher must not see, if it is among the first.
    pub(crate) fn note_watch_fault(&mut self, fault: String) {
        const EXAMPLES_MAX: usize = 5;
        if self.watch_faults.len() < EXAMPLES_MAX {
            self.watch_faults.push(fault);
        }
    }

    fn add(&mut self, other: Self) {
        add_counts(&mut self.counts, &other.counts);
        add(&mut self.purchased, &other.purchased);
        add(&mut self.others, &other.others);
        add(&mut self.watched, &other.watched);
        self.slices.add(other.slices);
        self.watch_faults.extend(other.watch_faults);
        self.watch_failures += other.watch_failures;
        self.events += other.events;
    }
}

impl Slices {
    fn at(&mut self, time: Duration) -> &mut Slice {
        let mut position = self.position(time);
        while position >= SLICES_MAX {
            self.widen();
            position = self.position(time);
        }
        if position >= self.list.len() {
            self.list.resize_with(position + 1, Slice::new);
        }
        &mut self.list[position]
    }

    fn position(&self, time: Duration) -> usize {
        usize::try_from(time.as_nanos() / self.width.as_nanos()).unwrap_or(usize::MAX)
    }

    /// Makes each two neighbours one.
    fn widen(&mut self) {
        self.width *= 2;
        let halves = std::mem::take(&mut self.list);
        let mut halves = halves.into_iter();
        while let Some(mut slice) = halves.next() {
            if let Some(second) = halves.next() {
                slice.add(&second);
            }
            self.list.push(slice);
        }
    }

    fn add(&mut self, mut other: Self) {
        while self.width < other.width {
            self.widen();
        }
        while other.width < self.width {
            other.widen();
        }
        if self.list.len() < other.list.len() {
            self.list.resize_with(other.list.len(), Slice::new);
        }
        for (slice, other) in self.list.iter_mut().zip(&other.list) {
            slice.add(other);
        }
    }
}

impl Slice {
    fn new() -> Self {
        Self {
            counts: Counts::default(),
            latency: Histogram::new_with_bounds(1, LATENCY_MAX_US, 2)
                .expect("these bounds are valid"),
        }
    }

    fn add(&mut self, other: &Self) {
        add_counts(&mut self.counts, &other.counts);
        self.latency
            .add(&other.latency)
            .expect("both have the same bounds");
    }
}

/// A histogram of latencies in microseconds, to 0.1 %.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).expect("these bounds are valid")
}

pub(crate) fn add(sum: &mut Histogram<u64>, other: &Histogram<u64>) {
    sum.add(other).expect("both have the same bounds");
}

fn add_counts(sum: &mut Counts, other: &Counts) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum += other;
    }
}

fn in_us(latency: Duration) -> u64 {
    u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_get_wider_and_lose_nothing() {
        let began_at = Instant::now();
        let tallies = Tallies::new(2, began_at);
        for second in 0..100_u64 {
            let now = began_at + Duration::from_secs(second);
            // The first part sees the first half only, so that the widths differ.
            let part = usize::from(second >= 5);
            tallies
                .part(part)
                .count(Kind::SoldOut, now, Duration::from_millis(second));
        }
        let whole = tallies.into_whole();
        assert_eq!(whole.counts[Kind::SoldOut as usize], 100);
        assert!(whole.slices.list.len() <= SLICES_MAX);
        assert!(whole.slices.width >= Duration::from_millis(250));
        let counted: u64 = whole
            .slices
            .list
            .iter()
            .map(|slice| slice.counts[Kind::SoldOut as usize])
            .sum();
        let measured: u64 = whole
            .slices
            .list
            .iter()
            .map(|slice| slice.latency.len())
            .sum();
        assert_eq!((counted, measured, whole.others.len()), (100, 100, 100));
        let fifth = whole.slices.position(Duration::from_secs(5));
        assert!(whole.slices.list[fifth].counts[Kind::SoldOut as usize] >= 1);
    }

    #[test]
    fn a_look_takes_the_recent_latencies_away() {
        let began_at = Instant::now();
        let tallies = Tallies::new(1, began_at);
        tallies
            .part(7)
            .count(Kind::Purchased, began_at, Duration::from_micros(500));
        let (counts, recent) = tallies.look();
        assert_eq!((counts[Kind::Purchased as usize], recent.len()), (1, 1));
        let (counts, recent) = tallies.look();
        assert_eq!((counts[Kind::Purchased as usize], recent.len()), (1, 0));
    }
}
