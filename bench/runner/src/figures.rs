//! What was measured.

mod attack;
mod overload;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::process::output;
use crate::{Bench, Failure};
pub(crate) use attack::{Attack, Attacker, Got, Honest};
pub(crate) use overload::{Offered, Overload, Served, Watched};

/// All figures of one run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) machine: Machine,
    pub(crate) rows: Vec<Row>,
    pub(crate) scripts: Vec<Scripts>,
    pub(crate) rules: Vec<Rules>,
    pub(crate) growth: Growth,
    pub(crate) streams: Option<Streams>,
    pub(crate) overload: Option<Overload>,
    pub(crate) attack: Option<Attack>,
    pub(crate) generator: Generator,
}

/// Where it was measured, and with what.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) programs: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
}

/// One server doing one thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) subject: String,
    pub(crate) measure: Measure,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
}

/// What is asked of a server, one thing at a time: a mixture would say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Measure {
    /// Purchases, each by a new user, all confirmed.
    Accepted,
    /// Purchases when everything is sold.
    Refused,
    /// Purchases of users who have bought, while the sale is open.
    Duplicates,
    /// `GET /api/status`.
    Status,
}

/// What one measurement has found.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) answers: u64,
    pub(crate) per_second: f64,
    /// Time on a core for one answer, in microseconds: the server's, and its Redis's.
    pub(crate) server_us: f64,
    pub(crate) redis_us: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) p999_us: f64,
}

/// What Redis does at most, with one script for each purchase.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scripts {
    pub(crate) persistence: String,
    pub(crate) per_second: Vec<f64>,
    pub(crate) redis_us: Vec<f64>,
}

/// The rules without input and output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Rules {
    pub(crate) what: String,
    pub(crate) attempts: u64,
    /// One for each repetition.
    pub(crate) per_second: Vec<f64>,
}

/// How cost grows, on SQLite.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Growth {
    /// With a request under way on each connection.
    pub(crate) connections: Vec<Step>,
    /// With 64 connections that buy, and the others watching.
    pub(crate) open: Vec<Step>,
    pub(crate) users: Vec<Step>,
    pub(crate) stock: Vec<Step>,
    pub(crate) start: Option<Start>,
}

/// One size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) size: u64,
    /// Purchases that are refused because everything is sold; none where it is about those accepted.
    pub(crate) refused: Option<Sample>,
    pub(crate) accepted: Option<Sample>,
    /// The server's memory, in bytes: before, and at the most or in the end.
    pub(crate) resident_before: u64,
    pub(crate) resident: u64,
}

/// A start with many orders, each of three.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) orders: u64,
    /// From the start of the program to the first answer, in milliseconds, and its time on a core.
    pub(crate) server_ms: Vec<f64>,
    pub(crate) server_cpu_ms: Vec<f64>,
    /// Reading every column of every row, in milliseconds.
    pub(crate) scan_ms: Vec<f64>,
}

/// Live streams that are open at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Streams {
    pub(crate) open: u64,
    /// What the server holds in memory, in bytes: without a stream, and with all of them.
    pub(crate) resident_before: u64,
    pub(crate) resident: u64,
    /// From when a purchase is sent until the last stream has brought it.
    pub(crate) last_ms: Vec<f64>,
    /// What the server takes for one event of one stream.
    pub(crate) event_us: f64,
}

impl Streams {
    /// Memory of one stream and its connection.
    pub(crate) fn each_kib(&self) -> f64 {
        let bytes = self.resident.saturating_sub(self.resident_before);
        bytes as f64 / self.open as f64 / 1024.0
    }
}

/// Whether the load tester measures itself: its rate on the floor and that of wrk.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Generator {
    pub(crate) loadtest_per_second: Vec<f64>,
    pub(crate) wrk_per_second: Vec<f64>,
}

impl Figures {
    const FILE: &str = "results/figures.json";

    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(Self::FILE);
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(Self::FILE);
        let text = serde_json::to_string_pretty(self).expect("figures always serialise") + "\n";
        fs::create_dir_all(folder.join("results"))
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn row(&self, subject: &str, measure: Measure) -> Option<&Row> {
        self.rows
            .iter()
            .find(|row| row.subject == subject && row.measure == measure)
    }
}

impl Row {
    /// The median over the rounds.
    pub(crate) fn median(&self, read: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(read))
    }

    /// The least and the most.
    pub(crate) fn spread(&self, read: impl Fn(&Sample) -> f64) -> (f64, f64) {
        let values = self.samples.iter().map(read);
        values.fold((f64::INFINITY, 0.0), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    }
}

impl Sample {
    pub(crate) fn cpu_us(&self) -> f64 {
        self.server_us + self.redis_us
    }

    /// Whether it ran for long enough: the system books time in hundredths of a second.
    pub(crate) fn tells_cpu(&self) -> bool {
        const CPU_MIN_US: f64 = 100_000.0;
        self.cpu_us() * self.answers as f64 >= CPU_MIN_US
    }
}

impl Measure {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused (sold out)",
            Self::Duplicates => "refused (bought before)",
            Self::Status => "status",
        }
    }
}

impl Machine {
    pub(crate) fn here(bench: &Bench) -> Result<Self, Failure> {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let processor = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let first_line = |program: &Path, arguments: &[&str]| {
            let text = output(Command::new(program).args(arguments))?;
            Ok::<_, Failure>(text.lines().next().unwrap_or_default().trim().to_owned())
        };
        let redis = first_line(&bench.arguments.redis, &["--version"])?;
        let redis = redis
            .split_whitespace()
            .take(3)
            .collect::<Vec<_>>()
            .join(" ");
        Ok(Self {
            processor: processor.map_or("unknown", |(_, name)| name).to_owned(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            kernel: first_line(Path::new("uname"), &["-sr"])?,
            programs: vec![
                first_line(&bench.arguments.flashsale, &["--version"])?,
                first_line(Path::new("rustc"), &["--version"])?,
                redis,
                format!("Node.js {}", first_line(Path::new("node"), &["--version"])?),
            ],
            rounds: bench.arguments.rounds,
            seconds: bench.arguments.seconds,
        })
    }
}

pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The least value that so many of all are not above, as a share; none of no values.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a place among the values"
    )]
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(percentile(&mut values, 0.5).to_string(), "100");
        assert_eq!(percentile(&mut values, 0.99).to_string(), "198");
        assert_eq!(percentile(&mut values, 1.0).to_string(), "200");
        assert_eq!(percentile(&mut [7.0], 0.5).to_string(), "7");
        assert_eq!(percentile(&mut [], 0.5).to_string(), "0");
    }
}
