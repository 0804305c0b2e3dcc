//! The picture of the committed orders in memory, which answers what is settled.
//!
//! *Settled* is what can never change again: this user has an order; every unit is sold; the sale is
//! over. That is safe because orders are never removed and the remaining stock never rises. Nearly
//! all requests of a flash sale are refusals, and all refusals but "not yet" are settled, so the
//! ledger hears of next to nothing.

mod rows;

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::RwLock;
use thiserror::Error;

use crate::{Brake, IdempotencyKey, Order, OrderId, Outcome, Phase, Sale, Timestamp, UserId};
use rows::Rows;

pub use rows::StoredOrder;

/// For how many orders the table of users has room from the start, with at most 8 MB that are written then:
/// to grow it means to hash every user again, while buyers wait.
const ORDERS_EXPECTED_MAX: usize = 4_000_000;

/// The view of one sale, shared by all requests of a node.
///
/// The ledger's engine writes it: every order that it stored, and the time at which it decided.
#[derive(Debug)]
pub struct View {
    sale: Arc<Sale>,
    /// Read by every purchase for a few hundred nanoseconds, written once for each batch.
    book: RwLock<Book>,
    /// The latest time that the ledger has shown, in milliseconds; it never goes back. Apart from
    /// `book` so that the status can be read without waiting for a batch to be written down.
    ledger_time: AtomicU64,
    /// Quick, and seeded anew for each view, so that nobody knows which users would meet in one place. Only
    /// buyers are in the table, so there are never more of them than units.
    hasher: DefaultHashBuilder,
}

#[derive(Debug, Default)]
struct Book {
    /// In the order of arrival, which with several nodes need not be that of the units.
    orders: Rows,
    /// Positions in `orders`, found by the hash of the user.
    by_user: HashTable<u32>,
    /// The highest unit seen. Units have no gaps, so as many are sold.
    sold: u32,
    brake: Brake,
}

/// What buyers are told about the sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// What the sale is doing.
    pub phase: Phase,
    /// Units sold.
    pub sold: u32,
    /// Units left.
    pub remaining: u32,
    /// The ledger's time as far as this node knows.
    pub now: Timestamp,
    /// Since when the shop has stopped the sale, if it has.
    pub paused_at: Option<Timestamp>,
}

/// The ledger holds what cannot be true: two orders of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("one user has two orders, {} (unit {}) and {} (unit {})", .known.1, .known.0, .other.1, .other.0)]
pub struct Contradiction {
    /// Unit and id of the order that was seen first.
    pub known: (u32, OrderId),
    /// Unit and id of the other one.
    pub other: (u32, OrderId),
}

impl View {
    /// A view that has seen no order yet.
    pub fn new(sale: Arc<Sale>) -> Self {
        let orders_expected = (sale.stock() as usize).min(ORDERS_EXPECTED_MAX);
        let book = Book {
            by_user: HashTable::with_capacity(orders_expected),
            ..Book::default()
        };
        Self {
            sale,
            book: RwLock::new(book),
            ledger_time: AtomicU64::new(0),
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// The settings of the sale.
    pub fn sale(&self) -> &Arc<Sale> {
        &self.sale
    }

    /// Takes in orders that are durably stored; one that is known already changes nothing.
    ///
    /// Fails at an order that contradicts a known one; the orders before it are taken in.
    pub fn record(&self, orders: impl IntoIterator<Item = Order>) -> Result<(), Contradiction> {
        let mut book = self.book.write();
        for order in orders {
            book.record(&order, &self.hasher)?;
        }
        Ok(())
    }

    /// Takes in the time at which the ledger decided. A time before an earlier one changes nothing.
    pub fn observe(&self, now: Timestamp) {
        self.ledger_time.fetch_max(now.0, Ordering::AcqRel);
    }

    /// Takes in the brake as the ledger has it. One that was changed less often is an older one.
    pub fn observe_brake(&self, brake: Brake) {
        if self.brake().changes() < brake.changes() {
            let mut book = self.book.write();
            if book.brake.changes() < brake.changes() {
                book.brake = brake;
            }
        }
    }

    /// The brake, as the ledger has shown it last. It is no answer to a buyer, because another node may have
    /// sold to him since it was let go: the ledger decides by its own.
    pub fn brake(&self) -> Brake {
        self.book.read().brake
    }

    /// The latest time that the ledger has shown.
    pub fn ledger_time(&self) -> Timestamp {
        Timestamp(self.ledger_time.load(Ordering::Acquire))
    }

    /// The order of a user, if this view has seen it.
    pub fn order_of(&self, user: &UserId) -> Option<Order> {
        let hash = self.hasher.hash_one(user.as_str());
        let book = self.book.read();
        Some(book.row_of(user, hash)?.order(user))
    }

    /// Hands over the orders that this view had seen when it was called, in the order in which they came, which
    /// with several nodes need not be that of the units. `from` is the number of orders to leave out; at most
    /// `orders_max` are handed over, because buyers wait meanwhile. Returns the `from` of the next call, or
    /// nothing when there are no more.
    pub fn read(
        &self,
        from: u32,
        orders_max: u32,
        mut each: impl FnMut(u32, StoredOrder<'_>),
    ) -> Option<u32> {
        let book = self.book.read();
        let end = book.orders.len().min(from.saturating_add(orders_max));
        (from..end).for_each(|position| each(position, book.orders.get(position)));
        (end < book.orders.len()).then_some(end)
    }

    /// Hands over the orders at these positions, as [`read`](Self::read) counts them.
    pub fn read_at(&self, positions: &[u32], mut each: impl FnMut(StoredOrder<'_>)) {
        let book = self.book.read();
        for position in positions {
            each(book.orders.get(*position));
        }
    }

    /// How many units are sold.
    pub fn sold(&self) -> u32 {
        self.book.read().sold
    }

    /// Whether this view has seen an order for every unit, so that nobody else has one.
    pub fn has_seen_all(&self) -> bool {
        self.book.read().has_seen_all(&self.sale)
    }

    /// The answer to a purchase, if it is settled; otherwise the ledger must be asked.
    ///
    /// `now` is the latest that the ledger's clock can read at this moment. "Not yet" is said only if
    /// even that is before the start; "over" only once the ledger itself has seen the end, because
    /// then it holds whatever any clock does later.
    pub fn settled(
        &self,
        user: &UserId,
        key: Option<&IdempotencyKey>,
        now: Timestamp,
    ) -> Option<Outcome> {
        let hash = self.hasher.hash_one(user.as_str());
        let book = self.book.read();
        if let Some(row) = book.row_of(user, hash) {
            return Some(Outcome::of_stored(row.order(user), key));
        }
        match self.phase(&book, now) {
            Phase::Active => None,
            Phase::SoldOut => Some(Outcome::SoldOut),
            phase @ (Phase::Upcoming | Phase::Ended) => Some(Outcome::NotActive(phase)),
        }
    }

    /// What buyers are told about the sale at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        let book = self.book.read();
        Status {
            phase: self.phase(&book, now),
            sold: book.sold,
            remaining: self.sale.stock().saturating_sub(book.sold),
            now: now.max(self.ledger_time()),
            paused_at: book.brake.paused_at(),
        }
    }

    fn phase(&self, book: &Book, now: Timestamp) -> Phase {
        let ledger_time = self.ledger_time();
        match self.sale.window().phase(now.max(ledger_time)) {
            Phase::Upcoming => Phase::Upcoming,
            _ if self.sale.window().phase(ledger_time) == Phase::Ended => Phase::Ended,
            _ if book.has_seen_all(&self.sale) => Phase::SoldOut,
            _ => Phase::Active,
        }
    }
}

impl Book {
    fn row_of(&self, user: &UserId, hash: u64) -> Option<StoredOrder<'_>> {
        let same_user = |position: &u32| self.orders.get(*position).user() == user.as_str();
        let position = self.by_user.find(hash, same_user)?;
        Some(self.orders.get(*position))
    }

    fn record(&mut self, order: &Order, hasher: &DefaultHashBuilder) -> Result<(), Contradiction> {
        let hash = hasher.hash_one(order.user.as_str());
        if let Some(known) = self.row_of(&order.user, hash) {
            let (known, other) = ((known.unit(), known.id()), (order.unit, order.id));
            if known == other {
                return Ok(());
            }
            #[cfg(feature = "sabotage")]
            let contradicts = !crate::sabotage::is_chosen(crate::sabotage::Sabotage::Uniqueness);
            #[cfg(not(feature = "sabotage"))]
            let contradicts = true;
            if contradicts {
                return Err(Contradiction { known, other });
            }
        }
        let position = self.orders.len();
        self.sold = self.sold.max(order.unit);
        self.orders.push(order);
        let orders = &self.orders;
        self.by_user.insert_unique(hash, position, |position| {
            hasher.hash_one(orders.get(*position).user())
        });
        Ok(())
    }

    /// Sold out is said only when every order is here, because then no user can be wronged by it.
    fn has_seen_all(&self, sale: &Sale) -> bool {
        self.orders.len() >= sale.stock()
    }
}

#[cfg(test)]
mod tests;
