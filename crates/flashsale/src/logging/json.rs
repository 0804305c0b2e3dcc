//! Events as JSON, one object a line: `timestamp`, `level`, the event's fields, `target`.

use std::fmt;

use flashsale_ledger::Clock;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::lines::Lines;

/// Longer than most lines, so that a line is one allocation.
const LINE_BYTES: usize = 512;

/// Writes each event down. There are no spans here, so none are written.
pub(super) struct JsonLines {
    lines: Lines,
    clock: Clock,
}

impl JsonLines {
    pub(super) fn new(lines: Lines, clock: Clock) -> Self {
        Self { lines, clock }
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        let mut line = Line(Vec::with_capacity(LINE_BYTES));
        line.0.push(b'{');
        line.member("timestamp", &timestamp((self.clock)().0));
        line.member("level", metadata.level().as_str());
        event.record(&mut line);
        line.member("target", metadata.target());
        line.0.extend_from_slice(b"}\n");
        self.lines.push(&line.0);
    }
}

/// The time as RFC 3339 has it. A clock beyond the year 9999 reads as the epoch.
fn timestamp(now_ms: u64) -> String {
    let now = i64::try_from(now_ms).map(jiff::Timestamp::from_millisecond);
    format!("{:.3}", now.ok().and_then(Result::ok).unwrap_or_default())
}

/// A line that is being written.
struct Line(Vec<u8>);

impl Line {
    /// `name` is an identifier of this program or of a library, so it needs no escapes.
    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        let before: &[u8] = if self.0.len() > 1 { b",\"" } else { b"\"" };
        self.0.extend_from_slice(before);
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        // Into memory, texts and numbers can always be written.
        let written = serde_json::to_writer(&mut self.0, value);
        debug_assert!(written.is_ok());
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field.name(), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field.name(), &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.member(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use flashsale_sale::Timestamp;
    use parking_lot::Mutex;
    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::lines::Writer;
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn row_41_an_event_is_one_json_object_whatever_is_in_it() {
        let out = Out::default();
        let writer = Writer::start(out.clone()).unwrap();
        let clock: Clock = Arc::new(|| Timestamp(1_795_410_237_311));
        let json = JsonLines::new(writer.lines(), clock);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(json), || {
            let hostile = "a\"b\\\n\u{7}é";
            tracing::warn!(target: "shop", text = hostile, shown = %hostile, debug = ?hostile,
                number = 7_u32, below = -7, is_true = true, half = 0.5, nan = f64::NAN, "it {}", "is");
        });
        drop(writer);
        let text = String::from_utf8(out.0.lock().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        let expected = json!({
            "timestamp": "2026-11-23T05:03:57.311Z", "level": "WARN", "target": "shop", "message": "it is",
            "text": "a\"b\\\n\u{7}é", "shown": "a\"b\\\n\u{7}é", "debug": "\"a\\\"b\\\\\\n\\u{7}é\"",
            "number": 7, "below": -7, "is_true": true, "half": 0.5, "nan": null,
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }
}
