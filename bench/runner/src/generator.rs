//! Whether the load tester measures itself: its rate on the floor, and that of wrk, on one core.

use std::path::Path;

use crate::figures::{Generator, Measure, median};
use crate::load::Load;
use crate::process::{LOAD_CORE, output, pinned};
use crate::rows::CONNECTIONS;
use crate::subjects::Subject;
use crate::{Bench, Failure};

/// The request of the load tester, as wrk makes it.
const SCRIPT: &str = include_str!("purchase.lua");

pub(crate) fn measure(bench: &Bench) -> Result<Generator, Failure> {
    let script = bench.scratch().join("purchase.lua");
    std::fs::write(&script, SCRIPT).map_err(|error| error.to_string())?;
    let floor = Subject::Floor.start(bench, 1)?;
    let load = Load::timed(Measure::Refused, CONNECTIONS, bench.duration());
    let mut generator = Generator::default();
    for _ in 0..bench.arguments.rounds {
        let sample = load.measure(bench, &floor, "the load tester on the floor")?;
        generator.loadtest_per_second.push(sample.per_second);
        generator
            .wrk_per_second
            .push(wrk(bench, &script, floor.port)?);
    }
    let (ours, theirs) = (
        median(generator.loadtest_per_second.clone()),
        median(generator.wrk_per_second.clone()),
    );
    println!("generator: loadtest {ours:.0}/s, wrk {theirs:.0}/s");
    Ok(generator)
}

fn wrk(bench: &Bench, script: &Path, port: u16) -> Result<f64, Failure> {
    let mut command = pinned(LOAD_CORE, &bench.arguments.wrk);
    let connections = format!("-c{CONNECTIONS}");
    let duration = format!("-d{}s", bench.arguments.seconds);
    command
        .args(["-t1", &connections, &duration, "-s"])
        .arg(script);
    let said = output(command.arg(format!("http://127.0.0.1:{port}")))?;
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"));
    let rate = line.and_then(|rate| rate.trim().parse().ok());
    rate.ok_or_else(|| format!("wrk said {said}"))
}
