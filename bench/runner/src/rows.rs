//! What is compared, round after round, so that whatever else the machine does falls on all alike.

use crate::figures::{Measure, Row, Sample};
use crate::load::Load;
use crate::subjects::{Persistence, STOCK_MAX, Started, Strategy, Subject, Way};
use crate::{Bench, Failure};

/// The connections of the comparison.
pub(crate) const CONNECTIONS: u64 = 64;

const SUBJECTS: [Subject; 10] = [
    Subject::Floor,
    Subject::Sqlite,
    Subject::Redis(Strategy::Function, Persistence::Off),
    Subject::Redis(Strategy::Watch, Persistence::Off),
    Subject::Redis(Strategy::Function, Persistence::Always),
    Subject::Redis(Strategy::Watch, Persistence::Always),
    Subject::Peer(Way::Watch(8), Persistence::Off),
    Subject::Peer(Way::Watch(1), Persistence::Off),
    Subject::Peer(Way::Script, Persistence::Off),
    Subject::Peer(Way::Script, Persistence::Always),
];

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Row>, Failure> {
    let subjects = || {
        SUBJECTS
            .into_iter()
            .filter(|subject| bench.wants(&subject.name()))
    };
    let mut rows: Vec<Row> = subjects()
        .flat_map(|subject| {
            measures(subject).iter().map(move |measure| Row {
                subject: subject.name(),
                measure: *measure,
                samples: Vec::new(),
            })
        })
        .collect();
    for round in 1..=bench.arguments.rounds {
        for subject in subjects() {
            let mut open = None;
            for measure in measures(subject) {
                let sample = one(bench, subject, *measure, &mut open)?;
                println!(
                    "round {round}  {:38} {:24} {:>9.0}/s  {:>6.1} + {:>5.1} µs  p99 {:.2} ms",
                    subject.name(),
                    measure.name(),
                    sample.per_second,
                    sample.server_us,
                    sample.redis_us,
                    sample.p99_us / 1000.0
                );
                let name = subject.name();
                let row = rows
                    .iter_mut()
                    .find(|row| row.subject == name && row.measure == *measure);
                row.expect("it was made above").samples.push(sample);
            }
        }
    }
    Ok(rows)
}

/// The floor's one answer to a purchase stands for all.
fn measures(subject: Subject) -> &'static [Measure] {
    match subject {
        Subject::Floor => &[Measure::Refused, Measure::Status],
        _ => &[
            Measure::Accepted,
            Measure::Duplicates,
            Measure::Status,
            Measure::Refused,
        ],
    }
}

/// One measurement. What needs an open sale shares one server; what needs a sold-out one gets its own.
fn one(
    bench: &Bench,
    subject: Subject,
    measure: Measure,
    open: &mut Option<Started>,
) -> Result<Sample, Failure> {
    let load = Load::timed(measure, CONNECTIONS, bench.duration());
    if measure == Measure::Refused {
        // Two servers at once would share the core.
        *open = None;
        return load.measure(bench, &sold_out(bench, subject)?, &subject.name());
    }
    let started = match open.take() {
        Some(started) => started,
        None => subject.start(bench, STOCK_MAX)?,
    };
    let sample = load.measure(bench, &started, &subject.name());
    *open = Some(started);
    sample
}

/// A server whose every unit is sold.
pub(crate) fn sold_out(bench: &Bench, subject: Subject) -> Result<Started, Failure> {
    let started = subject.start(bench, 1)?;
    if subject != Subject::Floor {
        let buy = Load {
            users: 1,
            ..Load::timed(Measure::Accepted, 1, bench.duration())
        };
        buy.run(bench, &started, &subject.name())?;
    }
    Ok(started)
}
