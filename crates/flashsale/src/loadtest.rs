//! `flashsale loadtest`: buys as a crowd would, and checks the books.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use flashsale_loadtest::books::Verdict;
use flashsale_loadtest::plan::{Arrival, Scenario, Watch};
use flashsale_loadtest::report::Report;
use flashsale_loadtest::{Plan, Target};
use tokio::signal::ctrl_c;

use crate::cli::loadtest::{Connections, LoadtestArguments, ScenarioName, WatchName};
use crate::failure::Failure;
use crate::{open_files, world};

/// For the streams of the program itself, the runtime and the reports.
const FILES_BESIDES_CONNECTIONS: u64 = 64;
/// Nothing could be measured, or not everything could be checked.
const UNMEASURED: u8 = 2;

/// Exit code 0 when the books are in order, 1 when they are not, 2 when that could not be found out.
pub(crate) fn run(arguments: &LoadtestArguments) -> Result<ExitCode, Failure> {
    if arguments.rate.is_some() && arguments.scenario != ScenarioName::Steady {
        return Err(Failure::refused(
            "--rate is only for steady (--scenario steady)",
        ));
    }
    let connections = arguments.concurrency + arguments.watchers();
    let files = connections as u64 + FILES_BESIDES_CONNECTIONS;
    let granted = open_files::raise(files);
    if granted < files {
        return Err(Failure::refused(format!(
            "{connections} connections need {files} open files, and the system allows {granted} \
             (see `ulimit -n`)"
        )));
    }
    // Before the run, so that none is made for a report that cannot be written.
    let json = arguments.json.as_deref().map(create).transpose()?;
    let html = arguments.html.as_deref().map(create).transpose()?;

    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .global_queue_interval(world::SHARED_QUEUE_INTERVAL)
        .enable_all()
        .build()
        .map_err(|error| Failure::refused(format!("cannot start threads: {error}")))?;
    let report = runtime.block_on(measure(arguments, threads));
    runtime.shutdown_background();
    let report = report?;

    // Whoever reads may have read enough; the files and the exit code tell all the same.
    drop(std::io::stdout().write_all(report.to_text().as_bytes()));
    write(json, || report.to_json())?;
    write(html, || report.to_html())?;
    Ok(match report.verdict() {
        Verdict::Holds | Verdict::NotApplicable => ExitCode::SUCCESS,
        Verdict::Broken => ExitCode::from(1),
        Verdict::Unmeasured => ExitCode::from(UNMEASURED),
    })
}

async fn measure(arguments: &LoadtestArguments, threads: usize) -> Result<Report, Failure> {
    let plan = plan(arguments).await?;
    let stop = async {
        if ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        eprintln!("\nstopping; the books are checked (once more ends at once)");
        tokio::spawn(async {
            drop(ctrl_c().await);
            std::process::exit(i32::from(UNMEASURED));
        });
    };
    let report = flashsale_loadtest::run(plan, threads, stop).await;
    report.map_err(Failure::refused)
}

async fn plan(arguments: &LoadtestArguments) -> Result<Plan, Failure> {
    let tls_ca = arguments.tls_ca.as_deref().map(read).transpose()?;
    let target = Target::find(&arguments.url, tls_ca.as_deref())
        .await
        .map_err(Failure::refused)?;
    let (users, attempts) = arguments.crowd();
    Ok(Plan {
        target,
        scenario: match arguments.scenario {
            ScenarioName::Rush => Scenario::Rush,
            ScenarioName::Steady => Scenario::Steady,
            ScenarioName::Storm => Scenario::Storm,
            ScenarioName::Crowd => Scenario::Crowd,
        },
        users,
        attempts,
        connections: arguments.concurrency,
        arrival: arguments
            .rate()
            .map_or(Arrival::WhenFree, Arrival::PerSecond),
        jitter: arguments.jitter,
        timeout: arguments.timeout,
        duration_max: arguments.duration,
        wait_max: arguments.wait,
        keep_alive: arguments.connections == Connections::KeepAlive,
        retries_max: arguments.retries,
        watchers: arguments.watchers(),
        watch: match arguments.watch {
            WatchName::Poll => Watch::Poll(arguments.watch_every),
            WatchName::Stream => Watch::Stream,
        },
        seed: u64::from_le_bytes(world::key()?),
        checks_books: !arguments.no_check,
        shows_progress: !arguments.quiet,
    })
}

fn create(path: &Path) -> Result<(PathBuf, File), Failure> {
    let file = File::create(path).map_err(|error| refused(path, &error))?;
    Ok((path.to_owned(), file))
}

fn write(file: Option<(PathBuf, File)>, text: impl FnOnce() -> String) -> Result<(), Failure> {
    let Some((path, mut file)) = file else {
        return Ok(());
    };
    file.write_all(text().as_bytes())
        .map_err(|error| refused(&path, &error))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::refused(format!("{}: {error}", path.display()))
}
