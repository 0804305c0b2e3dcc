//! How cost grows with connections, users and stock, on SQLite.

use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

use crate::figures::{Growth, Measure, Start, Step};
use crate::load::{Load, WATCH_EVERY};
use crate::process::now;
use crate::rows::{CONNECTIONS, sold_out};
use crate::subjects::{STOCK_MAX, Subject};
use crate::{Bench, Failure};

const CONNECTION_STEPS: [u64; 5] = [64, 256, 1_024, 4_096, 10_000];
const OPEN_STEPS: [u64; 3] = [64, 1_024, 10_000];
const USER_STEPS: [u64; 4] = [10_000, 100_000, 1_000_000, 10_000_000];
const STOCK_STEPS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// The stock that grows users buy from.
const SMALL_STOCK: u64 = 1_000;
/// Longer than the largest run takes.
const RUN_MAX: Duration = Duration::from_mins(10);
const STARTS: usize = 3;

pub(crate) fn measure(bench: &Bench) -> Result<Growth, Failure> {
    let mut growth = Growth::default();
    for size in CONNECTION_STEPS {
        growth
            .connections
            .push(shown("connections", connections(bench, size)?));
    }
    for size in OPEN_STEPS {
        growth.open.push(shown("open", open(bench, size)?));
    }
    for size in USER_STEPS {
        growth.users.push(shown("users", users(bench, size)?));
    }
    for size in STOCK_STEPS {
        let (step, start) = stock(bench, size)?;
        growth.stock.push(shown("stock", step));
        growth.start = start.or(growth.start);
    }
    Ok(growth)
}

/// So many connections, on each of which a request is under way all the time.
fn connections(bench: &Bench, size: u64) -> Result<Step, Failure> {
    let load = |measure| Load::timed(measure, size, bench.duration());
    refused_and_accepted(bench, size, &format!("{size} connections"), load)
}

/// So many connections, most of which belong to buyers who look at the page: they ask for the status every
/// three seconds. The usual number buys meanwhile.
fn open(bench: &Bench, size: u64) -> Result<Step, Failure> {
    let load = |measure| Load {
        watchers: size - CONNECTIONS,
        // Long enough for every watcher to have come, and for a measurement as long as the others.
        duration: WATCH_EVERY + bench.duration(),
        ..Load::timed(measure, CONNECTIONS, bench.duration())
    };
    refused_and_accepted(bench, size, &format!("{size} open connections"), load)
}

/// The same load on a server that is sold out, whose memory is watched, and on one that sells.
fn refused_and_accepted(
    bench: &Bench,
    size: u64,
    what: &str,
    load: impl Fn(Measure) -> Load,
) -> Result<Step, Failure> {
    let closed = sold_out(bench, Subject::Sqlite)?;
    let resident_before = closed.server.resident()?;
    let (refused, resident) = load(Measure::Refused).run_watching_memory(bench, &closed, what)?;
    drop(closed);
    let open = Subject::Sqlite.start(bench, STOCK_MAX)?;
    let accepted = load(Measure::Accepted).measure(bench, &open, what)?;
    Ok(Step {
        size,
        refused: Some(refused),
        accepted: Some(accepted),
        resident_before,
        resident,
    })
}

/// So many users at a small stock: nearly all are refused.
fn users(bench: &Bench, size: u64) -> Result<Step, Failure> {
    let what = format!("{size} users");
    let started = Subject::Sqlite.start(bench, SMALL_STOCK)?;
    let load = |users, measure| Load {
        users,
        ..Load::timed(measure, CONNECTIONS, RUN_MAX)
    };
    load(SMALL_STOCK, Measure::Accepted).run(bench, &started, &what)?;
    let resident_before = started.server.resident()?;
    let refused = load(size, Measure::Refused).run(bench, &started, &what)?;
    let resident = started.server.resident()?;
    Ok(Step {
        size,
        refused: Some(refused),
        accepted: None,
        resident_before,
        resident,
    })
}

/// Everything is sold, to as many users. With the largest stock, starts are measured as well.
fn stock(bench: &Bench, size: u64) -> Result<(Step, Option<Start>), Failure> {
    let what = format!("a stock of {size}");
    let home = tempfile::tempdir_in(bench.scratch()).map_err(|error| error.to_string())?;
    let started = Subject::Sqlite.start_at(bench, size, home.path())?;
    let resident_before = started.server.resident()?;
    let load = Load {
        users: size,
        ..Load::timed(Measure::Accepted, CONNECTIONS, RUN_MAX)
    };
    let accepted = load.run(bench, &started, &what)?;
    let resident = started.server.resident()?;
    started.server.stop()?;
    let step = Step {
        size,
        refused: None,
        accepted: Some(accepted),
        resident_before,
        resident,
    };
    if Some(&size) != STOCK_STEPS.last() {
        return Ok((step, None));
    }
    let mut start = Start {
        orders: size,
        server_ms: vec![],
        server_cpu_ms: vec![],
        scan_ms: vec![],
    };
    for _ in 0..STARTS {
        start
            .scan_ms
            .push(scan(&home.path().join("data/bench.sqlite3"), size)?);
        let began_at = now();
        let started = Subject::Sqlite.start_at(bench, size, home.path())?;
        // It listens before it has read the ledger, and answers after.
        Load {
            users: 0,
            ..Load::timed(Measure::Status, 1, Duration::from_millis(1))
        }
        .run(bench, &started, &what)?;
        start.server_ms.push(milliseconds(began_at.elapsed()));
        start
            .server_cpu_ms
            .push(milliseconds(started.server.cpu()?));
        started.server.stop()?;
    }
    Ok((step, Some(start)))
}

/// Reads every column of every order, as plainly as it can be done.
fn scan(path: &std::path::Path, orders: u64) -> Result<f64, Failure> {
    let began_at = now();
    let count = || -> rusqlite::Result<u64> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut query = connection.prepare("SELECT * FROM orders")?;
        let columns = query.column_count();
        let mut rows = query.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                std::hint::black_box(row.get::<_, Value>(column)?);
            }
            count += 1;
        }
        Ok(count)
    };
    match count() {
        Ok(count) if count == orders => Ok(milliseconds(began_at.elapsed())),
        Ok(count) => Err(format!("{count} orders are stored, not {orders}")),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn shown(what: &str, step: Step) -> Step {
    let cost = |sample: &Option<crate::figures::Sample>| {
        sample.as_ref().map_or("-".to_owned(), |sample| {
            format!("{:.0}/s {:.1} µs", sample.per_second, sample.server_us)
        })
    };
    println!(
        "growth   {what:12} {:>9}  refused {:18} accepted {:18} memory {:.1} -> {:.1} MiB",
        step.size,
        cost(&step.refused),
        cost(&step.accepted),
        step.resident_before as f64 / 1_048_576.0,
        step.resident as f64 / 1_048_576.0
    );
    step
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
