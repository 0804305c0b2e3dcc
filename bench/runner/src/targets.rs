//! What the figures are held against.

use std::fmt::Write as _;

use crate::figures::{Figures, Growth, Measure, Row, Sample, Step, median};

const FLOOR: &str = "floor: bare hyper";
const OURS: &str = "flashsale, SQLite";
/// The connections that such projects have, and the number with which they are fastest.
const PEER_USUAL: &str = "Fastify, watch on 8, no AOF";
const PEER_BEST: &str = "Fastify, watch on 1, no AOF";

/// A target, and what was measured.
struct Target {
    what: String,
    bound: Bound,
    measured: f64,
}

/// A bound, its unit, and of what.
enum Bound {
    AtMost(f64, &'static str),
    AtLeast(f64, &'static str),
}

/// The table of all targets.
pub(crate) fn text(figures: &Figures) -> String {
    let mut text =
        "\n## Targets\n\n| What | Target | Measured | |\n| --- | --- | --- | --- |\n".to_owned();
    let all = [
        cost(figures),
        peer(figures),
        growth(&figures.growth),
        crowds(figures),
        others(figures),
    ];
    for target in all.into_iter().flatten() {
        let (sign, bound, unit, is_reached) = match target.bound {
            Bound::AtMost(bound, unit) => ("≤", bound, unit, target.measured <= bound),
            Bound::AtLeast(bound, unit) => ("≥", bound, unit, target.measured >= bound),
        };
        let verdict = if is_reached {
            "reached"
        } else {
            "**not reached**"
        };
        let (what, measured) = (target.what, target.measured);
        let digits = if measured >= 100.0 { 0 } else { 2 };
        let _ = writeln!(
            text,
            "| {what} | {sign} {bound} {unit} | {measured:.digits$} | {verdict} |"
        );
    }
    text
}

/// CPU of the server and its Redis by that of the floor.
pub(crate) fn ratio(figures: &Figures, subject: &str, measure: Measure) -> f64 {
    match (figures.row(subject, measure), floor(figures, measure)) {
        (Some(row), Some(floor)) => row.median(Sample::cpu_us) / floor.median(Sample::cpu_us),
        _ => f64::NAN,
    }
}

/// The floor's row to compare with: its GET for a GET, its POST for every purchase.
pub(crate) fn floor(figures: &Figures, measure: Measure) -> Option<&Row> {
    let measure = if measure == Measure::Status {
        measure
    } else {
        Measure::Refused
    };
    figures.row(FLOOR, measure)
}

fn cost(figures: &Figures) -> Vec<Target> {
    const CPU: &str = "× the CPU of the floor";
    let target = |what: &str, subject: &str, measure, bound| Target {
        what: what.to_owned(),
        bound: Bound::AtMost(bound, CPU),
        measured: ratio(figures, subject, measure),
    };
    let mut all = vec![
        target("refused purchase, sold out", OURS, Measure::Refused, 1.25),
        target(
            "refused purchase, bought before",
            OURS,
            Measure::Duplicates,
            1.25,
        ),
        target(
            "accepted purchase, SQLite, synced before the answer",
            OURS,
            Measure::Accepted,
            1.6,
        ),
    ];
    for (aof, bound) in [("no AOF", 1.8), ("AOF always", 2.5)] {
        for strategy in ["function", "watch"] {
            let subject = format!("flashsale, Redis {strategy}, {aof}");
            let what = format!("accepted purchase, Redis, {strategy}, {aof}");
            all.push(target(&what, &subject, Measure::Accepted, bound));
        }
    }
    all.push(target(
        "`GET /api/status`, by the floor's GET",
        OURS,
        Measure::Status,
        1.2,
    ));
    all
}

fn peer(figures: &Figures) -> Vec<Target> {
    let rate = |subject: &str| {
        let row = figures.row(subject, Measure::Accepted);
        row.map_or(f64::NAN, |row| row.median(|sample| sample.per_second))
    };
    [
        (
            "accepted purchase, SQLite, by Fastify with WATCH on 8 connections",
            PEER_USUAL,
        ),
        (
            "the same by Fastify with WATCH on one connection, its best",
            PEER_BEST,
        ),
    ]
    .map(|(what, peer)| Target {
        what: what.to_owned(),
        bound: Bound::AtLeast(20.0, "× the throughput"),
        measured: rate(OURS) / rate(peer),
    })
    .into()
}

fn growth(growth: &Growth) -> Vec<Target> {
    let target = |what: &str, bound, measured| Target {
        what: what.to_owned(),
        bound,
        measured,
    };
    let per_connection = |steps: &[Step]| match steps {
        [few, .., many] => {
            let bytes = many.resident.saturating_sub(few.resident) as f64;
            bytes / (many.size - few.size) as f64 / 1024.0
        }
        _ => f64::NAN,
    };
    let per_order = growth.stock.last().map_or(f64::NAN, |step| {
        step.resident.saturating_sub(step.resident_before) as f64 / step.size as f64
    });
    let start = growth.start.as_ref().map_or(f64::NAN, |start| {
        median(start.server_ms.iter().copied()) / median(start.scan_ms.iter().copied())
    });
    let of_64 = || Bound::AtLeast(80.0, "% of the throughput at 64");
    vec![
        target(
            "10,000 connections open, 64 of them buying, refused",
            of_64(),
            kept(&growth.open, |step| &step.refused),
        ),
        target(
            "the same, accepted",
            of_64(),
            kept(&growth.open, |step| &step.accepted),
        ),
        target(
            "10,000 connections, all of them buying, refused",
            of_64(),
            kept(&growth.connections, |step| &step.refused),
        ),
        target(
            "the same, accepted",
            of_64(),
            kept(&growth.connections, |step| &step.accepted),
        ),
        target(
            "memory of a connection, with 10,000 buying",
            Bound::AtMost(20.0, "KiB"),
            per_connection(&growth.connections),
        ),
        target(
            "memory of an order, with 1,000,000",
            Bound::AtMost(150.0, "bytes"),
            per_order,
        ),
        target(
            "start with 1,000,000 orders",
            Bound::AtMost(3.0, "× a plain table scan"),
            start,
        ),
    ]
}

/// The throughput at the largest size, in percent of that at the smallest.
fn kept(steps: &[Step], read: fn(&Step) -> &Option<Sample>) -> f64 {
    let rate = |step: Option<&Step>| Some(read(step?).as_ref()?.per_second);
    100.0 * rate(steps.last()).unwrap_or(f64::NAN) / rate(steps.first()).unwrap_or(f64::NAN)
}

/// What more buyers than can be served, and attackers, may do to those who buy.
fn crowds(figures: &Figures) -> Vec<Target> {
    let overload = figures.overload.as_ref().and_then(|overload| {
        let most = overload.steps.last()?;
        let kept = most.served.accepted_per_second() / overload.capacity.accepted_per_second();
        Some(Target {
            what: format!(
                "accepted, with {} × as many new buyers as can be served",
                most.times
            ),
            bound: Bound::AtLeast(90.0, "% of the capacity"),
            measured: 100.0 * kept,
        })
    });
    let attack = figures.attack.as_ref().map(|attack| Target {
        what: "honest purchases under attack that are refused or fail".to_owned(),
        bound: Bound::AtMost(0.0, "purchases"),
        measured: (attack.attacked.refused + attack.attacked.failed) as f64,
    });
    overload.into_iter().chain(attack).collect()
}

fn others(figures: &Figures) -> Vec<Target> {
    let rules = figures
        .rules
        .iter()
        .map(|rules| median(rules.per_second.iter().copied()));
    let generator = &figures.generator;
    let (ours, wrk) = (&generator.loadtest_per_second, &generator.wrk_per_second);
    vec![
        Target {
            what: "the rules alone, their slowest kind, on one core".to_owned(),
            bound: Bound::AtLeast(5.0, "million attempts a second"),
            measured: rules.fold(f64::INFINITY, f64::min) / 1e6,
        },
        Target {
            what: "the load tester on the floor, on one core".to_owned(),
            bound: Bound::AtLeast(80.0, "% of the rate of wrk"),
            measured: 100.0 * median(ours.iter().copied()) / median(wrk.iter().copied()),
        },
    ]
}
