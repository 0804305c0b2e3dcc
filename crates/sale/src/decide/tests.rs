use std::net::Ipv4Addr;

use flashsale_limits::Network;

use super::*;
use crate::{IdempotencyKey, OrderId, SaleId, Window};

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
        network: Some(Network::V4(Ipv4Addr::LOCALHOST)),
    }
}

/// A list of orders in memory, as the simplest engine would keep it.
struct List {
    sale: Sale,
    orders: Vec<Order>,
    brake: Brake,
}

impl List {
    fn new(stock: u32) -> Self {
        Self {
            sale: sale(stock),
            orders: Vec::new(),
            brake: Brake::default(),
        }
    }

    fn commit(&mut self, now: u64, attempts: &[Attempt]) -> Vec<Outcome> {
        let stored = |user: &UserId| self.orders.iter().find(|o| o.user == *user).cloned();
        let sold = u32::try_from(self.orders.len()).unwrap();
        let decision = decide(
            &self.sale,
            sold,
            stored,
            Timestamp(now),
            self.brake,
            attempts,
        );
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
fn while_the_brake_is_pulled_nothing_new_is_sold() {
    let mut list = List::new(2);
    let first = list.commit(STARTS_AT, &[attempt(1, 1, None)]);
    list.brake = Brake::new(1, Timestamp(STARTS_AT));
    let batch = [attempt(1, 1, None), attempt(2, 2, None)];
    let outcomes = list.commit(STARTS_AT + 1, &batch);
    // Who has an order hears of it.
    assert_eq!(outcomes, [first[0].clone(), Outcome::Paused]);
    let too_late = list.commit(ENDS_AT, &[attempt(2, 2, None)]);
    assert_eq!(too_late, [Outcome::NotActive(Phase::Ended)]);
    list.brake = Brake::new(2, Timestamp(STARTS_AT + 2));
    list.commit(STARTS_AT + 2, &[attempt(2, 2, None)]);
    assert_eq!(list.orders.len(), 2);
    // What is sold out stays so, whatever the brake.
    list.brake = Brake::new(3, Timestamp(STARTS_AT + 3));
    let outcomes = list.commit(STARTS_AT + 3, &[attempt(3, 3, None)]);
    assert_eq!(outcomes, [Outcome::SoldOut]);
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
