//! Every rule, broken on purpose.

use std::time::Duration;

use flashsale_loadtest::books::{Books, Verdict};

use crate::shop::{Fault, Shop};
use crate::sound::{books_of, plan};

const STOCK: i64 = 50;

async fn books(fault: Fault, users: u32, attempts: u32) -> Books {
    let shop = Shop::open(STOCK, fault).await;
    let mut plan = plan(&shop.url()).await;
    plan.users = users;
    plan.attempts = attempts;
    plan.duration_max = Duration::from_secs(20);
    books_of(plan).await
}

/// The rule that begins so is broken, with examples.
async fn check(fault: Fault, attempts: u32, rule: &str, example: &str) {
    let books = books(fault, 200, attempts).await;
    assert_eq!(books.verdict(), Verdict::Broken, "{fault:?}: {books:#?}");
    let check = books
        .checks
        .iter()
        .find(|check| check.rule.starts_with(rule))
        .unwrap();
    assert_eq!(check.result, Verdict::Broken, "{fault:?}: {books:#?}");
    assert!(check.broken > 0, "{check:?}");
    let found = check.examples.iter().any(|text| text.contains(example));
    assert!(found, "{fault:?}: {check:#?}");
}

#[tokio::test]
async fn more_purchases_than_stock() {
    check(
        Fault::Oversells,
        1,
        "there are never more",
        "60 orders were confirmed, of 50",
    )
    .await;
}

#[tokio::test]
async fn two_orders_of_one_user() {
    let shop = Shop::open(STOCK, Fault::SellsTwice).await;
    let mut plan = plan(&shop.url()).await;
    (plan.users, plan.attempts) = (5, 4);
    let (name, books) = (plan.user_id(0), books_of(plan).await);
    let check = &books.checks[1];
    assert_eq!(
        (check.result, check.broken),
        (Verdict::Broken, 5),
        "{check:?}"
    );
    assert!(
        check
            .examples
            .iter()
            .any(|text| text.contains(&name) && text.contains("4 orders")),
        "{check:?}"
    );
}

#[tokio::test]
async fn a_confirmed_order_that_is_not_there() {
    check(Fault::NoReceipt, 1, "every confirmed order", "and has none").await;
}

#[tokio::test]
async fn a_confirmed_order_that_is_another_one() {
    check(
        Fault::OtherReceipt,
        1,
        "every confirmed order",
        "and has another",
    )
    .await;
}

#[tokio::test]
async fn one_order_of_two_users() {
    check(
        Fault::SharedOrder,
        1,
        "every order belongs to one",
        "belongs to 2 users",
    )
    .await;
}

#[tokio::test]
async fn somebody_refused_who_has_an_order() {
    check(Fault::SoldOutWithOrder, 1, "who was told", "has order-").await;
}

#[tokio::test]
async fn sold_out_with_units_left() {
    check(
        Fault::KeepsSomeBack,
        1,
        "everything is sold",
        "40 of 50 are sold",
    )
    .await;
}

#[tokio::test]
async fn orders_that_the_status_does_not_count() {
    check(
        Fault::Miscounts,
        1,
        "the status counts",
        "25 were sold by its figures, and 50",
    )
    .await;
}

#[tokio::test]
async fn a_stock_that_rises() {
    check(
        Fault::StockRises,
        20,
        "the stock never rose",
        "the stock rose",
    )
    .await;
}

#[tokio::test]
async fn answers_in_other_words() {
    check(Fault::Mumbles, 1, "every answer kept", "{\"ok\":true}").await;
}

#[tokio::test]
async fn users_of_whom_nothing_is_said() {
    check(
        Fault::SilentOnSome,
        1,
        "no purchase is left unknown",
        "no answer",
    )
    .await;
}

#[tokio::test]
async fn nothing_is_said_of_anybody() {
    let books = books(Fault::SilentOnAll, 5, 1).await;
    assert_eq!(books.verdict(), Verdict::Unmeasured, "{books:#?}");
}
