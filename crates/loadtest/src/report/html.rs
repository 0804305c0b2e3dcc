//! The report as one page: no script, no font, no picture from elsewhere.

use std::fmt::Write as _;

use plotters::style::RGBColor;

use super::plots::{self, Plot};
use super::text::{self, grouped, milliseconds, sentence, word};
use super::{Latency, Report};
use crate::answer::KINDS;
use crate::books::{Books, Verdict};

const STYLE: &str = include_str!("report.css");

pub(super) fn write(report: &Report) -> String {
    let mut page = String::new();
    let title = format!("Load test of {}", report.sale.product_description);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{0}</title><style>{STYLE}</style></head><body><main>\
         <header><h1>{0}</h1><p>{1}</p></header>",
        escape(&title),
        escape(&subtitle(report)),
    );
    page.push_str(&verdict(report));
    page.push_str(&tiles(report));
    for plot in plots::all(report) {
        page.push_str(&figure(&plot));
    }
    page.push_str(&answers(report));
    page.push_str(&latencies(report));
    if let Some(books) = &report.books {
        page.push_str(&checks(books));
    }
    page.push_str(&settings(report));
    let _ = write!(
        page,
        "<footer>{}</footer></main></body></html>",
        escape(report.tool)
    );
    page.push('\n');
    page
}

fn subtitle(report: &Report) -> String {
    let stopped = if report.was_stopped {
        ", stopped early"
    } else {
        ""
    };
    format!(
        "{:?} on {}: {} attempts in {:.2} s{stopped}",
        report.scenario,
        report.url,
        grouped(report.attempts),
        report.took_ms / 1000.0
    )
}

fn verdict(report: &Report) -> String {
    let class = match report.verdict() {
        _ if report.books.is_none() => "unknown",
        Verdict::Holds | Verdict::NotApplicable => "good",
        Verdict::Unmeasured => "unknown",
        Verdict::Broken => "bad",
    };
    let mut text = format!(
        "<section class=\"verdict {class}\"><strong>{}</strong>",
        sentence(report)
    );
    let broken = report.books.iter().flat_map(|books| &books.checks);
    let broken: Vec<_> = broken
        .filter(|check| check.result == Verdict::Broken)
        .collect();
    if !broken.is_empty() {
        text.push_str("<ul>");
        for check in broken {
            let first = check
                .examples
                .first()
                .map_or(check.detail.as_str(), String::as_str);
            let _ = write!(
                text,
                "<li>Broken: {} ({})</li>",
                escape(check.rule),
                escape(first)
            );
        }
        text.push_str("</ul>");
    }
    text + "</section>"
}

fn tiles(report: &Report) -> String {
    let time = |latency: &Option<Latency>, read: fn(&Latency) -> u64| {
        latency
            .as_ref()
            .map_or("–".to_owned(), |latency| milliseconds(read(latency)))
    };
    let left = report.books.as_ref().and_then(|books| books.stock_after);
    let tiles = [
        ("Purchased", grouped(report.count("purchased"))),
        (
            "Left at the end",
            left.map_or("–".to_owned(), |left| left.to_string()),
        ),
        ("Answers a second", text::rate(report.answers_per_second)),
        (
            "Purchase, p50",
            time(&report.purchased, |latency| latency.p50_us),
        ),
        (
            "Purchase, p99",
            time(&report.purchased, |latency| latency.p99_us),
        ),
        (
            "Refusal, p99",
            time(&report.others, |latency| latency.p99_us),
        ),
    ];
    let tiles = tiles.map(|(name, value)| format!("<div><dt>{name}</dt><dd>{value}</dd></div>"));
    format!("<dl class=\"tiles\">{}</dl>", tiles.concat())
}

fn figure(plot: &Plot) -> String {
    let legend: Vec<String> = plot
        .legend
        .iter()
        .map(|(name, RGBColor(r, g, b))| {
            format!("<span><i style=\"background:rgb({r} {g} {b})\"></i>{name}</span>")
        })
        .collect();
    // The size in the file is that of the drawing; on the page it takes the room that there is.
    let svg = plot.svg.replacen("<svg ", "<svg role=\"img\" ", 1);
    format!(
        "<figure><figcaption><h2>{}</h2><p class=\"legend\">{}</p></figcaption>{svg}</figure>",
        plot.title,
        legend.concat()
    )
}

fn answers(report: &Report) -> String {
    let all: u64 = report.answers.values().sum();
    let rows = KINDS
        .into_iter()
        .filter(|kind| report.count(kind.name()) > 0)
        .map(|kind| {
            let count = report.count(kind.name());
            let class = if kind.is_trouble() {
                " class=\"bad\""
            } else {
                ""
            };
            let share = count as f64 * 100.0 / all.max(1) as f64;
            format!(
                "<tr{class}><td>{}</td><td>{}</td><td>{share:.2} %</td></tr>",
                kind.label(),
                grouped(count)
            )
        });
    table(
        "Answers",
        &["answer", "number", "share"],
        &rows.collect::<String>(),
    )
}

fn latencies(report: &Report) -> String {
    let rows = report.latencies().map(|(name, latency)| {
        let times = [
            latency.p50_us,
            latency.p90_us,
            latency.p99_us,
            latency.p999_us,
            latency.max_us,
        ];
        let cells = times.map(|time| format!("<td>{}</td>", milliseconds(time)));
        format!(
            "<tr><td>{name}</td><td>{}</td>{}</tr>",
            grouped(latency.count),
            cells.concat()
        )
    });
    let heads = ["answer", "number", "p50", "p90", "p99", "p99.9", "max"];
    let from = match report.settings.rate_per_second {
        Some(_) => "Counted from the moment at which an attempt was due.",
        None => "Counted from the moment at which a request was sent.",
    };
    table("Latency", &heads, &rows.collect::<String>()) + &format!("<p class=\"note\">{from}</p>")
}

fn checks(books: &Books) -> String {
    let rows = books.checks.iter().map(|check| {
        let class = match check.result {
            Verdict::Holds => "good",
            Verdict::NotApplicable => "",
            Verdict::Unmeasured => "unknown",
            Verdict::Broken => "bad",
        };
        let mut detail = escape(&check.detail);
        if !check.examples.is_empty() {
            let examples = check
                .examples
                .iter()
                .map(|example| format!("<li>{}</li>", escape(example)));
            let _ = write!(detail, "<ul>{}</ul>", examples.collect::<String>());
        }
        let more = check.broken.saturating_sub(check.examples.len() as u64);
        if more > 0 {
            let _ = write!(detail, "and {} more", grouped(more));
        }
        let (rule, word) = (escape(check.rule), word(check.result));
        format!("<tr class=\"{class}\"><td><b>{word}</b></td><td>{rule}</td><td>{detail}</td></tr>")
    });
    table(
        "The books",
        &["result", "rule", "what was compared"],
        &rows.collect::<String>(),
    )
    .replacen("<table>", "<table class=\"checks\">", 1)
}

fn settings(report: &Report) -> String {
    let settings = serde_json::to_value(&report.settings).unwrap_or_default();
    let sale = serde_json::to_value(&report.sale).unwrap_or_default();
    let rows = [("run", settings), ("sale before", sale)];
    let rows = rows.iter().flat_map(|(group, values)| {
        let values = values.as_object().into_iter().flatten();
        values.map(move |(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!(
                "<tr><td>{group}</td><td>{name}</td><td>{}</td></tr>",
                escape(&value)
            )
        })
    });
    table(
        "Settings",
        &["", "name", "value"],
        &rows.collect::<String>(),
    )
}

fn table(title: &str, heads: &[&str], rows: &str) -> String {
    let heads = heads.join("</th><th>");
    format!(
        "<section><h2>{title}</h2><div class=\"wide\"><table><thead><tr><th>{heads}</th></tr></thead>\
         <tbody>{rows}</tbody></table></div></section>"
    )
}

/// Names of products and users come from elsewhere.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
