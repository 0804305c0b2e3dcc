//! The engine in Redis or Valkey, for many nodes that share one sale.
//!
//! Redis is the source of truth; a node keeps only its view. In reading order:
//! - [`address`]: where Redis is; [`dialer`]: finds the one server that holds the sale;
//! - [`checks`]: whether a server is set up to keep orders; [`durability`]: what a confirmation stands for;
//! - [`connection`]: leases out of a pool, so that nobody shares one that is watching;
//! - [`keys`], [`record`] and [`head`]: what is stored, and how a sale is made, once;
//! - [`books`]: what is checked before each batch;
//! - [`function`] (with `decide.lua`) and [`watch`]: the two ways to decide a batch; the first counts for all nodes, too,
//!   how often somebody tries;
//! - [`node`]: the way of a batch; [`brake`]: how selling is stopped; [`follow`]: how other nodes' orders come here; [`clock`]: the server's;
//! - [`open`]: from an address to a ledger; [`memory`]: what a node remembers;
//! - [`reader`]: reading and auditing, also while nodes sell.
//!
//! Before each batch the books are checked where they are decided: the epoch, the counter, the length of
//! the list, and that the last order which this node has seen is still there. If anything is missing or
//! does not fit, nothing is sold, and as soon as it fits again selling goes on. So a node does not have
//! to be told that Redis was lost, replaced or put back.

pub mod address;
pub(crate) mod books;
mod brake;
mod checks;
mod clock;
mod connection;
mod dialer;
pub mod durability;
mod follow;
pub(crate) mod function;
pub(crate) mod head;
pub(crate) mod keys;
pub(crate) mod memory;
mod node;
pub mod open;
pub mod reader;
pub(crate) mod record;
pub(crate) mod trouble;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use flashsale_limits::Rates;
use flashsale_sale::{Attempt, Brake, Order, Outcome, Phase, Timestamp, UserId, View};
use redis::Cmd;
use tokio::task::{AbortHandle, JoinSet};

pub use address::{Address, InvalidAddress};
pub use durability::{Durability, InvalidDurability};
pub use open::{NewSale, OpenError, RedisSale};
pub use reader::Reader;
pub use watch::Retries;

use crate::{Clock, CommitError, CsrfKey, Ledger, Unavailable};
use memory::Memory;
use node::Node;

/// How many attempts one batch may hold. The server does nothing else while it decides one.
pub const ATTEMPTS_MAX: usize = 1_000;

/// How a node uses Redis.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is.
    pub address: Address,
    /// The certificates that the server's must lead to, in PEM; none for those of the system.
    pub authorities: Option<Vec<u8>>,
    /// How batches are decided.
    pub strategy: Strategy,
    /// How often somebody may try, over all nodes. Only the strategy `function` counts.
    pub rates: Rates,
    /// What a confirmation stands for.
    pub durability: Durability,
    /// How many batches may be under way, each on a connection of its own.
    pub connections_max: usize,
    /// What the strategy `watch` does when other nodes were quicker.
    pub retries: Retries,
}

/// Fails unless the text holds certificates in PEM, and nothing but such that can be read.
pub fn check_authorities(pem: &[u8]) -> Result<(), String> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    let mut store = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() {
        return Err("it holds no certificate in PEM".to_owned());
    }
    Ok(())
}

/// How batches are decided (`REDIS_STRATEGY`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// By a function in the server, or a script where it has no functions.
    Function,
    /// By the node, guarded by `WATCH`.
    Watch,
}

/// What came of a batch in Redis, before it is known to be durable.
#[derive(Debug)]
pub(crate) struct Decided {
    /// The server's own time.
    time: Timestamp,
    /// The time of the decision, never before an earlier one.
    now: Timestamp,
    /// How many units were sold before.
    sold_before: u32,
    /// The brake by which it was decided.
    brake: Brake,
    /// One for each attempt.
    pub(crate) outcomes: Vec<Outcome>,
    /// The orders that are new, in order of unit.
    pub(crate) orders: Vec<Order>,
}

/// One node's ledger of a sale in Redis. Dropping it ends its tasks.
#[derive(Debug)]
pub struct RedisLedger {
    node: Arc<Node>,
    memory: Arc<Memory>,
    connections_max: usize,
    /// The tasks that follow the list and look at the books.
    running: [AbortHandle; 2],
    /// The same; they end when this is dropped.
    _tasks: JoinSet<()>,
}

impl Ledger for RedisLedger {
    fn view(&self) -> &Arc<View> {
        &self.node.view
    }

    fn csrf_key(&self) -> &CsrfKey {
        &self.node.head.csrf_key
    }

    fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.node.clock);
        Arc::new(move || clock.now())
    }

    fn clock_margin(&self) -> Duration {
        clock::MARGIN
    }

    fn batches_max(&self) -> usize {
        self.connections_max
    }

    async fn commit(&self, batch: Arc<[Attempt]>) -> Result<Vec<Outcome>, CommitError> {
        if batch.len() > ATTEMPTS_MAX {
            let number = batch.len();
            return Err(CommitError::NotApplied(format!(
                "{number} attempts at once are more than the {ATTEMPTS_MAX} of a batch"
            )));
        }
        Ok(self.node.commit(&batch).await?)
    }

    async fn set_brake(&self, pulled: bool) -> Result<Brake, CommitError> {
        Ok(self.node.set_brake(pulled).await?)
    }

    async fn find(&self, user: &UserId) -> Result<Option<Order>, Unavailable> {
        let view = &self.node.view;
        let now = self.node.clock.now();
        // Nobody has bought before the start, and who has bought is known once every order is here.
        let is_settled = match view.status(Timestamp(now.0 + clock::MARGIN_MS)).phase {
            Phase::Upcoming => true,
            Phase::Active => false,
            Phase::SoldOut | Phase::Ended => view.has_seen_all(),
        };
        if is_settled {
            return Ok(view.order_of(user));
        }
        let found = self.node.find(user).await;
        found.map_err(|trouble| Unavailable(trouble.to_string()))
    }

    fn ready(&self) -> Result<(), String> {
        // They run for ever, so one that has ended has failed, and nothing is noticed any more.
        if self.running.iter().any(AbortHandle::is_finished) {
            return Err("a part of this node has failed; its log says more. Restart it".to_owned());
        }
        self.node.ready()
    }

    /// What was confirmed is in Redis. What this node has seen of it is kept for its next start.
    async fn close(self) {
        follow::keep(&self.memory, self.node.remembered()).await;
    }
}

/// The command that brings the server's time.
#[cfg(not(test))]
fn time_command() -> Cmd {
    redis::cmd("TIME")
}

/// In tests of the engine it comes from a key that the test sets, in the same form.
#[cfg(test)]
fn time_command() -> Cmd {
    redis::cmd("LRANGE")
        .arg(tests::CLOCK_KEY)
        .arg(0)
        .arg(1)
        .to_owned()
}

#[cfg(test)]
mod tests;
