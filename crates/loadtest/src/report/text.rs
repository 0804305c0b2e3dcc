//! The report for a terminal.

use std::fmt::Write as _;

use super::{Latency, Report};
use crate::answer::KINDS;
use crate::books::{Check, Verdict};

pub(super) fn write(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |line: String| {
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(format!("server     {}", report.url));
    line(format!(
        "sale       {} ({})",
        report.sale.product_description, report.sale.product_id
    ));
    let stopped = if report.was_stopped {
        ", stopped early"
    } else {
        ""
    };
    line(format!(
        "run        {:?}, {} attempts in {:.2} s{stopped}, {} answers/s",
        report.scenario,
        grouped(report.attempts),
        report.took_ms / 1000.0,
        rate(report.answers_per_second),
    ));
    line(String::new());
    for kind in KINDS {
        let count = report.count(kind.name());
        if count > 0 {
            line(format!("{:>11}  {}", grouped(count), kind.label()));
        }
    }
    line(String::new());
    let heads = ["p50", "p90", "p99", "p99.9", "max"];
    line(format!(
        "{:21}{}",
        "latency",
        heads.map(|head| format!("{head:>10}")).concat()
    ));
    for (name, latency) in report.latencies() {
        line(format!("  {name:19}{}", percentiles(latency)));
    }
    if report.settings.watchers > 0 {
        let (events, failures) = (
            grouped(report.watchers.events),
            grouped(report.watchers.failures),
        );
        line(format!(
            "  {} watchers: {events} events, {failures} failures",
            report.settings.watchers
        ));
    }
    line(String::new());
    match &report.books {
        None => line("The books were not checked.".to_owned()),
        Some(books) => {
            for check in &books.checks {
                text.push_str(&of_check(check));
            }
            let _ = write!(text, "\n{}\n", sentence(report));
        }
    }
    text
}

/// The verdict on all checks, for a person.
pub(super) fn sentence(report: &Report) -> &'static str {
    match (report.verdict(), &report.books) {
        (_, None) => "The books were not checked.",
        (Verdict::Holds | Verdict::NotApplicable, _) => "The books are in order.",
        (Verdict::Unmeasured, _) => "Not everything could be checked.",
        (Verdict::Broken, _) => "The books are NOT in order.",
    }
}

/// How the result of a check is called.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "n/a",
        Verdict::Holds => "holds",
        Verdict::Unmeasured => "UNKNOWN",
        Verdict::Broken => "BROKEN",
    }
}

fn of_check(check: &Check) -> String {
    let mut text = format!(
        "{:8} {} ({})\n",
        word(check.result),
        check.rule,
        check.detail
    );
    for example in &check.examples {
        let _ = writeln!(text, "           {example}");
    }
    let more = check.broken.saturating_sub(check.examples.len() as u64);
    if more > 0 {
        let _ = writeln!(text, "           and {} more", grouped(more));
    }
    text
}

fn percentiles(latency: &Latency) -> String {
    let times = [
        latency.p50_us,
        latency.p90_us,
        latency.p99_us,
        latency.p999_us,
        latency.max_us,
    ];
    times
        .map(|time| format!("{:>10}", milliseconds(time)))
        .concat()
}

/// How many a second, without a fraction.
pub(crate) fn rate(per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate is never below zero, and never near the limit"
    )]
    grouped(per_second.round() as u64)
}

/// Microseconds as milliseconds, to three digits.
pub(crate) fn milliseconds(time_us: u64) -> String {
    let ms = time_us as f64 / 1000.0;
    match time_us {
        0..10_000 => format!("{ms:.2} ms"),
        10_000..100_000 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}

/// A number with its thousands set apart.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        let times = [450, 12_345, 234_567].map(milliseconds);
        assert_eq!(times, ["0.45 ms", "12.3 ms", "235 ms"]);
    }
}
