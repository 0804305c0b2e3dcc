//! Checks a list of orders against the invariants, one order at a time, for every engine.

use std::collections::HashMap;
use std::fmt;

use flashsale_sale::{Brake, Order, OrderId, Phase, Sale, Timestamp, UserId};

/// One thing that is wrong with a ledger, as a sentence that names the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(pub String);

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What every order must be, seen from the one before it: the part of an audit that needs no memory.
#[derive(Debug)]
pub struct Sequence<'a> {
    sale: &'a Sale,
    last: Option<(u32, Timestamp)>,
}

impl<'a> Sequence<'a> {
    /// The orders of this sale, from the first on.
    pub fn new(sale: &'a Sale) -> Self {
        Self { sale, last: None }
    }

    /// Checks the next order, and hands over what is wrong with it.
    pub fn check(&mut self, order: &Order, mut find: impl FnMut(String)) {
        let (unit, id, ordered_at) = (order.unit, order.id, order.ordered_at.0);
        let (last_unit, last_time) = self.last.unwrap_or((0, Timestamp(0)));
        if u64::from(unit) != u64::from(last_unit) + 1 {
            find(format!("unit {unit} ({id}) follows unit {last_unit}"));
        }
        if unit > self.sale.stock() {
            find(format!(
                "unit {unit} ({id}) is beyond the stock of {}",
                self.sale.stock()
            ));
        }
        if order.ordered_at < last_time {
            find(format!(
                "unit {unit} ({id}) was ordered at {ordered_at}, before unit {last_unit} at {}",
                last_time.0
            ));
        }
        let window = self.sale.window();
        if window.phase(order.ordered_at) != Phase::Active {
            find(format!(
                "unit {unit} ({id}) was ordered at {ordered_at}, outside the window from {} to {}",
                window.starts_at().0,
                window.ends_at().0
            ));
        }
        self.last = Some((unit, order.ordered_at));
    }
}

/// An audit under way: it takes the orders in order of unit.
#[derive(Debug)]
pub struct Audit<'a> {
    sale: &'a Sale,
    sequence: Sequence<'a>,
    orders: u64,
    unit_by_user: HashMap<UserId, u32>,
    unit_by_id: HashMap<OrderId, u32>,
    /// From when until when the brake was pulled.
    pauses: Vec<(Timestamp, Timestamp)>,
    findings: Vec<Finding>,
}

impl<'a> Audit<'a> {
    /// An audit of the orders of this sale.
    pub fn new(sale: &'a Sale) -> Self {
        Self {
            sale,
            sequence: Sequence::new(sale),
            orders: 0,
            unit_by_user: HashMap::new(),
            unit_by_id: HashMap::new(),
            pauses: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes in the next change of the brake, before the orders. It must be dated exactly: in Redis, where orders
    /// may come between the look at the clock and the change, this cannot be checked afterwards.
    pub fn brake(&mut self, change: Brake) {
        match (change.paused_at(), self.pauses.last_mut()) {
            (Some(paused_at), _) => self.pauses.push((paused_at, Timestamp::MAX)),
            (None, Some((_, until))) => *until = change.changed_at(),
            (None, None) => {}
        }
    }

    /// Checks the next order.
    pub fn check(&mut self, order: &Order) {
        self.orders += 1;
        let unit = order.unit;
        // In the very millisecond of a change, both may have been.
        let at = order.ordered_at;
        let is_within = |(from, until): &&(Timestamp, Timestamp)| *from < at && at < *until;
        if let Some((from, _)) = self.pauses.iter().find(is_within) {
            self.find(format!(
                "unit {unit} ({}) was ordered at {}, while the sale was paused, since {}",
                order.id, at.0, from.0
            ));
        }
        self.sequence
            .check(order, |sentence| self.findings.push(Finding(sentence)));
        if let Some(other) = self.unit_by_user.insert(order.user.clone(), unit) {
            self.find(format!(
                "unit {unit} ({}) and unit {other} have the same user",
                order.id
            ));
        }
        if let Some(other) = self.unit_by_id.insert(order.id, unit) {
            self.find(format!(
                "unit {unit} and unit {other} have the same order id {}",
                order.id
            ));
        }
    }

    /// Whether an order of the user with this id, in canonical form, was checked.
    pub fn has_order_of(&self, user: &[u8]) -> bool {
        let raw = user;
        let user = std::str::from_utf8(user)
            .ok()
            .and_then(|text| UserId::parse(text).ok());
        user.is_some_and(|user| {
            self.unit_by_user.contains_key(&user) && user.as_str().as_bytes() == raw
        })
    }

    /// Notes something that is wrong besides.
    pub fn find(&mut self, sentence: String) {
        self.findings.push(Finding(sentence));
    }

    /// How many orders were checked, and everything that is wrong.
    pub fn finish(mut self) -> (u64, Vec<Finding>) {
        if self.orders > u64::from(self.sale.stock()) {
            let (orders, stock) = (self.orders, self.sale.stock());
            self.find(format!("{orders} orders were made from a stock of {stock}"));
        }
        (self.orders, self.findings)
    }
}

#[cfg(test)]
mod tests {
    use flashsale_sale::{SaleId, Window};

    use super::*;

    fn order(unit: u32, id: u8, user: &str, ordered_at: u64) -> Order {
        Order {
            unit,
            id: OrderId([id; 16]),
            user: UserId::parse(user).unwrap(),
            ordered_at: Timestamp(ordered_at),
            idempotency_key: None,
        }
    }

    #[track_caller]
    fn check(orders: &[Order], expected: &[&str]) {
        let window = Window::new(Timestamp(100), Timestamp(200)).unwrap();
        let id = SaleId::parse("test").unwrap();
        let sale = Sale::new(id, "p".into(), String::new(), 3, window).unwrap();
        let mut audit = Audit::new(&sale);
        for (change, at) in (1..).zip([120, 130, 170]) {
            audit.brake(Brake::new(change, Timestamp(at)));
        }
        for order in orders {
            audit.check(order);
        }
        let (count, findings) = audit.finish();
        assert_eq!(count, orders.len() as u64);
        assert_eq!(findings.len(), expected.len(), "{findings:?}");
        for (finding, expected) in findings.iter().zip(expected) {
            assert!(
                finding.0.contains(expected),
                "{finding} should say {expected:?}"
            );
        }
    }

    #[test]
    fn clean_books_have_no_finding() {
        check(&[], &[]);
        check(
            &[
                order(1, 1, "ada", 100),
                order(2, 2, "bob", 130),
                order(3, 3, "cyd", 170),
            ],
            &[],
        );
    }

    #[test]
    fn every_broken_invariant_is_found() {
        check(&[order(2, 1, "ada", 100)], &["unit 2 (0101"]);
        check(
            &[order(1, 1, "ada", 100), order(3, 2, "bob", 100)],
            &["follows unit 1"],
        );
        check(
            &[order(1, 1, "ada", 100), order(2, 2, "ada", 100)],
            &["the same user"],
        );
        check(
            &[order(1, 1, "ada", 100), order(2, 1, "bob", 100)],
            &["the same order id"],
        );
        check(
            &[order(1, 1, "ada", 150), order(2, 2, "bob", 149)],
            &["before unit 1"],
        );
        check(&[order(1, 1, "ada", 99)], &["outside the window"]);
        let late = ["paused, since 170", "outside the window"];
        check(&[order(1, 1, "ada", 200)], &late);
        check(&[order(1, 1, "ada", 121)], &["paused, since 120"]);
        check(&[order(1, 1, "ada", 199)], &["paused, since 170"]);
        let names = ["ada", "bob", "cyd", "dan"];
        let four: Vec<_> = (1u8..)
            .zip(names)
            .map(|(n, user)| order(n.into(), n, user, 100))
            .collect();
        check(
            &four,
            &[
                "beyond the stock of 3",
                "4 orders were made from a stock of 3",
            ],
        );
    }
}
