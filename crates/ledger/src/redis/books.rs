//! What is read of the books before a batch is decided, and the checks that they can be sold from.
//!
//! The strategy `watch` reads it with plain commands and checks it here. The function does the same
//! inside the server (`decide.lua`).

use flashsale_sale::{Brake, OrderId, Timestamp};
use redis::{Pipeline, Value};

use super::head::Head;
use super::keys::Keys;
use super::record::{self, Position, Tip};
use super::trouble::{Fault, Trouble};

/// How many answers [`ask`] brings.
pub(super) const ANSWERS: usize = 5;

/// The books as they are at one moment.
#[derive(Debug)]
pub(crate) struct Books {
    /// The server's own time.
    pub(super) time: Timestamp,
    /// When the sale was seen to be over.
    pub(super) ended_at: Option<Timestamp>,
    pub(super) brake: Brake,
    /// The last order's place; none before the first.
    pub(super) last: Option<Position>,
    epoch: Option<String>,
    left: Option<i64>,
    orders: i64,
    /// The newest id that the list has ever had.
    newest: Option<Position>,
    /// The order that stands where the node has seen its last one.
    at_tip: Option<OrderId>,
}

/// Adds the commands that read the books.
pub(super) fn ask(pipeline: &mut Pipeline, keys: &Keys, tip: Option<Tip>) {
    pipeline.add_command(super::time_command());
    pipeline
        .cmd("HMGET")
        .arg(&keys.config)
        .arg(&["epoch", "endedAt", BRAKE]);
    pipeline.cmd("GET").arg(&keys.stock);
    // Nothing, where the list has no order yet.
    pipeline.cmd("XINFO").arg("STREAM").arg(&keys.orders);
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
    pub(crate) fn parse(answers: &[Value]) -> Result<Self, Trouble> {
        let [time, config, left, list, at_tip] = answers else {
            return Err(Trouble::unsound("Redis gave too few answers"));
        };
        let Value::Array(config) = config else {
            return Err(Trouble::unsound("the configuration cannot be read"));
        };
        let at_tip = record::parse_entries(at_tip).map_err(Trouble::unsound)?;
        let text = |index: usize| config.get(index).and_then(record::text);
        let about = |name: &str| about_list(list, name);
        let last = match about("last-entry") {
            Some(Value::Array(parts)) => parts.first().and_then(record::text),
            _ => None,
        };
        let newest = about("last-generated-id").and_then(record::text);
        Ok(Self {
            time: record::time(time)
                .ok_or_else(|| Trouble::unsound("the server's time cannot be read"))?,
            epoch: text(0).map(str::to_owned),
            ended_at: text(1).and_then(|text| text.parse().ok()).map(Timestamp),
            brake: parse_brake(text(2))?,
            // Redis counts down only what is written as it writes numbers.
            left: record::text(left).and_then(|text| {
                text.parse()
                    .ok()
                    .filter(|left: &i64| left.to_string() == text)
            }),
            orders: about("length").and_then(record::number).unwrap_or(0),
            newest: newest.filter(|id| *id != "0-0").and_then(Position::parse),
            last: last.and_then(Position::parse),
            at_tip: at_tip.first().map(|order| order.id),
        })
    }

    /// How many units are sold.
    pub(crate) fn sold(&self) -> u32 {
        self.last.map_or(0, |position| position.unit)
    }

    /// The time of a decision: that of the server, but never before anything that is stored, nor before `floor`.
    pub(crate) fn now(&self, floor: Timestamp) -> Timestamp {
        let last = self.last.map_or(Timestamp(0), |last| last.time);
        let ended_at = self.ended_at.unwrap_or(Timestamp(0));
        [last, ended_at, self.brake.changed_at(), floor]
            .into_iter()
            .fold(self.time, Timestamp::max)
    }

    /// Fails where selling from these books would be wrong.
    pub(crate) fn check(&self, head: &Head, tip: Option<Tip>) -> Result<(), Fault> {
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
        if left < 0 || i64::from(head.sale.stock()) - sold != left || self.orders != sold {
            return Err(Fault::CountsDisagree);
        }
        if self.newest != self.last {
            return Err(Fault::EntryRemoved);
        }
        Ok(())
    }
}

/// The field of the configuration that holds the brake: how often it was changed, and when the last time.
/// It is not there until the first time.
pub(super) const BRAKE: &str = "brake";

/// How the brake is stored.
pub(crate) fn brake_text(brake: Brake) -> String {
    format!("{} {}", brake.changes(), brake.changed_at().0)
}

/// Reads the brake as it is stored.
pub(crate) fn parse_brake(text: Option<&str>) -> Result<Brake, Trouble> {
    let Some(text) = text else {
        return Ok(Brake::default());
    };
    let parsed = text.split_once(' ').and_then(|(changes, changed_at)| {
        let changed_at = Timestamp(changed_at.parse().ok()?);
        Some(Brake::new(changes.parse().ok()?, changed_at))
    });
    parsed.ok_or_else(|| Trouble::unsound("the brake in Redis cannot be read"))
}

/// One of the names and values in which `XINFO` tells about a stream.
fn about_list<'a>(answer: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Array(all) = answer else {
        return None;
    };
    let mut pairs = all.chunks_exact(2);
    pairs.find_map(|pair| (record::text(&pair[0]) == Some(name)).then_some(&pair[1]))
}
