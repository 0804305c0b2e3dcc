//! What Redis answers, whoever has written into it or speaks in its place; and what a node has kept of it.

use std::net::Ipv4Addr;

use flashsale_ledger::fuzzing;
use flashsale_limits::{Network, Rates, Who};
use flashsale_sale::sale::STOCK_MAX;
use flashsale_sale::{
    Attempt, IdempotencyKey, OrderId, Outcome, Sale, SaleId, Timestamp, UserId, Window,
};
use redis::{Value, parse_redis_value};

fn answers(input: &[u8]) -> Option<Vec<Value>> {
    match parse_redis_value(input) {
        Ok(Value::Array(answers)) => Some(answers),
        _ => None,
    }
}

fn sale_id() -> SaleId {
    SaleId::parse("drop").expect("a name")
}

/// There is one outcome for each attempt, or none at all; every order is its user's, and each new one is an outcome.
pub(crate) fn redis_function(input: &[u8]) {
    let Ok(answer) = parse_redis_value(input) else {
        return;
    };
    let attempts: Vec<_> = [1, 2, 3].map(attempt).into();
    let rates = Rates {
        address: "5/s".parse().ok(),
        user: None,
    };
    let Ok((outcomes, orders)) = fuzzing::function_answer(&answer, &attempts, rates) else {
        return;
    };
    assert_eq!(outcomes.len(), attempts.len());
    for (outcome, attempt) in outcomes.iter().zip(&attempts) {
        if let Some(order) = outcome.order() {
            assert_eq!(order.user, attempt.user);
        }
        if let Outcome::TooOften(limited) = outcome {
            assert_eq!(limited.who, Who::Address);
            assert_eq!(Some(limited.rate), rates.address);
        }
    }
    for order in orders {
        let of = |attempt: &Attempt| attempt.order_id == order.id;
        let at = attempts.iter().position(of).expect("an attempt's order");
        assert_eq!(order.idempotency_key, attempts[at].idempotency_key);
        assert_eq!(outcomes[at], Outcome::Purchased(order));
    }
}

fn attempt(number: u8) -> Attempt {
    Attempt {
        user: UserId::parse(&format!("user{number}")).expect("a user"),
        order_id: OrderId([number; 16]),
        idempotency_key: (number == 1).then(|| IdempotencyKey::parse("k").expect("a key")),
        network: Some(Network::V4(Ipv4Addr::LOCALHOST)),
    }
}

/// No time runs backwards, and nothing is sold from books of more units than there are.
pub(crate) fn redis_books(input: &[u8]) {
    const STOCK: u32 = 100;
    const FLOOR: Timestamp = Timestamp(1_800_000_000_000);
    let Some(answers) = answers(input) else {
        return;
    };
    let window = Window::new(Timestamp(0), Timestamp::MAX).expect("a window");
    let (product, description) = ("mug".to_owned(), "A mug".to_owned());
    let sale = Sale::new(sale_id(), product, description, STOCK, window).expect("a sale");
    let Ok(books) = fuzzing::books(&answers, &sale, "0123", FLOOR) else {
        return;
    };
    assert!(books.now >= FLOOR);
    let time = fuzzing::server_time(&answers[0]);
    assert!(time.is_some_and(|time| books.now >= time));
    assert!(!books.are_sound || books.sold <= STOCK);
    // From those of another sale nothing is sold.
    let other = fuzzing::books(&answers, &sale, "4567", FLOOR).expect("it was read before");
    assert!(!(books.are_sound && other.are_sound));
}

/// A brake is the same when it is written again.
pub(crate) fn redis_brake(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    if let Ok(brake) = fuzzing::parse_brake(text) {
        assert_eq!(fuzzing::parse_brake(&fuzzing::brake_text(brake)), Ok(brake));
    }
}

/// Settings are those of the sale that was asked for, within its bounds, and the same when they are written again.
pub(crate) fn redis_settings(input: &[u8]) {
    let Some(answers) = answers(input) else {
        return;
    };
    let id = sale_id();
    let Ok(Some((sale, written))) = fuzzing::settings(&answers, &id) else {
        return;
    };
    assert_eq!(sale.id(), &id);
    assert!(sale.stock() <= STOCK_MAX);
    let again = fuzzing::settings(&[written.clone(), Value::Int(0)], &id);
    assert_eq!(again, Ok(Some((sale, written))));
}

/// What goes on of an error has no buyer's id in it, and a server that it names is the one that it says.
pub(crate) fn redis_error(input: &[u8]) {
    const USER: &str = "hunter2-hunter2";
    if let Ok(answer) = parse_redis_value(input) {
        // Whatever the server says is no reason to end.
        let _ = fuzzing::trouble(answer.clone());
        let _ = fuzzing::moved_to(answer);
    }
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let error = |text: &str| parse_redis_value(format!("-{text}\r\n").as_bytes()).ok();
    if text.contains(['\r', '\n']) || text.contains(USER) {
        return;
    }
    let with_user = format!("ERR {text}, with args beginning with: '{USER}'");
    if let Some(said) = error(&with_user).and_then(fuzzing::trouble) {
        assert!(!said.contains(USER), "{said}");
    }
    if !text.contains(char::is_whitespace) {
        let moved = error(&format!("MOVED 12 {text}:7001")).and_then(fuzzing::moved_to);
        assert_eq!(moved, Some((text.to_owned(), 7001)));
    }
}

/// The last order that a node has seen is remembered as it was written, and as nothing else.
pub(crate) fn redis_memory(input: &[u8]) {
    let Ok(line) = str::from_utf8(input) else {
        return;
    };
    let written = fuzzing::remembered(line);
    assert!(written.is_none_or(|written| written == line));
}
