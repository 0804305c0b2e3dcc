//! What one node knows of a sale in Redis, and the way of a batch.

use std::sync::Arc;
use std::time::Duration;

use flashsale_sale::{Attempt, Order, Outcome, UserId, View};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Decided;
use super::clock::ServerClock;
use super::connection::{LookUps, Pool};
use super::dialer::Dialer;
use super::function::Function;
use super::head::Head;
use super::keys::Keys;
use super::memory::Remembered;
use super::record::{self, Tip};
use super::trouble::{Fault, Trouble};
use super::watch::Watch;

/// How often one batch may be sent on to another server before it is told `busy`.
const HOPS_MAX: u32 = 3;

/// How long a look-up may take, the wait for a connection included.
const FIND_MAX: Duration = Duration::from_secs(5);

/// How batches are decided.
#[derive(Debug)]
pub(super) enum Decider {
    Function(Function),
    Watch(Watch),
}

/// One node's part in a sale, shared by requests and by the tasks that follow the list.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) dialer: Arc<Dialer>,
    pub(super) pool: Pool,
    pub(super) keys: Keys,
    pub(super) head: Head,
    pub(super) decider: Decider,
    pub(super) view: Arc<View>,
    pub(super) clock: Arc<ServerClock>,
    /// How far this node has come in the list. Written by batches, look-ups and the follower.
    pub(super) progress: Mutex<Progress>,
    pub(super) health: Mutex<Health>,
    /// Made when it is first needed. The lock is held while it is made, so that it is made once.
    pub(super) look_ups: tokio::sync::Mutex<Option<LookUps>>,
}

/// What a node has seen of the list.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The last order that was seen without a gap before it: from there the list is read on.
    pub(super) tip: Option<Tip>,
    /// The last order that was seen at all, which must still be there: if a failover loses orders, it loses
    /// the last ones.
    pub(super) seen: Option<Tip>,
}

/// Why this node does not sell.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// What came of the last batch or the last look at the books.
    pub(super) selling: Option<String>,
    /// What came of the last attempt to follow the list.
    pub(super) following: Option<String>,
}

impl Progress {
    fn last_unit(&self) -> u32 {
        self.tip.map_or(0, |tip| tip.position.unit)
    }

    fn see(&mut self, order: &Order) {
        if self.seen.is_none_or(|seen| seen.position.unit < order.unit) {
            self.seen = Some(Tip::of(order));
        }
    }
}

impl Node {
    /// Decides a batch, and follows the sale where it has moved.
    pub(super) async fn commit(&self, attempts: &[Attempt]) -> Result<Vec<Outcome>, Trouble> {
        let mut hops = 0;
        let result = loop {
            let generation = self.dialer.generation();
            let result = self.commit_here(attempts).await;
            let Err(trouble) = &result else {
                break result;
            };
            if let Some(whereabouts) = trouble.may_be_elsewhere() {
                self.dialer.lost(generation, whereabouts);
            }
            // Nothing was done where it is not, so it may be sent on without asking anybody.
            if trouble.elsewhere().is_none() || hops == HOPS_MAX {
                break result;
            }
            hops += 1;
        };
        // With every connection in use it sells as fast as it can.
        if !matches!(result, Err(Trouble::Exhausted(_))) {
            self.health.lock().selling = result.as_ref().err().map(Trouble::to_string);
        }
        result
    }

    async fn commit_here(&self, attempts: &[Attempt]) -> Result<Vec<Outcome>, Trouble> {
        let (keys, head) = (&self.keys, &self.head);
        let seen = (self.progress.lock().seen, self.view.ledger_time());
        let asked_at = Instant::now();
        let (mut lease, decided) = match &self.decider {
            Decider::Function(function) => {
                let mut lease = self.pool.lease().await?;
                let decided = function
                    .decide(&mut lease, keys, head, seen, attempts)
                    .await?;
                (lease, decided)
            }
            Decider::Watch(watch) => watch.decide(&self.pool, keys, head, seen, attempts).await?,
        };
        self.clock.observe(decided.time, asked_at, Instant::now());
        lease.make_durable(keys).await?;
        drop(lease);
        self.take_in(decided)
    }

    /// Puts what is durable into the view, and then lets it out.
    fn take_in(&self, decided: Decided) -> Result<Vec<Outcome>, Trouble> {
        let orders = decided.outcomes.iter().filter_map(Outcome::order);
        // The batch is stored, so whatever is wrong with it, it is not undone.
        self.view
            .record(orders.clone().cloned())
            .map_err(|contradiction| Trouble::NoAnswer(contradiction.to_string()))?;
        self.view.observe(decided.now);
        self.view.observe_brake(decided.brake);
        let mut progress = self.progress.lock();
        orders.for_each(|order| progress.see(order));
        if let Some(last) = decided.orders.last() {
            // With orders of other nodes in between, the follower closes the gap.
            if progress.last_unit() == decided.sold_before {
                progress.tip = Some(Tip::of(last));
            }
        }
        drop(progress);
        Ok(decided.outcomes)
    }

    /// Takes in orders as the list has them; they must go on from the last one that was seen.
    pub(super) fn follow_on(&self, orders: Vec<Order>) -> Result<(), Trouble> {
        let mut progress = self.progress.lock();
        let mut last_unit = progress.last_unit();
        let mut new = Vec::with_capacity(orders.len());
        for order in orders {
            if order.unit <= last_unit {
                continue;
            }
            if order.unit != last_unit + 1 {
                let unit = order.unit;
                return Err(Trouble::unsound(format!(
                    "in the list of orders unit {unit} follows unit {last_unit}"
                )));
            }
            last_unit = order.unit;
            new.push(order);
        }
        let Some(last) = new.last().cloned() else {
            return Ok(());
        };
        self.view.observe(last.ordered_at);
        self.view
            .record(new)
            .map_err(|contradiction| Trouble::unsound(contradiction.to_string()))?;
        progress.tip = Some(Tip::of(&last));
        progress.see(&last);
        Ok(())
    }

    /// The order of a user whom the view does not know.
    pub(super) async fn find(&self, user: &UserId) -> Result<Option<Order>, Trouble> {
        let finding = tokio::time::timeout(FIND_MAX, self.find_and_follow(user)).await;
        finding.unwrap_or_else(|_elapsed| {
            let ms = FIND_MAX.as_millis();
            Err(Trouble::NoAnswer(format!(
                "a look-up took longer than {ms} ms"
            )))
        })
    }

    async fn find_and_follow(&self, user: &UserId) -> Result<Option<Order>, Trouble> {
        let generation = self.dialer.generation();
        match self.find_here(user).await {
            Err(trouble) if let Some(whereabouts) = trouble.may_be_elsewhere() => {
                self.dialer.lost(generation, whereabouts);
                // Reading may be done again at any time.
                self.find_here(user).await
            }
            result => result,
        }
    }

    async fn find_here(&self, user: &UserId) -> Result<Option<Order>, Trouble> {
        let look_ups = self.look_ups().await?;
        let epoch = (self.keys.config.as_str(), "epoch");
        let (epoch, receipt) = look_ups.get(epoch, &self.keys.receipt(user)).await?;
        match record::text(&epoch) {
            Some(epoch) if epoch == self.head.epoch => {}
            Some(_) => return Err(Trouble::Closed(Fault::ForeignEpoch)),
            None => return Err(Trouble::Closed(Fault::ConfigMissing)),
        }
        let redis::Value::BulkString(receipt) = receipt else {
            return Ok(None);
        };
        let order = record::parse_receipt(user, &receipt).map_err(Trouble::unsound)?;
        if look_ups.needs_wait() {
            // It may be another node's, which still waits until it is durable.
            let mut lease = self.pool.lease().await?;
            if lease.generation() != look_ups.generation() {
                return Err(Trouble::NoAnswer("the sale has just moved".to_owned()));
            }
            lease.make_durable(&self.keys).await?;
        }
        self.view
            .record([order.clone()])
            .map_err(|contradiction| Trouble::unsound(contradiction.to_string()))?;
        self.progress.lock().see(&order);
        Ok(Some(order))
    }

    async fn look_ups(&self) -> Result<LookUps, Trouble> {
        let mut kept = self.look_ups.lock().await;
        match &*kept {
            Some(look_ups) if look_ups.generation() == self.dialer.generation() => {
                Ok(look_ups.clone())
            }
            _ => {
                let new = self.dialer.connect().await?.for_look_ups();
                *kept = Some(new.clone());
                Ok(new)
            }
        }
    }

    /// What this node has to know when it starts again.
    pub(super) fn remembered(&self) -> Remembered {
        Remembered {
            epoch: self.head.epoch.clone(),
            tip: self.progress.lock().seen,
        }
    }

    pub(super) fn ready(&self) -> Result<(), String> {
        let health = self.health.lock();
        match health.selling.as_ref().or(health.following.as_ref()) {
            None => Ok(()),
            Some(reason) => Err(reason.clone()),
        }
    }
}
