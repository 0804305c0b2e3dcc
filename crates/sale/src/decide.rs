//! The one function that says who gets a unit.

use hashbrown::HashMap;

use crate::{Attempt, Brake, Order, Outcome, Phase, Sale, Timestamp, UserId};

/// What was decided for a batch of attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// One for each attempt, in their order.
    pub outcomes: Vec<Outcome>,
    /// The orders that are new and must be stored before any outcome is told, in order of unit.
    pub orders: Vec<Order>,
}

/// Decides a batch: first come, first served, one unit for each user.
///
/// `sold` units are stored already; `stored` finds the order that a user has among them. `now` is the
/// ledger's time, never before that of an earlier decision. A user who has an order hears of it in
/// every phase, also while the brake is pulled, so that a buyer is never told that the sale is over and he
/// has nothing.
pub fn decide(
    sale: &Sale,
    sold: u32,
    stored: impl Fn(&UserId) -> Option<Order>,
    now: Timestamp,
    brake: Brake,
    attempts: &[Attempt],
) -> Decision {
    let phase = sale.window().phase(now);
    let mut orders: Vec<Order> = Vec::with_capacity(attempts.len());
    let mut index_by_user: HashMap<&UserId, usize> = HashMap::with_capacity(attempts.len());

    let outcomes = attempts
        .iter()
        .map(|attempt| {
            let in_batch = || index_by_user.get(&attempt.user).map(|i| orders[*i].clone());
            if let Some(order) = unique(|| stored(&attempt.user).or_else(in_batch)) {
                return Outcome::of_stored_for(order, attempt);
            }
            if phase != Phase::Active {
                return Outcome::NotActive(phase);
            }
            // A batch is far smaller than 2^32, so the position fits.
            let unit = sold + u32::try_from(orders.len()).expect("a batch of sane size") + 1;
            if exceeds_stock(unit, sale) {
                return Outcome::SoldOut;
            }
            if brake.is_pulled() {
                return Outcome::Paused;
            }
            let order = Order {
                unit,
                id: attempt.order_id,
                user: attempt.user.clone(),
                ordered_at: now,
                idempotency_key: attempt.idempotency_key.clone(),
            };
            index_by_user.insert(&attempt.user, orders.len());
            orders.push(order.clone());
            Outcome::Purchased(order)
        })
        .collect();
    Decision { outcomes, orders }
}

#[cfg(not(feature = "sabotage"))]
fn unique(find: impl FnOnce() -> Option<Order>) -> Option<Order> {
    find()
}

#[cfg(not(feature = "sabotage"))]
fn exceeds_stock(unit: u32, sale: &Sale) -> bool {
    unit > sale.stock()
}

#[cfg(feature = "sabotage")]
use crate::sabotage::{exceeds_stock, unique};

#[cfg(test)]
mod tests;
