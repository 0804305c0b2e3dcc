//! More buyers than can be served, and buyers among many who only look: how many purchases a second are left,
//! and how long they take. The server is slowed down, so that the load generator is far stronger.

mod buyers;
mod crowd;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::spawn_local;
use tokio::time::sleep;

use crate::figures::{Offered, Overload, Served, Watched, percentile};
use crate::process::{LOAD_CORE, Running, allow_open_files, now, on_core};
use crate::subjects::{STOCK_MAX, Started, Subject};
use crate::throttle::Throttle;
use crate::{Bench, Failure};
use buyers::{Crowded, Heard, open};

/// The buyers who find out what the server can do.
const CAPACITY_BUYERS: usize = 512;
/// New buyers a second, by the capacity.
const TIMES: [u32; 4] = [1, 2, 5, 10];
/// How many attempts may wait for an answer at once: what a node with a whole core has open by default, by the part
/// of a core that this one has.
const LANES: usize = 1_600;
/// The buyers among those who only look.
const WATCHED_BUYERS: usize = 64;
const WATCHERS: [usize; 4] = [0, 100, 500, 2_000];
/// What is not measured at the beginning of a load that stays the same.
const WARM_UP: Duration = Duration::from_secs(1);
/// By the length of other measurements.
const TIME_BY_SECONDS: u32 = 4;
/// No server is slow for longer.
const SLOW_MAX: Duration = Duration::from_mins(5);

pub(crate) fn measure(bench: &Bench) -> Result<Overload, Failure> {
    allow_open_files();
    let capacity = among_watchers(bench, CAPACITY_BUYERS, false, 0)?.served;
    show("capacity", &capacity);
    let mut overload = Overload {
        capacity,
        steps: Vec::new(),
        watched: Vec::new(),
    };
    for times in TIMES {
        let step = offer(bench, times.into(), &overload.capacity)?;
        show(&format!("{times} x"), &step.served);
        overload.steps.push(step);
    }
    for watchers in WATCHERS {
        let step = among_watchers(bench, WATCHED_BUYERS, true, watchers)?;
        show(&format!("{watchers} watchers"), &step.served);
        overload.watched.push(step);
    }
    Ok(overload)
}

/// New buyers come, so many times as many as can be served.
fn offer(bench: &Bench, times: f64, capacity: &Served) -> Result<Offered, Failure> {
    let started = Subject::Sqlite.start(bench, STOCK_MAX)?;
    let crowded = Crowded::new(capacity.accepted_per_second() * times);
    let offered = on_core(LOAD_CORE, 0, || async {
        let crowded = Rc::new(crowded);
        for lane in open(started.address(), LANES).await? {
            spawn_local(lane.serve(Rc::clone(&crowded)));
        }
        let slow = Slow::start(&started.server)?;
        crowded.let_in(bench.duration() * TIME_BY_SECONDS).await;
        Ok(Offered {
            times,
            arrived: crowded.arrived(),
            unsent: crowded.unsent(),
            served: slow.served(crowded.heard.take())?,
        })
    })?;
    check_books(bench, &started, &offered.served)?;
    Ok(offered)
}

/// So many buy, each again as soon as they have an answer (or, if they are patient, when it says that they may come
/// back), while others look as often as they can.
fn among_watchers(
    bench: &Bench,
    buyers: usize,
    are_patient: bool,
    watchers: usize,
) -> Result<Watched, Failure> {
    let started = Subject::Sqlite.start(bench, STOCK_MAX)?;
    let watched = on_core(LOAD_CORE, 0, || async {
        let heard = Rc::new(RefCell::new(Heard::default()));
        let mut lanes = open(started.address(), buyers + watchers).await?;
        for lane in lanes.split_off(buyers) {
            spawn_local(lane.look(Rc::clone(&heard)));
        }
        let next = Rc::new(Cell::new(0));
        for lane in lanes {
            spawn_local(lane.buy_on(Rc::clone(&next), are_patient, Rc::clone(&heard)));
        }
        let slow = Slow::start(&started.server)?;
        sleep(WARM_UP).await;
        heard.take();
        let slow = slow.again()?;
        sleep(bench.duration() * TIME_BY_SECONDS).await;
        let heard = heard.take();
        Ok(Watched {
            watchers: watchers as u64,
            looks: heard.looks,
            looks_in_vain: heard.looks_in_vain,
            served: slow.served(heard)?,
        })
    })?;
    check_books(bench, &started, &watched.served)?;
    Ok(watched)
}

/// A server that is slow from now on, and what it has cost before.
struct Slow<'a> {
    server: &'a Running,
    _throttle: Throttle<'a>,
    began_at: Instant,
    cpu_before: Duration,
}

impl<'a> Slow<'a> {
    fn start(server: &'a Running) -> Result<Self, Failure> {
        Ok(Self {
            server,
            _throttle: Throttle::start(server, SLOW_MAX)?,
            began_at: now(),
            cpu_before: server.cpu()?,
        })
    }

    /// Measures from now on.
    fn again(self) -> Result<Self, Failure> {
        Ok(Self {
            began_at: now(),
            cpu_before: self.server.cpu()?,
            ..self
        })
    }

    fn served(&self, heard: Heard) -> Result<Served, Failure> {
        let seconds = self.began_at.elapsed().as_secs_f64();
        let cpu = self.server.cpu()?.saturating_sub(self.cpu_before);
        let mut latencies_us = heard.latencies_us;
        Ok(Served {
            seconds,
            accepted: latencies_us.len() as u64,
            sent_away: heard.sent_away,
            refused: heard.refused,
            failed: heard.failed,
            p50_us: percentile(&mut latencies_us, 0.5),
            p99_us: percentile(&mut latencies_us, 0.99),
            cores: cpu.as_secs_f64() / seconds,
        })
    }
}

/// Every purchase that was confirmed has to be in the books. There may be more, whose answer nobody has awaited.
fn check_books(bench: &Bench, started: &Started, served: &Served) -> Result<(), Failure> {
    let orders = started.audit(bench)?;
    if orders < served.accepted {
        let accepted = served.accepted;
        return Err(format!(
            "{accepted} were confirmed, and {orders} are stored"
        ));
    }
    Ok(())
}

fn show(what: &str, served: &Served) {
    println!(
        "overload {what:14} {:>7.0}/s accepted  {:>7.0}/s sent away  {} refused  {} failed  p99 {:.0} ms  \
         {:.2} of a core",
        served.accepted_per_second(),
        served.per_second(served.sent_away),
        served.refused,
        served.failed,
        served.p99_us / 1000.0,
        served.cores
    );
}
