//! What Redis can do at most: one script for each purchase, sent by its own benchmark.

use crate::figures::{Scripts, median};
use crate::process::{LOAD_CORE, output, pinned};
use crate::rows::CONNECTIONS;
use crate::subjects::{Persistence, start_redis};
use crate::{Bench, Failure};

/// Purchases of one run.
const PURCHASES: u32 = 200_000;
const KEYS: [&str; 3] = ["{sale}:stock", "{sale}:user:__rand_int__", "{sale}:orders"];
const SCRIPT: &str = "\
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local left = tonumber(redis.call('GET', KEYS[1]))
if left <= 0 then return 1 end
redis.call('DECR', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('XADD', KEYS[3], '*', 'user', KEYS[2], 'order', ARGV[1])
return 2";

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Scripts>, Failure> {
    let mut all = Vec::new();
    for (name, persistence) in [
        ("no AOF", Persistence::Off),
        ("AOF always", Persistence::Always),
    ] {
        let mut scripts = Scripts {
            persistence: name.to_owned(),
            per_second: Vec::new(),
            redis_us: Vec::new(),
        };
        for _ in 0..bench.arguments.rounds {
            let (per_second, redis_us) = one(bench, persistence)?;
            scripts.per_second.push(per_second);
            scripts.redis_us.push(redis_us);
        }
        let (rate, cost) = (
            median(scripts.per_second.clone()),
            median(scripts.redis_us.clone()),
        );
        println!("redis-benchmark, {name:10} {rate:>9.0}/s  {cost:.1} µs");
        all.push(scripts);
    }
    Ok(all)
}

fn one(bench: &Bench, persistence: Persistence) -> Result<(f64, f64), Failure> {
    let home = tempfile::tempdir_in(bench.scratch()).map_err(|error| error.to_string())?;
    let (redis, port) = start_redis(&bench.arguments.redis, persistence, home.path())?;
    let port = port.to_string();
    let client = |arguments: &[&str]| {
        let program = bench.arguments.redis.with_file_name("redis-cli");
        output(
            pinned(LOAD_CORE, &program)
                .args(["-p", &port])
                .args(arguments),
        )
    };
    client(&["SET", KEYS[0], "1000000000"])?;
    let hash = client(&["SCRIPT", "LOAD", SCRIPT])?;
    let before = redis.cpu()?;
    let program = bench.arguments.redis.with_file_name("redis-benchmark");
    let mut load = pinned(LOAD_CORE, &program);
    load.args([
        "-p",
        &port,
        "-n",
        &PURCHASES.to_string(),
        "-c",
        &CONNECTIONS.to_string(),
    ]);
    // Users are drawn from so many that hardly any comes twice.
    load.args(["-r", "1000000000", "--csv", "EVALSHA", hash.trim(), "3"]);
    let said = output(load.args(KEYS).arg("0123456789abcdef0123456789abcdef"))?;
    let sold: f64 = client(&["XLEN", KEYS[2]])?
        .trim()
        .parse()
        .map_err(|_| "XLEN gave no number")?;
    let cpu = redis.cpu()?.saturating_sub(before);
    Ok((rate(&said)?, cpu.as_secs_f64() * 1e6 / sold))
}

/// The second column of the last line.
fn rate(csv: &str) -> Result<f64, Failure> {
    let line = csv.lines().last().unwrap_or_default();
    let columns: Vec<&str> = line.split("\",\"").collect();
    let rate = columns
        .get(1)
        .and_then(|rate| rate.trim_matches('"').parse().ok());
    rate.ok_or_else(|| format!("redis-benchmark said {line:?}"))
}
