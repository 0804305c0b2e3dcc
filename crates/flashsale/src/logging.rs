//! Where log lines go: to standard error, as JSON or as text, written by a thread of their own.
//!
//! Each confirmed purchase is a line, so a line must cost next to nothing. [`json`] writes it into one
//! buffer without a detour, and [`lines`] hands many of them to the system at once.

mod json;
mod lines;

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::LogFormat;
use crate::failure::Failure;
use crate::world;
use json::JsonLines;
use lines::Writer;

/// Writes out what is left when it is dropped, and says if lines were lost.
pub(crate) struct Log(Writer);

/// Starts logging. `filter` is what the setting `LOG` holds.
pub(crate) fn start(filter: &str, format: LogFormat) -> Result<Log, Failure> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| Failure::refused(format!("LOG={filter}: {error}")))?;
    let is_terminal = std::io::stderr().is_terminal();
    let writer = Writer::start(std::io::stderr())
        .map_err(|error| Failure::failed(format!("cannot start a thread: {error}")))?;
    let lines = writer.lines();
    let is_text = format == LogFormat::Text || (format == LogFormat::Auto && is_terminal);
    let registry = tracing_subscriber::registry().with(filter);
    let registry = registry.with(filter_fn(holds_nothing_of_clients));
    if is_text {
        let text = fmt::layer()
            .with_writer(move || lines.clone())
            .with_ansi(is_terminal);
        registry.with(text).init();
    } else {
        registry.with(JsonLines::new(lines, world::clock())).init();
    }
    Ok(Log(writer))
}

/// What libraries say of their work below `info` holds what clients have sent, such as a path that is none, with a
/// buyer's id in it. So nothing of that is written, whatever `LOG` says.
fn holds_nothing_of_clients(line: &Metadata<'_>) -> bool {
    line.target().starts_with("flashsale") || *line.level() <= Level::INFO
}

impl Drop for Log {
    fn drop(&mut self) {
        let lines = self.0.lost();
        if lines > 0 {
            tracing::warn!(
                lines,
                "log lines were dropped, because they came faster than they went"
            );
        }
    }
}
