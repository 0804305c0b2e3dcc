//! Buyers who mean it: each at an address of their own, one purchase after another at a steady pace.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, sleep_until};

use super::BUYERS;
use crate::Failure;
use crate::figures::{Honest, percentile};
use crate::process::now;
use crate::wire::{self, Client};

/// Between two purchases of one.
const EVERY: Duration = Duration::from_millis(200);

/// What they have heard.
#[derive(Debug, Default)]
struct Heard {
    latencies_us: Vec<f64>,
    refused: u64,
    failed: u64,
}

/// Buys for that time. `name` tells their users from others.
pub(super) async fn buy(
    server: SocketAddr,
    name: &'static str,
    time: Duration,
) -> Result<Honest, Failure> {
    let heard = Rc::new(RefCell::new(Heard::default()));
    let begins_at = now();
    for number in 0..BUYERS {
        let [.., third, fourth] = number.to_be_bytes();
        let client = Client::new(server, Ipv4Addr::new(127, 3, third, fourth + 1));
        let begins_at = Instant::from_std(begins_at + EVERY * number / BUYERS);
        spawn_local(one(
            client,
            format!("{name}-{number}"),
            begins_at,
            Rc::clone(&heard),
        ));
    }
    sleep(time).await;
    let mut heard = heard.take();
    let bought = heard.latencies_us.len() as u64;
    Ok(Honest {
        per_second: bought as f64 / begins_at.elapsed().as_secs_f64(),
        p50_us: percentile(&mut heard.latencies_us, 0.5),
        p99_us: percentile(&mut heard.latencies_us, 0.99),
        max_us: percentile(&mut heard.latencies_us, 1.0),
        bought,
        refused: heard.refused,
        failed: heard.failed,
    })
}

/// Buys at each moment that is due. A moment that has passed while an answer was awaited is made up for.
async fn one(mut client: Client, name: String, begins_at: Instant, heard: Rc<RefCell<Heard>>) {
    let mut token = None;
    let mut due_at = begins_at;
    for number in 0_u64.. {
        sleep_until(due_at).await;
        due_at += EVERY;
        if token.is_none() {
            token = client.token().await.ok();
        }
        let Some(token) = &token else {
            heard.borrow_mut().failed += 1;
            continue;
        };
        let request = wire::purchase(token, &format!("{name}-{number}"), "");
        let sent_at = now();
        let reply = client.ask(&request).await;
        let mut heard = heard.borrow_mut();
        match reply {
            Ok(reply) if reply.status == 200 => {
                heard
                    .latencies_us
                    .push(sent_at.elapsed().as_secs_f64() * 1e6);
            }
            Ok(_) => heard.refused += 1,
            Err(_) => heard.failed += 1,
        }
    }
}
