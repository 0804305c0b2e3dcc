//! How often one address and one user may try to buy, counted for all nodes.
//!
//! Like purchases, attempts are counted in batches (`limit.lua`): while one call is under way, the next
//! batch gathers. What cannot be counted in time is let through: the limits are there for the crowd, the
//! ledger decides all the same, and where Redis does not answer there, either, nothing is sold.

use std::sync::Arc;
use std::time::Duration;

use flashsale_limits::{Network, Rate};
use flashsale_sale::UserId;
use redis::Value;
use tokio::sync::{mpsc, oneshot};

use super::connection::Connection;
use super::dialer::Dialer;
use super::keys::Keys;
use super::record;
use super::trouble::Trouble;

/// How many attempts are counted in one call. The server does nothing else meanwhile.
const BATCH_MAX: usize = 256;
/// How many may wait for that.
const WAITING_MAX: usize = 4_096;
/// How long an attempt waits to be counted.
const COUNT_TIMEOUT: Duration = Duration::from_millis(250);
/// How long it takes until Redis is tried again where it could not count.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

const SCRIPT: &str = include_str!("limit.lua");

// Lua hands over at most 8,000 values at once.
const _: () = assert!(2 * BATCH_MAX < 8_000);

/// The rates that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rates {
    /// For one address, or one IPv6 network.
    pub address: Option<Rate>,
    /// For one user.
    pub user: Option<Rate>,
}

/// An attempt is one too many, and may come again after so many microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exceeded {
    /// Too many come from the address.
    Address(u64),
    /// Too many come for the user.
    User(u64),
}

/// Counts for all nodes of a sale. Its task ends when this is dropped.
#[derive(Debug)]
pub struct SharedLimits {
    waiting: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    network: Network,
    user: UserId,
    answer: oneshot::Sender<Result<(), Exceeded>>,
}

impl SharedLimits {
    /// Counts where the sale is.
    pub(super) fn start(dialer: Arc<Dialer>, keys: Keys, rates: Rates) -> Self {
        let (waiting, queue) = mpsc::channel(WAITING_MAX);
        let counter = Counter {
            dialer,
            keys,
            rates,
            connection: None,
            digest: String::new(),
        };
        tokio::spawn(counter.run(queue));
        Self { waiting }
    }

    /// One more attempt. It is let through where it cannot be counted.
    pub async fn take(&self, network: Network, user: &UserId) -> Result<(), Exceeded> {
        let (answer, counted) = oneshot::channel();
        let waiting = Waiting {
            network,
            user: user.clone(),
            answer,
        };
        if self.waiting.try_send(waiting).is_err() {
            return Ok(());
        }
        match tokio::time::timeout(COUNT_TIMEOUT, counted).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) | Err(_) => Ok(()),
        }
    }
}

struct Counter {
    dialer: Arc<Dialer>,
    keys: Keys,
    rates: Rates,
    connection: Option<Connection>,
    /// What the server calls the script, once it was loaded on this connection.
    digest: String,
}

impl Counter {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while queue.recv_many(&mut batch, BATCH_MAX).await > 0 {
            match self.count(&batch).await {
                Ok(verdicts) => {
                    for (waiting, verdict) in batch.drain(..).zip(verdicts) {
                        // Who does not wait any more was let through.
                        let _ = waiting.answer.send(verdict);
                    }
                }
                Err(trouble) => {
                    self.connection = None;
                    tracing::warn!(%trouble, "attempts are counted by each node alone for now");
                    batch.clear();
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    async fn count(&mut self, batch: &[Waiting]) -> Result<Vec<Result<(), Exceeded>>, Trouble> {
        let is_old = |connection: &Connection| connection.generation() != self.dialer.generation();
        if self.connection.as_ref().is_none_or(is_old) {
            let mut connection = self.dialer.connect().await?;
            self.digest = load(&mut connection).await?;
            self.connection = Some(connection);
        }
        let connection = self.connection.as_mut().expect("it was just made");
        let mut call = redis::cmd("EVALSHA");
        call.arg(&self.digest).arg(2 * batch.len());
        for waiting in batch {
            call.arg(self.keys.limit_of_network(waiting.network))
                .arg(self.keys.limit_of_user(&waiting.user));
        }
        for rate in [self.rates.address, self.rates.user] {
            let interval = rate.map_or(0, Rate::interval_us);
            let at_once = rate.map_or(0, Rate::requests);
            call.arg(interval).arg(interval * u64::from(at_once));
        }
        let answer = match connection.command(&call).await {
            Err(trouble) if trouble.is_forgotten() => {
                load(connection).await?;
                connection.command(&call).await?
            }
            answer => answer?,
        };
        parse(&answer, batch.len())
    }
}

async fn load(connection: &mut Connection) -> Result<String, Trouble> {
    let command = redis::cmd("SCRIPT").arg("LOAD").arg(script()).to_owned();
    let digest = connection.command(&command).await?;
    Ok(record::text(&digest).unwrap_or_default().to_owned())
}

#[cfg(not(test))]
fn script() -> &'static str {
    SCRIPT
}

/// In tests of the engine the time comes from a key that the test sets.
#[cfg(test)]
fn script() -> String {
    let clock = format!("redis.call('LRANGE', '{}', 0, 1)", super::tests::CLOCK_KEY);
    SCRIPT.replace("redis.call('TIME')", &clock)
}

fn parse(answer: &Value, attempts: usize) -> Result<Vec<Result<(), Exceeded>>, Trouble> {
    let odd = || Trouble::NoAnswer("the counts cannot be read".to_owned());
    let Value::Array(waits) = answer else {
        return Err(odd());
    };
    if waits.len() != attempts {
        return Err(odd());
    }
    let verdict = |wait: &Value| match wait {
        Value::Int(0) => Ok(Ok(())),
        Value::Int(us) if *us < 0 => Ok(Err(Exceeded::Address(us.unsigned_abs()))),
        Value::Int(us) => Ok(Err(Exceeded::User(us.unsigned_abs()))),
        _ => Err(odd()),
    };
    waits.iter().map(verdict).collect()
}
