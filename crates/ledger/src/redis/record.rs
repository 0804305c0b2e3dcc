//! Orders as Redis keeps them: an entry of the stream, and a receipt for its user.
//!
//! The id of an entry is `<time in ms>-<unit>`. A stream takes only ids above its last one, so Redis
//! itself refuses a unit that is there already and a time that runs backwards.

use std::str::FromStr;

use flashsale_sale::{IdempotencyKey, Order, OrderId, Timestamp, UserId};
use redis::Value;

/// The names of an entry's fields, in their order. The key is empty where the client gave none.
pub(super) const FIELDS: [&str; 3] = ["order", "user", "key"];

/// Where in the list an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(super) time: Timestamp,
    pub(super) unit: u32,
}

impl Position {
    pub(super) fn of(order: &Order) -> Self {
        Self {
            time: order.ordered_at,
            unit: order.unit,
        }
    }

    /// Reads the id of an entry.
    pub(super) fn parse(id: &str) -> Option<Self> {
        let (time, unit) = id.split_once('-')?;
        Some(Self {
            time: Timestamp(plain_number(time)?),
            unit: plain_number(unit)?,
        })
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.time.0, self.unit)
    }
}

/// A number as it is written here: no sign, and no zero before it.
fn plain_number<N: FromStr>(text: &str) -> Option<N> {
    let is_plain = text == "0" || !text.starts_with(['+', '-', '0']);
    text.parse().ok().filter(|_| is_plain)
}

/// The last order that a node has seen without a gap before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tip {
    pub(crate) position: Position,
    pub(crate) order_id: OrderId,
}

impl Tip {
    pub(super) fn of(order: &Order) -> Self {
        Self {
            position: Position::of(order),
            order_id: order.id,
        }
    }
}

/// The receipt of an order: `<position> <order id>`, and the client's key behind it if there is one.
pub(crate) fn receipt(order: &Order) -> String {
    let (position, id) = (Position::of(order), order.id);
    match &order.idempotency_key {
        Some(key) => format!("{position} {id} {}", key.as_str()),
        None => format!("{position} {id}"),
    }
}

/// Reads a user's receipt.
pub(crate) fn parse_receipt(user: &UserId, bytes: &[u8]) -> Result<Order, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "a receipt is not text")?;
    let mut parts = text.splitn(3, ' ');
    let position = parts.next().and_then(Position::parse);
    let id = parts.next().and_then(parse_order_id);
    let key = parts.next().map(IdempotencyKey::parse).transpose();
    match (position, id, key) {
        (Some(position), Some(id), Ok(idempotency_key)) => Ok(Order {
            unit: position.unit,
            id,
            user: user.clone(),
            ordered_at: position.time,
            idempotency_key,
        }),
        _ => Err("a receipt cannot be read".to_owned()),
    }
}

/// Reads entries of the stream, in order.
pub(crate) fn parse_entries(value: &Value) -> Result<Vec<Order>, String> {
    match value {
        Value::Array(entries) => entries.iter().map(parse_entry).collect(),
        Value::Nil => Ok(Vec::new()),
        _ => Err("the list of orders cannot be read".to_owned()),
    }
}

/// Reads one entry of the stream.
pub(super) fn parse_entry(entry: &Value) -> Result<Order, String> {
    let Value::Array(parts) = entry else {
        return Err("the list of orders has an entry that is none".to_owned());
    };
    let id = parts.first().and_then(text).unwrap_or_default();
    let order = || -> Option<Order> {
        let position = Position::parse(id)?;
        let Value::Array(fields) = parts.get(1)? else {
            return None;
        };
        let fields: Vec<_> = fields.iter().map(text).collect::<Option<_>>()?;
        let [order, order_id, user, user_id, key, idempotency_key] = fields[..] else {
            return None;
        };
        let user_parsed = UserId::parse(user_id).ok()?;
        let key_parsed =
            (!idempotency_key.is_empty()).then(|| IdempotencyKey::parse(idempotency_key));
        // The id is stored in canonical form; if parsing changes it, it was not written here.
        let is_ours = [order, user, key] == FIELDS && user_parsed.as_str() == user_id;
        Some(Order {
            unit: position.unit,
            id: parse_order_id(order_id)?,
            user: is_ours.then_some(user_parsed)?,
            ordered_at: position.time,
            idempotency_key: key_parsed.transpose().ok()?,
        })
    };
    order().ok_or_else(|| format!("the entry {id} of the list of orders cannot be read"))
}

pub(super) fn parse_order_id(text: &str) -> Option<OrderId> {
    let is_plain = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_plain)?;
    Some(OrderId(number.to_be_bytes()))
}

/// The text of an answer, if it is one.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        Value::Okay => Some("OK"),
        _ => None,
    }
}

/// The number of an answer, also where Redis writes it as text.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => text(other)?.parse().ok(),
    }
}

/// The whole milliseconds of an answer to `TIME`.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    let Value::Array(parts) = value else {
        return None;
    };
    let [seconds, micros] = &parts[..] else {
        return None;
    };
    let number = |value| u64::try_from(number(value)?).ok();
    let ms = number(seconds)?.checked_mul(1000)?;
    ms.checked_add(number(micros)? / 1000).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(key: Option<&str>) -> Order {
        Order {
            unit: 17,
            id: OrderId([0xA5; 16]),
            user: UserId::parse("ada: {x} y").unwrap(),
            ordered_at: Timestamp(1_795_410_237_311),
            idempotency_key: key.map(|key| IdempotencyKey::parse(key).unwrap()),
        }
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn entry(order: &Order) -> Value {
        let key = order
            .idempotency_key
            .as_ref()
            .map_or("", IdempotencyKey::as_str);
        let (id, user) = (order.id.to_string(), order.user.as_str());
        let fields = ["order", &id, "user", user, "key", key];
        let fields = fields.iter().map(|text| bulk(text)).collect();
        Value::Array(vec![
            bulk(&Position::of(order).to_string()),
            Value::Array(fields),
        ])
    }

    #[test]
    fn what_is_written_is_read_again() {
        for key in [None, Some("k"), Some("two  words "), Some(" ")] {
            let order = order(key);
            let parsed = parse_receipt(&order.user, receipt(&order).as_bytes());
            assert_eq!(parsed.as_ref(), Ok(&order));
            assert_eq!(
                parse_entries(&Value::Array(vec![entry(&order)])),
                Ok(vec![order])
            );
        }
    }

    #[test]
    fn what_was_not_written_here_is_refused() {
        let user = order(None).user;
        for text in [
            "",
            "1-1",
            "1-1 xyz",
            "x-1 a5a5",
            "1 a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
            "+1-1 a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
            "1-01 a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5",
        ] {
            assert!(parse_receipt(&user, text.as_bytes()).is_err(), "{text}");
        }
        let capitals = format!("1-1 {}", "A5".repeat(16));
        assert!(parse_receipt(&user, capitals.as_bytes()).is_err());
        for odd in [
            Value::Okay,
            Value::Array(vec![]),
            Value::Array(vec![bulk("1-1"), bulk("x")]),
        ] {
            assert!(parse_entries(&Value::Array(vec![odd])).is_err());
        }
    }
}
