//! Connections that buy and look, and what they hear.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::crowd::{Buyer, Crowd};
use crate::Failure;
use crate::process::now;
use crate::wire::{self, Client, Reply};

/// How often it is looked who has come.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// After a lost connection, so that nobody tries without a pause.
const LOST_PAUSE: Duration = Duration::from_millis(10);
const LOOK: &[u8] = b"GET /api/status HTTP/1.1\r\nhost: bench\r\n\r\n";

/// A connection and the token for it, which every buyer on it uses.
pub(super) struct Lane {
    client: Client,
    token: String,
}

/// What was heard in some time.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// One for each accepted purchase.
    pub(super) latencies_us: Vec<f64>,
    pub(super) sent_away: u64,
    pub(super) refused: u64,
    pub(super) failed: u64,
    pub(super) looks: u64,
    pub(super) looks_in_vain: u64,
}

/// Buyers who come by themselves, and wait for a free lane.
pub(super) struct Crowded {
    pub(super) heard: RefCell<Heard>,
    crowd: RefCell<Crowd>,
    here: RefCell<VecDeque<Buyer>>,
    /// As many permits as there are buyers here.
    any_here: Semaphore,
    began_at: Cell<Instant>,
}

/// Opens so many lanes, each from an address of its own.
pub(super) async fn open(server: SocketAddr, lanes: usize) -> Result<Vec<Lane>, Failure> {
    let mut open = Vec::new();
    for number in 0..lanes {
        let [.., third, fourth] = number.to_be_bytes();
        let mut client = Client::new(server, Ipv4Addr::new(127, 1, third, fourth));
        let token = client.token().await;
        let token = token.map_err(|error| format!("lane {number} cannot be opened: {error}"))?;
        open.push(Lane { client, token });
    }
    Ok(open)
}

impl Lane {
    /// Lets everybody buy who comes.
    pub(super) async fn serve(mut self, crowded: Rc<Crowded>) {
        while let Ok(permit) = crowded.any_here.acquire().await {
            permit.forget();
            let buyer = crowded.here.borrow_mut().pop_front();
            let buyer = buyer.expect("a permit stands for a buyer");
            let reply = self.buy(buyer.number, &crowded.heard).await;
            if let Some(reply) = reply.ok().filter(|reply| reply.status == 503) {
                let until = crowded.began_at.get().elapsed() + reply.retry_after();
                crowded.crowd.borrow_mut().sent_away(buyer, until);
            }
        }
    }

    /// Buys for one after another. Whoever is patient comes back no earlier than told when sent away; others make
    /// way for the next at once.
    pub(super) async fn buy_on(
        mut self,
        next: Rc<Cell<u64>>,
        is_patient: bool,
        heard: Rc<RefCell<Heard>>,
    ) {
        loop {
            let number = next.replace(next.get() + 1);
            loop {
                match self.buy(number, &heard).await {
                    Ok(reply) if reply.status == 503 && is_patient => {
                        sleep(reply.retry_after()).await;
                    }
                    Ok(_) => break,
                    Err(_) => sleep(LOST_PAUSE).await,
                }
            }
        }
    }

    /// Asks for the status again and again.
    pub(super) async fn look(mut self, heard: Rc<RefCell<Heard>>) {
        loop {
            let reply = self.client.ask(LOOK).await;
            if reply.as_ref().is_ok_and(|reply| reply.status == 200) {
                heard.borrow_mut().looks += 1;
            } else {
                heard.borrow_mut().looks_in_vain += 1;
            }
            if reply.is_err() {
                sleep(LOST_PAUSE).await;
            }
        }
    }

    async fn buy(&mut self, number: u64, heard: &RefCell<Heard>) -> io::Result<Reply> {
        let user = user_id(number);
        // The same each time, so that whoever was told to come back, and has an order, hears of it as the first time.
        let key = format!("idempotency-key: {user}\r\n");
        let request = wire::purchase(&self.token, &user, &key);
        let sent_at = now();
        let reply = self.client.ask(&request).await;
        let status = reply.as_ref().ok().map(|reply| reply.status);
        heard.borrow_mut().note(status, sent_at.elapsed());
        reply
    }
}

impl Heard {
    fn note(&mut self, status: Option<u16>, latency: Duration) {
        match status {
            Some(200) => self.latencies_us.push(latency.as_secs_f64() * 1e6),
            Some(503) => self.sent_away += 1,
            Some(..500) => self.refused += 1,
            Some(_) | None => self.failed += 1,
        }
    }
}

impl Crowded {
    pub(super) fn new(per_second: f64) -> Self {
        Self {
            heard: RefCell::default(),
            crowd: RefCell::new(Crowd::new(per_second)),
            here: RefCell::default(),
            any_here: Semaphore::new(0),
            began_at: Cell::new(now()),
        }
    }

    /// From now on and for that time, they come.
    pub(super) async fn let_in(&self, time: Duration) {
        self.began_at.set(now());
        loop {
            let passed = self.began_at.get().elapsed();
            if passed >= time {
                return;
            }
            let due = self.crowd.borrow_mut().due(passed);
            self.any_here.add_permits(due.len());
            self.here.borrow_mut().extend(due);
            sleep(LOOK_EVERY).await;
        }
    }

    pub(super) fn arrived(&self) -> u64 {
        self.crowd.borrow().arrived()
    }

    pub(super) fn unsent(&self) -> u64 {
        self.here.borrow().len() as u64
    }
}

/// Looks random, as ids do, so that a database sees no order in them; no two numbers have the same.
fn user_id(number: u64) -> String {
    format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_counted_once_for_what_it_is() {
        let mut heard = Heard::default();
        for status in [200, 200, 503, 409, 429, 500] {
            heard.note(Some(status), Duration::from_millis(2));
        }
        heard.note(None, Duration::ZERO);
        assert_eq!(heard.latencies_us, [2_000.0; 2]);
        let others = (heard.sent_away, heard.refused, heard.failed);
        assert_eq!(others, (1, 2, 2));
    }
}
