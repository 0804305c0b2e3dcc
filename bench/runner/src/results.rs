//! The page of results.

mod attack;
mod overload;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::Failure;
use crate::figures::{Figures, Measure, Row, Sample, Start, Streams, median};
use crate::plots;
use crate::rows::CONNECTIONS;
use crate::targets::{self, floor, ratio};

/// Writes the page, and its plots beside it.
pub(crate) fn write(figures: &Figures, folder: &Path) -> Result<(), Failure> {
    let file = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))
    };
    for (name, svg) in plots::all(figures) {
        file(&format!("results/{name}"), &svg)?;
    }
    file("RESULTS.md", &text(figures))
}

pub(crate) fn text(figures: &Figures) -> String {
    let machine = &figures.machine;
    let mut page = format!(
        "# Results\n\n\
         Written by `cargo xtask bench`; [the page on measuring](../docs/benchmark.md) says what is measured\n\
         and how to do it again. Everything here comes from one run on one machine: {}, {} cores, {}.\n\
         {}.\n\n\
         The server and its Redis have one core, the load generator (`flashsale loadtest`) another. {} rounds,\n\
         one subject after the other in each; {} s for each measurement after one of warming up; {CONNECTIONS}\n\
         connections, each of which sends the next request when it has its answer. Figures are medians, with\n\
         the least and the most in brackets. *CPU* is the time on a core, of user and system, of the server\n\
         and of its Redis for one answer. *× floor* is CPU by that of the bare hyper server in the same run.\n",
        machine.processor,
        machine.cores,
        machine.kernel,
        machine.programs.join(", "),
        machine.rounds,
        machine.seconds,
    );
    page.push_str(&targets::text(figures));
    for measure in [
        Measure::Accepted,
        Measure::Refused,
        Measure::Duplicates,
        Measure::Status,
    ] {
        page.push_str(&comparison(figures, measure));
    }
    page.push_str(&at_most(figures));
    page.push_str(&rules(figures));
    page.push_str(&growth(figures));
    if let Some(streams) = &figures.streams {
        page.push_str(&streams_of(streams));
    }
    if let Some(overload) = &figures.overload {
        page.push_str(&overload::text(overload));
    }
    if let Some(attack) = &figures.attack {
        page.push_str(&attack::text(attack));
    }
    page.push_str(&generator(figures));
    page
}

fn comparison(figures: &Figures, measure: Measure) -> String {
    let mut text = format!("\n## {}\n\n", heading(measure));
    match measure {
        Measure::Accepted => {
            text.push_str("![CPU of one accepted purchase](results/cost-accepted.svg)\n\nBlue is the server, red its Redis.\n\n");
        }
        Measure::Refused => {
            text.push_str("![CPU of one refused purchase](results/cost-refused.svg)\n\n");
        }
        Measure::Duplicates | Measure::Status => {}
    }
    text.push_str(
        "| | a second | CPU, µs | of it Redis | × floor | p50, ms | p99, ms | p99.9, ms |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    let rows = figures.rows.iter().filter(|row| row.measure == measure);
    let floor = floor(figures, measure).filter(|floor| floor.measure != measure);
    for row in floor.into_iter().chain(rows) {
        let ms = |read: fn(&Sample) -> f64| format!("{:.2}", row.median(read) / 1000.0);
        let redis = row.median(|sample| sample.redis_us);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} | {} | {} | {} |",
            row.subject,
            spread(row, |sample| sample.per_second, 0),
            spread(row, Sample::cpu_us, 1),
            if redis > 0.0 {
                format!("{redis:.1}")
            } else {
                String::new()
            },
            ratio(figures, &row.subject, row.measure),
            ms(|sample| sample.p50_us),
            ms(|sample| sample.p99_us),
            ms(|sample| sample.p999_us),
        );
    }
    text
}

fn heading(measure: Measure) -> &'static str {
    match measure {
        Measure::Accepted => "Accepted purchases",
        Measure::Refused => "Refused purchases: sold out",
        Measure::Duplicates => "Refused purchases: bought before, while the sale is open",
        Measure::Status => "Status",
    }
}

fn at_most(figures: &Figures) -> String {
    let mut text =
        "\n## Redis alone\n\nOne script call for each purchase, sent by `redis-benchmark` over 64 \
                    connections: as much as Redis does\nwhen nothing else is asked of the core.\n\n\
                    | | a second | CPU of Redis, µs |\n| --- | --- | --- |\n"
            .to_owned();
    for scripts in &figures.scripts {
        let (rate, cost) = (
            median(scripts.per_second.clone()),
            median(scripts.redis_us.clone()),
        );
        let _ = writeln!(
            text,
            "| {} | {} | {cost:.1} |",
            scripts.persistence,
            grouped(rate)
        );
    }
    text
}

fn rules(figures: &Figures) -> String {
    let mut text =
        "\n## The rules alone\n\nDecision and view on one core, without HTTP, ledger or any input \
                    and output, 1,000,000 users.\n\n| | attempts a second |\n| --- | --- |\n"
            .to_owned();
    for rules in &figures.rules {
        let _ = writeln!(
            text,
            "| {} | {} |",
            rules.what,
            grouped(median(rules.per_second.clone()))
        );
    }
    text
}

fn growth(figures: &Figures) -> String {
    let growth = &figures.growth;
    let mut text = "\n## How cost grows\n\nAll on SQLite. One run for each size.\n".to_owned();
    for (name, steps, file) in [
        (
            "Connections, all of them buying",
            &growth.connections,
            "growth-connections.svg",
        ),
        (
            "Open connections, 64 of them buying",
            &growth.open,
            "growth-open.svg",
        ),
        (
            "Users, at a stock of 1,000",
            &growth.users,
            "growth-users.svg",
        ),
        ("Stock, all of it sold", &growth.stock, "growth-stock.svg"),
    ] {
        let _ = write!(
            text,
            "\n### {name}\n\n![CPU of one purchase](results/{file})\n\n\
             | | refused a second | CPU, µs | p99, ms | accepted a second | CPU, µs | p99, ms | memory, MiB |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        );
        for step in steps {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.1} |",
                grouped(step.size as f64),
                cells(step.refused.as_ref()),
                cells(step.accepted.as_ref()),
                step.resident as f64 / 1_048_576.0
            );
        }
    }
    text.push_str(
        "\nWhere 64 buy, the others ask for the status every three seconds, and answers to both are counted. The\n\
         system books time in hundredths of a second, so for the shortest runs there is no CPU.\n",
    );
    if let Some(start) = &growth.start {
        text.push_str(&start_of(start));
    }
    text
}

fn cells(sample: Option<&Sample>) -> String {
    sample.map_or(" | | ".to_owned(), |sample| {
        let cpu = if sample.tells_cpu() {
            format!("{:.1}", sample.cpu_us())
        } else {
            String::new()
        };
        format!(
            "{} | {cpu} | {:.2}",
            grouped(sample.per_second),
            sample.p99_us / 1000.0
        )
    })
}

fn start_of(start: &Start) -> String {
    let median = |values: &Vec<f64>| median(values.iter().copied());
    format!(
        "\n### Start with {} orders\n\n\
         From the start of the program to the first answer: {:.0} ms, of them {:.0} ms on a core. Reading every\n\
         column of every row with SQLite: {:.0} ms.\n",
        grouped(start.orders as f64),
        median(&start.server_ms),
        median(&start.server_cpu_ms),
        median(&start.scan_ms),
    )
}

fn streams_of(streams: &Streams) -> String {
    let fold = |pick: fn(f64, f64) -> f64, start| streams.last_ms.iter().copied().fold(start, pick);
    format!(
        "\n## Live streams\n\n\
         {} streams open at once: {:.1} KiB of memory for each, its connection included. From when a purchase is\n\
         sent until the last of them has brought it: {:.0} ms ({:.0} to {:.0}, {} changes). One event of one stream\n\
         costs the server {:.1} µs, so a change {:.0} ms on a core.\n",
        grouped(streams.open as f64),
        streams.each_kib(),
        median(streams.last_ms.iter().copied()),
        fold(f64::min, f64::INFINITY),
        fold(f64::max, 0.0),
        streams.last_ms.len(),
        streams.event_us,
        streams.event_us * streams.open as f64 / 1000.0,
    )
}

fn generator(figures: &Figures) -> String {
    let generator = &figures.generator;
    format!(
        "\n## Does the load tester measure itself?\n\n\
         On the floor, on one core, over {CONNECTIONS} connections: `flashsale loadtest` gets {} answers a second, \
         `wrk` {}.\n",
        grouped(median(generator.loadtest_per_second.clone())),
        grouped(median(generator.wrk_per_second.clone())),
    )
}

/// The median with the least and the most.
fn spread(row: &Row, read: impl Fn(&Sample) -> f64 + Copy, digits: usize) -> String {
    let shown = |value: f64| {
        if digits == 0 {
            grouped(value)
        } else {
            format!("{value:.digits$}")
        }
    };
    let (least, most) = row.spread(read);
    format!(
        "{} ({} to {})",
        shown(row.median(read)),
        shown(least),
        shown(most)
    )
}

/// A number without a fraction, its thousands set apart.
pub(crate) fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
