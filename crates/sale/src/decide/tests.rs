//! Random sequences of batches, with the list and the view kept beside them, hold the invariants.
//!
//! The list here is plain data: whatever `decide` returns is appended, as an engine would store it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::{IdempotencyKey, OrderId, SaleId, View, Window};

const STARTS_AT: u64 = 1_000;
const ENDS_AT: u64 = 2_000;

fn sale(stock: u32) -> Sale {
    let window = Window::new(Timestamp(STARTS_AT), Timestamp(ENDS_AT)).unwrap();
    let id = SaleId::parse("test").unwrap();
    Sale::new(id, "p".into(), "Product".into(), stock, window).unwrap()
}

fn attempt(user: u8, id: u128, key: Option<u8>) -> Attempt {
    Attempt {
        user: UserId::parse(&format!("user-{user}")).unwrap(),
        order_id: OrderId(id.to_be_bytes()),
        idempotency_key: key.map(|k| IdempotencyKey::parse(&format!("key-{k}")).unwrap()),
    }
}

/// A list of orders in memory, as the simplest engine would keep it.
struct List {
    sale: Sale,
    orders: Vec<Order>,
}

impl List {
    fn new(stock: u32) -> Self {
        Self {
            sale: sale(stock),
            orders: Vec::new(),
        }
    }

    fn commit(&mut self, now: u64, attempts: &[Attempt]) -> Vec<Outcome> {
        let stored = |user: &UserId| self.orders.iter().find(|o| o.user == *user).cloned();
        let sold = u32::try_from(self.orders.len()).unwrap();
        let decision = decide(&self.sale, sold, stored, Timestamp(now), attempts);
        self.orders.extend(decision.orders);
        decision.outcomes
    }
}

#[test]
fn row_43_at_the_start_is_allowed_and_at_the_end_refused() {
    let check = |now, expected: Option<Phase>| {
        let outcomes = List::new(1).commit(now, &[attempt(1, 1, None)]);
        match expected {
            None => assert!(matches!(outcomes[0], Outcome::Purchased(_)), "{now}"),
            Some(phase) => assert_eq!(outcomes[0], Outcome::NotActive(phase), "{now}"),
        }
    };
    check(STARTS_AT - 1, Some(Phase::Upcoming));
    check(STARTS_AT, None);
    check(ENDS_AT - 1, None);
    check(ENDS_AT, Some(Phase::Ended));
}

#[test]
fn an_attempt_that_is_sent_again_is_recognised_by_its_order_id() {
    let mut list = List::new(5);
    let first = list.commit(STARTS_AT, &[attempt(1, 7, None)]);
    // Again, later, after the end, and twice in one batch: the same answer.
    for now in [STARTS_AT, ENDS_AT] {
        assert_eq!(
            list.commit(now, &[attempt(1, 7, None), attempt(1, 7, None)])[0],
            first[0]
        );
    }
    assert_eq!(list.orders.len(), 1);
}

#[test]
fn one_user_many_times_in_one_batch_gets_one_order() {
    let mut list = List::new(5);
    let batch: Vec<_> = (0..100).map(|id| attempt(1, id, None)).collect();
    let outcomes = list.commit(STARTS_AT, &batch);
    let order = list.orders[0].clone();
    assert_eq!(outcomes[0], Outcome::Purchased(order.clone()));
    assert!(
        outcomes[1..]
            .iter()
            .all(|o| *o == Outcome::AlreadyPurchased(order.clone()))
    );
    assert_eq!(list.orders.len(), 1);
}

/// User, whether it is the user's last attempt again, and the number of an idempotency key.
type Wish = (u8, bool, Option<u8>);

/// Batches, each some milliseconds after the one before.
fn random_batches() -> impl Strategy<Value = Vec<(u64, Vec<Wish>)>> {
    let attempt = (0..12u8, any::<bool>(), proptest::option::of(0..3u8));
    let batch = (0..400u64, proptest::collection::vec(attempt, 0..12));
    proptest::collection::vec(batch, 1..12)
}

proptest! {
    #[test]
    fn random_batches_keep_the_invariants(stock in 0..12u32, batches in random_batches()) {
        let mut list = List::new(stock);
        let view = View::new(Arc::new(list.sale.clone()));
        let mut now = STARTS_AT - 100;
        let mut next_id = 0;
        let mut confirmed: HashMap<UserId, OrderId> = HashMap::new();
        let mut last: HashMap<u8, u128> = HashMap::new();
        for (step_ms, batch) in batches {
            now += step_ms;
            let attempts: Vec<_> = batch.iter().map(|(user, again, key)| {
                // Some attempts are the user's earlier one, sent again.
                let id = match last.get(user) {
                    Some(id) if *again => *id,
                    _ => { next_id += 1; next_id }
                };
                last.insert(*user, id);
                attempt(*user, id, *key)
            }).collect();

            let settled: Vec<_> = attempts.iter()
                .map(|a| view.settled(&a.user, a.idempotency_key.as_ref(), Timestamp(now)))
                .collect();
            let sold_before = list.orders.len();
            let outcomes = list.commit(now, &attempts);
            prop_assert_eq!(outcomes.len(), attempts.len());

            for ((attempt, outcome), settled) in attempts.iter().zip(&outcomes).zip(settled) {
                // What the view called settled is what the ledger would have said; it cannot know
                // an attempt's order id, so an attempt sent again reads as "already" there.
                match (settled, outcome) {
                    (Some(Outcome::AlreadyPurchased(a)), Outcome::Purchased(b)) => {
                        prop_assert_eq!(&a, b);
                        prop_assert_eq!(a.id, attempt.order_id);
                    }
                    // Until the ledger has seen the end, the view goes on saying what stays true.
                    (Some(Outcome::SoldOut), Outcome::NotActive(Phase::Ended)) => {
                        prop_assert_eq!(list.orders.len(), stock as usize);
                    }
                    (Some(settled), outcome) => prop_assert_eq!(&settled, outcome),
                    (None, _) => {}
                }
                match outcome {
                    Outcome::Purchased(order) | Outcome::AlreadyPurchased(order) => {
                        prop_assert_eq!(&order.user, &attempt.user);
                        // Invariant 6: the same id for ever.
                        let known = *confirmed.entry(order.user.clone()).or_insert(order.id);
                        prop_assert_eq!(known, order.id);
                    }
                    Outcome::SoldOut => prop_assert_eq!(list.orders.len(), stock as usize),
                    Outcome::NotActive(phase) => {
                        prop_assert_eq!(*phase, list.sale.window().phase(Timestamp(now)));
                        prop_assert_ne!(*phase, Phase::Active);
                    }
                }
            }
            // Invariant 5: with demand beyond the stock, nothing is left over.
            let refused = outcomes.contains(&Outcome::SoldOut);
            prop_assert!(!refused || list.orders.len() == stock as usize);
            // Invariant 8: what is left never grows.
            prop_assert!(list.orders.len() >= sold_before);

            view.observe(Timestamp(now));
            view.record(list.orders.clone()).unwrap();
        }

        // Invariants 1, 2 and 4, on the whole list.
        prop_assert!(list.orders.len() <= stock as usize);
        let users: HashSet<_> = list.orders.iter().map(|o| &o.user).collect();
        prop_assert_eq!(users.len(), list.orders.len());
        for (index, order) in list.orders.iter().enumerate() {
            prop_assert_eq!(order.unit as usize, index + 1);
            prop_assert_eq!(list.sale.window().phase(order.ordered_at), Phase::Active);
        }
        prop_assert!(list.orders.is_sorted_by_key(|o| o.ordered_at));
        prop_assert_eq!(view.sold() as usize, list.orders.len());
    }
}
