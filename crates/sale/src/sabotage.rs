//! Test-only: switches a check off, to see that the tests notice.
//!
//! A guarantee that no test can miss is not tested. The negative controls build the program with the
//! feature `sabotage`, break one rule, and expect the very checks that pass otherwise to fail.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::{Order, Sale};

/// The check to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Sabotage {
    /// None: the program is right.
    None = 0,
    /// One order for each user.
    Uniqueness = 1,
    /// No more orders than stock.
    Stock = 2,
    /// A confirmation only when the order is durable.
    Durability = 3,
    /// A watched connection that nobody else uses.
    Lease = 4,
}

/// One for the whole process, set once before anything is decided.
static CHOSEN: AtomicU8 = AtomicU8::new(Sabotage::None as u8);

/// Leaves a check out from now on.
pub fn choose(sabotage: Sabotage) {
    CHOSEN.store(sabotage as u8, Ordering::SeqCst);
}

/// Whether this check is left out.
pub fn is_chosen(sabotage: Sabotage) -> bool {
    CHOSEN.load(Ordering::SeqCst) == sabotage as u8
}

pub(crate) fn unique(find: impl FnOnce() -> Option<Order>) -> Option<Order> {
    if is_chosen(Sabotage::Uniqueness) {
        None
    } else {
        find()
    }
}

pub(crate) fn exceeds_stock(unit: u32, sale: &Sale) -> bool {
    unit > sale.stock() && !is_chosen(Sabotage::Stock)
}
