//! Everything that is against a sale, all at once, against one node with the limits of a shop; and what buyers
//! notice of it who mean it.

mod attackers;
mod honest;

use std::time::Duration;

use crate::figures::{Attack, Attacker, Honest};
use crate::process::{LOAD_CORE, allow_open_files, now, on_core};
use crate::subjects::{STOCK_MAX, Started, Subject};
use crate::{Bench, Failure};

/// Buyers who mean it.
const BUYERS: u32 = 200;
/// The front whose word on addresses is believed. Everybody else here comes from addresses of their own.
const FRONT: &str = "127.2.0.9";
/// By the length of other measurements.
const ALONE_BY_SECONDS: u32 = 3;
const ATTACK_BY_SECONDS: u32 = 16;
/// How far attackers make way for honest buyers, who share the core of the generator with them: else it would
/// be measured how long the generator makes them wait.
const ATTACKERS_NICENESS: i32 = 10;
/// How long the server may take to be rid of the connections of those who have gone.
const GONE_MAX: Duration = Duration::from_secs(30);
const GONE_POLL: Duration = Duration::from_millis(100);
/// Open files that come and go by themselves, those of the ledger.
const DESCRIPTORS_BESIDES: u64 = 8;

pub(crate) fn measure(bench: &Bench) -> Result<Attack, Failure> {
    allow_open_files();
    let settings = [
        ("RATE_LIMIT", "20/10s"),
        ("RATE_LIMIT_ADDRESS", "2000/10s"),
        ("TRUSTED_PROXIES", FRONT),
        ("CONNECTIONS_MAX", "16384"),
    ];
    let started = Subject::Sqlite.start_with(bench, STOCK_MAX, &settings)?;
    let server = &started.server;
    let descriptors_at_start = server.descriptors()?;
    let buy = |name: &'static str, time| {
        on_core(LOAD_CORE, 0, || honest::buy(started.address(), name, time))
    };
    // The first ones pay for memory that the system has yet to find.
    let warming_up = buy("warming-up", bench.duration())?;
    let alone = buy("alone", bench.duration() * ALONE_BY_SECONDS)?;
    show("alone", &alone);
    let descriptors_before = gone(&started, descriptors_at_start)?;
    let resident_before = server.resident()?;

    let time = bench.duration() * ATTACK_BY_SECONDS;
    let ((attacked, attackers), resident_most) = server.watching_memory(|| {
        std::thread::scope(|scope| {
            let attacking = scope.spawn(|| {
                let attack = || attackers::attack(started.address(), time);
                on_core(LOAD_CORE, ATTACKERS_NICENESS, attack)
            });
            let attacked = buy("attacked", time);
            let attackers = attacking
                .join()
                .map_err(|_| "the attackers have panicked")?;
            Ok((attacked?, attackers?))
        })
    })?;
    show("attacked", &attacked);
    for attacker in &attackers {
        let got = &attacker.got;
        println!(
            "attack   {:30} {:?}, {} closed",
            attacker.what, got.answers, got.closed
        );
    }
    let descriptors_after = gone(&started, descriptors_before)?;
    Ok(Attack {
        buyers: BUYERS.into(),
        seconds: time.as_secs_f64(),
        resident_before,
        resident_most,
        resident_after: server.resident()?,
        descriptors_before,
        descriptors_after,
        orders: orders_in_books(
            bench,
            &started,
            &[&warming_up, &alone, &attacked],
            &attackers,
        )?,
        alone,
        attacked,
        attackers,
    })
}

/// Waits until the server has closed the connections of those who have gone, and counts what it has open then.
fn gone(started: &Started, before: u64) -> Result<u64, Failure> {
    let deadline = now() + GONE_MAX;
    loop {
        let open = started.server.descriptors()?;
        if open <= before + DESCRIPTORS_BESIDES || now() >= deadline {
            return Ok(open);
        }
        std::thread::sleep(GONE_POLL);
    }
}

/// The books must be in order and hold what was confirmed, and nothing else but what nobody was told.
fn orders_in_books(
    bench: &Bench,
    started: &Started,
    honest: &[&Honest],
    attackers: &[Attacker],
) -> Result<u64, Failure> {
    let stored = started.audit(bench)?;
    let sums = |honest_part: fn(&Honest) -> u64, attackers_part: fn(&Attacker) -> u64| {
        let honest: u64 = honest.iter().map(|honest| honest_part(honest)).sum();
        honest + attackers.iter().map(attackers_part).sum::<u64>()
    };
    let confirmed = sums(|honest| honest.bought, |attacker| attacker.got.orders());
    // Those who were asking when the time was over are not counted: one for each who could buy.
    let untold = sums(|honest| honest.failed, |attacker| attacker.got.closed)
        + u64::from(BUYERS) * honest.len() as u64
        + attackers::ASKING_MAX;
    if (confirmed..=confirmed + untold).contains(&stored) {
        return Ok(stored);
    }
    Err(format!(
        "{confirmed} purchases were confirmed, and {stored} orders are stored"
    ))
}

fn show(what: &str, honest: &Honest) {
    println!(
        "attack   honest buyers {what:9} {:.0}/s  p50 {:.2} ms  p99 {:.2} ms  at most {:.2} ms  {} refused  {} failed",
        honest.per_second,
        honest.p50_us / 1000.0,
        honest.p99_us / 1000.0,
        honest.max_us / 1000.0,
        honest.refused,
        honest.failed
    );
}
