//! What is read of the books before a batch is decided, and the checks that they can be sold from.
//!
//! The strategy `watch` reads it with plain commands and checks it here. The function does the same
//! inside the server (`decide.lua`).

use flashsale_sale::{OrderId, Timestamp};
use redis::{Pipeline, Value};

use super::head::Head;
use super::keys::Keys;
use super::record::{self, Position, Tip};
use super::trouble::{Fault, Trouble};

/// How many answers [`ask`] brings.
pub(super) const ANSWERS: usize = 6;

/// The books as they are at one moment.
#[derive(Debug)]
pub(super) struct Books {
    /// The server's own time.
    pub(super) time: Timestamp,
    /// When the sale was seen to be over.
    pub(super) ended_at: Option<Timestamp>,
    /// The last order's place; none before the first.
    pub(super) last: Option<Position>,
    epoch: Option<String>,
    left: Option<i64>,
    orders: i64,
    /// The order that stands where the node has seen its last one.
    at_tip: Option<OrderId>,
}

/// Adds the commands that read the books.
pub(super) fn ask(pipeline: &mut Pipeline, keys: &Keys, tip: Option<Tip>) {
    pipeline.add_command(super::time_command());
    pipeline
        .cmd("HMGET")
        .arg(&keys.config)
        .arg(&["epoch", "endedAt"]);
    pipeline.cmd("GET").arg(&keys.stock);
    pipeline.cmd("XLEN").arg(&keys.orders);
    pipeline
        .cmd("XREVRANGE")
        .arg(&keys.orders)
        .arg(&["+", "-", "COUNT", "1"]);
    let place = tip.map_or_else(|| "0-1".to_owned(), |tip| tip.position.to_string());
    pipeline
        .cmd("XRANGE")
        .arg(&keys.orders)
        .arg(&place)
        .arg(&place);
}

impl std::fmt::Display for Books {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let left = self.left.map_or("none".to_owned(), |left| left.to_string());
        let (orders, sold) = (self.orders, self.sold());
        write!(
            f,
            "units left: {left}, entries in the list: {orders}, last unit: {sold}"
        )
    }
}

impl Books {
    /// Reads the answers to [`ask`].
    pub(super) fn parse(answers: &[Value]) -> Result<Self, Trouble> {
        let [time, config, left, orders, last, at_tip] = answers else {
            return Err(Trouble::unsound("Redis gave too few answers"));
        };
        let Value::Array(config) = config else {
            return Err(Trouble::unsound("the configuration cannot be read"));
        };
        let entries = |value| record::parse_entries(value).map_err(Trouble::unsound);
        let text = |index: usize| config.get(index).and_then(record::text);
        Ok(Self {
            time: record::time(time)
                .ok_or_else(|| Trouble::unsound("the server's time cannot be read"))?,
            epoch: text(0).map(str::to_owned),
            ended_at: text(1).and_then(|text| text.parse().ok()).map(Timestamp),
            left: record::number(left),
            orders: record::number(orders).unwrap_or(0),
            last: entries(last)?.first().map(Position::of),
            at_tip: entries(at_tip)?.first().map(|order| order.id),
        })
    }

    /// How many units are sold.
    pub(super) fn sold(&self) -> u32 {
        self.last.map_or(0, |position| position.unit)
    }

    /// Fails where selling from these books would be wrong.
    pub(super) fn check(&self, head: &Head, tip: Option<Tip>) -> Result<(), Fault> {
        match &self.epoch {
            None => return Err(Fault::ConfigMissing),
            Some(epoch) if *epoch != head.epoch => return Err(Fault::ForeignEpoch),
            Some(_) => {}
        }
        if tip.is_some_and(|tip| self.at_tip != Some(tip.order_id)) {
            return Err(Fault::OrdersLost);
        }
        let left = self.left.ok_or(Fault::StockMissing)?;
        let sold = i64::from(self.sold());
        if sold + left != i64::from(head.sale.stock()) || self.orders != sold {
            return Err(Fault::CountsDisagree);
        }
        Ok(())
    }
}
