//! The rules alone, decision and view, without input and output.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use flashsale_limits::Network;
use flashsale_sale::{Attempt, OrderId, Sale, SaleId, Timestamp, UserId, View, Window, decide};

use crate::figures::Rules;
use crate::process::now;

/// The users of one repetition.
const ATTEMPTS: u32 = 1_000_000;
const BATCH: usize = 256;
const REPETITIONS: usize = 5;
const NOW: Timestamp = Timestamp(2);

/// Each kind of attempt, on one core.
pub(crate) fn measure() -> Vec<Rules> {
    let buyers: Vec<Attempt> = (0..ATTEMPTS)
        .map(|number| attempt("buyer", number))
        .collect();
    let others: Vec<Attempt> = (0..ATTEMPTS)
        .map(|number| attempt("other", number))
        .collect();
    let mut accepted = Vec::new();
    let mut duplicates = Vec::new();
    let mut refused = Vec::new();
    for _ in 0..REPETITIONS {
        let view = View::new(Arc::new(sale(ATTEMPTS)));
        accepted.push(rate(|| sell(&view, &buyers)));
        duplicates.push(rate(|| ask(&view, &buyers)));
        refused.push(rate(|| ask(&view, &others)));
    }
    let rules = |what: &str, per_second| Rules {
        what: what.to_owned(),
        attempts: ATTEMPTS.into(),
        per_second,
    };
    let all = vec![
        rules(
            "accepted: looked up, decided in batches of 256, taken into the view",
            accepted,
        ),
        rules("refused (sold out), from the view", refused),
        rules("refused (bought before), from the view", duplicates),
    ];
    for rules in &all {
        println!(
            "rules    {:75} {:>12.0}/s",
            rules.what,
            crate::figures::median(rules.per_second.clone())
        );
    }
    all
}

/// What a purchase costs the rules: the view cannot settle it, so it is decided and taken in.
fn sell(view: &View, attempts: &[Attempt]) {
    for batch in attempts.chunks(BATCH) {
        for attempt in batch {
            assert!(view.settled(&attempt.user, None, NOW).is_none());
        }
        let stored = |user: &UserId| view.order_of(user);
        let decision = decide(view.sale(), view.sold(), stored, NOW, view.brake(), batch);
        assert_eq!(decision.orders.len(), batch.len());
        view.record(decision.orders).expect("nobody buys twice");
    }
}

fn ask(view: &View, attempts: &[Attempt]) {
    for attempt in attempts {
        assert!(view.settled(&attempt.user, None, NOW).is_some());
    }
}

fn rate(work: impl FnOnce()) -> f64 {
    let began_at = now();
    work();
    f64::from(ATTEMPTS)
        / began_at
            .elapsed()
            .max(Duration::from_nanos(1))
            .as_secs_f64()
}

fn attempt(name: &str, number: u32) -> Attempt {
    // Neighbours end up far apart, as the ids of real users do.
    let scattered = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Attempt {
        user: UserId::parse(&format!("{name}-{scattered:016x}@example.com")).expect("a valid id"),
        order_id: OrderId(u128::from(scattered).to_be_bytes()),
        idempotency_key: None,
        network: Some(Network::V4(Ipv4Addr::LOCALHOST)),
    }
}

fn sale(stock: u32) -> Sale {
    let window = Window::new(Timestamp(1), Timestamp(3)).expect("a window");
    let id = SaleId::parse("bench").expect("a name");
    Sale::new(id, "p".into(), "Product".into(), stock, window).expect("a sale")
}
