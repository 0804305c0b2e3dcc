//! Random sequences of batches, with the list and the view kept beside them, hold the invariants.
//!
//! The list is plain data here: whatever `decide` returns is appended, as an engine would store it.
//! With the feature `sabotage` the same check is run on broken rules, where it must fail.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use flashsale_limits::Network;
use flashsale_sale::{
    Attempt, Brake, IdempotencyKey, Order, OrderId, Outcome, Phase, Sale, SaleId, Timestamp,
    UserId, View, Window, decide,
};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

const STARTS_AT: u64 = 1_000;
const ENDS_AT: u64 = 2_000;

/// User, whether it is the user's last attempt again, and the number of an idempotency key.
type Wish = (u8, bool, Option<u8>);

/// How many milliseconds later, whether the brake is pulled or let go, and who comes.
type Step = (u64, bool, Vec<Wish>);

/// Batches, one after the other.
fn random_batches() -> impl Strategy<Value = Vec<Step>> {
    let wish = (0..12u8, any::<bool>(), proptest::option::of(0..3u8));
    let change = proptest::bool::weighted(0.2);
    let batch = (0..400u64, change, proptest::collection::vec(wish, 0..12));
    proptest::collection::vec(batch, 1..12)
}

fn sale(stock: u32) -> Sale {
    let window = Window::new(Timestamp(STARTS_AT), Timestamp(ENDS_AT)).expect("a window");
    let id = SaleId::parse("test").expect("a name");
    Sale::new(id, "p".into(), "Product".into(), stock, window).expect("a sale")
}

/// Turns wishes into attempts; some are a user's earlier one, sent again.
#[derive(Default)]
struct Users {
    last_id: u128,
    last_attempt: HashMap<u8, u128>,
}

impl Users {
    fn attempt(&mut self, (user, again, key): Wish) -> Attempt {
        let id = match self.last_attempt.get(&user) {
            Some(id) if again => *id,
            _ => {
                self.last_id += 1;
                self.last_id
            }
        };
        self.last_attempt.insert(user, id);
        Attempt {
            user: UserId::parse(&format!("user-{user}")).expect("an id"),
            order_id: OrderId(id.to_be_bytes()),
            idempotency_key: key
                .map(|k| IdempotencyKey::parse(&format!("key-{k}")).expect("a key")),
            network: Some(Network::V4(Ipv4Addr::LOCALHOST)),
        }
    }
}

fn check(stock: u32, batches: &[Step]) -> Result<(), TestCaseError> {
    let sale = sale(stock);
    let view = View::new(Arc::new(sale.clone()));
    let mut orders: Vec<Order> = Vec::new();
    let mut confirmed: HashMap<UserId, OrderId> = HashMap::new();
    let mut users = Users::default();
    let mut now = STARTS_AT - 100;

    let mut brake = Brake::default();
    for (step_ms, changes, wishes) in batches {
        now += step_ms;
        if *changes {
            brake = Brake::new(brake.changes() + 1, Timestamp(now));
            view.observe_brake(brake);
        }
        let attempts: Vec<_> = wishes.iter().map(|wish| users.attempt(*wish)).collect();
        let settled: Vec<_> = attempts
            .iter()
            .map(|a| view.settled(&a.user, a.idempotency_key.as_ref(), Timestamp(now)))
            .collect();

        let stored = |user: &UserId| orders.iter().find(|order| order.user == *user).cloned();
        let sold = u32::try_from(orders.len()).expect("few orders");
        let decision = decide(&sale, sold, stored, Timestamp(now), brake, &attempts);
        orders.extend(decision.orders);

        prop_assert_eq!(decision.outcomes.len(), attempts.len());
        for ((attempt, outcome), settled) in attempts.iter().zip(&decision.outcomes).zip(settled) {
            check_settled(attempt, outcome, settled, stock, orders.len())?;
            match outcome {
                Outcome::Purchased(order) | Outcome::AlreadyPurchased(order) => {
                    prop_assert_eq!(&order.user, &attempt.user);
                    // Invariant 6: the same id for ever.
                    let known = *confirmed.entry(order.user.clone()).or_insert(order.id);
                    prop_assert_eq!(known, order.id);
                }
                // Invariant 5: sold out means that nothing is left over.
                Outcome::SoldOut => prop_assert_eq!(orders.len(), stock as usize),
                Outcome::NotActive(phase) => {
                    prop_assert_eq!(*phase, sale.window().phase(Timestamp(now)));
                    prop_assert_ne!(*phase, Phase::Active);
                }
                Outcome::TooOften(_) => prop_assert!(false, "the rules count nobody"),
                // Invariant 10: only where somebody could have bought.
                Outcome::Paused => {
                    prop_assert!(brake.is_pulled());
                    prop_assert_eq!(sale.window().phase(Timestamp(now)), Phase::Active);
                    prop_assert!(orders.len() < stock as usize);
                }
            }
        }
        view.observe(Timestamp(now));
        prop_assert!(view.record(orders.clone()).is_ok());
        // Invariant 8: what is left never grows.
        prop_assert_eq!(view.sold() as usize, orders.len());
    }
    check_list(&sale, &orders)
}

/// What the view called settled is what the ledger would have said.
fn check_settled(
    attempt: &Attempt,
    outcome: &Outcome,
    settled: Option<Outcome>,
    stock: u32,
    orders: usize,
) -> Result<(), TestCaseError> {
    match (settled, outcome) {
        (None, _) => {}
        // The view cannot know an attempt's order id, so one sent again reads as "already" there.
        (Some(Outcome::AlreadyPurchased(seen)), Outcome::Purchased(order)) => {
            prop_assert_eq!(&seen, order);
            prop_assert_eq!(seen.id, attempt.order_id);
        }
        // Until the ledger has seen the end, the view goes on saying what stays true.
        (Some(Outcome::SoldOut), Outcome::NotActive(Phase::Ended)) => {
            prop_assert_eq!(orders, stock as usize);
        }
        (Some(settled), outcome) => prop_assert_eq!(&settled, outcome),
    }
    Ok(())
}

/// Invariants 1, 2 and 4, on the whole list.
fn check_list(sale: &Sale, orders: &[Order]) -> Result<(), TestCaseError> {
    prop_assert!(orders.len() <= sale.stock() as usize);
    let users: HashSet<_> = orders.iter().map(|order| &order.user).collect();
    prop_assert_eq!(users.len(), orders.len());
    for (index, order) in orders.iter().enumerate() {
        prop_assert_eq!(order.unit as usize, index + 1);
        prop_assert_eq!(sale.window().phase(order.ordered_at), Phase::Active);
    }
    prop_assert!(orders.is_sorted_by_key(|order| order.ordered_at));
    Ok(())
}

fn run() -> Result<(), String> {
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 2_000,
        failure_persistence: None,
        ..Default::default()
    });
    runner
        .run(&(0..12u32, random_batches()), |(stock, batches)| {
            check(stock, &batches)
        })
        .map_err(|error| error.to_string())
}

#[test]
#[cfg(not(feature = "sabotage"))]
fn random_batches_keep_the_invariants() {
    run().expect("the invariants hold");
}

/// One test, because what is left out is left out for the whole process.
#[test]
#[cfg(feature = "sabotage")]
fn the_check_misses_no_broken_rule() {
    use flashsale_sale::sabotage::{Sabotage, choose};
    choose(Sabotage::None);
    run().expect("the invariants hold");
    for broken in [Sabotage::Uniqueness, Sabotage::Stock] {
        choose(broken);
        assert!(
            run().is_err(),
            "{broken:?} was left out, and nothing noticed"
        );
    }
}
