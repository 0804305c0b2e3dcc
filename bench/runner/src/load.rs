//! One run of the load tester against one server.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::figures::{Measure, Sample};
use crate::process::{LOAD_CORE, Running, output, pinned};
use crate::subjects::Started;
use crate::{Bench, Failure};

/// How often a watcher asks for the status, as often as the page does.
pub(crate) const WATCH_EVERY: Duration = Duration::from_secs(3);
/// How long a server is warmed up before it is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// How many in a thousand may be answered otherwise than is measured: those for which a peer is too busy.
const OTHERS_PERMILLE_MAX: u64 = 10;

/// What the load tester is to do.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) measure: Measure,
    pub(crate) users: u64,
    pub(crate) attempts: u64,
    pub(crate) connections: u64,
    /// Others who ask for the status meanwhile, each on a connection of its own.
    pub(crate) watchers: u64,
    pub(crate) duration: Duration,
}

impl Load {
    /// As much as goes through so many connections for that time.
    pub(crate) fn timed(measure: Measure, connections: u64, duration: Duration) -> Self {
        let (users, attempts) = match measure {
            Measure::Accepted | Measure::Refused => (10_000_000, 1),
            Measure::Duplicates => (64, 10_000_000),
            Measure::Status => (0, 1),
        };
        Self {
            measure,
            users,
            attempts,
            connections,
            watchers: 0,
            duration,
        }
    }

    /// Warms the server up, and measures it.
    pub(crate) fn measure(
        &self,
        bench: &Bench,
        started: &Started,
        what: &str,
    ) -> Result<Sample, Failure> {
        let warm_up = Self {
            duration: WARM_UP,
            ..self.clone()
        };
        warm_up.run(bench, started, what)?;
        self.run(bench, started, what)
    }

    /// Measures the server as it is. `what` names the run if it goes wrong.
    pub(crate) fn run(
        &self,
        bench: &Bench,
        started: &Started,
        what: &str,
    ) -> Result<Sample, Failure> {
        let cpu = || -> Result<(Duration, Duration), Failure> {
            let redis = started.redis.as_ref().map(Running::cpu).transpose()?;
            Ok((started.server.cpu()?, redis.unwrap_or_default()))
        };
        let before = cpu()?;
        let report = self
            .report(bench, started.port)
            .map_err(|failure| format!("{what}: {failure}"))?;
        let after = cpu()?;
        let took_s = number(&report, "/tookMs") / 1000.0;
        let (counted, latency) = match self.measure {
            Measure::Status => (
                number(&report, "/watchers/latency/count"),
                "/watchers/latency",
            ),
            Measure::Accepted => (self.expected(&report, "purchased", what)?, "/purchased"),
            Measure::Refused => (self.expected(&report, "sold_out", what)?, "/others"),
            Measure::Duplicates => (
                self.expected(&report, "already_purchased", what)?,
                "/others",
            ),
        };
        // Those who watch while others buy ask for something, too.
        let answers = match (self.watchers, number(&report, "/watchers/latency/count")) {
            (1.., looks) => counted + looks,
            _ => counted,
        };
        let each_us = |before: Duration, after: Duration| {
            after.saturating_sub(before).as_secs_f64() * 1e6 / answers
        };
        let time = |name: &str| number(&report, &format!("{latency}/{name}"));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it was a count"
        )]
        let count = answers as u64;
        Ok(Sample {
            answers: count,
            per_second: answers / took_s,
            server_us: each_us(before.0, after.0),
            redis_us: each_us(before.1, after.1),
            p50_us: time("p50Us"),
            p99_us: time("p99Us"),
            p999_us: time("p999Us"),
        })
    }

    /// As [`Load::run`], with the most memory that the server took meanwhile, in bytes.
    pub(crate) fn run_watching_memory(
        &self,
        bench: &Bench,
        started: &Started,
        what: &str,
    ) -> Result<(Sample, u64), Failure> {
        let run = || self.run(bench, started, what);
        started.server.watching_memory(run)
    }

    /// The answers of the kind that is measured. Fails if there are noticeably many others.
    fn expected(&self, report: &Value, kind: &str, what: &str) -> Result<f64, Failure> {
        let answers = report["answers"]
            .as_object()
            .ok_or("the report has no answers")?;
        let all: u64 = answers.values().filter_map(Value::as_u64).sum();
        let wanted = answers.get(kind).and_then(Value::as_u64).unwrap_or(0);
        // Before its duplicates, each user buys.
        let firsts = match self.measure {
            Measure::Duplicates => self.users,
            Measure::Accepted | Measure::Refused | Measure::Status => 0,
        };
        let others = (all - wanted).saturating_sub(firsts);
        if wanted == 0 || others * 1000 > all * OTHERS_PERMILLE_MAX {
            return Err(format!(
                "{what}, {}: of {all} answers {wanted} are {kind}",
                self.measure.name()
            ));
        }
        Ok(wanted as f64)
    }

    fn report(&self, bench: &Bench, port: u16) -> Result<Value, Failure> {
        let path = bench.scratch().join("report.json");
        output(&mut self.command(&bench.arguments.flashsale, port, &path))?;
        let text = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    fn command(&self, program: &Path, port: u16, report: &Path) -> std::process::Command {
        let mut command = pinned(LOAD_CORE, program);
        let duration = format!("{}ms", self.duration.as_millis());
        let url = format!("http://127.0.0.1:{port}");
        command.args([
            "loadtest",
            "--quiet",
            "--no-check",
            "--url",
            &url,
            "--duration",
            &duration,
        ]);
        command
            .args(["--users", &self.users.to_string()])
            .arg("--json")
            .arg(report);
        let connections = self.connections.to_string();
        if self.measure == Measure::Status {
            command.args(["--watchers", &connections, "--watch-every", "0ms"]);
        } else {
            let (attempts, watchers) = (self.attempts.to_string(), self.watchers.to_string());
            command.args(["--concurrency", &connections, "--attempts", &attempts]);
            let every = format!("{}s", WATCH_EVERY.as_secs());
            command.args(["--watchers", &watchers, "--watch-every", &every]);
        }
        command
    }
}

fn number(report: &Value, pointer: &str) -> f64 {
    report
        .pointer(pointer)
        .and_then(Value::as_f64)
        .unwrap_or(f64::NAN)
}
