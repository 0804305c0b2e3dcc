use super::*;
use crate::{SaleId, Window};

fn view(stock: u32) -> View {
    let window = Window::new(Timestamp(1_000), Timestamp(2_000)).unwrap();
    let id = SaleId::parse("test").unwrap();
    let sale = Sale::new(id, "p".into(), "Product".into(), stock, window).unwrap();
    View::new(Arc::new(sale))
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn order(unit: u32, name: &str) -> Order {
    Order {
        unit,
        id: OrderId([u8::try_from(unit).unwrap(); 16]),
        user: user(name),
        ordered_at: Timestamp(1_500),
        idempotency_key: IdempotencyKey::parse(&format!("key of {name}")).ok(),
    }
}

#[track_caller]
fn check(view: &View, name: &str, now: u64, expected: Option<&Outcome>) {
    assert_eq!(
        view.settled(&user(name), None, Timestamp(now)).as_ref(),
        expected
    );
}

#[test]
fn an_open_attempt_is_not_settled() {
    let view = view(2);
    check(&view, "ada", 1_000, None);
    check(&view, "ada", 1_999, None);
}

#[test]
fn row_43_not_yet_until_just_before_the_start() {
    let view = view(2);
    check(
        &view,
        "ada",
        999,
        Some(&Outcome::NotActive(Phase::Upcoming)),
    );
    check(&view, "ada", 1_000, None);
}

#[test]
fn over_is_said_only_after_the_ledger_has_seen_the_end() {
    let view = view(2);
    check(&view, "ada", 2_000, None);
    assert_eq!(view.status(Timestamp(2_000)).phase, Phase::Active);
    view.observe(Timestamp(2_000));
    check(&view, "ada", 2_000, Some(&Outcome::NotActive(Phase::Ended)));
    assert_eq!(view.status(Timestamp(2_000)).phase, Phase::Ended);
}

#[test]
fn row_45_an_ended_sale_stays_ended_when_the_clock_steps_back() {
    let view = view(2);
    view.observe(Timestamp(2_000));
    view.observe(Timestamp(1_500));
    for now in [0, 999, 1_500] {
        check(&view, "ada", now, Some(&Outcome::NotActive(Phase::Ended)));
        let status = view.status(Timestamp(now));
        assert_eq!((status.phase, status.now), (Phase::Ended, Timestamp(2_000)));
    }
}

#[test]
fn a_buyer_hears_of_the_order_in_every_phase() {
    let view = view(1);
    view.record([order(1, "ada")]).unwrap();
    let stored = Outcome::AlreadyPurchased(order(1, "ada"));
    check(&view, "ada", 0, Some(&stored));
    check(&view, "ada", 1_500, Some(&stored));
    view.observe(Timestamp(2_000));
    check(&view, "ada", 2_000, Some(&stored));
}

#[test]
fn the_same_key_gets_the_original_answer_and_another_users_key_does_not() {
    let view = view(5);
    view.record([order(1, "ada"), order(2, "bob")]).unwrap();
    let settled = |key: &str| {
        view.settled(
            &user("ada"),
            IdempotencyKey::parse(key).ok().as_ref(),
            Timestamp(1_500),
        )
    };
    assert_eq!(
        settled("key of ada"),
        Some(Outcome::Purchased(order(1, "ada")))
    );
    assert_eq!(
        settled("key of bob"),
        Some(Outcome::AlreadyPurchased(order(1, "ada")))
    );
}

#[test]
fn sold_out_is_said_only_when_every_order_was_seen() {
    let view = view(3);
    // Another node's order, unit 3, came before units 1 and 2.
    view.record([order(3, "cyd")]).unwrap();
    let status = view.status(Timestamp(1_500));
    assert_eq!(
        (status.sold, status.remaining, status.phase),
        (3, 0, Phase::Active)
    );
    check(&view, "ada", 1_500, None);
    view.record([order(1, "ada"), order(2, "bob")]).unwrap();
    assert_eq!(view.status(Timestamp(1_500)).phase, Phase::SoldOut);
    check(&view, "dan", 1_500, Some(&Outcome::SoldOut));
}

#[test]
fn an_order_that_comes_again_changes_nothing_and_a_second_one_is_refused() {
    let view = view(3);
    view.record([order(1, "ada"), order(1, "ada")]).unwrap();
    assert_eq!(view.sold(), 1);
    let refused = view.record([order(2, "ada")]).unwrap_err();
    assert_eq!((refused.known.0, refused.other.0), (1, 2));
}

#[test]
fn row_47_without_stock_the_open_sale_is_sold_out() {
    let view = view(0);
    assert_eq!(view.status(Timestamp(999)).phase, Phase::Upcoming);
    assert_eq!(view.status(Timestamp(1_000)).phase, Phase::SoldOut);
    check(&view, "ada", 1_000, Some(&Outcome::SoldOut));
}

#[test]
fn orders_are_read_in_pieces() {
    let view = view(5);
    view.record((1..=3).map(|unit| order(unit, &format!("user-{unit}"))))
        .unwrap();
    let units = |from, orders_max| {
        let mut units = Vec::new();
        let next = view.read(from, orders_max, |position, order| {
            units.push((position, order.unit(), order.user().to_owned()));
        });
        (units, next)
    };
    let user = |unit| format!("user-{unit}");
    assert_eq!(
        units(0, 2),
        (vec![(0, 1, user(1)), (1, 2, user(2))], Some(2))
    );
    assert_eq!(units(2, 2), (vec![(2, 3, user(3))], None));
    assert_eq!(units(3, 2), (vec![], None));
    let mut units = Vec::new();
    view.read_at(&[2, 0], |order| units.push(order.unit()));
    assert_eq!(units, [3, 1]);
}
