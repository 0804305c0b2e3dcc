//! Where log lines go: to standard error, as JSON or as text, written by a thread of their own.

use std::io::IsTerminal as _;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;
use crate::failure::Failure;

/// Writes out what is left when it is dropped, and says if lines were lost.
pub(crate) struct Log {
    lost: ErrorCounter,
    guard: Option<WorkerGuard>,
}

/// Starts logging. `filter` is what the setting `LOG` holds.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<Log, Failure> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Failure::refused(format!("LOG={filter}: {error}")))?;
    let is_terminal = std::io::stderr().is_terminal();
    let (writer, guard) = NonBlocking::new(std::io::stderr());
    let lost = writer.error_counter();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    match format {
        LogFormat::Text => log.with_ansi(is_terminal).init(),
        LogFormat::Auto if is_terminal => log.with_ansi(true).init(),
        LogFormat::Auto | LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(Log {
        lost,
        guard: Some(guard),
    })
}

impl Drop for Log {
    fn drop(&mut self) {
        let lines = self.lost.dropped_lines();
        if lines > 0 {
            tracing::warn!(
                lines,
                "log lines were dropped, because they came faster than they went"
            );
        }
        drop(self.guard.take());
    }
}
