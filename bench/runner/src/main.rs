//! Measures the server side by side with the floor under it and the peers beside it, in one run on one
//! machine: the server and its Redis on one core, the load generator on another.
//!
//! In reading order:
//! - [`rows`]: what is compared, round after round; [`growth`]: how cost grows; [`streams`]: the live
//!   streams; [`rules`]: the rules alone,
//!   without any input or output;
//! - [`overload`]: more buyers than can be served, by a [`throttle`] on the server; [`attack`]: everything at
//!   once that is against a sale; [`wire`]: the plain client of both;
//! - [`subjects`]: the servers; [`load`]: one run of the load tester against one of them;
//!   [`scripts`]: what Redis can do at most; [`generator`]: whether the load tester measures itself;
//! - [`process`]: programs on a core of their own, and what they cost by the system's account;
//! - [`figures`]: what was measured; [`targets`]: what it is held against; [`results`] and [`plots`]: the
//!   page that shows it.
//!
//! `cargo xtask bench` builds everything and calls it.
#![expect(
    clippy::cast_precision_loss,
    reason = "figures are shown to three digits"
)]

mod attack;
mod figures;
mod generator;
mod growth;
mod load;
mod overload;
mod plots;
mod process;
mod results;
mod rows;
mod rules;
mod scripts;
mod streams;
mod subjects;
mod targets;
mod throttle;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use figures::Figures;

/// The allocator of the server, so that the rules alone are measured as they run there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why there are no figures: one sentence.
type Failure = String;

/// Measures the server side by side with the floor under it and the peers beside it
#[derive(Debug, Parser)]
struct Arguments {
    /// The program flashsale
    #[arg(long)]
    flashsale: PathBuf,
    /// The program flashsale-floor
    #[arg(long)]
    floor: PathBuf,
    /// Folder of the peer, its packages installed
    #[arg(long)]
    peer: PathBuf,
    /// The program redis-server; redis-benchmark and redis-cli lie beside it
    #[arg(long)]
    redis: PathBuf,
    /// The program wrk
    #[arg(long)]
    wrk: PathBuf,
    /// Folder for the results
    #[arg(long)]
    output: PathBuf,
    /// Rounds of the comparison
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one measurement
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Only what has this in its name, for trying things out; nothing is written
    #[arg(long)]
    only: Option<String>,
    /// Write the page anew from the figures of the last run
    #[arg(long)]
    render: bool,
}

/// What every measurement needs.
struct Bench {
    arguments: Arguments,
    /// Ledgers and logs: gone in the end.
    scratch: tempfile::TempDir,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("flashsale-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let output = arguments.output.clone();
    if arguments.render {
        return results::write(&Figures::read(&output)?, &output);
    }
    let scratch = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let is_whole = arguments.only.is_none();
    let bench = Bench { arguments, scratch };
    let figures = Figures {
        machine: figures::Machine::here(&bench)?,
        rows: rows::measure(&bench)?,
        scripts: bench
            .wants("redis-benchmark")
            .then(|| scripts::measure(&bench))
            .transpose()?
            .unwrap_or_default(),
        rules: if bench.wants("rules") {
            rules::measure()
        } else {
            Vec::new()
        },
        growth: bench
            .wants("growth")
            .then(|| growth::measure(&bench))
            .transpose()?
            .unwrap_or_default(),
        streams: bench
            .wants("streams")
            .then(|| streams::measure(&bench))
            .transpose()?,
        overload: bench
            .wants("overload")
            .then(|| overload::measure(&bench))
            .transpose()?,
        attack: bench
            .wants("attack")
            .then(|| attack::measure(&bench))
            .transpose()?,
        generator: bench
            .wants("generator")
            .then(|| generator::measure(&bench))
            .transpose()?
            .unwrap_or_default(),
    };
    if is_whole {
        figures.write(&output)?;
        results::write(&figures, &output)?;
        println!("\n{} is written", output.join("RESULTS.md").display());
    } else {
        println!("\n{}", results::text(&figures));
    }
    Ok(())
}

impl Bench {
    fn wants(&self, name: &str) -> bool {
        self.arguments
            .only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    }

    fn duration(&self) -> Duration {
        Duration::from_secs(self.arguments.seconds)
    }

    fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}
